using System.Collections;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchBind.Interop;

/// <summary>Objects on their way to the dispatcher: a row of nodes, with the tensors held while it is in use.</summary>
internal sealed unsafe class BoxedWriter : IDisposable
{
    private readonly List<tb_boxed> _nodes = [];
    private readonly List<TensorHandle> _tensors = [];
    private readonly List<nint> _texts = [];
    private readonly List<Generator> _generators = [];

    /// <summary>The nodes; valid until the next is added.</summary>
    internal ReadOnlySpan<tb_boxed> Nodes => CollectionsMarshal.AsSpan(_nodes);

    private void Add(tb_boxed_kind kind, long i = 0, double d = 0, double imag = 0, void* p = null) =>
        _nodes.Add(new tb_boxed { kind = (int)kind, type = -1, i = i, d = d, imag = imag, p = p });

    internal void Add(object? value, string name)
    {
        switch (value)
        {
            case null: Add(tb_boxed_kind.TB_BOXED_NONE); break;
            case Tensor tensor:
                var held = tensor.Hold(name);
                _tensors.Add(held);
                Add(tb_boxed_kind.TB_BOXED_TENSOR, p: (void*)held.Value);
                break;
            case bool b: Add(tb_boxed_kind.TB_BOXED_BOOL, b ? 1 : 0); break;
            case long l: Add(tb_boxed_kind.TB_BOXED_INT, l); break;
            case int n: Add(tb_boxed_kind.TB_BOXED_INT, n); break;
            case short or ushort or sbyte or byte or uint: Add(tb_boxed_kind.TB_BOXED_INT, Convert.ToInt64(value, null)); break;
            case double d: Add(tb_boxed_kind.TB_BOXED_DOUBLE, d: d); break;
            case float f: Add(tb_boxed_kind.TB_BOXED_DOUBLE, d: f); break;
            case Half h: Add(tb_boxed_kind.TB_BOXED_DOUBLE, d: (double)h); break;
            case Complex c: Add(tb_boxed_kind.TB_BOXED_COMPLEX, d: c.Real, imag: c.Imaginary); break;
            case Scalar { IsBoolean: true } s: Add(tb_boxed_kind.TB_BOXED_BOOL, s.ToBoolean() ? 1 : 0); break;
            case Scalar { IsInteger: true } s: Add(tb_boxed_kind.TB_BOXED_INT, s.ToInt64()); break;
            case Scalar { IsComplex: true } s: Add(s.ToComplex(), name); break;
            case Scalar s: Add(tb_boxed_kind.TB_BOXED_DOUBLE, d: s.ToDouble()); break;
            case DType or Layout or MemoryFormat or Reduction: Add(tb_boxed_kind.TB_BOXED_INT, Convert.ToInt64(value, null)); break;
            case Device device: Add(tb_boxed_kind.TB_BOXED_DEVICE, ((long)device.Index << 32) | (uint)(int)device.Type); break;
            case string text:
                var bytes = Encoding.UTF8.GetBytes(text);
                var block = (nint)NativeMemory.Alloc((nuint)bytes.Length + 1);
                _texts.Add(block);
                Marshal.Copy(bytes, 0, block, bytes.Length);
                Add(tb_boxed_kind.TB_BOXED_STRING, bytes.Length, p: (void*)block);
                break;
            case Generator generator:
                var reference = false;
                generator.DangerousAddRef(ref reference);
                _generators.Add(generator);
                Add(tb_boxed_kind.TB_BOXED_GENERATOR, p: (void*)generator.DangerousGetHandle());
                break;
            case Shape shape: Add(shape.ToArray(), name); break;
            case IList list:
                Add(tb_boxed_kind.TB_BOXED_LIST, list.Count);
                foreach (var item in list)
                    Add(item, name);
                break;
            case ITuple tuple:
                Add(tb_boxed_kind.TB_BOXED_TUPLE, tuple.Length);
                for (var i = 0; i < tuple.Length; i++)
                    Add(tuple[i], name);
                break;
            default:
                throw new ArgumentException(
                    $"A {value.GetType()} is nothing that operators take; they take tensors, numbers, texts, devices, generators and lists of these.", name);
        }
    }

    /// <summary>Lets go of what the nodes point to.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor.Release();
        foreach (var text in _texts)
            NativeMemory.Free((void*)text);
        foreach (var generator in _generators)
            generator.DangerousRelease();
        _tensors.Clear();
        _texts.Clear();
        _generators.Clear();
    }
}

/// <summary>Nodes from the dispatcher as objects. The handles in them become the objects'.</summary>
internal unsafe ref struct BoxedReader(tb_boxed* values, long count)
{
    private long _at;

    internal readonly bool IsAtEnd => _at >= count;

    internal object? Next()
    {
        ref var node = ref values[_at++];
        switch ((tb_boxed_kind)node.kind)
        {
            case tb_boxed_kind.TB_BOXED_NONE: return null;
            case tb_boxed_kind.TB_BOXED_BOOL: return node.i != 0;
            case tb_boxed_kind.TB_BOXED_INT: return node.i;
            case tb_boxed_kind.TB_BOXED_DOUBLE: return node.d;
            case tb_boxed_kind.TB_BOXED_COMPLEX: return new Complex(node.d, node.imag);
            case tb_boxed_kind.TB_BOXED_TENSOR: return Tensor.Wrap((nint)node.p);
            case tb_boxed_kind.TB_BOXED_DEVICE: return Device.Unpack(node.i);
            case tb_boxed_kind.TB_BOXED_GENERATOR: return Generator.Wrap((nint)node.p);
            case tb_boxed_kind.TB_BOXED_STRING: return Encoding.UTF8.GetString((byte*)node.p, checked((int)node.i));
            case tb_boxed_kind.TB_BOXED_LIST:
            case tb_boxed_kind.TB_BOXED_TUPLE:
                var items = new object?[node.i];
                var type = (tb_boxed_kind)node.type;
                for (var i = 0; i < items.Length; i++)
                    items[i] = Next();
                return type switch
                {
                    tb_boxed_kind.TB_BOXED_TENSOR when Array.TrueForAll(items, i => i is not null) => Array.ConvertAll(items, i => (Tensor)i!),
                    tb_boxed_kind.TB_BOXED_INT => Array.ConvertAll(items, i => (long)i!),
                    tb_boxed_kind.TB_BOXED_DOUBLE => Array.ConvertAll(items, i => (double)i!),
                    tb_boxed_kind.TB_BOXED_BOOL => Array.ConvertAll(items, i => (bool)i!),
                    tb_boxed_kind.TB_BOXED_STRING => Array.ConvertAll(items, i => (string)i!),
                    _ => items,
                };
            default:
                return Encoding.UTF8.GetString((byte*)node.p, checked((int)node.i));
        }
    }

    /// <summary>What a backward pass is given: gradients, some of which may be missing, arguments, results.</summary>
    internal (Tensor?[] Gradients, object?[] Arguments, Tensor[] Results) AllAs()
    {
        var gradients = Items();
        var arguments = Items();
        var results = Items();
        return (Array.ConvertAll(gradients, g => (Tensor?)g), arguments, Array.ConvertAll(results, r => (Tensor)r!));
    }

    // The items of a list, whatever its type.
    private object?[] Items()
    {
        var items = new object?[values[_at++].i];
        for (var i = 0; i < items.Length; i++)
            items[i] = Next();
        return items;
    }

    internal object?[] All()
    {
        var all = new List<object?>();
        while (!IsAtEnd)
            all.Add(Next());
        return [.. all];
    }
}
