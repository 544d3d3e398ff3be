using TorchBind.Serialization;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Zip;

namespace TorchBind.Tests.Serialization;

/// <summary>The zip layer by itself.</summary>
internal sealed class ZipTests
{
    [Test]
    public void CrcAgreesWithTheTableAndWithKnownValues()
    {
        Assert.That(Crc32.Append(0, "123456789"u8), Is.EqualTo(0xCBF43926));
        Assert.That(Crc32.Append(0, []), Is.Zero);
        var random = new Random(1);
        byte[] bytes = new byte[5000];
        random.NextBytes(bytes);
        for (int i = 0; i < 400; i++)
        {
            int from = random.Next(300);
            int length = random.Next(bytes.Length - from);
            Assert.That(Crc32.Append(7, bytes.AsSpan(from, length)), Is.EqualTo(Crc32.AppendByTable(7, bytes.AsSpan(from, length))));
            int cut = random.Next(length + 1);
            uint first = Crc32.Append(0, bytes.AsSpan(from, cut));
            uint second = Crc32.Append(0, bytes.AsSpan(from + cut, length - cut));
            Assert.That(Crc32.Combine(first, second, length - cut), Is.EqualTo(Crc32.Append(0, bytes.AsSpan(from, length))));
        }
    }

    [Test]
    public void WhatIsWrittenReadsBackAligned([Values] bool seekable)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.zip");
        byte[] big = new byte[3_000_001];
        new Random(2).NextBytes(big);
        if (seekable)
        {
            using ByteSink sink = ByteSink.CreateFile(path, flushToDisk: false);
            WriteAll(sink, big);
            Assert.That(File.Exists(path), Is.False, "before the commit");
            sink.Commit();
        }
        else
        {
            using FileStream file = File.Create(path);
            using ByteSink sink = ByteSink.ToStream(new ForwardStream(file));
            WriteAll(sink, big);
            sink.Commit();
        }
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
        using (var reference = System.IO.Compression.ZipFile.OpenRead(path))
            Assert.That(reference.Entries.Select(static e => e.FullName), Is.EqualTo(new[] { "r/a", "r/empty", "r/big", "r/streamed", "r/naïve" }));

        using ByteSource source = ByteSource.OpenFile(path, memoryMap: false);
        ZipReader zip = ZipReader.Open(source, CheckpointOptions.Default);
        foreach (ZipRecord record in zip.Records)
        {
            Assert.That(record.DataOffset % 64, Is.Zero);
            Assert.That(zip.CrcMatches(record), record.Name);
        }
        Assert.That(zip.Read(zip.Find("r/big")!, long.MaxValue), Is.EqualTo(big));
        Assert.That(zip.Read(zip.Find("r/streamed")!, long.MaxValue), Is.EqualTo(big));
        Assert.That(zip.Read(zip.Find("r/empty")!, long.MaxValue), Is.Empty);
    }

    [Test]
    public void AWrongChecksumIsNoObstacle()
    {
        byte[] file = Fixtures.Bytes("2.14/simple.pth");
        int central = file.AsSpan().IndexOf("PK\x01\x02"u8);
        file[central + 16] ^= 1;
        using var content = Fixtures.Read(file);
        using ByteSource source = ByteSource.FromMemory(file, "x");
        ZipReader zip = ZipReader.Open(source, CheckpointOptions.Default);
        Assert.That(zip.CrcMatches(zip.Records[0]), Is.False);
    }

    // torch refuses the whole archive for these, whichever record it is.
    [TestCase("2.14/deflated.pth", 20, 0, "in none"), TestCase("2.14/simple.pth", 20, 1, "two different sizes"), TestCase("2.14/simple.pth", 38, 0x10, "marked as a folder")]
    public void ADirectoryThatContradictsItselfIsRefused(string name, int field, byte value, string message)
    {
        byte[] file = Fixtures.Bytes(name);
        int last = file.AsSpan().LastIndexOf("PK\x01\x02"u8);
        Assert.That(file[last + field], Is.Not.EqualTo(value));
        file[last + field] = value;
        using ByteSource source = ByteSource.FromMemory(file, name);
        CheckpointException error = Assert.Throws<CheckpointException>(() => ZipReader.Open(source, CheckpointOptions.Default))!;
        Assert.That(error.Message, Does.Contain(message));
    }

    [Test]
    public void AFailedSaveLeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.pth");
        File.WriteAllText(path, "old");
        Assert.Throws<NotSupportedException>(() => Torch.Save(new Dictionary<string, object> { ["x"] = new object() }, path));
        using (ByteSink sink = ByteSink.CreateFile(path, flushToDisk: false))
            sink.Write("half"u8);
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
        Assert.Throws<DirectoryNotFoundException>(() => Torch.Save(1, folder.File("none/model.pth")));
    }

    private static unsafe void WriteAll(ByteSink sink, byte[] big)
    {
        var zip = new ZipWriter(sink);
        zip.Write("r/a", "hello"u8);
        zip.Write("r/empty", []);
        fixed (byte* p = big)
            zip.Write("r/big", p, big.Length);
        zip.Write("r/streamed", new MemoryStream(big), big.Length);
        zip.Write("r/naïve", "x"u8);
        zip.Finish();
    }
}
