using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Serialization;

/// <summary>Describes what was read in the words of tests/oracle/make_checkpoints.py, so that Python can compare it with what it reads.</summary>
internal sealed class Describer
{
    private readonly Dictionary<StorageEntry, int> _storages = new(ReferenceEqualityComparer.Instance);
    private int _depth;

    /// <summary>The content has no description, because it holds an object of a class that is not known.</summary>
    internal sealed class InertException(PickleObject inert) : NotSupportedException($"{inert.TypeName}, made of {PythonEquality.Describe(inert.Arguments)}");

    /// <summary>Describes a value.</summary>
    /// <exception cref="NotSupportedException">The value has no description.</exception>
    public JsonNode? Describe(object? value)
    {
        if (++_depth > 60)
            throw new NotSupportedException("too deep to describe");
        try
        {
            return value switch
            {
                null => Node("none"),
                bool b => Node("bool", JsonValue.Create(b)),
                long or BigInteger => Node("int", JsonValue.Create(Convert.ToString(value, CultureInfo.InvariantCulture))),
                double d => Node("float", JsonValue.Create(Hex(d))),
                Complex c => Node("complex", JsonValue.Create(Hex(c.Real) + Hex(c.Imaginary))),
                string s => Node("str", JsonValue.Create(string.Concat(s.Select(static x => ((int)x).ToString("x4", CultureInfo.InvariantCulture))))),
                byte[] bytes => Node("bytes", JsonValue.Create(Convert.ToHexStringLower(bytes))),
                PickleByteArray array => Node("bytearray", JsonValue.Create(Convert.ToHexStringLower(array.Bytes))),
                PickleTuple { IsSize: true } size => Node("size", new JsonArray([.. size.Select(static x => (JsonNode)JsonValue.Create((long)x!))])),
                PickleTuple tuple => Node("tuple", Items(tuple)),
                List<object?> list => Node("list", Items(list)),
                PickleSet set => Node(set.IsFrozen ? "frozenset" : "set", Items(set)),
                PickleDictionary dictionary => Dictionary(dictionary),
                DType dtype => Node("dtype", JsonValue.Create(dtype.Name())),
                Device device => Node("device", JsonValue.Create(device.ToString())),
                TensorEntry tensor => Tensor(tensor),
                PickleObject inert => throw new InertException(inert),
                _ => throw new NotSupportedException("not for weights-only loading"),
            };
        }
        finally
        {
            _depth--;
        }
    }

    private JsonObject Tensor(TensorEntry tensor)
    {
        if (tensor.Kind is not (TensorEntryKind.Strided or TensorEntryKind.Meta) || (tensor.Kind == TensorEntryKind.Strided && tensor.Storage is null))
            throw new NotSupportedException("a composed tensor");
        var node = new JsonObject
        {
            ["k"] = "tensor",
            ["dtype"] = tensor.DType.Name(),
            ["shape"] = Longs(tensor.Shape),
            ["requires_grad"] = tensor.RequiresGrad,
            ["parameter"] = tensor.IsParameter,
            ["kind"] = tensor.Kind.ToString().ToLowerInvariant(),
            ["stride"] = Longs(tensor.Strides),
        };
        if (tensor.Kind == TensorEntryKind.Strided)
        {
            if (tensor.ElementCount > 1_000_000)
                throw new NotSupportedException("too many elements to describe");
            _storages.TryAdd(tensor.Storage!, _storages.Count);
            node["offset"] = tensor.StorageOffset;
            node["storage"] = _storages[tensor.Storage!];
            node["conj"] = tensor.IsConjugate;
            node["neg"] = tensor.IsNegative;
            byte[] elements = Manifest.Elements(tensor);
            // A byte that is neither 0 nor 1 is true, and a copy in Python writes it as 1.
            if (tensor.DType == DType.Bool)
                elements = [.. elements.Select(static b => (byte)(b == 0 ? 0 : 1))];
            node["data"] = Convert.ToHexStringLower(elements);
        }
        return node;
    }

    private JsonObject Dictionary(PickleDictionary dictionary)
    {
        var node = new JsonObject { ["k"] = dictionary.Kind.ToString() };
        var pairs = new JsonArray();
        foreach ((object? key, object? value) in dictionary)
            pairs.Add(new JsonArray(Describe(key), Describe(value)));
        node["v"] = pairs;
        if (dictionary.Kind == PickleDictionaryKind.OrderedDict && dictionary.Attributes is { Count: > 0 } attributes)
            node["attributes"] = Describe(attributes);
        return node;
    }

    private JsonArray Items(IEnumerable<object?> items)
    {
        var array = new JsonArray();
        foreach (object? item in items)
            array.Add(Describe(item));
        return array;
    }

    private static JsonObject Node(string kind, JsonNode? value = null)
    {
        var node = new JsonObject { ["k"] = kind };
        if (value is not null)
            node["v"] = value;
        return node;
    }

    private static JsonArray Longs(IEnumerable<long> values) => new([.. values.Select(static v => (JsonNode)JsonValue.Create(v))]);

    private static string Hex(double value) => BitConverter.DoubleToInt64Bits(value).ToString("x16", CultureInfo.InvariantCulture);
}
