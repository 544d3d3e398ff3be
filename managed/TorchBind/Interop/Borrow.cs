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
    private const int InlineCapacity = 16;

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
    public BorrowList(ReadOnlySpan<Tensor?> tensors, string name, bool optional = false)
    {
        Length = tensors.Length;
        if (tensors.Length > InlineCapacity)
        {
            _heldArray = new TensorHandle?[tensors.Length];
            _handles = (nint*)NativeMemory.Alloc((nuint)tensors.Length, (nuint)sizeof(nint));
        }
        try
        {
            for (var i = 0; i < tensors.Length; i++)
            {
                TensorHandle? held = null;
                if (tensors[i] is { } tensor)
                {
                    held = tensor.Hold(name);
                }
                else if (!optional)
                {
                    throw new ArgumentNullException($"{name}[{i}]", $"Entry {i} of the tensor list '{name}' is null.");
                }
                var handle = held?.Value ?? 0;
                if (_heldArray is null)
                {
                    _inlineHeld[i] = held;
                    _inlineHandles[i] = handle;
                }
                else
                {
                    _heldArray[i] = held;
                    _handles[i] = handle;
                }
                _count = i + 1;
            }
        }
        catch
        {
            Dispose();
            throw;
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
        for (var i = 0; i < _count; i++)
            (_heldArray is null ? _inlineHeld[i] : _heldArray[i])?.Release();
        if (_handles != null)
            NativeMemory.Free(_handles);
    }
}
