using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.CSharp;

/// <summary>Decides which members stand for which operators.</summary>
internal sealed class Surface
{
    private readonly HashSet<string> _python;
    private readonly Settings _settings;
    private readonly string _newest;
    private readonly List<Member> _members = [];
    private readonly Dictionary<Operator, string> _reasons = [];

    private Surface(OperatorModel model, Settings settings, IEnumerable<string> pythonNames)
    {
        _settings = settings;
        _python = [.. pythonNames];
        _newest = model.References[^1].Version;
        Versions = model.References.Count;
        var unused = settings.HandWritten.Keys.ToHashSet();
        foreach (var op in model.Operators)
        {
            if (op.Unbindable is { } reason)
            {
                _reasons[op] = reason;
                continue;
            }
            foreach (var (container, name) in Places(op.Schema.Name, op))
                Place(op, container, name, unused);
        }
        if (unused.Count > 0)
            throw new UserException($"surface.json lists hand-written members for no operator: {string.Join(", ", unused)}.");
        Resolve();
    }

    public IReadOnlyList<Member> Members => _members;

    /// <summary>How many versions of libtorch the reference schemas cover.</summary>
    public int Versions { get; }

    /// <summary>Why an operator has no generated member.</summary>
    public IReadOnlyDictionary<Operator, string> Reasons => _reasons;

    /// <summary>Members that gave way to another with the same C# signature, and what they are called now.</summary>
    public List<(Member Member, Member For)> Renamed { get; } = [];

    public static Surface Decide(OperatorModel model, Settings settings, IEnumerable<string> pythonNames) => new(model, settings, pythonNames);

    private IEnumerable<(Container Container, string Python)> Places(string name, Operator op)
    {
        if (_settings.Covered.ContainsKey(name) || _settings.Covered.ContainsKey(op.FullName))
        {
            yield return (Container.Aten, "");
            yield break;
        }
        var found = false;
        foreach (var (prefix, module, container) in new[]
        {
            ("linalg_", "torch.linalg", Container.Linalg),
            ("fft_", "torch.fft", Container.Fft),
            ("special_", "torch.special", Container.Special),
        })
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && _python.Contains($"{module}.{name[prefix.Length..]}"))
            {
                found = true;
                yield return (container, $"{module}.{name[prefix.Length..]}");
            }
        }
        if (_settings.Sparse.TryGetValue(name, out var sparse))
        {
            found = true;
            yield return (Container.Sparse, "torch.sparse." + sparse);
        }
        // Some methods of Python are functions only in C++: those that work on a tensor called self.
        var method = op.IsMethod || op.Schema.Arguments is [{ Name: "self", Type: { Base: BaseType.Tensor, IsList: false } }, ..]
            && !op.Schema.Arguments.Any(a => a.KeywordOnly && a.Type.Writes);
        if (method && (_python.Contains("torch.Tensor." + name) || _settings.Properties.ContainsKey(name)))
        {
            found = true;
            // numpy_T and matrix_H are T and H in Python.
            yield return (Container.Tensor, "torch.Tensor." + (_python.Contains("torch.Tensor." + name) ? name : _settings.Properties[name]));
        }
        if (op.IsFunction && _python.Contains("torch." + name))
        {
            found = true;
            yield return (Container.Torch, "torch." + name);
        }
        if (!found)
            yield return (Container.Aten, "");
    }

    private void Place(Operator op, Container container, string python, HashSet<string> unused)
    {
        foreach (var key in new[] { $"{container.Name}:{op.Schema.Name}", $"{container.Name}:{op.FullName}", op.Schema.Name, op.FullName })
        {
            if (_settings.HandWritten.TryGetValue(key, out var reason))
            {
                unused.Remove(key);
                _reasons[op] = "written by hand: " + reason;
                return;
            }
        }
        var property = container == Container.Tensor && _settings.Properties.ContainsKey(op.Schema.Name);
        var name = property ? _settings.Properties[op.Schema.Name]
            : Naming.Pascal(python.Length == 0 ? op.Schema.Name : python[(python.LastIndexOf('.') + 1)..]);
        var receiver = container.IsInstance ? op.Schema.Arguments.First(a => a.Name == "self") : null;
        var parameters = Parameters(op, container, receiver);
        _members.Add(new Member
        {
            Operator = op,
            Container = container,
            Name = name,
            PythonName = python.Length == 0 ? null : python,
            Parameters = parameters,
            Receiver = receiver,
            IsProperty = property,
        });

        // Python takes a single positional list of integers as separate arguments.
        var positional = parameters.Where(p => !p.Keyword && p.Argument is not null).ToList();
        if (container != Container.Aten && positional is [{ Type: "IntList", Default: null } list]
            && parameters.All(p => p == list || p.Default is not null))
        {
            _members.Add(new Member
            {
                Operator = op,
                Container = container,
                Name = name,
                PythonName = python,
                Parameters = [list with { Type = "params ReadOnlySpan<long>", Rank = 5 }],
                Receiver = receiver,
                IsVarargs = true,
            });
        }
    }

    private List<Parameter> Parameters(Operator op, Container container, Argument? receiver)
    {
        var schema = op.Schema;
        var all = schema.Arguments.Where(a => a != receiver).Select(a => ParameterOf(a, schema, container)).ToList();
        // Required ones first, in the schema's order; `out` follows what is required and positional.
        List<Parameter> result =
        [
            .. all.Where(p => p.Default is null && !(p.Argument!.KeywordOnly && p.Argument.Type.Writes)),
            .. all.Where(p => p.Default is null && p.Argument!.KeywordOnly && p.Argument.Type.Writes),
            .. all.Where(p => p.Default is not null),
        ];
        if (IsFactory(schema) && container != Container.Aten && schema.Name != "to")
            result.Add(new Parameter(null, "bool", "requiresGrad", "false", true, 0));
        if (result.Count > 0 && Abi.FormOf(result[^1].Argument?.Type ?? new SchemaType(BaseType.Bool)) is Form.TensorList or Form.OptionalTensorList
            && !result[^1].Argument!.Type.Writes)
        {
            result[^1] = result[^1] with { Type = "params " + result[^1].Type };
        }
        if (result.GroupBy(p => p.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserException($"Two parameters of {op.FullName} would be {twice.Key}.");
        return result;
    }

    private static bool IsFactory(Schema schema) =>
        schema.Arguments.Any(a => a.Name == "pin_memory") && schema.Arguments.Any(a => a.Name == "layout")
        && schema.Arguments.Any(a => a.Name == "device") && schema.Returns is [{ Type: { Base: BaseType.Tensor, IsList: false } }];

    /// <summary>Whether the operator makes a tensor out of nothing: it follows the default device.</summary>
    public static bool FollowsDefaultDevice(Schema schema) =>
        IsFactory(schema) && schema.Arguments.All(a => a.Type.Base != BaseType.Tensor);

    private Parameter ParameterOf(Argument argument, Schema schema, Container container)
    {
        var name = _settings.Parameters.GetValueOrDefault(argument.Name) ?? Naming.Camel(argument.Name);
        // Python's functions call the first tensor `input`.
        if (argument.Name == "self" && container != Container.Aten && schema.Arguments.All(a => a.Name != "input"))
            name = "input";
        // Two arguments that differ in case only: the capital one is spelled out.
        if (schema.Arguments.Any(a => a != argument && Naming.Camel(a.Name) == name))
            name = argument.Name == name ? name : name + "Matrix";
        var (type, rank) = TypeOf(argument);
        return new Parameter(argument, type, name, DefaultOf(argument, type), argument.KeywordOnly, rank);
    }

    public static bool IsReduction(Argument argument) => argument is { Name: "reduction", Type: { Base: BaseType.Int, IsList: false } };

    private static (string Type, int Rank) TypeOf(Argument argument)
    {
        var type = argument.Type;
        return Abi.FormOf(type) switch
        {
            Form.Bool => ("bool", 0),
            Form.OptionalBool => ("bool?", 0),
            Form.Tensor => ("Tensor", 1),
            Form.OptionalTensor => ("Tensor?", 1),
            Form.TensorList => ("ReadOnlySpan<Tensor>", 2),
            Form.OptionalTensorList => ("ReadOnlySpan<Tensor?>", 3),
            Form.Int when IsReduction(argument) => ("Reduction", 10),
            Form.Int => ("long", 4),
            Form.OptionalInt => ("long?", 4),
            Form.Float => ("double", 6),
            Form.OptionalFloat => ("double?", 6),
            Form.Scalar => (argument.Default is null ? "Scalar" : "Scalar?", 7),
            Form.OptionalScalar => ("Scalar?", 7),
            Form.IntList or Form.OptionalIntList => ("IntList", 8),
            Form.ScalarList => ("ReadOnlySpan<Scalar>", 9),
            Form.FloatList => ("ReadOnlySpan<double>", 9),
            Form.OptionalFloatList => ("double[]?", 9),
            Form.BoolList => ("ReadOnlySpan<bool>", 9),
            Form.Text => ("string", 11),
            Form.OptionalText => ("string?", 11),
            Form.Enumeration => (EnumName(type.Base), 12 + (int)type.Base),
            Form.OptionalEnumeration => (EnumName(type.Base) + "?", 12 + (int)type.Base),
            Form.Device => ("Device", 40),
            Form.OptionalDevice => ("Device?", 40),
            Form.Generator => ("Generator?", 41),
            Form.Storage => ("Storage", 42),
            Form.Dimname => ("string?", 43),
            Form.DimnameList => ("string?[]", 44),
            Form.OptionalDimnameList => ("string?[]?", 44),
            _ => throw new UserException($"{argument}: no C# type."),
        };
    }

    public static string EnumName(BaseType type) => type == BaseType.ScalarType ? "DType" : type.ToString();

    private static string? DefaultOf(Argument argument, string type) => (argument.Default, type) switch
    {
        (null, _) => null,
        // Nothing else of C# can be the default of a list or a number of any kind: null, and the value stands in the body.
        (_, "IntList") => "default",
        (_, "Scalar?") => "null",
        (NoneDefault, _) => "null",
        (BoolDefault value, _) => value.Value ? "true" : "false",
        (NameDefault { Text: "Mean" }, "Reduction") => "Reduction.Mean",
        (NameDefault { Text: "contiguous_format" }, _) => "MemoryFormat.Contiguous",
        (NameDefault { Text: "long" }, _) => "DType.Int64",
        (StringDefault value, _) => Quote(value.Value),
        (IntDefault or FloatDefault, _) => argument.Default.Text,
        _ => throw new UserException($"{argument}: the default has no C# form."),
    };

    public static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>Of two members with one C# signature the better stays, the other goes to Aten under its overload's name.</summary>
    private void Resolve()
    {
        var order = _members.Select((m, i) => (m, i)).ToDictionary(p => p.m, p => p.i);
        foreach (var group in _members.GroupBy(m => (m.Container, m.Name, m.Signature)).Where(g => g.Count() > 1).ToList())
        {
            var best = group.OrderBy(m => m.IsOut).ThenBy(m => !m.Operator.Versions.Contains(_newest)).ThenBy(m => order[m]).ToList();
            foreach (var loser in best.Skip(1))
            {
                _members.Remove(loser);
                // An operator that stands elsewhere too, Torch.T beside Tensor.T, needs no third place.
                if (loser.IsVarargs || _members.Any(m => m.Operator == loser.Operator))
                    continue;
                var moved = new Member
                {
                    Operator = loser.Operator,
                    Container = Container.Aten,
                    Name = Naming.Pascal(loser.Operator.Schema.Name) + Naming.Pascal(loser.Operator.Schema.Overload),
                    PythonName = loser.PythonName,
                    Parameters = Parameters(loser.Operator, Container.Aten, null),
                };
                _members.Add(moved);
                order[moved] = order[loser];
                Renamed.Add((moved, best[0]));
            }
        }
        if (_members.GroupBy(m => (m.Container, m.Name, m.Signature)).FirstOrDefault(g => g.Count() > 1) is { } collision)
            throw new UserException($"Members collide: {string.Join(", ", collision.Select(m => m.Operator.FullName + " as " + m.Label))}.");

        foreach (var group in _members.GroupBy(m => (m.Container, m.Name)))
        {
            List<Member> sorted = [.. group.OrderBy(m => order[m])];
            sorted.Sort((a, b) => Member.Compare(a, b) is var c && c != 0 ? c : order[a].CompareTo(order[b]));
            for (var i = 0; i < sorted.Count; i++)
                sorted[i].Priority = sorted.Count - 1 - i;
        }
    }
}
