namespace TorchBind.Utils.Checkpoint;

/// <summary>A checkpointed computation did not repeat itself. Mirrors <c>torch.utils.checkpoint.CheckpointError</c>.</summary>
public sealed class CheckpointException : TorchException
{
    /// <summary>Creates the exception with a message and, where the run was to be traced, its cause.</summary>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>What is compared between the first run of a checkpointed computation and the second.</summary>
public enum DeterminismCheck
{
    /// <summary>Shape, dtype and device of every tensor that is saved. Python's <c>"default"</c>.</summary>
    Default,

    /// <summary>Nothing. Python's <c>"none"</c>.</summary>
    None,
}
