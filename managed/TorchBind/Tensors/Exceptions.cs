namespace TorchBind;

/// <summary>libtorch refused an operation; the message is libtorch's own. Mirrors Python's <c>RuntimeError</c>.</summary>
public class TorchException : InvalidOperationException
{
    /// <summary>Creates the exception with libtorch's message.</summary>
    public TorchException(string message) : base(message) { }

    /// <summary>Creates the exception with a message and its cause.</summary>
    public TorchException(string message, Exception? inner) : base(message, inner) { }

    /// <summary>libtorch's message; in anomaly mode, with the forward call that made the failing node of the graph.</summary>
    public override string Message => Data[Autograd.Anomaly.DataKey] is string trace ? $"{base.Message}\n{trace}" : base.Message;
}

/// <summary>A linear-algebra routine failed, e.g. on a singular matrix. Mirrors <c>torch.linalg.LinAlgError</c>.</summary>
public sealed class LinalgException(string message) : TorchException(message);

/// <summary>An index is outside of a tensor's bounds. Mirrors Python's <c>IndexError</c>.</summary>
public sealed class TorchIndexException(string message) : ArgumentOutOfRangeException(null, message)
{
    /// <inheritdoc/>
    public override string Message { get; } = message;
}

/// <summary>An argument has the wrong kind, most often the wrong dtype. Mirrors Python's <c>TypeError</c>.</summary>
public sealed class TorchTypeException(string message) : ArgumentException(message);

/// <summary>libtorch has no kernel for this combination. Mirrors Python's <c>NotImplementedError</c>.</summary>
public sealed class TorchNotImplementedException(string message) : NotSupportedException(message);

/// <summary>No libtorch, or no shim for it, could be loaded. The message lists what was looked for and where.</summary>
public sealed class LibtorchNotFoundException : DllNotFoundException
{
    /// <summary>Creates the exception with the loader's explanation.</summary>
    public LibtorchNotFoundException(string message) : base(message) { }
}
