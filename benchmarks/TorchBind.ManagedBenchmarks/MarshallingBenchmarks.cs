using BenchmarkDotNet.Attributes;

namespace TorchBind.ManagedBenchmarks;

/// <summary>What the kinds of arguments and results cost on the managed side: time, and bytes of the managed heap.</summary>
public class MarshallingBenchmarks
{
    private Tensor _vector = null!;
    private Tensor _matrix = null!;
    private Tensor _number = null!;
    private float[] _floats = null!;

    [GlobalSetup]
    public void SetUp()
    {
        Torch.SetNumThreads(1);
        _vector = Torch.Ones(4);
        _matrix = Torch.Ones(4, 4);
        _number = Torch.Tensor(1f);
        _floats = new float[16];
    }

    [Benchmark(Baseline = true, Description = "a tensor in, nothing out")]
    public bool Attribute() => _vector.RequiresGrad;

    [Benchmark(Description = "a tensor out, disposed")]
    public void Result()
    {
        using var result = _vector.Detach();
    }

    [Benchmark(Description = "a tensor out, left to the collector")]
    public Tensor ResultLeft() => _vector.Detach();

    [Benchmark(Description = "a tensor out, disposed by a scope")]
    public void ResultInScope()
    {
        using var scope = new TensorScope();
        _vector.Detach();
    }

    [Benchmark(Description = "a number as an argument")]
    public void Scalar()
    {
        using var result = _vector + 1.5;
    }

    [Benchmark(Description = "a shape as an argument")]
    public void ShapeArgument()
    {
        using var result = _matrix.View(2, 8);
    }

    [Benchmark(Description = "the shape, one size")]
    public long ShapeResult() => _matrix.Shape[0];

    [Benchmark(Description = "an integer as an index")]
    public void Index()
    {
        using var result = _matrix[1];
    }

    [Benchmark(Description = "ranges as indices")]
    public void Ranges()
    {
        using var result = _matrix[1..3, ..^1];
    }

    [Benchmark(Description = "a list of tensors")]
    public void List()
    {
        using var result = Torch.Cat([_vector, _vector]);
    }

    [Benchmark(Description = "a number out")]
    public float Item() => _number.Item<float>();

    [Benchmark(Description = "entering and leaving no-grad")]
    public void NoGrad()
    {
        using (Torch.NoGrad())
        {
        }
    }

    [Benchmark(Description = "an array of 16 floats in")]
    public void FromArray()
    {
        using var result = Torch.Tensor(_floats);
    }

    [Benchmark(Description = "an array of 16 floats out")]
    public float[] ToArray() => _matrix.ToArray<float>();
}
