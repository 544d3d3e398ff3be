using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.Jit;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>Every operator that libtorch's dispatcher knows, by name. Mirrors <c>torch.ops</c>.</summary>
    public static OperatorRegistry Ops { get; } = new();
}

/// <summary>The operators of libtorch, of libraries that were loaded, and of C#. There is one: <see cref="Torch.Ops"/>.</summary>
public sealed unsafe class OperatorRegistry
{
    private readonly ConcurrentDictionary<string, nint> _libraries = new();

    internal OperatorRegistry() { }

    /// <summary>The operator with a name. Mirrors <c>torch.ops.aten.add.Tensor</c>.</summary>
    /// <param name="name">Namespace, name and overload: <c>aten::add.Tensor</c>; without a point, the overload that has no name.</param>
    /// <exception cref="ArgumentException">There is none; the message names its other overloads.</exception>
    public OpOverload this[string name] => Find(name) ?? throw new ArgumentException(Missing(name), nameof(name));

    /// <summary>Whether there is an operator.</summary>
    /// <param name="name">Namespace, name and overload: <c>aten::add.Tensor</c>.</param>
    /// <returns>Whether it is registered now.</returns>
    /// <exception cref="ArgumentNullException">The name is null.</exception>
    /// <exception cref="ArgumentException">The name has no namespace.</exception>
    public bool Contains(string name) => Find(name) is not null;

    /// <summary>The names of all operators, with their overloads.</summary>
    public string[] Names
    {
        get
        {
            byte* names;
            NativeError.Check(NativeMethods.tb_dispatch_names(&names));
            return NativeText.Take(names).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    /// <summary>
    /// Opens a shared library, which registers its operators (<c>TORCH_LIBRARY</c>) when it is opened. It stays open. Mirrors
    /// <c>torch.ops.load_library</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DllNotFoundException">The file is not there, or lacks something it needs.</exception>
    public void LoadLibrary(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        NativeMethods.tb_built_for_version(); // libtorch first
        var full = Path.GetFullPath(path);
        _libraries.GetOrAdd(full, static file => NativeLibrary.Load(file));
    }

    /// <summary>The libraries that <see cref="LoadLibrary"/> opened. Mirrors <c>torch.ops.loaded_libraries</c>.</summary>
    public IReadOnlyCollection<string> LoadedLibraries => (IReadOnlyCollection<string>)_libraries.Keys;

    private static OpOverload? Find(string name)
    {
        byte* schema;
        using var text = new TextArgument(name, nameof(name));
        NativeError.Check(NativeMethods.tb_dispatch_schema(text.Pointer, &schema));
        return schema == null ? null : new OpOverload(name, NativeText.Take(schema));
    }

    private string Missing(string name)
    {
        var point = name.LastIndexOf('.');
        var bare = point > 0 ? name[..point] : name;
        var others = Array.FindAll(Names, n => n == bare || n.StartsWith(bare + ".", StringComparison.Ordinal));
        return others.Length == 0
            ? $"There is no operator '{name}'; is the library that registers it loaded?"
            : $"There is no operator '{name}'; there are {string.Join(", ", others)}.";
    }
}

/// <summary>An operator of the dispatcher. Mirrors <c>torch._ops.OpOverload</c>.</summary>
public sealed unsafe class OpOverload
{
    internal OpOverload(string name, string schema)
    {
        Name = name;
        Schema = schema;
    }

    /// <summary>Namespace, name and overload: <c>aten::add.Tensor</c>.</summary>
    public string Name { get; }

    /// <summary>The schema, e.g. <c>aten::relu(Tensor self) -&gt; Tensor</c>.</summary>
    public string Schema { get; }

    /// <summary>
    /// Calls the operator. Arguments are tensors, numbers, <see cref="DType"/> and other enums, texts, <see cref="Device"/>,
    /// <see cref="Generator"/>, null, and lists of these; what is left out takes the schema's default.
    /// </summary>
    /// <param name="arguments">In the order of the schema, also those after <c>*</c>.</param>
    /// <returns>
    /// A tensor, long, double, bool, text, Complex or array of these; an array of objects where there are several results; null for none.
    /// </returns>
    /// <exception cref="ArgumentException">The arguments do not fit the schema.</exception>
    /// <exception cref="TorchException">The operator refuses them.</exception>
    public object? Call(params ReadOnlySpan<object?> arguments) => Call(arguments, null);

    /// <summary>Calls the operator, with some arguments by their names.</summary>
    /// <param name="arguments">The first arguments, in the order of the schema.</param>
    /// <param name="keywords">Others, by the names in the schema.</param>
    /// <returns>As the other overload.</returns>
    /// <exception cref="ArgumentException">The arguments do not fit the schema.</exception>
    /// <exception cref="TorchException">The operator refuses them.</exception>
    public object? Call(ReadOnlySpan<object?> arguments, IReadOnlyDictionary<string, object?>? keywords)
    {
        using var writer = new ValueWriter();
        foreach (var argument in arguments)
            Write(writer, argument, nameof(arguments));
        string[] names = keywords is null ? [] : [.. keywords.Keys];
        foreach (var name in names)
            Write(writer, keywords![name], name);
        using var operatorName = new TextArgument(Name, nameof(Name));
        using var keywordNames = new TextListArgument(names);
        tb_value* results;
        long count;
        fixed (tb_value* nodes = writer.Nodes)
        {
            NativeError.Check(NativeMethods.tb_dispatch_call(operatorName.Pointer, nodes, writer.Count, arguments.Length, keywordNames.Pointer,
                names.Length, &results, &count));
        }
        try
        {
            var all = ValueReader.ReadAll(results, count);
            return all.Length switch
            {
                0 => null,
                1 => all[0].ToObject(),
                _ => Array.ConvertAll(all, static value => value.ToObject()),
            };
        }
        finally
        {
            NativeMethods.tb_values_free(results, count);
        }
    }

    private static void Write(ValueWriter writer, object? argument, string name)
    {
        try
        {
            writer.Write(ScriptValue.From(argument), name);
        }
        catch (NotSupportedException exception)
        {
            throw new ArgumentException(
                $"{exception.Message} Operators take tensors, numbers, texts, devices, generators and lists of these.", name, exception);
        }
    }

    /// <summary>Calls the operator for a result of a known type: <c>Call&lt;Tensor&gt;(x, y)</c>.</summary>
    /// <typeparam name="T">What the operator returns.</typeparam>
    /// <param name="arguments">In the order of the schema.</param>
    /// <returns>The result; null where there is none and <typeparamref name="T"/> allows it.</returns>
    /// <exception cref="InvalidCastException">
    /// The result is of another type, or there is none and <typeparamref name="T"/> is a value type.
    /// </exception>
    /// <exception cref="ArgumentException">The arguments do not fit the schema.</exception>
    /// <exception cref="TorchException">The operator refuses them.</exception>
    public T Call<T>(params ReadOnlySpan<object?> arguments)
    {
        var result = Call(arguments, null);
        return result is null && default(T) is not null
            ? throw new InvalidCastException($"{Name} gave no result, which cannot be a {typeof(T).Name}.")
            : (T)result!;
    }

    /// <summary>The schema.</summary>
    public override string ToString() => Schema;
}
