namespace TorchBind.Interop;

/// <summary>
/// What a thread keeps for itself, so that making and freeing tensors touches nothing that threads share: its tensor scope, its spare
/// handles and its counts.
/// </summary>
internal sealed class PerThread
{
    [ThreadStatic]
    private static PerThread? t_current;

    private static readonly Lock s_lock = new();
    private static readonly List<PerThread> s_all = [];
    private static long s_madeByEnded;
    private static long s_releasedByEnded;

    private readonly Thread _thread = Thread.CurrentThread;

    internal TensorScope.Frame? Scope;
    internal TensorHandle? SpareHandles;
    internal int SpareHandleCount;
    internal long Made;
    internal long Released;

    internal static PerThread Current => t_current ?? Begin();

    private static PerThread Begin()
    {
        var state = t_current = new PerThread();
        lock (s_lock)
        {
            // Threads that ended leave their counts.
            s_all.RemoveAll(static other =>
            {
                if (other._thread.IsAlive)
                    return false;
                s_madeByEnded += other.Made;
                s_releasedByEnded += other.Released;
                return true;
            });
            s_all.Add(state);
        }
        return state;
    }

    /// <summary>Tensor objects that were made and not released yet, over all threads.</summary>
    internal static long LiveTensors
    {
        get
        {
            lock (s_lock)
            {
                var live = s_madeByEnded - s_releasedByEnded;
                foreach (var state in s_all)
                    live += Volatile.Read(ref state.Made) - Volatile.Read(ref state.Released);
                return live;
            }
        }
    }
}
