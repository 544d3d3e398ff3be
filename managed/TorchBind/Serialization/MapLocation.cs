using TorchBind.Interop;

namespace TorchBind.Serialization;

/// <summary>
/// Where the tensors of a checkpoint go, like <c>map_location</c> in Python: a device, a table of devices, or a function. Without
/// one, each tensor goes back to the device it was saved from, and to the CPU if that device is not there.
/// </summary>
public sealed class MapLocation
{
    private readonly Func<string, Device?> _map;

    /// <summary>Asks <paramref name="map"/> for each saved location, such as <c>cuda:0</c>; null stands for the default.</summary>
    public MapLocation(Func<string, Device?> map)
    {
        ArgumentNullException.ThrowIfNull(map);
        _map = map;
    }

    /// <summary>Everything goes to <paramref name="device"/>.</summary>
    public MapLocation(Device device) => _map = _ => device;

    /// <summary>Saved locations go where the table says; those that are not in it go back to where they were.</summary>
    public MapLocation(IReadOnlyDictionary<string, string> table)
    {
        ArgumentNullException.ThrowIfNull(table);
        _map = location => table.TryGetValue(location, out string? to) ? Device.Parse(to) : (Device?)null;
    }

    /// <summary>Everything goes to <paramref name="device"/>.</summary>
    public static implicit operator MapLocation(Device device) => new(device);

    /// <summary>Everything goes to the device that the text names: <c>cpu</c>, <c>cuda:1</c>.</summary>
    public static implicit operator MapLocation(string device) => new(Device.Parse(device));

    /// <summary>Saved locations go where the table says.</summary>
    public static implicit operator MapLocation(Dictionary<string, string> table) => new(table);

    /// <summary>Everything goes to <paramref name="device"/>: the same as the conversion.</summary>
    public static MapLocation FromDevice(Device device) => new(device);

    internal static Device Resolve(MapLocation? map, string location)
    {
        if (map?._map(location) is { } device)
            return device;
        try
        {
            Device saved = Device.Parse(location);
            return IsAvailable(saved) ? saved : Device.Cpu;
        }
        catch (ArgumentException)
        {
            return Device.Cpu;
        }
    }

    private static unsafe bool IsAvailable(Device device)
    {
        if (device.Type is DeviceType.Cpu or DeviceType.Meta)
            return true;
        byte available;
        if (NativeMethods.tb_core_device_available((int)device.Type, &available) != 0 || available == 0)
            return false;
        int count;
        return NativeMethods.tb_core_device_count((int)device.Type, &count) == 0 && device.Index < count;
    }
}
