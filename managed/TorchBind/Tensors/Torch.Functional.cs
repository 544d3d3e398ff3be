using System.Globalization;
using System.Text;
using TorchBind.Interop;

namespace TorchBind;

// What Python's torch adds above ATen.
public static unsafe partial class Torch
{
    /// <summary>The shape that tensors of the given shapes take together. Mirrors <c>torch.broadcast_shapes</c>.</summary>
    /// <param name="shapes">The shapes; missing leading dimensions count as 1.</param>
    /// <exception cref="TorchException">Two sizes of one dimension differ and neither is 1.</exception>
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
    /// <param name="equation">Subscripts of each operand, and after <c>-></c> those of the result.</param>
    /// <param name="operands">The tensors, contracted from left to right.</param>
    /// <exception cref="TorchException">The equation does not fit the operands.</exception>
    public static Tensor Einsum(string equation, params ReadOnlySpan<Tensor> operands) => Einsum(equation, tensors: operands);

    /// <summary>
    /// The same with lists of numbered subscripts: <c>Torch.Einsum([(a, [0, 1]), (b, [1, 2])], [0, 2])</c>. Mirrors
    /// <c>torch.einsum(a, [0, 1], b, [1, 2], [0, 2])</c>.
    /// </summary>
    /// <param name="operands">Each tensor with its subscripts: numbers from 0 to 51, or <see cref="Ellipsis"/>.</param>
    /// <param name="output">The subscripts of the result; null: those that occur once, in order.</param>
    /// <exception cref="ArgumentOutOfRangeException">A subscript is no number from 0 to 51.</exception>
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
    /// <param name="input">A signal (T) or several (B, T).</param>
    /// <param name="nFft">Size of the transform.</param>
    /// <param name="hopLength">Distance between windows; default a quarter of <paramref name="nFft"/>.</param>
    /// <param name="winLength">Size of the window; default <paramref name="nFft"/>.</param>
    /// <param name="window">The window; default: ones.</param>
    /// <param name="center">Pads the signal, so that window t is centred at t times the hop.</param>
    /// <param name="padMode">How: <c>reflect</c>, <c>constant</c>, <c>replicate</c>, <c>circular</c>.</param>
    /// <param name="normalized">Divides by the square root of the window's size.</param>
    /// <param name="onesided">Half of the frequencies; default: where signal and window are real.</param>
    /// <param name="returnComplex">A complex result (F, T) or (B, F, T); has to be given for a real signal.</param>
    /// <param name="alignToWindow">Without <paramref name="center"/>: aligns to the window, not to the transform.</param>
    /// <exception cref="TorchException">The arguments do not fit each other.</exception>
    public static Tensor Stft(
        Tensor input, long nFft, long? hopLength = null, long? winLength = null, Tensor? window = null, bool center = true,
        string padMode = "reflect", bool normalized = false, bool? onesided = null, bool? returnComplex = null, bool? alignToWindow = null) =>
        Aten.Stft(input, nFft, hopLength, winLength, window, center, padMode, normalized, onesided, returnComplex, alignToWindow);

    /// <summary>
    /// The distinct elements, in order, or the distinct parts along a dimension. Mirrors <c>torch.unique</c>.
    /// </summary>
    /// <param name="input">The tensor.</param>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
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
    /// <param name="input">The tensor.</param>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>; null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>; null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
    public static (Tensor Output, Tensor? Inverse, Tensor? Counts) Unique(
        Tensor input, bool sorted = true, bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Chosen(UniqueParts(input, sorted, returnInverse, returnCounts, dim), returnInverse, returnCounts);

    /// <summary>The elements without repetitions of their neighbours. Mirrors <c>torch.unique_consecutive</c>.</summary>
    /// <param name="input">The tensor.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
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
    /// <param name="input">The tensor.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>; null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>; null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
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
    /// <param name="a">The left tensor.</param>
    /// <param name="b">The right tensor.</param>
    /// <param name="dims">How many dimensions.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="TorchException">A tensor has fewer dimensions, or their sizes differ.</exception>
    public static Tensor Tensordot(Tensor a, Tensor b, long dims = 2)
    {
        var (left, right) = LastAndFirst(a, b, dims);
        return Tensordot(a, b, left, right);
    }

    /// <summary>The same, into memory of the caller's. Mirrors <c>torch.tensordot(out=...)</c>.</summary>
    /// <param name="a">The left tensor.</param>
    /// <param name="b">The right tensor.</param>
    /// <param name="out">Takes the result; it is resized where it does not fit.</param>
    /// <param name="dims">How many dimensions.</param>
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
    /// <param name="x1">Rows (..., P, M).</param>
    /// <param name="x2">Rows (..., R, M).</param>
    /// <param name="p">The norm: 0, 1, 2, ..., infinity.</param>
    /// <param name="computeMode">
    /// Whether the Euclidean distance goes through a matrix product: <c>use_mm_for_euclid_dist_if_necessary</c> (above 25 rows),
    /// <c>use_mm_for_euclid_dist</c>, <c>donot_use_mm_for_euclid_dist</c>.
    /// </param>
    /// <returns>Distances (..., P, R).</returns>
    /// <exception cref="ArgumentException">There is no such mode.</exception>
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
    /// <param name="input">The tensor; real or complex.</param>
    /// <param name="p">Which norm.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="out">Where the result goes.</param>
    /// <param name="dtype">Converts the input first.</param>
    /// <exception cref="TorchException">There is no such norm, or the dimensions do not fit it.</exception>
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
    /// <param name="input">The tensor; real or complex.</param>
    /// <param name="p">The order: any number, infinities included.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="out">Where the result goes.</param>
    /// <param name="dtype">Converts the input first.</param>
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
    /// <param name="indices">Integers of any shape.</param>
    /// <param name="shape">The array's shape.</param>
    /// <exception cref="TorchTypeException">The indices are no integers.</exception>
    /// <exception cref="ArgumentException">A size is negative, or zero while there are indices.</exception>
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
    /// <param name="a">Matrices (..., M, N).</param>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    /// <exception cref="LinalgException">A factorisation failed.</exception>
    public static (Tensor LU, Tensor Pivots) Lu(Tensor a, bool pivot = true)
    {
        var (lu, pivots, info) = Aten._LuWithInfo(a, pivot, checkErrors: true);
        info.Dispose();
        return (lu, pivots);
    }

    /// <summary>
    /// The same, with a number for each matrix that tells whether its factorisation succeeded (0) instead of an exception. Mirrors
    /// <c>torch.lu</c>.
    /// </summary>
    /// <param name="a">Matrices (..., M, N).</param>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    /// <param name="getInfos">Whether failures are told by <c>Infos</c>; otherwise they throw.</param>
    public static (Tensor LU, Tensor Pivots, Tensor Infos) Lu(Tensor a, bool pivot, bool getInfos) =>
        Aten._LuWithInfo(a, pivot, checkErrors: !getInfos);

    /// <summary>The same, into memory of the caller's, which is resized where it does not fit. Mirrors <c>torch.lu(get_infos=True, out=...)</c>.</summary>
    /// <param name="a">Matrices (..., M, N).</param>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    /// <param name="getInfos">Whether failures are told by <paramref name="infos"/>; otherwise they throw.</param>
    /// <param name="lu">Takes the factors, of the dtype of <paramref name="a"/>.</param>
    /// <param name="pivots">Takes the pivots, int32.</param>
    /// <param name="infos">Takes the numbers, int32.</param>
    /// <returns>What was given.</returns>
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
    /// <param name="a">Matrices (..., M, N).</param>
    /// <param name="lu">Takes the factors, of the dtype of <paramref name="a"/>.</param>
    /// <param name="pivots">Takes the pivots, int32.</param>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    /// <returns>What was given.</returns>
    /// <exception cref="LinalgException">A factorisation failed.</exception>
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
    /// <param name="asTuple">With false, the one tensor that <see cref="Nonzero(Tensor)"/> gives.</param>
    public static Tensor[] Nonzero(Tensor input, bool asTuple) => asTuple ? Aten.NonzeroNumpy(input) : [Nonzero(input)];

    /// <summary>Whether the object is a tensor. Mirrors <c>torch.is_tensor</c>.</summary>
    public static bool IsTensor(object? obj) => obj is Tensor;

    /// <summary>Whether the object is a storage. Mirrors <c>torch.is_storage</c>.</summary>
    public static bool IsStorage(object? obj) => obj is Storage;

    /// <summary>The name of a tensor's kind, e.g. <c>torch.FloatTensor</c>, or of any other object's type. Mirrors <c>torch.typename</c>.</summary>
    public static string Typename(object? obj) => obj is Tensor tensor ? tensor.Type() : obj?.GetType().Name ?? "NoneType";

    /// <summary>
    /// The array as a tensor: its memory is shared, not copied, unless a dtype or device asks for a copy. Mirrors <c>torch.as_tensor</c>.
    /// </summary>
    /// <param name="data">The array.</param>
    /// <param name="dtype">The dtype; null: that of the elements.</param>
    /// <param name="device">The device; null: the processor.</param>
    public static Tensor AsTensor<T>(T[] data, DType? dtype = null, Device? device = null) where T : unmanaged =>
        Finish(FromArray(data), dtype, device, false);

    /// <summary>The tensor, converted where dtype or device differ. Mirrors <c>torch.as_tensor</c>.</summary>
    /// <param name="data">The tensor.</param>
    /// <param name="dtype">The dtype; null: as it is.</param>
    /// <param name="device">The device; null: as it is.</param>
    public static Tensor AsTensor(Tensor data, DType? dtype = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.To(dtype: dtype, layout: null, device: device);
    }

    /// <summary>
    /// The array as a tensor. Mirrors <c>torch.asarray</c>.
    /// </summary>
    /// <param name="obj">The array.</param>
    /// <param name="dtype">The dtype; null: that of the elements.</param>
    /// <param name="device">The device; null: the processor.</param>
    /// <param name="copy">True: always a copy; false: never one; null: where it is needed.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <exception cref="ArgumentException">A copy is needed and <paramref name="copy"/> forbids it.</exception>
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
    /// <param name="ndarray">The array.</param>
    public static Tensor FromNumpy<T>(T[] ndarray) where T : unmanaged => FromArray(ndarray);

    /// <summary>A 1-dimensional tensor over part of the bytes of an array, read as another type. Mirrors <c>torch.frombuffer</c>.</summary>
    /// <param name="buffer">The bytes; shared, not copied.</param>
    /// <param name="dtype">How they are read.</param>
    /// <param name="count">Number of elements; negative: as many as there are.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <exception cref="ArgumentException">The bytes are too few, do not make whole elements, or there are none.</exception>
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
