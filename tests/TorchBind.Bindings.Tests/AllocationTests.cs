using System.Diagnostics;
using System.Reflection;

namespace TorchBind.Bindings.Tests;

public class AllocationTests
{
    [Test]
    public void A_call_allocates_nothing_but_its_results()
    {
        // Unoptimised code makes an object each time it looks a constant list up.
        foreach (var assembly in new[] { typeof(Tensor).Assembly, typeof(AllocationTests).Assembly })
        {
            if (assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
                Assert.Ignore($"{assembly.GetName().Name} was compiled without optimisation.");
        }
        using var x = Torch.Ones(2, 3, 4, 4);
        using var w = Torch.Ones(3, 3, 3, 3);
        var tensor = Measure(() => x.Neg());
        Assert.Multiple(() =>
        {
            Assert.That(Measure(() => x.Add(x, alpha: 2)), Is.EqualTo(tensor), "scalar with a default");
            Assert.That(Measure(() => x.Mul(2.5)), Is.EqualTo(tensor), "scalar");
            Assert.That(Measure(() => x.Clamp(min: 0)), Is.EqualTo(tensor), "optional scalar");
            Assert.That(Measure(() => x.Sum([0, 1], keepDim: true)), Is.EqualTo(tensor), "list of integers");
            Assert.That(Measure(() => x.View(2, 3, 16)), Is.EqualTo(tensor), "separate integers");
            Assert.That(Measure(() => x.View((6, 16))), Is.EqualTo(tensor), "tuple");
            Assert.That(Measure(() => x.View(x.Shape)), Is.EqualTo(tensor), "shape");
            Assert.That(Measure(() => Torch.Conv2d(x, w, padding: 1)), Is.EqualTo(tensor), "defaults of lists");
            Assert.That(Measure(() => Torch.Zeros([2, 3], dtype: DType.Int64, device: DeviceType.Cpu)), Is.EqualTo(tensor), "factory");
            Assert.That(Measure(() => Torch.Cat([x, x], 1)), Is.EqualTo(tensor), "list of tensors");
            Assert.That(Measure(() => Torch.Div(x, 2, roundingMode: "floor")), Is.EqualTo(tensor), "text");
            Assert.That(Measure(() => x.Add_(1), dispose: false), Is.EqualTo(0), "in place");
        });
    }

    // The least of several rounds: until the runtime has optimised a method, its calls may allocate.
    private static long Measure(Func<Tensor> call, bool dispose = true)
    {
        const int Count = 50;
        var least = long.MaxValue;
        for (var round = 0; round < 8; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Count; i++)
            {
                var tensor = call();
                if (dispose)
                    tensor.Dispose();
            }
            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / Count);
            Thread.Sleep(100);
        }
        return least;
    }
}
