// Uses the packages as a stranger would. What it prints is compared with expected.txt.
using TorchBind;

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
