using TorchBind.Autograd.Transforms;
using TorchBind.Utils;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>
    /// Functions that make functions: of batches, of gradients. They can be composed in any order. Mirrors Python's <c>torch.func</c>. Where a
    /// value holds tensors (arrays, lists, tuples, dictionaries by name), all of them take part.
    /// </summary>
    public static partial class Func
    {
        /// <summary>
        /// Computes with other tensors in the place of a module's parameters and buffers. Nothing of the module is changed after; while it runs, no
        /// other thread may use the module. Mirrors <c>torch.func.functional_call</c>.
        /// </summary>
        /// <typeparam name="TResult">The type of the result.</typeparam>
        /// <param name="module">The module.</param>
        /// <param name="parametersAndBuffers">The tensors by name, e.g. <c>layer1.weight</c>; the module's own stay where a name is left out.</param>
        /// <param name="call">What is computed, e.g. <c>() =&gt; module.Call(x)</c>.</param>
        /// <param name="tieWeights">Whether a tensor given for one name of a shared parameter counts for its other names. Default: true.</param>
        /// <param name="strict">Whether every parameter and buffer must be given, and nothing else; otherwise other names are ignored. Default: false.</param>
        /// <returns>What <paramref name="call"/> gives.</returns>
        /// <exception cref="TorchException">When <paramref name="strict"/>: a name is not the module's, or one is missing.</exception>
        /// <exception cref="ArgumentException">Two names of one shared parameter are given different tensors.</exception>
        /// <exception cref="ArgumentNullException">An argument is null, or a tensor in <paramref name="parametersAndBuffers"/>.</exception>
        public static TResult FunctionalCall<TResult>(
            NN.Module module, IReadOnlyDictionary<string, Tensor> parametersAndBuffers, Func<TResult> call, bool tieWeights = true, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(module);
            ArgumentNullException.ThrowIfNull(parametersAndBuffers);
            ArgumentNullException.ThrowIfNull(call);
            using var replaced = new ReplacedTensors(module, parametersAndBuffers, tieWeights, strict);
            var result = call();
            // A module that returns one of its own tensors returns the one it was given.
            return Tree.Map(result, replaced.Outside);
        }

        /// <inheritdoc cref="FunctionalCall{TResult}(NN.Module, IReadOnlyDictionary{string, Tensor}, Func{TResult}, bool, bool)"/>
        /// <typeparam name="TOut">The type of the result.</typeparam>
        /// <typeparam name="TIn">The type of the argument.</typeparam>
        /// <param name="module">The module.</param>
        /// <param name="parametersAndBuffers">The tensors by name, e.g. <c>layer1.weight</c>; the module's own stay where a name is left out.</param>
        /// <param name="input">The module's argument.</param>
        /// <param name="tieWeights">Whether a tensor given for one name of a shared parameter counts for its other names. Default: true.</param>
        /// <param name="strict">Whether every parameter and buffer must be given, and nothing else; otherwise other names are ignored. Default: false.</param>
        /// <returns>What the module gives.</returns>
        public static TOut FunctionalCall<TIn, TOut>(
            NN.Module<TIn, TOut> module, IReadOnlyDictionary<string, Tensor> parametersAndBuffers, TIn input, bool tieWeights = true, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(module);
            return FunctionalCall(module, parametersAndBuffers, () => module.Call(input), tieWeights, strict);
        }

        /// <summary>
        /// The parameters and the buffers of modules of one class, stacked by name, for a <see cref="Vmap{T1, TResult}"/> over the modules.
        /// Mirrors <c>torch.func.stack_module_state</c>.
        /// </summary>
        /// <param name="models">The modules, of one class, shapes and mode, at least one.</param>
        /// <returns>For each name the tensors of all modules, stacked along a new first dimension: leaves of their own, which require a gradient where the modules' do.</returns>
        /// <exception cref="TorchException">There is no module; they differ in class, mode, names or shapes; or a parameter requires a gradient in some and none in others.</exception>
        /// <exception cref="ArgumentNullException">A module is null.</exception>
        public static (Dictionary<string, Tensor> Parameters, Dictionary<string, Tensor> Buffers) StackModuleState(params IReadOnlyList<NN.Module> models)
        {
            ArgumentNullException.ThrowIfNull(models);
            foreach (var model in models)
                ArgumentNullException.ThrowIfNull(model, nameof(models));
            if (models.Count == 0)
                throw new TorchException("There is no module to stack.");
            if (models.Any(m => m.Training) && models.Any(m => !m.Training))
                throw new TorchException("Some modules are in training and some are not: call Train or Eval on all.");
            if (models.Any(m => m.GetType() != models[0].GetType()))
                throw new TorchException("Modules that are stacked must have one type.");
            var parameters = new Dictionary<string, Tensor>();
            var buffers = new Dictionary<string, Tensor>();
            var all = models.Select(m => m.NamedParameters().ToDictionary(p => p.Name, p => (Tensor)p.Parameter)).ToList();
            foreach (var name in models[0].NamedParameters().Select(p => p.Name))
                parameters[name] = Stack([.. all.Select(own => Own(own, name))], name);
            all = [.. models.Select(m => m.NamedBuffers().ToDictionary(b => b.Name, b => b.Buffer))];
            foreach (var name in models[0].NamedBuffers().Select(b => b.Name))
                buffers[name] = Stack([.. all.Select(own => Own(own, name))], name);
            return (parameters, buffers);

            static Tensor Own(Dictionary<string, Tensor> own, string name) =>
                own.TryGetValue(name, out var tensor) ? tensor : throw new TorchException($"The first module has {name}, and another one has not.");

            // Leaves of their own: what trains them trains no module.
            static Tensor Stack(Tensor[] tensors, string name)
            {
                var same = tensors.All(t => t.RequiresGrad == tensors[0].RequiresGrad);
                if (!same)
                    throw new TorchException($"{name} requires a gradient in some modules and none in others.");
                return tensors[0].RequiresGrad ? Torch.Stack(tensors).Detach().RequiresGrad_() : Torch.Stack(tensors);
            }
        }
    }
}
