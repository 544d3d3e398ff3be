using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.Jit;

namespace TorchBind;

/// <summary>A kernel of an operator written in C#.</summary>
/// <param name="arguments">
/// All arguments of the schema: tensors, long, double, bool, texts, null, and arrays of these (<c>Tensor[]</c>, <c>long[]</c>, ...).
/// </param>
/// <returns>The result; a tuple where the schema has several; null where it has none.</returns>
public delegate object? OperatorKernel(object?[] arguments);

/// <summary>The backward pass of an operator written in C#.</summary>
/// <param name="gradients">For each tensor among the results its gradient; null: none.</param>
/// <param name="arguments">The arguments of the call.</param>
/// <param name="results">The tensors among the results.</param>
/// <returns>For each argument its gradient: a tensor, an array of tensors for a list, null for none and for what is no tensor.</returns>
public delegate object?[] OperatorBackward(Tensor?[] gradients, object?[] arguments, Tensor[] results);

/// <summary>
/// Registers operators written in C# with libtorch's dispatcher: they can be called through <see cref="Torch.Ops"/>, from TorchScript and from
/// C++, and are recorded by autograd. Disposing it takes them away. Mirrors <c>torch.library.Library</c>.
/// </summary>
/// <example>
/// <code>
/// using var library = new OperatorLibrary("mine");
/// library.Define("scaled_square(Tensor x, float scale=1.0) -> Tensor");
/// library.Impl("scaled_square", x => (Tensor)x[0]! * (Tensor)x[0]! * (double)x[1]!);
/// library.ImplBackward("scaled_square", (gradients, x, _) => [gradients[0]! * 2 * (Tensor)x[0]! * (double)x[1]!, null]);
/// var y = Torch.Ops["mine::scaled_square"].Call&lt;Tensor&gt;(Torch.Ones(3), 2.0);
/// </code>
/// </example>
public sealed unsafe class OperatorLibrary : SafeHandle
{
    /// <summary>Opens a namespace for operators; there may be several libraries for one.</summary>
    /// <param name="name">The namespace.</param>
    /// <exception cref="ArgumentException">The name is no identifier.</exception>
    public OperatorLibrary(string name) : base(0, ownsHandle: true)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw new ArgumentException($"'{name}' is no namespace; letters, digits and underscores make one.", nameof(name));
        Name = name;
        using var text = new TextArgument(name, nameof(name));
        nint library;
        NativeError.Check(NativeMethods.tb_library_new(text.Pointer, &library));
        SetHandle(library);
    }

    /// <summary>The namespace.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_library_free(handle);
        return true;
    }

    /// <summary>Declares an operator. Mirrors <c>Library.define</c>.</summary>
    /// <param name="schema">E.g. <c>clip(Tensor x, float limit=1.0) -&gt; Tensor</c>.</param>
    /// <exception cref="TorchException">The schema is not well-formed, or the operator exists.</exception>
    public void Define(string schema)
    {
        using var self = new HandleBorrow(this);
        using var text = new TextArgument(schema, nameof(schema));
        NativeError.Check(NativeMethods.tb_library_define(self.Handle, text.Pointer));
    }

    /// <summary>
    /// Gives an operator, also one of libtorch, a kernel. What the kernel throws comes back to the caller of the operator as it is. Mirrors
    /// <c>Library.impl</c>.
    /// </summary>
    /// <param name="name">The operator, with its overload where it has one.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="dispatchKey">
    /// For what: <c>CPU</c>, <c>CUDA</c>, <c>Meta</c>, <c>SparseCPU</c>, ...; <c>CompositeExplicitAutograd</c>: for every device;
    /// <c>CompositeImplicitAutograd</c>: for every device, made of operators that autograd records one by one; <c>Autograd</c>.
    /// </param>
    /// <exception cref="TorchException">There is no such dispatch key.</exception>
    public void Impl(string name, OperatorKernel kernel, string dispatchKey = "CPU")
    {
        ArgumentNullException.ThrowIfNull(kernel);
        using var self = new HandleBorrow(this);
        using var text = new TextArgument(name, nameof(name));
        using var key = new TextArgument(dispatchKey, nameof(dispatchKey));
        var context = GCHandle.Alloc(kernel);
        var status = NativeMethods.tb_library_implement(self.Handle, text.Pointer, key.Pointer, &CallKernel, &Forget, (void*)(nint)context);
        if (status != 0)
            context.Free();
        NativeError.Check(status);
    }

    /// <summary>
    /// Gives an operator a backward pass: its calls are recorded by autograd, its other kernels run below. Mirrors
    /// <c>torch.library.register_autograd</c>.
    /// </summary>
    /// <param name="name">The operator, with its overload where it has one.</param>
    /// <param name="backward">The backward pass. What it computes can be differentiated again.</param>
    public void ImplBackward(string name, OperatorBackward backward)
    {
        ArgumentNullException.ThrowIfNull(backward);
        using var self = new HandleBorrow(this);
        using var text = new TextArgument(name, nameof(name));
        var context = GCHandle.Alloc(backward);
        var status = NativeMethods.tb_library_differentiate(self.Handle, text.Pointer, &CallBackward, &Forget, (void*)(nint)context);
        if (status != 0)
            context.Free();
        NativeError.Check(status);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forget(void* context) => GCHandle.FromIntPtr((nint)context).Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CallKernel(void* context, tb_value* arguments, long count, void* sink)
    {
        try
        {
            var kernel = (OperatorKernel)GCHandle.FromIntPtr((nint)context).Target!;
            var result = kernel(Array.ConvertAll(ValueReader.ReadAll(arguments, count), static value => value.ToObject()));
            return result switch
            {
                null => Return([], "result", sink),
                ITuple tuple => Return(Enumerable.Range(0, tuple.Length).Select(i => tuple[i]), "result", sink),
                _ => Return([result], "result", sink),
            };
        }
        catch (Exception exception)
        {
            return NativeError.StoreCallbackException(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CallBackward(void* context, tb_value* arguments, long count, void* sink)
    {
        try
        {
            var backward = (OperatorBackward)GCHandle.FromIntPtr((nint)context).Target!;
            var given = ValueReader.ReadAll(arguments, count); // gradients, some of which may be missing; arguments; results
            var gradients = backward(
                [.. given[0].Select(static gradient => (Tensor?)gradient.ToObject())],
                [.. given[1].Select(static argument => argument.ToObject())],
                [.. given[2].Select(static result => (Tensor)result)])
                ?? throw new InvalidOperationException("A backward pass returns an array with a value for each argument, got null.");
            return Return(gradients, "gradient", sink);
        }
        catch (Exception exception)
        {
            return NativeError.StoreCallbackException(exception);
        }
    }

    private static int Return(IEnumerable<object?> values, string name, void* sink)
    {
        using var writer = new ValueWriter();
        foreach (var value in values)
            writer.Write(ScriptValue.From(value), name);
        fixed (tb_value* nodes = writer.Nodes)
            return NativeMethods.tb_kernel_return(sink, nodes, writer.Count);
    }
}
