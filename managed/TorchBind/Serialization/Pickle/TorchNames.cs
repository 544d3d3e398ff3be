namespace TorchBind.Serialization.Pickle;

/// <summary>The names that torch uses in files for element types, storages and layouts.</summary>
internal static class TorchNames
{
    private static readonly Dictionary<string, DType> Types = Enum.GetValues<DType>().ToDictionary(static t => t.Name(), StringComparer.Ordinal);

    private static readonly Dictionary<string, DType> Storages = new(StringComparer.Ordinal)
    {
        ["ByteStorage"] = DType.UInt8,
        ["CharStorage"] = DType.Int8,
        ["ShortStorage"] = DType.Int16,
        ["IntStorage"] = DType.Int32,
        ["LongStorage"] = DType.Int64,
        ["HalfStorage"] = DType.Float16,
        ["FloatStorage"] = DType.Float32,
        ["DoubleStorage"] = DType.Float64,
        ["ComplexFloatStorage"] = DType.Complex64,
        ["ComplexDoubleStorage"] = DType.Complex128,
        ["BoolStorage"] = DType.Bool,
        ["QInt8Storage"] = DType.QInt8,
        ["QUInt8Storage"] = DType.QUInt8,
        ["QInt32Storage"] = DType.QInt32,
        ["BFloat16Storage"] = DType.BFloat16,
        ["QUInt4x2Storage"] = DType.QUInt4x2,
        ["QUInt2x4Storage"] = DType.QUInt2x4,
    };

    public static DType? DTypeOf(string name) => Types.TryGetValue(name, out DType type) ? type : null;

    /// <summary>The element type of a storage class; an untyped one counts as bytes.</summary>
    public static bool TryStorage(PickleGlobal type, out DType dtype, out bool untyped)
    {
        untyped = type.Module is "torch.storage" or "torch" && type.Name is "UntypedStorage" or "_UntypedStorage";
        dtype = DType.UInt8;
        return untyped || (type.Module is "torch" or "torch.cuda" or "torch.storage" && Storages.TryGetValue(type.Name, out dtype));
    }

    /// <summary>The storage class that <c>torch.save</c> names for an element type; null where it uses an untyped one.</summary>
    public static string? StorageOf(DType dtype)
    {
        foreach ((string name, DType type) in Storages)
        {
            if (type == dtype)
                return name;
        }
        return null;
    }

    public static Layout? LayoutOf(string name) => name switch
    {
        "torch.strided" => Layout.Strided,
        "torch.sparse_coo" => Layout.Sparse,
        "torch.sparse_csr" => Layout.SparseCsr,
        "torch.sparse_csc" => Layout.SparseCsc,
        "torch.sparse_bsr" => Layout.SparseBsr,
        "torch.sparse_bsc" => Layout.SparseBsc,
        "torch._mkldnn" => Layout.Mkldnn,
        "torch.jagged" => Layout.Jagged,
        _ => null,
    };

    public static string NameOf(Layout layout) => layout switch
    {
        Layout.Strided => "torch.strided",
        Layout.Sparse => "torch.sparse_coo",
        Layout.SparseCsr => "torch.sparse_csr",
        Layout.SparseCsc => "torch.sparse_csc",
        Layout.SparseBsr => "torch.sparse_bsr",
        Layout.SparseBsc => "torch.sparse_bsc",
        Layout.Mkldnn => "torch._mkldnn",
        _ => "torch.jagged",
    };

    public static Device? DeviceOf(string type, long index)
    {
        if (index is < -1 or > 127)
            return null;
        try
        {
            Device device = Device.Parse(type);
            return index < 0 ? device : new Device(device.Type, (int)index);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
