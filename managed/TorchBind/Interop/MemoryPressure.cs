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

    // A finalizer of the user's may wait for the very thread that waits here: never wait without an end.
    private static readonly TimeSpan s_maximumWait = TimeSpan.FromMilliseconds(100);

    private static readonly long* s_live = NativeMethods.tb_memory_counters();
    private static long s_limit = MinimumBudget;
    private static long s_floor; // live bytes after the last full collection, or fewer seen since
    private static int s_fruitless;

    private static readonly Lock s_lock = new();
    private static readonly AutoResetEvent s_wanted = new(false);
    private static ManualResetEventSlim? s_underWay;
    private static bool s_started;

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
        ManualResetEventSlim done;
        lock (s_lock)
        {
            if (LiveBytes <= s_limit)
                return;
            if (s_underWay is null)
            {
                s_underWay = new ManualResetEventSlim();
                if (!s_started)
                {
                    s_started = true;
                    new Thread(CollectWhenWanted) { IsBackground = true, Name = "TorchBind memory" }.Start();
                }
                s_wanted.Set();
            }
            done = s_underWay;
        }
        // The finalizer thread makes tensors only inside user code; it must not wait for itself, and the time is bounded.
        done.Wait(s_maximumWait);
    }

    private static void CollectWhenWanted()
    {
        while (true)
        {
            s_wanted.WaitOne();
            var budget = Budget(LiveBytes);
            // Young garbage first: it is cheap. Older generations only where that leaves too much above the last known floor.
            for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            {
                GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
                if (generation == GC.MaxGeneration)
                {
                    // What is left is alive. If that is more than before, not garbage, ask less often while it grows: a full collection
                    // of a large managed heap is slow.
                    s_fruitless = LiveBytes > s_floor + budget / 2 ? Math.Min(s_fruitless + 1, 3) : 0;
                    s_floor = LiveBytes;
                }
                else if (LiveBytes <= s_floor + budget / 2)
                {
                    s_floor = Math.Min(s_floor, LiveBytes);
                    break;
                }
            }
            lock (s_lock)
            {
                s_limit = LiveBytes + (Budget(LiveBytes) << s_fruitless);
                s_underWay!.Set();
                s_underWay = null;
            }
        }
    }

    private static long Budget(long live)
    {
        var room = Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - live, 0) / 4;
        return Math.Max(MinimumBudget, Math.Min(live / 4, room));
    }
}
