namespace TorchBind.NN;

/// <summary>What is applied between the two linear layers of a transformer's layer.</summary>
public enum TransformerActivation
{
    /// <summary>The ReLU.</summary>
    ReLU,
    /// <summary>The Gaussian error linear unit.</summary>
    GELU,
}

/// <summary>What the layers of encoder and decoder have in common.</summary>
public abstract partial class TransformerLayer : Module
{
    private protected TransformerLayer(TransformerActivation activation, Func<Tensor, Tensor>? customActivation, bool normFirst)
    {
        Activation = activation;
        CustomActivation = customActivation;
        NormFirst = normFirst;
    }

    /// <summary>The activation between the linear layers.</summary>
    public TransformerActivation Activation { get; }

    /// <summary>Another activation, or null.</summary>
    public Func<Tensor, Tensor>? CustomActivation { get; }

    /// <summary>Whether normalisations come before attention and linear layers.</summary>
    public bool NormFirst { get; }

    private protected Tensor Activate(Tensor x) => CustomActivation is { } custom ? custom(x)
        : Activation == TransformerActivation.GELU ? Functional.Gelu(x) : Functional.Relu(x);
}

/// <summary>Self-attention and two linear layers. Shape: (S, N, E), with batchFirst (N, S, E), or (S, E). Mirrors <c>nn.TransformerEncoderLayer</c>.</summary>
public partial class TransformerEncoderLayer : TransformerLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="dModel">The size of an input, E.</param>
    /// <param name="nhead">The number of heads.</param>
    /// <param name="dimFeedforward">The size between the linear layers. Default: 2048.</param>
    /// <param name="dropout">The probability of dropout. Default: 0.1.</param>
    /// <param name="activation">The activation between the linear layers. Default: the ReLU.</param>
    /// <param name="layerNormEps">Added to variances. Default: 1e-5.</param>
    /// <param name="batchFirst">Whether the batch is the first dimension. Default: false.</param>
    /// <param name="normFirst">Whether normalisations come before. Default: false.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="customActivation">An activation of one's own. Default: none.</param>
    public TransformerEncoderLayer(
        long dModel, long nhead, long dimFeedforward = 2048, double dropout = 0.1, TransformerActivation activation = TransformerActivation.ReLU,
        double layerNormEps = 1e-5, bool batchFirst = false, bool normFirst = false, bool bias = true, Device? device = null, DType? dtype = null,
        Func<Tensor, Tensor>? customActivation = null) : base(activation, customActivation, normFirst)
    {
        SelfAttn = new MultiheadAttention(dModel, nhead, dropout, bias, batchFirst: batchFirst, device: device, dtype: dtype);
        Linear1 = new Linear(dModel, dimFeedforward, bias, device, dtype);
        Dropout = new Dropout(dropout);
        Linear2 = new Linear(dimFeedforward, dModel, bias, device, dtype);
        Norm1 = new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype);
        Norm2 = new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype);
        Dropout1 = new Dropout(dropout);
        Dropout2 = new Dropout(dropout);
    }

    /// <summary>The attention.</summary>
    public MultiheadAttention SelfAttn { get; set; }

    /// <summary>The first linear layer.</summary>
    public Linear Linear1 { get; set; }

    /// <summary>Dropout between the linear layers.</summary>
    public Dropout Dropout { get; set; }

    /// <summary>The second linear layer.</summary>
    public Linear Linear2 { get; set; }

    /// <summary>The normalisation of the attention.</summary>
    public LayerNorm Norm1 { get; set; }

    /// <summary>The normalisation of the linear layers.</summary>
    public LayerNorm Norm2 { get; set; }

    /// <summary>Dropout after the attention.</summary>
    public Dropout Dropout1 { get; set; }

    /// <summary>Dropout after the linear layers.</summary>
    public Dropout Dropout2 { get; set; }

    /// <summary>Runs the module with its hooks, which see the input.</summary>
    /// <param name="src">The input.</param>
    /// <param name="srcMask">(S, S) or (N heads, S, S): true where a place does not count, or added. Default: none.</param>
    /// <param name="srcKeyPaddingMask">(N, S): true, or minus infinity, where a place does not count. Default: none.</param>
    /// <param name="isCausal">A hint that the mask is the causal one. Default: false.</param>
    public Tensor Call(Tensor src, Tensor? srcMask = null, Tensor? srcKeyPaddingMask = null, bool isCausal = false) => HasCallHooks
        ? (Tensor)CallForward([src], x => Forward((Tensor)x[0]!, srcMask, srcKeyPaddingMask, isCausal))!
        : Forward(src, srcMask, srcKeyPaddingMask, isCausal);

    private Tensor Forward(Tensor src, Tensor? srcMask, Tensor? srcKeyPaddingMask, bool isCausal)
    {
        ArgumentNullException.ThrowIfNull(src);
        srcKeyPaddingMask = Functional.CanonicalMask(srcKeyPaddingMask, nameof(srcKeyPaddingMask), src.DType);
        srcMask = Functional.CanonicalMask(srcMask, nameof(srcMask), src.DType);
        if (src.NDim == 3 && !Training && SelfAttn.BatchFirst && SelfAttn.InProjBias is not null && SelfAttn.HasOneSize && CustomActivation is null
            && Norm1.Eps == Norm2.Eps && SelfAttn.NumHeads % 2 == 0 && !(src.IsNested && (srcMask is not null || srcKeyPaddingMask is not null))
            && !Modules().Any(static m => m.HasForwardHooks)
            && MultiheadAttention.CanUseNative(src, SelfAttn.InProjWeight, SelfAttn.InProjBias, SelfAttn.OutProj.Weight, SelfAttn.OutProj.Bias,
                Norm1.Weight, Norm1.Bias, Norm2.Weight, Norm2.Bias, Linear1.Weight, Linear1.Bias, Linear2.Weight, Linear2.Bias))
        {
            var (mask, kind) = SelfAttn.MergeMasks(srcMask, srcKeyPaddingMask, src);
            return Torch.Aten._TransformerEncoderLayerFwd(
                src, SelfAttn.EmbedDim, SelfAttn.NumHeads, SelfAttn.InProjWeight!, SelfAttn.InProjBias, SelfAttn.OutProj.Weight, SelfAttn.OutProj.Bias!,
                Activation == TransformerActivation.GELU, NormFirst, Norm1.Eps, Norm1.Weight!, Norm1.Bias!, Norm2.Weight!, Norm2.Bias!, Linear1.Weight,
                Linear1.Bias!, Linear2.Weight, Linear2.Bias!, mask, kind);
        }
        if (NormFirst)
        {
            src = src + Attend(Norm1.Call(src), srcMask, srcKeyPaddingMask, isCausal);
            return src + Feed(Norm2.Call(src));
        }
        src = Norm1.Call(src + Attend(src, srcMask, srcKeyPaddingMask, isCausal));
        return Norm2.Call(src + Feed(src));
    }

    private Tensor Attend(Tensor x, Tensor? mask, Tensor? padding, bool isCausal) =>
        Dropout1.Call(SelfAttn.Call(x, x, x, padding, needWeights: false, attnMask: mask, isCausal: isCausal).Output);

    private Tensor Feed(Tensor x) => Dropout2.Call(Linear2.Call(Dropout.Call(Activate(Linear1.Call(x)))));
}

/// <summary>Self-attention, attention to the encoder's output, two linear layers. Shape: (T, N, E), with batchFirst (N, T, E). Mirrors <c>nn.TransformerDecoderLayer</c>.</summary>
public partial class TransformerDecoderLayer : TransformerLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="dModel">The size of an input, E.</param>
    /// <param name="nhead">The number of heads.</param>
    /// <param name="dimFeedforward">The size between the linear layers. Default: 2048.</param>
    /// <param name="dropout">The probability of dropout. Default: 0.1.</param>
    /// <param name="activation">The activation between the linear layers. Default: the ReLU.</param>
    /// <param name="layerNormEps">Added to variances. Default: 1e-5.</param>
    /// <param name="batchFirst">Whether the batch is the first dimension. Default: false.</param>
    /// <param name="normFirst">Whether normalisations come before. Default: false.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="customActivation">An activation of one's own. Default: none.</param>
    public TransformerDecoderLayer(
        long dModel, long nhead, long dimFeedforward = 2048, double dropout = 0.1, TransformerActivation activation = TransformerActivation.ReLU,
        double layerNormEps = 1e-5, bool batchFirst = false, bool normFirst = false, bool bias = true, Device? device = null, DType? dtype = null,
        Func<Tensor, Tensor>? customActivation = null) : base(activation, customActivation, normFirst)
    {
        SelfAttn = new MultiheadAttention(dModel, nhead, dropout, bias, batchFirst: batchFirst, device: device, dtype: dtype);
        MultiheadAttn = new MultiheadAttention(dModel, nhead, dropout, bias, batchFirst: batchFirst, device: device, dtype: dtype);
        Linear1 = new Linear(dModel, dimFeedforward, bias, device, dtype);
        Dropout = new Dropout(dropout);
        Linear2 = new Linear(dimFeedforward, dModel, bias, device, dtype);
        Norm1 = new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype);
        Norm2 = new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype);
        Norm3 = new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype);
        Dropout1 = new Dropout(dropout);
        Dropout2 = new Dropout(dropout);
        Dropout3 = new Dropout(dropout);
    }

    /// <summary>The attention to the input.</summary>
    public MultiheadAttention SelfAttn { get; set; }

    /// <summary>The attention to the encoder's output.</summary>
    public MultiheadAttention MultiheadAttn { get; set; }

    /// <summary>The first linear layer.</summary>
    public Linear Linear1 { get; set; }

    /// <summary>Dropout between the linear layers.</summary>
    public Dropout Dropout { get; set; }

    /// <summary>The second linear layer.</summary>
    public Linear Linear2 { get; set; }

    /// <summary>The normalisation of the self-attention.</summary>
    public LayerNorm Norm1 { get; set; }

    /// <summary>The normalisation of the attention to the encoder's output.</summary>
    public LayerNorm Norm2 { get; set; }

    /// <summary>The normalisation of the linear layers.</summary>
    public LayerNorm Norm3 { get; set; }

    /// <summary>Dropout after the self-attention.</summary>
    public Dropout Dropout1 { get; set; }

    /// <summary>Dropout after the attention to the encoder's output.</summary>
    public Dropout Dropout2 { get; set; }

    /// <summary>Dropout after the linear layers.</summary>
    public Dropout Dropout3 { get; set; }

    /// <summary>Runs the module with its hooks, which see the two inputs.</summary>
    /// <param name="tgt">The input.</param>
    /// <param name="memory">The encoder's output.</param>
    /// <param name="tgtMask">(T, T) or (N heads, T, T). Default: none.</param>
    /// <param name="memoryMask">(T, S) or (N heads, T, S). Default: none.</param>
    /// <param name="tgtKeyPaddingMask">(N, T). Default: none.</param>
    /// <param name="memoryKeyPaddingMask">(N, S). Default: none.</param>
    /// <param name="tgtIsCausal">A hint that the input's mask is the causal one. Default: false.</param>
    /// <param name="memoryIsCausal">A hint that the other mask is the causal one. Default: false.</param>
    public Tensor Call(
        Tensor tgt, Tensor memory, Tensor? tgtMask = null, Tensor? memoryMask = null, Tensor? tgtKeyPaddingMask = null,
        Tensor? memoryKeyPaddingMask = null, bool tgtIsCausal = false, bool memoryIsCausal = false) =>
        (Tensor)CallForward([tgt, memory], inputs =>
        {
            var (x, other) = ((Tensor)inputs[0]!, (Tensor)inputs[1]!);
            if (NormFirst)
            {
                x = x + Attend(Norm1.Call(x), tgtMask, tgtKeyPaddingMask, tgtIsCausal);
                x = x + Look(Norm2.Call(x), other, memoryMask, memoryKeyPaddingMask, memoryIsCausal);
                return x + Feed(Norm3.Call(x));
            }
            x = Norm1.Call(x + Attend(x, tgtMask, tgtKeyPaddingMask, tgtIsCausal));
            x = Norm2.Call(x + Look(x, other, memoryMask, memoryKeyPaddingMask, memoryIsCausal));
            return Norm3.Call(x + Feed(x));
        })!;

    private Tensor Attend(Tensor x, Tensor? mask, Tensor? padding, bool isCausal) =>
        Dropout1.Call(SelfAttn.Call(x, x, x, padding, needWeights: false, attnMask: mask, isCausal: isCausal).Output);

    private Tensor Look(Tensor x, Tensor memory, Tensor? mask, Tensor? padding, bool isCausal) =>
        Dropout2.Call(MultiheadAttn.Call(x, memory, memory, padding, needWeights: false, attnMask: mask, isCausal: isCausal).Output);

    private Tensor Feed(Tensor x) => Dropout3.Call(Linear2.Call(Dropout.Call(Activate(Linear1.Call(x)))));
}

/// <summary>Copies of an encoder layer, one after the other. Mirrors <c>nn.TransformerEncoder</c>.</summary>
public partial class TransformerEncoder : Module
{
    private readonly bool _useNested;
    private readonly bool _maskCheck;

    /// <summary>Makes the module.</summary>
    /// <param name="encoderLayer">The layer that is copied.</param>
    /// <param name="numLayers">The number of copies.</param>
    /// <param name="norm">A normalisation of the output. Default: none.</param>
    /// <param name="enableNestedTensor">Whether padding may be left out of the computation in evaluation. Default: true.</param>
    /// <param name="maskCheck">Whether it is checked that padding is at the end. Default: true.</param>
    public TransformerEncoder(
        TransformerEncoderLayer encoderLayer, int numLayers, Module<Tensor, Tensor>? norm = null, bool enableNestedTensor = true, bool maskCheck = true)
    {
        ArgumentNullException.ThrowIfNull(encoderLayer);
        Layers = [];
        for (var i = 0; i < numLayers; i++)
            Layers.Append(encoderLayer.Clone());
        Norm = norm;
        _maskCheck = maskCheck;
        var attention = encoderLayer.SelfAttn;
        _useNested = enableNestedTensor && !encoderLayer.NormFirst && attention.BatchFirst && attention.HasOneSize && attention.InProjBias is not null
            && encoderLayer.CustomActivation is null && encoderLayer.Norm1.Eps == encoderLayer.Norm2.Eps && attention.NumHeads % 2 == 0;
    }

    /// <summary>The layers.</summary>
    public ModuleList<TransformerEncoderLayer> Layers { get; set; }

    /// <summary>The normalisation of the output, or null.</summary>
    public Module<Tensor, Tensor>? Norm { get; set; }

    /// <summary>Runs the module with its hooks, which see the input.</summary>
    /// <param name="src">(S, N, E), with batchFirst (N, S, E), or (S, E).</param>
    /// <param name="mask">(S, S) or (N heads, S, S): true where a place does not count, or added. Default: none.</param>
    /// <param name="srcKeyPaddingMask">(N, S): true, or minus infinity, where a place does not count. Default: none.</param>
    /// <param name="isCausal">A hint whether the mask is the causal one. Default: it is looked at.</param>
    public Tensor Call(Tensor src, Tensor? mask = null, Tensor? srcKeyPaddingMask = null, bool? isCausal = null) => HasCallHooks
        ? (Tensor)CallForward([src], x => Forward((Tensor)x[0]!, mask, srcKeyPaddingMask, isCausal))!
        : Forward(src, mask, srcKeyPaddingMask, isCausal);

    private Tensor Forward(Tensor src, Tensor? mask, Tensor? srcKeyPaddingMask, bool? isCausal)
    {
        ArgumentNullException.ThrowIfNull(src);
        srcKeyPaddingMask = Functional.CanonicalMask(srcKeyPaddingMask, nameof(srcKeyPaddingMask), src.DType);
        mask = Functional.CanonicalMask(mask, nameof(mask), src.DType);
        var output = src;
        var first = Layers[0];
        var padding = srcKeyPaddingMask;
        var nested = false;
        if (_useNested && !first.Training && src.NDim == 3 && srcKeyPaddingMask is not null && mask is null && !src.IsNested
            && (!_maskCheck || Torch.Aten._NestedTensorFromMaskLeftAligned(src, srcKeyPaddingMask.LogicalNot()))
            && MultiheadAttention.CanUseNative(src, first.SelfAttn.InProjWeight, first.SelfAttn.InProjBias, first.SelfAttn.OutProj.Weight,
                first.SelfAttn.OutProj.Bias, first.Norm1.Weight, first.Norm1.Bias, first.Norm2.Weight, first.Norm2.Bias, first.Linear1.Weight,
                first.Linear1.Bias, first.Linear2.Weight, first.Linear2.Bias))
        {
            nested = true;
            output = Torch.Aten._NestedTensorFromMask(output, srcKeyPaddingMask.LogicalNot(), maskCheck: false);
            padding = null;
        }
        var causal = Transformer.IsCausalMask(mask, isCausal, src, first.SelfAttn.BatchFirst);
        foreach (var layer in Layers)
            output = layer.Call(output, mask, padding, causal);
        if (nested)
            output = output.ToPaddedTensor(0.0, src.Shape);
        return Norm is null ? output : Norm.Call(output);
    }
}

/// <summary>Copies of a decoder layer, one after the other. Mirrors <c>nn.TransformerDecoder</c>.</summary>
public partial class TransformerDecoder : Module
{
    /// <summary>Makes the module.</summary>
    /// <param name="decoderLayer">The layer that is copied.</param>
    /// <param name="numLayers">The number of copies.</param>
    /// <param name="norm">A normalisation of the output. Default: none.</param>
    public TransformerDecoder(TransformerDecoderLayer decoderLayer, int numLayers, Module<Tensor, Tensor>? norm = null)
    {
        ArgumentNullException.ThrowIfNull(decoderLayer);
        Layers = [];
        for (var i = 0; i < numLayers; i++)
            Layers.Append(decoderLayer.Clone());
        Norm = norm;
    }

    /// <summary>The layers.</summary>
    public ModuleList<TransformerDecoderLayer> Layers { get; set; }

    /// <summary>The normalisation of the output, or null.</summary>
    public Module<Tensor, Tensor>? Norm { get; set; }

    /// <summary>Runs the module with its hooks, which see the two inputs.</summary>
    /// <param name="tgt">The input.</param>
    /// <param name="memory">The encoder's output.</param>
    /// <param name="tgtMask">(T, T) or (N heads, T, T). Default: none.</param>
    /// <param name="memoryMask">(T, S) or (N heads, T, S). Default: none.</param>
    /// <param name="tgtKeyPaddingMask">(N, T). Default: none.</param>
    /// <param name="memoryKeyPaddingMask">(N, S). Default: none.</param>
    /// <param name="tgtIsCausal">A hint whether the input's mask is the causal one. Default: it is looked at.</param>
    /// <param name="memoryIsCausal">A hint that the other mask is the causal one. Default: false.</param>
    public Tensor Call(
        Tensor tgt, Tensor memory, Tensor? tgtMask = null, Tensor? memoryMask = null, Tensor? tgtKeyPaddingMask = null,
        Tensor? memoryKeyPaddingMask = null, bool? tgtIsCausal = null, bool memoryIsCausal = false) =>
        (Tensor)CallForward([tgt, memory], inputs =>
        {
            var output = (Tensor)inputs[0]!;
            var causal = Transformer.IsCausalMask(tgtMask, tgtIsCausal, output, Layers[0].SelfAttn.BatchFirst);
            foreach (var layer in Layers)
                output = layer.Call(output, (Tensor)inputs[1]!, tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, causal, memoryIsCausal);
            return Norm is null ? output : Norm.Call(output);
        })!;
}

/// <summary>Encoder and decoder. Shape: (S, N, E) and (T, N, E), with batchFirst (N, S, E) and (N, T, E). Mirrors <c>nn.Transformer</c>.</summary>
public partial class Transformer : Module
{
    /// <summary>Makes the module; all matrices by Glorot.</summary>
    /// <param name="dModel">The size of an input, E. Default: 512.</param>
    /// <param name="nhead">The number of heads. Default: 8.</param>
    /// <param name="numEncoderLayers">The number of encoder layers. Default: 6.</param>
    /// <param name="numDecoderLayers">The number of decoder layers. Default: 6.</param>
    /// <param name="dimFeedforward">The size between the linear layers. Default: 2048.</param>
    /// <param name="dropout">The probability of dropout. Default: 0.1.</param>
    /// <param name="activation">The activation between the linear layers. Default: the ReLU.</param>
    /// <param name="customEncoder">An encoder of one's own. Default: none.</param>
    /// <param name="customDecoder">A decoder of one's own. Default: none.</param>
    /// <param name="layerNormEps">Added to variances. Default: 1e-5.</param>
    /// <param name="batchFirst">Whether the batch is the first dimension. Default: false.</param>
    /// <param name="normFirst">Whether normalisations come before. Default: false.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    public Transformer(
        long dModel = 512, long nhead = 8, int numEncoderLayers = 6, int numDecoderLayers = 6, long dimFeedforward = 2048, double dropout = 0.1,
        TransformerActivation activation = TransformerActivation.ReLU, TransformerEncoder? customEncoder = null, TransformerDecoder? customDecoder = null,
        double layerNormEps = 1e-5, bool batchFirst = false, bool normFirst = false, bool bias = true, Device? device = null, DType? dtype = null)
    {
        DModel = dModel;
        NHead = nhead;
        BatchFirst = batchFirst;
        Encoder = customEncoder ?? new TransformerEncoder(
            new TransformerEncoderLayer(dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, device, dtype),
            numEncoderLayers, new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype));
        Decoder = customDecoder ?? new TransformerDecoder(
            new TransformerDecoderLayer(dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, device, dtype),
            numDecoderLayers, new LayerNorm(dModel, layerNormEps, bias: bias, device: device, dtype: dtype));
        foreach (var parameter in Parameters())
        {
            if (parameter.NDim > 1)
                Init.XavierUniform_(parameter);
        }
    }

    /// <summary>The size of an input.</summary>
    public long DModel { get; }

    /// <summary>The number of heads.</summary>
    public long NHead { get; }

    /// <summary>Whether the batch is the first dimension.</summary>
    public bool BatchFirst { get; }

    /// <summary>The encoder.</summary>
    public TransformerEncoder Encoder { get; set; }

    /// <summary>The decoder.</summary>
    public TransformerDecoder Decoder { get; set; }

    /// <summary>Runs the module with its hooks, which see the two inputs.</summary>
    /// <param name="src">The encoder's input.</param>
    /// <param name="tgt">The decoder's input.</param>
    /// <param name="srcMask">(S, S) or (N heads, S, S). Default: none.</param>
    /// <param name="tgtMask">(T, T) or (N heads, T, T). Default: none.</param>
    /// <param name="memoryMask">(T, S) or (N heads, T, S). Default: none.</param>
    /// <param name="srcKeyPaddingMask">(N, S). Default: none.</param>
    /// <param name="tgtKeyPaddingMask">(N, T). Default: none.</param>
    /// <param name="memoryKeyPaddingMask">(N, S). Default: none.</param>
    /// <param name="srcIsCausal">A hint whether the mask is the causal one. Default: it is looked at.</param>
    /// <param name="tgtIsCausal">A hint whether the mask is the causal one. Default: it is looked at.</param>
    /// <param name="memoryIsCausal">A hint that the mask is the causal one. Default: false.</param>
    /// <exception cref="ArgumentException">Batches or sizes do not fit.</exception>
    public Tensor Call(
        Tensor src, Tensor tgt, Tensor? srcMask = null, Tensor? tgtMask = null, Tensor? memoryMask = null, Tensor? srcKeyPaddingMask = null,
        Tensor? tgtKeyPaddingMask = null, Tensor? memoryKeyPaddingMask = null, bool? srcIsCausal = null, bool? tgtIsCausal = null,
        bool memoryIsCausal = false) => (Tensor)CallForward([src, tgt], inputs =>
        {
            var (source, target) = ((Tensor)inputs[0]!, (Tensor)inputs[1]!);
            var batch = BatchFirst ? 0 : 1;
            if (source.NDim == 3 && source.Size(batch) != target.Size(batch))
                throw new ArgumentException($"The batches of src ({source.Size(batch)}) and tgt ({target.Size(batch)}) must be equal.", nameof(tgt));
            if (source.Size(-1) != DModel || target.Size(-1) != DModel)
                throw new ArgumentException($"The sizes of src ({source.Size(-1)}) and tgt ({target.Size(-1)}) must be equal to dModel ({DModel}).", nameof(src));
            var memory = Encoder.Call(source, srcMask, srcKeyPaddingMask, srcIsCausal);
            return Decoder.Call(target, memory, tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, tgtIsCausal, memoryIsCausal);
        })!;

    /// <summary>The causal mask: zero up to a place, minus infinity behind it. Mirrors <c>generate_square_subsequent_mask</c>.</summary>
    /// <param name="size">The number of places.</param>
    /// <param name="device">Default: the processor.</param>
    /// <param name="dtype">Default: the default dtype.</param>
    public static Tensor GenerateSquareSubsequentMask(long size, Device? device = null, DType? dtype = null) =>
        Torch.Triu(Torch.Full((size, size), double.NegativeInfinity, dtype: dtype, device: device), diagonal: 1);

    internal static bool IsCausalMask(Tensor? mask, bool? hint, Tensor input, bool batchFirst)
    {
        if (hint is not null || mask is null)
            return hint == true;
        var length = input.IsNested ? mask.Size(-2) : input.NDim == 2 ? input.Size(0) : input.Size(batchFirst ? 1 : 0);
        using var causal = GenerateSquareSubsequentMask(length, mask.Device, mask.DType);
        return mask.Shape == causal.Shape && (bool)mask.Eq(causal).All();
    }
}
