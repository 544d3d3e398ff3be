namespace TorchBind;

public static partial class Torch
{
    /// <summary>The functions of Python's <c>torch.random</c>.</summary>
    public static class Random
    {
        /// <summary>The processor's default generator. Mirrors <c>torch.random.default_generator</c>.</summary>
        public static Generator DefaultGenerator => Torch.DefaultGenerator;

        /// <summary>
        /// In a worker of a data loader the worker's own generator, else null, with which functions take the default one. Mirrors
        /// <c>torch.random.thread_safe_generator</c>.
        /// </summary>
        /// <remarks>Throws nothing.</remarks>
        /// <returns>The generator, or null outside of a worker.</returns>
        public static Generator? ThreadSafeGenerator() => Torch.ThreadSafeGenerator();

        /// <summary>Seeds the generators of all devices. Mirrors <c>torch.random.manual_seed</c>.</summary>
        /// <param name="seed">Negative numbers count as their 64-bit pattern, as in Python.</param>
        /// <returns>The processor's default generator, in a new object.</returns>
        /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
        public static Generator ManualSeed(long seed) => Torch.ManualSeed(seed);

        /// <summary>Seeds from the system's randomness and returns the seed. Mirrors <c>torch.random.seed</c>.</summary>
        /// <returns>The new seed of the generators of all devices.</returns>
        /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
        public static long Seed() => Torch.Seed();

        /// <summary>The seed that was set last for the processor. Mirrors <c>torch.random.initial_seed</c>.</summary>
        /// <returns>The seed as a 64-bit pattern: one beyond <see cref="long.MaxValue"/> is negative.</returns>
        /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
        public static long InitialSeed() => Torch.InitialSeed();

        /// <summary>The state of the processor's default generator. Mirrors <c>torch.random.get_rng_state</c>.</summary>
        /// <returns>Shape <c>(5056)</c>, uint8, on the processor; a copy.</returns>
        /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
        public static Tensor GetRngState() => Torch.GetRngState();

        /// <summary>Restores the state of the processor's default generator. Mirrors <c>torch.random.set_rng_state</c>.</summary>
        /// <param name="newState">What <see cref="GetRngState"/> gave.</param>
        /// <exception cref="ArgumentNullException">The state is null.</exception>
        /// <exception cref="TorchTypeException">The state is no uint8 tensor on the processor.</exception>
        /// <exception cref="TorchException">The state has another size, or holds no state.</exception>
        public static void SetRngState(Tensor newState) => Torch.SetRngState(newState);

        /// <summary>
        /// At its end the scope brings the default generators back to where they were: <c>using (Torch.Random.ForkRng()) { ... }</c>.
        /// Mirrors <c>torch.random.fork_rng</c>.
        /// </summary>
        /// <param name="devices">The devices whose generators are restored, beside the processor's.</param>
        /// <param name="enabled">False: nothing is restored.</param>
        /// <returns>Restores the generators when it is disposed.</returns>
        /// <exception cref="TorchException">libtorch was built without support for a device.</exception>
        public static RngScope ForkRng(ReadOnlySpan<Device> devices = default, bool enabled = true) => new(devices, enabled);
    }
}

/// <summary>Brings default generators back to their former states. Made by <see cref="Torch.Random.ForkRng"/>.</summary>
public sealed class RngScope : IDisposable
{
    private (Generator Generator, Tensor State)[] _states = [];

    internal RngScope(ReadOnlySpan<Device> devices, bool enabled)
    {
        if (!enabled)
            return;
        var states = new List<(Generator, Tensor)>();
        foreach (var device in (ReadOnlySpan<Device>)[Device.Cpu, .. devices])
        {
            var generator = Generator.Default(device);
            states.Add((generator, generator.GetState()));
        }
        _states = [.. states];
    }

    /// <summary>Restores the states. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        foreach (var (generator, state) in Interlocked.Exchange(ref _states, []))
        {
            generator.SetState(state);
            generator.Dispose();
            state.Dispose();
        }
    }
}
