using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>
/// Anomaly mode: every node remembers the managed call that made it, and a failing backward pass tells it: in the message of a
/// <see cref="TorchException"/>, and for every exception in <c>Data["ForwardTrace"]</c>.
/// </summary>
internal static unsafe class Anomaly
{
    internal const string DataKey = "ForwardTrace";

    [ThreadStatic]
    private static StringBuilder? t_report;

    // What a device's thread of the engine reported, for the thread that waits for it.
    private static string? s_elsewhere;

    private static readonly Lock s_lock = new();
    private static bool s_installed;

    internal static bool Enabled => (NativeMethods.tb_anomaly_get() & 1) != 0;

    internal static bool ChecksNan => (NativeMethods.tb_anomaly_get() & 2) != 0;

    internal static void Set(bool enabled, bool checkNan)
    {
        lock (s_lock)
        {
            if (enabled && !s_installed)
            {
                var calls = new tb_anomaly_calls { capture = &Capture, report = &Report, drop = &Drop };
                NativeError.Check(NativeMethods.tb_anomaly_install(&calls));
                s_installed = true;
            }
        }
        NativeError.Check(NativeMethods.tb_anomaly_set(AutogradEngine.Byte(enabled), AutogradEngine.Byte(checkNan)));
    }

    /// <summary>Throws what a failed pass left, with the forward call where anomaly mode knows it.</summary>
    internal static void Throw(int status)
    {
        var report = t_report?.ToString() ?? (Enabled ? Interlocked.Exchange(ref s_elsewhere, null) : null);
        t_report = null;
        if (report is null)
        {
            NativeError.Check(status);
            return;
        }
        try
        {
            NativeError.Check(status);
        }
        catch (Exception exception)
        {
            exception.Data[DataKey] = report;
            throw;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* Capture()
    {
        try
        {
            return (void*)GCHandle.ToIntPtr(GCHandle.Alloc(new StackTrace(1, fNeedFileInfo: true)));
        }
        catch
        {
            return null; // no memory for a trace: the pass goes on without
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Drop(void* stack) => GCHandle.FromIntPtr((nint)stack).Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Report(void* stack, byte* node, byte parent)
    {
        try
        {
            var name = Node.ShortName(Marshal.PtrToStringUTF8((nint)node) ?? "");
            var text = t_report ??= new StringBuilder();
            text.Append(parent == 0
                ? $"{name} failed. "
                : $"\nThat was to differentiate {name}. ");
            if (stack == null)
            {
                text.Append(parent == 0
                    ? "Who made it is not known: the detection of anomalies was off in the forward pass."
                    : "Who made it is not known.");
            }
            else
            {
                text.Append(parent == 0
                    ? "The forward call that made it:\n"
                    : "The forward call that made that:\n");
                text.Append(UserFrames((StackTrace)GCHandle.FromIntPtr((nint)stack).Target!));
            }
            s_elsewhere = text.ToString();
        }
        catch
        {
            // The exception that is under way says more than a failure to describe it.
        }
    }

    /// <summary>The frames from the first one outside of this library on: the operation that was called and its caller.</summary>
    private static string UserFrames(StackTrace trace)
    {
        var frames = trace.GetFrames();
        var first = Array.FindIndex(frames, frame => frame.GetMethodName() is { } name && !name.StartsWith("TorchBind.Interop.", StringComparison.Ordinal)
            && !name.StartsWith("TorchBind.Autograd.Anomaly.", StringComparison.Ordinal));
        var text = new StringBuilder();
        for (var i = Math.Max(first, 0); i < frames.Length; i++)
            text.Append(new StackTrace(frames[i]).ToString().TrimEnd()).Append('\n');
        return text.ToString();
    }

    private static string? GetMethodName(this StackFrame frame)
    {
        var info = DiagnosticMethodInfo.Create(frame);
        return info is null ? null : $"{info.DeclaringTypeName}.{info.Name}";
    }
}

/// <summary>
/// Until disposed, the process is in anomaly mode (or out of it). Made by <see cref="Torch.Autograd.DetectAnomaly"/> and
/// <see cref="Torch.Autograd.SetDetectAnomaly"/>.
/// </summary>
public ref struct AnomalyScope : IDisposable
{
    private readonly bool _previous;
    private readonly bool _previousCheck;
    private bool _active;

    internal AnomalyScope(bool enabled, bool checkNan)
    {
        _previous = Anomaly.Enabled;
        _previousCheck = Anomaly.ChecksNan;
        Anomaly.Set(enabled, checkNan);
        _active = true;
    }

    /// <summary>Restores the mode that was there before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        Anomaly.Set(_previous, _previousCheck);
    }
}
