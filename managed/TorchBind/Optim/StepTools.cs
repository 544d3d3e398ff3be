using System.Runtime.CompilerServices;

namespace TorchBind.Optim;

/// <summary>The gradient that an update works with: the parameter's own, or a changed copy, which is freed afterwards.</summary>
/// <remarks>
/// Python writes <c>grad = -grad</c> and <c>grad = grad.add(param, alpha=decay)</c>, each a new tensor. Here the second writes into
/// the copy that the first made: the same values, one tensor less.
/// </remarks>
internal ref struct StepGradient : IDisposable
{
    private readonly Tensor _owner;
    private readonly Tensor _given;
    private Tensor? _copy;

    /// <summary>Takes over a gradient, seen as pairs of reals from the beginning where that is wanted.</summary>
    internal StepGradient(Tensor given, bool asReal = false)
    {
        _owner = given;
        _given = asReal ? Torch.ViewAsReal(given) : given;
    }

    internal readonly Tensor Value => _copy ?? _given;

    /// <summary>Whether <see cref="Value"/> may be written to.</summary>
    internal readonly bool IsCopy => _copy is not null;

    internal void Negate()
    {
        if (_copy is null)
            _copy = _given.Neg();
        else
            _copy.Neg_();
    }

    /// <summary>Adds a multiple of another tensor.</summary>
    internal void Add(Tensor other, double factor)
    {
        if (_copy is null)
            _copy = _given.Add(other, factor);
        else
            _copy.Add_(other, factor);
    }

    /// <summary>Gives the copy away (or, where there is none, makes one): it is not freed here.</summary>
    internal Tensor Take()
    {
        var taken = _copy ?? _given.Clone();
        _copy = null;
        return taken;
    }

    public readonly void Dispose()
    {
        _copy?.Dispose();
        _given.Dispose();
        _owner.Dispose();
    }
}

/// <summary>A complex tensor seen as pairs of reals, as updates that work element by element want it; a real one as it is.</summary>
internal readonly ref struct RealView : IDisposable
{
    private readonly Tensor? _view;

    internal RealView(Tensor tensor, bool complex)
    {
        _view = complex ? Torch.ViewAsReal(tensor) : null;
        Value = _view ?? tensor;
    }

    internal Tensor Value { get; }

    public void Dispose() => _view?.Dispose();
}

internal static class StepCounter
{
    /// <summary>Adds one to a number of steps and returns it.</summary>
    internal static unsafe double Increment(Tensor step)
    {
        // On the processor without a call per operation: the sum of two floats is the same wherever it is made.
        if (step.Device.Type == DeviceType.Cpu && step.DType is DType.Float32 or DType.Float64)
        {
            var data = (void*)step.DataPtr();
            var count = step.DType == DType.Float32
                ? *(float*)data += 1f
                : *(double*)data += 1d;
            GC.KeepAlive(step);
            return count;
        }
        step.Add_(1);
        return step.Item<double>();
    }
}

internal static class StepProducts
{
    /// <summary>Multiplies in place as Python's <c>mul_</c> does with a number.</summary>
    /// <remarks>
    /// libtorch's own in-place product with a number rounds the number to the tensor's dtype first, Python's does not: it makes a
    /// difference in half precision and bfloat16 only.
    /// </remarks>
    internal static Tensor Scale_(this Tensor tensor, double factor)
    {
        if (tensor.DType is not (DType.Float16 or DType.BFloat16))
            return tensor.Mul_(factor);
        using var product = tensor.Mul(factor);
        return tensor.Copy_(product);
    }
}
