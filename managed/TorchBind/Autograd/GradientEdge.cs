using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>
/// A place in the graph where a gradient arrives: an input of a node. Stands for a tensor where the tensor itself need not be kept.
/// Mirrors <c>torch.autograd.graph.GradientEdge</c>.
/// </summary>
public readonly struct GradientEdge : IEquatable<GradientEdge>
{
    /// <summary>The edge into input <paramref name="outputNr"/> of the node.</summary>
    public GradientEdge(Node node, long outputNr)
    {
        ArgumentNullException.ThrowIfNull(node);
        Node = node;
        OutputNr = outputNr;
    }

    private GradientEdge(Tensor tensor) => Tensor = tensor;

    /// <summary>The node; null for an edge that stands for a tensor.</summary>
    public Node? Node { get; }

    /// <summary>Which output of the forward operation, hence which input of the node. Mirrors <c>GradientEdge.output_nr</c>.</summary>
    public long OutputNr { get; }

    /// <summary>The tensor that the edge was made from by conversion; null otherwise.</summary>
    public Tensor? Tensor { get; }

    /// <summary>The place of the tensor's gradient, looked up when the edge is used.</summary>
    public static implicit operator GradientEdge(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new GradientEdge(tensor);
    }

    /// <inheritdoc/>
    public bool Equals(GradientEdge other) => Equals(Node, other.Node) && OutputNr == other.OutputNr && ReferenceEquals(Tensor, other.Tensor);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GradientEdge other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Node, OutputNr, Tensor);

    /// <summary>Whether both are the same place.</summary>
    public static bool operator ==(GradientEdge left, GradientEdge right) => left.Equals(right);

    /// <summary>Whether they are different places.</summary>
    public static bool operator !=(GradientEdge left, GradientEdge right) => !left.Equals(right);
}
