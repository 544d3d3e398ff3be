using TorchBind.NN;
using F = TorchBind.NN.Functional;

namespace TorchBind.Examples.PretrainedResNet;

/// <summary>
/// The residual network with 20 layers for CIFAR-10 (He et al. 2015): a convolution, three stages of three blocks with 16, 32 and
/// 64 channels, the average of each channel, a linear layer. Takes (N, 3, 32, 32), gives (N, 10).
/// </summary>
internal sealed partial class ResNet20 : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = new(3, 16, kernelSize: 3, padding: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(16);
    private readonly Sequential _layer1 = Stage(16, 16, stride: 1);
    private readonly Sequential _layer2 = Stage(16, 32, stride: 2);
    private readonly Sequential _layer3 = Stage(32, 64, stride: 2);
    private readonly Linear _linear = new(64, 10);

    protected override Tensor Forward(Tensor x)
    {
        x = F.Relu(_bn1.Call(_conv1.Call(x)));
        x = _layer3.Call(_layer2.Call(_layer1.Call(x)));
        x = F.AvgPool2d(x, x.Size(3));
        return _linear.Call(x.View(x.Size(0), -1));
    }

    private static Sequential Stage(long inChannels, long channels, long stride) =>
        new(new Block(inChannels, channels, stride), new Block(channels, channels, 1), new Block(channels, channels, 1));
}

/// <summary>Two convolutions, and a way around them without parameters: every second pixel, and zeros for the new channels.</summary>
internal sealed partial class Block(long inChannels, long channels, long stride) : Module<Tensor, Tensor>
{
    private readonly long _stride = stride;
    private readonly long _newChannels = channels - inChannels;
    private readonly Conv2d _conv1 = new(inChannels, channels, kernelSize: 3, stride: stride, padding: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(channels);
    private readonly Conv2d _conv2 = new(channels, channels, kernelSize: 3, padding: 1, bias: false);
    private readonly BatchNorm2d _bn2 = new(channels);

    protected override Tensor Forward(Tensor x)
    {
        var y = F.Relu(_bn1.Call(_conv1.Call(x)));
        y = _bn2.Call(_conv2.Call(y));
        return F.Relu(y + Shortcut(x));
    }

    private Tensor Shortcut(Tensor x) =>
        _stride == 1 ? x : F.Pad(x[.., .., Torch.Slice(step: 2), Torch.Slice(step: 2)], (long[])[0, 0, 0, 0, _newChannels / 2, _newChannels / 2]);
}
