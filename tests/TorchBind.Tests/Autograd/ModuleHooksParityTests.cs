using System.Runtime.CompilerServices;
using TorchBind.NN;

namespace TorchBind.Tests.Autograd;

/// <summary>Backward hooks of modules, line by line as tests/oracle/autograd_module_hooks.py.</summary>
public class ModuleHooksParityTests : CaseTests<ModuleHooksParityTests>, ICaseSuite
{
    public static string Program => "autograd_module_hooks.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["full_hooks"] = FullHooks,
        ["pre_hooks"] = PreHooks,
        ["replaced"] = Replaced,
        ["no_input_gradient"] = NoInputGradient,
        ["wrong_numbers"] = WrongNumbers,
        ["several"] = Several,
        ["several_replaced"] = SeveralReplaced,
        ["in_place"] = InPlace,
        ["with_forward_hooks"] = WithForwardHooks,
        ["global_hooks"] = GlobalHooks,
        ["double_backward"] = DoubleBackward,
        ["removed_between"] = RemovedBetween,
        ["recurrent"] = Recurrent,
    };

    private static Action<Module, Tensor[], Tensor[]> Tell(CaseLog log, string name) =>
        (module, gradInput, gradOutput) => log.Add(name, module.GetType().Name, gradInput, gradOutput);

    private static T Double<T>(T module) where T : Module
    {
        module.Double();
        return module;
    }

    private static void FullHooks(CaseLog log)
    {
        var layers = new Module<Tensor, Tensor>[] { new Linear(3, 4), new Tanh(), new Linear(4, 2) };
        var model = Double(new Sequential(layers));
        foreach (var layer in layers)
            layer.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(5, 3).RequiresGrad_();
        var y = model.Call(x);
        log.Add(y, y.GradFn!.Name);
        y.Pow(2).Sum().Backward();
        log.Add(x.Grad, model.Parameters().Select(p => p.Grad));
    }

    private static void PreHooks(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        m.RegisterFullBackwardPreHook((_, g) => log.Add("pre", g));
        m.RegisterFullBackwardPreHook((_, g) => [g[0] * 2]);
        m.RegisterFullBackwardPreHook((_, g) => log.Add("first", g), prepend: true);
        m.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(2, 3).RequiresGrad_();
        m.Call(x).Sum().Backward();
        log.Add(x.Grad, m.Weight.Grad);
    }

    private static void Replaced(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        m.RegisterFullBackwardHook((_, gi, _) => [gi[0] * 10]);
        m.RegisterFullBackwardHook(Tell(log, "second"));
        m.RegisterFullBackwardHook(Tell(log, "first"), prepend: true);
        var x = Rand(2, 3).RequiresGrad_();
        m.Call(x).Sum().Backward();
        log.Add(x.Grad, m.Weight.Grad);
    }

    private static void NoInputGradient(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        var h = m.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(2, 3);
        m.Call(x).Sum().Backward();
        log.Add(m.Weight.Grad);
        h.Remove();
        h = m.RegisterFullBackwardHook((_, _, _) => [x]);
        log.Error(() => m.Call(x).Sum().Backward());
        h.Remove();
        h = m.RegisterFullBackwardHook((_, _, _) => [null]);
        m.Call(x).Sum().Backward();
        log.Add(m.Weight.Grad);
        h.Remove();
        using (Torch.NoGrad())
        {
            m.RegisterFullBackwardHook(Tell(log, "never"));
            log.Add(m.Call(x.RequiresGrad_()));
        }
    }

    private static void WrongNumbers(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        var x = Rand(2, 3).RequiresGrad_();
        var h = m.RegisterFullBackwardHook((_, _, _) => [x, x]);
        log.Error(() => m.Call(x).Sum().Backward());
        h.Remove();
        m.RegisterFullBackwardPreHook((_, go) => [go[0], null, null]);
        log.Error(() => m.Call(x).Sum().Backward());
    }

    private sealed class Two : Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        protected override (Tensor, Tensor) Forward(Tensor a, Tensor b) => (a * b, a + 1);
    }

    private static void Several(CaseLog log)
    {
        var m = new Two();
        m.RegisterFullBackwardHook(Tell(log, "hook"));
        m.RegisterFullBackwardPreHook((_, go) => log.Add("pre", go));
        var (a, b) = (Rand(3).RequiresGrad_(), Rand(3));
        var (p, q) = m.Call(a, b);
        log.Add(p, q, p.GradFn!.Name);
        p.Sum().Backward(retainGraph: true);
        q.Sum().Backward(retainGraph: true);
        (p * q).Sum().Backward();
        log.Add(a.Grad);
    }

    private static void SeveralReplaced(CaseLog log)
    {
        var m = new Two();
        m.RegisterFullBackwardPreHook((_, go) => [go[0] * 2, go[1] * 3]);
        m.RegisterFullBackwardHook((_, gi, _) => [gi[0] + 1, gi[1] + 2]);
        m.RegisterFullBackwardHook(Tell(log, "after"));
        var (a, b) = (Rand(3).RequiresGrad_(), Rand(3).RequiresGrad_());
        var (p, q) = m.Call(a, b);
        (p + q).Sum().Backward();
        log.Add(a.Grad, b.Grad);
    }

    private static void InPlace(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        m.RegisterFullBackwardHook(Tell(log, "hook"));
        var y = m.Call(Rand(2, 3).RequiresGrad_());
        log.Error(() => y.Add_(1), "BackwardHookFunctionBackward is a view and is being modified inplace.");
        var r = new ReLU(inplace: true);
        r.RegisterFullBackwardHook(Tell(log, "hook"));
        log.Error(() => r.Call(Rand(2).RequiresGrad_() * 1), "BackwardHookFunctionBackward is a view and is being modified inplace.");
    }

    private static void WithForwardHooks(CaseLog log)
    {
        var m = Double(new Linear(3, 2));
        m.RegisterForwardPreHook((_, x) => x * 2);
        m.RegisterForwardHook((_, x, y) => log.Add("forward", x.GradFn!.Name, y.GradFn!.Name));
        m.RegisterForwardHook((_, _, y) => y * 3);
        m.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(2, 3).RequiresGrad_();
        m.Call(x).Sum().Backward();
        log.Add(x.Grad);
    }

    private static void GlobalHooks(CaseLog log)
    {
        var order = new List<string>();
        var h1 = Module.RegisterModuleFullBackwardHook((m, _, _) => Said("global " + m.GetType().Name));
        var h2 = Module.RegisterModuleFullBackwardPreHook((m, _) => Said("global pre " + m.GetType().Name));
        var first = new Linear(3, 2);
        var model = Double(new Sequential(first, new Tanh()));
        first.RegisterFullBackwardHook((_, _, _) => Said("own"));
        first.RegisterFullBackwardPreHook((_, _) => Said("own pre"));
        var x = Rand(2, 3).RequiresGrad_();
        model.Call(x).Sum().Backward();
        h1.Remove();
        h2.Remove();
        log.Add(order);
        model.Call(x).Sum().Backward();
        log.Add(order, x.Grad);

        Tensor?[]? Said(string what)
        {
            order.Add(what);
            return null;
        }
    }

    private static void DoubleBackward(CaseLog log)
    {
        var m = new Tanh();
        m.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(3).RequiresGrad_();
        var g = Torch.Autograd.Grad(m.Call(x).Sum(), x, createGraph: true)[0];
        g.Sum().Backward();
        log.Add(g, x.Grad);
    }

    private static void RemovedBetween(CaseLog log)
    {
        var m = new Tanh();
        var h = m.RegisterFullBackwardHook(Tell(log, "hook"));
        var x = Rand(3).RequiresGrad_();
        var y = m.Call(x);
        h.Remove();
        y.Sum().Backward();
        m.Call(x).Sum().Backward();
        log.Add(x.Grad);
    }

    private static void Recurrent(CaseLog log)
    {
        var m = Double(new LSTM(3, 2));
        m.RegisterFullBackwardHook((_, gi, go) => log.Add(gi.Length, go.Length, gi[0], go[0], go[1]));
        var (x, h, c) = (Rand(4, 1, 3).RequiresGrad_(), Rand(1, 1, 2), Rand(1, 1, 2));
        var (output, (hn, _)) = m.Call(x, (h, c));
        (output.Sum() + hn.Sum()).Backward();
        log.Add(x.Grad);
    }

    // ---- what has no counterpart in Python

    private sealed class Special : Exception;

    [Test]
    public void AnExceptionInABackwardHookSurfacesAsItself()
    {
        var thrown = new Special();
        var m = new Tanh();
        using (m.RegisterFullBackwardHook((_, _, _) => throw thrown))
            Assert.That(() => m.Call(Rand(3).RequiresGrad_()).Sum().Backward(), Throws.Exception.SameAs(thrown));
        Assert.That(thrown.Data["Operation"], Is.EqualTo("BackwardHookFunctionBackward"));
        using (m.RegisterFullBackwardPreHook((_, _) => throw thrown))
            Assert.That(() => m.Call(Rand(3).RequiresGrad_()).Sum().Backward(), Throws.Exception.SameAs(thrown));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Used()
    {
        var m = new Tanh();
        m.RegisterFullBackwardHook((_, _, _) => { });
        m.Call(Rand(3).RequiresGrad_()).Sum().Backward();
        return new WeakReference(m);
    }

    [Test]
    public void AModuleDiesWithTheGraph()
    {
        var module = Used();
        for (var i = 0; i < 4; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(module.IsAlive, Is.False);
    }

    private sealed class Many : Module<Tensor, Tensor[]>
    {
        protected override Tensor[] Forward(Tensor x) => [x * 2, x + 1, x.Detach()];
    }

    [Test]
    public void ArraysOfTensorsAreOutputs()
    {
        var m = new Many();
        var seen = new List<int>();
        m.RegisterFullBackwardHook((_, gi, go) => seen.AddRange([gi.Length, go.Length]));
        var x = Rand(3).RequiresGrad_();
        var y = m.Call(x);
        Assert.That(y[2].RequiresGrad, Is.False);
        (y[0] + y[1]).Sum().Backward();
        Assert.That(seen, Is.EqualTo(new[] { 1, 3 }));
        Assert.That(x.Grad!.ToArray<double>(), Has.All.EqualTo(3.0));
    }
}
