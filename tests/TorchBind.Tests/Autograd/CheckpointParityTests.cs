using TorchBind.Utils.Checkpoint;

namespace TorchBind.Tests.Autograd;

/// <summary>Activation checkpointing, line by line as tests/oracle/autograd_checkpoint.py.</summary>
public class CheckpointParityTests : CaseTests<CheckpointParityTests>, ICaseSuite
{
    public static string Program => "autograd_checkpoint.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["values_and_gradients"] = ValuesAndGradients,
        ["without_rng"] = WithoutRng,
        ["counts"] = Counts,
        ["nested"] = Nested,
        ["grad_and_double_backward"] = GradAndDoubleBackward,
        ["backward_inside"] = BackwardInside,
        ["mismatches"] = Mismatches,
        ["several"] = Several,
        ["reentrant_without_grad"] = ReentrantWithoutGrad,
        ["sequential"] = Sequential,
        ["saved_hooks_around"] = SavedHooksAround,
    };

    private static Tensor Rand() => Torch.Rand(2);

    private static Tensor Net(Tensor x, Tensor w1, Tensor w2) => Torch.Dropout(Torch.Tanh(x.Matmul(w1)), 0.4, true).Matmul(w2).Sin();

    private static void ValuesAndGradients(CaseLog log)
    {
        var (x, w1, w2) = (Leaf(4, 3), Leaf(3, 5), Leaf(5, 2));
        foreach (var reentrant in new[] { false, true })
        {
            Torch.ManualSeed(3);
            var y = Torch.Utils.Checkpoint((Tensor x) => Net(x, w1, w2), x, useReentrant: reentrant);
            log.Add(y.Sum(), Rand());
            y.Sum().Backward();
            log.Add(x.Grad, w1.Grad, w2.Grad, Rand());
            x.Grad = w1.Grad = w2.Grad = null;
        }
    }

    private static void WithoutRng(CaseLog log)
    {
        var (x, w1, w2) = (Leaf(4, 3), Leaf(3, 5), Leaf(5, 2));
        Torch.ManualSeed(3);
        var y = Torch.Utils.Checkpoint((Tensor x) => Net(x, w1, w2), x, preserveRngState: false);
        y.Sum().Backward();
        log.Add(y, x.Grad, Rand());
    }

    private static void Counts(CaseLog log)
    {
        var x = Leaf(3);
        var calls = new List<int>();
        Tensor F(Tensor x)
        {
            calls.Add(1);
            var b = x.Sin().Exp();
            calls.Add(2);
            return b;
        }

        var y = Torch.Utils.Checkpoint<Tensor, Tensor>(F, x);
        log.Add(calls);
        y.Sum().Backward();
        log.Add(calls, x.Grad);
        calls.Clear();
        using (Torch.Utils.SetCheckpointEarlyStop(false))
            y = Torch.Utils.Checkpoint<Tensor, Tensor>(F, x);
        y.Sum().Backward(retainGraph: true);
        log.Add(calls);
        y.Sum().Backward();
        log.Add(calls, x.Grad);
        calls.Clear();
        using (Torch.NoGrad())
            log.Add(Torch.Utils.Checkpoint<Tensor, Tensor>(F, x));
        log.Add(calls);
    }

    private static void Nested(CaseLog log)
    {
        var x = Leaf(3);
        var order = new List<string>();
        Tensor Inner(Tensor x)
        {
            order.Add("inner");
            return x.Sin().Exp();
        }

        Tensor Outer(Tensor x)
        {
            order.Add("outer");
            var y = Torch.Utils.Checkpoint<Tensor, Tensor>(Inner, x * 2);
            return Torch.Utils.Checkpoint<Tensor, Tensor>(Inner, y.Cos()).Tanh();
        }

        var y = Torch.Utils.Checkpoint<Tensor, Tensor>(Outer, x);
        y.Sum().Backward();
        log.Add(order, x.Grad);
    }

    private static void GradAndDoubleBackward(CaseLog log)
    {
        var x = Leaf(3);
        Func<Tensor, Tensor> f = x => (x.Sin() * x).Exp();
        var y = Torch.Utils.Checkpoint(f, x).Sum();
        var g = Torch.Autograd.Grad(y, x, createGraph: true)[0];
        log.Add(g);
        log.Add(Torch.Autograd.Grad(g.Sum(), x)[0]);
        y = Torch.Utils.Checkpoint(f, x, useReentrant: true).Sum();
        log.Error(() => Torch.Autograd.Grad(y, x));
    }

    private static void BackwardInside(CaseLog log)
    {
        var x = Leaf(3);
        Tensor F(Tensor x)
        {
            var z = x.Sin().Cos();
            var g = Torch.Autograd.Grad(z.Sum(), x, createGraph: true)[0];
            return x.Cos() * g;
        }

        foreach (var earlyStop in new[] { true, false })
        {
            Tensor y;
            using (Torch.Utils.SetCheckpointEarlyStop(earlyStop))
                y = Torch.Utils.Checkpoint<Tensor, Tensor>(F, x);
            y.Sum().Backward();
            log.Add(x.Grad);
            x.Grad = null;
        }
    }

    private static void Mismatches(CaseLog log)
    {
        var x = Leaf(3);
        var n = 0;
        Tensor More(Tensor x)
        {
            n++;
            var y = x.Sin();
            return n == 1 ? y.Exp() : y;
        }

        var y = Torch.Utils.Checkpoint<Tensor, Tensor>(More, x);
        log.Error(() => y.Sum().Backward(), "it must do the same");
        Tensor Other(Tensor x)
        {
            n++;
            return (n == 3 ? x : x[..2]).Sin();
        }

        y = Torch.Utils.Checkpoint<Tensor, Tensor>(Other, x);
        log.Error(() => y.Sum().Backward(), "saved other kinds of tensors than the first");
    }

    private static void Several(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        foreach (var reentrant in new[] { false, true })
        {
            var (p, q, k) = Torch.Utils.Checkpoint(((Tensor A, Tensor B, int K) t) => (t.A * t.B * t.K, t.A + t.B, t.K + 1), (x, y, 3), useReentrant: reentrant);
            log.Add(p, q, k);
            (p * q).Sum().Backward();
            log.Add(x.Grad, y.Grad);
            x.Grad = y.Grad = null;
        }
    }

    private static void ReentrantWithoutGrad(CaseLog log)
    {
        var x = Torch.Randn([3], dtype: DType.Float64);
        var w = Leaf(3);
        var y = Torch.Utils.Checkpoint((Tensor x) => x * w, x, useReentrant: true);
        log.Add(y.RequiresGrad);
        y = Torch.Utils.Checkpoint((Tensor x) => x * w, x);
        y.Sum().Backward();
        log.Add(w.Grad);
    }

    private static void Sequential(CaseLog log)
    {
        Tensor[] weights = [.. Enumerable.Range(0, 5).Select(_ => Leaf(3, 3))];
        var x = Leaf(2, 3);
        Func<Tensor, Tensor>[] functions = [.. weights.Select(w => (Func<Tensor, Tensor>)(h => Torch.Dropout(Torch.Tanh(h.Matmul(w)), 0.3, true)))];
        foreach (var reentrant in new[] { false, true })
        {
            foreach (var segments in new[] { 1, 2, 3, 5 })
            {
                Torch.ManualSeed(segments);
                var y = Torch.Utils.CheckpointSequential(functions, segments, x, reentrant);
                y.Sum().Backward();
                log.Add(y, x.Grad, weights[0].Grad, weights[4].Grad);
                x.Grad = weights[0].Grad = weights[4].Grad = null;
            }
        }
    }

    private static void SavedHooksAround(CaseLog log)
    {
        var x = Leaf(3);
        Tensor y;
        using (Torch.Autograd.Graph.SavedTensorsHooks(
            t =>
            {
                log.Add("pack", t.Shape);
                return t.Detach();
            },
            t =>
            {
                log.Add("unpack");
                return t;
            }))
        {
            y = Torch.Utils.Checkpoint((Tensor x) => x.Sin().Exp(), x);
        }
        y.Sum().Backward();
        log.Add(x.Grad);
    }

    // ---- what has no counterpart in Python

    private sealed class Special(string message) : Exception(message);

    [Test]
    public void AnExceptionInTheSecondRunSurfacesAsItself()
    {
        var x = Leaf(3);
        var thrown = new Special("the second time");
        var runs = 0;
        var y = Torch.Utils.Checkpoint((Tensor x) => runs++ == 0 ? x.Sin().Exp() : throw thrown, x);
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));
        Assert.That(() => Torch.Utils.Checkpoint<Tensor, Tensor>(x => throw thrown, x), Throws.Exception.SameAs(thrown));
        Assert.That(() => x.Sin(), Throws.Nothing, "no hooks are left behind");
    }

    [Test]
    public void DebugSaysWhoSaved()
    {
        var x = Leaf(3);
        var runs = 0;
        var y = Torch.Utils.Checkpoint((Tensor x) => runs++ == 0 ? x.Sin().Exp() : x.Sin(), x, debug: true);
        var exception = Assert.Throws<CheckpointException>(() => y.Sum().Backward())!;
        Assert.That(exception.Message, Contains.Substring(nameof(DebugSaysWhoSaved)).And.Contains("it must do the same"));
    }

    [Test]
    public void WhatIsNotSavedIsFreed()
    {
        var x = Leaf(256, 256);
        long Live(bool checkpoint)
        {
            Tensor F(Tensor x)
            {
                using var scope = new TensorScope();
                for (var i = 0; i < 10; i++)
                    x = x.Sin();
                return scope.Keep(x);
            }

            var y = checkpoint ? Torch.Utils.Checkpoint<Tensor, Tensor>(F, x) : F(x);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var live = Diagnostics.TensorMemory.LiveBytes;
            y.Sum().Backward();
            return live;
        }

        Live(true);
        Assert.That(Live(false) - Live(true), Is.GreaterThan(8 * 256 * 256 * 8));
    }
}
