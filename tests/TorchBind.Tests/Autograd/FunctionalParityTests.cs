using TorchBind.Autograd;
using static TorchBind.Torch.Autograd;
using static TorchBind.Torch.Autograd.Functional;

namespace TorchBind.Tests.Autograd;

/// <summary>torch.autograd.functional, forward mode and gradient checks, line by line as tests/oracle/autograd_functional.py.</summary>
public class FunctionalParityTests : CaseTests<FunctionalParityTests>, ICaseSuite
{
    public static string Program => "autograd_functional.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["jacobians"] = Jacobians,
        ["hessians"] = Hessians,
        ["products"] = Products,
        ["functional_errors"] = FunctionalErrors,
        ["batched_grads"] = BatchedGrads,
        ["forward_mode"] = ForwardMode,
        ["checks"] = Checks,
        ["failing_checks"] = FailingChecks,
    };

    private static void Jacobians(CaseLog log)
    {
        var (x, y) = (Rand(2, 3), Rand(3));
        Func<Tensor, Tensor> f = x => x.Exp().Sum(1);
        log.Add(Jacobian(f, x), Jacobian(f, x, vectorize: true), Jacobian(f, x, vectorize: true, strategy: JacobianStrategy.ForwardMode));
        Func<Tensor[], Tensor[]> g = t => [t[0] * t[1], t[1].Sin()];
        log.Add((object)Jacobian(g, [x, y]));
        log.Add((object)Jacobian(g, [x, y], vectorize: true));
        log.Add((object)Jacobian(g, [x, y], vectorize: true, strategy: JacobianStrategy.ForwardMode));
        log.Add(Jacobian(x => (x * 2).Sum(), x));
        log.Add((object)Jacobian(x => new[] { x.Sin(), x.Sum() }, x));
        x = Rand(3).RequiresGrad_();
        var j = Jacobian(x => x.Pow(3), x, createGraph: true);
        log.Add(j);
        j.Sum().Backward();
        log.Add(x.Grad);
    }

    private static void Hessians(CaseLog log)
    {
        var (x, y) = (Rand(2, 2), Rand(2));
        Func<Tensor, Tensor> f = x => x.Pow(3).Sum();
        log.Add(Hessian(f, x), Hessian(f, x, vectorize: true));
        log.Add(Hessian(f, x, vectorize: true, outerJacobianStrategy: JacobianStrategy.ForwardMode));
        Func<Tensor[], Tensor> g = t => (t[0] * t[1]).Pow(2).Sum();
        log.Add(Hessian(g, [x, y]), Hessian(g, [x, y], vectorize: true));
    }

    private static void Products(CaseLog log)
    {
        var (x, y) = (Rand(2, 3), Rand(3));
        var (v, u) = (Rand(2), Rand(2, 3));
        Func<Tensor, Tensor> f = x => x.Exp().Sum(1);
        log.Add(Vjp(f, x, v), Jvp(f, x, u));
        Func<Tensor[], Tensor[]> g = t => [t[0] * t[1], t[1].Sin()];
        log.Add(Vjp(g, [x, y], [u, y]), Jvp(g, [x, y], [u, y]));
        Func<Tensor, Tensor> s = x => x.Pow(3).Sum();
        log.Add(Vhp(s, x, u), Hvp(s, x, u));
        Func<Tensor[], Tensor> t = t => (t[0] * t[1]).Pow(2).Sum();
        log.Add(Vhp(t, [x, y], [u, y]), Hvp(t, [x, y], [u, y]));
        log.Add(Vjp(s, x));
        var z = Rand(2, 3).RequiresGrad_();
        var (output, grad) = Vjp(s, z, createGraph: true);
        log.Add(output, grad);
        grad.Sum().Backward();
        log.Add(z.Grad);
    }

    private static void FunctionalErrors(CaseLog log)
    {
        var (x, y) = (Rand(2, 3), Rand(3));
        Func<Tensor, Tensor> f = x => x.Exp().Sum(1);
        Func<Tensor[], Tensor[]> both = t => [t[0], t[1]];
        log.Error(() => Vjp(f, x));
        log.Error(() => Vjp(f, x, Rand(5)));
        log.Error(() => Vjp(both, [x, y], [x, x]));
        log.Error(() => Vjp(both, [x, y], [x]));
        log.Error(() => Jvp(f, x));
        log.Error(() => Vhp(f, x, x));
        log.Error(() => Hvp(f, x, x));
        log.Error(() => Hessian(f, x));
        log.Error(() => Vjp(x => y, x, y, strict: true));
        log.Error(() => Jacobian(x => y.Clone().RequiresGrad_() * 1, x, strict: true));
        log.Error(() => Hessian(x => x.Sum(), x, strict: true));
        log.Error(() => Vhp(x => x.Sum(), x, x, strict: true));
        log.Error(() => Jvp(x => x * 1, x, x, strict: true));
        log.Error(() => Jacobian(f, x, strict: true, vectorize: true));
        log.Error(() => Jacobian(f, x, strategy: JacobianStrategy.ForwardMode));
        log.Error(() => Jacobian(f, x, createGraph: true, vectorize: true, strategy: JacobianStrategy.ForwardMode));
        log.Add(Vjp((Tensor[] t) => t[0] * 2, [x, y], x));
    }

    private static void BatchedGrads(CaseLog log)
    {
        var x = Rand(3).RequiresGrad_();
        var y = x * x;
        var v = Rand(4, 3);
        log.Add((object)Grad(y, x, v, isGradsBatched: true, retainGraph: true));
        log.Error(() => Grad(y, x, Rand(4, 2), isGradsBatched: true, retainGraph: true));
        var z = Rand(2).RequiresGrad_();
        log.Add((object)Grad(y, [x, z], v, isGradsBatched: true, allowUnused: true));
    }

    private static void ForwardMode(CaseLog log)
    {
        var (x, t) = (Rand(3), Rand(3));
        var w = Rand(3).RequiresGrad_();
        Tensor y;
        using (ForwardAD.DualLevel())
        {
            var d = ForwardAD.MakeDual(x, t);
            y = (d * w).Sin();
            log.Add(ForwardAD.UnpackDual(y));
            log.Add(ForwardAD.UnpackDual(w));
            var q = ForwardAD.UnpackDual(y).Tangent!;
            q.Sum().Backward();
            log.Add(w.Grad);
            log.Error(() => ForwardAD.MakeDual(Torch.Ones([2], dtype: DType.Int64), Torch.Ones(2)));
            log.Error(() => ForwardAD.MakeDual(Torch.Ones(2), Torch.Ones([2], dtype: DType.Int64)));
            using (Torch.NoGrad())
                log.Add(ForwardAD.UnpackDual(d * 2));
            var m = Rand(2, 2);
            var e = ForwardAD.MakeDual(m, Rand(2, 2));
            log.Add(ForwardAD.UnpackDual(Torch.Linalg.Inv(e)), ForwardAD.UnpackDual(e.T), ForwardAD.UnpackDual(e[0]));
            e.View(-1)[1..].Mul_(2);
            log.Add(ForwardAD.UnpackDual(e));
        }
        log.Add(ForwardAD.UnpackDual(y));
        log.Error(() => ForwardAD.MakeDual(x, t));
    }

    private static void Checks(CaseLog log)
    {
        var (x, y) = (Rand(2, 3).RequiresGrad_(), Rand(3).RequiresGrad_());
        Func<Tensor, Tensor, (Tensor, Tensor)> f = (x, y) => ((x * y).Sin(), x.Exp());
        foreach (var fast in new[] { false, true })
        {
            log.Add(GradCheck(f, (x, y), fastMode: fast));
            log.Add(GradCheck(f, (x, y), fastMode: fast, checkForwardAd: true, checkBatchedGrad: true));
            log.Add(GradGradCheck(f, (x, y), fastMode: fast));
            log.Add(GradGradCheck(f, (x, y), fastMode: fast, checkFwdOverRev: true, genNonContigGradOutputs: true));
        }
        var c = Torch.Randn([2], dtype: DType.Complex128).RequiresGrad_();
        Func<Tensor, Tensor> g = z => (z * z.Conj() * z).Sin();
        log.Add(GradCheck(g, c), GradCheck(g, c, fastMode: true), GradCheck(g, c, checkForwardAd: true));
        log.Add(GradCheck(z => z.Abs(), c), GradGradCheck(z => z.Abs(), c));
        log.Add(GradCheck(x => x.Detach() * 0 + x.To(DType.Float32).To(DType.Float64) * 0 + 1, x));
    }

    private sealed class Wrong : Function<Wrong, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            ctx.SaveForBackward(x);
            return x.Pow(2);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * ctx.SavedTensors[0] * 2.5];
    }

    private static void FailingChecks(CaseLog log)
    {
        const string Mismatch = "The gradient of output 0 by input 0 is not what small steps give.";
        var x = Rand(2, 2).RequiresGrad_();
        log.Error(() => GradCheck(Wrong.Apply, x), Mismatch);
        log.Error(() => GradCheck(Wrong.Apply, x, fastMode: true), Mismatch);
        log.Add(GradCheck(Wrong.Apply, x, raiseException: false));
        log.Error(() => GradCheck(x => x, x.Detach()), "No input requires a gradient");
        log.Error(() => GradCheck(x => x.Sum(), Torch.Ones([1], dtype: DType.Float64).Expand([3]).RequiresGrad_()));
        log.Error(() => GradCheck(x => x.Detach() * 2, x));
        log.Error(() => GradCheck(x => x * Torch.Rand([2, 2], dtype: DType.Float64), x, eps: 1e-2), Mismatch);
    }
}
