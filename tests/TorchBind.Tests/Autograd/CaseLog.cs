using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace TorchBind.Tests.Autograd;

/// <summary>
/// Lines that a case writes, in the form in which the oracles of autograd write them (tests/oracle/autograd_log.py): what the same case in Python
/// wrote must be the same.
/// </summary>
public sealed class CaseLog
{
    public List<string> Lines { get; } = [];

    public void Add(params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
            Lines.Add(Show(value));
    }

    /// <summary>What stands in place of a message that is ours: Python says the same in other words.</summary>
    private const string OwnWords = " (in our words)";

    /// <summary>
    /// The exception of an action by Python's name for its type, and the first line of its message, where the message is libtorch's. Messages of
    /// TorchBind's are its own.
    /// </summary>
    /// <param name="action">What fails.</param>
    /// <param name="part">What the message must contain; Python's line says the same of its own.</param>
    /// <param name="own">What the message must contain, where it is one of the native shim's.</param>
    public void Error(Action action, string? part = null, string? own = null)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is not NUnit.Framework.ResultStateException)
        {
            if (part is not null)
                Lines.Add(Message(exception).Contains(part, StringComparison.Ordinal) ? "true" : exception.Message);
            else
            {
                var ours = own is null ? IsOurs(exception) : Message(exception).Contains(own, StringComparison.Ordinal);
                Lines.Add($"{PythonName(exception)}:{(ours ? OwnWords : " " + FirstLine(exception))}");
            }
            return;
        }
        Lines.Add("no error");
    }

    /// <summary>Whether a line says the same as Python's.</summary>
    public static bool Agree(string line, string python) =>
        line == python || (line.EndsWith(OwnWords, StringComparison.Ordinal) && python.StartsWith(line[..^OwnWords.Length], StringComparison.Ordinal));

    /// <summary>Whether managed code of TorchBind's threw this, and not the code that turns libtorch's errors into exceptions.</summary>
    private static bool IsOurs(Exception exception) =>
        new System.Diagnostics.StackTrace(exception).GetFrame(0)?.GetMethod()?.DeclaringType is { Namespace: { } name } type
        && type.Assembly == typeof(Tensor).Assembly && name != "TorchBind.Interop";

    private static string FirstLine(Exception exception) => Message(exception).Trim().Split('\n')[0];

    private static string Message(Exception exception)
    {
        // Python rewrites these names of libtorch's.
        var text = exception.Message.Replace("CPUDoubleType", "torch.DoubleTensor", StringComparison.Ordinal)
            .Replace("CPUFloatType", "torch.FloatTensor", StringComparison.Ordinal);
        // .NET appends the parameter's name.
        if (exception is ArgumentException { ParamName: { } name })
            text = text.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal);
        return text;
    }

    private static string PythonName(Exception exception) => exception switch
    {
        NotSupportedException or NotImplementedException => "NotImplementedError",
        TorchTypeException => "TypeError",
        TorchIndexException => "IndexError",
        ArgumentException => "ValueError",
        TorchBind.Autograd.GradCheckException => "GradcheckError",
        TorchException => "RuntimeError",
        KeyNotFoundException => "KeyError",
        _ => exception.GetType().Name,
    };

    public static string Show(object? value)
    {
        switch (value)
        {
            case null:
                return "None";
            case bool flag:
                return flag ? "true" : "false";
            case int or long:
                return Convert.ToString(value, CultureInfo.InvariantCulture)!;
            case double number:
                return TensorBits.Hex(number);
            case string text:
                return text;
            case Tensor tensor:
                return Show(tensor);
            case ITuple tuple:
                return "(" + string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Show(tuple[i]))) + ")";
            case IDictionary dictionary:
                return Show(dictionary.Values);
            case IEnumerable items:
                return "(" + string.Join(", ", items.Cast<object?>().Select(Show)) + ")";
            default:
                throw new NotSupportedException(value.GetType().Name);
        }
    }

    private static string Show(Tensor tensor)
    {
        var plain = tensor.Detach();
        if (plain.Layout != Layout.Strided)
            plain = plain.ToDense();
        plain = plain.ResolveConj().ResolveNeg();
        var grad = tensor.RequiresGrad ? " grad" : "";
        return $"{plain.DType.Name()}{tensor.Shape}{grad}:{Convert.ToHexStringLower(TensorBits.Bytes(plain.Clone(MemoryFormat.Contiguous)))}";
    }
}

/// <summary>Runs the cases of one oracle; the Python program runs once for all of them.</summary>
internal sealed class CaseOracle(string script)
{
    private static readonly Lazy<Dictionary<string, Dictionary<string, List<string>>>> s_python =
        new(() => PythonOracle.RunJson<Dictionary<string, Dictionary<string, List<string>>>>("autograd_all.py"));

    /// <summary>Runs a case with the oracle's seed and compares what it writes with what Python wrote.</summary>
    public void Compare(string name, Action<CaseLog> body)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var expected = s_python.Value[script][name];
        var threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1);
        var log = new CaseLog();
        try
        {
            Torch.ManualSeed(0).Dispose();
            body(log);
        }
        finally
        {
            Torch.SetNumThreads(threads);
        }
        var count = Math.Max(log.Lines.Count, expected.Count);
        var differences = Enumerable.Range(0, count).Where(i => !CaseLog.Agree(At(log.Lines, i), At(expected, i)))
            .Select(i => $"line {i}:\n  Python: {At(expected, i)}\n  C#:     {At(log.Lines, i)}");
        Assert.That(differences, Is.Empty, $"{script}: {name}");

        static string At(List<string> lines, int index) => index < lines.Count ? lines[index] : "nothing";
    }

    /// <summary>The names of the cases that Python ran; empty where there is no Python.</summary>
    public IEnumerable<string> Names => PythonOracle.IsAvailable ? s_python.Value[script].Keys : [];
}

/// <summary>A class of cases: each is a method that writes into a log, and a function of the same name in a Python program.</summary>
public interface ICaseSuite
{
    /// <summary>The program, in tests/oracle.</summary>
    static abstract string Program { get; }

    /// <summary>The methods, by the names of the functions.</summary>
    static abstract Dictionary<string, Action<CaseLog>> Cases { get; }
}

/// <summary>Compares every case with Python.</summary>
[NonParallelizable]
public abstract class CaseTests<TSuite> where TSuite : ICaseSuite
{
    private static readonly CaseOracle s_oracle = new(TSuite.Program);

    private static IEnumerable<string> Names => TSuite.Cases.Keys;

    [TestCaseSource(nameof(Names))]
    public void SameAsPython(string name) => s_oracle.Compare(name, TSuite.Cases[name]);

    [Test]
    public void NoCaseIsMissing() => Assert.That(s_oracle.Names.Except(TSuite.Cases.Keys), Is.Empty);

    protected static Tensor Rand(params ReadOnlySpan<long> shape) => Torch.Randn(new IntList(shape), dtype: DType.Float64);

    protected static Tensor Leaf(params ReadOnlySpan<long> shape) => Rand(shape).RequiresGrad_();

    protected static Tensor Ones(params ReadOnlySpan<long> shape) => Torch.Ones(new IntList(shape), dtype: DType.Float64);
}
