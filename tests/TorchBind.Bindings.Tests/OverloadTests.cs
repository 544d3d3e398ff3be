namespace TorchBind.Bindings.Tests;

/// <summary>Calls as a PyTorch user writes them. That this file compiles is half of the test: no call is ambiguous.</summary>
public class OverloadTests
{
    private static Tensor Matrix() => Torch.Arange(6, dtype: DType.Float32).Reshape(2, 3);

    private static void Expect(Tensor tensor, params double[] values) =>
        Assert.That(tensor.To(DType.Float64).ToArray<double>(), Is.EqualTo(values).Within(1e-5));

    private static void ExpectShape(Tensor tensor, params long[] sizes) => Assert.That(tensor.Shape.ToArray(), Is.EqualTo(sizes));

    [Test]
    public void Reductions()
    {
        var x = Matrix();
        Expect(x.Sum(), 15);
        Expect(x.Sum(0), 3, 5, 7);
        Expect(x.Sum(1, keepDim: true), 3, 12);
        Expect(x.Sum([0, 1]), 15);
        Expect(x.Sum((0, 1)), 15);
        Assert.That(x.Sum(DType.Float64).DType, Is.EqualTo(DType.Float64));
        Assert.That(x.Sum(dtype: DType.Int64).DType, Is.EqualTo(DType.Int64));
        Expect(x.Mean(), 2.5);
        Expect(x.Mean(1), 1, 4);
        Expect(x.Mean(-1), 1, 4);
        ExpectShape(x.Mean([0, 1], keepDim: true), 1, 1);
        Expect(x.Std(), Math.Sqrt(3.5));
        Expect(x.Std(false), Math.Sqrt(17.5 / 6));
        Expect(x.Std(1), 1, 1);
        Expect(x.Std(0, keepDim: true), 2.12132, 2.12132, 2.12132);
        Expect(x.Std([0, 1], correction: 0), Math.Sqrt(17.5 / 6));
        Expect(x.Var(dim: 1, correction: 0), 2.0 / 3, 2.0 / 3);
        Expect(x.Max(), 5);
        Expect(x.Max(dim: 1).Values, 2, 5);
        var (values, indices) = x.Max(1, keepDim: true);
        Expect(values, 2, 5);
        Expect(indices, 2, 2);
        Expect(x.Max(x.Neg()), 0, 1, 2, 3, 4, 5);
        Expect(x.Min(dim: 0).Indices, 0, 0, 0);
        Expect(x.Argmax(), 5);
        Expect(x.Argmax(1), 2, 2);
        Expect(x.Argmax(dim: 0, keepDim: true), 1, 1, 1);
        Expect(x.Prod(1), 0, 60);
        Expect(x.All(), 0);
        Expect(x.All(0), 0, 1, 1);
        Expect(x.Any(1), 1, 1);
        Expect(x.Norm(), Math.Sqrt(55));
        Expect(x.Norm(1, 0), 3, 5, 7);
        Expect(x.Norm(2, [0, 1]), Math.Sqrt(55));
        Expect(x.Cumsum(0), 0, 1, 2, 3, 5, 7);
        Expect(x.Softmax(1).Sum(1), 1, 1);
        Expect(x.LogSoftmax(-1, DType.Float64).Exp().Sum(-1), 1, 1);
        Expect(x.Logsumexp(0).Exp(), 1 + Math.Exp(3), Math.Exp(1) + Math.Exp(4), Math.Exp(2) + Math.Exp(5));
        Expect(x.Amax([0, 1]), 5);
        Expect(x.CountNonzero(), 5);
        Expect(x.CountNonzero(1), 2, 3);
        Expect(x.Median(), 2);
        Expect(x.Median(1).Values, 1, 4);
        Expect(Torch.Sum(x), 15);
        Expect(Torch.Sum(x, 1), 3, 12);
        Expect(Torch.Mean(x, [0, 1]), 2.5);
        Expect(Torch.Std(x), Math.Sqrt(3.5));
        Expect(Torch.Max(x, 1).Values, 2, 5);
        Expect(Torch.Max(x, x), 0, 1, 2, 3, 4, 5);
        Expect(Torch.Topk(x, 1).Values, 2, 5);
        Expect(x.Sort(descending: true).Values, 2, 1, 0, 5, 4, 3);
        Expect(x.Sort(1, true).Indices, 2, 1, 0, 2, 1, 0);
        Expect(x.Quantile(0.5), 2.5);
        Expect(x.Quantile(Torch.Tensor([0.0, 1.0])), 0, 5);
    }

    [Test]
    public void Arithmetic()
    {
        var x = Matrix();
        Expect(x.Add(2), 2, 3, 4, 5, 6, 7);
        Expect(x.Add(2.5), 2.5, 3.5, 4.5, 5.5, 6.5, 7.5);
        Expect(x.Add(x), 0, 2, 4, 6, 8, 10);
        Expect(x.Add(x, alpha: 2), 0, 3, 6, 9, 12, 15);
        Expect(x.Sub(1, alpha: 2), -2, -1, 0, 1, 2, 3);
        Expect(x.Mul(2), 0, 2, 4, 6, 8, 10);
        Expect(x.Div(2), 0, .5, 1, 1.5, 2, 2.5);
        Expect(x.Div(2, roundingMode: "floor"), 0, 0, 1, 1, 2, 2);
        Expect(x.Div(x.Add(1), "trunc"), 0, 0, 0, 0, 0, 0);
        Expect(x.Pow(2), 0, 1, 4, 9, 16, 25);
        Expect(x.Pow(Torch.ZerosLike(x)), 1, 1, 1, 1, 1, 1);
        Expect(Torch.Pow(2, x), 1, 2, 4, 8, 16, 32);
        Expect(Torch.Remainder(5, x.Add(1)), 0, 1, 2, 1, 0, 5);
        Expect(x.Clamp(min: 1), 1, 1, 2, 3, 4, 5);
        Expect(x.Clamp(1, 3), 1, 1, 2, 3, 3, 3);
        Expect(x.Clamp(max: 2.5), 0, 1, 2, 2.5, 2.5, 2.5);
        Expect(x.Clamp(null, 2), 0, 1, 2, 2, 2, 2);
        Expect(x.Clamp(min: Torch.FullLike(x, 4)), 4, 4, 4, 4, 4, 5);
        Expect(Torch.Clamp(x, min: 0, max: 1), 0, 1, 1, 1, 1, 1);
        Expect(x.Eq(3), 0, 0, 0, 1, 0, 0);
        Expect(x.Lt(x.Add(1)), 1, 1, 1, 1, 1, 1);
        Expect(x.Round(), 0, 1, 2, 3, 4, 5);
        Expect(x.Div(3).Round(decimals: 1), 0, .3, .7, 1, 1.3, 1.7);
        Expect(Torch.Where(x.Gt(2), 1, 0), 0, 0, 0, 1, 1, 1);
        Expect(Torch.Where(x.Gt(2), 1, x), 0, 1, 2, 1, 1, 1);
        Expect(Torch.Where(x.Gt(2), x, 0), 0, 0, 0, 3, 4, 5);
        Expect(Torch.Where(x.Gt(2), x, x.Neg()), 0, -1, -2, 3, 4, 5);
        Assert.That(Torch.Where(x.Gt(2)), Has.Length.EqualTo(2));
        Expect(x.Where(x.Gt(2), 0), 0, 0, 0, 3, 4, 5);
        Expect(x.Where(x.Gt(2), x.Neg()), 0, -1, -2, 3, 4, 5);
        Expect(x.MaskedFill(x.Gt(2), -1), 0, 1, 2, -1, -1, -1);
        Expect(x.Matmul(x.T), 5, 14, 14, 50);
        Expect(x.Mm(x.MT), 5, 14, 14, 50);
        Expect(Torch.Addmm(x.NewZeros(2, 2), x, x.T, beta: 0), 5, 14, 14, 50);
        Expect(Torch.Lerp(x, x.Add(2), 0.5), 1, 2, 3, 4, 5, 6);
        Expect(Torch.Hypot(x, Torch.ZerosLike(x)), 0, 1, 2, 3, 4, 5);
        Expect(Torch.Bincount(Torch.Tensor([0, 1, 1]), minlength: 3), 1, 2, 0);
    }

    [Test]
    public void In_place_and_out()
    {
        var x = Matrix();
        var alias = x;
        Assert.That(x.Add_(1).Mul_(2).Clamp_(max: 6), Is.SameAs(alias));
        Expect(x, 2, 4, 6, 6, 6, 6);
        Assert.That(x.Zero_(), Is.SameAs(alias));
        Expect(x.Fill_(3), 3, 3, 3, 3, 3, 3);
        Expect(x.Add_(x, alpha: 2), 9, 9, 9, 9, 9, 9);
        var y = Torch.EmptyLike(x);
        Assert.That(Torch.Add(x, x, @out: y), Is.SameAs(y));
        Assert.That(Torch.Add(x, x, y, alpha: 2), Is.SameAs(y));
        Expect(y, 27, 27, 27, 27, 27, 27);
        Assert.That(Torch.Sum(x, 0, @out: Torch.Empty(3)).Shape.ToArray(), Is.EqualTo(new long[] { 3 }));
        Assert.That(Torch.Neg(x, @out: y), Is.SameAs(y));
        var (max, where) = Torch.Max(x, 1, max: Torch.Empty(0), maxValues: Torch.Empty([0], dtype: DType.Int64));
        Expect(max, 9, 9);
        Expect(where, 0, 0);
        Assert.That(Torch.Cat([x, x], @out: Torch.Empty(0)).Shape.ToArray(), Is.EqualTo(new long[] { 4, 3 }));
        Expect(Torch.Arange(3, @out: Torch.Empty(0)), 0, 1, 2);
    }

    [Test]
    public void Shapes()
    {
        var x = Matrix();
        ExpectShape(x.View(-1), 6);
        ExpectShape(x.View(3, 2), 3, 2);
        ExpectShape(x.View([3, 2]), 3, 2);
        ExpectShape(x.View((3, 2)), 3, 2);
        ExpectShape(x.View(x.Shape), 2, 3);
        Assert.That(x.View(DType.Int32).DType, Is.EqualTo(DType.Int32));
        ExpectShape(x.Reshape(1, 6, 1), 1, 6, 1);
        ExpectShape(Torch.Reshape(x, [6]), 6);
        ExpectShape(x.Permute(1, 0), 3, 2);
        ExpectShape(Torch.Permute(x, (1, 0)), 3, 2);
        ExpectShape(x.Transpose(0, 1), 3, 2);
        ExpectShape(x.T, 3, 2);
        ExpectShape(x.MT, 3, 2);
        ExpectShape(x.Unsqueeze(0).Expand(4, -1, -1), 4, 2, 3);
        ExpectShape(x.Expand([2, 3]), 2, 3);
        ExpectShape(x.Repeat(2, 2), 4, 6);
        ExpectShape(x.Tile(2), 2, 6);
        ExpectShape(x.Flip(0), 2, 3);
        ExpectShape(x.Flip(0, 1), 2, 3);
        Expect(Torch.Flip(x, [0, 1]), 5, 4, 3, 2, 1, 0);
        Expect(x.Roll(1, 1), 2, 0, 1, 5, 3, 4);
        ExpectShape(x.Unsqueeze(0).Squeeze(), 2, 3);
        ExpectShape(x.Unsqueeze(0).Squeeze(0), 2, 3);
        ExpectShape(x.View(1, 6, 1).Squeeze(0, 2), 6);
        ExpectShape(x.View(1, 6, 1).Squeeze([0, 2]), 6);
        ExpectShape(x.Flatten(), 6);
        ExpectShape(x.Flatten(0, 1), 6);
        ExpectShape(x.Flatten(startDim: 1), 2, 3);
        ExpectShape(x.Unflatten(1, [3, 1]), 2, 3, 1);
        Assert.That(x.Split(1), Has.Length.EqualTo(2));
        Assert.That(x.Split(2, dim: 1), Has.Length.EqualTo(2));
        Assert.That(x.Split([1, 2], 1)[1].Shape.ToArray(), Is.EqualTo(new long[] { 2, 2 }));
        Assert.That(x.Chunk(3, 1), Has.Length.EqualTo(3));
        Assert.That(x.Unbind(), Has.Length.EqualTo(2));
        Assert.That(x.TensorSplit(2, 1), Has.Length.EqualTo(2));
        Assert.That(x.TensorSplit([1], 1), Has.Length.EqualTo(2));
        ExpectShape(Torch.Cat([x, x], 1), 2, 6);
        ExpectShape(Torch.Cat([x, x], dim: -1), 2, 6);
        ExpectShape(Torch.Cat([x, x]), 4, 3);
        ExpectShape(Torch.Stack([x, x]), 2, 2, 3);
        ExpectShape(Torch.Stack(new[] { x, x }, 1), 2, 2, 3);
        ExpectShape(Torch.Vstack(x, x), 4, 3);
        ExpectShape(Torch.Hstack([x, x]), 2, 6);
        Assert.That(Torch.BroadcastTensors(x, x), Has.Length.EqualTo(2));
        ExpectShape(Torch.BlockDiag(x, x), 4, 6);
        ExpectShape(x.IndexSelect(1, Torch.Tensor([0, 2])), 2, 2);
        ExpectShape(x.Gather(1, Torch.Tensor([[0], [2]])), 2, 1);
        ExpectShape(x.Narrow(1, 0, 2), 2, 2);
        ExpectShape(x.Select(0, 1), 3);
        ExpectShape(x.RepeatInterleave(2), 12);
        ExpectShape(x.RepeatInterleave(2, dim: 0), 4, 3);
        ExpectShape(Torch.RepeatInterleave(x, 2), 12);
        ExpectShape(x.AsStrided([2, 2], [1, 1]), 2, 2);
    }

    [Test]
    public void Creation()
    {
        ExpectShape(Torch.Zeros(2, 3), 2, 3);
        ExpectShape(Torch.Zeros(2, 0), 2, 0);
        ExpectShape(Torch.Zeros(0), 0);
        ExpectShape(Torch.Zeros([2, 3]), 2, 3);
        ExpectShape(Torch.Zeros((2, 3)), 2, 3);
        ExpectShape(Torch.Zeros(5), 5);
        ExpectShape(Torch.Zeros([]));
        ExpectShape(Torch.Zeros(new long[] { 2, 2 }), 2, 2);
        ExpectShape(Torch.Zeros(new[] { 2, 2 }), 2, 2);
        ExpectShape(Torch.Ones(2, 3), 2, 3);
        Assert.That(Torch.Ones([2], dtype: DType.Int32).DType, Is.EqualTo(DType.Int32));
        Assert.That(Torch.Ones(2, dtype: DType.Int32).DType, Is.EqualTo(DType.Int32));
        Assert.That(Torch.Ones([2], device: "cpu", requiresGrad: true).RequiresGrad, Is.True);
        ExpectShape(Torch.Rand(2, 3), 2, 3);
        ExpectShape(Torch.Randn(2), 2);
        using (var generator = new Generator())
            ExpectShape(Torch.Randn([2, 3], generator: generator), 2, 3);
        ExpectShape(Torch.Empty(3, 0), 3, 0);
        Expect(Torch.Full([2], 7), 7, 7);
        Assert.That(Torch.Full([2], 7).DType, Is.EqualTo(DType.Int64));
        Expect(Torch.Arange(3), 0, 1, 2);
        Expect(Torch.Arange(-3, 0), -3, -2, -1);
        Expect(Torch.Arange(0, 1, 0.5), 0, 0.5);
        Assert.That(Torch.Arange(0, 3, dtype: DType.Float32).DType, Is.EqualTo(DType.Float32));
        Expect(Torch.Linspace(0, 1, 3), 0, .5, 1);
        Expect(Torch.Eye(2), 1, 0, 0, 1);
        ExpectShape(Torch.Eye(2, 3), 2, 3);
        ExpectShape(Torch.Randint(10, [2, 3]), 2, 3);
        ExpectShape(Torch.Randint(0, 10, [2]), 2);
        ExpectShape(Torch.Randint(0, 10, (2, 2), dtype: DType.Int32), 2, 2);
        ExpectShape(Torch.Randperm(4), 4);
        ExpectShape(Torch.Normal(0.0, 1.0, [3]), 3);
        ExpectShape(Torch.Normal(Torch.Zeros(3), 1.0), 3);
        ExpectShape(Torch.Bernoulli(Torch.Ones(2).Mul(0.5)), 2);
        ExpectShape(Torch.Ones(2).Bernoulli_(0.3), 2);
        ExpectShape(Torch.Multinomial(Torch.Ones(4), 2), 2);
        var x = Torch.Ones(2, 2);
        ExpectShape(x.NewZeros(3), 3);
        ExpectShape(x.NewFull([2], 3), 2);
        ExpectShape(Torch.ZerosLike(x), 2, 2);
        Assert.That(Torch.RandLike(x, dtype: DType.Float64).DType, Is.EqualTo(DType.Float64));
        Assert.That(x.To(DType.Float64).DType, Is.EqualTo(DType.Float64));
        Assert.That(x.To(x.To(DType.Int32)).DType, Is.EqualTo(DType.Int32));
        Expect(Torch.Tril(x), 1, 0, 1, 1);
        Expect(Torch.Triu(x, 1), 0, 1, 0, 0);
        ExpectShape(Torch.ScalarTensor(3));
    }

    [Test]
    public void Modules_of_functions()
    {
        var x = Torch.Eye(2);
        Expect(Torch.Linalg.Det(x), 1);
        Expect(Torch.Linalg.Norm(x), Math.Sqrt(2));
        Expect(Torch.Linalg.Norm(x, "fro"), Math.Sqrt(2));
        Expect(Torch.Linalg.Norm(x, 1), 1);
        Expect(Torch.Linalg.VectorNorm(x), Math.Sqrt(2));
        Expect(Torch.Linalg.Solve(x, x), 1, 0, 0, 1);
        Expect(Torch.Linalg.Svd(x).S, 1, 1);
        Expect(Torch.Linalg.Eigh(x).Eigenvalues, 1, 1);
        Expect(Torch.Linalg.MatrixPower(x, 3), 1, 0, 0, 1);
        Expect(Torch.Fft.Fft(Torch.Ones(4)).Real, 4, 0, 0, 0);
        Expect(Torch.Fft.Fftfreq(2), 0, -0.5);
        ExpectShape(Torch.Fft.Rfft(Torch.Ones(4)), 3);
        Expect(Torch.Special.Expit(Torch.Zeros(1)), 0.5);
        Expect(Torch.Special.Xlog1py(x, 0), 0, 0, 0, 0);
        Expect(Torch.Sparse.Mm(x.ToSparse(), x).ToDense(), 1, 0, 0, 1);
        Expect(Torch.Sparse.Sum(x.ToSparse()), 2);
        ExpectShape(Torch.Conv2d(Torch.Ones(1, 1, 4, 4), Torch.Ones(1, 1, 3, 3)), 1, 1, 2, 2);
        ExpectShape(Torch.Conv2d(Torch.Ones(1, 1, 4, 4), Torch.Ones(1, 1, 3, 3), padding: 1), 1, 1, 4, 4);
        ExpectShape(Torch.Conv2d(Torch.Ones(1, 1, 4, 4), Torch.Ones(1, 1, 3, 3), padding: "same"), 1, 1, 4, 4);
        ExpectShape(Torch.Conv2d(Torch.Ones(1, 1, 4, 4), Torch.Ones(1, 1, 3, 3), stride: (1, 1), padding: [0, 1]), 1, 1, 2, 4);
        ExpectShape(Torch.MaxPool2d(Torch.Ones(1, 1, 4, 4), 2), 1, 1, 2, 2);
        ExpectShape(Torch.Aten.AdaptiveAvgPool2d(Torch.Ones(1, 1, 4, 4), 2), 1, 1, 2, 2);
        ExpectShape(Torch.LayerNorm(Torch.Ones(2, 4), [4]), 2, 4);
        Expect(Torch.Aten.MseLoss(x, x.Neg()), 2);
        Expect(Torch.Aten.MseLoss(x, x.Neg(), Reduction.Sum), 8);
        Expect(Torch.Aten.Gelu(Torch.Zeros(1)), 0);
        Expect(Torch.Aten.NllLoss(Torch.Zeros(1, 2), Torch.Tensor([1])), 0);
        ExpectShape(Torch.Einsum("ij,jk->ik", [x, x]), 2, 2);
        ExpectShape(Torch.Dropout(x, 0.5, train: true), 2, 2);
    }
}
