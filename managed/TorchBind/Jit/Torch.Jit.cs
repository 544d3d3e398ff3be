using TorchBind.Interop;
using TorchBind.Jit;
using TorchBind.NN;
using TorchBind.Serialization;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>TorchScript: programs that run without Python. Mirrors <c>torch.jit</c>.</summary>
    public static unsafe class Jit
    {
        /// <summary>
        /// Loads a TorchScript archive. Its code runs when the module is called, and also while it is loaded, as in Python: load only what you
        /// trust. <c>Torch.Load</c> reads the weights of an archive without running anything. Mirrors <c>torch.jit.load</c>.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="mapLocation">The device to put tensors on. Default: where they were.</param>
        /// <param name="extraFiles">Names of attached files as keys: their contents are filled in; empty for one that is not there.</param>
        /// <returns>The module.</returns>
        /// <exception cref="FileNotFoundException">There is no such file.</exception>
        /// <exception cref="TorchException">The file is no TorchScript archive, or is damaged; the message is libtorch's.</exception>
        /// <exception cref="ArgumentException">The path is empty.</exception>
        public static ScriptModule Load(string path, Device? mapLocation = null, IDictionary<string, byte[]>? extraFiles = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(path);
            if (!File.Exists(path))
                throw new FileNotFoundException($"There is no file {path}.", path);
            string[] wanted = [.. extraFiles?.Keys ?? []];
            using var names = new TextListArgument(wanted);
            tb_value* extras;
            nint handle;
            fixed (byte* text = ScriptAccess.Utf8(path))
            {
                NativeError.Check(NativeMethods.tb_jit_load(text, mapLocation is { } device ? (int)device.Type : -1, mapLocation?.Index ?? -1,
                    names.Pointer, names.Length, &extras, &handle));
            }
            return Loaded(handle, extras, wanted, extraFiles);
        }

        /// <summary>Loads a TorchScript archive from a stream, from where it stands to its end. Mirrors <c>torch.jit.load</c>.</summary>
        /// <param name="stream">The archive, readable.</param>
        /// <param name="mapLocation">The device to put tensors on. Default: where they were.</param>
        /// <param name="extraFiles">Names of attached files as keys: their contents are filled in; empty for one that is not there. Default: none.</param>
        /// <returns>The module.</returns>
        /// <exception cref="TorchException">The content is no TorchScript archive, or is damaged.</exception>
        public static ScriptModule Load(Stream stream, Device? mapLocation = null, IDictionary<string, byte[]>? extraFiles = null)
        {
            ArgumentNullException.ThrowIfNull(stream);
            var memory = new MemoryStream();
            stream.CopyTo(memory);
            string[] wanted = [.. extraFiles?.Keys ?? []];
            using var names = new TextListArgument(wanted);
            tb_value* extras;
            nint handle;
            fixed (byte* data = memory.GetBuffer())
            {
                NativeError.Check(NativeMethods.tb_jit_load_buffer(data, memory.Length, mapLocation is { } device ? (int)device.Type : -1, mapLocation?.Index ?? -1,
                    names.Pointer, names.Length, &extras, &handle));
            }
            return Loaded(handle, extras, wanted, extraFiles);
        }

        private static ScriptModule Loaded(nint handle, tb_value* extras, string[] wanted, IDictionary<string, byte[]>? files)
        {
            try
            {
                for (var i = 0; i < wanted.Length; i++)
                    files![wanted[i]] = new ReadOnlySpan<byte>(extras[i].p, checked((int)extras[i].i)).ToArray();
            }
            finally
            {
                NativeMethods.tb_values_free(extras, wanted.Length);
            }
            return new ScriptModule(new ScriptHandle(handle));
        }

        /// <summary>Saves a module. Mirrors <c>torch.jit.save</c>.</summary>
        /// <param name="module">The module.</param>
        /// <param name="path">The file. It appears whole or not at all.</param>
        /// <param name="extraFiles">Files to put into the archive, by name. Default: none.</param>
        /// <exception cref="IOException">The file cannot be written; a <see cref="DirectoryNotFoundException"/> where there is no such folder.</exception>
        /// <exception cref="ArgumentException">The path is empty.</exception>
        public static void Save(ScriptModule module, string path, IReadOnlyDictionary<string, byte[]>? extraFiles = null)
        {
            ArgumentNullException.ThrowIfNull(module);
            module.Save(path, extraFiles);
        }

        /// <summary>
        /// A module without methods that holds the tensors of a state dict, for saving them as a TorchScript archive: <c>torch.jit.load</c> gives a module whose
        /// <c>state_dict()</c> they are. A name's dots separate children; what is a parameter becomes one, every other tensor a buffer. The tensors stay on their memory.
        /// </summary>
        /// <param name="state">The tensors.</param>
        /// <param name="isParameter">Which are parameters. Default: those that are a <see cref="Parameter"/>, and those in <see cref="StateDict.ParameterNames"/>.</param>
        /// <returns>The module; dispose it apart from the state dict.</returns>
        /// <exception cref="ArgumentException">A name is that of a tensor and of a child at once, or has an empty part.</exception>
        public static ScriptModule FromStateDict(StateDict state, Func<string, Tensor, bool>? isParameter = null)
        {
            ArgumentNullException.ThrowIfNull(state);
            var root = new ScriptModule("Weights");
            var children = new Dictionary<string, ScriptModule>(StringComparer.Ordinal) { [""] = root };
            foreach ((string key, Tensor tensor) in state)
            {
                int dot = key.LastIndexOf('.');
                ScriptModule owner = Child(dot < 0 ? "" : key[..dot]);
                if (children.ContainsKey(key))
                    throw Both(key);
                // Objects of their own on the same memory: the module is disposed without the state dict.
                if (isParameter?.Invoke(key, tensor) ?? (tensor is Parameter || state.ParameterNames?.Contains(key) == true))
                    owner.RegisterParameter(key[(dot + 1)..], new Parameter(tensor.Detach(), (tensor as Parameter)?.RequiresGrad ?? (tensor.DType.IsFloatingPoint() || tensor.DType.IsComplex())));
                else
                    owner.RegisterBuffer(key[(dot + 1)..], tensor.Detach());
            }
            return root;

            ScriptModule Child(string path)
            {
                if (children.TryGetValue(path, out ScriptModule? child))
                    return child;
                if (state.ContainsKey(path))
                    throw Both(path);
                int dot = path.LastIndexOf('.');
                ScriptModule owner = Child(dot < 0 ? "" : path[..dot]);
                child = new ScriptModule("Weights", root);
                owner.RegisterModule(path[(dot + 1)..], child);
                children.Add(path, child);
                return child;
            }

            static ArgumentException Both(string name) => new($"The state dict has a tensor '{name}' and others below that name; a module cannot have both.", nameof(state));
        }

        /// <summary>Compiles functions from TorchScript source, a subset of Python. Mirrors <c>torch.jit.CompilationUnit</c>.</summary>
        /// <param name="source">Definitions of functions, <c>def name(argument: type) -> type:</c> each.</param>
        /// <returns>The functions, by name.</returns>
        /// <exception cref="TorchException">The source is wrong; the message shows where.</exception>
        /// <example>
        /// <code>
        /// var unit = Torch.Jit.Compile("def relu_or_not(x: Tensor, on: bool) -> Tensor:\n    return x.relu() if on else x");
        /// var y = (Tensor)unit.Invoke("relu_or_not", x, true);
        /// </code>
        /// </example>
        public static CompilationUnit Compile(string source)
        {
            ArgumentNullException.ThrowIfNull(source);
            return new CompilationUnit(source);
        }

        /// <summary>
        /// Runs a module with an example and records what it does, as a module that Python and C++ can load. It keeps the module's parameters
        /// and buffers, under their names and on the same memory. What depends on values or sizes is recorded as it went for the example.
        /// Mirrors <c>torch.jit.trace</c>.
        /// </summary>
        /// <param name="module">The module. Put it into evaluation mode first, unless it is to be trained on.</param>
        /// <param name="example">The example input, of the shape and dtype that the module takes.</param>
        /// <param name="checkTrace">Whether to run both again and compare the outputs; not done for a module in training mode. Default: true.</param>
        /// <param name="strict">Whether to refuse lists and dictionaries that change. Default: true.</param>
        /// <returns>The trace, with a method <c>forward</c> of one tensor; in training mode if the module is.</returns>
        /// <exception cref="TorchException">The trace does something else than the module, or a tensor that is trained is neither parameter nor input.</exception>
        public static ScriptModule Trace(Module<Tensor, Tensor> module, Tensor example, bool checkTrace = true, bool strict = true)
        {
            ArgumentNullException.ThrowIfNull(module);
            ArgumentNullException.ThrowIfNull(example);
            return Tracer.Trace(module, inputs => module.Call((Tensor)inputs[0]), [example], "forward", strict, checkTrace, null);
        }

        /// <summary>The same for a module with two inputs. Mirrors <c>torch.jit.trace</c>.</summary>
        /// <param name="module">The module. Put it into evaluation mode first, unless it is to be trained on.</param>
        /// <param name="example1">The first example input.</param>
        /// <param name="example2">The second example input.</param>
        /// <param name="checkTrace">Whether to run both again and compare the outputs; not done for a module in training mode. Default: true.</param>
        /// <param name="strict">Whether to refuse lists and dictionaries that change. Default: true.</param>
        /// <returns>The trace, with a method <c>forward</c> of two tensors; in training mode if the module is.</returns>
        /// <exception cref="TorchException">The trace does something else than the module, or a tensor that is trained is neither parameter nor input.</exception>
        public static ScriptModule Trace(Module<Tensor, Tensor, Tensor> module, Tensor example1, Tensor example2, bool checkTrace = true, bool strict = true)
        {
            ArgumentNullException.ThrowIfNull(module);
            ArgumentNullException.ThrowIfNull(example1);
            ArgumentNullException.ThrowIfNull(example2);
            return Tracer.Trace(module, inputs => module.Call((Tensor)inputs[0], (Tensor)inputs[1]), [example1, example2], "forward", strict, checkTrace, null);
        }

        /// <summary>
        /// The same for a module of any kind: <paramref name="call"/> says how it is called and what comes out, also tuples, lists and dictionaries of
        /// tensors. Mirrors <c>torch.jit.trace</c>.
        /// </summary>
        /// <param name="module">The module whose parameters and buffers the trace keeps.</param>
        /// <param name="call">Calls it; gives a tensor, or a tuple, list or dictionary of them.</param>
        /// <param name="examples">The example inputs: tensors, or tuples and dictionaries of them.</param>
        /// <param name="checkTrace">Whether to run both again and compare the outputs; not done for a module in training mode. Default: true.</param>
        /// <param name="strict">Whether to refuse lists and dictionaries that change. Default: true.</param>
        /// <param name="argumentNames">The names of the inputs. Default: made up.</param>
        /// <returns>The trace, with a method <c>forward</c> of as many arguments as there are examples.</returns>
        /// <exception cref="TorchException">The trace does something else than the module, a tensor that is trained is neither parameter nor input, or an input or the result holds something else than tensors.</exception>
        public static ScriptModule Trace(Module module, Func<ScriptValue[], ScriptValue> call, ScriptValue[] examples, bool checkTrace = true, bool strict = true, IReadOnlyList<string>? argumentNames = null)
        {
            ArgumentNullException.ThrowIfNull(module);
            ArgumentNullException.ThrowIfNull(call);
            ArgumentNullException.ThrowIfNull(examples);
            return Tracer.Trace(module, call, examples, "forward", strict, checkTrace, argumentNames);
        }

        /// <summary>Records what a function of one tensor does. Tensors that it takes from outside become constants. Mirrors <c>torch.jit.trace</c>.</summary>
        /// <param name="function">The function.</param>
        /// <param name="example">The example input.</param>
        /// <param name="checkTrace">Whether to run both again and compare the outputs. Default: true.</param>
        /// <param name="strict">Whether to refuse lists and dictionaries that change. Default: true.</param>
        /// <returns>The trace, with a method <c>forward</c> of one tensor.</returns>
        /// <exception cref="TorchException">The trace does something else than the function, or a tensor from outside requires gradients. What the function throws comes through as it is.</exception>
        public static ScriptModule Trace(Func<Tensor, Tensor> function, Tensor example, bool checkTrace = true, bool strict = true)
        {
            ArgumentNullException.ThrowIfNull(function);
            ArgumentNullException.ThrowIfNull(example);
            return Tracer.Trace(null, inputs => function((Tensor)inputs[0]), [example], "forward", strict, checkTrace, null);
        }

        /// <summary>Records what a function of any inputs does. Tensors that it takes from outside become constants. Mirrors <c>torch.jit.trace</c>.</summary>
        /// <param name="function">The function; gives a tensor, or a tuple, list or dictionary of them.</param>
        /// <param name="examples">The example inputs: tensors, or tuples and dictionaries of them.</param>
        /// <param name="checkTrace">Whether to run both again and compare the outputs. Default: true.</param>
        /// <param name="strict">Whether to refuse lists and dictionaries that change. Default: true.</param>
        /// <param name="argumentNames">The names of the inputs. Default: made up.</param>
        /// <returns>The trace, with a method <c>forward</c> of as many arguments as there are examples.</returns>
        /// <exception cref="TorchException">The trace does something else than the function, a tensor from outside requires gradients, or an input or the result holds something else than tensors.</exception>
        public static ScriptModule Trace(Func<ScriptValue[], ScriptValue> function, ScriptValue[] examples, bool checkTrace = true, bool strict = true, IReadOnlyList<string>? argumentNames = null)
        {
            ArgumentNullException.ThrowIfNull(function);
            ArgumentNullException.ThrowIfNull(examples);
            return Tracer.Trace(null, function, examples, "forward", strict, checkTrace, argumentNames);
        }

        /// <summary>A copy for evaluation alone. Mirrors <c>torch.jit.freeze</c>; see <see cref="ScriptModule.Freeze"/>.</summary>
        /// <param name="module">The module, in evaluation mode; it stays as it is.</param>
        /// <param name="preservedAttributes">Attributes and methods beside <c>forward</c> to keep. Default: none.</param>
        /// <param name="optimizeNumerics">Also what may change the last bits, such as folding batch normalisation. Default: true.</param>
        /// <returns>A module with the method <c>forward</c> and what was to be kept.</returns>
        /// <exception cref="TorchException">The module is in training mode, or has no attribute or method of such a name.</exception>
        public static ScriptModule Freeze(ScriptModule module, IEnumerable<string>? preservedAttributes = null, bool optimizeNumerics = true)
        {
            ArgumentNullException.ThrowIfNull(module);
            return module.Freeze(preservedAttributes, optimizeNumerics);
        }

        /// <summary>A frozen copy for inference. Mirrors <c>torch.jit.optimize_for_inference</c>.</summary>
        /// <param name="module">The module, in evaluation mode; it stays as it is.</param>
        /// <param name="otherMethods">Methods beside <c>forward</c> to prepare. Default: none.</param>
        /// <returns>A frozen module.</returns>
        /// <exception cref="TorchException">The module is in training mode, or has no method of such a name.</exception>
        public static ScriptModule OptimizeForInference(ScriptModule module, IEnumerable<string>? otherMethods = null)
        {
            ArgumentNullException.ThrowIfNull(module);
            return module.OptimizeForInference(otherMethods);
        }

        /// <summary>Whether graphs are optimised before they run, on this thread; returns what it was. Mirrors <c>torch.jit.optimized_execution</c>.</summary>
        /// <param name="value">Whether they are.</param>
        /// <returns>Whether they were before.</returns>
        /// <exception cref="LibtorchNotFoundException">There is no libtorch, and nothing has needed it before.</exception>
        public static bool SetOptimizedExecution(bool value)
        {
            byte previous;
            NativeError.Check(NativeMethods.tb_jit_set_optimized(value ? (byte)1 : (byte)0, &previous));
            return previous != 0;
        }
    }
}
