using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.Model;

/// <summary>The forms an argument takes at the C boundary: the rows of the table in docs/architecture.md.</summary>
internal enum Form
{
    Tensor, OptionalTensor, TensorList, OptionalTensorList, Scalar, OptionalScalar, ScalarList, Int, OptionalInt, Float, OptionalFloat,
    Bool, OptionalBool, IntList, OptionalIntList, FloatList, OptionalFloatList, BoolList, Enumeration, OptionalEnumeration, Device,
    OptionalDevice, Generator, Storage, Text, OptionalText, Dimname, DimnameList, OptionalDimnameList, Unbindable,
}

/// <summary>One parameter of a C function and its P/Invoke type.</summary>
internal sealed record CParameter(string CType, string CsType, string Name);

/// <summary>How schemas become C signatures.</summary>
internal static class Abi
{
    public static Form FormOf(SchemaType type) => (type.Base, type.IsList, type.ItemOptional, type.Optional) switch
    {
        (BaseType.Tensor, false, _, false) => Form.Tensor,
        (BaseType.Tensor, false, _, true) => Form.OptionalTensor,
        (BaseType.Tensor, true, false, false) => Form.TensorList,
        (BaseType.Tensor, true, true, false) => Form.OptionalTensorList,
        (BaseType.Scalar, false, _, false) => Form.Scalar,
        (BaseType.Scalar, false, _, true) => Form.OptionalScalar,
        (BaseType.Scalar, true, false, false) => Form.ScalarList,
        (BaseType.Int or BaseType.SymInt or BaseType.DeviceIndex, false, _, false) => Form.Int,
        (BaseType.Int or BaseType.SymInt, false, _, true) => Form.OptionalInt,
        (BaseType.Int or BaseType.SymInt, true, false, false) => Form.IntList,
        (BaseType.Int or BaseType.SymInt, true, false, true) => Form.OptionalIntList,
        (BaseType.Float, false, _, false) => Form.Float,
        (BaseType.Float, false, _, true) => Form.OptionalFloat,
        (BaseType.Float, true, false, false) => Form.FloatList,
        (BaseType.Float, true, false, true) => Form.OptionalFloatList,
        (BaseType.Bool, false, _, false) => Form.Bool,
        (BaseType.Bool, false, _, true) => Form.OptionalBool,
        (BaseType.Bool, true, false, false) when type.Size is not null => Form.BoolList,
        (BaseType.ScalarType or BaseType.Layout or BaseType.MemoryFormat, false, _, false) => Form.Enumeration,
        (BaseType.ScalarType or BaseType.Layout or BaseType.MemoryFormat, false, _, true) => Form.OptionalEnumeration,
        (BaseType.Device, false, _, false) => Form.Device,
        (BaseType.Device, false, _, true) => Form.OptionalDevice,
        (BaseType.Generator, false, _, true) => Form.Generator,
        (BaseType.Storage, false, _, false) => Form.Storage,
        (BaseType.Str, false, _, false) => Form.Text,
        (BaseType.Str, false, _, true) => Form.OptionalText,
        (BaseType.Dimname, false, _, false) => Form.Dimname,
        (BaseType.Dimname, true, false, false) => Form.DimnameList,
        (BaseType.Dimname, true, false, true) => Form.OptionalDimnameList,
        _ => Form.Unbindable,
    };

    public static string? WhyUnbindable(Schema schema)
    {
        foreach (var argument in schema.Arguments)
        {
            if (FormOf(argument.Type) == Form.Unbindable)
                return $"the type {argument.Type} of '{argument.Name}' has no counterpart at the C boundary";
        }
        foreach (var result in Results(schema))
        {
            if (ResultType(result.Type) is null)
                return $"the result type {result.Type} has no counterpart at the C boundary";
        }
        return null;
    }

    /// <summary>What the C function hands back. In-place and out operators hand back nothing: the caller has the tensors.</summary>
    public static IReadOnlyList<Return> Results(Schema schema) =>
        schema.Returns.Count > 0 && schema.Returns.All(r => r.Type.Writes) ? [] : schema.Returns;

    /// <summary>C and P/Invoke type that a result is written to.</summary>
    public static (string C, string Cs)? ResultType(SchemaType type) => (type.Base, type.IsList) switch
    {
        (BaseType.Tensor, false) => ("tb_tensor", "nint"),
        (BaseType.Tensor, true) => ("tb_tensor_list", "tb_tensor_list"),
        (BaseType.Scalar, false) => ("tb_scalar", "Scalar"),
        (BaseType.Int or BaseType.SymInt, false) => ("int64_t", "long"),
        (BaseType.Float, false) => ("double", "double"),
        (BaseType.Bool, false) => ("uint8_t", "byte"),
        (BaseType.ScalarType or BaseType.QScheme, false) => ("int32_t", "int"),
        _ => null,
    };

    /// <summary>The parameters of the C function.</summary>
    public static IEnumerable<CParameter> Parameters(Schema schema)
    {
        foreach (var argument in schema.Arguments)
        {
            foreach (var parameter in Parameters(argument))
                yield return parameter;
        }
        var results = Results(schema);
        for (var i = 0; i < results.Count; i++)
        {
            var (c, cs) = ResultType(results[i].Type)!.Value;
            yield return new CParameter(c + "*", cs + "*", "result" + i);
        }
    }

    private static CParameter[] Parameters(Argument argument)
    {
        var name = CName(argument.Name);
        CParameter One(string c, string cs) => new(c, cs, name);
        CParameter Length() => new("int64_t", "long", name + "_length");
        CParameter Has() => new("uint8_t", "byte", name + "_has");
        return FormOf(argument.Type) switch
        {
            Form.Tensor or Form.OptionalTensor => [One("tb_tensor", "nint")],
            Form.TensorList or Form.OptionalTensorList => [One("const tb_tensor*", "nint*"), Length()],
            Form.Scalar or Form.OptionalScalar => [One("const tb_scalar*", "Scalar*")],
            Form.ScalarList => [One("const tb_scalar*", "Scalar*"), Length()],
            Form.Int => [One("int64_t", "long")],
            Form.OptionalInt => [One("int64_t", "long"), Has()],
            Form.Float => [One("double", "double")],
            Form.OptionalFloat => [One("double", "double"), Has()],
            Form.Bool => [One("uint8_t", "byte")],
            Form.OptionalBool or Form.Enumeration or Form.OptionalEnumeration => [One("int32_t", "int")],
            Form.IntList or Form.OptionalIntList => [One("const int64_t*", "long*"), Length()],
            Form.FloatList or Form.OptionalFloatList => [One("const double*", "double*"), Length()],
            Form.BoolList => [One("const uint8_t*", "bool*"), Length()],
            Form.Device or Form.OptionalDevice =>
                [new("int32_t", "int", name + "_type"), new("int32_t", "int", name + "_index")],
            Form.Generator => [One("tb_generator", "nint")],
            Form.Storage => [One("tb_storage", "nint")],
            Form.Text or Form.OptionalText => [One("const char*", "byte*"), Length()],
            Form.Dimname => [One("const char*", "byte*")],
            Form.DimnameList or Form.OptionalDimnameList => [One("const char* const*", "byte**"), Length()],
            _ => throw new UserException($"{argument}: no form at the C boundary."),
        };
    }

    /// <summary>The schema's name, unless C or C++ keeps it for itself.</summary>
    public static string CName(string name) => name is "default" or "new" or "delete" or "register" or "float" or "double" or "int"
        or "bool" or "char" or "this" or "union" or "template" or "operator" or "and" or "or" or "not" ? name + "_" : name;
}
