namespace TorchBind.NN;

/// <summary>How a tensor is continued beyond its edge.</summary>
public enum PaddingMode
{
    /// <summary>By a constant: Python's <c>'constant'</c>.</summary>
    Constant = 0,
    /// <summary>By zeros: what convolutions call <c>'zeros'</c>.</summary>
    Zeros = 0,
    /// <summary>Mirrored, without repeating the edge: <c>'reflect'</c>.</summary>
    Reflect = 1,
    /// <summary>By the value at the edge: <c>'replicate'</c>.</summary>
    Replicate = 2,
    /// <summary>Around, from the other side: <c>'circular'</c>.</summary>
    Circular = 3,
}

/// <summary>How values between the given ones are found.</summary>
public enum InterpolationMode
{
    /// <summary><c>'nearest'</c></summary>
    Nearest,
    /// <summary><c>'linear'</c>: 3-dimensional inputs.</summary>
    Linear,
    /// <summary><c>'bilinear'</c>: 4-dimensional inputs.</summary>
    Bilinear,
    /// <summary><c>'bicubic'</c>: 4-dimensional inputs.</summary>
    Bicubic,
    /// <summary><c>'trilinear'</c>: 5-dimensional inputs.</summary>
    Trilinear,
    /// <summary><c>'area'</c></summary>
    Area,
    /// <summary><c>'nearest-exact'</c></summary>
    NearestExact,
}

/// <summary>How <see cref="Functional.GridSample"/> reads between points.</summary>
public enum GridSampleMode
{
    /// <summary><c>'bilinear'</c></summary>
    Bilinear = 0,
    /// <summary><c>'nearest'</c></summary>
    Nearest = 1,
    /// <summary><c>'bicubic'</c></summary>
    Bicubic = 2,
}

/// <summary>What <see cref="Functional.GridSample"/> reads outside of the input.</summary>
public enum GridSamplePadding
{
    /// <summary><c>'zeros'</c></summary>
    Zeros = 0,
    /// <summary><c>'border'</c></summary>
    Border = 1,
    /// <summary><c>'reflection'</c></summary>
    Reflection = 2,
}

/// <summary>How the embeddings of a bag are put together.</summary>
public enum EmbeddingBagMode
{
    /// <summary><c>'sum'</c></summary>
    Sum = 0,
    /// <summary><c>'mean'</c></summary>
    Mean = 1,
    /// <summary><c>'max'</c></summary>
    Max = 2,
}

/// <summary>How the Kullback-Leibler divergence is reduced.</summary>
public enum KLDivReduction
{
    /// <summary><c>'none'</c></summary>
    None = 0,
    /// <summary><c>'mean'</c>: over all elements.</summary>
    Mean = 1,
    /// <summary><c>'sum'</c></summary>
    Sum = 2,
    /// <summary><c>'batchmean'</c>: the sum divided by the size of the batch, the divergence as it is defined.</summary>
    BatchMean = 3,
}

/// <summary>How the Gaussian error linear unit is computed.</summary>
public enum GELUApproximation
{
    /// <summary><c>'none'</c>: by the error function.</summary>
    None,
    /// <summary><c>'tanh'</c>: by the hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>What follows a layer, for the gain of its initialisation.</summary>
public enum Nonlinearity
{
    /// <summary>Nothing: <c>'linear'</c>, and the names of convolutions.</summary>
    Linear,
    /// <summary><c>'sigmoid'</c></summary>
    Sigmoid,
    /// <summary><c>'tanh'</c></summary>
    Tanh,
    /// <summary><c>'relu'</c></summary>
    ReLU,
    /// <summary><c>'leaky_relu'</c></summary>
    LeakyReLU,
    /// <summary><c>'selu'</c></summary>
    SELU,
}

/// <summary>Which pass keeps its variance under an initialisation.</summary>
public enum FanMode
{
    /// <summary>The forward pass: <c>'fan_in'</c>.</summary>
    FanIn,
    /// <summary>The backward pass: <c>'fan_out'</c>.</summary>
    FanOut,
}

/// <summary>The padding of a convolution: numbers, or <c>"same"</c> and <c>"valid"</c>.</summary>
public readonly ref struct ConvPadding
{
    private ConvPadding(IntList values, string? name)
    {
        Values = values;
        Name = name;
    }

    /// <summary>The numbers; not given where there is a name.</summary>
    public IntList Values { get; }

    /// <summary><c>same</c>, <c>valid</c>, or null.</summary>
    public string? Name { get; }

    /// <summary>The same on all sides.</summary>
    public static implicit operator ConvPadding(int value) => new(value, null);
    /// <summary>The same on all sides.</summary>
    public static implicit operator ConvPadding(long value) => new(value, null);
    /// <summary>One number for each of two dimensions.</summary>
    public static implicit operator ConvPadding((long, long) values) => new(values, null);
    /// <summary>One number for each of three dimensions.</summary>
    public static implicit operator ConvPadding((long, long, long) values) => new(values, null);
    /// <summary>One number for each dimension.</summary>
    public static implicit operator ConvPadding(long[] values) => new(values, null);
    /// <summary>One number for each dimension.</summary>
    public static implicit operator ConvPadding(Shape values) => new(values, null);
    /// <summary>One number for each dimension.</summary>
    public static implicit operator ConvPadding(IntList values) => new(values, null);

    /// <summary><c>"same"</c>: the output has the input's size; <c>"valid"</c>: no padding.</summary>
    /// <exception cref="ArgumentException">Another text.</exception>
    public static implicit operator ConvPadding(string name) => name is "same" or "valid"
        ? new(default, name)
        : throw new ArgumentException($"Padding is a number, one for each dimension, \"same\" or \"valid\"; got \"{name}\".", nameof(name));
}
