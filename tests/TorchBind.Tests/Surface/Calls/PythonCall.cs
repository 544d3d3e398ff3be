using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TorchBind.Tests.Surface.Calls;

/// <summary>
/// Finds the C# member for a call of a public Python function, by the naming rule alone, and makes the call. Values are tensors, long, double,
/// bool, string, Complex, null, lists as object?[], and the enums and structs of TorchBind.
/// </summary>
internal static class PythonCall
{
    /// <summary>There is no member, or none that takes the arguments.</summary>
    internal sealed class NoMember(string message) : Exception(message);

    private static readonly Dictionary<string, string> s_operators = new()
    {
        ["add"] = "op_Addition",
        ["radd"] = "op_Addition",
        ["sub"] = "op_Subtraction",
        ["rsub"] = "op_Subtraction",
        ["mul"] = "op_Multiply",
        ["rmul"] = "op_Multiply",
        ["truediv"] = "op_Division",
        ["div"] = "op_Division",
        ["rdiv"] = "op_Division",
        ["rtruediv"] = "op_Division",
        ["mod"] = "op_Modulus",
        ["rmod"] = "op_Modulus",
        ["and"] = "op_BitwiseAnd",
        ["rand"] = "op_BitwiseAnd",
        ["or"] = "op_BitwiseOr",
        ["ror"] = "op_BitwiseOr",
        ["xor"] = "op_ExclusiveOr",
        ["rxor"] = "op_ExclusiveOr",
        ["lshift"] = "op_LeftShift",
        ["rlshift"] = "op_LeftShift",
        ["rshift"] = "op_RightShift",
        ["rrshift"] = "op_RightShift",
        ["eq"] = "op_Equality",
        ["ne"] = "op_Inequality",
        ["lt"] = "op_LessThan",
        ["le"] = "op_LessThanOrEqual",
        ["gt"] = "op_GreaterThan",
        ["ge"] = "op_GreaterThanOrEqual",
        ["neg"] = "op_UnaryNegation",
        ["pos"] = "op_UnaryPlus",
        ["invert"] = "op_OnesComplement",
        ["iadd"] = "op_AdditionAssignment",
        ["isub"] = "op_SubtractionAssignment",
        ["imul"] = "op_MultiplicationAssignment",
        ["itruediv"] = "op_DivisionAssignment",
        ["idiv"] = "op_DivisionAssignment",
        ["imod"] = "op_ModulusAssignment",
        ["iand"] = "op_BitwiseAndAssignment",
        ["ior"] = "op_BitwiseOrAssignment",
        ["ixor"] = "op_ExclusiveOrAssignment",
    };

    // Operators that C# does not have are methods.
    private static readonly Dictionary<string, string> s_methods = new()
    {
        ["matmul"] = "matmul",
        ["rmatmul"] = "matmul",
        ["pow"] = "pow",
        ["rpow"] = "pow",
        ["ipow"] = "pow_",
        ["floordiv"] = "floor_divide",
        ["rfloordiv"] = "floor_divide",
        ["ifloordiv"] = "floor_divide_",
        ["ilshift"] = "bitwise_left_shift_",
        ["irshift"] = "bitwise_right_shift_",
        ["abs"] = "abs",
        ["len"] = "size",
    };

    /// <summary>Where a Python function stands in C#.</summary>
    internal static (Type? Container, string Name)? Place(string python)
    {
        foreach (var (prefix, container, strip) in new (string, Type?, string)[]
        {
            ("torch._C._linalg.", typeof(Torch.Linalg), "linalg_"),
            ("torch.linalg.", typeof(Torch.Linalg), "linalg_"),
            ("torch._C._fft.", typeof(Torch.FftFunctions), "fft_"),
            ("torch.fft.", typeof(Torch.FftFunctions), "fft_"),
            ("torch._C._special.", typeof(Torch.Special), "special_"),
            ("torch.special.", typeof(Torch.Special), "special_"),
            ("torch._C._sparse.", typeof(Torch.Sparse), "_sparse_"),
            ("torch.sparse.", typeof(Torch.Sparse), "sparse_"),
            ("torch.nn.functional.", typeof(Torch).Assembly.GetType("TorchBind.NN.Functional"), ""),
            ("torch._C._nn.", typeof(Torch).Assembly.GetType("TorchBind.NN.Functional"), ""),
            ("torch.Tensor.", typeof(Tensor), ""),
            ("torch.functional.", typeof(Torch), ""),
            ("torch.ops.aten.", typeof(Torch.Aten), ""),
            ("aten.", typeof(Torch.Aten), ""),
            ("_VariableFunctionsClass.", typeof(Torch), ""),
            ("_sparse_", typeof(Torch.Sparse), ""),
            ("sparse_", typeof(Torch.Sparse), ""),
            ("torch.", typeof(Torch), ""),
        })
        {
            if (!python.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            var name = python[prefix.Length..];
            if (strip.Length != 0 && name.StartsWith(strip, StringComparison.Ordinal))
                name = name[strip.Length..];
            // aten.slice.Tensor: the overload is found by its arguments.
            if (container == typeof(Torch.Aten) && name.IndexOf('.') is > 0 and var dot)
                name = name[..dot];
            return name.Contains('.') && !name.EndsWith(".__get__", StringComparison.Ordinal) ? null : (container, name);
        }
        return null;
    }

    /// <summary>Makes the call; the result as C# returns it.</summary>
    /// <exception cref="NoMember">There is no member, or none that takes the arguments.</exception>
    internal static object? Invoke(string python, object?[] positional, Dictionary<string, object?> keywords)
    {
        if (keywords.GetValueOrDefault("out", "") is null)
            keywords = keywords.Where(k => k.Key != "out").ToDictionary();
        if (Place(python) is not { Container: { } container } place)
            throw new NoMember($"{python} stands in no class of TorchBind");
        if (container == typeof(Tensor) && place.Name.StartsWith("__", StringComparison.Ordinal) && place.Name.EndsWith("__", StringComparison.Ordinal))
            return InvokeSpecial(place.Name.Trim('_'), positional, keywords);
        if (place.Name.EndsWith(".__get__", StringComparison.Ordinal))
        {
            var property = container.GetProperty(NamesTests.CsName(place.Name[..^8])) ?? throw new NoMember($"{python}: no property {NamesTests.CsName(place.Name[..^8])}");
            return MemberCaller.Call(property.GetMethod!, positional[0], []);
        }
        if (container == typeof(Tensor) && positional is [Tensor self, ..])
            return InvokeMethod(container, NamesTests.CsName(place.Name), self, positional[1..], keywords, python);
        var csName = (place.Name.StartsWith('_') ? "_" : "") + NamesTests.CsName(place.Name);
        if (container == typeof(Torch.Aten) || (container == typeof(Torch) && Overloads(container, csName).Length == 0))
        {
            foreach (var candidate in new[] { typeof(Torch.Aten), typeof(Torch), typeof(Tensor) })
            {
                if (Overloads(candidate, csName).Length > 0)
                {
                    if (keywords.ContainsKey("out") && candidate != typeof(Tensor))
                        return InvokeOut(candidate, csName, null, positional, keywords, python);
                    return candidate == typeof(Tensor)
                        ? InvokeMethod(candidate, csName, positional[0], positional[1..], keywords, python)
                        : InvokeMethod(candidate, csName, null, positional, keywords, python);
                }
            }
        }
        object? target = container == typeof(Torch.FftFunctions) ? Torch.Fft : null;
        if (keywords.ContainsKey("out"))
            return InvokeOut(container, NamesTests.CsName(place.Name), target, positional, keywords, python);
        return InvokeMethod(container, NamesTests.CsName(place.Name), target, positional, keywords, python);
    }

    // The memory says what dtype and device are. What Python takes without showing it (F.gelu(x, out=y)) stands on Torch.Aten, as does
    // what C# could not tell from another overload.
    private static object? InvokeOut(
        Type container, string name, object? target, object?[] positional, Dictionary<string, object?> keywords, string python)
    {
        NoMember? first = null;
        var less = keywords.Where(k => k.Key is not ("dtype" or "device" or "layout" or "requires_grad")).ToDictionary();
        foreach (var given in less.Count < keywords.Count ? new[] { keywords, less } : [keywords])
        {
            foreach (var (place, member) in new[]
            {
                (container, name), (typeof(Torch), name), (typeof(Torch.Aten), name), (typeof(Torch.Aten), name + "UnaryOut"),
                (typeof(Torch.Aten), name == "Logsigmoid" ? "LogSigmoid" : name),
            })
            {
                try
                {
                    return InvokeMethod(place, member, place == container ? target : null, positional, given, python);
                }
                catch (NoMember problem)
                {
                    first ??= problem;
                }
            }
        }
        throw first!;
    }

    private static object? InvokeSpecial(string name, object?[] positional, Dictionary<string, object?> keywords)
    {
        switch (name)
        {
            case "rdiv" or "rtruediv" when positional[1] is Tensor dividend:
                // Written x.__rdiv__(y): Python gets here only where y knows no division.
                return ((Tensor)positional[0]!).Reciprocal() * dividend;
            case "getitem":
                return ((Tensor)positional[0]!)[Index(positional[1])];
            case "setitem":
                if (positional[2] is Tensor value)
                    ((Tensor)positional[0]!)[Index(positional[1])] = value;
                else
                    ((Tensor)positional[0]!).SetItem(MemberCaller.ToScalar(positional[2]), Index(positional[1]));
                return null;
        }
        var reversed = name is ['r', ..] && s_operators.ContainsKey(name) && name is not "rshift";
        var operands = reversed ? [positional[1], positional[0], .. positional[2..]] : positional;
        if (s_operators.TryGetValue(name, out var method))
        {
            var inPlace = method.EndsWith("Assignment", StringComparison.Ordinal);
            var result = inPlace
                ? InvokeMethod(typeof(Tensor), method, operands[0], operands[1..], keywords, name)
                : InvokeMethod(typeof(Tensor), method, null, operands, keywords, name);
            return inPlace ? operands[0] : result;
        }
        if (s_methods.TryGetValue(name, out var other))
        {
            if (name is "rmatmul" or "rpow" or "rfloordiv")
                return InvokeMethod(typeof(Torch), NamesTests.CsName(other), null, [positional[1], positional[0]], keywords, name);
            return InvokeMethod(typeof(Tensor), NamesTests.CsName(other), positional[0], positional[1..], keywords, name);
        }
        throw new NoMember($"torch.Tensor.__{name}__ is no operator here");
    }

    private static TensorIndex[] Index(object? index) => index is object?[] { Length: > 0 } list && list.Any(i => i is not (long or bool))
        ? Array.ConvertAll(list, MemberCaller.ToIndex)
        : index is object?[] tuple && tuple.All(i => i is long) ? Array.ConvertAll(tuple, MemberCaller.ToIndex)
        : [MemberCaller.ToIndex(index)];

    private static readonly Dictionary<(Type, string), MethodInfo[]> s_overloads = [];

    internal static MethodInfo[] Overloads(Type container, string name)
    {
        lock (s_overloads)
        {
            if (s_overloads.TryGetValue((container, name), out var known))
                return known;
            var all = container.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance)
                .Concat(container == typeof(Tensor) ? [] : Array.Empty<MethodInfo>())
                .Where(m => m.Name == name && MemberCaller.CanCall(m))
                .OrderByDescending(m => m.GetCustomAttribute<OverloadResolutionPriorityAttribute>()?.Priority ?? 0)
                .ThenBy(m => m.GetParameters().Length)
                .ToArray();
            if (all.Length == 0 && container.GetProperty(name)?.GetMethod is { } getter)
                all = [getter];
            return s_overloads[(container, name)] = all;
        }
    }

    // Calls whose arguments C# spells differently.
    private static (string Name, object?[] Positional) Respelled(string name, object?[] positional, Dictionary<string, object?> keywords)
    {
        if (name == "Tensordot" && keywords.GetValueOrDefault("dims") is object?[] { Length: 2 } pair && pair[0] is object?[])
        {
            keywords.Remove("dims");
            return (name, [.. positional, pair[0], pair[1]]);
        }
        if (name == "Meshgrid" && positional.All(p => p is Tensor))
            return (name, [positional]);
        // Operands with numbered subscripts alternate in Python, and are pairs in C#.
        if (name == "Einsum" && positional is [Tensor, ..])
        {
            var pairs = positional.Chunk(2).Where(p => p.Length == 2).Select(p => ((Tensor)p[0]!, Array.ConvertAll((object?[])p[1]!, MemberCaller.ToIndex))).ToArray();
            return (name, positional.Length % 2 == 0 ? [pairs] : [pairs, Array.ConvertAll((object?[])positional[^1]!, MemberCaller.ToIndex)]);
        }
        if (name == "Lu" && keywords.ContainsKey("get_infos") && !keywords.ContainsKey("pivot"))
            keywords["pivot"] = true;
        // Functions that return something else by a flag have another name for it.
        if (name is ("MaxPool1d" or "MaxPool2d" or "MaxPool3d") && keywords.GetValueOrDefault("return_indices") is true)
            name += "WithIndices";
        // None among the sizes of a pooling's output is -1.
        if (name.StartsWith("Adaptive", StringComparison.Ordinal) && positional is [_, object?[] sizes, ..])
            return (name, [positional[0], sizes.Select(s => s ?? -1L).ToArray(), .. positional[2..]]);
        return (name, positional);
    }

    private static object? InvokeMethod(
        Type container, string name, object? target, object?[] positional, Dictionary<string, object?> keywords, string python)
    {
        (name, positional) = Respelled(name, positional, keywords);
        var overloads = Overloads(container, name);
        if (overloads.Length == 0)
            throw new NoMember($"{python}: no member {container.Name}.{name}");
        foreach (var (strict, merge) in new[] { (true, false), (true, true), (false, false), (false, true) })
        {
            foreach (var method in overloads)
            {
                if (method.IsStatic != (target is null))
                    continue;
                if (Bind(method, positional, keywords, strict, merge) is { } arguments)
                    return MemberCaller.Call(method, target, arguments);
            }
        }
        throw new NoMember($"{python}: no {container.Name}.{name} takes ({string.Join(", ", positional.Select(Kind))}"
            + $"{string.Concat(keywords.Select(k => $", {k.Key}: {Kind(k.Value)}"))})");
    }

    private static string Kind(object? v) => v switch
    {
        null => "None",
        object?[] list => "[" + string.Join(", ", list.Select(Kind).Distinct()) + "]",
        _ => v.GetType().Name,
    };

    private static readonly Dictionary<string, string[]> s_aliases = new()
    {
        ["self"] = ["input", "tensor"],
        ["input"] = ["self", "x", "tensor", "a"],
        ["dim"] = ["dims", "axis"],
        ["axis"] = ["dim"],
        ["axes"] = ["dims"],
        ["dims"] = ["dim"],
        ["other"] = ["tensor2", "mat2"],
        ["shape"] = ["size"],
        ["size"] = ["shape"],
    };

    private static string Camel(string python)
    {
        if (python.All(c => !char.IsAsciiLetterLower(c)))
            return python.ToLowerInvariant();
        var name = string.Concat(python.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        name = char.ToLowerInvariant(name[0]) + name[1..];
        return name == "keepdim" ? "keepDim" : name;
    }

    /// <summary>The value of every parameter, or null where the member does not take the arguments.</summary>
    private static object?[]? Bind(MethodInfo method, object?[] positional, Dictionary<string, object?> keywords, bool strict, bool merge)
    {
        var parameters = method.GetParameters();
        if (!keywords.TryGetValue("out", out var memory))
            return Bind(parameters, positional, keywords, strict, merge);
        // out= stands behind the required parameters; of an operator with several results there is one parameter for each.
        var outputs = memory as object?[] ?? [memory];
        var first = Array.FindIndex(parameters, p => p.Name == "out");
        var whole = first >= 0 && (outputs.Length == 1 || parameters[first].ParameterType != typeof(Tensor));
        if (!whole)
            first = parameters.Count(p => !p.HasDefaultValue) - outputs.Length;
        var count = whole ? 1 : outputs.Length;
        if (first < 0 || (!whole && (count < 2 || parameters[first..(first + count)].Any(p => p.ParameterType != typeof(Tensor)))))
            return null;
        if (whole && !Fits(memory, parameters[first].ParameterType, strict))
            return null;
        var others = keywords.Where(k => k.Key != "out").ToDictionary();
        var rest = Bind([.. parameters[..first], .. parameters[(first + count)..]], positional, others, strict, merge);
        return rest is null ? null : [.. rest[..first], .. whole ? [memory] : outputs, .. rest[first..]];
    }

    private static object?[]? Bind(ParameterInfo[] parameters, object?[] positional, Dictionary<string, object?> keywords, bool strict, bool merge)
    {
        var values = new object?[parameters.Length];
        var given = new bool[parameters.Length];
        var next = 0;
        for (var i = 0; i < parameters.Length && next < positional.Length; i++)
        {
            var type = parameters[i].ParameterType;
            // Python's x.view(2, 3) and torch.block_diag(a, b).
            var rest = positional[next..];
            if (merge && (i == parameters.Length - 1 || parameters[i + 1].HasDefaultValue))
            {
                if ((type == typeof(IntList) || type == typeof(ReadOnlySpan<long>)) && rest.Length != 1 && rest.All(v => v is long))
                {
                    (values[i], given[i], next) = (rest, true, positional.Length);
                    continue;
                }
                if (type == typeof(ReadOnlySpan<Tensor>) && rest.Length >= 1 && rest.All(v => v is Tensor))
                {
                    (values[i], given[i], next) = (rest, true, positional.Length);
                    continue;
                }
            }
            if (!Fits(rest[0], type, strict) || (rest[0] is null && !TakesNull(parameters[i])))
                return null;
            (values[i], given[i]) = (Coerce(rest[0], type), true);
            next++;
        }
        if (next < positional.Length)
            return null;
        foreach (var (key, value) in keywords)
        {
            var names = new[] { Camel(key) }.Concat(strict ? [] : s_aliases.GetValueOrDefault(key, []).Select(Camel));
            var at = Array.FindIndex(parameters, p => names.Contains(p.Name));
            if (at < 0)
            {
                // Python's way to say "not given".
                if (value is null || (value is false && s_falseByDefault.Contains(key)) || key == "_stacklevel")
                    continue;
                // F.max_pool2d(return_indices=True) is MaxPool2dWithIndices here.
                if (key == "return_indices" && parameters[0].Member.Name.EndsWith("WithIndices", StringComparison.Ordinal) == value is true)
                    continue;
                return null;
            }
            if (given[at])
                return null;
            if (value is null && parameters[at].HasDefaultValue && !Fits(null, parameters[at].ParameterType, strict))
                continue;
            if (!Fits(value, parameters[at].ParameterType, strict) || (value is null && !TakesNull(parameters[at])))
                return null;
            (values[at], given[at]) = (Coerce(value, parameters[at].ParameterType), true);
        }
        for (var i = 0; i < parameters.Length; i++)
        {
            if (given[i])
                continue;
            if (!parameters[i].HasDefaultValue && parameters[i].GetCustomAttribute<ParamCollectionAttribute>() is null)
                return null;
            values[i] = MemberCaller.DefaultOf(parameters[i]);
        }
        return values;
    }

    private static readonly HashSet<string> s_falseByDefault =
        ["requires_grad", "as_tuple", "return_inverse", "return_counts", "get_infos", "return_indices", "pin_memory"];

    // Texts that Python takes for what is an enum here.
    private static object? Coerce(object? value, Type type)
    {
        var core = Nullable.GetUnderlyingType(type) ?? type;
        return core.IsEnum && value is string text && core != typeof(Reduction) ? EnumNamed(text, core) : value;
    }

    private static object? EnumNamed(string text, Type type) =>
        Enum.TryParse(type, text.Replace("_", "").Replace("-", ""), ignoreCase: true, out var member) ? member : null;

    private static bool TakesNull(ParameterInfo parameter) =>
        (parameter.ParameterType != typeof(string) && !parameter.ParameterType.IsArray) || new NullabilityInfoContext().Create(parameter).WriteState != NullabilityState.NotNull;

    private static bool Fits(object? value, Type type, bool strict)
    {
        var core = Nullable.GetUnderlyingType(type) ?? type;
        if (value is null)
        {
            return Nullable.GetUnderlyingType(type) is not null || type == typeof(IntList)
                || (!type.IsValueType && !type.IsByRefLike && type != typeof(Tensor[]));
        }
        if (core == typeof(Tensor)) return value is Tensor;
        if (core == typeof(Scalar)) return value is long or double or bool or Complex;
        if (core == typeof(long) || core == typeof(int)) return value is long;
        if (core == typeof(double)) return value is double or long;
        if (core == typeof(bool)) return value is bool;
        if (core == typeof(string)) return value is string;
        if (core == typeof(IntList) || core == typeof(ReadOnlySpan<long>) || core == typeof(long[]) || core == typeof(Shape))
            return (value is long && core != typeof(long[])) || value is object?[] { } ints && ints.All(i => i is long);
        if (core == typeof(ReadOnlySpan<Tensor>) || core == typeof(Tensor[]))
            return value is object?[] tensors && tensors.All(t => t is Tensor) && (tensors.Length > 0 || !strict)
                || value is object?[] optional && !strict && optional.All(t => t is null or Tensor);
        if (core == typeof(ReadOnlySpan<double>) || core == typeof(double[]))
            return (core != typeof(double[]) && value is double or long) || value is object?[] numbers && numbers.All(n => n is double or long);
        if (core == typeof(ReadOnlySpan<bool>)) return value is object?[] bools && bools.All(b => b is bool);
        if (core == typeof(ReadOnlySpan<Scalar>)) return value is object?[] scalars && scalars.All(s => s is long or double or bool or Complex);
        if (core == typeof(ReadOnlySpan<TensorIndex>)) return value is object?[];
        if (core == typeof(ReadOnlySpan<(Tensor, TensorIndex[])>)) return value is (Tensor, TensorIndex[])[];
        if (core == typeof(ReadOnlySpan<TorchBind.NN.ScalingType>)) return value is object?[] recipes && recipes.All(r => r is long);
        if (core == typeof(ReadOnlySpan<Shape>)) return value is object?[] shapes && shapes.All(s => s is object?[]);
        if (core == typeof(Device)) return value is Device or string;
        if (core == typeof(Reduction)) return value is Reduction or "none" or "mean" or "sum" or long;
        if (core == typeof(string[])) return value is object?[] texts && texts.All(t => t is null or string) && texts.Length > 0;
        if (core == typeof(TorchBind.NN.ConvPadding)) return value is long or string || value is object?[] paddings && paddings.All(p => p is long);
        if (core.IsEnum && value is string text) return EnumNamed(text, core) is not null;
        return core.IsInstanceOfType(value);
    }

    /// <summary>Tuples and arrays as lists, numbers as long and double; everything else as it is.</summary>
    internal static object? Plain(object? result) => result switch
    {
        ITuple tuple => Enumerable.Range(0, tuple.Length).Select(i => Plain(tuple[i])).ToArray(),
        Tensor[] tensors => tensors.Cast<object?>().ToArray(),
        Scalar { IsBoolean: true } s => s.ToBoolean(),
        Scalar { IsInteger: true } s => s.ToInt64(),
        Scalar { IsComplex: true } s => s.ToComplex(),
        Scalar s => s.ToDouble(),
        Shape shape => shape.ToArray().Select(v => (object?)v).ToArray(),
        int i => (long)i,
        float f => (double)f,
        _ => result,
    };
}
