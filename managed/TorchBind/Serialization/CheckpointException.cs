namespace TorchBind.Serialization;

/// <summary>What kind of trouble a checkpoint gave.</summary>
public enum CheckpointProblem
{
    /// <summary>The content contradicts itself or the form that it claims to have.</summary>
    Corrupt,

    /// <summary>The file ends before its content does.</summary>
    Truncated,

    /// <summary>The content is of no form that TorchBind knows.</summary>
    Unrecognised,

    /// <summary>The content is well formed, but uses something that TorchBind does not support.</summary>
    Unsupported,

    /// <summary>Reading on would cost more memory or time than <see cref="CheckpointOptions"/> allow.</summary>
    LimitExceeded,

    /// <summary>A file, record or key that was asked for is not there.</summary>
    NotFound,

    /// <summary>The value is there, but is not of the kind that was asked for.</summary>
    WrongKind,
}

/// <summary>A checkpoint that could not be read or written; the message says what is wrong, where, and what helps.</summary>
public class CheckpointException : IOException
{
    /// <summary>Makes an exception with a general message.</summary>
    public CheckpointException()
        : this("The checkpoint could not be read.")
    {
    }

    /// <summary>Makes an exception with <paramref name="message"/>.</summary>
    public CheckpointException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with <paramref name="message"/> and the exception behind it.</summary>
    public CheckpointException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an exception for a kind of problem, with the place where it was met.</summary>
    public CheckpointException(CheckpointProblem problem, string message, string? record = null, long? position = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Problem = problem;
        Record = record;
        Position = position;
    }

    /// <summary>What kind of trouble it is.</summary>
    public CheckpointProblem Problem { get; }

    /// <summary>The record inside the file (for example <c>archive/data.pkl</c>), where one is concerned.</summary>
    public string? Record { get; }

    /// <summary>The position in bytes inside the record or file, where one is concerned.</summary>
    public long? Position { get; }

    internal static CheckpointException Corrupt(string message, string? record = null, long? position = null)
        => new(CheckpointProblem.Corrupt, message, record, position);

    internal static CheckpointException Truncated(string message, string? record = null, long? position = null)
        => new(CheckpointProblem.Truncated, message, record, position);

    internal static CheckpointException Unsupported(string message, string? record = null, long? position = null)
        => new(CheckpointProblem.Unsupported, message, record, position);

    internal static CheckpointException Limit(string message, string? record = null, long? position = null)
        => new(CheckpointProblem.LimitExceeded, message, record, position);

    internal static CheckpointException NotFound(string message, string? record = null)
        => new(CheckpointProblem.NotFound, message, record);

    internal static CheckpointException WrongKind(string message) => new(CheckpointProblem.WrongKind, message);
}
