using TorchBind.Autograd;
using TorchBind.Interop;
using TorchBind.Utils.Hooks;

namespace TorchBind;

public partial class Tensor
{
    /// <summary>
    /// Calls <paramref name="hook"/> whenever a gradient of this tensor was computed. What it returns replaces the gradient; null keeps it. The
    /// argument is null where no gradient came. Hooks run in the order of registration, before those of <see cref="RetainGrad"/>; one that was
    /// registered before the tensor is changed in place sees the gradient of the value from before. Mirrors <c>Tensor.register_hook</c>.
    /// </summary>
    /// <param name="hook">Gets the gradient, of the tensor's shape, and gives another one of that shape, or null.</param>
    /// <returns>Takes the hook away when it is disposed.</returns>
    /// <exception cref="TorchException">The tensor requires no gradient.</exception>
    /// <exception cref="ArgumentNullException">The hook is null.</exception>
    public RemovableHandle RegisterHook(Func<Tensor, Tensor?> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, hook);
    }

    /// <inheritdoc cref="RegisterHook(Func{Tensor, Tensor})"/>
    public RemovableHandle RegisterHook(Action<Tensor> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.Register(this, grad =>
        {
            hook(grad);
            return null;
        });
    }

    /// <summary>
    /// Calls <paramref name="hook"/> with this tensor after a gradient was added to its <see cref="Grad"/>. For leaves only; there may be several.
    /// Mirrors <c>Tensor.register_post_accumulate_grad_hook</c>.
    /// </summary>
    /// <param name="hook">Gets this tensor.</param>
    /// <returns>Takes the hook away when it is disposed.</returns>
    /// <exception cref="TorchException">The tensor is no leaf, or requires no gradient.</exception>
    /// <exception cref="ArgumentNullException">The hook is null.</exception>
    public RemovableHandle RegisterPostAccumulateGradHook(Action<Tensor> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return HookCallbacks.RegisterPostAccumulate(this, hook);
    }

    /// <summary>
    /// Lets this object stand for what another handle owns, and gives out the one it had; null is that of a disposed tensor. Calls under way
    /// finish on what they hold.
    /// </summary>
    internal TensorHandle? ExchangeHandle(TensorHandle? other) => Interlocked.Exchange(ref _handle, other);
}
