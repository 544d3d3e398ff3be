using TorchBind.Optim;

namespace TorchBind.Tests.Optim;

public class OptimizerTests
{
    private static Tensor Parameter(params float[] values) => Torch.Tensor(values, requiresGrad: true);

    private static void Descend(Optimizer optimizer, Tensor parameter, int steps = 1)
    {
        for (var i = 0; i < steps; i++)
        {
            optimizer.ZeroGrad();
            (parameter * parameter).Sum().Backward();
            optimizer.Step();
        }
    }

    [Test]
    public void AStepGoesDownTheGradient()
    {
        var p = Parameter(1, -2);
        Descend(new SGD([p], lr: 0.25), p);
        Assert.That(p.ToArray<float>(), Is.EqualTo(new float[] { 0.5f, -1f }));
        Assert.That(p.RequiresGrad);
        Assert.That(p.IsLeaf);
    }

    [Test]
    public void AStepRecordsNothingAndRestoresTheMode()
    {
        var p = Parameter(1);
        var optimizer = new Adam([p]);
        Descend(optimizer, p);
        Assert.That(Torch.IsGradEnabled());
        Assert.That(optimizer.State[p].Tensor("exp_avg").RequiresGrad, Is.False);
        using (Torch.NoGrad())
        {
            optimizer.Step();
            Assert.That(Torch.IsGradEnabled(), Is.False);
        }
    }

    [Test]
    public void TheClosureRunsWithGradients()
    {
        var p = Parameter(3);
        var optimizer = new SGD([p], lr: 0.1);
        using (Torch.NoGrad())
        {
            var loss = optimizer.Step(() =>
            {
                optimizer.ZeroGrad();
                var value = (p * p).Sum();
                value.Backward();
                return value;
            });
            Assert.That(loss.Item<float>(), Is.EqualTo(9f));
        }
        Assert.That(p.Item<float>(), Is.EqualTo(2.4f).Within(1e-6));
    }

    [Test]
    public void ZeroGradForgetsOrClears()
    {
        var p = Parameter(1);
        var optimizer = new SGD([p]);
        (p * 2).Sum().Backward();
        optimizer.ZeroGrad(setToNone: false);
        Assert.That(p.Grad!.Item<float>(), Is.Zero);
        optimizer.ZeroGrad();
        Assert.That(p.Grad, Is.Null);
    }

    [Test]
    public void StateOutlivesTheScopeInWhichItWasMade()
    {
        var p = Parameter(1, 2);
        var optimizer = new Adam([p], amsgrad: true);
        for (var i = 0; i < 3; i++)
        {
            using var outer = new TensorScope();
            using var inner = new TensorScope();
            Descend(optimizer, p);
        }
        Assert.That(optimizer.State[p].Tensor("step").Item<float>(), Is.EqualTo(3f));
        Assert.That(optimizer.State[p].Tensor("max_exp_avg_sq").ToArray<float>(), Has.All.GreaterThan(0f));
    }

    [Test]
    public void GroupsOverrideDefaults()
    {
        Tensor a = Parameter(1), b = Parameter(1);
        var optimizer = new SGD([new ParamGroup(a), new ParamGroup(b) { Lr = 0.5, ["momentum"] = 0.25 }], lr: 0.1, momentum: 0.9);
        Assert.Multiple(() =>
        {
            Assert.That(optimizer.ParamGroups[0].Lr, Is.EqualTo(0.1));
            Assert.That(optimizer.ParamGroups[1].Lr, Is.EqualTo(0.5));
            Assert.That(optimizer.ParamGroups[0]["momentum"], Is.EqualTo(0.9));
            Assert.That(optimizer.ParamGroups[1]["momentum"], Is.EqualTo(0.25));
            Assert.That(() => optimizer.ParamGroups[0]["betas"], Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("betas"));
        });
        optimizer.AddParamGroup(new ParamGroup(Parameter(2)));
        Assert.That(optimizer.ParamGroups, Has.Count.EqualTo(3));
        Assert.That(optimizer.ParamGroups[2].Lr, Is.EqualTo(0.1));
    }

    [Test]
    public void WrongArgumentsAreRefused()
    {
        var p = Parameter(1);
        Assert.Multiple(() =>
        {
            Assert.That(() => new SGD([p], lr: -1), Throws.ArgumentException.With.Message.EqualTo("The option lr is -1.0; it must not be negative."));
            Assert.That(() => new SGD([p], momentum: -0.5), Throws.ArgumentException.With.Message.EqualTo("The option momentum is -0.5; it must not be negative."));
            Assert.That(() => new SGD([p], nesterov: true), Throws.ArgumentException.With.Message.EqualTo("With nesterov, momentum must be above 0 and dampening 0; they are 0.0 and 0.0."));
            Assert.That(() => new Adam([p], betas: (1.0, 0.9)), Throws.ArgumentException.With.Message.EqualTo("The first of the betas is 1.0; it must be at least 0 and below 1."));
            Assert.That(() => new Adam([p], eps: -1e-8), Throws.ArgumentException.With.Message.EqualTo("The option eps is -1e-08; it must not be negative."));
            Assert.That(() => new Adam(Array.Empty<Tensor>()), Throws.ArgumentException.With.Message.Contains("nothing to optimise"));
            Assert.That(() => new Adam([p * 2]), Throws.ArgumentException.With.Message.Contains("leaves of the graph"));
            Assert.That(() => new SGD([new ParamGroup(p), new ParamGroup(p)]), Throws.ArgumentException.With.Message.Contains("another group already"));
            Assert.That(() => new SGD([new ParamGroup(p), new ParamGroup([("b", Parameter(2))])]), Throws.ArgumentException.With.Message.Contains("name all or none"));
            Assert.That(() => new SGD([p, null!]), Throws.ArgumentException);
            Assert.That(() => new LBFGS([p]).Step(), Throws.InvalidOperationException);
            Assert.That(() => new SparseAdam([p], lr: 0), Throws.ArgumentException);
            Assert.That(() => new Muon([p]), Throws.ArgumentException.With.Message.Contains("2 dimensions"));
        });
    }

    [Test]
    public void SparseGradientsAreRefusedWhereTheyCannotBeUsed()
    {
        var p = Torch.Zeros([3, 2]).RequiresGrad_();
        p.Grad = Torch.SparseCooTensor(Torch.Tensor([1L]).Unsqueeze(0), Torch.Ones(1, 2), [3, 2]);
        Assert.That(() => new Adam([p]).Step(), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("SparseAdam"));
        p.Grad = Torch.Ones(3, 2);
        Assert.That(() => new SparseAdam([p]).Step(), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("for Adam"));
    }

    [Test]
    public void ALoadedStateContinuesTheRun()
    {
        Tensor a = Parameter(1, -2, 3), b = Parameter(1, -2, 3);
        var first = new Adam([a], lr: 0.1, amsgrad: true);
        Descend(first, a, 3);
        using (Torch.NoGrad())
            b.Copy_(a);
        var second = new Adam([b], lr: 0.7);
        second.LoadStateDict(first.StateDict());
        Assert.That(second.ParamGroups[0].Lr, Is.EqualTo(0.1));
        Descend(first, a, 4);
        Descend(second, b, 4);
        Assert.That(TensorBits.Bytes(b), Is.EqualTo(TensorBits.Bytes(a)));
        Assert.That(TensorBits.Bytes(second.State[b].Tensor("max_exp_avg_sq")), Is.EqualTo(TensorBits.Bytes(first.State[a].Tensor("max_exp_avg_sq"))));
    }

    [Test]
    public void ALoadedStateIsACopy()
    {
        var p = Parameter(1);
        var optimizer = new SGD([p], momentum: 0.9);
        Descend(optimizer, p);
        var saved = optimizer.StateDict();
        optimizer.LoadStateDict(saved);
        var buffer = (Tensor)((Dictionary<string, object?>)((Dictionary<long, object?>)saved["state"]!)[0]!)["momentum_buffer"]!;
        var before = buffer.Item<float>();
        Descend(optimizer, p, 2);
        Assert.That(buffer.Item<float>(), Is.EqualTo(before));
    }

    [Test]
    public void StateTakesTheParametersDType()
    {
        var p = Parameter(1, 2);
        var optimizer = new Adam([p]);
        Descend(optimizer, p);
        var wide = Torch.Tensor([1.0, 2.0], DType.Float64, requiresGrad: true);
        var other = new Adam([wide]);
        other.LoadStateDict(optimizer.StateDict());
        Assert.That(other.State[wide].Tensor("exp_avg").DType, Is.EqualTo(DType.Float64));
        Assert.That(other.State[wide].Tensor("step").DType, Is.EqualTo(DType.Float32));
    }

    [Test]
    public void OldStatesWithANumberOfStepsAreCompleted()
    {
        var p = Parameter(1, 2);
        var optimizer = new Adam([p]);
        optimizer.LoadStateDict(new Dictionary<string, object?>
        {
            ["state"] = new Dictionary<object, object?>
            {
                [0L] = new Dictionary<string, object?> { ["step"] = 5L, ["exp_avg"] = Torch.Zeros(2), ["exp_avg_sq"] = Torch.Ones(2) },
            },
            ["param_groups"] = new List<object?>
            {
                new Dictionary<string, object?> { ["lr"] = 0.5, ["betas"] = new List<object?> { 0.5, 0.9 }, ["eps"] = 1e-8, ["weight_decay"] = 0L, ["params"] = new List<object?> { 0L }, ["mine"] = "kept" },
            },
        });
        Descend(optimizer, p);
        Assert.Multiple(() =>
        {
            Assert.That(optimizer.State[p].Tensor("step").Item<float>(), Is.EqualTo(6f));
            Assert.That(optimizer.ParamGroups[0].Lr, Is.EqualTo(0.5));
            Assert.That(optimizer.ParamGroups[0]["mine"], Is.EqualTo("kept"));
            Assert.That(optimizer.ParamGroups[0]["amsgrad"], Is.EqualTo(false));
        });
    }

    [Test]
    public void StatesThatDoNotFitAreRefusedAndChangeNothing()
    {
        Tensor p = Parameter(1), q = Parameter(1);
        var optimizer = new SGD([p], lr: 0.3);
        var two = new SGD([p, q], lr: 0.1).StateDict();
        Assert.Multiple(() =>
        {
            Assert.That(() => optimizer.LoadStateDict(two), Throws.ArgumentException.With.Message.Contains("in the state dict and"));
            Assert.That(() => optimizer.LoadStateDict(new SGD([new ParamGroup(p), new ParamGroup(q)]).StateDict()), Throws.ArgumentException.With.Message.Contains("groups of parameters, the optimizer has"));
            Assert.That(() => optimizer.LoadStateDict(new Dictionary<string, object?> { ["weight"] = p }), Throws.ArgumentException.With.Message.Contains("'weight'"));
            Assert.That(() => optimizer.LoadStateDict(new List<object>()), Throws.ArgumentException);
            Assert.That(optimizer.ParamGroups[0].Lr, Is.EqualTo(0.3));
        });
    }

    [Test]
    public void NamesTravelWithTheState()
    {
        var p = Parameter(1);
        var optimizer = new SGD([new ParamGroup([("fc.weight", p)])]);
        var group = (Dictionary<string, object?>)((List<object?>)optimizer.StateDict()["param_groups"]!)[0]!;
        Assert.That(group["param_names"], Is.EqualTo(new[] { "fc.weight" }));
        Assert.That(group["params"], Is.EqualTo(new object[] { 0L }));
        var other = new SGD([new ParamGroup([("x", Parameter(1))])]);
        other.LoadStateDict(optimizer.StateDict());
        Assert.That(other.ParamGroups[0].ParamNames, Is.EqualTo(new[] { "fc.weight" }));
    }

    [Test]
    public void HooksRunInOrderAndCanBeRemoved()
    {
        var p = Parameter(1);
        var optimizer = new SGD([p]);
        var calls = new List<string>();
        using var global = Optimizer.RegisterOptimizerStepPreHook(_ => calls.Add("global"));
        var pre = optimizer.RegisterStepPreHook(o => calls.Add(ReferenceEquals(o, optimizer) ? "pre" : "?"));
        using var post = optimizer.RegisterStepPostHook(_ => calls.Add("post"));
        optimizer.Step();
        pre.Dispose();
        optimizer.Step();
        Assert.That(calls, Is.EqualTo(new[] { "global", "pre", "post", "global", "post" }));

        using var dict = optimizer.RegisterStateDictPostHook((_, state) => new(state) { ["extra"] = 1 });
        Assert.That(optimizer.StateDict(), Does.ContainKey("extra"));
        using var load = optimizer.RegisterLoadStateDictPreHook((_, _) => throw new InvalidDataException("looked at"));
        Assert.Throws<InvalidDataException>(() => optimizer.LoadStateDict(optimizer.StateDict()));
    }

    [Test]
    public void PrintsAsPythonDoes() => Assert.That(new Adam([Parameter(1)], lr: 0.01, eps: 1e-8).ToString(), Is.EqualTo(
        """
        Adam (
        Parameter Group 0
            amsgrad: False
            betas: (0.9, 0.999)
            capturable: False
            decoupled_weight_decay: False
            differentiable: False
            eps: 1e-08
            foreach: None
            fused: None
            lr: 0.01
            maximize: False
            weight_decay: 0.0
        )
        """));

    [Test]
    public void DisposingFreesTheStateOnly()
    {
        var p = Parameter(1);
        var optimizer = new Adam([p]);
        Descend(optimizer, p);
        var average = optimizer.State[p].Tensor("exp_avg");
        optimizer.Dispose();
        optimizer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => average.Item<float>());
        Assert.That(p.Item<float>(), Is.LessThan(1f));
    }

    [Test]
    public void AStepLeavesNothingForTheCollector()
    {
        var parameters = Enumerable.Range(0, 20).Select(static i => Torch.Randn(64, 64).RequiresGrad_()).ToArray();
        foreach (var p in parameters)
            p.Grad = Torch.Randn(64, 64);
        var optimizer = new AdamW(parameters);
        optimizer.Step();
        // What other tests left must not be finalized while this one counts.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var live = Diagnostics.TensorMemory.LiveBytes;
        for (var i = 0; i < 50; i++)
            optimizer.Step();
        Assert.That(Diagnostics.TensorMemory.LiveBytes, Is.LessThanOrEqualTo(live));
    }
}
