namespace TorchBind;

/// <summary>Memory layouts, with the numbers of <c>c10::Layout</c>. Mirrors <c>torch.layout</c>.</summary>
public enum Layout
{
    /// <summary>Dense, addressed by strides.</summary>
    Strided = 0,
    /// <summary>Coordinate list (COO).</summary>
    Sparse = 1,
    /// <summary>Compressed sparse row.</summary>
    SparseCsr = 2,
    /// <summary>oneDNN's blocked layout.</summary>
    Mkldnn = 3,
    /// <summary>Compressed sparse column.</summary>
    SparseCsc = 4,
    /// <summary>Blocked compressed sparse row.</summary>
    SparseBsr = 5,
    /// <summary>Blocked compressed sparse column.</summary>
    SparseBsc = 6,
    /// <summary>Nested tensor with jagged dimension.</summary>
    Jagged = 7,
}

/// <summary>Orders of the elements in memory, with the numbers of <c>c10::MemoryFormat</c>. Mirrors <c>torch.memory_format</c>.</summary>
public enum MemoryFormat
{
    /// <summary>Row-major.</summary>
    Contiguous = 0,
    /// <summary>As the input.</summary>
    Preserve = 1,
    /// <summary>NHWC.</summary>
    ChannelsLast = 2,
    /// <summary>NDHWC.</summary>
    ChannelsLast3d = 3,
}

/// <summary>Kinds of devices, with the numbers of <c>c10::DeviceType</c>.</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    Cpu = 0,
    /// <summary>CUDA, or ROCm in its builds.</summary>
    Cuda = 1,
    /// <summary>oneDNN.</summary>
    Mkldnn = 2,
    /// <summary>OpenGL.</summary>
    OpenGL = 3,
    /// <summary>OpenCL.</summary>
    OpenCL = 4,
    /// <summary>IDEEP.</summary>
    Ideep = 5,
    /// <summary>AMD HIP.</summary>
    Hip = 6,
    /// <summary>FPGA.</summary>
    Fpga = 7,
    /// <summary>MAIA.</summary>
    Maia = 8,
    /// <summary>XLA.</summary>
    Xla = 9,
    /// <summary>Vulkan.</summary>
    Vulkan = 10,
    /// <summary>Metal.</summary>
    Metal = 11,
    /// <summary>Intel XPU.</summary>
    Xpu = 12,
    /// <summary>Apple MPS.</summary>
    Mps = 13,
    /// <summary>Shapes and dtypes without data.</summary>
    Meta = 14,
    /// <summary>Habana.</summary>
    Hpu = 15,
    /// <summary>SX-Aurora.</summary>
    Ve = 16,
    /// <summary>Lazy tensors.</summary>
    Lazy = 17,
    /// <summary>Graphcore.</summary>
    Ipu = 18,
    /// <summary>Meta's accelerator.</summary>
    Mtia = 19,
    /// <summary>A backend registered by an extension.</summary>
    PrivateUse1 = 20,
}

/// <summary>What a loss does with its elements, with the numbers of <c>at::Reduction</c>.</summary>
public enum Reduction
{
    /// <summary>Nothing: one loss per element.</summary>
    None = 0,
    /// <summary>The mean.</summary>
    Mean = 1,
    /// <summary>The sum.</summary>
    Sum = 2,
}
