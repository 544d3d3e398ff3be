namespace TorchBind.NN.Utils;

/// <summary>Bounds for gradients. Mirrors <c>torch.nn.utils.clip_grad</c>.</summary>
public static class ClipGrad
{
    /// <summary>
    /// Scales the gradients of parameters so that their norm, all taken as one vector, is at most a bound. Mirrors <c>clip_grad_norm_</c>.
    /// </summary>
    /// <param name="parameters">The parameters; those without gradient do not count.</param>
    /// <param name="maxNorm">The bound.</param>
    /// <param name="normType">The power of the norm; infinity: the largest element. Default: 2.</param>
    /// <param name="errorIfNonfinite">Whether a norm that is not finite is an error. Default: false.</param>
    /// <returns>The norm before.</returns>
    /// <exception cref="TorchException">The norm is not finite, and that is an error.</exception>
    public static Tensor ClipGradNorm_(IEnumerable<Tensor> parameters, double maxNorm, double normType = 2.0, bool errorIfNonfinite = false)
    {
        var grads = Grads(parameters);
        var norm = GetTotalNorm(grads, normType, errorIfNonfinite);
        Scale(grads, maxNorm, norm);
        return norm;
    }

    /// <summary>Scales the gradients of parameters whose norm is known. Mirrors <c>clip_grads_with_norm_</c>.</summary>
    /// <param name="parameters">The parameters; those without gradient do not count.</param>
    /// <param name="maxNorm">The bound.</param>
    /// <param name="totalNorm">The norm, from <see cref="GetTotalNorm"/>.</param>
    public static void ClipGradsWithNorm_(IEnumerable<Tensor> parameters, double maxNorm, Tensor totalNorm) =>
        Scale(Grads(parameters), maxNorm, totalNorm);

    /// <summary>The norm of tensors, all taken as one vector. Mirrors <c>get_total_norm</c>.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="normType">The power of the norm. Default: 2.</param>
    /// <param name="errorIfNonfinite">Whether a norm that is not finite is an error. Default: false.</param>
    /// <exception cref="TorchException">The norm is not finite, and that is an error.</exception>
    public static Tensor GetTotalNorm(IEnumerable<Tensor> tensors, double normType = 2.0, bool errorIfNonfinite = false)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var _ = Torch.NoGrad();
        Tensor[] all = [.. tensors];
        if (all.Length == 0)
            return Torch.Tensor(0.0);
        var device = all[0].Device;
        var norms = new List<Tensor>();
        foreach (var group in Grouped(all))
            norms.AddRange(HasForeach(group) ? Torch.Aten._ForeachNorm(group, normType) : Array.ConvertAll(group, g => Torch.Linalg.VectorNorm(g, normType)));
        var total = Torch.Linalg.VectorNorm(Torch.Stack([.. norms.Select(n => n.Device == device ? n : n.To(device: device))]), normType);
        if (errorIfNonfinite && !double.IsFinite(total.Item<double>()))
        {
            throw new TorchException($"The gradients have infinite or NaN entries: their norm of order {ReprText.Of(normType)} is {ReprText.Of(total.Item<double>())}. "
                + "Without errorIfNonfinite they would be scaled by it all the same.");
        }
        return total;
    }

    /// <summary>Cuts off the elements of gradients at a bound, both ways. Mirrors <c>clip_grad_value_</c>.</summary>
    /// <param name="parameters">The parameters; those without gradient do not count.</param>
    /// <param name="clipValue">The bound.</param>
    public static void ClipGradValue_(IEnumerable<Tensor> parameters, double clipValue)
    {
        using var _ = Torch.NoGrad();
        foreach (var grad in Grads(parameters))
            grad.Clamp_(min: -clipValue, max: clipValue);
    }

    private static void Scale(Tensor[] grads, double maxNorm, Tensor totalNorm)
    {
        ArgumentNullException.ThrowIfNull(totalNorm);
        using var _ = Torch.NoGrad();
        if (grads.Length == 0)
            return;
        var factor = Torch.Clamp(maxNorm / (totalNorm + 1e-6), max: 1.0);
        foreach (var group in Grouped(grads))
        {
            var here = factor.Device == group[0].Device ? factor : factor.To(device: group[0].Device);
            if (HasForeach(group))
            {
                Torch.Aten._ForeachMul_(group, here);
                continue;
            }
            foreach (var grad in group)
                grad.Mul_(here);
        }
    }

    private static Tensor[] Grads(IEnumerable<Tensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return [.. parameters.Select(static p => p.Grad).OfType<Tensor>()];
    }

    private static IEnumerable<Tensor[]> Grouped(Tensor[] tensors) => tensors.GroupBy(static t => (t.Device, t.DType)).Select(static g => g.ToArray());

    // As Python decides without being told: on devices that have such kernels.
    private static bool HasForeach(Tensor[] group) => group[0].Device.Type is DeviceType.Cuda or DeviceType.Xpu && group[0].Layout == Layout.Strided;
}
