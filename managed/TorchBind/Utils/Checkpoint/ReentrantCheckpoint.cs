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
            throw new TorchException("When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter to "
                + ".backward(). To resolve this error, you can either set use_reentrant=False, or call .backward() without passing the `inputs` argument.");
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
            throw new TorchException("none of output has requires_grad=True, this checkpoint() is not necessary");
        Torch.Autograd.Backward([.. differentiable], [.. grads]);
        return [null, null, .. inputs.Select(i => i.Grad)];
    }
}
