using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>
    /// Gradients of what was computed. Mirrors the functions of Python's <c>torch.autograd</c>; its classes are in the namespace
    /// <see cref="TorchBind.Autograd"/>.
    /// </summary>
    public static partial class Autograd
    {
        /// <summary>
        /// The gradients of the outputs' sum with respect to the inputs; the inputs' <see cref="Tensor.Grad"/> stay as they are.
        /// Mirrors <c>torch.autograd.grad</c>.
        /// </summary>
        /// <param name="outputs">What is differentiated; each computed from something that requires a gradient.</param>
        /// <param name="inputs">With respect to what; at least one.</param>
        /// <param name="gradOutputs">The gradient of each output, of its shape; may be left out, or null, for a real scalar and for what requires no gradient.</param>
        /// <param name="retainGraph">Keeps the graph for another pass; default: the value of <paramref name="createGraph"/>.</param>
        /// <param name="createGraph">Records the pass itself, for higher derivatives. Default: false.</param>
        /// <param name="allowUnused">Whether an input may have no part in the outputs; default: the value of <paramref name="materializeGrads"/>.</param>
        /// <param name="isGradsBatched">Whether the first dimension of every gradient given counts several passes, which run as one; so does that of every result. Default: false.</param>
        /// <param name="materializeGrads">Whether the gradient of an unused input is zeros. Default: false.</param>
        /// <returns>One gradient for each input, of its shape and dtype; null for an unused one that <paramref name="allowUnused"/> allows.</returns>
        /// <exception cref="TorchException">An input is unused, an output is in no graph, the graph was freed, a shape disagrees, or a gradient is missing for an output with more than one element.</exception>
        /// <exception cref="ArgumentException">There are more or fewer gradients than outputs, <paramref name="materializeGrads"/> comes with <paramref name="allowUnused"/> false, or batches have different lengths.</exception>
        public static Tensor[] Grad(
            ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> gradOutputs = default, bool? retainGraph = null,
            bool createGraph = false, bool? allowUnused = null, bool isGradsBatched = false, bool materializeGrads = false) =>
            GradOfEdges(AutogradEngine.Edges(outputs, nameof(outputs)), AutogradEngine.Edges(inputs, nameof(inputs)), gradOutputs, retainGraph,
                createGraph, allowUnused, isGradsBatched, materializeGrads);

        /// <inheritdoc cref="Grad(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, bool?, bool, bool?, bool, bool)"/>
        public static Tensor[] Grad(
            Tensor outputs, Tensor inputs, Tensor? gradOutputs = null, bool? retainGraph = null, bool createGraph = false, bool? allowUnused = null,
            bool isGradsBatched = false, bool materializeGrads = false) =>
            Grad([outputs], [inputs], [gradOutputs], retainGraph, createGraph, allowUnused, isGradsBatched, materializeGrads);

        /// <inheritdoc cref="Grad(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, bool?, bool, bool?, bool, bool)"/>
        public static Tensor[] Grad(
            Tensor outputs, ReadOnlySpan<Tensor> inputs, Tensor? gradOutputs = null, bool? retainGraph = null, bool createGraph = false,
            bool? allowUnused = null, bool isGradsBatched = false, bool materializeGrads = false) =>
            Grad([outputs], inputs, [gradOutputs], retainGraph, createGraph, allowUnused, isGradsBatched, materializeGrads);

        /// <summary>
        /// The same for places in the graph. A tensor converts to its place. Mirrors <c>torch.autograd.grad</c> with <c>GradientEdge</c>.
        /// </summary>
        /// <inheritdoc cref="Grad(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, bool?, bool, bool?, bool, bool)"/>
        public static Tensor[] GradOfEdges(
            ReadOnlySpan<GradientEdge> outputs, ReadOnlySpan<GradientEdge> inputs, ReadOnlySpan<Tensor?> gradOutputs = default,
            bool? retainGraph = null, bool createGraph = false, bool? allowUnused = null, bool isGradsBatched = false, bool materializeGrads = false)
        {
            if (materializeGrads && allowUnused == false)
            {
                throw new ArgumentException("materializeGrads gives zeros for unused inputs, which allowUnused: false forbids: leave allowUnused away.",
                    nameof(allowUnused));
            }
            if (inputs.IsEmpty)
                throw new TorchException("Grad needs at least one input to differentiate by.");
            var results = isGradsBatched
                ? AutogradEngine.RunBatched(outputs, gradOutputs, inputs, retainGraph ?? createGraph, createGraph, allowUnused ?? materializeGrads)
                : AutogradEngine.Run(outputs, gradOutputs, inputs, retainGraph ?? createGraph, createGraph, accumulate: false,
                    allowUnused ?? materializeGrads);
            if (materializeGrads)
            {
                for (var i = 0; i < results.Length; i++)
                {
                    if (results[i] is not null)
                        continue;
                    var input = inputs[i].Tensor
                        ?? throw new TorchException("The zeros of materializeGrads take the shape of a tensor, and an input is a GradientEdge.");
                    results[i] = ZerosLike(input, requiresGrad: createGraph);
                }
            }
            return results;
        }

        /// <summary>
        /// Computes the gradients of the graph's leaves and adds them to their <see cref="Tensor.Grad"/>. Mirrors <c>torch.autograd.backward</c>.
        /// </summary>
        /// <param name="tensors">What is differentiated; each computed from something that requires a gradient.</param>
        /// <param name="gradTensors">The gradient of each tensor, of its shape; may be left out, or null, for a real scalar and for what requires no gradient.</param>
        /// <param name="retainGraph">Keeps the graph for another pass; default: the value of <paramref name="createGraph"/>.</param>
        /// <param name="createGraph">Records the pass itself, for higher derivatives. Default: false.</param>
        /// <param name="inputs">The tensors that receive gradients; default: all leaves.</param>
        /// <exception cref="TorchException">A tensor is in no graph, the graph was freed, a shape disagrees, a gradient is missing for a tensor with more than one element, or a function transform is running.</exception>
        /// <exception cref="ArgumentException">There are more or fewer gradients than tensors.</exception>
        public static void Backward(
            ReadOnlySpan<Tensor> tensors, ReadOnlySpan<Tensor?> gradTensors = default, bool? retainGraph = null, bool createGraph = false,
            ReadOnlySpan<Tensor> inputs = default) =>
            AutogradEngine.Backward(tensors, gradTensors, retainGraph, createGraph, inputs);

        /// <inheritdoc cref="Backward(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, bool?, bool, ReadOnlySpan{Tensor})"/>
        public static void Backward(
            Tensor tensors, Tensor? gradTensors = null, bool? retainGraph = null, bool createGraph = false, ReadOnlySpan<Tensor> inputs = default) =>
            AutogradEngine.Backward([tensors], [gradTensors], retainGraph, createGraph, inputs);

        /// <summary>The same for places in the graph. A tensor converts to its place. Mirrors <c>torch.autograd.backward</c> with <c>GradientEdge</c>.</summary>
        /// <inheritdoc cref="Backward(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, bool?, bool, ReadOnlySpan{Tensor})"/>
        public static void BackwardOfEdges(
            ReadOnlySpan<GradientEdge> tensors, ReadOnlySpan<Tensor?> gradTensors = default, bool? retainGraph = null, bool createGraph = false,
            ReadOnlySpan<GradientEdge> inputs = default) =>
            AutogradEngine.Backward(tensors, gradTensors, retainGraph, createGraph, inputs);

        /// <summary>
        /// Until disposed, every operation remembers the call that ran it, and a backward pass that fails, or meets NaN, names it: in the message of
        /// the exception, and in its <c>Data["ForwardTrace"]</c>. For the whole process; slow. Mirrors <c>torch.autograd.detect_anomaly</c>.
        /// </summary>
        /// <param name="checkNan">Whether a gradient with NaN is an error. Default: true.</param>
        /// <returns>A scope that restores the mode when it is disposed.</returns>
        /// <exception cref="LibtorchNotFoundException">There is no libtorch, and nothing has needed it before.</exception>
        public static AnomalyScope DetectAnomaly(bool checkNan = true) => new(true, checkNan);

        /// <summary>
        /// Sets anomaly mode; disposing the result restores it. Mirrors <c>torch.autograd.set_detect_anomaly</c>.
        /// </summary>
        /// <param name="mode">Whether operations remember their calls.</param>
        /// <param name="checkNan">Whether a gradient with NaN is an error. Default: true.</param>
        /// <returns>A scope that restores the mode when it is disposed.</returns>
        /// <exception cref="LibtorchNotFoundException">There is no libtorch, and nothing has needed it before.</exception>
        public static AnomalyScope SetDetectAnomaly(bool mode, bool checkNan = true) => new(mode, checkNan);

        /// <summary>
        /// Whether a backward pass may use several threads, on this thread; disposing the result restores it. Mirrors
        /// <c>torch.autograd.set_multithreading_enabled</c>.
        /// </summary>
        /// <param name="mode">Whether it may.</param>
        /// <returns>A scope that restores the mode when it is disposed.</returns>
        /// <exception cref="LibtorchNotFoundException">There is no libtorch, and nothing has needed it before.</exception>
        public static MultithreadingScope SetMultithreadingEnabled(bool mode) => new(mode);

        /// <summary>The graph that a backward pass walks. Mirrors <c>torch.autograd.graph</c>.</summary>
        public static partial class Graph
        {
            /// <summary>
            /// Until disposed, <paramref name="packHook"/> sees every tensor that an operation of this thread saves for its backward, and what it
            /// returns is kept instead; <paramref name="unpackHook"/> makes the tensor again when the backward asks for it. Of nested pairs the
            /// innermost counts. Neither may change its argument in place, and what is packed may not hold the tensor itself: detach it.
            /// Mirrors <c>torch.autograd.graph.saved_tensors_hooks</c>.
            /// </summary>
            /// <typeparam name="T">What is kept in place of a tensor.</typeparam>
            /// <param name="packHook">Takes the tensor that is saved, gives what is kept.</param>
            /// <param name="unpackHook">Takes what was kept, gives a tensor with the same content; called as often as a backward asks.</param>
            /// <returns>A scope that takes the hooks away when it is disposed; what they packed is still unpacked by them.</returns>
            /// <exception cref="TorchException">Hooks are refused here: <see cref="DisableSavedTensorsHooks"/>, with its message.</exception>
            /// <exception cref="ArgumentNullException">A hook is null. One that gives null fails in the backward, with a <see cref="TorchTypeException"/>.</exception>
            public static SavedTensorsHooksScope SavedTensorsHooks<T>(Func<Tensor, T> packHook, Func<T, Tensor> unpackHook)
            {
                ArgumentNullException.ThrowIfNull(packHook);
                ArgumentNullException.ThrowIfNull(unpackHook);
                return new SavedTensorsHooksScope(new DelegateHooks<T>(packHook, unpackHook));
            }

            /// <summary>
            /// Until disposed, what operations save for their backward waits in the processor's memory. Mirrors
            /// <c>torch.autograd.graph.save_on_cpu</c>.
            /// </summary>
            /// <param name="pinMemory">Whether that memory is pinned, and copied without waiting. Default: false.</param>
            /// <param name="deviceType">The device that memory is pinned for; where there is none, nothing is pinned. Default: CUDA.</param>
            /// <returns>A scope that ends this when it is disposed; what waits is still copied back.</returns>
            /// <exception cref="TorchException">Hooks are refused here: <see cref="DisableSavedTensorsHooks"/>, with its message.</exception>
            public static SavedTensorsHooksScope SaveOnCpu(bool pinMemory = false, DeviceType deviceType = DeviceType.Cuda)
            {
                return SavedTensorsHooks(tensor =>
                {
                    if (!pinMemory)
                        return (tensor.Device, tensor.To(device: Device.Cpu));
                    var pinnable = Available(deviceType) && !tensor.IsSparse;
                    var packed = Torch.Empty(tensor.Shape, dtype: tensor.DType, layout: tensor.Layout, pinMemory: pinnable);
                    packed.Copy_(tensor, nonBlocking: pinnable);
                    return (tensor.Device, packed);
                }, packed => packed.Item2.To(device: packed.Item1, nonBlocking: pinMemory));
            }

            private static unsafe bool Available(DeviceType type)
            {
                byte available;
                NativeError.Check(NativeMethods.tb_core_device_available((int)type, &available));
                return available != 0;
            }

            /// <summary>
            /// Until disposed, hooks on saved tensors are an error with this message, on this thread. Mirrors
            /// <c>torch.autograd.graph.disable_saved_tensors_hooks</c>.
            /// </summary>
            /// <param name="errorMessage">The message of the <see cref="TorchException"/>.</param>
            /// <returns>A scope that restores what held before when it is disposed.</returns>
            /// <exception cref="TorchException">Such hooks are in place; the message is <paramref name="errorMessage"/>.</exception>
            public static DisableSavedTensorsHooksScope DisableSavedTensorsHooks(string errorMessage)
            {
                ArgumentNullException.ThrowIfNull(errorMessage);
                return new DisableSavedTensorsHooksScope(errorMessage);
            }

            /// <summary>The place in the graph where the tensor's gradient arrives. Mirrors <c>torch.autograd.graph.get_gradient_edge</c>.</summary>
            /// <param name="tensor">A tensor that requires a gradient.</param>
            /// <returns>Its node, or the one that accumulates into a leaf's gradient, and the number of the node's output.</returns>
            /// <exception cref="TorchException">The tensor requires no gradient.</exception>
            public static unsafe GradientEdge GetGradientEdge(Tensor tensor)
            {
                ArgumentNullException.ThrowIfNull(tensor);
                if (!tensor.RequiresGrad)
                    throw new TorchException("A tensor that requires no gradient is in no graph, so it has no edge there.");
                using var self = new Borrow(tensor);
                nint node;
                long inputNr;
                NativeError.Check(NativeMethods.tb_tensor_gradient_edge(self.Handle, &node, &inputNr));
                return new GradientEdge(new Node(node), inputNr);
            }

            /// <summary>
            /// Tells autograd that tensors were changed in place by other means than its operations. Mirrors
            /// <c>torch.autograd.graph.increment_version</c>.
            /// </summary>
            /// <param name="tensors">The tensors that were changed.</param>
            /// <exception cref="ArgumentNullException">A tensor is null.</exception>
            public static void IncrementVersion(params ReadOnlySpan<Tensor> tensors)
            {
                foreach (var tensor in tensors)
                {
                    using var self = new Borrow(tensor, nameof(tensors));
                    NativeError.Check(NativeMethods.tb_tensor_increment_version(self.Handle));
                }
            }

            /// <summary>
            /// Calls <paramref name="fn"/> once in every pass, when the gradients of all the tensors that have a part in it were computed. Its
            /// argument holds one for each tensor, null for those that have none. Mirrors
            /// <c>torch.autograd.graph.register_multi_grad_hook</c> with <c>mode="all"</c>.
            /// </summary>
            /// <param name="tensors">The tensors; each requires a gradient.</param>
            /// <param name="fn">What is called; it runs on the thread of the pass.</param>
            /// <returns>Takes the hook away when <c>Remove</c> is called.</returns>
            /// <exception cref="TorchException">A tensor requires no gradient.</exception>
            public static TorchBind.Utils.Hooks.RemovableHandle RegisterMultiGradHook(ReadOnlySpan<Tensor> tensors, Action<Tensor[]> fn)
            {
                ArgumentNullException.ThrowIfNull(fn);
                return MultiGradHook.RegisterAll(tensors, fn);
            }

            /// <summary>
            /// Calls <paramref name="fn"/> once in every pass, with the first gradient of the tensors that was computed. Mirrors
            /// <c>torch.autograd.graph.register_multi_grad_hook</c> with <c>mode="any"</c>.
            /// </summary>
            /// <param name="tensors">The tensors; those that require no gradient are passed over.</param>
            /// <param name="fn">What is called; it runs on the thread of the pass.</param>
            /// <returns>Takes the hook away when <c>Remove</c> is called.</returns>
            /// <exception cref="ArgumentNullException">A tensor is null, or <paramref name="fn"/> is.</exception>
            public static TorchBind.Utils.Hooks.RemovableHandle RegisterAnyGradHook(ReadOnlySpan<Tensor> tensors, Action<Tensor> fn)
            {
                ArgumentNullException.ThrowIfNull(fn);
                return MultiGradHook.RegisterAny(tensors, fn);
            }

            /// <summary>The node that this thread is running in a backward pass; null outside of one.</summary>
            public static unsafe Node? CurrentNode
            {
                get
                {
                    nint node;
                    NativeError.Check(NativeMethods.tb_autograd_current_node(&node));
                    return node == 0 ? null : new Node(node);
                }
            }
        }
    }

    /// <summary>
    /// Switches anomaly mode for the process, for good. Mirrors <c>torch.set_anomaly_enabled</c>;
    /// <see cref="Autograd.DetectAnomaly"/> does it for a while.
    /// </summary>
    /// <param name="mode">Whether operations remember their calls.</param>
    /// <param name="checkNan">Whether a gradient with NaN is an error.</param>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void SetAnomalyEnabled(bool mode, bool checkNan = true) => Anomaly.Set(mode, checkNan);

    /// <summary>Whether anomaly mode is on. Mirrors <c>torch.is_anomaly_enabled</c>.</summary>
    /// <returns>False unless it was switched on.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsAnomalyEnabled() => Anomaly.Enabled;

    /// <summary>Whether anomaly mode looks for NaN. Mirrors <c>torch.is_anomaly_check_nan_enabled</c>.</summary>
    /// <returns>True unless it was set otherwise.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsAnomalyCheckNanEnabled() => Anomaly.ChecksNan;
}
