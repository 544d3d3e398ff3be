using System.Globalization;
using System.Text;
using System.Text.Unicode;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization.Forms;

/// <summary>The zip archives of <c>torch.save</c> and TorchScript.</summary>
internal static class ZipForm
{
    private const int MaxVersion = 10;

    public static CheckpointContent Read(ByteSource source, CheckpointOptions options)
    {
        ZipReader zip = ZipReader.Open(source, options);
        if (zip.Records.Count == 0)
            throw FormDetector.Unrecognised(source, "is a zip archive without any content");
        if (NpzForm.Is(zip))
            return NpzForm.Read(zip);
        if (ExportForm.IsFlat(zip))
            return ExportForm.ReadFlat(zip, options);
        string root = Root(zip);
        return zip.Find(root + "/archive_format") is not null ? ExportForm.Read(zip, root, options) : Read(zip, root, options);
    }

    /// <summary>Reads an archive of <c>torch.save</c> or TorchScript, as other forms have them inside; they do not nest further.</summary>
    public static CheckpointContent ReadPlain(ByteSource source, CheckpointOptions options)
    {
        ZipReader zip = ZipReader.Open(source, options);
        return Read(zip, Root(zip), options);
    }

    private static CheckpointContent Read(ZipReader zip, string root, CheckpointOptions options)
    {
        ZipRecord? data = zip.Find(root + "/data.pkl");
        if (data is null)
            throw NotTorch(zip);
        CheckVersion(zip, root);
        CheckNotes(zip, root);
        bool script = zip.Find(root + "/constants.pkl") is not null;
        bool bigEndian = IsBigEndian(zip, root);

        string folder = root + "/data/";
        if (script && zip.Find(root + "/tensors/0") is not null && zip.Find(root + "/data/0") is null)
            folder = root + "/tensors/";
        var interpreter = new TorchInterpreter(Storages(zip, folder, bigEndian));
        object? value = PickleReader.Read(Pickle(zip, data, options), interpreter);
        return new CheckpointContent
        {
            Format = script ? CheckpointFormat.TorchScript : CheckpointFormat.Zip,
            Root = value,
            Tensors = interpreter.Tensors,
            Storages = interpreter.Storages,
            Names = interpreter.Names,
            Sources = [zip.Source],
            ScriptClasses = script ? new ScriptClasses(zip, root) : null,
        };
    }

    /// <summary>The pickle in a record, read in place if it is stored.</summary>
    public static PickleInput Pickle(ZipReader zip, ZipRecord record, CheckpointOptions options)
    {
        if (record.IsPlain)
            return new PickleInput(zip.Source, record.DataOffset, record.DataOffset + record.Length, options.MaxPickleBytes, record.Name);
        byte[] bytes = zip.Read(record, options.MaxPickleBytes);
        return new PickleInput(ByteSource.FromMemory(bytes, zip.Source.Name), 0, bytes.Length, options.MaxPickleBytes, record.Name);
    }

    public static StorageLookup Storages(ZipReader zip, string folder, bool bigEndian)
        => (key, dtype, location, byteLength, untyped) =>
        {
            ZipRecord? record = zip.Find(folder + key);
            if (record is null)
            {
                if (location == "meta")
                    return new StorageEntry(key, dtype, location, byteLength) { IsUntyped = untyped };
                throw CheckpointException.Corrupt($"{zip.Source.Name} has no record '{folder}{key}', which a tensor's data should be in.", folder + key);
            }
            zip.CheckReadable(record);
            if (record.Length < byteLength)
            {
                throw CheckpointException.Corrupt(
                    $"The record '{record.Name}' in {zip.Source.Name} holds {record.Length:N0} bytes where its storage needs {byteLength:N0}.", record.Name);
            }
            return new StorageEntry(key, dtype, location, byteLength, zip, record) { IsBigEndian = bigEndian, IsUntyped = untyped };
        };

    private static string Root(ZipReader zip)
    {
        if (zip.Records.Count == 0)
            throw NotTorch(zip);
        string name = zip.Records[0].Name;
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0)
            throw NotTorch(zip);
        foreach (ZipRecord record in zip.Records)
        {
            if (!record.Name.AsSpan().StartsWith(name.AsSpan(0, slash + 1), StringComparison.Ordinal))
            {
                throw zip.Find(name[..slash] + "/data.pkl") is null
                    ? NotTorch(zip)
                    : CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} is not in the folder '{name[..slash]}' with the others.", record.Name);
            }
        }
        return name[..slash];
    }

    private static void CheckVersion(ZipReader zip, string root)
    {
        ZipRecord record = zip.Find(root + "/version") ?? zip.Find(root + "/.data/version")
            ?? throw CheckpointException.Corrupt($"{zip.Source.Name} has no record '{root}/version', which every archive of torch has.", root + "/version");
        string text = Encoding.ASCII.GetString(zip.Read(record, 64)).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version < 1)
            throw CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} holds no version number.", record.Name);
        if (version > MaxVersion)
        {
            throw CheckpointException.Unsupported(
                $"{zip.Source.Name} is an archive of version {version}; 1 to {MaxVersion} are known. It was written by a newer PyTorch: a newer TorchBind may read it.", record.Name);
        }
    }

    // What torch.save notes beside the content. Nothing depends on it here, but torch refuses an archive where it is damaged.
    private static void CheckNotes(ZipReader zip, string root)
    {
        if (zip.Find(root + "/.format_version") is { } format)
            zip.Read(format, 64);
        // TryParse takes zero characters behind a number for its end, Python does not.
        if (zip.Find(root + "/.storage_alignment") is { } alignment
            && (Encoding.ASCII.GetString(zip.Read(alignment, 64)) is var text && (text.Contains('\0') || !int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))))
        {
            throw CheckpointException.Corrupt($"The record '{alignment.Name}' in {zip.Source.Name} holds no number.", alignment.Name);
        }
        if (zip.Find(root + "/.data/serialization_id") is { } record && !Utf8.IsValid(zip.Read(record, 1 << 20)))
            throw CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} is not the number that torch.save writes there: the file is damaged.", record.Name);
    }

    private static bool IsBigEndian(ZipReader zip, string root)
    {
        if (zip.Find(root + "/byteorder") is not { } record)
            return false;
        string order = Encoding.ASCII.GetString(zip.Read(record, 64));
        return order switch
        {
            "little" => false,
            "big" => true,
            _ => throw CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} names no byte order.", record.Name),
        };
    }

    private static CheckpointException NotTorch(ZipReader zip)
    {
        string what;
        if (zip.Find("[Content_Types].xml") is not null)
            what = "is an Office document";
        else if (zip.Find("model.weights.h5") is not null)
            what = "is a Keras model. In Python, load it with Keras and save the weights with torch.save or safetensors";
        else if (zip.Find("META-INF/MANIFEST.MF") is not null)
            what = "is a Java archive";
        else if (zip.Records.Any(static r => r.Name.EndsWith("AndroidManifest.xml", StringComparison.Ordinal)))
            what = "is an Android package";
        else
        {
            string names = string.Join(", ", zip.Records.Take(3).Select(static r => r.Name.Length > 60 ? r.Name[..60] + "..." : r.Name));
            ZipRecord? inner = zip.Records.FirstOrDefault(static r => r.Name.EndsWith(".pt", StringComparison.Ordinal) || r.Name.EndsWith(".pth", StringComparison.Ordinal)
                || r.Name.EndsWith(".bin", StringComparison.Ordinal) || r.Name.EndsWith(".safetensors", StringComparison.Ordinal));
            what = inner is not null
                ? $"is a zip archive that has a checkpoint inside ('{inner.Name}'). Unpack it first and load that file"
                : $"is a zip archive, but not one of torch.save: it has no 'data.pkl' in a folder (it holds {names})";
        }
        return FormDetector.Unrecognised(zip.Source, what);
    }
}
