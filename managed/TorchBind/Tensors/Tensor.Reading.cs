using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind;

public partial class Tensor
{
    /// <summary>The element of a one-element tensor as a number. Mirrors <c>Tensor.item</c>.</summary>
    /// <returns>A number of the dtype's kind: bool, integer, floating-point or complex.</returns>
    /// <exception cref="TorchException">The tensor has more elements, or none.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data: it is on the device <c>meta</c>.</exception>
    public unsafe Scalar Item()
    {
        using var self = new Borrow(this);
        Scalar result;
        NativeError.Check(NativeMethods.tb_tensor_item(self.Handle, &result));
        return result;
    }

    /// <summary>The element of a one-element tensor, converted. Mirrors <c>Tensor.item</c>.</summary>
    /// <typeparam name="T">A number type: bool, an integer, <see cref="System.Half"/>, <see cref="BFloat16"/>, float, double, or a complex one.</typeparam>
    /// <returns>The number; a fraction is cut off for integers, for bool whatever is not zero is true.</returns>
    /// <exception cref="TorchException">The tensor has more elements, or none.</exception>
    /// <exception cref="OverflowException"><typeparamref name="T"/> is an integer and cannot hold the value.</exception>
    /// <exception cref="InvalidCastException">The value has an imaginary part and <typeparamref name="T"/> is real.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is none of these types.</exception>
    public T Item<T>() where T : unmanaged => Item().To<T>();

    /// <summary>The element of a one-element tensor.</summary>
    public static explicit operator float(Tensor tensor) => Required(tensor).Item<float>();
    /// <summary>The element of a one-element tensor.</summary>
    public static explicit operator double(Tensor tensor) => Required(tensor).Item<double>();
    /// <summary>The element of a one-element tensor; a fraction is cut off.</summary>
    public static explicit operator long(Tensor tensor) => Required(tensor).Item<long>();
    /// <summary>The element of a one-element tensor; a fraction is cut off.</summary>
    public static explicit operator int(Tensor tensor) => Required(tensor).Item<int>();
    /// <summary>Whether the element of a one-element tensor differs from zero. Mirrors <c>bool(x)</c>.</summary>
    public static explicit operator bool(Tensor tensor) => Required(tensor).Item<bool>();

    /// <summary>All elements, row by row, in one copy. Mirrors <c>Tensor.numpy().ravel()</c>.</summary>
    /// <typeparam name="T">The .NET type of the dtype: <see cref="DTypeExtensions.ClrType"/>.</typeparam>
    /// <returns>A new array of <see cref="Numel"/> elements. Sparse tensors are written out, conjugation and negation are carried out.</returns>
    /// <exception cref="TorchTypeException"><typeparamref name="T"/> does not have the layout of the tensor's dtype.</exception>
    /// <exception cref="OverflowException">There are more elements than an array can hold.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data: it is on the device <c>meta</c>.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        CheckElementType<T>();
        var result = GC.AllocateUninitializedArray<T>(checked((int)Numel()));
        CopyTo<T>(result);
        return result;
    }

    /// <summary>All elements in a rectangular array of the tensor's shape, e.g. <c>float[,]</c>. Mirrors <c>Tensor.numpy()</c>.</summary>
    /// <returns>
    /// A new array of the tensor's rank and sizes, whose elements have the type <see cref="DTypeExtensions.ClrType"/> of the dtype.
    /// </returns>
    /// <exception cref="InvalidOperationException">The tensor has no dimension, or more than 32.</exception>
    /// <exception cref="NotSupportedException">No .NET type has the dtype's layout.</exception>
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode("Makes an array type of the tensor's rank.")]
    public unsafe Array ToMultidimensionalArray()
    {
        var shape = Shape;
        if (shape.Rank is 0 or > 32)
            throw new InvalidOperationException($"A tensor of {shape.Rank} dimensions has no array; use Item or ToArray.");
        var element = DType.ClrType() ?? throw new NotSupportedException($"No .NET type has the layout of {DType.Name()}; convert first.");
        var result = Array.CreateInstance(element, shape.ToArray());
        fixed (byte* destination = &MemoryMarshal.GetArrayDataReference(result))
            CopyBytesTo(destination, NBytes);
        return result;
    }

    /// <summary>Copies all elements, row by row, into the span.</summary>
    /// <typeparam name="T">The .NET type of the dtype: <see cref="DTypeExtensions.ClrType"/>.</typeparam>
    /// <param name="destination">Takes the elements; at least <see cref="Numel"/> long.</param>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    /// <exception cref="TorchTypeException"><typeparamref name="T"/> does not have the layout of the tensor's dtype.</exception>
    public unsafe void CopyTo<T>(Span<T> destination) where T : unmanaged
    {
        CheckElementType<T>();
        var count = Numel();
        if (destination.Length < count)
            throw new ArgumentException($"The tensor has {count} elements, the destination has room for {destination.Length}.", nameof(destination));
        fixed (T* pointer = destination)
            CopyBytesTo(pointer, count * sizeof(T));
    }

    // Zeros that autograd made (the gradient of sign) are not stored anywhere until something writes to them.
    internal bool HasMemory => Numel() == 0 || DataPtr() != 0;

    private unsafe void CopyBytesTo(void* destination, long bytes)
    {
        using var self = new Borrow(this);
        NativeError.Check(NativeMethods.tb_tensor_copy_to(self.Handle, destination, bytes));
    }

    internal void CheckElementType<T>() where T : unmanaged
    {
        var dtype = DType;
        if (dtype.ClrType() == typeof(T))
            return;
        var fitting = dtype.ClrType() is { } type ? $"read it as {type.Name}, or convert it: x.To(DType.{DTypeExtensions.TryOf(typeof(T))})" : "convert it with To";
        throw new TorchTypeException($"The tensor has dtype {dtype.Name()} and cannot be read as {typeof(T).Name}; {fitting}.");
    }
}

/// <summary>Views of a tensor's memory. An extension, so that <see cref="Tensor.Data"/> can keep PyTorch's name.</summary>
public static class TensorDataExtensions
{
    /// <summary>
    /// The elements in place, without a copy: a change through the span changes the tensor. The tensor must be contiguous and on the
    /// processor, and must be kept alive (used later, or <see cref="GC.KeepAlive"/>) while the span is in use.
    /// </summary>
    /// <typeparam name="T">The .NET type of the dtype: <see cref="DTypeExtensions.ClrType"/>.</typeparam>
    /// <param name="tensor">A contiguous tensor on the processor, of any shape.</param>
    /// <returns><see cref="Tensor.Numel"/> elements, row by row; valid while the tensor lives.</returns>
    /// <exception cref="InvalidOperationException">
    /// The tensor is not contiguous, not on the processor, or made of zeros that autograd did not store.
    /// </exception>
    /// <exception cref="TorchTypeException"><typeparamref name="T"/> does not have the layout of the tensor's dtype.</exception>
    /// <exception cref="OverflowException">There are more elements than a span can hold.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="tensor"/> is null.</exception>
    public static unsafe Span<T> Data<T>(this Tensor tensor) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.CheckElementType<T>();
        if (tensor.Device.Type != DeviceType.Cpu)
            throw new InvalidOperationException($"The tensor is on {tensor.Device}; copy it to the processor first: x.Cpu().");
        if (tensor.Layout != Layout.Strided || !tensor.IsContiguous() || tensor.IsConj || tensor.IsNeg)
            throw new InvalidOperationException("The elements do not lie in row-major order in memory; use x.Contiguous(), or ToArray for a copy.");
        if (!tensor.HasMemory)
            throw new InvalidOperationException("The tensor's zeros are not stored; x.Clone() stores them.");
        var count = checked((int)tensor.Numel());
        return count == 0 ? [] : new Span<T>((void*)tensor.DataPtr(), count);
    }
}
