using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.NN;
using TorchBind.Serialization.IO;

namespace TorchBind.Jit;

/// <summary>
/// A TorchScript module: loaded, traced, or put together from source. It is a module like any other, with the parameters, buffers and
/// children of the script as its own; they share the script's memory, so it can be trained, moved and saved. Mirrors
/// <c>torch.jit.ScriptModule</c>.
/// </summary>
/// <example>
/// <code>
/// using var model = Torch.Jit.Load("model.pt");
/// model.Eval();
/// Tensor scores = (Tensor)model.Call(images);
/// </code>
/// </example>
public sealed unsafe class ScriptModule : Module
{
    private bool _nativeTraining;

    /// <summary>
    /// An empty module, to be filled: <see cref="RegisterParameter"/> and its like give it state, <see cref="Define"/> methods.
    /// </summary>
    /// <param name="className">The name of its class.</param>
    /// <param name="owner">The module that it will be a child of; what belongs together must be compiled together.</param>
    /// <exception cref="ArgumentException">The name is no identifier.</exception>
    public ScriptModule(string className, ScriptModule? owner = null) : this(New(className, owner?.Handle))
    {
    }

    internal ScriptModule(ScriptHandle handle)
    {
        Handle = handle;
        foreach (var member in Members)
        {
            switch (member.Kind)
            {
                case ScriptMemberKind.Parameter when ScriptAccess.Get(handle, member.Name).Value is Tensor tensor:
                    base.RegisterParameter(member.Name, Same(tensor));
                    break;
                case ScriptMemberKind.Buffer when ScriptAccess.Get(handle, member.Name).Value is Tensor tensor:
                    base.RegisterBuffer(member.Name, tensor);
                    break;
                case ScriptMemberKind.Module when ScriptAccess.Get(handle, member.Name).Value is ScriptModule module:
                    base.RegisterModule(member.Name, module);
                    break;
                case ScriptMemberKind.Attribute when member.Name == "training" && member.Type == "bool":
                    Training = _nativeTraining = (bool)ScriptAccess.Get(handle, member.Name);
                    break;
            }
        }
    }

    internal ScriptHandle Handle { get; }

    // The very tensor of the script, as a parameter object: gradients and in-place changes are seen on both sides.
    private static Parameter Same(Tensor tensor)
    {
        using (tensor)
        using (var borrow = new Borrow(tensor, nameof(tensor)))
            return Keep(new Parameter(NativeMethods.tb_tensor_retain(borrow.Handle)));
    }

    internal static ScriptHandle New(string className, ScriptHandle? owner)
    {
        ArgumentException.ThrowIfNullOrEmpty(className);
        if (!(char.IsAsciiLetter(className[0]) || className[0] == '_') || className.Any(static c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
            throw new ArgumentException($"'{className}' is no identifier.", nameof(className));
        using var parent = HandleBorrow.Optional(owner);
        nint handle;
        fixed (byte* name = ScriptAccess.Utf8(className))
            NativeError.Check(NativeMethods.tb_module_new(name, parent.Handle, &handle));
        return new ScriptHandle(handle);
    }

    // ---- what is in it

    /// <summary>The name of its class, such as <c>__torch__.Net</c>.</summary>
    public string TypeName => ScriptAccess.TypeName(Handle);

    /// <summary>Its attributes, parameters, buffers, children and constants, with their types.</summary>
    public IReadOnlyList<ScriptMember> Members => ScriptAccess.Members(Handle);

    /// <summary>Its methods.</summary>
    public IReadOnlyList<ScriptMethod> Methods => ScriptAccess.Methods(Handle, this);

    /// <summary>The method of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists those there are.</exception>
    public ScriptMethod GetMethod(string name)
    {
        var methods = Methods;
        return methods.FirstOrDefault(m => m.Name == name)
            ?? throw new KeyNotFoundException($"{TypeName} has no method '{name}'. It has: {(methods.Count == 0 ? "none" : string.Join(", ", methods.Select(static m => m.Name)))}.");
    }

    /// <summary>The code of <c>forward</c>. Mirrors <c>.code</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no <c>forward</c>.</exception>
    public string Code => GetMethod("forward").Code;

    /// <summary>The graph of <c>forward</c>. Mirrors <c>.graph</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no <c>forward</c>.</exception>
    public string Graph => GetMethod("forward").Graph;

    /// <summary>The value of an attribute, parameter, buffer, child or constant.</summary>
    /// <exception cref="TorchException">There is no such member.</exception>
    public ScriptValue GetAttribute(string name) => ScriptAccess.Get(Handle, name);

    /// <summary>Changes an attribute.</summary>
    /// <exception cref="TorchException">There is no such attribute, or the value is of another type than it was declared with.</exception>
    public void SetAttribute(string name, ScriptValue value)
    {
        ScriptAccess.Set(Handle, name, value);
        // What is registered is what the script now holds.
        switch (Members.FirstOrDefault(m => m.Name == name)?.Kind)
        {
            case ScriptMemberKind.Parameter when GetAttribute(name).Value is Tensor tensor:
                base.RegisterParameter(name, Same(tensor));
                break;
            case ScriptMemberKind.Buffer when GetAttribute(name).Value is Tensor tensor:
                base.RegisterBuffer(name, tensor);
                break;
            case ScriptMemberKind.Module when GetAttribute(name).Value is ScriptModule module:
                base.RegisterModule(name, module);
                break;
            case ScriptMemberKind.Attribute when name == "training" && value.Value is bool training:
                Training = _nativeTraining = training;
                break;
        }
    }

    // ---- running

    /// <summary>Runs <c>forward</c>, with the module's hooks. From many threads at once too. Mirrors calling the module.</summary>
    /// <param name="arguments">Tensors, numbers, texts and so on, which convert by themselves; see <see cref="ScriptValue"/>.</param>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed; the message has TorchScript's own traceback.</exception>
    public ScriptValue Call(params ReadOnlySpan<ScriptValue> arguments) => HasCallHooks
        ? (ScriptValue)CallForward(arguments.ToArray(), inputs => Invoke("forward", [.. inputs.Select(ScriptValue.From)]))!
        : Invoke("forward", arguments, null);

    /// <summary>Runs a method.</summary>
    /// <exception cref="ArgumentException">There is no such method, or an item is not of the type that the signature's list has.</exception>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed.</exception>
    public ScriptValue Invoke(string method, params ReadOnlySpan<ScriptValue> arguments) => Invoke(method, arguments, null);

    /// <summary>Runs a method with arguments by name.</summary>
    /// <exception cref="ArgumentException">There is no such method, or an item is not of the type that the signature's list has.</exception>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed.</exception>
    public ScriptValue Invoke(string method, ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue>? keywords)
    {
        if (_nativeTraining != Training)
            PassTraining();
        return ScriptAccess.Call(Handle, method, arguments, keywords);
    }

    /// <summary>
    /// The module as one from tensor to tensor, which fits into a <see cref="Sequential"/> and wherever a module with a <c>Forward</c> does.
    /// </summary>
    public Module<Tensor, Tensor> AsTensorModule() => new TensorToTensor(this);

    private sealed class TensorToTensor : Module<Tensor, Tensor>
    {
        private readonly ScriptModule _script;

        public TensorToTensor(ScriptModule script)
        {
            _script = script;
            RegisterModule("script", script);
        }

        protected override Tensor Forward(Tensor input) => (Tensor)_script.Call(input);
    }

    /// <inheritdoc/>
    protected internal override void SetTraining(bool mode)
    {
        base.SetTraining(mode);
        PassTraining();
    }

    private void PassTraining()
    {
        using var self = new HandleBorrow(Handle);
        NativeError.Check(NativeMethods.tb_module_set_training(self.Handle, Training ? (byte)1 : (byte)0));
        _nativeTraining = Training;
    }

    // ---- building

    /// <summary>Compiles methods and adds them: <c>module.Define("def forward(self, x: Tensor):\n    return x + self.bias")</c>. Mirrors <c>define</c>.</summary>
    /// <exception cref="TorchException">The source is wrong; the message shows where.</exception>
    public void Define(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var self = new HandleBorrow(Handle);
        fixed (byte* text = ScriptAccess.Utf8(source))
            NativeError.Check(NativeMethods.tb_module_define(self.Handle, text));
    }

    /// <summary>Gives the module, and the script, a parameter.</summary>
    /// <exception cref="ArgumentNullException">The parameter is null: a script cannot hold none.</exception>
    public new void RegisterParameter(string name, Parameter? parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        Register(name, 1, null, parameter);
        base.RegisterParameter(name, parameter);
    }

    /// <summary>Gives the module, and the script, a buffer. In a script all buffers are persistent.</summary>
    /// <exception cref="ArgumentNullException">The tensor is null: a script cannot hold none.</exception>
    public new void RegisterBuffer(string name, Tensor? tensor, bool persistent = true)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Register(name, 2, null, tensor);
        base.RegisterBuffer(name, tensor, persistent);
    }

    /// <summary>Gives the module, and the script, a child.</summary>
    /// <exception cref="ArgumentException">The child is no script module.</exception>
    public new void RegisterModule(string name, Module? module)
    {
        var child = module as ScriptModule ?? throw new ArgumentException("Children of a script module are script modules; Torch.Jit.Trace makes one of another.", nameof(module));
        Register(name, 3, null, child);
        base.RegisterModule(name, child);
    }

    /// <summary>Gives the script an attribute.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value.</param>
    /// <param name="type">Its TorchScript type, such as <c>List[int]</c> or <c>Optional[Tensor]</c>. Default: what the value is.</param>
    /// <exception cref="TorchTypeException">The value is not of this type.</exception>
    /// <exception cref="TorchException">The type is not one.</exception>
    public void RegisterAttribute(string name, ScriptValue value, string? type = null) => Register(name, 0, type, value);

    private void Register(string name, int role, string? type, ScriptValue value)
    {
        if (!MemberName.IsValid(name))
            throw new ArgumentException($"'{name}' cannot be a name: it must not be empty and must have no dot.", nameof(name));
        using var self = new HandleBorrow(Handle);
        using var writer = new ValueWriter();
        writer.Write(value, nameof(value));
        fixed (byte* text = ScriptAccess.Utf8(name))
        fixed (byte* typeText = type is null ? null : ScriptAccess.Utf8(type))
        fixed (tb_value* nodes = writer.Nodes)
            NativeError.Check(NativeMethods.tb_module_register(self.Handle, text, role, typeText, nodes, writer.Count));
    }

    // ---- forms of it

    /// <summary>
    /// A copy for evaluation alone, with parameters and attributes as constants in the code. Mirrors <c>torch.jit.freeze</c>.
    /// </summary>
    /// <param name="preservedAttributes">Attributes and methods beside <c>forward</c> to keep.</param>
    /// <param name="optimizeNumerics">Also what may change the last bits, such as folding batch normalisation. Default: true.</param>
    /// <exception cref="TorchException">The module is in training mode.</exception>
    public ScriptModule Freeze(IEnumerable<string>? preservedAttributes = null, bool optimizeNumerics = true)
    {
        if (_nativeTraining != Training)
            PassTraining();
        using var self = new HandleBorrow(Handle);
        using var names = new TextListArgument([.. preservedAttributes ?? []]);
        nint result;
        NativeError.Check(NativeMethods.tb_module_freeze(self.Handle, names.Pointer, names.Length, optimizeNumerics ? (byte)1 : (byte)0, &result));
        return new ScriptModule(new ScriptHandle(result));
    }

    /// <summary>A frozen copy with what makes inference faster on this machine. Mirrors <c>torch.jit.optimize_for_inference</c>.</summary>
    /// <param name="otherMethods">Methods beside <c>forward</c> to prepare.</param>
    /// <exception cref="TorchException">The module is in training mode.</exception>
    public ScriptModule OptimizeForInference(IEnumerable<string>? otherMethods = null)
    {
        if (_nativeTraining != Training)
            PassTraining();
        using var self = new HandleBorrow(Handle);
        using var names = new TextListArgument([.. otherMethods ?? []]);
        nint result;
        NativeError.Check(NativeMethods.tb_module_optimize_for_inference(self.Handle, names.Pointer, names.Length, &result));
        return new ScriptModule(new ScriptHandle(result));
    }

    /// <summary>A copy with tensors of its own. Mirrors <c>copy.deepcopy</c>.</summary>
    public ScriptModule Copy()
    {
        using var self = new HandleBorrow(Handle);
        nint result;
        NativeError.Check(NativeMethods.tb_module_copy(self.Handle, &result));
        return new ScriptModule(new ScriptHandle(result));
    }

    // ---- saving

    /// <summary>Saves the module as an archive that Python's <c>torch.jit.load</c> and C++ read. Mirrors <c>torch.jit.save</c>.</summary>
    /// <param name="path">The file. It appears whole or not at all: it is written beside its place, flushed and renamed.</param>
    /// <param name="extraFiles">Files to put into the archive, by name.</param>
    /// <exception cref="IOException">The file cannot be written; a <see cref="DirectoryNotFoundException"/> where there is no such folder.</exception>
    /// <exception cref="TorchException">An attribute of the module has a value that an archive cannot hold.</exception>
    public void Save(string path, IReadOnlyDictionary<string, byte[]>? extraFiles = null)
    {
        var target = ByteSink.Target(path);
        var partial = ByteSink.Temporary(target);
        try
        {
            int error;
            using (var self = new HandleBorrow(Handle))
            using (var names = new TextListArgument([.. extraFiles?.Keys ?? []]))
            using (var contents = Contents(extraFiles))
            {
                fixed (byte* text = ScriptAccess.Utf8(partial))
                fixed (tb_value* nodes = contents.Nodes)
                    NativeError.Check(NativeMethods.tb_jit_save(self.Handle, text, names.Pointer, nodes, names.Length, &error));
            }
            if (error != 0)
                throw new IOException($"'{target}' cannot be written: {Marshal.GetPInvokeErrorMessage(error)}.");
            using (var file = File.OpenHandle(partial, FileMode.Open, FileAccess.ReadWrite))
                RandomAccess.FlushToDisk(file);
            ByteSink.Replace(partial, target);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Saves the module to a stream, which stays open.</summary>
    /// <exception cref="TorchException">An attribute of the module has a value that an archive cannot hold.</exception>
    public void Save(Stream stream, IReadOnlyDictionary<string, byte[]>? extraFiles = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var self = new HandleBorrow(Handle);
        using var names = new TextListArgument([.. extraFiles?.Keys ?? []]);
        using var contents = Contents(extraFiles);
        byte* data;
        long length;
        fixed (tb_value* nodes = contents.Nodes)
            NativeError.Check(NativeMethods.tb_jit_save_buffer(self.Handle, names.Pointer, nodes, names.Length, &data, &length));
        try
        {
            for (long at = 0; at < length;)
            {
                var part = (int)Math.Min(length - at, 1 << 24);
                stream.Write(new ReadOnlySpan<byte>(data + at, part));
                at += part;
            }
        }
        finally
        {
            NativeMethods.tb_free(data);
        }
    }

    private static ValueWriter Contents(IReadOnlyDictionary<string, byte[]>? files)
    {
        var writer = new ValueWriter();
        foreach (var content in files?.Values ?? [])
            writer.Text(content);
        return writer;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            Handle.Dispose();
    }

    /// <inheritdoc/>
    protected internal override string GetName() => "ScriptModule";

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"original_name={TypeName[(TypeName.LastIndexOf('.') + 1)..]}";
}
