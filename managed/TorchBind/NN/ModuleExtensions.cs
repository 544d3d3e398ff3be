namespace TorchBind.NN;

/// <summary>What a module offers and gives itself back from, with its own type: <c>var net = new Net().To("cuda").Eval();</c></summary>
public static class ModuleExtensions
{
    /// <summary>Switches the module and all below it to training. Mirrors <c>Module.train</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="mode">False: to evaluation. Default: true.</param>
    public static T Train<T>(this T module, bool mode = true) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        module.SetTraining(mode);
        return module;
    }

    /// <summary>Switches the module and all below it to evaluation. Mirrors <c>Module.eval</c>.</summary>
    public static T Eval<T>(this T module) where T : Module => module.Train(false);

    /// <summary>
    /// Moves parameters and buffers to a device, and casts those of floating-point or complex dtype. Mirrors <c>Module.to</c>.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="device">The device.</param>
    /// <param name="dtype">A floating-point or complex dtype. Default: each keeps its own.</param>
    /// <param name="nonBlocking">Whether copies may go on in the background. Default: false.</param>
    /// <param name="memoryFormat">The memory format of tensors with four or five dimensions. Default: each keeps its own.</param>
    /// <exception cref="ArgumentException">The dtype is not floating-point or complex.</exception>
    public static T To<T>(this T module, Device device, DType? dtype = null, bool nonBlocking = false, MemoryFormat? memoryFormat = null)
        where T : Module => Convert(module, device, dtype, nonBlocking, memoryFormat);

    /// <summary>Casts parameters and buffers of floating-point or complex dtype. Mirrors <c>Module.to</c>.</summary>
    /// <exception cref="ArgumentException">The dtype is not floating-point or complex.</exception>
    public static T To<T>(this T module, DType dtype, bool nonBlocking = false, MemoryFormat? memoryFormat = null)
        where T : Module => Convert(module, null, dtype, nonBlocking, memoryFormat);

    /// <summary>Changes the memory format of parameters and buffers with four or five dimensions. Mirrors <c>Module.to</c>.</summary>
    public static T To<T>(this T module, MemoryFormat memoryFormat) where T : Module => Convert(module, null, null, false, memoryFormat);

    private static T Convert<T>(T module, Device? device, DType? dtype, bool nonBlocking, MemoryFormat? memoryFormat) where T : Module
    {
        if (dtype is { } wanted && !wanted.IsFloatingPoint() && !wanted.IsComplex())
            throw new ArgumentException($"Parameters are real or complex floating-point numbers, so a module cannot become {wanted.Name()}.", nameof(dtype));
        return Convert(module, tensor =>
        {
            var type = dtype is not null && IsReal(tensor, complex: true) ? dtype : null;
            var format = memoryFormat is not null && tensor.NDim is 4 or 5 ? memoryFormat : null;
            return Changed(tensor, device, type) || format is not null
                ? tensor.To(type, device: device, nonBlocking: nonBlocking, memoryFormat: format)
                : tensor;
        });
    }

    private static bool Changed(Tensor tensor, Device? device, DType? dtype) =>
        (dtype is { } type && type != tensor.DType)
        || (device is { } to && tensor.Device is var from && (to.Type != from.Type || (to.Index >= 0 && to.Index != from.Index)));

    private static bool IsReal(Tensor tensor, bool complex = false) =>
        tensor.DType is var type && (type.IsFloatingPoint() || (complex && type.IsComplex()));

    private static T Convert<T>(T module, Func<Tensor, Tensor> convert) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        module.ConvertTensors(convert);
        return module;
    }

    private static T Cast<T>(T module, DType dtype) where T : Module =>
        Convert(module, tensor => IsReal(tensor) && tensor.DType != dtype ? tensor.To(dtype) : tensor);

    /// <summary>Casts floating-point parameters and buffers to float32. Mirrors <c>Module.float</c>.</summary>
    public static T Float<T>(this T module) where T : Module => Cast(module, DType.Float32);

    /// <summary>Casts floating-point parameters and buffers to float64. Mirrors <c>Module.double</c>.</summary>
    public static T Double<T>(this T module) where T : Module => Cast(module, DType.Float64);

    /// <summary>Casts floating-point parameters and buffers to float16. Mirrors <c>Module.half</c>.</summary>
    public static T Half<T>(this T module) where T : Module => Cast(module, DType.Float16);

    /// <summary>Casts floating-point parameters and buffers to bfloat16. Mirrors <c>Module.bfloat16</c>.</summary>
    public static T BFloat16<T>(this T module) where T : Module => Cast(module, DType.BFloat16);

    /// <summary>Casts all parameters and buffers. Mirrors <c>Module.type</c>.</summary>
    public static T Type<T>(this T module, DType dtype) where T : Module =>
        Convert(module, tensor => tensor.DType != dtype ? tensor.To(dtype) : tensor);

    /// <summary>Moves parameters and buffers to the processor. Mirrors <c>Module.cpu</c>.</summary>
    public static T Cpu<T>(this T module) where T : Module => module.To(Device.Cpu);

    /// <summary>Moves parameters and buffers to a CUDA device. Mirrors <c>Module.cuda</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="index">The number of the device. Default: the current one.</param>
    public static T Cuda<T>(this T module, int index = -1) where T : Module => module.To(new Device(DeviceType.Cuda, index));

    /// <summary>Gives parameters and buffers new, uninitialised memory on a device. Mirrors <c>Module.to_empty</c>.</summary>
    public static T ToEmpty<T>(this T module, Device device, bool recurse = true) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        module.ConvertTensors(tensor => Torch.EmptyLike(tensor, device: device), recurse);
        return module;
    }

    /// <summary>Says whether all parameters are trained. Mirrors <c>Module.requires_grad_</c>.</summary>
    public static T RequiresGrad_<T>(this T module, bool requiresGrad = true) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (var parameter in module.Parameters())
            parameter.RequiresGrad = requiresGrad;
        return module;
    }

    /// <summary>
    /// A copy of the module and of all below it, with parameters and buffers of their own; what was shared within stays shared within.
    /// Fields that are not registered are copied as they are, gradients are not copied. Mirrors <c>copy.deepcopy(module)</c>.
    /// </summary>
    /// <exception cref="NotSupportedException">A parameter is parametrized or pruned.</exception>
    public static T Clone<T>(this T module) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        return (T)module.DeepCopy();
    }

    /// <summary>Calls a function for every module below, then for the module itself. Mirrors <c>Module.apply</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="function">The function, for instance one that initialises.</param>
    public static T Apply<T>(this T module, Action<Module> function) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(function);
        foreach (var child in module.Children())
            child.Apply(function);
        function(module);
        return module;
    }
}
