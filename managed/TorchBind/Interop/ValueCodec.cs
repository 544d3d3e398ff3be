using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Jit;

namespace TorchBind.Interop;

/// <summary>Writes values as the nodes that the shim reads, and holds what they refer to until it is disposed.</summary>
internal sealed unsafe class ValueWriter : IDisposable
{
    private readonly List<tb_value> _nodes = [];
    private readonly List<nint> _texts = [];
    private readonly List<TensorHandle> _tensors = [];
    private readonly List<SafeHandle> _handles = [];
    private const int MaxDepth = 1000;

    public int Count => _nodes.Count;

    public ReadOnlySpan<tb_value> Nodes => CollectionsMarshal.AsSpan(_nodes);

    public void Write(ScriptValue? value, string name, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new ArgumentException($"The value is nested more than {MaxDepth} deep.", name);
        value ??= ScriptValue.None;
        switch (value.Kind)
        {
            case ScriptValueKind.None:
                Add(tb_value_kind.TB_VALUE_NONE);
                break;
            case ScriptValueKind.Boolean:
                Add(tb_value_kind.TB_VALUE_BOOL, (bool)value.Value! ? 1 : 0);
                break;
            case ScriptValueKind.Integer:
                Add(tb_value_kind.TB_VALUE_INT, (long)value.Value!);
                break;
            case ScriptValueKind.Float:
                _nodes.Add(new tb_value { kind = (int)tb_value_kind.TB_VALUE_DOUBLE, d = (double)value.Value! });
                break;
            case ScriptValueKind.Complex:
                var complex = (Complex)value.Value!;
                _nodes.Add(new tb_value { kind = (int)tb_value_kind.TB_VALUE_COMPLEX, d = complex.Real, imag = complex.Imaginary });
                break;
            case ScriptValueKind.String:
                Text((string)value.Value!);
                break;
            case ScriptValueKind.Tensor:
                var held = ((Tensor)value.Value!).Hold(name);
                _tensors.Add(held);
                Add(tb_value_kind.TB_VALUE_TENSOR, pointer: held.Value);
                break;
            case ScriptValueKind.Device:
                var device = (Device)value.Value!;
                Add(tb_value_kind.TB_VALUE_DEVICE, ((long)device.Index << 32) | (uint)(int)device.Type);
                break;
            case ScriptValueKind.Generator:
                Hold(tb_value_kind.TB_VALUE_GENERATOR, (Generator)value.Value!);
                break;
            case ScriptValueKind.Object:
                Hold(tb_value_kind.TB_VALUE_OBJECT, ((ScriptObject)value.Value!).Handle);
                break;
            case ScriptValueKind.Module:
                Hold(tb_value_kind.TB_VALUE_OBJECT, ((ScriptModule)value.Value!).Handle);
                break;
            case ScriptValueKind.Enumeration:
                Add(tb_value_kind.TB_VALUE_ENUM);
                Text(value.TypeName!);
                Text(value.FieldNames[0]);
                Write(value.Parts[0], name, depth + 1);
                break;
            case ScriptValueKind.List:
                _nodes.Add(new tb_value { kind = (int)tb_value_kind.TB_VALUE_LIST, i = value.Parts.Length, type = value.ElementKind });
                foreach (var item in value.Parts)
                    Write(item, name, depth + 1);
                break;
            case ScriptValueKind.Tuple:
                var named = value.TypeName is not null;
                Add(named ? tb_value_kind.TB_VALUE_NAMED_TUPLE : tb_value_kind.TB_VALUE_TUPLE, value.Parts.Length);
                if (named)
                    Text(value.TypeName!);
                for (var i = 0; i < value.Parts.Length; i++)
                {
                    if (named)
                        Text(value.FieldNames[i]);
                    Write(value.Parts[i], name, depth + 1);
                }
                break;
            case ScriptValueKind.Dictionary:
                Add(tb_value_kind.TB_VALUE_DICT, value.Parts.Length / 2);
                foreach (var item in value.Parts)
                    Write(item, name, depth + 1);
                break;
            default:
                throw new NotSupportedException($"{value} cannot be passed to libtorch.");
        }
    }

    /// <summary>Bytes as a string node.</summary>
    public void Text(ReadOnlySpan<byte> bytes)
    {
        var block = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        _texts.Add((nint)block);
        bytes.CopyTo(new Span<byte>(block, bytes.Length));
        Add(tb_value_kind.TB_VALUE_STRING, bytes.Length, (nint)block);
    }

    private void Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    private void Hold(tb_value_kind kind, SafeHandle handle)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, handle);
        var entered = false;
        handle.DangerousAddRef(ref entered);
        _handles.Add(handle);
        Add(kind, pointer: handle.DangerousGetHandle());
    }

    private void Add(tb_value_kind kind, long i = 0, nint pointer = 0) =>
        _nodes.Add(new tb_value { kind = (int)kind, type = -1, i = i, p = (void*)pointer });

    public void Dispose()
    {
        foreach (var text in _texts)
            NativeMemory.Free((void*)text);
        foreach (var tensor in _tensors)
            tensor.Release();
        foreach (var handle in _handles)
            handle.DangerousRelease();
        _texts.Clear();
        _tensors.Clear();
        _handles.Clear();
    }
}

/// <summary>Reads the nodes that the shim returns.</summary>
internal static unsafe class ValueReader
{
    /// <summary>The one value of a row of nodes, which is freed.</summary>
    public static ScriptValue Take(tb_value* nodes, long count)
    {
        try
        {
            var at = 0;
            return Read(Wrap(nodes, (int)count), ref at);
        }
        finally
        {
            NativeMethods.tb_values_free(nodes, count);
        }
    }

    /// <summary>All values of a row of nodes; the nodes stay the shim's, their handles become the values'.</summary>
    public static ScriptValue[] ReadAll(tb_value* nodes, long count)
    {
        var read = Wrap(nodes, (int)count);
        var result = new List<ScriptValue>();
        for (var at = 0; at < read.Length;)
            result.Add(Read(read, ref at));
        return [.. result];
    }

    private readonly record struct Node(tb_value_kind Kind, int Type, long Number, double Real, double Imaginary, object? Thing);

    // First every handle gets its owner, so that nothing is lost where the rest fails.
    private static Node[] Wrap(tb_value* nodes, int count)
    {
        var result = new Node[count];
        for (var i = 0; i < count; i++)
        {
            ref var node = ref nodes[i];
            var kind = (tb_value_kind)node.kind;
            result[i] = new Node(kind, node.type, node.i, node.d, node.imag, kind switch
            {
                tb_value_kind.TB_VALUE_TENSOR => Tensor.Wrap((nint)node.p),
                tb_value_kind.TB_VALUE_OBJECT => new ScriptHandle((nint)node.p),
                tb_value_kind.TB_VALUE_GENERATOR => new Generator((nint)node.p),
                tb_value_kind.TB_VALUE_STRING or tb_value_kind.TB_VALUE_OTHER => Encoding.UTF8.GetString((byte*)node.p, checked((int)node.i)),
                _ => null,
            });
        }
        return result;
    }

    private static ScriptValue Read(Node[] nodes, ref int at)
    {
        var node = nodes[at++];
        switch (node.Kind)
        {
            case tb_value_kind.TB_VALUE_NONE:
                return ScriptValue.None;
            case tb_value_kind.TB_VALUE_BOOL:
                return node.Number != 0;
            case tb_value_kind.TB_VALUE_INT:
                return node.Number;
            case tb_value_kind.TB_VALUE_DOUBLE:
                return node.Real;
            case tb_value_kind.TB_VALUE_COMPLEX:
                return new Complex(node.Real, node.Imaginary);
            case tb_value_kind.TB_VALUE_STRING:
                return (string)node.Thing!;
            case tb_value_kind.TB_VALUE_TENSOR:
                return (Tensor)node.Thing!;
            case tb_value_kind.TB_VALUE_DEVICE:
                return Device.Unpack(node.Number);
            case tb_value_kind.TB_VALUE_GENERATOR:
                return (Generator)node.Thing!;
            case tb_value_kind.TB_VALUE_OBJECT:
                var handle = (ScriptHandle)node.Thing!;
                return node.Type == 1 ? new ScriptModule(handle) : new ScriptObject(handle);
            case tb_value_kind.TB_VALUE_LIST:
                return ScriptValue.Composed(ScriptValueKind.List, Items(nodes, ref at, node.Number), elementKind: node.Type);
            case tb_value_kind.TB_VALUE_TUPLE:
                return ScriptValue.Composed(ScriptValueKind.Tuple, Items(nodes, ref at, node.Number));
            case tb_value_kind.TB_VALUE_DICT:
                return ScriptValue.Composed(ScriptValueKind.Dictionary, Items(nodes, ref at, 2 * node.Number));
            case tb_value_kind.TB_VALUE_NAMED_TUPLE:
                var name = (string)nodes[at++].Thing!;
                var fields = new string[node.Number];
                var items = new ScriptValue[node.Number];
                for (var i = 0; i < items.Length; i++)
                {
                    fields[i] = (string)nodes[at++].Thing!;
                    items[i] = Read(nodes, ref at);
                }
                return ScriptValue.Composed(ScriptValueKind.Tuple, items, name, fields);
            case tb_value_kind.TB_VALUE_ENUM:
                name = (string)nodes[at++].Thing!;
                fields = [(string)nodes[at++].Thing!];
                return ScriptValue.Composed(ScriptValueKind.Enumeration, [Read(nodes, ref at)], name, fields);
            default:
                return ScriptValue.Single(ScriptValueKind.Other, node.Thing);
        }
    }

    private static ScriptValue[] Items(Node[] nodes, ref int at, long count)
    {
        var items = new ScriptValue[count];
        for (var i = 0; i < items.Length; i++)
            items[i] = Read(nodes, ref at);
        return items;
    }
}
