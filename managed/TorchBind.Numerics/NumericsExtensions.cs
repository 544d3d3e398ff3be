using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace TorchBind.Numerics;

/// <summary>
/// Tensors of <c>System.Numerics.Tensors</c> and of TorchBind over the same memory. A <see cref="TensorSpan{T}"/> sees any dense tensor as it lies
/// there, with its strides: transposed, sliced, expanded. A <see cref="Tensor{T}"/> owns a .NET array: libtorch can use it, but it cannot be made of
/// libtorch's memory.
/// </summary>
/// <remarks>
/// <c>System.Numerics.Tensors</c> has no tensor without dimensions: a number in a tensor of its own has shape [1] there.
/// </remarks>
public static unsafe class NumericsExtensions
{
    /// <summary>
    /// The elements in place, without a copy: a change through the span changes the tensor. The tensor must be kept alive (used later, or
    /// <see cref="GC.KeepAlive"/>) while the span is in use. Mirrors <c>Tensor.numpy()</c>.
    /// </summary>
    /// <typeparam name="T">The type with the layout of the tensor's dtype: <see cref="float"/> for float32.</typeparam>
    /// <param name="tensor">A dense tensor on the processor, of any shape and strides; one without dimensions is seen as [1].</param>
    /// <returns>A span of the tensor's lengths and strides; strides of dimensions of size 1 are 0, as <c>System.Numerics.Tensors</c> has them.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="tensor"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    /// <exception cref="TorchTypeException"><typeparamref name="T"/> does not have the layout of the tensor's dtype.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tensor is not dense, not on the processor, waits for a conjugation or negation, or its elements overlap in a way that
    /// <c>System.Numerics.Tensors</c> cannot express (<c>x.Unfold(0, 3, 1)</c>).
    /// </exception>
    public static TensorSpan<T> AsTensorSpan<T>(this Tensor tensor) where T : unmanaged
    {
        var view = View<T>(tensor);
        if (view.Length == 0)
            return System.Numerics.Tensors.Tensor.CreateFromShape<T>(view.Lengths).AsTensorSpan();
        try
        {
            return new TensorSpan<T>(view.Data, view.Length, view.Lengths, view.Strides);
        }
        catch (ArgumentException exception)
        {
            throw Overlapping(tensor, exception);
        }
    }

    /// <summary>The same, for reading.</summary>
    /// <inheritdoc cref="AsTensorSpan{T}(Tensor)"/>
    public static ReadOnlyTensorSpan<T> AsReadOnlyTensorSpan<T>(this Tensor tensor) where T : unmanaged => tensor.AsTensorSpan<T>();

    /// <summary>A copy of the elements in a tensor of .NET's own memory. Mirrors <c>Tensor.numpy().copy()</c>.</summary>
    /// <typeparam name="T">The type with the layout of the tensor's dtype.</typeparam>
    /// <param name="tensor">A tensor of any shape and strides, on any device; one without dimensions becomes [1].</param>
    /// <returns>A dense tensor of the same shape.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="tensor"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    /// <exception cref="TorchTypeException"><typeparamref name="T"/> does not have the layout of the tensor's dtype.</exception>
    /// <exception cref="OverflowException">There are more elements than an array can hold.</exception>
    public static Tensor<T> ToNumericsTensor<T>(this Tensor tensor) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return System.Numerics.Tensors.Tensor.Create(tensor.ToArray<T>(), Lengths(tensor.Shape));
    }

    /// <summary>
    /// A tensor over the .NET tensor's own memory, without a copy: a change on one side shows on the other. The memory stays pinned until the
    /// last tensor that shares it is gone. Mirrors <c>torch.from_numpy</c>.
    /// </summary>
    /// <typeparam name="T">A type with the layout of a dtype: bool, the integers, Half, float, double, BFloat16, Complex64, Complex.</typeparam>
    /// <param name="tensor">A tensor of any lengths and strides: a slice or a transposed one too.</param>
    /// <param name="requiresGrad">Whether operations on the result are recorded. Default: false.</param>
    /// <returns>A tensor of the same shape and strides.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="tensor"/> is null.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    /// <exception cref="ArgumentException">The memory does not begin at a multiple of the element's size, as libtorch needs it.</exception>
    public static Tensor AsTorchTensor<T>(this Tensor<T> tensor, bool requiresGrad = false) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var (sizes, strides) = Layout(tensor.Lengths, tensor.Strides);
        // The handle points to the array's first element; a slice begins further back.
        var pin = tensor.GetPinnedHandle();
        var data = Unsafe.AsPointer(ref tensor.AsTensorSpan().GetPinnableReference());
        return Torch.FromPinned<T>(pin, data, sizes, strides, requiresGrad, nameof(tensor));
    }

    /// <summary>A tensor with a copy of the elements. Mirrors <c>torch.tensor</c>.</summary>
    /// <typeparam name="T">A type with the layout of a dtype.</typeparam>
    /// <param name="span">Elements of any lengths and strides.</param>
    /// <param name="requiresGrad">Whether operations on the result are recorded. Default: false.</param>
    /// <returns>A contiguous tensor of the same shape.</returns>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor ToTorchTensor<T>(this ReadOnlyTensorSpan<T> span, bool requiresGrad = false) where T : unmanaged
    {
        var (sizes, _) = Layout(span.Lengths, span.Strides);
        var result = Torch.Empty(sizes, DTypeExtensions.Of<T>());
        if (span.FlattenedLength > 0)
            span.FlattenTo(result.Data<T>());
        return requiresGrad ? result.RequiresGrad_() : result;
    }

    /// <inheritdoc cref="ToTorchTensor{T}(ReadOnlyTensorSpan{T}, bool)"/>
    public static Tensor ToTorchTensor<T>(this TensorSpan<T> span, bool requiresGrad = false) where T : unmanaged =>
        ((ReadOnlyTensorSpan<T>)span).ToTorchTensor(requiresGrad);

    private readonly ref struct Elements<T>(T* data, nint length, nint[] lengths, nint[] strides) where T : unmanaged
    {
        internal T* Data { get; } = data;

        /// <summary>From the first element to the last, with what lies between.</summary>
        internal nint Length { get; } = length;

        internal nint[] Lengths { get; } = lengths;

        internal nint[] Strides { get; } = strides;
    }

    private static Elements<T> View<T>(Tensor tensor) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.CheckElementType<T>();
        if (tensor.Device.Type != DeviceType.Cpu)
            throw new InvalidOperationException($"The tensor is on {tensor.Device}; copy it to the processor first: x.Cpu().");
        if (tensor.Layout != TorchBind.Layout.Strided)
            throw new InvalidOperationException($"A tensor of layout {tensor.Layout} has no elements side by side; use x.ToDense().");
        if (tensor.IsConj || tensor.IsNeg)
            throw new InvalidOperationException("The tensor waits for a conjugation or negation; use x.ResolveConj().ResolveNeg().");
        if (!tensor.HasMemory)
            throw new InvalidOperationException("The tensor's zeros are not stored; x.Clone() stores them.");
        var lengths = Lengths(tensor.Shape);
        var strides = new nint[lengths.Length];
        nint length = tensor.Numel() == 0 ? 0 : 1;
        for (var i = 0; i < tensor.NDim; i++)
        {
            if (lengths[i] <= 1)
                continue; // 0 by convention
            strides[i] = (nint)tensor.Stride(i);
            length += length == 0 ? 0 : (lengths[i] - 1) * strides[i];
        }
        return new Elements<T>((T*)tensor.DataPtr(), length, lengths, strides);
    }

    private static nint[] Lengths(Shape shape)
    {
        if (shape.Rank == 0)
            return [1];
        var lengths = new nint[shape.Rank];
        for (var i = 0; i < lengths.Length; i++)
            lengths[i] = (nint)shape[i];
        return lengths;
    }

    private static (long[] Sizes, long[] Strides) Layout(ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> given)
    {
        var (sizes, strides) = (new long[lengths.Length], new long[lengths.Length]);
        long contiguous = 1;
        for (var i = lengths.Length - 1; i >= 0; i--)
        {
            sizes[i] = lengths[i];
            // Of a single element any stride is right; libtorch's is that of contiguous memory.
            strides[i] = lengths[i] <= 1 ? contiguous : given[i];
            contiguous *= Math.Max(1, sizes[i]);
        }
        return (sizes, strides);
    }

    private static InvalidOperationException Overlapping(Tensor tensor, Exception inner) => new(
        $"System.Numerics.Tensors cannot express a tensor of shape {tensor.Shape} with strides {tensor.Stride()}, whose elements overlap; use x.Contiguous() for a copy.", inner);
}
