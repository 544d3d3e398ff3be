using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization.Forms;

/// <summary>Zip archives of NumPy arrays.</summary>
internal static class NpzForm
{
    private static readonly (string Name, DType Type)[] Types =
    [
        ("|b1", DType.Bool), ("|i1", DType.Int8), ("|u1", DType.UInt8), ("<i2", DType.Int16), ("<u2", DType.UInt16), ("<i4", DType.Int32),
        ("<u4", DType.UInt32), ("<i8", DType.Int64), ("<u8", DType.UInt64), ("<f2", DType.Float16), ("<f4", DType.Float32), ("<f8", DType.Float64),
        ("<c8", DType.Complex64), ("<c16", DType.Complex128),
    ];

    public static string? NameOf(DType type)
    {
        foreach ((string name, DType candidate) in Types)
        {
            if (candidate == type)
                return name;
        }
        return null;
    }

    public static bool Is(ZipReader zip) => zip.Records.Count > 0 && zip.Records.All(static r => r.Name.EndsWith(".npy", StringComparison.Ordinal));

    public static CheckpointContent Read(ZipReader zip)
    {
        var tensors = new List<KeyValuePair<string, TensorEntry>>(zip.Records.Count);
        var storages = new List<StorageEntry>(zip.Records.Count);
        foreach (ZipRecord record in zip.Records)
        {
            TensorEntry tensor = Array(zip, record);
            tensors.Add(new(record.Name[..^4], tensor));
            storages.Add(tensor.Storage!);
        }
        return new CheckpointContent
        {
            Format = CheckpointFormat.Npz,
            Root = CheckpointContent.Dictionary(tensors),
            Tensors = [.. tensors.Select(static t => t.Value)],
            Storages = storages,
            Sources = [zip.Source],
        };
    }

    /// <summary>The header of a <c>.npy</c> file, padded so that the data after it is aligned.</summary>
    public static byte[] Header(DType type, long[] shape)
    {
        string sizes = string.Join(", ", shape.Select(static s => s.ToString(CultureInfo.InvariantCulture))) + (shape.Length == 1 ? "," : "");
        string text = $"{{'descr': '{NameOf(type)}', 'fortran_order': False, 'shape': ({sizes}), }}";
        int length = (10 + text.Length + 1 + 63) / 64 * 64;
        byte[] header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        header[6] = 1;
        header[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(length - 10));
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    private static TensorEntry Array(ZipReader zip, ZipRecord record)
    {
        byte[] start = new byte[(int)Math.Min(record.Length, 65536 + 12)];
        using (Stream stream = zip.OpenStream(record))
        {
            try
            {
                start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            }
            catch (InvalidDataException e)
            {
                throw new CheckpointException(CheckpointProblem.Corrupt, $"The compressed record '{record.Name}' in {zip.Source.Name} is damaged.", record.Name, innerException: e);
            }
        }
        if (start.Length < 12 || start[0] != 0x93 || !start.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
            throw Bad("is no NumPy array");
        int prefix = start[6] == 1 ? 10 : 12;
        long headerLength = start[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8)) : BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8));
        if (start[6] is < 1 or > 3 || headerLength > start.Length - prefix)
            throw Bad("has a header that is not as NumPy writes it");
        string header = Encoding.UTF8.GetString(start, prefix, (int)headerLength);

        string descr = Field("'descr':").Trim().Trim('\'', '"');
        bool fortran = Field("'fortran_order':").Trim() == "True";
        string[] sizes = Between(header, "(", ")").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        long[] shape = [.. sizes.Select(s => long.TryParse(s.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : throw Bad("has a shape that is no tuple of integers"))];
        bool big = descr.StartsWith('>');
        string wanted = big || descr.StartsWith('=') ? "<" + descr[1..] : descr;
        DType? type = null;
        foreach ((string name, DType candidate) in Types)
        {
            if (name == wanted || name[1..] == wanted.TrimStart('|', '<') && candidate.ItemSize() == 1)
                type = candidate;
        }
        if (type is not { } dtype)
            throw CheckpointException.Unsupported($"The array '{record.Name}' in {zip.Source.Name} is of NumPy's type {descr}, which no tensor can hold.", record.Name);
        long count = Shapes.Count(shape);
        long offset = prefix + headerLength;
        if (shape.Length > Shapes.MaxDimensions || count < 0 || count > (record.Length - offset) / dtype.ItemSize())
            throw Bad($"has the shape [{string.Join(", ", shape)}], which does not fit its {record.Length - offset:N0} bytes");
        long[] strides = fortran ? [.. Shapes.ContiguousStrides([.. shape.Reverse()]).Reverse()] : Shapes.ContiguousStrides(shape);
        long bytes = count * dtype.ItemSize();
        StorageEntry storage = new StorageEntry(record.Name, dtype, "cpu", bytes, zip, record, offset) { IsBigEndian = big };
        return new TensorEntry(TensorEntryKind.Strided, dtype, shape) { Storage = storage, Steps = strides };

        CheckpointException Bad(string what) => CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} {what}.", record.Name);

        string Field(string name) => Between(header, name, ",");

        string Between(string text, string before, string after)
        {
            int from = text.IndexOf(before, StringComparison.Ordinal);
            int to = from < 0 ? -1 : text.IndexOf(after, from + before.Length, StringComparison.Ordinal);
            return to < 0 ? throw Bad("has a header that is not as NumPy writes it") : text[(from + before.Length)..to];
        }
    }
}
