using TorchBind.NN;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.NN;

/// <summary>The modules that tests/oracle/nn_parity.py builds, under the same names.</summary>
internal static partial class NNCases
{
    internal sealed record Case(Func<Module> Make, Func<Module, Tensor[], object?> Call, string? Since);

    internal static Dictionary<string, Case> All { get; } = Build();

    public static IEnumerable<string> Names => All.Keys;

    private static object? Plain(Module module, Tensor[] x) => module switch
    {
        Module<Tensor, Tensor> m => m.Call(x[0]),
        Module<Tensor, Tensor, Tensor> m => m.Call(x[0], x[1]),
        Module<Tensor, Tensor, Tensor, Tensor> m => m.Call(x[0], x[1], x[2]),
        _ => throw new NotSupportedException($"{module.GetType().Name} has a signature of its own."),
    };

    private static Dictionary<string, Case> Build()
    {
        var all = new Dictionary<string, Case>();
        Activations();
        Layers();
        Convolutions();
        Poolings();
        Normalizations();
        Losses();
        Containers();
        More((name, make, call) => Add(name, make, call));
        Add("LinearCrossEntropyLoss", () => new LinearCrossEntropyLoss(6, 5), since: "2.14.0");
        return all;

        void Add(string name, Func<Module> make, Func<Module, Tensor[], object?>? call = null, string? since = null) => all.Add(name, new Case(make, call ?? Plain, since));

        void Activations()
        {
            Add("ReLU", () => new ReLU());
            Add("RReLU", () => new RReLU());
            Add("Hardtanh", () => new Hardtanh());
            Add("ReLU6", () => new ReLU6());
            Add("Sigmoid", () => new Sigmoid());
            Add("Hardsigmoid", () => new Hardsigmoid());
            Add("Tanh", () => new Tanh());
            Add("SiLU", () => new SiLU());
            Add("Mish", () => new Mish());
            Add("Hardswish", () => new Hardswish());
            Add("ELU", () => new ELU());
            Add("CELU", () => new CELU());
            Add("SELU", () => new SELU());
            Add("GLU", () => new GLU());
            Add("GELU", () => new GELU());
            Add("Hardshrink", () => new Hardshrink());
            Add("LeakyReLU", () => new LeakyReLU());
            Add("LogSigmoid", () => new LogSigmoid());
            Add("Softplus", () => new Softplus());
            Add("Softshrink", () => new Softshrink());
            Add("Softsign", () => new Softsign());
            Add("Tanhshrink", () => new Tanhshrink());
            Add("PReLU", () => new PReLU());
            Add("Threshold", () => new Threshold(0.1, 20));
            Add("GELU tanh", () => new GELU(GELUApproximation.Tanh));
            Add("ReLU inplace", () => new ReLU(inplace: true));
            Add("PReLU channels", () => new PReLU(6, init: 0.3));
            Add("Softmin", () => new Softmin(dim: 1));
            Add("Softmin no dim", () => new Softmin());
            Add("Softmax", () => new Softmax(dim: 1));
            Add("Softmax no dim", () => new Softmax());
            Add("LogSoftmax", () => new LogSoftmax(dim: 1));
            Add("LogSoftmax no dim", () => new LogSoftmax());
            Add("Softmax2d", () => new Softmax2d());
            Add("Dropout", () => new Dropout(0.3));
            Add("Dropout1d", () => new Dropout1d(0.3));
            Add("Dropout2d", () => new Dropout2d(0.3));
            Add("Dropout3d", () => new Dropout3d(0.3));
            Add("AlphaDropout", () => new AlphaDropout(0.3));
            Add("FeatureAlphaDropout", () => new FeatureAlphaDropout(0.3));
        }

        void Layers()
        {
            Add("Identity", () => new Identity());
            Add("Linear", () => new Linear(10, 7));
            Add("Linear no bias", () => new Linear(10, 7, bias: false));
            Add("Linear double", () => new Linear(10, 7, dtype: DType.Float64));
            Add("Bilinear", () => new Bilinear(4, 5, 6));
            Add("Flatten", () => new Flatten());
            Add("Unflatten", () => new Unflatten(1, (2, 3)));
        }

        void Convolutions()
        {
            Add("Conv1d", () => new Conv1d(4, 6, 3));
            Add("Conv2d", () => new Conv2d(4, 6, 3));
            Add("Conv3d", () => new Conv3d(4, 6, 3));
            Add("Conv1d options", () => new Conv1d(4, 6, 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: false));
            Add("Conv2d options", () => new Conv2d(4, 6, 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: false));
            Add("Conv3d options", () => new Conv3d(4, 6, 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: false));
            Add("Conv1d same", () => new Conv1d(4, 6, 4, padding: "same"));
            Add("Conv2d same", () => new Conv2d(4, 6, 4, padding: "same"));
            Add("Conv3d same", () => new Conv3d(4, 6, 4, padding: "same"));
            Add("Conv1d circular", () => new Conv1d(4, 6, 3, padding: 1, paddingMode: PaddingMode.Circular));
            Add("Conv2d circular", () => new Conv2d(4, 6, 3, padding: 1, paddingMode: PaddingMode.Circular));
            Add("Conv3d circular", () => new Conv3d(4, 6, 3, padding: 1, paddingMode: PaddingMode.Circular));
            Add("Conv1d unbatched", () => new Conv1d(4, 6, 3));
            Add("Conv2d unbatched", () => new Conv2d(4, 6, 3));
            Add("Conv3d unbatched", () => new Conv3d(4, 6, 3));
            Add("ConvTranspose1d", () => new ConvTranspose1d(4, 6, 3));
            Add("ConvTranspose2d", () => new ConvTranspose2d(4, 6, 3));
            Add("ConvTranspose3d", () => new ConvTranspose3d(4, 6, 3));
            Add("ConvTranspose1d options", () => new ConvTranspose1d(4, 6, 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false));
            Add("ConvTranspose2d options", () => new ConvTranspose2d(4, 6, 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false));
            Add("ConvTranspose3d options", () => new ConvTranspose3d(4, 6, 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false));
            Add("ConvTranspose1d size", () => new ConvTranspose1d(4, 6, 3, stride: 2), (m, x) => ((ConvTranspose1d)m).Call(x[0], Doubled(x[0])));
            Add("ConvTranspose2d size", () => new ConvTranspose2d(4, 6, 3, stride: 2), (m, x) => ((ConvTranspose2d)m).Call(x[0], Doubled(x[0])));
            Add("ConvTranspose3d size", () => new ConvTranspose3d(4, 6, 3, stride: 2), (m, x) => ((ConvTranspose3d)m).Call(x[0], Doubled(x[0])));
        }

        static long[] Doubled(Tensor x) => [.. x.Shape.ToArray()[2..].Select(static s => s * 2 + 2)];

        void Poolings()
        {
            Add("MaxPool1d", () => new MaxPool1d(2));
            Add("MaxPool2d", () => new MaxPool2d(2));
            Add("MaxPool3d", () => new MaxPool3d(2));
            Add("MaxPool1d options", () => new MaxPool1d(3, stride: 2, padding: 1, ceilMode: true));
            Add("MaxPool2d options", () => new MaxPool2d(3, stride: 2, padding: 1, ceilMode: true));
            Add("MaxPool3d options", () => new MaxPool3d(3, stride: 2, padding: 1, ceilMode: true));
            Add("AvgPool1d", () => new AvgPool1d(2));
            Add("AvgPool2d", () => new AvgPool2d(2));
            Add("AvgPool3d", () => new AvgPool3d(2));
            Add("AvgPool1d options", () => new AvgPool1d(3, stride: 2, padding: 1, ceilMode: true));
            Add("AvgPool2d options", () => new AvgPool2d(3, stride: 2, padding: 1, ceilMode: true));
            Add("AvgPool3d options", () => new AvgPool3d(3, stride: 2, padding: 1, ceilMode: true));
            Add("MaxPool1d indices", () => new MaxPool1d(2), (m, x) => ((MaxPoolNd)m).CallWithIndices(x[0]));
            Add("MaxPool2d indices", () => new MaxPool2d(2), (m, x) => ((MaxPoolNd)m).CallWithIndices(x[0]));
            Add("MaxPool3d indices", () => new MaxPool3d(2), (m, x) => ((MaxPoolNd)m).CallWithIndices(x[0]));
            Add("MaxUnpool1d", () => new MaxUnpool1d(2), (m, x) => F.MaxPool1dWithIndices(x[0], 2) is var (y, i) ? ((MaxUnpool1d)m).Call(y, i) : null);
            Add("MaxUnpool2d", () => new MaxUnpool2d(2), (m, x) => F.MaxPool2dWithIndices(x[0], 2) is var (y, i) ? ((MaxUnpool2d)m).Call(y, i) : null);
            Add("MaxUnpool3d", () => new MaxUnpool3d(2), (m, x) => F.MaxPool3dWithIndices(x[0], 2) is var (y, i) ? ((MaxUnpool3d)m).Call(y, i) : null);
            Add("LPPool1d", () => new LPPool1d(2, 3, stride: 2));
            Add("LPPool2d", () => new LPPool2d(2, 3, stride: 2));
            Add("LPPool3d", () => new LPPool3d(2, 3, stride: 2));
            Add("AdaptiveAvgPool1d", () => new AdaptiveAvgPool1d(4));
            Add("AdaptiveAvgPool2d", () => new AdaptiveAvgPool2d(4));
            Add("AdaptiveAvgPool3d", () => new AdaptiveAvgPool3d(4));
            Add("AdaptiveMaxPool1d", () => new AdaptiveMaxPool1d(4));
            Add("AdaptiveMaxPool2d", () => new AdaptiveMaxPool2d(4));
            Add("AdaptiveMaxPool3d", () => new AdaptiveMaxPool3d(4));
            Add("AdaptiveAvgPool2d none", () => new AdaptiveAvgPool2d((-1, 3)));
            Add("AdaptiveMaxPool2d indices", () => new AdaptiveMaxPool2d((2, 3)), (m, x) => ((AdaptiveMaxPool2d)m).CallWithIndices(x[0]));
            Add("FractionalMaxPool2d", () => new FractionalMaxPool2d(3, outputSize: (5, 6)));
            Add("FractionalMaxPool2d ratio", () => new FractionalMaxPool2d(3, outputRatio: [0.5, 0.6]));
            Add("FractionalMaxPool3d", () => new FractionalMaxPool3d(2, outputSize: (3, 4, 2)));
        }

        void Normalizations()
        {
            Add("BatchNorm1d", () => new BatchNorm1d(5));
            Add("BatchNorm2d", () => new BatchNorm2d(5));
            Add("BatchNorm3d", () => new BatchNorm3d(5));
            Add("BatchNorm1d options", () => new BatchNorm1d(5, eps: 1e-3, momentum: null, affine: false, trackRunningStats: true));
            Add("BatchNorm2d options", () => new BatchNorm2d(5, eps: 1e-3, momentum: null, affine: false, trackRunningStats: true));
            Add("BatchNorm3d options", () => new BatchNorm3d(5, eps: 1e-3, momentum: null, affine: false, trackRunningStats: true));
            Add("InstanceNorm1d", () => new InstanceNorm1d(5));
            Add("InstanceNorm2d", () => new InstanceNorm2d(5));
            Add("InstanceNorm3d", () => new InstanceNorm3d(5));
            Add("InstanceNorm1d options", () => new InstanceNorm1d(5, eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true));
            Add("InstanceNorm2d options", () => new InstanceNorm2d(5, eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true));
            Add("InstanceNorm3d options", () => new InstanceNorm3d(5, eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true));
            Add("BatchNorm1d no stats", () => new BatchNorm1d(5, trackRunningStats: false));
            Add("BatchNorm2d eval", () => new BatchNorm2d(5));
            Add("InstanceNorm2d unbatched", () => new InstanceNorm2d(5));
            Add("LayerNorm", () => new LayerNorm((4, 5)));
            Add("LayerNorm no bias", () => new LayerNorm(5, bias: false));
            Add("RMSNorm", () => new RMSNorm(5));
            Add("RMSNorm eps", () => new RMSNorm((4, 5), eps: 1e-5));
            Add("GroupNorm", () => new GroupNorm(3, 6));
            Add("LocalResponseNorm", () => new LocalResponseNorm(3));
            Add("LocalResponseNorm 3d", () => new LocalResponseNorm(2, alpha: 1e-3));
        }

        void Losses()
        {
            static Tensor Weights() => Torch.Arange(1.0, 6.0);
            Add("L1Loss", () => new L1Loss());
            Add("MSELoss", () => new MSELoss());
            Add("MSELoss sum", () => new MSELoss(Reduction.Sum));
            Add("NLLLoss", () => new NLLLoss());
            Add("NLLLoss2d", () => new NLLLoss2d());
            Add("NLLLoss weight", () => new NLLLoss(weight: Weights(), ignoreIndex: 2, reduction: Reduction.None));
            Add("PoissonNLLLoss", () => new PoissonNLLLoss(full: true));
            Add("GaussianNLLLoss", () => new GaussianNLLLoss(full: true));
            Add("KLDivLoss", () => new KLDivLoss(KLDivReduction.BatchMean));
            Add("KLDivLoss mean", () => new KLDivLoss());
            Add("BCELoss", () => new BCELoss());
            Add("BCEWithLogitsLoss", () => new BCEWithLogitsLoss(posWeight: Weights()));
            Add("HingeEmbeddingLoss", () => new HingeEmbeddingLoss());
            Add("MultiLabelMarginLoss", () => new MultiLabelMarginLoss(), (m, x) => ((MultiLabelMarginLoss)m).Call(x[0], x[1].Expand(2, 4)));
            Add("SmoothL1Loss", () => new SmoothL1Loss());
            Add("SmoothL1Loss beta", () => new SmoothL1Loss(beta: 0.5));
            Add("HuberLoss", () => new HuberLoss(delta: 0.7));
            Add("SoftMarginLoss", () => new SoftMarginLoss());
            Add("CrossEntropyLoss", () => new CrossEntropyLoss());
            Add("CrossEntropyLoss options", () => new CrossEntropyLoss(weight: Weights(), ignoreIndex: 1, labelSmoothing: 0.1));
            Add("CrossEntropyLoss probabilities", () => new CrossEntropyLoss());
            Add("MultiLabelSoftMarginLoss", () => new MultiLabelSoftMarginLoss());
            Add("CosineEmbeddingLoss", () => new CosineEmbeddingLoss(margin: 0.1));
            Add("MarginRankingLoss", () => new MarginRankingLoss(margin: 0.1));
            Add("MultiMarginLoss", () => new MultiMarginLoss(p: 2));
            Add("TripletMarginLoss", () => new TripletMarginLoss(swap: true));
            Add("TripletMarginWithDistanceLoss", () => new TripletMarginWithDistanceLoss(distanceFunction: (x, y) => 1.0 - F.CosineSimilarity(x, y)));
            Add("CTCLoss", () => new CTCLoss(), (m, x) => ((CTCLoss)m).Call(x[0], x[1].View(2, 3), x[2], x[3]));
        }

        void Containers()
        {
            Add("Sequential", () => new Sequential(new Linear(5, 4), new ReLU(), new Linear(4, 3)));
            Add("ModuleList", () => new ModuleList<Linear>(new Linear(5, 5), new Linear(5, 5), new Linear(5, 5)),
                (m, x) => (ModuleList<Linear>)m is var l ? l[2].Call(l[1].Call(l[0].Call(x[0]))) : null);
            Add("ModuleDict", () => new ModuleDict<Module<Tensor, Tensor>>(("first", new Linear(5, 4)), ("second", new ReLU())),
                (m, x) => (ModuleDict<Module<Tensor, Tensor>>)m is var d ? d["second"].Call(d["first"].Call(x[0])) : null);
            Add("ParameterList", () => new ParameterList(Torch.Randn(3), Torch.Randn(2, 3)), (m, x) => (ParameterList)m is var p ? (x[0] * p[0]) + p[1] : null);
            Add("ParameterDict", () => new ParameterDict(("left", Torch.Randn(3)), ("right", Torch.Randn(2, 3))),
                (m, x) => (ParameterDict)m is var p ? (x[0] * p["left"]) + p["right"] : null);
        }
    }
}
