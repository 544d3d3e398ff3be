using System.CommandLine;
using System.Text.Json;
using TorchBind.Serialization;

namespace TorchBind.Tool;

/// <summary><c>torchbind verify FILE</c>: reads everything and says what is wrong with it.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The checkpoint." };
        var json = Options.Json();
        var command = new Command("verify", "Reads every tensor, checks checksums, and counts values that are not finite.") { file, json };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(result.GetValue(file)!, result.GetValue(json))));
        return command;
    }

    private static int Run(string file, bool json)
    {
        var errors = new List<string>();
        var warnings = new List<string>();
        var notRead = new List<string>();
        var tensors = 0;
        CheckpointFormat? format = null;
        try
        {
            using var checkpoint = Checkpoint.Open(file, mapLocation: "cpu", options: new CheckpointOptions { MemoryMap = true });
            format = checkpoint.Format;
            foreach (var record in checkpoint.FindWrongChecksums())
                warnings.Add($"the checksum of {Terminal.Clean(record)} is wrong; PyTorch writes such where checksums are switched off, otherwise the record is damaged");
            var content = Content.Of(checkpoint);
            tensors = content.Tensors.Count;
            // The modules of an archive of TorchScript are what is to be expected there.
            foreach (var (type, places) in content.Opaque.Where(o => format != CheckpointFormat.TorchScript || !o.Key.StartsWith("__torch__.", StringComparison.Ordinal)))
                warnings.Add($"{Terminal.Clean(type)} at {Terminal.Clean(places[0])} is no data: Python's weights_only loading refuses it unless it is allowed there");
            var done = new HashSet<TensorEntry>();
            foreach (var (name, entry) in content.Tensors)
            {
                if (!done.Add(entry) || entry.Kind == TensorEntryKind.Meta)
                    continue;
                try
                {
                    using var tensor = checkpoint.LoadTensor(entry);
                    if (NotFinite(entry, tensor) is > 0 and var count)
                        warnings.Add($"{Terminal.Clean(name)} has {Terminal.Count(count, "value")} that {(count == 1 ? "is" : "are")} not finite");
                }
                catch (CheckpointException exception) when (Exit.IsDamage(exception))
                {
                    errors.Add($"{Terminal.Clean(name)}: {exception.Message}");
                }
                catch (Exception exception) when (exception is CheckpointException or NotSupportedException or ArgumentException or TorchException)
                {
                    notRead.Add($"{Terminal.Clean(name)}: {exception.Message}");
                }
            }
        }
        catch (CheckpointException exception) when (Exit.IsDamage(exception))
        {
            errors.Add(exception.Message);
        }

        if (json)
        {
            Options.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("file", file);
                if (format is { } form)
                    writer.WriteString("form", form.ToString());
                writer.WriteBoolean("ok", errors.Count + notRead.Count == 0);
                writer.WriteNumber("tensors", tensors);
                Write(writer, "errors", errors);
                Write(writer, "notRead", notRead);
                Write(writer, "warnings", warnings);
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach (var error in errors)
                Console.WriteLine("error: " + error);
            foreach (var problem in notRead)
                Console.WriteLine("not read: " + problem);
            foreach (var warning in warnings)
                Console.WriteLine("warning: " + warning);
            Console.WriteLine(notRead.Count > 0 && errors.Count == 0
                ? $"{Terminal.Clean(file)}: {Terminal.Count(notRead.Count, "tensor")} not read"
                : errors.Count == 0
                ? $"{Terminal.Clean(file)}: {InspectCommand.FormName(format!.Value)}, {Terminal.Count(tensors, "tensor")} read, {(warnings.Count == 0 ? "nothing wrong" : Terminal.Count(warnings.Count, "warning"))}"
                : $"{Terminal.Clean(file)}: {Terminal.Count(errors.Count, "error")}");
        }
        return errors.Count > 0 ? Exit.Found : notRead.Count > 0 ? Exit.Failed : Exit.Fine;
    }

    private static void Write(Utf8JsonWriter writer, string name, List<string> lines)
    {
        writer.WriteStartArray(name);
        foreach (var line in lines)
            writer.WriteStringValue(line);
        writer.WriteEndArray();
    }

    private static long NotFinite(TensorEntry entry, Tensor tensor)
    {
        using var scope = new TensorScope();
        var values = tensor.Layout == Layout.Strided && !tensor.IsNested && !tensor.IsQuantized ? tensor.Detach() : null;
        if (values is null || !(values.DType.IsFloatingPoint() || values.DType.IsComplex()) || values.Numel() == 0)
            return 0;
        // A view can have any number of elements on a few bytes: then the bytes are looked at.
        if (entry.Storage is { } storage && entry.ElementCount > storage.ByteLength / values.DType.ItemSize())
            values = Torch.Empty(0, dtype: values.DType).Set_(values.UntypedStorage(), 0, [storage.ByteLength / values.DType.ItemSize()], [1]);
        // Eight-bit floats have no isfinite of their own.
        if (values.DType.ItemSize() == 1)
            values = values.To(DType.Float32);
        return values.Numel() - values.Isfinite().Sum().Item<long>();
    }
}
