using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using TorchBind.Serialization;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Serialization;

/// <summary>
/// Damages checkpoints at random and reads them: whatever comes out must be a checkpoint or a <see cref="CheckpointException"/>, soon,
/// and for an amount of memory that the file's size bounds. A seed gives the same file each time.
/// </summary>
internal sealed class CheckpointFuzzer(string name, byte[] seedFile, IReadOnlyList<byte[]> others, Func<byte[], CheckpointContent>? open = null)
{
    // What means something in the JSON of headers and index files, and in the paths that those hold.
    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "..", "../", "/etc/passwd", "\\\\", "\\u0000", "\\ud800", "null", "true", "{}", "[]", "[0,0]", "-1", "1e999", "18446744073709551615", "9223372036854775808", "0.5",
            "\"", "\":", "\",", ",", "}", "]", "{\"", "__metadata__", "data_offsets", "dtype", "shape", "weight_map", "metadata", "F64", "F4", "BOOL", "U64", "data.pkl", "version", "byteorder",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    private static readonly ulong[] Numbers =
    [
        0, 1, 2, 7, 8, 64, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000,
        0x3FFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF,
    ];

    private const string Opcodes = "(.012FIJKLMNPQRSTUVXabcdeghijlopqrstu}])G\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98";

    public int Accepted { get; private set; }

    public int Refused { get; private set; }

    /// <summary>Called with each damaged file that was read all the same.</summary>
    public Action<byte[], CheckpointContent>? OnAccepted { get; init; }

    /// <summary>The seed of the file that is being read.</summary>
    public int Seed { get; private set; }

    public TimeSpan Slowest { get; private set; }

    public double MostMemory { get; private set; }

    /// <summary>Reads the files of some seeds; the first failure throws with the seed in its message.</summary>
    public void Run(int firstSeed, int count)
    {
        for (int seed = firstSeed; seed < firstSeed + count; seed++)
        {
            Seed = seed;
            byte[] file = Damage(seed);
            long start = Stopwatch.GetTimestamp();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Read(file);
                Accepted++;
            }
            catch (CheckpointException)
            {
                Refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{name}, seed {seed.ToString(CultureInfo.InvariantCulture)}: {e}", e);
            }
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            double memory = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated - (4 << 20)) / file.Length;
            if (time > Slowest)
                Slowest = time;
            MostMemory = Math.Max(MostMemory, memory);
            if (time > TimeSpan.FromSeconds(10))
                throw new InvalidOperationException($"{name}, seed {seed}: took {time}");
            // Allocated in all, not held at once: strings, boxes and the objects that stand for one byte each.
            if (memory > 200)
                throw new InvalidOperationException($"{name}, seed {seed}: allocated {memory:F0} times the file's {file.Length} bytes");
        }
    }

    /// <summary>The same on all processors.</summary>
    public static CheckpointFuzzer RunParallel(Func<CheckpointFuzzer> make, int firstSeed, int count)
    {
        const int Part = 2000;
        CheckpointFuzzer total = make();
        if (count <= Part)
        {
            total.Run(firstSeed, count);
            return total;
        }
        Parallel.For(0, (count + Part - 1) / Part, part =>
        {
            CheckpointFuzzer one = make();
            one.Run(firstSeed + part * Part, Math.Min(Part, count - part * Part));
            lock (total)
            {
                total.Accepted += one.Accepted;
                total.Refused += one.Refused;
                total.Slowest = one.Slowest > total.Slowest ? one.Slowest : total.Slowest;
                total.MostMemory = Math.Max(total.MostMemory, one.MostMemory);
            }
        });
        return total;
    }

    /// <summary>The damaged file of a seed.</summary>
    public byte[] Damage(int seed)
    {
        var random = new Random(seed);
        byte[] file = (byte[])seedFile.Clone();
        int changes = 1 + random.Next(random.Next(4) == 0 ? 12 : 3);
        for (int i = 0; i < changes; i++)
            file = Change(file, random);
        return file;
    }

    private void Read(byte[] file)
    {
        using CheckpointContent content = open is not null ? open(file) : FormReader.Read(ByteSource.FromMemory(file, "the buffer"), CheckpointOptions.Default);
        foreach (StorageEntry storage in content.Storages)
        {
            if (storage.HasData)
                storage.ReadBytes();
        }
        Walk(content.Root, 0, []);
        OnAccepted?.Invoke(file, content);
    }

    // What a user of the content would do: look at everything.
    private static void Walk(object? value, int depth, HashSet<object> seen)
    {
        if (value is null || depth > 200 || (!value.GetType().IsValueType && value is not string && !seen.Add(value)))
            return;
        _ = PythonEquality.Describe(value);
        switch (value)
        {
            case PickleDictionary dictionary:
                foreach ((object? key, object? item) in dictionary)
                {
                    Walk(key, depth + 1, seen);
                    Walk(item, depth + 1, seen);
                    if (!dictionary.ContainsKey(key))
                        throw new InvalidOperationException("a key is not found again");
                }
                break;
            case IReadOnlyList<object?> list:
                foreach (object? item in list)
                    Walk(item, depth + 1, seen);
                break;
            case PickleObject opaque:
                Walk(opaque.State, depth + 1, seen);
                Walk(opaque.Arguments, depth + 1, seen);
                break;
        }
    }

    private byte[] Change(byte[] file, Random random)
    {
        if (file.Length == 0)
            return [0];
        int at = Place(file, random);
        switch (random.Next(13))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2:
                return file[..at];
            case 3:
                int length = Math.Min(file.Length - at, 1 + random.Next(64));
                return [.. file[..at], .. file[(at + length)..]];
            case 4:
                length = Math.Min(file.Length - at, 1 + random.Next(64));
                return [.. file[..at], .. file[at..(at + length)], .. file[at..]];
            case 5:
                byte[] noise = new byte[1 + random.Next(16)];
                random.NextBytes(noise);
                return [.. file[..at], .. noise, .. file[at..]];
            case 6 or 7:
                ulong number = Numbers[random.Next(Numbers.Length)] + (ulong)random.Next(3) - 1;
                Span<byte> bytes = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
                bytes = bytes[..Math.Min(1 << random.Next(4), file.Length - at)];
                bytes.CopyTo(file.AsSpan(at));
                return file;
            case 8:
                file[at] = (byte)Opcodes[random.Next(Opcodes.Length)];
                return file;
            case 9:
                byte[] opcodes = new byte[1 + random.Next(6)];
                for (int i = 0; i < opcodes.Length; i++)
                    opcodes[i] = (byte)Opcodes[random.Next(Opcodes.Length)];
                return [.. file[..at], .. opcodes, .. file[at..]];
            case 10:
                byte[] other = others[random.Next(others.Count)];
                int from = random.Next(other.Length);
                length = Math.Min(Math.Min(other.Length - from, file.Length - at), 1 + random.Next(200));
                other.AsSpan(from, length).CopyTo(file.AsSpan(at));
                return file;
            case 11:
                byte[] word = Words[random.Next(Words.Length)];
                int end = Math.Min(file.Length, at + random.Next(word.Length + 1));
                return [.. file[..at], .. word, .. file[end..]];
            default:
                int second = Place(file, random);
                length = Math.Min(Math.Min(file.Length - at, file.Length - second), 1 + random.Next(32));
                byte[] kept = file[at..(at + length)];
                file.AsSpan(second, length).CopyTo(file.AsSpan(at));
                kept.CopyTo(file.AsSpan(second));
                return file;
        }
    }

    // Half of the changes hit the beginning or the end, where headers, directories and descriptions are.
    private static int Place(byte[] file, Random random) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(file.Length, 1500)),
        1 => file.Length - 1 - random.Next(Math.Min(file.Length, 1500)),
        _ => random.Next(file.Length),
    };
}
