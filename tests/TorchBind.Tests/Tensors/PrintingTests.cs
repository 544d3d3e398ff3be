using System.Text.Json;

namespace TorchBind.Tests.Tensors;

/// <summary>Tensor.ToString against Python's repr, string by string.</summary>
[NonParallelizable] // print options and the default dtype belong to the whole program
public sealed class PrintingTests
{
    private static readonly string s_descriptions =
        File.ReadAllText(Path.Combine(PythonOracle.Root, "tests", "TorchBind.Tests", "Tensors", "printing.json"));

    private static readonly Lazy<Dictionary<string, string>> s_python =
        new(() => PythonOracle.RunJson<Dictionary<string, string>>("printing.py", input: s_descriptions), LazyThreadSafetyMode.None);

    private static IEnumerable<TestCaseData> Cases() => JsonDocument.Parse(s_descriptions).RootElement.EnumerateArray()
        .Select(c => new TestCaseData(c).SetArgDisplayNames(c.GetProperty("name").GetString()!));

    [TestCaseSource(nameof(Cases))]
    public void EqualsPython(JsonElement description)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        if (!s_python.Value.TryGetValue(description.GetProperty("name").GetString()!, out var expected))
            Assert.Ignore("This libtorch has no such dtype, or no names.");
        if (description.TryGetProperty("default_dtype", out var standard))
            Torch.SetDefaultDType(TensorBuilder.DTypeNamed(standard.GetString()!));
        try
        {
            if (description.TryGetProperty("options", out var options))
                Torch.SetPrintoptions(Int("precision"), Int("threshold"), Int("edgeitems"), Int("linewidth"), Text("profile"), Flag("sci_mode"));
            using var tensor = TensorBuilder.Build(description);
            Assert.That(tensor.ToString(), Is.EqualTo(expected));

            int? Int(string name) => options.TryGetProperty(name, out var value) ? value.GetInt32() : null;
            string? Text(string name) => options.TryGetProperty(name, out var value) ? value.GetString() : null;
            bool? Flag(string name) => options.TryGetProperty(name, out var value) ? value.GetBoolean() : null;
        }
        finally
        {
            Torch.SetPrintoptions(profile: "default");
            Torch.SetDefaultDType(DType.Float32);
        }
    }

    // As PROFILES of printing.py.
    private static void SetProfile(int profile)
    {
        switch (profile)
        {
            case 0:
                Torch.SetPrintoptions(profile: "short");
                break;
            case 1:
                Torch.SetPrintoptions(profile: "full");
                break;
            case 2:
                Torch.SetPrintoptions(profile: "default", sciMode: true);
                break;
            case 3:
                Torch.SetPrintoptions(profile: "default", sciMode: false);
                break;
            case 4:
                Torch.SetPrintoptions(precision: 1, threshold: 5, edgeitems: 1, linewidth: 30);
                break;
            default:
                Torch.SetPrintoptions(precision: 8, threshold: 20, edgeitems: 4, linewidth: 120);
                break;
        }
    }

    [Test]
    public void EveryTensorInEveryProfileEqualsPython()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        var python = PythonOracle.RunJson<Dictionary<string, string[]>>("printing.py", ["--profiles"], s_descriptions);
        var (texts, wrong) = (0, new List<string>());
        foreach (var description in JsonDocument.Parse(s_descriptions).RootElement.EnumerateArray())
        {
            if (!python.TryGetValue(description.GetProperty("name").GetString()!, out var expected))
                continue;
            if (description.TryGetProperty("default_dtype", out var standard))
                Torch.SetDefaultDType(TensorBuilder.DTypeNamed(standard.GetString()!));
            try
            {
                using var tensor = TensorBuilder.Build(description);
                for (var profile = 0; profile < expected.Length; profile++, texts++)
                {
                    Torch.SetPrintoptions(profile: "default");
                    SetProfile(profile);
                    if (tensor.ToString() is var actual && actual != expected[profile])
                        wrong.Add($"{description.GetProperty("name")}, profile {profile}:\n{actual}\nPython's:\n{expected[profile]}");
                }
            }
            finally
            {
                Torch.SetPrintoptions(profile: "default");
                Torch.SetDefaultDType(DType.Float32);
            }
        }
        TestContext.Out.WriteLine($"{texts} texts compared with Python's, {wrong.Count} differ");
        Assert.That(wrong, Is.Empty, string.Join("\n\n", wrong.Take(5)));
    }

    [Test]
    public void OptionsEndWithTheirScope()
    {
        using var x = Torch.Tensor([1.0, 2.5]);
        using (Torch.Printoptions(PrintOptions.Default with { Precision = 1 }))
            Assert.That(x.ToString(), Is.EqualTo("tensor([1.0, 2.5])"));
        Assert.That(x.ToString(), Is.EqualTo("tensor([1.0000, 2.5000])"));
        Assert.That(x.ToString(PrintOptions.Default with { Precision = 2 }), Is.EqualTo("tensor([1.00, 2.50])"));
    }

    [Test]
    public void WrongOptionsAreRefused()
    {
        Assert.That(() => Torch.SetPrintoptions(precision: -1), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("Precision"));
        Assert.That(() => Torch.SetPrintoptions(profile: "tiny"), Throws.ArgumentException.With.Message.Contains("'short'"));
        Assert.That(Torch.GetPrintoptions(), Is.EqualTo(PrintOptions.Default));
    }

    [Test]
    public void ADisposedTensorIsNotPrinted()
    {
        var x = Torch.Tensor([1.0]);
        x.Dispose();
        Assert.That(() => x.ToString(), Throws.InstanceOf<ObjectDisposedException>());
    }

    [TestCase(0.1, "0.1")]
    [TestCase(1e16, "1e+16")]
    [TestCase(123456789012345680.0, "1.2345678901234568e+17")]
    [TestCase(1e15, "1000000000000000.0")]
    [TestCase(0.0001, "0.0001")]
    [TestCase(0.00001, "1e-05")]
    [TestCase(-2.5, "-2.5")]
    [TestCase(100, "100.0")]
    [TestCase(5e-324, "5e-324")]
    [TestCase(0.0, "0.0")]
    [TestCase(-0.0, "-0.0")]
    [TestCase(double.NaN, "nan")]
    [TestCase(double.NegativeInfinity, "-inf")]
    [TestCase(9007199254740993.0, "9007199254740992.0")]
    public void NumbersAreWrittenAsPythonDoes(double value, string expected) =>
        Assert.That(PythonNumbers.Repr(value), Is.EqualTo(expected));
}
