// A ResNet-20 that others trained, in a file that an old PyTorch wrote, on the test images of CIFAR-10.
using System.Diagnostics;
using System.Globalization;
using TorchBind;
using TorchBind.Examples.PretrainedResNet;
using TorchBind.NN;
using TorchBind.Serialization;

const string Usage =
    """
    Loads a ResNet-20 that was trained and saved by others with Python, and tests it on CIFAR-10.

      --checkpoint FILE  the weights; default: resnet20-12fca82f.th in ../shared/checkpoints, beside the checkout
      --data FILE        images in CIFAR-10's binary format; default: test_batch.bin in ../shared/data/cifar10
      --batch-size N     images at once; default 250
      --threads N        threads of libtorch; default: as many as it chooses
      --logits FILE      writes the network's outputs there, as float32 numbers in the machine's byte order
    """;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var shared = Shared();
var checkpointFile = Path.Combine(shared, "checkpoints", "resnet20-12fca82f.th");
var dataFile = Path.Combine(shared, "data", "cifar10", "test_batch.bin");
string? logitsFile = null;
var batchSize = 250;
for (var i = 0; i < args.Length; i++)
{
    var name = args[i];
    if (name is "-h" or "--help")
    {
        Console.WriteLine(Usage);
        return 0;
    }
    if (name is not ("--checkpoint" or "--data" or "--batch-size" or "--threads" or "--logits"))
        return Fail(2, $"Unknown option {name}.\n{Usage}");
    if (++i == args.Length)
        return Fail(2, $"{name} wants a value.\n{Usage}");
    var number = 0;
    if (name is "--batch-size" or "--threads" && (!int.TryParse(args[i], out number) || number < 1))
        return Fail(2, $"{name} wants a positive number, not '{args[i]}'.");
    switch (name)
    {
        case "--checkpoint": checkpointFile = args[i]; break;
        case "--data": dataFile = args[i]; break;
        case "--batch-size": batchSize = number; break;
        case "--threads": Torch.SetNumThreads(number); break;
        default: logitsFile = args[i]; break;
    }
}

foreach (var (file, option, source) in new[]
{
    (checkpointFile, "--checkpoint", "It is resnet20-12fca82f.th of github.com/akamaster/pytorch_resnet_cifar10, pretrained_models."),
    (dataFile, "--data", "It is a file of cifar-10-binary.tar.gz, www.cs.toronto.edu/~kriz/cifar.html."),
})
{
    if (!File.Exists(file))
        return Fail(1, $"There is no {file}.\n{source}\nPut it there, or name another with {option}.");
}

var clock = Stopwatch.StartNew();
try
{
    // The file holds {"state_dict": ..., "best_prec1": ...}; the names in the state dict begin with what DataParallel puts before them.
    var checkpoint = Torch.Load(checkpointFile, mapLocation: "cpu");
    var model = new ResNet20();
    model.LoadStateDict(checkpoint["state_dict"].AsStateDict().RemovePrefix("module."));
    model.Eval();
    Console.WriteLine($"libtorch {Torch.Version}; {model.Parameters().Sum(static p => p.Numel())} parameters from {checkpointFile},");
    Console.WriteLine($"whose authors noted an accuracy of {(double)checkpoint["best_prec1"]:F2} % on all 10,000 test images");

    var (images, labels) = Cifar10.Read(dataFile);
    Tensor logits;
    using (Torch.NoGrad())
        logits = Torch.Cat(images.Split(batchSize).Select(model.Call).ToArray());

    var right = logits.Argmax(1).Eq(labels).Sum().Item<long>();
    Console.WriteLine($"test accuracy {100.0 * right / labels.Numel():F2} % ({right} of {labels.Numel()}), {clock.Elapsed.TotalSeconds:F1} s");
    if (logitsFile is not null)
        File.WriteAllBytes(logitsFile, logits.View(DType.UInt8).ToArray<byte>());
    return 0;
}
catch (Exception exception) when (exception is CheckpointException or IOException or UnauthorizedAccessException)
{
    return Fail(1, exception.Message);
}

static int Fail(int code, string message)
{
    Console.Error.WriteLine(message);
    return code;
}

// The folder "shared" beside the checkout that this program was built in; beside the working folder otherwise.
static string Shared()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "build.sh")))
            return Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared"));
    }
    return Path.GetFullPath(Path.Combine("..", "shared"));
}
