using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace TorchBind.Diagnostics;

/// <summary>
/// Tells where tensors were made that nobody disposed. Off unless the AppContext switch <c>TorchBind.TrackTensors</c> or the environment
/// variable <c>TORCHBIND_TRACK_TENSORS=1</c> is set before the first tensor; costs a stack trace per tensor while on.
/// </summary>
public static class TensorTracking
{
    // The record of a tensor dies with it, unless the tensor was disposed: its finalizer tells what nobody disposed.
    private static readonly ConditionalWeakTable<Tensor, Record> s_live = [];
    private static readonly ConcurrentDictionary<string, long> s_lost = new();

    /// <summary>Whether tracking is on.</summary>
    public static bool Enabled { get; } = (AppContext.TryGetSwitch("TorchBind.TrackTensors", out var on) && on)
        || Environment.GetEnvironmentVariable("TORCHBIND_TRACK_TENSORS") == "1";

    /// <summary>Where tensors were made that the garbage collector had to free, with their number; most first.</summary>
    /// <exception cref="InvalidOperationException">Tracking is off.</exception>
    public static IReadOnlyList<(string StackTrace, long Count)> Undisposed()
    {
        Require();
        return [.. s_lost.OrderByDescending(static pair => pair.Value).Select(static pair => (pair.Key, pair.Value))];
    }

    /// <summary>Where the tensors were made that are alive now, with their number; most first.</summary>
    /// <exception cref="InvalidOperationException">Tracking is off.</exception>
    public static IReadOnlyList<(string StackTrace, long Count)> Live()
    {
        Require();
        return [.. s_live.Where(static pair => !pair.Key.IsDisposed).GroupBy(static pair => pair.Value.Stack.ToString())
            .Select(static group => (group.Key, (long)group.Count())).OrderByDescending(static pair => pair.Item2)];
    }

    private static void Require()
    {
        if (!Enabled)
        {
            throw new InvalidOperationException(
                "Tensor tracking is off. Set the AppContext switch TorchBind.TrackTensors, or TORCHBIND_TRACK_TENSORS=1, before the first tensor.");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Made(Tensor tensor) => s_live.AddOrUpdate(tensor, new Record(new StackTrace(2, fNeedFileInfo: true)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Disposed(Tensor tensor)
    {
        if (s_live.TryGetValue(tensor, out var record))
            GC.SuppressFinalize(record);
        s_live.Remove(tensor);
    }

    private sealed class Record(StackTrace stack)
    {
        internal StackTrace Stack => stack;

        ~Record() => s_lost.AddOrUpdate(stack.ToString(), 1, static (_, count) => count + 1);
    }
}
