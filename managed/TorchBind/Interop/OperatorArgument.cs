using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchBind.Interop;

/// <summary>What generated operators need to hand arguments over.</summary>
internal static class OperatorArgument
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte Byte(bool value) => value ? (byte)1 : (byte)0;

    /// <summary>-1: not given, 0, 1.</summary>
    internal static int Code(bool? value) => value is { } given ? given ? 1 : 0 : -1;

    /// <summary>-1: not given.</summary>
    internal static int Type(Device? device) => device is { } given ? (int)given.Type : -1;

    internal static int Index(Device? device) => device is { } given ? given.Index : -1;

    /// <summary>The device of what is made out of nothing, where none is given: type in the low half, index in the high one; -1: libtorch's choice.</summary>
    internal static long DefaultDevice = -1;

    /// <summary>As <see cref="Type"/>, for operators that make a tensor out of nothing.</summary>
    internal static int FactoryType(Device? device) => device is { } given ? (int)given.Type : (int)DefaultDevice;

    internal static int FactoryIndex(Device? device) => device is { } given ? given.Index : (int)(DefaultDevice >> 32);

    /// <summary>As in Python, one number stands for all of a list of a fixed length.</summary>
    internal static IntList Expand(this IntList list, int length)
    {
        if (list.Length != 1)
            return list;
        var value = list.Span[0];
        return length switch
        {
            2 => (value, value),
            3 => (value, value, value),
            4 => (value, value, value, value),
            _ => list,
        };
    }

    internal static void CheckLength(ReadOnlySpan<bool> values, int length, string name)
    {
        if (values.Length != length)
            ThrowLength(values.Length, length, name);
    }

    [DoesNotReturn]
    private static void ThrowLength(int given, int length, string name) =>
        throw new ArgumentException($"'{name}' needs {length} values, got {given}.", name);
}

/// <summary>A text as UTF-8, zero-terminated, for one native call. Short ones take no allocation.</summary>
internal readonly unsafe ref struct TextArgument : IDisposable
{
    private const int InlineCapacity = 48;

    [InlineArray(InlineCapacity)]
    private struct Inline { private byte _first; }

    private readonly Inline _inline;
    private readonly byte* _block;
    private readonly bool _given;

    /// <summary>A required text.</summary>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public TextArgument(string text, string name) : this(text ?? throw new ArgumentNullException(name)) { }

    /// <summary>A text that may be null: length -1, no pointer.</summary>
    public TextArgument(string? text)
    {
        if (text is null)
        {
            Length = -1;
            return;
        }
        _given = true;
        var size = Encoding.UTF8.GetByteCount(text);
        Length = size;
        if (size < InlineCapacity)
        {
            Encoding.UTF8.GetBytes(text, (Span<byte>)_inline);
        }
        else
        {
            _block = (byte*)NativeMemory.Alloc((nuint)size + 1);
            _block[Encoding.UTF8.GetBytes(text, new Span<byte>(_block, size))] = 0;
        }
    }

    /// <summary>Bytes without the zero; -1 for none.</summary>
    public long Length { get; }

    /// <summary>The bytes; valid while this variable is in place.</summary>
    public byte* Pointer => _block != null ? _block
        : _given ? (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in _inline))
        : null;

    /// <summary>Frees what a long text took.</summary>
    public void Dispose() => NativeMemory.Free(_block);
}

/// <summary>A list of texts, each of which may be null, for one native call.</summary>
internal readonly unsafe ref struct TextListArgument : IDisposable
{
    /// <summary>Converts the texts; null: length -1.</summary>
    public TextListArgument(string?[]? texts)
    {
        Length = -1;
        if (texts is null)
            return;
        Length = texts.Length;
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)texts.Length + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Length; i++)
        {
            if (texts[i] is { } text)
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    /// <summary>Number of texts; -1 for none.</summary>
    public long Length { get; }

    /// <summary>The texts.</summary>
    public byte** Pointer { get; }

    /// <summary>Frees the texts.</summary>
    public void Dispose()
    {
        for (var i = 0; i < Length; i++)
            Marshal.FreeCoTaskMem((nint)Pointer[i]);
        NativeMemory.Free(Pointer);
    }
}
