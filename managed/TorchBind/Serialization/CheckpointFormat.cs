namespace TorchBind.Serialization;

/// <summary>The forms of checkpoint files. The form is found in the content; a file's name plays no part.</summary>
public enum CheckpointFormat
{
    /// <summary>What <c>torch.save</c> has written since PyTorch 1.6: a zip archive with a pickle and one record per storage.</summary>
    Zip,

    /// <summary>What <c>torch.save</c> wrote before: a stream of five pickles and the storages.</summary>
    Legacy,

    /// <summary>The form before that, of the year 2016: a tar archive.</summary>
    Tar,

    /// <summary>A TorchScript archive.</summary>
    TorchScript,

    /// <summary>A <c>torch.export</c> archive (<c>.pt2</c>).</summary>
    Export,

    /// <summary>A safetensors file.</summary>
    SafeTensors,

    /// <summary>An index file with the shards it names.</summary>
    Sharded,

    /// <summary>A distributed checkpoint: a folder with a <c>.metadata</c> file.</summary>
    Distributed,

    /// <summary>NumPy arrays in a zip archive.</summary>
    Npz,
}
