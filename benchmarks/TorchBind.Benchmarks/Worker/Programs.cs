using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using TorchBind.Diagnostics;

namespace TorchBind.Benchmarks.Worker;

/// <summary>Programs that run once: what is asked of them is how long they take and how much memory.</summary>
internal static class Programs
{
    public static int Run(string name, string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (name)
        {
            case "temporaries":
                Temporaries();
                return 0;
            case "train":
                Train(scope: arguments is ["scope"]);
                return 0;
            case "load-once":
                Files.Once(arguments[0], load: true);
                return 0;
            case "read-once":
                Files.Once(arguments[0], load: false);
                return 0;
            case "mapped":
                Files.Mapped(arguments[0]);
                return 0;
            case "mixed":
                Mixed(int.Parse(arguments[0], CultureInfo.InvariantCulture));
                return 0;
            default:
                Console.Error.WriteLine("no program " + name);
                return 2;
        }
    }

    private static void Report(long start)
    {
        var elapsed = Stopwatch.GetElapsedTime(start);
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        var kilobytes = long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        Console.WriteLine($"{kilobytes * 1024} {elapsed.TotalNanoseconds}");
    }

    /// <summary>Temporaries of a megabyte each, none of them disposed.</summary>
    private static void Temporaries()
    {
        var a = Work.Pattern(512, 512);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20_000; i++)
        {
            var c = (a * 2).Relu().Sum();
        }
        Report(start);
    }

    private static void Train(bool scope)
    {
        var training = new Models.Training(16, adam: false, 1e-6);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 2_000; i++)
        {
            _ = scope ? training.StepInScope() : training.Step();
        }
        Report(start);
    }

    /// <summary>
    /// Several threads at once: inference on one module, training of their own ones, temporaries with and without Dispose, errors, and
    /// tensors that another thread disposes. Afterwards nothing may be left.
    /// </summary>
    private static void Mixed(int seconds)
    {
        var shared = new CifarNet();
        var input = Work.Pattern(1, 3, 32, 32);
        var trainings = new ThreadLocal<Models.Training>(() => new Models.Training(4, adam: true, 1e-7), trackAllValues: true);
        var handedOver = new ConcurrentQueue<Tensor>();
        long operations = 0;

        // A short run first: what libtorch and .NET keep for each thread is there before the count begins.
        Load(TimeSpan.FromSeconds(1));
        var (tensorsBefore, bytesBefore) = Alive();
        operations = 0;
        var start = Stopwatch.GetTimestamp();
        Load(TimeSpan.FromSeconds(seconds));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var (tensorsAfter, bytesAfter) = Alive();
        Console.WriteLine($"{elapsed.TotalSeconds} {operations} {tensorsBefore} {tensorsAfter} {bytesBefore} {bytesAfter}");
        GC.KeepAlive(shared);

        void Load(TimeSpan time)
        {
            var threads = Enumerable.Range(0, 4).Select(number => new Thread(() => Body(number, time))).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                thread.Join();
            while (handedOver.TryDequeue(out var tensor))
                tensor.Dispose();
            foreach (var training in trainings.Values)
                training.Optimizer.Dispose();
            trainings.Dispose();
            trainings = new ThreadLocal<Models.Training>(() => new Models.Training(4, adam: true, 1e-7), trackAllValues: true);
        }

        void Body(int seed, TimeSpan time)
        {
            var random = new Random(seed);
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed < time)
            {
                Interlocked.Increment(ref operations);
                switch (random.Next(7))
                {
                    case 0:
                        using (Torch.NoGrad())
                            shared.Call(input);
                        break;
                    case 1:
                        trainings.Value!.Step();
                        break;
                    case 2:
                        Temporary(random.Next(1, 300_000));
                        break;
                    case 3:
                        using (new TensorScope())
                            Temporary(random.Next(1, 300_000));
                        break;
                    case 4:
                        handedOver.Enqueue(Torch.Ones(random.Next(1, 10_000)));
                        break;
                    case 5:
                        if (handedOver.TryDequeue(out var tensor))
                            tensor.Dispose();
                        break;
                    default:
                        Fail();
                        break;
                }
            }
        }
    }

    private static void Temporary(long size)
    {
        var x = (Torch.Ones(size) * 2).Relu();
        if (x.Sum().Item<float>() != 2 * size)
            throw new InvalidOperationException("the sum is wrong");
    }

    private static void Fail()
    {
        using var a = Torch.Ones(2, 3);
        try
        {
            a.Matmul(a);
        }
        catch (TorchException)
        {
            return;
        }
        throw new InvalidOperationException("shapes that do not fit were multiplied");
    }

    private static (long Tensors, long Bytes) Alive()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return (TensorMemory.LiveTensors, TensorMemory.LiveBytes);
    }
}
