using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization;

/// <summary>NumPy's form for named arrays, a zip archive of <c>.npy</c> files: what <c>numpy.savez</c> writes and <c>numpy.load</c> reads.</summary>
public static class Npz
{
    /// <summary>Loads every array as a tensor. Arrays of text or objects are refused.</summary>
    /// <exception cref="CheckpointException">The file is damaged or not of this form.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static StateDict Load(string path, bool mmap = false)
    {
        if (IsEmpty(path))
            return new StateDict();
        using Checkpoint checkpoint = Checkpoint.Open(path, null, mmap ? new CheckpointOptions { MemoryMap = true } : null);
        return checkpoint.Format == CheckpointFormat.Npz
            ? checkpoint.ToStateDict()
            : throw new CheckpointException(CheckpointProblem.Unrecognised, $"{checkpoint.Name} is no npz file but of the form {checkpoint.Format}. Torch.Load reads all forms.");
    }

    // An archive of no arrays is nothing but the end of a zip archive, which says nothing about what it is.
    private static bool IsEmpty(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path) || new FileInfo(path).Length != 22)
            return false;
        return File.ReadAllBytes(path).AsSpan().SequenceEqual([.. "PK\x05\x06"u8, .. new byte[18]]);
    }

    /// <summary>Saves tensors by name, uncompressed. The file appears whole or not at all.</summary>
    /// <exception cref="NotSupportedException">A tensor is sparse, quantized or of a type that NumPy lacks, such as bfloat16; or an entry of a state dict is no tensor.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public static unsafe void Save(IEnumerable<KeyValuePair<string, Tensor>> tensors, string path, SaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ContiguousTensor.CheckAll(tensors, "npz");
        var arrays = new List<ContiguousTensor>();
        try
        {
            foreach ((string name, Tensor tensor) in tensors)
            {
                arrays.Add(new ContiguousTensor(name, tensor));
                if (NpzForm.NameOf(tensor.DType) is null)
                    throw new NotSupportedException($"The tensor '{name}' is of {tensor.DType.Name()}, which NumPy lacks. Convert it first.");
            }
            using ByteSink sink = ByteSink.CreateFile(path, (options ?? SaveOptions.Default).FlushToDisk);
            var zip = new ZipWriter(sink);
            foreach (ContiguousTensor array in arrays)
            {
                byte[] header = NpzForm.Header(array.DType, array.Shape);
                zip.Write(array.Name + ".npy", header, array.Data, array.ByteLength);
                GC.KeepAlive(array);
            }
            zip.Finish();
            sink.Commit();
        }
        finally
        {
            foreach (ContiguousTensor array in arrays)
                array.Dispose();
        }
        GC.KeepAlive(tensors);
    }
}
