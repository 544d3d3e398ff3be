using System.Text.Json;
using TorchBind.Autograd;
using TorchBind.Tests.Surface.Calls;

namespace TorchBind.Tests.Surface.OpDatabase;

/// <summary>Makes the calls of one sample through TorchBind's public members, and compares what comes out with what Python got.</summary>
internal static class OpReplay
{
    /// <summary>What came out.</summary>
    /// <param name="Problem">What differs; null for nothing.</param>
    /// <param name="NoMember">The problem is that a call has no C# member.</param>
    /// <param name="Exact">Every bit agrees; false: within the database's tolerance.</param>
    /// <param name="Gradients">How many gradients were compared.</param>
    /// <param name="Refused">Python refuses the call, and so does C#.</param>
    internal sealed record Outcome(string? Problem, bool NoMember, bool Exact, int Gradients, bool Refused = false);

    internal static Outcome Run(OpRecord record)
    {
        using var scope = new TensorScope();
        var tensors = new Dictionary<int, Tensor>();
        object? Lookup(int id) => tensors.TryGetValue(id, out var tensor) ? tensor : throw new PythonCall.NoMember($"tensor {id} is made by nothing that was recorded");
        try
        {
            foreach (var input in record.Json.GetProperty("inputs").EnumerateArray())
                tensors[input.GetProperty("id").GetInt32()] = record.Build(input);
            Torch.ManualSeed(record.Json.GetProperty("seed").GetInt64());
            var calls = record.Json.GetProperty("calls").EnumerateArray().ToArray();
            foreach (var call in record.Raises is null ? calls : calls[..^1])
            {
                if (call.GetProperty("asks").GetBoolean())
                    continue;
                if (Take(Invoke(call), call.GetProperty("result"), tensors, IsGiven(call)) is { } mismatch)
                    return new($"{call.GetProperty("name").GetString()}: {mismatch}", false, false, 0);
            }
            return record.Raises is null ? Compare(record, tensors) : Refusal(calls[^1], record.Raises);
        }
        catch (PythonCall.NoMember problem)
        {
            return new(problem.Message, true, false, 0);
        }
        catch (Exception problem)
        {
            return new($"{problem.GetType().Name}: {problem.Message.Split('\n')[0]}", false, false, 0);
        }

        object? Invoke(JsonElement call) => PythonCall.Plain(PythonCall.Invoke(
            call.GetProperty("name").GetString()!,
            [.. call.GetProperty("args").EnumerateArray().Select(a => OpRecord.Value(a, Lookup))],
            call.GetProperty("kwargs").EnumerateObject().ToDictionary(k => k.Name, k => OpRecord.Value(k.Value, Lookup))));

        static bool IsGiven(JsonElement call) =>
            call.GetProperty("kwargs").TryGetProperty("out", out _) || call.GetProperty("name").GetString()!.EndsWith('_');

        Outcome Refusal(JsonElement call, string python)
        {
            try
            {
                Invoke(call);
            }
            catch (Exception problem) when (problem is TorchException or ArgumentException or InvalidOperationException or NotSupportedException)
            {
                return new(null, false, true, 0, Refused: true);
            }
            return new($"is done, Python says {python}", false, false, 0);
        }
    }

    // Gives the results the numbers that Python's have.
    private static string? Take(object? result, JsonElement plan, Dictionary<int, Tensor> tensors, bool given)
    {
        if (plan.ValueKind != JsonValueKind.Object)
            return null;
        var entry = plan.EnumerateObject().First();
        switch (entry.Name)
        {
            case "t":
                if (result is object?[] parts && parts.Count(p => p is not null) == 1)
                    result = parts.First(p => p is not null);
                if (result is not Tensor tensor)
                    return $"a {result?.GetType().Name ?? "null"} where Python has a tensor";
                // What was changed in place, or was given as out, comes back itself, and is looked at itself.
                if (given && tensors.TryGetValue(entry.Value.GetInt32(), out var known) && !ReferenceEquals(known, tensor))
                    return "a new object where Python returns one that it was given";
                tensors[entry.Value.GetInt32()] = tensor;
                return null;
            case "l":
                var expected = entry.Value.EnumerateArray().ToArray();
                if (expected.All(e => e.ValueKind != JsonValueKind.Object))
                    return null;
                if (result is Tensor single && expected.Length == 1)
                    return Take(single, expected[0], tensors, given);
                // What was not asked for is null in C# and missing in Python.
                if (result is object?[] some && some.Length > expected.Length)
                    result = Array.FindAll(some, p => p is not null);
                if (result is not object?[] list || list.Length < expected.Length)
                    return $"{(result as object?[])?.Length.ToString() ?? result?.GetType().Name} results, Python has {expected.Length}";
                for (var i = 0; i < expected.Length; i++)
                {
                    if (Take(list[i], expected[i], tensors, given) is { } mismatch)
                        return mismatch;
                }
                return null;
            default:
                return null;
        }
    }

    private static Outcome Compare(OpRecord record, Dictionary<int, Tensor> tensors)
    {
        var exact = true;
        // Elements that an operator leaves as they were in memory are nobody's result.
        var values = !record.Entry.Contains("empty");
        foreach (var output in record.Json.GetProperty("outputs").EnumerateObject())
        {
            var problem = record.Compare(tensors[int.Parse(output.Name)], output.Value, values, out var within);
            if (problem is not null && !within)
                return new($"output {output.Name}: {problem}", false, false, 0);
            exact &= problem is null;
        }
        var roots = record.Json.GetProperty("grad_outputs").EnumerateObject().ToArray();
        if (roots.Length == 0)
            return new(null, false, exact, 0);
        var targets = record.Json.GetProperty("grads").EnumerateObject().ToArray();
        var gradients = AutogradEngine.Grad(
            Array.ConvertAll(roots, r => tensors[int.Parse(r.Name)]), Array.ConvertAll(targets, t => tensors[int.Parse(t.Name)]),
            Array.ConvertAll(roots, r => record.Build(r.Value)), retainGraph: null, createGraph: false, allowUnused: true);
        for (var i = 0; i < targets.Length; i++)
        {
            if (targets[i].Value.ValueKind == JsonValueKind.Null)
            {
                if (gradients[i] is not null)
                    return new($"gradient of {targets[i].Name}: there is one, Python has none", false, false, i);
                continue;
            }
            if (gradients[i] is not { } gradient)
                return new($"gradient of {targets[i].Name}: none, Python has one", false, false, i);
            var problem = record.Compare(gradient, targets[i].Value, values, out var within);
            if (problem is not null && !within)
                return new($"gradient of {targets[i].Name}: {problem}", false, false, i);
            exact &= problem is null;
        }
        return new(null, false, exact, targets.Length);
    }
}
