using TorchBind.NN;
using F = TorchBind.NN.Functional;

namespace TorchBind.Benchmarks.Worker;

/// <summary>The networks of the benchmarks. The other workers have the same ones, with the same names inside.</summary>
internal static class Nets
{
    /// <summary>Weights that do not depend on how a library initialises, or in which order.</summary>
    public static void Fill(Module module)
    {
        using var guard = Torch.NoGrad();
        foreach (var (name, parameter) in module.NamedParameters())
        {
            var bias = name.Contains("bias", StringComparison.Ordinal);
            if (parameter.NDim <= 1 && !bias)
                continue; // the weights of norms stay 1
            var bound = bias ? 0.1 : 1 / Math.Sqrt(parameter.Numel() / parameter.Size(0));
            Torch.ManualSeed(parameter.Numel());
            parameter.Uniform_(-bound, bound);
        }
    }

    public static Conv2d Conv(long inputs, long outputs, long kernel, long stride, long padding) =>
        new(inputs, outputs, kernel, stride: stride, padding: padding, bias: false);
}

/// <summary>The network of the CIFAR-10 tutorial.</summary>
internal sealed partial class CifarNet : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = new(3, 6, 5);
    private readonly MaxPool2d _pool = new(2, 2);
    private readonly Conv2d _conv2 = new(6, 16, 5);
    private readonly Linear _fc1 = new(16 * 5 * 5, 120);
    private readonly Linear _fc2 = new(120, 84);
    private readonly Linear _fc3 = new(84, 10);

    public CifarNet() => Nets.Fill(this);

    public Tensor Observed => _fc2.Weight;

    protected override Tensor Forward(Tensor x)
    {
        x = _pool.Call(F.Relu(_conv1.Call(x)));
        x = _pool.Call(F.Relu(_conv2.Call(x)));
        x = Torch.Flatten(x, 1);
        x = F.Relu(_fc1.Call(x));
        x = F.Relu(_fc2.Call(x));
        return _fc3.Call(x);
    }

    /// <summary>The same, with every result freed when it is no longer used, as C++ and Python free it.</summary>
    public Tensor CallAndDispose(Tensor x)
    {
        using var y1 = _conv1.Call(x);
        using var y2 = F.Relu(y1);
        y1.Dispose(); // large: what comes next takes its place in the cache
        using var y3 = _pool.Call(y2);
        y2.Dispose();
        using var y4 = _conv2.Call(y3);
        using var y5 = F.Relu(y4);
        y4.Dispose();
        using var y6 = _pool.Call(y5);
        y5.Dispose();
        using var y7 = Torch.Flatten(y6, 1);
        using var y8 = _fc1.Call(y7);
        using var y9 = F.Relu(y8);
        using var y10 = _fc2.Call(y9);
        using var y11 = F.Relu(y10);
        return _fc3.Call(y11);
    }
}

internal sealed partial class Perceptron : Module<Tensor, Tensor>
{
    private readonly Linear _fc1 = new(784, 128);
    private readonly Linear _fc2 = new(128, 10);

    public Perceptron() => Nets.Fill(this);

    protected override Tensor Forward(Tensor x) => _fc2.Call(F.Relu(_fc1.Call(x)));
}

internal sealed partial class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1;
    private readonly BatchNorm2d _bn1;
    private readonly Conv2d _conv2;
    private readonly BatchNorm2d _bn2;
    private readonly Sequential? _downsample;

    public BasicBlock(long inputs, long outputs, long stride)
    {
        _conv1 = Nets.Conv(inputs, outputs, 3, stride, 1);
        _bn1 = new BatchNorm2d(outputs);
        _conv2 = Nets.Conv(outputs, outputs, 3, 1, 1);
        _bn2 = new BatchNorm2d(outputs);
        if (stride != 1 || inputs != outputs)
            _downsample = new Sequential(Nets.Conv(inputs, outputs, 1, stride, 0), new BatchNorm2d(outputs));
    }

    protected override Tensor Forward(Tensor x)
    {
        var y = _bn1.Call(_conv1.Call(x)).Relu_();
        y = _bn2.Call(_conv2.Call(y));
        y += _downsample is null ? x : _downsample.Call(x);
        return y.Relu_();
    }
}

internal sealed partial class ResNet18 : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = Nets.Conv(3, 64, 7, 2, 3);
    private readonly BatchNorm2d _bn1 = new(64);
    private readonly MaxPool2d _maxpool = new(3, stride: 2, padding: 1);
    private readonly Sequential _layer1 = new(new BasicBlock(64, 64, 1), new BasicBlock(64, 64, 1));
    private readonly Sequential _layer2 = new(new BasicBlock(64, 128, 2), new BasicBlock(128, 128, 1));
    private readonly Sequential _layer3 = new(new BasicBlock(128, 256, 2), new BasicBlock(256, 256, 1));
    private readonly Sequential _layer4 = new(new BasicBlock(256, 512, 2), new BasicBlock(512, 512, 1));
    private readonly AdaptiveAvgPool2d _avgpool = new(1);
    private readonly Linear _fc = new(512, 1000);

    public ResNet18() => Nets.Fill(this);

    protected override Tensor Forward(Tensor x)
    {
        x = _maxpool.Call(_bn1.Call(_conv1.Call(x)).Relu_());
        x = _layer4.Call(_layer3.Call(_layer2.Call(_layer1.Call(x))));
        return _fc.Call(Torch.Flatten(_avgpool.Call(x), 1));
    }
}

/// <summary>An encoder layer. Written out, because the ready-made ones of C++ and Python call different operators.</summary>
internal sealed partial class TransformerLayer : Module<Tensor, Tensor>
{
    private const int Width = 64;
    private const int Heads = 4;
    private const int Inner = 256;

    private readonly Linear _qkv = new(Width, 3 * Width);
    private readonly Linear _proj = new(Width, Width);
    private readonly LayerNorm _norm1 = new(Width);
    private readonly Linear _up = new(Width, Inner);
    private readonly Linear _down = new(Inner, Width);
    private readonly LayerNorm _norm2 = new(Width);

    public TransformerLayer() => Nets.Fill(this);

    protected override Tensor Forward(Tensor x)
    {
        var (batch, time, width) = x.Shape;
        var parts = _qkv.Call(x).View(batch, time, 3, Heads, width / Heads).Permute(2, 0, 3, 1, 4).Unbind(0);
        var attended = F.ScaledDotProductAttention(parts[0], parts[1], parts[2]);
        x = _norm1.Call(x + _proj.Call(attended.Transpose(1, 2).Reshape(batch, time, width)));
        return _norm2.Call(x + _down.Call(F.Gelu(_up.Call(x))));
    }
}
