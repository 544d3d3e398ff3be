namespace TorchBind.Optim;

/// <summary>
/// A number that is, as in Python, either a plain one (double precision) or a tensor of no dimensions (its own precision), with
/// Python's rules for mixing the two. A line search in LBFGS does both, and rounds accordingly.
/// </summary>
internal readonly struct PythonNumber
{
    private readonly double _number;
    private readonly Tensor? _tensor;

    private PythonNumber(double number) => _number = number;

    private PythonNumber(Tensor tensor) => _tensor = tensor;

    /// <summary>What a state dict keeps: a double or a tensor.</summary>
    internal object Value => _tensor is null ? _number : _tensor;

    internal static PythonNumber Of(object? value) => value is Tensor tensor ? tensor : PythonData.ToDouble(value, "t");

    public static implicit operator PythonNumber(double number) => new(number);

    public static implicit operator PythonNumber(Tensor tensor) => new(tensor);

    /// <summary>The value in double precision.</summary>
    internal double ToDouble() => _tensor is null ? _number : _tensor.Item<double>();

    public static PythonNumber operator +(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number + b._number,
        (null, { } y) => y.Add(a._number),
        ({ } x, null) => x.Add(b._number),
        ({ } x, { } y) => x.Add(y),
    };

    public static PythonNumber operator -(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number - b._number,
        (null, { } y) => Torch.Rsub(y, a._number),
        ({ } x, null) => x.Sub(b._number),
        ({ } x, { } y) => x.Sub(y),
    };

    public static PythonNumber operator *(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number * b._number,
        (null, { } y) => y.Mul(a._number),
        ({ } x, null) => x.Mul(b._number),
        ({ } x, { } y) => x.Mul(y),
    };

    public static PythonNumber operator /(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number / b._number,
        (null, { } y) => y.Reciprocal().Mul_(a._number),
        ({ } x, null) => x.Div(b._number),
        ({ } x, { } y) => x.Div(y),
    };

    public static PythonNumber operator -(PythonNumber a) => a._tensor is null ? -a._number : a._tensor.Neg();

    public static bool operator <(PythonNumber a, PythonNumber b) => b > a;

    public static bool operator >(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number > b._number,
        (null, { } y) => y.Lt(a._number).Item<bool>(),
        ({ } x, null) => x.Gt(b._number).Item<bool>(),
        ({ } x, { } y) => x.Gt(y).Item<bool>(),
    };

    public static bool operator <=(PythonNumber a, PythonNumber b) => b >= a;

    public static bool operator >=(PythonNumber a, PythonNumber b) => (a._tensor, b._tensor) switch
    {
        (null, null) => a._number >= b._number,
        (null, { } y) => y.Le(a._number).Item<bool>(),
        ({ } x, null) => x.Ge(b._number).Item<bool>(),
        ({ } x, { } y) => x.Ge(y).Item<bool>(),
    };

    internal PythonNumber Abs() => _tensor is null ? Math.Abs(_number) : _tensor.Abs();

    internal PythonNumber Square() => _tensor is null ? _number * _number : _tensor.Pow(2);

    internal PythonNumber Sqrt() => _tensor is null ? Math.Sqrt(_number) : _tensor.Sqrt();

    /// <summary>Python's min: the first unless the second is smaller.</summary>
    internal static PythonNumber Min(PythonNumber a, PythonNumber b) => b < a ? b : a;

    /// <summary>Python's max: the first unless the second is larger.</summary>
    internal static PythonNumber Max(PythonNumber a, PythonNumber b) => b > a ? b : a;
}
