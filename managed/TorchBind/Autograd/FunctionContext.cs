using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>
/// What one application of a custom function keeps between its forward and its backward. Tensors go through
/// <see cref="SaveForBackward"/>; everything else into fields of the function, or here by name. Mirrors <c>torch.autograd.function.FunctionCtx</c>.
/// </summary>
public sealed class FunctionContext
{
    private readonly Dictionary<string, object?> _values = [];
    private FunctionHandle? _handle;
    private Tensor?[]? _savedForForward;

    internal FunctionContext(bool[] needsInputGrad) => NeedsInputGrad = needsInputGrad;

    internal Tensor?[] ToSave { get; private set; } = [];
    internal Tensor[] Dirty { get; private set; } = [];
    internal Tensor[] NonDifferentiable { get; private set; } = [];
    internal bool MaterializeGrads { get; private set; } = true;

    /// <summary>
    /// For each argument of the forward whether its gradient is wanted. An array or tuple of tensors counts once for each of its tensors;
    /// what is no tensor counts, and is false. Mirrors <c>ctx.needs_input_grad</c>.
    /// </summary>
    public IReadOnlyList<bool> NeedsInputGrad { get; }

    /// <summary>
    /// Keeps tensors for the backward: inputs, outputs or others; nulls are kept as nulls. Only this way do they not keep the graph from being
    /// freed, are changes in place noticed, and do hooks on saved tensors see them. At most one call, in the forward.
    /// Mirrors <c>ctx.save_for_backward</c>.
    /// </summary>
    public void SaveForBackward(params ReadOnlySpan<Tensor?> tensors) => ToSave = tensors.ToArray();

    /// <summary>Keeps tensors for <see cref="Function.Jvp"/>. At most one call, in the forward. Mirrors <c>ctx.save_for_forward</c>.</summary>
    public void SaveForForward(params ReadOnlySpan<Tensor?> tensors) => _savedForForward = tensors.ToArray();

    /// <summary>
    /// Says that the forward changes these inputs in place; each of them must be among its results. Mirrors <c>ctx.mark_dirty</c>.
    /// </summary>
    public void MarkDirty(params ReadOnlySpan<Tensor> tensors) => Dirty = tensors.ToArray();

    /// <summary>
    /// Says that no gradient flows through these results. The backward still gets a gradient for each, of zeros.
    /// Mirrors <c>ctx.mark_non_differentiable</c>.
    /// </summary>
    public void MarkNonDifferentiable(params ReadOnlySpan<Tensor> tensors) => NonDifferentiable = tensors.ToArray();

    /// <summary>
    /// Whether gradients that did not arrive are zeros (the default) or null. Mirrors <c>ctx.set_materialize_grads</c>.
    /// </summary>
    public void SetMaterializeGrads(bool value) => MaterializeGrads = value;

    /// <summary>
    /// What was saved, in its order; an entry is null where null was saved. Mirrors <c>ctx.saved_tensors</c>.
    /// </summary>
    /// <exception cref="TorchException">The graph was freed by a backward pass, or a saved tensor was changed in place.</exception>
    public unsafe Tensor[] SavedTensors
    {
        get
        {
            if (_savedForForward is not null && (_handle is null || InForward))
                return [.. _savedForForward!];
            if (_handle is null)
                return [.. ToSave!];
            using var handle = new HandleBorrow(_handle);
            tb_tensor_list list;
            NativeError.Check(NativeMethods.tb_function_saved(handle.Handle, &list));
            try
            {
                var tensors = new Tensor[list.length];
                for (var i = 0; i < tensors.Length; i++)
                    tensors[i] = Tensor.WrapOptional(list.data[i])!;
                return tensors;
            }
            finally
            {
                NativeMethods.tb_free(list.data);
            }
        }
    }

    /// <summary>A value kept by name: <c>ctx["slope"] = 0.1</c>. Mirrors an attribute of <c>ctx</c>.</summary>
    /// <exception cref="KeyNotFoundException">Nothing was kept under the name.</exception>
    public object? this[string name]
    {
        get => _values.TryGetValue(name, out var value) ? value : throw new KeyNotFoundException($"The context holds no value '{name}'.");
        set => _values[name] = value;
    }

    /// <summary>The value that was kept under the name, as a type.</summary>
    /// <exception cref="KeyNotFoundException">Nothing was kept under the name.</exception>
    /// <exception cref="InvalidCastException">It is of another type.</exception>
    public T Get<T>(string name) => (T)this[name]!;

    /// <summary>The node of the graph; null once the graph is gone. Mirrors that <c>ctx</c> is <c>grad_fn</c>.</summary>
    public unsafe Node? Node
    {
        get
        {
            if (_handle is null)
                return null;
            using var handle = new HandleBorrow(_handle);
            nint node;
            NativeError.Check(NativeMethods.tb_function_node(handle.Handle, &node));
            return node == 0 ? null : new Node(node);
        }
    }

    /// <summary>While the forward's results are wrapped, forward-mode formulas run.</summary>
    internal bool InForward { get; set; }

    internal void Attach(FunctionHandle handle) => _handle = handle;

    /// <summary>The forward is over: what libtorch holds now need not be held here.</summary>
    internal void FinishForward()
    {
        ToSave = [];
        Dirty = [];
        NonDifferentiable = [];
        _savedForForward = null;
    }

    /// <summary>The native state of one application, shared with its node, which it does not keep alive.</summary>
    internal sealed class FunctionHandle : SafeHandle
    {
        internal FunctionHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            NativeMethods.tb_function_free(handle);
            return true;
        }
    }
}
