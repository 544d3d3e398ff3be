namespace TorchBind.Data;

/// <summary>The random draws of samplers and loaders, each as Python makes it: same generator, same operation, same count.</summary>
internal static class RandomOrder
{
    /// <summary>One number of 63 bits: how Python seeds samplers and workers.</summary>
    internal static long Seed(Generator? generator)
    {
        using var seed = Torch.Empty([], dtype: DType.Int64);
        seed.Random_(generator);
        return seed.Item<long>();
    }

    internal static long[] Permutation(long count, Generator? generator)
    {
        using var order = Torch.Randperm(count, generator);
        return order.ToArray<long>();
    }

    internal static long[] Integers(long below, long count, Generator? generator)
    {
        using var numbers = Torch.Randint(below, [count], generator);
        return numbers.ToArray<long>();
    }
}
