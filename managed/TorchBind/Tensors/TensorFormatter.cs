using System.Globalization;
using System.Numerics;
using System.Text;
using TorchBind.Autograd;
using TorchBind.Autograd.Transforms;
using TorchBind.Interop;

namespace TorchBind;

public partial class Tensor
{
    /// <summary>
    /// The values, and what they do not tell by themselves: dtype, size, device, gradient. As Python prints the tensor, with the options
    /// of <see cref="Torch.SetPrintoptions"/>. Mirrors <c>repr(tensor)</c>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public override string ToString() => ToString(Torch.GetPrintoptions());

    /// <summary>The same text, with other options.</summary>
    /// <param name="options">Digits, summary and width of lines.</param>
    /// <returns>What Python prints.</returns>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public string ToString(PrintOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using (Torch.NoGrad())
            return Level.IsActive ? Level.Text(this, options) : new TensorFormatter(options).Format(this);
    }
}

/// <summary>Writes a tensor the way Python's <c>repr</c> does, character by character.</summary>
internal sealed unsafe class TensorFormatter(PrintOptions options)
{
    internal string Format(Tensor tensor)
    {
        var nested = tensor.IsNested;
        var prefix = nested ? "nested_tensor(" : "tensor(";
        var indent = prefix.Length;
        var suffixes = new List<string>();
        var dtype = tensor.DType;
        var standard = Torch.GetDefaultDType();
        var layout = tensor.Layout;
        if (tensor.Device is { Type: not DeviceType.Cpu } device)
            suffixes.Add($"device='{device}'");

        // Python leaves the dtype out where the digits show it.
        var isPlainDType = dtype == standard || dtype is DType.Int64 or DType.Bool
            || dtype == (standard == DType.Float64 ? DType.Complex128 : DType.Complex64);
        void AddDType(bool shown)
        {
            if (!shown)
                suffixes.Add($"dtype=torch.{dtype.Name()}");
        }

        string contents;
        if (nested)
        {
            contents = Parts(tensor);
        }
        else if (layout is Layout.Sparse or Layout.SparseCsr or Layout.SparseCsc or Layout.SparseBsr or Layout.SparseBsc)
        {
            suffixes.Add("size=" + Tuple(tensor.Shape));
            if (!tensor.IsMeta)
                suffixes.Add(string.Create(CultureInfo.InvariantCulture, $"nnz={NonZeros(tensor)}"));
            AddDType(isPlainDType);
            contents = SparseContents(tensor, layout, indent);
        }
        else if (tensor.IsQuantized)
        {
            suffixes.Add("size=" + Tuple(tensor.Shape));
            AddDType(isPlainDType);
            AddQuantization(tensor, suffixes);
            using var values = Call(tensor, &NativeMethods.tb_dequantize_self);
            contents = Contents(values, indent);
        }
        else if (tensor.IsMeta)
        {
            suffixes.Add("size=" + Tuple(tensor.Shape));
            AddDType(dtype == standard);
            contents = "...";
        }
        else if (tensor.Numel() == 0)
        {
            if (tensor.NDim != 1)
                suffixes.Add("size=" + Tuple(tensor.Shape));
            AddDType(dtype == standard);
            contents = "[]";
        }
        else
        {
            if (options.Edgeitems == 0)
                suffixes.Add("size=" + Tuple(tensor.Shape));
            AddDType(isPlainDType);
            contents = Contents(tensor, indent);
        }

        if (layout != Layout.Strided)
            suffixes.Add("layout=" + LayoutName(layout));
        AddGradient(tensor, suffixes);
        if (tensor.Names is var names && names.Any(static n => n is not null))
            suffixes.Add($"names=({string.Join(", ", names.Select(static n => n is null ? "None" : $"'{n}'"))}{(names.Length == 1 ? "," : "")})");
        return Join(prefix + contents, suffixes, indent, forceNewLine: tensor.IsSparse);
    }

    // ---- what stands behind the values ----

    private static void AddGradient(Tensor tensor, List<string> suffixes)
    {
        string? name;
        try
        {
            using var node = tensor.GradFn;
            name = node?.Name;
        }
        catch (TorchException)
        {
            // A view that was changed where it must not be has no node.
            name = "Invalid";
        }
        if (name is not null)
            suffixes.Add($"grad_fn=<{name}>");
        else if (tensor.RequiresGrad)
            suffixes.Add("requires_grad=True");
    }

    private void AddQuantization(Tensor tensor, List<string> suffixes)
    {
        using var self = new Borrow(tensor);
        int scheme;
        NativeError.Check(NativeMethods.tb_qscheme(self.Handle, &scheme));
        // The numbers of c10::QScheme.
        suffixes.Add("quantization_scheme=torch." + scheme switch
        {
            0 => "per_tensor_affine",
            1 => "per_channel_affine",
            2 => "per_tensor_symmetric",
            3 => "per_channel_symmetric",
            4 => "per_channel_affine_float_qparams",
            _ => "unknown",
        });
        if (scheme is 0 or 2)
        {
            double scale;
            long zeroPoint;
            NativeError.Check(NativeMethods.tb_q_scale(self.Handle, &scale));
            NativeError.Check(NativeMethods.tb_q_zero_point(self.Handle, &zeroPoint));
            suffixes.Add("scale=" + PythonNumbers.Repr(scale));
            suffixes.Add(string.Create(CultureInfo.InvariantCulture, $"zero_point={zeroPoint}"));
        }
        else if (scheme is 1 or 3 or 4)
        {
            long axis;
            NativeError.Check(NativeMethods.tb_q_per_channel_axis(self.Handle, &axis));
            using var scales = Call(tensor, &NativeMethods.tb_q_per_channel_scales);
            using var zeroPoints = Call(tensor, &NativeMethods.tb_q_per_channel_zero_points);
            suffixes.Add("scale=" + Format(scales));
            suffixes.Add("zero_point=" + Format(zeroPoints));
            suffixes.Add(string.Create(CultureInfo.InvariantCulture, $"axis={axis}"));
        }
    }

    private string Join(string text, List<string> suffixes, int indent, bool forceNewLine)
    {
        var result = new StringBuilder(text);
        var lineLength = text.Length - text.LastIndexOf('\n') + 1;
        foreach (var suffix in suffixes)
        {
            if (forceNewLine || lineLength + suffix.Length + 2 > options.Linewidth)
            {
                result.Append(",\n").Append(' ', indent).Append(suffix);
                lineLength = indent + suffix.Length;
                forceNewLine = false;
            }
            else
            {
                result.Append(", ").Append(suffix);
                lineLength += suffix.Length + 2;
            }
        }
        return result.Append(')').ToString();
    }

    private static string LayoutName(Layout layout) => "torch." + layout switch
    {
        Layout.Sparse => "sparse_coo",
        Layout.SparseCsr => "sparse_csr",
        Layout.SparseCsc => "sparse_csc",
        Layout.SparseBsr => "sparse_bsr",
        Layout.SparseBsc => "sparse_bsc",
        Layout.Mkldnn => "_mkldnn",
        Layout.Jagged => "jagged",
        _ => "strided",
    };

    private static string Tuple(Shape shape) => shape.Length == 1
        ? string.Create(CultureInfo.InvariantCulture, $"({shape[0]},)")
        : $"({shape.ToString()[1..^1]})";

    // ---- tensors made of tensors ----

    private string Parts(Tensor nested)
    {
        var parts = Unbind(nested);
        try
        {
            return "[\n" + string.Join(",\n", parts.Select(p => "  " + Format(p).Replace("\n", "\n  ", StringComparison.Ordinal))) + "\n]";
        }
        finally
        {
            foreach (var part in parts)
                part.Dispose();
        }
    }

    private static Tensor[] Unbind(Tensor tensor)
    {
        using var self = new Borrow(tensor);
        tb_tensor_list list;
        NativeError.Check(NativeMethods.tb_unbind_int(self.Handle, 0, &list));
        return Tensor.WrapList((nint*)list.data, list.length);
    }

    private static long NonZeros(Tensor tensor)
    {
        using var self = new Borrow(tensor);
        long count;
        NativeError.Check(NativeMethods.tb__nnz(self.Handle, &count));
        return count;
    }

    private string SparseContents(Tensor tensor, Layout layout, int indent)
    {
        var isMeta = tensor.IsMeta;
        var parts = new List<string>();
        void Add(string name, delegate*<nint, nint*, int> operation)
        {
            var prefix = name + "=tensor(";
            using var part = Call(tensor, operation);
            using var detached = Call(part, &NativeMethods.tb_detach);
            var text = isMeta ? "..." : Contents(detached, indent + prefix.Length);
            if (isMeta || detached.Numel() == 0)
                text += ", size=" + Tuple(detached.Shape);
            parts.Add(prefix + text);
        }

        switch (layout)
        {
            case Layout.Sparse:
                Add("indices", &NativeMethods.tb__indices);
                Add("values", &NativeMethods.tb__values);
                break;
            case Layout.SparseCsr or Layout.SparseBsr:
                Add("crow_indices", &NativeMethods.tb_crow_indices);
                Add("col_indices", &NativeMethods.tb_col_indices);
                Add("values", &NativeMethods.tb_values);
                break;
            default:
                Add("ccol_indices", &NativeMethods.tb_ccol_indices);
                Add("row_indices", &NativeMethods.tb_row_indices);
                Add("values", &NativeMethods.tb_values);
                break;
        }
        return string.Join("),\n" + new string(' ', indent), parts) + ")";
    }

    private static Tensor Call(Tensor tensor, delegate*<nint, nint*, int> operation)
    {
        using var self = new Borrow(tensor);
        nint result;
        NativeError.Check(operation(self.Handle, &result));
        return Tensor.Wrap(result);
    }

    // ---- the values ----

    private string Contents(Tensor tensor, int indent)
    {
        if (tensor.Numel() == 0)
            return "[]";
        var shape = tensor.Shape;
        var summarize = tensor.Numel() > options.Threshold;
        // Without edges nothing is shown of a tensor that has dimensions.
        if (summarize && options.Edgeitems == 0 && shape.Length > 0)
            return "[...]";
        var cells = Cells.Of(Visible(tensor, shape, summarize), options);
        if (cells is null)
            return "...";
        var result = new StringBuilder();
        var next = 0;
        Append(result, cells, shape, 0, indent, summarize, ref next);
        return result.ToString();
    }

    /// <summary>What is shown of the tensor, row by row, on the processor: both edges of every long dimension.</summary>
    private Tensor Visible(Tensor tensor, Shape shape, bool summarize)
    {
        var visible = tensor.Detach();
        if (visible.Layout != Layout.Strided)
            visible = visible.ToDense();
        for (var dim = 0; summarize && dim < shape.Length; dim++)
        {
            if (shape[dim] <= 2L * options.Edgeitems)
                continue;
            visible = Torch.Cat([
                visible.Narrow(dim, 0, options.Edgeitems),
                visible.Narrow(dim, shape[dim] - options.Edgeitems, options.Edgeitems)], dim);
        }
        return visible.Device.Type == DeviceType.Cpu ? visible : visible.Cpu();
    }

    private void Append(StringBuilder result, Cells cells, Shape shape, int dim, int indent, bool summarize, ref int next)
    {
        if (shape.Length == 0)
        {
            result.Append(cells[0]);
            return;
        }
        var size = shape[dim];
        var cut = summarize && size > 2L * options.Edgeitems;
        var shown = cut ? 2 * options.Edgeitems : (int)size;
        var below = shape.Length - dim - 1;
        result.Append('[');
        if (below == 0)
        {
            // A row: as many elements as the line holds; the ellipsis counts as one.
            var perLine = Math.Max(1, FloorDivide(options.Linewidth - indent, cells.Width));
            for (var (i, entry) = (0, 0); i < shown; i++, entry++)
            {
                if (cut && i == options.Edgeitems)
                {
                    Separate(entry++);
                    result.Append(" ...");
                }
                Separate(entry);
                result.Append(cells[next++]);
            }

            void Separate(int entry)
            {
                if (entry == 0)
                    return;
                if (entry % perLine == 0)
                    result.Append(",\n").Append(' ', indent + 1);
                else
                    result.Append(", ");
            }
        }
        else
        {
            for (var i = 0; i < shown; i++)
            {
                if (i > 0)
                    Break();
                if (cut && i == options.Edgeitems)
                {
                    result.Append("...");
                    Break();
                }
                Append(result, cells, shape, dim + 1, indent + 1, summarize, ref next);
            }

            void Break() => result.Append(',').Append('\n', below).Append(' ', indent + 1);
        }
        result.Append(']');
    }

    private static int FloorDivide(int dividend, int divisor) => (int)Math.Floor((double)dividend / divisor);

    /// <summary>The texts of all visible elements, padded to one width.</summary>
    private sealed class Cells(Column real, Column? imaginary)
    {
        /// <summary>The texts, or null where the dtype has no values that could be read.</summary>
        internal static Cells? Of(Tensor tensor, PrintOptions options)
        {
            var dtype = tensor.DType;
            if (dtype.IsComplex())
            {
                var values = tensor.To(DType.Complex128).ToArray<Complex>();
                return new Cells(
                    new NumberColumn(Array.ConvertAll(values, static v => v.Real), options),
                    new NumberColumn(Array.ConvertAll(values, static v => v.Imaginary), options));
            }
            if (dtype == DType.Float4E2M1FNx2)
                return new Cells(TextColumn.Of(tensor.View(DType.UInt8).ToArray<byte>()), null); // two numbers in a byte: shown as the byte
            if (dtype.IsFloatingPoint())
                return new Cells(new NumberColumn(tensor.To(DType.Float64).ToArray<double>(), options), null);
            Column? column = dtype switch
            {
                DType.Bool => new TextColumn(Array.ConvertAll(tensor.ToArray<bool>(), static v => v ? "True" : "False")),
                DType.UInt8 => TextColumn.Of(tensor.ToArray<byte>()),
                DType.Int8 => TextColumn.Of(tensor.ToArray<sbyte>()),
                DType.Int16 => TextColumn.Of(tensor.ToArray<short>()),
                DType.Int32 => TextColumn.Of(tensor.ToArray<int>()),
                DType.Int64 => TextColumn.Of(tensor.ToArray<long>()),
                DType.UInt16 => TextColumn.Of(tensor.ToArray<ushort>()),
                DType.UInt32 => TextColumn.Of(tensor.ToArray<uint>()),
                DType.UInt64 => TextColumn.Of(tensor.ToArray<ulong>()),
                _ => null,
            };
            return column is null ? null : new Cells(column, null);
        }

        /// <summary>Characters of an element, its separator included.</summary>
        internal int Width => real.Width + 2 + (imaginary is null ? 0 : imaginary.Width + 1);

        internal string this[int index]
        {
            get
            {
                var text = real[index];
                if (imaginary is null)
                    return text;
                var second = (imaginary[index] + "j").TrimStart(' ');
                return second[0] is '+' or '-' ? text + second : $"{text}+{second}";
            }
        }
    }

    private abstract class Column
    {
        internal int Width { get; private protected set; } = 1;

        internal string this[int index] => Text(index).PadLeft(Width);

        protected abstract string Text(int index);
    }

    private sealed class TextColumn : Column
    {
        private readonly string[] _texts;

        internal TextColumn(string[] texts)
        {
            _texts = texts;
            foreach (var text in texts)
                Width = Math.Max(Width, text.Length);
        }

        internal static TextColumn Of<T>(T[] values) where T : IFormattable =>
            new(Array.ConvertAll(values, static v => v.ToString(null, CultureInfo.InvariantCulture)));

        protected override string Text(int index) => _texts[index];
    }

    /// <summary>Floating-point numbers: whole, fixed or scientific, whichever their range calls for.</summary>
    private sealed class NumberColumn : Column
    {
        private readonly double[] _values;
        private readonly int _precision;
        private readonly bool _whole = true;
        private readonly bool _scientific;

        internal NumberColumn(double[] values, PrintOptions options)
        {
            _values = values;
            _precision = options.Precision;
            double smallest = double.PositiveInfinity, largest = 0;
            foreach (var value in values)
            {
                if (!double.IsFinite(value) || value == 0)
                    continue;
                smallest = Math.Min(smallest, Math.Abs(value));
                largest = Math.Max(largest, Math.Abs(value));
                _whole &= value == Math.Ceiling(value);
            }
            if (largest == 0)
                return;
            var automatic = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
            _scientific = options.SciMode ?? automatic;
            // Before 2.7 a mode that was asked for had no say in the width.
            var measured = s_widthIgnoresMode.Value ? automatic : _scientific;
            foreach (var value in values)
            {
                if (!double.IsFinite(value) || value == 0)
                    continue;
                Width = Math.Max(Width, Text(value, measured, point: 1).Length);
            }
        }

        private static readonly Lazy<bool> s_widthIgnoresMode = new(() => Torch.Version.StartsWith("2.6.", StringComparison.Ordinal));

        protected override string Text(int index) => Text(_values[index], _scientific, point: double.IsFinite(_values[index]) ? 1 : 0);

        private string Text(double value, bool scientific, int point) =>
            scientific ? PythonNumbers.Exponential(value, _precision)
            : _whole ? PythonNumbers.Fixed(value, 0) + (point == 1 ? "." : "")
            : PythonNumbers.Fixed(value, _precision);
    }
}
