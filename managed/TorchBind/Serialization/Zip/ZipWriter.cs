using System.Buffers.Binary;
using System.Text;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Zip;

/// <summary>
/// Writes zip archives that torch reads, mapped into memory too: records are stored, and the bytes of each begin at a multiple of
/// 64. Sizes and checksums stand in the local headers; zip64 fields appear only where a number needs them.
/// </summary>
internal sealed class ZipWriter(ByteSink sink, int alignment = 64)
{
    private const int ChunkLength = 1 << 20;
    private const ushort Utf8Flag = 1 << 11;
    private const ushort DescriptorFlag = 1 << 3;
    private readonly long _base = sink.Position; // where in the sink the archive begins
    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _finished;

    private sealed record Entry(byte[] Name, ushort Flags, uint Crc, long Length, long HeaderOffset);

    public void Write(string name, ReadOnlySpan<byte> data)
    {
        Header header = Begin(name, data.Length, Crc32.Append(0, data), descriptor: false);
        sink.Write(data);
        Add(header);
    }

    public unsafe void Write(string name, byte* data, long length)
    {
        if (length <= int.MaxValue && (length <= ChunkLength || !sink.CanPatch))
        {
            Write(name, new ReadOnlySpan<byte>(data, (int)length));
            return;
        }
        uint crc = 0;
        if (!sink.CanPatch)
        {
            for (long at = 0; at < length; at += ChunkLength)
                crc = Crc32.Append(crc, Chunk(at));
        }
        Header header = Begin(name, length, crc, descriptor: false);
        for (long at = 0; at < length; at += ChunkLength)
        {
            ReadOnlySpan<byte> chunk = Chunk(at);
            // Summed and written while it is in the cache.
            if (sink.CanPatch)
                crc = Crc32.Append(crc, chunk);
            sink.Write(chunk);
        }
        if (sink.CanPatch)
            header = PatchCrc(header, crc);
        Add(header);

        ReadOnlySpan<byte> Chunk(long at) => new(data + at, (int)Math.Min(ChunkLength, length - at));
    }

    /// <summary>Writes a record that consists of a beginning and data elsewhere in memory.</summary>
    public unsafe void Write(string name, ReadOnlySpan<byte> beginning, byte* data, long length)
    {
        uint crc = Crc32.Append(0, beginning);
        for (long at = 0; at < length; at += ChunkLength)
            crc = Crc32.Append(crc, new ReadOnlySpan<byte>(data + at, (int)Math.Min(ChunkLength, length - at)));
        Header header = Begin(name, beginning.Length + length, crc, descriptor: false);
        sink.Write(beginning);
        sink.Write(data, length);
        Add(header);
    }

    /// <summary>Writes a record that is read from a stream piece by piece; <paramref name="length"/> is what the stream must hold.</summary>
    public void Write(string name, Stream data, long length)
    {
        Header header = Begin(name, length, 0, descriptor: !sink.CanPatch);
        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, ChunkLength));
        uint crc = 0;
        for (long left = length; left > 0;)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            data.ReadExactly(chunk);
            crc = Crc32.Append(crc, chunk);
            sink.Write(chunk);
            left -= chunk.Length;
        }
        if (sink.CanPatch)
        {
            header = PatchCrc(header, crc);
        }
        else
        {
            header = header with { Crc = crc };
            WriteDescriptor(header);
        }
        Add(header);
    }

    /// <summary>Writes the directory. The sink is not committed.</summary>
    public void Finish()
    {
        if (_finished)
            return;
        _finished = true;
        long start = sink.Position - _base;
        Span<byte> fixedPart = stackalloc byte[46 + 28];
        foreach (Entry entry in _entries)
        {
            fixedPart.Clear();
            bool bigLength = entry.Length >= uint.MaxValue;
            bool bigOffset = entry.HeaderOffset >= uint.MaxValue;
            int extra = bigLength || bigOffset ? 4 + (bigLength ? 16 : 0) + (bigOffset ? 8 : 0) : 0;
            BinaryPrimitives.WriteUInt32LittleEndian(fixedPart, 0x02014b50);
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[4..], Version(extra > 0));
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[6..], Version(extra > 0));
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[8..], entry.Flags);
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[14..], DosDate);
            BinaryPrimitives.WriteUInt32LittleEndian(fixedPart[16..], entry.Crc);
            BinaryPrimitives.WriteUInt32LittleEndian(fixedPart[20..], bigLength ? uint.MaxValue : (uint)entry.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(fixedPart[24..], bigLength ? uint.MaxValue : (uint)entry.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[28..], (ushort)entry.Name.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[30..], (ushort)extra);
            BinaryPrimitives.WriteUInt32LittleEndian(fixedPart[42..], bigOffset ? uint.MaxValue : (uint)entry.HeaderOffset);
            sink.Write(fixedPart[..46]);
            sink.Write(entry.Name);
            if (extra > 0)
            {
                Span<byte> field = fixedPart[46..];
                BinaryPrimitives.WriteUInt16LittleEndian(field, 1);
                BinaryPrimitives.WriteUInt16LittleEndian(field[2..], (ushort)(extra - 4));
                int at = 4;
                if (bigLength)
                {
                    BinaryPrimitives.WriteInt64LittleEndian(field[at..], entry.Length);
                    BinaryPrimitives.WriteInt64LittleEndian(field[(at + 8)..], entry.Length);
                    at += 16;
                }
                if (bigOffset)
                    BinaryPrimitives.WriteInt64LittleEndian(field[at..], entry.HeaderOffset);
                sink.Write(field[..extra]);
            }
        }
        WriteEnd(start, sink.Position - _base - start);
    }

    private const ushort DosDate = (1 << 5) | 1; // 1 January 1980: the same content gives the same file

    private static ushort Version(bool zip64) => zip64 ? (ushort)45 : (ushort)20;

    private Header Begin(string name, long length, uint crc, bool descriptor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (!_names.Add(name))
            throw new InvalidOperationException($"The record '{name}' was already written.");
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        if (nameBytes.Length > ushort.MaxValue)
            throw new ArgumentException("The record's name is too long for a zip archive.", nameof(name));
        ushort flags = (ushort)((Ascii(nameBytes) ? 0 : Utf8Flag) | (descriptor ? DescriptorFlag : 0));
        long offset = sink.Position - _base;
        bool big = length >= uint.MaxValue;
        int zip64 = big ? 20 : 0;
        long unpadded = offset + 30 + nameBytes.Length + zip64 + 4;
        int padding = (int)((alignment - unpadded % alignment) % alignment);
        int extra = zip64 + 4 + padding;
        byte[] bytes = new byte[30 + nameBytes.Length + extra];
        Span<byte> local = bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(local, 0x04034b50);
        BinaryPrimitives.WriteUInt16LittleEndian(local[4..], Version(big));
        BinaryPrimitives.WriteUInt16LittleEndian(local[6..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(local[12..], DosDate);
        BinaryPrimitives.WriteUInt32LittleEndian(local[14..], crc);
        BinaryPrimitives.WriteUInt32LittleEndian(local[18..], big ? uint.MaxValue : (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(local[22..], big ? uint.MaxValue : (uint)length);
        BinaryPrimitives.WriteUInt16LittleEndian(local[26..], (ushort)nameBytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(local[28..], (ushort)extra);
        nameBytes.CopyTo(local[30..]);
        Span<byte> field = local[(30 + nameBytes.Length)..];
        if (big)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(field, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(field[2..], 16);
            BinaryPrimitives.WriteInt64LittleEndian(field[4..], length);
            BinaryPrimitives.WriteInt64LittleEndian(field[12..], length);
            field = field[20..];
        }
        "FB"u8.CopyTo(field);
        BinaryPrimitives.WriteUInt16LittleEndian(field[2..], (ushort)padding);
        field[4..].Fill((byte)'Z');
        sink.Write(bytes);
        return new Header(nameBytes, flags, crc, length, offset);
    }

    private readonly record struct Header(byte[] Name, ushort Flags, uint Crc, long Length, long Offset);

    private Header PatchCrc(Header header, uint crc)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, crc);
        sink.Patch(_base + header.Offset + 14, bytes);
        return header with { Crc = crc };
    }

    private void WriteDescriptor(Header header)
    {
        bool big = header.Length >= uint.MaxValue;
        Span<byte> bytes = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 0x08074b50);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], header.Crc);
        if (big)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], header.Length);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], header.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], (uint)header.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], (uint)header.Length);
        }
        sink.Write(bytes[..(big ? 24 : 16)]);
    }

    private void Add(Header header) => _entries.Add(new Entry(header.Name, header.Flags, header.Crc, header.Length, header.Offset));

    private void WriteEnd(long start, long length)
    {
        Span<byte> bytes = stackalloc byte[56 + 20 + 22];
        bytes.Clear();
        int at = 0;
        int count = _entries.Count;
        bool big = count >= ushort.MaxValue || start >= uint.MaxValue || length >= uint.MaxValue;
        if (big)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, 0x06064b50);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[4..], 44);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[12..], 45);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[14..], 45);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], count);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], count);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], length);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], start);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[56..], 0x07064b50);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], start + length);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[72..], 1);
            at = 76;
        }
        Span<byte> end = bytes[at..];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)Math.Min(count, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)Math.Min(count, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)Math.Min(length, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)Math.Min(start, uint.MaxValue));
        sink.Write(bytes[..(at + 22)]);
    }

    private static bool Ascii(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExceptInRange((byte)0, (byte)127);
}
