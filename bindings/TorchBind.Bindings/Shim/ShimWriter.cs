using System.Text;
using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.Shim;

/// <summary>Writes the C++ wrappers of all operators for the libtorch at hand.</summary>
internal sealed class ShimWriter
{
    private const int ShardCount = 16;

    // Python shows these only for two tensors and makes the number a 0-dimensional one: the graph says AddBackward0, and here too.
    private static readonly HashSet<string> s_numberAsTensor =
    [
        "add.Scalar", "add_.Scalar", "sub.Scalar", "sub_.Scalar", "mul.Scalar", "mul_.Scalar", "div.Scalar", "div_.Scalar",
    ];

    private readonly OperatorModel _model;
    private readonly Dictionary<string, DeclaredOperator> _declared;
    private readonly string _version;

    /// <param name="model">The merged model: it fixes names and C signatures.</param>
    /// <param name="version">The version of the libtorch at hand.</param>
    /// <param name="declared">Its operators.</param>
    public ShimWriter(OperatorModel model, string version, IEnumerable<DeclaredOperator> declared)
    {
        _model = model;
        _version = version;
        _declared = declared.ToDictionary(o => o.Schema.FullName);
    }

    /// <summary>Operators that call libtorch, and those that can only say that it lacks them.</summary>
    public int Supported { get; private set; }

    public int Lacking { get; private set; }

    /// <summary>Operators of the libtorch at hand that no reference has: the managed side does not know them.</summary>
    public IEnumerable<string> Unknown => _declared.Keys.Except(_model.Operators.Select(o => o.FullName));

    public void Write(Output output)
    {
        var operators = _model.Bound.ToList();
        for (var shard = 0; shard < ShardCount; shard++)
        {
            var from = operators.Count * shard / ShardCount;
            var to = operators.Count * (shard + 1) / ShardCount;
            output.Write($"operators_{shard:00}.cpp", Shard(operators[from..to]));
        }
        output.Write("operator_table.cpp", Table(operators.Count));
        output.RemoveOthers("*.cpp");
    }

    private string Table(int count) => $$"""
        // Written by the operator generator for libtorch {{_version}}: {{count}} operators.
        #include "torchbind/core.h"

        uint64_t tb_operator_table_hash(void) { return {{_model.Hash()}}ULL; }

        """;

    private string Shard(List<Operator> operators)
    {
        var headers = new SortedSet<string>(StringComparer.Ordinal);
        var body = new StringBuilder();
        foreach (var op in operators)
        {
            _declared.TryGetValue(op.FullName, out var declared);
            if (Wrapper(op, declared) is { } wrapper && declared is not null)
            {
                Supported++;
                headers.Add(declared.Header);
                body.Append(wrapper);
            }
            else
            {
                Lacking++;
                body.Append(Missing(op));
            }
        }
        var text = new StringBuilder($"// Written by the operator generator for libtorch {_version}.\n#include \"operator_support.h\"\n\n");
        foreach (var header in headers)
            text.Append("#include <ATen/ops/").Append(header).Append(">\n");
        return text.Append('\n').Append(body).ToString();
    }

    private static string Head(Operator op) => $"TB_API tb_status {op.Symbol}("
        + string.Join(", ", Abi.Parameters(op.Schema).Select(p => $"{p.CType} {p.Name}")) + ")";

    private static string Missing(Operator op) => $$"""
        {{Head(op)}} {
          return tb::not_supported("aten::{{op.FullName}}", "libtorch {{string.Join(" and ", op.Versions)}}");
        }

        """;

    // Null where the libtorch at hand needs an argument that the reference's signature does not have.
    private string? Wrapper(Operator op, DeclaredOperator? declared)
    {
        if (declared is null)
            return null;
        var pairs = Pair(op.Schema, declared.Schema);
        var taken = pairs.Where(p => p is not null).ToHashSet();
        var prologue = new StringBuilder();
        foreach (var lost in op.Schema.Arguments.Where(a => !taken.Contains(a)))
        {
            if (IsDefault(lost) is not { } test)
                return null;
            var newest = string.Join(" and ", op.Versions.Where(v => System.Version.Parse(v) > System.Version.Parse(_version)));
            prologue.Append($"  if (!({test}))\n    return tb::not_supported(\"The argument '{lost.Name}' of aten::{op.FullName}\", "
                + $"\"libtorch {newest}\");\n");
        }
        var locals = new StringBuilder();
        var values = new List<string>();
        for (var i = 0; i < pairs.Count; i++)
        {
            var theirs = declared.Schema.Arguments[i];
            string? value;
            if (pairs[i] is { Name: "other" } && s_numberAsTensor.Contains(op.FullName))
                value = "tb::number(other)";
            else if (pairs[i] is { } ours)
                value = Value(Abi.CName(ours.Name), theirs.Type, locals);
            else
                value = DefaultValue(theirs);
            if (value is null)
                return null;
            values.Add(value);
        }
        var function = s_numberAsTensor.Contains(op.FullName)
            ? declared.Struct.Replace("_Scalar", "_Tensor", StringComparison.Ordinal)
            : declared.Struct;
        var call = $"at::_ops::{function}::call({string.Join(", ", values)})";
        if (IsFactory(declared.Schema))
            locals.Append("    at::AutoDispatchBelowADInplaceOrView below_; // what fills a new tensor is no change of it\n");
        return $"{Head(op)} {{\n{prologue}  return tb::guard([&] {{\n{locals}{Body(op.Schema, call)}  }});\n}}\n";
    }

    /// <summary>Whether an operator makes a tensor of nothing, or like another one: Python calls these below autograd, and so their versions start at 0.</summary>
    internal static bool IsFactory(Schema schema) =>
        schema.Arguments.Any(a => a.Name == "dtype") && schema.Arguments.Any(a => a.Name == "pin_memory")
        && (schema.Name.EndsWith("_like", StringComparison.Ordinal)
            || schema.Arguments.All(a => Abi.FormOf(a.Type) is not (Form.Tensor or Form.OptionalTensor or Form.TensorList)));

    /// <summary>For each argument of the libtorch at hand, the reference's argument that gives its value.</summary>
    internal static List<Argument?> Pair(Schema reference, Schema declared)
    {
        var byName = reference.Arguments.ToDictionary(a => a.Name);
        List<Argument?> result = [.. declared.Arguments.Select(a =>
            byName.TryGetValue(a.Name, out var same) && SameForm(same.Type, a.Type) ? same : null)];
        // A renamed argument: the same place, the same type, and required in both.
        for (var i = 0; i < Math.Min(result.Count, reference.Arguments.Count); i++)
        {
            var ours = reference.Arguments[i];
            var theirs = declared.Arguments[i];
            if (result[i] is null && !result.Contains(ours) && ours.Default is null && theirs.Default is null
                && SameForm(ours.Type, theirs.Type))
            {
                result[i] = ours;
            }
        }
        return result;
    }

    private static bool SameForm(SchemaType ours, SchemaType theirs)
    {
        var (a, b) = (Abi.FormOf(ours), Abi.FormOf(theirs));
        return a == b || (a is Form.Tensor or Form.OptionalTensor && b is Form.Tensor or Form.OptionalTensor);
    }

    private static string? IsDefault(Argument argument)
    {
        var name = Abi.CName(argument.Name);
        return (Abi.FormOf(argument.Type), argument.Default) switch
        {
            (_, null) => null,
            (Form.OptionalTensor or Form.OptionalScalar or Form.Generator, NoneDefault) => $"{name} == nullptr",
            (Form.OptionalInt or Form.OptionalFloat, NoneDefault) => $"{name}_has == 0",
            (Form.OptionalBool or Form.OptionalEnumeration, NoneDefault) => $"{name} == -1",
            (Form.OptionalDevice, NoneDefault) => $"{name}_type == -1",
            (Form.OptionalIntList or Form.OptionalFloatList or Form.OptionalText, NoneDefault) => $"{name}_length == -1",
            (Form.Int, IntDefault value) => $"{name} == {value.Text}",
            (Form.Float, IntDefault or FloatDefault) => $"{name} == {argument.Default.Text}",
            (Form.Bool, BoolDefault value) => $"{name} == {(value.Value ? 1 : 0)}",
            _ => null,
        };
    }

    private static string? DefaultValue(Argument argument) => (Abi.FormOf(argument.Type), argument.Default) switch
    {
        (_, NoneDefault) => "{}",
        (Form.Int, IntDefault value) => value.Text,
        (Form.Float, IntDefault or FloatDefault) => argument.Default.Text,
        (Form.Bool, BoolDefault value) => value.Value ? "true" : "false",
        _ => null,
    };

    // The C++ expression for an argument; what has to live during the call goes to `locals`.
    private static string? Value(string name, SchemaType type, StringBuilder locals)
    {
        string Local(string declaration, string value)
        {
            locals.Append("    ").Append(declaration).Append(";\n");
            return value;
        }
        return Abi.FormOf(type) switch
        {
            Form.Tensor => Local($"tb::Borrowed {name}_({name})", type.Writes ? $"{name}_.mut()" : $"*{name}_"),
            Form.OptionalTensor => Local($"tb::BorrowedOptional {name}_({name})", $"*{name}_"),
            Form.TensorList => Local($"tb::BorrowedList {name}_({name}, {name}_length)", $"*{name}_"),
            Form.OptionalTensorList => $"tb::optional_tensors({name}, {name}_length)",
            Form.Scalar => $"tb::to_scalar({name})",
            Form.OptionalScalar => $"tb::to_optional_scalar({name})",
            Form.ScalarList => Local($"const auto {name}_ = tb::to_scalars({name}, {name}_length)", $"{name}_"),
            Form.Int when type.Base == BaseType.SymInt => $"c10::SymInt({name})",
            Form.Int when type.Base == BaseType.DeviceIndex => $"tb::device_index({name})",
            Form.Int => name,
            Form.OptionalInt when type.Base == BaseType.SymInt => $"tb::optional_sym_int({name}, {name}_has)",
            Form.OptionalInt or Form.OptionalFloat => $"tb::optional({name}, {name}_has)",
            Form.Float => name,
            Form.Bool => $"{name} != 0",
            Form.OptionalBool => $"tb::optional_bool({name})",
            Form.IntList when type.Base == BaseType.SymInt => $"tb::sym_ints({name}, {name}_length)",
            Form.IntList => $"tb::ints({name}, {name}_length)",
            Form.OptionalIntList when type.Base == BaseType.SymInt => $"tb::optional_sym_ints({name}, {name}_length)",
            Form.OptionalIntList => $"tb::optional_ints({name}, {name}_length)",
            Form.FloatList => $"tb::doubles({name}, {name}_length)",
            Form.OptionalFloatList => $"tb::optional_doubles({name}, {name}_length)",
            Form.BoolList => $"tb::bools<{type.Size}>({name}, {name}_length)",
            Form.Enumeration => $"tb::enumeration<at::{type.Base}>({name})",
            Form.OptionalEnumeration => $"tb::optional_enumeration<at::{type.Base}>({name})",
            Form.Device => $"tb::known_device({name}_type, {name}_index)",
            Form.OptionalDevice => $"tb::optional_device({name}_type, {name}_index)",
            Form.Generator => $"tb::generator({name})",
            Form.Storage => $"tb::storage({name})",
            Form.Text => $"{{{name}, static_cast<size_t>({name}_length)}}",
            Form.OptionalText => $"tb::OptionalText{{{name}, {name}_length}}",
            Form.Dimname => $"tb::dimname({name})",
            Form.DimnameList => Local($"const auto {name}_ = tb::dimnames({name}, {name}_length)", $"{name}_"),
            Form.OptionalDimnameList => Local($"const auto {name}_ = tb::dimnames({name}, {name}_length)",
                $"tb::optional_dimnames({name}_, {name}_length)"),
            _ => null,
        };
    }

    private static string Body(Schema schema, string call)
    {
        var results = Abi.Results(schema);
        if (results.Count == 0)
            return $"    {call};\n";
        if (results.Count == 1)
            return $"    *result0 = {Result(results[0].Type, call)};\n";
        var text = new StringBuilder($"    auto results = {call};\n");
        for (var i = 0; i < results.Count; i++)
            text.Append($"    *result{i} = {Result(results[i].Type, $"std::move(std::get<{i}>(results))")};\n");
        return text.ToString();
    }

    private static string Result(SchemaType type, string value) => (type.Base, type.IsList) switch
    {
        (BaseType.Tensor, false) => $"tb::release({value})",
        (BaseType.Tensor, true) => $"tb::release_list({value})",
        (BaseType.Scalar, _) => $"tb::from_scalar({value})",
        (BaseType.SymInt, _) => $"tb::to_int({value})",
        (BaseType.Bool, _) => $"{value} ? 1 : 0",
        (BaseType.ScalarType or BaseType.QScheme, _) => $"static_cast<int32_t>({value})",
        _ => value,
    };
}
