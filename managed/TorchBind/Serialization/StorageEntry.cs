using TorchBind.Serialization.IO;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization;

/// <summary>A block of tensor data in a checkpoint: what it holds and where it lies, without the data itself.</summary>
public sealed class StorageEntry
{
    private ByteSource? _source;
    private readonly ZipReader? _zip;
    private readonly Storage? _live;
    private readonly long _skip; // bytes of the record before the data
    private readonly ZipRecord? _record;

    internal StorageEntry(string key, DType dtype, string location, long byteLength)
    {
        Key = key;
        DType = dtype;
        Location = location;
        ByteLength = byteLength;
    }

    internal StorageEntry(string key, DType dtype, string location, long byteLength, ByteSource source, long offset)
        : this(key, dtype, location, byteLength)
    {
        _source = source;
        Offset = offset;
    }

    internal StorageEntry(string key, DType dtype, string location, long byteLength, ZipReader zip, ZipRecord record, long skip = 0)
        : this(key, dtype, location, byteLength)
    {
        _skip = skip;
        _zip = zip;
        _record = record;
        if (record.IsPlain)
        {
            _source = zip.Source;
            Offset = record.DataOffset + skip;
        }
    }

    internal StorageEntry(string key, DType dtype, string location, Storage live)
        : this(key, dtype, location, live.NBytes) => _live = live;

    /// <summary>The storage's name in the checkpoint.</summary>
    public string Key { get; }

    /// <summary>The element type it was saved with; <see cref="DType.UInt8"/> for an untyped storage.</summary>
    public DType DType { get; }

    /// <summary>The device it was saved from, as Python wrote it: <c>cpu</c>, <c>cuda:0</c>.</summary>
    public string Location { get; }

    /// <summary>Its length in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Where its bytes begin in the file; -1 if they do not lie there as they are (compressed, or there is no data).</summary>
    public long Offset { get; private set; } = -1;

    /// <summary>Whether the bytes are in big-endian order and are swapped while they are read.</summary>
    public bool IsBigEndian { get; internal set; }

    /// <summary>Whether the checkpoint holds data for it; false for storages on the <c>meta</c> device.</summary>
    public bool HasData => _source is not null || _record is not null || _live is not null;

    /// <summary>Whether it is the typed face of bytes: its element type says nothing about the tensors on it.</summary>
    internal bool IsUntyped { get; init; }

    /// <summary>The size of the elements in which its length was written into the pickle that was made last.</summary>
    internal int WrittenItemSize { get; set; } = 1;

    /// <summary>For a legacy view of another storage: that storage, and where in it the view begins.</summary>
    internal StorageEntry? Root { get; init; }

    internal long RootOffset { get; init; }

    /// <summary>Where the bytes lie in memory, if the file is mapped and they can be used in place; null otherwise.</summary>
    internal unsafe byte* MappedPointer
    {
        get
        {
            if (_source is null || Offset < 0 || IsBigEndian || ByteLength == 0)
                return null;
            byte* start = _source.Pointer;
            return start == null ? null : start + Offset;
        }
    }

    internal ByteSource? Source => _source;

    /// <summary>Where the bytes lie in memory, for a storage of a living tensor; null for others.</summary>
    internal unsafe byte* LivePointer => _live is null ? null : (byte*)_live.DataPtr();

    /// <summary>Whether <see cref="ReadPart"/> works.</summary>
    internal bool CanReadParts => _source is not null && !IsBigEndian;

    /// <summary>Reads some of the bytes.</summary>
    internal unsafe void ReadPart(long offset, byte* destination, long count) => _source!.Read(Offset + offset, destination, count);

    /// <summary>Gives the entry its place once that is known (the stream form names storages before their data).</summary>
    internal void Place(ByteSource source, long offset)
    {
        _source = source;
        Offset = offset;
    }

    /// <summary>Reads all of the bytes to <paramref name="destination"/>, in this machine's order.</summary>
    internal unsafe void ReadTo(byte* destination)
    {
        if (ByteLength == 0)
            return;
        if (_live is not null)
            Buffer.MemoryCopy(LivePointer, destination, ByteLength, ByteLength);
        else if (_source is not null)
            _source.Read(Offset, destination, ByteLength);
        else if (_zip is not null && _record is not null)
            _zip.Read(_record, _skip, destination, ByteLength);
        else
            throw CheckpointException.Unsupported($"The storage '{Key}' has no data in the checkpoint: it was saved from the device '{Location}'.");
        if (IsBigEndian)
            SwapBytes(new Span<byte>(destination, checked((int)ByteLength)), DType);
    }

    /// <summary>Reads the bytes into a new array.</summary>
    /// <exception cref="CheckpointException">The data is missing, damaged or too long for an array.</exception>
    public unsafe byte[] ReadBytes()
    {
        if (ByteLength > Array.MaxLength)
            throw CheckpointException.Limit($"The storage '{Key}' holds {ByteLength:N0} bytes, too many for one array.");
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)ByteLength);
        fixed (byte* p = bytes)
            ReadTo(p);
        return bytes;
    }

    private static void SwapBytes(Span<byte> bytes, DType dtype)
    {
        int unit = dtype is DType.Complex32 or DType.Complex64 or DType.Complex128 ? dtype.ItemSize() / 2 : dtype.ItemSize();
        if (unit == 1)
            return;
        for (; bytes.Length >= unit; bytes = bytes[unit..])
            bytes[..unit].Reverse();
    }
}
