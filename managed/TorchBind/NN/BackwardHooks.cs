using System.Runtime.CompilerServices;
using TorchBind.Autograd;
using TorchBind.Utils;

namespace TorchBind.NN;

/// <summary>
/// The backward hooks of one call of a module. The inputs pass through a node of the graph on the way in, and the outputs through another on
/// the way out: the hooks hang on these two.
/// </summary>
internal sealed class BackwardHooks(Module module, FullBackwardHook[] hooks, FullBackwardPreHook[] preHooks)
{
    private Tensor[]? _gradOutputs;
    private int[]? _inputTensors;
    private int _inputCount;

    /// <summary>The inputs that the module computes with.</summary>
    internal object?[] SetupInputs(object?[] inputs)
    {
        _inputCount = inputs.Length;
        var passed = (object?[])inputs.Clone();
        _inputTensors = Pass(passed, node => node.RegisterHook((gradInputs, _) => OnInputs(gradInputs)));
        return passed;
    }

    /// <summary>The output that the caller gets.</summary>
    internal object? SetupOutput(object? output)
    {
        switch (output)
        {
            case Tensor:
                var one = new object?[] { output };
                SetupOutputs(one);
                return one[0];
            case Tensor[] tensors:
                var several = Array.ConvertAll(tensors, object? (tensor) => tensor);
                return SetupOutputs(several) ? Array.ConvertAll(several, value => (Tensor)value!) : output;
            case ITuple tuple:
                var items = new object?[tuple.Length];
                for (var i = 0; i < items.Length; i++)
                    items[i] = tuple[i];
                return SetupOutputs(items) ? new TupleShape(tuple.GetType(), [.. items.Select(_ => LeafShape.Instance)]).Build<object>(items) : output;
            default:
                return output;
        }
    }

    private bool SetupOutputs(object?[] outputs)
    {
        var count = outputs.Length;
        int[]? tensors = null;
        // The tensors' places are known before a pass can begin.
        tensors = Pass(outputs, node => node.RegisterHook((_, gradOutputs) => OnOutputs(gradOutputs, tensors!, count)));
        return tensors is not null;
    }

    /// <summary>Puts views in the place of the tensors, behind a node of their own. The places of the tensors; null when nothing is recorded.</summary>
    private static int[]? Pass(object?[] values, Action<Node> hang)
    {
        var places = new List<int>();
        var requiresGrad = false;
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is not Tensor tensor)
                continue;
            places.Add(i);
            requiresGrad |= tensor.RequiresGrad;
        }
        if (!requiresGrad || !Torch.IsGradEnabled())
            return null;
        var passed = BackwardHookFunction.Apply([.. places.Select(place => (Tensor)values[place]!)]);
        hang(Array.Find(passed, static tensor => tensor.RequiresGrad)!.GradFn!);
        for (var i = 0; i < passed.Length; i++)
            values[places[i]] = passed[i];
        return [.. places];
    }

    private Tensor?[]? OnInputs(Tensor[] gradInputs)
    {
        // A gradient that came to the inputs past the outputs, as in a double backward.
        if (_gradOutputs is null)
            return null;
        Tensor?[] result = Spread(gradInputs, _inputTensors!, _inputCount);
        foreach (var hook in hooks)
        {
            if (hook(module, result!, _gradOutputs) is not { } given)
                continue;
            if (given.Length != result.Length)
                throw new TorchException($"A backward hook gave {given.Length} gradients for {result.Length} inputs of the module.");
            result = given;
        }
        _gradOutputs = null;
        return Gather(result, _inputTensors!);
    }

    private Tensor?[] OnOutputs(Tensor[] gradOutputs, int[] outputTensors, int outputCount)
    {
        Tensor?[] result = Spread(gradOutputs, outputTensors, outputCount);
        foreach (var hook in preHooks)
        {
            if (hook(module, result!) is not { } given)
                continue;
            if (given.Length != outputCount)
                throw new TorchException($"A hook before the backward gave {given.Length} gradients for {outputCount} outputs of the module.");
            result = given;
        }
        _gradOutputs = result!;
        // Nothing will reach the inputs: the hooks run now.
        if (_inputTensors is null)
        {
            var none = new Tensor[_inputCount];
            foreach (var hook in hooks)
            {
                if (hook(module, none, _gradOutputs) is { } given && Array.Exists(given, static value => value is not null))
                {
                    throw new TorchException("No input of the module requires a gradient, so its backward hook must give null, or null for each.");
                }
            }
            _gradOutputs = null;
        }
        return Gather(result, outputTensors);
    }

    private static Tensor[] Spread(Tensor[] values, int[] places, int count)
    {
        var result = new Tensor[count];
        for (var i = 0; i < places.Length; i++)
            result[places[i]] = values[i];
        return result;
    }

    private static Tensor?[] Gather(Tensor?[] values, int[] places) => Array.ConvertAll(places, place => values[place]);

    private sealed class BackwardHookFunction : Function<BackwardHookFunction, Tensor[], Tensor[]>
    {
        protected override Tensor[] Forward(FunctionContext ctx, Tensor[] tensors)
        {
            ctx.MarkNonDifferentiable(Array.FindAll(tensors, static tensor => !tensor.RequiresGrad));
            return tensors;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => gradOutputs;
    }
}
