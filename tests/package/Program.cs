// Uses the packages as a stranger would. What it prints is compared with expected.txt.
using System.Reflection;
using TorchBind;
using TorchBind.NN;
using TorchBind.Numerics;

Torch.ManualSeed(0);
Console.WriteLine($"libtorch {Torch.Version}");

var a = Torch.Arange(6).Reshape(2, 3);
Console.WriteLine($"shape {string.Join("x", a.Shape.ToArray())}, sum {a.Sum().Item<long>()}");

var x = Torch.Tensor([1.0, 2.0, 3.0], requiresGrad: true);
(x * x).Sum().Backward();
Console.WriteLine($"grad {string.Join(" ", x.Grad!.ToArray<float>())}");

try
{
    Torch.Ones(2, 3).Matmul(Torch.Ones(2, 3));
}
catch (Exception exception)
{
    Console.WriteLine(exception.Message.Split('\n')[0]);
}

// System.Numerics.Tensors over the same memory.
var span = a.AsTensorSpan<long>();
span[1, 2] = 100;
Console.WriteLine($"numerics {string.Join("x", span.Lengths.ToArray().Select(l => (long)l))}, sum {a.Sum().Item<long>()}, back {a.ToNumericsTensor<long>().AsTorchTensor().Equal(a)}");

// The source generator comes with the package: it wrote this class's registration.
var net = new Net();
Console.WriteLine(string.Join(" ", net.StateDict().Keys));
Console.WriteLine(net.Call(Torch.Ones(1, 2)).Shape);
Console.WriteLine(typeof(Net).GetMethod("DescribeMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) is not null);

internal sealed partial class Net : Module<Tensor, Tensor>
{
    private readonly Linear _first = new(2, 3);

    public Linear SecondLayer { get; } = new(3, 1, bias: false);

    protected override Tensor Forward(Tensor x) => SecondLayer.Call(_first.Call(x).Relu());
}
