using System.Globalization;

namespace TorchBind;

/// <summary>A device: its type and, for all but the processor, an index. Mirrors <c>torch.device</c>.</summary>
public readonly struct Device : IEquatable<Device>
{
    /// <summary>Creates a device.</summary>
    /// <param name="type">Its kind.</param>
    /// <param name="index">Its number, or -1 for the current one.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is less than -1 or above 127.</exception>
    public Device(DeviceType type, int index = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(index, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 127);
        Type = type;
        // 0, not -1, for the default value: default(Device) is the processor without an index.
        _indexPlusOne = index + 1;
    }

    private readonly int _indexPlusOne;

    /// <summary>The kind of device.</summary>
    public DeviceType Type { get; }

    /// <summary>The number of the device; -1: the current one.</summary>
    public int Index => _indexPlusOne - 1;

    /// <summary>The processor.</summary>
    public static Device Cpu => default;

    /// <summary>Whether this is a CUDA device.</summary>
    public bool IsCuda => Type == DeviceType.Cuda;

    /// <summary>Reads <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c> and so on. Mirrors <c>torch.device(text)</c>.</summary>
    /// <param name="text">A type in lower case and, if wanted, a colon and an index up to 127.</param>
    /// <returns>The device; whether it is there shows when it is used.</returns>
    /// <exception cref="ArgumentException">The text names no device.</exception>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public static Device Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        var index = -1;
        var known = name.Length != 0 && char.IsAsciiLetterLower(name[0]) && !name.Contains(',')
            && Enum.TryParse<DeviceType>(name, ignoreCase: true, out _);
        if (!known || (colon >= 0 && (!int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out index)
            || index > 127)))
        {
            throw new ArgumentException(
                $"'{text}' names no device; write a type and, if wanted, an index: 'cpu', 'cuda', 'cuda:1', 'mps', 'xpu', 'meta'.",
                nameof(text));
        }
        return new Device(Enum.Parse<DeviceType>(name, ignoreCase: true), index);
    }

    /// <summary>The device that the text names.</summary>
    public static implicit operator Device(string text) => Parse(text);

    /// <summary>The current device of a type.</summary>
    public static implicit operator Device(DeviceType type) => new(type);

    internal static Device Unpack(long packed) => new((DeviceType)(int)packed, (int)(packed >> 32));

    /// <inheritdoc/>
    public bool Equals(Device other) => Type == other.Type && _indexPlusOne == other._indexPlusOne;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Device other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, _indexPlusOne);

    /// <summary>Whether type and index agree.</summary>
    public static bool operator ==(Device left, Device right) => left.Equals(right);

    /// <summary>Whether type or index differ.</summary>
    public static bool operator !=(Device left, Device right) => !left.Equals(right);

    /// <summary><c>cpu</c>, <c>cuda:1</c>: what <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        var name = Type.ToString().ToLowerInvariant();
        return Index < 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{Index}");
    }
}
