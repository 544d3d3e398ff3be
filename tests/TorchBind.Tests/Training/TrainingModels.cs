using TorchBind.NN;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.Training;

/// <summary>The network of the CIFAR-10 tutorial.</summary>
internal sealed partial class TutorialNet : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = new(3, 6, 5);
    private readonly MaxPool2d _pool = new(2, 2);
    private readonly Conv2d _conv2 = new(6, 16, 5);
    private readonly Linear _fc1 = new(16 * 5 * 5, 120);
    private readonly Linear _fc2 = new(120, 84);
    private readonly Linear _fc3 = new(84, 10);

    protected override Tensor Forward(Tensor x)
    {
        x = _pool.Call(F.Relu(_conv1.Call(x)));
        x = _pool.Call(F.Relu(_conv2.Call(x)));
        x = Torch.Flatten(x, 1);
        x = F.Relu(_fc1.Call(x));
        x = F.Relu(_fc2.Call(x));
        return _fc3.Call(x);
    }
}

internal sealed partial class Block : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1;
    private readonly BatchNorm2d _bn1;
    private readonly ReLU _relu;
    private readonly Conv2d _conv2;
    private readonly BatchNorm2d _bn2;
    private readonly Sequential? _downsample;

    public Block(long inputs, long outputs, long stride)
    {
        _conv1 = new(inputs, outputs, 3, stride: stride, padding: 1, bias: false);
        _bn1 = new(outputs);
        _relu = new(inplace: true);
        _conv2 = new(outputs, outputs, 3, padding: 1, bias: false);
        _bn2 = new(outputs);
        if (stride != 1 || inputs != outputs)
            _downsample = new(new Conv2d(inputs, outputs, 1, stride: stride, bias: false), new BatchNorm2d(outputs));
    }

    protected override Tensor Forward(Tensor x)
    {
        var identity = _downsample is null ? x : _downsample.Call(x);
        var y = _relu.Call(_bn1.Call(_conv1.Call(x)));
        y = _bn2.Call(_conv2.Call(y));
        y += identity;
        return _relu.Call(y);
    }
}

internal sealed partial class ResNet18 : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = new(3, 64, 7, stride: 2, padding: 3, bias: false);
    private readonly BatchNorm2d _bn1 = new(64);
    private readonly ReLU _relu = new(inplace: true);
    private readonly MaxPool2d _maxpool = new(3, stride: 2, padding: 1);
    private readonly Sequential _layer1 = new(new Block(64, 64, 1), new Block(64, 64, 1));
    private readonly Sequential _layer2 = new(new Block(64, 128, 2), new Block(128, 128, 1));
    private readonly Sequential _layer3 = new(new Block(128, 256, 2), new Block(256, 256, 1));
    private readonly Sequential _layer4 = new(new Block(256, 512, 2), new Block(512, 512, 1));
    private readonly AdaptiveAvgPool2d _avgpool = new((1, 1));
    private readonly Linear _fc;

    public ResNet18(long classes)
    {
        _fc = new(512, classes);
        foreach (var conv in Modules().OfType<Conv2d>())
            Init.KaimingNormal_(conv.Weight, mode: FanMode.FanOut, nonlinearity: Nonlinearity.ReLU);
    }

    protected override Tensor Forward(Tensor x)
    {
        x = _maxpool.Call(_relu.Call(_bn1.Call(_conv1.Call(x))));
        x = _layer4.Call(_layer3.Call(_layer2.Call(_layer1.Call(x))));
        return _fc.Call(Torch.Flatten(_avgpool.Call(x), 1));
    }
}

internal sealed partial class LanguageModel : Module<Tensor, (Tensor H, Tensor C)?, (Tensor Scores, (Tensor H, Tensor C) Hidden)>
{
    private readonly Embedding _embedding = new(128, 32);
    private readonly LSTM _lstm = new(32, 64, numLayers: 2, dropout: 0.2);
    private readonly Dropout _dropout = new(0.2);
    private readonly Linear _head = new(64, 128);

    protected override (Tensor Scores, (Tensor H, Tensor C) Hidden) Forward(Tensor x, (Tensor H, Tensor C)? hidden)
    {
        var (output, next) = _lstm.Call(_dropout.Call(_embedding.Call(x)), hidden);
        return (_head.Call(_dropout.Call(output)), next);
    }
}

internal sealed partial class Tagger : Module<Tensor, Tensor, Tensor>
{
    private readonly Embedding _embedding = new(20, 32);
    private readonly Parameter _position = new(Torch.Zeros(1, 12, 32));
    private readonly TransformerEncoder _encoder = new(new TransformerEncoderLayer(32, 4, dimFeedforward: 64, dropout: 0.1, batchFirst: true), 2);
    private readonly Linear _head = new(32, 20);

    protected override Tensor Forward(Tensor x, Tensor padding) => _head.Call(_encoder.Call(_embedding.Call(x) + _position, srcKeyPaddingMask: padding));
}
