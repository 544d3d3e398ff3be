namespace TorchBind.Tests.Serialization;

/// <summary>Damaged files of every form. TORCHBIND_FUZZ sets how many of each fixture are read (200,000 for a long run).</summary>
internal sealed class FuzzTests
{
    private static IEnumerable<string> Names => Fixtures.Names.Where(static name => File.Exists(Fixtures.PathOf(name)) && !name.EndsWith(".json", StringComparison.Ordinal));

    [TestCaseSource(nameof(Names))]
    public void DamagedFilesGiveTypedErrors(string name)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("TORCHBIND_FUZZ"), out int given) ? given : 400;
        byte[][] others = [.. Names.Where(n => n.StartsWith("2.14/", StringComparison.Ordinal)).Select(Fixtures.Bytes)];
        var fuzzer = new CheckpointFuzzer(name, Fixtures.Bytes(name), others);
        fuzzer.Run(0, count);
        TestContext.Out.WriteLine($"{name}: {fuzzer.Accepted} read, {fuzzer.Refused} refused, slowest {fuzzer.Slowest.TotalMilliseconds:F0} ms");
    }
}
