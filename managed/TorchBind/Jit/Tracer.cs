using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.NN;

namespace TorchBind.Jit;

/// <summary>Records what a function does with example inputs as a TorchScript module.</summary>
internal static unsafe class Tracer
{
    [ThreadStatic]
    private static bool t_active;

    /// <summary>Whether this thread records a trace.</summary>
    internal static bool IsActive { get => t_active; private set => t_active = value; }

    private sealed record Context(Func<ScriptValue[], ScriptValue> Function);

    public static ScriptModule Trace(Module? module, Func<ScriptValue[], ScriptValue> function, ScriptValue[] inputs, string name, bool strict, bool checkTrace, IReadOnlyList<string>? argumentNames)
    {
        var made = new Dictionary<Module, ScriptHandle>(ReferenceEqualityComparer.Instance);
        var root = module is null ? ScriptModule.New("Traced", null) : Build(module, null, made);
        try
        {
            Record(root, function, inputs, name, strict, argumentNames ?? []);
        }
        catch
        {
            root.Dispose();
            throw;
        }
        finally
        {
            foreach (var handle in made.Values)
            {
                if (!ReferenceEquals(handle, root))
                    handle.Dispose();
            }
        }
        var traced = new ScriptModule(root);
        if (checkTrace && module is not { Training: true })
            Check(traced, function, inputs, name);
        return traced;
    }

    // A script module with the parameters, buffers and children of a module, on the same tensors.
    private static ScriptHandle Build(Module module, ScriptHandle? owner, Dictionary<Module, ScriptHandle> made)
    {
        if (made.TryGetValue(module, out var known))
            return known;
        var handle = ScriptModule.New(ClassName(module), owner);
        made.Add(module, handle);
        foreach (var (name, parameter) in module.NamedParameters(recurse: false))
            Register(handle, name, 1, parameter);
        foreach (var (name, buffer) in module.NamedBuffers(recurse: false))
            Register(handle, name, 2, buffer);
        foreach (var (name, child) in module.NamedChildren())
        {
            using var held = new HandleBorrow(Build(child, owner ?? handle, made));
            Register(handle, name, new tb_value { kind = (int)tb_value_kind.TB_VALUE_OBJECT, p = (void*)held.Handle });
        }
        using var self = new HandleBorrow(handle);
        NativeError.Check(NativeMethods.tb_module_set_training(self.Handle, module.Training ? (byte)1 : (byte)0));
        return handle;
    }

    private static string ClassName(Module module)
    {
        var name = new string([.. module.GetName().Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
        return name.Length == 0 || char.IsAsciiDigit(name[0]) ? "_" + name : name;
    }

    private static void Register(ScriptHandle handle, string name, int role, Tensor tensor)
    {
        using var self = new HandleBorrow(handle);
        using var borrow = new Borrow(tensor, name);
        var node = new tb_value { kind = (int)tb_value_kind.TB_VALUE_TENSOR, p = (void*)borrow.Handle };
        fixed (byte* text = ScriptAccess.Utf8(name))
            NativeError.Check(NativeMethods.tb_module_register(self.Handle, text, role, null, &node, 1));
    }

    private static void Register(ScriptHandle handle, string name, tb_value child)
    {
        using var self = new HandleBorrow(handle);
        fixed (byte* text = ScriptAccess.Utf8(name))
            NativeError.Check(NativeMethods.tb_module_register(self.Handle, text, 3, null, &child, 1));
    }

    private static void Record(ScriptHandle handle, Func<ScriptValue[], ScriptValue> function, ScriptValue[] inputs, string method, bool strict, IReadOnlyList<string> argumentNames)
    {
        using var self = new HandleBorrow(handle);
        using var writer = new ValueWriter();
        foreach (var input in inputs)
            writer.Write(input, nameof(inputs));
        using var names = new TextListArgument([.. argumentNames]);
        var context = GCHandle.Alloc(new Context(function));
        try
        {
            fixed (byte* text = ScriptAccess.Utf8(method))
            fixed (tb_value* nodes = writer.Nodes)
            {
                NativeError.Check(NativeMethods.tb_module_trace(self.Handle, text, nodes, writer.Count, inputs.Length, names.Pointer, names.Length,
                    strict ? (byte)1 : (byte)0, &Run, (void*)GCHandle.ToIntPtr(context)));
            }
        }
        finally
        {
            context.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Run(void* context, tb_value* inputs, long count, long inputsCount, void* sink)
    {
        try
        {
            var function = ((Context)GCHandle.FromIntPtr((nint)context).Target!).Function;
            IsActive = true; // no trace begins inside of another
            var result = function(ValueReader.ReadAll(inputs, count));
            using var writer = new ValueWriter();
            writer.Write(result, nameof(result));
            fixed (tb_value* nodes = writer.Nodes)
                NativeError.Check(NativeMethods.tb_trace_return(sink, nodes, writer.Count));
            return 0;
        }
        catch (Exception exception)
        {
            return NativeError.StoreCallbackException(exception);
        }
        finally
        {
            IsActive = false;
        }
    }

    private static void Check(ScriptModule traced, Func<ScriptValue[], ScriptValue> function, ScriptValue[] inputs, string method)
    {
        using var _ = Torch.NoGrad();
        using var scope = new TensorScope();
        var expected = function([.. inputs.Select(Copied)]);
        var actual = traced.Invoke(method, [.. inputs.Select(Copied)]);
        Compare(expected, actual, "the output");

        static ScriptValue Copied(ScriptValue value) => value.Value is Tensor tensor ? tensor.Detach().Clone() : value;
    }

    private static void Compare(ScriptValue expected, ScriptValue actual, string place)
    {
        if (expected.Value is Tensor x && actual.Value is Tensor y)
        {
            if (x.Shape != y.Shape || !Torch.Allclose(x, y, rtol: 1e-5, atol: 1e-5, equalNan: true))
            {
                throw new TorchException($"The trace does not do what the function does: {place} of the same inputs differs. The function depends on something that a "
                    + "trace does not see (random numbers, time, values of tensors that decide which way to go). checkTrace: false leaves this check out.");
            }
            return;
        }
        if (expected.Count != actual.Count || expected.IsNone != actual.IsNone)
            throw new TorchException($"The trace does not do what the function does: {place} has another form.");
        for (var i = 0; i < expected.Parts.Length; i++)
            Compare(expected.Parts[i], actual.Parts[i], $"{place}[{i}]");
    }
}
