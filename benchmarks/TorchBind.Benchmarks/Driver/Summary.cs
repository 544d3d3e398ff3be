using System.Text.Json;
using System.Text.Json.Nodes;

namespace TorchBind.Benchmarks.Driver;

/// <summary>The figures as JSON.</summary>
internal static class Summary
{
    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true };

    /// <summary>
    /// Writes the figures of one libtorch beside those of others that the file holds. With <paramref name="replaceAll"/> the older ones of
    /// the same libtorch go, otherwise only those that were measured again.
    /// </summary>
    public static void Write(
        string path, string libtorch, IReadOnlyList<Result> results, ProgramResults? programs, FileResults? files, IReadOnlyList<Target> targets, bool replaceAll)
    {
        var fresh = results.Select(result => EntryOf(result, libtorch)).ToList();
        if (programs is not null)
            fresh.AddRange(EntriesOf(programs, libtorch));
        if (files is not null)
            fresh.Add(files.Entry(libtorch));
        var names = fresh.Select(entry => entry["name"]!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var old = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject : null;

        JsonNode[] Kept(string list, Func<JsonNode, bool> stale) =>
            [.. (old?[list] as JsonArray ?? []).Where(node => node!["libtorch"]!.GetValue<string>() != libtorch || !stale(node)).Select(node => node!.DeepClone())];

        var judged = targets.Select(target => new JsonObject
        {
            ["name"] = target.Name,
            ["libtorch"] = libtorch,
            ["limit"] = Rounded(target.Limit),
            ["value"] = Rounded(target.Value),
            ["holds"] = target.Holds,
            ["where"] = target.Where,
            ["misses"] = new JsonArray([.. target.Misses.Select(name => (JsonNode)name)]),
        });
        var judgedNames = targets.Select(target => target.Name).ToHashSet(StringComparer.Ordinal);
        var summary = new JsonObject
        {
            ["entries"] = new JsonArray([.. Kept("entries", node => replaceAll || names.Contains(node["name"]!.GetValue<string>())), .. fresh]),
            ["targets"] = new JsonArray([.. Kept("targets", node => replaceAll || judgedNames.Contains(node["name"]!.GetValue<string>())), .. judged]),
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, summary.ToJsonString(s_format) + "\n");
    }

    private static JsonObject EntryOf(Result result, string libtorch)
    {
        var entry = new JsonObject { ["name"] = result.Entry.Name, ["unit"] = "ns", ["libtorch"] = libtorch };
        var spreads = new JsonObject();
        foreach (var side in result.Samples.Keys.Order(StringComparer.Ordinal))
            AddSide(entry, spreads, side, result.Of(side));
        entry["spreads"] = spreads;
        entry["rounds"] = result.Samples.Values.First().Length;
        if (result.Has(Side.Cpp) && result.Has(Side.TorchBind))
        {
            entry["torchbind/cpp"] = Json(result.Ratio(Side.TorchBind, Side.Cpp));
            entry["torchbind-cpp"] = Json(result.Difference(Side.TorchBind, Side.Cpp));
        }
        if (result.Has(Side.Python) && result.Has(Side.TorchBind))
            entry["torchbind/python"] = Json(result.Ratio(Side.TorchBind, Side.Python));
        if (result.Has(Side.Python) && result.Has(Side.Cpp))
            entry["python-cpp"] = Json(result.Difference(Side.Python, Side.Cpp));
        if (result.Allocated is { } bytes)
            entry["allocatedBytes"] = Rounded(bytes);
        return entry;
    }

    private static IEnumerable<JsonObject> EntriesOf(ProgramResults programs, string libtorch)
    {
        var entry = new JsonObject { ["name"] = "start-up", ["unit"] = "ns", ["libtorch"] = libtorch };
        var spreads = new JsonObject();
        foreach (var (side, times) in programs.StartUp)
            AddSide(entry, spreads, side, Spread.Of(times));
        entry["spreads"] = spreads;
        yield return entry;

        foreach (var program in programs.Runs.GroupBy(run => run.Name))
        {
            var memory = new JsonObject { ["name"] = program.Key + "-peak", ["unit"] = "bytes", ["libtorch"] = libtorch };
            var time = new JsonObject { ["name"] = program.Key + "-time", ["unit"] = "ns", ["libtorch"] = libtorch };
            foreach (var run in program)
            {
                memory[run.Side] = run.PeakBytes;
                time[run.Side] = run.Nanoseconds;
            }
            yield return memory;
            yield return time;
        }

        var mixed = programs.Mixed;
        yield return new JsonObject
        {
            ["name"] = "mixed-load",
            ["unit"] = "bytes",
            ["libtorch"] = libtorch,
            ["seconds"] = Rounded(mixed.Seconds),
            ["operations"] = mixed.Operations,
            ["tensorsBefore"] = mixed.TensorsBefore,
            ["tensorsAfter"] = mixed.TensorsAfter,
            ["bytesBefore"] = mixed.BytesBefore,
            ["bytesAfter"] = mixed.BytesAfter,
        };
    }

    private static void AddSide(JsonObject entry, JsonObject spreads, string side, Spread spread)
    {
        entry[side] = Rounded(spread.Median);
        spreads[side] = new JsonObject { ["q1"] = Rounded(spread.Q1), ["q3"] = Rounded(spread.Q3) };
    }

    private static JsonObject Json(Spread spread) =>
        new() { ["median"] = Rounded(spread.Median), ["q1"] = Rounded(spread.Q1), ["q3"] = Rounded(spread.Q3) };

    private static double Rounded(double value) => Math.Round(value, 3);
}
