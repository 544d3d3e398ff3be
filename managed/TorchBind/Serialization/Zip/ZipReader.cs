using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Zip;

/// <summary>One record of a zip archive, as its central directory describes it.</summary>
internal sealed class ZipRecord
{
    internal ZipRecord(string name, long headerOffset, long compressedLength, long length, uint crc, ushort method, ushort flags)
    {
        Name = name;
        HeaderOffset = headerOffset;
        CompressedLength = compressedLength;
        Length = length;
        Crc = crc;
        Method = method;
        Encrypted = (flags & (1 | 0x40)) != 0;
        IsPatch = (flags & 0x20) != 0;
    }

    public string Name { get; }

    public long HeaderOffset { get; }

    public long CompressedLength { get; }

    public long Length { get; }

    public uint Crc { get; }

    public ushort Method { get; }

    public bool Encrypted { get; }

    /// <summary>Whether it holds the difference to another file, which nobody reads.</summary>
    public bool IsPatch { get; }

    /// <summary>Whether its bytes lie in the file as they are.</summary>
    public bool IsPlain => IsStored && !Encrypted && !IsPatch;

    public bool IsStored => Method == 0;

    /// <summary>Where the record's bytes begin in the file.</summary>
    public long DataOffset { get; internal set; }
}

/// <summary>
/// Reads zip archives as torch writes them. The central directory is the only authority: local headers, whose sizes are often
/// zero, serve to find where data begins. Records that overlap, repeat a name or reach outside the file are refused, and so is
/// a directory that claims more than the file can hold. Checksums are compared only on request, since torch can be told to
/// write none.
/// </summary>
internal sealed class ZipReader
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const uint End64Signature = 0x06064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int LocalHeaderLength = 30;
    private const int EntryLength = 46;
    private const int EndLength = 22;

    private readonly Dictionary<string, ZipRecord> _byName;
    private readonly CheckpointOptions _options;
    private Dictionary<string, ZipRecord>? _anyCase;
    private long _inflated;

    private ZipReader(ByteSource source, List<ZipRecord> records, Dictionary<string, ZipRecord> byName, CheckpointOptions options)
    {
        Source = source;
        Records = records;
        _byName = byName;
        _options = options;
    }

    public ByteSource Source { get; }

    /// <summary>The records, in the order of the directory.</summary>
    public IReadOnlyList<ZipRecord> Records { get; }

    /// <summary>The record of a name. As in torch's own reader, a difference in case does not matter where no name fits exactly.</summary>
    public ZipRecord? Find(string name)
    {
        if (_byName.TryGetValue(name, out ZipRecord? record))
            return record;
        if (_anyCase is null)
        {
            var anyCase = new Dictionary<string, ZipRecord>(StringComparer.OrdinalIgnoreCase);
            foreach (ZipRecord candidate in Records)
                anyCase.TryAdd(candidate.Name, candidate);
            _anyCase = anyCase;
        }
        return _anyCase.GetValueOrDefault(name);
    }

    public static ZipReader Open(ByteSource source, CheckpointOptions options)
    {
        (long directoryOffset, long directoryLength, long count) = FindDirectory(source);
        if (count > options.MaxRecords)
        {
            throw CheckpointException.Limit(
                $"{source.Name} claims to hold {count:N0} records; at most {options.MaxRecords:N0} are read (CheckpointOptions.MaxRecords).");
        }
        if (directoryLength > int.MaxValue)
            throw CheckpointException.Limit($"{source.Name} has a directory of {directoryLength:N0} bytes, more than is read.");
        if (count > directoryLength / EntryLength)
            throw CheckpointException.Corrupt($"{source.Name} claims {count:N0} records, more than its directory of {directoryLength:N0} bytes can hold.");

        byte[] directory = source.ReadArray(directoryOffset, (int)directoryLength);
        var records = new List<ZipRecord>((int)count);
        var byName = new Dictionary<string, ZipRecord>((int)count, StringComparer.Ordinal);
        int at = 0;
        for (long i = 0; i < count; i++)
        {
            ZipRecord record = ReadEntry(source, directory, ref at, directoryOffset);
            if (!byName.TryAdd(record.Name, record))
                throw CheckpointException.Corrupt($"{source.Name} holds two records named '{record.Name}'; which of them counts is not defined.", record.Name);
            records.Add(record);
        }
        LocateData(source, records, directoryOffset);
        return new ZipReader(source, records, byName, options);
    }

    /// <summary>Reads a whole record that is small enough for one array.</summary>
    public byte[] Read(ZipRecord record, long limit)
    {
        if (record.Length > limit || record.Length > Array.MaxLength)
            throw CheckpointException.Limit($"The record '{record.Name}' in {Source.Name} holds {record.Length:N0} bytes; at most {Math.Min(limit, Array.MaxLength):N0} are read.", record.Name);
        if (record.IsPlain)
            return Source.ReadArray(record.DataOffset, (int)record.Length);
        ReserveInflation(record);
        byte[] bytes = new byte[record.Length];
        using Stream stream = Inflate(record);
        ReadInflated(stream, record, bytes);
        ExpectEnd(stream, record);
        return bytes;
    }

    /// <summary>Reads a part of a record into memory; <paramref name="count"/> may exceed what a span holds.</summary>
    public unsafe void Read(ZipRecord record, long skip, byte* destination, long count)
    {
        if (skip > record.Length || count > record.Length - skip)
            throw CheckpointException.Truncated($"The record '{record.Name}' in {Source.Name} holds {record.Length:N0} bytes where {count:N0} are needed.", record.Name);
        if (record.IsPlain)
        {
            Source.Read(record.DataOffset + skip, destination, count);
            return;
        }
        ReserveInflation(record);
        using Stream stream = Inflate(record);
        Span<byte> skipped = stackalloc byte[256];
        long rest = record.Length - skip;
        for (long left = skip; left > 0; left -= Math.Min(left, skipped.Length))
            ReadInflated(stream, record, skipped[..(int)Math.Min(left, skipped.Length)]);
        while (count > 0)
        {
            int n = (int)Math.Min(count, 1 << 24);
            ReadInflated(stream, record, new Span<byte>(destination, n));
            destination += n;
            count -= n;
            rest -= n;
        }
        for (; rest > 0; rest -= Math.Min(rest, skipped.Length))
            ReadInflated(stream, record, skipped[..(int)Math.Min(rest, skipped.Length)]);
        ExpectEnd(stream, record);
    }

    /// <summary>Compares a record's bytes with its checksum.</summary>
    public bool CrcMatches(ZipRecord record)
    {
        using Stream stream = OpenStream(record);
        byte[] buffer = new byte[1 << 16];
        uint crc = 0;
        long total = 0;
        for (int n; (n = ReadSome(stream, record, buffer)) > 0;)
        {
            crc = Crc32.Append(crc, buffer.AsSpan(0, n));
            total += n;
            if (total > record.Length)
                return false;
        }
        return crc == record.Crc && total == record.Length;
    }

    /// <summary>A stream over the record's content; nothing is reserved, so only what is pulled costs anything.</summary>
    public Stream OpenStream(ZipRecord record) => record.IsPlain ? new SourceStream(Source, record.DataOffset, record.Length) : Inflate(record);

    private DeflateStream Inflate(ZipRecord record)
    {
        CheckReadable(record);
        return new DeflateStream(new SourceStream(Source, record.DataOffset, record.CompressedLength), CompressionMode.Decompress);
    }

    private void ReserveInflation(ZipRecord record)
    {
        CheckReadable(record);
        // Deflate never expands more than about 1,032 times.
        if (record.Length / 1032 > record.CompressedLength + 1)
            throw CheckpointException.Corrupt($"The record '{record.Name}' in {Source.Name} claims {record.Length:N0} bytes out of {record.CompressedLength:N0} compressed ones, more than is possible.", record.Name);
        long limit = _options.InflationLimit(Source.Length);
        if (Interlocked.Add(ref _inflated, record.Length) > limit || record.Length > limit)
        {
            throw CheckpointException.Limit(
                $"The compressed records of {Source.Name} expand to more than {limit:N0} bytes. If you trust the file, raise CheckpointOptions.MaxInflatedBytes.", record.Name);
        }
    }

    /// <summary>Refuses a record that is encrypted or packed in a way that is not read.</summary>
    public void CheckReadable(ZipRecord record)
    {
        if (record.Encrypted)
            throw CheckpointException.Unsupported($"The record '{record.Name}' in {Source.Name} is encrypted; decrypt the archive first.", record.Name);
        if (record.IsPatch)
            throw CheckpointException.Unsupported($"The record '{record.Name}' in {Source.Name} is a patch for another file. The archive is damaged, or was not made by torch.", record.Name);
        if (record.Method is not (0 or 8))
            throw CheckpointException.Unsupported($"The record '{record.Name}' in {Source.Name} is compressed by method {record.Method}; only stored and deflated records are read. Pack the archive again without compression.", record.Name);
    }

    private void ReadInflated(Stream stream, ZipRecord record, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int n = ReadSome(stream, record, destination);
            if (n == 0)
                throw CheckpointException.Corrupt($"The compressed record '{record.Name}' in {Source.Name} is shorter than the {record.Length:N0} bytes that the directory claims.", record.Name);
            destination = destination[n..];
        }
    }

    private void ExpectEnd(Stream stream, ZipRecord record)
    {
        Span<byte> one = stackalloc byte[1];
        if (ReadSome(stream, record, one) != 0)
            throw CheckpointException.Corrupt($"The compressed record '{record.Name}' in {Source.Name} is longer than the {record.Length:N0} bytes that the directory claims.", record.Name);
    }

    private int ReadSome(Stream stream, ZipRecord record, Span<byte> destination)
    {
        try
        {
            return stream.Read(destination);
        }
        catch (InvalidDataException e)
        {
            throw new CheckpointException(CheckpointProblem.Corrupt, $"The compressed record '{record.Name}' in {Source.Name} is damaged.", record.Name, innerException: e);
        }
    }

    private static (long Offset, long Length, long Count) FindDirectory(ByteSource source)
    {
        int tailLength = (int)Math.Min(source.Length, EndLength + ushort.MaxValue + 20);
        // torch writes no comment, so the end record is nearly always the last 22 bytes.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            int length = attempt == 0 ? (int)Math.Min(source.Length, EndLength + 20) : tailLength;
            long tailOffset = source.Length - length;
            byte[] tail = source.ReadArray(tailOffset, length);
            for (int i = length - EndLength; i >= 0; i--)
            {
                ReadOnlySpan<byte> end = tail.AsSpan(i);
                if (BinaryPrimitives.ReadUInt32LittleEndian(end) != EndSignature
                    || i + EndLength + BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) != length)
                {
                    continue;
                }
                return ReadEnd(source, end, tailOffset + i);
            }
        }
        throw CheckpointException.Truncated(
            $"{source.Name} begins like a zip archive, but has no directory at its end: it was cut off at {source.Length:N0} bytes. "
            + "Get the file again, or save it again (an interrupted save or download leaves such a file).", null, source.Length);
    }

    private static (long Offset, long Length, long Count) ReadEnd(ByteSource source, ReadOnlySpan<byte> end, long endOffset)
    {
        long count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        bool severalDisks = BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) != 0 || BinaryPrimitives.ReadUInt16LittleEndian(end[6..]) != 0
            || BinaryPrimitives.ReadUInt16LittleEndian(end[8..]) != count;
        long limit = endOffset;
        if (endOffset >= 20)
        {
            Span<byte> locator = stackalloc byte[20];
            source.Read(endOffset - 20, locator);
            if (BinaryPrimitives.ReadUInt32LittleEndian(locator) == End64LocatorSignature)
            {
                ulong end64Offset = BinaryPrimitives.ReadUInt64LittleEndian(locator[8..]);
                if (end64Offset > (ulong)(endOffset - 20) || (ulong)(endOffset - 20) - end64Offset < 56)
                    throw CheckpointException.Corrupt($"The zip64 end record of {source.Name} is not where its locator says.", null, endOffset - 20);
                Span<byte> end64 = stackalloc byte[56];
                source.Read((long)end64Offset, end64);
                if (BinaryPrimitives.ReadUInt32LittleEndian(end64) != End64Signature)
                    throw CheckpointException.Corrupt($"The zip64 end record of {source.Name} is not where its locator says.", null, (long)end64Offset);
                if (BinaryPrimitives.ReadUInt64LittleEndian(end64[4..]) < 44)
                    throw CheckpointException.Corrupt($"The zip64 end record of {source.Name} is shorter than such a record is.", null, (long)end64Offset);
                count = ToLong(source, BinaryPrimitives.ReadUInt64LittleEndian(end64[32..]));
                length = ToLong(source, BinaryPrimitives.ReadUInt64LittleEndian(end64[40..]));
                offset = ToLong(source, BinaryPrimitives.ReadUInt64LittleEndian(end64[48..]));
                limit = (long)end64Offset;
                // What the short end record says of volumes does not count beside this one.
                severalDisks = BinaryPrimitives.ReadUInt32LittleEndian(locator[16..]) != 1 || BinaryPrimitives.ReadUInt32LittleEndian(end64[16..]) != 0 || BinaryPrimitives.ReadUInt32LittleEndian(end64[20..]) != 0
                    || BinaryPrimitives.ReadUInt64LittleEndian(end64[24..]) != (ulong)count;
            }
        }
        if (severalDisks)
            throw CheckpointException.Unsupported($"{source.Name} is one volume of a zip archive in several volumes; join them first.");
        if (offset > limit || length > limit - offset)
        {
            throw CheckpointException.Corrupt(
                $"The directory of {source.Name} ({length:N0} bytes at offset {offset:N0}) does not fit before its end record at {limit:N0}: the file is damaged, or bytes were put in front of it or taken from it.",
                null, offset);
        }
        return (offset, length, count);
    }

    private static long ToLong(ByteSource source, ulong value)
        => value <= long.MaxValue ? (long)value : throw CheckpointException.Corrupt($"The zip directory of {source.Name} holds the impossible number {value}.");

    private static ZipRecord ReadEntry(ByteSource source, byte[] directory, ref int at, long directoryOffset)
    {
        if (directory.Length - at < EntryLength)
            throw CheckpointException.Corrupt($"The zip directory of {source.Name} ends inside a record's entry.", null, directoryOffset + at);
        ReadOnlySpan<byte> entry = directory.AsSpan(at);
        if (BinaryPrimitives.ReadUInt32LittleEndian(entry) != EntrySignature)
            throw CheckpointException.Corrupt($"The zip directory of {source.Name} is damaged at offset {directoryOffset + at:N0}.", null, directoryOffset + at);
        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]);
        ushort method = BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]);
        long compressed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]);
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[30..]);
        int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        int disk = BinaryPrimitives.ReadUInt16LittleEndian(entry[34..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        if (entry.Length - EntryLength < nameLength + extraLength + commentLength)
            throw CheckpointException.Corrupt($"The zip directory of {source.Name} ends inside a record's entry.", null, directoryOffset + at);
        string name = DecodeName(source, entry.Slice(EntryLength, nameLength), directoryOffset + at);
        ReadOnlySpan<byte> extra = entry.Slice(EntryLength + nameLength, extraLength);
        if (length == uint.MaxValue || compressed == uint.MaxValue || header == uint.MaxValue)
            ReadZip64Extra(source, name, extra, ref length, ref compressed, ref header);
        at += EntryLength + nameLength + extraLength + commentLength;
        if (disk != 0)
            throw CheckpointException.Unsupported($"The record '{name}' in {source.Name} is in another volume of a zip archive in several volumes; join them first.", name);
        if ((flags & 0x2000) != 0)
            throw CheckpointException.Unsupported($"The directory of {source.Name} is encrypted; decrypt the archive first.", name);
        // Marked as a folder, it would be skipped by torch, which then takes whatever lies in memory for the content.
        if ((BinaryPrimitives.ReadUInt32LittleEndian(entry[38..]) & 0x10) != 0 && compressed > 0)
            throw CheckpointException.Corrupt($"The record '{name}' in {source.Name} is marked as a folder, yet has content.", name);
        if (method == 0 && compressed != length)
            throw CheckpointException.Corrupt($"The record '{name}' in {source.Name} is stored, yet has two different sizes ({compressed:N0} and {length:N0}).", name);
        if (compressed == 0 && length != 0)
            throw CheckpointException.Corrupt($"The record '{name}' in {source.Name} holds {length:N0} bytes in none; the archive is damaged.", name);
        return new ZipRecord(name, header, compressed, length, crc, method, flags);
    }

    private static void ReadZip64Extra(ByteSource source, string name, ReadOnlySpan<byte> extra, ref long length, ref long compressed, ref long header)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
                break;
            if (id == 1)
            {
                ReadOnlySpan<byte> field = extra.Slice(4, size);
                if (!Take(ref field, ref length) || !Take(ref field, ref compressed) || !Take(ref field, ref header))
                    break;
                return;
            }
            extra = extra[(4 + size)..];
        }
        // Without the field the 32-bit values stand as they are.

        bool Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != uint.MaxValue)
                return true;
            if (field.Length < 8)
                throw CheckpointException.Corrupt($"The zip64 field of the record '{name}' in {source.Name} is too short.", name);
            value = ToLong(source, BinaryPrimitives.ReadUInt64LittleEndian(field));
            field = field[8..];
            return true;
        }
    }

    private static string DecodeName(ByteSource source, ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            return new UTF8Encoding(false, true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw CheckpointException.Corrupt($"The zip directory of {source.Name} has a record at offset {position:N0} whose name is not UTF-8.", null, position);
        }
    }

    private static void LocateData(ByteSource source, List<ZipRecord> records, long directoryOffset)
    {
        ZipRecord[] sorted = [.. records];
        bool inOrder = true;
        for (int i = 1; i < sorted.Length && inOrder; i++)
            inOrder = sorted[i - 1].HeaderOffset <= sorted[i].HeaderOffset;
        if (!inOrder)
            Array.Sort(sorted, static (a, b) => a.HeaderOffset.CompareTo(b.HeaderOffset));
        Span<byte> header = stackalloc byte[LocalHeaderLength];
        for (int i = 0; i < sorted.Length; i++)
        {
            ZipRecord record = sorted[i];
            long end = i + 1 < sorted.Length ? Math.Min(sorted[i + 1].HeaderOffset, directoryOffset) : directoryOffset;
            if (record.HeaderOffset > end || end - record.HeaderOffset < LocalHeaderLength)
                throw Overlap(source, record);
            source.Read(record.HeaderOffset, header);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature)
                throw CheckpointException.Corrupt($"The record '{record.Name}' in {source.Name} has no header at offset {record.HeaderOffset:N0}.", record.Name, record.HeaderOffset);
            record.DataOffset = record.HeaderOffset + LocalHeaderLength
                + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
            if (record.DataOffset > end || record.CompressedLength > end - record.DataOffset)
                throw Overlap(source, record);
        }
    }

    private static CheckpointException Overlap(ByteSource source, ZipRecord record)
        => CheckpointException.Corrupt($"The record '{record.Name}' in {source.Name} overlaps another record or the directory; the archive is damaged or was made to mislead.", record.Name, record.HeaderOffset);
}
