namespace TorchBind;

// Methods of Python's Tensor that stand above ATen.
public partial class Tensor
{
    /// <summary>The Frobenius norm (<c>fro</c>) or the nuclear norm (<c>nuc</c>). Mirrors <c>Tensor.norm</c>.</summary>
    /// <param name="p">Which norm.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="dtype">Converts the tensor first.</param>
    public Tensor Norm(string p = "fro", IntList dim = default, bool keepDim = false, DType? dtype = null) =>
        Torch.Norm(this, p, dim, keepDim, null, dtype);

    /// <summary>The p-norm of all elements, or along dimensions. Mirrors <c>Tensor.norm</c>.</summary>
    /// <param name="p">The order: any number, infinities included.</param>
    /// <param name="dim">The dimensions that are reduced; default: all.</param>
    /// <param name="keepDim">Leaves them in the result, with size 1.</param>
    /// <param name="dtype">Converts the tensor first.</param>
    public Tensor Norm(Scalar p, IntList dim = default, bool keepDim = false, DType? dtype = null) =>
        Torch.Norm(this, p, dim, keepDim, null, dtype);

    /// <summary>The Fourier transform of overlapping windows. Mirrors <c>Tensor.stft</c>; <see cref="Torch.Stft"/> tells about the parameters.</summary>
    public Tensor Stft(
        long nFft, long? hopLength = null, long? winLength = null, Tensor? window = null, bool center = true, string padMode = "reflect",
        bool normalized = false, bool? onesided = null, bool? returnComplex = null, bool? alignToWindow = null) =>
        Torch.Stft(this, nFft, hopLength, winLength, window, center, padMode, normalized, onesided, returnComplex, alignToWindow);

    /// <summary>The distinct elements, in order, or the distinct parts along a dimension. Mirrors <c>Tensor.unique</c>.</summary>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor Unique(bool sorted = true, long? dim = null) => Torch.Unique(this, sorted, dim);

    /// <summary>The distinct elements, with where each went and how often each occurs. Mirrors <c>Tensor.unique</c>.</summary>
    /// <param name="sorted">Kept for its name: libtorch always sorts on the processor.</param>
    /// <param name="returnInverse">Asks for <c>Inverse</c>; null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>; null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
    public (Tensor Output, Tensor? Inverse, Tensor? Counts) Unique(
        bool sorted = true, bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Torch.Unique(this, sorted, returnInverse, returnCounts, dim);

    /// <summary>The elements without repetitions of their neighbours. Mirrors <c>Tensor.unique_consecutive</c>.</summary>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor UniqueConsecutive(long? dim = null) => Torch.UniqueConsecutive(this, dim);

    /// <summary>The elements without repetitions, with where each went and how long each run is. Mirrors <c>Tensor.unique_consecutive</c>.</summary>
    /// <param name="returnInverse">Asks for <c>Inverse</c>; null otherwise.</param>
    /// <param name="returnCounts">Asks for <c>Counts</c>; null otherwise.</param>
    /// <param name="dim">The dimension whose parts are compared; null: single elements.</param>
    public (Tensor Output, Tensor? Inverse, Tensor? Counts) UniqueConsecutive(
        bool returnInverse = false, bool returnCounts = false, long? dim = null) =>
        Torch.UniqueConsecutive(this, returnInverse, returnCounts, dim);

    /// <summary>The LU factors of matrices, packed in one tensor, and the pivots. Mirrors <c>Tensor.lu</c>.</summary>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    public (Tensor LU, Tensor Pivots) Lu(bool pivot = true) => Torch.Lu(this, pivot);

    /// <summary>The same, with a number for each matrix that tells whether its factorisation succeeded (0). Mirrors <c>Tensor.lu</c>.</summary>
    /// <param name="pivot">Permutes the rows; without, only on CUDA.</param>
    /// <param name="getInfos">Whether failures are told by <c>Infos</c>; otherwise they throw.</param>
    public (Tensor LU, Tensor Pivots, Tensor Infos) Lu(bool pivot, bool getInfos) => Torch.Lu(this, pivot, getInfos);

    /// <summary>The coordinates of the elements that are not zero, one tensor per dimension. Mirrors <c>Tensor.nonzero(as_tuple=True)</c>.</summary>
    /// <param name="asTuple">With false, the one tensor that <see cref="Nonzero()"/> gives.</param>
    public Tensor[] Nonzero(bool asTuple) => Torch.Nonzero(this, asTuple);

    /// <summary>The tensor in COO layout. Mirrors <c>Tensor.to_sparse_coo()</c>.</summary>
    public Tensor ToSparseCoo() => ToSparse();

    /// <summary>The kind of tensor, e.g. <c>torch.FloatTensor</c>. Mirrors <c>Tensor.type()</c>.</summary>
    public string Type()
    {
        var device = Device.Type == DeviceType.Cpu ? "" : Device.Type.ToString().ToLowerInvariant() + ".";
        var layout = Layout == Layout.Sparse ? "sparse." : "";
        return $"torch.{device}{layout}" + DType switch
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
            var other => $"{other}Tensor",
        };
    }

    /// <summary>The tensor converted to a dtype. Mirrors <c>Tensor.type(dtype)</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    public Tensor Type(DType dtype, bool nonBlocking = false) => To(dtype, nonBlocking);

    /// <summary>A tensor with a copy of the data, with this tensor's dtype and device. Mirrors <c>Tensor.new_tensor</c>.</summary>
    /// <param name="data">The numbers.</param>
    /// <param name="dtype">The dtype; null: as this tensor.</param>
    /// <param name="device">The device; null: as this tensor.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    public Tensor NewTensor(ReadOnlySpan<Scalar> data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Torch.Tensor(data, dtype ?? DType, device ?? Device, requiresGrad);

    /// <summary>A tensor with a copy of an array of any rank, with this tensor's dtype and device. Mirrors <c>Tensor.new_tensor</c>.</summary>
    /// <param name="data">The array, rectangular or jagged.</param>
    /// <param name="dtype">The dtype; null: as this tensor.</param>
    /// <param name="device">The device; null: as this tensor.</param>
    /// <param name="requiresGrad">Whether operations on it are recorded.</param>
    public Tensor NewTensor(Array data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Torch.Tensor(data, dtype ?? DType, device ?? Device, requiresGrad);

    /// <summary>
    /// The dimensions by falling strides: how the elements lie in memory. Mirrors <c>Tensor.dim_order</c>.
    /// </summary>
    /// <exception cref="TorchException">The tensor has no strides.</exception>
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
    /// <param name="callable">From the old value to the new one.</param>
    /// <exception cref="InvalidOperationException">The tensor is not on the processor, or requires a gradient.</exception>
    public Tensor Apply_(Func<double, double> callable)
    {
        ArgumentNullException.ThrowIfNull(callable);
        return Map("Apply_", [], values => callable(values[0]));
    }

    /// <summary>Replaces each element by what the function gives for it and the element of another tensor, in place. Mirrors <c>Tensor.map_</c>.</summary>
    /// <param name="tensor">The other tensor; broadcast to this one's shape.</param>
    /// <param name="callable">From both values to the new one.</param>
    /// <exception cref="InvalidOperationException">A tensor is not on the processor, or requires a gradient.</exception>
    public Tensor Map_(Tensor tensor, Func<double, double, double> callable)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(callable);
        return Map("Map_", [tensor], values => callable(values[0], values[1]));
    }

    /// <summary>The same with two other tensors. Mirrors <c>Tensor.map2_</c>.</summary>
    /// <param name="x">The second operand; broadcast to this tensor's shape.</param>
    /// <param name="y">The third operand; broadcast to this tensor's shape.</param>
    /// <param name="callable">From the three values to the new one.</param>
    /// <exception cref="InvalidOperationException">A tensor is not on the processor, or requires a gradient.</exception>
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
