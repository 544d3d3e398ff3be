using System.Diagnostics;
using System.Globalization;
using TorchBind;
using TorchBind.Data;
using TorchBind.Examples.Digits;
using TorchBind.NN;
using TorchBind.Optim;

if (args is ["-h" or "--help", ..])
{
    Console.WriteLine(Options.Usage);
    return 0;
}
Options options;
try
{
    options = Options.Parse(args);
}
catch (Exception exception) when (exception is ArgumentException or FormatException)
{
    Console.Error.WriteLine(exception.Message);
    Console.Error.WriteLine(Options.Usage);
    return 2;
}

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var clock = Stopwatch.StartNew();
// For images of 8 x 8 pixels the threads' waiting for each other costs more than they save.
if ((options.Threads ?? (options.Data is null ? 1 : (int?)null)) is { } threads)
    Torch.SetNumThreads(threads);

// ---- the images -----------------------------------------------------------------------------------------------------

Dataset<Tensor[]> training, test;
long side;
try
{
    (training, test, side) = LoadImages(options);
}
catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
var (testImages, testLabels) = new DataLoader(test, batchSize: (int)test.Count).Single();

// ---- the network ----------------------------------------------------------------------------------------------------

Torch.ManualSeed(options.Seed);
var model = new DigitsNet(side);
if (options.Load is { } file)
{
    model.LoadStateDict(Torch.LoadStateDict(file));
    PrintAccuracy(Predict(model));
    if (options.Logits)
        PrintLogits(model);
    return 0;
}

var loader = new DataLoader(training, options.BatchSize, shuffle: true);
var criterion = new CrossEntropyLoss();
Optimizer optimizer = options.Optimizer == "sgd"
    ? new SGD(model.Parameters(), options.LearningRate, momentum: 0.9)
    : new Adam(model.Parameters(), options.LearningRate);

if (options.Losses is { } count)
{
    foreach (var loss in TrainingLosses().Take(count))
        Console.WriteLine(loss.ToString("G17"));
    return 0;
}

// ---- training -------------------------------------------------------------------------------------------------------

Console.WriteLine($"libtorch {Torch.Version}, {Torch.GetNumThreads()} threads; {training.Count} images to learn from, {test.Count} to be tested on");
Console.WriteLine(model);
var epochs = options.Epochs ?? (options.Data is null ? 12 : 3);
for (var epoch = 1; epoch <= epochs; epoch++)
{
    var progress = new ProgressBar($"epoch {epoch,2}/{epochs}", loader.Count);
    var sum = 0.0;
    var step = 0;
    foreach (var loss in Epoch())
    {
        sum += loss;
        progress.Report(++step, sum / step);
    }
}

// ---- testing, saving, loading ---------------------------------------------------------------------------------------

var predictions = Predict(model);
PrintAccuracy(predictions);
Torch.Save(model.StateDict(), options.Save);
Console.WriteLine($"saved to {options.Save} ({new FileInfo(options.Save).Length / 1024} KiB)");

var fresh = new DigitsNet(side);
var differentBefore = Different(Predict(fresh), predictions);
fresh.LoadStateDict(Torch.LoadStateDict(options.Save));
var differentAfter = Different(Predict(fresh), predictions);
Console.WriteLine($"a fresh model predicts {differentBefore} of the {test.Count} images differently; with the saved weights {differentAfter}");
if (options.Logits)
    PrintLogits(fresh);
Console.WriteLine($"{clock.Elapsed.TotalSeconds:F1} s");
return differentAfter == 0 ? 0 : 1;

// ---------------------------------------------------------------------------------------------------------------------

static (Dataset<Tensor[]> Training, Dataset<Tensor[]> Test, long Side) LoadImages(Options options)
{
    Images images;
    if (options.Data is { } folder)
    {
        var tested = ImageFiles.ReadMnist(folder, "t10k")
            ?? throw new FileNotFoundException($"{folder} has no t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with or without .gz.");
        if (ImageFiles.ReadMnist(folder, "train") is { } learned)
            return (new TensorDataset(learned.Pixels, learned.Labels), new TensorDataset(tested.Pixels, tested.Labels), learned.Side);
        images = tested;
    }
    else
    {
        images = ImageFiles.ReadDigits(Path.Combine(AppContext.BaseDirectory, "data", "digits.csv.gz"));
    }
    // A fifth is held out, always the same one for a seed.
    var parts = Dataset.RandomSplit(new TensorDataset(images.Pixels, images.Labels), [0.8, 0.2], new Generator().ManualSeed(options.Seed));
    return (parts[0], parts[1], images.Side);
}

// Trains for one epoch; gives the loss of each step.
IEnumerable<double> Epoch()
{
    model.Train();
    foreach (var (images, labels) in loader)
    {
        optimizer.ZeroGrad();
        var loss = criterion.Call(model.Call(images), labels);
        loss.Backward();
        optimizer.Step();
        yield return loss.Item<double>();
    }
}

IEnumerable<double> TrainingLosses()
{
    while (true)
    {
        foreach (var loss in Epoch())
            yield return loss;
    }
}

Tensor Logits(DigitsNet network)
{
    network.Eval();
    using (Torch.NoGrad())
        return network.Call(testImages);
}

long[] Predict(DigitsNet network) => Logits(network).Argmax(1).ToArray<long>();

static int Different(long[] first, long[] second) => first.Zip(second).Count(static pair => pair.First != pair.Second);

void PrintAccuracy(long[] predicted)
{
    var labels = testLabels.ToArray<long>();
    var right = labels.Length - Different(predicted, labels);
    Console.WriteLine($"test accuracy {100.0 * right / labels.Length:F2} % ({right} of {labels.Length})");
    for (long digit = 0; digit < 10; digit++)
    {
        var those = Enumerable.Range(0, labels.Length).Where(i => labels[i] == digit).ToArray();
        var found = those.Count(i => predicted[i] == digit);
        Console.WriteLine($"  digit {digit}: {100.0 * found / Math.Max(1, those.Length),6:F2} % ({found} of {those.Length})");
    }
}

void PrintLogits(DigitsNet network)
{
    foreach (var row in Logits(network).ToArray<float>().Chunk(10))
        Console.WriteLine("logits " + string.Join(' ', row.Select(static value => value.ToString("G9"))));
}
