using TorchBind.Autograd;
using TorchBind.Autograd.Transforms;
using TorchBind.NN;
using static TorchBind.Torch.Func;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.Autograd;

/// <summary>Function transforms, line by line as tests/oracle/autograd_transforms.py.</summary>
public class TransformsParityTests : CaseTests<TransformsParityTests>, ICaseSuite
{
    public static string Program => "autograd_transforms.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["vmaps"] = Vmaps,
        ["vmap_randomness"] = Randomness,
        ["vmap_errors"] = VmapErrors,
        ["grads"] = Grads,
        ["grad_modes"] = GradModes,
        ["grad_errors"] = GradErrors,
        ["printing"] = Printing,
        ["custom_functions"] = CustomFunctions,
        ["vjps"] = Vjps,
        ["jvps"] = Jvps,
        ["jacobians"] = Jacobians,
        ["functional"] = Functional,
        ["losses_under_vmap"] = LossesUnderVmap,
        ["forward_decompositions"] = ForwardDecompositions,
    };

    private static readonly Func<Tensor, Tensor, Tensor> s_mul = (a, b) => a * b;

    private static readonly Func<Tensor, Tensor> s_sin = x => x.Sin();

    private static void Vmaps(CaseLog log)
    {
        var (x, y) = (Rand(4, 3), Rand(4, 3));
        log.Add(Vmap((a, b) => a.Dot(b))(x, y));
        log.Add(Vmap(s_mul, inDims: (0, 1))(x, y.T.Contiguous()));
        log.Add(Vmap(s_mul, inDims: (0, null))(x, y[0]));
        log.Add(Vmap(s_mul, inDims: (-2, null), outDims: 1)(x, y[0]));
        log.Add(Vmap((Tensor x) => (x.Sum(), x * 2), outDims: (0, 1))(x));
        log.Add(Vmap(x => Torch.Ones(2))(x));
        log.Add(Vmap(Vmap((a, b) => a * b + 1))(x, y));
        log.Add(Vmap(Vmap((a, b) => a + b, [null, 0]), [0, null])(x[.., 0], y[.., 0]));
        log.Add(Vmap((Dictionary<string, Tensor> d) => d["a"] * d["b"])(new() { ["a"] = x, ["b"] = y }));
        log.Add(Vmap(((Tensor, Tensor) p) => p.Item1.Matmul(p.Item2.T), inDims: [(0, null)])((x, y)));
        log.Add(Vmap(x => x.Sum(), chunkSize: 3)(x), Vmap(s_mul, inDims: (0, null), chunkSize: 1)(x, y));
        var w = Rand(3, 2);
        log.Add(Vmap(x => x.Matmul(w).Softmax(0))(x));
        log.Add(Vmap(x => F.MseLoss(x.Matmul(w), Ones(2)))(x));
        log.Add(Vmap(x => x.Sort().Indices)(x), Vmap(x => x.Cumsum(0).Flip(0))(x));
        log.Add(Vmap(m => Torch.Linalg.Inv(m))(Rand(3, 2, 2)));
    }

    private static void Randomness(CaseLog log)
    {
        var x = Rand(3, 2);
        log.Error(() => Vmap(x => x + Torch.Rand(2))(x));
        Func<Tensor, Tensor> f = x => x + Torch.Rand([2], dtype: DType.Float64);
        Torch.ManualSeed(1);
        log.Add(Vmap(f, randomness: VmapRandomness.Same)(x));
        Torch.ManualSeed(1);
        log.Add(Vmap(f, randomness: VmapRandomness.Different)(x));
        Torch.ManualSeed(1);
        log.Add(Vmap(x => F.Dropout(x, 0.5, true), randomness: VmapRandomness.Different)(x));
        Torch.ManualSeed(1);
        log.Add(Vmap(f, randomness: VmapRandomness.Same, chunkSize: 2)(x));
    }

    private static void VmapErrors(CaseLog log)
    {
        var x = Rand(3, 2);
        log.Error(() => Vmap(s_mul)(x, Rand(4, 2)));
        log.Error(() => Vmap(s_mul, inDims: Dims.None)(x, x), "");
        log.Error(() => Vmap(s_mul, inDims: (null, null))(x, x));
        log.Error(() => Vmap(x => x.Item<double>() * x)(x), "vmap: It looks like you're calling .item() on a Tensor.");
        log.Error(() => Vmap(s_mul, inDims: (0, 5))(x, x), "which are -2 to 1");
        log.Error(() => Vmap(s_mul, inDims: [0, (0, 0)])(x, x), "is not built as the arguments");
        log.Error(() => Vmap(x => x, outDims: (0, 0))(x), "is not built as the results");
        log.Error(() => Vmap(x => x, outDims: Dims.None)(x), "outDims has null for a result");
        log.Error(() => Vmap((Tensor x) => 3)(x), "what is no tensor takes null in outDims");
        log.Add(Vmap(x => x)(x));
    }

    private static void Grads(CaseLog log)
    {
        var (x, y) = (Rand(3), Rand(3));
        Func<Tensor, Tensor, Tensor> f = (x, y) => (x.Sin() * y).Sum();
        log.Add(Grad(f)(x, y), Grad(f, argnums: 1)(x, y), Grad(f, argnums: [0, 1])(x, y));
        log.Add(GradAndValue(f)(x, y));
        log.Add(Grad((Tensor x) => (x.Exp().Sum(), x * 2))(x));
        log.Add(GradAndValue((Tensor x) => (x.Exp().Sum(), x * 2))(x));
        var s = Rand();
        log.Add(Grad(Grad(s_sin))(s), Grad(Grad(Grad(x => x.Pow(4))))(s));
        log.Add(Vmap(Grad(s_sin))(x), Vmap(Grad(Grad(x => x.Cos())))(x));
        log.Add(Grad((Dictionary<string, Tensor> p) => (p["w"] * p["b"]).Sum())(new() { ["w"] = x, ["b"] = y }));
        log.Add(Grad(x => y.Sum())(x));
        log.Add(Vmap(Grad((x, y) => (x * y).Sum()), inDims: (0, null))(Rand(2, 3), y));
    }

    private static void GradModes(CaseLog log)
    {
        var x = Rand(3);
        static Tensor WithConstant(Tensor x)
        {
            Tensor c;
            using (Torch.NoGrad())
                c = x.Pow(2);
            return (x - c).Sum();
        }

        log.Add(Grad(WithConstant)(x));
        using (Torch.NoGrad())
            log.Add(Grad(x => x.Pow(2).Sum())(x), Grad(WithConstant)(x));
        var w = Rand(3).RequiresGrad_();
        var g = Grad(x => (x.Pow(2) * w).Sum())(x);
        log.Add(g);
        g.Sum().Backward();
        log.Add(w.Grad);
    }

    private static void GradErrors(CaseLog log)
    {
        var x = Rand(3);
        log.Error(() => Grad(x => x * 2)(x));
        log.Error(() => Grad(x => x.Sum(), argnums: 2)(x));
        log.Error(() => Grad((x, y) => x.Sum(), argnums: [0, 0])(x, x), "argnums names an argument twice: 0, 0");
        log.Error(() => Grad(x => x.RequiresGrad_().Sum())(x),
            "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs)");
        log.Error(() => Grad(x =>
        {
            x.Sum().Backward();
            return x.Sum();
        })(x.RequiresGrad_()));
        log.Error(() =>
        {
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t, t => t))
                Grad(x => x.Sin().Sum())(x);
        }, "do not run with hooks on saved tensors");
        log.Error(() => Grad(x =>
        {
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t, t => t))
                return x.Sin().Sum();
        })(x), own: "do not run with hooks on saved tensors");
        log.Add(Grad(x => x.Sum())(x.Detach()));
    }

    private static void Printing(CaseLog log)
    {
        var x = Torch.Arange(6, dtype: DType.Float64).View(2, 3) / 4;
        Vmap((Tensor x) => Show(x))(x);
        Vmap((Tensor x) => Show(x), inDims: 1)(x);
        Grad(x => Show(x))(x);
        Grad(x => Vmap((Tensor a, Tensor b) => Show(a, b), inDims: (0, null))(x, Torch.Ones(2)).Sum())(x);
        Vmap(Vmap((Tensor x) => Show(x)))(x);

        Tensor Show(params Tensor[] values)
        {
            log.Add(values.Select(v => v.ToString()));
            return values[0].Sum();
        }
    }

    private sealed class Twice : Function<Twice, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x) => x * 2;

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * 2];
    }

    private static void CustomFunctions(CaseLog log)
    {
        const string Part = "apply it outside of the transform";
        var x = Rand(3);
        log.Error(() => Grad(x => Twice.Apply(x).Sum())(x), Part);
        log.Error(() => Vmap(x => Twice.Apply(x))(x), Part);
        log.Add(Twice.Apply(x));
    }

    private static void Vjps(CaseLog log)
    {
        var (x, y, v) = (Rand(3), Rand(3), Rand(3));
        var (output, pullback) = Vjp((Tensor x) => x.Sin(), x);
        log.Add(output, (object)new[] { pullback(v) });
        var (outputs, both) = Vjp((Tensor x, Tensor y) => (x * y, x + y), x, y);
        log.Add(outputs, both((v, v)));
        (output, var f, var aux) = VjpWithAux((Tensor x) => (x.Exp(), x * 3), x);
        log.Add(output, (object)new[] { f(v) }, aux);
        log.Add((object)new[] { Vmap(f)(Rand(2, 3)) });
        var w = Rand(3).RequiresGrad_();
        (_, pullback) = Vjp((Tensor x) => x.Sin(), w);
        var g = pullback(v);
        log.Add(g);
        g.Sum().Backward();
        log.Add(w.Grad);
    }

    private static void Jvps(CaseLog log)
    {
        var (x, y, v) = (Rand(3), Rand(3), Rand(3));
        log.Add(Jvp(s_sin, x, v));
        log.Add(Jvp((Tensor x, Tensor y) => (x * y, x + y), (x, y), (v, v)));
        log.Add(JvpWithAux((Tensor x) => (x.Exp(), x * 3), x, v));
        log.Add(Jvp((Tensor x) => Jvp(s_sin, x, v).Tangent, x, v));
        log.Add(Jvp(Grad(x => x.Pow(3).Sum()), x, v));
        log.Add(Grad(x => Jvp(s_sin, x, v).Tangent.Sum())(x));
        log.Add(Vmap(t => Jvp(s_sin, x, t).Tangent)(Rand(2, 3)));
        log.Add(Jvp((Tensor x) => y, x, v));
        log.Error(() => Jvp((Tensor x) => y, x, v, strict: true));
    }

    private static void Jacobians(CaseLog log)
    {
        var (x, y) = (Rand(3), Rand(2, 3));
        Func<Tensor, Tensor, Tensor> f = (x, y) => (y * x).Sin().Sum(1);
        log.Add(Jacrev(s_sin)(x), Jacrev(f)(x, y), Jacrev(f, argnums: 1)(x, y), Jacrev(f, argnums: [0, 1])(x, y));
        log.Add(Jacrev((Tensor x) => (x.Exp(), x * 2))(x));
        log.Add(Jacrev((Dictionary<string, Tensor> p) => p["a"] * p["b"])(new() { ["a"] = x, ["b"] = x }));
        log.Add(Vmap(Jacrev(s_sin))(y));
        log.Add(Jacrev(Jacrev(x => x.Pow(3).Sum()))(x));
        log.Add(Jacfwd(s_sin)(x), Jacfwd(f)(x, y), Jacfwd(f, argnums: 1)(x, y), Jacfwd(f, argnums: [0, 1])(x, y));
        log.Add(Jacfwd((Tensor x) => (x.Exp(), x * 2))(x));
        log.Add(Jacfwd((Dictionary<string, Tensor> p) => p["a"] * p["b"])(new() { ["a"] = x, ["b"] = x }));
        log.Add(Vmap(Jacfwd(s_sin))(y));
        log.Add(Jacfwd(Jacfwd(x => x.Pow(3).Sum()))(x));
        log.Add(Jacrev(f, chunkSize: 1)(x, y), Jacrev(x => x.Exp(), chunkSize: 2)(x));
        log.Add(Hessian(x => x.Pow(3).Sum())(x), Vmap(Hessian(x => x.Pow(3).Sum()))(y));
        log.Add(Jacrev(x => x.Sum())(x), Jacfwd(s => s * x)(Rand()));
        log.Error(() => Jacrev(s_sin)(Torch.Randn([2], dtype: DType.Complex128)));
        log.Error(() => Jacfwd(s_sin)(Torch.Randn([2], dtype: DType.Complex128)));
    }

    private static void Functional(CaseLog log)
    {
        Torch.ManualSeed(5);
        var model = new Sequential(new Linear(3, 4), new Tanh(), new Linear(4, 2));
        var (x, t) = (Torch.Randn(5, 3), Torch.Randn(5, 2));
        var parameters = model.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter.Detach());
        Tensor Loss(Dictionary<string, Tensor> p, Tensor x, Tensor t) => (FunctionalCall(model, p, x) - t).Pow(2).Mean();

        log.Add(FunctionalCall(model, new Dictionary<string, Tensor> { ["0.bias"] = Torch.Zeros(4) }, x), model.Call(x));
        log.Add(Grad<Dictionary<string, Tensor>, Tensor, Tensor>(Loss)(parameters, x, t));
        log.Add(Vmap(Grad<Dictionary<string, Tensor>, Tensor, Tensor>(Loss), inDims: (null, 0, 0))(parameters, x, t));
        log.Add(Jacrev((Dictionary<string, Tensor> p) => FunctionalCall(model, p, x).Sum(0))(parameters));
        log.Error(() => FunctionalCall(model, new Dictionary<string, Tensor> { ["nothing"] = x }, x), "nothing there has the names nothing");
        log.Error(() => FunctionalCall(model, new Dictionary<string, Tensor> { ["0.bias"] = Torch.Zeros(4) }, x, strict: true), "not given: ");
        var models = new[] { new Linear(3, 2), new Linear(3, 2), new Linear(3, 2) };
        var (p, b) = StackModuleState(models);
        log.Add(p["weight"], b.Keys);
        var single = new Linear(3, 2);
        log.Add(Vmap((Dictionary<string, Tensor> p, Tensor x) => FunctionalCall(single, p, x), inDims: (0, null))(p, x));
        log.Add(single.Call(x));
    }

    private static void LossesUnderVmap(CaseLog log)
    {
        var (x, t) = (Rand(4, 3), Rand(4, 3));
        var labels = Torch.Randint(0, 3, [4]);
        log.Add(Vmap(Grad((x, t) => F.MseLoss(x, t)))(x, t));
        log.Add(Vmap(Grad((x, t) => F.SmoothL1Loss(x, t)))(x, t));
        log.Add(Vmap(Grad((x, t) => F.HuberLoss(x, t, delta: 0.5)))(x, t));
        log.Add(Vmap(Grad((x, y) => F.CrossEntropy(x.Unsqueeze(0), y.Unsqueeze(0))))(x, labels));
        log.Add(Vmap(Grad((x, y) => F.NllLoss(F.LogSoftmax(x, 0).Unsqueeze(0), y.Unsqueeze(0), reduction: Reduction.Sum)))(x, labels));
    }

    private static void ForwardDecompositions(CaseLog log)
    {
        var (x, v) = (Rand(4, 3), Rand(4, 3));
        log.Add(Jvp((Tensor x) => F.Logsigmoid(x), x, v));
        log.Add(Jvp((Tensor x) => Torch.Trace(x[..3]), x, v));
        log.Add(Jvp(Grad(x => F.Softmax(x, 1).Pow(2).Sum()), x, v));
        log.Add(Jvp(Grad(x => F.LogSoftmax(x, 1).Pow(2).Sum()), x, v));
        log.Add(Jvp(Grad(x => F.LayerNorm(x, 3).Pow(3).Sum()), x, v));
        var labels = Torch.Tensor([0L, 2, 1, 1]);
        log.Add(Jvp(Grad(x => F.CrossEntropy(x, labels)), x, v));
        log.Add(Hessian(x => F.CrossEntropy(x, labels))(x));
    }
}
