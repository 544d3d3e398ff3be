using TorchBind.Data;

namespace TorchBind.Tests.Data;

public class CollationTests
{
    [Test]
    public void NumbersBecomeTensorsOfTheirKind()
    {
        Assert.Multiple(() =>
        {
            Assert.That(DataLoader.DefaultCollate<int, Tensor>([1, 2]).DType, Is.EqualTo(DType.Int64));
            Assert.That(DataLoader.DefaultCollate<long, Tensor>([1L, 2]).DType, Is.EqualTo(DType.Int64));
            Assert.That(DataLoader.DefaultCollate<double, Tensor>([1.0, 2]).DType, Is.EqualTo(DType.Float64));
            Assert.That(DataLoader.DefaultCollate<float, Tensor>([1f, 2]).DType, Is.EqualTo(DType.Float32));
            Assert.That(DataLoader.DefaultCollate<bool, Tensor>([true, false]).DType, Is.EqualTo(DType.Bool));
            Assert.That(DataLoader.DefaultCollate<long, Tensor>([7L, 8, 9]).ToArray<long>(), Is.EqualTo(new long[] { 7, 8, 9 }));
        });
    }

    [Test]
    public void TuplesCollatePartByPart()
    {
        var (image, label) = DataLoader.DefaultCollate<(Tensor, long), (Tensor, Tensor)>([(Torch.Zeros(2, 3), 4), (Torch.Ones(2, 3), 5)]);
        Assert.That(image.Shape.ToArray(), Is.EqualTo(new long[] { 2, 2, 3 }));
        Assert.That(label.ToArray<long>(), Is.EqualTo(new long[] { 4, 5 }));

        var ((a, b), names, c) = DataLoader.DefaultCollate<((int, float), string, Tensor), ((Tensor, Tensor), string[], Tensor)>(
            [((1, 2f), "x", Torch.Tensor(1.5)), ((3, 4f), "y", Torch.Tensor(2.5))]);
        Assert.Multiple(() =>
        {
            Assert.That(a.ToArray<long>(), Is.EqualTo(new long[] { 1, 3 }));
            Assert.That(b.ToArray<float>(), Is.EqualTo(new[] { 2f, 4f }));
            Assert.That(names, Is.EqualTo(new[] { "x", "y" }));
            Assert.That(c.ToArray<float>(), Is.EqualTo(new[] { 1.5f, 2.5f }));
        });
    }

    [Test]
    public void ArraysOfNumbersStackToAMatrix()
    {
        var batch = DataLoader.DefaultCollate<float[], Tensor>([[1, 2, 3], [4, 5, 6]]);
        Assert.That(batch.Shape.ToArray(), Is.EqualTo(new long[] { 2, 3 }));
        Assert.That(batch.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void DictionariesCollateByKey()
    {
        var batch = DataLoader.DefaultCollate<Dictionary<string, Tensor>, Dictionary<string, Tensor>>(
            [new() { ["x"] = Torch.Zeros(2), ["y"] = Torch.Tensor(1L) }, new() { ["x"] = Torch.Ones(2), ["y"] = Torch.Tensor(2L) }]);
        Assert.That(batch.Keys, Is.EqualTo(new[] { "x", "y" }));
        Assert.That(batch["x"].Shape.ToArray(), Is.EqualTo(new long[] { 2, 2 }));
        Assert.That(batch["y"].ToArray<long>(), Is.EqualTo(new long[] { 1, 2 }));

        var mixed = DataLoader.DefaultCollate<Dictionary<string, object>, Dictionary<string, object>>([new() { ["n"] = "a", ["v"] = 1 }, new() { ["n"] = "b", ["v"] = 2 }]);
        Assert.That(mixed["n"], Is.EqualTo(new[] { "a", "b" }));
        Assert.That(((Tensor)mixed["v"]).ToArray<long>(), Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public void ListsOfTensorsCollateByPosition()
    {
        var batch = DataLoader.DefaultCollate<List<Tensor>, List<Tensor>>([[Torch.Zeros(2), Torch.Zeros(3)], [Torch.Ones(2), Torch.Ones(3)]]);
        Assert.That(batch.Select(static t => t.Shape.ToArray()), Is.EqualTo(new[] { new long[] { 2, 2 }, [2, 3] }));
    }

    [Test]
    public void WhatDoesNotFitIsExplained()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => DataLoader.DefaultCollate<Uri, Tensor>([new("http://example.org")]), Throws.ArgumentException.With.Message.Contains("System.Uri"));
            Assert.That(() => DataLoader.DefaultCollate<float[], Tensor>([[1, 2], [3]]), Throws.ArgumentException.With.Message.Contains("different lengths"));
            Assert.That(() => DataLoader.DefaultCollate<(long, long, long), (Tensor, Tensor)>([(1, 2, 3)]), Throws.ArgumentException.With.Message.Contains("collateFn"));
            Assert.That(() => DataLoader.DefaultCollate<Tensor, Tensor>([Torch.Zeros(2), Torch.Zeros(3)]), Throws.InstanceOf<TorchException>().With.Message.Contains("stack"));
            Assert.That(() => DataLoader.DefaultCollate<long, Tensor>([]), Throws.ArgumentException);
        });
    }
}
