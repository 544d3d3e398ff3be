using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;

namespace TorchBind.Tests.Serialization;

/// <summary>The checkpoints that Python wrote (tests/oracle/make_checkpoints.py), and files from outside where they are present.</summary>
internal static class Fixtures
{
    private static readonly Dictionary<string, JsonDocument> Manifests = [];

    public static string Folder { get; } = Path.Combine(PythonOracle.Root, "tests", "fixtures", "checkpoints");

    public static string[] Versions { get; } = ["2.6", "2.14"];

    public static bool LibtorchLacksNewTypes => Torch.Version.StartsWith("2.6", StringComparison.Ordinal);

    public static IEnumerable<string> Names => Versions.SelectMany(version => Files(version).Select(file => $"{version}/{Name(file)}"));

    public static string PathOf(string name) => Path.Combine(Folder, name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public static JsonElement Entry(string name)
    {
        string version = name[..name.IndexOf('/')];
        return Files(version).Single(file => Name(file) == name[(version.Length + 1)..]);
    }

    public static string ManifestPath(string version) => Path.Combine(Folder, version, "manifest.json");

    public static CheckpointContent Read(byte[] file, CheckpointOptions? options = null)
        => FormReader.Read(ByteSource.FromMemory(file, "the buffer"), options ?? CheckpointOptions.Default);

    public static string Shared(string name)
    {
        string path = Path.Combine(PythonOracle.Root, "..", "shared", name);
        if (!File.Exists(path))
            Assert.Ignore($"../shared/{name} is not present.");
        return path;
    }

    public static IEnumerable<JsonElement> Files(string version)
    {
        if (!Manifests.TryGetValue(version, out JsonDocument? manifest))
        {
            manifest = JsonDocument.Parse(File.ReadAllBytes(ManifestPath(version)));
            Manifests.Add(version, manifest);
        }
        return manifest.RootElement.GetProperty("files").EnumerateArray();
    }

    public static string Name(JsonElement file) => file.GetProperty("file").GetString()!;

    public static bool Is(JsonElement file, string flag) => file.TryGetProperty(flag, out JsonElement value) && value.ValueKind == JsonValueKind.True;
}

/// <summary>A folder that disappears with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("torchbind-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>A stream that can only be written to, or only be read from, in order.</summary>
internal sealed class ForwardStream(Stream inner) : Stream
{
    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 1000));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
}
