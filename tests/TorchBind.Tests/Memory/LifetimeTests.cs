using System.Runtime.CompilerServices;
using TorchBind.Diagnostics;

namespace TorchBind.Tests.Memory;

/// <summary>What becomes of native memory: disposed, scoped, or left to the collector.</summary>
[NonParallelizable]
public class LifetimeTests
{
    // What other tests left must not be finalized while these count.
    [SetUp]
    public void Settle()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [Test]
    public void DisposingTwiceIsHarmless()
    {
        var x = Torch.Ones(3);
        x.Dispose();
        Assert.DoesNotThrow(x.Dispose);
        Assert.That(x.IsDisposed);
    }

    [Test]
    public void UseAfterDisposeNamesTheArgument()
    {
        var tensors = TensorMemory.LiveTensors;
        var x = Torch.Ones(3);
        var y = Torch.Ones(3);
        y.Dispose();
        var error = Assert.Throws<ObjectDisposedException>(() => x.Add(y))!;
        Assert.That(error.Message, Does.Contain("'other'"));
        Assert.Throws<ObjectDisposedException>(() => y.Add(x));
        Assert.Throws<ObjectDisposedException>(() => _ = y.Shape);
        Assert.Throws<ObjectDisposedException>(() => Torch.Cat([x, y]));
        // The failed calls have given back what they held.
        x.Dispose();
        Assert.That(TensorMemory.LiveTensors, Is.EqualTo(tensors));
    }

    [Test]
    public void ADisposedTensorLeavesItsViewsAlone()
    {
        var x = Torch.Arange(4);
        var view = x[2..];
        x.Dispose();
        Assert.That(view.ToArray<long>(), Is.EqualTo(new long[] { 2, 3 }));
    }

    [Test]
    public void DisposeReturnsTheMemory()
    {
        var before = TensorMemory.LiveBytes;
        var tensors = TensorMemory.LiveTensors;
        var x = Torch.Zeros(1 << 20);
        Assert.That(TensorMemory.LiveBytes - before, Is.GreaterThanOrEqualTo(4 << 20));
        Assert.That(TensorMemory.LiveTensors - tensors, Is.EqualTo(1));
        x.Dispose();
        Assert.That(TensorMemory.LiveTensors, Is.EqualTo(tensors));
        Assert.That(TensorMemory.LiveBytes, Is.LessThan(before + (1 << 20)));
    }

    [Test]
    public void AScopeDisposesAllButWhatIsKept()
    {
        Tensor kept, dropped;
        using (var scope = new TensorScope())
        {
            dropped = Torch.Ones(2);
            kept = scope.Keep(dropped + 1);
            Assert.That(scope.Count, Is.EqualTo(1));
        }
        Assert.That(dropped.IsDisposed);
        Assert.That(kept.ToArray<float>(), Is.EqualTo(new[] { 2f, 2f }));
    }

    [Test]
    public void WhatLeavesAnInnerScopeBelongsToTheOuter()
    {
        Tensor result;
        using (var outer = new TensorScope())
        {
            using (var inner = new TensorScope())
                result = inner.Keep(Torch.Ones(2));
            Assert.That(result.IsDisposed, Is.False);
            using (new TensorScope())
                _ = Torch.Ones(2);
            Assert.That(outer.Count, Is.EqualTo(1));
        }
        Assert.That(result.IsDisposed);
    }

    [Test]
    public void AnEndedScopeLeavesTheNextOneAlone()
    {
        using var outer = new TensorScope();
        var ended = new TensorScope();
        ended.Dispose();
        using var next = new TensorScope();
        var tensor = Torch.Ones(3);
        ended.Dispose();
        ended.Keep(tensor);
        Assert.That(ended.Count, Is.Zero);
        Assert.That(next.Count, Is.EqualTo(1));
        Assert.That(tensor.IsDisposed, Is.False);
    }

    [Test]
    public void ScopesEndInOrder()
    {
        var outer = new TensorScope();
        var inner = new TensorScope();
        var failed = false;
        try
        {
            outer.Dispose();
        }
        catch (InvalidOperationException)
        {
            failed = true;
        }
        Assert.That(failed);
        inner.Dispose();
        inner.Dispose();
        outer.Dispose();
    }

    [Test]
    public void AScopeIsOfItsThread()
    {
        using var scope = new TensorScope();
        var elsewhere = Task.Run(() => Torch.Ones(2)).Result;
        Assert.That(scope.Count, Is.Zero);
        elsewhere.Dispose();
    }

    [Test]
    public void ALoopThatDisposesNothingStaysSmall()
    {
        using var a = Torch.Ones(1 << 18);
        Loop(a, 50);
        TensorMemory.ResetPeak();
        var before = TensorMemory.LiveBytes;
        // 6 GB of temporaries.
        Loop(a, 2_000);
        // Budget and a half on top of what was there, and one more for what is made while a collection runs.
        Assert.That(TensorMemory.PeakBytes - before, Is.LessThan(120L << 20));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Loop(Tensor a, int iterations)
    {
        for (var i = 0; i < iterations; i++)
        {
            var c = (a * 2).Relu().Sum();
            if (i == 0)
                Assert.That(c.Item<float>(), Is.EqualTo(2f * (1 << 18)));
        }
    }

    [Test]
    public void MemoryOfAnArrayIsSharedAndOutlivesTheVariable()
    {
        var view = Share(out var weak);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(weak.TryGetTarget(out var array), "a tensor uses the array's memory");
        array![1] = 7;
        Assert.That(view.ToArray<float>(), Is.EqualTo(new[] { 7f, 2f }));
        view.SetItem(5, 0);
        Assert.That(array[1], Is.EqualTo(5));
        array = null;
        view.Dispose();
        Assert.That(IsCollected(weak), "nothing uses the array any more");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Tensor Share(out WeakReference<float[]> weak)
    {
        var array = new float[] { 0, 1, 2 };
        weak = new WeakReference<float[]>(array);
        using var whole = Torch.FromArray(array);
        return whole[1..];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsCollected(WeakReference<float[]> weak)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return !weak.TryGetTarget(out _);
    }
}
