namespace TorchBind;

// Attributes of Python's Tensor that stand above ATen.
public partial class Tensor
{
    /// <summary>
    /// The real parts, as a view; the tensor itself where it is real. Set: copies into them. Mirrors <c>Tensor.real</c>.
    /// </summary>
    public Tensor Real
    {
        get => Torch.Real(this);
        set
        {
            using var part = Torch.Real(this);
            part.Copy_(value);
        }
    }

    /// <summary>The imaginary parts, as a view. Set: copies into them. Mirrors <c>Tensor.imag</c>.</summary>
    /// <exception cref="TorchException">The tensor is real.</exception>
    public Tensor Imag
    {
        get => Torch.Imag(this);
        set
        {
            using var part = Torch.Imag(this);
            part.Copy_(value);
        }
    }

    /// <summary>Bytes of one element. Mirrors <c>Tensor.itemsize</c>.</summary>
    public int Itemsize => ElementSize();

    /// <summary>Number of elements; another name of <see cref="Numel"/>. Mirrors <c>Tensor.nelement()</c>.</summary>
    /// <returns>The product of the sizes.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public long Nelement() => Numel();

    /// <summary>Number of dimensions; another name of <see cref="Dim"/>. Mirrors <c>Tensor.ndimension()</c>.</summary>
    /// <returns>The number; 0 for a tensor of a single number.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public int Ndimension() => NDim;

    /// <summary>The index of the device, -1 for the processor. Mirrors <c>Tensor.get_device()</c>.</summary>
    /// <returns>The index.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public int GetDevice() => Device.Index;

    /// <summary>Address of the first element, for reading only; valid while the tensor lives. Mirrors <c>Tensor.const_data_ptr()</c>.</summary>
    /// <returns>The address; as <see cref="DataPtr"/> gives it.</returns>
    /// <exception cref="TorchException">The layout has no storage: all sparse ones.</exception>
    public nint ConstDataPtr() => DataPtr();

    /// <summary>The memory behind the tensor. Mirrors <c>Tensor.storage()</c>, whose storage knows a dtype in Python.</summary>
    /// <returns>A new object for the storage; as <see cref="UntypedStorage"/> gives it.</returns>
    /// <exception cref="TorchNotImplementedException">The layout has no storage: all sparse ones.</exception>
    public Storage Storage() => UntypedStorage();

    /// <summary>
    /// Moves the memory behind the tensor to where other processes can map it (<c>/dev/shm</c>); tensors that share the memory go on sharing it. Where
    /// it is there already, or on another device, nothing happens. Spans and addresses taken before are no longer valid. Mirrors
    /// <c>Tensor.share_memory_</c> with file descriptors, its default on Linux.
    /// </summary>
    /// <returns>This tensor.</returns>
    /// <exception cref="TorchException">The tensor has no memory of its own kind (sparse layouts), or there is no room for it.</exception>
    public unsafe Tensor ShareMemory_()
    {
        using var self = new Interop.Borrow(this);
        Interop.NativeError.Check(Interop.NativeMethods.tb_tensor_share_memory(self.Handle));
        return this;
    }

    /// <summary>Whether the memory is where other processes can map it (<see cref="ShareMemory_"/>), or on a CUDA device. Mirrors <c>Tensor.is_shared</c>.</summary>
    /// <returns>Whether it is shared.</returns>
    /// <exception cref="TorchException">The tensor has no memory of its own kind (sparse layouts).</exception>
    public unsafe bool IsShared()
    {
        using var self = new Interop.Borrow(this);
        byte result;
        Interop.NativeError.Check(Interop.NativeMethods.tb_tensor_is_shared(self.Handle, &result));
        return result != 0;
    }

    /// <summary>Whether the elements are in main memory. Mirrors <c>Tensor.is_cpu</c>.</summary>
    public bool IsCpu => Device.Type == DeviceType.Cpu;

    /// <summary>Whether the tensor is on an Apple GPU. Mirrors <c>Tensor.is_mps</c>.</summary>
    public bool IsMps => Device.Type == DeviceType.Mps;

    /// <summary>Whether the tensor is on an Intel XPU. Mirrors <c>Tensor.is_xpu</c>.</summary>
    public bool IsXpu => Device.Type == DeviceType.Xpu;

    /// <summary>Whether the tensor is on an XLA device. Mirrors <c>Tensor.is_xla</c>.</summary>
    public bool IsXla => Device.Type == DeviceType.Xla;

    /// <summary>Whether the tensor is on a Graphcore IPU. Mirrors <c>Tensor.is_ipu</c>.</summary>
    public bool IsIpu => Device.Type == DeviceType.Ipu;

    /// <summary>Whether the tensor is on a MAIA device. Mirrors <c>Tensor.is_maia</c>.</summary>
    public bool IsMaia => Device.Type == DeviceType.Maia;

    /// <summary>Whether the tensor is on an MTIA device. Mirrors <c>Tensor.is_mtia</c>.</summary>
    public bool IsMtia => Device.Type == DeviceType.Mtia;

    /// <summary>Whether the tensor is on a Vulkan device. Mirrors <c>Tensor.is_vulkan</c>.</summary>
    public bool IsVulkan => Device.Type == DeviceType.Vulkan;

    /// <summary>Whether the layout is oneDNN's. Mirrors <c>Tensor.is_mkldnn</c>.</summary>
    public bool IsMkldnn => Layout == Layout.Mkldnn;

    /// <summary>Whether the layout is compressed sparse row. Mirrors <c>Tensor.is_sparse_csr</c>.</summary>
    public bool IsSparseCsr => Layout == Layout.SparseCsr;

    /// <summary>
    /// The names of the dimensions, null for one that has none. Mirrors <c>Tensor.names</c>; libtorch 2.14 has no named dimensions any more.
    /// </summary>
    public unsafe string?[] Names
    {
        get
        {
            const int Capacity = 64; // libtorch's own limit
            using var self = new Interop.Borrow(this);
            var texts = stackalloc byte*[Capacity];
            long count;
            Interop.NativeError.Check(Interop.NativeMethods.tb_tensor_names(self.Handle, texts, Capacity, &count));
            var names = new string?[NDim];
            for (var i = 0; i < count; i++)
                names[i] = texts[i] == null ? null : Interop.NativeText.Take(texts[i]);
            return names;
        }
    }

    /// <summary>Whether a dimension has a name. Mirrors <c>Tensor.has_names()</c>; libtorch 2.14 has no named dimensions any more.</summary>
    /// <returns>Whether any of <see cref="Names"/> is there.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public bool HasNames() => Array.Exists(Names, n => n is not null);

    /// <summary>
    /// The dtype that gradients of this leaf have; null: any. Default: the tensor's own. Mirrors <c>Tensor.grad_dtype</c> of libtorch 2.14.
    /// </summary>
    /// <exception cref="NotSupportedException">The libtorch at hand is older.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public unsafe DType? GradDType
    {
        get
        {
            using var self = new Interop.Borrow(this);
            int dtype;
            Interop.NativeError.Check(Interop.NativeMethods.tb_context_grad_dtype(self.Handle, &dtype));
            return dtype < 0 ? null : (DType)dtype;
        }
        set
        {
            using var self = new Interop.Borrow(this);
            Interop.NativeError.Check(Interop.NativeMethods.tb_context_set_grad_dtype(self.Handle, value is { } given ? (int)given : -1));
        }
    }
}
