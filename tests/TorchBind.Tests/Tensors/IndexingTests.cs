using System.Text.Json;
using System.Text.Json.Serialization;

namespace TorchBind.Tests.Tensors;

/// <summary>x[...] and x[...] = value against Python, and what C# adds: ranges, ^, arrays.</summary>
public sealed class IndexingTests
{
    private sealed record Expected(
        [property: JsonPropertyName("index")] string[] Index,
        [property: JsonPropertyName("shape")] long[]? Shape,
        [property: JsonPropertyName("values")] long[]? Values,
        [property: JsonPropertyName("view")] bool View,
        [property: JsonPropertyName("filled")] long[]? Filled,
        [property: JsonPropertyName("written")] long[]? Written,
        [property: JsonPropertyName("error")] string? Error,
        [property: JsonPropertyName("filled_error")] string? FilledError,
        [property: JsonPropertyName("written_error")] string? WrittenError);

    /// <summary>The C# side of ATOMS in tests/oracle/indexing.py.</summary>
    private static Dictionary<string, TensorIndex> Atoms() => new()
    {
        ["0"] = 0,
        ["-1"] = -1,
        ["7"] = 7,
        [":"] = Range.All,
        ["1:3"] = 1..3,
        ["::2"] = Torch.Slice(step: 2),
        ["-2:"] = ^2..,
        [":-1"] = ..^1,
        ["3:1"] = Torch.Slice(3, 1),
        ["1:99"] = 1..99,
        ["None"] = (Tensor?)null,
        ["..."] = Torch.Ellipsis,
        ["True"] = true,
        ["False"] = false,
        ["mask4"] = Torch.Tensor([true, false, true, true]),
        ["mask3"] = Torch.Tensor([false, true, true]),
        ["mask5"] = Torch.Tensor([true, true, false, false, true]),
        ["mask43"] = Torch.Tensor(new bool[,] { { true, false, true }, { false, false, true }, { true, true, true }, { false, false, false } }),
        ["mask0"] = Torch.Tensor(true),
        ["bytes4"] = Torch.Tensor(new byte[] { 1, 0, 1, 1 }),
        ["long2"] = Torch.Tensor([0, 2]),
        ["long22"] = Torch.Tensor([[0, 1], [1, -1]]),
        ["long0"] = Torch.Tensor(1),
        ["long0neg"] = Torch.Tensor(-1),
        ["int2"] = Torch.Tensor(new[] { 1, 0 }),
        ["none"] = Torch.Tensor(Array.Empty<long>()),
        ["far"] = Torch.Tensor([0, 9]),
        ["float2"] = Torch.Tensor([0.0, 1.0]),
        ["list"] = new[] { 0, 1 },
    };

    [TestCase("[4,3,5]", 2500)]
    [TestCase("[4]", 300)]
    [TestCase("[]", 300)]
    [TestCase("[2,0,3]", 800)]
    public void EqualsPython(string shape, int limit) => Compare(shape, limit);

    [Test, Explicit("Every combination; the short version is EqualsPython."), Category("Sweep")]
    public void EveryCombinationEqualsPython() => Compare("[4,3,5]", int.MaxValue);

    private static void Compare(string shape, int limit)
    {
        var sizes = JsonSerializer.Deserialize<long[]>(shape)!;
        var all = PythonOracle.RunJson<Expected[]>("indexing.py", [shape, limit.ToString()]);
        var atoms = Atoms();
        using var x = Torch.Arange(new Shape(sizes).Numel).Reshape(sizes);
        var failures = new List<string>();
        foreach (var expected in all)
        {
            using var scope = new TensorScope();
            TensorIndex[] index = [.. expected.Index.Select(n => atoms[n])];
            var failure = Check(x, index, expected);
            if (failure is not null)
                failures.Add($"x[{string.Join(", ", expected.Index)}]: {failure}");
        }
        TestContext.Out.WriteLine($"{all.Length} indices of a tensor of shape {shape}, {all.Count(e => e.Error is not null)} of them refused by Python");
        Assert.That(all, Is.Not.Empty);
        Assert.That(failures, Is.Empty);
    }

    private static string? Check(Tensor x, TensorIndex[] index, Expected expected)
    {
        Tensor? y = null;
        var error = Caught(() => y = x[index]);
        if ((error is null) != (expected.Error is null))
            return error is null ? $"gave {y!.Shape}, Python raises {expected.Error}" : $"{error.GetType().Name} {error.Message}, Python gives [{string.Join(", ", expected.Shape!)}]";
        if (error is not null && !Fits(error, expected.Error!))
            return $"{error.GetType().Name}, Python raises {expected.Error}: {error.Message}";
        if (y is not null)
        {
            if (!y.Shape.Equals(new Shape(expected.Shape!)))
                return $"shape {y.Shape}, Python's [{string.Join(", ", expected.Shape!)}]";
            if (!y.ToArray<long>().SequenceEqual(expected.Values!))
                return $"[{string.Join(", ", y.ToArray<long>())}], Python's [{string.Join(", ", expected.Values!)}]";
            if (y.Numel() != 0 && y.StorageId() == x.StorageId() != expected.View)
                return expected.View ? "a copy, Python gives a view" : "a view, Python gives a copy";
        }

        var filled = x.Clone();
        error = Caught(() => filled[index] = Torch.Tensor(1000));
        if (Differs(error, filled, expected.FilledError ?? (expected.Filled is null ? "" : null), expected.Filled) is { } difference)
            return "filled: " + difference;
        filled = x.Clone();
        error = Caught(() => filled.SetItem(1000, index));
        if (Differs(error, filled, expected.FilledError ?? (expected.Filled is null ? "" : null), expected.Filled) is { } other)
            return "filled with a number: " + other;
        var written = x.Clone();
        error = Caught(() => written[index] = (y is null ? Torch.Arange(2000, 2001) : Torch.Arange(2000, 2000 + y.Numel()).Reshape(y.Shape)));
        if (Differs(error, written, expected.WrittenError ?? (expected.Written is null ? "" : null), expected.Written) is { } last)
            return "written: " + last;
        return null;
    }

    private static string? Differs(Exception? error, Tensor result, string? expectedError, long[]? expected)
    {
        if ((error is null) != (expectedError is null))
            return error is null ? $"nothing was raised, Python raises {expectedError}" : $"{error.GetType().Name}: {error.Message}";
        if (error is not null && expectedError!.Length != 0 && !Fits(error, expectedError))
            return $"{error.GetType().Name}, Python raises {expectedError}: {error.Message}";
        return expected is null || result.ToArray<long>().SequenceEqual(expected)
            ? null
            : $"[{string.Join(", ", result.ToArray<long>())}], Python's [{string.Join(", ", expected)}]";
    }

    private static bool Fits(Exception error, string python) => python switch
    {
        "IndexError" => error is TorchIndexException,
        "TypeError" => error is TorchTypeException,
        _ => error is TorchException or ArgumentException,
    };

    private static Exception? Caught(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    [Test]
    public void RangesCountFromBothEnds()
    {
        using var x = Torch.Arange(10);
        Assert.That(x[^1].Item<long>(), Is.EqualTo(9));
        Assert.That(x[^3..^1].ToArray<long>(), Is.EqualTo(new long[] { 7, 8 }));
        Assert.That(x[..2].ToArray<long>(), Is.EqualTo(new long[] { 0, 1 }));
        Assert.That(x[Torch.Slice(1, -1, 3)].ToArray<long>(), Is.EqualTo(new long[] { 1, 4, 7 }));
        Assert.That(x[^0..].Shape, Is.EqualTo(new Shape(0)));
    }

    [Test]
    public void ArraysPickElements()
    {
        using var x = Torch.Arange(10) * 10;
        Assert.That(x[new[] { 3, 1 }].ToArray<long>(), Is.EqualTo(new long[] { 30, 10 }));
        Assert.That(x[new long[] { -1 }].ToArray<long>(), Is.EqualTo(new long[] { 90 }));
        using var m = Torch.Arange(6).Reshape(2, 3);
        Assert.That(m[.., new[] { true, false, true }].ToArray<long>(), Is.EqualTo(new long[] { 0, 2, 3, 5 }));
    }

    [Test]
    public void AViewSharesMemoryAndACopyDoesNot()
    {
        using var x = Torch.Zeros(2, 3);
        x[0, 1..].Fill_(5);
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 0, 5, 5, 0, 0, 0 }));
        x[new[] { 0 }].Fill_(9);
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 0, 5, 5, 0, 0, 0 }));
    }

    [Test]
    public void AssigningConvertsAndBroadcasts()
    {
        using var x = Torch.Zeros(2, 3);
        x.SetItem(7, 0);
        x[1] = Torch.Tensor([1, 2, 3]); // int64 into float32
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 7, 7, 7, 1, 2, 3 }));
        x.SetItem(-1, x > 2);
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { -1, -1, -1, 1, 2, -1 }));
        x[.., ^1] += 10;
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { -1, -1, 9, 1, 2, 9 }));
    }

    [Test]
    public void GradientsFlowThroughAnIndex()
    {
        using var x = Torch.Arange(4.0).RequiresGrad_();
        (x[1..3] * x[new[] { 0, 0 }]).Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new float[] { 3, 0, 0, 0 }));
    }

    [Test]
    public void NegativeStepsAreRefused()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Torch.Slice(step: -1));
        Assert.That(error!.Message, Does.Contain("Flip"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Torch.Slice(step: 0));
    }

    [Test]
    public void AnIndexOutOfRangeSaysWhatFits()
    {
        using var x = Torch.Zeros(2, 3);
        Assert.That(() => x[2], Throws.TypeOf<TorchIndexException>().With.Message.Contains("index 2 is out of bounds for dimension 0 with size 2"));
        Assert.That(() => x[0, -4], Throws.TypeOf<TorchIndexException>().With.Message.Contains("dimension 1 with size 3"));
        Assert.That(() => x[0, 0, 0], Throws.TypeOf<TorchIndexException>().With.Message.Contains("too many indices for tensor of dimension 2"));
        Assert.That(() => x[0, 0][0], Throws.TypeOf<TorchIndexException>());
    }

    [Test]
    public void NullAloneIsANewAxis()
    {
        var x = Torch.Arange(6).View(2, 3);
        Assert.That(x[null].Shape, Is.EqualTo(new Shape(1, 2, 3)));
        x[null] = Torch.Zeros([2, 3], dtype: DType.Int64);
        x.SetItem(1, null);
        Assert.That(x.ToArray<long>(), Is.All.EqualTo(1));
    }
}
