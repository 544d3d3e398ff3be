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
    /// <exception cref="TorchException">The device is not there.</exception>
    public Tensor To(Device device, DType? dtype = null, bool nonBlocking = false, bool copy = false, MemoryFormat? memoryFormat = null) =>
        To(dtype: dtype, layout: null, device: device, nonBlocking: nonBlocking, copy: copy, memoryFormat: memoryFormat);

    /// <summary>The tensor in main memory. Mirrors <c>Tensor.cpu()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Cpu(MemoryFormat? memoryFormat = null) => To(Device.Cpu, memoryFormat: memoryFormat);

    /// <summary>The tensor on a CUDA device. Mirrors <c>Tensor.cuda()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <exception cref="TorchException">There is no such device.</exception>
    public Tensor Cuda(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(device ?? DeviceType.Cuda, nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on an Intel XPU. Mirrors <c>Tensor.xpu()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <exception cref="TorchException">There is no such device.</exception>
    public Tensor Xpu(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(device ?? DeviceType.Xpu, nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on a Graphcore IPU. Mirrors <c>Tensor.ipu()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <exception cref="TorchException">There is no such device.</exception>
    public Tensor Ipu(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(device ?? DeviceType.Ipu, nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor on an MTIA device. Mirrors <c>Tensor.mtia()</c>.</summary>
    /// <param name="device">Which one; null: the current one.</param>
    /// <param name="nonBlocking">Lets a copy from pinned memory run beside the program.</param>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    /// <exception cref="TorchException">There is no such device.</exception>
    public Tensor Mtia(Device? device = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null) =>
        To(device ?? DeviceType.Mtia, nonBlocking: nonBlocking, memoryFormat: memoryFormat);

    /// <summary>The tensor as float32. Mirrors <c>Tensor.float()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Float(MemoryFormat? memoryFormat = null) => To(DType.Float32, memoryFormat: memoryFormat);

    /// <summary>The tensor as float64. Mirrors <c>Tensor.double()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Double(MemoryFormat? memoryFormat = null) => To(DType.Float64, memoryFormat: memoryFormat);

    /// <summary>The tensor as float16. Mirrors <c>Tensor.half()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Half(MemoryFormat? memoryFormat = null) => To(DType.Float16, memoryFormat: memoryFormat);

    /// <summary>The tensor as bfloat16. Mirrors <c>Tensor.bfloat16()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Bfloat16(MemoryFormat? memoryFormat = null) => To(DType.BFloat16, memoryFormat: memoryFormat);

    /// <summary>The tensor as complex64. Mirrors <c>Tensor.cfloat()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Cfloat(MemoryFormat? memoryFormat = null) => To(DType.Complex64, memoryFormat: memoryFormat);

    /// <summary>The tensor as complex128. Mirrors <c>Tensor.cdouble()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Cdouble(MemoryFormat? memoryFormat = null) => To(DType.Complex128, memoryFormat: memoryFormat);

    /// <summary>The tensor as int64; fractions are cut off. Mirrors <c>Tensor.long()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Long(MemoryFormat? memoryFormat = null) => To(DType.Int64, memoryFormat: memoryFormat);

    /// <summary>The tensor as int32; fractions are cut off. Mirrors <c>Tensor.int()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Int(MemoryFormat? memoryFormat = null) => To(DType.Int32, memoryFormat: memoryFormat);

    /// <summary>The tensor as int16; fractions are cut off. Mirrors <c>Tensor.short()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Short(MemoryFormat? memoryFormat = null) => To(DType.Int16, memoryFormat: memoryFormat);

    /// <summary>The tensor as int8; fractions are cut off. Mirrors <c>Tensor.char()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Char(MemoryFormat? memoryFormat = null) => To(DType.Int8, memoryFormat: memoryFormat);

    /// <summary>The tensor as uint8; fractions are cut off. Mirrors <c>Tensor.byte()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Byte(MemoryFormat? memoryFormat = null) => To(DType.UInt8, memoryFormat: memoryFormat);

    /// <summary>The tensor as bool: true where an element differs from zero. Mirrors <c>Tensor.bool()</c>.</summary>
    /// <param name="memoryFormat">The order of its elements; null: as this tensor.</param>
    public Tensor Bool(MemoryFormat? memoryFormat = null) => To(DType.Bool, memoryFormat: memoryFormat);
}
