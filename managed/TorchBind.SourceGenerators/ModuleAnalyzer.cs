using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using TorchBind.NN;

namespace TorchBind.SourceGenerators;

/// <summary>Says at compile time what would go wrong with a module at run time.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ModuleAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
    [
        Rules.ForwardCalled, Rules.NotRegistered, Rules.SameKey, Rules.InvalidName, Rules.BufferIsNoTensor, Rules.NotPartial,
        Rules.MadeInForward, Rules.PlainTensor,
    ];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (Symbols.Of(start.Compilation) is not { } symbols)
                return;
            start.RegisterSymbolAction(c => Class(c, symbols), SymbolKind.NamedType);
            start.RegisterOperationAction(c => Invocation(c, symbols), OperationKind.Invocation);
            start.RegisterOperationAction(c => Creation(c, symbols), OperationKind.ObjectCreation);
            start.RegisterOperationAction(c => Captured(c, symbols), OperationKind.ParameterReference);
        });
    }

    private static void Class(SymbolAnalysisContext context, Symbols symbols)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind != TypeKind.Class || !symbols.IsModule(type))
            return;
        var keys = new Dictionary<string, ISymbol>(StringComparer.Ordinal);
        var registered = false;
        foreach (var member in ModuleModel.Candidates(type))
        {
            var memberType = ModuleModel.TypeOf(member);
            var unregistered = Symbols.Attribute(member, Symbols.UnregisteredAttribute) is not null;
            var buffer = Symbols.Attribute(member, Symbols.BufferAttribute) is not null;
            if (buffer && !symbols.IsTensor(memberType))
                Report(Rules.BufferIsNoTensor, member, member.Name, memberType.ToDisplayString());
            if (unregistered)
                continue;
            if (!symbols.CanHold(memberType))
            {
                Holder(member, memberType);
                continue;
            }
            registered = true;
            var key = ModuleModel.KeyOf(member);
            if (!MemberName.IsValid(key))
                Report(Rules.InvalidName, member, key);
            else if (keys.TryGetValue(key, out var other))
                Report(Rules.SameKey, member, member.Name, other.Name, key);
            else
                keys.Add(key, member);
            if (!buffer && SymbolEqualityComparer.Default.Equals(memberType.WithNullableAnnotation(NullableAnnotation.None), symbols.Tensor))
                Report(Rules.PlainTensor, member, member.Name);
        }
        foreach (var member in type.GetMembers())
        {
            if (member is IFieldSymbol { IsStatic: true, IsConst: false } field && field.AssociatedSymbol is null
                && symbols.IsModule(field.Type) && Symbols.Attribute(field, Symbols.UnregisteredAttribute) is null)
            {
                Report(Rules.NotRegistered, field, field.Name, "a module shared by all instances", "an instance field");
            }
        }
        if (registered && !ModuleModel.IsPartialThroughout(type, context.CancellationToken))
            Report(Rules.NotPartial, type, type.Name, type.ContainingType is null ? "" : " and the classes around it");

        void Holder(ISymbol member, ITypeSymbol memberType)
        {
            if (Held(memberType, symbols) is var (what, instead))
                Report(Rules.NotRegistered, member, member.Name, what, instead);
        }

        void Report(DiagnosticDescriptor rule, ISymbol at, params object[] arguments)
        {
            if (at.Locations.Length > 0)
                context.ReportDiagnostic(Diagnostic.Create(rule, at.Locations[0], arguments));
        }
    }

    /// <summary>What a collection holds that should be registered, and what to use instead.</summary>
    private static (string What, string Instead)? Held(ITypeSymbol type, Symbols symbols)
    {
        ITypeSymbol[] parts = type switch
        {
            IArrayTypeSymbol array => [array.ElementType],
            INamedTypeSymbol { TypeArguments.Length: > 0 } generic when !symbols.IsModule(generic) && IsContainer(generic) => [.. generic.TypeArguments],
            _ => [],
        };
        var dictionary = parts.Length == 2 && type is INamedTypeSymbol { IsTupleType: false };
        foreach (var part in parts)
        {
            if (symbols.IsModule(part))
                return ("modules", dictionary ? "a ModuleDict" : "a ModuleList");
            if (symbols.IsTensor(part) && part.Name is "Parameter" or "UninitializedParameter")
                return ("parameters", dictionary ? "a ParameterDict" : "a ParameterList");
            if (Held(part, symbols) is { } inner)
                return inner;
        }
        return null;
    }

    // Delegates and lazies mention modules without holding them for certain; collections, tuples and Nullable hold them.
    private static bool IsContainer(INamedTypeSymbol type)
    {
        if (type.IsTupleType)
            return true;
        if (type.TypeKind == TypeKind.Delegate)
            return false;
        if (type.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)
            return true;
        foreach (var implemented in type.AllInterfaces)
        {
            if (implemented.SpecialType == SpecialType.System_Collections_IEnumerable)
                return true;
        }
        return type.ToDisplayString().StartsWith("System.Memory<", StringComparison.Ordinal);
    }

    private static void Invocation(OperationAnalysisContext context, Symbols symbols)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call.TargetMethod.Name != "Forward" || call.TargetMethod.IsStatic || call.Instance is null || !symbols.IsModule(call.TargetMethod.ContainingType))
            return;
        // An override may extend the one it overrides.
        if (call.Syntax is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: BaseExpressionSyntax } })
            return;
        // An overload of Forward that ends in the other.
        if (call.Instance is IInstanceReferenceOperation && context.ContainingSymbol is IMethodSymbol { Name: "Forward" or "Call" })
            return;
        var receiver = call.Instance is IInstanceReferenceOperation ? "Call" : $"{call.Instance.Syntax}.Call";
        context.ReportDiagnostic(Diagnostic.Create(Rules.ForwardCalled, call.Syntax.GetLocation(), receiver));
    }

    private static void Creation(OperationAnalysisContext context, Symbols symbols)
    {
        var creation = (IObjectCreationOperation)context.Operation;
        if (creation.Type is null || !symbols.IsModule(creation.Type) || context.ContainingSymbol is not IMethodSymbol { Name: "Forward", IsOverride: true } method
            || !symbols.IsModule(method.ContainingType) || !HasParameters(creation.Type, symbols))
        {
            return;
        }
        // What is made once and kept: _layer ??= new Linear(...), or an assignment to a member.
        for (var parent = creation.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent is ICoalesceAssignmentOperation)
                return;
            if (parent is IAssignmentOperation { Target: IMemberReferenceOperation { Instance: IInstanceReferenceOperation } })
                return;
            if (parent is IBlockOperation)
                break;
        }
        context.ReportDiagnostic(Diagnostic.Create(Rules.MadeInForward, creation.Syntax.GetLocation(), creation.Type.Name));
    }

    // A loss or an activation without parameters may be made anywhere.
    private static bool HasParameters(ITypeSymbol type, Symbols symbols)
    {
        for (ITypeSymbol? t = type; t is not null && !SymbolEqualityComparer.Default.Equals(t, symbols.Module); t = t.BaseType)
        {
            if (t is not INamedTypeSymbol named)
                continue;
            foreach (var member in named.GetMembers())
            {
                var memberType = member switch
                {
                    IPropertySymbol { IsStatic: false } property => property.Type,
                    IFieldSymbol { IsStatic: false } field => field.Type,
                    _ => null,
                };
                if (memberType is not null && (symbols.IsModule(memberType) || (symbols.IsTensor(memberType) && memberType.Name != "Tensor")))
                    return true;
            }
        }
        return false;
    }

    private static void Captured(OperationAnalysisContext context, Symbols symbols)
    {
        var reference = (IParameterReferenceOperation)context.Operation;
        var parameter = reference.Parameter;
        if (parameter.ContainingSymbol is not IMethodSymbol { MethodKind: MethodKind.Constructor, ContainingType: var owner } constructor
            || !symbols.IsModule(owner) || !(symbols.IsModule(parameter.Type) || (symbols.IsTensor(parameter.Type) && parameter.Type.Name == "Parameter")))
        {
            return;
        }
        // A primary constructor's parameter, used in a method: it lives on in a field that nobody sees.
        if (constructor.DeclaringSyntaxReferences.Length == 0
            || constructor.DeclaringSyntaxReferences[0].GetSyntax(context.CancellationToken) is not ClassDeclarationSyntax
            || context.ContainingSymbol is not IMethodSymbol { MethodKind: not MethodKind.Constructor })
        {
            return;
        }
        context.ReportDiagnostic(Diagnostic.Create(Rules.NotRegistered, reference.Syntax.GetLocation(), parameter.Name,
            symbols.IsModule(parameter.Type) ? "a module" : "a parameter", "a field that is set from it"));
    }
}
