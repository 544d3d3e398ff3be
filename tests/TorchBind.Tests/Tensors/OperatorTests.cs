namespace TorchBind.Tests.Tensors;

/// <summary>C# operators, the attributes of a tensor, backward, modes, seeds.</summary>
public sealed class OperatorTests
{
    private static float[] Floats(Tensor x) => x.To(DType.Float32).ToArray<float>();

    [Test]
    public void Arithmetic()
    {
        using var a = Torch.Tensor([7.0, -7.0]);
        using var b = Torch.Tensor([2.0, 2.0]);
        Assert.Multiple(() =>
        {
            Assert.That(Floats(a + b), Is.EqualTo(new float[] { 9, -5 }));
            Assert.That(Floats(a - b), Is.EqualTo(new float[] { 5, -9 }));
            Assert.That(Floats(a * b), Is.EqualTo(new float[] { 14, -14 }));
            Assert.That(Floats(a / b), Is.EqualTo(new[] { 3.5f, -3.5f }));
            Assert.That(Floats(a % b), Is.EqualTo(new float[] { 1, 1 }), "the sign of the divisor, as in Python");
            Assert.That(Floats(-a), Is.EqualTo(new float[] { -7, 7 }));
            Assert.That(Floats(a + 1), Is.EqualTo(new float[] { 8, -6 }));
            Assert.That(Floats(1 + a), Is.EqualTo(new float[] { 8, -6 }));
            Assert.That(Floats(1 - a), Is.EqualTo(new float[] { -6, 8 }));
            Assert.That(Floats(2 * a), Is.EqualTo(new float[] { 14, -14 }));
            Assert.That(Floats(14 / a), Is.EqualTo(new float[] { 2, -2 }));
            Assert.That(Floats(5 % b), Is.EqualTo(new float[] { 1, 1 }));
            Assert.That((Torch.Tensor([7, 8]) / 2).DType, Is.EqualTo(DType.Float32));
            Assert.That((Torch.Tensor([7, 8]) + 2).DType, Is.EqualTo(DType.Int64));
            Assert.That((Torch.Tensor([7, 8]) + 2.5).DType, Is.EqualTo(DType.Float32));
        });
    }

    [Test]
    public void ComparisonsAndLogic()
    {
        using var a = Torch.Tensor([1, 2, 3]);
        Assert.Multiple(() =>
        {
            Assert.That((a == 2).ToArray<bool>(), Is.EqualTo(new[] { false, true, false }));
            Assert.That((a != 2).ToArray<bool>(), Is.EqualTo(new[] { true, false, true }));
            Assert.That((a < 2).ToArray<bool>(), Is.EqualTo(new[] { true, false, false }));
            Assert.That((2 < a).ToArray<bool>(), Is.EqualTo(new[] { false, false, true }));
            Assert.That((a >= 2).ToArray<bool>(), Is.EqualTo(new[] { false, true, true }));
            Assert.That((2 >= a).ToArray<bool>(), Is.EqualTo(new[] { true, true, false }));
            Assert.That(((a > 1) & (a < 3)).ToArray<bool>(), Is.EqualTo(new[] { false, true, false }));
            Assert.That(((a == 1) | (a == 3)).ToArray<bool>(), Is.EqualTo(new[] { true, false, true }));
            Assert.That((!(a == 1)).ToArray<bool>(), Is.EqualTo(new[] { false, true, true }));
            Assert.That((~a).ToArray<long>(), Is.EqualTo(new long[] { -2, -3, -4 }));
            Assert.That((a << 2).ToArray<long>(), Is.EqualTo(new long[] { 4, 8, 12 }));
            Assert.That((a >> 1).ToArray<long>(), Is.EqualTo(new long[] { 0, 1, 1 }));
            Assert.That((a ^ 1).ToArray<long>(), Is.EqualTo(new long[] { 0, 3, 2 }));
            Assert.That((a == a.Clone()).All().Item<bool>());
            Assert.That(a.Equals(a) && !a.Equals(a.Clone()), "Equals is about the object");
        });
    }

    [Test]
    public void CompoundAssignmentWorksInPlace()
    {
        var x = Torch.Tensor([1.0, 2.0]);
        var same = x;
        x += 1;
        x *= Torch.Tensor([2.0, 3.0]);
        x -= 1;
        x /= 3;
        Assert.That(ReferenceEquals(x, same));
        Assert.That(Floats(same)[0], Is.EqualTo(1));
        Assert.That(x.Version, Is.EqualTo(4));
    }

    [Test]
    public void NullIsRefused()
    {
        Tensor? none = null;
        using var x = Torch.Zeros(2);
        Assert.Multiple(() =>
        {
            Assert.That(() => none! + 1, Throws.ArgumentNullException);
            Assert.That(() => x + none!, Throws.ArgumentNullException);
            Assert.That(() => 1 / none!, Throws.ArgumentNullException);
            Assert.That(() => x.Matmul(null!), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("other"));
            Assert.That(() => Torch.Cat([x, null!]), Throws.ArgumentNullException.With.Message.Contains("Entry 1"));
            Assert.That(() => x[0] = null!, Throws.ArgumentNullException.With.Property("ParamName").EqualTo("value"));
        });
    }

    [Test]
    public void TheEightAttributes()
    {
        using var x = Torch.Tensor([1.0, 2.0], requiresGrad: true);
        using var y = x * 2;
        Assert.Multiple(() =>
        {
            Assert.That(Floats(x.Data), Is.EqualTo(new float[] { 1, 2 }));
            Assert.That(x.Data.RequiresGrad, Is.False);
            Assert.That(x.DType, Is.EqualTo(DType.Float32));
            Assert.That(x.Shape, Is.EqualTo(new Shape(2)));
            Assert.That(x.Device, Is.EqualTo(Device.Cpu));
            Assert.That(x.Grad, Is.Null);
            Assert.That(x.GradFn, Is.Null);
            Assert.That(x.RequiresGrad && y.RequiresGrad);
            Assert.That(x.IsLeaf && !y.IsLeaf);
            Assert.That(y.GradFn!.Name, Is.EqualTo("MulBackward0"));
        });
        y.Sum().Backward();
        Assert.That(Floats(x.Grad!), Is.EqualTo(new float[] { 2, 2 }));
        x.Data.Fill_(5);
        Assert.That(Floats(x), Is.EqualTo(new float[] { 5, 5 }), "Data shares the memory");
        x.Data = Torch.Tensor([7.0, 8.0, 9.0]);
        Assert.That(x.Shape, Is.EqualTo(new Shape(3)));
        x.Grad = null;
        Assert.That(x.Grad, Is.Null);
    }

    [Test]
    public void BackwardAddsUpAndTakesAGradient()
    {
        using var x = Torch.Tensor([1.0, 2.0], requiresGrad: true);
        (x * x).Backward(Torch.Tensor([1.0, 10.0]));
        (x * x).Backward(Torch.Tensor([1.0, 10.0]));
        Assert.That(Floats(x.Grad!), Is.EqualTo(new float[] { 4, 80 }));
        var loss = (x * x).Sum();
        loss.Backward(retainGraph: true);
        loss.Backward();
        Assert.That(Floats(x.Grad!), Is.EqualTo(new float[] { 8, 88 }));
        Assert.That(() => loss.Backward(), Throws.InstanceOf<TorchException>().With.Message.Contains("second time"));
        Assert.That(() => (x * 2).Backward(), Throws.InstanceOf<TorchException>().With.Message.Contains("outputs with one element"));
        Assert.That(() => Torch.Zeros(1).Backward(), Throws.InstanceOf<TorchException>().With.Message.Contains("is in no graph"));
    }

    [Test]
    public void NoGradRecordsNothing()
    {
        using var x = Torch.Tensor([1.0], requiresGrad: true);
        using (Torch.NoGrad())
        {
            Assert.That(Torch.IsGradEnabled(), Is.False);
            Assert.That((x * 2).RequiresGrad, Is.False);
            using (Torch.EnableGrad())
                Assert.That((x * 2).RequiresGrad);
        }
        Assert.That(Torch.IsGradEnabled());
        using (Torch.InferenceMode())
            Assert.That((x * 2).IsInference);
        Assert.That((x * 2).RequiresGrad);
    }

    [Test]
    public void SeedsRepeat()
    {
        Torch.ManualSeed(3);
        var first = Torch.Rand(5).ToArray<float>();
        var second = Torch.Rand(5).ToArray<float>();
        Torch.ManualSeed(3);
        Assert.That(Torch.Rand(5).ToArray<float>(), Is.EqualTo(first));
        Assert.That(second, Is.Not.EqualTo(first));
        using var generator = new Generator();
        generator.ManualSeed(3);
        Assert.That(Torch.Rand([5], generator: generator).ToArray<float>(), Is.EqualTo(first));
    }

    [Test]
    public void Misuse()
    {
        using var x = Torch.Zeros(2, 3);
        Assert.Multiple(() =>
        {
            Assert.That(() => x + Torch.Zeros(4), Throws.InstanceOf<TorchException>().With.Message.Contains("must match the size of tensor b (4)"));
            Assert.That(() => x.Matmul(x), Throws.InstanceOf<TorchException>().With.Message.Contains("shapes cannot be multiplied (2x3 and 2x3)"));
            Assert.That(() => x.View(7), Throws.InstanceOf<TorchException>().With.Message.Contains("invalid for input of size 6"));
            Assert.That(() => x.Sum(5), Throws.InstanceOf<TorchIndexException>().With.Message.Contains("Dimension out of range"));
            Assert.That(() => x.Matmul(Torch.Zeros([3, 2], DType.Int64)), Throws.InstanceOf<TorchException>().With.Message.Contains("same dtype"));
            Assert.That(() => Torch.Tensor([1, 2]).RequiresGrad_(), Throws.InstanceOf<TorchException>().With.Message.Contains("floating point"));
            Assert.That(() => Torch.Cat([]), Throws.InstanceOf<Exception>().With.Message.Contains("non-empty"));
            Assert.That(() => x.To("cuda:99"), Throws.InstanceOf<Exception>());
            Assert.That(() => (Device)"gpu", Throws.ArgumentException.With.Message.Contains("'cuda'"));
        });
    }

    [Test]
    public void DisposingTwiceIsHarmlessAndUseAfterwardsIsNot()
    {
        var x = Torch.Zeros(2);
        using var y = Torch.Zeros(2);
        x.Dispose();
        x.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => x.Add(1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => y + x, Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("'other'"));
            Assert.That(() => x.Shape, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => x.ToArray<float>(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => x[0], Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => y[x], Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => x.RequiresGrad = true, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => Torch.Stack([y, x]), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => x.Backward(), Throws.TypeOf<ObjectDisposedException>());
        });
        Assert.That(y.Add(1).ToArray<float>(), Is.EqualTo(new float[] { 1, 1 }), "the others are unharmed");
    }

    [Test]
    public void LobpcgRefusesGradientsWherePythonDoes()
    {
        Tensor a = Torch.Diag(Torch.Arange(1.0, 13)).RequiresGrad_(), b = Torch.Eye(12, dtype: a.DType);
        var (values, _) = Torch.Lobpcg(a, k: 1, b: b);
        Assert.That(() => values.Sum().Backward(), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("identity"));
    }
}
