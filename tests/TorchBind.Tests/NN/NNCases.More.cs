using TorchBind.NN;
using TorchBind.NN.Utils;

namespace TorchBind.Tests.NN;

internal static partial class NNCases
{
    private static void More(Action<string, Func<Module>, Func<Module, Tensor[], object?>?> add)
    {
        Paddings();
        Recurrent();
        Attention();
        Others();
        Lazy();

        void Add(string name, Func<Module> make, Func<Module, Tensor[], object?>? call = null) => add(name, make, call);

        void Paddings()
        {
            Add("ZeroPad1d", () => new ZeroPad1d(2));
            Add("ZeroPad2d", () => new ZeroPad2d(2));
            Add("ZeroPad3d", () => new ZeroPad3d(2));
            Add("ZeroPad1d sides", () => new ZeroPad1d((1, 2)));
            Add("ZeroPad2d sides", () => new ZeroPad2d((1, 2, 3, 4)));
            Add("ZeroPad3d sides", () => new ZeroPad3d([1, 2, 3, 1, 2, 1]));
            Add("ReflectionPad1d", () => new ReflectionPad1d(2));
            Add("ReflectionPad2d", () => new ReflectionPad2d(2));
            Add("ReflectionPad3d", () => new ReflectionPad3d(2));
            Add("ReflectionPad1d sides", () => new ReflectionPad1d((1, 2)));
            Add("ReflectionPad2d sides", () => new ReflectionPad2d((1, 2, 3, 4)));
            Add("ReflectionPad3d sides", () => new ReflectionPad3d([1, 2, 3, 1, 2, 1]));
            Add("ReplicationPad1d", () => new ReplicationPad1d(2));
            Add("ReplicationPad2d", () => new ReplicationPad2d(2));
            Add("ReplicationPad3d", () => new ReplicationPad3d(2));
            Add("ReplicationPad1d sides", () => new ReplicationPad1d((1, 2)));
            Add("ReplicationPad2d sides", () => new ReplicationPad2d((1, 2, 3, 4)));
            Add("ReplicationPad3d sides", () => new ReplicationPad3d([1, 2, 3, 1, 2, 1]));
            Add("CircularPad1d", () => new CircularPad1d(2));
            Add("CircularPad2d", () => new CircularPad2d(2));
            Add("CircularPad3d", () => new CircularPad3d(2));
            Add("CircularPad1d sides", () => new CircularPad1d((1, 2)));
            Add("CircularPad2d sides", () => new CircularPad2d((1, 2, 3, 4)));
            Add("CircularPad3d sides", () => new CircularPad3d([1, 2, 3, 1, 2, 1]));
            Add("ConstantPad1d", () => new ConstantPad1d(2, 3.5));
            Add("ConstantPad2d", () => new ConstantPad2d(2, 3.5));
            Add("ConstantPad3d", () => new ConstantPad3d(2, 3.5));
        }

        void Recurrent()
        {
            static PackedSequence Packed(Tensor x) => Rnn.PackPaddedSequence(x, [4, 7, 5], enforceSorted: false);
            Add("RNN", () => new RNN(5, 6), (m, x) => ((RNN)m).Call(x[0]));
            Add("RNN stacked", () => new RNN(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), (m, x) => ((RNN)m).Call(x[0]));
            Add("RNN no bias", () => new RNN(5, 6, bias: false), (m, x) => ((RNN)m).Call(x[0]));
            Add("RNN packed", () => new RNN(5, 6, bidirectional: true), (m, x) => ((RNN)m).Call(Packed(x[0])));
            Add("RNN relu", () => new RNN(5, 6, nonlinearity: Nonlinearity.ReLU), (m, x) => ((RNN)m).Call(x[0], x[1]));
            Add("RNNCell", () => new RNNCell(5, 6), (m, x) => ((RNNCell)m).Call(x[0]));
            Add("RNNCell relu", () => new RNNCell(5, 6, nonlinearity: Nonlinearity.ReLU, bias: false), (m, x) => ((RNNCell)m).Call(x[0], x[1]));
            Add("LSTM", () => new LSTM(5, 6), (m, x) => ((LSTM)m).Call(x[0]));
            Add("LSTM stacked", () => new LSTM(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), (m, x) => ((LSTM)m).Call(x[0]));
            Add("LSTM no bias", () => new LSTM(5, 6, bias: false), (m, x) => ((LSTM)m).Call(x[0]));
            Add("LSTM packed", () => new LSTM(5, 6, bidirectional: true), (m, x) => ((LSTM)m).Call(Packed(x[0])));
            Add("LSTM projection", () => new LSTM(5, 6, projSize: 4), (m, x) => ((LSTM)m).Call(x[0]));
            Add("LSTM state", () => new LSTM(5, 6), (m, x) => ((LSTM)m).Call(x[0], (x[1], x[2])));
            Add("LSTMCell", () => new LSTMCell(5, 6), (m, x) => ((LSTMCell)m).Call(x[0]));
            Add("LSTMCell state", () => new LSTMCell(5, 6), (m, x) => ((LSTMCell)m).Call(x[0], (x[1], x[2])));
            Add("GRU", () => new GRU(5, 6), (m, x) => ((GRU)m).Call(x[0]));
            Add("GRU stacked", () => new GRU(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), (m, x) => ((GRU)m).Call(x[0]));
            Add("GRU no bias", () => new GRU(5, 6, bias: false), (m, x) => ((GRU)m).Call(x[0]));
            Add("GRU packed", () => new GRU(5, 6, bidirectional: true), (m, x) => ((GRU)m).Call(Packed(x[0])));
            Add("GRUCell", () => new GRUCell(5, 6), (m, x) => ((GRUCell)m).Call(x[0]));
        }

        void Attention()
        {
            static Tensor Padding(int length) => Torch.Tensor(new bool[,]
            {
                { false, false, false, false, false, false },
                { false, false, false, false, false, true },
                { false, false, false, false, true, true },
            }).Narrow(1, 6 - length, length);
            static Tensor Causal(long size) => Transformer.GenerateSquareSubsequentMask(size);
            Add("MultiheadAttention", () => new MultiheadAttention(8, 2), (m, x) => ((MultiheadAttention)m).Call(x[0], x[1], x[2]));
            Add("MultiheadAttention self", () => new MultiheadAttention(8, 2, batchFirst: true, dropout: 0.2),
                (m, x) => ((MultiheadAttention)m).Call(x[0], x[0], x[0], needWeights: false));
            Add("MultiheadAttention dims", () => new MultiheadAttention(8, 2, kdim: 5, vdim: 7, addBiasKv: true, addZeroAttn: true),
                (m, x) => ((MultiheadAttention)m).Call(x[0], x[1], x[2]));
            Add("MultiheadAttention masks", () => new MultiheadAttention(8, 2, bias: false), (m, x) => ((MultiheadAttention)m).Call(
                x[0], x[1], x[1], keyPaddingMask: Padding(6), attnMask: Torch.Ones(5, 6).Tril(2).Eq(0), averageAttnWeights: false));
            Add("MultiheadAttention unbatched", () => new MultiheadAttention(8, 2), (m, x) => ((MultiheadAttention)m).Call(x[0], x[0], x[0]));
            Add("TransformerEncoderLayer", () => new TransformerEncoderLayer(8, 2, dimFeedforward: 12), (m, x) => ((TransformerEncoderLayer)m).Call(x[0]));
            Add("TransformerEncoderLayer options",
                () => new TransformerEncoderLayer(8, 2, 12, dropout: 0.0, activation: TransformerActivation.GELU, batchFirst: true, normFirst: true, bias: false),
                (m, x) => ((TransformerEncoderLayer)m).Call(x[0], srcMask: Causal(5), isCausal: true));
            Add("TransformerEncoder", () => new TransformerEncoder(new TransformerEncoderLayer(8, 2, 12, batchFirst: true), 2, norm: new LayerNorm(8)),
                (m, x) => ((TransformerEncoder)m).Call(x[0]));
            Add("TransformerEncoder padded", () => new TransformerEncoder(new TransformerEncoderLayer(8, 2, 12, batchFirst: true), 2),
                (m, x) => ((TransformerEncoder)m).Call(x[0], srcKeyPaddingMask: Padding(5)));
            Add("TransformerDecoderLayer", () => new TransformerDecoderLayer(8, 2, 12), (m, x) => ((TransformerDecoderLayer)m).Call(x[0], x[1]));
            Add("TransformerDecoder", () => new TransformerDecoder(new TransformerDecoderLayer(8, 2, 12, normFirst: true), 2),
                (m, x) => ((TransformerDecoder)m).Call(x[0], x[1], tgtMask: Causal(4)));
            Add("Transformer", () => new Transformer(8, 2, 2, 2, 12), (m, x) => ((Transformer)m).Call(x[0], x[1]));
            Add("Transformer batch first", () => new Transformer(8, 2, 1, 1, 12, batchFirst: true, activation: TransformerActivation.GELU),
                (m, x) => ((Transformer)m).Call(x[0], x[1]));
        }

        void Others()
        {
            Add("SyncBatchNorm eval", () => new SyncBatchNorm(5));
            Add("CrossMapLRN2d", () => new CrossMapLRN2d(3));
            Add("Embedding", () => new Embedding(10, 4));
            Add("Embedding options", () => new Embedding(10, 4, paddingIdx: -2, maxNorm: 1.0, scaleGradByFreq: true));
            Add("EmbeddingBag", () => new EmbeddingBag(10, 4), (m, x) => ((EmbeddingBag)m).Call(x[0]));
            Add("EmbeddingBag sum", () => new EmbeddingBag(10, 4, mode: EmbeddingBagMode.Sum), (m, x) => ((EmbeddingBag)m).Call(x[0], x[1]));
            Add("EmbeddingBag max", () => new EmbeddingBag(10, 4, mode: EmbeddingBagMode.Max, paddingIdx: 1), (m, x) => ((EmbeddingBag)m).Call(x[0]));
            Add("AdaptiveLogSoftmaxWithLoss", () => new AdaptiveLogSoftmaxWithLoss(8, 20, (5, 12), divValue: 2.0, headBias: true),
                (m, x) => ((AdaptiveLogSoftmaxWithLoss)m).Call(x[0], x[1]));
            Add("AdaptiveLogSoftmaxWithLoss log_prob", () => new AdaptiveLogSoftmaxWithLoss(8, 20, (5, 12), divValue: 2.0),
                (m, x) => (AdaptiveLogSoftmaxWithLoss)m is var a ? (a.LogProb(x[0]), a.Predict(x[0])) : null);
            Add("PixelShuffle", () => new PixelShuffle(2));
            Add("PixelUnshuffle", () => new PixelUnshuffle(2));
            Add("ChannelShuffle", () => new ChannelShuffle(2));
            Add("Upsample", () => new Upsample(scaleFactor: 2));
            Add("Upsample bicubic", () => new Upsample(size: (7, 9), mode: InterpolationMode.Bicubic, alignCorners: true));
            Add("Upsample trilinear", () => new Upsample(scaleFactor: 1.5, mode: InterpolationMode.Trilinear));
            Add("Upsample linear", () => new Upsample(scaleFactor: 2.5, mode: InterpolationMode.Linear, recomputeScaleFactor: true));
            Add("UpsamplingNearest2d", () => new UpsamplingNearest2d(scaleFactor: 2));
            Add("UpsamplingBilinear2d", () => new UpsamplingBilinear2d(size: (6, 7)));
            Add("Fold", () => new Fold((4, 5), (2, 2)));
            Add("Unfold", () => new Unfold((2, 3), padding: 1));
            Add("CosineSimilarity", () => new CosineSimilarity());
            Add("PairwiseDistance", () => new PairwiseDistance(keepDim: true));
            Add("DataParallel", () => new DataParallel(new Linear(5, 4)));
        }

        void Lazy()
        {
            Add("LazyLinear", () => new LazyLinear(4));
            Add("LazyConv1d", () => new LazyConv1d(6, 3));
            Add("LazyConv2d", () => new LazyConv2d(6, 3));
            Add("LazyConv3d", () => new LazyConv3d(6, 3));
            Add("LazyConvTranspose1d", () => new LazyConvTranspose1d(6, 3));
            Add("LazyConvTranspose2d", () => new LazyConvTranspose2d(6, 3));
            Add("LazyConvTranspose3d", () => new LazyConvTranspose3d(6, 3));
            Add("LazyBatchNorm1d", () => new LazyBatchNorm1d());
            Add("LazyBatchNorm2d", () => new LazyBatchNorm2d());
            Add("LazyBatchNorm3d", () => new LazyBatchNorm3d());
            Add("LazyInstanceNorm1d", () => new LazyInstanceNorm1d(affine: true, trackRunningStats: true));
            Add("LazyInstanceNorm2d", () => new LazyInstanceNorm2d(affine: true, trackRunningStats: true));
            Add("LazyInstanceNorm3d", () => new LazyInstanceNorm3d(affine: true, trackRunningStats: true));
        }
    }
}
