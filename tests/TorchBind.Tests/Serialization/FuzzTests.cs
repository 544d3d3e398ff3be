using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using TorchBind.Serialization;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;

namespace TorchBind.Tests.Serialization;

/// <summary>
/// Damaged files of every form. TORCHBIND_FUZZ sets how many of each form are read (the target Fuzz: 200,000), TORCHBIND_FUZZ_FIRST the first seed.
/// A seed gives the same file each time; a failure names it.
/// </summary>
internal sealed class FuzzTests
{
    private static readonly int? s_given = int.TryParse(Environment.GetEnvironmentVariable("TORCHBIND_FUZZ"), out int given) ? given : null;
    private static readonly int s_first = int.TryParse(Environment.GetEnvironmentVariable("TORCHBIND_FUZZ_FIRST"), out int given) ? given : 0;

    private static readonly Dictionary<string, CheckpointFormat> s_forms = [];

    private static IEnumerable<string> Names => Fixtures.Names.Where(static name => File.Exists(Fixtures.PathOf(name)) && !name.EndsWith(".json", StringComparison.Ordinal));

    private static byte[][] Others { get; } = [.. Names.Where(static n => n.StartsWith("2.14/", StringComparison.Ordinal)).Select(Fixtures.Bytes)];

    // The share of a fixture in the number that is asked for its form.
    private static int Count(string name, int usual)
    {
        if (s_given is not { } given)
            return usual;
        lock (s_forms)
        {
            if (s_forms.Count == 0)
            {
                foreach (string each in Names)
                {
                    using CheckpointContent content = FormReader.Read(ByteSource.FromMemory(Fixtures.Bytes(each), each), CheckpointOptions.Default);
                    s_forms[each] = content.Format;
                }
            }
        }
        int fixtures = s_forms.Values.Count(form => form == s_forms[name]);
        return (given + fixtures - 1) / fixtures;
    }

    [TestCaseSource(nameof(Names))]
    public void DamagedFilesGiveTypedErrors(string name)
    {
        byte[] seedFile = Fixtures.Bytes(name);
        Report(name, CheckpointFuzzer.RunParallel(() => new CheckpointFuzzer(name, seedFile, Others), s_first, Count(name, 400)));
    }

    [TestCase("2.6/model.safetensors.index.json")]
    [TestCase("2.14/model.safetensors.index.json")]
    [TestCase("2.6/pytorch_model.bin.index.json")]
    [TestCase("2.14/pytorch_model.bin.index.json")]
    public void DamagedIndexFilesGiveTypedErrorsAndReachNothingElse(string name)
    {
        string source = Path.GetDirectoryName(Fixtures.PathOf(name))!;
        InFolders(name, Path.GetFileName(name), Directory.EnumerateFiles(source, "shard-*"), 400, 4);
    }

    [TestCase("2.6/distributed", ".metadata")]
    [TestCase("2.14/distributed", ".metadata")]
    [TestCase("2.6/distributed_shards", ".metadata")]
    [TestCase("2.14/distributed_shards", ".metadata")]
    [TestCase("2.6/distributed_shards", "__1_0.distcp")]
    [TestCase("2.14/distributed", "__0_0.distcp")]
    public void DamagedDistributedCheckpointsGiveTypedErrors(string name, string file) =>
        InFolders($"{name}/{file}", file, Directory.EnumerateFiles(Fixtures.PathOf(name)), 400, 6);

    // One file of several in a folder is damaged; the folder holds the same files afterwards.
    private static void InFolders(string name, string damaged, IEnumerable<string> files, int usual, int fixtures)
    {
        string[] neighbours = [.. files.Where(f => Path.GetFileName(f) != damaged)];
        byte[] seedFile = Fixtures.Bytes(name);
        var folders = new ConcurrentBag<TemporaryFolder>();
        try
        {
            CheckpointFuzzer total = CheckpointFuzzer.RunParallel(
                () =>
                {
                    var folder = new TemporaryFolder();
                    folders.Add(folder);
                    foreach (string neighbour in neighbours)
                        File.Copy(neighbour, folder.File(Path.GetFileName(neighbour)));
                    return new CheckpointFuzzer(name, seedFile, Others, bytes =>
                    {
                        string path = folder.File(damaged);
                        File.WriteAllBytes(path, bytes);
                        return name.Contains("distributed", StringComparison.Ordinal)
                            ? DistributedForm.Read(folder.Path, CheckpointOptions.Default)
                            : FormReader.Read(ByteSource.OpenFile(path, memoryMap: false), CheckpointOptions.Default);
                    });
                },
                s_first, s_given is { } given ? (given + fixtures - 1) / fixtures : usual);
            Report(name, total);
            string[] expected = [.. neighbours.Select(static f => Path.GetFileName(f)).Append(damaged).Order(StringComparer.Ordinal)];
            foreach (TemporaryFolder folder in folders.Where(f => File.Exists(f.File(damaged))))
                Assert.That(Directory.EnumerateFileSystemEntries(folder.Path).Select(static f => Path.GetFileName(f)).Order(StringComparer.Ordinal), Is.EqualTo(expected));
        }
        finally
        {
            foreach (TemporaryFolder folder in folders)
                folder.Dispose();
        }
    }

    private static void Report(string name, CheckpointFuzzer fuzzer) => TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{name}: {fuzzer.Accepted} read, {fuzzer.Refused} refused, slowest {fuzzer.Slowest.TotalMilliseconds:F0} ms, at most {Math.Max(0, fuzzer.MostMemory):F1} times the file's size beyond 4 MiB"));

    [Test]
    public void WhatIsReadOfDamagedFilesIsWhatPythonReads()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        string[] names = ["state_dict.pth", "state_dict.legacy.pth", "strided.pth", "strided.legacy.pth", "values.weights_only.pth", "checkpoint.pth", "checkpoint.legacy.pth", "deflated.pth", "big_endian.pth", "dtypes.safetensors", "shard-1.safetensors"];
        // Of a long run a quarter: this takes a hundred times as long as reading here alone.
        int count = s_given is { } given ? Math.Max(300, given / 4) : 300;
        var (read, same) = (0, 0);
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var unexplained = new List<string>();
        string version = Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH_VERSION")?.StartsWith("2.6", StringComparison.Ordinal) == true ? "2.6/" : "2.14/";
        var (batch, undescribed) = (new Batch(), 0);
        try
        {
            foreach (string name in names)
            {
                for (int at = 0; at < count; at += 1000)
                {
                    batch.Add(version + name, 1_000_000 + s_first + at, Math.Min(1000, count - at));
                    if (batch.Count > 10_000)
                        Compare();
                }
            }
            Compare();
        }
        finally
        {
            batch.Dispose();
        }
        TestContext.Out.WriteLine($"{read} damaged files were read here; Python's weights-only loading read {same} of them alike and refused {read - same}, of which unexplained: {unexplained.Count}");
        foreach ((string reason, int times) in reasons)
            TestContext.Out.WriteLine($"  {times} times {reason}");
        TestContext.Out.WriteLine($"  {undescribed} more were read and not compared, being too large or of composed tensors");
        Assert.That(unexplained, Is.Empty);
        Assert.That(same, Is.GreaterThan(read / 4));

        void Compare()
        {
            JsonNode result = batch.Compare();
            Assert.That(result["problems"]!.AsArray().Select(static p => p!.GetValue<string>()), Is.Empty);
            read += batch.Count;
            undescribed += batch.Undescribed;
            same += result["same"]!.GetValue<int>();
            foreach ((string reason, JsonNode? times) in result["reasons"]!.AsObject())
                reasons[reason] = reasons.GetValueOrDefault(reason) + times!.GetValue<int>();
            unexplained.AddRange(result["unexplained"]!.AsArray().Select(static u => u!.GetValue<string>()));
            batch.Dispose();
            batch = new Batch();
        }
    }

    /// <summary>Damaged files that were read, on their way to Python.</summary>
    private sealed class Batch : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly JsonArray _list = [];

        public int Count => _list.Count;

        /// <summary>Files that were read and cannot be compared: they hold composed tensors, or are too large to spell out.</summary>
        public int Undescribed { get; private set; }

        public void Add(string name, int firstSeed, int count)
        {
            CheckpointFuzzer fuzzer = null!;
            fuzzer = new CheckpointFuzzer(name, Fixtures.Bytes(name), Others) { OnAccepted = (file, content) => Keep(name, fuzzer.Seed, file, content) };
            fuzzer.Run(firstSeed, count);
        }

        private void Keep(string name, int seed, byte[] file, CheckpointContent content)
        {
            JsonNode? description = null;
            string? inert = null;
            try
            {
                description = new Describer().Describe(content.Root);
            }
            catch (Describer.InertException e)
            {
                inert = e.Message;
            }
            catch (NotSupportedException)
            {
                Undescribed++;
                return;
            }
            string path = _folder.File($"{_list.Count}");
            File.WriteAllBytes(path, file);
            _list.Add(new JsonObject
            {
                ["path"] = path,
                ["from"] = name,
                ["seed"] = seed,
                ["safetensors"] = content.Format == CheckpointFormat.SafeTensors,
                ["content"] = description,
                ["names"] = new JsonArray([.. content.Names.Select(static n => (JsonNode)JsonValue.Create(n.FullName))]),
                ["inert"] = inert,
            });
        }

        public JsonNode Compare()
        {
            File.WriteAllText(_folder.File("list.json"), _list.ToJsonString());
            return JsonNode.Parse(PythonOracle.Run("check_checkpoints.py", ["--fuzz", _folder.File("list.json")]))!;
        }

        public void Dispose() => _folder.Dispose();
    }
}
