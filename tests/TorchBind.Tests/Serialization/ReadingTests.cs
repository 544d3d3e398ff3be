using System.Globalization;
using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Serialization;

/// <summary>Reads what Python wrote, and compares it with Python's own account of it.</summary>
internal sealed class ReadingTests
{
    private static IEnumerable<string> Names => Fixtures.Names;

    [TestCaseSource(nameof(Names))]
    public void DescriptionsAreWhatPythonHas(string name)
    {
        JsonElement entry = Fixtures.Entry(name);
        foreach (bool map in new[] { false, true })
        {
            using Checkpoint content = Checkpoint.Open(Fixtures.PathOf(name), options: new CheckpointOptions { MemoryMap = map });
            Assert.That(content.Format.ToString(), Is.EqualTo(entry.GetProperty("form").GetString()));
            if (!Fixtures.Is(entry, "unordered") && !entry.TryGetProperty("state", out _))
                Assert.That(new Manifest(Fixtures.Is(entry, "views") || Fixtures.Is(entry, "values_only")).Difference(content.Root.Raw, entry.GetProperty("content")), Is.Null);
            if (entry.TryGetProperty("metadata", out JsonElement metadata))
                Assert.That(content.Metadata, Is.EquivalentTo(metadata.EnumerateObject().ToDictionary(static p => p.Name, static p => p.Value.GetString())));
        }
    }

    [TestCaseSource(nameof(Names))]
    public void TensorsAreWhatPythonHas(string name)
    {
        if (name.StartsWith("2.14/dtypes.", StringComparison.Ordinal) && Fixtures.LibtorchLacksNewTypes)
        {
            NotSupportedException e = Assert.Throws<NotSupportedException>(() => Torch.Load(Fixtures.PathOf(name)))!;
            Assert.That(e.Message, Does.Contain("float8_e8m0fnu").And.Contain("2.7"));
            return;
        }
        foreach (bool map in new[] { false, true })
        {
            using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf(name), options: new CheckpointOptions { MemoryMap = map });
            CheckpointValue loaded = Torch.Load(Fixtures.PathOf(name), mmap: map);
            Compare(checkpoint.Root, loaded, 0);
        }
    }

    private static IEnumerable<string> WithState => Fixtures.Names.Where(static name => Fixtures.Entry(name).TryGetProperty("state", out _));

    [TestCaseSource(nameof(WithState))]
    public void StateDictsComeOutOfOtherForms(string name)
    {
        JsonElement entry = Fixtures.Entry(name);
        foreach (bool map in new[] { false, true })
        {
            using StateDict state = Torch.LoadStateDict(Fixtures.PathOf(name), mmap: map);
            JsonElement[] expected = [.. entry.GetProperty("state").GetProperty("v").EnumerateArray()];
            Assert.That(state.Keys.Select(Hex), Is.EqualTo(expected.Select(static e => e[0].GetProperty("v").GetString())));
            int i = 0;
            foreach (Tensor tensor in state.Values)
            {
                JsonElement wanted = expected[i++][1];
                Assert.That(tensor.DType.Name(), Is.EqualTo(wanted.GetProperty("dtype").GetString()));
                Assert.That(tensor.Shape, Is.EqualTo(new Shape([.. wanted.GetProperty("shape").EnumerateArray().Select(static x => x.GetInt64())])));
                Assert.That(Convert.ToHexStringLower(Bytes(tensor)), Is.EqualTo(wanted.GetProperty("data").GetString()));
            }
        }

        static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.BigEndianUnicode.GetBytes(text));
    }

    [Test]
    public void StreamsAndBuffersReadAsFilesDo([Values("2.6/state_dict.pth", "2.14/checkpoint.legacy.pth", "2.6/dtypes.safetensors", "2.6/tar.pth")] string name)
    {
        byte[] bytes = Fixtures.Bytes(name);
        using Checkpoint fromFile = Checkpoint.Open(Fixtures.PathOf(name));
        Compare(fromFile.Root, Torch.Load(new MemoryStream(bytes)), 0);
        Compare(fromFile.Root, Torch.Load(new ForwardStream(new MemoryStream(bytes))), 0);
        using Checkpoint fromBuffer = Checkpoint.Open(bytes);
        Compare(fromFile.Root, fromBuffer.Root, 0);
        var stream = new MemoryStream([1, 2, 3, .. bytes]) { Position = 3 };
        Compare(fromFile.Root, Torch.Load(stream), 0);
    }

    [Test]
    public void StateDictKeepsOrderAndMetadata([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version, [Values("state_dict.pth", "state_dict.legacy.pth")] string file)
    {
        using StateDict state = Torch.LoadStateDict(Fixtures.PathOf($"{version}/{file}"));
        Assert.That(state.Keys, Is.EqualTo(new[]
        {
            "conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
            "fc.weight", "fc.bias", "tied.weight", "tied.bias",
        }));
        Assert.That(state.Metadata["bn"]["version"], Is.EqualTo(2L));
        Assert.That(state.Metadata.Keys.First(), Is.EqualTo(""));
        Assert.That(state["conv.weight"].Shape, Is.EqualTo(new Shape(2, 1, 3, 3)));
        Assert.That(state["bn.num_batches_tracked"].DType, Is.EqualTo(DType.Int64));
        // Tied weights stay tied.
        state["fc.weight"].Fill_(7);
        Assert.That(state["tied.weight"][0, 0].Item().To<float>(), Is.EqualTo(7f));
    }

    [Test]
    public void TypedViewReachesIntoMixedCheckpoints([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version)
    {
        CheckpointValue checkpoint = Torch.Load(Fixtures.PathOf($"{version}/checkpoint.pth"));
        Assert.That((long)checkpoint["epoch"], Is.EqualTo(3));
        Assert.That((int)checkpoint["epoch"], Is.EqualTo(3));
        Assert.That((double)checkpoint["loss"], Is.EqualTo(0.25));
        Assert.That((string)checkpoint["args"]["name"], Is.EqualTo("net"));
        Assert.That((double)checkpoint["optimizer"]["param_groups"][0]["lr"], Is.EqualTo(0.01).Within(1e-12));
        Assert.That(((Tensor)checkpoint["optimizer"]["state"][0]["exp_avg"]).Shape, Is.EqualTo(new Shape(2, 1, 3, 3)));
        Assert.That((double)checkpoint["optimizer"]["state"][0]["step"], Is.EqualTo(1));
        Assert.That(checkpoint["optimizer"]["param_groups"][0]["params"].Select(static p => (long)p), Is.EqualTo(new long[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(checkpoint["optimizer"]["param_groups"][-1].Kind, Is.EqualTo(CheckpointValueKind.Dictionary));
        Assert.That(checkpoint.Keys.Select(static k => (string)k), Does.Contain("scheduler"));
        using StateDict model = checkpoint["model"].AsStateDict();
        Assert.That(model, Has.Count.EqualTo(11));

        CheckpointException? missing = Assert.Throws<CheckpointException>(() => _ = checkpoint["optimiser"]);
        Assert.That(missing!.Message, Does.Contain("\"optimizer\"").And.Contain("\"epoch\""));
        CheckpointException? wrong = Assert.Throws<CheckpointException>(() => checkpoint["args"]["name"].AsTensor());
        Assert.That(wrong!.Message, Does.Contain("""checkpoint["args"]["name"]""").And.Contain("string"));
        CheckpointException? notState = Assert.Throws<CheckpointException>(() => checkpoint.AsStateDict());
        Assert.That(notState!.Message, Does.Contain("""checkpoint["model"]"""));
    }

    [Test]
    public void WholeModulesReadAsData([ValueSource(typeof(Fixtures), nameof(Fixtures.Versions))] string version)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf($"{version}/module.pth"));
        Assert.That(checkpoint.Root.Kind, Is.EqualTo(CheckpointValueKind.Object));
        Assert.That(((PickleObject)checkpoint.Root.Raw!).TypeName, Is.EqualTo("__main__.Net"));
        using StateDict state = checkpoint.ToStateDict();
        using StateDict expected = Torch.LoadStateDict(Fixtures.PathOf($"{version}/state_dict.pth"));
        Assert.That(state.Keys, Is.EqualTo(expected.Keys));
        Assert.That(state.Metadata["bn"]["version"], Is.EqualTo(1L).Or.EqualTo(2L));
    }

    [Test]
    public void UnknownObjectsStayInertAndVisible()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf("2.14/opaque.pth"));
        Assert.That(checkpoint["thing"].Kind, Is.EqualTo(CheckpointValueKind.Object));
        Assert.That((long)checkpoint["thing"]["value"], Is.EqualTo(3));
        Assert.That((long)checkpoint["thing"]["inner"][1]["again"], Is.EqualTo(3));
        Assert.That(checkpoint["kind"].Raw, Is.EqualTo(new PickleGlobal("__main__", "Thing")));
        Assert.That(((Tensor)checkpoint["weight"]).Shape, Is.EqualTo(new Shape(2)));
    }

    [Test]
    public void NumpyArraysBecomeTensors()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf("2.14/numpy.pth"));
        using Tensor array = checkpoint["array"].AsTensor();
        Assert.That(array.ToArray<float>(), Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 5 }));
        using Tensor fortran = checkpoint["fortran"].AsTensor();
        Assert.That(fortran.Shape, Is.EqualTo(new Shape(2, 3)));
        Assert.That(fortran.Contiguous().ToArray<short>(), Is.EqualTo(new short[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That((double)checkpoint["float64"], Is.EqualTo(0.1));
    }

    [Test]
    public void MappedTensorsOutliveTheCheckpointAndLeaveTheFileAlone()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("copy.pth");
        File.Copy(Fixtures.PathOf("2.14/simple.pth"), path);
        byte[] before = File.ReadAllBytes(path);
        Tensor weight;
        using (Checkpoint checkpoint = Checkpoint.Open(path, options: new CheckpointOptions { MemoryMap = true }))
            weight = checkpoint["w"].AsTensor();
        weight.Fill_(9);
        Assert.That(weight.ToArray<float>(), Is.All.EqualTo(9f));
        weight.Dispose();
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
    }

    [Test]
    public void OfAMappedFileOnlyWhatIsReadIsResident()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("many.pth");
        const int Count = 64, Elements = 1 << 18;
        Torch.Save(Enumerable.Range(0, Count).ToDictionary(i => $"t{i}", i => Torch.Full([Elements], i)), path);
        using Checkpoint checkpoint = Checkpoint.Open(path, options: new CheckpointOptions { MemoryMap = true });
        Tensor[] all = [.. checkpoint.Tensors.Select(checkpoint.LoadTensor)];
        // Touching a page maps up to 64 KiB around it, so every header that is read through the mapping would show.
        Assert.That(ResidentOf(path), Is.Zero);
        Assert.That(all[5].Sum().Item<float>(), Is.EqualTo(5f * Elements));
        // The kernel maps what it keeps together of a file, up to 2 MiB at either end.
        Assert.That(ResidentOf(path), Is.InRange(4L * Elements, (4L * Elements) + (4 << 20)));
    }

    // smaps: a line for each mapping that ends in the file's name, then what is known of it.
    private static long ResidentOf(string path)
    {
        long bytes = 0;
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
                inside = line.EndsWith(path, StringComparison.Ordinal);
            else if (inside && words[0] == "Rss:")
                bytes += 1024 * long.Parse(words[1], CultureInfo.InvariantCulture);
        }
        return bytes;
    }

    [Test]
    public void SharedStoragesStayShared([Values] bool map, [Values("strided.pth", "strided.legacy.pth")] string file)
    {
        CheckpointValue loaded = Torch.Load(Fixtures.PathOf($"2.14/{file}"), mmap: map);
        Tensor whole = loaded["base"].AsTensor();
        Assert.That(loaded["row"].AsTensor().StorageId(), Is.EqualTo(whole.StorageId()));
        Assert.That(loaded["again"].AsTensor(), Is.SameAs(whole));
        whole.Fill_(3);
        Assert.That(loaded["transposed"].AsTensor().Sum().Item().To<float>(), Is.EqualTo(72f));
    }

    [Test]
    public void MapLocationTakesEveryForm()
    {
        string path = Fixtures.PathOf("2.14/simple.pth");
        Assert.That(Torch.Load(path, "cpu")["w"].AsTensor().Device, Is.EqualTo(Device.Cpu));
        Assert.That(Torch.Load(path, Device.Cpu)["w"].AsTensor().Device, Is.EqualTo(Device.Cpu));
        Assert.That(Torch.Load(path, new Dictionary<string, string> { ["cpu"] = "meta" })["w"].AsTensor().IsMeta);
        Assert.That(Torch.Load(path, new MapLocation(static location => location == "cpu" ? new Device(DeviceType.Meta) : (Device?)null))["w"].AsTensor().IsMeta);
        Assert.That(Torch.Load(path, new MapLocation(static _ => (Device?)null))["w"].AsTensor().Device, Is.EqualTo(Device.Cpu));
    }

    [Test]
    public void ResNet20FromOutsideReads()
    {
        CheckpointValue checkpoint = Torch.Load(Fixtures.Shared("checkpoints/resnet20-12fca82f.th"));
        Assert.That((double)checkpoint["best_prec1"], Is.EqualTo(91.730).Within(1.0));
        using StateDict wrapped = checkpoint["state_dict"].AsStateDict();
        Assert.That(wrapped.Keys, Has.All.StartsWith("module."));
        using StateDict state = wrapped.RemovePrefix("module.");
        Assert.That(state["conv1.weight"].Shape, Is.EqualTo(new Shape(16, 3, 3, 3)));
        Assert.That(state["linear.weight"].Shape, Is.EqualTo(new Shape(10, 64)));
    }

    [Test]
    public void TorchScriptArchivesFromOutsideRead([Values("linrelu.script.dat", "exported.method.dat", "list_out.dat", "tuple_out.dat")] string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.Shared("checkpoints/" + name));
        Assert.That(checkpoint.Format, Is.EqualTo(CheckpointFormat.TorchScript));
    }

    internal static void Compare(CheckpointValue expected, CheckpointValue actual, int depth)
    {
        Assert.That(actual.Kind, Is.EqualTo(expected.Kind));
        if (expected.Raw is TensorEntry entry)
        {
            CompareTensor(entry, actual.AsTensor());
        }
        else if (expected.Kind == CheckpointValueKind.Dictionary)
        {
            foreach ((CheckpointValue key, CheckpointValue value) in expected.Entries)
            {
                PickleDictionary dictionary = (PickleDictionary)actual.Raw!;
                if (key.Raw is string name)
                    Compare(value, actual[name], depth + 1);
                else
                    Assert.That(dictionary.ContainsKey(key.Raw));
            }
        }
        else if (expected.Kind is CheckpointValueKind.List or CheckpointValueKind.Tuple && depth < 10)
        {
            Assert.That(actual.Count, Is.EqualTo(expected.Count));
            for (int i = 0; i < expected.Count; i++)
                Compare(expected[i], actual[i], depth + 1);
        }
    }

    internal static unsafe byte[] Bytes(Tensor tensor)
    {
        byte[] bytes = new byte[tensor.Numel() * tensor.DType.ItemSize()];
        using Tensor plain = tensor.Detach();
        using var self = new TorchBind.Interop.Borrow(plain);
        fixed (byte* p = bytes)
            TorchBind.Interop.NativeError.Check(TorchBind.Interop.NativeMethods.tb_tensor_copy_to(self.Handle, p, bytes.Length));
        return bytes;
    }

    private static void CompareTensor(TensorEntry entry, Tensor tensor)
    {
        Assert.That(tensor.DType, Is.EqualTo(entry.DType));
        Assert.That(tensor.RequiresGrad, Is.EqualTo(entry.RequiresGrad));
        if (entry.Kind != TensorEntryKind.Nested)
            Assert.That(tensor.Shape, Is.EqualTo(new Shape([.. entry.Shape])));
        if (entry.Kind is TensorEntryKind.Strided && !entry.IsNegative)
            Assert.That(tensor.Stride(), Is.EqualTo(new Shape([.. entry.Strides])));
        switch (entry.Kind)
        {
            case TensorEntryKind.Strided or TensorEntryKind.Chunked:
                Assert.That(Bytes(tensor), Is.EqualTo(Manifest.Elements(entry)));
                break;
            case TensorEntryKind.Sparse:
                Assert.That(tensor.Layout, Is.EqualTo(entry.Layout));
                using (Tensor dense = tensor.ToDense())
                    Assert.That(dense.Numel(), Is.EqualTo(entry.ElementCount));
                break;
            case TensorEntryKind.Quantized:
                using (Tensor integers = tensor.IntRepr().Contiguous())
                    CompareTensor(new TensorEntry(TensorEntryKind.Strided, integers.DType, [.. entry.Shape]) { Storage = entry.Storage, Steps = [.. entry.Strides], StorageOffset = entry.StorageOffset }, integers);
                break;
            case TensorEntryKind.Nested:
                Assert.That(tensor.IsNested);
                break;
            default:
                Assert.That(tensor.IsMeta);
                break;
        }
    }
}
