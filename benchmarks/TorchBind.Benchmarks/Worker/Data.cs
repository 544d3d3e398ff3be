namespace TorchBind.Benchmarks.Worker;

/// <summary>Moving a million floats in and out.</summary>
internal static class Data
{
    private const int Million = 1_000_000;

    public static void AddTo(Dictionary<string, Func<Work>> entries)
    {
        entries["read-1M"] = Read;
        entries["read-1M-new"] = ReadNew;
        entries["create-1M"] = Create;
        entries["create-1M@gc"] = CreateCollected;
    }

    private static Work Read()
    {
        var tensor = Work.Pattern(Million);
        var destination = new float[Million];
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    tensor.CopyTo<float>(destination);
            },
            () =>
            {
                tensor.CopyTo<float>(destination);
                return Work.Digest(Torch.Tensor(destination));
            });
    }

    private static Work ReadNew()
    {
        var tensor = Work.Pattern(Million);
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    tensor.ToArray<float>();
            },
            () => Work.Digest(Torch.Tensor(tensor.ToArray<float>())));
    }

    private static Work Create()
    {
        var source = Work.Pattern(Million).ToArray<float>();
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                {
                    using var tensor = Torch.Tensor(source);
                }
            },
            () => Work.Digest(Torch.Tensor(source)));
    }

    private static Work CreateCollected()
    {
        var source = Work.Pattern(Million).ToArray<float>();
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    Torch.Tensor(source);
            },
            () => Work.Digest(Torch.Tensor(source)));
    }
}
