using TorchBind.Data;

namespace TorchBind.Tests.Data;

public class DatasetTests
{
    private static ListDataset<string> Words(params string[] words) => new(words);

    [Test]
    public void ATensorDatasetGivesRows()
    {
        var dataset = new TensorDataset(Torch.Arange(6).View(3, 2), Torch.Arange(3));
        Assert.That(dataset.Count, Is.EqualTo(3));
        var (x, y) = dataset[2];
        Assert.That(x.ToArray<long>(), Is.EqualTo(new long[] { 4, 5 }));
        Assert.That(y.Item<long>(), Is.EqualTo(2));
        Assert.That(dataset[-1][1].Item<long>(), Is.EqualTo(2));
        Assert.Throws<TorchIndexException>(() => _ = dataset[3]);
    }

    [Test]
    public void ATensorDatasetWantsEqualRows()
    {
        Assert.That(() => new TensorDataset(Torch.Zeros(3), Torch.Zeros(4)), Throws.ArgumentException.With.Message.Contains("a row of every tensor"));
        Assert.That(() => new TensorDataset(), Throws.ArgumentException);
        Assert.That(() => new TensorDataset(Torch.Tensor(1)), Throws.ArgumentException.With.Message.Contains("no dimensions"));
        Assert.That(() => { var (_, _, _) = new TensorDataset(Torch.Zeros(3), Torch.Zeros(3))[0]; }, Throws.ArgumentException.With.Message.Contains("2 tensors"));
    }

    [Test]
    public void JoinedDatasetsFollowEachOther()
    {
        var joined = new ConcatDataset<string>([Words("a", "b"), Words(), Words("c")]) + Words("d");
        Assert.That(joined.Count, Is.EqualTo(4));
        Assert.That(Enumerable.Range(0, 4).Select(i => joined[i]), Is.EqualTo(new[] { "a", "b", "c", "d" }));
        Assert.That(joined[-2], Is.EqualTo("c"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = joined[4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = joined[-5]);
        Assert.Throws<ArgumentException>(() => _ = new ConcatDataset<string>([]));
    }

    [Test]
    public void StackedDatasetsGivePairsAndDictionaries()
    {
        var pairs = new StackDataset<string, string>(Words("a", "b"), Words("x", "y"));
        Assert.That(pairs[1], Is.EqualTo(("b", "y")));
        Assert.That(pairs.GetItems([1, 0]), Is.EqualTo(new[] { ("b", "y"), ("a", "x") }));
        var named = new StackDataset<string>(new Dictionary<string, Dataset<string>> { ["first"] = Words("a", "b"), ["second"] = Words("x", "y") });
        Assert.That(named[0]["second"], Is.EqualTo("x"));
        Assert.That(named.GetItems([1])[0]["first"], Is.EqualTo("b"));
        Assert.Throws<ArgumentException>(() => _ = new StackDataset<string, string>(Words("a"), Words()));
    }

    [Test]
    public void SplitsMustAddUp()
    {
        Assert.Throws<ArgumentException>(() => Dataset.RandomSplit(Words("a", "b"), [1, 2]));
        Assert.Throws<ArgumentException>(() => Dataset.RandomSplit(Words("a", "b"), [0.5, 0.4]));
        Assert.Throws<ArgumentException>(() => Dataset.RandomSplit(Words("a", "b"), [1.5, -0.5]));
        var parts = Dataset.RandomSplit(Words("a", "b", "c"), [2, 1]);
        Assert.That(parts.SelectMany(static part => Enumerable.Range(0, (int)part.Count).Select(i => part[i])), Is.EquivalentTo(new[] { "a", "b", "c" }));
    }

    [Test]
    public void ASubsetOfTensorsIsBatchedWhole()
    {
        var subset = new Subset<Tensor[]>(new TensorDataset(Torch.Arange(10)), [9, 3, 5]);
        Assert.That(new DataLoader(subset, batchSize: 3).Single()[0].ToArray<long>(), Is.EqualTo(new long[] { 9, 3, 5 }));
    }
}
