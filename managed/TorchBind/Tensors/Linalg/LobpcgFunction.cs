using TorchBind.Autograd;

namespace TorchBind;

/// <summary>
/// The gradient of <see cref="Torch.Lobpcg"/>. Some eigenvectors alone do not say how the others move: the share outside of their span solves a
/// Sylvester equation, through the characteristic polynomial of the eigenvalues found (Hu and Cheng 2006).
/// </summary>
internal sealed class LobpcgFunction : Function<LobpcgFunction, Tensor, Tensor?, bool, Func<Tensor, Tensor?, (Tensor, Tensor)>, (Tensor, Tensor)>
{
    private bool _largest;

    protected override (Tensor, Tensor) Forward(FunctionContext ctx, Tensor a, Tensor? b, bool largest, Func<Tensor, Tensor?, (Tensor, Tensor)> solve)
    {
        _largest = largest;
        a = Dense(a)!;
        b = Dense(b);
        var (values, vectors) = solve(a, b);
        ctx.SaveForBackward(a, b, values, vectors);
        return (values, vectors);
    }

    private static Tensor? Dense(Tensor? tensor) => tensor is { IsSparse: false } ? tensor.Contiguous() : tensor;

    protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
    {
        Tensor a = ctx.SavedTensors[0]!;
        if (ctx.SavedTensors[1] is not null)
            throw new NotSupportedException("Lobpcg gives gradients where b is the identity only: leave it out.");
        if (a.IsSparse)
            throw new NotSupportedException("Lobpcg gives no gradients of a sparse matrix: use it on x.ToDense().");
        return [Gradient(gradOutputs[0], gradOutputs[1], a, ctx.SavedTensors[2]!, ctx.SavedTensors[3]!), null, null, null];
    }

    private Tensor Gradient(Tensor valuesGrad, Tensor vectorsGrad, Tensor a, Tensor values, Tensor vectors)
    {
        var transposed = vectors.MT.Contiguous();
        // A basis of what is orthogonal to the eigenvectors; the generator has always the same seed.
        var projection = -vectors.Matmul(transposed);
        projection.Diagonal(dim1: -2, dim2: -1).Add_(1);
        using var generator = new Generator(a.Device);
        long[] size = [.. a.Shape.ToArray()[..^1], a.Size(-1) - values.Size(-1)];
        var others = projection.Matmul(Torch.Randn(size, generator, dtype: a.DType, device: a.Device));
        var othersTransposed = others.MT.Contiguous();

        var polynomial = Coefficients(values);
        var count = polynomial.Size(-1) - 1;
        var projected = vectorsGrad;
        var series = projected.NewZeros(projected.Shape);
        for (long k = 1; k <= count; k++)
        {
            series.Add_(projected * AtVector(polynomial.Narrow(-1, k, count + 1 - k), values).Unsqueeze(-2));
            projected = a.Matmul(projected);
        }
        // Positive definite but for an odd number of the largest eigenvalues.
        var sign = _largest && count % 2 == 1 ? -1 : 1;
        var restricted = othersTransposed.Matmul(AtMatrix(polynomial, a).Matmul(others));
        var factor = Torch.Linalg.Cholesky(sign * restricted);

        var within = values.Unsqueeze(-2) - values.Unsqueeze(-1);
        within.Diagonal(dim1: -2, dim2: -1).Fill_(double.PositiveInfinity);
        within.Pow_(-1);
        var gradient = vectors.Matmul((Torch.DiagEmbed(valuesGrad) + transposed.Matmul(vectorsGrad) * within).Matmul(transposed));
        return gradient.Sub_(others.Matmul(sign * Torch.CholeskySolve(othersTransposed.Matmul(series), factor)).Matmul(transposed));
    }

    /// <summary>The coefficients of the polynomial with these roots, constant first; the last is 1.</summary>
    private static Tensor Coefficients(Tensor roots)
    {
        var order = roots.Size(-1);
        var coefficients = roots.NewZeros([.. roots.Shape.ToArray()[..^1], order + 2]);
        coefficients.Select(-1, 0).Fill_(1);
        coefficients.Select(-1, -1).Fill_(1);
        for (long i = 1; i <= order; i++)
        {
            var next = coefficients.Clone(); // a gradient of this gradient needs each step
            next.Narrow(-1, order - i, i + 1).Sub_(roots.Narrow(-1, i - 1, 1) * coefficients.Narrow(-1, order - i + 1, i + 1));
            coefficients = next;
        }
        return coefficients.Narrow(-1, 1, order + 1);
    }

    // Horner's rule for numbers, and for a matrix.
    private static Tensor AtVector(Tensor polynomial, Tensor x)
    {
        var result = x.NewOnes(1).Expand(x.Shape).Clone();
        for (var k = polynomial.Size(-1) - 2; k >= 0; k--)
            result = Torch.Addcmul(polynomial.Select(-1, k).Unsqueeze(-1), x, result);
        return result;
    }

    private static Tensor AtMatrix(Tensor polynomial, Tensor x)
    {
        long[] size = [.. Enumerable.Repeat(1L, x.NDim - 2), x.Size(-1), x.Size(-1)];
        var result = Torch.Eye(x.Size(-1), dtype: x.DType, device: x.Device).View(size).Clone();
        for (var k = polynomial.Size(-1) - 2; k >= 0; k--)
        {
            result = x.Matmul(result);
            result.Diagonal(dim1: -2, dim2: -1).Add_(polynomial.Select(-1, k).Unsqueeze(-1));
        }
        return result;
    }
}
