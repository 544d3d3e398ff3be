using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>
/// Until disposed, this thread records for autograd or does not. Made by <see cref="Torch.NoGrad"/>, <see cref="Torch.EnableGrad"/> and
/// <see cref="Torch.SetGradEnabled"/>. A ref struct: the compiler keeps it out of <c>await</c>, which may change the thread.
/// </summary>
public ref struct GradModeScope : IDisposable
{
    private readonly byte _previous;
    private bool _active;

    internal GradModeScope(bool enabled)
    {
        _previous = NativeMethods.tb_autograd_grad_mode_set(enabled ? (byte)1 : (byte)0);
        _active = true;
    }

    /// <summary>Restores the mode that was there before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        NativeMethods.tb_autograd_grad_mode_set(_previous);
    }
}

/// <summary>Until disposed, this thread is in inference mode. Made by <see cref="Torch.InferenceMode"/>.</summary>
public readonly unsafe ref struct InferenceModeScope : IDisposable
{
    private readonly Guard _guard;

    internal InferenceModeScope(bool enabled)
    {
        void* guard;
        NativeError.Check(NativeMethods.tb_autograd_inference_mode_enter(enabled ? (byte)1 : (byte)0, &guard));
        _guard = new Guard(guard);
    }

    /// <summary>Restores the mode that was there before. Disposing twice is harmless.</summary>
    public void Dispose() => _guard?.Exit();

    // An object: copies of the scope (a using variable is copied when Dispose is called on it) share that it has ended.
    private sealed class Guard(void* guard)
    {
        private void* _guard = guard;

        internal void Exit()
        {
            var native = _guard;
            _guard = null;
            if (native != null)
                NativeMethods.tb_autograd_inference_mode_exit(native);
        }
    }
}

/// <summary>
/// Until disposed, backward passes of this thread use several threads or not. Made by
/// <see cref="Torch.Autograd.SetMultithreadingEnabled"/>.
/// </summary>
public ref struct MultithreadingScope : IDisposable
{
    private readonly byte _previous;
    private bool _active;

    internal MultithreadingScope(bool enabled)
    {
        _previous = NativeMethods.tb_autograd_multithreading_set(enabled ? (byte)1 : (byte)0);
        _active = true;
    }

    /// <summary>Restores the mode that was there before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        NativeMethods.tb_autograd_multithreading_set(_previous);
    }
}
