using TorchBind.Interop;

namespace TorchBind.Autograd.Transforms;

/// <summary>
/// Until disposed, tensor objects of a module stand for other native tensors. Fields and their types stay as they are: what changes is what the
/// objects point to.
/// </summary>
internal sealed class ReplacedTensors : IDisposable
{
    private readonly List<(Tensor Own, Tensor Given, TensorHandle? Handle)> _replaced = [];

    internal ReplacedTensors(NN.Module module, IReadOnlyDictionary<string, Tensor> given, bool tieWeights, bool strict)
    {
        var own = new Dictionary<string, Tensor>();
        foreach (var (name, parameter) in module.NamedParameters(removeDuplicate: false))
            own[name] = parameter;
        foreach (var (name, buffer) in module.NamedBuffers(removeDuplicate: false))
            own[name] = buffer;

        if (strict)
        {
            var unexpected = given.Keys.Where(name => !own.ContainsKey(name)).Order(StringComparer.Ordinal).ToList();
            var tied = tieWeights ? given.Keys.Where(own.ContainsKey).Select(name => own[name]).ToHashSet() : [];
            var missing = own.Keys.Where(name => !given.ContainsKey(name) && !tied.Contains(own[name])).Order(StringComparer.Ordinal).ToList();
            if (unexpected.Count != 0 || missing.Count != 0)
            {
                var messages = new List<string>();
                if (unexpected.Count != 0)
                    messages.Add($"nothing there has the names {string.Join(", ", unexpected)}");
                if (missing.Count != 0)
                    messages.Add($"not given: {string.Join(", ", missing)}");
                throw new TorchException($"The tensors do not fit this {module.GetType().Name}:\n\t{string.Join("\n\t", messages)}");
            }
        }

        try
        {
            var seen = new Dictionary<Tensor, (string Name, Tensor Value)>();
            foreach (var (name, value) in given)
            {
                ArgumentNullException.ThrowIfNull(value, name);
                if (!own.TryGetValue(name, out var target))
                    continue;
                if (seen.TryGetValue(target, out var before))
                {
                    if (!ReferenceEquals(before.Value, value))
                        throw new ArgumentException($"{before.Name} and {name} are one tensor, and two values were given: give one, or set tieWeights to false.");
                    continue;
                }
                seen[target] = (name, value);
                using var borrow = new Borrow(value, name);
                var thread = PerThread.Current;
                var handle = TensorHandle.Take(NativeMethods.tb_tensor_retain(borrow.Handle), thread);
                thread.Made++;
                _replaced.Add((target, value, target.ExchangeHandle(handle)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A module's own tensor object, on its way out, as the tensor that it stands for.</summary>
    internal Tensor Outside(Tensor tensor)
    {
        foreach (var (own, given, _) in _replaced)
        {
            if (ReferenceEquals(own, tensor))
                return given;
        }
        return tensor;
    }

    public void Dispose()
    {
        for (var i = _replaced.Count - 1; i >= 0; i--)
        {
            var (own, _, handle) = _replaced[i];
            own.ExchangeHandle(handle)?.Disown();
        }
        _replaced.Clear();
    }
}
