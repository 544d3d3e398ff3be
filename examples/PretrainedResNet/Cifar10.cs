namespace TorchBind.Examples.PretrainedResNet;

/// <summary>Reads CIFAR-10 in its binary format: records of a label byte and 3 x 32 x 32 bytes, red, green, blue.</summary>
internal static class Cifar10
{
    private const int Side = 32;
    private const int Pixels = 3 * Side * Side;

    /// <summary>The images as float32 (N, 3, 32, 32), normalised as the network saw them in training, and their labels as int64 (N).</summary>
    /// <exception cref="InvalidDataException">The file is not a whole number of records, or has a label above 9.</exception>
    public static (Tensor Images, Tensor Labels) Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length == 0 || bytes.Length % (1 + Pixels) != 0)
            throw new InvalidDataException($"{path} has {bytes.Length} bytes, which is no multiple of {1 + Pixels}: it is not CIFAR-10's binary format.");
        var records = Torch.FromArray(bytes).View(-1, 1 + Pixels);
        var labels = records.Select(1, 0).To(DType.Int64);
        if (labels.Max().Item<long>() > 9)
            throw new InvalidDataException($"{path} has labels above 9: it is not CIFAR-10's binary format.");
        var images = records.Narrow(1, 1, Pixels).To(DType.Float32).View(-1, 3, Side, Side) / 255;
        var mean = Torch.Tensor([0.485f, 0.456f, 0.406f]).View(1, 3, 1, 1);
        var deviation = Torch.Tensor([0.229f, 0.224f, 0.225f]).View(1, 3, 1, 1);
        return ((images - mean) / deviation, labels);
    }
}
