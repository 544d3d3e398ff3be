using TorchBind.Diagnostics;

namespace TorchBind.Tests.Memory;

/// <summary>Many threads on the same tensors, while others dispose, collect and throw.</summary>
[NonParallelizable]
public class ThreadTests
{
    [Test]
    public void ADisposeDuringCallsIsSafe()
    {
        Collect();
        for (var round = 0; round < 200; round++)
        {
            var tensors = TensorMemory.LiveTensors;
            var shared = Torch.Ones(64, 64);
            using var start = new Barrier(4);
            var users = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                try
                {
                    for (var i = 0; i < 50; i++)
                    {
                        using var product = shared.Matmul(shared);
                        using var sum = product.Sum();
                        if (sum.Item<float>() != 64 * 64 * 64)
                            return false;
                    }
                }
                catch (ObjectDisposedException)
                {
                    // What a user of a disposed tensor is told, on whatever call it happens.
                }
                return true;
            }, TaskCreationOptions.LongRunning)).ToArray();
            start.SignalAndWait();
            Thread.SpinWait(round * 50);
            shared.Dispose();
            Assert.That(users.All(static u => u.Result));
            Assert.That(TensorMemory.LiveTensors, Is.LessThanOrEqualTo(tensors), "the last call under way has released the tensor");
        }
    }

    [Test]
    public void LiveTensorsReturnToWhereTheyBegan()
    {
        Collect();
        var tensors = TensorMemory.LiveTensors;
        var bytes = TensorMemory.LiveBytes;
        using (var weight = Torch.Randn(32, 32))
        {
            var stop = DateTime.UtcNow.AddSeconds(2);
            var work = Enumerable.Range(0, 4).Select(thread => Task.Factory.StartNew(() =>
            {
                var random = new Random(thread);
                while (DateTime.UtcNow < stop)
                {
                    switch (random.Next(5))
                    {
                        case 0:
                            using (new TensorScope())
                                _ = (weight.Matmul(weight) + 1).Relu();
                            break;
                        case 1:
                            _ = weight.Softmax(1)[0]; // left to the collector
                            break;
                        case 2:
                            Assert.Throws<TorchException>(() => weight.Matmul(weight[0, ..3]));
                            break;
                        case 3:
                            using (var x = weight.Clone().RequiresGrad_())
                            using (var loss = x.Pow(2).Sum())
                                loss.Backward();
                            break;
                        default:
                            if (random.Next(50) == 0)
                                GC.Collect();
                            break;
                    }
                }
            }, TaskCreationOptions.LongRunning)).ToArray();
            Task.WaitAll(work);
        }
        Collect();
        Assert.That(TensorMemory.LiveTensors, Is.LessThanOrEqualTo(tensors));
        // Blocks that libtorch keeps per thread are not tensors.
        Assert.That(TensorMemory.LiveBytes - bytes, Is.LessThan(1 << 20));
    }

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [Test]
    public void AutogradModeIsOfItsThread()
    {
        using (Torch.NoGrad())
        {
            Assert.That(Torch.IsGradEnabled(), Is.False);
            Assert.That(Task.Factory.StartNew(Torch.IsGradEnabled, TaskCreationOptions.LongRunning).Result);
        }
        Assert.That(Torch.IsGradEnabled());
    }
}
