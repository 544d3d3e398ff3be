namespace TorchBind.Bindings;

/// <summary>A failure to be told to the user in one line.</summary>
internal sealed class UserException(string message) : Exception(message);
