namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Softmax of the products of queries and keys, times the values. Mirrors <c>F.scaled_dot_product_attention</c>.</summary>
    /// <param name="query">(N, ..., L, E), or (L, E); floating-point.</param>
    /// <param name="key">(N, ..., S, E), the query's dtype.</param>
    /// <param name="value">(N, ..., S, Ev), the query's dtype.</param>
    /// <param name="attnMask">Broadcast with (N, ..., L, S): bool, true takes part; or floating-point, added. Not with <paramref name="isCausal"/>. Default: none.</param>
    /// <param name="dropoutP">The probability of dropout, 0 to 1; applied whenever it is positive. Default: 0.</param>
    /// <param name="isCausal">Whether a query sees only keys up to its own place. Default: false.</param>
    /// <param name="scale">The factor of the products. Default: 1/sqrt(E).</param>
    /// <param name="enableGqa">Whether heads (the third dimension from the end) of the query share one of key and value, whose number divides theirs. Default: false.</param>
    /// <returns>(N, ..., L, Ev), the query's dtype.</returns>
    /// <exception cref="TorchException">Shapes or dtypes do not fit, a mask comes with <paramref name="isCausal"/>, the mask holds integers, or the probability is not between 0 and 1.</exception>
    public static Tensor ScaledDotProductAttention(
        Tensor query, Tensor key, Tensor value, Tensor? attnMask = null, double dropoutP = 0.0, bool isCausal = false, double? scale = null,
        bool enableGqa = false) =>
        Torch.Aten.ScaledDotProductAttention(query, key, value, attnMask, dropoutP, isCausal, scale: scale, enableGqa: enableGqa);

    /// <summary>A mask as numbers to be added: minus infinity where a boolean one is true.</summary>
    internal static Tensor? CanonicalMask(Tensor? mask, string name, DType target)
    {
        if (mask is null || mask.DType.IsFloatingPoint())
            return mask;
        if (mask.DType != DType.Bool)
            throw new ArgumentException($"Only bool and floating types of {name} are supported, got {mask.DType.Name()}.", name);
        return Torch.ZerosLike(mask, dtype: target).MaskedFill_(mask, double.NegativeInfinity);
    }

    private static bool MhaBatched(Tensor query, Tensor key, Tensor value, Tensor? keyPaddingMask, Tensor? attnMask, long numHeads)
    {
        var dim = query.NDim;
        if (dim is not (2 or 3))
            throw new ArgumentException($"The query has 2 dimensions, or 3 for a batch; this one has {dim}.", nameof(query));
        if (key.NDim != dim || value.NDim != dim)
            throw new ArgumentException($"For a query of {dim} dimensions, key and value have as many, but have {key.NDim} and {value.NDim}.", nameof(key));
        if (keyPaddingMask is not null && keyPaddingMask.NDim != dim - 1)
            throw new ArgumentException($"For a query of {dim} dimensions, the key padding mask has {dim - 1}, but has {keyPaddingMask.NDim}.", nameof(keyPaddingMask));
        if (attnMask is not null && attnMask.NDim is not (2 or 3))
            throw new ArgumentException($"The attention mask has 2 or 3 dimensions, but has {attnMask.NDim}.", nameof(attnMask));
        if (dim == 2 && attnMask?.NDim == 3 && attnMask.Shape != new Shape(numHeads, query.Size(0), key.Size(0)))
            throw new ArgumentException($"The attention mask must have the shape {new Shape(numHeads, query.Size(0), key.Size(0))}, not {attnMask.Shape}.", nameof(attnMask));
        return dim == 3;
    }

    /// <summary>The computation of <c>MultiheadAttention</c>. Mirrors <c>F.multi_head_attention_forward</c>.</summary>
    /// <param name="query">(L, N, E) or (L, E).</param>
    /// <param name="key">(S, N, E) or (S, E).</param>
    /// <param name="value">(S, N, E) or (S, E).</param>
    /// <param name="embedDimToCheck">The size E that is expected.</param>
    /// <param name="numHeads">The number of heads; it divides E.</param>
    /// <param name="inProjWeight">(3 E, E), unless the weights are separate.</param>
    /// <param name="inProjBias">(3 E), or none.</param>
    /// <param name="biasK">(1, 1, E): one more key, or none.</param>
    /// <param name="biasV">(1, 1, E): one more value, or none.</param>
    /// <param name="addZeroAttn">Whether a key and a value of zeros are added.</param>
    /// <param name="dropoutP">The probability of dropout, not above 1.</param>
    /// <param name="outProjWeight">(E, E).</param>
    /// <param name="outProjBias">(E), or none.</param>
    /// <param name="training">Whether dropout takes place. Default: true.</param>
    /// <param name="keyPaddingMask">(N, S) or (S): true, or minus infinity, where a key does not count. Default: none.</param>
    /// <param name="needWeights">Whether the weights are given back. Default: true.</param>
    /// <param name="attnMask">(L, S) or (N heads, L, S): true where a key does not count, or added. Default: none.</param>
    /// <param name="useSeparateProjWeight">Whether the three weights below are used. Default: false.</param>
    /// <param name="qProjWeight">(E, E). Default: none.</param>
    /// <param name="kProjWeight">(E, kdim). Default: none.</param>
    /// <param name="vProjWeight">(E, vdim). Default: none.</param>
    /// <param name="staticK">Keys to use instead. Default: none.</param>
    /// <param name="staticV">Values to use instead. Default: none.</param>
    /// <param name="averageAttnWeights">Whether the weights are averaged over the heads. Default: true.</param>
    /// <param name="isCausal">A hint that the attention mask is the causal one. Default: false.</param>
    /// <returns>The output, (L, N, E) or (L, E), and, where they are wanted, the weights: (N, L, S), or (N, heads, L, S) where they are not averaged; N is left out without a batch.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is not positive; or weights are wanted, and a dropout that takes place has a probability above 1.</exception>
    /// <exception cref="ArgumentException">Shapes do not fit together, the heads do not divide E, a mask holds integers, or <paramref name="isCausal"/> comes without a mask.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="inProjWeight"/> is null, or with separate weights one of those.</exception>
    /// <exception cref="TorchException">A weight's shape does not fit, or a static key or value is not (N heads, S, E / heads).</exception>
    public static (Tensor Output, Tensor? Weights) MultiHeadAttentionForward(
        Tensor query, Tensor key, Tensor value, long embedDimToCheck, long numHeads, Tensor? inProjWeight, Tensor? inProjBias, Tensor? biasK,
        Tensor? biasV, bool addZeroAttn, double dropoutP, Tensor outProjWeight, Tensor? outProjBias, bool training = true,
        Tensor? keyPaddingMask = null, bool needWeights = true, Tensor? attnMask = null, bool useSeparateProjWeight = false,
        Tensor? qProjWeight = null, Tensor? kProjWeight = null, Tensor? vProjWeight = null, Tensor? staticK = null, Tensor? staticV = null,
        bool averageAttnWeights = true, bool isCausal = false)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numHeads);
        var batched = MhaBatched(query, key, value, keyPaddingMask, attnMask, numHeads);
        if (!batched)
        {
            // What was one tensor stays one: it is projected at once.
            var (q0, k0, v0) = (query, key, value);
            query = q0.Unsqueeze(1);
            key = k0.Unsqueeze(1);
            value = v0.Unsqueeze(1);
            keyPaddingMask = keyPaddingMask?.Unsqueeze(0);
        }
        var (tgtLen, bsz, embedDim) = query.Shape;
        var srcLen = key.Size(0);
        keyPaddingMask = CanonicalMask(keyPaddingMask, nameof(keyPaddingMask), query.DType);
        if (isCausal && attnMask is null)
            throw new ArgumentException("isCausal is a hint about the attention mask, which must be given; Transformer.GenerateSquareSubsequentMask makes one.", nameof(attnMask));
        if (isCausal && keyPaddingMask is null && !needWeights)
        {
            attnMask = null;
        }
        else
        {
            attnMask = CanonicalMask(attnMask, nameof(attnMask), query.DType);
            if (keyPaddingMask is not null)
                isCausal = false;
        }
        if (embedDim != embedDimToCheck)
            throw new ArgumentException($"The attention was made for embeddings of {embedDimToCheck} numbers, the query has {embedDim}.", nameof(query));
        var headDim = embedDim / numHeads;
        if (headDim * numHeads != embedDim)
            throw new ArgumentException($"{numHeads} heads cannot share embeddings of {embedDim} numbers evenly.", nameof(numHeads));
        if (useSeparateProjWeight ? key.Shape[..2] != value.Shape[..2] : key.Shape != value.Shape)
            throw new ArgumentException($"The key's shape {key.Shape} does not match the value's {value.Shape}.", nameof(key));
        Tensor q, k, v;
        if (!useSeparateProjWeight)
        {
            ArgumentNullException.ThrowIfNull(inProjWeight);
            (q, k, v) = InProjectionPacked(query, key, value, inProjWeight, inProjBias);
        }
        else
        {
            ArgumentNullException.ThrowIfNull(qProjWeight);
            ArgumentNullException.ThrowIfNull(kProjWeight);
            ArgumentNullException.ThrowIfNull(vProjWeight);
            var biases = inProjBias?.Chunk(3);
            q = Linear(query, qProjWeight, biases?[0]);
            k = Linear(key, kProjWeight, biases?[1]);
            v = Linear(value, vProjWeight, biases?[2]);
        }
        if (attnMask is not null)
        {
            Shape wanted = attnMask.NDim == 2 ? [tgtLen, srcLen] : [bsz * numHeads, tgtLen, srcLen];
            if (attnMask.Shape != wanted)
                throw new ArgumentException($"The attention mask has the shape {attnMask.Shape}, but should have {wanted}.", nameof(attnMask));
            if (attnMask.NDim == 2)
                attnMask = attnMask.Unsqueeze(0);
        }
        if (biasK is not null && biasV is not null)
        {
            if (staticK is not null || staticV is not null)
                throw new ArgumentException("A bias cannot be added to a static key or value.", nameof(biasK));
            k = Torch.Cat([k, biasK.Repeat(1, bsz, 1)]);
            v = Torch.Cat([v, biasV.Repeat(1, bsz, 1)]);
            attnMask = attnMask is null ? null : Pad(attnMask, (0, 1));
            keyPaddingMask = keyPaddingMask is null ? null : Pad(keyPaddingMask, (0, 1));
        }
        q = q.View(tgtLen, bsz * numHeads, headDim).Transpose(0, 1);
        k = staticK ?? k.View(k.Size(0), bsz * numHeads, headDim).Transpose(0, 1);
        v = staticV ?? v.View(v.Size(0), bsz * numHeads, headDim).Transpose(0, 1);
        if (addZeroAttn)
        {
            k = Torch.Cat([k, Torch.Zeros([bsz * numHeads, 1, headDim], dtype: k.DType, device: k.Device)], dim: 1);
            v = Torch.Cat([v, Torch.Zeros([bsz * numHeads, 1, headDim], dtype: v.DType, device: v.Device)], dim: 1);
            attnMask = attnMask is null ? null : Pad(attnMask, (0, 1));
            keyPaddingMask = keyPaddingMask is null ? null : Pad(keyPaddingMask, (0, 1));
        }
        srcLen = k.Size(1);
        if (keyPaddingMask is not null)
        {
            if (keyPaddingMask.Size(0) != bsz || keyPaddingMask.Size(1) != srcLen)
                throw new ArgumentException($"The key padding mask must have the shape {new Shape(bsz, srcLen)}, not {keyPaddingMask.Shape}.", nameof(keyPaddingMask));
            keyPaddingMask = keyPaddingMask.View(bsz, 1, 1, srcLen).Expand(-1, numHeads, -1, -1).Reshape(bsz * numHeads, 1, srcLen);
            attnMask = attnMask is null ? keyPaddingMask : attnMask + keyPaddingMask;
        }
        if (!training)
            dropoutP = 0.0;
        Tensor output;
        if (!needWeights)
        {
            if (attnMask is not null)
                attnMask = attnMask.Size(0) == 1 && attnMask.NDim == 3 ? attnMask.Unsqueeze(0) : attnMask.View(bsz, numHeads, -1, srcLen);
            output = ScaledDotProductAttention(
                q.View(bsz, numHeads, tgtLen, headDim), k.View(bsz, numHeads, srcLen, headDim), v.View(bsz, numHeads, srcLen, headDim),
                attnMask, dropoutP, isCausal);
            output = output.Permute(2, 0, 1, 3).Contiguous().View(bsz * tgtLen, embedDim);
            output = Linear(output, outProjWeight, outProjBias);
            output = output.View(tgtLen, bsz, output.Size(1));
            return (batched ? output : output.Squeeze(1), null);
        }
        var scaled = q * Math.Sqrt(1.0 / q.Size(2));
        if (isCausal && attnMask is null)
            throw new ArgumentException("isCausal is not implemented where the weights are wanted.", nameof(isCausal));
        var weights = attnMask is not null ? Torch.Baddbmm(attnMask, scaled, k.Transpose(-2, -1)) : Torch.Bmm(scaled, k.Transpose(-2, -1));
        weights = Softmax(weights, -1);
        if (dropoutP > 0.0)
            weights = Dropout(weights, dropoutP);
        output = Torch.Bmm(weights, v);
        output = output.Transpose(0, 1).Contiguous().View(tgtLen * bsz, embedDim);
        output = Linear(output, outProjWeight, outProjBias);
        output = output.View(tgtLen, bsz, output.Size(1));
        weights = weights.View(bsz, numHeads, tgtLen, srcLen);
        if (averageAttnWeights)
            weights = weights.Mean(1);
        return batched ? (output, weights) : (output.Squeeze(1), weights.Squeeze(0));
    }

    private static (Tensor, Tensor, Tensor) InProjectionPacked(Tensor q, Tensor k, Tensor v, Tensor weight, Tensor? bias)
    {
        var e = q.Size(-1);
        if (ReferenceEquals(k, v))
        {
            if (ReferenceEquals(q, k))
            {
                var all = Linear(q, weight, bias).Unflatten(-1, (3, e)).Unsqueeze(0).Transpose(0, -2).Squeeze(-2).Contiguous();
                return (all[0], all[1], all[2]);
            }
            var weights = weight.SplitWithSizes((e, e * 2));
            var biases = bias?.SplitWithSizes((e, e * 2));
            var query = Linear(q, weights[0], biases?[0]);
            var both = Linear(k, weights[1], biases?[1]).Unflatten(-1, (2, e)).Unsqueeze(0).Transpose(0, -2).Squeeze(-2).Contiguous();
            return (query, both[0], both[1]);
        }
        var w = weight.Chunk(3);
        var b = bias?.Chunk(3);
        return (Linear(q, w[0], b?[0]), Linear(k, w[1], b?[1]), Linear(v, w[2], b?[2]));
    }
}
