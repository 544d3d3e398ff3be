namespace TorchBind.NN.Utils;

/// <summary>
/// Sequences of different lengths, packed: first the first elements of all, then the second ones, and so on. Made by
/// <see cref="Rnn.PackPaddedSequence(Tensor, Tensor, bool, bool)"/>. Mirrors <c>torch.nn.utils.rnn.PackedSequence</c>.
/// </summary>
public sealed class PackedSequence
{
    internal PackedSequence(Tensor data, Tensor batchSizes, Tensor? sortedIndices, Tensor? unsortedIndices)
    {
        Data = data;
        BatchSizes = batchSizes;
        SortedIndices = sortedIndices;
        UnsortedIndices = unsortedIndices ?? Rnn.InvertPermutation(sortedIndices);
    }

    /// <summary>The elements.</summary>
    public Tensor Data { get; }

    /// <summary>How many sequences reach each step, int64, on the processor.</summary>
    public Tensor BatchSizes { get; }

    /// <summary>Where each packed sequence was; null: in its place.</summary>
    public Tensor? SortedIndices { get; }

    /// <summary>Where each sequence is packed; null: in its place.</summary>
    public Tensor? UnsortedIndices { get; }

    /// <summary>The same on another device or with another dtype. Mirrors <c>PackedSequence.to</c>.</summary>
    public PackedSequence To(Device? device = null, DType? dtype = null) => new(
        Data.To(dtype, device: device), BatchSizes, SortedIndices?.To(device: device), UnsortedIndices?.To(device: device));

    /// <summary>Whether the elements are on a CUDA device.</summary>
    public bool IsCuda => Data.IsCuda;
}

/// <summary>Sequences of different lengths. Mirrors <c>torch.nn.utils.rnn</c>.</summary>
public static class Rnn
{
    /// <summary>The permutation that undoes another. Mirrors <c>invert_permutation</c>.</summary>
    public static Tensor? InvertPermutation(Tensor? permutation)
    {
        if (permutation is null)
            return null;
        return Torch.EmptyLike(permutation, memoryFormat: MemoryFormat.Contiguous)
            .Scatter_(0, permutation, Torch.Arange(0, permutation.Numel(), device: permutation.Device));
    }

    /// <summary>Packs a batch of padded sequences. Mirrors <c>pack_padded_sequence</c>.</summary>
    /// <param name="input">(T, N, *), or (N, T, *).</param>
    /// <param name="lengths">(N): the lengths, on the processor.</param>
    /// <param name="batchFirst">Whether the input is (N, T, *). Default: false.</param>
    /// <param name="enforceSorted">Whether the lengths fall already; false: sequences are sorted. Default: true.</param>
    /// <exception cref="TorchException">A length is not positive, or the lengths do not fall.</exception>
    public static PackedSequence PackPaddedSequence(Tensor input, Tensor lengths, bool batchFirst = false, bool enforceSorted = true)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(lengths);
        lengths = lengths.To(DType.Int64);
        Tensor? sorted = null;
        if (!enforceSorted)
        {
            (lengths, sorted) = lengths.Sort(descending: true);
            sorted = sorted.To(device: input.Device);
            input = input.IndexSelect(batchFirst ? 0 : 1, sorted);
        }
        var (data, batchSizes) = Torch.Aten._PackPaddedSequence(input, lengths, batchFirst);
        return new PackedSequence(data, batchSizes, sorted, null);
    }

    /// <summary>Packs a batch of padded sequences. Mirrors <c>pack_padded_sequence</c>.</summary>
    /// <param name="input">(T, N, *), or (N, T, *).</param>
    /// <param name="lengths">The lengths.</param>
    /// <param name="batchFirst">Whether the input is (N, T, *). Default: false.</param>
    /// <param name="enforceSorted">Whether the lengths fall already; false: sequences are sorted. Default: true.</param>
    public static PackedSequence PackPaddedSequence(Tensor input, ReadOnlySpan<long> lengths, bool batchFirst = false, bool enforceSorted = true) =>
        PackPaddedSequence(input, Torch.Tensor<long>(lengths), batchFirst, enforceSorted);

    /// <summary>Unpacks to padded sequences and their lengths. Mirrors <c>pad_packed_sequence</c>.</summary>
    /// <param name="sequence">What was packed.</param>
    /// <param name="batchFirst">Whether the output is (N, T, *). Default: false.</param>
    /// <param name="paddingValue">What is put behind shorter sequences. Default: 0.</param>
    /// <param name="totalLength">The length T. Default: that of the longest.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is less than that of the longest.</exception>
    public static (Tensor Output, Tensor Lengths) PadPackedSequence(
        PackedSequence sequence, bool batchFirst = false, double paddingValue = 0.0, long? totalLength = null)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        var length = sequence.BatchSizes.Size(0);
        if (totalLength is { } total)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(total, length, nameof(totalLength));
            length = total;
        }
        var (output, lengths) = Torch.Aten._PadPackedSequence(sequence.Data, sequence.BatchSizes, batchFirst, paddingValue, length);
        return sequence.UnsortedIndices is { } unsorted
            ? (output.IndexSelect(batchFirst ? 0 : 1, unsorted), lengths.IndexSelect(0, unsorted.Cpu()))
            : (output, lengths);
    }

    /// <summary>Puts sequences into one tensor, the shorter ones padded. Mirrors <c>pad_sequence</c>.</summary>
    /// <param name="sequences">(L, *) each, with lengths of their own.</param>
    /// <param name="batchFirst">Whether the output is (N, T, *). Default: false.</param>
    /// <param name="paddingValue">What is put beside shorter sequences. Default: 0.</param>
    /// <param name="paddingLeft">Whether it is put before them (<c>padding_side='left'</c>). Default: false.</param>
    public static Tensor PadSequence(ReadOnlySpan<Tensor> sequences, bool batchFirst = false, double paddingValue = 0.0, bool paddingLeft = false) =>
        Torch.Aten.PadSequence(sequences, batchFirst, paddingValue, paddingLeft ? "left" : "right");

    /// <summary>Takes padded sequences apart. Mirrors <c>unpad_sequence</c>.</summary>
    /// <param name="paddedSequences">(T, N, *), or (N, T, *).</param>
    /// <param name="lengths">(N).</param>
    /// <param name="batchFirst">Whether the input is (N, T, *). Default: false.</param>
    public static Tensor[] UnpadSequence(Tensor paddedSequences, Tensor lengths, bool batchFirst = false)
    {
        ArgumentNullException.ThrowIfNull(paddedSequences);
        ArgumentNullException.ThrowIfNull(lengths);
        if (!batchFirst)
            paddedSequences = paddedSequences.Transpose(0, 1);
        var sizes = lengths.To(DType.Int64).Cpu().ToArray<long>();
        var result = new Tensor[sizes.Length];
        for (var i = 0; i < sizes.Length; i++)
            result[i] = paddedSequences[i].Narrow(0, 0, sizes[i]).Clone();
        return result;
    }

    /// <summary>Packs sequences. Mirrors <c>pack_sequence</c>.</summary>
    /// <param name="sequences">(L, *) each.</param>
    /// <param name="enforceSorted">Whether their lengths fall already. Default: true.</param>
    public static PackedSequence PackSequence(ReadOnlySpan<Tensor> sequences, bool enforceSorted = true)
    {
        var lengths = new long[sequences.Length];
        for (var i = 0; i < lengths.Length; i++)
            lengths[i] = sequences[i].Size(0);
        return PackPaddedSequence(PadSequence(sequences), lengths, enforceSorted: enforceSorted);
    }

    /// <summary>Unpacks to sequences. Mirrors <c>unpack_sequence</c>.</summary>
    public static Tensor[] UnpackSequence(PackedSequence packedSequences)
    {
        var (padded, lengths) = PadPackedSequence(packedSequences, batchFirst: true);
        return UnpadSequence(padded, lengths, batchFirst: true);
    }
}
