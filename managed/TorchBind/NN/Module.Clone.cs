namespace TorchBind.NN;

public abstract partial class Module
{
    /// <summary>
    /// A copy of this module and of all below it, with parameters and buffers of their own; what was shared within stays shared within.
    /// Fields that are not registered are copied as they are. Gradients are not copied. See <see cref="ModuleExtensions.Clone"/>.
    /// </summary>
    internal Module DeepCopy() => DeepCopy(new Dictionary<object, object>(ReferenceEqualityComparer.Instance));

    internal Module DeepCopy(Dictionary<object, object> known)
    {
        if (known.TryGetValue(this, out var other))
            return (Module)other;
        var copy = (Module)MemberwiseClone();
        known[this] = copy;
        copy._overlay = null;
        copy._disposed = false;
        if (_overlay is { } overlay)
        {
            if (overlay.Computed.Count > 0)
                throw new NotSupportedException($"{GetName()} has parametrized or pruned parameters, which cannot be copied; remove the parametrizations first.");
            copy._overlay = new MemberOverlay();
            copy._overlay.Hidden.UnionWith(overlay.Hidden);
            foreach (var (key, entry) in overlay.Added)
                copy._overlay.Added[key] = entry with { Value = Copied(entry.Value, known) };
        }
        copy._forwardHooks = _forwardHooks?.Copy();
        copy._backwardHooks = _backwardHooks?.Copy();
        copy._backwardPreHooks = _backwardPreHooks?.Copy();
        copy._forwardPreHooks = _forwardPreHooks?.Copy();
        copy._stateDictPreHooks = _stateDictPreHooks?.Copy();
        copy._stateDictPostHooks = _stateDictPostHooks?.Copy();
        copy._loadPreHooks = _loadPreHooks?.Copy();
        copy._loadPostHooks = _loadPostHooks?.Copy();
        foreach (var member in Members)
        {
            var value = member.Get(this);
            var copied = value is Parameter or Buffer or Module || (value is Tensor && member.Kind is MemberKind.Buffer or MemberKind.TransientBuffer)
                ? Copied(value, known)
                : value;
            if (!ReferenceEquals(copied, value))
                member.Set(copy, copied);
        }
        copy.CopyDynamicModules(known);
        return copy;
    }

    /// <summary>Gives a copy its own children where those are no fields.</summary>
    private protected virtual void CopyDynamicModules(Dictionary<object, object> known)
    {
    }

    private static object? Copied(object? value, Dictionary<object, object> known)
    {
        if (value is Module module)
            return module.DeepCopy(known);
        if (value is not Tensor tensor)
            return value;
        if (known.TryGetValue(tensor, out var other))
            return other;
        using var _ = Torch.NoGrad();
        using var clone = value is UninitializedParameter { IsInitialized: false } or UninitializedBuffer { IsInitialized: false } ? null : tensor.Detach().Clone();
        Tensor copy = value switch
        {
            UninitializedParameter { IsInitialized: false } lazy => lazy.Fresh(),
            UninitializedBuffer { IsInitialized: false } lazy => lazy.Fresh(),
            Parameter parameter => new Parameter(clone!, parameter.RequiresGrad),
            Buffer buffer => new Buffer(clone!, buffer.Persistent),
            _ => Keep(clone!.Detach()),
        };
        known[tensor] = copy;
        return copy;
    }
}
