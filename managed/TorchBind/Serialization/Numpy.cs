using System.Collections.ObjectModel;
using System.IO.Compression;
using TorchBind.Interop;

namespace TorchBind.Serialization;

/// <summary>
/// NumPy's files: <c>.npy</c> holds one array, <c>.npz</c> several by name. Mirrors <c>numpy.load</c>, <c>numpy.save</c>, <c>numpy.savez</c>
/// and <c>numpy.savez_compressed</c>. Files with Python objects, records, texts or dates are refused.
/// </summary>
public static unsafe class Numpy
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Reads a <c>.npy</c> file. Mirrors <c>torch.from_numpy(numpy.load(path))</c>.</summary>
    /// <param name="path">The file.</param>
    /// <returns>A tensor of the array's shape and dtype; an array in Fortran order keeps it, as strides.</returns>
    /// <exception cref="InvalidDataException">The file is no <c>.npy</c> file, is damaged or ends too early.</exception>
    /// <exception cref="NotSupportedException">The elements are no numbers or booleans.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Tensor Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        return Load(stream);
    }

    /// <summary>Reads an array in the form of a <c>.npy</c> file; the stream then stands behind it.</summary>
    /// <param name="stream">The source; it need not be able to seek.</param>
    /// <exception cref="InvalidDataException">The data is no <c>.npy</c> file, is damaged or ends too early.</exception>
    /// <exception cref="NotSupportedException">The elements are no numbers or booleans.</exception>
    public static Tensor Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var header = NumpyHeader.Read(stream);
        var count = 1L;
        try
        {
            foreach (var size in header.Shape)
                count = checked(count * size);
            _ = checked(count * header.DType.ItemSize());
        }
        catch (OverflowException)
        {
            throw new InvalidDataException($"The shape {new Shape(header.Shape)} in this .npy file is beyond all memory.");
        }
        var bytes = count * header.DType.ItemSize();
        // A damaged size must not reserve memory that the file cannot fill.
        if (stream.CanSeek && stream.Length - stream.Position < bytes)
        {
            throw new InvalidDataException(
                $"This .npy file ends too early: the shape {new Shape(header.Shape)} takes {bytes} bytes, {stream.Length - stream.Position} are left.");
        }
        // In Fortran order the bytes are those of the transposed array in C order.
        long[] sizes = header.FortranOrder ? [.. header.Shape.Reverse()] : header.Shape;
        nint handle;
        void* data;
        fixed (long* pointer = sizes)
            NativeError.Check(NativeMethods.tb_tensor_empty_cpu(pointer, sizes.Length, (int)header.DType, &handle, &data));
        var tensor = Tensor.Wrap(handle);
        try
        {
            for (var done = 0L; done < bytes;)
            {
                var block = new Span<byte>((byte*)data + done, (int)Math.Min(bytes - done, BlockBytes));
                var read = stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
                if (read < block.Length)
                    throw new InvalidDataException($"This .npy file ends too early: {bytes} bytes of elements belong in it, {done + read} are there.");
                done += read;
            }
            if (header.BigEndian)
                Reverse((byte*)data, bytes, header.DType.IsComplex() ? header.DType.ItemSize() / 2 : header.DType.ItemSize());
            if (!header.FortranOrder || header.Shape.Length < 2)
                return tensor;
            var order = new long[sizes.Length];
            for (var i = 0; i < order.Length; i++)
                order[i] = order.Length - 1 - i;
            var permuted = tensor.Permute(order);
            tensor.Dispose();
            return permuted;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Writes a tensor as a <c>.npy</c> file, byte for byte as NumPy does. Mirrors <c>numpy.save(path, x.numpy())</c>.</summary>
    /// <param name="path">The file; unlike NumPy, no suffix is added.</param>
    /// <param name="tensor">The tensor, on any device, of any strides; a gradient is not written.</param>
    /// <exception cref="NotSupportedException">NumPy has no such dtype: bfloat16, the 8-bit floats, quantized types.</exception>
    public static void Save(string path, Tensor tensor)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensor);
        var header = HeaderOf(tensor); // what cannot be written leaves no file
        using var stream = File.Create(path);
        Save(stream, tensor, header);
    }

    /// <summary>Writes a tensor in the form of a <c>.npy</c> file.</summary>
    /// <param name="stream">The destination.</param>
    /// <param name="tensor">The tensor.</param>
    /// <exception cref="NotSupportedException">NumPy has no such dtype.</exception>
    public static void Save(Stream stream, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensor);
        Save(stream, tensor, HeaderOf(tensor));
    }

    /// <summary>Reads every array of a <c>.npz</c> file, in the file's order. Mirrors <c>numpy.load</c> of an archive.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is no zip archive, or an array in it is damaged.</exception>
    /// <exception cref="NotSupportedException">An array's elements are no numbers or booleans.</exception>
    public static IReadOnlyDictionary<string, Tensor> LoadNpz(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        return LoadNpz(stream);
    }

    /// <summary>Reads every array of a <c>.npz</c> archive.</summary>
    /// <param name="stream">The archive.</param>
    /// <exception cref="InvalidDataException">The data is no zip archive, or an array in it is damaged.</exception>
    /// <exception cref="NotSupportedException">An array's elements are no numbers or booleans.</exception>
    public static IReadOnlyDictionary<string, Tensor> LoadNpz(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var result = new OrderedDictionary<string, Tensor>();
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var entry in archive.Entries)
            {
                if (!entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
                    continue; // NumPy gives such members as bytes; they are no arrays
                using var content = entry.Open();
                result[entry.FullName[..^4]] = Load(content);
            }
        }
        catch
        {
            foreach (var tensor in result.Values)
                tensor.Dispose();
            throw;
        }
        return new ReadOnlyDictionary<string, Tensor>(result);
    }

    /// <summary>Writes tensors by name into a <c>.npz</c> file, without compression. Mirrors <c>numpy.savez</c>.</summary>
    /// <param name="path">The file; unlike NumPy, no suffix is added.</param>
    /// <param name="tensors">The tensors by name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    /// <exception cref="NotSupportedException">NumPy has no type for a tensor's dtype.</exception>
    public static void Savez(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors) => SaveZip(path, tensors, CompressionLevel.NoCompression);

    /// <summary>Writes tensors by name into a compressed <c>.npz</c> file. Mirrors <c>numpy.savez_compressed</c>.</summary>
    /// <param name="path">The file; unlike NumPy, no suffix is added.</param>
    /// <param name="tensors">The tensors by name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    /// <exception cref="NotSupportedException">NumPy has no type for a tensor's dtype.</exception>
    public static void SavezCompressed(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors) => SaveZip(path, tensors, CompressionLevel.Optimal);

    private static void SaveZip(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, CompressionLevel level)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        var entries = new List<(string Name, Tensor Tensor, NumpyHeader Header)>();
        foreach (var (name, tensor) in tensors)
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(tensors));
            if (tensor is null)
                throw new ArgumentNullException(nameof(tensors), $"The tensor '{name}' is null.");
            entries.Add((name, tensor, HeaderOf(tensor)));
        }
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach (var (name, tensor, header) in entries)
        {
            using var content = archive.CreateEntry(name + ".npy", level).Open();
            Save(content, tensor, header);
        }
    }

    private static NumpyHeader HeaderOf(Tensor tensor)
    {
        var header = new NumpyHeader(tensor.DType, false, false, tensor.Shape.ToArray());
        _ = header.Write();
        return header;
    }

    private static void Save(Stream stream, Tensor tensor, NumpyHeader header)
    {
        stream.Write(header.Write());
        using var plain = Plain(tensor);
        var data = (byte*)plain.DataPtr();
        for (long done = 0, bytes = plain.NBytes; done < bytes;)
        {
            var block = (int)Math.Min(bytes - done, BlockBytes);
            stream.Write(new ReadOnlySpan<byte>(data + done, block));
            done += block;
        }
    }

    // Row by row, on the processor, with nothing pending (conjugation, negation).
    private static Tensor Plain(Tensor tensor)
    {
        using var detached = tensor.Detach();
        using var dense = detached.Layout == Layout.Strided ? detached.Cpu() : detached.ToDense().Cpu();
        using var resolved = dense.ResolveConj();
        using var positive = resolved.ResolveNeg();
        return positive.HasMemory ? positive.Contiguous() : positive.Clone();
    }

    private static void Reverse(byte* data, long bytes, int width)
    {
        for (long i = 0; i < bytes; i += width)
            new Span<byte>(data + i, width).Reverse();
    }
}
