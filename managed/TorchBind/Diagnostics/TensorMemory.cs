using System.Diagnostics.Metrics;
using TorchBind.Interop;

namespace TorchBind.Diagnostics;

/// <summary>
/// How much native memory tensors hold. After <see cref="EnsureMeter"/> the same numbers are metrics of the meter <c>TorchBind</c>:
/// <c>torchbind.tensors.live</c>, <c>torchbind.memory.live</c>, <c>torchbind.memory.peak</c> (bytes) and <c>torchbind.memory.allocations</c>.
/// </summary>
public static unsafe class TensorMemory
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "TorchBind";

    private static readonly Meter s_meter = CreateMeter();

    /// <summary>Tensor objects that were made and neither disposed nor finalized.</summary>
    public static long LiveTensors => PerThread.LiveTensors;

    /// <summary>
    /// Bytes of CPU memory in libtorch's allocator, shared storages counted once. Exact for what this thread and the
    /// garbage collector's finalizers did; each other thread may have up to 64 KiB of small blocks that are not counted yet.
    /// </summary>
    public static long LiveBytes => Counter(0);

    /// <summary>The most <see cref="LiveBytes"/> was since the start, or since <see cref="ResetPeak"/>.</summary>
    public static long PeakBytes => Counter(1);

    /// <summary>Blocks of memory allocated since the start.</summary>
    public static long Allocations => Counter(2);

    /// <summary>Lets the peak begin at what is live now.</summary>
    public static void ResetPeak() => NativeMethods.tb_memory_reset_peak();

    private static long Counter(int index)
    {
        NativeMethods.tb_memory_hand_on();
        return Volatile.Read(ref NativeMethods.tb_memory_counters()[index]);
    }

    /// <summary>Starts publishing the metrics.</summary>
    /// <returns>The meter.</returns>
    public static Meter EnsureMeter() => s_meter;

    private static Meter CreateMeter()
    {
        var meter = new Meter(MeterName);
        meter.CreateObservableUpDownCounter("torchbind.tensors.live", static () => LiveTensors, "{tensor}", "Tensor objects alive");
        meter.CreateObservableUpDownCounter("torchbind.memory.live", static () => LiveBytes, "By", "Native bytes that tensors hold");
        meter.CreateObservableGauge("torchbind.memory.peak", static () => PeakBytes, "By", "Most native bytes held at once");
        meter.CreateObservableCounter("torchbind.memory.allocations", static () => Allocations, "{allocation}", "Native blocks allocated");
        return meter;
    }
}
