using TorchBind.Autograd;
using TorchBind.Utils;
using TorchBind.Utils.Checkpoint;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>Functions of Python's <c>torch.utils</c>.</summary>
    public static partial class Utils
    {
        private static bool? s_earlyStop;
        private static bool? s_debug;

        /// <summary>
        /// Runs a function without keeping what it saves for the backward; the backward runs it again. Takes memory for time.
        /// Mirrors <c>torch.utils.checkpoint.checkpoint</c>, with the recommended <c>use_reentrant=False</c> unless told.
        /// </summary>
        /// <typeparam name="T">A tensor, or an array, tuple or dictionary of them and of other values.</typeparam>
        /// <typeparam name="TResult">The same for the result.</typeparam>
        /// <param name="function">What runs, now and again in the backward; it must do the same then.</param>
        /// <param name="arg">Its argument: a tensor, or an array, tuple or dictionary of them. More come as a tuple, or through a closure.</param>
        /// <param name="useReentrant">
        /// Whether the backward of the function runs inside of the backward of its result. Then only <see cref="Tensor.Backward"/> without inputs works,
        /// and some argument must require a gradient.
        /// </param>
        /// <param name="preserveRngState">Whether the random generators are, the second time, where they were the first time.</param>
        /// <param name="contextFn">Makes what is disposed after the first run and after the second. Not with <paramref name="useReentrant"/>.</param>
        /// <param name="determinismCheck">What is compared between the runs.</param>
        /// <param name="debug">Whether an exception about a difference says which calls saved tensors. Slow.</param>
        /// <param name="earlyStop">Whether the second run ends when all that is needed was computed again.</param>
        /// <returns>What the function gives.</returns>
        /// <exception cref="CheckpointException">In the backward: the second run differed from the first.</exception>
        /// <exception cref="ArgumentNullException">The function is null.</exception>
        /// <exception cref="ArgumentException">
        /// <paramref name="contextFn"/> or <paramref name="debug"/> is given with <paramref name="useReentrant"/>, or both without it.
        /// </exception>
        public static TResult Checkpoint<T, TResult>(
            Func<T, TResult> function, T arg, bool useReentrant = false, bool preserveRngState = true,
            Func<(Func<IDisposable?> Forward, Func<IDisposable?> Recompute)>? contextFn = null, DeterminismCheck determinismCheck = DeterminismCheck.Default,
            bool debug = false, bool earlyStop = true)
        {
            ArgumentNullException.ThrowIfNull(function);
            if (useReentrant)
            {
                if (contextFn is not null || debug)
                    throw new ArgumentException("With useReentrant there is neither contextFn nor debug: leave them away, or set useReentrant to false.", nameof(useReentrant));
                return Reentrant(function, arg, preserveRngState);
            }

            debug = s_debug ?? debug;
            if (debug && contextFn is not null)
                throw new ArgumentException("debug brings a context of its own, so it excludes contextFn.", nameof(debug));
            var (forwardContext, recomputeContext) = contextFn?.Invoke() ?? (static () => null, static () => null);
            var leaves = new List<object?>();
            var shape = Tree.Flatten(arg, leaves);
            var ambient = new AmbientState(leaves.OfType<Tensor>(), preserveRngState);
            if (!IsGradEnabled())
                return function(arg);

            var frame = new CheckpointFrame(
                saved => ambient.Run(() =>
                {
                    using (recomputeContext())
                        function(shape.Build<T>(saved));
                }),
                leaves, s_earlyStop ?? earlyStop, determinismCheck == DeterminismCheck.Default, debug);
            TResult result;
            using (new SavedTensorsHooksScope(frame.Forward))
            using (forwardContext())
                result = function(arg);
            frame.ForwardCompleted();
            return result;
        }

        /// <summary>
        /// Runs functions one after the other in segments, each of which but the last is checkpointed. Mirrors
        /// <c>torch.utils.checkpoint.checkpoint_sequential</c>.
        /// </summary>
        /// <param name="functions">What runs: modules' calls, or any functions; at least as many as segments.</param>
        /// <param name="segments">Into how many parts of equal length the functions are divided; the last takes the rest.</param>
        /// <param name="input">The argument of the first function, of any shape.</param>
        /// <param name="useReentrant">As in <see cref="Checkpoint"/>.</param>
        /// <param name="preserveRngState">As in <see cref="Checkpoint"/>.</param>
        /// <returns>What the last function gives.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="functions"/> is null.</exception>
        /// <exception cref="ArgumentException">A function is null.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="segments"/> is not positive, or more than the functions.</exception>
        public static Tensor CheckpointSequential(
            IEnumerable<Func<Tensor, Tensor>> functions, int segments, Tensor input, bool useReentrant = false, bool preserveRngState = true)
        {
            ArgumentNullException.ThrowIfNull(functions);
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(segments);
            Func<Tensor, Tensor>[] all = [.. functions];
            if (Array.Exists(all, static function => function is null))
                throw new ArgumentException("A function is null.", nameof(functions));
            var size = all.Length / segments;
            if (size == 0)
                throw new ArgumentOutOfRangeException(nameof(segments), segments, $"There are {all.Length} functions, which make no {segments} segments.");
            var start = 0;
            for (; start < size * (segments - 1); start += size)
                input = Checkpoint(Run(all[start..(start + size)]), input, useReentrant, preserveRngState);
            return Run(all[start..])(input);

            static Func<Tensor, Tensor> Run(Func<Tensor, Tensor>[] part) => x =>
            {
                foreach (var function in part)
                    x = function(x);
                return x;
            };
        }

        /// <summary>
        /// Until disposed, decides for all checkpoints whether the second run ends as soon as all that is needed was computed.
        /// Mirrors <c>torch.utils.checkpoint.set_checkpoint_early_stop</c>.
        /// </summary>
        /// <remarks>Throws nothing.</remarks>
        /// <param name="enable">Whether it ends then.</param>
        /// <returns>Gives the decision back when it is disposed.</returns>
        public static IDisposable SetCheckpointEarlyStop(bool enable)
        {
            var previous = s_earlyStop;
            s_earlyStop = enable;
            return new Restore(() => s_earlyStop = previous);
        }

        /// <summary>
        /// Until disposed, decides for all checkpoints whether they trace who saves tensors; null leaves it to each.
        /// Mirrors <c>torch.utils.checkpoint.set_checkpoint_debug_enabled</c>.
        /// </summary>
        /// <remarks>Throws nothing.</remarks>
        /// <param name="enabled">Whether they trace; null: as each was called.</param>
        /// <returns>Gives the decision back when it is disposed.</returns>
        public static IDisposable SetCheckpointDebugEnabled(bool? enabled)
        {
            var previous = s_debug;
            s_debug = enabled;
            return new Restore(() => s_debug = previous);
        }

        private static TResult Reentrant<T, TResult>(Func<T, TResult> function, T arg, bool preserveRngState)
        {
            var leaves = new List<object?>();
            var shape = Tree.Flatten(arg, leaves);
            Tensor[] tensors = [.. leaves.OfType<Tensor>()];
            var others = leaves.ConvertAll(leaf => leaf is Tensor ? null : leaf);
            var isTensor = leaves.ConvertAll(leaf => leaf is Tensor);
            TreeShape? resultShape = null;
            var outputs = ReentrantCheckpoint.Apply(
                inputs =>
                {
                    var filled = others.ToArray();
                    for (int i = 0, next = 0; i < filled.Length; i++)
                    {
                        if (isTensor[i])
                            filled[i] = inputs[next++];
                    }
                    var found = new List<object?>();
                    resultShape = Tree.Flatten(function(shape.Build<T>(filled)), found);
                    return [.. found];
                },
                preserveRngState, tensors);
            return resultShape!.Build<TResult>(outputs);
        }

        private sealed class Restore(Action action) : IDisposable
        {
            private Action? _action = action;

            public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
        }
    }
}
