using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchBind.Autograd;
using TorchBind.Diagnostics;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>
/// A multi-dimensional array of libtorch. Owns one reference to the native tensor and gives it back when it is disposed
/// or, at the latest, when it is out of reach: nothing leaks without <c>Dispose</c>. Mirrors <c>torch.Tensor</c>.
/// </summary>
/// <remarks>
/// Using a disposed tensor throws <see cref="ObjectDisposedException"/>; disposing twice, and disposing while another thread is
/// inside a call on the tensor, is safe. The operators (<c>+</c>, <c>==</c>, ...) broadcast their operands and promote dtypes as in Python:
/// a null operand throws <see cref="ArgumentNullException"/>, shapes that do not broadcast <see cref="TorchException"/>. A conversion to a
/// number (<c>(float)x</c>) throws it where the tensor has not exactly one element.
/// </remarks>
[SuppressMessage("Design", "CA1063", Justification = "No finalizer here: the handle has it.")]
[SuppressMessage("Usage", "CA1816", Justification = "No finalizer here: the handle has it.")]
public partial class Tensor : IDisposable
{
    // Null once disposed. The handle may then serve another tensor: who holds it checks again that it is still this tensor's.
    private TensorHandle? _handle;

    /// <summary>Takes over one reference to a native tensor.</summary>
    /// <param name="handle">The native handle, owned from now on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected internal Tensor(nint handle)
    {
        var thread = PerThread.Current;
        _handle = TensorHandle.Take(handle, thread);
        thread.Made++;
        thread.Scope?.Add(this);
        if (TensorTracking.Enabled)
            TensorTracking.Made(this);
        MemoryPressure.Poll();
    }

    /// <summary>Whether the tensor was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _handle) is null;

    /// <summary>Frees the native tensor, or leaves that to the last call under way on another thread. Disposing twice is harmless.</summary>
    /// <remarks>Throws nothing.</remarks>
    public void Dispose()
    {
        var handle = Interlocked.Exchange(ref _handle, null);
        if (handle is null)
            return;
        if (TensorTracking.Enabled)
            TensorTracking.Disposed(this);
        handle.Disown();
    }

    /// <summary>Holds the native tensor for a call; the caller releases what it gets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal TensorHandle Hold(string name)
    {
        var handle = _handle;
        if (handle is null || !handle.TryHold())
            ThrowDisposed(name);
        if (!ReferenceEquals(_handle, handle))
            ReleaseAndThrow(handle, name);
        return handle;
    }

    /// <summary>The same; null once the tensor was disposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal TensorHandle? TryHold()
    {
        var handle = _handle;
        if (handle is null || !handle.TryHold())
            return null;
        if (ReferenceEquals(_handle, handle))
            return handle;
        handle.Release();
        return null;
    }

    [DoesNotReturn]
    internal static void ThrowDisposed(string name) => throw new ObjectDisposedException(
        nameof(Tensor), name == "this" ? "The tensor was disposed." : $"The tensor given as '{name}' was disposed.");

    [DoesNotReturn]
    private static void ReleaseAndThrow(TensorHandle handle, string name)
    {
        handle.Release();
        ThrowDisposed(name);
    }

    /// <summary>The managed object of an owned native reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Tensor Wrap(nint handle) => handle != 0 ? new Tensor(handle) : UndefinedResult();

    /// <summary>The same, null for an undefined tensor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Tensor? WrapOptional(nint handle) => handle != 0 ? new Tensor(handle) : null;

    /// <summary>The managed objects of a native list, whose block is freed.</summary>
    internal static unsafe Tensor[] WrapList(nint* handles, long length)
    {
        try
        {
            var result = new Tensor[length];
            for (var i = 0; i < result.Length; i++)
                result[i] = Wrap(handles[i]);
            return result;
        }
        finally
        {
            NativeMethods.tb_free(handles);
        }
    }

    // An operator returned an undefined tensor where it promises one, e.g. a gradient nobody asked for.
    private static Tensor UndefinedResult() => null!;

    /// <summary>The sizes of the tensor. Mirrors <c>Tensor.shape</c>.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    /// <exception cref="TorchException">The tensor is nested: its parts differ in size.</exception>
    public Shape Shape
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Shape.OfHeld(Hold("this"), strides: false);
    }

    /// <summary>The size of one dimension; negative numbers count from the end. Mirrors <c>Tensor.size(dim)</c>.</summary>
    /// <param name="dim">The dimension, from <c>-Dim()</c> to <c>Dim() - 1</c>.</param>
    /// <returns>Its size.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The tensor is nested: its parts differ in size.</exception>
    public long Size(int dim) => Shape[dim];

    /// <summary>The sizes of the tensor, as <see cref="Shape"/>. Mirrors <c>Tensor.size()</c>.</summary>
    /// <returns>The sizes; <see cref="NDim"/> of them.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    /// <exception cref="TorchException">The tensor is nested: its parts differ in size.</exception>
    public Shape Size() => Shape;

    /// <summary>The steps, in elements, between neighbours in each dimension. Mirrors <c>Tensor.stride()</c>.</summary>
    /// <returns>One step per dimension; of a COO tensor, zeros.</returns>
    /// <exception cref="TorchException">The layout has no strides: compressed sparse ones, nested tensors.</exception>
    public Shape Stride() => Shape.OfHeld(Hold("this"), strides: true);

    /// <summary>
    /// The step, in elements, between neighbours in one dimension; negative numbers count from the end. Mirrors <c>Tensor.stride(dim)</c>.
    /// </summary>
    /// <param name="dim">The dimension, from <c>-Dim()</c> to <c>Dim() - 1</c>.</param>
    /// <returns>Its stride.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    /// <exception cref="TorchException">The layout has no strides: compressed sparse ones, nested tensors.</exception>
    public long Stride(int dim) => Stride()[dim];

    /// <summary>The element type. Mirrors <c>Tensor.dtype</c>.</summary>
    public DType DType
    {
        get
        {
            using var self = new Borrow(this);
            return (DType)NativeMethods.tb_tensor_dtype(self.Handle);
        }
    }

    /// <summary>Where the elements are. Mirrors <c>Tensor.device</c>.</summary>
    public Device Device
    {
        get
        {
            using var self = new Borrow(this);
            return Device.Unpack(NativeMethods.tb_tensor_device(self.Handle));
        }
    }

    /// <summary>How the elements are laid out. Mirrors <c>Tensor.layout</c>.</summary>
    public Layout Layout
    {
        get
        {
            using var self = new Borrow(this);
            return (Layout)NativeMethods.tb_tensor_layout(self.Handle);
        }
    }

    /// <summary>Number of dimensions. Mirrors <c>Tensor.ndim</c>.</summary>
    public int NDim
    {
        get
        {
            using var self = new Borrow(this);
            return (int)NativeMethods.tb_tensor_dim(self.Handle);
        }
    }

    /// <summary>Number of dimensions. Mirrors <c>Tensor.dim()</c>.</summary>
    /// <returns>The number; 0 for a tensor of a single number.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public int Dim() => NDim;

    /// <summary>Number of elements. Mirrors <c>Tensor.numel()</c>.</summary>
    /// <returns>The product of the sizes; of a nested tensor, the sum over its parts.</returns>
    /// <exception cref="TorchException">The kind of tensor has no fixed number of elements.</exception>
    public unsafe long Numel()
    {
        using var self = new Borrow(this);
        var count = NativeMethods.tb_tensor_numel(self.Handle);
        if (count < 0)
            NativeError.Check(NativeMethods.tb_tensor_numel_checked(self.Handle, &count));
        return count;
    }

    /// <summary>Bytes of one element. Mirrors <c>Tensor.element_size()</c>.</summary>
    /// <returns><see cref="DTypeExtensions.ItemSize"/> of the dtype.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public int ElementSize() => DType.ItemSize();

    /// <summary>Bytes of all elements. Mirrors <c>Tensor.nbytes</c>.</summary>
    public long NBytes => Numel() * ElementSize();

    /// <summary>Elements between the start of the storage and the first element. Mirrors <c>Tensor.storage_offset()</c>.</summary>
    /// <returns>The number of elements; 0 where the layout has no storage.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public unsafe long StorageOffset()
    {
        using var self = new Borrow(this);
        long offset;
        NativeError.Check(NativeMethods.tb_tensor_storage_offset(self.Handle, &offset));
        return offset;
    }

    /// <summary>Address of the first element; valid while the tensor lives. Mirrors <c>Tensor.data_ptr()</c>.</summary>
    /// <returns>The address; 0 for a tensor on the device <c>meta</c>, for one without elements, and for zeros that autograd did not store.</returns>
    /// <exception cref="TorchException">The layout has no storage: all sparse ones.</exception>
    public unsafe nint DataPtr()
    {
        using var self = new Borrow(this);
        void* data;
        NativeError.Check(NativeMethods.tb_tensor_data_ptr(self.Handle, &data));
        return (nint)data;
    }

    /// <summary>The memory behind the tensor. Mirrors <c>Tensor.untyped_storage()</c>.</summary>
    /// <returns>A new object for the storage, which lives as long as it or any tensor on it. It is the caller's to dispose.</returns>
    /// <exception cref="TorchNotImplementedException">The layout has no storage: all sparse ones.</exception>
    public unsafe Storage UntypedStorage()
    {
        using var self = new Borrow(this);
        nint storage;
        NativeError.Check(NativeMethods.tb_tensor_storage(self.Handle, &storage));
        return new Storage(storage);
    }

    /// <summary>A number that two tensors share exactly if they share their memory.</summary>
    internal unsafe long StorageId()
    {
        using var self = new Borrow(this);
        long id;
        NativeError.Check(NativeMethods.tb_tensor_storage_id(self.Handle, &id));
        return id;
    }

    private const int RequiresGradFlag = 1;
    private const int IsLeafFlag = 2;
    private const int ContiguousFlag = 4;
    private const int ConjFlag = 8;
    private const int NegFlag = 16;
    private const int StorageFlag = 32;
    private const int InferenceFlag = 64;
    private const int QuantizedFlag = 128;
    private const int NestedFlag = 256;
    private const int ViewFlag = 512;
    private const int SparseFlag = 1024;
    private const int MetaFlag = 2048;
    private const int GradFnFlag = 4096;

    private bool Flag(int bit)
    {
        using var self = new Borrow(this);
        return (NativeMethods.tb_tensor_flags(self.Handle) & bit) != 0;
    }

    /// <summary>Whether the elements lie in memory in an order, without gaps; row by row unless told. Mirrors <c>Tensor.is_contiguous</c>.</summary>
    /// <param name="memoryFormat">
    /// The order that is asked about; the channels-last ones are false for tensors that do not have 4 or 5 dimensions.
    /// </param>
    /// <returns>Whether they do; false for COO tensors.</returns>
    /// <exception cref="TorchException">The layout is a compressed sparse one.</exception>
    public unsafe bool IsContiguous(MemoryFormat memoryFormat = MemoryFormat.Contiguous)
    {
        using var self = new Borrow(this);
        byte result;
        NativeError.Check(NativeMethods.tb_tensor_is_contiguous(self.Handle, (int)memoryFormat, &result));
        return result != 0;
    }

    /// <summary>Whether the elements are read conjugated. Mirrors <c>Tensor.is_conj()</c>.</summary>
    public bool IsConj => Flag(ConjFlag);
    /// <summary>Whether the elements are read negated. Mirrors <c>Tensor.is_neg()</c>.</summary>
    public bool IsNeg => Flag(NegFlag);
    /// <summary>Whether the tensor was made in inference mode. Mirrors <c>Tensor.is_inference()</c>.</summary>
    public bool IsInference => Flag(InferenceFlag);
    /// <summary>Whether the tensor is quantized. Mirrors <c>Tensor.is_quantized</c>.</summary>
    public bool IsQuantized => Flag(QuantizedFlag);
    /// <summary>Whether the tensor is nested. Mirrors <c>Tensor.is_nested</c>.</summary>
    public bool IsNested => Flag(NestedFlag);
    /// <summary>Whether the tensor is a view for autograd. Mirrors <c>Tensor._is_view()</c>.</summary>
    public bool IsView => Flag(ViewFlag);
    /// <summary>Whether the layout is COO. Mirrors <c>Tensor.is_sparse</c>.</summary>
    public bool IsSparse => Flag(SparseFlag);
    /// <summary>Whether the tensor has no data. Mirrors <c>Tensor.is_meta</c>.</summary>
    public bool IsMeta => Flag(MetaFlag);
    /// <summary>Whether a storage stands behind the tensor.</summary>
    public bool HasStorage => Flag(StorageFlag);
    /// <summary>Whether the tensor is on a CUDA device. Mirrors <c>Tensor.is_cuda</c>.</summary>
    public bool IsCuda => Device.IsCuda;

    /// <summary>Whether operations on the tensor are recorded. Mirrors <c>Tensor.requires_grad</c>.</summary>
    /// <exception cref="TorchException">Set on a tensor that is no leaf, or whose dtype has no gradient.</exception>
    public bool RequiresGrad
    {
        get => Flag(RequiresGradFlag);
        set
        {
            using var self = new Borrow(this);
            NativeError.Check(NativeMethods.tb_tensor_requires_grad_set(self.Handle, value ? (byte)1 : (byte)0));
        }
    }

    /// <summary>Sets <see cref="RequiresGrad"/> and returns this tensor. Mirrors <c>Tensor.requires_grad_()</c>.</summary>
    /// <param name="requiresGrad">Whether operations on the tensor are recorded from now on.</param>
    /// <returns>This tensor.</returns>
    /// <exception cref="TorchException">
    /// The tensor is no leaf and the flag is to go away, its dtype is neither floating-point nor complex, or this runs inside of a function
    /// transform.
    /// </exception>
    public Tensor RequiresGrad_(bool requiresGrad = true)
    {
        NativeError.Check(NativeMethods.tb_func_check_requires_grad());
        RequiresGrad = requiresGrad;
        return this;
    }

    /// <summary>Whether the tensor was made by the user, not by a recorded operation. Mirrors <c>Tensor.is_leaf</c>.</summary>
    public bool IsLeaf => Flag(IsLeafFlag);

    /// <summary>
    /// The gradient that <see cref="Backward"/> left here; null before. Each read gives a new object for the same native
    /// tensor. Mirrors <c>Tensor.grad</c>.
    /// </summary>
    /// <exception cref="TorchException">Set to a tensor of another shape or device.</exception>
    /// <exception cref="TorchTypeException">Set to a tensor of another dtype.</exception>
    public unsafe Tensor? Grad
    {
        get
        {
            using var self = new Borrow(this);
            nint grad;
            NativeError.Check(NativeMethods.tb_tensor_grad(self.Handle, &grad));
            return WrapOptional(grad);
        }
        set
        {
            using var self = new Borrow(this);
            using var grad = Borrow.Optional(value, nameof(value));
            NativeError.Check(NativeMethods.tb_tensor_grad_set(self.Handle, grad.Handle));
        }
    }

    /// <summary>The node of the graph that made the tensor; null for a leaf. Mirrors <c>Tensor.grad_fn</c>.</summary>
    public unsafe Node? GradFn
    {
        get
        {
            using var self = new Borrow(this);
            nint node;
            NativeError.Check(NativeMethods.tb_tensor_grad_fn(self.Handle, &node));
            return node == 0 ? null : new Node(node);
        }
    }

    /// <summary>
    /// The same memory outside of autograd: changes through it are not recorded. Set: takes over another tensor's data.
    /// Mirrors <c>Tensor.data</c>.
    /// </summary>
    public unsafe Tensor Data
    {
        get
        {
            using var self = new Borrow(this);
            nint data;
            NativeError.Check(NativeMethods.tb_tensor_data(self.Handle, &data));
            return Wrap(data);
        }
        set
        {
            using var self = new Borrow(this);
            using var data = new Borrow(value, nameof(value));
            NativeError.Check(NativeMethods.tb_tensor_data_set(self.Handle, data.Handle));
        }
    }

    /// <summary>How often the tensor was changed in place. Mirrors <c>Tensor._version</c>.</summary>
    public unsafe long Version
    {
        get
        {
            using var self = new Borrow(this);
            long version;
            NativeError.Check(NativeMethods.tb_tensor_version(self.Handle, &version));
            return version;
        }
    }

    /// <summary>Which output of its node the tensor is. Mirrors <c>Tensor.output_nr</c>.</summary>
    public unsafe long OutputNr
    {
        get
        {
            using var self = new Borrow(this);
            long number;
            NativeError.Check(NativeMethods.tb_tensor_output_nr(self.Handle, &number));
            return number;
        }
    }

    /// <summary>
    /// Computes the gradients of the graph's leaves and adds them to their <see cref="Grad"/>. Mirrors <c>Tensor.backward</c>.
    /// </summary>
    /// <param name="gradient">The gradient of this tensor; may be left out for a tensor of one element.</param>
    /// <param name="retainGraph">Keeps the graph for another pass; default: the value of <paramref name="createGraph"/>.</param>
    /// <param name="createGraph">Records the pass itself, for higher derivatives.</param>
    /// <param name="inputs">The leaves that receive gradients; default: all.</param>
    /// <exception cref="TorchException">Nothing requires a gradient, the graph was freed, or shapes disagree.</exception>
    public void Backward(Tensor? gradient = null, bool? retainGraph = null, bool createGraph = false, ReadOnlySpan<Tensor> inputs = default) =>
        AutogradEngine.Backward([this], gradient is null ? [] : [gradient], retainGraph, createGraph, inputs);

    /// <summary>Whether this is the same object. Elementwise comparison is <c>==</c> and <see cref="Eq(Tensor)"/>.</summary>
    public sealed override bool Equals(object? obj) => ReferenceEquals(this, obj);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
}
