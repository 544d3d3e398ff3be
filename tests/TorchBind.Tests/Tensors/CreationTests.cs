using System.Numerics;

namespace TorchBind.Tests.Tensors;

/// <summary>Tensors from numbers, arrays, spans and nested arrays, and their elements back.</summary>
public sealed class CreationTests
{
    [Test]
    public void NumbersTakePythonsDTypes()
    {
        Assert.Multiple(() =>
        {
            Check(Torch.Tensor(3), DType.Int64);
            Check(Torch.Tensor(3.5), DType.Float32);
            Check(Torch.Tensor(3.5f), DType.Float32);
            Check(Torch.Tensor(true), DType.Bool);
            Check(Torch.Tensor(new Complex(1, 2)), DType.Complex64);
            Check(Torch.Tensor(3, DType.Int8), DType.Int8);
            Check(Torch.Tensor(3.7, DType.Int32), DType.Int32);
        });

        static void Check(Tensor x, DType dtype)
        {
            Assert.That(x.DType, Is.EqualTo(dtype));
            Assert.That(x.NDim, Is.Zero);
        }
    }

    [Test]
    public void ListsInTheSourceTakeTheWidestKind()
    {
        Assert.That(Torch.Tensor([1, 2]).DType, Is.EqualTo(DType.Int64));
        Assert.That(Torch.Tensor([1, 2.5]).DType, Is.EqualTo(DType.Float32));
        Assert.That(Torch.Tensor([true, false]).DType, Is.EqualTo(DType.Bool));
        Assert.That(Torch.Tensor([true, 2]).DType, Is.EqualTo(DType.Int64));
        Assert.That(Torch.Tensor([1, new Complex(0, 1)]).DType, Is.EqualTo(DType.Complex64));
        Assert.That(Torch.Tensor([[1, 2], [3, 4.5]]).Shape, Is.EqualTo(new Shape(2, 2)));
        Assert.That(Torch.Tensor([[[1], [2]]]).Shape, Is.EqualTo(new Shape(1, 2, 1)));
        Assert.That(Torch.Tensor([]).Shape, Is.EqualTo(new Shape(0)));
        Assert.That(Torch.Tensor([]).DType, Is.EqualTo(DType.Float32));
    }

    [Test]
    public void ArraysKeepTheirElementType()
    {
        RoundTrip(new[] { true, false }, DType.Bool);
        RoundTrip(new byte[] { 1, 255 }, DType.UInt8);
        RoundTrip(new sbyte[] { 1, -128 }, DType.Int8);
        RoundTrip(new short[] { 1, -300 }, DType.Int16);
        RoundTrip(new ushort[] { 1, 65535 }, DType.UInt16);
        RoundTrip(new[] { 1, -70000 }, DType.Int32);
        RoundTrip(new uint[] { 1, uint.MaxValue }, DType.UInt32);
        RoundTrip(new[] { 1L, long.MinValue }, DType.Int64);
        RoundTrip(new[] { 1UL, ulong.MaxValue }, DType.UInt64);
        RoundTrip(new[] { (Half)1.5, Half.MaxValue }, DType.Float16);
        RoundTrip(new[] { (BFloat16)1.5f, (BFloat16)3e38f }, DType.BFloat16);
        RoundTrip(new[] { 1.5f, float.NaN }, DType.Float32);
        RoundTrip(new[] { 1.5, double.PositiveInfinity }, DType.Float64);
        RoundTrip(new[] { new Complex64(1, 2), new Complex64(-3, 4) }, DType.Complex64);
        RoundTrip(new[] { new Complex(1, 2), new Complex(-3, 4) }, DType.Complex128);

        static void RoundTrip<T>(T[] values, DType dtype) where T : unmanaged
        {
            using var x = Torch.Tensor(values);
            Assert.That(x.DType, Is.EqualTo(dtype));
            Assert.That(x.ToArray<T>(), Is.EqualTo(values));
            // Through strides, and behind an offset that breaks the alignment of wide elements.
            using var wide = Torch.Stack([x, x], 1);
            Assert.That(wide[.., 1].ToArray<T>(), Is.EqualTo(values));
            Assert.That(x[^1].Reshape(1).ToArray<T>(), Is.EqualTo(values[^1..]));
            var destination = new T[values.Length + 3];
            wide[.., 0].CopyTo<T>(destination.AsSpan(1));
            Assert.That(destination[1..^2], Is.EqualTo(values));
        }
    }

    [Test]
    public void RectangularAndJaggedArrays()
    {
        using var matrix = Torch.Tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        Assert.That(matrix.Shape, Is.EqualTo(new Shape(2, 3)));
        Assert.That(matrix.ToMultidimensionalArray(), Is.EqualTo(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } }));
        using var cube = Torch.Tensor(new int[2, 2, 2] { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } });
        Assert.That(cube.ToMultidimensionalArray(), Is.EqualTo(new int[2, 2, 2] { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } }));
        Assert.That(cube.Permute(2, 1, 0).ToMultidimensionalArray(), Is.EqualTo(new int[2, 2, 2] { { { 1, 5 }, { 3, 7 } }, { { 2, 6 }, { 4, 8 } } }));
        double[][] rows = [[1, 2], [3, 4], [5, 6]];
        using var jagged = Torch.Tensor(rows);
        Assert.That(jagged.Shape, Is.EqualTo(new Shape(3, 2)));
        Assert.That(jagged.DType, Is.EqualTo(DType.Float64));
        long[][][] deep = [[[1], [2]], [[3], [4]]];
        Assert.That(Torch.Tensor(deep).Shape, Is.EqualTo(new Shape(2, 2, 1)));
        Assert.That(Torch.Tensor(new int[0, 3]).Shape, Is.EqualTo(new Shape(0, 3)));
    }

    [Test]
    public void UnevenRowsAreRefused()
    {
        float[][] rows = [[1, 2], [3]];
        Assert.That(() => Torch.Tensor(rows), Throws.ArgumentException.With.Message.Contains("expected 2 entries at dimension 1, found 1"));
        float[][] missing = [[1], null!];
        Assert.That(() => Torch.Tensor(missing), Throws.ArgumentException.With.Message.Contains("null"));
        Assert.That(() => Torch.Tensor(new[] { "a" } as Array), Throws.TypeOf<NotSupportedException>().With.Message.Contains("System.String"));
        Assert.That(() => Torch.Tensor((float[])null!), Throws.ArgumentNullException);
    }

    [Test]
    public void SpansTakeAShape()
    {
        ReadOnlySpan<float> values = [1, 2, 3, 4, 5, 6];
        using var x = Torch.Tensor(values, (2, 3));
        Assert.That(x[1, 0].Item<float>(), Is.EqualTo(4));
        Assert.That(() => Torch.Tensor<float>(new float[6].AsSpan(), (2, 4)), Throws.ArgumentException.With.Message.Contains("holds 8 elements, the data has 6"));
        using var grown = Torch.Tensor(values, dtype: DType.Float64, requiresGrad: true);
        Assert.That(grown.DType, Is.EqualTo(DType.Float64));
        Assert.That(grown.RequiresGrad && grown.IsLeaf);
    }

    [Test]
    public void ACopyIsACopy()
    {
        var values = new float[] { 1, 2 };
        using var x = Torch.Tensor(values);
        values[0] = 9;
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
    }

    [Test]
    public void ReadingAsAnotherTypeIsRefused()
    {
        using var x = Torch.Tensor([1.5, 2]);
        Assert.That(() => x.ToArray<double>(), Throws.TypeOf<TorchTypeException>().With.Message.Contains("float32").And.Message.Contains("Single"));
        Assert.That(() => x.Data<int>(), Throws.TypeOf<TorchTypeException>());
        Assert.That(() => x.CopyTo(new float[1].AsSpan()), Throws.ArgumentException.With.Message.Contains("2 elements"));
        Assert.That(() => x.Item<float>(), Throws.InstanceOf<TorchException>().With.Message.Contains("2 elements"));
        Assert.That(() => Torch.Tensor(1.5).ToMultidimensionalArray(), Throws.InvalidOperationException);
    }

    [Test]
    public void TheElementsThemselves()
    {
        using var x = Torch.Zeros(2, 2);
        var data = x.Data<float>();
        data[3] = 5;
        Assert.That(x[1, 1].Item<float>(), Is.EqualTo(5));
        x.Add_(1);
        Assert.That(data.ToArray(), Is.EqualTo(new float[] { 1, 1, 1, 6 }));
        Assert.That(() => x.T.Data<float>(), Throws.InvalidOperationException.With.Message.Contains("Contiguous"));
        Assert.That(() => x.To("meta").Data<float>(), Throws.InvalidOperationException.With.Message.Contains("meta"));
        GC.KeepAlive(x);
    }

    [Test]
    public void ItemsConvert()
    {
        Assert.That(Torch.Tensor(3).Item<int>(), Is.EqualTo(3));
        Assert.That(Torch.Tensor(3.75).Item<double>(), Is.EqualTo(3.75));
        Assert.That((int)Torch.Tensor(3.75), Is.EqualTo(3));
        Assert.That((bool)Torch.Tensor(2), Is.True);
        Assert.That((float)Torch.Tensor([[0.5]]), Is.EqualTo(0.5f));
        Assert.That(() => Torch.Tensor(300).Item<byte>(), Throws.TypeOf<OverflowException>());
        Assert.That(Torch.Tensor(new Complex(1, 2)).Item<Complex>(), Is.EqualTo(new Complex(1, 2)));
        Assert.That(Torch.Tensor(new[] { ulong.MaxValue })[0].Item<ulong>(), Is.EqualTo(ulong.MaxValue));
    }

    [Test]
    public void ReadingFollowsStridesAndPendingChanges()
    {
        using var x = Torch.Arange(6).Reshape(2, 3);
        Assert.That(x.T.ToArray<long>(), Is.EqualTo(new long[] { 0, 3, 1, 4, 2, 5 }));
        Assert.That(x[.., Torch.Slice(step: 2)].ToArray<long>(), Is.EqualTo(new long[] { 0, 2, 3, 5 }));
        Assert.That(x[0, 1].Expand(2, 2).ToArray<long>(), Is.EqualTo(new long[] { 1, 1, 1, 1 }));
        using var z = Torch.Tensor(new[] { new Complex(1, 2), new Complex(3, -4) });
        Assert.That(z.Conj().ToArray<Complex>(), Is.EqualTo(new[] { new Complex(1, -2), new Complex(3, 4) }));
        Assert.That(z.Conj().Imag.ToArray<double>(), Is.EqualTo(new double[] { -2, 4 }));
    }

    [Test]
    public void Factories()
    {
        Assert.That(Torch.Zeros(2, 3).Shape, Is.EqualTo(new Shape(2, 3)));
        Assert.That(Torch.Ones([2, 3], DType.Int32).ToArray<int>(), Is.All.EqualTo(1));
        Assert.That(Torch.Full((2, 2), 7).DType, Is.EqualTo(DType.Int64));
        Assert.That(Torch.Full((2, 2), 7.5).DType, Is.EqualTo(DType.Float32));
        Assert.That(Torch.Arange(3).DType, Is.EqualTo(DType.Int64));
        Assert.That(Torch.Arange(0, 1, 0.25).ToArray<float>(), Is.EqualTo(new[] { 0, 0.25f, 0.5f, 0.75f }));
        Assert.That(Torch.Eye(2).ToArray<float>(), Is.EqualTo(new float[] { 1, 0, 0, 1 }));
        Assert.That(Torch.Zeros(2, 3).Size(1), Is.EqualTo(3));
        Assert.That(Torch.Rand(2, requiresGrad: true).RequiresGrad);
        Assert.That(Torch.EmptyLike(Torch.Zeros(2, dtype: DType.Float64)).DType, Is.EqualTo(DType.Float64));
        Assert.That(() => Torch.Zeros(-1), Throws.InstanceOf<TorchException>().With.Message.Contains("negative"));
    }
}
