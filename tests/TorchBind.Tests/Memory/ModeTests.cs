namespace TorchBind.Tests.Memory;

/// <summary>Modes of a thread end once, however often their scopes are disposed.</summary>
public class ModeTests
{
    [Test]
    public void InferenceModeEndsOnce()
    {
        using (Torch.InferenceMode())
        {
            using var inner = Torch.InferenceMode(false);
            Assert.That(Torch.IsInferenceModeEnabled(), Is.False);
            inner.Dispose();
            Assert.That(Torch.IsInferenceModeEnabled());
        }
        Assert.That(Torch.IsInferenceModeEnabled(), Is.False);
    }

    [Test]
    public void WhatInferenceModeMadeEntersNoGraph()
    {
        Tensor x;
        using (Torch.InferenceMode())
            x = Torch.Ones(2);
        Assert.That(x.IsInference);
        Assert.Throws<TorchException>(() => x.RequiresGrad_().Mul(x).Sum().Backward());
    }

    [Test]
    public void NoGradNests()
    {
        using (Torch.NoGrad())
        {
            using (Torch.EnableGrad())
                Assert.That(Torch.IsGradEnabled());
            Assert.That(Torch.IsGradEnabled(), Is.False);
        }
        Assert.That(Torch.IsGradEnabled());
    }
}
