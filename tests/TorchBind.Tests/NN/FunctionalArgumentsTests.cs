using TorchBind.NN;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.NN;

/// <summary>Arguments that libtorch, or the runtime, would take in a way that helps nobody.</summary>
[TestFixture]
public class FunctionalArgumentsTests
{
    private static readonly Tensor Matrix = Torch.Ones(2, 3);
    private static readonly Tensor Vector = Torch.Ones(2);
    private static readonly Tensor Classes = Torch.Zeros(2, dtype: DType.Int64);

    private static IEnumerable<TestCaseData> UnknownValues()
    {
        const Reduction Reduction = (Reduction)9;
        yield return Case("Gelu", () => F.Gelu(Matrix, (GELUApproximation)9));
        yield return Case("GridSample mode", () => F.GridSample(Torch.Ones(1, 1, 2, 2), Torch.Ones(1, 2, 2, 2), (GridSampleMode)9));
        yield return Case("GridSample padding", () => F.GridSample(Torch.Ones(1, 1, 2, 2), Torch.Ones(1, 2, 2, 2), paddingMode: (GridSamplePadding)9));
        yield return Case("EmbeddingBag", () => F.EmbeddingBag(Torch.Zeros([2, 2], dtype: DType.Int64), Matrix, mode: (EmbeddingBagMode)9));
        yield return Case("Pad", () => F.Pad(Matrix, (1, 1), (PaddingMode)9));
        yield return Case("KlDiv", () => F.KlDiv(Matrix, Matrix, (KLDivReduction)9));
        yield return Case("NllLoss", () => F.NllLoss(Matrix, Classes, reduction: Reduction));
        yield return Case("CrossEntropy", () => F.CrossEntropy(Matrix, Classes, reduction: Reduction));
        yield return Case("LinearCrossEntropy", () => F.LinearCrossEntropy(Matrix, Matrix, Classes, reduction: Reduction));
        yield return Case("PoissonNllLoss", () => F.PoissonNllLoss(Matrix, Matrix, reduction: Reduction));
        yield return Case("GaussianNllLoss", () => F.GaussianNllLoss(Matrix, Matrix, Matrix, reduction: Reduction));
        yield return Case("BinaryCrossEntropy", () => F.BinaryCrossEntropy(Matrix, Matrix, reduction: Reduction));
        yield return Case("BinaryCrossEntropyWithLogits", () => F.BinaryCrossEntropyWithLogits(Matrix, Matrix, reduction: Reduction));
        yield return Case("SmoothL1Loss", () => F.SmoothL1Loss(Matrix, Matrix, Reduction));
        yield return Case("HuberLoss", () => F.HuberLoss(Matrix, Matrix, Reduction));
        yield return Case("HuberLoss weighted", () => F.HuberLoss(Matrix, Matrix, Reduction, weight: Matrix));
        yield return Case("L1Loss", () => F.L1Loss(Matrix, Matrix, Reduction));
        yield return Case("MseLoss", () => F.MseLoss(Matrix, Matrix, Reduction));
        yield return Case("MarginRankingLoss", () => F.MarginRankingLoss(Vector, Vector, Vector, reduction: Reduction));
        yield return Case("HingeEmbeddingLoss", () => F.HingeEmbeddingLoss(Vector, Vector, reduction: Reduction));
        yield return Case("MultilabelMarginLoss", () => F.MultilabelMarginLoss(Matrix, Torch.Zeros([2, 3], dtype: DType.Int64), Reduction));
        yield return Case("SoftMarginLoss", () => F.SoftMarginLoss(Vector, Vector, Reduction));
        yield return Case("MultilabelSoftMarginLoss", () => F.MultilabelSoftMarginLoss(Matrix, Matrix, reduction: Reduction));
        yield return Case("CosineEmbeddingLoss", () => F.CosineEmbeddingLoss(Matrix, Matrix, Vector, reduction: Reduction));
        yield return Case("MultiMarginLoss", () => F.MultiMarginLoss(Matrix, Classes, reduction: Reduction));
        yield return Case("CtcLoss", () => F.CtcLoss(Torch.Ones(3, 1, 2), Torch.Ones([1, 1], dtype: DType.Int64), 3, 1, reduction: Reduction));
        yield return Case("TripletMarginLoss", () => F.TripletMarginLoss(Matrix, Matrix, Matrix, reduction: Reduction));
        yield return Case("TripletMarginWithDistanceLoss", () => F.TripletMarginWithDistanceLoss(Matrix, Matrix, Matrix, reduction: Reduction));

        static TestCaseData Case(string name, Func<Tensor> call) => new TestCaseData(call).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(UnknownValues))]
    public void AValueThatAnEnumDoesNotHaveIsRefused(Func<Tensor> call) =>
        Assert.That(() => call(), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void NumbersOfGroupsAndHeadsArePositive() => Assert.Multiple(() =>
    {
        foreach (var number in new long[] { 0, -1 })
        {
            Assert.That(() => F.GroupNorm(Torch.Ones(2, 4), number), Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("numGroups"));
            Assert.That(() => F.MultiHeadAttentionForward(Matrix, Matrix, Matrix, 3, number, Torch.Ones(9, 3), null, null, null, false, 0, Torch.Ones(3, 3), null),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("numHeads"));
        }
    });

    [Test]
    public void NullIsNamed() => Assert.Multiple(() =>
    {
        Assert.That(() => F.Tanhshrink(null!), Null("input"));
        Assert.That(() => F.Softsign(null!), Null("input"));
        Assert.That(() => F.SmoothL1Loss(null!, Vector), Null("input"));
        Assert.That(() => F.MseLoss(Vector, null!), Null("target"));
        Assert.That(() => F.GaussianNllLoss(Vector, null!, Vector), Null("target"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Matrix, null!), Null("target"));

        static NUnit.Framework.Constraints.IResolveConstraint Null(string name) => Throws.TypeOf<ArgumentNullException>().With.Property("ParamName").EqualTo(name);
    });

    /// <summary>What <c>F.linear_cross_entropy</c> of 2.14 refuses before it computes.</summary>
    [Test]
    public void LinearCrossEntropyLooksAtItsShapes() => Assert.Multiple(() =>
    {
        Assert.That(() => F.LinearCrossEntropy(Torch.Ones(1, 2, 3), Torch.Ones(5, 3), Classes), Refused("input"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Torch.Ones([]), Classes), Refused("linearWeight"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Torch.Ones(3), Classes), Refused("linearWeight"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Torch.Ones(5, 4), Classes), Refused("linearWeight"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Torch.Ones(5, 4, 3), Torch.Zeros([2, 4], dtype: DType.Int64), Torch.Ones(4, 5)), Refused("linearBias"));
        Assert.That(() => F.LinearCrossEntropy(Torch.Ones(3), Torch.Ones(5, 4, 3), Torch.Zeros(4, dtype: DType.Int64)), Refused("input"));
        Assert.That(() => F.LinearCrossEntropy(Matrix, Torch.Ones(5, 3), Torch.Ones(2, 5), ignoreIndex: -1), Refused("ignoreIndex"));
        Assert.That((float)F.LinearCrossEntropy(Matrix, Torch.Ones(5, 3), Torch.Ones(2, 5)), Is.Not.NaN);

        static NUnit.Framework.Constraints.IResolveConstraint Refused(string name) => Throws.TypeOf<ArgumentException>().With.Property("ParamName").EqualTo(name);
    });

    [Test]
    public void AChunkedLossIsUsedUpByOnePass()
    {
        Tensor x = Torch.Randn(6, 3).RequiresGrad_(), w = Torch.Randn(5, 3).RequiresGrad_(), target = Torch.Tensor([0L, 1, 2, 3, 4, 0]);
        var once = F.LinearCrossEntropy(x, w, target, options: new LinearCrossEntropyOptions(batchChunkSize: 2));
        once.Backward(retainGraph: true);
        var first = w.Grad!.Clone();
        Assert.That(Assert.Throws<TorchException>(() => once.Backward())!.Message, Does.Contain("AllowRetainGraph"));
        w.Grad = null;
        var often = F.LinearCrossEntropy(x, w, target, options: new LinearCrossEntropyOptions(batchChunkSize: 2, allowRetainGraph: true));
        often.Backward(retainGraph: true);
        often.Backward();
        Assert.That(w.Grad!.Equal(first * 2));
        Assert.Throws<TorchException>(() => Torch.Autograd.Grad([F.LinearCrossEntropy(x, w, target, options: new LinearCrossEntropyOptions())], [x], createGraph: true)[0]!.Sum().Backward());
    }

    [Test]
    public void OptionsOfAChunkedLossAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new LinearCrossEntropyOptions(batchChunkSize: 0));
        Assert.Throws<ArgumentException>(() => _ = new LinearCrossEntropyOptions(chunkingMethod: "aspect_ratio:0"));
        Assert.Throws<ArgumentException>(() => _ = new LinearCrossEntropyOptions(chunkingMethod: "rows"));
        Assert.Throws<ArgumentException>(() => _ = new LinearCrossEntropyOptions(accDType: DType.Int64));
    }

    [Test]
    public void ATraceOfAChunkedLossHoldsTheWholeOne()
    {
        var loss = new LinearCrossEntropyLoss(3, 5, options: new LinearCrossEntropyOptions(batchChunkSize: 2));
        Tensor x = Torch.Randn(6, 3), target = Torch.Tensor([0L, 1, 2, 3, 4, 0]);
        using var traced = Torch.Jit.Trace(loss, x, target);
        Assert.That(traced.Code, Does.Contain("cross_entropy"));
    }
}
