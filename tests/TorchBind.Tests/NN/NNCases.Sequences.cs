using TorchBind.NN;
using TorchBind.NN.Utils;

namespace TorchBind.Tests.NN;

// Paddings, embeddings, recurrent layers, attention, vision: the second half of the table.
internal static partial class NNCases
{
    private delegate void Adder(string name, Func<Module> make, Func<Module, Tensor[], object?>? call = null, string? since = null);

    private static void Paddings(Adder add)
    {
        add("ZeroPad1d", () => new ZeroPad1d(2));
        add("ZeroPad2d", () => new ZeroPad2d(2));
        add("ZeroPad3d", () => new ZeroPad3d(2));
        add("ReflectionPad1d", () => new ReflectionPad1d(2));
        add("ReflectionPad2d", () => new ReflectionPad2d(2));
        add("ReflectionPad3d", () => new ReflectionPad3d(2));
        add("ReplicationPad1d", () => new ReplicationPad1d(2));
        add("ReplicationPad2d", () => new ReplicationPad2d(2));
        add("ReplicationPad3d", () => new ReplicationPad3d(2));
        add("CircularPad1d", () => new CircularPad1d(2));
        add("CircularPad2d", () => new CircularPad2d(2));
        add("CircularPad3d", () => new CircularPad3d(2));
        add("ZeroPad1d sides", () => new ZeroPad1d((1, 2)));
        add("ZeroPad2d sides", () => new ZeroPad2d((1, 2, 3, 4)));
        add("ZeroPad3d sides", () => new ZeroPad3d([1, 2, 3, 1, 2, 1]));
        add("ReflectionPad2d sides", () => new ReflectionPad2d((1, 2, 3, 4)));
        add("ReplicationPad3d sides", () => new ReplicationPad3d([1, 2, 3, 1, 2, 1]));
        add("CircularPad1d sides", () => new CircularPad1d((1, 2)));
        add("ConstantPad1d", () => new ConstantPad1d(2, 3.5));
        add("ConstantPad2d", () => new ConstantPad2d(2, 3.5));
        add("ConstantPad3d", () => new ConstantPad3d(2, 3.5));
    }

    private static void Embeddings(Adder add)
    {
        static object? Bag(Module m, Tensor[] x) => ((EmbeddingBag)m).Call(x[0], x.Length > 1 ? x[1] : null);
        add("Embedding", () => new Embedding(10, 4));
        add("Embedding options", () => new Embedding(10, 4, paddingIdx: -2, maxNorm: 1.0, scaleGradByFreq: true));
        add("EmbeddingBag", () => new EmbeddingBag(10, 4), Bag);
        add("EmbeddingBag sum", () => new EmbeddingBag(10, 4, mode: EmbeddingBagMode.Sum), Bag);
        add("EmbeddingBag max", () => new EmbeddingBag(10, 4, mode: EmbeddingBagMode.Max, paddingIdx: 1), Bag);
    }

    private static object? Packed((PackedSequence Output, Tensor Hidden) result) => (result.Output.Data, result.Output.BatchSizes, result.Hidden);

    private static void Recurrent(Adder add)
    {
        static PackedSequence Pack(Tensor x) => Rnn.PackPaddedSequence(x, Torch.Tensor([4, 7, 5]), enforceSorted: false);
        static object? One(Module m, Tensor[] x) => ((RNNWithOneState)m).Call(x[0], x.Length > 1 ? x[1] : null);
        static object? Long(Module m, Tensor[] x) => ((LSTM)m).Call(x[0], x.Length > 2 ? (x[1], x[2]) : null);
        static object? LongCell(Module m, Tensor[] x) => ((LSTMCell)m).Call(x[0], x.Length > 2 ? (x[1], x[2]) : null);
        static object? PackedOne(Module m, Tensor[] x) => Packed(((RNNWithOneState)m).Call(Pack(x[0])));

        add("RNN", () => new RNN(5, 6), One);
        add("RNN stacked", () => new RNN(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), One);
        add("RNN no bias", () => new RNN(5, 6, bias: false), One);
        add("RNN packed", () => new RNN(5, 6, bidirectional: true), PackedOne);
        add("RNN relu", () => new RNN(5, 6, nonlinearity: Nonlinearity.ReLU), One);
        add("RNNCell", () => new RNNCell(5, 6), static (m, x) => ((RNNCell)m).Call(x[0]));
        add("RNNCell relu", () => new RNNCell(5, 6, nonlinearity: Nonlinearity.ReLU, bias: false), static (m, x) => ((RNNCell)m).Call(x[0], x[1]));
        add("GRU", () => new GRU(5, 6), One);
        add("GRU stacked", () => new GRU(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), One);
        add("GRU no bias", () => new GRU(5, 6, bias: false), One);
        add("GRU packed", () => new GRU(5, 6, bidirectional: true), PackedOne);
        add("GRUCell", () => new GRUCell(5, 6), static (m, x) => ((GRUCell)m).Call(x[0]));
        add("LSTM", () => new LSTM(5, 6), Long);
        add("LSTM stacked", () => new LSTM(5, 6, numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.4), Long);
        add("LSTM no bias", () => new LSTM(5, 6, bias: false), Long);
        add("LSTM packed", () => new LSTM(5, 6, bidirectional: true), static (m, x) =>
        {
            var (output, hidden) = ((LSTM)m).Call(Pack(x[0]));
            return (output.Data, output.BatchSizes, hidden);
        });
        add("LSTM projection", () => new LSTM(5, 6, projSize: 4), Long);
        add("LSTM state", () => new LSTM(5, 6), Long);
        add("LSTMCell", () => new LSTMCell(5, 6), LongCell);
        add("LSTMCell state", () => new LSTMCell(5, 6), LongCell);
    }

    private static void Attention(Adder add)
    {
        static object? Three(Module m, Tensor[] x) => ((MultiheadAttention)m).Call(x[0], x[1], x[2]);
        add("MultiheadAttention", () => new MultiheadAttention(8, 2), Three);
        add("MultiheadAttention self", () => new MultiheadAttention(8, 2, batchFirst: true, dropout: 0.2),
            static (m, x) => ((MultiheadAttention)m).Call(x[0], x[0], x[0], needWeights: false));
        add("MultiheadAttention dims", () => new MultiheadAttention(8, 2, kdim: 5, vdim: 7, addBiasKv: true, addZeroAttn: true), Three);
        add("MultiheadAttention masks", () => new MultiheadAttention(8, 2, bias: false), static (m, x) => ((MultiheadAttention)m).Call(x[0], x[1], x[1],
            keyPaddingMask: Torch.Tensor([[false, false, false, false, false, false], [false, false, false, false, false, true], [false, false, false, false, true, true]]),
            attnMask: Torch.Ones(5, 6).Tril(2).Eq(0), averageAttnWeights: false));
        add("MultiheadAttention unbatched", () => new MultiheadAttention(8, 2), static (m, x) => ((MultiheadAttention)m).Call(x[0], x[0], x[0]));
        add("TransformerEncoderLayer", () => new TransformerEncoderLayer(8, 2, dimFeedforward: 12), static (m, x) => ((TransformerEncoderLayer)m).Call(x[0]));
        add("TransformerEncoderLayer options",
            () => new TransformerEncoderLayer(8, 2, 12, dropout: 0.0, activation: TransformerActivation.GELU, batchFirst: true, normFirst: true, bias: false),
            static (m, x) => ((TransformerEncoderLayer)m).Call(x[0], srcMask: Transformer.GenerateSquareSubsequentMask(5), isCausal: true));
        add("TransformerEncoder", () => new TransformerEncoder(new TransformerEncoderLayer(8, 2, 12, batchFirst: true), 2, norm: new LayerNorm(8)),
            static (m, x) => ((TransformerEncoder)m).Call(x[0]));
        add("TransformerDecoderLayer", () => new TransformerDecoderLayer(8, 2, 12), static (m, x) => ((TransformerDecoderLayer)m).Call(x[0], x[1]));
        add("TransformerDecoder", () => new TransformerDecoder(new TransformerDecoderLayer(8, 2, 12, normFirst: true), 2),
            static (m, x) => ((TransformerDecoder)m).Call(x[0], x[1], tgtMask: Transformer.GenerateSquareSubsequentMask(4)));
        add("Transformer", () => new Transformer(8, 2, 2, 2, 12), static (m, x) => ((Transformer)m).Call(x[0], x[1]));
        add("Transformer batch first", () => new Transformer(8, 2, 1, 1, 12, batchFirst: true, activation: TransformerActivation.GELU),
            static (m, x) => ((Transformer)m).Call(x[0], x[1]));
    }

    private static void Vision(Adder add)
    {
        add("PixelShuffle", () => new PixelShuffle(2));
        add("PixelUnshuffle", () => new PixelUnshuffle(2));
        add("ChannelShuffle", () => new ChannelShuffle(2));
        add("Upsample", () => new Upsample(scaleFactor: 2));
        add("Upsample bicubic", () => new Upsample(size: (7, 9), mode: InterpolationMode.Bicubic, alignCorners: true));
        add("UpsamplingNearest2d", () => new UpsamplingNearest2d(scaleFactor: 2));
        add("UpsamplingBilinear2d", () => new UpsamplingBilinear2d(size: (6, 7)));
        add("Fold", () => new Fold((4, 5), (2, 2)));
        add("Unfold", () => new Unfold((2, 3), padding: 1));
        add("CosineSimilarity", () => new CosineSimilarity());
        add("PairwiseDistance", () => new PairwiseDistance(keepDim: true));
        add("AdaptiveLogSoftmaxWithLoss", () => new AdaptiveLogSoftmaxWithLoss(8, 20, (5, 12), divValue: 2.0, headBias: true),
            static (m, x) => ((AdaptiveLogSoftmaxWithLoss)m).Call(x[0], x[1]));
    }
}
