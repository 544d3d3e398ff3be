using System.Diagnostics.CodeAnalysis;

namespace TorchBind.Benchmarks.Worker;

/// <summary>One call at a time, on tensors so small that the call itself is what costs.</summary>
internal static class Calls
{
    /// <summary>A call that gives a tensor. Structs, so that the timed loop is compiled for each one.</summary>
    private interface ICall
    {
        Tensor Invoke();
    }

    private readonly struct Add(Tensor a, Tensor b) : ICall { public Tensor Invoke() => a + b; }
    private readonly struct Relu(Tensor a) : ICall { public Tensor Invoke() => a.Relu(); }
    private readonly struct Matmul(Tensor m) : ICall { public Tensor Invoke() => m.Matmul(m); }
    private readonly struct View(Tensor a) : ICall { public Tensor Invoke() => a.View(2, 2); }
    private readonly struct Reshape(Tensor a) : ICall { public Tensor Invoke() => a.Reshape(2, 2); }
    private readonly struct Transpose(Tensor m) : ICall { public Tensor Invoke() => m.Transpose(0, 1); }
    private readonly struct IndexInteger(Tensor m) : ICall { public Tensor Invoke() => m[0]; }
    private readonly struct IndexSlice(Tensor m) : ICall { public Tensor Invoke() => m[1..3]; }
    private readonly struct Zeros : ICall { public Tensor Invoke() => Torch.Zeros(2, 3); }
    private readonly struct ZerosGrad : ICall { public Tensor Invoke() => Torch.Zeros([2, 3], requiresGrad: true); }
    private readonly struct Cat(Tensor a, Tensor b) : ICall { public Tensor Invoke() => Torch.Cat([a, b]); }
    private readonly struct SumDim(Tensor m) : ICall { public Tensor Invoke() => m.Sum(0); }
    private readonly struct MeanDims(Tensor m) : ICall { public Tensor Invoke() => m.Mean((0, 1)); }

    public static void AddTo(Dictionary<string, Func<Work>> entries)
    {
        foreach (var grad in new[] { false, true })
        {
            var suffix = grad ? "/grad" : "";
            Tensor Vector() => Work.Pattern(4).RequiresGrad_(grad);
            Tensor Matrix() => Work.Pattern(4, 4).RequiresGrad_(grad);

            One("add", () => new Add(Vector(), Vector()));
            One("relu", () => new Relu(Vector()));
            One("matmul-4x4", () => new Matmul(Matrix()));
            One("view", () => new View(Vector()));
            One("reshape", () => new Reshape(Vector()));
            One("transpose", () => new Transpose(Matrix()));
            One("index-integer", () => new IndexInteger(Matrix()));
            One("index-slice", () => new IndexSlice(Matrix()));
            One("cat-2", () => new Cat(Vector(), Vector()));
            One("sum-dim", () => new SumDim(Matrix()));
            One("mean-dims", () => new MeanDims(Matrix()));
            if (grad)
                One("zeros", () => new ZerosGrad());
            else
                One("zeros", () => new Zeros());
            entries["add_" + suffix] = () => AddInPlace(Vector());
            entries["item" + suffix] = () => Item(grad);
            entries["expression-50" + suffix] = () => Expression(Vector(), ExpressionUsing);
            entries[$"expression-50{suffix}@scope"] = () => Expression(Vector(), ExpressionInScope);
            entries[$"expression-50{suffix}@gc"] = () => Expression(Vector(), ExpressionOf);

            void One<T>(string name, Func<T> make) where T : struct, ICall
            {
                entries[name + suffix] = () => Using(make());
                entries[$"{name}{suffix}@scope"] = () => Scope(make());
                entries[$"{name}{suffix}@gc"] = () => Collected(make());
            }
        }
        entries["shape[0]"] = Shape;
        entries["no-grad"] = NoGrad;
    }

    private static string Check<T>(T call) where T : struct, ICall
    {
        using var result = call.Invoke();
        return Work.Digest(result);
    }

    private static Work Using<T>(T call) where T : struct, ICall => new(
        count =>
        {
            for (long i = 0; i < count; i++)
            {
                using var result = call.Invoke();
            }
        },
        () => Check(call));

    private static Work Scope<T>(T call) where T : struct, ICall => new(
        count =>
        {
            for (long i = 0; i < count; i += 32)
            {
                using var scope = new TensorScope();
                for (var j = i; j < count && j < i + 32; j++)
                    call.Invoke();
            }
        },
        () => Check(call));

    private static Work Collected<T>(T call) where T : struct, ICall => new(
        count =>
        {
            for (long i = 0; i < count; i++)
                call.Invoke();
        },
        () => Check(call));

    private static Work AddInPlace(Tensor w)
    {
        var b = Torch.Zeros(4);
        return new Work(
            count =>
            {
                // A graph grows with every call on the same tensor: a new one begins after 64.
                for (long i = 0; i < count; i += 64)
                {
                    using var x = w.Clone();
                    for (var j = i; j < count && j < i + 64; j++)
                        x.Add_(b);
                }
            },
            () => Work.Digest(w.Clone().Add_(b)));
    }

    private static Work Item(bool grad)
    {
        var x = Work.Pattern(4)[1].Clone().Detach().RequiresGrad_(grad);
        return new Work(
            count =>
            {
                float sink = 0;
                for (long i = 0; i < count; i++)
                    sink += x.Item<float>();
                GC.KeepAlive(sink);
            },
            () => Work.Digest(x.Item<float>()));
    }

    private static Work Shape()
    {
        var x = Work.Pattern(4, 4);
        return new Work(
            count =>
            {
                long sink = 0;
                for (long i = 0; i < count; i++)
                    sink += x.Shape[0];
                GC.KeepAlive(sink);
            },
            () => Work.Digest(x.Shape[0]));
    }

    [SuppressMessage("Style", "IDE0063:Use simple 'using' statement", Justification = "The scope is the work.")]
    private static Work NoGrad() => new(
        count =>
        {
            for (long i = 0; i < count; i++)
            {
                using (Torch.NoGrad())
                {
                }
            }
        },
        () =>
        {
            var before = Torch.IsGradEnabled() ? 2 : 0;
            using var guard = Torch.NoGrad();
            return Work.Digest(before + (Torch.IsGradEnabled() ? 1 : 0));
        });

    private static Work Expression(Tensor a, Func<Tensor, Tensor, Tensor, Tensor, Tensor> fifty)
    {
        var (b, c, d) = (Work.Pattern(4) + 1, Work.Pattern(4) * 0.5, Work.Pattern(4) * 0.1);
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                {
                    var result = fifty(a, b, c, d);
                    if (fifty != ExpressionOf)
                        result.Dispose();
                }
            },
            () => Work.Digest(fifty(a, b, c, d)));
    }

    private static Tensor ExpressionOf(Tensor x, Tensor b, Tensor c, Tensor d)
    {
        for (var i = 0; i < 10; i++)
            x = (x * b + c).Relu().Tanh() - d;
        return x;
    }

    private static Tensor ExpressionInScope(Tensor x, Tensor b, Tensor c, Tensor d)
    {
        using var scope = new TensorScope();
        return scope.Keep<Tensor>(ExpressionOf(x, b, c, d));
    }

    private static Tensor ExpressionUsing(Tensor a, Tensor b, Tensor c, Tensor d)
    {
        var x = a;
        for (var i = 0; i < 10; i++)
        {
            using var product = x * b;
            using var sum = product + c;
            using var relu = sum.Relu();
            using var tanh = relu.Tanh();
            if (!ReferenceEquals(x, a))
                x.Dispose();
            x = tanh - d;
        }
        return x;
    }
}
