using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace TorchBind.Examples.Digits;

/// <summary>Pictures of digits as a float tensor (N, 1, side, side) with values 0 to 1, and the digits as an int64 tensor (N).</summary>
internal sealed record Images(Tensor Pixels, Tensor Labels)
{
    public long Side => Pixels.Size(2);
}

/// <summary>Reads the pictures: the UCI digits from their CSV file, MNIST from its IDX files, either as they are or with .gz.</summary>
internal static class ImageFiles
{
    /// <summary>The 8 by 8 digits of <c>data/digits.csv.gz</c>.</summary>
    public static Images ReadDigits(string path)
    {
        const int Side = 8;
        var pixels = new List<float>();
        var labels = new List<long>();
        using var reader = new StreamReader(Open(path));
        while (reader.ReadLine() is { } line)
        {
            var values = line.Split(',');
            if (values.Length != Side * Side + 1)
                throw new InvalidDataException($"Line {labels.Count + 1} of {path} has {values.Length} values, not {Side * Side + 1}.");
            for (var i = 0; i < Side * Side; i++)
                pixels.Add(float.Parse(values[i], CultureInfo.InvariantCulture) / 16);
            labels.Add(long.Parse(values[^1], CultureInfo.InvariantCulture));
        }
        return new Images(Torch.FromArray(pixels.ToArray(), (labels.Count, 1, Side, Side)), Torch.FromArray(labels.ToArray()));
    }

    /// <summary>One part of MNIST, <c>train</c> or <c>t10k</c>; null where the folder does not have it.</summary>
    public static Images? ReadMnist(string folder, string part)
    {
        if (Find(folder, $"{part}-images-idx3-ubyte") is not { } imageFile || Find(folder, $"{part}-labels-idx1-ubyte") is not { } labelFile)
            return null;
        var (pixels, sizes) = ReadIdx(imageFile, dimensions: 3);
        var (labels, counts) = ReadIdx(labelFile, dimensions: 1);
        if (sizes[0] != counts[0] || sizes[1] != sizes[2])
            throw new InvalidDataException($"{imageFile} holds {sizes[0]} images of {sizes[1]} by {sizes[2]}, {labelFile} {counts[0]} labels.");
        return new Images(
            Torch.FromArray(pixels).View((sizes[0], 1, sizes[1], sizes[2])).To(DType.Float32) / 255,
            Torch.FromArray(labels).To(DType.Int64));
    }

    // IDX: two zero bytes, the type (8: bytes), the number of dimensions, their sizes big-endian, then the values.
    private static (byte[] Values, long[] Sizes) ReadIdx(string path, int dimensions)
    {
        using var stream = Open(path);
        var header = new byte[4 + 4 * dimensions];
        stream.ReadExactly(header);
        if (header is not [0, 0, 8, var declared, ..] || declared != dimensions)
            throw new InvalidDataException($"{path} is no IDX file of bytes with {dimensions} dimensions.");
        var sizes = new long[dimensions];
        long total = 1;
        for (var i = 0; i < dimensions; i++)
            total *= sizes[i] = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + 4 * i));
        var values = new byte[total];
        stream.ReadExactly(values);
        return (values, sizes);
    }

    private static string? Find(string folder, string name) =>
        new[] { name, name + ".gz" }.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static Stream Open(string path)
    {
        var file = new BufferedStream(File.OpenRead(path), 1 << 16);
        return path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
