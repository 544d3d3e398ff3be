using TorchBind.NN.Utils;

namespace TorchBind.NN;

/// <summary>
/// What RNN, LSTM and GRU have in common. Layer <c>l</c> has the parameters <c>weight_ih_l</c>, <c>weight_hh_l</c>, <c>bias_ih_l</c>,
/// <c>bias_hh_l</c>, with <c>_reverse</c> for the other direction, and <c>weight_hr_l</c> with projections. Mirrors <c>nn.RNNBase</c>.
/// </summary>
public abstract partial class RNNBase : Module
{
    private readonly List<string> _names = [];

    private protected RNNBase(
        int gates, long inputSize, long hiddenSize, long numLayers, bool bias, bool batchFirst, double dropout, bool bidirectional, long projSize,
        Device? device, DType? dtype)
    {
        if (!(dropout is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "The dropout is a probability, between 0 and 1.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numLayers);
        ArgumentOutOfRangeException.ThrowIfNegative(projSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(projSize, hiddenSize);
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        NumLayers = numLayers;
        Bias = bias;
        BatchFirst = batchFirst;
        Dropout = dropout;
        Bidirectional = bidirectional;
        ProjSize = projSize;
        var real = projSize > 0 ? projSize : hiddenSize;
        for (var layer = 0L; layer < numLayers; layer++)
        {
            for (var direction = 0; direction < Directions; direction++)
            {
                var suffix = $"l{ReprText.Of(layer)}{(direction == 1 ? "_reverse" : "")}";
                Add("weight_ih_" + suffix, (gates * hiddenSize, layer == 0 ? inputSize : real * Directions));
                Add("weight_hh_" + suffix, (gates * hiddenSize, real));
                if (bias)
                {
                    Add("bias_ih_" + suffix, gates * hiddenSize);
                    Add("bias_hh_" + suffix, gates * hiddenSize);
                }
                if (projSize > 0)
                    Add("weight_hr_" + suffix, (projSize, hiddenSize));
            }
        }
        ResetParameters();

        void Add(string name, IntList size)
        {
            RegisterParameter(name, Parameter.Empty(size, device, dtype));
            _names.Add(name);
        }
    }

    /// <summary>The size of an input.</summary>
    public long InputSize { get; }

    /// <summary>The size of the state.</summary>
    public long HiddenSize { get; }

    /// <summary>The number of layers.</summary>
    public long NumLayers { get; }

    /// <summary>Whether there are biases.</summary>
    public bool Bias { get; }

    /// <summary>Whether inputs and outputs are (N, T, *).</summary>
    public bool BatchFirst { get; }

    /// <summary>The probability of dropout between layers.</summary>
    public double Dropout { get; set; }

    /// <summary>Whether sequences are also read backwards.</summary>
    public bool Bidirectional { get; }

    /// <summary>The size of the projections of an LSTM; 0: none.</summary>
    public long ProjSize { get; }

    private int Directions => Bidirectional ? 2 : 1;

    private long OutputSize => ProjSize > 0 ? ProjSize : HiddenSize;

    /// <summary>The parameters by layer and direction. Mirrors <c>all_weights</c>.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>> AllWeights
    {
        get
        {
            var each = _names.Count / ((int)NumLayers * Directions);
            return [.. FlatWeights().Chunk(each)];
        }
    }

    private protected Tensor[] FlatWeights()
    {
        var weights = new Tensor[_names.Count];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = TensorOf(_names[i]) ?? throw new InvalidOperationException($"The parameter '{_names[i]}' was removed.");
        return weights;
    }

    /// <summary>Draws all parameters anew, uniformly from ±1/sqrt(hidden).</summary>
    public void ResetParameters()
    {
        var bound = 1.0 / Math.Sqrt(HiddenSize);
        foreach (var parameter in Parameters())
            Init.Uniform_(parameter, -bound, bound);
    }

    /// <summary>An input made ready: with a batch, and where it came from.</summary>
    private protected readonly record struct Ready(Tensor Input, Tensor? BatchSizes, Tensor? Sorted, Tensor? Unsorted, bool Batched, long Batch);

    private protected Ready Prepare(Tensor? input, PackedSequence? packed)
    {
        Ready ready;
        if (packed is not null)
        {
            ready = new Ready(packed.Data, packed.BatchSizes, packed.SortedIndices, packed.UnsortedIndices, true, packed.BatchSizes[0].Item<long>());
        }
        else
        {
            ArgumentNullException.ThrowIfNull(input);
            if (input.NDim is not (2 or 3))
                throw new ArgumentException($"{GetName()} takes a sequence of 2 dimensions, or a batch of 3; this input has {input.NDim}.", nameof(input));
            var batched = input.NDim == 3;
            if (!batched)
                input = input.Unsqueeze(BatchFirst ? 0 : 1);
            ready = new Ready(input, null, null, null, batched, input.Size(BatchFirst ? 0 : 1));
        }
        if (ready.Input.Size(-1) != InputSize)
            throw new ArgumentException($"The last dimension of the input has {ready.Input.Size(-1)} entries, and InputSize is {InputSize}.", nameof(input));
        return ready;
    }

    /// <summary>A state made ready: zeros where none is given.</summary>
    private protected Tensor State(Tensor? state, Ready ready, bool projected)
    {
        var size = projected ? OutputSize : HiddenSize;
        Shape wanted = [NumLayers * Directions, ready.Batch, size];
        if (state is null)
            return Torch.Zeros(wanted, dtype: ready.Input.DType, device: ready.Input.Device);
        var dims = ready.Batched ? 3 : 2;
        if (state.NDim != dims)
            throw new ArgumentException($"To {(ready.Batched ? "a batch" : "a single sequence")} belongs a state of {dims} dimensions; this one has {state.NDim}.", nameof(state));
        if (!ready.Batched)
            state = state.Unsqueeze(1);
        if (state.Shape != wanted)
            throw new ArgumentException($"The state must have the shape {wanted}, not {state.Shape}.", nameof(state));
        return ready.Sorted is null ? state : state.IndexSelect(1, ready.Sorted);
    }

    private protected Tensor Output(Tensor output, Ready ready) => ready.Batched ? output : output.Squeeze(BatchFirst ? 0 : 1);

    private protected static Tensor Final(Tensor state, Ready ready) =>
        ready.Unsorted is not null ? state.IndexSelect(1, ready.Unsorted) : ready.Batched ? state : state.Squeeze(1);

    /// <inheritdoc/>
    protected internal override string ExtraRepr()
    {
        var text = $"{ReprText.Of(InputSize)}, {ReprText.Of(HiddenSize)}";
        if (ProjSize != 0)
            text += $", proj_size={ReprText.Of(ProjSize)}";
        if (NumLayers != 1)
            text += $", num_layers={ReprText.Of(NumLayers)}";
        if (!Bias)
            text += ", bias=False";
        if (BatchFirst)
            text += ", batch_first=True";
        if (Dropout != 0)
            text += $", dropout={ReprText.Of(Dropout)}";
        if (Bidirectional)
            text += ", bidirectional=True";
        return text;
    }
}

/// <summary>What RNN and GRU have in common: one state.</summary>
public abstract partial class RNNWithOneState : RNNBase
{
    private protected RNNWithOneState(
        int gates, long inputSize, long hiddenSize, long numLayers, bool bias, bool batchFirst, double dropout, bool bidirectional, Device? device,
        DType? dtype)
        : base(gates, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, 0, device, dtype)
    {
    }

    private protected abstract (Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, Tensor state);

    /// <summary>Runs the module over a batch of sequences, with its hooks.</summary>
    /// <param name="input">(T, N, in), (N, T, in) with batchFirst, or (T, in).</param>
    /// <param name="hx">(layers * directions, N, hidden), without N for an input without. Default: zeros.</param>
    /// <returns>The outputs of all steps, (T, N, directions * hidden) in the input's form, and the last state.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public (Tensor Output, Tensor Hidden) Call(Tensor input, Tensor? hx = null) => HasCallHooks
        ? ((Tensor, Tensor))CallForward([input, hx], inputs => Forward((Tensor)inputs[0]!, (Tensor?)inputs[1]))!
        : Forward(input, hx);

    /// <summary>Runs the module over packed sequences, with its hooks.</summary>
    /// <param name="input">The sequences.</param>
    /// <param name="hx">(layers * directions, N, hidden). Default: zeros.</param>
    /// <returns>The outputs of all steps, packed alike, and the last states in the order before packing.</returns>
    public (PackedSequence Output, Tensor Hidden) Call(PackedSequence input, Tensor? hx = null) =>
        ((PackedSequence, Tensor))CallForward([input, hx], inputs => Forward((PackedSequence)inputs[0]!, (Tensor?)inputs[1]))!;

    private (Tensor, Tensor) Forward(Tensor input, Tensor? hx)
    {
        var ready = Prepare(input, null);
        var (output, hidden) = Run(ready.Input, null, State(hx, ready, true));
        return (Output(output, ready), Final(hidden, ready));
    }

    private (PackedSequence, Tensor) Forward(PackedSequence input, Tensor? hx)
    {
        var ready = Prepare(null, input);
        var (output, hidden) = Run(ready.Input, ready.BatchSizes, State(hx, ready, true));
        return (new PackedSequence(output, input.BatchSizes, input.SortedIndices, input.UnsortedIndices), Final(hidden, ready));
    }
}

/// <summary>Elman's recurrent network: <c>h' = tanh(W x + b + U h + c)</c>, or with a ReLU. Mirrors <c>nn.RNN</c>.</summary>
public partial class RNN : RNNWithOneState
{
    /// <summary>Makes the layers; all parameters are drawn uniformly from ±1/sqrt(hidden).</summary>
    /// <param name="inputSize">The size of an input.</param>
    /// <param name="hiddenSize">The size of the state.</param>
    /// <param name="numLayers">The number of layers. Default: 1.</param>
    /// <param name="nonlinearity">Tanh or ReLU. Default: Tanh.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="batchFirst">Whether inputs and outputs are (N, T, *). Default: false.</param>
    /// <param name="dropout">The probability of dropout between layers. Default: 0.</param>
    /// <param name="bidirectional">Whether sequences are also read backwards. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The nonlinearity is another, or a number is out of its range.</exception>
    public RNN(
        long inputSize, long hiddenSize, long numLayers = 1, Nonlinearity nonlinearity = Nonlinearity.Tanh, bool bias = true, bool batchFirst = false,
        double dropout = 0.0, bool bidirectional = false, Device? device = null, DType? dtype = null)
        : base(1, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype)
    {
        if (nonlinearity is not (Nonlinearity.Tanh or Nonlinearity.ReLU))
            throw new ArgumentException($"The nonlinearity is Tanh or ReLU, got {nonlinearity}.", nameof(nonlinearity));
        Nonlinearity = nonlinearity;
    }

    /// <summary>Tanh or ReLU.</summary>
    public Nonlinearity Nonlinearity { get; }

    private protected override (Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, Tensor state)
    {
        var weights = FlatWeights();
        if (batchSizes is null)
        {
            return Nonlinearity == Nonlinearity.Tanh
                ? Torch.RnnTanh(input, state, weights, Bias, NumLayers, Dropout, Training, Bidirectional, BatchFirst)
                : Torch.RnnRelu(input, state, weights, Bias, NumLayers, Dropout, Training, Bidirectional, BatchFirst);
        }
        return Nonlinearity == Nonlinearity.Tanh
            ? Torch.RnnTanh(input, batchSizes, state, weights, Bias, NumLayers, Dropout, Training, Bidirectional)
            : Torch.RnnRelu(input, batchSizes, state, weights, Bias, NumLayers, Dropout, Training, Bidirectional);
    }
}

/// <summary>Gated recurrent units. Mirrors <c>nn.GRU</c>.</summary>
public partial class GRU : RNNWithOneState
{
    /// <summary>Makes the layers; all parameters are drawn uniformly from ±1/sqrt(hidden).</summary>
    /// <param name="inputSize">The size of an input.</param>
    /// <param name="hiddenSize">The size of the state.</param>
    /// <param name="numLayers">The number of layers. Default: 1.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="batchFirst">Whether inputs and outputs are (N, T, *). Default: false.</param>
    /// <param name="dropout">The probability of dropout between layers. Default: 0.</param>
    /// <param name="bidirectional">Whether sequences are also read backwards. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public GRU(
        long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false,
        Device? device = null, DType? dtype = null)
        : base(3, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype)
    {
    }

    private protected override (Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, Tensor state) => batchSizes is null
        ? Torch.Gru(input, state, FlatWeights(), Bias, NumLayers, Dropout, Training, Bidirectional, BatchFirst)
        : Torch.Gru(input, batchSizes, state, FlatWeights(), Bias, NumLayers, Dropout, Training, Bidirectional);
}

/// <summary>Long short-term memory. Mirrors <c>nn.LSTM</c>.</summary>
public partial class LSTM : RNNBase
{
    /// <summary>Makes the layers; all parameters are drawn uniformly from ±1/sqrt(hidden).</summary>
    /// <param name="inputSize">The size of an input.</param>
    /// <param name="hiddenSize">The size of the state.</param>
    /// <param name="numLayers">The number of layers. Default: 1.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="batchFirst">Whether inputs and outputs are (N, T, *). Default: false.</param>
    /// <param name="dropout">The probability of dropout between layers. Default: 0.</param>
    /// <param name="bidirectional">Whether sequences are also read backwards. Default: false.</param>
    /// <param name="projSize">The size to which the hidden state is projected. Default: 0, not at all.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public LSTM(
        long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false,
        long projSize = 0, Device? device = null, DType? dtype = null)
        : base(4, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, projSize, device, dtype)
    {
    }

    /// <summary>Runs the module over a batch of sequences, with its hooks.</summary>
    /// <param name="input">(T, N, in), (N, T, in) with batchFirst, or (T, in).</param>
    /// <param name="hx">Hidden state (layers * directions, N, hidden or projection) and cell state (layers * directions, N, hidden), without N for an input without. Default: zeros.</param>
    /// <returns>The outputs of all steps, in the input's form, and the last states.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public (Tensor Output, (Tensor H, Tensor C) Hidden) Call(Tensor input, (Tensor H, Tensor C)? hx = null) => HasCallHooks
        ? ((Tensor, (Tensor, Tensor)))CallForward([input, hx], inputs => Forward((Tensor)inputs[0]!, ((Tensor, Tensor)?)inputs[1]))!
        : Forward(input, hx);

    /// <summary>Runs the module over packed sequences, with its hooks.</summary>
    /// <param name="input">The sequences.</param>
    /// <param name="hx">Hidden state and cell state. Default: zeros.</param>
    /// <returns>The outputs of all steps, packed alike, and the last states in the order before packing.</returns>
    public (PackedSequence Output, (Tensor H, Tensor C) Hidden) Call(PackedSequence input, (Tensor H, Tensor C)? hx = null) =>
        ((PackedSequence, (Tensor, Tensor)))CallForward([input, hx], inputs => Forward((PackedSequence)inputs[0]!, ((Tensor, Tensor)?)inputs[1]))!;

    private (Tensor, (Tensor, Tensor)) Forward(Tensor input, (Tensor H, Tensor C)? hx)
    {
        var ready = Prepare(input, null);
        var (output, h, c) = Torch.Lstm(
            ready.Input, [State(hx?.H, ready, true), State(hx?.C, ready, false)], FlatWeights(), Bias, NumLayers, Dropout, Training, Bidirectional, BatchFirst);
        return (Output(output, ready), (Final(h, ready), Final(c, ready)));
    }

    private (PackedSequence, (Tensor, Tensor)) Forward(PackedSequence input, (Tensor H, Tensor C)? hx)
    {
        var ready = Prepare(null, input);
        var (output, h, c) = Torch.Lstm(
            ready.Input, ready.BatchSizes!, [State(hx?.H, ready, true), State(hx?.C, ready, false)], FlatWeights(), Bias, NumLayers, Dropout, Training, Bidirectional);
        return (new PackedSequence(output, input.BatchSizes, input.SortedIndices, input.UnsortedIndices), (Final(h, ready), Final(c, ready)));
    }
}

/// <summary>What the cells have in common. Mirrors <c>nn.RNNCellBase</c>.</summary>
public abstract partial class RNNCellBase : Module
{
    private protected RNNCellBase(long inputSize, long hiddenSize, bool bias, int chunks, Device? device, DType? dtype)
    {
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        WeightIh = Parameter.Empty((chunks * hiddenSize, inputSize), device, dtype);
        WeightHh = Parameter.Empty((chunks * hiddenSize, hiddenSize), device, dtype);
        if (bias)
        {
            BiasIh = Parameter.Empty(chunks * hiddenSize, device, dtype);
            BiasHh = Parameter.Empty(chunks * hiddenSize, device, dtype);
        }
        ResetParameters();
    }

    /// <summary>The size of an input.</summary>
    public long InputSize { get; }

    /// <summary>The size of the state.</summary>
    public long HiddenSize { get; }

    /// <summary>(gates * hidden, in).</summary>
    public Parameter WeightIh { get => Effective(field); set; }

    /// <summary>(gates * hidden, hidden).</summary>
    public Parameter WeightHh { get => Effective(field); set; }

    /// <summary>(gates * hidden), or null.</summary>
    public Parameter? BiasIh { get => Effective(field); set; }

    /// <summary>(gates * hidden), or null.</summary>
    public Parameter? BiasHh { get => Effective(field); set; }

    /// <summary>Draws all parameters anew, uniformly from ±1/sqrt(hidden).</summary>
    public void ResetParameters()
    {
        var bound = HiddenSize > 0 ? 1.0 / Math.Sqrt(HiddenSize) : 0;
        foreach (var parameter in Parameters())
            Init.Uniform_(parameter, -bound, bound);
    }

    private protected Tensor Ready(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim is not (1 or 2))
            throw new ArgumentException($"{GetName()} takes an input of 1 dimension, or a batch of 2; this one has {input.NDim}.", nameof(input));
        return input.NDim == 2 ? input : input.Unsqueeze(0);
    }

    private protected Tensor State(Tensor? state, Tensor input, bool batched)
    {
        if (state is null)
            return Torch.Zeros((input.Size(0), HiddenSize), dtype: input.DType, device: input.Device);
        if (state.NDim is not (1 or 2))
            throw new ArgumentException($"The state of {GetName()} has 1 dimension, or 2 for a batch; this one has {state.NDim}.", nameof(state));
        return batched ? state : state.Unsqueeze(0);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"{ReprText.Of(InputSize)}, {ReprText.Of(HiddenSize)}{(BiasIh is null ? ", bias=False" : "")}";
}

/// <summary>One step of an Elman network. Mirrors <c>nn.RNNCell</c>.</summary>
public partial class RNNCell : RNNCellBase
{
    /// <summary>Makes the cell; all parameters are drawn uniformly from ±1/sqrt(hidden).</summary>
    /// <param name="inputSize">The size of an input.</param>
    /// <param name="hiddenSize">The size of the state.</param>
    /// <param name="bias">Whether there are biases. Default: true.</param>
    /// <param name="nonlinearity">Tanh or ReLU. Default: Tanh.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The nonlinearity is another.</exception>
    public RNNCell(
        long inputSize, long hiddenSize, bool bias = true, Nonlinearity nonlinearity = Nonlinearity.Tanh, Device? device = null, DType? dtype = null)
        : base(inputSize, hiddenSize, bias, 1, device, dtype)
    {
        if (nonlinearity is not (Nonlinearity.Tanh or Nonlinearity.ReLU))
            throw new ArgumentException($"The nonlinearity is Tanh or ReLU, got {nonlinearity}.", nameof(nonlinearity));
        Nonlinearity = nonlinearity;
    }

    /// <summary>Tanh or ReLU.</summary>
    public Nonlinearity Nonlinearity { get; }

    /// <summary>Runs the cell with its hooks.</summary>
    /// <param name="input">(N, in) or (in).</param>
    /// <param name="hx">(N, hidden) or (hidden). Default: zeros.</param>
    /// <returns>The next state.</returns>
    public Tensor Call(Tensor input, Tensor? hx = null) =>
        (Tensor)CallForward([input, hx], inputs => Forward((Tensor)inputs[0]!, (Tensor?)inputs[1]))!;

    private Tensor Forward(Tensor input, Tensor? hx)
    {
        var x = Ready(input);
        var batched = input.NDim == 2;
        var h = State(hx, x, batched);
        var next = Nonlinearity == Nonlinearity.Tanh
            ? Torch.RnnTanhCell(x, h, WeightIh, WeightHh, BiasIh, BiasHh)
            : Torch.RnnReluCell(x, h, WeightIh, WeightHh, BiasIh, BiasHh);
        return batched ? next : next.Squeeze(0);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => base.ExtraRepr() + (Nonlinearity == Nonlinearity.ReLU ? ", nonlinearity=relu" : "");
}

/// <summary>One step of a long short-term memory. Mirrors <c>nn.LSTMCell</c>.</summary>
/// <param name="inputSize">The size of an input.</param>
/// <param name="hiddenSize">The size of the state.</param>
/// <param name="bias">Whether there are biases. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
public partial class LSTMCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, DType? dtype = null)
    : RNNCellBase(inputSize, hiddenSize, bias, 4, device, dtype)
{
    /// <summary>Runs the cell with its hooks.</summary>
    /// <param name="input">(N, in) or (in).</param>
    /// <param name="hx">Hidden state and cell state, (N, hidden) or (hidden) each. Default: zeros.</param>
    /// <returns>The next states.</returns>
    public (Tensor H, Tensor C) Call(Tensor input, (Tensor H, Tensor C)? hx = null) =>
        ((Tensor, Tensor))CallForward([input, hx], inputs => Forward((Tensor)inputs[0]!, ((Tensor, Tensor)?)inputs[1]))!;

    private (Tensor, Tensor) Forward(Tensor input, (Tensor H, Tensor C)? hx)
    {
        var x = Ready(input);
        var batched = input.NDim == 2;
        Tensor h0, c0;
        if (hx is var (h, c))
            (h0, c0) = (State(h, x, batched), State(c, x, batched));
        else
            h0 = c0 = State(null, x, batched);
        var (next, cell) = Torch.LstmCell(x, [h0, c0], WeightIh, WeightHh, BiasIh, BiasHh);
        return batched ? (next, cell) : (next.Squeeze(0), cell.Squeeze(0));
    }
}

/// <summary>One step of gated recurrent units. Mirrors <c>nn.GRUCell</c>.</summary>
/// <param name="inputSize">The size of an input.</param>
/// <param name="hiddenSize">The size of the state.</param>
/// <param name="bias">Whether there are biases. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
public partial class GRUCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, DType? dtype = null)
    : RNNCellBase(inputSize, hiddenSize, bias, 3, device, dtype)
{
    /// <summary>Runs the cell with its hooks.</summary>
    /// <param name="input">(N, in) or (in).</param>
    /// <param name="hx">(N, hidden) or (hidden). Default: zeros.</param>
    /// <returns>The next state.</returns>
    public Tensor Call(Tensor input, Tensor? hx = null) =>
        (Tensor)CallForward([input, hx], inputs => Forward((Tensor)inputs[0]!, (Tensor?)inputs[1]))!;

    private Tensor Forward(Tensor input, Tensor? hx)
    {
        var x = Ready(input);
        var batched = input.NDim == 2;
        var next = Torch.GruCell(x, State(hx, x, batched), WeightIh, WeightHh, BiasIh, BiasHh);
        return batched ? next : next.Squeeze(0);
    }
}
