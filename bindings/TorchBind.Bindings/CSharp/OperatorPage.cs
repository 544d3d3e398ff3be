using System.Globalization;
using System.Text;
using TorchBind.Bindings.Model;

namespace TorchBind.Bindings.CSharp;

/// <summary>docs/operators.md: what is bound, what is not, and why.</summary>
internal static class OperatorPage
{
    public static string Write(OperatorModel model, Surface surface)
    {
        var text = new StringBuilder();
        void Line(string line = "") => text.Append(line).Append('\n');
        string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

        Line("# Operators");
        Line();
        Line("Written by the generator from `bindings/schemas/`; `bindings/operators.json` holds the same per operator: its schema, its C");
        Line("function, its C# member (`also`: where it stands a second time), the tested versions of libtorch that have it, and the reason");
        Line("where there is no generated member.");
        Line();
        Line("| libtorch | operators | bound in C | without a counterpart |");
        Line("| --- | ---: | ---: | --- |");
        foreach (var reference in model.References)
        {
            var here = model.Operators.Where(o => o.Versions.Contains(reference.Version)).ToList();
            var lost = here.Where(o => o.Unbindable is not null).Select(o => $"`{o.FullName}`").ToList();
            Line($"| {reference.Version} | {Count(here.Count)} | {Count(here.Count - lost.Count)} | {string.Join(", ", lost)} |");
        }
        Line($"| all | {Count(model.Operators.Count)} | {Count(model.Bound.Count())} | {model.Operators.Count(o => o.Unbindable is not null)} |");
        Line();
        Line("An operator that the loaded libtorch lacks throws `NotSupportedException` naming the operator and the versions that have it.");
        Line();
        Line("## Where the members stand");
        Line();
        Line("| class | members | what |");
        Line("| --- | ---: | --- |");
        foreach (var (container, what) in new[]
        {
            (Container.Tensor, "methods of `torch.Tensor`"),
            (Container.Torch, "functions of `torch`"),
            (Container.Linalg, "`torch.linalg`"),
            (Container.Fft, "`torch.fft`"),
            (Container.Special, "`torch.special`"),
            (Container.Sparse, "`torch.sparse`"),
            (Container.Aten, "everything else, under mechanical names: what Python's public modules do not show"),
        })
        {
            Line($"| `{container.Name}` | {Count(surface.Members.Count(m => m.Container == container))} | {what} |");
        }
        Line();
        Line("## How the members are spelled");
        Line();
        Line("- `log_softmax` is `LogSoftmax`, `add_` is `Add_`; underscores in front stay (`Torch.Aten._FusedAdam_`). Parameters are camelCase");
        Line("  (`half_to_float` is `halfToFloat`, `UPLO` is `uplo`); `bindings/surface.json` lists the few words that the rule spells badly.");
        Line("- Parameters stand in PyTorch's order with PyTorch's defaults, required ones first. The first tensor of a function is `input`, as");
        Line("  in Python. `out` variants are overloads with a required parameter, written `@out: y`; they return what they were given.");
        Line("- `IntList` takes a number, a tuple, an array, a span, a `Shape` or `[1, 2]`. Where Python takes separate numbers (`x.view(2, 3)`), so");
        Line("  do the members. One number stands for a whole list where the schema fixes its length, as in Python.");
        Line("- What Python shows as an attribute is a property: `x.T`, `x.MT`, `x.Real`. (`x.t()` is `Torch.T(x)`: C# has one `x.T`.)");
        Line("- Functions that make tensors also take `requiresGrad`, as in Python.");
        Line("- Overloads are tried in a fixed order, as Python's argument parser does, through `OverloadResolutionPriority`: the first parameter");
        Line("  that differs decides; positional ones come before those that Python takes by name only, then narrow types before wide ones.");
        Line();
        Line("## Operators without a C function");
        Line();
        Line("| operator | versions | reason |");
        Line("| --- | --- | --- |");
        foreach (var op in model.Operators.Where(o => o.Unbindable is not null))
            Line($"| `{op.FullName}` | {string.Join(", ", op.Versions)} | {op.Unbindable} |");
        Line();
        Line("## Operators whose member is written by hand");
        Line();
        Line("| operator | reason |");
        Line("| --- | --- |");
        var generated = surface.Members.Select(m => m.Operator).ToHashSet();
        foreach (var (op, reason) in surface.Reasons.Where(r => r.Key.Unbindable is null).OrderBy(r => r.Key.FullName, StringComparer.Ordinal))
            Line($"| `{op.FullName}` | {reason}{(generated.Contains(op) ? " (elsewhere generated)" : "")} |");
        Line();
        Line("## Operators under another name");
        Line();
        Line("C# cannot tell these overloads from another one with the same parameter types; they stand on `Torch.Aten` with their overload's name.");
        Line();
        Line("| operator | member | same C# parameters as |");
        Line("| --- | --- | --- |");
        foreach (var (member, other) in surface.Renamed.OrderBy(r => r.Member.Operator.FullName, StringComparer.Ordinal))
            Line($"| `{member.Operator.FullName}` | `Torch.Aten.{member.Name}` | `{other.Operator.FullName}` |");
        return text.ToString();
    }
}
