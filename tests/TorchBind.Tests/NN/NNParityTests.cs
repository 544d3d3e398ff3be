using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using TorchBind.NN;

namespace TorchBind.Tests.NN;

/// <summary>
/// Every class of torch.nn against Python, bit by bit: names, initial values for a seed, text, outputs, gradients, buffers. The modules and
/// inputs of a name are described twice, in <see cref="NNCases"/> and in tests/oracle/nn_parity.py, which runs live.
/// </summary>
[TestFixture]
public class NNParityTests
{
    // Classes of torch.nn that are no layers: what they do is tested elsewhere.
    private static readonly Dictionary<string, string> s_noLayers = new()
    {
        ["Module"] = "the base of all",
        ["Parameter"] = "ParameterTests",
        ["Buffer"] = "ParameterTests",
        ["UninitializedParameter"] = "the lazy modules",
        ["UninitializedBuffer"] = "the lazy modules",
        ["RNNBase"] = "the base of RNN, LSTM and GRU",
        ["RNNCellBase"] = "the base of the cells",
        ["Container"] = "deprecated in Python, a Module without anything",
    };

    // Python computes these gradients with code of its own, which rounds otherwise; CrossMapLRN2dHasTheGradientOfItsFormula checks ours.
    private static readonly HashSet<string> s_gradientsOfTheirOwn = ["CrossMapLRN2d"];

    private static readonly Lazy<JsonElement> s_python = new(static () => JsonDocument.Parse(PythonOracle.Run(
        "nn_parity.py", [Torch.GetNumThreads().ToString(CultureInfo.InvariantCulture)])).RootElement);

    private static JsonElement Python
    {
        get
        {
            if (!PythonOracle.IsAvailable)
                Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
            return s_python.Value;
        }
    }

    [Test]
    public void EveryClassOfPythonIsInTheTable()
    {
        var cases = NNCases.All.Keys.Select(static n => n.Split(' ')[0]).ToHashSet();
        var library = typeof(Module).Assembly;
        var missing = new List<string>();
        foreach (var name in Python.GetProperty("classes").EnumerateArray().Select(static c => c.GetString()!))
        {
            if (name == "LinearCrossEntropyOptions")
                continue; // how Python saves memory in LinearCrossEntropyLoss; TrainingNamesTests lists it as missing
            if (library.GetType($"TorchBind.NN.{name}") is null && library.GetType($"TorchBind.NN.{name}`1") is null)
                missing.Add($"{name}: no such class");
            if (!cases.Contains(name) && !s_noLayers.ContainsKey(name))
                missing.Add($"{name}: no case");
        }
        Assert.That(missing, Is.Empty);
    }

    [Test]
    public void BothSidesHaveTheSameCases()
    {
        var python = Python.GetProperty("cases").EnumerateObject().Select(static c => c.Name).Order(StringComparer.Ordinal);
        // What a libtorch does not have, its Python does not have either.
        var cases = NNCases.All.Where(static c => c.Value.Since is null || Version.Parse(Torch.Version.Split('+')[0]) >= Version.Parse(c.Value.Since))
            .Select(static c => c.Key).Order(StringComparer.Ordinal);
        Assert.That(cases, Is.EqualTo(python));
    }

    [TestCaseSource(typeof(NNCases), nameof(NNCases.Names))]
    public void EqualsPython(string name)
    {
        if (!Python.GetProperty("cases").TryGetProperty(name, out var expected))
            Assert.Ignore($"The Python of {Torch.Version} has no such class.");
        Assert.That(expected.TryGetProperty("error", out var error) ? error.GetString() : null, Is.Null, "Python failed");
        var test = NNCases.All[name];
        Torch.ManualSeed(10);
        var module = test.Make();
        Torch.ManualSeed(11);
        var specs = expected.GetProperty("inputs").EnumerateArray().ToArray();
        var inputs = Array.ConvertAll(specs, MakeInput);
        Assert.That(module.ToString(), Is.EqualTo(expected.GetProperty("text").GetString()), "text");
        if (expected.GetProperty("initial").ValueKind != JsonValueKind.Null)
            Same("initial", expected.GetProperty("initial"), module.StateDict());
        module.Train(expected.GetProperty("train").GetBoolean());
        Torch.ManualSeed(12);
        var outputs = Flatten(test.Call(module, inputs)).ToArray();
        Same("outputs", expected.GetProperty("outputs"), outputs);
        if (expected.TryGetProperty("text_after", out var textAfter))
            Assert.That(module.ToString(), Is.EqualTo(textAfter.GetString()), "text after the first call");
        if (expected.GetProperty("backward").GetBoolean())
        {
            Torch.ManualSeed(13);
            var wanted = Array.FindAll(outputs, static o => o.RequiresGrad);
            var gradients = Array.ConvertAll(wanted, static o => Torch.RandnLike(o));
            TorchBind.Autograd.AutogradEngine.Backward(wanted, gradients, null, false, []);
            if (!s_gradientsOfTheirOwn.Contains(name))
                Same("gradients of the inputs", expected.GetProperty("input_grads"),
                    [.. inputs.Select((x, i) => specs[i].GetProperty("grad").GetBoolean() ? x.Grad : null)]);
            Same("gradients", expected.GetProperty("grads"), module.NamedParameters().Select(static p => (p.Name, p.Parameter.Grad)));
        }
        Same("state after", expected.GetProperty("after"), module.StateDict());
        module.Eval();
        Torch.ManualSeed(14);
        using (Torch.NoGrad())
            Same("outputs in evaluation", expected.GetProperty("evaluated"), [.. Flatten(test.Call(module, inputs))]);
    }

    [Test]
    public void CrossMapLRN2dHasTheGradientOfItsFormula()
    {
        Torch.ManualSeed(1);
        var module = new CrossMapLRN2d(3, alpha: 0.5);
        var x = Torch.Randn([1, 5, 2, 2], dtype: DType.Float64).RequiresGrad_();
        module.Call(x).Sum().Backward();
        var gradient = x.Grad!.ToArray<double>();
        using var _ = Torch.NoGrad();
        for (var i = 0; i < gradient.Length; i++)
        {
            const double Step = 1e-6;
            var difference = (Moved(i, Step) - Moved(i, -Step)) / (2 * Step);
            Assert.That(gradient[i], Is.EqualTo(difference).Within(1e-7));
        }

        double Moved(int index, double step)
        {
            var moved = x.Detach().Clone();
            moved.View(-1)[index].Add_(step);
            return module.Call(moved).Sum().Item<double>();
        }
    }

    private static Tensor MakeInput(JsonElement spec)
    {
        var size = spec.GetProperty("size").EnumerateArray().Select(static s => s.GetInt64()).ToArray();
        var dtype = spec.GetProperty("dtype").GetString() == "float64" ? DType.Float64 : DType.Float32;
        var x = spec.GetProperty("kind").GetString() switch
        {
            "randn" => Torch.Randn(size, dtype: dtype),
            "rand" => Torch.Rand(size),
            "randint" => Torch.Randint(0, spec.GetProperty("high").GetInt64(), size),
            "sign" => Torch.Randint(0, 2, size).To(DType.Float32) * 2 - 1,
            "bool" => Torch.Randint(0, 4, size).Eq(0),
            "values" => Torch.Tensor(spec.GetProperty("values").EnumerateArray().Select(static v => v.GetInt64()).ToArray()),
            "log_softmax" => Torch.Randn(size).LogSoftmax(-1),
            "softmax" => Torch.Randn(size).Softmax(-1),
            var kind => throw new InvalidDataException(kind),
        };
        return spec.GetProperty("grad").GetBoolean() ? x.RequiresGrad_() : x;
    }

    private static IEnumerable<Tensor> Flatten(object? output) => output switch
    {
        null => [],
        Tensor tensor => [tensor],
        ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(i => Flatten(tuple[i])),
        TorchBind.NN.Utils.PackedSequence packed => [packed.Data, packed.BatchSizes],
        IEnumerable<Tensor> list => list,
        _ => throw new InvalidDataException(output.GetType().Name),
    };

    internal static string? Digest(Tensor? tensor)
    {
        if (tensor is null)
            return null;
        using var dense = tensor.Detach();
        var strided = dense.Layout == Layout.Strided ? dense : dense.ToDense();
        var bytes = strided.Contiguous().Reshape(-1).View(DType.UInt8).ToArray<byte>();
        return $"{tensor.DType.Name()} {tensor.Shape} {Convert.ToHexStringLower(SHA256.HashData(bytes))}";
    }

    internal static string? Digest(JsonElement digest) => digest.ValueKind == JsonValueKind.Null
        ? null
        : $"{digest[0].GetString()} [{string.Join(", ", digest[1].EnumerateArray().Select(static s => s.GetInt64()))}] {digest[2].GetString()}";

    private static void Same(string what, JsonElement expected, IEnumerable<KeyValuePair<string, Tensor>> actual) =>
        Same(what, expected, actual.Select(static p => (p.Key, (Tensor?)p.Value)));

    private static void Same(string what, JsonElement expected, IEnumerable<(string, Tensor?)> actual) => Assert.That(
        actual.Select(static p => $"{p.Item1}: {Digest(p.Item2)}"),
        Is.EqualTo(expected.EnumerateArray().Select(static p => $"{p[0].GetString()}: {Digest(p[1])}")), what);

    private static void Same(string what, JsonElement expected, Tensor?[] actual) =>
        Assert.That(actual.Select(Digest), Is.EqualTo(expected.EnumerateArray().Select(Digest)), what);
}
