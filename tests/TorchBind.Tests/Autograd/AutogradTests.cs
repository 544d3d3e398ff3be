using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TorchBind.Autograd;

namespace TorchBind.Tests.Autograd;

/// <summary>What has no counterpart in Python: exceptions, garbage collection, threads, lifetimes.</summary>
[NonParallelizable]
public class AutogradTests
{
    private sealed class Special(string message) : Exception(message);

    private static Tensor Leaf(params ReadOnlySpan<long> shape) => Torch.Randn(new IntList(shape), dtype: DType.Float64).RequiresGrad_();

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    // ---- exceptions

    [Test]
    public void AnExceptionInAHookSurfacesAsItself()
    {
        var x = Leaf(3);
        var y = x * x;
        var thrown = new Special("from a hook");
        y.RegisterHook(g => throw thrown);
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));
        Assert.That(thrown.StackTrace, Does.Contain(nameof(AnExceptionInAHookSurfacesAsItself)));
        Assert.That(thrown.Data["Operation"], Is.EqualTo("MulBackward0"));
    }

    [Test]
    public void AnExceptionInEveryKindOfCallbackSurfacesAsItself()
    {
        var thrown = new Special("from a callback");
        var x = Leaf(3);
        var y = x * x;
        y.GradFn!.RegisterHook((Action<Tensor[], Tensor[]>)((gi, go) => throw thrown));
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));

        y = x * x;
        y.GradFn!.RegisterPrehook((Action<Tensor[]>)(go => throw thrown));
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));

        using (x.RegisterPostAccumulateGradHook(p => throw thrown))
            Assert.That(() => (x * x).Sum().Backward(), Throws.Exception.SameAs(thrown));

        using (Torch.Autograd.Graph.SavedTensorsHooks<Tensor>(t => throw thrown, t => t))
            Assert.That(() => x.Sin(), Throws.Exception.SameAs(thrown));

        using (Torch.Autograd.Graph.SavedTensorsHooks<Tensor>(t => t.Detach(), t => throw thrown))
            y = x.Sin();
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));
        // The process goes on as if nothing had been.
        x.Grad = null;
        (x * x).Sum().Backward();
        Assert.That(x.Grad, Is.Not.Null);
    }

    private sealed class Fails : Function<Fails, Tensor, Exception?, Exception?, Tensor>
    {
        private Exception? _backward;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, Exception? forward, Exception? backward)
        {
            _backward = backward;
            return forward is null ? x * 2 : throw forward;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => throw _backward!;
    }

    [Test]
    public void AnExceptionInAFunctionSurfacesAsItself()
    {
        var x = Leaf(3);
        var thrown = new Special("from a function");
        Assert.That(() => Fails.Apply(x, thrown, null), Throws.Exception.SameAs(thrown));
        Assert.That(Torch.IsGradEnabled(), "the modes of the thread are restored");
        var y = Fails.Apply(x, null, thrown);
        Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));
        Assert.That(thrown.Data["Operation"], Is.EqualTo("FailsBackward"));
        // From inside of a reentrant pass as well.
        var outer = Reenters.Apply(x, thrown);
        Assert.That(() => outer.Sum().Backward(), Throws.Exception.SameAs(thrown));
    }

    private sealed class Reenters : Function<Reenters, Tensor, Exception, Tensor>
    {
        private Tensor? _inner;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, Exception thrown)
        {
            using (Torch.EnableGrad())
                _inner = Fails.Apply(x.Detach().RequiresGrad_(), null, thrown);
            return _inner.Detach();
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            _inner!.Backward(gradOutputs[0]);
            return [gradOutputs[0], null];
        }
    }

    // ---- memory

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Registered(Tensor tensor, out Utils.Hooks.RemovableHandle handle)
    {
        var captured = new object();
        handle = tensor.RegisterHook(g => GC.KeepAlive(captured));
        return new WeakReference(captured);
    }

    [Test]
    public void ARemovedHookIsCollected()
    {
        var x = Leaf(3);
        var captured = Registered(x, out var handle);
        Collect();
        Assert.That(captured.IsAlive, "the tensor keeps the hook");
        handle.Remove();
        Collect();
        Assert.That(captured.IsAlive, Is.False);
        handle.Remove();
    }

    [Test]
    public void AHookDiesWithItsTensor()
    {
        var x = Leaf(3);
        var captured = Registered(x, out var handle);
        x.Dispose();
        Collect();
        Assert.That(captured.IsAlive, Is.False);
        handle.Remove();
    }

    [Test]
    public void AHookOnANonLeafDiesWithTheGraph()
    {
        var x = Leaf(3);
        WeakReference captured;
        using (var y = x * x)
        {
            captured = Registered(y, out _);
            Collect();
            Assert.That(captured.IsAlive);
        }
        Collect();
        Assert.That(captured.IsAlive, Is.False);
    }

    private sealed class Holder : Function<Holder, Tensor, object, Tensor>
    {
        private object? _held;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, object held)
        {
            _held = held;
            var y = x.Exp();
            ctx.SaveForBackward(x, y);
            return y;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            GC.KeepAlive(_held);
            return [gradOutputs[0] * ctx.SavedTensors[1], null];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Tensor Result, WeakReference Held) Apply(Tensor x)
    {
        var held = new object();
        return (Holder.Apply(x, held), new WeakReference(held));
    }

    // A frame of its own: code that is not optimized keeps its temporaries to its end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void BackwardOfSum(Tensor y) => y.Sum().Backward();

    [Test]
    public void AFunctionDiesWithItsNode()
    {
        var x = Leaf(3);
        var (y, held) = Apply(x);
        Collect();
        Assert.That(held.IsAlive, "the graph keeps the function");
        y.Dispose();
        Collect();
        Assert.That(held.IsAlive, Is.False);

        (y, held) = Apply(x);
        BackwardOfSum(y);
        y.Dispose();
        Collect();
        Assert.That(held.IsAlive, Is.False);

        using (Torch.NoGrad())
            (y, held) = Apply(x);
        Collect();
        Assert.That(held.IsAlive, Is.False, "nothing was recorded");
    }

    [Test]
    public void FunctionsLeaveNoTensors()
    {
        var x = Leaf(512);
        Step(x);
        Collect();
        var before = Diagnostics.TensorMemory.LiveTensors;
        var bytes = Diagnostics.TensorMemory.LiveBytes;
        for (var i = 0; i < 200; i++)
            Step(x);
        Collect();
        Assert.Multiple(() =>
        {
            Assert.That(Diagnostics.TensorMemory.LiveTensors, Is.LessThanOrEqualTo(before + 2));
            // A thread hands its counts on by 64 KiB; one tensor that stayed in each step would be 800 KiB.
            Assert.That(Diagnostics.TensorMemory.LiveBytes, Is.LessThanOrEqualTo(bytes + (128 << 10)));
        });

        static void Step(Tensor x)
        {
            var y = Holder.Apply(x, x);
            var hook = y.RegisterHook(g => g * 1);
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t.Detach(), t => t))
                y = Holder.Apply(y, y);
            var g = Torch.Autograd.Grad(y.Sum(), x, createGraph: true)[0];
            Torch.Autograd.Grad(g.Sum(), x);
            hook.Remove();
        }
    }

    [Test]
    public void GarbageCollectionDuringBackward()
    {
        var x = Leaf(16);
        var y = x;
        for (var i = 0; i < 20; i++)
        {
            y = Holder.Apply(y * 0.1, new object());
            y.RegisterHook(g =>
            {
                Collect();
                return g * 1;
            });
        }
        var sum = y.Sum();
        y = null!;
        Collect();
        sum.Backward();
        Assert.That(x.Grad!.ToArray<double>(), Has.All.Positive);
    }

    [Test]
    public void DeepGraphsAreFreed()
    {
        var x = Leaf(1);
        var y = x;
        using (new TensorScope())
        {
            for (var i = 0; i < 20_000; i++)
                y = i % 10 == 0 ? Holder.Apply(y * 0.5, x) : y * 0.5;
        }
        Collect();
    }

    // ---- contexts

    private sealed class Leaks : Function<Leaks, Tensor, Action<FunctionContext>, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x, Action<FunctionContext> leak)
        {
            ctx.SaveForBackward(x);
            ctx["answer"] = 42;
            leak(ctx);
            return x * 2;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * ctx.Get<int>("answer"), null];
    }

    [Test]
    public void AContextAfterItsGraph()
    {
        var x = Leaf(3);
        FunctionContext? kept = null;
        var y = Leaks.Apply(x, ctx => kept = ctx);
        Look();
        BackwardOfSum(y);
        Assert.That(x.Grad!.ToArray<double>(), Has.All.EqualTo(42.0));
        Assert.That(() => kept!.SavedTensors, Throws.InstanceOf<TorchException>().With.Message.Contains("after they have already been freed"));
        y.Dispose();
        Collect();
        Assert.That(kept!.Node, Is.Null);
        Assert.That(() => kept!.SavedTensors, Throws.InstanceOf<TorchException>());
        Assert.That(() => kept["nothing"], Throws.InstanceOf<KeyNotFoundException>());

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Look()
        {
            Assert.That(kept!.SavedTensors[0].ToArray<double>(), Is.EqualTo(x.ToArray<double>()));
            Assert.That(kept.Node!.Name, Is.EqualTo("LeaksBackward"));
        }
    }

    private sealed class Lists : Function<Lists, Tensor[], double, Tensor[]>
    {
        protected override Tensor[] Forward(FunctionContext ctx, Tensor[] tensors, double factor)
        {
            ctx["factor"] = factor;
            return [.. tensors.Select(t => t * factor)];
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) =>
            [.. gradOutputs.Select(g => g * ctx.Get<double>("factor")), null];
    }

    [Test]
    public void ArraysOfTensorsAreInputsAndOutputs()
    {
        var inputs = new[] { Leaf(2), Leaf(3), Torch.Ones([1], dtype: DType.Float64) };
        var outputs = Lists.Apply(inputs, 3.0);
        Torch.Autograd.Backward([outputs[0].Sum(), outputs[1].Sum(), outputs[2].Sum()]);
        Assert.That(inputs[0].Grad!.ToArray<double>(), Is.EqualTo(new[] { 3.0, 3.0 }));
        Assert.That(inputs[1].Grad!.ToArray<double>(), Is.EqualTo(new[] { 3.0, 3.0, 3.0 }));
        Assert.That(inputs[2].Grad, Is.Null);
    }

    [Test]
    public void DisposedTensorsAreRefused()
    {
        var x = Leaf(3);
        var y = x * x;
        var z = y.Sum();
        y.Dispose();
        Assert.That(() => Torch.Autograd.Grad(z, y), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => y.RegisterHook(g => g), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => Scaled.Apply(y), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => Torch.Autograd.Grad(z, (Tensor)null!), Throws.InstanceOf<ArgumentNullException>());
        Assert.That(() => Torch.Autograd.Grad([z, null!], [x]), Throws.InstanceOf<ArgumentNullException>());
        z.Backward();
        Assert.That(x.Grad, Is.Not.Null);
    }

    private sealed class Scaled : Function<Scaled, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x) => x * 2;

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            using var result = gradOutputs[0] * 2;
            return [result];
        }
    }

    [Test]
    public void ADisposedGradientIsRefused()
    {
        var x = Leaf(3);
        Assert.That(() => Scaled.Apply(x).Sum().Backward(), Throws.InstanceOf<ObjectDisposedException>());
    }

    // ---- threads

    // A pass inside of a pass, so deep that the engine goes on in threads of its own.
    private sealed class Deep : Function<Deep, Tensor, int, ConcurrentBag<int>, Exception?, Tensor>
    {
        private int _depth;
        private ConcurrentBag<int> _threads = [];
        private Exception? _thrown;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, int depth, ConcurrentBag<int> threads, Exception? thrown)
        {
            (_depth, _threads, _thrown) = (depth, threads, thrown);
            return x * 2;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            _threads.Add(Environment.CurrentManagedThreadId);
            if (_depth == 0)
                return _thrown is null ? [gradOutputs[0], null, null, null] : throw _thrown;
            using (Torch.EnableGrad())
            {
                var x = gradOutputs[0].Detach().RequiresGrad_();
                x.RegisterHook(g => _threads.Add(Environment.CurrentManagedThreadId));
                Apply(x, _depth - 1, _threads, _thrown).Backward(gradOutputs[0]);
                return [x.Grad, null, null, null];
            }
        }
    }

    [Test]
    public void CallbacksOnTheEnginesThreads()
    {
        var threads = new ConcurrentBag<int>();
        var x = Leaf(3);
        Deep.Apply(x, 150, threads, null).Sum().Backward();
        Assert.That(x.Grad!.ToArray<double>(), Has.All.EqualTo(1.0));
        Assert.That(threads.Distinct().Count(), Is.GreaterThan(1));

        var thrown = new Special("from far away");
        Assert.That(() => Deep.Apply(x, 150, threads, thrown).Sum().Backward(), Throws.Exception.SameAs(thrown));
        Assert.That(thrown.Data["Operation"], Is.EqualTo("DeepBackward"));
        Deep.Apply(x, 1, threads, null).Sum().Backward();
    }

    [Test]
    public void ManyThreadsFailAtOnce()
    {
        var shared = Leaf(8);
        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            var thrown = new Special($"number {i}");
            try
            {
                Fails.Apply(shared * i, null, thrown).Sum().Backward();
            }
            catch (Special caught) when (ReferenceEquals(caught, thrown))
            {
                return;
            }
            throw new InvalidOperationException("another exception, or none");
        });
    }

    [Test]
    public void BackwardOnManyThreads()
    {
        var shared = Leaf(8);
        var expected = Torch.Autograd.Grad(Compute(shared), shared)[0].ToArray<double>();
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            var result = Torch.Autograd.Grad(Compute(shared), shared)[0].ToArray<double>();
            if (!result.AsSpan().SequenceEqual(expected))
                throw new InvalidOperationException("another gradient");
        });

        static Tensor Compute(Tensor x)
        {
            var y = Holder.Apply(x * 0.5, new object());
            y.RegisterHook(g => g * 2);
            return y.Sum();
        }
    }

    [Test]
    public void OneGraphOnManyThreads()
    {
        var x = Leaf(8);
        var y = Holder.Apply(x * 0.5, new object());
        var sum = y.Sum();
        var expected = Torch.Autograd.Grad(sum, x, retainGraph: true)[0].ToArray<double>();
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            var handle = y.RegisterHook(g => null);
            var result = Torch.Autograd.Grad(sum, x, retainGraph: true)[0].ToArray<double>();
            handle.Remove();
            if (!result.AsSpan().SequenceEqual(expected))
                throw new InvalidOperationException("another gradient");
        });
    }

    [Test]
    public void WhatIsPackedOutlivesAScope()
    {
        var x = Leaf(3);
        Tensor y;
        using (var scope = new TensorScope())
        using (Torch.Autograd.Graph.SavedTensorsHooks(t => t.Detach().Clone(), t => t))
            y = scope.Keep(x.Sin().Exp());
        y.Sum().Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo(Torch.Autograd.Grad(x.Sin().Exp().Sum(), x)[0].ToArray<double>()));
    }

    [Test]
    public void RegistrationOnManyThreads()
    {
        var x = Leaf(8);
        var count = 0;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            var handle = x.RegisterHook(g => { Interlocked.Increment(ref count); });
            if (i % 2 == 0)
                handle.Remove();
        });
        (x * x).Sum().Backward();
        Assert.That(count, Is.EqualTo(100));
    }

    [Test]
    public void SavedTensorsHooksAreOfTheThread()
    {
        var x = Leaf(3);
        var packed = 0;
        using (Torch.Autograd.Graph.SavedTensorsHooks(
            t =>
            {
                packed++;
                return t.Detach();
            },
            t => t))
        {
            var thread = new Thread(() => x.Sin());
            thread.Start();
            thread.Join();
            Assert.That(packed, Is.Zero);
            x.Sin();
            Assert.That(packed, Is.EqualTo(1));
        }
        x.Sin();
        Assert.That(packed, Is.EqualTo(1));
    }

    // ---- transforms

    [Test]
    public void ReadingInsideATransformIsRefusedOrRight()
    {
        var x = Torch.Tensor([[1.0, 2.0], [3.0, 4.0]], dtype: DType.Float64);
        var seen = new List<string>();
        Torch.Func.Vmap(row =>
        {
            Assert.That(() => row.ToArray<double>(), Throws.InstanceOf<TorchException>());
            Assert.That(() => row.Data<double>().Length, Throws.InstanceOf<TorchException>());
            Assert.That(() => row.Sum().Item<double>(), Throws.InstanceOf<TorchException>());
            seen.Add(row.ToString());
            return row * 2;
        })(x);
        Torch.Func.Grad(all =>
        {
            Assert.That(() => all.Data<double>().Length, Throws.InstanceOf<TorchException>());
            Assert.That(all.Sum().Item<double>(), Is.EqualTo(10.0));
            seen.Add(all.ToString());
            return (all * all).Sum();
        })(x);
        Assert.That(seen, Has.Count.EqualTo(2));
    }

    // ---- anomaly mode

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Tensor TheCulprit(Tensor x) => x.Sqrt();

    [Test]
    public void AnomalyModeNamesTheForwardCall()
    {
        var x = Torch.Zeros([2], dtype: DType.Float64).RequiresGrad_();
        using (Torch.Autograd.DetectAnomaly())
        {
            var y = (TheCulprit(x) * 0).Sum();
            var exception = Assert.Catch<TorchException>(() => y.Backward())!;
            Assert.That(exception.Message, Does.StartWith("Function 'SqrtBackward0' returned nan values in its 0th output.")
                .And.Contains("SqrtBackward0 failed.").And.Contains(nameof(TheCulprit)));
            Assert.That(exception.Data["ForwardTrace"], Is.InstanceOf<string>());
        }
        Tensor z;
        z = (TheCulprit(x) * 0).Sum();
        using (Torch.Autograd.DetectAnomaly())
        {
            var exception = Assert.Catch<TorchException>(() => z.Backward())!;
            Assert.That(exception.Message, Contains.Substring("Who made it is not known"));
        }
        var thrown = new Special("from a function");
        using (Torch.Autograd.DetectAnomaly())
        {
            var y = Fails.Apply(Leaf(2), null, thrown);
            Assert.That(() => y.Sum().Backward(), Throws.Exception.SameAs(thrown));
            Assert.That(thrown.Data["ForwardTrace"], Contains.Substring("FailsBackward failed.").And.Contains(nameof(Fails)));
        }
        Assert.That(Torch.IsAnomalyEnabled(), Is.False);
    }

    [Test]
    public void AnomalyModeNamesTheCallThatInducedANode()
    {
        var x = Torch.Zeros([2], dtype: DType.Float64).RequiresGrad_();
        using (Torch.Autograd.DetectAnomaly())
        {
            var y = TheCulprit(x + 1);
            var g = Torch.Autograd.Grad(y.Sum(), x, createGraph: true)[0];
            var h = (g - 0.5).Sqrt().Sum();
            var exception = Assert.Catch<TorchException>(() => Torch.Autograd.Grad(h * 0, x))!;
            Assert.That(exception.Message, Contains.Substring("returned nan values"));
        }
    }
}
