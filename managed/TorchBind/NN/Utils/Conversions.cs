namespace TorchBind.NN.Utils;

/// <summary>Modules whose parameters are not initialised. Mirrors <c>torch.nn.utils.init</c>.</summary>
public static class SkipInitialization
{
    /// <summary>
    /// Makes a module without the cost of initialising it: <c>SkipInit(d =&gt; new Linear(5, 1, device: d))</c>. Mirrors <c>skip_init</c>.
    /// </summary>
    /// <param name="make">Makes the module on a device.</param>
    /// <param name="device">Where it will be. Default: the processor.</param>
    public static T SkipInit<T>(Func<Device, T> make, Device device = default) where T : Module
    {
        ArgumentNullException.ThrowIfNull(make);
        return make(new Device(DeviceType.Meta)).ToEmpty(device);
    }
}

/// <summary>The memory format of convolutions. Mirrors <c>torch.nn.utils.memory_format</c>.</summary>
public static class MemoryFormats
{
    /// <summary>Changes the memory format of the weights of two-dimensional convolutions. Mirrors <c>convert_conv2d_weight_memory_format</c>.</summary>
    public static T ConvertConv2dWeightMemoryFormat<T>(T module, MemoryFormat memoryFormat) where T : Module =>
        Convert(module, memoryFormat, static m => m is Conv2d or ConvTranspose2d);

    /// <summary>Changes the memory format of the weights of three-dimensional convolutions. Mirrors <c>convert_conv3d_weight_memory_format</c>.</summary>
    public static T ConvertConv3dWeightMemoryFormat<T>(T module, MemoryFormat memoryFormat) where T : Module =>
        Convert(module, memoryFormat, static m => m is Conv3d or ConvTranspose3d);

    private static T Convert<T>(T module, MemoryFormat memoryFormat, Func<Module, bool> fits) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (var conv in module.Modules().Where(fits).Cast<ConvNd>())
        {
            using var _ = Torch.NoGrad();
            conv.Weight.Data = conv.Weight.Detach().Clone().Contiguous(memoryFormat);
        }
        return module;
    }
}
