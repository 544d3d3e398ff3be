using TorchBind.Interop;

namespace TorchBind;

/// <summary>
/// Disposes, at its end, the tensors that this thread made inside it: <c>using var scope = new TensorScope();</c>. Tensors that must
/// outlive it are named with <see cref="Keep{T}(T)"/>. Scopes nest; what leaves an inner one belongs to the outer. A ref struct: the
/// compiler refuses to carry it across <c>await</c>. Nothing requires a scope: without one the garbage collector frees.
/// </summary>
public readonly ref struct TensorScope : IDisposable
{
    private readonly Frame _frame;
    private readonly int _use; // the frame may serve another scope by now

    /// <summary>Begins a scope on this thread.</summary>
    public TensorScope()
    {
        var thread = PerThread.Current;
        var parent = thread.Scope;
        _frame = parent?.TakeSpare() ?? new Frame(parent);
        _use = _frame.Use;
        thread.Scope = _frame;
    }

    /// <summary>Number of tensors the scope will dispose.</summary>
    public int Count => IsOpen ? _frame.Count : 0;

    private bool IsOpen => _frame is not null && _frame.Use == _use;

    /// <summary>Lets a tensor out: it is not disposed with this scope, but with the enclosing one, if any.</summary>
    /// <typeparam name="T">The tensor's type.</typeparam>
    /// <param name="tensor">A tensor that was made in the scope; any other stays as it is.</param>
    /// <returns>The same tensor.</returns>
    /// <exception cref="ArgumentNullException">The tensor is null.</exception>
    public T Keep<T>(T tensor) where T : Tensor
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (IsOpen)
            _frame.Remove(tensor);
        return tensor;
    }

    /// <summary>Lets several tensors out.</summary>
    /// <param name="tensors">Tensors that were made in the scope.</param>
    /// <exception cref="ArgumentNullException">A tensor is null.</exception>
    public void KeepAll(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            Keep(tensor);
    }

    /// <summary>Lets a tensor out of every scope of this thread: what an object keeps for later belongs to that object.</summary>
    internal static void Escape(Tensor tensor) => PerThread.Current.Scope?.Escape(tensor);

    /// <summary>Disposes what was made inside and not kept. Disposing twice is harmless.</summary>
    /// <exception cref="InvalidOperationException">An inner scope is still open.</exception>
    public void Dispose()
    {
        if (IsOpen)
            _frame.End();
    }

    internal sealed class Frame(Frame? parent)
    {
        private readonly List<Tensor> _tensors = [];
        private Frame? _spare;

        internal int Count => _tensors.Count;

        /// <summary>How many scopes have ended that this frame served.</summary>
        internal int Use { get; private set; }

        internal Frame? TakeSpare()
        {
            var spare = _spare;
            _spare = null;
            return spare;
        }

        internal void Add(Tensor tensor) => _tensors.Add(tensor);

        internal void Remove(Tensor tensor)
        {
            // Results are kept soon after they are made: from the end.
            for (var i = _tensors.Count - 1; i >= 0; i--)
            {
                if (!ReferenceEquals(_tensors[i], tensor))
                    continue;
                _tensors.RemoveAt(i);
                parent?.Add(tensor);
                return;
            }
        }

        internal void Escape(Tensor tensor)
        {
            Remove(tensor);
            parent?.Escape(tensor);
        }

        internal void End()
        {
            var thread = PerThread.Current;
            if (!ReferenceEquals(thread.Scope, this))
                throw new InvalidOperationException("A tensor scope ends on the thread that began it, after the scopes inside it.");
            Use++;
            thread.Scope = parent;
            foreach (var tensor in _tensors)
                tensor.Dispose();
            _tensors.Clear();
            if (parent is not null)
                parent._spare = this;
        }
    }
}
