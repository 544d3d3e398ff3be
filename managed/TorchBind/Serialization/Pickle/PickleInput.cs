using System.Buffers.Binary;
using System.Text;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Pickle;

/// <summary>Reads a pickle's bytes in order from a source, checking every length against what is left before allocating for it.</summary>
internal sealed class PickleInput
{
    private const int WindowLength = 1 << 16;
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);
    private readonly ByteSource _source;
    private readonly long _start;
    private readonly long _end;
    private readonly long _limit;
    private readonly byte[] _window;
    private long _windowStart;
    private int _at;
    private int _filled;

    /// <summary>Reads from <paramref name="start"/>, at most to <paramref name="end"/> and at most <paramref name="limit"/> bytes.</summary>
    public PickleInput(ByteSource source, long start, long end, long limit, string record)
    {
        _source = source;
        _start = start;
        _end = end;
        _limit = limit;
        _windowStart = start;
        _window = new byte[(int)Math.Min(WindowLength, Math.Max(0, end - start))];
        Record = record;
    }

    /// <summary>What messages call the pickle.</summary>
    public string Record { get; }

    /// <summary>The position in the source of the next byte.</summary>
    public long Position => _windowStart + _at;

    /// <summary>Where the pickle ends at the latest.</summary>
    public long End => _end;

    /// <summary>How many bytes were read.</summary>
    public long Consumed => Position - _start;

    public byte ReadByte()
    {
        if (_at == _filled)
            Fill(1);
        return _window[_at++];
    }

    public int ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Small(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Small(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Small(4));

    public double ReadDoubleBigEndian() => BinaryPrimitives.ReadDoubleBigEndian(Small(8));

    /// <summary>An eight-byte length, checked.</summary>
    public long ReadLength64()
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(Small(8));
        return length <= long.MaxValue ? (long)length : long.MaxValue;
    }

    public byte[] ReadBytes(long length)
    {
        CheckLength(length);
        if (length == 0)
            return [];
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)length);
        ReadInto(bytes);
        return bytes;
    }

    /// <summary>A string in UTF-8; lone surrogates, which Python's pickles can hold, are kept.</summary>
    public string ReadUtf8(long length)
    {
        CheckLength(length);
        if (length <= _filled - _at)
        {
            string text = DecodeUtf8(_window.AsSpan(_at, (int)length));
            _at += (int)length;
            return text;
        }
        return DecodeUtf8(ReadBytes(length));
    }

    /// <summary>The bytes up to a line feed, which is consumed and left out.</summary>
    public byte[] ReadLine()
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_at == _filled)
                Fill(1);
            int end = _window.AsSpan(_at, _filled - _at).IndexOf((byte)'\n');
            int take = end >= 0 ? end : _filled - _at;
            line.Write(_window, _at, take);
            _at += take + (end >= 0 ? 1 : 0);
            if (end >= 0)
                return line.ToArray();
        }
    }

    public string ReadUtf8Line() => DecodeUtf8(ReadLine());

    public CheckpointException Corrupt(string message)
        => CheckpointException.Corrupt($"The pickle '{Record}' in {_source.Name} is damaged at offset {Position:N0}: {message}", Record, Position);

    public CheckpointException Limit(string message)
        => CheckpointException.Limit($"The pickle '{Record}' in {_source.Name} is refused at offset {Position:N0}: {message}", Record, Position);

    public CheckpointException Unsupported(string message)
        => CheckpointException.Unsupported($"The pickle '{Record}' in {_source.Name} cannot be read at offset {Position:N0}: {message}", Record, Position);

    private string DecodeUtf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Surrogates.Decode(bytes) ?? throw Corrupt("a string is not UTF-8.");
        }
    }

    private ReadOnlySpan<byte> Small(int count)
    {
        if (_filled - _at < count)
            Fill(count);
        ReadOnlySpan<byte> bytes = _window.AsSpan(_at, count);
        _at += count;
        return bytes;
    }

    private void ReadInto(Span<byte> destination)
    {
        int have = Math.Min(destination.Length, _filled - _at);
        _window.AsSpan(_at, have).CopyTo(destination);
        _at += have;
        destination = destination[have..];
        if (destination.IsEmpty)
            return;
        _source.Read(Position, destination);
        _windowStart = Position + destination.Length;
        _at = _filled = 0;
    }

    private void CheckLength(long length)
    {
        if (length < 0)
            throw Corrupt("a length is negative.");
        if (length > _end - Position)
            throw Ended();
        if (length > Array.MaxLength || Consumed + length > _limit)
            throw TooLong();
    }

    private void Fill(int need)
    {
        int kept = _filled - _at;
        _window.AsSpan(_at, kept).CopyTo(_window);
        _windowStart += _at;
        _at = 0;
        _filled = kept;
        long available = _end - _windowStart;
        if (available < need)
            throw Ended();
        if (Consumed + need > _limit)
            throw TooLong();
        int take = (int)Math.Min(_window.Length, available) - kept;
        _source.Read(_windowStart + kept, _window.AsSpan(kept, take));
        _filled += take;
    }

    private CheckpointException Ended()
        => CheckpointException.Truncated($"The pickle '{Record}' in {_source.Name} ends before its content does (at offset {_end:N0}). The file was probably cut off; get it again.", Record, _end);

    private CheckpointException TooLong()
        => Limit($"it is longer than {_limit:N0} bytes. If you trust the file, raise CheckpointOptions.MaxPickleBytes.");
}

/// <summary>UTF-8 in which lone surrogates are written like any other code point, as Python's pickles do.</summary>
internal static class Surrogates
{
    /// <summary>Decodes, or gives null where the bytes are not even that.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
                bytes = bytes[consumed..];
            }
            else if (bytes.Length >= 3 && bytes[0] == 0xED && bytes[1] is >= 0xA0 and <= 0xBF && bytes[2] is >= 0x80 and <= 0xBF)
            {
                text.Append((char)(0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F)));
                bytes = bytes[3..];
            }
            else
            {
                return null;
            }
        }
        return text.ToString();
    }

    /// <summary>Encodes <paramref name="text"/>; one surrogate that has no partner takes three bytes.</summary>
    public static byte[] Encode(string text)
    {
        if (IsWellFormed(text))
            return Encoding.UTF8.GetBytes(text);
        var bytes = new MemoryStream(text.Length + 8);
        Span<byte> four = stackalloc byte[4];
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (Rune.TryCreate(c, out Rune rune) || (i + 1 < text.Length && Rune.TryCreate(c, text[i + 1], out rune)))
            {
                i += rune.Utf16SequenceLength - 1;
                bytes.Write(four[..rune.EncodeToUtf8(four)]);
            }
            else
            {
                bytes.Write([(byte)(0xE0 | (c >> 12)), (byte)(0x80 | ((c >> 6) & 0x3F)), (byte)(0x80 | (c & 0x3F))]);
            }
        }
        return bytes.ToArray();
    }

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
