using System.Runtime.InteropServices;

namespace TorchBind.NN;

/// <summary>
/// Initialisations of parameters, in place, without autograd. The same seed draws Python's numbers. Mirrors <c>torch.nn.init</c>.
/// </summary>
public static class Init
{
    /// <summary>The factor by which the standard deviation of a layer is multiplied. Mirrors <c>calculate_gain</c>.</summary>
    /// <param name="nonlinearity">What follows the layer.</param>
    /// <param name="param">The negative slope of a leaky ReLU. Default: 0.01.</param>
    public static double CalculateGain(Nonlinearity nonlinearity, double? param = null)
    {
        var slope = param ?? 0.01;
        return nonlinearity switch
        {
            Nonlinearity.Linear or Nonlinearity.Sigmoid => 1,
            Nonlinearity.Tanh => 5.0 / 3,
            Nonlinearity.ReLU => Math.Sqrt(2.0),
            Nonlinearity.LeakyReLU => Math.Sqrt(2.0 / (1 + slope * slope)),
            Nonlinearity.SELU => 3.0 / 4,
            _ => throw new ArgumentOutOfRangeException(nameof(nonlinearity), nonlinearity, "No gain is known for this nonlinearity."),
        };
    }

    /// <summary>Fills with the uniform distribution. Mirrors <c>uniform_</c>.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="a">The lower bound. Default: 0.</param>
    /// <param name="b">The upper bound. Default: 1.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    public static T Uniform_<T>(T tensor, double a = 0, double b = 1, Generator? generator = null) where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var _ = Torch.NoGrad();
        tensor.Uniform_(a, b, generator);
        return tensor;
    }

    /// <summary>Fills with the normal distribution. Mirrors <c>normal_</c>.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="mean">The mean. Default: 0.</param>
    /// <param name="std">The standard deviation. Default: 1.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    public static T Normal_<T>(T tensor, double mean = 0, double std = 1, Generator? generator = null) where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var _ = Torch.NoGrad();
        tensor.Normal_(mean, std, generator);
        return tensor;
    }

    /// <summary>Fills with a normal distribution cut off at both ends. Mirrors <c>trunc_normal_</c>, in the way of the loaded libtorch's version.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="mean">The mean. Default: 0.</param>
    /// <param name="std">The standard deviation. Default: 1.</param>
    /// <param name="a">The lower end. Default: -2.</param>
    /// <param name="b">The upper end. Default: 2.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    public static T TruncNormal_<T>(T tensor, double mean = 0, double std = 1, double a = -2, double b = 2, Generator? generator = null)
        where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var _ = Torch.NoGrad();
        if (!LibtorchRelease.DrawsTruncatedByRejection)
        {
            var l = NormalCdf((a - mean) / std);
            var u = NormalCdf((b - mean) / std);
            tensor.Uniform_(2 * l - 1, 2 * u - 1, generator);
            tensor.Erfinv_();
            tensor.Mul_(std * Math.Sqrt(2.0));
            tensor.Add_(mean);
            tensor.Clamp_(min: a, max: b);
            return tensor;
        }
        if (tensor.IsMeta)
            return tensor;
        if (NormalCdf((b - mean) / std) - NormalCdf((a - mean) / std) > 0.3)
            Redraw(tensor, mean, std, a, b, generator);
        else
            Reject(tensor, mean, std, a, b, generator);
        return tensor;
    }

    // Draws from the whole distribution, again where a value lies outside.
    private static void Redraw(Tensor tensor, double mean, double std, double a, double b, Generator? generator)
    {
        // The bounds in the tensor's own precision.
        var low = Torch.Tensor(a, tensor.DType).Item();
        var high = Torch.Tensor(b, tensor.DType).Item();
        var result = tensor.Normal_(mean, std, generator);
        while (true)
        {
            using var outside = result.Lt(low).BitwiseOr(result.Gt(high));
            if (!(bool)outside.Any())
                break;
            result = Torch.Where(outside, Torch.EmptyLike(result).Normal_(mean, std, generator), result);
        }
        if (!ReferenceEquals(result, tensor))
            tensor.Copy_(result);
    }

    // Draws uniformly and accepts by the density: for ranges that the whole distribution hardly meets.
    private static void Reject(Tensor tensor, double mean, double std, double a, double b, Generator? generator)
    {
        var mode = Math.Max(a, Math.Min(mean, b));
        var z = (mode - mean) / std;
        var logPeak = -0.5 * (z * z);
        using var candidates = Torch.EmptyLike(tensor);
        using var accept = Torch.EmptyLike(tensor);
        tensor.Uniform_(a, b, generator);
        candidates.Copy_(tensor);
        LogDensity();
        var pending = accept.Uniform_(generator: generator).Log_().Gt(candidates);
        if (!(bool)pending.Any())
            return;
        Tensor result = tensor;
        do
        {
            candidates.Uniform_(a, b, generator);
            result = Torch.Where(pending, candidates, result);
            LogDensity();
            pending = Torch.Where(pending, accept.Uniform_(generator: generator).Log_().Gt(candidates), pending);
        }
        while ((bool)pending.Any());
        tensor.Copy_(result);

        void LogDensity() => candidates.Sub_(mean).Div_(std).Pow_(2).Mul_(-0.5).Sub_(logPeak);
    }

    private static double NormalCdf(double x) => (1.0 + Erf(x / Math.Sqrt(2.0))) / 2.0;

    // Python's math.erf is the C library's.
    private static unsafe double Erf(double x)
    {
        if (NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "ucrtbase" : OperatingSystem.IsMacOS() ? "libm.dylib" : "libm.so.6", out var library)
            && NativeLibrary.TryGetExport(library, "erf", out var erf))
        {
            return ((delegate* unmanaged[Cdecl]<double, double>)erf)(x);
        }
        using var value = Torch.Tensor(x, DType.Float64);
        return value.Erf().Item<double>();
    }

    /// <summary>Fills with one value. Mirrors <c>constant_</c>.</summary>
    /// <returns>The tensor.</returns>
    public static T Constant_<T>(T tensor, Scalar val) where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var _ = Torch.NoGrad();
        tensor.Fill_(val);
        return tensor;
    }

    /// <summary>Fills with one. Mirrors <c>ones_</c>.</summary>
    /// <returns>The tensor.</returns>
    public static T Ones_<T>(T tensor) where T : Tensor => Constant_(tensor, 1.0);

    /// <summary>Fills with zero. Mirrors <c>zeros_</c>.</summary>
    /// <returns>The tensor.</returns>
    public static T Zeros_<T>(T tensor) where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var _ = Torch.NoGrad();
        tensor.Zero_();
        return tensor;
    }

    /// <summary>Makes a matrix the identity. Mirrors <c>eye_</c>.</summary>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has not two dimensions.</exception>
    public static T Eye_<T>(T tensor) where T : Tensor
    {
        RequireDims(tensor, tensor?.NDim == 2, "2 dimensions");
        using var _ = Torch.NoGrad();
        Torch.Eye(tensor!.Size(0), tensor.Size(1), @out: tensor);
        return tensor;
    }

    /// <summary>Makes the weight of a convolution pass its channels through. Mirrors <c>dirac_</c>.</summary>
    /// <param name="tensor">The weight, with 3, 4 or 5 dimensions.</param>
    /// <param name="groups">The groups of the convolution. Default: 1.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The dimensions do not fit, or the groups do not divide the first.</exception>
    public static T Dirac_<T>(T tensor, long groups = 1) where T : Tensor
    {
        RequireDims(tensor, tensor?.NDim is 3 or 4 or 5, "3, 4, or 5 dimensions");
        var size = tensor!.Shape;
        if (size[0] % groups != 0)
            throw new ArgumentException($"The first dimension, {size[0]}, must be divisible by groups, {groups}.", nameof(groups));
        var perGroup = size[0] / groups;
        using var _ = Torch.NoGrad();
        tensor.Zero_();
        for (var g = 0L; g < groups; g++)
        {
            for (var d = 0L; d < Math.Min(perGroup, size[1]); d++)
            {
                using var row = tensor[g * perGroup + d];
                using var channel = row[d];
                Span<TensorIndex> centre = new TensorIndex[size.Length - 2];
                for (var i = 0; i < centre.Length; i++)
                    centre[i] = size[i + 2] / 2;
                channel.SetItem(1, centre);
            }
        }
        return tensor;
    }

    /// <summary>Glorot's uniform initialisation. Mirrors <c>xavier_uniform_</c>.</summary>
    /// <param name="tensor">The weight, with two dimensions or more.</param>
    /// <param name="gain">A factor, <see cref="CalculateGain"/>. Default: 1.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static T XavierUniform_<T>(T tensor, double gain = 1, Generator? generator = null) where T : Tensor
    {
        var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
        var std = gain * Math.Sqrt(2.0 / (fanIn + fanOut));
        var a = Math.Sqrt(3.0) * std;
        return Uniform_(tensor, -a, a, generator);
    }

    /// <summary>Glorot's normal initialisation. Mirrors <c>xavier_normal_</c>.</summary>
    /// <param name="tensor">The weight, with two dimensions or more.</param>
    /// <param name="gain">A factor, <see cref="CalculateGain"/>. Default: 1.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static T XavierNormal_<T>(T tensor, double gain = 1, Generator? generator = null) where T : Tensor
    {
        var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
        return Normal_(tensor, 0, gain * Math.Sqrt(2.0 / (fanIn + fanOut)), generator);
    }

    /// <summary>He's uniform initialisation. Mirrors <c>kaiming_uniform_</c>.</summary>
    /// <param name="tensor">The weight, with two dimensions or more; one without elements is left as it is.</param>
    /// <param name="a">The negative slope, for a leaky ReLU. Default: 0.</param>
    /// <param name="mode">Which pass keeps its variance. Default: the forward one.</param>
    /// <param name="nonlinearity">What follows the layer. Default: a leaky ReLU.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static T KaimingUniform_<T>(
        T tensor, double a = 0, FanMode mode = FanMode.FanIn, Nonlinearity nonlinearity = Nonlinearity.LeakyReLU, Generator? generator = null)
        where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Shape.Contains(0))
            return tensor;
        var bound = Math.Sqrt(3.0) * KaimingStd(tensor, a, mode, nonlinearity);
        return Uniform_(tensor, -bound, bound, generator);
    }

    /// <summary>He's normal initialisation. Mirrors <c>kaiming_normal_</c>.</summary>
    /// <param name="tensor">The weight, with two dimensions or more; one without elements is left as it is.</param>
    /// <param name="a">The negative slope, for a leaky ReLU. Default: 0.</param>
    /// <param name="mode">Which pass keeps its variance. Default: the forward one.</param>
    /// <param name="nonlinearity">What follows the layer. Default: a leaky ReLU.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static T KaimingNormal_<T>(
        T tensor, double a = 0, FanMode mode = FanMode.FanIn, Nonlinearity nonlinearity = Nonlinearity.LeakyReLU, Generator? generator = null)
        where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Shape.Contains(0) ? tensor : Normal_(tensor, 0, KaimingStd(tensor, a, mode, nonlinearity), generator);
    }

    private static double KaimingStd(Tensor tensor, double a, FanMode mode, Nonlinearity nonlinearity)
    {
        var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
        return CalculateGain(nonlinearity, a) / Math.Sqrt(mode == FanMode.FanIn ? fanIn : fanOut);
    }

    /// <summary>Fills with a (semi-)orthogonal matrix; further dimensions count as columns. Mirrors <c>orthogonal_</c>.</summary>
    /// <param name="tensor">The tensor, with two dimensions or more.</param>
    /// <param name="gain">A factor. Default: 1.</param>
    /// <param name="generator">Where the numbers come from. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static T Orthogonal_<T>(T tensor, double gain = 1, Generator? generator = null) where T : Tensor
    {
        RequireDims(tensor, tensor?.NDim >= 2, "2 or more dimensions");
        if (tensor!.Numel() == 0)
            return tensor;
        var rows = tensor.Size(0);
        var columns = tensor.Numel() / rows;
        using var _ = Torch.NoGrad();
        var flat = tensor.NewEmpty((rows, columns)).Normal_(0, 1, generator);
        if (rows < columns)
            flat.T_();
        var (q, r) = Torch.Linalg.Qr(flat);
        q.Mul_(Torch.Diag(r, 0).Sign());
        if (rows < columns)
            q.T_();
        tensor.ViewAs(q).Copy_(q);
        tensor.Mul_(gain);
        return tensor;
    }

    /// <summary>Fills a matrix from the normal distribution and sets a share of each column to zero. Mirrors <c>sparse_</c>.</summary>
    /// <param name="tensor">The matrix.</param>
    /// <param name="sparsity">The share of zeros in each column.</param>
    /// <param name="std">The standard deviation of the rest. Default: 0.01.</param>
    /// <param name="generator">Where the values come from, not the places of the zeros. Default: the device's default generator.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The tensor has not two dimensions.</exception>
    public static T Sparse_<T>(T tensor, double sparsity, double std = 0.01, Generator? generator = null) where T : Tensor
    {
        RequireDims(tensor, tensor?.NDim == 2, "2 dimensions");
        var (rows, columns) = tensor!.Shape;
        var zeros = (long)Math.Ceiling(sparsity * rows);
        using var _ = Torch.NoGrad();
        tensor.Normal_(0, std, generator);
        for (var column = 0L; column < columns; column++)
        {
            using var order = Torch.Randperm(rows);
            using var chosen = order[..(int)zeros];
            tensor.SetItem(0, chosen, column);
        }
        return tensor;
    }

    /// <summary>The numbers of inputs and outputs of one unit of a layer, from its weight. Mirrors <c>_calculate_fan_in_and_fan_out</c>.</summary>
    /// <exception cref="ArgumentException">The tensor has fewer than two dimensions.</exception>
    public static (long FanIn, long FanOut) CalculateFanInAndFanOut(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var size = tensor.Shape;
        if (size.Length < 2)
            throw new ArgumentException($"Inputs and outputs of a weight are counted along its first two dimensions; the shape {size} has fewer.", nameof(tensor));
        var field = 1L;
        for (var i = 2; i < size.Length; i++)
            field *= size[i];
        return (size[1] * field, size[0] * field);
    }

    private static void RequireDims(Tensor? tensor, bool fits, string wanted)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!fits)
            throw new ArgumentException($"Only tensors with {wanted} are supported; got the shape {tensor.Shape}.", nameof(tensor));
    }
}
