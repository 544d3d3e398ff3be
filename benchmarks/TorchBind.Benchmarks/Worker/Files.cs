using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using TorchBind.Serialization;

namespace TorchBind.Benchmarks.Worker;

/// <summary>Checkpoints: loading, mapping, saving. The worker in Python makes the files.</summary>
internal static unsafe class Files
{
    private static string Folder => Environment.GetEnvironmentVariable("TORCHBIND_BENCH_FILES") ?? throw new InvalidOperationException("TORCHBIND_BENCH_FILES names no folder.");

    private static string PathOf(string name) => Path.Combine(Folder, name);

    public static void AddTo(Dictionary<string, Func<Work>> entries)
    {
        entries["file-resnet18-load"] = () => Loading("resnet18.pth", mmap: false);
        entries["file-resnet18-mmap"] = () => Loading("resnet18.pth", mmap: true);
        entries["file-resnet18-save"] = Saving;
        entries["file-1G-load"] = () => Loading("state-1G.pth", mmap: false);
        entries["file-1G-load@read"] = () => Reading("state-1G.pth");
        entries["file-1G-mmap"] = () => Loading("state-1G.pth", mmap: true);
        entries["file-1G-safetensors"] = () => Loading("state-1G.safetensors", mmap: false);
        entries["file-1G-safetensors@read"] = () => Reading("state-1G.safetensors");
    }

    private static Work Loading(string name, bool mmap)
    {
        var path = PathOf(name);
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                {
                    using var state = Torch.LoadStateDict(path, mmap: mmap);
                }
            },
            () =>
            {
                using var state = Torch.LoadStateDict(path, mmap: mmap);
                return Work.Digest((name.EndsWith(".pth", StringComparison.Ordinal) ? state.Values.SkipLast(1).Last() : state["layers.63.weight"]).Flatten()[..1000]);
            });
    }

    // The bytes of the file, once, into one new block.
    private static Work Reading(string name)
    {
        var path = PathOf(name);
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    ReadOnce(path);
            },
            () => "");
    }

    private static void ReadOnce(string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        var block = (byte*)NativeMemory.Alloc((nuint)length);
        for (long at = 0; at < length;)
            at += RandomAccess.Read(file, new Span<byte>(block + at, (int)Math.Min(length - at, 1 << 30)), at);
        NativeMemory.Free(block);
    }

    /// <summary>One load, or one reading of the bytes, in a process that has loaded only a small file: nanoseconds.</summary>
    public static void Once(string path, bool load)
    {
        // The code is compiled by loading a small file; the memory is not there yet.
        for (var i = 0; i < 3; i++)
            Torch.LoadStateDict(PathOf("resnet18.pth")).Dispose();
        TakeMemory();
        var start = Stopwatch.GetTimestamp();
        if (load)
            Torch.LoadStateDict(path).Dispose();
        else
            ReadOnce(path);
        Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalNanoseconds.ToString(CultureInfo.InvariantCulture));
    }

    private static Work Saving()
    {
        var state = Torch.LoadStateDict(PathOf("resnet18.pth"));
        var path = PathOf("torchbind-saved.pth");
        // torch.save does not wait for the disk either.
        var options = new SaveOptions { FlushToDisk = false };
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                    Torch.Save(state, path, options);
            },
            () =>
            {
                Torch.Save(state, path, options);
                using var saved = Torch.LoadStateDict(path);
                return Work.Digest(saved["fc.weight"].Flatten()[..1000]);
            });
    }

    // Takes memory and gives it back, in large pages and in small ones. A virtual machine fetches memory that no one has used for some seconds from
    // its host, at speeds that differ tenfold from one moment to the next; after this it has some, as a machine of its own always has.
    private static void TakeMemory()
    {
        const long Bytes = 3L << 29;
        for (var round = 0; round < 4; round++)
        {
            var block = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 1 << 21);
            if (round % 2 == 0)
                _ = AdviseMemory(block, (nuint)Bytes, 14); // MADV_HUGEPAGE
            for (long at = 0; at < Bytes; at += Environment.SystemPageSize)
                block[at] = 1;
            NativeMemory.AlignedFree(block);
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int AdviseMemory(void* start, nuint length, int advice);

    /// <summary>
    /// Maps a file and takes one tensor: nanoseconds to its sum; resident bytes of the process before, with that tensor, and with all of them; the
    /// tensor's bytes; resident bytes of the mapped file in the end. The code that does it has run before, on a small file.
    /// </summary>
    public static void Mapped(string file)
    {
        using (var small = Checkpoint.Open(PathOf("resnet18.pth"), options: new CheckpointOptions { MemoryMap = true }))
            small.LoadTensor(small.Tensors[0]).Sum().Item<float>();
        var before = Resident();
        var start = Stopwatch.GetTimestamp();
        using var checkpoint = Checkpoint.Open(file, options: new CheckpointOptions { MemoryMap = true });
        var entry = checkpoint.Tensors[checkpoint.Tensors.Count / 2];
        var tensor = checkpoint.LoadTensor(entry);
        var first = tensor.Sum().Item<float>();
        var elapsed = Stopwatch.GetElapsedTime(start);
        var one = Resident();
        foreach (var each in checkpoint.Tensors)
            checkpoint.LoadTensor(each);
        var all = Resident();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalNanoseconds} {before} {one} {all} {tensor.NBytes} {ResidentOf(file)} {first}"));
    }

    // smaps: a line for each mapping that ends in the file's name, then what is known of it.
    private static long ResidentOf(string file)
    {
        long kilobytes = 0;
        var inside = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
                inside = line.EndsWith(file, StringComparison.Ordinal);
            else if (inside && words[0] == "Rss:")
                kilobytes += long.Parse(words[1], CultureInfo.InvariantCulture);
        }
        return 1024 * kilobytes;
    }

    private static long Resident()
    {
        var line = File.ReadLines("/proc/self/status").First(static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
