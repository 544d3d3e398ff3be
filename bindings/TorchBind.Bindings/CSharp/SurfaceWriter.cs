using System.Text;
using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.CSharp;

/// <summary>Writes the public members.</summary>
internal static class SurfaceWriter
{
    public static void Write(Output output, Surface surface)
    {
        foreach (var container in Container.All)
        {
            var members = surface.Members.Where(m => m.Container == container)
                .OrderBy(m => m.Name, StringComparer.Ordinal).ThenByDescending(m => m.Priority).ToList();
            var large = members.Count > 400;
            foreach (var file in members.GroupBy(m => large ? $".{NativeMethodsWriter.FileLetter(m.Name)}" : ""))
                output.Write($"{container.File}{file.Key}.g.cs", FileOf(container, file, surface.Versions));
        }
    }

    private static string FileOf(Container container, IEnumerable<Member> members, int versions)
    {
        var text = new StringBuilder(NativeMethodsWriter.Header
            + "using System.Runtime.CompilerServices;\nusing TorchBind.Interop;\n\nnamespace TorchBind;\n\n");
        var indent = "    ";
        string close = "}\n";
        if (container == Container.Tensor)
        {
            text.Append("public unsafe partial class Tensor\n{\n");
        }
        else if (container == Container.Torch)
        {
            text.Append("public static unsafe partial class Torch\n{\n");
        }
        else
        {
            indent = "        ";
            close = "    }\n}\n";
            text.Append("public static unsafe partial class Torch\n{\n").Append(Nested(container));
        }
        var first = true;
        foreach (var member in members)
        {
            if (!first)
                text.Append('\n');
            first = false;
            WriteMember(text, member, indent, versions);
        }
        return text.Append(close).ToString();
    }

    private static string Nested(Container container)
    {
        if (container == Container.Aten)
        {
            return "    /// <summary>Operators that Python does not show, or shows elsewhere, under their own names.</summary>\n"
                + "    public static unsafe partial class Aten\n    {\n";
        }
        var module = "torch." + container.Name["Torch.".Length..].ToLowerInvariant();
        if (container == Container.Fft)
        {
            // A static class Fft could not have a method Fft.
            return "    /// <summary>The functions of Python's <c>torch.fft</c>.</summary>\n    public static FftFunctions Fft => default;\n\n"
                + "    /// <summary>The functions of Python's <c>torch.fft</c>, as <c>Torch.Fft</c> has them.</summary>\n"
                + "    public readonly unsafe partial struct FftFunctions\n    {\n";
        }
        return $"    /// <summary>The functions of Python's <c>{module}</c>.</summary>\n"
            + $"    public static unsafe partial class {container.Name["Torch.".Length..]}\n    {{\n";
    }

    private static void WriteMember(StringBuilder text, Member member, string indent, int versions)
    {
        void Line(string line) => text.Append(indent).Append(line).Append('\n');
        var schema = member.Operator.Schema;
        var mirrors = member.PythonName is null ? "" : $"Mirrors <c>{member.PythonName}</c>. ";
        Line($"/// <summary>{mirrors}<c>aten::{Xml(schema.ToString())}</c></summary>");
        if (member.Operator.Versions.Count < versions)
        {
            Line($"/// <exception cref=\"NotSupportedException\">The loaded libtorch lacks the operator; "
                + $"{string.Join(", ", member.Operator.Versions)} has it.</exception>");
        }
        if (member.Priority > 0)
            Line($"[OverloadResolutionPriority({member.Priority})]");
        var isStatic = !member.Container.IsInstance && member.Container != Container.Fft;
        var result = ResultType(member);
        if (member.IsVarargs)
        {
            var list = member.Parameters[0];
            var target = member.Parameters[0].Name;
            Line($"public {(isStatic ? "static " : "")}{result} {member.Name}({list.Type} {Naming.Escape(list.Name)}) => "
                + $"{member.Name}({Naming.Escape(target)}: new IntList({Naming.Escape(list.Name)}));");
            return;
        }
        if (member.IsProperty)
        {
            Line($"public {result} {member.Name}");
            Line("{");
            Line("    get");
            Line("    {");
            WriteBody(text, member, indent + "        ");
            Line("    }");
            Line("}");
            return;
        }
        var parameters = member.Parameters.Select(p =>
            $"{p.Type} {Naming.Escape(p.Name)}{(p.Default is null ? "" : " = " + p.Default)}");
        Line($"public {(isStatic ? "static " : "")}{result} {member.Name}({string.Join(", ", parameters)})");
        Line("{");
        WriteBody(text, member, indent + "    ");
        Line("}");
    }

    private static string Xml(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    // ---- results

    /// <summary>The arguments that an in-place or out operator hands back; empty where it returns something new, or nothing.</summary>
    private static List<Argument> Returned(Schema schema)
    {
        if (schema.Returns.Count == 0 || Abi.Results(schema).Count > 0)
            return [];
        return [.. schema.Returns.Select(r => schema.Arguments.First(a => a.Type.Alias?.Before == r.Type.Alias!.Before))];
    }

    private static string ResultType(Member member)
    {
        var schema = member.Operator.Schema;
        var names = schema.Returns.Select(r => r.Name).ToList();
        List<string> types;
        if (Returned(schema) is { Count: > 0 } returned)
        {
            types = [.. returned.Select(_ => "Tensor")];
            names = [.. schema.Returns.Select((r, i) => r.Name ?? (returned.Count > 1 ? returned[i].Name : null))];
        }
        else
        {
            types = [.. Abi.Results(schema).Select(r => CsResult(r.Type))];
        }
        return types.Count switch
        {
            0 => "void",
            1 => types[0],
            _ => "(" + string.Join(", ", types.Select((t, i) => names[i] is { } name ? $"{t} {Naming.Pascal(name)}" : t)) + ")",
        };
    }

    private static string CsResult(SchemaType type) => (type.Base, type.IsList) switch
    {
        (BaseType.Tensor, false) => "Tensor",
        (BaseType.Tensor, true) => "Tensor[]",
        (BaseType.Scalar, _) => "Scalar",
        (BaseType.Float, _) => "double",
        (BaseType.Bool, _) => "bool",
        (BaseType.ScalarType or BaseType.QScheme, _) => Surface.EnumName(type.Base),
        _ => "long",
    };

    private static string ResultValue(SchemaType type, string value) => (type.Base, type.IsList) switch
    {
        (BaseType.Tensor, false) => $"TorchBind.Tensor.Wrap({value})",
        (BaseType.Tensor, true) => $"TorchBind.Tensor.WrapList({value}.data, {value}.length)",
        (BaseType.Bool, _) => $"{value} != 0",
        (BaseType.ScalarType or BaseType.QScheme, _) => $"({Surface.EnumName(type.Base)}){value}",
        _ => value,
    };

    // ---- bodies

    private static void WriteBody(StringBuilder text, Member member, string indent)
    {
        void Line(string line) => text.Append(indent).Append(line).Append('\n');
        var schema = member.Operator.Schema;
        var parameters = member.Parameters.Where(p => p.Argument is not null).ToDictionary(p => p.Argument!);
        var pins = new List<string>();
        var arguments = new List<string>();
        foreach (var argument in schema.Arguments)
        {
            if (argument == member.Receiver)
            {
                Line("using var thisBorrow = new Borrow(this);");
                arguments.Add("thisBorrow.Handle");
                continue;
            }
            Pass(parameters[argument], argument, schema, Line, pins, arguments);
        }
        var results = Abi.Results(schema);
        for (var i = 0; i < results.Count; i++)
        {
            Line($"{Abi.ResultType(results[i].Type)!.Value.Cs} result{i};");
            arguments.Add($"&result{i}");
        }
        foreach (var pin in pins)
            Line($"fixed ({pin})");
        Line($"{(pins.Count > 0 ? "    " : "")}NativeError.Check(NativeMethods.{member.Operator.Symbol}({string.Join(", ", arguments)}));");

        var returned = Returned(schema);
        if (returned.Count > 0)
        {
            var values = returned.Select(a => a == member.Receiver ? "this" : Naming.Escape(parameters[a].Name)).ToList();
            Line($"return {(values.Count == 1 ? values[0] : $"({string.Join(", ", values)})")};");
        }
        else if (member.RequiresGrad)
        {
            Line($"var result = {ResultValue(results[0].Type, "result0")};");
            Line("if (requiresGrad)");
            Line("    result.RequiresGrad = true;");
            Line("return result;");
        }
        else if (results.Count > 0)
        {
            var values = results.Select((r, i) => ResultValue(r.Type, $"result{i}")).ToList();
            Line($"return {(values.Count == 1 ? values[0] : $"({string.Join(", ", values)})")};");
        }
    }

    private static bool FollowsValues(Schema schema) =>
        schema.Name is "sparse_csr_tensor" or "sparse_csc_tensor" or "sparse_bsr_tensor" or "sparse_bsc_tensor" or "sparse_compressed_tensor"
        && schema.Arguments.Any(a => a.Name == "values");

    private static void Pass(Parameter parameter, Argument argument, Schema schema, Action<string> line, List<string> pins, List<string> arguments)
    {
        var plain = parameter.Name;
        var name = Naming.Escape(plain);
        var type = argument.Type;
        string Pinned(string declaration, string value, string length)
        {
            pins.Add($"{declaration}* {plain}Pointer = {value}");
            arguments.Add(plain + "Pointer");
            arguments.Add(length);
            return "";
        }
        switch (Abi.FormOf(type))
        {
            case Form.Tensor:
                line($"using var {plain}Borrow = new Borrow({name}, nameof({name}));");
                arguments.Add($"{plain}Borrow.Handle");
                break;
            case Form.OptionalTensor:
                line($"using var {plain}Borrow = Borrow.Optional({name}, nameof({name}));");
                arguments.Add($"{plain}Borrow.Handle");
                break;
            case Form.TensorList:
            case Form.OptionalTensorList:
                line($"using var {plain}Borrow = new BorrowList({name}, nameof({name}){(type.ItemOptional ? ", optional: true" : "")});");
                arguments.Add($"{plain}Borrow.Handles");
                arguments.Add($"{plain}Borrow.Length");
                break;
            case Form.Scalar when argument.Default is not null:
                line($"var {plain}Value = {name} ?? {argument.Default.Text};");
                arguments.Add($"&{plain}Value");
                break;
            case Form.Scalar:
                arguments.Add($"&{name}");
                break;
            case Form.OptionalScalar:
                line($"var {plain}Value = {name}.GetValueOrDefault();");
                arguments.Add($"{name}.HasValue ? &{plain}Value : null");
                break;
            case Form.ScalarList:
                Pinned("Scalar", name, $"{name}.Length");
                break;
            case Form.Int:
                arguments.Add(Surface.IsReduction(argument) ? $"(long){name}" : name);
                break;
            case Form.OptionalInt:
            case Form.OptionalFloat:
                arguments.Add($"{name}.GetValueOrDefault()");
                arguments.Add($"OperatorArgument.Byte({name}.HasValue)");
                break;
            case Form.Float:
                arguments.Add(name);
                break;
            case Form.Bool:
                arguments.Add($"OperatorArgument.Byte({name})");
                break;
            case Form.OptionalBool:
                arguments.Add($"OperatorArgument.Code({name})");
                break;
            case Form.IntList:
            case Form.OptionalIntList:
                var list = name;
                if (StandardList(argument) is { } standard)
                    list += $".Or([{standard}])";
                // As in Python, one number stands for all of a list whose length the schema fixes.
                if (type.Size is > 1 and <= 4)
                    list += $".Expand({type.Size})";
                if (list != name)
                {
                    line($"var {plain}List = {list};");
                    list = plain + "List";
                }
                Pinned("long", $"&{list}.Reference", $"{list}.Length");
                break;
            case Form.FloatList:
                Pinned("double", name, $"{name}.Length");
                break;
            case Form.OptionalFloatList:
                Pinned("double", name, $"{name}?.Length ?? -1");
                break;
            case Form.BoolList:
                line($"OperatorArgument.CheckLength({name}, {type.Size}, nameof({name}));");
                Pinned("bool", name, $"{name}.Length");
                break;
            case Form.Enumeration:
                arguments.Add($"(int){name}");
                break;
            case Form.OptionalEnumeration:
                // As in Python, a sparse tensor has the dtype of its values; the operator would take the default one.
                arguments.Add(argument.Name == "dtype" && FollowsValues(schema) ? $"(int)({name} ?? values.DType)" : $"(int?){name} ?? -1");
                break;
            case Form.Device:
                arguments.Add($"(int){name}.Type");
                arguments.Add($"{name}.Index");
                break;
            case Form.OptionalDevice:
                var factory = Surface.FollowsDefaultDevice(schema) ? "Factory" : "";
                arguments.Add($"OperatorArgument.{factory}Type({name})");
                arguments.Add($"OperatorArgument.{factory}Index({name})");
                break;
            case Form.Generator:
                line($"using var {plain}Borrow = HandleBorrow.Optional({name}, nameof({name}));");
                arguments.Add($"{plain}Borrow.Handle");
                break;
            case Form.Storage:
                line($"using var {plain}Borrow = new HandleBorrow({name}, nameof({name}));");
                arguments.Add($"{plain}Borrow.Handle");
                break;
            case Form.Text:
                line($"using var {plain}Text = new TextArgument({name}, nameof({name}));");
                arguments.Add($"{plain}Text.Pointer");
                arguments.Add($"{plain}Text.Length");
                break;
            case Form.OptionalText:
                line($"using var {plain}Text = new TextArgument({name});");
                arguments.Add($"{plain}Text.Pointer");
                arguments.Add($"{plain}Text.Length");
                break;
            case Form.Dimname:
                line($"using var {plain}Text = new TextArgument({name});");
                arguments.Add($"{plain}Text.Pointer");
                break;
            case Form.DimnameList:
            case Form.OptionalDimnameList:
                line($"using var {plain}Text = new TextListArgument({name});");
                arguments.Add($"{plain}Text.Pointer");
                arguments.Add($"{plain}Text.Length");
                break;
            default:
                throw new UserException($"{argument}: no way to pass it.");
        }
    }

    // A single number as the default of a list of fixed length stands for that many.
    private static string? StandardList(Argument argument) => argument.Default switch
    {
        ListDefault list => string.Join(", ", list.Items),
        IntDefault number => string.Join(", ", Enumerable.Repeat(number.Text, argument.Type.Size ?? 1)),
        _ => null,
    };
}
