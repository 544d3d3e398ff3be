using Microsoft.CodeAnalysis;

namespace TorchBind.SourceGenerators;

/// <summary>The types of the library that the generator and the analyzers look for.</summary>
internal sealed class Symbols
{
    private Symbols(INamedTypeSymbol module, INamedTypeSymbol tensor)
    {
        Module = module;
        Tensor = tensor;
    }

    public const string BufferAttribute = "TorchBind.NN.BufferAttribute";
    public const string NameAttribute = "TorchBind.NN.NameAttribute";
    public const string UnregisteredAttribute = "TorchBind.NN.UnregisteredAttribute";

    public INamedTypeSymbol Module { get; }

    public INamedTypeSymbol Tensor { get; }

    /// <summary>The types of a compilation; null where the library is not referenced.</summary>
    public static Symbols? Of(Compilation compilation) =>
        compilation.GetTypeByMetadataName("TorchBind.NN.Module") is { } module
        && compilation.GetTypeByMetadataName("TorchBind.Tensor") is { } tensor
            ? new Symbols(module, tensor)
            : null;

    public bool IsModule(ITypeSymbol type) => Is(type, Module);

    public bool IsTensor(ITypeSymbol type) => Is(type, Tensor);

    /// <summary>Whether a member of this type can hold a module, a parameter or a buffer.</summary>
    /// <remarks>What it does hold is asked at run time: a <c>Tensor?</c> may hold a parameter, a field of an interface a module.</remarks>
    public bool CanHold(ITypeSymbol type) => IsModule(type) || IsTensor(type)
        || (type.TypeKind == TypeKind.Interface && !IsSystem(type.ContainingNamespace));

    public static bool Is(ITypeSymbol type, INamedTypeSymbol wanted)
    {
        if (type is ITypeParameterSymbol parameter)
        {
            foreach (var constraint in parameter.ConstraintTypes)
            {
                if (Is(constraint, wanted))
                    return true;
            }
            return false;
        }
        for (ITypeSymbol? t = type; t is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t.OriginalDefinition, wanted))
                return true;
        }
        return false;
    }

    private static bool IsSystem(INamespaceSymbol? space)
    {
        while (space is { ContainingNamespace.IsGlobalNamespace: false })
            space = space.ContainingNamespace;
        return space is null || space.IsGlobalNamespace ? false : space.Name is "System" or "Microsoft";
    }

    public static AttributeData? Attribute(ISymbol symbol, string name)
    {
        foreach (var attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass is { } type && type.ToDisplayString() == name)
                return attribute;
        }
        return null;
    }
}
