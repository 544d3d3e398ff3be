using System.Numerics;
using System.Text;
using System.Text.Json;
using TorchBind.Jit;
using TorchBind.NN;
using TorchBind.Optim;
using TorchBind.Serialization;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.Jit;

/// <summary>TorchScript archives that Python wrote, run here, and modules of C# that Python runs; bit for bit.</summary>
public partial class ScriptModuleTests
{
    private TemporaryFolder _folder = null!;
    private JsonElement _info;
    private StateDict _expected = null!;

    [OneTimeSetUp]
    public void MakeArchives()
    {
        _folder = new TemporaryFolder();
        _info = JsonDocument.Parse(PythonOracle.Run("script_modules.py", ["make", _folder.Path])).RootElement;
        _expected = Torch.LoadStateDict(InFolder("net.expected.pth"));
    }

    [OneTimeTearDown]
    public void RemoveArchives() => _folder?.Dispose();

    private string InFolder(string name) => Path.Combine(_folder.Path, name);

    private ScriptModule Net() => Torch.Jit.Load(InFolder("net.pt"));

    private ScriptModule Values() => Torch.Jit.Load(InFolder("values.pt"));

    private Tensor X => _expected["x"];

    private static void Same(Tensor actual, Tensor expected)
    {
        Assert.That(actual.DType, Is.EqualTo(expected.DType));
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape));
        Assert.That(TensorBits.Bytes(actual), Is.EqualTo(TensorBits.Bytes(expected)));
    }

    // ---- archives of Python

    [Test]
    public void AnArchiveOfPythonGivesPythonsBits()
    {
        using var net = Net();
        using (Torch.NoGrad())
        {
            Same((Tensor)net.Call(X), _expected["y"]);
            Same((Tensor)net.Invoke("features", X, 3), _expected["features"]);
            Same((Tensor)net.Invoke("features", [X], new Dictionary<string, ScriptValue> { ["size"] = 3 }), _expected["features"]);
        }
    }

    [Test]
    public void ItIsAModuleWithPythonsNames()
    {
        using var net = Net();
        Assert.That(net.Training, Is.False, "it was saved in evaluation mode");
        Assert.That(net.NamedParameters().Select(static p => p.Name), Is.EqualTo(Strings("parameters")));
        Assert.That(net.NamedBuffers().Select(static b => b.Name), Is.EqualTo(Strings("buffers")));
        Assert.That(net.StateDict().Keys, Is.EquivalentTo(Strings("state")));
        Assert.That(net.NamedChildren().Select(static c => c.Name), Is.EqualTo(new[] { "conv", "norm", "drop", "fc" }));
        Assert.That(net.Parameters().All(static p => p.RequiresGrad && p.IsLeaf));
        Assert.That(net.ToString(), Does.StartWith("ScriptModule(\n  original_name=Net\n  (conv): ScriptModule(original_name=Conv2d)"));
    }

    private IEnumerable<string> Strings(string name) => _info.GetProperty(name).EnumerateArray().Select(static e => e.GetString()!);

    [Test]
    public void MethodsSignaturesCodeAndAttributesCanBeSeen()
    {
        using var net = Net();
        Assert.That(net.Methods.Select(static m => m.Name), Is.SupersetOf(Strings("methods")));
        Assert.That(net.Code, Is.EqualTo(_info.GetProperty("code").GetString()));
        Assert.That(net.Graph, Does.StartWith("graph(%self"));
        Assert.That(net.GetMethod("features").Schema, Does.Contain("Tensor x, int size=2"));
        Assert.That(_info.GetProperty("schema").GetString(), Does.Contain("Tensor x, int size=2"));
        var members = net.Members.ToDictionary(static m => m.Name);
        Assert.That(members["names"], Is.EqualTo(new ScriptMember("names", "List[str]", ScriptMemberKind.Attribute)));
        Assert.That(members["scale"].Kind, Is.EqualTo(ScriptMemberKind.Buffer));
        Assert.That(members["conv"].Kind, Is.EqualTo(ScriptMemberKind.Module));
        Assert.That(net.GetAttribute("names").ToArray<string>(), Is.EqualTo(new[] { "a", "b" }));
        Assert.That((double)net.GetAttribute("limits")["low"], Is.EqualTo(0.5));
        net.SetAttribute("names", new[] { "c" });
        Assert.That(net.GetAttribute("names").ToArray<string>(), Is.EqualTo(new[] { "c" }));
        Assert.That(() => net.SetAttribute("names", 3), Throws.InstanceOf<TorchException>().With.Message.Contains("List[str]"));
        Assert.That(() => net.GetAttribute("absent"), Throws.InstanceOf<TorchException>().With.Message.Contains("absent"));
        Assert.That(() => net.GetMethod("absent"), Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("forward"));
    }

    [Test]
    public void ExtraFilesComeAndGo()
    {
        var files = new Dictionary<string, byte[]> { ["note.txt"] = [], ["bytes.bin"] = [], ["absent"] = [1] };
        using var net = Torch.Jit.Load(InFolder("net.pt"), extraFiles: files);
        Assert.That(Encoding.UTF8.GetString(files["note.txt"]), Is.EqualTo("hello"));
        Assert.That(files["bytes.bin"], Is.EqualTo(new byte[] { 0, 255, 1 }));
        Assert.That(files["absent"], Is.Empty);
        net.Save(InFolder("extra.pt"), new Dictionary<string, byte[]> { ["more"] = [9, 0, 8] });
        var again = new Dictionary<string, byte[]> { ["more"] = [] };
        using var copy = Torch.Jit.Load(InFolder("extra.pt"), extraFiles: again);
        Assert.That(again["more"], Is.EqualTo(new byte[] { 9, 0, 8 }));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName), Has.None.StartsWith("extra.pt."));
    }

    [Test]
    public void FreezingAndOptimisingGivePythonsBits()
    {
        using var net = Net();
        using var _ = Torch.NoGrad();
        Same((Tensor)net.Freeze().Call(X), _expected["frozen"]);
        Same((Tensor)net.OptimizeForInference().Call(X), _expected["optimized"]);
        Assert.That(net.Freeze().Parameters(), Is.Empty);
        net.Train();
        Assert.That(() => net.Freeze(), Throws.InstanceOf<TorchException>().With.Message.Contains("eval mode"));
    }

    [Test]
    public void ItCanBeTrainedFurther()
    {
        using var net = Net();
        net.Train();
        Torch.ManualSeed(3);
        var optimizer = new SGD(net.Parameters(), lr: 0.1, momentum: 0.9);
        for (var step = 0; step < 2; step++)
        {
            optimizer.ZeroGrad();
            var loss = ((Tensor)net.Call(X)).Square().Mean();
            loss.Backward();
            optimizer.Step();
            Same(loss.Detach(), _expected[$"loss{step}"]);
        }
        foreach (var (name, tensor) in net.StateDict())
            Same(tensor, _expected["trained." + name]);
        // What was trained here goes on in Python.
        net.Eval();
        var saved = RunInPython(net, X);
        foreach (var (name, tensor) in net.StateDict())
            Same(saved["state." + name], tensor);
        using (Torch.NoGrad())
            Same(saved["0"], (Tensor)net.Call(X));
        net.To(DType.Float64);
        saved = RunInPython(net, X.To(DType.Float64));
        Assert.That(saved["0"].DType, Is.EqualTo(DType.Float64));
        using (Torch.NoGrad())
            Same(saved["0"], (Tensor)net.Call(X.To(DType.Float64)));
    }

    [Test]
    public void LoadingAStateDictMovingAndCastingReachTheScript()
    {
        using var net = Net();
        var other = net.Copy();
        using var _ = Torch.NoGrad();
        foreach (var parameter in net.Parameters())
            parameter.Zero_();
        Assert.That(((Tensor)net.Call(X)).Abs().Max().Item<float>(), Is.Zero);
        net.LoadStateDict(other.StateDict());
        Same((Tensor)net.Call(X), _expected["y"]);
        net.To(DType.Float64);
        Assert.That(((Tensor)net.Call(X.To(DType.Float64))).DType, Is.EqualTo(DType.Float64));
        Same((Tensor)other.Call(X), _expected["y"]);
    }

    // ---- values

    [Test]
    public void NumbersTextsAndNone()
    {
        using var values = Values();
        var result = values.Invoke("numbers", true, 41, 3.0, new Complex(1, 2));
        Assert.That(((bool)result[0], (long)result[1], (double)result[2], (Complex)result[3]), Is.EqualTo((false, 42L, 1.5, new Complex(2, 4))));
        Assert.That((double)values.Invoke("numbers", true, 41, 3, 1)[2], Is.EqualTo(1.5), "integers serve as floats");
        Assert.That((string)values.Invoke("text", "a\0ü"), Is.EqualTo("a\0üé"));
        Assert.That(values.Invoke("optional", ScriptValue.None).IsNone);
        Assert.That((int)values.Invoke("optional", ScriptValue.None, 5), Is.EqualTo(5));
        Assert.That((int)values.Invoke("optional", Torch.Zeros([2, 3])), Is.EqualTo(2));
        Assert.That((Device)values.Invoke("device", "cuda:1"), Is.EqualTo(new Device(DeviceType.Cuda, 1)));
        Assert.That((Device)values.Invoke("device", Device.Cpu), Is.EqualTo(Device.Cpu));
        Assert.That(((Tensor)values.Invoke("zeros", 2, DType.Int16)).DType, Is.EqualTo(DType.Int16));
    }

    [Test]
    public void ListsAndEmptyLists()
    {
        using var values = Values();
        var result = values.Invoke("lists", new[] { 1, 2 }, new[] { 0.5 }, new[] { Torch.Ones([2]), Torch.Ones([2]) }, ScriptValue.From(new[] { new[] { 1L }, [] }), new[] { "a" }, new[] { true });
        Assert.That(result[0].ToArray<long>(), Is.EqualTo(new[] { 1L, 2, 7 }));
        Assert.That(result[1].ToArray<double>(), Is.EqualTo(new[] { 1.0 }));
        Assert.That(((Tensor)result[2]).ToArray<float>(), Is.EqualTo(new[] { 2f, 2 }));
        Assert.That(result[3].Select(static l => l.ToArray<long>()), Is.EqualTo(new[] { [1L], [], new[] { 1L, 2, 7 } }));
        Assert.That(result[4].ToArray<string>(), Is.EqualTo(new[] { "a", "z" }));
        Assert.That(result[5].ToArray<bool>(), Is.EqualTo(new[] { false }));
        result = values.Invoke("lists", Array.Empty<int>(), ScriptValue.List(), ScriptValue.List(), ScriptValue.List(), ScriptValue.List(), ScriptValue.List());
        Assert.That(result[0].ToArray<long>(), Is.EqualTo(new[] { 7L }));
        Assert.That(result[1].ToArray<double>(), Is.Empty);
    }

    [Test]
    public void DictionariesTuplesAndNamedTuples()
    {
        using var values = Values();
        var result = values.Invoke("dicts", ScriptValue.Dictionary(("a", Torch.Ones([1])), ("b", Torch.Ones([2]))), ScriptValue.From(new Dictionary<int, double[]> { [3] = [2] }));
        Assert.That(result[0].Select(static k => (string)k), Is.EqualTo(new[] { "a!", "b!" }));
        Assert.That(((Tensor)result[0]["b!"]).ToArray<float>(), Is.EqualTo(new[] { 2f, 2 }));
        Assert.That(result[1][9].ToArray<double>(), Is.EqualTo(new[] { 1.5 }));
        Assert.That(values.Invoke("dicts", ScriptValue.Dictionary(), ScriptValue.Dictionary())[0].Count, Is.Zero);
        Assert.That(() => result[0]["c"], Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("'a!'"));

        foreach (var point in new[] { ScriptValue.Tuple(Torch.Ones([1]), 4), ScriptValue.NamedTuple("Point", ("x", Torch.Ones([1])), ("count", 4)) })
        {
            var moved = values.Invoke("named", point);
            Assert.That((int)moved["count"], Is.EqualTo(5));
            Assert.That(((Tensor)moved["x"]).Item<float>(), Is.EqualTo(2));
            Assert.That(moved.FieldNames, Is.EqualTo(new[] { "x", "count" }));
            Assert.That(moved.TypeName, Does.EndWith("Point"));
            Assert.That((int)values.Invoke("named", moved)["count"], Is.EqualTo(6), "what came out goes in again");
        }
        var pair = values.Invoke("nested", ScriptValue.From((Torch.Zeros([2, 2]), (5, (string?)null))))["a"];
        var (first, second) = pair;
        Assert.That(((int)first, (int)second), Is.EqualTo((2, 5)));
    }

    [Test]
    public void RarerTypesComeOutAsInPython()
    {
        using var unit = Torch.Jit.Compile(PythonOracle.Run("script_values.py", ["source"]));
        var calls = new Dictionary<string, ScriptValue[]>
        {
            ["numbers"] = [ScriptValue.Dictionary((3, 2.0))],
            ["reals"] = [ScriptValue.Dictionary()],
            ["truths"] = [ScriptValue.Dictionary((false, "no"))],
            ["maybe_list"] = [ScriptValue.List(1)],
            ["maybe_list none"] = [ScriptValue.None],
            ["maybe_dict"] = [ScriptValue.Dictionary(("a", 1))],
            ["maybe_dict none"] = [ScriptValue.None],
            ["holes"] = [ScriptValue.List(1, ScriptValue.None)],
            ["deep"] = [ScriptValue.List(ScriptValue.Tuple("k", ScriptValue.Dictionary(("a", ScriptValue.List()))))],
            ["either"] = [3],
            ["either text"] = ["t"],
            ["either list"] = [new[] { 0.5 }],
            ["nothing"] = [],
            ["single"] = [4],
            ["empty"] = [ScriptValue.List(), ScriptValue.Dictionary(), ScriptValue.Tuple(ScriptValue.List(), ScriptValue.None)],
            ["given"] = [2],
        };
        var expected = PythonOracle.RunJson<Dictionary<string, string>>("script_values.py", ["print"]);
        Assert.That(calls.Keys, Is.EquivalentTo(expected.Keys));
        var problems = new List<string>();
        foreach (var (name, text) in expected)
        {
            try
            {
                var result = unit.Invoke(name.Split(' ')[0], calls[name]).ToString();
                // .NET writes 2.0 as 2.
                if (result != text && result != text.Replace(".0", "", StringComparison.Ordinal))
                    problems.Add($"{name}: {result}, in Python {text}");
            }
            catch (Exception exception) when (exception is TorchException or ArgumentException)
            {
                problems.Add($"{name}: {exception.Message}");
            }
        }
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public void ObjectsKeepTheirState()
    {
        using var values = Values();
        var counter = (ScriptObject)values.Invoke("counter", 10);
        Assert.That((int)values.Invoke("count", counter, 5), Is.EqualTo(15));
        Assert.That((int)counter.Invoke("add", 5), Is.EqualTo(20));
        Assert.That((int)counter.GetAttribute("total"), Is.EqualTo(20));
        counter.SetAttribute("total", 1);
        Assert.That((int)values.Invoke("count", counter, 1), Is.EqualTo(2));
        Assert.That(counter.TypeName, Does.EndWith("Counter"));
        Assert.That(counter.Methods.Select(static m => m.Name), Does.Contain("add"));
    }

    [Test]
    public void EnumerationsComeOutAndGoIn()
    {
        using var values = Values();
        var red = values.Invoke("first_color");
        Assert.That((red.Kind, red.FieldNames[0]), Is.EqualTo((ScriptValueKind.Enumeration, "RED")));
        Assert.That(red.TypeName, Does.EndWith("Color"));
        var (blue, number) = values.Invoke("color", red);
        Assert.That((blue.FieldNames[0], (int)number), Is.EqualTo(("BLUE", 1)));
        Assert.That((int)values.Invoke("color", blue)[1], Is.EqualTo(3));
    }

    [Test]
    public void MistakesAreExplained()
    {
        using var values = Values();
        Assert.That(() => values.Call("text"), Throws.InstanceOf<TorchException>().With.Message.Contains("Expected a value of type 'Tensor"));
        Assert.That(() => values.Call(), Throws.InstanceOf<TorchException>().With.Message.Contains("missing value for argument 'x'"));
        Assert.That(() => values.Call(X, X), Throws.InstanceOf<TorchException>().With.Message.Contains("at most"));
        Assert.That(() => values.Invoke("forward", [X], new Dictionary<string, ScriptValue> { ["unknown"] = X }), Throws.InstanceOf<TorchException>().With.Message.Contains("unknown"));
        Assert.That(() => values.Invoke("fails", X), Throws.InstanceOf<TorchException>().With.Message.Contains("this always fails").And.Message.Contains("Traceback of TorchScript"));
        Assert.That(() => values.Invoke("absent"), Throws.InstanceOf<ArgumentException>().With.Message.Contains("absent").And.Message.Contains("forward"));
        Assert.That(() => values.Invoke("lists", ScriptValue.List(1, "a"), ScriptValue.List(), ScriptValue.List(), ScriptValue.List(), ScriptValue.List(), ScriptValue.List()),
            Throws.InstanceOf<TorchTypeException>().With.Message.Contains("List[int]"));
        Assert.That(() => (Tensor)values.Invoke("text", "a"), Throws.InstanceOf<InvalidCastException>().With.Message.Contains("not a tensor; it is a string"));
        Assert.That(() => Torch.Jit.Load(InFolder("absent.pt")), Throws.InstanceOf<FileNotFoundException>());
        File.WriteAllText(InFolder("page.pt"), "<html>");
        Assert.That(() => Torch.Jit.Load(InFolder("page.pt")), Throws.InstanceOf<TorchException>());
        var bytes = File.ReadAllBytes(InFolder("values.pt"));
        File.WriteAllBytes(InFolder("short.pt"), bytes[..(bytes.Length / 2)]);
        Assert.That(() => Torch.Jit.Load(InFolder("short.pt")), Throws.InstanceOf<TorchException>());
        Assert.That(() => ScriptValue.From(new object()), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("System.Object"));
        values.Dispose();
        Assert.That(() => values.Call(X), Throws.InstanceOf<ObjectDisposedException>());
    }

    // ---- source

    [Test]
    public void SourceIsCompiled()
    {
        using var unit = Torch.Jit.Compile("def twice(x: Tensor, n: int = 2) -> Tensor:\n    return x * n\n\ndef both(x: Tensor):\n    return twice(x), x.sum().item()\n");
        Assert.That(unit.Functions.Select(static f => f.Name), Is.EquivalentTo(new[] { "twice", "both" }));
        Assert.That(((Tensor)unit["twice"].Call(Torch.Ones([2]))).ToArray<float>(), Is.EqualTo(new[] { 2f, 2 }));
        Assert.That(((Tensor)unit["twice"].Call([Torch.Ones([1])], new Dictionary<string, ScriptValue> { ["n"] = 5 })).Item<float>(), Is.EqualTo(5));
        Assert.That((double)unit.Invoke("both", Torch.Ones([3]))[1], Is.EqualTo(3));
        Assert.That(unit["twice"].Schema, Is.EqualTo("twice(Tensor x, int n=2) -> Tensor"));
        unit.Define("def thrice(x: Tensor) -> Tensor:\n    return x * 3\n");
        Assert.That(((Tensor)unit.Invoke("thrice", Torch.Ones([1]))).Item<float>(), Is.EqualTo(3));
        Assert.That(() => Torch.Jit.Compile("def wrong(x):\n    return y\n"), Throws.InstanceOf<TorchException>().With.Message.Contains("undefined value y"));
        Assert.That(() => unit["absent"], Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("twice"));
    }

    [Test]
    public void AModuleIsPutTogetherFromSourceAndPythonRunsIt()
    {
        using var module = new ScriptModule("Affine");
        module.RegisterParameter("weight", new Parameter(Torch.Tensor([2f, 3f])));
        module.RegisterBuffer("shift", Torch.Tensor([1f, 1f]));
        module.RegisterAttribute("steps", 2);
        module.RegisterAttribute("names", ScriptValue.List(), "List[str]");
        module.Define("def forward(self, x: Tensor) -> Tensor:\n    for i in range(self.steps):\n        x = x * self.weight + self.shift\n    return x\n");
        var x = Torch.Tensor([1f, 2f]);
        Assert.That(((Tensor)module.Call(x)).ToArray<float>(), Is.EqualTo(new[] { 7f, 22f }));
        module.SetAttribute("steps", 1);
        var saved = RunInPython(module, x);
        Same(saved["0"], ((Tensor)module.Call(x)).Detach());
        Assert.That(saved.Keys, Is.EquivalentTo(new[] { "0", "state.weight", "state.shift" }));
        Assert.That(() => module.RegisterAttribute("wrong", 3, "List[str]"), Throws.InstanceOf<TorchTypeException>().With.Message.Contains("List[str]"));
        Assert.That(() => new ScriptModule("no name"), Throws.InstanceOf<ArgumentException>());
    }

    // ---- tracing

    private sealed partial class Small : Module<Tensor, Tensor>
    {
        private readonly Conv2d _conv = new(1, 3, kernelSize: 3);
        private readonly BatchNorm2d _norm = new(3);
        private readonly Sequential _head = new(new Linear(3 * 36, 8), new GELU(), new Linear(8, 2));

        protected override Tensor Forward(Tensor x) => _head.Call(F.Relu(_norm.Call(_conv.Call(x))).Flatten(1));
    }

    [Test]
    public void AModuleOfCSharpIsTracedAndPythonRunsItWithTheSameBits()
    {
        Torch.ManualSeed(1);
        var model = new Small().Eval();
        using var traced = Torch.Jit.Trace(model, X);
        Assert.That(traced.NamedParameters().Select(static p => p.Name), Is.EquivalentTo(model.NamedParameters().Select(static p => p.Name)));
        using var _ = Torch.NoGrad();
        var y = model.Call(X);
        Same((Tensor)traced.Call(X), y);
        Same((Tensor)traced.Call(X[..1]), model.Call(X[..1]));
        var saved = RunInPython(traced, X);
        Same(saved["0"], y);
        foreach (var (name, tensor) in model.StateDict())
            Same(saved["state." + name], tensor);

        // The same memory: what is done to the model is done to the trace.
        model.GetParameter("conv.weight").Zero_();
        Same((Tensor)traced.Call(X), model.Call(X));
        Assert.That(traced.Training, Is.False);
        using var frozen = traced.Freeze();
        Assert.That(Torch.Allclose((Tensor)frozen.Call(X), model.Call(X), atol: 1e-6), "folding batch normalisation changes the last bits");
    }

    [Test]
    public void GradientsGoThroughATrace()
    {
        Torch.ManualSeed(1);
        var model = new Small();
        model.Call(X).Sum().Backward();
        var expected = model.Parameters().Select(static p => p.Grad!.Clone()).ToArray();
        model.ZeroGrad();
        using var traced = Torch.Jit.Trace(model, X);
        ((Tensor)traced.Call(X)).Sum().Backward();
        foreach (var (parameter, gradient) in model.Parameters().Zip(expected))
            Assert.That(Torch.Allclose(parameter.Grad!, gradient, rtol: 1e-4, atol: 1e-6), "the fused graph may add in another order");
    }

    [Test]
    public void FunctionsOfSeveralInputsAndOutputsAreTraced()
    {
        using var traced = Torch.Jit.Trace(
            inputs => ScriptValue.Tuple((Tensor)inputs[0] + (Tensor)inputs[1], ((Tensor)inputs[0]).Matmul((Tensor)inputs[1])),
            [Torch.Ones([2, 2]), Torch.Ones([2, 2])], argumentNames: ["a", "b"]);
        Assert.That(traced.GetMethod("forward").Schema, Does.Contain("Tensor a, Tensor b"));
        var x = Torch.Tensor([[1f, 2f], [3f, 4f]]);
        var (sum, product) = traced.Call(x, x);
        Same((Tensor)sum, x + x);
        Same((Tensor)product, x.Matmul(x));
        var saved = RunInPython(traced, x, x);
        Same(saved["1"], x.Matmul(x));

        using var dictionary = Torch.Jit.Trace(inputs => ScriptValue.Dictionary(("double", (Tensor)inputs[0] * 2)), [x], strict: false);
        Same((Tensor)dictionary.Call(x)["double"], x * 2);
        using var list = Torch.Jit.Trace(inputs => (Tensor)inputs[0][1] - (Tensor)inputs[0][0], [new[] { x, x * 3 }]);
        Same((Tensor)list.Call(ScriptValue.List(x, x)), x * 0);
    }

    [Test]
    public void WhatCannotBeTracedIsSaid()
    {
        var x = Torch.Ones([2]);
        Assert.That(() => Torch.Jit.Trace(static (Tensor t) => throw new InvalidOperationException("mine"), x), Throws.InstanceOf<InvalidOperationException>().With.Message.EqualTo("mine"));
        var count = 0f;
        Assert.That(() => Torch.Jit.Trace(t => t + count++, x), Throws.InstanceOf<TorchException>().With.Message.Contains("does not do what the function does"));
        var outside = Torch.Ones([2], requiresGrad: true);
        Assert.That(() => Torch.Jit.Trace(t => t * outside, x), Throws.InstanceOf<TorchException>().With.Message.Contains("requires grad"));
        using var fine = Torch.Jit.Trace(static t => t * 2, x);
        Assert.That(((Tensor)fine.Call(x)).ToArray<float>(), Is.EqualTo(new[] { 2f, 2 }), "a failed trace leaves nothing behind");
    }

    private StateDict RunInPython(ScriptModule module, params Tensor[] inputs)
    {
        string file = InFolder($"{Guid.NewGuid():N}.pt"), given = InFolder("given.pth"), result = InFolder("result.pth");
        module.Save(file);
        Torch.Save(new StateDict(inputs.Select(static (t, i) => KeyValuePair.Create(i.ToString(), t))), given);
        PythonOracle.Run("script_modules.py", ["run", file, given, result]);
        return Torch.LoadStateDict(result);
    }

    // ---- streams, threads, memory

    [Test]
    public void StreamsServeAsFilesDo()
    {
        using var net = Net();
        using var stream = new MemoryStream();
        net.Save(stream, new Dictionary<string, byte[]> { ["n"] = [1] });
        stream.Position = 0;
        var files = new Dictionary<string, byte[]> { ["n"] = [] };
        using var copy = Torch.Jit.Load(stream, Device.Cpu, files);
        using var _ = Torch.NoGrad();
        Same((Tensor)copy.Call(X), _expected["y"]);
        Assert.That(files["n"], Is.EqualTo(new byte[] { 1 }));
        stream.Position = 0;
        using var checkpoint = Checkpoint.Open(stream);
        Assert.That(checkpoint.Format, Is.EqualTo(CheckpointFormat.TorchScript));
    }

    [Test]
    public void ManyThreadsRunOneModule()
    {
        using var net = Net();
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            using var mode = Torch.NoGrad();
            Same((Tensor)net.Call(X), _expected["y"]);
        });
    }

    [Test]
    public void AScriptFitsIntoASequentialAndHasHooks()
    {
        using var net = Net();
        var pipeline = new Sequential(net.AsTensorModule(), new Softmax(dim: 1)).Eval();
        using var _ = Torch.NoGrad();
        Same(pipeline.Call(X), _expected["y"].Softmax(1));
        var calls = 0;
        using (net.RegisterForwardHook((_, _, output) => { calls++; return output; }))
            net.Call(X);
        net.Call(X);
        Assert.That(calls, Is.EqualTo(1));
    }

    [Test, NonParallelizable]
    public void NothingLeaks()
    {
        using var values = Values();
        var big = Torch.Zeros([1000]);
        void Work()
        {
            using var scope = new TensorScope();
            for (var i = 0; i < 200; i++)
            {
                values.Call(big);
                values.Invoke("text", "a text");
                values.Invoke("dicts", ScriptValue.Dictionary(("a", big)), ScriptValue.Dictionary());
                Assert.That(() => values.Invoke("fails", big), Throws.InstanceOf<TorchException>());
            }
            for (var i = 0; i < 3; i++)
            {
                using var net = Net();
                net.Call(X);
                using var traced = Torch.Jit.Trace(static t => t + 1, big);
            }
        }
        Work();
        Collect();
        var (tensors, bytes) = (TorchBind.Diagnostics.TensorMemory.LiveTensors, TorchBind.Diagnostics.TensorMemory.LiveBytes);
        for (var i = 0; i < 3; i++)
            Work();
        Collect();
        Assert.That(TorchBind.Diagnostics.TensorMemory.LiveTensors, Is.LessThanOrEqualTo(tensors + 10));
        Assert.That(TorchBind.Diagnostics.TensorMemory.LiveBytes, Is.LessThanOrEqualTo(bytes + (1 << 20)));

        static void Collect()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }
}
