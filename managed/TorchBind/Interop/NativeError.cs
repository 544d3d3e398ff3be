using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>Turns the status of a native call into an exception.</summary>
internal static unsafe class NativeError
{
    // The numbers of tb_error_kind.
    private const int IndexError = 2;
    private const int ValueError = 3;
    private const int TypeError = 4;
    private const int NotImplemented = 5;
    private const int OutOfMemory = 6;
    private const int LinalgError = 7;
    private const int NotSupported = 10;
    private const int CallbackFailed = 11;


    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Check(int status)
    {
        if (status != 0)
            Throw(status);
    }

    /// <summary>
    /// Keeps the exception of a managed callback, for the native call that it interrupts to throw again.
    /// Returns the status that the callback gives to its native caller.
    /// </summary>
    internal static int StoreCallbackException(Exception exception)
    {
        var key = CallbackExceptions.Add(exception);
        fixed (byte* message = System.Text.Encoding.UTF8.GetBytes(key + ": " + exception.Message + "\0"))
            NativeMethods.tb_error_set(CallbackFailed, message);
        return CallbackFailed;
    }

    internal static string Message() => Marshal.PtrToStringUTF8((nint)NativeMethods.tb_error_message()) ?? "";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(int status)
    {
        var message = Message();
        // Backward passes run callbacks on other threads and prefix nothing: the key finds the managed exception.
        if (CallbackExceptions.Take(message) is { } original)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(original);
        throw Create(status, message);
    }

    internal static Exception Create(int status, string message) => status switch
    {
        IndexError => new TorchIndexException(message),
        ValueError => new ArgumentException(message),
        TypeError => new TorchTypeException(message),
        NotImplemented when MissingDevice(message) is { } device => new TorchNotImplementedException(
            $"There is no {device} device for the libtorch at {LibtorchLoader.LibtorchPath}: it is a build without {device}, or it finds no "
            + $"driver. libtorch says: {message}"),
        NotImplemented => new TorchNotImplementedException(message),
        OutOfMemory => new OutOfMemoryException(message),
        LinalgError => new LinalgException(message),
        NotSupported => new NotSupportedException(message),
        _ => new TorchException(message),
    };

    /// <summary>The backend that a message of libtorch's dispatcher misses, where it stands for a device that is not there.</summary>
    private static string? MissingDevice(string message)
    {
        foreach (var (backend, type) in new[] { ("CUDA", DeviceType.Cuda), ("MPS", DeviceType.Mps), ("XPU", DeviceType.Xpu) })
        {
            if (message.Contains($"arguments from the '{backend}' backend", StringComparison.Ordinal) && !IsAvailable(type))
                return backend;
        }
        return null;
    }

    private static bool IsAvailable(DeviceType type)
    {
        byte available;
        return NativeMethods.tb_core_device_available((int)type, &available) == 0 && available != 0;
    }

    /// <summary>Managed exceptions on their way through native frames, found again by a key in the message.</summary>
    private static class CallbackExceptions
    {
        private const string Prefix = "managed callback #";
        private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, Exception> s_inFlight = new();
        private static long s_next;

        internal static string Add(Exception exception)
        {
            var key = $"{Prefix}{Interlocked.Increment(ref s_next)}";
            s_inFlight[key] = exception;
            return key;
        }

        internal static Exception? Take(string message)
        {
            var start = message.IndexOf(Prefix, StringComparison.Ordinal);
            if (start < 0)
                return null;
            var end = message.IndexOf(':', start);
            return end > 0 && s_inFlight.TryRemove(message[start..end], out var exception) ? exception : null;
        }
    }
}
