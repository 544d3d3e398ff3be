using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Tests.Examples;
using TorchBind.Tests.Serialization;

namespace TorchBind.Tests.Tool;

/// <summary>The command-line tool as a user runs it: a process of its own, its output and its exit codes.</summary>
[NonParallelizable]
public class ToolTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string InFolder(string name) => Path.Combine(_folder.Path, name);

    private static string Fixture(string name) => Fixtures.PathOf("2.6/" + name);

    private (int Code, string Output, string Errors) Run(params string[] arguments) => ExampleProgram.Run("TorchBind.Tool", _folder.Path, arguments);

    private string Fine(params string[] arguments)
    {
        var (code, output, errors) = Run(arguments);
        Assert.That(code, Is.Zero, errors + output);
        return output;
    }

    private JsonElement Json(params string[] arguments) => JsonDocument.Parse(Fine([.. arguments, "--json"])).RootElement;

    [Test]
    public void InspectShowsTheTree()
    {
        var output = Fine("inspect", Fixture("opaque.pth"));
        Assert.That(output, Does.Contain("torch.save (zip)").And.Contain("├── weight  float32 [2], 8 bytes").And.Contain("value  3"));
        Assert.That(output, Does.Contain("1 tensor on 1 storage, 2 elements, 8 bytes"));
        Assert.That(output, Does.Contain("opaque, kept as data: __main__.Thing (2 times, first at thing)"));
    }

    [Test]
    public void InspectNamesEveryTensorOfEveryFixture([Values("2.6", "2.14")] string version)
    {
        foreach (var name in new[] { "simple.pth", "checkpoint.pth", "checkpoint.legacy.pth", "tar.pth", "module.pth", "script.pt", "export.pt2", "dtypes.safetensors", "model.safetensors.index.json", "distributed", "arrays.npz" })
        {
            var path = Fixtures.PathOf($"{version}/{name}");
            using var checkpoint = Checkpoint.Open(path);
            var json = Json("inspect", path);
            Assert.That(json.GetProperty("form").GetString(), Is.EqualTo(checkpoint.Format.ToString()), name);
            Assert.That(json.GetProperty("total").GetProperty("tensors").GetInt32(), Is.EqualTo(checkpoint.Tensors.Count), name);
            Assert.That(json.GetProperty("tensors").GetArrayLength(), Is.GreaterThan(0), name);
            foreach (var tensor in json.GetProperty("tensors").EnumerateArray())
                Assert.That(checkpoint.Tensors.Any(t => t.DType.Name() == tensor.GetProperty("dtype").GetString()
                    && t.Shape.SequenceEqual(tensor.GetProperty("shape").EnumerateArray().Select(static s => s.GetInt64()))), $"{name}: {tensor}");
        }
    }

    [Test]
    public void InspectNeedsNoLibtorch()
    {
        var before = Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH");
        try
        {
            Environment.SetEnvironmentVariable("TORCHBIND_LIBTORCH", "/nowhere");
            Assert.That(Fine("inspect", Fixture("checkpoint.pth")), Does.Contain("exp_avg"));
            var (code, output, _) = Run("doctor");
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.Contain("/nowhere does not exist").And.Contain("What to do"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("TORCHBIND_LIBTORCH", before);
        }
    }

    [Test]
    public void TextsOfAFileDoNotSteerTheTerminal()
    {
        Torch.Save(new Dictionary<string, object?> { ["a\u001b[31m"] = "\u001b]0;title\u0007\u202e" }, InFolder("escape.pth"));
        var output = Fine("inspect", InFolder("escape.pth"));
        Assert.That(output, Does.Not.Contain("\u001b").And.Not.Contain("\u0007").And.Not.Contain("\u202e"));
        Assert.That(output, Does.Contain("a\\u001b[31m"));
    }

    [TestCase("zip", "b.pth")]
    [TestCase("stream", "b.pth")]
    [TestCase("safetensors", "b.safetensors")]
    [TestCase("npz", "b.npz")]
    [TestCase("sharded-safetensors", "b")]
    [TestCase("sharded-zip", "b")]
    [TestCase("tar", "b.pth")]
    [TestCase("torchscript", "b.pt")]
    [TestCase("distributed", "b")]
    public void ConvertKeepsEveryValue(string form, string target)
    {
        var source = Fixture("state_dict.pth");
        var json = Json("convert", source, InFolder(target), "--to", form, "--max-shard-size", "64");
        var written = json.GetProperty("to").GetString()!;
        Assert.That(json.GetProperty("form").GetString(), Is.EqualTo(form));
        Assert.That(Fine("diff", source, written), Does.Contain("0 different"));
        Assert.That(Fine("verify", written), Does.Contain("nothing wrong"));
        using var checkpoint = Checkpoint.Open(written);
        Assert.That(checkpoint.Format, Is.EqualTo(form switch
        {
            "zip" => CheckpointFormat.Zip,
            "stream" => CheckpointFormat.Legacy,
            "npz" => CheckpointFormat.Npz,
            "safetensors" => CheckpointFormat.SafeTensors,
            "tar" => CheckpointFormat.Tar,
            "torchscript" => CheckpointFormat.TorchScript,
            "distributed" => CheckpointFormat.Distributed,
            _ => CheckpointFormat.Sharded,
        }));
    }

    [Test]
    public void PythonReadsWhatConvertWrites()
    {
        var state = Fixture("state_dict.pth");
        var nested = Fixture("checkpoint.pth");
        Fine("convert", state, InFolder("state.tar"), "--to", "tar");
        Fine("convert", nested, InFolder("nested.tar"), "--to", "tar");
        Fine("convert", state, InFolder("state.pt"), "--to", "torchscript");
        Fine("convert", Fixture("script.pt"), InFolder("script.pt"), "--to", "torchscript");
        Fine("convert", state, InFolder("state"), "--to", "distributed");
        Fine("convert", nested, InFolder("nested"), "--to", "distributed");
        var list = new[]
        {
            new { form = "tar", path = InFolder("state.tar"), source = state },
            new { form = "tar", path = InFolder("nested.tar"), source = nested },
            new { form = "torchscript", path = InFolder("state.pt"), source = state },
            new { form = "torchscript", path = InFolder("script.pt"), source = Fixture("script.pt") },
            new { form = "distributed", path = InFolder("state"), source = state },
            new { form = "distributed", path = InFolder("nested"), source = nested },
        };
        File.WriteAllText(InFolder("list.json"), JsonSerializer.Serialize(list));
        var result = PythonOracle.RunJson<JsonElement>("check_converted.py", [InFolder("list.json")]);
        Assert.That(result.GetProperty("problems").EnumerateArray().Select(static p => p.GetString()), Is.Empty);
        Assert.That(result.GetProperty("checked").GetInt32(), Is.EqualTo(list.Length));

        // Weights alone are no program.
        var (code, _, errors) = Run("convert", state, InFolder("state.pt2"));
        Assert.That((code, errors), Is.EqualTo((2, errors)).And.Matches<(int, string)>(static r => r.Item2.Contains("graph", StringComparison.Ordinal)));
        // One name for a tensor and for a module cannot be.
        SafeTensors.Save(Tensors(("a", Torch.Ones([2])), ("a.b", Torch.Ones([1]))), InFolder("both.safetensors"));
        Assert.That(Run("convert", InFolder("both.safetensors"), InFolder("both.pt"), "--to", "torchscript").Errors, Does.Contain("'a'").And.Contain("cannot have both"));
        Assert.That(File.Exists(InFolder("both.pt")), Is.False);
    }

    [Test]
    public void ConvertTakesAPartAndRemovesAPrefix()
    {
        using var state = new StateDict([new("module.w", Torch.Ones([2])), new("module.b", Torch.Zeros([1]))]);
        Torch.Save(new Dictionary<string, object?> { ["epoch"] = 3L, ["state_dict"] = state }, InFolder("a.pth"));
        Fine("convert", "a.pth", "b.safetensors", "--key", "state_dict", "--remove-prefix", "module.");
        Assert.That(SafeTensors.Load(InFolder("b.safetensors")).Keys, Is.EquivalentTo(new[] { "w", "b" }));

        var (code, _, errors) = Run("convert", "a.pth", "c.safetensors");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("state_dict"), "the message names the part that is a state dict");
        Assert.That(File.Exists(InFolder("c.safetensors")), Is.False);

        (code, _, errors) = Run("convert", "a.pth", "b.safetensors", "--key", "state_dict");
        Assert.That((code, errors.Trim()), Is.EqualTo((2, "b.safetensors exists; --force replaces it.")));
        Fine("convert", "a.pth", "b.safetensors", "--key", "state_dict", "--force");

        // The whole checkpoint, with what is no tensor.
        Fine("convert", "a.pth", "d.pth");
        Assert.That((long)Torch.Load(InFolder("d.pth"))["epoch"], Is.EqualTo(3));
    }

    [Test]
    public void DiffSaysWhatDiffersAndByHowMuch()
    {
        SafeTensors.Save(Tensors(("same", Torch.Ones([3])), ("value", Torch.Zeros([4])), ("shape", Torch.Zeros([2])), ("type", Torch.Ones([2])), ("gone", Torch.Ones([1]))), InFolder("a.safetensors"));
        var changed = Torch.Zeros([4]);
        changed[1] = Torch.Tensor(0.25f);
        Torch.Save(Tensors(("same", Torch.Ones([3])), ("value", changed), ("shape", Torch.Zeros([1, 2])), ("type", Torch.Ones([2], dtype: DType.Float64)), ("new", Torch.Ones([1]))), InFolder("b.pth"));
        var (code, output, _) = Run("diff", "a.safetensors", "b.pth");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.Contain("value: 1 of 4 values differ, by 0.25 at most").And.Contain("shape: [2] and [1, 2]").And.Contain("type: float32 and float64")
            .And.Contain("gone: only in a.safetensors").And.Contain("new: only in b.pth").And.Contain("1 tensor the same, 5 different"));
        (code, output, _) = Run("diff", "a.safetensors", "b.pth", "--json");
        var kinds = JsonDocument.Parse(output).RootElement.GetProperty("differences").EnumerateArray().ToDictionary(static d => d.GetProperty("name").GetString()!, static d => d.GetProperty("kind").GetString()!);
        Assert.That(kinds, Is.EquivalentTo(new Dictionary<string, string> { ["value"] = "values", ["shape"] = "shape", ["type"] = "dtype", ["gone"] = "onlyInA", ["new"] = "onlyInB" }));
        Assert.That(Run("diff", "a.safetensors", "a.safetensors").Code, Is.Zero);
    }

    [Test]
    public void NaNsAreEqualToEachOtherAndDifferentFromNumbers()
    {
        SafeTensors.Save(Tensors(("x", Torch.Tensor([float.NaN, 1f]))), InFolder("a.safetensors"));
        SafeTensors.Save(Tensors(("x", Torch.Tensor([float.NaN, 1.5f]))), InFolder("b.safetensors"));
        SafeTensors.Save(Tensors(("x", Torch.Tensor([0f, 1f]))), InFolder("c.safetensors"));
        Assert.That(Run("diff", "a.safetensors", "b.safetensors", "--tolerance", "0.5").Code, Is.Zero);
        Assert.That(Run("diff", "a.safetensors", "c.safetensors", "--tolerance", "0.5").Output, Does.Contain("by NaN at most"));
    }

    [Test]
    public void VerifyFindsDamageAndOddities()
    {
        Torch.Save(Tensors(("x", Torch.Tensor([float.NaN, 1f, float.PositiveInfinity]))), InFolder("a.pth"));
        Assert.That(Fine("verify", "a.pth"), Does.Contain("warning: x has 2 values that are not finite"));
        Assert.That(Fine("verify", Fixture("opaque.pth")), Does.Contain("__main__.Thing at thing is no data"));

        var bytes = File.ReadAllBytes(InFolder("a.pth"));
        using (var checkpoint = Checkpoint.Open(InFolder("a.pth")))
            bytes[checkpoint.Tensors[0].Storage!.Offset] ^= 1;
        File.WriteAllBytes(InFolder("flipped.pth"), bytes);
        Assert.That(Fine("verify", "flipped.pth"), Does.Contain("warning: the checksum of").And.Contain("/data/0 is wrong"));

        File.WriteAllBytes(InFolder("short.pth"), bytes[..(bytes.Length / 2)]);
        var (code, output, _) = Run("verify", "short.pth");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.Contain("error: "));
    }

    [Test]
    public void DoctorTellsWhichLibtorchThisIs()
    {
        var json = Json("doctor");
        Assert.That(json.GetProperty("version").GetString(), Is.EqualTo(Torch.Version));
        Assert.That(json.GetProperty("libtorch").GetString(), Is.EqualTo(TorchBind.Diagnostics.LibtorchInfo.LibraryPath));
        Assert.That(json.GetProperty("devices").GetString(), Does.StartWith("cpu"));
        Assert.That(json.GetProperty("problems").GetArrayLength(), Is.Zero);
        Assert.That(Fine("doctor"), Does.Contain("nothing wrong").And.Contain("BLAS"));
    }

    [Test]
    public void RunShowsAndSavesWhatComesOut()
    {
        using (var module = new TorchBind.Jit.ScriptModule("Affine"))
        {
            module.RegisterParameter("weight", new TorchBind.NN.Parameter(Torch.Tensor([2f, 3f])));
            module.Define("def forward(self, x: Tensor, n: int) -> Tensor:\n    return x * self.weight + n\ndef names(self, p: Dict[str, List[float]], q: Optional[str]) -> Tuple[Dict[str, int], Optional[str]]:\n    lengths: Dict[str, int] = {}\n    for key in p.keys():\n        lengths[key] = len(p[key])\n    return lengths, q\n");
            module.Save(InFolder("affine.pt"));
        }
        Numpy.Save(InFolder("x.npy"), Torch.Tensor([1f, 10f]));
        Assert.That(Fine("run", "affine.pt", "--input", "x.npy", "--input", "int:1", "--output", "y.pth"), Does.Contain("float32[2]").And.Contain("tensor([ 3., 31.])"));
        Assert.That(((Tensor)Torch.Load(InFolder("y.pth"))).ToArray<float>(), Is.EqualTo(new[] { 3f, 31f }));
        Assert.That(Json("run", "affine.pt", "--input", "y.pth", "--input", "0").GetProperty("values").EnumerateArray().Select(static v => v.GetDouble()), Is.EqualTo(new[] { 6.0, 93 }));
        var names = Json("run", "affine.pt", "--method", "names", "--input", "{\"a\": [1, 2.5], \"b\": []}", "--input", "none");
        Assert.That(names[0].GetProperty("a").GetInt32(), Is.EqualTo(2));
        Assert.That(names[1].ValueKind, Is.EqualTo(JsonValueKind.Null));
        var (code, _, errors) = Run("run", "affine.pt", "--input", "string:x", "--input", "1");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("Expected a value of type 'Tensor"));
        Assert.That(Run("run", "affine.pt", "--input", "nothing").Errors, Does.Contain("'nothing' is neither a file nor an input"));
    }

    [Test]
    public void MistakesHaveTheirOwnExitCode()
    {
        Assert.That(Run("inspect", "absent.pth").Code, Is.EqualTo(2));
        Assert.That(Run("inspect").Code, Is.EqualTo(2));
        Assert.That(Run("colour").Code, Is.EqualTo(2));
        File.WriteAllText(InFolder("page.pth"), "<!DOCTYPE html><html></html>");
        var (code, _, errors) = Run("inspect", "page.pth");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("web page"));
        Assert.That(Run("convert", Fixture("simple.pth"), "b.unknown").Errors, Does.Contain("--to"));
        Assert.That(Run("convert", Fixture("simple.pth"), "b", "--to", "sharded-zip", "--max-shard-size", "many").Errors, Does.Contain("'many' is no size"));
    }

    [Test]
    public void EveryPathHasItsExitCodeAndItsJson()
    {
        var good = Fixture("simple.pth");
        File.WriteAllBytes(InFolder("damaged.pth"), File.ReadAllBytes(good)[..900]);
        File.WriteAllText(InFolder("page.pth"), "<!DOCTYPE html><html></html>");
        Directory.CreateDirectory(InFolder("folder"));
        File.WriteAllText(InFolder("index.json"), """{"weight_map": {"a": "absent.bin"}}""");
        SafeTensors.Save(Tensors(("w", Torch.Ones([2]))), InFolder("other.safetensors"));
        Torch.Save(new Dictionary<string, object?> { ["a\ud800"] = "\ud800", ["nan"] = double.NaN, ["big"] = System.Numerics.BigInteger.Pow(2, 80), ["set"] = new HashSet<int> { 1 } }, InFolder("odd.pth"));
        using (var script = new TorchBind.Jit.ScriptModule("M"))
        {
            script.Define("def forward(self, x: Tensor) -> Tensor:\n    return x / 0\ndef fails(self, x: int) -> int:\n    assert x < 0, 'as it must'\n    return x\ndef odd(self) -> Dict[int, Tuple[float, complex, str]]:\n    return {1: (float('inf'), 1j, 'x')}\n");
            script.Save(InFolder("m.pt"));
        }
        (int Code, string[] Arguments)[] cases =
        [
            (0, ["inspect", good]), (0, ["inspect", "odd.pth"]), (2, ["inspect", "absent.pth"]), (1, ["inspect", "damaged.pth"]), (2, ["inspect", "page.pth"]), (2, ["inspect", "folder"]), (2, ["inspect", "index.json"]), (2, ["inspect"]),
            (2, ["inspect", good, "--depth", "x"]), (2, ["inspect", good, "--unknown"]),
            (0, ["verify", good]), (2, ["verify", "absent.pth"]), (1, ["verify", "damaged.pth"]), (2, ["verify", "page.pth"]), (2, ["verify", "index.json"]),
            (0, ["diff", good, good]), (1, ["diff", good, "other.safetensors"]), (2, ["diff", good, "absent.pth"]), (1, ["diff", good, "damaged.pth"]), (2, ["diff", good]), (2, ["diff", good, good, "--tolerance", "x"]),
            (0, ["convert", good, "c.safetensors"]), (2, ["convert", good, "c.safetensors"]), (2, ["convert", "absent.pth", "d.pth"]), (1, ["convert", "damaged.pth", "d.pth"]), (2, ["convert", good, "absent/d.pth"]), (2, ["convert", good, "/proc/d.pth"]),
            (2, ["convert", good, "d.pth", "--key", "none"]), (2, ["convert", good, "d.pth", "--to", "parquet"]), (2, ["convert", good, "d.pt", "--to", "torchscript", "--buffers", "("]), (2, ["convert", good, "d", "--to", "sharded-zip", "--max-shard-size", "0"]),
            (2, ["convert", "odd.pth", "d.npz"]), (2, ["convert", good, good]),
            (0, ["run", "m.pt", "--input", "ones:2"]), (0, ["run", "m.pt", "--method", "odd"]), (2, ["run", "m.pt"]), (2, ["run", "absent.pt"]), (2, ["run", good]), (2, ["run", "m.pt", "--method", "none"]), (2, ["run", "m.pt", "--method", "fails", "--input", "1"]),
            (2, ["run", "m.pt", "--input", "int:99999999999999999999"]), (2, ["run", "m.pt", "--input", "ones:-1"]), (2, ["run", "m.pt", "--input", "bool:x"]), (2, ["run", "m.pt", "--input", good + "#none"]), (2, ["run", "m.pt", "--input", "ones:2", "--output", "/proc/x"]),
            (0, ["doctor"]), (2, ["doctor", "more"]), (2, ["unknown"]), (2, []),
        ];
        var problems = new List<string>();
        Parallel.ForEach(cases.Where(static c => c.Arguments is not ["convert", _, "c.safetensors"]), new ParallelOptions { MaxDegreeOfParallelism = 2 }, Check);
        foreach (var item in cases.Where(static c => c.Arguments is ["convert", _, "c.safetensors"]))
            Check(item);
        Assert.That(problems, Is.Empty);
        Assert.That(Directory.GetFiles(_folder.Path).Select(Path.GetFileName), Has.None.StartsWith("d.").And.None.EndsWith(".tmp"));

        void Check((int Code, string[] Arguments) item)
        {
            var (code, output, errors) = Run([.. item.Arguments, "--json"]);
            string? problem = code != item.Code ? $"code {code}, wanted {item.Code}: {errors}" : null;
            try
            {
                var json = JsonDocument.Parse(output).RootElement;
                if (code == 2 && (json.GetProperty("exitCode").GetInt32() != 2 || json.GetProperty("error").GetString() is not { Length: > 0 } || errors.Length == 0 || errors.Contains("defect", StringComparison.Ordinal)))
                    problem ??= $"{output}{errors}";
            }
            catch (Exception exception) when (exception is JsonException or KeyNotFoundException)
            {
                problem ??= $"no JSON: {output}{errors}";
            }
            if (problem is not null)
            {
                lock (problems)
                    problems.Add($"{string.Join(' ', item.Arguments)}: {problem}");
            }
        }
    }

    [Test]
    public void WithoutLibtorchEveryCommandSaysSo()
    {
        var before = Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH");
        try
        {
            Environment.SetEnvironmentVariable("TORCHBIND_LIBTORCH", "/nowhere");
            var good = Fixture("simple.pth");
            foreach (var arguments in (string[][])[["verify", good], ["diff", good, good], ["convert", good, "x.pth"], ["run", Fixture("script.pt"), "--input", "ones:1"]])
            {
                var (code, output, errors) = Run([.. arguments, "--json"]);
                Assert.That((code, errors), Is.EqualTo((2, errors)));
                Assert.That(JsonDocument.Parse(output).RootElement.GetProperty("error").GetString(), Does.Contain("/nowhere does not exist").And.Contain("What to do"));
            }
            var (found, doctor, _) = Run("doctor", "--json");
            Assert.That(found, Is.EqualTo(1));
            Assert.That(JsonDocument.Parse(doctor).RootElement.GetProperty("problems")[0].GetString(), Does.Contain("/nowhere"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("TORCHBIND_LIBTORCH", before);
        }
    }

    [Test]
    public void MessagesAreTextsForPeople()
    {
        Assert.That(Run("inspect", "absent.pth").Errors, Does.Contain("Could not find file").And.Contain("absent.pth"));
        Assert.That(Run("run", Fixture("script.pt"), "--input", "int:abc").Errors.Trim(), Is.EqualTo("'abc' is no integer of 64 bits."));
        Assert.That(Run("convert", Fixture("simple.pth"), "x.pth", "--key", "w.a").Errors, Does.Contain("but a tensor"));
    }

    [Test]
    public void ConvertToTorchScriptKnowsParametersFromBuffers()
    {
        var state = Fixture("state_dict.pth");
        Fine("convert", state, "state.pt", "--to", "torchscript");
        Fine("convert", state, "chosen.pt", "--to", "torchscript", "--buffers", "^(bn|tied)\\.");
        Fine("convert", Fixture("script.pt"), "script.pt", "--to", "torchscript");
        Fine("convert", Fixture("module.pth"), "module.pt", "--to", "torchscript");
        Fine("convert", Fixture("export.pt2"), "export.pt", "--to", "torchscript");
        string[] all = ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "fc.weight", "fc.bias", "tied.weight", "tied.bias"];
        using (var script = Torch.Jit.Load(InFolder("script.pt")))
            Assert.That(script.NamedBuffers().Select(static b => b.Name), Is.EquivalentTo(new[] { "scratch", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked" }));
        foreach (var name in (string[])["module.pt", "export.pt"])
        {
            using var script = Torch.Jit.Load(InFolder(name));
            Assert.That(script.NamedParameters(removeDuplicate: false).Select(static p => p.Name), Is.SupersetOf(new[] { "conv.weight", "bn.weight", "fc.bias" }));
            Assert.That(script.NamedBuffers().Select(static b => b.Name), Is.SupersetOf(new[] { "bn.running_mean", "bn.running_var" }));
        }
        var list = new[]
        {
            new { form = "torchscript", path = InFolder("state.pt"), source = state, parameters = all },
            new { form = "torchscript", path = InFolder("chosen.pt"), source = state, parameters = all.Where(static n => !n.StartsWith("bn", StringComparison.Ordinal) && !n.StartsWith("tied", StringComparison.Ordinal)).ToArray() },
        };
        File.WriteAllText(InFolder("list.json"), JsonSerializer.Serialize(list));
        var result = PythonOracle.RunJson<JsonElement>("check_converted.py", [InFolder("list.json")]);
        Assert.That(result.GetProperty("problems").EnumerateArray().Select(static p => p.GetString()), Is.Empty);
    }

    private static StateDict Tensors(params (string Name, Tensor Tensor)[] tensors) => new(tensors.Select(static t => KeyValuePair.Create(t.Name, t.Tensor)));
}
