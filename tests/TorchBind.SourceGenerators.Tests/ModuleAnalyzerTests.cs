namespace TorchBind.SourceGenerators.Tests;

[TestFixture]
public class ModuleAnalyzerTests
{
    private const string Forward = "protected override Tensor Forward(Tensor x) => x;";

    [Test]
    public async Task AGoodModuleHasNothingToReport() => Assert.That(await Compiler.Analyze("""
        public partial class Net : Module<Tensor, Tensor>
        {
            private readonly Linear _fc = new(2, 2);
            private readonly ModuleList<Linear> _more = new(new Linear(2, 2));
            private readonly List<long> _sizes = [];
            private readonly Func<Linear>? _make;
            [Buffer] private Tensor? _mean;

            protected override Tensor Forward(Tensor x) => _more[0].Call(_fc.Call(x)).Add(new ReLU().Call(x));
        }
        """), Is.Empty);

    [Test]
    public async Task ForwardIsNotCalledDirectly()
    {
        Assert.That(await Compiler.Analyze("""
            public partial class Net : Module<Tensor, Tensor>
            {
                public Tensor Twice(Tensor x) => Forward(x);
                protected override Tensor Forward(Tensor x) => x;
            }
            """), Is.EqualTo(new[] { "TB0001 Forward runs without the module's hooks; call Call instead" }));
        Assert.That(await Compiler.Analyze("""
            public partial class Net : Linear
            {
                public Net() : base(2, 2) { }
                protected override Tensor Forward(Tensor x) => base.Forward(x);
            }
            """), Is.Empty);
    }

    [TestCase("private readonly List<Linear> _layers = [];", "'_layers' holds modules", "a ModuleList")]
    [TestCase("private readonly Linear[] _layers = [];", "'_layers' holds modules", "a ModuleList")]
    [TestCase("private readonly Dictionary<string, Linear> _layers = [];", "'_layers' holds modules", "a ModuleDict")]
    [TestCase("private readonly List<Parameter> _layers = [];", "'_layers' holds parameters", "a ParameterList")]
    [TestCase("private (Linear, int) _layers;", "'_layers' holds modules", "a ModuleList")]
    [TestCase("private readonly List<List<Linear>> _layers = [];", "'_layers' holds modules", "a ModuleList")]
    [TestCase("private static readonly Linear s_layer = new(1, 1);", "'s_layer' holds a module shared by all instances", "an instance field")]
    public async Task ModulesOutsideOfTheRegistrationAreReported(string field, string what, string instead)
    {
        var reports = await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { {{field}} {{Forward}} }""");
        Assert.That(reports, Has.Length.EqualTo(1));
        Assert.That(reports[0], Does.StartWith("TB0002").And.Contains(what).And.Contains(instead));
    }

    [Test]
    public async Task UnregisteredSilencesTheReport() => Assert.That(
        await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { [Unregistered] private List<Linear> _layers = []; {{Forward}} }"""), Is.Empty);

    [Test]
    public async Task AParameterOfAPrimaryConstructorIsNoMember() => Assert.That(await Compiler.Analyze("""
        public partial class Net(Linear fc) : Module<Tensor, Tensor> { protected override Tensor Forward(Tensor x) => fc.Call(x); }
        """), Has.Length.EqualTo(1).And.ItemAt(0).Contains("TB0002 'fc' holds a module"));

    [Test]
    public async Task KeysAreUniqueAndValid()
    {
        Assert.That(await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { private Linear? _fc; public Linear? Fc { get; set; } {{Forward}} }"""),
            Is.EqualTo(new[] { "TB0003 'Fc' and '_fc' both have the key 'fc' in the state dict; rename one, or give it a [Name]" }));
        Assert.That(await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { [Name("a.b")] private Linear? _fc; {{Forward}} }"""),
            Has.Length.EqualTo(1).And.ItemAt(0).StartsWith("TB0004"));
    }

    [Test]
    public async Task BuffersAreTensors() => Assert.That(
        await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { [Buffer] private int _n; {{Forward}} }"""),
        Is.EqualTo(new[] { "TB0005 '_n' has the type int; a buffer is a Tensor" }));

    [Test]
    public async Task ClassesThatAreNotPartialAreMentioned() => Assert.That(
        await Compiler.Analyze($$"""public class Net : Module<Tensor, Tensor> { private Linear? _fc; {{Forward}} }"""),
        Has.Length.EqualTo(1).And.ItemAt(0).StartsWith("TB0006 'Net' is registered by reflection"));

    [Test]
    public async Task ModulesAreNotMadeInForward()
    {
        Assert.That(await Compiler.Analyze("""
            public partial class Net : Module<Tensor, Tensor> { protected override Tensor Forward(Tensor x) => new Linear(2, 2).Call(x); }
            """), Has.Length.EqualTo(1).And.ItemAt(0).StartsWith("TB0007 A new Linear is made at every call"));
        Assert.That(await Compiler.Analyze("""
            public partial class Net : Module<Tensor, Tensor>
            {
                private Linear? _fc;
                protected override Tensor Forward(Tensor x) => (_fc ??= new Linear(2, 2)).Call(x);
            }
            """), Is.Empty);
    }

    [Test]
    public async Task PlainTensorsAreMentioned() => Assert.That(
        await Compiler.Analyze($$"""public partial class Net : Module<Tensor, Tensor> { private Tensor? _mean; {{Forward}} }"""),
        Has.Length.EqualTo(1).And.ItemAt(0).StartsWith("TB0008 '_mean' is not moved"));

    [Test]
    public void AScopeAcrossAwaitIsACompilerError()
    {
        // The compiler finds it only when it writes the state machine.
        var errors = Compiler.Compile("""
            public class C
            {
                public async System.Threading.Tasks.Task M()
                {
                    using var scope = new TensorScope();
                    await System.Threading.Tasks.Task.Yield();
                }
            }
            """).Emit(Stream.Null).Diagnostics;
        Assert.That(errors.Select(static e => e.Id), Does.Contain("CS4007"));
    }
}
