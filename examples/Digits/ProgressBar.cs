namespace TorchBind.Examples.Digits;

/// <summary>One line that grows while an epoch runs; without a terminal only its last state is written.</summary>
internal sealed class ProgressBar(string title, long total)
{
    private const int Width = 30;
    private readonly bool _live = !Console.IsOutputRedirected;
    private long _shown = -1;

    /// <summary>Shows how far it is.</summary>
    public void Report(long done, double loss)
    {
        var filled = done * Width / total;
        if (done < total && (!_live || filled == _shown))
            return;
        _shown = filled;
        var bar = new string('#', (int)filled).PadRight(Width, '.');
        var text = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{title} [{bar}] {done}/{total}  loss {loss:F4}");
        Console.Write(_live ? "\r" + text : text);
        if (done == total)
            Console.WriteLine();
    }
}
