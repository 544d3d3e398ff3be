using Microsoft.CodeAnalysis;

namespace TorchBind.SourceGenerators;

/// <summary>What the analyzers report; docs/analyzers.md explains each.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor ForwardCalled = Rule("TB0001", "Forward called directly",
        "Forward runs without the module's hooks; call {0} instead", DiagnosticSeverity.Warning);

    public static readonly DiagnosticDescriptor NotRegistered = Rule("TB0002", "Modules or parameters that are not registered",
        "'{0}' holds {1} that the module does not see: its parameters are neither trained, moved nor saved; use {2}", DiagnosticSeverity.Warning);

    public static readonly DiagnosticDescriptor SameKey = Rule("TB0003", "Two members with one key",
        "'{0}' and '{1}' both have the key '{2}' in the state dict; rename one, or give it a [Name]", DiagnosticSeverity.Error);

    public static readonly DiagnosticDescriptor InvalidName = Rule("TB0004", "Name that cannot be a key",
        "'{0}' cannot be a key: it must not be empty and must have no dot", DiagnosticSeverity.Error);

    public static readonly DiagnosticDescriptor BufferIsNoTensor = Rule("TB0005", "[Buffer] on a member that is no tensor",
        "'{0}' has the type {1}; a buffer is a Tensor", DiagnosticSeverity.Error);

    public static readonly DiagnosticDescriptor NotPartial = Rule("TB0006", "Module class is not partial",
        "'{0}' is registered by reflection; declare it{1} partial and the compiler writes the registration", DiagnosticSeverity.Info);

    public static readonly DiagnosticDescriptor MadeInForward = Rule("TB0007", "Module made in Forward",
        "A new {0} is made at every call, with new parameters that nothing trains; make it once, in a field", DiagnosticSeverity.Warning);

    public static readonly DiagnosticDescriptor PlainTensor = Rule("TB0008", "Tensor that is neither parameter nor buffer",
        "'{0}' is not moved with the module and not saved; mark it [Buffer] if it should be, [Unregistered] if not", DiagnosticSeverity.Info);

    private static DiagnosticDescriptor Rule(string id, string title, string message, DiagnosticSeverity severity) =>
        new(id, title, message, "TorchBind", severity, isEnabledByDefault: true);
}
