namespace TorchBind.Autograd;

/// <summary>Gradients are not what finite differences give. Mirrors <c>torch.autograd.gradcheck.GradcheckError</c>.</summary>
public sealed class GradCheckException : TorchException
{
    /// <summary>Creates the exception with a message and, where another exception led to it, that.</summary>
    public GradCheckException(string message, Exception? inner = null) : base(message, inner) { }
}
