using TorchBind.NN;

namespace TorchBind.Examples.Digits;

/// <summary>
/// Two convolutions and two linear layers. The fields are the registration: their names give the keys of the state dict,
/// <c>conv1.weight</c> and so on.
/// </summary>
internal sealed partial class DigitsNet : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = new(1, 32, kernelSize: 3, padding: 1);
    private readonly BatchNorm2d _norm1 = new(32);
    private readonly Conv2d _conv2 = new(32, 64, kernelSize: 3, padding: 1);
    private readonly BatchNorm2d _norm2 = new(64);
    private readonly MaxPool2d _pool = new(2);
    private readonly ReLU _relu = new();
    private readonly Dropout _dropout = new(0.25);
    private readonly Linear _hidden;
    private readonly Linear _output;

    /// <summary>The network for square images of this side.</summary>
    public DigitsNet(long side)
    {
        // Each of the two poolings halves the side.
        _hidden = new Linear(64 * (side / 4) * (side / 4), 128);
        _output = new Linear(128, 10);
    }

    protected override Tensor Forward(Tensor x)
    {
        x = _pool.Call(_relu.Call(_norm1.Call(_conv1.Call(x))));
        x = _pool.Call(_relu.Call(_norm2.Call(_conv2.Call(x))));
        x = _dropout.Call(x.Flatten(1));
        x = _dropout.Call(_relu.Call(_hidden.Call(x)));
        return _output.Call(x);
    }
}
