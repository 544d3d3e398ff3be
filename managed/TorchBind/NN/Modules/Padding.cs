namespace TorchBind.NN;

/// <summary>What the paddings have in common.</summary>
public abstract partial class PadNd : Module<Tensor, Tensor>
{
    private readonly int _dims;

    private protected PadNd(int dims, IntList padding)
    {
        _dims = dims;
        Padding = Functional.Expand(padding, 2 * dims, nameof(padding));
    }

    /// <summary>Pairs of numbers, before and after, the last dimension first.</summary>
    public Shape Padding { get; }

    private protected void CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim != _dims + 1 && input.NDim != _dims + 2)
            throw new ArgumentException($"{GetName()} takes an input of {_dims + 1} dimensions, or a batch of {_dims + 2}; this one has {input.NDim}.", nameof(input));
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => ReprText.Of(Padding.Span);
}

/// <summary>Adds zeros. Shape: (N, C, L) or (C, L). Mirrors <c>nn.ZeroPad1d</c>.</summary>
public partial class ZeroPad1d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 2: before and after, the last dimension first.</param>
    public ZeroPad1d(IntList padding) : base(1, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, 0.0);
}

/// <summary>Adds zeros. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.ZeroPad2d</c>.</summary>
public partial class ZeroPad2d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 4: before and after, the last dimension first.</param>
    public ZeroPad2d(IntList padding) : base(2, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, 0.0);
}

/// <summary>Adds zeros. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.ZeroPad3d</c>.</summary>
public partial class ZeroPad3d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 6: before and after, the last dimension first.</param>
    public ZeroPad3d(IntList padding) : base(3, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, 0.0);
}

/// <summary>Adds the input mirrored at the edge. Shape: (N, C, L) or (C, L). Mirrors <c>nn.ReflectionPad1d</c>.</summary>
public partial class ReflectionPad1d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 2: before and after, the last dimension first.</param>
    public ReflectionPad1d(IntList padding) : base(1, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Reflect);
}

/// <summary>Adds the input mirrored at the edge. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.ReflectionPad2d</c>.</summary>
public partial class ReflectionPad2d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 4: before and after, the last dimension first.</param>
    public ReflectionPad2d(IntList padding) : base(2, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Reflect);
}

/// <summary>Adds the input mirrored at the edge. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.ReflectionPad3d</c>.</summary>
public partial class ReflectionPad3d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 6: before and after, the last dimension first.</param>
    public ReflectionPad3d(IntList padding) : base(3, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Reflect);
}

/// <summary>Adds the value at the edge. Shape: (N, C, L) or (C, L). Mirrors <c>nn.ReplicationPad1d</c>.</summary>
public partial class ReplicationPad1d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 2: before and after, the last dimension first.</param>
    public ReplicationPad1d(IntList padding) : base(1, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Replicate);
}

/// <summary>Adds the value at the edge. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.ReplicationPad2d</c>.</summary>
public partial class ReplicationPad2d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 4: before and after, the last dimension first.</param>
    public ReplicationPad2d(IntList padding) : base(2, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Replicate);
}

/// <summary>Adds the value at the edge. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.ReplicationPad3d</c>.</summary>
public partial class ReplicationPad3d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 6: before and after, the last dimension first.</param>
    public ReplicationPad3d(IntList padding) : base(3, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Replicate);
}

/// <summary>Adds the input's other side. Shape: (N, C, L) or (C, L). Mirrors <c>nn.CircularPad1d</c>.</summary>
public partial class CircularPad1d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 2: before and after, the last dimension first.</param>
    public CircularPad1d(IntList padding) : base(1, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        CheckInput(input);
        return Functional.Pad(input, Padding, PaddingMode.Circular);
    }
}

/// <summary>Adds the input's other side. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.CircularPad2d</c>.</summary>
public partial class CircularPad2d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 4: before and after, the last dimension first.</param>
    public CircularPad2d(IntList padding) : base(2, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        CheckInput(input);
        return Functional.Pad(input, Padding, PaddingMode.Circular);
    }
}

/// <summary>Adds the input's other side. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.CircularPad3d</c>.</summary>
public partial class CircularPad3d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 6: before and after, the last dimension first.</param>
    public CircularPad3d(IntList padding) : base(3, padding)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        CheckInput(input);
        return Functional.Pad(input, Padding, PaddingMode.Circular);
    }
}

/// <summary>Adds a constant. Shape: (N, C, L) or (C, L). Mirrors <c>nn.ConstantPad1d</c>.</summary>
public partial class ConstantPad1d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 2: before and after, the last dimension first.</param>
    /// <param name="value">The constant.</param>
    public ConstantPad1d(IntList padding, Scalar value) : base(1, padding) => Value = value;

    /// <summary>The constant.</summary>
    public Scalar Value { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, Value.ToDouble());

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"padding={ReprText.Of(Padding.Span)}, value={ReprText.Of(Value)}";
}

/// <summary>Adds a constant. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.ConstantPad2d</c>.</summary>
public partial class ConstantPad2d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 4: before and after, the last dimension first.</param>
    /// <param name="value">The constant.</param>
    public ConstantPad2d(IntList padding, Scalar value) : base(2, padding) => Value = value;

    /// <summary>The constant.</summary>
    public Scalar Value { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, Value.ToDouble());

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"padding={ReprText.Of(Padding.Span)}, value={ReprText.Of(Value)}";
}

/// <summary>Adds a constant. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.ConstantPad3d</c>.</summary>
public partial class ConstantPad3d : PadNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="padding">One number for all sides, or 6: before and after, the last dimension first.</param>
    /// <param name="value">The constant.</param>
    public ConstantPad3d(IntList padding, Scalar value) : base(3, padding) => Value = value;

    /// <summary>The constant.</summary>
    public Scalar Value { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Pad(input, Padding, PaddingMode.Constant, Value.ToDouble());

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"padding={ReprText.Of(Padding.Span)}, value={ReprText.Of(Value)}";
}
