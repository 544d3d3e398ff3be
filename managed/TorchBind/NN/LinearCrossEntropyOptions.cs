using System.Globalization;
using System.Numerics;

namespace TorchBind.NN;

/// <summary>What <see cref="LinearCrossEntropyOptions"/> keeps in the wider dtype, against the memory that it takes.</summary>
public enum AccPolicy
{
    /// <summary><see cref="Accurate"/> for float16 and bfloat16 on the processor, <see cref="Compact"/> for all else.</summary>
    Auto,

    /// <summary>As much as possible; each chunk's gradient of the weight is a tensor of its own.</summary>
    Accurate,

    /// <summary>What the gradients need; the gradient of the weight is summed in place.</summary>
    Compact,
}

/// <summary>
/// How <see cref="Functional.LinearCrossEntropy"/> computes in chunks of the batch, so that the (N, classes) outputs of the layer are never all
/// there. Mirrors <c>torch.nn.LinearCrossEntropyOptions</c> (libtorch 2.14).
/// </summary>
public sealed record LinearCrossEntropyOptions
{
    /// <summary>Makes options.</summary>
    /// <param name="allowRetainGraph">Whether a pass may be made twice. Default: false.</param>
    /// <param name="batchChunkSize">Rows in a chunk. Default: as <paramref name="chunkingMethod"/> has it; all, where that is null.</param>
    /// <param name="chunkingMethod">
    /// <c>aspect_ratio</c>: chunks whose outputs take about the memory of the inputs; <c>aspect_ratio:4</c>: a quarter of that; null: none. Default:
    /// <c>auto</c>, the first with a bound on what it may take at most.
    /// </param>
    /// <param name="accPolicy">What is kept in <paramref name="accDType"/>. Default: by device and dtype.</param>
    /// <param name="accDType">
    /// The dtype in which sums are kept: the input's, or float32 for inputs of float16 or bfloat16. Default: float32 for those under
    /// <see cref="AccPolicy.Auto"/>, else the input's.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A chunk of less than one row, or an unknown policy.</exception>
    /// <exception cref="ArgumentException">There is no such method, or no such dtype for sums.</exception>
    public LinearCrossEntropyOptions(
        bool allowRetainGraph = false, long? batchChunkSize = null, string? chunkingMethod = "auto", AccPolicy accPolicy = AccPolicy.Auto, DType? accDType = null)
    {
        if (batchChunkSize <= 0)
            throw new ArgumentOutOfRangeException(nameof(batchChunkSize), batchChunkSize, "A chunk has at least one row.");
        if (chunkingMethod is not (null or "auto") && Factor(chunkingMethod) is null)
            throw new ArgumentException($"A method of chunking is auto, aspect_ratio, aspect_ratio with a colon and a factor of at least 1, or null; got '{chunkingMethod}'.", nameof(chunkingMethod));
        if (accPolicy is < AccPolicy.Auto or > AccPolicy.Compact)
            throw new ArgumentOutOfRangeException(nameof(accPolicy), accPolicy, "There is no such policy.");
        if (accDType is not (null or DType.Float16 or DType.BFloat16 or DType.Float32 or DType.Float64))
            throw new ArgumentException($"Sums are kept in float16, bfloat16, float32 or float64; got {accDType.Value.Name()}.", nameof(accDType));
        (AllowRetainGraph, BatchChunkSize, ChunkingMethod, AccPolicy, AccDType) = (allowRetainGraph, batchChunkSize, chunkingMethod, accPolicy, accDType);
    }

    /// <summary>
    /// Whether a pass may be made twice. If not, the gradients, which the forward has computed, are used up by the first. Without meaning for
    /// <see cref="Reduction.None"/>, whose gradients are computed in the pass.
    /// </summary>
    public bool AllowRetainGraph { get; }

    /// <summary>Rows in a chunk, or null.</summary>
    public long? BatchChunkSize { get; }

    /// <summary>How the size of a chunk is found, or null.</summary>
    public string? ChunkingMethod { get; }

    /// <summary>What is kept in <see cref="AccDType"/>.</summary>
    public AccPolicy AccPolicy { get; }

    /// <summary>The dtype in which sums are kept, or null.</summary>
    public DType? AccDType { get; }

    private static long? Factor(string method) => method == "aspect_ratio" ? 1
        : method.StartsWith("aspect_ratio:", StringComparison.Ordinal)
            && long.TryParse(method.AsSpan("aspect_ratio:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var factor) && factor > 0 ? factor : null;

    /// <summary>What the options come to for these inputs.</summary>
    internal (long ChunkSize, bool Compact, DType AccDType) For(Tensor input, long classes, bool probabilities)
    {
        var (batches, features, dtype) = (input.Size(0), input.Size(1), input.DType);
        var half = dtype is DType.Float16 or DType.BFloat16;
        var onProcessor = input.Device.Type == DeviceType.Cpu;
        var compact = AccPolicy switch
        {
            AccPolicy.Auto => !(onProcessor && half),
            var policy => policy == AccPolicy.Compact,
        };
        var size = Math.Min(BatchChunkSize ?? batches, batches);
        var automatic = ChunkingMethod == "auto";
        if (ChunkingMethod is { } method && !(automatic && BatchChunkSize is not null))
        {
            size = ByAspectRatio(batches, features, classes, automatic ? 1 : Factor(method)!.Value);
            if (automatic && compact)
            {
                // With more the chunks would take more memory than no chunks at all.
                var most = probabilities ? batches / 2 : batches * classes / (4 * features);
                size = Math.Max(1, Math.Min(size, most >= 1 ? 1L << BitOperations.Log2((ulong)most) : 1));
            }
            if (BatchChunkSize is { } given && given != size)
                throw new ArgumentException($"{nameof(BatchChunkSize)} asks for chunks of {given} rows and {nameof(ChunkingMethod)} '{method}' for {size}: give one of them.");
        }
        // On accelerators this depends on what they multiply in; 16 bits are float32 on all that are known.
        return (Math.Max(1, size), compact, AccDType ?? (AccPolicy == AccPolicy.Auto && half ? DType.Float32 : dtype));
    }

    private static long ByAspectRatio(long batches, long features, long classes, long factor)
    {
        var ratio = (classes + features - 1) / features;
        var target = (batches + ratio - 1) / ratio;
        var power = target <= 1 ? 1 : (long)BitOperations.RoundUpToPowerOf2((ulong)target);
        return Math.Min(power / factor, batches);
    }
}
