using System.Runtime.InteropServices;

namespace TorchBind.Serialization.IO;

/// <summary>
/// Asks the system for large pages under memory that is about to be filled. Most of the time of reading a large file into fresh memory
/// goes into making its pages, one by one; with large ones it takes a third.
/// </summary>
internal static unsafe class HugePages
{
    private const long Least = 1 << 18;
    private const int Advice = 14; // MADV_HUGEPAGE
    private static bool s_off = !OperatingSystem.IsLinux() || Environment.SystemPageSize != 4096;

    public static void Advise(byte* start, long length)
    {
        if (s_off || length < Least)
            return;
        nint first = ((nint)start + 4095) & ~4095;
        nint last = ((nint)start + (nint)length) & ~4095;
        try
        {
            // Only a hint: where it is not taken, nothing changes.
            if (last > first && AdviseMemory((void*)first, (nuint)(last - first), Advice) != 0)
                s_off = true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            s_off = true;
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int AdviseMemory(void* start, nuint length, int advice);
}
