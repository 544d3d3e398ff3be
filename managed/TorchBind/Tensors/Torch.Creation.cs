using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>
    /// A 0-dimensional tensor of a number. As in Python, an int becomes int64, a float the default dtype. Mirrors <c>torch.tensor</c>.
    /// </summary>
    /// <param name="data">The number.</param>
    /// <param name="dtype">The dtype; null: bool, int64, the default dtype or its complex counterpart, by the kind of the number.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>A tensor without dimensions.</returns>
    /// <exception cref="OverflowException">The number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">The number is complex and the dtype is real.</exception>
    /// <exception cref="TorchException">
    /// libtorch was built without support for the device, or a gradient is asked of a dtype that is neither floating-point nor complex.
    /// </exception>
    public static Tensor Tensor(Scalar data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Finish(FromScalars([data], [], dtype), null, device, requiresGrad);

    /// <summary>
    /// A tensor of numbers written in the source: <c>Torch.Tensor([1, 2.5])</c>. As in Python, ints become int64, floats the default
    /// dtype. (An array variable keeps its own element type: see the generic overloads.) Mirrors <c>torch.tensor</c>.
    /// </summary>
    /// <param name="data">The numbers.</param>
    /// <param name="dtype">The dtype; null: by the widest kind among the numbers, the default dtype without any.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>Shape <c>(N)</c> of the N numbers.</returns>
    /// <exception cref="OverflowException">A number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">A number is complex and the dtype is real.</exception>
    /// <exception cref="TorchException">
    /// libtorch was built without support for the device, or a gradient is asked of a dtype that is neither floating-point nor complex.
    /// </exception>
    [OverloadResolutionPriority(3)] // an empty list is one of numbers
    public static Tensor Tensor(ReadOnlySpan<Scalar> data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        Finish(FromScalars(data, [data.Length], dtype), null, device, requiresGrad);

    /// <summary>A matrix of numbers written in the source: <c>Torch.Tensor([[1, 2], [3, 4]])</c>. Mirrors <c>torch.tensor</c>.</summary>
    /// <param name="data">The rows, all of one length.</param>
    /// <param name="dtype">The dtype; null: by the widest kind among the numbers.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>Shape <c>(rows, columns)</c>.</returns>
    /// <exception cref="ArgumentException">The rows differ in length, or one is null.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="OverflowException">A number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">A number is complex and the dtype is real.</exception>
    [OverloadResolutionPriority(2)]
    public static Tensor Tensor(Scalar[][] data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        FromNested<Scalar>(data, dtype, device, requiresGrad);

    /// <summary>A 3-dimensional tensor of numbers written in the source. Mirrors <c>torch.tensor</c>.</summary>
    /// <param name="data">The parts, all of one shape.</param>
    /// <param name="dtype">The dtype; null: by the widest kind among the numbers.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>The shape of the nesting, 3 dimensions.</returns>
    /// <exception cref="ArgumentException">Parts differ in length, or one is null.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="OverflowException">A number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">A number is complex and the dtype is real.</exception>
    [OverloadResolutionPriority(2)]
    public static Tensor Tensor(Scalar[][][] data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        FromNested<Scalar>(data, dtype, device, requiresGrad);

    /// <summary>A 4-dimensional tensor of numbers written in the source. Mirrors <c>torch.tensor</c>.</summary>
    /// <param name="data">The parts, all of one shape.</param>
    /// <param name="dtype">The dtype; null: by the widest kind among the numbers.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>The shape of the nesting, 4 dimensions.</returns>
    /// <exception cref="ArgumentException">Parts differ in length, or one is null.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="OverflowException">A number does not fit an integer dtype.</exception>
    /// <exception cref="TorchTypeException">A number is complex and the dtype is real.</exception>
    [OverloadResolutionPriority(2)]
    public static Tensor Tensor(Scalar[][][][] data, DType? dtype = null, Device? device = null, bool requiresGrad = false) =>
        FromNested<Scalar>(data, dtype, device, requiresGrad);

    /// <summary>
    /// A tensor with a copy of the array, of the array's own element type: <c>float[]</c> gives float32, <c>double[]</c> float64, as
    /// NumPy arrays do in Python. Mirrors <c>torch.tensor</c>.
    /// </summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows.</typeparam>
    /// <param name="data">The elements.</param>
    /// <param name="dtype">The dtype, to which they are converted; null: that of <typeparamref name="T"/>.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>Shape <c>(N)</c> of the array's length N.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    /// <exception cref="TorchException">
    /// libtorch was built without support for the device, or a gradient is asked of a dtype that is neither floating-point nor complex.
    /// </exception>
    public static Tensor Tensor<T>(T[] data, DType? dtype = null, Device? device = null, bool requiresGrad = false) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return Finish(Copy<T>(data, [data.Length]), dtype, device, requiresGrad);
    }

    /// <summary>A tensor with a copy of the span, in the given shape (default: one dimension). Mirrors <c>torch.tensor</c>.</summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows.</typeparam>
    /// <param name="data">The elements, row by row.</param>
    /// <param name="shape">The sizes; default: one dimension.</param>
    /// <param name="dtype">The dtype, to which they are converted; null: that of <typeparamref name="T"/>.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>A tensor of the shape.</returns>
    /// <exception cref="ArgumentException">The shape does not hold as many elements as the span.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor Tensor<T>(
        ReadOnlySpan<T> data, IntList shape = default, DType? dtype = null, Device? device = null, bool requiresGrad = false)
        where T : unmanaged
    {
        var length = (long)data.Length;
        return Finish(Copy(data, shape.IsGiven ? shape.Span : new ReadOnlySpan<long>(in length)), dtype, device, requiresGrad);
    }

    /// <summary>
    /// A tensor with a copy of a rectangular array (<c>float[,]</c>) or a jagged one (<c>float[][]</c>) of any depth.
    /// Mirrors <c>torch.tensor</c>.
    /// </summary>
    /// <param name="data">The array; of numbers, at the innermost level.</param>
    /// <param name="dtype">The dtype, to which they are converted; null: that of the elements.</param>
    /// <param name="device">The device; null: the default device.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>The shape of the array, or of the nesting.</returns>
    /// <exception cref="ArgumentException">Parts of a jagged array differ in length, are null, or are rectangular arrays themselves.</exception>
    /// <exception cref="NotSupportedException">The element type has no dtype.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    public static Tensor Tensor(Array data, DType? dtype = null, Device? device = null, bool requiresGrad = false)
    {
        ArgumentNullException.ThrowIfNull(data);
        var element = data.GetType().GetElementType()!;
        if (!element.IsArray)
            return Finish(CopyArray(data, element), dtype, device, requiresGrad);
        while (element.IsArray)
            element = element.GetElementType()!;
        return element == typeof(float) ? FromNested<float>(data, dtype, device, requiresGrad)
            : element == typeof(double) ? FromNested<double>(data, dtype, device, requiresGrad)
            : element == typeof(long) ? FromNested<long>(data, dtype, device, requiresGrad)
            : element == typeof(int) ? FromNested<int>(data, dtype, device, requiresGrad)
            : element == typeof(byte) ? FromNested<byte>(data, dtype, device, requiresGrad)
            : element == typeof(bool) ? FromNested<bool>(data, dtype, device, requiresGrad)
            : element == typeof(sbyte) ? FromNested<sbyte>(data, dtype, device, requiresGrad)
            : element == typeof(short) ? FromNested<short>(data, dtype, device, requiresGrad)
            : element == typeof(ushort) ? FromNested<ushort>(data, dtype, device, requiresGrad)
            : element == typeof(uint) ? FromNested<uint>(data, dtype, device, requiresGrad)
            : element == typeof(ulong) ? FromNested<ulong>(data, dtype, device, requiresGrad)
            : element == typeof(Half) ? FromNested<Half>(data, dtype, device, requiresGrad)
            : element == typeof(BFloat16) ? FromNested<BFloat16>(data, dtype, device, requiresGrad)
            : element == typeof(Complex64) ? FromNested<Complex64>(data, dtype, device, requiresGrad)
            : element == typeof(System.Numerics.Complex) ? FromNested<System.Numerics.Complex>(data, dtype, device, requiresGrad)
            : element == typeof(Scalar) ? FromNested<Scalar>(data, dtype, device, requiresGrad)
            : throw new NotSupportedException($"No tensor dtype has elements of type {element}.");
    }

    /// <summary>
    /// A tensor over the array's own memory, without a copy: a change on one side shows on the other. The array stays pinned until the
    /// last tensor that shares the memory is gone. Mirrors <c>torch.from_numpy</c>.
    /// </summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows; it gives the dtype.</typeparam>
    /// <param name="data">The elements, row by row.</param>
    /// <param name="shape">The sizes; default: one dimension.</param>
    /// <returns>A tensor of the shape, on the processor.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="data"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// The shape does not hold as many elements as the array, or its memory does not begin at a multiple of the element's size.
    /// </exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    public static Tensor FromArray<T>(T[] data, IntList shape = default) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return FromMemory(data.AsMemory(), shape);
    }

    /// <summary>A tensor over memory that is shared, not copied; it stays pinned while any tensor uses it. Mirrors <c>torch.from_numpy</c>.</summary>
    /// <typeparam name="T">A type that <see cref="DTypeExtensions.Of{T}"/> knows; it gives the dtype.</typeparam>
    /// <param name="data">The elements, row by row.</param>
    /// <param name="shape">The sizes; default: one dimension.</param>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded.</param>
    /// <returns>A tensor of the shape, on the processor.</returns>
    /// <exception cref="ArgumentException">
    /// The shape does not hold as many elements as the memory, or the memory does not begin at a multiple of the element's size, as
    /// libtorch needs it (possible for <see cref="System.Numerics.Complex"/>, which .NET aligns to half of it).
    /// </exception>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    /// <exception cref="TorchException">A gradient is asked of a dtype that is neither floating-point nor complex.</exception>
    public static unsafe Tensor FromMemory<T>(Memory<T> data, IntList shape = default, bool requiresGrad = false) where T : unmanaged
    {
        DTypeExtensions.Of<T>();
        var length = (long)data.Length;
        var sizes = shape.IsGiven ? shape.Span : new ReadOnlySpan<long>(in length);
        CheckCount(sizes, length, nameof(shape));
        var pin = data.Pin();
        return FromPinned<T>(pin, pin.Pointer, sizes, [], requiresGrad, nameof(data));
    }

    /// <summary>A tensor over pinned memory, which it releases when the last tensor that shares it is gone.</summary>
    /// <param name="pin">The memory; released at once if there is no tensor.</param>
    /// <param name="data">The first element, in this memory.</param>
    /// <param name="sizes">The shape.</param>
    /// <param name="strides">The strides; empty: contiguous.</param>
    /// <param name="requiresGrad">Whether operations are recorded.</param>
    /// <param name="name">The parameter of the caller, for errors.</param>
    internal static unsafe Tensor FromPinned<T>(
        MemoryHandle pin, void* data, ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides, bool requiresGrad, string name) where T : unmanaged
    {
        DType dtype;
        try
        {
            dtype = DTypeExtensions.Of<T>();
            if ((nuint)data % (nuint)sizeof(T) != 0)
            {
                throw new ArgumentException(
                    $"The memory does not begin at a multiple of {sizeof(T)} bytes, as libtorch needs for {dtype.Name()}. Copy it with Torch.Tensor, "
                    + "or make the tensor first and fill it through x.Data<T>().", name);
            }
        }
        catch
        {
            pin.Dispose();
            throw;
        }
        var context = GCHandle.ToIntPtr(GCHandle.Alloc(new PinnedMemory(pin)));
        nint result;
        int status;
        fixed (long* pointer = sizes)
        fixed (long* steps = strides)
        {
            status = NativeMethods.tb_tensor_from_blob(data, pointer, sizes.Length, steps, (int)dtype, (int)DeviceType.Cpu, -1,
                &ReleasePinnedMemory, (void*)context, &result);
        }
        if (status != 0)
        {
            Release(context);
            NativeError.Check(status);
        }
        var tensor = TorchBind.Tensor.Wrap(result);
        if (requiresGrad)
            tensor.RequiresGrad = true;
        return tensor;
    }

    private sealed class PinnedMemory(MemoryHandle handle)
    {
        internal void Free() => handle.Dispose();
    }

    private static void Release(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        ((PinnedMemory)handle.Target!).Free();
        handle.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void ReleasePinnedMemory(void* context) => Release((nint)context);

    /// <summary>Dtype, device and gradient flag, each only where asked for.</summary>
    private static Tensor Finish(Tensor tensor, DType? dtype, Device? device, bool requiresGrad)
    {
        if (device is null && Interop.OperatorArgument.DefaultDevice != -1)
            device = GetDefaultDevice();
        if ((dtype is { } type && type != tensor.DType) || (device is { } place && place != tensor.Device))
        {
            var converted = tensor.To(dtype, device: device);
            tensor.Dispose();
            tensor = converted;
        }
        if (requiresGrad)
            tensor.RequiresGrad = true;
        return tensor;
    }

    private static unsafe Tensor Copy<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> shape) where T : unmanaged
    {
        var dtype = DTypeExtensions.Of<T>();
        CheckCount(shape, data.Length, nameof(shape));
        nint result;
        fixed (T* source = data)
        fixed (long* sizes = shape)
            NativeError.Check(NativeMethods.tb_tensor_from_bytes(source, (long)data.Length * sizeof(T), sizes, shape.Length, (int)dtype, &result));
        return TorchBind.Tensor.Wrap(result);
    }

    private static unsafe Tensor CopyArray(Array data, Type element)
    {
        var dtype = DTypeExtensions.TryOf(element) ?? throw new NotSupportedException($"No tensor dtype has elements of type {element}.");
        var shape = new long[data.Rank];
        for (var i = 0; i < shape.Length; i++)
            shape[i] = data.GetLongLength(i);
        nint result;
        fixed (byte* source = &MemoryMarshal.GetArrayDataReference(data))
        fixed (long* sizes = shape)
            NativeError.Check(NativeMethods.tb_tensor_from_bytes(source, data.LongLength * dtype.ItemSize(), sizes, shape.Length, (int)dtype, &result));
        return TorchBind.Tensor.Wrap(result);
    }

    private static void CheckCount(ReadOnlySpan<long> shape, long count, string name)
    {
        var product = 1L;
        foreach (var size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, name);
            product = checked(product * size);
        }
        if (product != count)
            throw new ArgumentException($"The shape {new Shape(shape)} holds {product} elements, the data has {count}.", name);
    }

    /// <summary>Python's rule for numbers of mixed kinds: the widest kind decides.</summary>
    private static Tensor FromScalars(ReadOnlySpan<Scalar> data, ReadOnlySpan<long> shape, DType? dtype)
    {
        bool complex = false, floating = false, integer = false;
        foreach (ref readonly var value in data)
        {
            complex |= value.IsComplex;
            floating |= value.IsFloatingPoint;
            integer |= value.IsInteger;
        }
        Scalar kind = complex ? new System.Numerics.Complex(0, 0) : floating || data.Length == 0 ? 0.0 : integer ? 0 : false;
        if (complex && dtype is null && GetDefaultDType() is not (DType.Float16 or DType.Float32 or DType.Float64) and var real)
            throw new TorchException($"There is no complex counterpart of the default dtype {real.Name()}: name a dtype.");
        var wanted = dtype ?? kind.DType;
        if (complex && !wanted.IsComplex() && wanted != DType.Bool)
            throw new TorchTypeException($"Complex numbers do not fit {wanted.Name()}, which is real.");
        switch (wanted)
        {
            case DType.Float32: return Convert<float>(data, shape);
            case DType.Float64: return Convert<double>(data, shape);
            case DType.Int64: return Convert<long>(data, shape);
            case DType.Bool: return Convert<bool>(data, shape);
        }
        CheckRange(data, wanted);
        // The other dtypes are converted by libtorch, from the widest type of the kind.
        using var wide = complex || wanted.IsComplex() ? Convert<System.Numerics.Complex>(data, shape)
            : wanted.IsFloatingPoint() || floating ? Convert<double>(data, shape)
            : Convert<long>(data, shape);
        return wide.To(wanted);
    }

    // The shorter integers: fractions are cut off, negative integers wrap around in the unsigned dtypes, as in Python.
    private static void CheckRange(ReadOnlySpan<Scalar> data, DType dtype)
    {
        var (least, most) = dtype switch
        {
            DType.UInt8 => (0, byte.MaxValue),
            DType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            DType.UInt16 => (0, ushort.MaxValue),
            DType.Int16 => (short.MinValue, short.MaxValue),
            DType.UInt32 => (0, uint.MaxValue),
            DType.Int32 => (int.MinValue, int.MaxValue),
            DType.UInt64 => ((Int128)0, ulong.MaxValue),
            _ => (Int128.MinValue, Int128.MaxValue),
        };
        if (most == Int128.MaxValue)
            return;
        var wrapped = least != 0 ? least : dtype == DType.UInt64 ? 0 : -most;
        foreach (ref readonly var value in data)
        {
            var fits = value.IsFloatingPoint
                ? value.ToDouble() >= (double)least && value.ToDouble() < (double)(most + 1)
                : value.ToInt64() >= wrapped && value.ToInt64() <= most;
            if (!fits)
                throw new OverflowException($"{value} does not fit {dtype.Name()}, which goes from {least} to {most}.");
        }
    }

    private static Tensor Convert<T>(ReadOnlySpan<Scalar> data, ReadOnlySpan<long> shape) where T : unmanaged
    {
        var values = ArrayPool<T>.Shared.Rent(data.Length);
        try
        {
            for (var i = 0; i < data.Length; i++)
                values[i] = data[i].To<T>();
            return Copy<T>(values.AsSpan(0, data.Length), shape);
        }
        finally
        {
            ArrayPool<T>.Shared.Return(values);
        }
    }

    private static Tensor FromNested<T>(Array data, DType? dtype, Device? device, bool requiresGrad) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        var shape = new List<long>();
        for (Array? level = data; ;)
        {
            shape.Add(level.Length);
            if (level is T[] || level.Length == 0 && level.GetType().GetElementType() == typeof(T))
                break;
            if (level.Length == 0)
            {
                // As in Python, [[], []] has shape [2, 0] and [] has shape [0]: nothing is known below an empty list.
                break;
            }
            level = level.GetValue(0) as Array ?? throw new ArgumentException("A part of the nested array is null.", nameof(data));
        }
        var values = new List<T>();
        Fill(data, 0);
        var span = CollectionsMarshal.AsSpan(values);
        var sizes = CollectionsMarshal.AsSpan(shape);
        return typeof(T) == typeof(Scalar)
            ? Finish(FromScalars(MemoryMarshal.Cast<T, Scalar>(span), sizes, dtype), null, device, requiresGrad)
            : Finish(Copy<T>(span, sizes), dtype, device, requiresGrad);

        void Fill(Array level, int depth)
        {
            if (level.Length != shape[depth])
            {
                throw new ArgumentException(
                    $"The nested array is not rectangular: expected {shape[depth]} entries at dimension {depth}, found {level.Length}.", nameof(data));
            }
            if (level is T[] leaf)
            {
                values.AddRange(leaf);
                return;
            }
            for (var i = 0; i < level.Length; i++)
                Fill(level.GetValue(i) as Array ?? throw new ArgumentException("A part of the nested array is null.", nameof(data)), depth + 1);
        }
    }
}
