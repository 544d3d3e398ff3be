using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tool;

/// <summary><c>torchbind convert A B</c>: writes a checkpoint in another form.</summary>
internal static class ConvertCommand
{
    private static readonly string[] s_forms = ["zip", "stream", "tar", "safetensors", "npz", "torchscript", "sharded-safetensors", "sharded-zip", "distributed"];

    public static Command Create()
    {
        var from = new Argument<string>("from") { Description = "What to read, of any form." };
        var to = new Argument<string>("to") { Description = "The file to write, or for sharded and distributed forms the folder." };
        var form = new Option<string>("--to") { Description = $"The form: {string.Join(", ", s_forms)}. Default: by the ending of the target; a folder is sharded-safetensors." };
        form.AcceptOnlyFromAmong(s_forms);
        var key = new Option<string>("--key") { Description = "Takes a part of the checkpoint, e.g. state_dict; deeper ones with dots." };
        var prefix = new Option<string>("--remove-prefix") { Description = "Takes this off the names, e.g. module. or _orig_mod." };
        var shard = new Option<string>("--max-shard-size") { Description = "Most bytes in one file of a sharded form, e.g. 500MB, 5GB.", DefaultValueFactory = static _ => "5GB" };
        var buffers = new Option<string>("--buffers")
        {
            Description = "For torchscript, where the source does not say what is a parameter and what a buffer: a regular expression for the names of buffers. Integers are always buffers.",
            DefaultValueFactory = static _ => @"(^|\.)(running_mean|running_var|num_batches_tracked)$",
        };
        var old = new Option<bool>("--for-old-readers") { Description = "Writes what PyTorch 1.13 can read." };
        var force = new Option<bool>("--force") { Description = "Replaces what is there." };
        var json = Options.Json();
        var command = new Command("convert", "Writes a checkpoint in another form.") { from, to, form, key, prefix, shard, buffers, old, force, json };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(
            result.GetValue(from)!, result.GetValue(to)!, result.GetValue(form), result.GetValue(key), result.GetValue(prefix),
            ParseSize(result.GetValue(shard)!), new Regex(result.GetValue(buffers)!, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10)), result.GetValue(old), result.GetValue(force), result.GetValue(json))));
        return command;
    }

    private static int Run(string from, string to, string? form, string? key, string? prefix, long shard, Regex buffers, bool old, bool force, bool json)
    {
        form ??= FormOf(to);
        if (File.Exists(to) && !force)
            throw new ArgumentException($"{to} exists; --force replaces it.");
        if (form == "distributed" && File.Exists(Path.Combine(to, ".metadata")) && !force)
            throw new ArgumentException($"{to} holds a checkpoint; --force replaces it.");
        if (!form.StartsWith("sharded", StringComparison.Ordinal) && form != "distributed" && Directory.Exists(to))
            throw new ArgumentException($"{to} is a folder; the form {form} is a file.");
        if (Path.GetFullPath(from) == Path.GetFullPath(to))
            throw new ArgumentException("Source and target are the same file.");

        var options = new SaveOptions { ForOldReaders = old, StreamForm = form == "stream", TarForm = form == "tar" };
        var value = Load(from, form);
        foreach (var part in key?.Split('.') ?? [])
            value = long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && value.Kind is CheckpointValueKind.List or CheckpointValueKind.Tuple ? value[index] : value[part];

        var tensors = 0;
        string written;
        if (form is "zip" or "stream" or "tar" or "distributed" && prefix is null && value.Raw is not PickleObject)
        {
            // As it is, with numbers, lists and all.
            if (form == "distributed")
                DistributedCheckpoint.Save(value, to, options);
            else
                Torch.Save(value.ToObject(), to, options);
            (tensors, written) = (-1, to);
        }
        else
        {
            var state = value.AsStateDict();
            if (prefix is { Length: > 0 })
                state = state.RemovePrefix(prefix);
            tensors = state.Count;
            written = Write(state, to, form, shard, buffers, options);
        }

        if (json)
        {
            Options.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("from", from);
                writer.WriteString("to", written);
                writer.WriteString("form", form);
                if (tensors >= 0)
                    writer.WriteNumber("tensors", tensors);
                writer.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine($"{written}: {form}{(tensors < 0 ? "" : ", " + Terminal.Count(tensors, "tensor"))}, {Terminal.Size(SizeOf(written))}");
        }
        return Exit.Fine;
    }

    private static CheckpointValue Load(string from, string form)
    {
        using (var checkpoint = Checkpoint.Open(from, options: new CheckpointOptions { MemoryMap = true }))
        {
            // Forms without strides hold every element: a file of a few bytes would fill the disk.
            if (form is not ("zip" or "stream" or "tar" or "sharded-zip") && checkpoint.Tensors.FirstOrDefault(Content.IsFarLarger) is { } large)
                throw new NotSupportedException($"{Terminal.Clean(from)} has a view of {large.ElementCount:N0} elements on far less memory, which the form {form} would hold one by one. Write a zip.");
        }
        return Torch.Load(from, mapLocation: "cpu", mmap: true);
    }

    private static string Write(StateDict state, string to, string form, long shard, Regex buffers, SaveOptions options)
    {
        switch (form)
        {
            case "zip" or "stream" or "tar":
                Torch.Save(state, to, options);
                return to;
            case "distributed":
                DistributedCheckpoint.Save(state, to, options);
                return to;
            case "torchscript":
                LeaveOut(state);
                using (var script = Torch.Jit.FromStateDict(state, state.ParameterNames is null ? IsParameter : null))
                    script.Save(to);
                return to;
            case "npz":
                LeaveOut(state);
                Npz.Save(state, to, options);
                return to;
            case "safetensors":
                LeaveOut(state);
                SafeTensors.Save(state, to, new Dictionary<string, string> { ["format"] = "pt" }, options);
                return to;
            default:
                if (form == "sharded-safetensors")
                    LeaveOut(state);
                return ShardedCheckpoint.Save(state, to, shard, form == "sharded-safetensors", options: options);
        }

        bool IsParameter(string name, Tensor tensor) => (tensor.DType.IsFloatingPoint() || tensor.DType.IsComplex()) && !buffers.IsMatch(name);
    }

    private static long SizeOf(string written) => Directory.Exists(written) ? new DirectoryInfo(written).EnumerateFiles().Sum(static file => file.Length) : new FileInfo(written).Length;

    private static void LeaveOut(StateDict state)
    {
        if (state.Extra.Count > 0)
            Console.Error.WriteLine($"left out, being no tensors: {string.Join(", ", state.Extra.Keys.Take(5).Select(static key => Terminal.Clean(key)))}");
        state.Extra.Clear();
    }

    private static string FormOf(string to)
    {
        if (Directory.Exists(to) || to.EndsWith('/'))
            return "sharded-safetensors";
        return Path.GetExtension(to).ToLowerInvariant() switch
        {
            ".safetensors" => "safetensors",
            ".npz" => "npz",
            ".pt" or ".pth" or ".bin" or ".ckpt" or ".th" or ".tar" => "zip",
            ".pt2" => throw new ArgumentException("torch.export archives are programs: without a graph there is nothing to write for weights alone. Write safetensors or zip, and load that into the exported program."),
            var ending => throw new ArgumentException($"The ending '{ending}' does not say which form to write; use --to with one of {string.Join(", ", s_forms)}."),
        };
    }

    /// <summary>Numbers such as 500MB, 5GB, 1GiB or 1000.</summary>
    internal static long ParseSize(string text)
    {
        foreach (var (unit, factor) in new[] { ("KIB", 1L << 10), ("MIB", 1L << 20), ("GIB", 1L << 30), ("KB", 1000L), ("MB", 1_000_000L), ("GB", 1_000_000_000L), ("", 1L) })
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * factor is >= 1 and < 9e18)
            {
                return (long)(number * factor);
            }
        }
        throw new FormatException($"'{text}' is no size; write 500MB, 5GB, 1GiB or a number of bytes.");
    }
}
