namespace TorchBind.Benchmarks.Worker;

/// <summary>One entry: its work, so many times, and the result of the work for comparison.</summary>
internal sealed record Work(Action<long> Run, Func<string> Check)
{
    /// <summary>The shape and a weighted sum: the order of the elements counts. The other workers do the same.</summary>
    public static string Digest(Tensor tensor)
    {
        using var scope = new TensorScope();
        using var guard = Torch.NoGrad();
        var values = tensor.Detach().To(DType.Float64).Flatten();
        var weights = Torch.Arange(values.Numel(), dtype: DType.Float64).Remainder(7).Add(1);
        return FormattableString.Invariant($"{tensor.Shape} {values.Mul(weights).Sum().Item<double>():R}");
    }

    /// <summary>A number as the result.</summary>
    public static string Digest(double value)
    {
        using var tensor = Torch.Full(1, value);
        return Digest(tensor);
    }

    /// <summary>Numbers that every worker makes alike.</summary>
    public static Tensor Pattern(params ReadOnlySpan<long> shape)
    {
        using var scope = new TensorScope();
        return scope.Keep<Tensor>(Torch.Arange(new Shape(shape).Numel, dtype: DType.Float32).Mul(0.37).Sin().View(shape));
    }
}
