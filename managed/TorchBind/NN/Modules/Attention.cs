namespace TorchBind.NN;

/// <summary>
/// Attention with several heads. Shape: query (L, N, E), key (S, N, kdim), value (S, N, vdim); with batchFirst (N, L, E) and so on; also
/// without N. Mirrors <c>nn.MultiheadAttention</c>.
/// </summary>
public partial class MultiheadAttention : Module
{
    /// <summary>Makes the module; input projections by Glorot, biases 0.</summary>
    /// <param name="embedDim">The size of a query, E.</param>
    /// <param name="numHeads">The number of heads; it divides E.</param>
    /// <param name="dropout">The probability of dropout of the weights. Default: 0.</param>
    /// <param name="bias">Whether projections have biases. Default: true.</param>
    /// <param name="addBiasKv">Whether a learned key and value are added. Default: false.</param>
    /// <param name="addZeroAttn">Whether a key and value of zeros are added. Default: false.</param>
    /// <param name="kdim">The size of a key. Default: E.</param>
    /// <param name="vdim">The size of a value. Default: E.</param>
    /// <param name="batchFirst">Whether the batch is the first dimension. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">A number is not positive, or the heads do not divide E.</exception>
    public MultiheadAttention(
        long embedDim, long numHeads, double dropout = 0.0, bool bias = true, bool addBiasKv = false, bool addZeroAttn = false, long? kdim = null,
        long? vdim = null, bool batchFirst = false, Device? device = null, DType? dtype = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(embedDim);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numHeads);
        if (embedDim % numHeads != 0)
            throw new ArgumentException($"embedDim ({embedDim}) must be divisible by numHeads ({numHeads}).", nameof(numHeads));
        EmbedDim = embedDim;
        NumHeads = numHeads;
        Dropout = dropout;
        AddZeroAttn = addZeroAttn;
        KDim = kdim ?? embedDim;
        VDim = vdim ?? embedDim;
        BatchFirst = batchFirst;
        if (HasOneSize)
        {
            InProjWeight = Parameter.Empty((3 * embedDim, embedDim), device, dtype);
        }
        else
        {
            QProjWeight = Parameter.Empty((embedDim, embedDim), device, dtype);
            KProjWeight = Parameter.Empty((embedDim, KDim), device, dtype);
            VProjWeight = Parameter.Empty((embedDim, VDim), device, dtype);
        }
        if (bias)
            InProjBias = Parameter.Empty(3 * embedDim, device, dtype);
        OutProj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, bias, device, dtype);
        if (addBiasKv)
        {
            BiasK = Parameter.Empty((1, 1, embedDim), device, dtype);
            BiasV = Parameter.Empty((1, 1, embedDim), device, dtype);
        }
        ResetParameters();
    }

    /// <summary>The size of a query.</summary>
    public long EmbedDim { get; }

    /// <summary>The number of heads.</summary>
    public long NumHeads { get; }

    /// <summary>The probability of dropout of the weights.</summary>
    public double Dropout { get; set; }

    /// <summary>Whether a key and value of zeros are added.</summary>
    public bool AddZeroAttn { get; }

    /// <summary>The size of a key.</summary>
    public long KDim { get; }

    /// <summary>The size of a value.</summary>
    public long VDim { get; }

    /// <summary>Whether the batch is the first dimension.</summary>
    public bool BatchFirst { get; }

    internal bool HasOneSize => KDim == EmbedDim && VDim == EmbedDim;

    /// <summary>(E, E), where key or value have another size, otherwise null.</summary>
    public Parameter? QProjWeight { get => Effective(field); set; }

    /// <summary>(E, kdim), where key or value have another size, otherwise null.</summary>
    public Parameter? KProjWeight { get => Effective(field); set; }

    /// <summary>(E, vdim), where key or value have another size, otherwise null.</summary>
    public Parameter? VProjWeight { get => Effective(field); set; }

    /// <summary>(3 E, E): the three projections, or null.</summary>
    public Parameter? InProjWeight { get => Effective(field); set; }

    /// <summary>(3 E), or null.</summary>
    public Parameter? InProjBias { get => Effective(field); set; }

    /// <summary>(1, 1, E): the key that is added, or null.</summary>
    public Parameter? BiasK { get => Effective(field); set; }

    /// <summary>(1, 1, E): the value that is added, or null.</summary>
    public Parameter? BiasV { get => Effective(field); set; }

    /// <summary>The projection of the output.</summary>
    public Linear OutProj { get; set; }

    /// <summary>Draws the projections anew.</summary>
    public void ResetParameters()
    {
        if (InProjWeight is { } all)
        {
            Init.XavierUniform_(all);
        }
        else
        {
            Init.XavierUniform_(QProjWeight!);
            Init.XavierUniform_(KProjWeight!);
            Init.XavierUniform_(VProjWeight!);
        }
        if (InProjBias is { } bias)
        {
            Init.Constant_(bias, 0.0);
            Init.Constant_(OutProj.Bias!, 0.0);
        }
        if (BiasK is { } k)
            Init.XavierNormal_(k);
        if (BiasV is { } v)
            Init.XavierNormal_(v);
    }

    private sealed record Options(Tensor? KeyPaddingMask, bool NeedWeights, Tensor? AttnMask, bool AverageAttnWeights, bool IsCausal);

    /// <summary>Runs the module with its hooks, which see query, key and value.</summary>
    /// <param name="query">The queries.</param>
    /// <param name="key">The keys.</param>
    /// <param name="value">The values.</param>
    /// <param name="keyPaddingMask">(N, S): true, or minus infinity, where a key does not count. Default: none.</param>
    /// <param name="needWeights">Whether the weights are given back; without them it is faster. Default: true.</param>
    /// <param name="attnMask">(L, S) or (N heads, L, S): true where a key does not count, or added. Default: none.</param>
    /// <param name="averageAttnWeights">Whether the weights are averaged over the heads. Default: true.</param>
    /// <param name="isCausal">A hint that the attention mask is the causal one. Default: false.</param>
    /// <returns>The output, of the query's shape, and the weights, (N, L, S) or (N, heads, L, S), where they are wanted.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit together.</exception>
    public (Tensor Output, Tensor? Weights) Call(
        Tensor query, Tensor key, Tensor value, Tensor? keyPaddingMask = null, bool needWeights = true, Tensor? attnMask = null,
        bool averageAttnWeights = true, bool isCausal = false)
    {
        var options = new Options(keyPaddingMask, needWeights, attnMask, averageAttnWeights, isCausal);
        return HasCallHooks
            ? ((Tensor, Tensor?))CallForward([query, key, value], x => Forward((Tensor)x[0]!, (Tensor)x[1]!, (Tensor)x[2]!, options))!
            : Forward(query, key, value, options);
    }

    private (Tensor, Tensor?) Forward(Tensor query, Tensor key, Tensor value, Options o)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        var floating = o.AttnMask?.DType.IsFloatingPoint() == true || o.KeyPaddingMask?.DType.IsFloatingPoint() == true;
        var batched = query.NDim == 3;
        var keyPaddingMask = Functional.CanonicalMask(o.KeyPaddingMask, "keyPaddingMask", query.DType);
        var attnMask = Functional.CanonicalMask(o.AttnMask, "attnMask", query.DType);
        var (inWeight, inBias) = (InProjWeight, InProjBias);
        if (!floating && !Training && batched && ReferenceEquals(query, key) && ReferenceEquals(key, value) && BatchFirst && NumHeads % 2 == 0
            && inWeight is not null && inBias is not null && BiasK is null && BiasV is null && !AddZeroAttn && query.DType == inWeight.DType
            && query.DType == inBias.DType && !(query.IsNested && (keyPaddingMask is not null || attnMask is not null))
            && CanUseNative(query, inWeight, inBias, OutProj.Weight, OutProj.Bias))
        {
            var (mask, kind) = MergeMasks(attnMask, keyPaddingMask, query);
            var (fast, fastWeights) = Torch.Aten._NativeMultiHeadAttention(
                query, key, value, EmbedDim, NumHeads, inWeight, inBias, OutProj.Weight, OutProj.Bias!, mask, o.NeedWeights, o.AverageAttnWeights, kind);
            return (fast, o.NeedWeights ? fastWeights : null);
        }
        if (BatchFirst && batched)
        {
            var (q, k, v) = (query, key, value);
            query = q.Transpose(1, 0);
            key = ReferenceEquals(q, k) && ReferenceEquals(k, v) ? query : k.Transpose(1, 0);
            value = ReferenceEquals(k, v) ? key : v.Transpose(1, 0);
        }
        var (output, weights) = Functional.MultiHeadAttentionForward(
            query, key, value, EmbedDim, NumHeads, inWeight, inBias, BiasK, BiasV, AddZeroAttn, Dropout, OutProj.Weight, OutProj.Bias, Training,
            keyPaddingMask, o.NeedWeights, attnMask, !HasOneSize, QProjWeight, KProjWeight, VProjWeight, averageAttnWeights: o.AverageAttnWeights,
            isCausal: o.IsCausal);
        return (BatchFirst && batched ? output.Transpose(1, 0) : output, weights);
    }

    /// <summary>Whether the kernels for inference may run: on processor or CUDA, and nothing to record.</summary>
    internal static bool CanUseNative(params ReadOnlySpan<Tensor?> tensors)
    {
        var recording = Torch.IsGradEnabled();
        foreach (var tensor in tensors)
        {
            if (tensor is null)
                continue;
            if (tensor.Device.Type is not (DeviceType.Cpu or DeviceType.Cuda or DeviceType.PrivateUse1) || (recording && tensor.RequiresGrad))
                return false;
        }
        return true;
    }

    /// <summary>Both masks as one, with the number of its kind. Mirrors <c>merge_masks</c>.</summary>
    internal (Tensor? Mask, long? Kind) MergeMasks(Tensor? attnMask, Tensor? keyPaddingMask, Tensor query)
    {
        if (attnMask is null)
            return keyPaddingMask is null ? (null, null) : (keyPaddingMask, 1);
        var batch = query.Size(0);
        var length = query.Size(1);
        var mask = attnMask.NDim == 3
            ? attnMask.View(batch, -1, length, length)
            : attnMask.View(1, 1, length, length).Expand(batch, NumHeads, -1, -1);
        if (keyPaddingMask is not null)
            mask = mask + keyPaddingMask.View(batch, 1, 1, length).Expand(-1, NumHeads, -1, -1);
        return (mask, 2);
    }
}

/// <summary>A <see cref="Linear"/> under the name that Python prints for the output projection of attention.</summary>
internal sealed partial class NonDynamicallyQuantizableLinear(long inFeatures, long outFeatures, bool bias, Device? device, DType? dtype)
    : Linear(inFeatures, outFeatures, bias, device, dtype);
