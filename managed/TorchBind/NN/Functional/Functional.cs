namespace TorchBind.NN;

/// <summary>
/// The functions below the modules: <c>using F = TorchBind.NN.Functional;</c>. Mirrors <c>torch.nn.functional</c>.
/// </summary>
/// <remarks>
/// What all of them throw: <see cref="ArgumentNullException"/> for a null tensor where there is no default, <see cref="ObjectDisposedException"/> for a
/// disposed one, <see cref="ArgumentOutOfRangeException"/> for a mode or a reduction that does not exist. Where <see cref="TorchNotImplementedException"/> is
/// named for a dtype, libtorch 2.6 gives a <see cref="TorchException"/>.
/// </remarks>
public static partial class Functional
{
    private static void CheckProbability(double p)
    {
        if (!(p is >= 0.0 and <= 1.0))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Dropout happens with a probability: a number from 0 to 1.");
    }

    /// <summary>One number for each of <paramref name="count"/> dimensions: one given is repeated.</summary>
    internal static long[] Expand(IntList values, int count, string name)
    {
        if (values.Length == 1)
        {
            var all = new long[count];
            Array.Fill(all, values.Span[0]);
            return all;
        }
        return values.Length == count
            ? values.Span.ToArray()
            : throw new ArgumentException($"{name} takes one number or {count}, got {values.Length}.", name);
    }

    /// <summary>The same, with a default where the argument is not given.</summary>
    internal static long[] Expand(IntList values, int count, long standard, string name)
    {
        if (values.IsGiven)
            return Expand(values, count, name);
        var all = new long[count];
        Array.Fill(all, standard);
        return all;
    }

    private static Tensor Reduce(Tensor loss, Reduction reduction) => Known(reduction) switch
    {
        Reduction.Mean => loss.Mean(),
        Reduction.Sum => loss.Sum(),
        _ => loss,
    };

    private static Reduction Known(Reduction reduction) => reduction is Reduction.None or Reduction.Mean or Reduction.Sum
        ? reduction
        : throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "The reduction is None, Mean or Sum.");
}
