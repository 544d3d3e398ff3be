using System.Text.Json;
using TorchBind.Amp;
using TorchBind.Optim;

namespace TorchBind.Tests.Amp;

[NonParallelizable]
public class GradScalerTests
{
    private static readonly Device s_cpu = new(DeviceType.Cpu);

    private sealed record Run(JsonElement[][] steps, Dictionary<string, string> state);

    [Test]
    public void ScalesAsPythonDoes([Values(false, true)] bool unscale)
    {
        var expected = PythonOracle.RunJson<Dictionary<string, Run>>("grad_scaler.py")[unscale ? "unscaled" : "plain"];
        Torch.ManualSeed(11);
        Tensor[] parameters = [Torch.Randn(4, 3).RequiresGrad_(), Torch.Randn(5).RequiresGrad_()];
        var optimizer = new SGD(parameters, lr: 0.1, momentum: 0.9);
        using var scaler = new GradScaler(s_cpu, initScale: 1024, growthFactor: 3, backoffFactor: 0.25, growthInterval: 2);
        for (var step = 0; step < 12; step++)
        {
            optimizer.ZeroGrad();
            var loss = Torch.Tensor(0L);
            foreach (var p in parameters)
                loss = loss + (p * Torch.Randn(p.Shape)).Sum();
            if (step is 3 or 4)
                loss = loss * double.PositiveInfinity;
            else if (step == 9)
                loss = loss * double.NaN;
            scaler.Scale(loss).Backward();
            if (unscale)
                scaler.Unscale_(optimizer);
            Assert.That(scaler.Step(optimizer), Is.EqualTo(step is not (3 or 4 or 9)));
            scaler.Update();
            var seen = JsonSerializer.Serialize(new object[]
            {
                TensorBits.Hex(scaler.GetScale()), scaler.StateDict()["_growth_tracker"]!,
                parameters.Select(static p => Convert.ToHexStringLower(TensorBits.Bytes(p))).ToArray(),
            });
            Assert.That(seen, Is.EqualTo(JsonSerializer.Serialize(expected.steps[step])), $"step {step}");
        }
        scaler.Update(7.0);
        var state = scaler.StateDict().ToDictionary(static e => e.Key, static e => TensorBits.Hex(Convert.ToDouble(e.Value)));
        Assert.That(state, Is.EquivalentTo(expected.state));
    }

    [Test]
    public void AStateContinuesElsewhere()
    {
        var p = Torch.Zeros(2).RequiresGrad_();
        var optimizer = new SGD([p], lr: 1);
        using var first = new GradScaler(s_cpu, initScale: 8, growthInterval: 3);
        using var second = new GradScaler(s_cpu);
        Once(first, optimizer, p);
        second.LoadStateDict(first.StateDict());
        for (var i = 0; i < 2; i++)
            Once(second, optimizer, p);
        Assert.That(second.GetScale(), Is.EqualTo(16));
        Assert.That(p.ToArray<float>(), Is.EqualTo(new[] { -3f, -3f }));
    }

    [Test]
    public void SwitchedOffItIsNotThere()
    {
        var p = Torch.Zeros(2).RequiresGrad_();
        using var scaler = new GradScaler(s_cpu, enabled: false);
        Once(scaler, new SGD([p], lr: 1), p);
        Assert.That(p.ToArray<float>(), Is.EqualTo(new[] { -1f, -1f }));
        Assert.That(scaler.GetScale(), Is.EqualTo(1));
        Assert.That(scaler.StateDict(), Is.Empty);
    }

    [Test]
    public void MisuseIsExplained()
    {
        var p = Torch.Zeros(2).RequiresGrad_();
        using (var early = new GradScaler(s_cpu))
        {
            var without = new SGD([p]);
            Assert.That(() => early.Step(without), Throws.InvalidOperationException.With.Message.Contains("Call Scale on the loss"));
            early.Scale(p.Sum());
            Assert.That(() => early.Step(without), Throws.InvalidOperationException.With.Message.Contains("has a gradient"));
        }
        var optimizer = new SGD([p]);
        using var scaler = new GradScaler(s_cpu);
        scaler.Scale(p.Sum());
        p.Grad = Torch.Ones(2);
        scaler.Unscale_(optimizer);
        Assert.That(() => scaler.Unscale_(optimizer), Throws.InvalidOperationException.With.Message.Contains("already"));
        scaler.Step(optimizer);
        Assert.That(() => scaler.Step(optimizer), Throws.InvalidOperationException.With.Message.Contains("already"));
        scaler.Update();
        Assert.That(() => scaler.Update(), Throws.InvalidOperationException.With.Message.Contains("no step since"));
        Assert.That(() => scaler.LoadStateDict(new Dictionary<string, object?>()), Throws.ArgumentException);
        Assert.That(() => new GradScaler(s_cpu, growthFactor: 1), Throws.ArgumentException);
        var half = Torch.Zeros([2], DType.Float16).RequiresGrad_();
        half.Grad = Torch.Ones([2], DType.Float16);
        Assert.That(() => scaler.Unscale_(new SGD([half])), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("float16"));
    }

    private static void Once(GradScaler scaler, Optimizer optimizer, Tensor p)
    {
        optimizer.ZeroGrad();
        scaler.Scale(p.Sum()).Backward();
        scaler.Step(optimizer);
        scaler.Update();
    }
}
