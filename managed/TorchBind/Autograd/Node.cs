using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.Utils.Hooks;

namespace TorchBind.Autograd;

/// <summary>A node of the autograd graph. Mirrors <c>torch.autograd.graph.Node</c>.</summary>
public sealed class Node : SafeHandle, IEquatable<Node>
{
    internal Node(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_node_free(handle);
        return true;
    }

    /// <summary>What the node computes, e.g. <c>AddBackward0</c>.</summary>
    public unsafe string Name
    {
        get
        {
            using var self = new HandleBorrow(this);
            byte* name;
            NativeError.Check(NativeMethods.tb_node_name(self.Handle, &name));
            return ShortName(NativeText.Take(name));
        }
    }

    /// <summary>The name without the namespace that C++ classes outside of the generated ones carry.</summary>
    internal static string ShortName(string name) => name[(name.LastIndexOf("::", StringComparison.Ordinal) is var at && at >= 0 ? at + 2 : 0)..];

    /// <summary>The nodes that receive this node's gradients, with the input each edge leads to; null where nothing does.</summary>
    public unsafe IReadOnlyList<(Node? Node, long InputNr)> NextFunctions
    {
        get
        {
            using var self = new HandleBorrow(this);
            long count;
            NativeError.Check(NativeMethods.tb_node_next_count(self.Handle, &count));
            var result = new (Node?, long)[count];
            for (long i = 0; i < count; i++)
            {
                nint node;
                long input;
                NativeError.Check(NativeMethods.tb_node_next(self.Handle, i, &node, &input));
                result[i] = (node == 0 ? null : new Node(node), input);
            }
            return result;
        }
    }

    /// <summary>A number that grows, within a thread, with every node made. Mirrors <c>Node._sequence_nr</c>.</summary>
    public unsafe long SequenceNr
    {
        get
        {
            using var self = new HandleBorrow(this);
            long number;
            NativeError.Check(NativeMethods.tb_node_sequence_nr(self.Handle, &number));
            return number;
        }
    }

    /// <summary>The leaf that an <c>AccumulateGrad</c> node adds gradients to; null for every other node. Mirrors <c>AccumulateGrad.variable</c>.</summary>
    public unsafe Tensor? Variable
    {
        get
        {
            using var self = new HandleBorrow(this);
            nint tensor;
            NativeError.Check(NativeMethods.tb_node_variable(self.Handle, &tensor));
            return Tensor.WrapOptional(tensor);
        }
    }

    /// <summary>
    /// Calls <paramref name="hook"/> with the gradients of the node's inputs and outputs whenever the node has run. What it returns replaces
    /// the gradients of the inputs; null keeps them. Entries are null where there is no gradient. Mirrors <c>Node.register_hook</c>.
    /// </summary>
    /// <returns>Takes the hook away.</returns>
    public RemovableHandle RegisterHook(Func<Tensor[], Tensor[], Tensor?[]?> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, hook);
    }

    /// <inheritdoc cref="RegisterHook(Func{Tensor[], Tensor[], Tensor[]})"/>
    public RemovableHandle RegisterHook(Action<Tensor[], Tensor[]> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, (gradInputs, gradOutputs) =>
        {
            hook(gradInputs, gradOutputs);
            return null;
        });
    }

    /// <summary>
    /// Calls <paramref name="hook"/> with the gradients of the node's outputs before the node runs. What it returns replaces them; null keeps
    /// them. Entries are null where there is no gradient. Mirrors <c>Node.register_prehook</c>.
    /// </summary>
    /// <returns>Takes the hook away.</returns>
    public RemovableHandle RegisterPrehook(Func<Tensor[], Tensor?[]?> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, hook);
    }

    /// <inheritdoc cref="RegisterPrehook(Func{Tensor[], Tensor[]})"/>
    public RemovableHandle RegisterPrehook(Action<Tensor[]> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, gradOutputs =>
        {
            hook(gradOutputs);
            return null;
        });
    }

    /// <summary>What a gradient that arrives at an input looks like.</summary>
    internal unsafe (Shape Shape, DType DType, Device Device) InputMetadata(long inputNr)
    {
        const int Capacity = 64; // libtorch's own limit
        using var self = new HandleBorrow(this);
        var sizes = stackalloc long[Capacity];
        long dim, device;
        int dtype;
        NativeError.Check(NativeMethods.tb_node_input_metadata(self.Handle, inputNr, sizes, Capacity, &dim, &dtype, &device));
        return (new Shape(new ReadOnlySpan<long>(sizes, (int)Math.Min(dim, Capacity))), (DType)dtype, Device.Unpack(device));
    }

    private unsafe long Id
    {
        get
        {
            using var self = new HandleBorrow(this);
            long id;
            NativeError.Check(NativeMethods.tb_node_id(self.Handle, &id));
            return id;
        }
    }

    /// <summary>Whether both are the same node of the graph.</summary>
    public bool Equals(Node? other) => other is not null && Id == other.Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Node);

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    /// <summary><c>&lt;AddBackward0&gt;</c>.</summary>
    public override string ToString() => $"<{Name}>";
}
