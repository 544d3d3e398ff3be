using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>
/// Holds a tensor for one native call: a dispose on another thread meanwhile waits with the release.
/// </summary>
internal readonly ref struct Borrow : IDisposable
{
    private readonly Tensor? _tensor;

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
        tensor.Enter(name);
        _tensor = tensor;
        Handle = tensor.DangerousGetHandle();
    }

    private Borrow(Tensor tensor, nint handle)
    {
        _tensor = tensor;
        Handle = handle;
    }

    /// <summary>Borrows a tensor that may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Borrow Optional(Tensor? tensor, string name = "tensor") => tensor is null ? default : new Borrow(tensor, name);

    /// <summary>Ends the call's hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _tensor?.Exit();

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
    private struct InlineTensors { private Tensor? _first; }

    // Copies, so that a caller who changes its array meanwhile cannot unbalance the counts.
    private InlineTensors _inlineTensors;
    private InlineHandles _inlineHandles;
    private readonly Tensor?[]? _tensors;
    private readonly nint* _handles;
    private int _held;

    /// <summary>Borrows every tensor; null entries are allowed (handle 0) when <paramref name="optional"/>.</summary>
    public BorrowList(ReadOnlySpan<Tensor?> tensors, string name, bool optional = false)
    {
        Length = tensors.Length;
        if (tensors.Length > InlineCapacity)
        {
            _tensors = new Tensor?[tensors.Length];
            _handles = (nint*)NativeMemory.Alloc((nuint)tensors.Length, (nuint)sizeof(nint));
        }
        try
        {
            for (var i = 0; i < tensors.Length; i++)
            {
                var tensor = tensors[i];
                nint handle = 0;
                if (tensor is not null)
                {
                    tensor.Enter(name);
                    handle = tensor.DangerousGetHandle();
                }
                else if (!optional)
                {
                    throw new ArgumentNullException($"{name}[{i}]", $"Entry {i} of the tensor list '{name}' is null.");
                }
                if (_tensors is null)
                {
                    _inlineTensors[i] = tensor;
                    _inlineHandles[i] = handle;
                }
                else
                {
                    _tensors[i] = tensor;
                    _handles[i] = handle;
                }
                _held = i + 1;
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
        for (var i = 0; i < _held; i++)
            (_tensors is null ? _inlineTensors[i] : _tensors[i])?.Exit();
        if (_handles != null)
            NativeMemory.Free(_handles);
    }
}
