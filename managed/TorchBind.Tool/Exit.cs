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

    /// <summary>Runs a command; whatever goes wrong ends in a line on the error output, and for scripts in JSON.</summary>
    public static int Guard(bool json, Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception exception)
        {
            var code = IsDamage(exception) ? Found : Failed;
            Console.Error.WriteLine(Message(exception));
            if (json)
                WriteError(Message(exception), code);
            return code;
        }
    }

    /// <summary>Whether it says that a file is damaged, and not that something was asked for that cannot be.</summary>
    public static bool IsDamage(Exception exception) =>
        exception is CheckpointException { Problem: CheckpointProblem.Corrupt or CheckpointProblem.Truncated or CheckpointProblem.LimitExceeded };

    /// <summary>What people are told about an exception: its message, and more where users cannot have caused it.</summary>
    public static string Message(Exception exception)
    {
        while (exception is TypeInitializationException or AggregateException && exception.InnerException is { } inner)
            exception = inner;
        return exception switch
        {
            // Its message ends with the name of a parameter, which says nothing here.
            ArgumentException { ParamName: { } name } argument => argument.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
            IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException or FormatException or OverflowException or InvalidDataException
                or InvalidCastException or TorchException or LibtorchNotFoundException or OutOfMemoryException or System.Text.RegularExpressions.RegexMatchTimeoutException => exception.Message,
            _ => $"torchbind failed, which is a defect of it: {exception}",
        };
    }

    /// <summary>What <c>--json</c> gives where there is no result.</summary>
    public static void WriteError(string message, int code) => Options.WriteJson(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("error", message);
        writer.WriteNumber("exitCode", code);
        writer.WriteEndObject();
    });
}
