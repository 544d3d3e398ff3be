namespace TorchBind.NN;

/// <summary>Removes a hook. Mirrors <c>torch.utils.hooks.RemovableHandle</c>.</summary>
public sealed class HookHandle : IDisposable
{
    private Action? _remove;

    internal HookHandle(Action remove) => _remove = remove;

    /// <summary>Removes the hook. Removing twice is harmless.</summary>
    public void Remove() => Interlocked.Exchange(ref _remove, null)?.Invoke();

    /// <summary>Removes the hook.</summary>
    public void Dispose() => Remove();
}

/// <summary>Hooks in their order. Replaced as a whole, so that a call on one thread and a registration on another do not meet.</summary>
internal sealed class HookList<T> where T : class
{
    private readonly Lock _lock = new();
    private volatile T[] _hooks = [];

    public T[] Hooks => _hooks;

    public HookList<T> Copy() => new() { _hooks = _hooks };

    public bool IsEmpty => _hooks.Length == 0;

    public HookHandle Add(T hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        // The same hook may be registered twice: a handle removes the one it stands for.
        lock (_lock)
            _hooks = prepend ? [hook, .. _hooks] : [.. _hooks, hook];
        return new HookHandle(() =>
        {
            lock (_lock)
            {
                var at = prepend ? Array.IndexOf(_hooks, hook) : Array.LastIndexOf(_hooks, hook);
                if (at >= 0)
                    _hooks = [.. _hooks[..at], .. _hooks[(at + 1)..]];
            }
        });
    }
}
