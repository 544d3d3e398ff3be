using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.Model;

/// <summary>An operator of the merged model.</summary>
/// <param name="Schema">The schema of the newest libtorch that has it.</param>
/// <param name="IsMethod">Whether <c>at::Tensor</c> has it as a method, in any version.</param>
/// <param name="IsFunction">Whether it is a function of namespace <c>at</c>, in any version.</param>
/// <param name="Versions">The reference versions that have it, the oldest first.</param>
internal sealed record Operator(Schema Schema, bool IsMethod, bool IsFunction, IReadOnlyList<string> Versions)
{
    public string FullName => Schema.FullName;

    /// <summary>The C function: <c>tb_add_Tensor</c>.</summary>
    public string Symbol { get; } = "tb_" + Schema.FullName.Replace('.', '_');

    /// <summary>Why the operator has no C function; null where it has one.</summary>
    public string? Unbindable { get; } = Abi.WhyUnbindable(Schema);
}

/// <summary>All operators: those of the newest reference, then what only older ones have.</summary>
internal sealed class OperatorModel
{
    private OperatorModel(List<Operator> operators, IReadOnlyList<Reference> references)
    {
        Operators = operators;
        References = references;
        var collision = operators.GroupBy(o => o.Symbol).FirstOrDefault(g => g.Count() > 1);
        if (collision is not null)
            throw new UserException($"Two operators would be {collision.Key}: {string.Join(", ", collision.Select(o => o.FullName))}.");
    }

    public IReadOnlyList<Operator> Operators { get; }

    public IReadOnlyList<Reference> References { get; }

    public IEnumerable<Operator> Bound => Operators.Where(o => o.Unbindable is null);

    public static OperatorModel Merge(IReadOnlyList<Reference> references)
    {
        if (references.Count == 0)
            throw new UserException("No reference schemas; write them with the verb `schemas`.");
        var found = new Dictionary<string, List<(string Version, DeclaredOperator Operator)>>();
        var order = new List<string>();
        foreach (var reference in references.Reverse())
        {
            foreach (var op in reference.Operators)
            {
                if (!found.TryGetValue(op.Schema.FullName, out var versions))
                {
                    found[op.Schema.FullName] = versions = [];
                    order.Add(op.Schema.FullName);
                }
                versions.Insert(0, (reference.Version, op));
            }
        }
        var operators = order.Select(name =>
        {
            var versions = found[name];
            return new Operator(versions[^1].Operator.Schema, versions.Any(v => v.Operator.IsMethod),
                versions.Any(v => v.Operator.IsFunction), [.. versions.Select(v => v.Version)]);
        });
        return new OperatorModel([.. operators], references);
    }

    /// <summary>Hash of every C function and its signature: shim and managed assembly compare it at load.</summary>
    public ulong Hash()
    {
        // FNV-1a, 64 bits.
        var hash = 14695981039346656037UL;
        foreach (var op in Bound)
        {
            var line = op.Symbol + "(" + string.Join(",", Abi.Parameters(op.Schema).Select(p => p.CType)) + ")\n";
            foreach (var c in line)
                hash = (hash ^ c) * 1099511628211UL;
        }
        return hash;
    }
}
