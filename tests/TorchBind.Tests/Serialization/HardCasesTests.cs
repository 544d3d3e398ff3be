using System.Diagnostics;
using System.Text.Json;
using TorchBind.Jit;
using TorchBind.NN;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;
using TorchBind.Tests.Examples;

namespace TorchBind.Tests.Serialization;

/// <summary>The rarer kinds of files: tests/oracle/hard_checkpoints.py writes them during the tests, with the Python at hand.</summary>
internal sealed class HardCasesTests
{
    private TemporaryFolder _folder = null!;
    private TemporaryFolder _made = null!;
    private JsonDocument _manifest = null!;

    [OneTimeSetUp]
    public void MakeFiles()
    {
        _made = new TemporaryFolder();
        PythonOracle.Run("hard_checkpoints.py", [_made.Path]);
        _manifest = JsonDocument.Parse(File.ReadAllBytes(_made.File("manifest.json")));
    }

    [OneTimeTearDown]
    public void RemoveFiles()
    {
        _made?.Dispose();
        _manifest?.Dispose();
    }

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private IEnumerable<JsonElement> Files => _manifest.RootElement.GetProperty("files").EnumerateArray();

    private static (int Code, string Output, string Errors) Tool(string folder, params string[] arguments) => InTime(() => ExampleProgram.Run("TorchBind.Tool", folder, arguments));

    // What a hostile file could keep busy for ever.
    private static T InTime<T>(Func<T> work)
    {
        var task = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(60)), "it is still at work after a minute");
        return task.GetAwaiter().GetResult();
    }

    [Test]
    public void EveryProtocolAndPackingReadsAsInPython()
    {
        var problems = new List<string>();
        foreach (JsonElement file in Files)
        {
            foreach (bool map in new[] { false, true })
            {
                string name = Fixtures.Name(file);
                using Checkpoint content = Checkpoint.Open(_made.File(name), options: new CheckpointOptions { MemoryMap = map });
                if (content.Format.ToString() != file.GetProperty("form").GetString())
                    problems.Add($"{name}: {content.Format}");
                JsonElement expected = file.TryGetProperty("state", out JsonElement state) ? state : file.GetProperty("content");
                if (!Fixtures.Is(file, "unordered") && !file.TryGetProperty("state", out _) && new Manifest().Difference(content.Root.Raw, expected) is { } difference)
                    problems.Add($"{name}: {difference}");
                // And as tensors.
                ReadingTests.Compare(content.Root, Torch.Load(_made.File(name), mmap: map), 0);
            }
        }
        Assert.That(problems, Is.Empty);
        Assert.That(Files.Count(), Is.GreaterThan(40));
        Assert.That(Npz.Load(_made.File("nothing.npz")), Is.Empty);
    }

    [Test]
    public void AStorageOfFiveGigabytesIsMapped()
    {
        JsonElement expected = _manifest.RootElement.GetProperty("huge");
        CheckpointValue loaded = Torch.Load(_made.File("huge.pth"), mmap: true);
        Tensor huge = loaded["huge"].AsTensor();
        Assert.That(huge.Shape, Is.EqualTo(new Shape([.. expected.GetProperty("shape").EnumerateArray().Select(static s => s.GetInt64())])));
        Assert.That(huge[-1].Item<long>(), Is.EqualTo(expected.GetProperty("last").GetInt64()));
        Assert.That(huge[-2].Item<long>(), Is.EqualTo(expected.GetProperty("before").GetInt64()));
        Assert.That(loaded["after"].AsTensor().ToArray<long>(), Is.EqualTo(expected.GetProperty("after").EnumerateArray().Select(static s => s.GetInt64())));
        Assert.That(Tool(_folder.Path, "inspect", _made.File("huge.pth")).Output, Does.Contain("uint8 [5368709120], 5.00 GiB"));
    }

    [Test]
    public void SmallFilesThatComeToMoreThanCanBeGoneThrough([Values("list", "tuple", "dict", "mixed", "module")] string name)
    {
        string path = _made.File($"bomb.{name}.pth");
        CheckpointValue loaded = InTime(() => Torch.Load(path));
        InTime(() => loaded.ToObject());
        InTime(() => loaded.ToString());
        if (name == "module")
            Assert.That(() => InTime(loaded.AsStateDict), Throws.InstanceOf<CheckpointException>().With.Property("Problem").EqualTo(CheckpointProblem.LimitExceeded));
        else if (name is "list" or "tuple" or "mixed")
            Assert.That(() => InTime(loaded.AsStateDict), Throws.InstanceOf<CheckpointException>());
        if (name is not "module")
        {
            InTime(() => { Torch.Save(loaded.ToObject(), _folder.File("copy.pth")); return 0; });
            Assert.That(new FileInfo(_folder.File("copy.pth")).Length, Is.LessThan(10_000));
        }
        Action distributed = () => InTime(() => { DistributedCheckpoint.Save(loaded, _folder.File("distributed")); return 0; });
        if (name == "mixed")
            distributed();
        else
            Assert.That(() => distributed(), name == "dict" ? Throws.InstanceOf<NotSupportedException>().With.Message.Contains("more than") : Throws.InstanceOf<ArgumentException>());
        string[][] commands = name == "mixed" ? [["inspect", path], ["inspect", path, "--json"], ["verify", path], ["diff", path, path]] : [["inspect", path, "--json"]];
        foreach (string[] arguments in commands)
            Assert.That(Tool(_folder.Path, arguments).Code, Is.Zero, arguments[0]);
    }

    [Test]
    public void ViewsOfAnySizeCostNoMemory()
    {
        string path = _made.File("bomb.view.pth");
        Assert.That(Tool(_folder.Path, "verify", path).Output, Does.Contain("nothing wrong"));
        (int code, string output, _) = Tool(_folder.Path, "diff", path, path);
        Assert.That((code, output), Is.EqualTo((1, output)));
        // What repeats its memory, and what is sparse, is compared without being written out; a view that overlaps itself is not.
        Assert.That(output, Does.Contain("o: not compared").And.Not.Contain("e:").And.Not.Contain("s:").And.Contain("2 tensors the same, 1 different"));
        foreach (string target in (string[])["x.safetensors", "x.npz"])
        {
            (code, _, string errors) = Tool(_folder.Path, "convert", path, target);
            Assert.That((code, errors), Is.EqualTo((2, errors)));
            Assert.That(errors, Does.Contain("far less memory"));
        }
        Assert.That(Tool(_folder.Path, "convert", path, "x.pth").Code, Is.Zero);
        Assert.That(new FileInfo(_folder.File("x.pth")).Length, Is.LessThan(100_000));
    }

    [Test]
    public void MapLocationDoesWhatPythonsDoes()
    {
        var forms = new Dictionary<string, MapLocation?>
        {
            ["nothing"] = null,
            ["text"] = "cpu",
            ["device"] = Device.Cpu,
            ["meta"] = "meta",
            ["table"] = new Dictionary<string, string> { ["cpu"] = "meta" },
            ["table of another"] = new Dictionary<string, string> { ["cuda:1"] = "cpu" },
            ["function that keeps"] = new MapLocation(static _ => Device.Cpu),
            ["function that passes"] = new MapLocation(static _ => (Device?)null),
            ["function by name"] = new MapLocation(static location => location == "cpu" ? new Device(DeviceType.Meta) : (Device?)null),
            ["absent device"] = "cuda:7",
        };
        string version = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? "2.6" : "2.14";
        string[] paths = [_made.File("simple.pth"), _made.File("elsewhere.pth"), Fixtures.PathOf($"{version}/composed.pth"), Fixtures.PathOf($"{version}/strided.pth")];
        JsonElement expected = PythonOracle.RunJson<JsonElement>("map_location.py", paths);
        int refused = 0;
        foreach (JsonProperty form in expected.EnumerateObject())
        {
            foreach (string path in paths)
            {
                JsonElement wanted = form.Value.GetProperty(Path.GetFileName(path));
                if (wanted.ValueKind != JsonValueKind.Null)
                {
                    CheckpointValue loaded = Torch.Load(path, forms[form.Name]);
                    foreach (JsonProperty item in wanted.EnumerateObject())
                        Assert.That(Where(loaded[item.Name].AsTensor()), Is.EqualTo(item.Value.GetRawText().Replace(" ", "", StringComparison.Ordinal)), $"{form.Name}: {path}: {item.Name}");
                }
                else if (form.Name is "absent device" || path.Contains("composed", StringComparison.Ordinal))
                {
                    refused++;
                    Assert.That(() => Torch.Load(path, forms[form.Name]), Throws.InstanceOf<TorchException>().Or.InstanceOf<CheckpointException>().Or.InstanceOf<NotSupportedException>(), $"{form.Name}: {path}");
                }
                else
                {
                    // Where the saved device is absent and nothing says where to go, Python refuses; here it is the CPU.
                    Assert.That(path, Does.EndWith("elsewhere.pth"));
                    Assert.That(Torch.Load(path, forms[form.Name])["w"].AsTensor().Device, Is.EqualTo(Device.Cpu));
                }
            }
        }
        Assert.That(refused, Is.GreaterThan(0));

        static string Where(Tensor tensor) => JsonSerializer.Serialize(new object?[]
        {
            tensor.Device.Type.ToString().ToLowerInvariant(), tensor.DType.Name(), TorchNames.NameOf(tensor.Layout)["torch.".Length..], tensor.IsNested ? null : tensor.Shape.ToArray(),
        });
    }

    [Test]
    public void ManyThreadsLoadOneFile([Values("checkpoint.pth", "state_dict.legacy.pth", "dtypes.safetensors", "composed.pth", "distributed_shards")] string name)
    {
        string path = Fixtures.PathOf($"2.6/{name}");
        using Checkpoint shared = Checkpoint.Open(path, options: new CheckpointOptions { MemoryMap = true });
        Parallel.For(0, 24, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            ReadingTests.Compare(shared.Root, i % 3 == 0 ? shared.Root : Torch.Load(path, mmap: i % 3 == 1), 0);
        });
    }

    [Test]
    public void PythonReadsWhatIsWrittenOfTheRareKinds()
    {
        var list = new List<object>();
        foreach (JsonElement file in Files.Where(static f => f.GetProperty("form").GetString() is "Zip" && !f.TryGetProperty("state", out _)))
        {
            string name = Fixtures.Name(file);
            if (name.Contains(".p0.", StringComparison.Ordinal) || name.Contains("big", StringComparison.Ordinal))
                continue;
            CheckpointValue loaded = Torch.Load(_made.File(name), mmap: true);
            Add(name + ".zip", new SaveOptions { FlushToDisk = false }, true);
            Add(name + ".stream", new SaveOptions { FlushToDisk = false, StreamForm = true }, false);

            void Add(string target, SaveOptions options, bool mmap)
            {
                Torch.Save(loaded.ToObject(), _folder.File(target), options);
                list.Add(new { path = _folder.File(target), manifest = _made.File("manifest.json"), entry = name, mmap, weights_only = false });
            }
        }
        File.WriteAllText(_folder.File("list.json"), JsonSerializer.Serialize(list));
        Checked("check_checkpoints.py", _folder.File("list.json"), list.Count);
    }

    private static void Checked(string script, string list, int count)
    {
        JsonElement result = PythonOracle.RunJson<JsonElement>(script, [list]);
        Assert.That(result.GetProperty("problems").EnumerateArray().Select(static p => p.GetString()), Is.Empty);
        Assert.That(result.GetProperty("checked").GetInt32(), Is.EqualTo(count));
    }

    [Test]
    public void NothingAndTensorsWithoutElementsGoThroughEveryForm()
    {
        var list = new List<object>();
        foreach (string name in (string[])["empty.hollow.pth", "empty.ordered.pth"])
        {
            string source = _made.File(name);
            using StateDict state = Torch.LoadStateDict(source);
            if (name == "empty.hollow.pth")
                state["c"] = state["c"].To(DType.Float32); // NumPy has no bfloat16
            Torch.Save(state, _folder.File("source." + name));
            foreach ((string form, string target) in new[] { ("tar", ".tar"), ("torchscript", ".pt"), ("distributed", ".dcp"), ("safetensors", ".safetensors"), ("npz", ".npz") })
            {
                string path = _folder.File(name + target);
                Save(state, form, path);
                list.Add(new { form, path, source = _folder.File("source." + name) });
                if (form == "npz" && state.Count == 0)
                {
                    Assert.That(Npz.Load(path), Is.Empty);
                    continue;
                }
                using StateDict again = Torch.LoadStateDict(path);
                Assert.That(again.Select(static p => (p.Key, p.Value.DType, p.Value.Shape)), Is.EquivalentTo(state.Select(static p => (p.Key, p.Value.DType, p.Value.Shape))), form);
            }
            string index = ShardedCheckpoint.Save(state, _folder.File(name + ".sharded"));
            Assert.That(Torch.LoadStateDict(index).Keys, Is.EquivalentTo(state.Keys));
        }
        File.WriteAllText(_folder.File("list.json"), JsonSerializer.Serialize(list));
        Checked("check_converted.py", _folder.File("list.json"), list.Count);
    }

    private static void Save(StateDict state, string form, string path)
    {
        switch (form)
        {
            case "tar":
                Torch.Save(state, path, new SaveOptions { TarForm = true, FlushToDisk = false });
                break;
            case "torchscript":
                using (ScriptModule script = Torch.Jit.FromStateDict(state))
                    script.Save(path);
                break;
            case "distributed":
                DistributedCheckpoint.Save(state, path, new SaveOptions { FlushToDisk = false });
                break;
            case "safetensors":
                SafeTensors.Save(state, path);
                break;
            default:
                Npz.Save(state, path);
                break;
        }
    }

    [Test]
    public void TheTarFormKeepsWhatItCanAndSaysWhatItCannot()
    {
        string version = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? "2.6" : "2.14";
        var composed = Torch.Load(Fixtures.PathOf($"{version}/composed.pth"));
        var tar = new SaveOptions { TarForm = true, FlushToDisk = false };
        var kept = new OrderedDictionary<string, Tensor>();
        foreach ((CheckpointValue key, CheckpointValue value) in composed.Entries)
        {
            string name = (string)key;
            if (name is "quantized" or "quantized_channels" or "nested" or "meta" or "requires_grad")
            {
                Assert.That(() => Torch.Save(value.AsTensor(), _folder.File("x.tar"), tar),
                    Throws.InstanceOf<NotSupportedException>().With.Message.Contains(name == "requires_grad" ? "require gradients" : name.Split('_')[0]), name);
                Assert.That(File.Exists(_folder.File("x.tar")), Is.False);
            }
            else
            {
                kept.Add(name, value.AsTensor());
            }
        }
        Tensor conj = Torch.Load(Fixtures.PathOf($"{version}/strided.pth"))["conj"].AsTensor();
        Assert.That(() => Torch.Save(conj, _folder.File("x.tar"), tar), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("ResolveConj"));
        Tensor shared = Torch.Arange(4, dtype: DType.Float32);
        Assert.That(() => Torch.Save(new[] { shared, shared.View(DType.Int32) }, _folder.File("x.tar"), tar), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("share memory"));
        Assert.That(() => Torch.Save(Torch.Zeros([2], dtype: DType.UInt16), _folder.File("x.tar"), tar), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("uint16"));
        Assert.That(Directory.GetFiles(_folder.Path), Is.Empty, "what cannot be saved is found before a file is made");

        Torch.Save(new Dictionary<string, Tensor>(kept), _folder.File("kept.pth"));
        Torch.Save(new Dictionary<string, Tensor>(kept), _folder.File("kept.tar"), tar);
        File.WriteAllText(_folder.File("list.json"), JsonSerializer.Serialize(new[] { new { form = "tar", path = _folder.File("kept.tar"), source = _folder.File("kept.pth") } }));
        Checked("check_converted.py", _folder.File("list.json"), 1);
    }

    [Test]
    public void ProgressGoesFromNothingToAllOnce([Values] bool map, [Values("composed.pth", "checkpoint.pth", "distributed_shards", "dtypes.safetensors")] string name)
    {
        var seen = new List<LoadProgress>();
        var options = new CheckpointOptions { MemoryMap = map, Progress = new Listener(seen.Add) };
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf("2.6/" + name), options: options);
        foreach (TensorEntry tensor in checkpoint.Tensors)
            checkpoint.LoadTensor(tensor);
        Assert.That(seen.Select(static p => p.LoadedBytes), Is.Ordered);
        Assert.That(seen[^1].LoadedBytes, Is.EqualTo(seen[^1].TotalBytes).And.EqualTo(checkpoint.Storages.Where(static s => s.HasData).Sum(static s => s.ByteLength)));
        Assert.That(seen.Select(static p => p.TotalBytes).Distinct().Count(), Is.EqualTo(1));
        Assert.That(seen[^1].Fraction, Is.EqualTo(1));
    }

    private sealed class Listener(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            lock (this)
                report(value);
        }
    }

    [Test]
    public void TheTypedViewShowsEveryKindOfContent([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version)
    {
        CheckpointValue values = Torch.Load(Fixtures.PathOf($"{version}/values.p2.pth"));
        Assert.That(values["set"].Select(static v => v.Raw), Is.EquivalentTo(new object[] { 1L, 2L, "c" }));
        Assert.That((values["set"].Kind, values["set"].Count), Is.EqualTo((CheckpointValueKind.Set, 3)));
        Assert.That(values["frozen"].Kind, Is.EqualTo(CheckpointValueKind.Set));
        Assert.That(((PickleSet)values["frozen"].Raw!).IsFrozen);
        Assert.That((long)values["default"]["a"][0], Is.EqualTo(1));
        Assert.That((string)values[1], Is.EqualTo("int key"));
        Assert.That((long)values["counter"]["a"], Is.EqualTo(2));
        Assert.That(values["size"].Select(static v => (long)v), Is.EqualTo(new long[] { 2, 3 }));
        Assert.That(values["dtype"].Raw, Is.EqualTo(DType.BFloat16));
        Assert.That(values["cuda"].Raw, Is.EqualTo(new Device(DeviceType.Cuda, 1)));
        Assert.That(values["shared1"].Raw, Is.SameAs(values["shared2"].Raw));
        Assert.That(values["bytes"].AsBytes(), Is.EqualTo(new byte[] { 0, 255, 128, 97, 98, 99 }));
        Assert.That(values["bytearray"].AsBytes(), Is.EqualTo(new byte[] { 1, 254 }));
        Assert.That(values["big"].Raw, Is.EqualTo(System.Numerics.BigInteger.Pow(2, 100)));
        Assert.That(() => (long)values["big"], Throws.InstanceOf<CheckpointException>().With.Message.Contains("64 bits"));
        Assert.That(() => (int)values["long"], Throws.InstanceOf<CheckpointException>().With.Message.Contains("does not fit"));
        Assert.That(() => values["list"][5], Throws.InstanceOf<CheckpointException>().With.Message.Contains("2 items"));
        Assert.That(() => values["none"]["x"], Throws.InstanceOf<CheckpointException>().With.Message.Contains("None"));

        CheckpointValue numpy = Torch.Load(Fixtures.PathOf($"{version}/numpy.pth"));
        Assert.That(((double)numpy["float64"], (double)numpy["float32"], (long)numpy["int64"], (bool)numpy["bool"], (long)numpy["uint8"]), Is.EqualTo((0.1, (double)0.1f, -3L, true, 7L)));
        Assert.That(numpy["complex"].Raw, Is.EqualTo(new System.Numerics.Complex(1, 2)));
        Assert.That(numpy["array"].Kind, Is.EqualTo(CheckpointValueKind.Array));
        Assert.That(((Tensor)numpy["big"]).ToArray<int>(), Is.EqualTo(new[] { 0, 1, 2 }), "big-endian on disk");
        Assert.That(((Tensor)numpy["empty"]).Shape, Is.EqualTo(new Shape(0, 2)));

        CheckpointValue checkpoint = Torch.Load(Fixtures.PathOf($"{version}/checkpoint.pth"));
        Assert.That(((long)checkpoint["scheduler"]["step_size"], (long)checkpoint["scheduler"]["last_epoch"]), Is.EqualTo((2L, 1L)));
        using var optimizer = new TorchBind.Optim.SGD([new Parameter(Torch.Ones([1]))], lr: 0.01);
        var scheduler = new TorchBind.Optim.Schedulers.StepLR(optimizer, 7);
        scheduler.LoadStateDict(checkpoint["scheduler"].ToObject()!);
        Assert.That(scheduler.LastEpoch, Is.EqualTo(1));

        CheckpointValue opaque = Torch.Load(Fixtures.PathOf($"{version}/opaque.pth"));
        Assert.That(opaque["path"].Kind, Is.EqualTo(CheckpointValueKind.Object));
        Assert.That(opaque["path"].ToString(), Does.Contain("pathlib"));
        Assert.That(opaque["thing"].TryGetValue("absent", out _), Is.False);
        Assert.That(() => opaque["thing"]["absent"], Throws.InstanceOf<CheckpointException>().With.Message.Contains("\"value\""));
        Assert.That(() => opaque["thing"].AsTensor(), Throws.InstanceOf<CheckpointException>().With.Message.Contains("__main__.Thing"));
    }

    // ---- writing that does not come to its end

    [Test]
    public void AFullDiskAndAKilledWriterLeaveTheOldFile([Values("zip", "safetensors", "torchscript")] string form)
    {
        Torch.Save(new Dictionary<string, Tensor> { ["w"] = Torch.Ones([2_000_000]) }, _folder.File("source.pth"), new SaveOptions { FlushToDisk = false });
        string target = _folder.File("target." + form);
        File.WriteAllText(target, "the old content");
        // Files may grow to four megabytes, as if the disk were full. (The limit holds for the runtime's own memory for code too, unless it is told to have none.)
        (int code, string errors) = Shell($"export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 4096; exec {Command} convert source.pth {target} --to {form} --force");
        Assert.That((code, errors), Is.EqualTo((2, errors)));
        Assert.That(errors, Is.Not.Empty.And.Not.Contain("defect"));
        Assert.That(File.ReadAllText(target), Is.EqualTo("the old content"));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(2), "nothing is left behind");

        // The system kills a program that writes beyond the limit and does not say otherwise: in the middle of its work.
        (code, _) = Shell($"export DOTNET_EnableWriteXorExecute=0; ulimit -c 0; ulimit -f 4096; exec {Command} convert source.pth {target} --to {form} --force");
        Assert.That(code, Is.Not.Zero);
        Assert.That(File.ReadAllText(target), Is.EqualTo("the old content"));
    }

    private static string Command
    {
        get
        {
            var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return $"'{Environment.ProcessPath}' '{Path.Combine(here.Parent!.Parent!.FullName, "TorchBind.Tool", here.Name, "TorchBind.Tool.dll")}'";
        }
    }

    private (int Code, string Errors) Shell(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder.Path })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors + output.Result);
    }

    [Test]
    public void FoldersThatCannotBeWrittenToAreNamed()
    {
        foreach (Action save in (Action[])[
            () => Torch.Save(1, "/proc/torchbind.pth"), () => SafeTensors.Save(new StateDict(), "/proc/torchbind.safetensors"), () => Npz.Save(new StateDict(), "/proc/torchbind.npz"),
            () => { using var script = new ScriptModule("M"); script.Save("/proc/torchbind.pt"); }, () => ShardedCheckpoint.Save(new StateDict(), "/proc/torchbind"),
            () => DistributedCheckpoint.Save(new StateDict(), "/proc/torchbind")])
        {
            Assert.That(() => save(), Throws.InstanceOf<IOException>().Or.InstanceOf<UnauthorizedAccessException>());
        }
    }

    [Test, System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void ALinkStaysALinkAndModesStay()
    {
        File.WriteAllText(_folder.File("real.pth"), "old");
        File.SetUnixFileMode(_folder.File("real.pth"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(_folder.File("link.pth"), "real.pth");
        foreach (bool script in new[] { false, true })
        {
            if (script)
            {
                using var module = new ScriptModule("M");
                module.Save(_folder.File("link.pth"));
            }
            else
            {
                Torch.Save(new StateDict(), _folder.File("link.pth"));
            }
            Assert.That(new FileInfo(_folder.File("link.pth")).LinkTarget, Is.EqualTo("real.pth"));
            Assert.That(File.GetUnixFileMode(_folder.File("real.pth")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            Assert.That(Checkpoint.Open(_folder.File("real.pth")).Format, Is.EqualTo(script ? CheckpointFormat.TorchScript : CheckpointFormat.Zip));
        }
    }

    [Test]
    public void NothingIsLostWithoutAWord()
    {
        using var state = new StateDict { ["w"] = Torch.Ones([2]), ["v"] = Torch.Ones([2]) };
        state.Extra["q._extra_state"] = 5L;
        state.Metadata["q"] = new Dictionary<string, object?> { ["version"] = 4L };
        foreach (Action save in (Action[])[() => SafeTensors.Save(state, _folder.File("x")), () => Npz.Save(state, _folder.File("x")), () => ShardedCheckpoint.Save(state, _folder.File("x"))])
            Assert.That(() => save(), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("q._extra_state"));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
        string index = ShardedCheckpoint.Save(state, _folder.File("x"), maxShardBytes: 8, safeTensors: false);
        using StateDict again = Torch.LoadStateDict(index);
        Assert.That(again.Extra["q._extra_state"], Is.EqualTo(5L));
        Assert.That(Torch.LoadStateDict(Path.Combine(_folder.File("x"), "pytorch_model-00002-of-00002.bin")).Metadata["q"]["version"], Is.EqualTo(4L));
    }

    [Test]
    public void OldReadersGetPlainTensorsOfConjugates()
    {
        Tensor plain = Torch.Tensor([new System.Numerics.Complex(1, 2), new System.Numerics.Complex(3, -4)]);
        var stream = new MemoryStream();
        Torch.Save(new Dictionary<string, Tensor> { ["conj"] = plain.Conj(), ["neg"] = plain.Conj().Imag }, stream, new SaveOptions { ForOldReaders = true });
        using Checkpoint again = Checkpoint.Open(stream.ToArray());
        Assert.That(again.Tensors.Any(static t => t.IsConjugate || t.IsNegative), Is.False);
        Assert.That(ReadingTests.Bytes(again["conj"].AsTensor()), Is.EqualTo(ReadingTests.Bytes(plain.Conj().ResolveConj())));
        Assert.That(again["neg"].AsTensor().To(DType.Float64).ToArray<double>(), Is.EqualTo(new[] { -2.0, 4 }));
    }

    [Test]
    public void StateDictsOfQuantizedModulesAreStateDicts()
    {
        // What Python's quantized Linear gives: packed weights as a tuple, a type, and tensors.
        var saved = new Dictionary<string, object?>
        {
            ["fc.scale"] = Torch.Tensor(0.5),
            ["fc.zero_point"] = Torch.Tensor(3L),
            ["fc._packed_params.dtype"] = DType.QInt8,
            ["fc._packed_params._packed_params"] = (Torch.Ones([2, 2]), Torch.Ones([2])),
        };
        Torch.Save(saved, _folder.File("q.pth"));
        using StateDict state = Torch.LoadStateDict(_folder.File("q.pth"));
        Assert.That(state.Keys, Is.EqualTo(new[] { "fc.scale", "fc.zero_point" }));
        Assert.That(state.Extra.Keys, Is.EqualTo(new[] { "fc._packed_params.dtype", "fc._packed_params._packed_params" }));
    }
}
