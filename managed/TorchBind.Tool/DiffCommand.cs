using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TorchBind.Serialization;

namespace TorchBind.Tool;

/// <summary><c>torchbind diff A B</c>: what differs between two checkpoints, whatever their forms.</summary>
internal static class DiffCommand
{
    private sealed record Difference(string Name, string Kind, string Text, double? Largest = null);

    public static Command Create()
    {
        var a = new Argument<string>("a") { Description = "A checkpoint." };
        var b = new Argument<string>("b") { Description = "Another one; its form may differ." };
        var tolerance = new Option<double>("--tolerance") { Description = "Differences up to this size count as none.", DefaultValueFactory = static _ => 0 };
        var json = Options.Json();
        var command = new Command("diff", "Compares two checkpoints: names, shapes, types, the largest difference of the values.") { a, b, tolerance, json };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(result.GetValue(a)!, result.GetValue(b)!, result.GetValue(tolerance), result.GetValue(json))));
        return command;
    }

    private static int Run(string a, string b, double tolerance, bool json)
    {
        var options = new CheckpointOptions { MemoryMap = true };
        using var first = Checkpoint.Open(a, mapLocation: "cpu", options: options);
        using var second = Checkpoint.Open(b, mapLocation: "cpu", options: options);
        var left = Named(Content.Of(first));
        var right = Named(Content.Of(second));
        var differences = new List<Difference>();
        var same = 0;
        foreach (var (name, entry) in left)
        {
            if (!right.TryGetValue(name, out var other))
            {
                differences.Add(new Difference(name, "onlyInA", $"only in {a}: {Content.Tensor(entry)}"));
                continue;
            }
            if (Compare(name, first, entry, second, other, tolerance) is { } difference)
                differences.Add(difference);
            else
                same++;
        }
        foreach (var (name, entry) in right)
        {
            if (!left.ContainsKey(name))
                differences.Add(new Difference(name, "onlyInB", $"only in {b}: {Content.Tensor(entry)}"));
        }

        if (json)
        {
            Options.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("a", a);
                writer.WriteString("b", b);
                writer.WriteNumber("same", same);
                writer.WriteStartArray("differences");
                foreach (var difference in differences)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", difference.Name);
                    writer.WriteString("kind", difference.Kind);
                    writer.WriteString("text", difference.Text);
                    if (difference.Largest is { } largest)
                    {
                        if (double.IsFinite(largest))
                            writer.WriteNumber("largest", largest);
                        else
                            writer.WriteString("largest", largest.ToString(CultureInfo.InvariantCulture));
                    }
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach (var difference in differences)
                Console.WriteLine($"{Terminal.Clean(difference.Name)}: {difference.Text}");
            Console.WriteLine($"{Terminal.Count(same, "tensor")} the same, {differences.Count:N0} different");
        }
        return differences.Count == 0 ? Exit.Fine : Exit.Found;
    }

    private static OrderedDictionary<string, TensorEntry> Named(Content content)
    {
        var named = new OrderedDictionary<string, TensorEntry>(StringComparer.Ordinal);
        foreach (var (name, entry) in content.Tensors)
            named.TryAdd(name, entry);
        return named;
    }

    private static Difference? Compare(string name, Checkpoint first, TensorEntry a, Checkpoint second, TensorEntry b, double tolerance)
    {
        if (!a.Shape.SequenceEqual(b.Shape))
            return new Difference(name, "shape", $"[{string.Join(", ", a.Shape)}] and [{string.Join(", ", b.Shape)}]");
        if (a.Kind == TensorEntryKind.Meta || b.Kind == TensorEntryKind.Meta)
            return a.Kind == b.Kind && a.DType == b.DType ? null : new Difference(name, "kind", $"{Content.Tensor(a)} and {Content.Tensor(b)}");
        using var scope = new TensorScope();
        var (p0, q0) = (first.LoadTensor(a), second.LoadTensor(b));
        if (Content.IsFarLarger(a) || Content.IsFarLarger(b))
        {
            // Such a tensor has far more elements than the file has bytes: sparse ones are compared by their parts, repeated ones once.
            if (a.Kind == TensorEntryKind.Sparse && a.Layout == b.Layout && a.Kind == b.Kind)
                return a.Parts.Zip(b.Parts).Select(parts => Compare(name, first, parts.First, second, parts.Second, tolerance)).FirstOrDefault(static part => part is not null);
            if (a.Kind != TensorEntryKind.Strided || a.Kind != b.Kind || !Once(ref p0, ref q0))
                return new Difference(name, "notCompared", $"not compared: {a.ElementCount:N0} elements, on far less memory");
        }
        var (x, y) = (Dense(p0), Dense(q0));
        var types = a.DType == b.DType ? "" : $"{a.DType.Name()} and {b.DType.Name()}";
        if (x.Numel() == 0 || (types.Length == 0 && SameBits(x, y)))
            return types.Length == 0 ? null : new Difference(name, "dtype", types, 0);
        var wide = x.DType.IsComplex() || y.DType.IsComplex() ? DType.Complex128 : DType.Float64;
        var (p, q) = (x.To(wide), y.To(wide));
        // Where both are NaN, or the same infinity, there is no difference.
        var equal = p.Eq(q) | (p.Isnan() & q.Isnan());
        var distance = Torch.Where(equal, Torch.Zeros([], dtype: DType.Float64), (p - q).Abs());
        var largest = distance.Isnan().Any().Item<bool>() ? double.NaN : distance.Max().Item<double>();
        if (types.Length == 0 && (largest <= tolerance))
            return null;
        var count = equal.LogicalNot().Sum().Item<long>();
        var text = string.Create(CultureInfo.InvariantCulture, $"{(types.Length == 0 ? "" : types + "; ")}{count:N0} of {x.Numel():N0} values differ, by {largest:G6} at most");
        return new Difference(name, types.Length == 0 ? "values" : "dtype", count == 0 ? types : text, largest);
    }

    // Dimensions along which both repeat the same memory are cut to one; false where too much is left.
    private static bool Once(ref Tensor x, ref Tensor y)
    {
        (x, y) = (x.Detach(), y.Detach());
        for (var i = 0; i < x.NDim; i++)
        {
            if (x.Stride(i) == 0 && y.Stride(i) == 0 && x.Size(i) > 1)
                (x, y) = (x.Narrow(i, 0, 1), y.Narrow(i, 0, 1));
        }
        return x.Numel() * x.DType.ItemSize() <= 1L << 28;
    }

    private static Tensor Dense(Tensor tensor)
    {
        tensor = tensor.Detach();
        if (tensor.IsNested)
            tensor = tensor.ToPaddedTensor(0);
        if (tensor.IsQuantized)
            tensor = tensor.Dequantize();
        if (tensor.Layout != Layout.Strided)
            tensor = tensor.ToDense();
        tensor = tensor.ResolveConj().ResolveNeg();
        // A single element is contiguous whatever its strides are, and views of its bytes want them to be usual.
        return tensor.Numel() == 1 ? tensor.Clone(MemoryFormat.Contiguous) : tensor.Contiguous();
    }

    private static bool SameBits(Tensor x, Tensor y) => x.Numel() == y.Numel() && x.View(-1).View(DType.UInt8).Equal(y.View(-1).View(DType.UInt8));
}
