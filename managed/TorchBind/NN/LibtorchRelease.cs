namespace TorchBind.NN;

/// <summary>
/// Where Python's own code changed what it computes between the versions of libtorch: TorchBind does what the Python of the loaded
/// libtorch does.
/// </summary>
internal static class LibtorchRelease
{
    private static readonly Lazy<Version> s_version = new(static () =>
    {
        var text = Torch.Version;
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        return Version.TryParse(text[..end], out var version) ? version : new Version(2, 6);
    });

    public static bool AtLeast(int major, int minor) => s_version.Value >= new Version(major, minor);

    /// <summary>Whether power-mean pooling takes infinity as maximum.</summary>
    public static bool PoolsByInfiniteNorm => AtLeast(2, 14);

    /// <summary>Whether the Gaussian loss takes variances with one dimension of size 1 anywhere.</summary>
    public static bool BroadcastsVariance => AtLeast(2, 14);

    /// <summary>Whether a checkpoint saves an empty tensor beside its arguments.</summary>
    public static bool SavesCheckpointPlaceholder => !AtLeast(2, 14);

    /// <summary>Whether normalisations print whether they have a bias.</summary>
    public static bool PrintsNormBias => AtLeast(2, 14);

    /// <summary>From some version on, trunc_normal_ draws again what lies outside instead of inverting the distribution.</summary>
    public static bool DrawsTruncatedByRejection => AtLeast(2, 14);
}
