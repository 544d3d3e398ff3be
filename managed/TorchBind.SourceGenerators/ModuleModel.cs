using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TorchBind.NN;

namespace TorchBind.SourceGenerators;

/// <summary>How a value is written back into a member.</summary>
internal enum Setting
{
    /// <summary>By assignment.</summary>
    Assign,
    /// <summary>Through a reference to a field that is read-only.</summary>
    ReadOnlyField,
    /// <summary>Into the field behind a property without a setter.</summary>
    BackingField,
    /// <summary>Not at all.</summary>
    None,
}

/// <summary>A field or property that is registered.</summary>
internal sealed record MemberModel(string Key, string Name, string Type, string Kind, Setting Setting);

/// <summary>A class whose members are enumerated by generated code. Compared by value, so that unchanged classes cost nothing.</summary>
internal sealed record ModuleModel(string? Namespace, ImmutableArray<string> Containers, string Name, string Self, string HintName, ImmutableArray<MemberModel> Members)
{
    public bool Equals(ModuleModel? other) => other is not null && Namespace == other.Namespace && Name == other.Name && Self == other.Self
        && HintName == other.HintName && Containers.SequenceEqual(other.Containers) && Members.SequenceEqual(other.Members);

    public override int GetHashCode() => (HintName, Members.Length).GetHashCode();

    private static readonly SymbolDisplayFormat s_qualified = SymbolDisplayFormat.FullyQualifiedFormat;

    /// <summary>Describes a class, or null where nothing can be generated for it.</summary>
    public static ModuleModel? Of(INamedTypeSymbol type, Symbols symbols, CancellationToken cancel)
    {
        if (!symbols.IsModule(type) || SymbolEqualityComparer.Default.Equals(type, symbols.Module) || !IsPartialThroughout(type, cancel))
            return null;
        foreach (var member in type.GetMembers("DescribeMembers"))
        {
            if (!member.IsImplicitlyDeclared)
                return null; // the author describes the members
        }
        var containers = ImmutableArray.CreateBuilder<string>();
        for (var outer = type.ContainingType; outer is not null; outer = outer.ContainingType)
            containers.Insert(0, Declaration(outer));
        var members = ImmutableArray.CreateBuilder<MemberModel>();
        foreach (var candidate in Candidates(type))
        {
            cancel.ThrowIfCancellationRequested();
            if (Registered(candidate, symbols) is { } model)
                members.Add(model);
        }
        return new ModuleModel(
            type.ContainingNamespace.IsGlobalNamespace ? null : type.ContainingNamespace.ToDisplayString(),
            containers.ToImmutable(), Declaration(type), type.ToDisplayString(s_qualified), HintOf(type), members.ToImmutable());
    }

    /// <summary>The instance fields and automatic properties, in the order of the source.</summary>
    public static IEnumerable<ISymbol> Candidates(INamedTypeSymbol type)
    {
        var found = new List<(ISymbol Symbol, string File, int At)>();
        foreach (var member in type.GetMembers())
        {
            if (member is not IFieldSymbol field || field.IsConst || field.IsStatic)
                continue;
            ISymbol symbol = field;
            if (field.IsImplicitlyDeclared)
            {
                if (field.AssociatedSymbol is not IPropertySymbol property)
                    continue;
                symbol = property;
            }
            if (symbol.Locations.Length > 0)
                found.Add((symbol, symbol.Locations[0].SourceTree?.FilePath ?? "", symbol.Locations[0].SourceSpan.Start));
        }
        found.Sort(static (x, y) => string.CompareOrdinal(x.File, y.File) is var files && files != 0 ? files : x.At.CompareTo(y.At));
        foreach (var (symbol, _, _) in found)
            yield return symbol;
    }

    /// <summary>The type of a candidate.</summary>
    public static ITypeSymbol TypeOf(ISymbol candidate) => candidate is IPropertySymbol property ? property.Type : ((IFieldSymbol)candidate).Type;

    /// <summary>The key of a candidate: its attribute's, or its name in snake_case.</summary>
    public static string KeyOf(ISymbol candidate) =>
        Symbols.Attribute(candidate, Symbols.NameAttribute) is { ConstructorArguments: { Length: 1 } arguments } && arguments[0].Value is string name
            ? name
            : MemberName.ToKey(candidate.Name);

    private static MemberModel? Registered(ISymbol candidate, Symbols symbols)
    {
        var type = TypeOf(candidate);
        if (!symbols.CanHold(type) || Symbols.Attribute(candidate, Symbols.UnregisteredAttribute) is not null)
            return null;
        var kind = "Value";
        if (Symbols.Attribute(candidate, Symbols.BufferAttribute) is { } buffer)
        {
            if (!symbols.IsTensor(type))
                return null;
            kind = "Buffer";
            foreach (var argument in buffer.NamedArguments)
            {
                if (argument.Key == "Persistent" && argument.Value.Value is false)
                    kind = "TransientBuffer";
            }
        }
        var setting = candidate switch
        {
            IFieldSymbol { IsReadOnly: true } => Setting.ReadOnlyField,
            IFieldSymbol => Setting.Assign,
            IPropertySymbol { SetMethod: { IsInitOnly: false } } => Setting.Assign,
            // A backing field has no name that C# can write; an accessor for it needs the exact type, which nests of generics complicate.
            IPropertySymbol { ContainingType: var owner } => IsGeneric(owner) ? Setting.None : Setting.BackingField,
            _ => Setting.None,
        };
        return new MemberModel(KeyOf(candidate), candidate.Name, type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(s_qualified), kind, setting);
    }

    private static bool IsGeneric(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? t = type; t is not null; t = t.ContainingType)
        {
            if (t.TypeParameters.Length > 0)
                return true;
        }
        return false;
    }

    /// <summary>Whether the class and all that contain it are partial.</summary>
    public static bool IsPartialThroughout(INamedTypeSymbol type, CancellationToken cancel)
    {
        for (INamedTypeSymbol? t = type; t is not null; t = t.ContainingType)
        {
            if (t.DeclaringSyntaxReferences.Length == 0)
                return false;
            if (t.DeclaringSyntaxReferences[0].GetSyntax(cancel) is not TypeDeclarationSyntax declaration
                || !declaration.Modifiers.Any(static m => m.ValueText == "partial"))
            {
                return false;
            }
        }
        return true;
    }

    private static string Declaration(INamedTypeSymbol type)
    {
        var keyword = type switch
        {
            { IsRecord: true, IsValueType: true } => "record struct",
            { IsRecord: true } => "record",
            { TypeKind: TypeKind.Interface } => "interface",
            { IsValueType: true } => "struct",
            _ => "class",
        };
        var parameters = type.TypeParameters.Length == 0 ? "" : $"<{string.Join(", ", type.TypeParameters.Select(static p => p.Name))}>";
        return $"partial {keyword} @{type.Name}{parameters}";
    }

    private static string HintOf(INamedTypeSymbol type)
    {
        var name = type.ToDisplayString(new SymbolDisplayFormat(
            typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
            genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters));
        var hint = new System.Text.StringBuilder(name.Length);
        foreach (var c in name)
            hint.Append(char.IsLetterOrDigit(c) || c is '.' or '_' ? c : '-');
        return $"{hint}.Members.g.cs";
    }
}
