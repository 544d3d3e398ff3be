using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>
/// Owns one reference to a native tensor. What makes a managed object dear is that it is finalizable; so a handle whose tensor was
/// disposed is kept, per thread, for the next one. A handle that is out of reach is finalized and frees what it owns.
/// </summary>
/// <remarks>
/// A handle has holders: its tensor, and every native call under way. The last one frees, so a dispose on one thread never pulls the
/// memory away under a call on another. SafeHandle's own count would do that too, but can neither be inlined nor begin anew
/// (docs/performance.md has the costs).
/// </remarks>
internal sealed class TensorHandle : SafeHandle
{
    private const int OneHolder = 2;
    private const int Disowned = 1;
    private const int MaximumKept = 1024;

    // Twice the number of holders, plus one once the tensor was disposed.
    private int _holders;
    private TensorHandle? _next;

    private TensorHandle() : base(0, ownsHandle: true) { }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The native tensor; only while held.</summary>
    internal nint Value => handle;

    /// <summary>A handle for an owned native reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TensorHandle Take(nint native, PerThread thread)
    {
        var result = thread.SpareHandles;
        if (result is not null)
        {
            thread.SpareHandles = result._next;
            thread.SpareHandleCount--;
            result._next = null;
        }
        else
        {
            result = Create();
        }
        result.SetHandle(native);
        // Last: from here on a thread that still looks at the handle's previous tensor may hold it, and finds out that it is not its own.
        Volatile.Write(ref result._holders, OneHolder);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TensorHandle Create() => new();

    /// <summary>Adds a holder; false once the tensor was disposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryHold()
    {
        var holders = _holders;
        return ((holders & Disowned) == 0 && Interlocked.CompareExchange(ref _holders, holders + OneHolder, holders) == holders)
            || TryHoldContended();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryHoldContended()
    {
        while (true)
        {
            var holders = Volatile.Read(ref _holders);
            if ((holders & Disowned) != 0)
                return false;
            if (Interlocked.CompareExchange(ref _holders, holders + OneHolder, holders) == holders)
                return true;
        }
    }

    /// <summary>Takes a holder away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Release()
    {
        if (Interlocked.Add(ref _holders, -OneHolder) == Disowned)
            Free();
    }

    /// <summary>The tensor gives up its hold: calls under way finish, new ones are refused.</summary>
    internal void Disown()
    {
        while (true)
        {
            var holders = Volatile.Read(ref _holders);
            if (Interlocked.CompareExchange(ref _holders, (holders - OneHolder) | Disowned, holders) != holders)
                continue;
            if (holders == OneHolder)
                Free();
            return;
        }
    }

    private void Free()
    {
        var native = handle;
        SetHandle(0);
        NativeMethods.tb_tensor_free(native);
        var thread = PerThread.Current;
        thread.Released++;
        if (thread.SpareHandleCount < MaximumKept)
        {
            _next = thread.SpareHandles;
            thread.SpareHandles = this;
            thread.SpareHandleCount++;
        }
        else
        {
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Called by the finalizer alone: everything else goes through <see cref="Free"/>.</summary>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_tensor_free(handle);
        NativeMethods.tb_memory_hand_on(); // this thread frees by the batch and then sleeps
        PerThread.Current.Released++;
        return true;
    }
}
