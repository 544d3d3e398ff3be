using TorchBind.Interop;
using TorchBind.Serialization;

namespace TorchBind.Tool;

/// <summary>The exit codes, the same for every command.</summary>
internal static class Exit
{
    /// <summary>All is well.</summary>
    public const int Fine = 0;

    /// <summary>The command did its work and found something: a difference, damage, a problem.</summary>
    public const int Found = 1;

    /// <summary>The command could not do what it was asked.</summary>
    public const int Failed = 2;

    /// <summary>Runs a command; what users can cause ends in a line on the error output.</summary>
    public static int Guard(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException
            or FormatException or InvalidDataException or TorchException or LibtorchNotFoundException or OutOfMemoryException)
        {
            Console.Error.WriteLine(exception.Message);
            return exception is CheckpointException { Problem: CheckpointProblem.Corrupt or CheckpointProblem.Truncated } ? Found : Failed;
        }
    }
}
