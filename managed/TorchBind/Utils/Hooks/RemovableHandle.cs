namespace TorchBind.Utils.Hooks;

/// <summary>
/// Takes a hook away again. Letting go of the handle leaves the hook where it is. Mirrors <c>torch.utils.hooks.RemovableHandle</c>.
/// </summary>
public sealed class RemovableHandle : IDisposable
{
    private static int s_last = -1;
    private Action? _remove;

    /// <summary>A handle that calls <paramref name="remove"/>, once.</summary>
    public RemovableHandle(Action remove)
    {
        ArgumentNullException.ThrowIfNull(remove);
        _remove = remove;
    }

    /// <summary>A number that later handles exceed. Mirrors <c>RemovableHandle.id</c>.</summary>
    public int Id { get; } = Interlocked.Increment(ref s_last);

    /// <summary>Takes the hook away. Doing so twice is harmless. Mirrors <c>RemovableHandle.remove</c>.</summary>
    public void Remove() => Interlocked.Exchange(ref _remove, null)?.Invoke();

    /// <summary>The same as <see cref="Remove"/>: <c>using var handle = x.RegisterHook(...)</c>.</summary>
    public void Dispose() => Remove();
}
