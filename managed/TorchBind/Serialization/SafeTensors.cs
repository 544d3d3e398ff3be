using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization;

/// <summary>
/// The safetensors form: named dense tensors and a few texts, without code of any kind. Mirrors Python's <c>safetensors.torch</c>.
/// To open a file lazily, tensor by tensor, use <see cref="Checkpoint.Open(string, MapLocation?, CheckpointOptions?)"/>, which knows the form.
/// </summary>
public static class SafeTensors
{
    private static readonly JsonWriterOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Loads every tensor of a file. Mirrors <c>safetensors.torch.load_file</c>.</summary>
    /// <exception cref="CheckpointException">The file is damaged or not of this form.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static StateDict Load(string path, MapLocation? mapLocation = null, bool mmap = false)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, mapLocation, mmap ? new CheckpointOptions { MemoryMap = true } : null);
        return Checked(checkpoint);
    }

    /// <summary>Loads every tensor from a stream. Mirrors <c>safetensors.torch.load</c>.</summary>
    /// <exception cref="CheckpointException">The content is damaged or not of this form.</exception>
    public static StateDict Load(Stream stream, MapLocation? mapLocation = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(stream, mapLocation);
        return Checked(checkpoint);
    }

    /// <summary>
    /// Saves tensors by name. The file appears whole or not at all. Views and tensors of other devices are copied into row-major order first;
    /// tensors that share memory are written one by one, since the form cannot share. Mirrors <c>safetensors.torch.save_file</c>.
    /// </summary>
    /// <param name="tensors">The tensors, for example a <see cref="StateDict"/>.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="metadata">Texts to keep beside the tensors; the transformers library expects <c>format</c> to be <c>pt</c>.</param>
    /// <param name="options">Choices, such as not to wait for the disk.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or is <c>__metadata__</c>, which the form keeps for itself.</exception>
    /// <exception cref="NotSupportedException">A tensor is sparse, quantized, nested, on the meta device or of a type that the form lacks; or an entry of a state dict is no tensor.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public static void Save(IEnumerable<KeyValuePair<string, Tensor>> tensors, string path, IReadOnlyDictionary<string, string>? metadata = null, SaveOptions? options = null)
        => Write(tensors, metadata, () => ByteSink.CreateFile(path, (options ?? SaveOptions.Default).FlushToDisk));

    /// <summary>Saves tensors by name to a stream, which stays open. Mirrors <c>safetensors.torch.save</c>.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or is <c>__metadata__</c>, or the stream cannot be written to.</exception>
    /// <exception cref="NotSupportedException">A tensor is sparse, quantized, nested, on the meta device or of a type that the form lacks; or an entry of a state dict is no tensor.</exception>
    public static void Save(IEnumerable<KeyValuePair<string, Tensor>> tensors, Stream stream, IReadOnlyDictionary<string, string>? metadata = null)
        => Write(tensors, metadata, () => ByteSink.ToStream(stream));

    private static StateDict Checked(Checkpoint checkpoint)
        => checkpoint.Format == CheckpointFormat.SafeTensors
            ? checkpoint.ToStateDict()
            : throw new CheckpointException(CheckpointProblem.Unrecognised, $"{checkpoint.Name} is no safetensors file but of the form {checkpoint.Format}. Torch.Load reads all forms.");

    private static unsafe void Write(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata, Func<ByteSink> open)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ContiguousTensor.CheckAll(tensors, "safetensors");
        var sorted = new List<ContiguousTensor>();
        try
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach ((string name, Tensor tensor) in tensors)
            {
                if (name == "__metadata__" || !names.Add(name))
                    throw new ArgumentException($"The name '{name}' is {(name == "__metadata__" ? "reserved in safetensors files" : "given twice")}.", nameof(tensors));
                sorted.Add(new ContiguousTensor(name, tensor));
                if (SafeTensorsForm.NameOf(sorted[^1].DType) is null)
                    throw new NotSupportedException($"The tensor '{name}' is of {sorted[^1].DType.Name()}, which the safetensors form lacks. Convert it, or save with Torch.Save.");
            }
            sorted.Sort(static (a, b) => SafeTensorsForm.RankOf(b.DType).CompareTo(SafeTensorsForm.RankOf(a.DType)) is not 0 and var order
                ? order
                : Encoding.UTF8.GetBytes(a.Name).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b.Name)));
            byte[] header = Header(sorted, metadata);
            using ByteSink sink = open();
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            sink.Write(length);
            sink.Write(header);
            foreach (ContiguousTensor tensor in sorted)
            {
                sink.Write(tensor.Data, tensor.ByteLength);
                GC.KeepAlive(tensor);
            }
            sink.Commit();
        }
        finally
        {
            foreach (ContiguousTensor tensor in sorted)
                tensor.Dispose();
        }
        GC.KeepAlive(tensors);
    }

    private static byte[] Header(List<ContiguousTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Json))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (ContiguousTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafeTensorsForm.NameOf(tensor.DType));
                json.WriteStartArray("shape");
                for (int i = 0; i < tensor.Shape.Length; i++)
                    json.WriteNumberValue(i == tensor.Shape.Length - 1 && tensor.DType == DType.Float4E2M1FNx2 ? tensor.Shape[i] * 2 : tensor.Shape[i]);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Padded so that the data begins at a multiple of eight.
        while (bytes.Length % 8 != 0)
            bytes.WriteByte((byte)' ');
        return bytes.Length <= SafeTensorsForm.MaxHeaderLength ? bytes.ToArray() : throw new NotSupportedException("There are too many tensors for one safetensors file; save several.");
    }
}
