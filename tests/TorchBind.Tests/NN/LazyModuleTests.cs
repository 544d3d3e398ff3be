using TorchBind.NN;

namespace TorchBind.Tests.NN;

/// <summary>Lazy layers beside the ordinary ones, which are compared with Python.</summary>
public class LazyModuleTests
{
    [Test]
    public void TheFirstCallMayNameTheOutputSize()
    {
        using var x = Torch.Randn(2, 6, 5, 5);
        Torch.ManualSeed(3);
        using var ordinary = new ConvTranspose2d(6, 3, 3, stride: 2);
        Torch.ManualSeed(3);
        using var lazy = new LazyConvTranspose2d(3, 3, stride: 2);
        using var expected = ordinary.Call(x, (12, 12));
        using var actual = lazy.Call(x, (12, 12));
        Assert.That(Torch.Equal(actual, expected));
        Assert.That(lazy.InChannels, Is.EqualTo(6));
    }

    [Test]
    public void AStateDictTellsTheChannels()
    {
        using var x = Torch.Randn(2, 6, 5, 5);
        using var ordinary = new Conv2d(6, 4, 3, groups: 2);
        using var lazy = new LazyConv2d(4, 3, groups: 2);
        lazy.LoadStateDict(ordinary.StateDict());
        Assert.That(Torch.Equal(lazy.Call(x), ordinary.Call(x)));
        Assert.That(lazy.InChannels, Is.EqualTo(6));
    }

    [Test]
    public void AWrongInputLeavesItWaiting()
    {
        using var lazy = new LazyConv2d(4, 3);
        Assert.That(() => lazy.Call(Torch.Randn(2, 6)), Throws.ArgumentException);
        Assert.That(lazy.Call(Torch.Randn(1, 2, 3, 3)).Shape, Is.EqualTo(new Shape([1, 4, 1, 1])));
    }
}
