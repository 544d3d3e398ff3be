using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization.Forms;

/// <summary>The archives of <c>torch.export</c>.</summary>
internal static class ExportForm
{
    public static CheckpointContent Read(ZipReader zip, string root, CheckpointOptions options)
        => throw CheckpointException.Unsupported($"{zip.Source.Name} is a torch.export archive, whose weights are not read yet.");
}
