using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>
/// Holds a tensor for one native call: a dispose on another thread meanwhile waits with the release.
/// </summary>
internal readonly ref struct Borrow : IDisposable
{
    private readonly TensorHandle? _held;

    /// <summary>The native handle; 0 for an optional tensor that was not given.</summary>
    public readonly nint Handle;

    /// <summary>Borrows a required tensor.</summary>
    /// <exception cref="ArgumentNullException">The tensor is null.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Borrow(Tensor tensor, string name = "this")
    {
        if (tensor is null)
            ThrowNull(name);
        _held = tensor.Hold(name);
        Handle = _held.Value;
    }

    /// <summary>Borrows a tensor that may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Borrow Optional(Tensor? tensor, string name = "tensor") => tensor is null ? default : new Borrow(tensor, name);

    /// <summary>Ends the call's hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _held?.Release();

    [DoesNotReturn]
    private static void ThrowNull(string name) => throw new ArgumentNullException(name);
}

/// <summary>Holds a list of tensors, or of optional ones, for one native call.</summary>
internal unsafe ref struct BorrowList : IDisposable
{
    private const int InlineCapacity = 8;

    [InlineArray(InlineCapacity)]
    private struct InlineHandles { private nint _first; }

    [InlineArray(InlineCapacity)]
    private struct InlineHeld { private TensorHandle? _first; }

    private InlineHeld _inlineHeld;
    private InlineHandles _inlineHandles;
    private readonly TensorHandle?[]? _heldArray;
    private readonly nint* _handles;
    private int _count;

    /// <summary>Borrows every tensor; null entries are allowed (handle 0) when <paramref name="optional"/>.</summary>
    [SkipLocalsInit]
    public BorrowList(ReadOnlySpan<Tensor?> tensors, string name, bool optional = false)
    {
        Length = tensors.Length;
        Span<TensorHandle?> held = _inlineHeld;
        Span<nint> handles = _inlineHandles;
        if (tensors.Length > InlineCapacity)
        {
            held = _heldArray = new TensorHandle?[tensors.Length];
            _handles = (nint*)NativeMemory.Alloc((nuint)tensors.Length, (nuint)sizeof(nint));
            handles = new Span<nint>(_handles, tensors.Length);
        }
        // No try block: the few things that go wrong give back first and throw then.
        for (var i = 0; i < tensors.Length; i++)
        {
            if (tensors[i] is { } tensor)
            {
                if (tensor.TryHold() is not { } handle)
                {
                    Dispose();
                    Tensor.ThrowDisposed(name);
                    return;
                }
                held[i] = handle;
                handles[i] = handle.Value;
            }
            else if (optional)
            {
                handles[i] = 0;
            }
            else
            {
                Dispose();
                ThrowNull(name, i);
            }
            _count = i + 1;
        }
    }

    /// <summary>Number of entries.</summary>
    public readonly int Length { get; }

    /// <summary>The handles; valid while this variable is in place.</summary>
    public readonly nint* Handles => _handles != null
        ? _handles
        : (nint*)Unsafe.AsPointer(ref Unsafe.As<InlineHandles, nint>(ref Unsafe.AsRef(in _inlineHandles)));

    /// <summary>Ends the call's hold.</summary>
    public readonly void Dispose()
    {
        ReadOnlySpan<TensorHandle?> held = _heldArray is null ? _inlineHeld : _heldArray;
        for (var i = 0; i < _count; i++)
            held[i]?.Release();
        if (_handles != null)
            NativeMemory.Free(_handles);
    }

    [DoesNotReturn]
    private static void ThrowNull(string name, int i) =>
        throw new ArgumentNullException($"{name}[{i}]", $"Entry {i} of the tensor list '{name}' is null.");
}
