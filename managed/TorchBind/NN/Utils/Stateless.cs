namespace TorchBind.NN.Utils;

/// <summary>Modules as functions of their parameters. Mirrors <c>torch.nn.utils.stateless</c>.</summary>
public static class Stateless
{
    /// <summary>
    /// Runs a module with other values for some of its parameters and buffers, which are put back afterwards. Gradients flow to the given tensors.
    /// Not for several threads on one module. Mirrors <c>functional_call</c>.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="parametersAndBuffers">Names, such as <c>fc.weight</c>, and tensors.</param>
    /// <param name="call">Calls the module.</param>
    /// <exception cref="KeyNotFoundException">There is no parameter and no buffer of a name.</exception>
    public static TResult FunctionalCall<TModule, TResult>(
        TModule module, IEnumerable<KeyValuePair<string, Tensor>> parametersAndBuffers, Func<TModule, TResult> call) where TModule : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(parametersAndBuffers);
        ArgumentNullException.ThrowIfNull(call);
        var before = new List<(Module Owner, string Key, Tensor Value)>();
        try
        {
            foreach (var (name, tensor) in parametersAndBuffers)
            {
                var dot = name.LastIndexOf('.');
                var owner = module.GetSubmodule(dot < 0 ? "" : name[..dot]);
                var key = name[(dot + 1)..];
                var old = owner.TensorOf(key) ?? throw new KeyNotFoundException($"{owner.GetName()} has no parameter and no buffer '{key}' (looking for '{name}').");
                owner.SetMember(key, old is Parameter ? Parameter.View(tensor) : tensor);
                before.Add((owner, key, old));
            }
            return call(module);
        }
        finally
        {
            for (var i = before.Count - 1; i >= 0; i--)
                before[i].Owner.SetMember(before[i].Key, before[i].Value);
        }
    }

    /// <summary>The same for modules from tensor to tensor. Mirrors <c>functional_call</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="parametersAndBuffers">Names and tensors.</param>
    /// <param name="input">The input.</param>
    public static Tensor FunctionalCall(Module<Tensor, Tensor> module, IEnumerable<KeyValuePair<string, Tensor>> parametersAndBuffers, Tensor input) =>
        FunctionalCall(module, parametersAndBuffers, m => m.Call(input));
}
