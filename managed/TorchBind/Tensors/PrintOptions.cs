namespace TorchBind;

/// <summary>How tensors are written as text. Mirrors what <c>torch.set_printoptions</c> sets.</summary>
public sealed record PrintOptions
{
    /// <summary>The defaults: four digits, at most 1000 elements in full.</summary>
    public static PrintOptions Default { get; } = new();

    /// <summary>Digits behind the point; default 4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int Precision { get; init => field = NotNegative(value, nameof(Precision)); } = 4;

    /// <summary>More elements than this are summarised; default 1000, infinity for never.</summary>
    public double Threshold { get; init; } = 1000;

    /// <summary>Entries at the beginning and the end of each dimension of a summary; default 3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int Edgeitems { get; init => field = NotNegative(value, nameof(Edgeitems)); } = 3;

    /// <summary>Characters in a line; default 80.</summary>
    public int Linewidth { get; init; } = 80;

    /// <summary>Scientific notation always (true), never (false), or where the values call for it (null, the default).</summary>
    public bool? SciMode { get; init; }

    /// <summary>The named options: <c>default</c>, <c>short</c> or <c>full</c>.</summary>
    /// <exception cref="ArgumentException">There is no such profile.</exception>
    internal static PrintOptions OfProfile(string profile) => profile switch
    {
        "default" => Default,
        "short" => new PrintOptions { Precision = 2, Edgeitems = 2 },
        "full" => new PrintOptions { Threshold = double.PositiveInfinity },
        _ => throw new ArgumentException($"There is no profile '{profile}'; choose 'default', 'short' or 'full'.", nameof(profile)),
    };

    private static int NotNegative(int value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, name);
        return value;
    }
}

public static partial class Torch
{
    private static PrintOptions s_printOptions = PrintOptions.Default;

    /// <summary>
    /// Changes how <see cref="TorchBind.Tensor.ToString()"/> writes, for the whole program. What is not given stays, except
    /// <paramref name="sciMode"/>, which goes back to automatic, as in Python. Mirrors <c>torch.set_printoptions</c>.
    /// </summary>
    /// <param name="precision">Digits behind the point.</param>
    /// <param name="threshold">More elements than this are summarised.</param>
    /// <param name="edgeitems">Entries at each end of a summarised dimension.</param>
    /// <param name="linewidth">Characters in a line.</param>
    /// <param name="profile"><c>default</c>, <c>short</c> or <c>full</c>: values for the four above, which override it.</param>
    /// <param name="sciMode">Scientific notation always, never, or (null) where the values call for it.</param>
    /// <exception cref="ArgumentException">There is no such profile.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="precision"/> or <paramref name="edgeitems"/> is negative.</exception>
    public static void SetPrintoptions(
        int? precision = null, double? threshold = null, int? edgeitems = null, int? linewidth = null, string? profile = null,
        bool? sciMode = null)
    {
        var start = profile is null ? GetPrintoptions() : PrintOptions.OfProfile(profile);
        Volatile.Write(ref s_printOptions, new PrintOptions
        {
            Precision = precision ?? start.Precision,
            Threshold = threshold ?? start.Threshold,
            Edgeitems = edgeitems ?? start.Edgeitems,
            Linewidth = linewidth ?? start.Linewidth,
            SciMode = sciMode,
        });
    }

    /// <summary>How tensors are written now. Mirrors <c>torch._tensor_str.get_printoptions</c>.</summary>
    /// <remarks>Throws nothing.</remarks>
    /// <returns>The options of the whole program.</returns>
    public static PrintOptions GetPrintoptions() => Volatile.Read(ref s_printOptions);

    /// <summary>Writes tensors with the options until the scope ends. Mirrors <c>torch._tensor_str.printoptions</c>.</summary>
    /// <param name="options">The options.</param>
    /// <returns>Restores the former options when it is disposed.</returns>
    /// <exception cref="ArgumentNullException">The options are null.</exception>
    public static PrintOptionsScope Printoptions(PrintOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PrintOptionsScope(Interlocked.Exchange(ref s_printOptions, options));
    }

    internal static void RestorePrintOptions(PrintOptions options) => Volatile.Write(ref s_printOptions, options);
}

/// <summary>Brings the former print options back when it is disposed. Made by <see cref="Torch.Printoptions"/>.</summary>
public struct PrintOptionsScope : IDisposable
{
    private PrintOptions? _previous;

    internal PrintOptionsScope(PrintOptions previous) => _previous = previous;

    /// <summary>Restores the options. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (_previous is { } previous)
            Torch.RestorePrintOptions(previous);
        _previous = null;
    }
}
