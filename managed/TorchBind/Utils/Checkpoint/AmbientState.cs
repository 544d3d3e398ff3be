using TorchBind.Interop;

namespace TorchBind.Utils.Checkpoint;

/// <summary>
/// What a computation depends on beside its arguments: the state of the random generators and the mixed-precision modes. Remembered when it runs
/// first, and put back for the time that it runs again.
/// </summary>
internal sealed unsafe class AmbientState
{
    private readonly (Device Device, Tensor State)[] _generators;
    private readonly tb_autocast_state[] _autocast;

    internal AmbientState(IEnumerable<Tensor> arguments, bool preserveRngState)
    {
        var devices = arguments.Select(t => t.Device).Where(d => d.Type is not DeviceType.Cpu and not DeviceType.Meta).Distinct().ToList();
        _generators = preserveRngState ? [.. devices.Prepend(Device.Cpu).Select(Remember)] : [];
        _autocast = [.. devices.Select(d => d.Type).Distinct().Prepend(DeviceType.Cpu).Select(Autocast).OfType<tb_autocast_state>()];
    }

    /// <summary>Puts the state back, and then what was there before.</summary>
    internal void Run(Action action)
    {
        var before = _generators.Select(g => Remember(g.Device)).ToArray();
        var modes = _autocast.Select(a => Autocast((DeviceType)a.device_type)!.Value).ToArray();
        try
        {
            foreach (var (device, state) in _generators)
                Restore(device, state);
            foreach (var mode in _autocast)
                Set(mode, enter: true);
            action();
        }
        finally
        {
            foreach (var mode in modes.Reverse())
                Set(mode, enter: false);
            foreach (var (device, state) in before)
            {
                Restore(device, state);
                state.Dispose();
            }
        }
    }

    private static (Device, Tensor) Remember(Device device)
    {
        using var generator = Generator.Default(device);
        return (device, generator.GetState());
    }

    private static void Restore(Device device, Tensor state)
    {
        using var generator = Generator.Default(device);
        generator.SetState(state);
    }

    private static tb_autocast_state? Autocast(DeviceType type)
    {
        tb_autocast_state state;
        byte available;
        NativeError.Check(NativeMethods.tb_autocast_state_get((int)type, &state, &available));
        return available != 0 ? state : null;
    }

    private static void Set(tb_autocast_state state, bool enter) =>
        NativeError.Check(NativeMethods.tb_autocast_state_set(&state, enter ? (byte)1 : (byte)0));
}
