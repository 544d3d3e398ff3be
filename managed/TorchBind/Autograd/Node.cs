using System.Runtime.InteropServices;
using TorchBind.Interop;

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
            var text = NativeText.Take(name);
            // C++ classes outside of the generated ones carry their namespace.
            return text[(text.LastIndexOf("::", StringComparison.Ordinal) is var at && at >= 0 ? at + 2 : 0)..];
        }
    }

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
