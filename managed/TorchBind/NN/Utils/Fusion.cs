namespace TorchBind.NN.Utils;

/// <summary>Batch normalisation folded into the layer before it. Mirrors <c>torch.nn.utils.fusion</c>.</summary>
public static class Fusion
{
    /// <summary>A convolution that computes what convolution and batch normalisation compute in evaluation. Mirrors <c>fuse_conv_bn_eval</c>.</summary>
    /// <param name="conv">The convolution, in evaluation.</param>
    /// <param name="bn">The batch normalisation, in evaluation, with running statistics.</param>
    /// <param name="transpose">Whether the convolution is a transposed one. Default: false.</param>
    /// <exception cref="ArgumentException">One of them is training, or there are no statistics.</exception>
    public static T FuseConvBnEval<T>(T conv, BatchNorm bn, bool transpose = false) where T : ConvNd
    {
        ArgumentNullException.ThrowIfNull(conv);
        ArgumentNullException.ThrowIfNull(bn);
        Check(conv, bn);
        var fused = conv.Clone();
        (fused.Weight, fused.Bias) = FuseConvBnWeights(fused.Weight, fused.Bias, bn.RunningMean!, bn.RunningVar!, bn.Eps, bn.Weight, bn.Bias, transpose);
        return fused;
    }

    /// <summary>Weight and bias of such a convolution. Mirrors <c>fuse_conv_bn_weights</c>.</summary>
    /// <param name="convW">The convolution's weight.</param>
    /// <param name="convB">Its bias, or null.</param>
    /// <param name="bnRm">The running mean.</param>
    /// <param name="bnRv">The running variance.</param>
    /// <param name="bnEps">Added to the variance.</param>
    /// <param name="bnW">The normalisation's weight, or null.</param>
    /// <param name="bnB">Its bias, or null.</param>
    /// <param name="transpose">Whether the convolution is a transposed one. Default: false.</param>
    public static (Parameter Weight, Parameter Bias) FuseConvBnWeights(
        Tensor convW, Tensor? convB, Tensor bnRm, Tensor bnRv, double bnEps, Tensor? bnW, Tensor? bnB, bool transpose = false)
    {
        ArgumentNullException.ThrowIfNull(convW);
        ArgumentNullException.ThrowIfNull(bnRm);
        ArgumentNullException.ThrowIfNull(bnRv);
        var biasType = convB?.DType ?? convW.DType;
        var trainBias = convB?.RequiresGrad ?? false;
        convB ??= Torch.ZerosLike(bnRm);
        bnW ??= Torch.OnesLike(bnRm);
        bnB ??= Torch.ZerosLike(bnRm);
        var rsqrt = Torch.Rsqrt(bnRv + bnEps);
        var shape = new long[convW.NDim];
        Array.Fill(shape, 1);
        shape[transpose ? 1 : 0] = -1;
        var weight = (convW * (bnW * rsqrt).Reshape(shape)).To(convW.DType);
        var bias = (((convB - bnRm) * rsqrt * bnW) + bnB).To(biasType);
        return (new Parameter(weight, convW.RequiresGrad), new Parameter(bias, trainBias));
    }

    /// <summary>A linear layer that computes what it and batch normalisation compute in evaluation. Mirrors <c>fuse_linear_bn_eval</c>.</summary>
    /// <param name="linear">The layer, in evaluation.</param>
    /// <param name="bn">The batch normalisation, in evaluation, with running statistics.</param>
    /// <exception cref="ArgumentException">One of them is training, there are no statistics, or the sizes do not fit.</exception>
    public static T FuseLinearBnEval<T>(T linear, BatchNorm bn) where T : Linear
    {
        ArgumentNullException.ThrowIfNull(linear);
        ArgumentNullException.ThrowIfNull(bn);
        Check(linear, bn);
        if (linear.OutFeatures != bn.NumFeatures && bn.NumFeatures != 1)
            throw new ArgumentException($"The layer has {linear.OutFeatures} outputs, the normalisation {bn.NumFeatures} channels; they must agree.", nameof(bn));
        var fused = linear.Clone();
        (fused.Weight, fused.Bias) = FuseLinearBnWeights(fused.Weight, fused.Bias, bn.RunningMean!, bn.RunningVar!, bn.Eps, bn.Weight!, bn.Bias!);
        return fused;
    }

    /// <summary>Weight and bias of such a layer. Mirrors <c>fuse_linear_bn_weights</c>.</summary>
    /// <param name="linearW">The layer's weight.</param>
    /// <param name="linearB">Its bias, or null.</param>
    /// <param name="bnRm">The running mean.</param>
    /// <param name="bnRv">The running variance.</param>
    /// <param name="bnEps">Added to the variance.</param>
    /// <param name="bnW">The normalisation's weight.</param>
    /// <param name="bnB">Its bias.</param>
    public static (Parameter Weight, Parameter Bias) FuseLinearBnWeights(
        Tensor linearW, Tensor? linearB, Tensor bnRm, Tensor bnRv, double bnEps, Tensor bnW, Tensor bnB)
    {
        ArgumentNullException.ThrowIfNull(linearW);
        ArgumentNullException.ThrowIfNull(bnRm);
        ArgumentNullException.ThrowIfNull(bnRv);
        ArgumentNullException.ThrowIfNull(bnW);
        ArgumentNullException.ThrowIfNull(bnB);
        var biasType = linearB?.DType ?? linearW.DType;
        var trainBias = linearB?.RequiresGrad ?? false;
        linearB ??= Torch.ZerosLike(bnRm);
        var scale = bnW * Torch.Rsqrt(bnRv + bnEps);
        var weight = linearW * scale.Unsqueeze(-1).To(linearW.DType);
        var bias = (((linearB - bnRm) * scale) + bnB).To(biasType);
        return (new Parameter(weight, linearW.RequiresGrad), new Parameter(bias, trainBias));
    }

    private static void Check(Module layer, BatchNorm bn)
    {
        if (layer.Training || bn.Training)
            throw new ArgumentException("Fusion is for evaluation: call Eval first.", nameof(layer));
        if (bn.RunningMean is null || bn.RunningVar is null)
            throw new ArgumentException("The batch normalisation has no running statistics.", nameof(bn));
    }
}
