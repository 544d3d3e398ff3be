using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using TorchBind.NN;

namespace TorchBind.SourceGenerators.Tests;

[TestFixture]
public class ModuleGeneratorTests
{
    private const string Forward = "protected override Tensor Forward(Tensor x) => x;";

    /// <summary>Compiles, loads, makes an object without its constructor, and reads what it describes.</summary>
    private static string[] Members(string source, string type = "Net")
    {
        var (_, compilation) = Compiler.Generate(source);
        using var image = new MemoryStream();
        Assert.That(compilation.Emit(image).Success, Is.True);
        var loaded = Assembly.Load(image.ToArray()).GetType(type)!;
        if (loaded.ContainsGenericParameters)
            loaded = loaded.MakeGenericType(typeof(Linear));
        var module = (NN.Module)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(loaded);
        return [.. ModuleMembers.Of(module).Select(static m => $"{m.Key} {m.Kind}{(m.CanSet ? "" : " fixed")}")];
    }

    [Test]
    public void FieldsAndPropertiesInTheOrderOfTheSource() => Assert.That(Members($$"""
        public partial class Net : Module<Tensor, Tensor>
        {
            private readonly Linear _fc1 = null!;
            public Conv2d Conv { get; set; } = null!;
            public Linear ReadOnly { get; } = null!;
            public Parameter? Scale;
            [Buffer] private Tensor? _mean;
            [Buffer(Persistent = false)] private Tensor? _cache;
            [Name("bn")] public BatchNorm2d Normalization { get; init; } = null!;
            [Unregistered] public Linear? Other { get; set; }
            public static Linear? Shared;
            public int Size;
            public string Text = "";
            public Linear Computed => _fc1;
            public Tensor? Plain;
            {{Forward}}
        }
        """), Is.EqualTo(new[]
        {
            "fc1 Value", "conv Value", "read_only Value", "scale Value", "mean Buffer", "cache TransientBuffer", "bn Value", "plain Value",
        }));

    [Test]
    public void GenericNestedAndPartialInSeveralParts()
    {
        Assert.That(Members($$"""
            public partial class Net<T> : Module<Tensor, Tensor> where T : Module
            {
                public T Inner = default!;
                public readonly T Fixed = default!;
                {{Forward}}
            }
            """, "Net`1"), Is.EqualTo(new[] { "inner Value", "fixed Value" }));
        Assert.That(Members($$"""
            public static partial class Outer
            {
                private sealed partial class Net : Module<Tensor, Tensor>
                {
                    public Linear A { get; } = null!;
                    {{Forward}}
                }
                private sealed partial class Net
                {
                    public Linear B = null!;
                }
            }
            """, "Outer+Net"), Is.EqualTo(new[] { "a Value", "b Value" }));
    }

    [Test]
    public void BaseClassesComeFirstGeneratedOrNot() => Assert.That(Members($$"""
        public abstract class Below : Module<Tensor, Tensor> { public Linear One = null!; }
        public abstract partial class Middle : Below { public Linear Two { get; set; } = null!; }
        public partial class Net : Middle { public Linear Three = null!; {{Forward}} }
        """), Is.EqualTo(new[] { "one Value", "two Value", "three Value" }));

    [Test]
    public void InterfacesMayHoldModules() => Assert.That(Members($$"""
        public interface IBackbone { }
        public partial class Net : Module<Tensor, Tensor>
        {
            public IBackbone? Backbone;
            public IDisposable? Elsewhere;
            {{Forward}}
        }
        """), Is.EqualTo(new[] { "backbone Value" }));

    [Test]
    public void ClassesThatAreNotPartialOrDescribeThemselvesAreLeftAlone()
    {
        Assert.That(Compiler.Generate($$"""public class Net : Module<Tensor, Tensor> { {{Forward}} }""").Sources, Is.Empty);
        Assert.That(Compiler.Generate($$"""public class Outer { public partial class Net : Module<Tensor, Tensor> { {{Forward}} } }""").Sources, Is.Empty);
        Assert.That(Compiler.Generate("public partial class NoModule { }").Sources, Is.Empty);
        Assert.That(Compiler.Generate($$"""
            public partial class Net : Module<Tensor, Tensor>
            {
                protected override void DescribeMembers(ModuleMembers members) { }
                {{Forward}}
            }
            """).Sources, Is.Empty);
    }

    [Test]
    public void AChangeElsewhereGeneratesNothingAnew()
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        GeneratorDriver driver = CSharpGeneratorDriver.Create(
            [new ModuleGenerator().AsSourceGenerator()], parseOptions: options,
            driverOptions: new GeneratorDriverOptions(default, trackIncrementalGeneratorSteps: true));
        var compilation = Compiler.Compile($$"""public partial class Net : Module<Tensor, Tensor> { public Linear A = null!; {{Forward}} }""");
        driver = driver.RunGenerators(compilation);
        driver = driver.RunGenerators(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Other { }", options)));
        var steps = driver.GetRunResult().Results[0].TrackedSteps["Modules"];
        Assert.That(steps.SelectMany(static s => s.Outputs).Select(static o => o.Reason), Is.All.EqualTo(IncrementalStepRunReason.Unchanged).Or.EqualTo(IncrementalStepRunReason.Cached));
    }
}
