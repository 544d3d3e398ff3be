namespace TorchBind.Optim;

/// <summary>The libtorch whose Python is the model: a few rules changed between releases.</summary>
internal static class TorchRelease
{
    internal static bool AtLeast(int major, int minor) =>
        Version.TryParse(Torch.Version, out var version) && version >= new Version(major, minor);
}
