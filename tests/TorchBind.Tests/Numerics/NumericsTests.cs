using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Text.Json;
using TorchBind.Numerics;
using NTensor = System.Numerics.Tensors.Tensor;

namespace TorchBind.Tests.Numerics;

/// <summary>System.Numerics.Tensors and TorchBind over the same memory; what they see is what NumPy sees.</summary>
public sealed class NumericsTests
{
    private static readonly Lazy<Dictionary<string, JsonElement>> s_numpy =
        new(() => PythonOracle.RunJson<Dictionary<string, JsonElement>>("numpy_views.py"), LazyThreadSafetyMode.None);

    private static T[] Numbers<T>(JsonElement list) => list.Deserialize<T[]>()!;

    private static Tensor Base() => Torch.Arange(24, DType.Float32).Reshape(2, 3, 4);

    private static Tensor View(string name) => name switch
    {
        "whole" => Base(),
        "transposed" => Base().Transpose(0, 2),
        "permuted" => Base().Permute(1, 2, 0),
        "sliced" => Base()[.., 1.., TensorIndex.Slice(step: 2)],
        "selected" => Base()[1],
        "diagonal" => Base()[0].Diagonal(),
        "expanded" => Base()[..1].Expand(3, 3, 4),
        "expanded number" => Torch.Tensor(2.5).Expand(2, 2),
        "one row" => Base()[.., ..1],
        "empty" => Base()[.., 3..],
        _ => Base().Reshape(1, 2, 3, 4).Contiguous(MemoryFormat.ChannelsLast),
    };

    [Test]
    public void ASpanSeesWhatNumPySees(
        [Values("whole", "transposed", "permuted", "sliced", "selected", "diagonal", "expanded", "expanded number", "one row", "empty", "channels last")] string name)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        var expected = s_numpy.Value[name];
        var tensor = View(name);
        var span = tensor.AsReadOnlyTensorSpan<float>();
        var elements = new float[span.FlattenedLength];
        span.FlattenTo(elements);
        Assert.That(Array.ConvertAll(span.Lengths.ToArray(), l => (long)l), Is.EqualTo(Numbers<long>(expected[0])));
        Assert.That(elements, Is.EqualTo(Numbers<float>(expected[1])));
        var copy = tensor.ToNumericsTensor<float>();
        Assert.That(Array.ConvertAll(copy.Lengths.ToArray(), l => (long)l), Is.EqualTo(Numbers<long>(expected[0])));
        copy.FlattenTo(elements);
        Assert.That(elements, Is.EqualTo(Numbers<float>(expected[1])));
        Assert.That(span.ToTorchTensor().Equal(tensor));
        GC.KeepAlive(tensor);
    }

    [TestCase("array")]
    [TestCase("array transposed")]
    [TestCase("array sliced")]
    [TestCase("array broadcast")]
    public void ATensorOverAnArrayIsAsInPython(string name)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        var expected = s_numpy.Value[name];
        var array = NTensor.Create(Enumerable.Range(0, 24).Select(i => (float)i).ToArray(), [4, 6]);
        var view = name switch
        {
            "array transposed" => NTensor.PermuteDimensions(array, [1, 0]),
            "array sliced" => array.Slice([1..3, 2..5]),
            "array broadcast" => NTensor.Broadcast<float>(array.Slice([0..1, 0..6]), (ReadOnlySpan<nint>)[3, 6]),
            _ => array,
        };
        var tensor = view.AsTorchTensor();
        Assert.That(tensor.Shape.ToArray(), Is.EqualTo(Numbers<long>(expected[0])));
        Assert.That(tensor.Flatten().ToArray<float>(), Is.EqualTo(Numbers<float>(expected[1])));
        Assert.That(tensor.Sum(0).ToArray<float>(), Is.EqualTo(Numbers<float>(expected[2])));
    }

    [Test]
    public void WhatOneSideWritesTheOtherReads()
    {
        var tensor = Torch.Zeros(2, 3);
        var span = tensor.T.AsTensorSpan<float>();
        span[2, 1] = 7;
        Assert.That(tensor[1, 2].Item<float>(), Is.EqualTo(7));
        tensor.Add_(1);
        Assert.That(span[2, 1], Is.EqualTo(8));
        NTensor.Multiply<float>(span, 2, span);
        Assert.That(tensor.ToArray<float>(), Is.EqualTo(new[] { 2f, 2, 2, 2, 2, 16 }));

        var array = NTensor.Create(new double[6], [2, 3]);
        var shared = array.Slice([0..2, 1..3]).AsTorchTensor();
        Assert.That(shared.Stride().ToArray(), Is.EqualTo(new long[] { 3, 1 }));
        shared.Fill_(4);
        Assert.That(array.ToArray(), Is.EqualTo(new double[] { 0, 4, 4, 0, 4, 4 }));
        array[1, 2] = 5;
        Assert.That(shared[1, 1].Item<double>(), Is.EqualTo(5));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Tensor, WeakReference) Share()
    {
        var values = new long[] { 1, 2, 3 };
        return (NTensor.Create(values, [3]).AsTorchTensor(), new WeakReference(values));
    }

    [Test]
    public void TheArrayLivesAsLongAsATensorOfIt()
    {
        var (tensor, array) = Share();
        var view = tensor[1..];
        tensor.Dispose();
        Collect();
        Assert.That(array.IsAlive, Is.True);
        Assert.That(view.ToArray<long>(), Is.EqualTo(new long[] { 2, 3 }));
        view.Dispose();
        Collect();
        Assert.That(array.IsAlive, Is.False, "the last tensor lets the array go");

        static void Collect()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }

    [Test]
    public void SmallAndEmptyTensors()
    {
        var number = Torch.Tensor(2.5);
        var span = number.AsTensorSpan<float>();
        Assert.That(span.Rank, Is.EqualTo(1));
        span[0] = 3;
        Assert.That(number.Item<float>(), Is.EqualTo(3));
        Assert.That(number.ToNumericsTensor<float>().Rank, Is.EqualTo(1));
        Assert.That(Torch.Ones(1, 1).AsTensorSpan<float>()[0, 0], Is.EqualTo(1));
        Assert.That(Torch.Ones(0, 3).AsTensorSpan<float>().Rank, Is.EqualTo(2));
        Assert.That(Torch.Ones(0, 3).ToNumericsTensor<float>().IsEmpty);
        Assert.That(NTensor.CreateFromShape<int>([0, 3]).AsTorchTensor().Shape, Is.EqualTo(new Shape(0, 3)));
        Assert.That(NTensor.Create(new[] { 1f }, [1, 1]).AsTorchTensor(requiresGrad: true).RequiresGrad);
        var column = NTensor.Create(new[] { 1f, 2, 3 }, [3, 1]).AsTorchTensor();
        Assert.That(column.IsContiguous() && column.Matmul(Torch.Ones(1, 2)).Shape == new Shape(3, 2));
    }

    [Test]
    public void EveryElementTypeGoesThrough()
    {
        Both<byte>(3);
        Both<sbyte>(-3);
        Both<short>(-300);
        Both<ushort>(300);
        Both(-70000);
        Both(70000u);
        Both(-5_000_000_000);
        Both(5_000_000_000u);
        Both((Half)0.5f);
        Both((BFloat16)0.5f);
        Both(0.5f);
        Both(0.5);
        Both(true);
        Both(new Complex64(1, 2));

        static void Both<T>(T value) where T : unmanaged
        {
            var there = NTensor.Create(new[] { value, default }, [2]).AsTorchTensor();
            var back = there.AsReadOnlyTensorSpan<T>();
            Assert.That(back[0], Is.EqualTo(value));
            Assert.That(there.ToNumericsTensor<T>()[0], Is.EqualTo(value));
            Assert.That(back.ToTorchTensor().DType, Is.EqualTo(there.DType));
            GC.KeepAlive(there);
        }
    }

    [Test]
    public void WhatCannotBeSharedIsRefused()
    {
        Assert.That(() => Torch.Ones(2).AsTensorSpan<double>().Rank, Throws.InstanceOf<TorchTypeException>().With.Message.Contains("float32"));
        Assert.That(() => Torch.Ones(2).ToNumericsTensor<int>(), Throws.InstanceOf<TorchTypeException>());
        Assert.That(() => Torch.Empty([2], device: DeviceType.Meta).AsTensorSpan<float>().Rank, Throws.InvalidOperationException.With.Message.Contains("meta"));
        Assert.That(() => Torch.Eye(2).ToSparse().AsTensorSpan<float>().Rank, Throws.InvalidOperationException.With.Message.Contains("ToDense"));
        Assert.That(() => Torch.Ones([2], DType.Complex64).Conj().AsTensorSpan<Complex64>().Rank, Throws.InvalidOperationException.With.Message.Contains("ResolveConj"));
        Assert.That(() => Torch.Ones(5).Unfold(0, 3, 1).AsTensorSpan<float>().Rank, Throws.InvalidOperationException.With.Message.Contains("Contiguous"));
        Assert.That(() => NTensor.Create(new[] { 'a' }, [1]).AsTorchTensor(), Throws.InstanceOf<NotSupportedException>());
        Assert.That(() => ((Tensor)null!).AsTensorSpan<float>().Rank, Throws.ArgumentNullException);
        Assert.That(() => ((Tensor<float>)null!).AsTorchTensor(), Throws.ArgumentNullException);
        var gone = Torch.Ones(2);
        gone.Dispose();
        Assert.That(() => gone.AsTensorSpan<float>().Rank, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => gone.ToNumericsTensor<float>(), Throws.InstanceOf<ObjectDisposedException>());
    }
}
