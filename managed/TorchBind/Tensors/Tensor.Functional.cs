namespace TorchBind;

// Methods of Python's Tensor that stand above ATen.
public partial class Tensor
{
    /// <summary>The Frobenius norm (<c>fro</c>) or the nuclear norm (<c>nuc</c>). Mirrors <c>Tensor.norm</c>.</summary>
    /// <param name="p">Which norm; <c>nuc</c> is one of matrices.</param>
    /// <param name="dim">The dimensions that are reduced, two for <c>nuc</c>; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="dtype">Converts the tensor first; null: its own dtype.</param>
    /// <returns>Shape <c>(*)</c> without the reduced dimensions; real, also of a complex tensor.</returns>
    /// <exception cref="TorchException">
    /// There is no such norm, the dimensions do not fit it, or the dtype is neither floating-point nor complex.
    /// </exception>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="ArgumentException">A dtype is given for a sparse tensor.</exception>
    public Tensor Norm(string p = "fro", IntList dim = default, bool keepDim = false, DType? dtype = null) =>
        Torch.Norm(this, p, dim, keepDim, null, dtype);

    /// <summary>The p-norm of all elements, or along dimensions. Mirrors <c>Tensor.norm</c>.</summary>
    /// <param name="p">The order: any real number, infinities included.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="dtype">Converts the tensor first; null: its own dtype.</param>
    /// <returns>Shape <c>(*)</c> without the reduced dimensions; real, also of a complex tensor.</returns>
    /// <exception cref="TorchException">
    /// The dtype is neither floating-point nor complex, <paramref name="dtype"/> would narrow it, or a sparse tensor is reduced in part.
    /// </exception>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    public Tensor Norm(Scalar p, IntList dim = default, bool keepDim = false, DType? dtype = null) =>
        Torch.Norm(this, p, dim, keepDim, null, dtype);

    /// <summary>
    /// The Fourier transform of overlapping windows. Mirrors <c>Tensor.stft</c>; this tensor is the signal <c>(T)</c>, or several <c>(B, T)</c>, real
    /// or complex.
    /// </summary>
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
    public Tensor Stft(
        long nFft, long? hopLength = null, long? winLength = null, Tensor? window = null, bool center = true, string padMode = "reflect",
        bool normalized = false, bool? onesided = null, bool? returnComplex = null, bool? alignToWindow = null) =>
        Torch.Stft(this, nFft, hopLength, winLength, window, center, padMode, normalized, onesided, returnComplex, alignToWindow);

    /// <summary>The distinct elements, in order, or the distinct parts along a dimension. Mirrors <c>Tensor.unique</c>.</summary>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, whatever the shape.</param>
    /// <returns>Shape <c>(N)</c>, or this tensor's with N along <paramref name="dim"/>; ascending, of the same dtype.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">
    /// The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>), or another dimension than <paramref name="dim"/> has
    /// size 0.
    /// </exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor Unique(bool sorted = true, long? dim = null) => Torch.Unique(this, sorted, dim);

    /// <summary>The distinct elements, with where each went and how often each occurs. Mirrors <c>Tensor.unique</c>.</summary>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>, which is null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>, which is null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, whatever the shape.</param>
    /// <returns>
    /// The N distinct values as in the other overload; in <c>Inverse</c> the place of each element (this tensor's shape) or part (its size along
    /// <paramref name="dim"/>); in <c>Counts</c>, <c>(N)</c>, how often each occurs. Both int64.
    /// </returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">
    /// The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>), or another dimension than <paramref name="dim"/> has
    /// size 0.
    /// </exception>
    public (Tensor Output, Tensor? Inverse, Tensor? Counts) Unique(
        bool sorted = true, bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Torch.Unique(this, sorted, returnInverse, returnCounts, dim);

    /// <summary>The elements without repetitions of their neighbours. Mirrors <c>Tensor.unique_consecutive</c>.</summary>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, row by row.</param>
    /// <returns>Shape <c>(N)</c>, or this tensor's with N along <paramref name="dim"/>; of the same dtype.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>).</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor UniqueConsecutive(long? dim = null) => Torch.UniqueConsecutive(this, dim);

    /// <summary>The elements without repetitions, with where each went and how long each run is. Mirrors <c>Tensor.unique_consecutive</c>.</summary>
    /// <param name="returnInverse">Asks for <c>Inverse</c>, which is null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>, which is null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements, row by row.</param>
    /// <returns>
    /// The N runs as in the other overload; in <c>Inverse</c> the run of each element (this tensor's shape) or part (its size along
    /// <paramref name="dim"/>); in <c>Counts</c>, <c>(N)</c>, how long each is. Both int64.
    /// </returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The dtype is complex (with libtorch 2.14 a <see cref="TorchNotImplementedException"/>).</exception>
    public (Tensor Output, Tensor? Inverse, Tensor? Counts) UniqueConsecutive(
        bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Torch.UniqueConsecutive(this, returnInverse, returnCounts, dim);

    /// <summary>The LU factors of matrices <c>(*, M, N)</c>, packed in one tensor, and the pivots. Mirrors <c>Tensor.lu</c>.</summary>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <returns>
    /// The factors <c>(*, M, N)</c>, of this dtype, and the pivots <c>(*, min(M, N))</c>, int32, counted from 1. A singular matrix is factored too,
    /// with a zero on the diagonal.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public (Tensor LU, Tensor Pivots) Lu(bool pivot = true) => Torch.Lu(this, pivot);

    /// <summary>
    /// The same, with a number for each matrix that tells whether U has a zero on its diagonal. Mirrors <c>Tensor.lu(get_infos=True)</c>.
    /// </summary>
    /// <param name="pivot">Permutes the rows; false works on CUDA only.</param>
    /// <param name="getInfos">Kept for its name: the numbers come in either case, and a singular matrix never throws.</param>
    /// <returns>
    /// As the other overload, and in <c>Infos</c>, <c>(*)</c>, int32: 0, or the number of the first zero on the diagonal, counted from 1.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has fewer than 2 dimensions, pivoting is off on the processor, or the dtype is an integer one (with libtorch 2.14 a
    /// <see cref="TorchNotImplementedException"/>).
    /// </exception>
    public (Tensor LU, Tensor Pivots, Tensor Infos) Lu(bool pivot, bool getInfos) => Torch.Lu(this, pivot, getInfos);

    /// <summary>The coordinates of the elements that are not zero, one tensor per dimension. Mirrors <c>Tensor.nonzero(as_tuple=True)</c>.</summary>
    /// <param name="asTuple">With false, an array of the one tensor that <see cref="Nonzero()"/> gives.</param>
    /// <returns>
    /// For each dimension the coordinates <c>(N)</c> of the N elements, int64; a tensor without dimensions counts as one of size 1. With false, one
    /// tensor <c>(N, Dim())</c>.
    /// </returns>
    /// <exception cref="TorchNotImplementedException">The tensor is sparse, or on the device <c>meta</c>.</exception>
    public Tensor[] Nonzero(bool asTuple) => Torch.Nonzero(this, asTuple);

    /// <summary>The tensor in COO layout. Mirrors <c>Tensor.to_sparse_coo()</c>.</summary>
    /// <returns>The same shape, dtype and values; shares the memory where the layout is COO already.</returns>
    /// <exception cref="TorchNotImplementedException">The tensor is quantized, nested, of layout mkldnn, or on the device <c>meta</c>.</exception>
    public Tensor ToSparseCoo() => ToSparse();

    /// <summary>
    /// The kind of tensor: device, layout and dtype, e.g. <c>torch.FloatTensor</c> or <c>torch.sparse.LongTensor</c>. Mirrors <c>Tensor.type()</c>.
    /// </summary>
    /// <returns>The name, as Python gives it.</returns>
    /// <exception cref="TorchException">The layout has no name: compressed sparse ones, mkldnn.</exception>
    public string Type()
    {
        if (Layout is not (Layout.Strided or Layout.Sparse or Layout.Jagged))
            throw new TorchException($"Tensors of layout {Layout} have no type name.");
        var dtype = DType;
        var device = Device.Type == DeviceType.Cpu ? "" : Device.Type.ToString().ToLowerInvariant() + ".";
        var kind = Layout == Layout.Sparse ? "sparse." : dtype.IsQuantized() ? "quantized." : "";
        return $"torch.{device}{kind}" + dtype switch
        {
            DType.UInt8 => "ByteTensor",
            DType.Int8 => "CharTensor",
            DType.Int16 => "ShortTensor",
            DType.Int32 => "IntTensor",
            DType.Int64 => "LongTensor",
            DType.Float16 => "HalfTensor",
            DType.Float32 => "FloatTensor",
            DType.Float64 => "DoubleTensor",
            DType.Complex32 => "ComplexHalfTensor",
            DType.Complex64 => "ComplexFloatTensor",
            DType.Complex128 => "ComplexDoubleTensor",
            DType.Float8E5M2 or DType.Float8E4M3FN or DType.Float8E5M2FNUZ or DType.Float8E4M3FNUZ or DType.Float8E8M0FNU or DType.Float4E2M1FNx2 =>
                $"F{dtype.Name()[1..]}Tensor",
            _ => $"{dtype}Tensor",
        };
    }

    /// <summary>The tensor converted to a dtype. Mirrors <c>Tensor.type(dtype)</c>.</summary>
    /// <param name="dtype">The dtype of the result.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <returns>The same shape and device; shares the memory where the dtype agrees.</returns>
    /// <exception cref="TorchException">libtorch cannot convert between the dtypes, e.g. to a quantized one.</exception>
    public Tensor Type(DType dtype, bool nonBlocking = false) => To(dtype, nonBlocking);

    /// <summary>A tensor with a copy of the data, with this tensor's dtype and device. Mirrors <c>Tensor.new_tensor</c>.</summary>
    /// <param name="data">The numbers.</param>
    /// <param name="dtype">The dtype; null: as this tensor.</param>
    /// <param name="device">The device; null: as this tensor.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <returns>Shape <c>(N)</c> of the N numbers; no history, whatever this tensor's.</returns>
    /// <exception cref="OverflowException">A number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">A number is complex and the dtype is real.</exception>
    /// <exception cref="TorchException">A gradient is asked of a dtype that is neither floating-point nor complex.</exception>
    public Tensor NewTensor(ReadOnlySpan<Scalar> data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Torch.Tensor(data, dtype ?? DType, device ?? Device, requiresGrad);

    /// <summary>A tensor with a copy of an array of any rank, with this tensor's dtype and device. Mirrors <c>Tensor.new_tensor</c>.</summary>
    /// <param name="data">The array, rectangular or jagged.</param>
    /// <param name="dtype">The dtype; null: as this tensor.</param>
    /// <param name="device">The device; null: as this tensor.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    /// <returns>The array's shape; no history, whatever this tensor's.</returns>
    /// <exception cref="ArgumentException">Parts of a jagged array differ in length, or a part is null.</exception>
    /// <exception cref="NotSupportedException">The element type has no dtype.</exception>
    public Tensor NewTensor(Array data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Torch.Tensor(data, dtype ?? DType, device ?? Device, requiresGrad);

    /// <summary>
    /// The dimensions from the slowest to the fastest: how the elements lie in memory. Dimensions whose order memory does not tell (stride 0, equal
    /// strides) stay as they are. Mirrors <c>Tensor.dim_order</c>.
    /// </summary>
    /// <returns>A permutation of the numbers from 0 to <c>Dim() - 1</c>.</returns>
    /// <exception cref="TorchException">The layout has no strides: compressed sparse ones, nested tensors.</exception>
    public int[] DimOrder()
    {
        var shape = Shape;
        var strides = Stride();
        var rank = shape.Rank;
        var order = new int[rank];
        for (var i = 0; i < rank; i++)
            order[i] = i;
        // Memory that is in order has its order, whatever the strides of dimensions of size one say.
        var lastIsChannel = rank == 4 && IsContiguous(MemoryFormat.ChannelsLast);
        if (IsContiguous() != lastIsChannel)
            return lastIsChannel ? [0, 2, 3, 1] : order;
        // Insertion from the back, where the smallest strides belong; what cannot be told apart stays, and is looked past.
        for (var i = rank - 2; i >= 0; i--)
        {
            var at = i;
            for (var j = i + 1; j < rank; j++)
            {
                var comparison = Compare(order[j], order[at]);
                if (comparison < 0)
                    break;
                if (comparison > 0)
                {
                    (order[j], order[at]) = (order[at], order[j]);
                    at = j;
                }
            }
        }
        return order;

        // Whether the first belongs in front of the second (1), behind it (-1), or either way (0).
        int Compare(int first, int second)
        {
            var (a, b) = (strides[first], strides[second]);
            return a == 0 || b == 0 ? 0 : a != b ? a.CompareTo(b) : shape[first] > shape[second] ? 1 : 0;
        }
    }

    /// <summary>Replaces each element by what the function gives for it, in place. Only on the processor, and slow. Mirrors <c>Tensor.apply_</c>.</summary>
    /// <param name="callable">
    /// From the old value to the new one, both as double: integers beyond 2^53 are rounded, results are converted to the dtype.
    /// </param>
    /// <returns>This tensor.</returns>
    /// <exception cref="InvalidOperationException">The tensor is not on the processor, or requires a gradient.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="callable"/> is null.</exception>
    /// <exception cref="TorchTypeException">The tensor is complex.</exception>
    /// <exception cref="TorchException">The tensor is sparse or quantized, or its elements share memory.</exception>
    public Tensor Apply_(Func<double, double> callable)
    {
        ArgumentNullException.ThrowIfNull(callable);
        return Map("Apply_", [], values => callable(values[0]));
    }

    /// <summary>Replaces each element by what the function gives for it and the element of another tensor, in place. Mirrors <c>Tensor.map_</c>.</summary>
    /// <param name="tensor">The other tensor; broadcast to this one's shape.</param>
    /// <param name="callable">
    /// From both values to the new one, all as double: integers beyond 2^53 are rounded, results are converted to the dtype.
    /// </param>
    /// <returns>This tensor.</returns>
    /// <exception cref="InvalidOperationException">A tensor is not on the processor, or requires a gradient.</exception>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="TorchTypeException">A tensor is complex.</exception>
    /// <exception cref="TorchException">The other tensor does not broadcast to this one's shape, or a tensor is sparse or quantized.</exception>
    public Tensor Map_(Tensor tensor, Func<double, double, double> callable)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(callable);
        return Map("Map_", [tensor], values => callable(values[0], values[1]));
    }

    /// <summary>The same with two other tensors. Mirrors <c>Tensor.map2_</c>.</summary>
    /// <param name="x">The second operand; broadcast to this tensor's shape.</param>
    /// <param name="y">The third operand; broadcast to this tensor's shape.</param>
    /// <param name="callable">
    /// From the three values to the new one, all as double: integers beyond 2^53 are rounded, results are converted to the dtype.
    /// </param>
    /// <returns>This tensor.</returns>
    /// <exception cref="InvalidOperationException">A tensor is not on the processor, or requires a gradient.</exception>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="TorchTypeException">A tensor is complex.</exception>
    /// <exception cref="TorchException">Another tensor does not broadcast to this one's shape, or a tensor is sparse or quantized.</exception>
    public Tensor Map2_(Tensor x, Tensor y, Func<double, double, double, double> callable)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(callable);
        return Map("Map2_", [x, y], values => callable(values[0], values[1], values[2]));
    }

    private Tensor Map(string name, Tensor[] others, Func<double[], double> function)
    {
        Tensor[] operands = [this, .. others];
        foreach (var operand in operands)
        {
            if (!operand.IsCpu)
                throw new InvalidOperationException($"{name} works on the processor only, got a tensor on {operand.Device}.");
            if (operand.RequiresGrad)
                throw new InvalidOperationException($"{name} cannot be recorded for autograd; use it on x.Detach().");
            if (operand.DType.IsComplex())
                throw new TorchTypeException($"{name} hands the elements over as double, got a tensor of dtype {operand.DType.Name()}.");
        }
        using var scope = new TensorScope();
        var columns = Array.ConvertAll(operands, o => o.Expand(Shape).To(DType.Float64).ToArray<double>());
        var result = columns[0];
        var values = new double[columns.Length];
        for (var i = 0; i < result.Length; i++)
        {
            for (var j = 0; j < values.Length; j++)
                values[j] = columns[j][i];
            result[i] = function(values);
        }
        Copy_(Torch.Tensor<double>(result.AsSpan(), Shape));
        return this;
    }
}
