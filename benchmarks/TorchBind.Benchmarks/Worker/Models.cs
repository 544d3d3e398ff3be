using TorchBind.NN;
using TorchBind.Optim;
using F = TorchBind.NN.Functional;

namespace TorchBind.Benchmarks.Worker;

/// <summary>
/// Training steps and inference. A training step frees each result after its last use, its variants at the end of a scope or never; inference ends a
/// scope, its variants leave all to the garbage collector.
/// </summary>
internal static class Models
{
    public static void AddTo(Dictionary<string, Func<Work>> entries)
    {
        foreach (var adam in new[] { false, true })
        {
            var suffix = adam ? "-adam" : "-sgd";
            foreach (var batch in new[] { 4, 64 })
            {
                entries[$"cifar-b{batch}{suffix}"] = () => Train(batch, adam, static state => state.StepAndDispose());
                entries[$"cifar-b{batch}{suffix}@scope"] = () => Train(batch, adam, static state => state.StepInScope());
                entries[$"cifar-b{batch}{suffix}@gc"] = () => Train(batch, adam, static state => state.Step());
            }
            entries["optimizer-step" + suffix] = () => OptimizerStep(adam);
            foreach (var tensors in new[] { 1, 100, 1000 })
                entries[$"optimizer-step-{tensors}{suffix}"] = () => StepOf(tensors, adam);
        }
        Inference("perceptron-b1", () => new Perceptron(), [1, 784]);
        Inference("resnet18-b1", () => new ResNet18(), [1, 3, 224, 224]);
        Inference("resnet18-b16", () => new ResNet18(), [16, 3, 224, 224]);
        Inference("transformer-layer", () => new TransformerLayer(), [1, 16, 64]);
        entries["lstm-step"] = LstmStep;
        foreach (var threads in new[] { 1, 2, 4 })
            entries[$"threads-{threads}"] = () => Threads(threads);

        void Inference(string name, Func<Module<Tensor, Tensor>> make, long[] shape)
        {
            entries[name] = () => Infer(make().Eval(), Work.Pattern(shape), scope: true);
            entries[name + "@gc"] = () => Infer(make().Eval(), Work.Pattern(shape), scope: false);
        }
    }

    // A rate that changes nothing that shows, for the timing, and one that shows, for the check.
    private static double Rate(bool adam, bool check) => check ? adam ? 0.01 : 0.1 : adam ? 1e-7 : 1e-6;

    /// <summary>A network with its optimizer and one batch.</summary>
    internal sealed class Training(long batch, bool adam, double rate)
    {
        private readonly Tensor _inputs = Work.Pattern(batch, 3, 32, 32);
        private readonly Tensor _labels = Torch.Arange(batch).Remainder(10);

        public CifarNet Net { get; } = new();

        public Optimizer Optimizer => field ??= adam ? new Adam(Net.Parameters(), lr: rate) : new SGD(Net.Parameters(), lr: rate, momentum: 0.9);

        public double Step()
        {
            Optimizer.ZeroGrad();
            var loss = F.CrossEntropy(Net.Call(_inputs), _labels);
            loss.Backward();
            Optimizer.Step();
            return loss.Item<double>();
        }

        public double StepInScope()
        {
            using var _ = new TensorScope();
            return Step();
        }

        public double StepAndDispose()
        {
            Optimizer.ZeroGrad();
            using var scores = Net.CallAndDispose(_inputs);
            using var loss = F.CrossEntropy(scores, _labels);
            loss.Backward();
            Optimizer.Step();
            return loss.Item<double>();
        }
    }

    private static Work Train(int batch, bool adam, Func<Training, double> step)
    {
        var state = new Training(batch, adam, Rate(adam, check: false));
        return new Work(
            count =>
            {
                var sum = 0.0;
                for (long i = 0; i < count; i++)
                    sum += step(state);
            },
            () =>
            {
                var fresh = new Training(batch, adam, Rate(adam, check: true));
                var sum = 0.0;
                for (var i = 0; i < 3; i++)
                    sum += step(fresh);
                return Work.Digest(fresh.Net.Observed * sum);
            });
    }

    private static Work OptimizerStep(bool adam)
    {
        var state = new Training(4, adam, Rate(adam, check: false));
        state.Step();
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    state.Optimizer.Step();
            },
            () =>
            {
                var fresh = new Training(4, adam, Rate(adam, check: true));
                fresh.Step();
                fresh.Optimizer.Step();
                return Work.Digest(fresh.Net.Observed);
            });
    }

    // So many parameters of 8 x 8 numbers, whose gradients stay.
    private static Work StepOf(int tensors, bool adam)
    {
        (Tensor[] Parameters, Optimizer Optimizer) Make(bool check)
        {
            var parameters = new Tensor[tensors];
            for (var i = 0; i < tensors; i++)
            {
                parameters[i] = (Work.Pattern(8, 8) + i).RequiresGrad_();
                parameters[i].Grad = Work.Pattern(8, 8) * 0.5;
            }
            var rate = Rate(adam, check);
            return (parameters, adam ? new Adam(parameters, lr: rate) : new SGD(parameters, lr: rate, momentum: 0.9));
        }

        var (_, optimizer) = Make(check: false);
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    optimizer.Step();
            },
            () =>
            {
                var (parameters, fresh) = Make(check: true);
                for (var i = 0; i < 3; i++)
                    fresh.Step();
                return Work.Digest(Torch.Cat(parameters));
            });
    }

    private static Work Infer(Module<Tensor, Tensor> net, Tensor input, bool scope) => new(
        count =>
        {
            using var guard = Torch.NoGrad();
            for (long i = 0; i < count; i++)
            {
                if (scope)
                    InScope(net, input);
                else
                    net.Call(input);
            }
        },
        () =>
        {
            using var guard = Torch.NoGrad();
            return Work.Digest(net.Call(input));
        });

    private static void InScope(Module<Tensor, Tensor> net, Tensor input)
    {
        using var scope = new TensorScope();
        net.Call(input);
    }

    private static Work LstmStep()
    {
        var cell = new LSTMCell(64, 128);
        Nets.Fill(cell);
        var input = Work.Pattern(1, 64);
        (Tensor, Tensor) Steps(long count)
        {
            using var guard = Torch.NoGrad();
            var state = (Torch.Zeros(1, 128), Torch.Zeros(1, 128));
            for (long i = 0; i < count; i++)
            {
                var (h, c) = state;
                state = cell.Call(input, state);
                h.Dispose();
                c.Dispose();
            }
            return state;
        }
        return new Work(
            count =>
            {
                var (h, c) = Steps(count);
                h.Dispose();
                c.Dispose();
            },
            () =>
            {
                var (h, c) = Steps(3);
                return Work.Digest(Torch.Cat([h, c]));
            });
    }

    /// <summary>One module, several threads. The time is per call, over all threads.</summary>
    private static Work Threads(int number)
    {
        var net = new CifarNet();
        var input = Work.Pattern(1, 3, 32, 32);
        return new Work(
            count =>
            {
                var workers = new Thread[number];
                for (var t = 0; t < number; t++)
                {
                    workers[t] = new Thread(() =>
                    {
                        using var guard = Torch.NoGrad();
                        for (long i = 0; i < count / number; i++)
                            InScope(net, input);
                    });
                    workers[t].Start();
                }
                foreach (var worker in workers)
                    worker.Join();
            },
            () => Work.Digest(net.Call(input)));
    }
}
