using System.Globalization;
using System.Text;
using TorchBind.Interop;

namespace TorchBind;

// What Python's torch adds above ATen.
public static unsafe partial class Torch
{
    /// <summary>The shape that tensors of the given shapes take together. Mirrors <c>torch.broadcast_shapes</c>.</summary>
    /// <param name="shapes">The shapes; missing leading dimensions count as 1.</param>
    /// <returns>The common shape; empty without any.</returns>
    /// <exception cref="TorchException">Two sizes of one dimension differ and neither is 1.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public static Shape BroadcastShapes(params ReadOnlySpan<Shape> shapes)
    {
        var rank = 0;
        foreach (var shape in shapes)
            rank = Math.Max(rank, shape.Rank);
        var result = new long[rank];
        Array.Fill(result, 1);
        foreach (var shape in shapes)
        {
            for (var i = 1; i <= shape.Rank; i++)
            {
                ref var size = ref result[^i];
                var other = shape[^i];
                ArgumentOutOfRangeException.ThrowIfNegative(other, nameof(shapes));
                if (other == 1 || other == size)
                    continue;
                if (size != 1)
                    throw new TorchException($"The shapes {string.Join(", ", shapes.ToArray())} cannot be broadcast: {size} and {other} meet in dimension -{i}.");
                size = other;
            }
        }
        return new Shape(result);
    }

    /// <summary>
    /// Sums products of elements over repeated subscripts: <c>Torch.Einsum("ij,jk->ik", a, b)</c>. Mirrors <c>torch.einsum</c>.
    /// </summary>
    /// <param name="equation">
    /// Subscripts (letters, <c>...</c>) of each operand, and after <c>-></c> those of the result; without, those that occur once.
    /// </param>
    /// <param name="operands">The tensors, of one dtype, contracted from left to right.</param>
    /// <returns>A dimension per subscript of the result; of the operands' dtype.</returns>
    /// <exception cref="TorchException">
    /// The equation does not fit the operands' dimensions, sizes under one subscript do not broadcast, dtypes differ, or there is no operand.
    /// </exception>
    /// <exception cref="ArgumentNullException">The equation or an operand is null.</exception>
    public static Tensor Einsum(string equation, params ReadOnlySpan<Tensor> operands) => Einsum(equation, tensors: operands);

    /// <summary>
    /// The same with lists of numbered subscripts: <c>Torch.Einsum([(a, [0, 1]), (b, [1, 2])], [0, 2])</c>. Mirrors
    /// <c>torch.einsum(a, [0, 1], b, [1, 2], [0, 2])</c>.
    /// </summary>
    /// <param name="operands">Each tensor with its subscripts, one per dimension: numbers from 0 to 51, or <see cref="Ellipsis"/>.</param>
    /// <param name="output">The subscripts of the result; null: those that occur once, in order.</param>
    /// <returns>A dimension per subscript of the result; of the operands' dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A subscript is no number from 0 to 51.</exception>
    /// <exception cref="ArgumentException">There is no operand.</exception>
    /// <exception cref="TorchException">
    /// A list does not fit its operand's dimensions, sizes under one subscript do not broadcast, or dtypes differ.
    /// </exception>
    public static Tensor Einsum(ReadOnlySpan<(Tensor Operand, TensorIndex[] Subscripts)> operands, TensorIndex[]? output = null)
    {
        if (operands.Length == 0)
            throw new ArgumentException("At least one operand with its subscripts is needed.", nameof(operands));
        var equation = new StringBuilder();
        var tensors = new Tensor[operands.Length];
        for (var i = 0; i < operands.Length; i++)
        {
            tensors[i] = operands[i].Operand;
            ArgumentNullException.ThrowIfNull(operands[i].Subscripts, nameof(operands));
            if (i > 0)
                equation.Append(',');
            Append(equation, operands[i].Subscripts);
        }
        if (output is not null)
            Append(equation.Append("->"), output);
        return Einsum(equation.ToString(), tensors: tensors);

        static void Append(StringBuilder text, TensorIndex[] subscripts)
        {
            foreach (var subscript in subscripts)
            {
                if (subscript.IsEllipsis)
                    text.Append("...");
                else if (subscript.IsInteger && subscript.Integer is >= 0 and < 52)
                    text.Append((char)(subscript.Integer < 26 ? 'A' + subscript.Integer : 'a' + subscript.Integer - 26));
                else
                    throw new ArgumentOutOfRangeException(nameof(operands), "A subscript is a number from 0 to 51, or an ellipsis.");
            }
        }
    }

    /// <summary>
    /// The Fourier transform of overlapping windows of a signal. Mirrors <c>torch.stft</c>.
    /// </summary>
    /// <param name="input">A signal <c>(T)</c> or several <c>(B, T)</c>, real or complex.</param>
    /// <param name="nFft">Size N of the transform.</param>
    /// <param name="hopLength">Distance between windows; null: a quarter of <paramref name="nFft"/>.</param>
    /// <param name="winLength">Size of the window; null: <paramref name="nFft"/>.</param>
    /// <param name="window">The window <c>(winLength)</c>; null: ones.</param>
    /// <param name="center">Pads the signal, so that window t is centred at t times the hop.</param>
    /// <param name="padMode">How: <c>reflect</c>, <c>constant</c>, <c>replicate</c>, <c>circular</c>.</param>
    /// <param name="normalized">Divides by the square root of <paramref name="nFft"/>.</param>
    /// <param name="onesided">F is N/2 + 1 frequencies, not N; null: where signal and window are real.</param>
    /// <param name="returnComplex">Complex numbers, not pairs of real ones; has to be given for a real signal.</param>
    /// <param name="alignToWindow">Without <paramref name="center"/>: aligns to the window, not to the transform (libtorch 2.14).</param>
    /// <returns>Shape <c>(F, T)</c> or <c>(B, F, T)</c>; with false for <paramref name="returnComplex"/>, one more dimension of size 2.</returns>
    /// <exception cref="TorchException">
    /// The signal has another rank or is shorter than a window, the sizes do not fit each other, or <paramref name="returnComplex"/> is missing.
    /// </exception>
    /// <exception cref="TorchNotImplementedException">There is no such padding.</exception>
    /// <exception cref="NotSupportedException"><paramref name="alignToWindow"/> is given and libtorch is older than 2.14.</exception>
    public static Tensor Stft(
        Tensor input, long nFft, long? hopLength = null, long? winLength = null, Tensor? window = null, bool center = true,
        string padMode = "reflect", bool normalized = false, bool? onesided = null, bool? returnComplex = null, bool? alignToWindow = null) =>
        Aten.Stft(input, nFft, hopLength, winLength, window, center, padMode, normalized, onesided, returnComplex, alignToWindow);

    /// <summary>
    /// The distinct elements, in order, or the distinct parts along a dimension. Mirrors <c>torch.unique</c>.
    /// </summary>
    /// <param name="input">The tensor, dense, of any shape.</param>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, whatever the shape.</param>
    /// <returns>Shape <c>(N)</c>, or the input's with N along <paramref name="dim"/>; ascending, of the same dtype.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">
    /// The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>), or another dimension than <paramref name="dim"/> has
    /// size 0.
    /// </exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public static Tensor Unique(Tensor input, bool sorted = true, long? dim = null)
    {
        var (output, inverse, counts) = UniqueParts(input, sorted, false, false, dim);
        inverse?.Dispose();
        counts?.Dispose();
        return output;
    }

    /// <summary>
    /// The distinct elements, with where each element of the input went and how often each occurs. Mirrors <c>torch.unique</c>.
    /// </summary>
    /// <param name="input">The tensor, dense, of any shape.</param>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>, which is null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>, which is null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, whatever the shape.</param>
    /// <returns>
    /// The N distinct values as in the other overload; in <c>Inverse</c> the place of each element (the input's shape) or part (its size along
    /// <paramref name="dim"/>); in <c>Counts</c>, <c>(N)</c>, how often each occurs. Both int64.
    /// </returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">
    /// The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>), or another dimension than <paramref name="dim"/> has
    /// size 0.
    /// </exception>
    public static (Tensor Output, Tensor? Inverse, Tensor? Counts) Unique(
        Tensor input, bool sorted = true, bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Chosen(UniqueParts(input, sorted, returnInverse, returnCounts, dim), returnInverse, returnCounts);

    /// <summary>The elements without repetitions of their neighbours. Mirrors <c>torch.unique_consecutive</c>.</summary>
    /// <param name="input">The tensor, dense, of any shape.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, row by row.</param>
    /// <returns>Shape <c>(N)</c>, or the input's with N along <paramref name="dim"/>; of the same dtype.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>).</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public static Tensor UniqueConsecutive(Tensor input, long? dim = null)
    {
        var (output, inverse, counts) = Aten.UniqueConsecutive(input, false, false, dim);
        inverse?.Dispose();
        counts?.Dispose();
        return output;
    }

    /// <summary>
    /// The elements without repetitions of their neighbours, with where each went and how long each run is. Mirrors
    /// <c>torch.unique_consecutive</c>.
    /// </summary>
    /// <param name="input">The tensor, dense, of any shape.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>, which is null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>, which is null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, row by row.</param>
    /// <returns>
    /// The N runs as in the other overload; in <c>Inverse</c> the run of each element (the input's shape) or part (its size along
    /// <paramref name="dim"/>); in <c>Counts</c>, <c>(N)</c>, how long each is. Both int64.
    /// </returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>).</exception>
    public static (Tensor Output, Tensor? Inverse, Tensor? Counts) UniqueConsecutive(
        Tensor input, bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Chosen(Aten.UniqueConsecutive(input, returnInverse, returnCounts, dim), returnInverse, returnCounts);

    private static (Tensor, Tensor, Tensor) UniqueParts(Tensor input, bool sorted, bool returnInverse, bool returnCounts, long? dim) =>
        dim is { } along ? Aten.UniqueDim(input, along, sorted, returnInverse, returnCounts) : Aten._Unique2(input, sorted, returnInverse, returnCounts);

    private static (Tensor Output, Tensor? Inverse, Tensor? Counts) Chosen((Tensor, Tensor?, Tensor?) parts, bool inverse, bool counts)
    {
        // What was not asked for comes back empty.
        if (!inverse)
            parts.Item2?.Dispose();
        if (!counts)
            parts.Item3?.Dispose();
        return (parts.Item1, inverse ? parts.Item2 : null, counts ? parts.Item3 : null);
    }

    /// <summary>
    /// Contracts the last dimensions of one tensor with the first of another. Mirrors <c>torch.tensordot</c>.
    /// </summary>
    /// <param name="a">The left tensor <c>(*, K)</c>, where K stands for the contracted dimensions.</param>
    /// <param name="b">The right tensor <c>(K, *)</c>, of the same dtype.</param>
    /// <param name="dims">How many dimensions; 0: the outer product.</param>
    /// <returns>The remaining dimensions of <paramref name="a"/>, then those of <paramref name="b"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="TorchException">A tensor has fewer dimensions, their sizes differ, or the dtypes do.</exception>
    public static Tensor Tensordot(Tensor a, Tensor b, long dims = 2)
    {
        var (left, right) = LastAndFirst(a, b, dims);
        return Tensordot(a, b, left, right);
    }

    /// <summary>The same, into memory of the caller's. Mirrors <c>torch.tensordot(out=...)</c>.</summary>
    /// <param name="a">The left tensor <c>(*, K)</c>, where K stands for the contracted dimensions.</param>
    /// <param name="b">The right tensor <c>(K, *)</c>, of the same dtype.</param>
    /// <param name="out">Takes the result; it is resized where it does not fit.</param>
    /// <param name="dims">How many dimensions; 0: the outer product.</param>
    /// <returns><paramref name="out"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="TorchException">A tensor has fewer dimensions, or their sizes differ.</exception>
    public static Tensor Tensordot(Tensor a, Tensor b, Tensor @out, long dims = 2)
    {
        var (left, right) = LastAndFirst(a, b, dims);
        return Tensordot(a, b, left, right, @out);
    }

    // The dimensions that a number of them stands for.
    private static (long[] Left, long[] Right) LastAndFirst(Tensor a, Tensor b, long dims)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNegative(dims);
        if (dims > Math.Min(a.NDim, b.NDim))
            throw new TorchException($"Cannot contract {dims} dimensions of tensors with {a.NDim} and {b.NDim} dimensions.");
        var left = new long[dims];
        var right = new long[dims];
        for (var i = 0; i < dims; i++)
            (left[i], right[i]) = (i - dims, i);
        return (left, right);
    }

    /// <summary>The distance of each row of one tensor to each row of another. Mirrors <c>torch.cdist</c>.</summary>
    /// <param name="x1">Rows <c>(*, P, M)</c>, floating-point.</param>
    /// <param name="x2">Rows <c>(*, R, M)</c>, of the same dtype.</param>
    /// <param name="p">The norm: not negative; 0 counts the elements that differ.</param>
    /// <param name="computeMode">
    /// Whether the Euclidean distance goes through a matrix product: <c>use_mm_for_euclid_dist_if_necessary</c> (above 25 rows),
    /// <c>use_mm_for_euclid_dist</c>, <c>donot_use_mm_for_euclid_dist</c>.
    /// </param>
    /// <returns>Distances <c>(*, P, R)</c>; the leading dimensions are broadcast.</returns>
    /// <exception cref="ArgumentException">There is no such mode.</exception>
    /// <exception cref="TorchException">
    /// A tensor has fewer than 2 dimensions or is not floating-point, the rows differ in length, or <paramref name="p"/> is negative.
    /// </exception>
    public static Tensor Cdist(Tensor x1, Tensor x2, double p = 2, string computeMode = "use_mm_for_euclid_dist_if_necessary") =>
        Aten.Cdist(x1, x2, p, computeMode switch
        {
            "use_mm_for_euclid_dist_if_necessary" => null,
            "use_mm_for_euclid_dist" => 1,
            "donot_use_mm_for_euclid_dist" => 2,
            _ => throw new ArgumentException(
                $"'{computeMode}' is no mode; choose 'use_mm_for_euclid_dist_if_necessary', 'use_mm_for_euclid_dist' or 'donot_use_mm_for_euclid_dist'.",
                nameof(computeMode)),
        });

    /// <summary>The Frobenius norm (<c>fro</c>) or the nuclear norm (<c>nuc</c>). Mirrors <c>torch.norm</c>.</summary>
    /// <param name="input">The tensor, floating-point or complex, of any shape.</param>
    /// <param name="p">Which norm; <c>nuc</c> is one of matrices.</param>
    /// <param name="dim">The dimensions that are reduced, two for <c>nuc</c>; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="out">Takes the result, and is resized where it does not fit; null: a new tensor.</param>
    /// <param name="dtype">Converts the input first; null: its own dtype.</param>
    /// <returns>The input's shape without the reduced dimensions; real, also of a complex tensor.</returns>
    /// <exception cref="TorchException">
    /// There is no such norm, the dimensions do not fit it, or the dtype is neither floating-point nor complex.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="input"/> or <paramref name="p"/> is null.</exception>
    /// <exception cref="ArgumentException">A dtype is given for a sparse tensor.</exception>
    public static Tensor Norm(
        Tensor input, string p = "fro", IntList dim = default, bool keepDim = false, Tensor? @out = null, DType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(p);
        if (HasPlainNorm(input))
        {
            if (p == "fro" && dim.Length <= 2)
                return VectorNorm(input, 2, dim, keepDim, @out, dtype);
            var dims = dim.IsGiven ? dim : new IntList(AllDims(input));
            return @out is null
                ? Linalg.MatrixNorm(input, p, dims, keepDim, dtype)
                : Linalg.MatrixNorm(input, @out, p, dims, keepDim, dtype);
        }
        if (dtype is not null)
            throw new ArgumentException($"The norm '{p}' of a tensor of this layout or device takes no dtype.", nameof(dtype));
        switch (p)
        {
            case "fro":
                var reduced = dim.IsGiven ? dim : new IntList(AllDims(input));
                return @out is null ? FrobeniusNorm(input, reduced, keepDim) : FrobeniusNorm(input, reduced, @out, keepDim);
            case "nuc" when dim.IsGiven:
                return @out is null ? NuclearNorm(input, dim, keepDim) : NuclearNorm(input, dim, @out, keepDim);
            case "nuc":
                return @out is null ? NuclearNorm(input, keepDim) : NuclearNorm(input, @out, keepDim);
            default:
                throw new TorchException($"There are the norms 'fro' and 'nuc', and numbers; got '{p}'.");
        }
    }

    /// <summary>The p-norm of all elements, or along dimensions. Mirrors <c>torch.norm</c>.</summary>
    /// <param name="input">The tensor, floating-point or complex, of any shape.</param>
    /// <param name="p">The order: any real number, infinities included.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="out">Takes the result, and is resized where it does not fit; null: a new tensor.</param>
    /// <param name="dtype">Converts the input first; null: its own dtype.</param>
    /// <returns>The input's shape without the reduced dimensions; real, also of a complex tensor.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="input"/> is null.</exception>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">
    /// The dtype is neither floating-point nor complex, <paramref name="dtype"/> would narrow it, or a sparse tensor is reduced in part.
    /// </exception>
    public static Tensor Norm(
        Tensor input, Scalar p, IntList dim = default, bool keepDim = false, Tensor? @out = null, DType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (HasPlainNorm(input))
            return VectorNorm(input, p, dim, keepDim, @out, dtype);
        var dims = dim.IsGiven ? dim : new IntList(AllDims(input));
        return (@out, dtype) switch
        {
            (null, null) => Aten.Norm(input, p, dims, keepDim),
            (null, { } type) => Aten.Norm(input, p, dims, keepDim, type),
            ({ } target, null) => Aten.Norm(input, p, dims, target, keepDim),
            ({ } target, { } type) => Aten.Norm(input, p, dims, keepDim, type, target),
        };
    }

    // Python sends tensors of these kinds to torch.linalg.
    private static bool HasPlainNorm(Tensor input) => input.Layout == Layout.Strided
        && input.Device.Type is DeviceType.Cpu or DeviceType.Cuda or DeviceType.Xpu or DeviceType.Meta or DeviceType.PrivateUse1;

    private static Tensor VectorNorm(Tensor input, Scalar ord, IntList dim, bool keepDim, Tensor? @out, DType? dtype) => @out is null
        ? Linalg.VectorNorm(input, ord, dim, keepDim, dtype)
        : Linalg.VectorNorm(input, @out, ord, dim, keepDim, dtype);

    private static long[] AllDims(Tensor tensor)
    {
        var dims = new long[tensor.NDim];
        for (var i = 0; i < dims.Length; i++)
            dims[i] = i;
        return dims;
    }

    /// <summary>
    /// The coordinates that flat indices have in an array of the given shape, one tensor per dimension. Mirrors <c>torch.unravel_index</c>.
    /// </summary>
    /// <param name="indices">Integers of any shape; negative ones count from the end.</param>
    /// <param name="shape">The array's shape.</param>
    /// <returns>For each dimension of <paramref name="shape"/> a tensor of the shape of <paramref name="indices"/>, int64.</returns>
    /// <exception cref="TorchTypeException">The indices are no integers.</exception>
    /// <exception cref="ArgumentException">A size is negative, or zero while there are indices.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="indices"/> is null.</exception>
    public static Tensor[] UnravelIndex(Tensor indices, IntList shape)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var dtype = indices.DType;
        if (dtype.IsComplex() || dtype.IsFloatingPoint() || dtype == DType.Bool)
            throw new TorchTypeException($"Flat indices are integers, got {dtype.Name()}.");
        var sizes = shape.Span.ToArray();
        foreach (var size in sizes)
        {
            if (size < 0 || (size == 0 && indices.Numel() != 0))
                throw new ArgumentException($"No index lies in the shape {new Shape(sizes)}.", nameof(shape));
        }
        var steps = new long[sizes.Length];
        for (long i = sizes.Length - 1, step = 1; i >= 0; step *= sizes[i--])
            steps[i] = step;
        using var divisors = Tensor(steps, device: indices.Device);
        using var moduli = Tensor(sizes, device: indices.Device);
        using var column = indices.Unsqueeze(-1);
        using var quotients = column.FloorDivide(divisors);
        using var coordinates = quotients.Remainder(moduli);
        return coordinates.Unbind(-1);
    }

    /// <summary>The LU factors of matrices, packed in one tensor, and the pivots. Mirrors <c>torch.lu</c>.</summary>
    /// <param name="a">Matrices <c>(*, M, N)</c>, floating-point or complex.</param>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <returns>
    /// The factors <c>(*, M, N)</c>, of the dtype of <paramref name="a"/>, and the pivots <c>(*, min(M, N))</c>, int32, counted from 1. A singular
    /// matrix is factored too, with a zero on the diagonal.
    /// </returns>
    /// <exception cref="TorchException">
    /// <paramref name="a"/> has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public static (Tensor LU, Tensor Pivots) Lu(Tensor a, bool pivot = true)
    {
        var (lu, pivots, info) = Aten._LuWithInfo(a, pivot, checkErrors: true);
        info.Dispose();
        return (lu, pivots);
    }

    /// <summary>
    /// The same, with a number for each matrix that tells whether U has a zero on its diagonal. Mirrors <c>torch.lu(get_infos=True)</c>.
    /// </summary>
    /// <param name="a">Matrices <c>(*, M, N)</c>, floating-point or complex.</param>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <param name="getInfos">Kept for its name: the numbers come in either case, and a singular matrix never throws.</param>
    /// <returns>
    /// As the other overload, and in <c>Infos</c>, <c>(*)</c>, int32: 0, or the number of the first zero on the diagonal, counted from 1.
    /// </returns>
    /// <exception cref="TorchException">
    /// <paramref name="a"/> has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public static (Tensor LU, Tensor Pivots, Tensor Infos) Lu(Tensor a, bool pivot, bool getInfos) =>
        Aten._LuWithInfo(a, pivot, checkErrors: !getInfos);

    /// <summary>The same, into memory of the caller's, which is resized where it does not fit. Mirrors <c>torch.lu(get_infos=True, out=...)</c>.</summary>
    /// <param name="a">Matrices <c>(*, M, N)</c>, floating-point or complex.</param>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <param name="getInfos">Kept for its name: the numbers come in either case, and a singular matrix never throws.</param>
    /// <param name="lu">Takes the factors <c>(*, M, N)</c>, converted to its dtype.</param>
    /// <param name="pivots">Takes the pivots <c>(*, min(M, N))</c>, converted to its dtype.</param>
    /// <param name="infos">Takes the numbers <c>(*)</c>, converted to its dtype.</param>
    /// <returns><paramref name="lu"/>, <paramref name="pivots"/> and <paramref name="infos"/>.</returns>
    /// <exception cref="ArgumentNullException">A tensor is null.</exception>
    /// <exception cref="TorchException">
    /// <paramref name="a"/> has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public static (Tensor LU, Tensor Pivots, Tensor Infos) Lu(Tensor a, bool pivot, bool getInfos, Tensor lu, Tensor pivots, Tensor infos)
    {
        ArgumentNullException.ThrowIfNull(lu);
        ArgumentNullException.ThrowIfNull(pivots);
        ArgumentNullException.ThrowIfNull(infos);
        var (factors, permutation, info) = Lu(a, pivot, getInfos);
        using (factors)
        using (permutation)
        using (info)
        {
            lu.ResizeAs_(factors).Copy_(factors);
            pivots.ResizeAs_(permutation).Copy_(permutation);
            infos.ResizeAs_(info).Copy_(info);
        }
        return (lu, pivots, infos);
    }

    /// <summary>The same, into memory of the caller's, which is resized where it does not fit. Mirrors <c>torch.lu(out=...)</c>.</summary>
    /// <param name="a">Matrices <c>(*, M, N)</c>, floating-point or complex.</param>
    /// <param name="lu">Takes the factors <c>(*, M, N)</c>, converted to its dtype.</param>
    /// <param name="pivots">Takes the pivots <c>(*, min(M, N))</c>, converted to its dtype.</param>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <returns><paramref name="lu"/> and <paramref name="pivots"/>.</returns>
    /// <exception cref="ArgumentNullException">A tensor is null.</exception>
    /// <exception cref="TorchException">
    /// <paramref name="a"/> has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public static (Tensor LU, Tensor Pivots) Lu(Tensor a, Tensor lu, Tensor pivots, bool pivot = true)
    {
        ArgumentNullException.ThrowIfNull(lu);
        ArgumentNullException.ThrowIfNull(pivots);
        var (factors, permutation) = Lu(a, pivot);
        using (factors)
        using (permutation)
        {
            lu.ResizeAs_(factors).Copy_(factors);
            pivots.ResizeAs_(permutation).Copy_(permutation);
        }
        return (lu, pivots);
    }

    /// <summary>The coordinates of the elements that are not zero, one tensor per dimension. Mirrors <c>torch.nonzero(as_tuple=True)</c>.</summary>
    /// <param name="input">The tensor; one without dimensions counts as one of size 1.</param>
    /// <param name="asTuple">With false, an array of the one tensor that <see cref="Nonzero(Tensor)"/> gives.</param>
    /// <returns>For each dimension the coordinates <c>(N)</c> of the N elements, int64. With false, one tensor <c>(N, Dim())</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="input"/> is null.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor is sparse, or on the device <c>meta</c>.</exception>
    public static Tensor[] Nonzero(Tensor input, bool asTuple) => asTuple ? Aten.NonzeroNumpy(input) : [Nonzero(input)];

    /// <summary>Whether the object is a tensor. Mirrors <c>torch.is_tensor</c>.</summary>
    /// <remarks>Throws nothing.</remarks>
    /// <param name="obj">Any object, or null.</param>
    /// <returns>True for a <see cref="TorchBind.Tensor"/>, also a disposed one.</returns>
    public static bool IsTensor(object? obj) => obj is Tensor;

    /// <summary>Whether the object is a storage. Mirrors <c>torch.is_storage</c>.</summary>
    /// <remarks>Throws nothing.</remarks>
    /// <param name="obj">Any object, or null.</param>
    /// <returns>True for a <see cref="Storage"/>.</returns>
    public static bool IsStorage(object? obj) => obj is Storage;

    /// <summary>The name of a tensor's kind, e.g. <c>torch.FloatTensor</c>, or of any other object's type. Mirrors <c>torch.typename</c>.</summary>
    /// <param name="obj">Any object, or null.</param>
    /// <returns><see cref="TorchBind.Tensor.Type()"/> of a tensor, the .NET name of any other object's type, <c>NoneType</c> for null.</returns>
    /// <exception cref="ObjectDisposedException">The object is a tensor that was disposed.</exception>
    /// <exception cref="TorchException">The tensor's layout has no name: compressed sparse ones, mkldnn.</exception>
    public static string Typename(object? obj) => obj is Tensor tensor ? tensor.Type() : obj?.GetType().Name ?? "NoneType";

    /// <summary>
    /// The array as a tensor: its memory is shared, not copied, unless a dtype or device asks for a copy. Mirrors <c>torch.as_tensor</c>.
    /// </summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows.</typeparam>
    /// <param name="data">The array; it stays pinned while a tensor shares its memory.</param>
    /// <param name="dtype">The dtype; null: that of the elements.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <returns>Shape <c>(N)</c> of the array's length N.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor AsTensor<T>(T[] data, DType? dtype = null, Device? device = null) where T : unmanaged =>
        Finish(FromArray(data), dtype, device, false);

    /// <summary>The tensor, converted where dtype or device differ. Mirrors <c>torch.as_tensor</c>.</summary>
    /// <param name="data">The tensor, of any shape.</param>
    /// <param name="dtype">The dtype; null: as it is.</param>
    /// <param name="device">The device; null: as it is.</param>
    /// <returns>The same shape; shares the memory where dtype and device agree.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="TorchException">libtorch was built without support for the kind of device.</exception>
    public static Tensor AsTensor(Tensor data, DType? dtype = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.To(dtype: dtype, layout: null, device: device);
    }

    /// <summary>
    /// The array as a tensor. Mirrors <c>torch.asarray</c>.
    /// </summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows.</typeparam>
    /// <param name="obj">The array.</param>
    /// <param name="dtype">The dtype; null: that of the elements.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="copy">True: always a copy; false: never one; null: where it is needed.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <returns>Shape <c>(N)</c> of the array's length N.</returns>
    /// <exception cref="ArgumentException">A copy is needed and <paramref name="copy"/> forbids it.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="obj"/> is null.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor Asarray<T>(T[] obj, DType? dtype = null, Device? device = null, bool? copy = null, bool requiresGrad = false)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (copy == true)
            return Finish(Copy<T>(obj, [obj.Length]), dtype, device, requiresGrad);
        if (copy == false && ((dtype is { } type && type != DTypeExtensions.Of<T>()) || device is { Type: not DeviceType.Cpu }))
            throw new ArgumentException("Another dtype or device needs a copy, which copy: false forbids.", nameof(copy));
        return Finish(FromArray(obj), dtype, device, requiresGrad);
    }

    /// <summary>A tensor over the array's own memory. Mirrors <c>torch.from_numpy</c>; the same as <see cref="FromArray"/>.</summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows.</typeparam>
    /// <param name="ndarray">The array; it stays pinned while a tensor shares its memory.</param>
    /// <returns>Shape <c>(N)</c> of the array's length N.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="ndarray"/> is null.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor FromNumpy<T>(T[] ndarray) where T : unmanaged => FromArray(ndarray);

    /// <summary>A 1-dimensional tensor over part of the bytes of an array, read as another type. Mirrors <c>torch.frombuffer</c>.</summary>
    /// <param name="buffer">The bytes; shared, not copied, and pinned while a tensor uses them.</param>
    /// <param name="dtype">How they are read.</param>
    /// <param name="count">Number of elements; negative: as many as there are.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <returns>Shape <c>(N)</c> of the number of elements.</returns>
    /// <exception cref="ArgumentException">The bytes are too few, do not make whole elements, or there are none.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="buffer"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> is negative, or leaves nothing.</exception>
    /// <exception cref="TorchException">A gradient is asked of a dtype that is neither floating-point nor complex.</exception>
    public static Tensor Frombuffer(byte[] buffer, DType dtype, long count = -1, long offset = 0, bool requiresGrad = false)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (buffer.Length == 0 || count == 0)
            throw new ArgumentException("Neither the buffer nor the number of elements may be empty.", buffer.Length == 0 ? nameof(buffer) : nameof(count));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, buffer.LongLength);
        var width = dtype.ItemSize();
        var left = buffer.LongLength - offset;
        if (count < 0)
        {
            if (left % width != 0)
                throw new ArgumentException($"{left} bytes do not make whole elements of {width} bytes ({dtype.Name()}).", nameof(buffer));
            count = left / width;
        }
        if (count > left / width)
            throw new ArgumentException($"{count} elements of {dtype.Name()} take {count * width} bytes, {left} are there.", nameof(count));
        using var bytes = FromMemory(buffer.AsMemory((int)offset, (int)(count * width)));
        var result = bytes.View(dtype);
        if (requiresGrad)
            result.RequiresGrad = true;
        return result;
    }

    /// <summary>π, as a number of Python's. Mirrors <c>torch.pi</c>.</summary>
    public const double Pi = Math.PI;

    /// <summary>Euler's number. Mirrors <c>torch.e</c>.</summary>
    public const double E = Math.E;

    /// <summary>Infinity. Mirrors <c>torch.inf</c>.</summary>
    public const double Inf = double.PositiveInfinity;

    /// <summary>Not a number. Mirrors <c>torch.nan</c>.</summary>
    public const double Nan = double.NaN;

    /// <summary>A new axis, for indexing: <c>x[Torch.Newaxis, ..]</c>; null says the same. Mirrors <c>torch.newaxis</c>.</summary>
    public static TensorIndex Newaxis => TensorIndex.NewAxis;
}
