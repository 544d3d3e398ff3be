using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind.Utils.Checkpoint;

/// <summary>
/// One checkpointed run without a reentrant pass. What its operations save is not kept but counted; when the first of it is needed, the run is
/// repeated, and what it saves then is handed out, once for each pass. Nested frames see only what is saved inside of them; their inputs are
/// saved tensors of the frame around.
/// </summary>
internal sealed class CheckpointFrame
{
    private readonly Action<object?[]> _recompute;
    private readonly SavedArgument[] _arguments;
    private readonly SavedArgument? _placeholder;
    private readonly bool _earlyStop;
    private readonly bool _check;
    private readonly bool _debug;
    private readonly Lock _lock = new();

    // In the order in which the first run saved them.
    private readonly List<Holder> _holders = [];
    private readonly List<(Shape Shape, DType DType, Device Device)> _metadata = [];
    private readonly List<StackTrace> _forwardTraces = [];
    private readonly Dictionary<long, Recomputation> _passes = [];
    private bool _forwardCompleted;
    private bool _ignoreMismatch;

    // Passes have numbers from 0 up; what is unpacked outside of one gets a number of its own.
    private static long s_lastOutside = -1;

    internal CheckpointFrame(Action<object?[]> recompute, IReadOnlyList<object?> arguments, bool earlyStop, bool check, bool debug)
    {
        _recompute = recompute;
        // Hooks around see what Python saves: its older versions a placeholder as well.
        if (NN.LibtorchRelease.SavesCheckpointPlaceholder)
        {
            using var placeholder = Torch.Empty(0);
            _placeholder = new SavedArgument(placeholder);
        }
        _arguments = [.. arguments.Select(a => new SavedArgument(a))];
        _earlyStop = earlyStop;
        _check = check;
        _debug = debug;
    }

    internal SavedTensorHooks Forward => new ForwardHooks(this);

    internal void ForwardCompleted() => _forwardCompleted = true;

    /// <summary>Stands in the graph for one saved tensor.</summary>
    private sealed class Holder
    {
        // By pass; null once handed out.
        internal readonly Dictionary<long, Tensor?> Recomputed = [];
        internal bool IsDropped;
    }

    private sealed class Recomputation
    {
        internal int Counter;
        internal bool IsComplete;
        internal readonly List<StackTrace> Traces = [];
    }

    private sealed class StopRecomputation : Exception;

    /// <summary>An argument as an operation would save it, so that hooks around, those of an outer frame, see it.</summary>
    private sealed unsafe class SavedArgument : SafeHandle
    {
        private readonly object? _value;

        internal SavedArgument(object? argument) : base(0, ownsHandle: true)
        {
            if (argument is not Tensor tensor)
            {
                _value = argument;
                return;
            }
            using var borrow = new Borrow(tensor, nameof(argument));
            void* saved;
            NativeError.Check(NativeMethods.tb_saved_variable_new(borrow.Handle, &saved));
            SetHandle((nint)saved);
        }

        public override bool IsInvalid => handle == 0;

        internal object? Value
        {
            get
            {
                if (IsInvalid)
                    return _value;
                using var self = new HandleBorrow(this);
                nint tensor;
                NativeError.Check(NativeMethods.tb_saved_variable_unpack((void*)self.Handle, &tensor));
                return Tensor.Wrap(tensor);
            }
        }

        protected override bool ReleaseHandle()
        {
            NativeMethods.tb_saved_variable_free((void*)handle);
            return true;
        }
    }

    private sealed class ForwardHooks(CheckpointFrame frame) : SavedTensorHooks
    {
        internal override bool OwnsTensors => true;

        internal override object Pack(Tensor tensor)
        {
            var holder = new Holder();
            lock (frame._lock)
            {
                frame._holders.Add(holder);
                if (frame._check)
                    frame._metadata.Add((tensor.Shape, tensor.DType, tensor.Device));
                if (frame._debug)
                    frame._forwardTraces.Add(new StackTrace(fNeedFileInfo: true));
            }
            return holder;
        }

        internal override Tensor Unpack(object? packed) => frame.Unpack((Holder)packed!);

        internal override void Dropped(object? packed) => frame.Drop((Holder)packed!);
    }

    private sealed class RecomputeHooks(CheckpointFrame frame, Recomputation pass, long task) : SavedTensorHooks
    {
        internal override object Pack(Tensor tensor)
        {
            // What is saved here may also serve a pass over the repeated run itself.
            var kept = tensor.RequiresGrad ? tensor.Detach() : tensor;
            lock (frame._lock)
            {
                var index = pass.Counter++;
                if (frame._debug)
                    pass.Traces.Add(new StackTrace(fNeedFileInfo: true));
                if (index >= frame._holders.Count)
                {
                    if (!frame._forwardCompleted)
                    {
                        // A pass inside of the first run: it has not saved everything yet.
                        frame._ignoreMismatch = true;
                        return kept;
                    }
                    throw frame.Fail("The second run of a checkpointed function saved more tensors than the first; it must do the same.", pass);
                }
                var holder = frame._holders[index];
                if (!holder.IsDropped)
                    holder.Recomputed[task] = Share(kept);
                if (frame._earlyStop && pass.Counter == frame._holders.Count)
                    throw new StopRecomputation();
            }
            return kept;
        }

        internal override Tensor Unpack(object? packed) => (Tensor)packed!;
    }

    private Tensor Unpack(Holder holder)
    {
        var task = NativeMethods.tb_autograd_current_task();
        if (task < 0)
            task = Interlocked.Decrement(ref s_lastOutside);
        Recomputation pass;
        lock (_lock)
        {
            if (!_passes.TryGetValue(task, out pass!))
                _passes[task] = pass = new Recomputation();
        }
        if (!pass.IsComplete)
        {
            (_placeholder?.Value as Tensor)?.Dispose();
            var arguments = Array.ConvertAll(_arguments, a => a.Value);
            try
            {
                using (new SavedTensorsHooksScope(new RecomputeHooks(this, pass, task)))
                using (Torch.EnableGrad())
                    _recompute(arguments);
            }
            catch (StopRecomputation)
            {
            }
            pass.IsComplete = true;
            CheckMatch(pass, task);
        }
        lock (_lock)
        {
            if (!holder.Recomputed.TryGetValue(task, out var tensor))
                throw Fail("The second run of a checkpointed function did not save a tensor that the first saved; it must do the same.", pass);
            if (tensor is null)
            {
                throw new CheckpointException("A tensor of a checkpointed function was taken for the second time in one pass: read SavedTensors once in a backward, and keep what it gave.");
            }
            holder.Recomputed[task] = null;
            return tensor;
        }
    }

    private void Drop(Holder holder)
    {
        lock (_lock)
        {
            holder.IsDropped = true;
            foreach (var tensor in holder.Recomputed.Values)
                tensor?.Dispose();
            holder.Recomputed.Clear();
        }
    }

    private void CheckMatch(Recomputation pass, long task)
    {
        if (_ignoreMismatch)
            return;
        lock (_lock)
        {
            if (_holders.Count != pass.Counter)
            {
                throw Fail($"The first run of a checkpointed function saved {_holders.Count} tensors, the second {pass.Counter}; it must do the same.", pass);
            }
            if (!_check)
                return;
            var differences = new StringBuilder();
            for (var i = 0; i < _holders.Count; i++)
            {
                if (_holders[i].IsDropped || _holders[i].Recomputed.GetValueOrDefault(task) is not { } tensor)
                    continue;
                var found = (tensor.Shape, tensor.DType, tensor.Device);
                if (found != _metadata[i])
                {
                    differences.Append($"\ntensor {i}: {Describe(_metadata[i])}, then {Describe(found)}");
                }
            }
            if (differences.Length != 0)
            {
                throw Fail("The second run of a checkpointed function saved other kinds of tensors than the first:"
                    + differences, pass);
            }
        }
    }

    private static string Describe((Shape Shape, DType DType, Device Device) metadata) =>
        $"{metadata.Shape} {metadata.DType.Name()} on {metadata.Device}";

    private CheckpointException Fail(string message, Recomputation pass)
    {
        if (!_debug)
            return new CheckpointException(message);
        var text = new StringBuilder("An error happened while unpacking tensors; here is who saved them, because of debug: true.\n\n");
        Append("during the original forward", _forwardTraces);
        Append("during recomputation", pass.Traces);
        return new CheckpointException(text + message, new CheckpointException(message));

        void Append(string when, List<StackTrace> traces)
        {
            for (var i = 0; i < traces.Count; i++)
                text.Append($"tensor {i + 1} of {traces.Count} saved {when}:\n{traces[i]}\n");
        }
    }

    /// <summary>Another object for the same native tensor: it is disposed on its own.</summary>
    private static Tensor Share(Tensor tensor)
    {
        using var borrow = new Borrow(tensor);
        return Tensor.Wrap(NativeMethods.tb_tensor_retain(borrow.Handle));
    }
}
