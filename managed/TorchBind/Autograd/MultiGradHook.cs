using TorchBind.Interop;
using TorchBind.Utils.Hooks;

namespace TorchBind.Autograd;

/// <summary>One hook over the gradients of several tensors.</summary>
internal static class MultiGradHook
{
    internal static RemovableHandle RegisterAll(ReadOnlySpan<Tensor> tensors, Action<Tensor[]> fn)
    {
        var nodes = new Node[tensors.Length];
        for (var i = 0; i < nodes.Length; i++)
            nodes[i] = Torch.Autograd.Graph.GetGradientEdge(tensors[i]).Node!;
        var gate = new Lock();
        var passes = new Dictionary<long, Pass>();
        var handles = new RemovableHandle[tensors.Length];
        for (var i = 0; i < handles.Length; i++)
        {
            var index = i;
            handles[i] = tensors[i].RegisterHook(grad =>
            {
                var task = NativeMethods.tb_autograd_current_task();
                Pass? complete = null;
                lock (gate)
                {
                    if (!passes.TryGetValue(task, out var pass))
                        passes[task] = pass = new Pass(new Tensor[nodes.Length], nodes.Count(WillRun));
                    pass.Grads[index] = grad;
                    if (++pass.Seen == pass.Expected)
                    {
                        passes.Remove(task);
                        complete = pass;
                    }
                }
                if (complete is not null)
                    fn(complete.Grads);
            });
        }
        return All(handles);
    }

    internal static RemovableHandle RegisterAny(ReadOnlySpan<Tensor> tensors, Action<Tensor> fn)
    {
        var gate = new Lock();
        var ran = new HashSet<long>();
        var handles = new List<RemovableHandle>();
        foreach (var tensor in tensors)
        {
            ArgumentNullException.ThrowIfNull(tensor, nameof(tensors));
            if (!tensor.RequiresGrad)
                continue;
            handles.Add(tensor.RegisterHook(grad =>
            {
                lock (gate)
                {
                    if (!ran.Add(NativeMethods.tb_autograd_current_task()))
                        return;
                }
                fn(grad);
            }));
        }
        return All([.. handles]);
    }

    private static RemovableHandle All(RemovableHandle[] handles) => new(() =>
    {
        foreach (var handle in handles)
            handle.Remove();
    });

    private static unsafe bool WillRun(Node node)
    {
        using var self = new HandleBorrow(node);
        byte result;
        NativeError.Check(NativeMethods.tb_autograd_will_execute(self.Handle, &result));
        return result != 0;
    }

    private sealed class Pass(Tensor[] grads, int expected)
    {
        internal readonly Tensor[] Grads = grads;
        internal readonly int Expected = expected;
        internal int Seen;
    }
}
