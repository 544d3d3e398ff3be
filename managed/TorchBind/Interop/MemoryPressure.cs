using System.Runtime.CompilerServices;

namespace TorchBind.Interop;

/// <summary>
/// Makes the garbage collector run when native memory, which it cannot see, has grown: the shim's allocator counts the live bytes, and
/// every new tensor compares that number with a limit. See docs/memory.md.
/// </summary>
internal static unsafe class MemoryPressure
{
    // Garbage allowed to pile up between two collections: at least this, or a share of what is alive.
    private const long MinimumBudget = 32L << 20;

    private static readonly long* s_live = NativeMethods.tb_memory_counters();
    private static long s_limit = MinimumBudget;
    private static int s_collecting;

    /// <summary>Bytes of CPU memory that tensors hold now.</summary>
    internal static long LiveBytes => Volatile.Read(ref *s_live);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Poll()
    {
        if (*s_live > s_limit)
            Collect();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Collect()
    {
        // One thread collects; the others go on.
        if (Interlocked.Exchange(ref s_collecting, 1) != 0)
            return;
        try
        {
            // Young garbage first: it is cheap. Older generations only if that did not help.
            for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            {
                GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
                DrainFinalizers();
                if (LiveBytes <= s_limit - Budget(LiveBytes) / 2)
                    break;
            }
            s_limit = LiveBytes + Budget(LiveBytes);
        }
        finally
        {
            Volatile.Write(ref s_collecting, 0);
        }
    }

    private static long Budget(long live)
    {
        var memory = GC.GetGCMemoryInfo();
        var room = Math.Max(memory.TotalAvailableMemoryBytes - live, 0) / 4;
        return Math.Max(MinimumBudget, Math.Min(live / 4, room));
    }

    /// <summary>Waits, for a bounded time, until the finalizer thread has freed what the collection found.</summary>
    private static void DrainFinalizers()
    {
        // A finalizer of the user may wait for this very thread: never wait without an end.
        var sentinel = new FinalizerSentinel.Signal();
        FinalizerSentinel.Plant(sentinel);
        var before = LiveBytes;
        for (var i = 0; i < 50; i++)
        {
            if (sentinel.Done.Wait(1))
                return;
            if (LiveBytes < before - MinimumBudget)
                return;
        }
    }

    private sealed class FinalizerSentinel(FinalizerSentinel.Signal signal)
    {
        internal sealed class Signal
        {
            internal readonly ManualResetEventSlim Done = new();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static void Plant(Signal signal)
        {
            _ = new FinalizerSentinel(signal);
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }

        ~FinalizerSentinel() => signal.Done.Set();
    }
}
