using System.Buffers.Binary;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Forms;

/// <summary>What the first bytes of a file say about its form.</summary>
internal enum OuterForm
{
    Zip,
    LegacyPickle,
    Tar,
    SafeTensors,
    Json,
}

/// <summary>Tells the forms apart by content, and names what is none of them.</summary>
internal static class FormDetector
{
    private const string SaveAgain = "In Python, load it with the library that wrote it and save the tensors with torch.save or safetensors.";
    private const string Unpack = "Unpack it first and load what is inside.";

    // The magic number 0x1950A86A20F9469CFC6C, which opened every file before the zip form, as a pickled LONG1.
    private static ReadOnlySpan<byte> Magic => [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private static ReadOnlySpan<byte> MagicText => "L119547037146038801333356L\n."u8;

    public static OuterForm Detect(ByteSource source)
    {
        if (source.Length == 0)
            throw Unrecognised(source, "is empty. The save or download was interrupted; get the file again");
        byte[] head = source.ReadArray(0, (int)Math.Min(source.Length, 1024));
        if (head.AsSpan().StartsWith("PK\x03\x04"u8))
            return OuterForm.Zip;
        ReadOnlySpan<byte> pickle = head.Length > 2 && head[0] == 0x80 && head[1] is >= 2 and <= 5 ? head.AsSpan(2) : default;
        if (pickle.Length > 9 && pickle[0] == 0x95)
            pickle = pickle[9..];
        if (pickle.StartsWith(Magic) || head.AsSpan().StartsWith(MagicText))
            return OuterForm.LegacyPickle;
        if (head.Length >= 264 && head.AsSpan(257, 5).SequenceEqual("ustar"u8))
            return OuterForm.Tar;
        if (LooksLikeSafeTensors(head))
            return OuterForm.SafeTensors;
        ReadOnlySpan<byte> text = head.AsSpan().TrimStart(" \t\r\n"u8);
        if (text.StartsWith("{"u8))
            return OuterForm.Json;
        throw Unrecognised(source, Name(head, pickle.Length > 0, source.Length));
    }

    public static CheckpointException Unrecognised(ByteSource source, string what)
        => new(CheckpointProblem.Unrecognised, $"{source.Name} {what}.");

    private static bool LooksLikeSafeTensors(ReadOnlySpan<byte> head)
    {
        if (head.Length < 9 || head[8] != '{')
            return false;
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        return length is >= 2 and < 1UL << 40;
    }

    private static string Name(ReadOnlySpan<byte> head, bool pickle, long length)
    {
        if (head.StartsWith("PK\x05\x06"u8))
            return "is a zip archive without any content";
        if (pickle)
            return "is a plain pickle, written by pickle.dump and not by torch.save. In Python, load it with pickle.load and save the result with torch.save";
        if (head.StartsWith("version https://git-lfs"u8))
            return "is a Git LFS pointer: it holds the address of the checkpoint, not the checkpoint. Run 'git lfs pull' in the folder it came from";
        if (StartsWithIgnoringCase(head, "<!doctype html"u8) || StartsWithIgnoringCase(head, "<html"u8))
            return "is a web page: the download gave an error or sign-in page in place of the file. Open it in a browser to see what it says, and download the file itself";
        if (head.StartsWith("<?xml"u8))
            return "is an XML document: the download probably gave an error message in place of the file";
        if (head is [0x1f, 0x8b, ..])
            return "is compressed with gzip. " + Unpack[..^1];
        if (head is [0x28, 0xb5, 0x2f, 0xfd, ..])
            return "is compressed with Zstandard. " + Unpack[..^1];
        if (head.StartsWith("BZh"u8))
            return "is compressed with bzip2. " + Unpack[..^1];
        if (head is [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..])
            return "is compressed with xz. " + Unpack[..^1];
        if (head is [(byte)'7', (byte)'z', 0xbc, 0xaf, ..])
            return "is a 7-Zip archive. " + Unpack[..^1];
        if (head.StartsWith("Rar!"u8))
            return "is a RAR archive. " + Unpack[..^1];
        if (head is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return "is an HDF5 file, as Keras and h5py write them. " + SaveAgain[..^1];
        if (head.StartsWith("GGUF"u8))
            return "is a GGUF file of llama.cpp, which TorchBind does not read. Use the safetensors or PyTorch files of the same model";
        if (head is [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..])
            return "is a single NumPy array (.npy). In Python: torch.save(torch.from_numpy(numpy.load(...)), ...)";
        if (head is [0x7f, (byte)'E', (byte)'L', (byte)'F', ..])
            return "is a program or shared library (ELF), which is never loaded as a checkpoint. If it is an AOTInductor model, load the package it came from";
        if (head.StartsWith("MZ"u8))
            return "is a Windows program or library, not a checkpoint";
        if (head is [0x89, (byte)'P', (byte)'N', (byte)'G', ..])
            return "is a PNG image, not a checkpoint";
        if (head is [0xff, 0xd8, 0xff, ..])
            return "is a JPEG image, not a checkpoint";
        if (head.StartsWith("%PDF"u8))
            return "is a PDF document, not a checkpoint";
        if (head.StartsWith("PAR1"u8))
            return "is a Parquet table, not a checkpoint";
        if (head.Length >= 8 && head[4..8].SequenceEqual("TFL3"u8))
            return "is a TensorFlow Lite model. " + SaveAgain[..^1];
        if (head.StartsWith("#!"u8))
            return "is a script, not a checkpoint";
        if (head is [0x08, < 0x20, 0x12 or 0x1a or 0x22 or 0x3a or 0x42, ..])
            return "looks like an ONNX model, which is a graph and not a checkpoint. Load the PyTorch weights it was exported from";
        if (!head.ContainsAnyExcept((byte)0))
            return "begins with nothing but zeros: space was set aside for it, but its content was never written. Get the file again";
        if (!head.ContainsAnyExceptInRange((byte)9, (byte)126))
            return "is a text file, not a checkpoint";
        string start = Convert.ToHexStringLower(head[..Math.Min(8, head.Length)]);
        return $"is of no form that TorchBind reads (it has {length:N0} bytes and begins with {start}). Read are what torch.save writes, safetensors, TorchScript and torch.export archives, and index files of sharded checkpoints";
    }

    private static bool StartsWithIgnoringCase(ReadOnlySpan<byte> head, ReadOnlySpan<byte> prefix)
    {
        head = head.TrimStart(" \t\r\n"u8);
        if (head is [0xef, 0xbb, 0xbf, ..])
            head = head[3..];
        return head.Length >= prefix.Length && System.Text.Ascii.EqualsIgnoreCase(head[..prefix.Length], prefix);
    }
}
