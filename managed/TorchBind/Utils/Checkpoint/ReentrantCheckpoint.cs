using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind.Utils.Checkpoint;

/// <summary>A checkpointed run whose backward repeats it and runs a pass of its own inside of the pass.</summary>
internal sealed class ReentrantCheckpoint : Function<ReentrantCheckpoint, Func<Tensor[], object?[]>, bool, Tensor[], object?[]>
{
    private Func<Tensor[], object?[]> _function = null!;
    private AmbientState _ambient = null!;

    protected override string NodeName => "CheckpointFunctionBackward";

    protected override object?[] Forward(FunctionContext ctx, Func<Tensor[], object?[]> function, bool preserveRngState, Tensor[] inputs)
    {
        _function = function;
        _ambient = new AmbientState(inputs, preserveRngState);
        ctx.SaveForBackward(inputs);
        return function(inputs);
    }

    protected override unsafe Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
    {
        byte valid;
        NativeError.Check(NativeMethods.tb_autograd_is_checkpoint_valid(&valid));
        if (valid == 0)
        {
            throw new TorchException("With useReentrant a checkpoint works in Backward without inputs only, not in Grad: set useReentrant to false, or call Backward on all.");
        }
        var inputs = Array.ConvertAll(ctx.SavedTensors, saved => saved.Detach().RequiresGrad_(saved.RequiresGrad));
        object?[] outputs = [];
        _ambient.Run(() =>
        {
            using (Torch.EnableGrad())
                outputs = _function(inputs);
        });
        var differentiable = new List<Tensor>();
        var grads = new List<Tensor?>();
        for (var i = 0; i < outputs.Length; i++)
        {
            if (outputs[i] is not Tensor { RequiresGrad: true } output)
                continue;
            differentiable.Add(output);
            grads.Add(gradOutputs[i]);
        }
        if (differentiable.Count == 0)
            throw new TorchException("No output of the checkpointed function requires a gradient, so the checkpoint is of no use.");
        Torch.Autograd.Backward([.. differentiable], [.. grads]);
        return [null, null, .. inputs.Select(i => i.Grad)];
    }
}
