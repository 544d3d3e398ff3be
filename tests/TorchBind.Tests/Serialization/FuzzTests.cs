using System.Text.Json.Nodes;
using TorchBind.Serialization;

namespace TorchBind.Tests.Serialization;

/// <summary>Damaged files of every form. TORCHBIND_FUZZ sets how many of each fixture are read (200,000 for a long run).</summary>
internal sealed class FuzzTests
{
    private static IEnumerable<string> Names => Fixtures.Names.Where(static name => File.Exists(Fixtures.PathOf(name)) && !name.EndsWith(".json", StringComparison.Ordinal));

    private static int Count(int usual) => int.TryParse(Environment.GetEnvironmentVariable("TORCHBIND_FUZZ"), out int given) ? given : usual;

    private static byte[][] Others { get; } = [.. Names.Where(static n => n.StartsWith("2.14/", StringComparison.Ordinal)).Select(Fixtures.Bytes)];

    [TestCaseSource(nameof(Names))]
    public void DamagedFilesGiveTypedErrors(string name)
    {
        var fuzzer = new CheckpointFuzzer(name, Fixtures.Bytes(name), Others);
        fuzzer.Run(0, Count(400));
        TestContext.Out.WriteLine($"{name}: {fuzzer.Accepted} read, {fuzzer.Refused} refused, slowest {fuzzer.Slowest.TotalMilliseconds:F0} ms");
    }

    [Test]
    public void WhatIsReadOfDamagedFilesIsWhatPythonReads()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        using var folder = new TemporaryFolder();
        var list = new JsonArray();
        foreach (string name in (string[])["state_dict.pth", "state_dict.legacy.pth", "strided.pth", "strided.legacy.pth", "values.weights_only.pth", "checkpoint.pth", "checkpoint.legacy.pth", "deflated.pth", "big_endian.pth", "dtypes.safetensors", "shard-1.safetensors"])
        {
            var fuzzer = new CheckpointFuzzer(name, Fixtures.Bytes("2.6/" + name), Others)
            {
                OnAccepted = (file, content) =>
                {
                    try
                    {
                        JsonNode? description = new Describer().Describe(content.Root);
                        string path = folder.File($"{list.Count}");
                        File.WriteAllBytes(path, file);
                        list.Add(new JsonObject { ["path"] = path, ["from"] = name, ["safetensors"] = content.Format == CheckpointFormat.SafeTensors, ["content"] = description });
                    }
                    catch (NotSupportedException)
                    {
                        // Python's weights-only loading refuses it, or it is too large to spell out.
                    }
                },
            };
            fuzzer.Run(1_000_000, Count(300));
        }
        File.WriteAllText(folder.File("list.json"), list.ToJsonString());
        JsonNode result = JsonNode.Parse(PythonOracle.Run("check_checkpoints.py", ["--fuzz", folder.File("list.json")]))!;
        TestContext.Out.WriteLine($"{list.Count} damaged files were read here; Python read {result["same"]} of them alike and refused {result["refused"]}");
        Assert.That(result["problems"]!.AsArray().Select(static p => p!.GetValue<string>()), Is.Empty);
        Assert.That(result["same"]!.GetValue<int>(), Is.GreaterThan(list.Count / 4));
    }
}
