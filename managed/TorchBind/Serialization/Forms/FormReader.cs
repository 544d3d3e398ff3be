using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Forms;

/// <summary>Reads a checkpoint of whatever form. The source belongs to the content, or is closed when reading fails.</summary>
internal static class FormReader
{
    public static CheckpointContent Read(ByteSource source, CheckpointOptions options)
    {
        try
        {
            return FormDetector.Detect(source) == OuterForm.Json ? ShardedForm.Read(source, options) : ReadForm(source, options);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Reads a checkpoint that is one file, as a shard has to be.</summary>
    public static CheckpointContent ReadSingle(ByteSource source, CheckpointOptions options)
    {
        try
        {
            return ReadForm(source, options);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private static CheckpointContent ReadForm(ByteSource source, CheckpointOptions options) => FormDetector.Detect(source) switch
    {
        OuterForm.Zip => ZipForm.Read(source, options),
        OuterForm.LegacyPickle => LegacyForm.Read(source, options),
        OuterForm.Tar => TarForm.Read(source, options),
        OuterForm.SafeTensors => SafeTensorsForm.Read(source),
        _ => throw FormDetector.Unrecognised(source, "is a JSON file, which cannot be a shard of a checkpoint"),
    };
}
