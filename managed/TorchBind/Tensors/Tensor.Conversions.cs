namespace TorchBind;

public partial class Tensor
{
    /// <summary>
    /// The tensor on a device, and of a dtype if one is given; this very tensor's memory where nothing has to change. Mirrors
    /// <c>Tensor.to(device, dtype)</c>.
    /// </summary>
    /// <param name="device">Where the result lies: <c>x.To("cuda")</c>.</param>
    /// <param name="dtype">Its dtype; null: as this tensor.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="copy">Copies even where nothing has to change.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape; shares the memory where device, dtype and order agree.</returns>
    /// <exception cref="TorchException">libtorch was built without support for the kind of device, or cannot convert to the dtype.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data (device <c>meta</c>), or there is no such device.</exception>
    public Tensor To(Device device, DType? dtype = null, bool nonBlocking = false, bool copy = false, MemoryFormat? memoryFormat = null) =>
        To(dtype: dtype, layout: null, device: device, nonBlocking: nonBlocking, copy: copy, memoryFormat: memoryFormat);

    /// <summary>The tensor in main memory. Mirrors <c>Tensor.cpu()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and dtype; shares the memory where it is there already.</returns>
    /// <exception cref="TorchNotImplementedException">The tensor has no data: it is on the device <c>meta</c>.</exception>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Cpu(MemoryFormat? memoryFormat = null) => To(Device.Cpu, memoryFormat: memoryFormat);

    /// <summary>The tensor on a CUDA device. Mirrors <c>Tensor.cuda()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and dtype; shares the memory where it is there already.</returns>
    /// <exception cref="TorchException">libtorch was built without support for such devices.</exception>
    /// <exception cref="ArgumentException"><paramref name="device"/> is given and is not a CUDA one.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data (device <c>meta</c>), or there is no device with the index.</exception>
    public Tensor Cuda(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(OfType(device, DeviceType.Cuda), nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on an Intel XPU. Mirrors <c>Tensor.xpu()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and dtype; shares the memory where it is there already.</returns>
    /// <exception cref="TorchException">libtorch was built without support for such devices.</exception>
    /// <exception cref="ArgumentException"><paramref name="device"/> is given and is not an XPU.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data (device <c>meta</c>), or there is no device with the index.</exception>
    public Tensor Xpu(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(OfType(device, DeviceType.Xpu), nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on a Graphcore IPU. Mirrors <c>Tensor.ipu()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and dtype; shares the memory where it is there already.</returns>
    /// <exception cref="TorchException">libtorch was built without support for such devices.</exception>
    /// <exception cref="ArgumentException"><paramref name="device"/> is given and is not an IPU.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data (device <c>meta</c>), or there is no device with the index.</exception>
    public Tensor Ipu(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(OfType(device, DeviceType.Ipu), nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on an MTIA device. Mirrors <c>Tensor.mtia()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and dtype; shares the memory where it is there already.</returns>
    /// <exception cref="TorchException">libtorch was built without support for such devices.</exception>
    /// <exception cref="ArgumentException"><paramref name="device"/> is given and is not an MTIA device.</exception>
    /// <exception cref="TorchNotImplementedException">The tensor has no data (device <c>meta</c>), or there is no device with the index.</exception>
    public Tensor Mtia(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(OfType(device, DeviceType.Mtia), nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor as float32. Mirrors <c>Tensor.float()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is float32 already, in this order. Of complex numbers the real parts stay.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Float(MemoryFormat? memoryFormat = null) => To(DType.Float32, memoryFormat: memoryFormat);

    /// <summary>The tensor as float64. Mirrors <c>Tensor.double()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is float64 already, in this order. Of complex numbers the real parts stay.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Double(MemoryFormat? memoryFormat = null) => To(DType.Float64, memoryFormat: memoryFormat);

    /// <summary>The tensor as float16. Mirrors <c>Tensor.half()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is float16 already, in this order. Of complex numbers the real parts stay.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Half(MemoryFormat? memoryFormat = null) => To(DType.Float16, memoryFormat: memoryFormat);

    /// <summary>The tensor as bfloat16. Mirrors <c>Tensor.bfloat16()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is bfloat16 already, in this order. Of complex numbers the real parts stay.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Bfloat16(MemoryFormat? memoryFormat = null) => To(DType.BFloat16, memoryFormat: memoryFormat);

    /// <summary>The tensor as complex64. Mirrors <c>Tensor.cfloat()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and device; shares the memory where it is complex64 already, in this order.</returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Cfloat(MemoryFormat? memoryFormat = null) => To(DType.Complex64, memoryFormat: memoryFormat);

    /// <summary>The tensor as complex128. Mirrors <c>Tensor.cdouble()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and device; shares the memory where it is complex128 already, in this order.</returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Cdouble(MemoryFormat? memoryFormat = null) => To(DType.Complex128, memoryFormat: memoryFormat);

    /// <summary>The tensor as int64; fractions are cut off. Mirrors <c>Tensor.long()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is int64 already, in this order. What is out of range, or not finite, gives no defined
    /// number.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Long(MemoryFormat? memoryFormat = null) => To(DType.Int64, memoryFormat: memoryFormat);

    /// <summary>The tensor as int32; fractions are cut off. Mirrors <c>Tensor.int()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is int32 already, in this order. What is out of range, or not finite, gives no defined
    /// number.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Int(MemoryFormat? memoryFormat = null) => To(DType.Int32, memoryFormat: memoryFormat);

    /// <summary>The tensor as int16; fractions are cut off. Mirrors <c>Tensor.short()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is int16 already, in this order. What is out of range, or not finite, gives no defined
    /// number.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Short(MemoryFormat? memoryFormat = null) => To(DType.Int16, memoryFormat: memoryFormat);

    /// <summary>The tensor as int8; fractions are cut off. Mirrors <c>Tensor.char()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is int8 already, in this order. What is out of range, or not finite, gives no defined
    /// number.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Char(MemoryFormat? memoryFormat = null) => To(DType.Int8, memoryFormat: memoryFormat);

    /// <summary>The tensor as uint8; fractions are cut off. Mirrors <c>Tensor.byte()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>
    /// The same shape and device; shares the memory where it is uint8 already, in this order. What is out of range, or not finite, gives no defined
    /// number.
    /// </returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Byte(MemoryFormat? memoryFormat = null) => To(DType.UInt8, memoryFormat: memoryFormat);

    /// <summary>The tensor as bool: true where an element differs from zero. Mirrors <c>Tensor.bool()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <returns>The same shape and device; shares the memory where it is bool already, in this order.</returns>
    /// <exception cref="TorchException">
    /// The tensor has not the rank that <paramref name="memoryFormat"/> needs: 4 for channels last, 5 for its 3-dimensional form.
    /// </exception>
    public Tensor Bool(MemoryFormat? memoryFormat = null) => To(DType.Bool, memoryFormat: memoryFormat);

    private static Device OfType(Device? device, DeviceType type) => device is { } given && given.Type != type
        ? throw new ArgumentException($"{given} is no device of type {type}; To(device) takes any.", nameof(device))
        : device ?? type;
}
