using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace TorchBind.SourceGenerators.Tests;

/// <summary>Compiles a source against the library, with the generator and the analyzers.</summary>
internal static class Compiler
{
    private static readonly CSharpParseOptions s_options = new(LanguageVersion.Preview);

    private static readonly Lazy<ImmutableArray<MetadataReference>> s_references = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static path => Path.GetFileName(path) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "mscorlib.dll"))
            .Select(static path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(Tensor).Assembly.Location),
    ]);

    public static CSharpCompilation Compile(string source) => CSharpCompilation.Create(
        "Sample", [CSharpSyntaxTree.ParseText("using System;\nusing System.Collections.Generic;\nusing TorchBind;\nusing TorchBind.NN;\n" + source, s_options)],
        s_references.Value, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    /// <summary>The generated sources; the result must compile without errors.</summary>
    public static (string[] Sources, Compilation Compilation) Generate(string source)
    {
        CSharpGeneratorDriver.Create([new ModuleGenerator().AsSourceGenerator()], parseOptions: s_options)
            .RunGeneratorsAndUpdateCompilation(Compile(source), out var compilation, out _);
        var errors = compilation.GetDiagnostics().Where(static d => d.Severity == DiagnosticSeverity.Error).ToArray();
        Assert.That(errors, Is.Empty);
        return ([.. compilation.SyntaxTrees.Skip(1).Select(static t => t.ToString())], compilation);
    }

    /// <summary>What the analyzers report, as <c>TB0001 text</c>, of severity info or above.</summary>
    public static async Task<string[]> Analyze(string source)
    {
        var (_, compilation) = Generate(source);
        var diagnostics = await compilation.WithAnalyzers([new ModuleAnalyzer()]).GetAnalyzerDiagnosticsAsync();
        return [.. diagnostics.OrderBy(static d => d.Location.SourceSpan.Start).Select(static d => $"{d.Id} {d.GetMessage()}")];
    }
}
