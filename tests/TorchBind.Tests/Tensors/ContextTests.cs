namespace TorchBind.Tests.Tensors;

/// <summary>DLPack, mixed precision, and zeros that are not stored.</summary>
public sealed class ContextTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void DlpackSharesMemory(bool versioned)
    {
        var x = Torch.Arange(6).To(DType.Float32).View(2, 3);
        using var capsule = Torch.ToDlpack(x.T, versioned);
        var y = Torch.FromDlpack(capsule);
        Assert.That(y.Shape, Is.EqualTo(new Shape(3, 2)));
        Assert.That(y.DataPtr(), Is.EqualTo(x.DataPtr()));
        y.SetItem(100, 2, 1);
        Assert.That(x[1, 2].Item<float>(), Is.EqualTo(100));
        x.Dispose();
        Assert.That(y[2, 1].Item<float>(), Is.EqualTo(100), "the memory lives with the last of both");
        Assert.That(() => Torch.FromDlpack(capsule), Throws.InstanceOf<Exception>(), "it can be taken once");
    }

    [Test]
    public void AutocastShortensAndRestores()
    {
        var (a, b) = (Torch.Ones([2, 2]), Torch.Ones([2, 2]));
        using (var outer = Torch.Autocast(DeviceType.Cpu))
        {
            Assert.That(Torch.IsAutocastEnabled(DeviceType.Cpu));
            Assert.That(a.Matmul(b).DType, Is.EqualTo(DType.BFloat16));
            using (Torch.Autocast(DeviceType.Cpu, enabled: false))
                Assert.That(a.Matmul(b).DType, Is.EqualTo(DType.Float32));
            Assert.That(a.Matmul(b).DType, Is.EqualTo(DType.BFloat16));
        }
        Assert.That(Torch.IsAutocastEnabled(DeviceType.Cpu), Is.False);
        Assert.That(a.Matmul(b).DType, Is.EqualTo(DType.Float32));
        Assert.That(() => { using var _ = Torch.Autocast(DeviceType.Cpu, DType.Float64); }, Throws.ArgumentException);
        Assert.That(() => Torch.IsAutocastEnabled(DeviceType.Meta), Throws.ArgumentException);
    }

    [Test]
    public void ZerosThatAreNotStoredAreReadSafely()
    {
        var zeros = Torch.Aten._Efficientzerotensor([3]);
        Assert.That(() => zeros.Data<float>().Length, Throws.InvalidOperationException.With.Message.Contains("Clone"));
        Assert.That(zeros.ToArray<float>(), Is.EqualTo(new float[3]));
        Assert.That(zeros.Clone().Data<float>().ToArray(), Is.EqualTo(new float[3]));
    }
}
