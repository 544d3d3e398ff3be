namespace TorchBind.Bindings.Tests;

/// <summary>Each kind of argument and result, through the shim into libtorch and back.</summary>
public class KindTests
{
    private static readonly bool s_named = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal);

    private static double[] Values(Tensor tensor) => tensor.To(DType.Float64).ToArray<double>();

    // ---- arguments

    [Test]
    public void Tensor()
    {
        Assert.That(Values(Torch.Add(Torch.Ones(2), Torch.Ones(2))), Is.EqualTo(new double[] { 2, 2 }));
        Assert.That(() => Torch.Add(Torch.Ones(2), null!), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("other"));
        var disposed = Torch.Ones(2);
        disposed.Dispose();
        Assert.That(() => Torch.Add(Torch.Ones(2), disposed), Throws.InstanceOf<ObjectDisposedException>().With.Message.Contains("other"));
        Assert.That(() => disposed.Add(1), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Optional_tensor()
    {
        var (x, w, b) = (Torch.Ones(1, 2), Torch.Ones(1, 2), Torch.Ones(1));
        Assert.That(Values(Torch.Aten.Linear(x, w)), Is.EqualTo(new double[] { 2 }));
        Assert.That(Values(Torch.Aten.Linear(x, w, b)), Is.EqualTo(new double[] { 3 }));
    }

    [Test]
    public void Tensor_list()
    {
        var many = Enumerable.Range(0, 40).Select(i => Torch.Full([1], i)).ToArray();
        Assert.That(Values(Torch.Cat(many)), Is.EqualTo(Enumerable.Range(0, 40).Select(i => (double)i)));
        Assert.That(() => Torch.Cat([]), Throws.InstanceOf<TorchException>().Or.InstanceOf<ArgumentException>());
        Assert.That(() => Torch.Cat([Torch.Ones(1), null!]), Throws.ArgumentNullException);
    }

    [Test]
    public void Tensor_list_with_gaps()
    {
        var x = Torch.Arange(6).Reshape(2, 3);
        var index = Torch.Tensor([0, 2]);
        Assert.That(Values(x.Index(null, index)), Is.EqualTo(new double[] { 0, 2, 3, 5 }));
        Assert.That(Values(x.Index([Torch.Tensor([1])])), Is.EqualTo(new double[] { 3, 4, 5 }));
    }

    [Test]
    public void Scalar()
    {
        var x = Torch.Ones(1);
        Assert.Multiple(() =>
        {
            Assert.That(Values(x.Mul(3)), Is.EqualTo(new double[] { 3 }));
            Assert.That(Values(x.Mul(2.5)), Is.EqualTo(new double[] { 2.5 }));
            Assert.That(x.Mul(new System.Numerics.Complex(0, 1)).DType, Is.EqualTo(DType.Complex64));
            Assert.That(Torch.Tensor([true]).Mul(true).DType, Is.EqualTo(DType.Bool));
            Assert.That(Torch.Tensor([1]).Mul(2).DType, Is.EqualTo(DType.Int64));
            Assert.That(Torch.Tensor([1]).Mul(long.MaxValue).Item<long>(), Is.EqualTo(long.MaxValue));
        });
    }

    [Test]
    public void Scalar_with_a_default_and_optional_scalar()
    {
        Assert.That(Values(Torch.Ones(1).Add(Torch.Ones(1), alpha: 3)), Is.EqualTo(new double[] { 4 }));
        Assert.That(Values(Torch.Tensor([-1.0, 5.0]).Clamp(null, 2)), Is.EqualTo(new double[] { -1, 2 }));
        Assert.That(Values(Torch.Tensor([-1.0, 5.0]).Clamp(0)), Is.EqualTo(new double[] { 0, 5 }));
        Assert.That(Values(Torch.Tensor([-1.0, 5.0]).Clamp(0, 0)), Is.EqualTo(new double[] { 0, 0 }));
    }

    [Test]
    public void Scalar_list()
    {
        var results = Torch.Aten._ForeachAdd([Torch.Ones(1), Torch.Ones(1)], [(Scalar)1, 2.5]);
        Assert.That(results.SelectMany(Values), Is.EqualTo(new[] { 2, 3.5 }));
    }

    [Test]
    public void Int_and_symbolic_int()
    {
        var x = Torch.Arange(6).Reshape(2, 3);
        Assert.That(Values(x.Select(1, -1)), Is.EqualTo(new double[] { 2, 5 }));
        Assert.That(Values(x.Tril(1)), Is.EqualTo(new double[] { 0, 1, 0, 3, 4, 5 }));
        Assert.That(() => x.Select(5, 0), Throws.InstanceOf<TorchIndexException>());
    }

    [Test]
    public void Optional_int()
    {
        var x = Torch.Arange(6).Reshape(2, 3);
        Assert.That(Values(x.Argmax()), Is.EqualTo(new double[] { 5 }));
        Assert.That(Values(x.Argmax(0)), Is.EqualTo(new double[] { 1, 1, 1 }));
        Assert.That(Values(Torch.Aten.Slice(x, 1, null, 2)), Is.EqualTo(new double[] { 0, 1, 3, 4 }));
        Assert.That(Values(Torch.Aten.Slice(x, 1, 1)), Is.EqualTo(new double[] { 1, 2, 4, 5 }));
    }

    [Test]
    public void Float_and_optional_float()
    {
        Assert.That(Values(Torch.Dropout(Torch.Ones(3), 1, true)), Is.EqualTo(new double[] { 0, 0, 0 }));
        var x = Torch.Tensor([0.0, 1.0]);
        Assert.That(Values(x.Logit())[0], Is.EqualTo(double.NegativeInfinity));
        Assert.That(Values(x.Logit(0.25))[0], Is.EqualTo(Math.Log(0.25 / 0.75)).Within(1e-6));
    }

    [Test]
    public void Bool_and_optional_bool()
    {
        Assert.That(Torch.Ones(2, 2).Sum(0, keepDim: true).Shape.ToArray(), Is.EqualTo(new long[] { 1, 2 }));
        Assert.That(Torch.Ones(2, 2).Sum(0, keepDim: false).Shape.ToArray(), Is.EqualTo(new long[] { 2 }));
        var indices = Torch.Tensor([[0, 0]]);
        Assert.That(Torch.SparseCooTensor(indices, Torch.Ones(2), [1], isCoalesced: true).IsCoalesced(), Is.True);
        Assert.That(Torch.SparseCooTensor(indices, Torch.Ones(2), [1], isCoalesced: false).IsCoalesced(), Is.False);
        Assert.That(Torch.SparseCooTensor(indices, Torch.Ones(2), [1]).IsCoalesced(), Is.False);
    }

    [Test]
    public void Int_list()
    {
        Assert.That(Torch.Zeros([1, 2, 3, 4, 5, 6, 7]).Shape.ToArray(), Is.EqualTo(new long[] { 1, 2, 3, 4, 5, 6, 7 }));
        Assert.That(Torch.Zeros([]).Shape.Length, Is.EqualTo(0));
    }

    [Test]
    public void Int_list_none_and_empty_differ()
    {
        // No dims: all of them, size as given; an empty list of dims: nothing is transformed.
        var x = Torch.Ones(2, 2);
        Assert.That(Values(Torch.Fft.Fftn(x).Real), Is.EqualTo(new double[] { 4, 0, 0, 0 }));
        Assert.That(Values(Torch.Fft.Fftn(x, dim: []).Real), Is.EqualTo(new double[] { 1, 1, 1, 1 }));
        Assert.That(Values(Torch.Fft.Fftn(x, dim: 0).Real), Is.EqualTo(new double[] { 2, 2, 0, 0 }));
    }

    [Test]
    public void Int_list_of_a_fixed_length()
    {
        var x = Torch.Arange(16, dtype: DType.Float32).Reshape(1, 1, 4, 4);
        // The defaults of stride, padding, dilation stand in the schema; one number stands for two.
        Assert.That(Values(Torch.MaxPool2d(x, 2)), Is.EqualTo(new double[] { 5, 7, 13, 15 }));
        Assert.That(Values(Torch.MaxPool2d(x, (2, 4))), Is.EqualTo(new double[] { 7, 15 }));
        Assert.That(Torch.MaxPool2d(x, 2, stride: 1).Shape.ToArray(), Is.EqualTo(new long[] { 1, 1, 3, 3 }));
        Assert.That(Torch.Aten.AdaptiveAvgPool2d(x, 1).Item<float>(), Is.EqualTo(7.5f));
    }

    [Test]
    public void Float_list()
    {
        var x = Torch.Ones(1, 1, 2, 2);
        Assert.That(Torch.Aten.UpsampleNearest2d(x, default, [2.0, 3.0]).Shape.ToArray(), Is.EqualTo(new long[] { 1, 1, 4, 6 }));
        Assert.That(Torch.Aten.UpsampleNearest2d(x, [4, 4], (double[]?)null).Shape.ToArray(), Is.EqualTo(new long[] { 1, 1, 4, 4 }));
        var (hist, _) = Torch.Histogram(Torch.Tensor([0.1, 0.9]), 2, range: [0, 1]);
        Assert.That(Values(hist), Is.EqualTo(new double[] { 1, 1 }));
    }

    [Test]
    public void Bool_list()
    {
        var (x, w) = (Torch.Ones(1, 1, 3, 3), Torch.Ones(1, 1, 3, 3));
        var (input, weight, bias) = Torch.Aten.ConvolutionBackward(
            Torch.Ones(1, 1, 1, 1), x, w, default, (1, 1), (0, 0), (1, 1), false, (0, 0), 1, [true, false, false]);
        Assert.That(Values(input), Has.All.EqualTo(1));
        Assert.That(weight, Is.Null);
        Assert.That(bias, Is.Null);
        Assert.That(() => Torch.Aten.ConvolutionBackward(
            Torch.Ones(1, 1, 1, 1), x, w, default, (1, 1), (0, 0), (1, 1), false, (0, 0), 1, [true]), Throws.ArgumentException);
    }

    [Test]
    public void Dtype_layout_device_memory_format()
    {
        var x = Torch.Empty([1, 2, 3, 4], DType.Float64, Layout.Strided, "cpu", memoryFormat: MemoryFormat.ChannelsLast);
        Assert.Multiple(() =>
        {
            Assert.That(x.DType, Is.EqualTo(DType.Float64));
            Assert.That(x.IsContiguous(MemoryFormat.ChannelsLast), Is.True);
            Assert.That(Torch.Empty([1]).DType, Is.EqualTo(DType.Float32));
            Assert.That(Torch.Empty([1], device: "meta").Device.Type, Is.EqualTo(DeviceType.Meta));
            Assert.That(x.To(DType.UInt8).DType, Is.EqualTo(DType.UInt8));
            Assert.That(x.Contiguous(MemoryFormat.ChannelsLast).IsContiguous(MemoryFormat.ChannelsLast), Is.True);
        });
    }

    [Test]
    public void Numbers_that_no_enumeration_of_the_libtorch_has_are_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Torch.Zeros([1], dtype: (DType)9999), Throws.InstanceOf<TorchTypeException>().With.Message.Contains("9999"));
            Assert.That(() => Torch.Zeros([1], dtype: (DType)(-2)), Throws.InstanceOf<TorchTypeException>());
            Assert.That(() => Torch.Zeros([1]).To((DType)(-1)), Throws.InstanceOf<TorchTypeException>());
            Assert.That(() => Torch.Zeros([1], layout: (Layout)77), Throws.InstanceOf<TorchTypeException>());
            Assert.That(() => Torch.Empty([1], memoryFormat: (MemoryFormat)77), Throws.InstanceOf<TorchTypeException>());
            Assert.That(() => Torch.Zeros([1], device: (DeviceType)77), Throws.InstanceOf<TorchTypeException>());
            if (s_named)
                Assert.That(() => Torch.Zeros([1], dtype: DType.Float4E2M1FNx2), Throws.InstanceOf<TorchTypeException>());
        });
    }

    [Test]
    public void Generator()
    {
        using var one = new Generator();
        using var two = new Generator();
        one.ManualSeed(7);
        two.ManualSeed(7);
        var first = Values(Torch.Rand([4], generator: one));
        Assert.That(Values(Torch.Rand([4], generator: two)), Is.EqualTo(first));
        Assert.That(Values(Torch.Rand([4], generator: two)), Is.Not.EqualTo(first));
    }

    [Test]
    public void Storage()
    {
        var x = Torch.Arange(4);
        using var storage = x.UntypedStorage();
        var y = Torch.Empty([0], dtype: DType.Int64).Set_(storage, 1, [2], [1]);
        Assert.That(Values(y), Is.EqualTo(new double[] { 1, 2 }));
    }

    [Test]
    public void Text()
    {
        var x = Torch.Eye(2);
        Assert.That(Torch.Linalg.Norm(x, "nuc").Item<float>(), Is.EqualTo(2).Within(1e-6));
        Assert.That(Values(Torch.Div(x, 2, roundingMode: "floor")), Is.EqualTo(new double[] { 0, 0, 0, 0 }));
        Assert.That(Values(Torch.Div(x, 2, roundingMode: null)), Is.EqualTo(new[] { 0.5, 0, 0, 0.5 }));
        Assert.That(() => Torch.Div(x, 2, roundingMode: "übermäßig lang, damit der Text nicht in den Puffer passt, der auf dem Stapel liegt"),
            Throws.InstanceOf<TorchException>().With.Message.Contains("übermäßig lang"));
        Assert.That(() => Torch.Linalg.Norm(x, (string)null!), Throws.ArgumentNullException);
    }

    [Test]
    public void Dimension_names()
    {
        var x = Torch.Ones(2, 3);
        if (!s_named)
        {
            Assert.That(() => x.Sum(["N"]), Throws.InstanceOf<NotSupportedException>()
                .With.Message.Contains("sum.dim_DimnameList").And.Message.Contains("2.6.0"));
            return;
        }
        var named = x.RefineNames(["N", "C"]);
        Assert.That(named.Sum(["N"]).Shape.ToArray(), Is.EqualTo(new long[] { 3 }));
        Assert.That(named.Select("C", 0).Shape.ToArray(), Is.EqualTo(new long[] { 2 }));
        Assert.That(Torch.Zeros([2, 3], names: ["N", null]).Sum(["N"]).Shape.ToArray(), Is.EqualTo(new long[] { 3 }));
        Assert.That(Torch.Zeros([2, 3], names: null).Shape.ToArray(), Is.EqualTo(new long[] { 2, 3 }));
    }

    // ---- results

    [Test]
    public void Tensors_and_tuples()
    {
        var (values, indices) = Torch.Tensor([3, 1, 2]).Sort();
        Assert.That(Values(values), Is.EqualTo(new double[] { 1, 2, 3 }));
        Assert.That(Values(indices), Is.EqualTo(new double[] { 1, 2, 0 }));
    }

    [Test]
    public void Tensor_lists()
    {
        Assert.That(Torch.Arange(4).Chunk(2).Select(t => t.Numel() == 2), Has.All.True);
        Assert.That(Torch.Aten._ForeachMul([Torch.Ones(1)], 2).SelectMany(Values), Is.EqualTo(new double[] { 2 }));
        var (hist, edges) = Torch.Histogramdd(Torch.Zeros(1, 2), [1, 1]);
        Assert.That(edges, Has.Length.EqualTo(2));
        Assert.That(hist.Numel(), Is.EqualTo(1));
    }

    [Test]
    public void Numbers()
    {
        var quantized = Torch.QuantizePerTensor(Torch.Ones(2), 0.5, 3, DType.QInt8);
        Assert.Multiple(() =>
        {
            Assert.That(quantized.QScale(), Is.EqualTo(0.5));
            Assert.That(quantized.QZeroPoint(), Is.EqualTo(3));
            Assert.That(Torch.Aten._LocalScalarDense(Torch.Tensor(7)), Is.EqualTo((Scalar)7));
            Assert.That(Torch.Aten._LocalScalarDense(Torch.Tensor(1.5)), Is.EqualTo((Scalar)1.5));
            Assert.That(Torch.Equal(Torch.Ones(2), Torch.Ones(2)), Is.True);
            Assert.That(Torch.Equal(Torch.Ones(2), Torch.Zeros(2)), Is.False);
            Assert.That(Torch.ResultType(Torch.Ones(2), 1), Is.EqualTo(DType.Float32));
            Assert.That(Torch.PromoteTypes(DType.Int32, DType.Float16), Is.EqualTo(DType.Float16));
            Assert.That(Torch.Aten.SymSize(Torch.Ones(2, 3), 1), Is.EqualTo(3));
            Assert.That(quantized.Qscheme(), Is.EqualTo(QScheme.PerTensorAffine));
        });
        var (scale, zero) = Torch.Aten._ChooseQparamsPerTensor(Torch.Tensor([0.0, 1.0]));
        Assert.That(scale, Is.EqualTo(1.0 / 255).Within(1e-6));
        Assert.That(zero, Is.EqualTo(0));
    }

    [Test]
    public void Nothing()
    {
        var x = Torch.Ones(2);
        Torch.Aten._ForeachMul_([x], 3);
        Assert.That(Values(x), Is.EqualTo(new double[] { 3, 3 }));
    }

    [Test]
    public void An_operator_that_the_libtorch_lacks_names_the_version_that_has_it()
    {
        if (s_named)
            Assert.That(() => Torch.Linalg.Polar(Torch.Eye(2)), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("2.14.1"));
        else
            Assert.That(() => Torch.Qr(Torch.Eye(2)), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("2.6.0"));
    }

    [Test]
    public void An_argument_that_the_libtorch_lacks_must_be_left_out()
    {
        var (x, window) = (Torch.Ones(16), Torch.Ones(8));
        Assert.That(x.Stft(8, 4, 8, window, returnComplex: true).Shape.Length, Is.EqualTo(2));
        if (s_named)
            Assert.That(() => x.Stft(8, 4, 8, window, returnComplex: true, alignToWindow: true), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("align_to_window"));
    }
}
