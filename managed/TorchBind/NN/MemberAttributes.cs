namespace TorchBind.NN;

/// <summary>
/// Marks a field or automatic property of type <see cref="Tensor"/> as a buffer: state that moves with the module and is saved, but is not
/// trained. Without it (and unless the value is a <see cref="Buffer"/>) a tensor is a plain value. Mirrors <c>register_buffer</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class BufferAttribute : Attribute
{
    /// <summary>Whether the buffer is part of the state dict. Default: true.</summary>
    public bool Persistent { get; set; } = true;
}

/// <summary>Gives a module's member another key than its own name in snake_case: <c>[Name("downsample.0")]</c> is refused, <c>[Name("bn")]</c> not.</summary>
/// <param name="name">The key: not empty, without a dot.</param>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class NameAttribute(string name) : Attribute
{
    /// <summary>The key.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// Keeps a field or property that holds a module or a tensor out of the registration: a reference to something that another module owns.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class UnregisteredAttribute : Attribute;
