using System.Text;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Zip;

namespace TorchBind.Tests.Serialization;

/// <summary>Files that are cut off, damaged, hostile or something else altogether.</summary>
internal sealed class ErrorTests
{
    private static CheckpointException Refused(byte[] file) => Assert.Throws<CheckpointException>(() => Fixtures.Read(file).Dispose())!;

    [Test]
    public void EveryTruncationIsNamed([Values("2.6/state_dict.pth", "2.14/state_dict.pth", "2.14/state_dict.legacy.pth", "2.14/dtypes.safetensors", "2.14/tar.pth")] string name)
    {
        byte[] whole = Fixtures.Bytes(name);
        int end = name.EndsWith("tar.pth") ? 2500 : whole.Length;
        for (int length = 0; length < end; length += 13)
        {
            CheckpointException e = Refused(whole[..length]);
            Assert.That(e.Message, Has.Length.GreaterThan(30));
            if (length > 600 && !name.EndsWith("tar.pth"))
                Assert.That(e.Problem, Is.EqualTo(CheckpointProblem.Truncated).Or.EqualTo(CheckpointProblem.Corrupt), e.Message);
        }
    }

    [Test]
    public void TruncatedFileSaysSo()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.pth");
        File.WriteAllBytes(path, Fixtures.Bytes("2.14/state_dict.pth")[..1500]);
        CheckpointException e = Assert.Throws<CheckpointException>(() => Torch.Load(path))!;
        Assert.That(e.Problem, Is.EqualTo(CheckpointProblem.Truncated));
        Assert.That(e.Message, Does.Contain("model.pth").And.Contain("cut off").And.Contain("1,500"));
        Assert.Throws<FileNotFoundException>(() => Torch.Load(folder.File("none.pth")));
        Assert.Throws<CheckpointException>(() => Torch.Load(folder.Path));
        Assert.Throws<ArgumentNullException>(() => Torch.Load((string)null!));
    }

    private static IEnumerable<TestCaseData> OtherForms()
    {
        (string Name, byte[] Start, string Says)[] forms =
        [
            ("empty", [], "empty"),
            ("gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], "gzip"),
            ("zstd", [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4, 5, 6], "Zstandard"),
            ("elf", [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0], "ELF"),
            ("hdf5", [0x89, .. "HDF\r\n\x1a\n"u8, 0, 0], "HDF5"),
            ("png", [0x89, .. "PNG\r\n\x1a\n"u8, 0, 0], "PNG"),
            ("jpeg", [0xff, 0xd8, 0xff, 0xe0, 0, 0], "JPEG"),
            ("html", [.. "<!DOCTYPE html><html>Sign in"u8], "web page"),
            ("lfs", [.. "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"u8], "git lfs pull"),
            ("onnx", [0x08, 0x07, 0x12, 0x07, .. "pytorch"u8], "ONNX"),
            ("gguf", [.. "GGUF"u8, 3, 0, 0, 0], "GGUF"),
            ("npy", [0x93, .. "NUMPY"u8, 1, 0], "NumPy"),
            ("pickle", [0x80, 4, 0x95, 2, 0, 0, 0, 0, 0, 0, 0, (byte)'}', (byte)'.'], "pickle.dump"),
            ("json", [.. "{\"architectures\": [\"Bert\"]}"u8], "weight_map"),
            ("zeros", new byte[100], "zeros"),
            ("text", [.. "Not Found"u8], "text"),
            ("empty zip", [.. "PK\x05\x06"u8, .. new byte[18]], "without any content"),
            ("noise", [0xde, 0xad, 0xbe, 0xef, 0x99, 0xfe, 0x80, 0x81], "deadbeef"),
        ];
        return forms.Select(static f => new TestCaseData(f.Start, f.Says).SetName("OtherFormsAreNamed(" + f.Name + ")"));
    }

    [TestCaseSource(nameof(OtherForms))]
    public void OtherFormsAreNamed(byte[] file, string says)
    {
        CheckpointException e = Refused(file);
        Assert.That(e.Problem, Is.EqualTo(CheckpointProblem.Unrecognised));
        Assert.That(e.Message, Does.Contain(says));
    }

    [Test]
    public void CodeInAPickleIsNeverRun()
    {
        using var folder = new TemporaryFolder();
        string marker = folder.File("marker");
        // cos\nsystem\n(S'touch ...'\ntR.  and the same through builtins.eval, as a torch checkpoint.
        foreach (string pickle in (string[])[$"cos\nsystem\n(S'touch {marker}'\ntR.", $"c__builtin__\neval\n(S'open(\"{marker}\",\"w\")'\ntR.", $"(S'touch {marker}'\nios\nsystem\n."])
        {
            using var content = Fixtures.Read(Archive(Encoding.UTF8.GetBytes(pickle)));
            Assert.That(content.Root, Is.InstanceOf<PickleObject>());
            Assert.That(((PickleObject)content.Root!).TypeName, Is.EqualTo("os.system").Or.EqualTo("builtins.eval"));
        }
        Assert.That(File.Exists(marker), Is.False);
    }

    [Test]
    public void DeepNestingCostsNoStack()
    {
        const int Depth = 1_000_000;
        byte[] tuples = new byte[Depth + 2];
        Array.Fill(tuples, (byte)0x85);
        tuples[0] = (byte)')';
        tuples[^1] = (byte)'.';
        using (var content = Fixtures.Read(Archive(tuples)))
            Assert.That(content.Root, Is.InstanceOf<PickleTuple>());

        byte[] lists = [.. Enumerable.Repeat((byte)']', Depth), .. Enumerable.Repeat((byte)'a', Depth - 1), (byte)'.'];
        using (var content = Fixtures.Read(Archive(lists)))
            Assert.That(content.Root, Is.InstanceOf<List<object?>>());

        // As a key, it would have to be hashed.
        byte[] key = [(byte)'}', .. tuples[..^1], (byte)'N', (byte)'s', (byte)'.'];
        Assert.That(Refused(Archive(key)).Problem, Is.EqualTo(CheckpointProblem.LimitExceeded));
    }

    [Test]
    public void CyclesAreRead()
    {
        using var content = Fixtures.Read(Archive([(byte)']', (byte)'q', 0, (byte)'h', 0, (byte)'a', (byte)'.']));
        var list = (List<object?>)content.Root!;
        Assert.That(list[0], Is.SameAs(list));
    }

    [Test]
    public void WorkAndMemoryAreBounded()
    {
        // A tuple of two tuples of two tuples ...: 2^60 leaves to hash.
        byte[] doubling = [(byte)'}', (byte)')', .. Enumerable.Range(0, 60).SelectMany(static _ => new byte[] { (byte)'2', 0x86 }), (byte)'N', (byte)'s', (byte)'.'];
        Assert.That(Refused(Archive(doubling)).Problem, Is.EqualTo(CheckpointProblem.LimitExceeded));

        // One list of pairs, made into a dictionary again and again.
        byte[] pairs = [.. Enumerable.Range(0, 30_000).SelectMany(static i => new byte[] { (byte)'M', (byte)i, (byte)(i >> 8), (byte)'N', 0x86 })];
        byte[] copies = [.. Enumerable.Range(0, 30_000).SelectMany(static _ => new byte[] { (byte)'h', 0, (byte)'h', 1, 0x85, (byte)'R', (byte)'0' })];
        byte[] bomb = [.. "ccollections\nOrderedDict\nq\0"u8, (byte)'0', (byte)']', (byte)'q', 1, (byte)'(', .. pairs, (byte)'e', .. copies, (byte)'N', (byte)'.'];
        Assert.That(Refused(Archive(bomb)).Problem, Is.EqualTo(CheckpointProblem.LimitExceeded));

        // Lengths that the file does not have.
        foreach (byte[] length in (byte[][])[[0x8e, 0, 0, 0, 0, 1, 0, 0, 0], [0x8d, 255, 255, 255, 255, 255, 255, 255, 127], [0x96, 255, 255, 255, 255, 255, 255, 255, 255], [(byte)'X', 255, 255, 255, 255], [(byte)'T', 255, 255, 255, 255]])
            Assert.That(Refused(Archive([.. length, (byte)'.'])).Problem, Is.AnyOf(CheckpointProblem.Truncated, CheckpointProblem.Corrupt));
    }

    [Test]
    public void TensorsOutsideTheirStorageAreRefused()
    {
        // offset, size, stride, bytes in the record, elements in the persistent id
        foreach ((string tensor, int bytes, int count) in new (string, int, int)[]
        {
            ("I0\n(I4\nt(I1\nt", 12, 3), ("I1\n(I3\nt(I1\nt", 12, 3), ("I-1\n(I1\nt(I1\nt", 12, 3), ("I0\n(I-1\nt(I1\nt", 12, 3),
            ("I0\n(I3\nt(I2\nt", 12, 3), ("I0\n(I2\nt(I-1\nt", 12, 3), ("I0\n(L4611686018427387904L\nI4\nt(I1\nI1\nt", 12, 3),
            ("I0\n(I2\nt(L9223372036854775807L\nt", 12, 3), ("L9223372036854775807L\n(I1\nt(I1\nt", 12, 3), ("I0\n(I3\nt(I1\nI1\nt", 12, 3),
            ("I0\n(I3\nt(I1\nt", 8, 3), ("I0\n(I3\nt(I1\nt", 12, -1), ("L18446744073709551616L\n(I1\nt(I1\nt", 12, 3),
        })
        {
            CheckpointException e = Refused(OneTensor(tensor, bytes, count));
            Assert.That(e.Problem, Is.EqualTo(CheckpointProblem.Corrupt), e.Message);
        }
        using var fine = Fixtures.Read(OneTensor("I1\n(I1\nI2\nt(I7\nI1\nt", 12, 3));
        Assert.That(fine.Tensors, Has.Count.EqualTo(1));
    }

    [Test]
    public void OnlyNumbersWithFractionsRequireGradients()
    {
        const string Three = "I0\n(I3\nt(I1\nt";
        Assert.That(Refused(OneTensor(Three, 12, 3, "Int", requiresGrad: true)).Message, Does.Contain("int32 requires gradients"));
        using var integers = Fixtures.Read(OneTensor(Three, 12, 3, "Int"));
        using var fine = Fixtures.Read(OneTensor(Three, 12, 3, requiresGrad: true));
        Assert.That((integers.Tensors[0].RequiresGrad, fine.Tensors[0].RequiresGrad), Is.EqualTo((false, true)));
    }

    [Test]
    public void OverlappingAndRepeatedRecordsAreRefused()
    {
        byte[] good = Archive("N."u8.ToArray());
        int central = good.AsSpan().IndexOf("PK\x01\x02"u8);
        byte[] overlapping = (byte[])good.Clone();
        int second = central + 4 + overlapping.AsSpan(central + 4).IndexOf("PK\x01\x02"u8);
        overlapping.AsSpan(central + 42, 4).CopyTo(overlapping.AsSpan(second + 42));
        Assert.That(Refused(overlapping).Message, Does.Contain("overlaps"));

        var stream = new MemoryStream();
        using (ByteSink sink = ByteSink.ToStream(stream))
        {
            var zip = new ZipWriter(sink);
            zip.Write("a/data.pkl", "N."u8);
            zip.Write("a/data.pkm", "N."u8);
            zip.Write("a/version", "3\n"u8);
            zip.Finish();
        }
        byte[] repeated = stream.ToArray();
        for (int at; (at = repeated.AsSpan().IndexOf("data.pkm"u8)) >= 0;)
            repeated[at + 7] = (byte)'l';
        Assert.That(Refused(repeated).Message, Does.Contain("two records"));
    }

    [Test]
    public void CaseOfRecordNamesDoesNotMatterAsInTorch()
    {
        byte[] file = Fixtures.Bytes("2.6/big_endian.pth");
        int at = file.AsSpan().LastIndexOf("byteorder"u8);
        file[at] = (byte)'B';
        using var content = Fixtures.Read(file);
        Assert.That(content.Storages.First().IsBigEndian);
    }

    [Test]
    public void ContentInAFolderIsRefused()
    {
        byte[] file = Fixtures.Bytes("2.6/simple.pth");
        file[file.AsSpan().IndexOf("PK\x01\x02"u8) + 38] |= 0x10;
        Assert.That(Refused(file).Message, Does.Contain("folder"));
    }

    [Test]
    public void CompressedBombsAreRefused()
    {
        byte[] bomb = Deflated(300 << 20);
        Assert.That(bomb, Has.Length.LessThan(1 << 20));
        using var content = Fixtures.Read(bomb);
        Assert.That(Assert.Throws<CheckpointException>(() => content.Storages.First().ReadBytes())!.Problem, Is.EqualTo(CheckpointProblem.LimitExceeded));
        using var allowed = Fixtures.Read(bomb, new CheckpointOptions { MaxInflatedBytes = 1L << 30 });
        Assert.That(allowed.Storages.First().ReadBytes(), Has.Length.EqualTo(300 << 20));
    }

    [Test]
    public void ShardsStayInTheirFolder([Values("../x.bin", "/etc/passwd", "a/b.bin", "..", "a\\\\b.bin", "C:x")] string shard)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("index.json"), $$$"""{"weight_map": {"a": "{{{shard}}}"}}""");
        Assert.That(Assert.Throws<CheckpointException>(() => Torch.Load(folder.File("index.json")))!.Problem, Is.EqualTo(CheckpointProblem.Corrupt));
    }

    [Test]
    public void EveryMissingShardIsNamed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("index.json"), """{"weight_map": {"a": "one.bin", "b": "two.bin", "c": "one.bin"}}""");
        CheckpointException e = Assert.Throws<CheckpointException>(() => Torch.Load(folder.File("index.json")))!;
        Assert.That(e.Problem, Is.EqualTo(CheckpointProblem.NotFound));
        Assert.That(e.Message, Does.Contain("one.bin").And.Contain("two.bin"));
    }

    private static IEnumerable<TestCaseData> BadSafeTensors()
    {
        (string Json, int Data)[] cases =
        [
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", 8),
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4),
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12),
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12),
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12),
            ("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4),
            ("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0),
            ("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}""", 0),
            ("""{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4),
            ("""{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}""", 4),
            ("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4),
            ("""{"__metadata__":{"x":1}}""", 0),
            ("""{"__metadata__":{"x":"1","x":"2"}}""", 0),
            ("""{"a":[]}""", 0),
            ("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}""", 4),
        ];
        return cases.Select(static (c, i) => new TestCaseData(c.Json, c.Data).SetName($"BadSafeTensorsAreRefused({i})"));
    }

    [TestCaseSource(nameof(BadSafeTensors))]
    public void BadSafeTensorsAreRefused(string json, int data)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        Refused([.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[data]]);
    }

    [Test]
    public void LongSafeTensorsHeadersAreRefused()
        => Assert.That(Refused([.. BitConverter.GetBytes(200_000_000L), (byte)'{', .. new byte[100]]).Problem, Is.EqualTo(CheckpointProblem.LimitExceeded));

    internal static byte[] Archive(byte[] pickle, byte[]? storage = null)
    {
        var stream = new MemoryStream();
        using ByteSink sink = ByteSink.ToStream(stream);
        var zip = new ZipWriter(sink);
        zip.Write("archive/data.pkl", pickle);
        if (storage is not null)
            zip.Write("archive/data/0", storage);
        zip.Write("archive/version", "3\n"u8);
        zip.Finish();
        return stream.ToArray();
    }

    private static byte[] OneTensor(string tensor, int bytes, int count, string storage = "Float", bool requiresGrad = false) => Archive(
        Encoding.ASCII.GetBytes($"ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n{storage}Storage\nS'0'\nS'cpu'\nI{count}\ntQ{tensor}I0{(requiresGrad ? 1 : 0)}\nccollections\nOrderedDict\n)RtR."), new byte[bytes]);

    private static byte[] Deflated(int length)
    {
        byte[] pickle = Encoding.ASCII.GetBytes($"(S'storage'\nctorch\nByteStorage\nS'0'\nS'cpu'\nI{length}\ntQ.");
        var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in new[] { ("a/data.pkl", pickle), ("a/version", "3\n"u8.ToArray()), ("a/data/0", new byte[length]) })
            {
                using Stream entry = zip.CreateEntry(name, System.IO.Compression.CompressionLevel.Optimal).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }
}
