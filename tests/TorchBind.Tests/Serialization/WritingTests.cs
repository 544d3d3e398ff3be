using System.Collections;
using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Serialization;

/// <summary>Writes, and reads back here and in Python.</summary>
internal sealed class WritingTests
{
    // What cannot be written in a form that torch.load(weights_only=True) takes.
    private static readonly string[] NotWritten = ["numpy.pth", "numpy.p5.pth", "opaque.pth", "module.pth"];

    private static IEnumerable<JsonElement> Writable(string version) => Fixtures.Files(version).Where(static f => !NotWritten.Contains(Fixtures.Name(f)) && !Fixtures.Is(f, "unordered")
        && !Fixtures.Is(f, "values_only") && !f.TryGetProperty("state", out _));

    [Test]
    public void DevicesAreNotReplacedByFiles()
    {
        Assert.That(Refused("/dev/torchbind-test").Message, Does.Contain("a stream"));
        using var there = new MemoryStream();
        Torch.Save(Torch.Ones(2), there);
        Assert.That(there.Length, Is.Positive);

        static CheckpointException Refused(string path)
        {
            try
            {
                return Assert.Throws<CheckpointException>(() => Torch.Save(Torch.Ones(2), path))!;
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    [Test]
    public void CopiesReadAsTheOriginals([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version, [Values] bool live)
    {
        using var folder = new TemporaryFolder();
        foreach (JsonElement file in Writable(version))
        {
            string name = Fixtures.Name(file);
            if (live && version == "2.14" && name.StartsWith("dtypes", StringComparison.Ordinal) && Fixtures.LibtorchLacksNewTypes)
                continue;
            Copy(version, name, folder.File("copy.pth"), live);
            using CheckpointContent content = FormReader.Read(ByteSource.OpenFile(folder.File("copy.pth"), false), CheckpointOptions.Default);
            bool views = Fixtures.Is(file, "views");
            Assert.That(new Manifest(views || live && name.StartsWith("strided", StringComparison.Ordinal)).Difference(content.Root, file.GetProperty("content")), Is.Null, name);
        }
    }

    [Test]
    public void PythonReadsTheCopies([Values] bool live)
    {
        using var folder = new TemporaryFolder();
        var list = new List<object>();
        // The Python at hand reads the fixtures of its own version; an older one may lack an element type.
        string version = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? "2.6" : "2.14";
        foreach (JsonElement file in Writable(version))
        {
            string name = Fixtures.Name(file);
            // A negative view is a plain tensor once it has been loaded here, and the tar form's views lie in their storage.
            if (Fixtures.Is(file, "views") || live && name.StartsWith("strided", StringComparison.Ordinal))
                continue;
            string path = folder.File(name + ".pth");
            Copy(version, name, path, live);
            list.Add(new { path, manifest = Fixtures.ManifestPath(version), entry = name, weights_only = !file.TryGetProperty("weights_only", out JsonElement safe) || safe.GetBoolean() });
        }
        File.WriteAllText(folder.File("list.json"), JsonSerializer.Serialize(list));
        JsonElement result = PythonOracle.RunJson<JsonElement>("check_checkpoints.py", [folder.File("list.json")]);
        Assert.That(result.GetProperty("problems").EnumerateArray().Select(static p => p.GetString()), Is.Empty);
        Assert.That(result.GetProperty("checked").GetInt32(), Is.EqualTo(list.Count));
    }

    [Test]
    public void PythonReadsTheStreamForm([Values] bool live)
    {
        using var folder = new TemporaryFolder();
        var list = new List<object>();
        string version = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? "2.6" : "2.14";
        foreach (JsonElement file in Writable(version))
        {
            string name = Fixtures.Name(file);
            if (Fixtures.Is(file, "views") || live && name.StartsWith("strided", StringComparison.Ordinal))
                continue;
            string path = folder.File(name + ".pth");
            // Newer element types and nested tensors: torch.load fails on what torch.save itself writes of them in this form.
            if (name.StartsWith("dtypes", StringComparison.Ordinal) || name.StartsWith("composed", StringComparison.Ordinal))
            {
                Assert.That(() => Copy(version, name, path, live, new SaveOptions { StreamForm = true }), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("StreamForm"));
                Assert.That(File.Exists(path), Is.False);
                continue;
            }
            Copy(version, name, path, live, new SaveOptions { StreamForm = true });
            using CheckpointContent content = FormReader.Read(ByteSource.OpenFile(path, false), CheckpointOptions.Default);
            Assert.That(content.Format, Is.EqualTo(CheckpointFormat.Legacy));
            Assert.That(new Manifest().Difference(content.Root, file.GetProperty("content")), Is.Null, name);
            list.Add(new { path, manifest = Fixtures.ManifestPath(version), entry = name, mmap = false, weights_only = !file.TryGetProperty("weights_only", out JsonElement safe) || safe.GetBoolean() });
        }
        File.WriteAllText(folder.File("list.json"), JsonSerializer.Serialize(list));
        JsonElement result = PythonOracle.RunJson<JsonElement>("check_checkpoints.py", [folder.File("list.json")]);
        Assert.That(result.GetProperty("problems").EnumerateArray().Select(static p => p.GetString()), Is.Empty);
        Assert.That(result.GetProperty("checked").GetInt32(), Is.EqualTo(list.Count));
    }

    [Test]
    public void StateDictsRoundTrip([Values] bool stream)
    {
        using var folder = new TemporaryFolder();
        using StateDict state = new()
        {
            ["weight"] = Torch.Arange(6, dtype: DType.Float32).Reshape([2, 3]),
            ["bias"] = Torch.Zeros([2], requiresGrad: true),
            ["count"] = Torch.Tensor(5),
        };
        state.Metadata[""] = new Dictionary<string, object?> { ["version"] = 1L };
        state.Metadata["bn"] = new Dictionary<string, object?> { ["version"] = 2L };
        state.Extra["head._extra_state"] = new Dictionary<string, int> { ["a"] = 1 };
        string path = folder.File("state.pth");
        if (stream)
        {
            using FileStream file = File.Create(path);
            Torch.Save(state, file);
        }
        else
        {
            Torch.Save(state, path);
        }
        using StateDict again = Torch.LoadStateDict(path);
        Assert.That(again.Keys, Is.EqualTo(state.Keys));
        Assert.That(again["weight"].ToArray<float>(), Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(again["bias"].RequiresGrad, Is.False);
        Assert.That(again["count"].Item().To<long>(), Is.EqualTo(5));
        Assert.That(again.Metadata.Keys, Is.EqualTo(new[] { "", "bn" }));
        Assert.That(again.Metadata["bn"]["version"], Is.EqualTo(2L));
        Assert.That(again.Extra["head._extra_state"], Is.InstanceOf<PickleDictionary>());
    }

    [Test]
    public void DotNetObjectsBecomePythons()
    {
        var shared = new List<int> { 1, 2 };
        var value = new Dictionary<string, object?>
        {
            ["null"] = null,
            ["true"] = true,
            ["int"] = 3,
            ["long"] = 1L << 40,
            ["ulong"] = ulong.MaxValue,
            ["byte"] = (byte)9,
            ["float"] = 0.5f,
            ["double"] = 0.1,
            ["half"] = (Half)1.5,
            ["text"] = "naïve \ud800",
            ["bytes"] = new byte[] { 0, 255 },
            ["array"] = new[] { 1.5, 2.5 },
            ["list"] = shared,
            ["same"] = shared,
            ["tuple"] = (1, "a", (2.5, true)),
            ["set"] = new HashSet<int> { 3, 4 },
            ["nested"] = new Dictionary<int, object> { [7] = new ArrayList { 1, null } },
            ["shape"] = new Shape(2, 3),
            ["dtype"] = DType.BFloat16,
            ["device"] = new Device(DeviceType.Cuda, 1),
            ["complex"] = new System.Numerics.Complex(1, -2),
            ["big"] = System.Numerics.BigInteger.Pow(2, 100),
            ["enumerable"] = Enumerable.Range(0, 3),
        };
        var stream = new MemoryStream();
        Torch.Save(value, stream);
        CheckpointValue again = Torch.Load(new MemoryStream(stream.ToArray()));
        Assert.That(again.Count, Is.EqualTo(value.Count));
        Assert.That(again["null"].IsNone);
        Assert.That((bool)again["true"]);
        Assert.That((long)again["long"], Is.EqualTo(1L << 40));
        Assert.That(again["ulong"].Raw, Is.EqualTo(new System.Numerics.BigInteger(ulong.MaxValue)));
        Assert.That((double)again["half"], Is.EqualTo(1.5));
        Assert.That((string)again["text"], Is.EqualTo("naïve \ud800"));
        Assert.That(again["bytes"].AsBytes(), Is.EqualTo(new byte[] { 0, 255 }));
        Assert.That(again["array"].Select(static x => (double)x), Is.EqualTo(new[] { 1.5, 2.5 }));
        Assert.That(again["same"].Raw, Is.SameAs(again["list"].Raw));
        Assert.That(again["tuple"].Kind, Is.EqualTo(CheckpointValueKind.Tuple));
        Assert.That((bool)again["tuple"][2][1]);
        Assert.That(again["set"].Count, Is.EqualTo(2));
        Assert.That(again["nested"][7][1].IsNone);
        Assert.That(again["shape"].Kind, Is.EqualTo(CheckpointValueKind.Size));
        Assert.That(again["dtype"].Raw, Is.EqualTo(DType.BFloat16));
        Assert.That(again["device"].Raw, Is.EqualTo(new Device(DeviceType.Cuda, 1)));
        Assert.That(again["enumerable"].Count, Is.EqualTo(3));
    }

    [Test]
    public void SharedMemoryIsWrittenOnceAndStaysShared()
    {
        using Tensor whole = Torch.Arange(100_000, dtype: DType.Float32);
        using Tensor row = whole.Reshape([100, 1000])[5];
        using Tensor bits = whole.View(DType.Int32);
        var stream = new MemoryStream();
        Torch.Save(new Dictionary<string, Tensor> { ["whole"] = whole, ["row"] = row, ["bits"] = bits }, stream);
        Assert.That(stream.Length, Is.LessThan(410_000));
        CheckpointValue again = Torch.Load(new MemoryStream(stream.ToArray()));
        again["whole"].AsTensor().Fill_(1);
        Assert.That(again["row"].AsTensor().Sum().Item().To<float>(), Is.EqualTo(1000f));
        Assert.That(again["bits"].AsTensor()[3].Item().To<int>(), Is.EqualTo(BitConverter.SingleToInt32Bits(1f)));
    }

    [Test]
    public void SafeTensorsAreWrittenAsPythonWritesThem([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version, [Values] bool stream)
    {
        if (version == "2.14" && Fixtures.LibtorchLacksNewTypes)
            Assert.Ignore("This libtorch lacks a type of the file.");
        using StateDict state = SafeTensors.Load(Fixtures.PathOf($"{version}/dtypes.safetensors"), mmap: !stream);
        var metadata = new Dictionary<string, string> { ["note"] = "naïve" };
        using var folder = new TemporaryFolder();
        if (stream)
        {
            using FileStream file = File.Create(folder.File("x"));
            SafeTensors.Save(state, file, metadata);
        }
        else
        {
            SafeTensors.Save(state, folder.File("x"), metadata);
        }
        Assert.That(File.ReadAllBytes(folder.File("x")), Is.EqualTo(Fixtures.Bytes($"{version}/dtypes.safetensors")));
    }

    [Test]
    public void SafeTensorsTakeViewsAndRefuseWhatTheyLack()
    {
        using Tensor matrix = Torch.Arange(6, dtype: DType.Float32).Reshape([2, 3]);
        var stream = new MemoryStream();
        SafeTensors.Save(new Dictionary<string, Tensor> { ["t"] = matrix.T, ["m"] = matrix }, stream);
        using StateDict again = SafeTensors.Load(new MemoryStream(stream.ToArray()));
        Assert.That(again["t"].ToArray<float>(), Is.EqualTo(new float[] { 0, 3, 1, 4, 2, 5 }));
        Assert.Throws<NotSupportedException>(() => SafeTensors.Save(new Dictionary<string, Tensor> { ["c"] = Torch.Zeros([1], dtype: DType.Complex128) }, new MemoryStream()));
        Assert.Throws<NotSupportedException>(() => SafeTensors.Save(new Dictionary<string, Tensor> { ["s"] = matrix.ToSparse() }, new MemoryStream()));
        Assert.Throws<ArgumentException>(() => SafeTensors.Save(new Dictionary<string, Tensor> { ["__metadata__"] = matrix }, new MemoryStream()));
        using var folder = new TemporaryFolder();
        Torch.Save(matrix, folder.File("zip.pth"));
        Assert.That(Assert.Throws<CheckpointException>(() => SafeTensors.Load(folder.File("zip.pth")))!.Message, Does.Contain("Zip"));
    }

    [Test]
    public void ShardsReadAsOne([Values] bool safeTensors)
    {
        using var folder = new TemporaryFolder();
        using var state = new StateDict();
        for (int i = 0; i < 7; i++)
            state.Add($"layer{i}.weight", Torch.Full([100], i, dtype: DType.Float32));
        state.Add("tied", state["layer0.weight"]);
        string index = ShardedCheckpoint.Save(state, folder.File("out"), maxShardBytes: 900, safeTensors);
        Assert.That(Path.GetFileName(index), Is.EqualTo(safeTensors ? "model.safetensors.index.json" : "pytorch_model.bin.index.json"));
        Assert.That(Directory.GetFiles(folder.File("out")), Has.Length.EqualTo(safeTensors ? 5 : 5));
        using StateDict again = Torch.LoadStateDict(index);
        Assert.That(again.Keys, Is.EquivalentTo(state.Keys));
        foreach ((string key, Tensor tensor) in state)
            Assert.That(again[key].ToArray<float>(), Is.EqualTo(tensor.ToArray<float>()));
        string one = ShardedCheckpoint.Save(state, folder.File("one"), safeTensors: safeTensors);
        Assert.That(Torch.LoadStateDict(one), Has.Count.EqualTo(8));
        Assert.That(Directory.GetFiles(folder.File("one")), Has.Length.EqualTo(1));
    }

    [Test]
    public void NumpyReadsNpz()
    {
        using var folder = new TemporaryFolder();
        var tensors = new Dictionary<string, Tensor>
        {
            ["a"] = Torch.Arange(6, dtype: DType.Float32).Reshape([2, 3]),
            ["t"] = Torch.Arange(6, dtype: DType.Int16).Reshape([2, 3]).T,
            ["scalar"] = Torch.Tensor(2.5),
            ["row"] = Torch.Arange(3),
            ["empty"] = Torch.Zeros([0, 2]),
            ["yes"] = Torch.Tensor(true),
        };
        Npz.Save(tensors, folder.File("a.npz"));
        using StateDict again = Npz.Load(folder.File("a.npz"), mmap: true);
        Assert.That(again.Keys, Is.EqualTo(tensors.Keys));
        foreach ((string key, Tensor tensor) in tensors)
        {
            Assert.That(again[key].Shape, Is.EqualTo(tensor.Shape));
            Assert.That(ReadingTests.Bytes(again[key]), Is.EqualTo(ReadingTests.Bytes(tensor)));
        }
        Assert.Throws<NotSupportedException>(() => Npz.Save(new Dictionary<string, Tensor> { ["b"] = Torch.Zeros([1], dtype: DType.BFloat16) }, folder.File("b.npz")));
        JsonElement result = PythonOracle.RunJson<JsonElement>("check_checkpoints.py", ["--npz", folder.File("a.npz")]);
        foreach ((string key, Tensor tensor) in tensors)
            Assert.That(result.GetProperty(key).GetString(), Is.EqualTo(Convert.ToHexStringLower(ReadingTests.Bytes(tensor))));
    }

    [Test]
    public void KeysAreRemapped()
    {
        using var state = new StateDict { ["module.a.weight"] = Torch.Zeros([1]), ["module.b.weight"] = Torch.Ones([1]) };
        state.Metadata[""] = new Dictionary<string, object?>();
        state.Metadata["module"] = new Dictionary<string, object?> { ["version"] = 1L };
        state.Metadata["module.a"] = new Dictionary<string, object?> { ["version"] = 2L };
        StateDict plain = state.RemovePrefix("module.");
        Assert.That(plain.Keys, Is.EqualTo(new[] { "a.weight", "b.weight" }));
        Assert.That(plain.Metadata.Keys, Is.EqualTo(new[] { "", "a" }));
        Assert.That(plain.Metadata[""]["version"], Is.EqualTo(1L));
        Assert.That(plain.AddPrefix("_orig_mod.").Keys.First(), Is.EqualTo("_orig_mod.a.weight"));
        Assert.That(plain.RenameKeys(@"^a\.", "encoder.").Keys.First(), Is.EqualTo("encoder.weight"));
        Assert.That(plain.Rename(static key => key[0] == 'b' ? null : key), Has.Count.EqualTo(1));
        Assert.Throws<ArgumentException>(() => plain.RenameKeys("^.", "x"));
        KeyNotFoundException e = Assert.Throws<KeyNotFoundException>(() => _ = state["a.weight"])!;
        Assert.That(e.Message, Does.Contain("module.a.weight"));
    }

    [Test]
    public void ProgressIsReported()
    {
        using var folder = new TemporaryFolder();
        using Tensor large = Torch.Zeros([5_000_000]);
        Torch.Save(new Dictionary<string, Tensor> { ["a"] = large, ["b"] = Torch.Ones([10]) }, folder.File("x.pth"), new SaveOptions { FlushToDisk = false });
        var seen = new System.Collections.Concurrent.ConcurrentBag<LoadProgress>();
        Torch.Load(folder.File("x.pth"), options: new CheckpointOptions { Progress = new Listener(seen.Add) });
        Assert.That(seen.Max(static p => p.LoadedBytes), Is.EqualTo(20_000_040));
        Assert.That(seen, Has.All.Property(nameof(LoadProgress.TotalBytes)).EqualTo(20_000_040));
        Assert.That(seen, Has.Count.GreaterThan(2));
    }

    private sealed class Listener(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }

    [Test]
    public void ParametersStayParameters()
    {
        var stream = new MemoryStream();
        Torch.Save(new Dictionary<string, Tensor> { ["p"] = new TorchBind.NN.Parameter(Torch.Ones([2])), ["frozen"] = new TorchBind.NN.Parameter(Torch.Ones([2]), requiresGrad: false), ["plain"] = Torch.Ones([2]) }, stream);
        CheckpointValue again = Torch.Load(new MemoryStream(stream.ToArray()));
        Assert.That(again["p"].AsTensor(), Is.InstanceOf<TorchBind.NN.Parameter>().With.Property("RequiresGrad").True);
        Assert.That(again["frozen"].AsTensor(), Is.InstanceOf<TorchBind.NN.Parameter>().With.Property("RequiresGrad").False);
        Assert.That(again["plain"].AsTensor(), Is.Not.InstanceOf<TorchBind.NN.Parameter>());
    }

    [Test]
    public void OptimizerStateGoesBothWays()
    {
        CheckpointValue checkpoint = Torch.Load(Fixtures.PathOf("2.14/checkpoint.pth"));
        TorchBind.NN.Parameter[] parameters = [.. ((StateDict)checkpoint["model"]).Where(static p => p.Value.DType == DType.Float32 && !p.Key.Contains("running") && !p.Key.StartsWith("tied")).Select(static p => new TorchBind.NN.Parameter(p.Value))];
        using var optimizer = new TorchBind.Optim.Adam(parameters, lr: 0.5);
        optimizer.LoadStateDict(checkpoint["optimizer"].ToObject()!);
        var stream = new MemoryStream();
        Torch.Save(optimizer.StateDict(), stream);
        CheckpointValue again = Torch.Load(new MemoryStream(stream.ToArray()));
        Assert.That((double)again["param_groups"][0]["lr"], Is.EqualTo(0.01).Within(1e-12));
        Assert.That(again["state"].Count, Is.EqualTo(checkpoint["optimizer"]["state"].Count));
        for (int i = 0; i < again["state"].Count; i++)
        {
            foreach (string name in (string[])["step", "exp_avg", "exp_avg_sq"])
                Assert.That(ReadingTests.Bytes(again["state"][i][name].AsTensor()), Is.EqualTo(ReadingTests.Bytes(checkpoint["optimizer"]["state"][i][name].AsTensor())));
        }
    }

    [Test, Explicit("Writes and reads 4.5 GB.")]
    public void MoreThanFourGigabytesGoThrough()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("huge.pth");
        using Tensor huge = Torch.Zeros([4_400_000_000], dtype: DType.UInt8);
        huge[-1].Fill_(7);
        Torch.Save(new Dictionary<string, Tensor> { ["huge"] = huge, ["after"] = Torch.Arange(5) }, path, new SaveOptions { FlushToDisk = false });
        CheckpointValue again = Torch.Load(path, mmap: true);
        Assert.That(again["huge"].AsTensor()[-1].Item().To<int>(), Is.EqualTo(7));
        Assert.That(again["after"].AsTensor().ToArray<long>(), Is.EqualTo(new long[] { 0, 1, 2, 3, 4 }));
        JsonElement result = PythonOracle.RunJson<JsonElement>("check_checkpoints.py", ["--huge", path]);
        Assert.That(result.GetProperty("last").GetInt32(), Is.EqualTo(7));
        Assert.That(result.GetProperty("after").GetInt32(), Is.EqualTo(10));
    }

    [Test]
    public void OldReadersGetOnlyWhatTheyKnow()
    {
        var options = new SaveOptions { ForOldReaders = true };
        Assert.Throws<NotSupportedException>(() => Torch.Save(Torch.Zeros([2], dtype: DType.UInt16), new MemoryStream(), options));
        Assert.DoesNotThrow(() => Torch.Save(Torch.Zeros([2]), new MemoryStream(), options));
    }

    private static void Copy(string version, string name, string path, bool live, SaveOptions? options = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf($"{version}/{name}"));
        Torch.Save(live ? Live(checkpoint.Root.Raw, checkpoint) : checkpoint.Root, path, options ?? new SaveOptions { FlushToDisk = false });
    }

    // The same content with living tensors in the place of descriptions.
    private static object? Live(object? value, Checkpoint checkpoint)
    {
        switch (value)
        {
            case TensorEntry { IsParameter: false } entry:
                return checkpoint.Loader.Load(entry);
            case List<object?> list:
                for (int i = 0; i < list.Count; i++)
                    list[i] = Live(list[i], checkpoint);
                return list;
            case PickleDictionary dictionary:
                foreach ((object? key, object? item) in dictionary.ToArray())
                    dictionary[key] = Live(item, checkpoint);
                return dictionary;
            default:
                return value;
        }
    }
}
