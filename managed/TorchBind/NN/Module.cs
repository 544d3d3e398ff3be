using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchBind.Interop;

namespace TorchBind.NN;

/// <summary>
/// The base of all neural network modules. Fields and automatic properties that hold modules, parameters and buffers are the
/// registration: nothing has to be called. The key of a member is its name in snake_case (<c>_inProjWeight</c> is
/// <c>in_proj_weight</c>), or what <see cref="NameAttribute"/> says. Mirrors <c>torch.nn.Module</c>.
/// </summary>
/// <remarks>
/// For a class that is <c>partial</c> the compiler writes the enumeration of the members; other classes are looked at by
/// reflection, once per class. Derive from <see cref="Module{TIn, TOut}"/> and its like, which have <c>Forward</c> and <c>Call</c>.
/// </remarks>
[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields
    | DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.NonPublicProperties)]
public abstract partial class Module : IDisposable
{
    private ModuleMember[]? _members;
    private MemberOverlay? _overlay;

    /// <summary>Whether the module is in training mode. Default: true. Set for this module alone; see <see cref="ModuleExtensions.Train"/>.</summary>
    public bool Training { get; set; } = true;

    /// <summary>The version of the module's state, written into the state dict's metadata. Default: 1. Mirrors <c>_version</c>.</summary>
    protected virtual long StateVersion => 1;

    /// <summary>Names the members of the class. Written by the source generator for partial classes.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected virtual void DescribeMembers(ModuleMembers members)
    {
    }

    internal void Describe(ModuleMembers members) => DescribeMembers(members);

    private ModuleMember[] Members => _members ??= ModuleMembers.Of(this);

    // --- What this module itself has

    private enum Role { None, Parameter, Buffer, Module }

    private readonly record struct Entry(string Key, object? Value, Role Role, bool Persistent);

    private IEnumerable<Entry> OwnEntries()
    {
        foreach (var member in Members)
        {
            if (_overlay is { } overlay && overlay.Hidden.Contains(member.Key))
                continue;
            var value = member.Get(this);
            switch (value)
            {
                case Module:
                    yield return new Entry(member.Key, value, Role.Module, true);
                    break;
                case Parameter:
                    yield return new Entry(member.Key, value, Role.Parameter, true);
                    break;
                case Buffer buffer:
                    yield return new Entry(member.Key, value, Role.Buffer, buffer.Persistent && member.Kind != MemberKind.TransientBuffer);
                    break;
                case Tensor when member.Kind is MemberKind.Buffer or MemberKind.TransientBuffer:
                    yield return new Entry(member.Key, value, Role.Buffer, member.Kind == MemberKind.Buffer);
                    break;
            }
        }
        foreach (var entry in DynamicModules())
            yield return new Entry(entry.Key, entry.Value, Role.Module, true);
        if (_overlay is null)
            yield break;
        foreach (var (key, (value, role, persistent)) in _overlay.Added)
            yield return new Entry(key, value, (Role)role, persistent);
    }

    /// <summary>Children that are no fields: what containers hold.</summary>
    internal virtual IEnumerable<KeyValuePair<string, Module?>> DynamicModules() => [];

    /// <summary>Replaces a child of <see cref="DynamicModules"/>; false where there is none of this key.</summary>
    internal virtual bool SetDynamicModule(string key, Module? value) => false;

    private IEnumerable<(string Key, Parameter Value)> OwnParameters()
    {
        foreach (var entry in OwnEntries())
        {
            if (entry is { Role: Role.Parameter, Value: Parameter parameter })
                yield return (entry.Key, parameter);
        }
    }

    private IEnumerable<(string Key, Tensor Value, bool Persistent)> OwnBuffers()
    {
        foreach (var entry in OwnEntries())
        {
            if (entry is { Role: Role.Buffer, Value: Tensor buffer })
                yield return (entry.Key, buffer, entry.Persistent);
        }
    }

    private IEnumerable<(string Key, Module? Value)> OwnModules()
    {
        foreach (var entry in OwnEntries())
        {
            if (entry.Role == Role.Module)
                yield return (entry.Key, (Module?)entry.Value);
        }
    }

    // --- Registration under names that are known only at run time

    /// <summary>
    /// Registers a parameter under a name that is known only at run time; a member of this key is set instead. Fields need no such call.
    /// Mirrors <c>Module.register_parameter</c>.
    /// </summary>
    /// <param name="name">The key.</param>
    /// <param name="parameter">The parameter; null registers none.</param>
    /// <exception cref="ArgumentException">The name is empty or has a dot, or belongs to something else.</exception>
    public void RegisterParameter(string name, Parameter? parameter) => Register(name, parameter, Role.Parameter, true);

    /// <summary>
    /// Registers a buffer under a name that is known only at run time; a member of this key is set instead. Mirrors
    /// <c>Module.register_buffer</c>.
    /// </summary>
    /// <param name="name">The key.</param>
    /// <param name="tensor">The buffer; null registers none.</param>
    /// <param name="persistent">Whether it is part of the state dict. Default: true.</param>
    /// <exception cref="ArgumentException">The name is empty or has a dot, or belongs to something else.</exception>
    public void RegisterBuffer(string name, Tensor? tensor, bool persistent = true)
    {
        if (tensor is not null)
            Keep(tensor);
        Register(name, tensor, Role.Buffer, persistent);
    }

    /// <summary>
    /// Registers a child under a name that is known only at run time; a member of this key is set instead. Mirrors
    /// <c>Module.register_module</c> and <c>add_module</c>.
    /// </summary>
    /// <param name="name">The key.</param>
    /// <param name="module">The child; null registers none.</param>
    /// <exception cref="ArgumentException">The name is empty or has a dot, or belongs to something else.</exception>
    public void RegisterModule(string name, Module? module) => Register(name, module, Role.Module, true);

    private void Register(string name, object? value, Role role, bool persistent)
    {
        if (!MemberName.IsValid(name))
            throw new ArgumentException($"'{name}' cannot be a name: it must not be empty and must have no dot.", nameof(name));
        if (Member(name) is { } member && _overlay?.Hidden.Contains(name) != true)
        {
            member.Set(this, value);
            return;
        }
        var overlay = _overlay ??= new MemberOverlay();
        if (overlay.Added.TryGetValue(name, out var other) && other.Role != (int)role)
            throw new ArgumentException($"The name '{name}' belongs to another kind of member of {GetName()}.", nameof(name));
        overlay.Added[name] = (value, (int)role, persistent);
    }

    /// <summary>What was registered at run time under this key; null where there is nothing.</summary>
    internal object? Registered(string name) => _overlay is { } overlay && overlay.Added.TryGetValue(name, out var entry) ? entry.Value : null;

    /// <summary>Takes back a registration made at run time.</summary>
    internal bool Unregister(string name) => _overlay is { } overlay && overlay.Added.Remove(name);

    private ModuleMember? Member(string key)
    {
        foreach (var member in Members)
        {
            if (member.Key == key)
                return member;
        }
        return null;
    }

    /// <summary>
    /// Takes a member out of the registration and gives it a computed value: what parametrizations and pruning do. Members of this library's
    /// classes ask for the value whenever they are read; other members receive it before each call.
    /// </summary>
    internal void Compute(string key, Func<Tensor> value)
    {
        var overlay = _overlay ??= new MemberOverlay();
        var member = Member(key);
        overlay.Hidden.Add(key);
        overlay.Computed[key] = (member, value);
        if (member is not null)
            overlay.ComputedByName[member.Name] = value;
        else
            Unregister(key);
        if (member is { Computed: false })
            member.Set(this, Parameter.View(value()));
    }

    /// <summary>Ends <see cref="Compute"/>; the member receives <paramref name="value"/> and is registered again.</summary>
    internal void EndCompute(string key, Tensor value)
    {
        var overlay = _overlay!;
        var member = overlay.Computed[key].Member;
        overlay.Computed.Remove(key);
        overlay.Hidden.Remove(key);
        if (member is not null)
        {
            overlay.ComputedByName.Remove(member.Name);
            member.Set(this, value);
        }
        else
        {
            Register(key, value, value is Parameter ? Role.Parameter : Role.Buffer, true);
        }
    }

    /// <summary>Whether the member of this key has a computed value.</summary>
    internal bool IsComputed(string key) => _overlay?.Computed.ContainsKey(key) == true;

    /// <summary>The tensor of this key, parameter, buffer or computed.</summary>
    internal Tensor? TensorOf(string key)
    {
        if (_overlay is { } overlay && overlay.Computed.TryGetValue(key, out var computed))
            return computed.Value();
        return Member(key) is { } member ? member.Get(this) as Tensor : Registered(key) as Tensor;
    }

    /// <summary>Sets the member of this key without registering anything new.</summary>
    internal void SetMember(string key, object? value)
    {
        if (Member(key) is { } member)
            member.Set(this, value);
        else if (_overlay is { } overlay && overlay.Added.TryGetValue(key, out var entry))
            overlay.Added[key] = entry with { Value = value };
        else if (!SetDynamicModule(key, value as Module))
            throw new ArgumentException($"{GetName()} has no member '{key}'.", nameof(key));
    }

    /// <summary>
    /// The value of a parameter property: the stored one, or, while the parameter is parametrized, the computed one. Used in getters:
    /// <c>public Parameter Weight { get =&gt; Effective(field); set; }</c>.
    /// </summary>
    /// <param name="stored">The stored value.</param>
    /// <param name="name">The member's name; the compiler fills it in.</param>
    [return: NotNullIfNotNull(nameof(stored))]
    protected T? Effective<T>(T? stored, [CallerMemberName] string name = "") where T : Tensor
    {
        if (_overlay is { } overlay && overlay.ComputedByName.TryGetValue(name, out var value))
            return (T)(Tensor)Parameter.View(value());
        return stored;
    }

    private sealed class MemberOverlay
    {
        public readonly OrderedDictionary<string, (object? Value, int Role, bool Persistent)> Added = new(StringComparer.Ordinal);
        public readonly HashSet<string> Hidden = new(StringComparer.Ordinal);
        public readonly OrderedDictionary<string, (ModuleMember? Member, Func<Tensor> Value)> Computed = new(StringComparer.Ordinal);
        public readonly Dictionary<string, Func<Tensor>> ComputedByName = new(StringComparer.Ordinal);
    }

    // --- Enumeration

    /// <summary>The parameters of this module and all below it, each once. Mirrors <c>Module.parameters</c>.</summary>
    /// <param name="recurse">Whether to include those of the modules below. Default: true.</param>
    public IEnumerable<Parameter> Parameters(bool recurse = true) => NamedParameters(recurse: recurse).Select(static p => p.Parameter);

    /// <summary>The parameters with their names, such as <c>layers.0.weight</c>. Mirrors <c>Module.named_parameters</c>.</summary>
    /// <param name="prefix">Put before every name. Default: nothing.</param>
    /// <param name="recurse">Whether to include those of the modules below. Default: true.</param>
    /// <param name="removeDuplicate">Whether a parameter that occurs twice is given once, under its first name. Default: true.</param>
    public IEnumerable<(string Name, Parameter Parameter)> NamedParameters(string prefix = "", bool recurse = true, bool removeDuplicate = true) =>
        NamedMembers(static m => m.OwnParameters(), prefix, recurse, removeDuplicate);

    /// <summary>The buffers of this module and all below it, each once. Mirrors <c>Module.buffers</c>.</summary>
    /// <param name="recurse">Whether to include those of the modules below. Default: true.</param>
    public IEnumerable<Tensor> Buffers(bool recurse = true) => NamedBuffers(recurse: recurse).Select(static b => b.Buffer);

    /// <summary>The buffers with their names. Mirrors <c>Module.named_buffers</c>.</summary>
    /// <param name="prefix">Put before every name. Default: nothing.</param>
    /// <param name="recurse">Whether to include those of the modules below. Default: true.</param>
    /// <param name="removeDuplicate">Whether a buffer that occurs twice is given once. Default: true.</param>
    public IEnumerable<(string Name, Tensor Buffer)> NamedBuffers(string prefix = "", bool recurse = true, bool removeDuplicate = true) =>
        NamedMembers(static m => m.OwnBuffers().Select(static b => (b.Key, b.Value)), prefix, recurse, removeDuplicate);

    private IEnumerable<(string, T)> NamedMembers<T>(Func<Module, IEnumerable<(string Key, T Value)>> own, string prefix, bool recurse, bool removeDuplicate)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var seen = new HashSet<T>(ReferenceEqualityComparer.Instance);
        foreach (var (path, module) in recurse ? NamedModules(prefix, removeDuplicate) : [(prefix, this)])
        {
            foreach (var (key, value) in own(module))
            {
                if (!removeDuplicate || seen.Add(value))
                    yield return (Join(path, key), value);
            }
        }
    }

    /// <summary>The direct children, each once. Mirrors <c>Module.children</c>.</summary>
    public IEnumerable<Module> Children() => NamedChildren().Select(static c => c.Module);

    /// <summary>The direct children with their names, each once. Mirrors <c>Module.named_children</c>.</summary>
    public IEnumerable<(string Name, Module Module)> NamedChildren()
    {
        var seen = new HashSet<Module>(ReferenceEqualityComparer.Instance);
        foreach (var (key, child) in OwnModules())
        {
            if (child is not null && seen.Add(child))
                yield return (key, child);
        }
    }

    /// <summary>This module and all below it, each once. Mirrors <c>Module.modules</c>.</summary>
    public IEnumerable<Module> Modules() => NamedModules().Select(static m => m.Module);

    /// <summary>This module, named with the prefix, and all below it. Mirrors <c>Module.named_modules</c>.</summary>
    /// <param name="prefix">The name of this module. Default: the empty name.</param>
    /// <param name="removeDuplicate">Whether a module that occurs twice is given once. Default: true.</param>
    public IEnumerable<(string Name, Module Module)> NamedModules(string prefix = "", bool removeDuplicate = true)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return Walk(this, prefix, removeDuplicate ? new HashSet<Module>(ReferenceEqualityComparer.Instance) : null);

        static IEnumerable<(string, Module)> Walk(Module module, string path, HashSet<Module>? seen)
        {
            if (seen?.Add(module) == false)
                yield break;
            yield return (path, module);
            foreach (var (key, child) in module.OwnModules())
            {
                if (child is null)
                    continue;
                foreach (var entry in Walk(child, Join(path, key), seen))
                    yield return entry;
            }
        }
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    // --- Access by path

    /// <summary>The module at a path such as <c>layers.0.linear</c>; the empty path is this module. Mirrors <c>Module.get_submodule</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such module; the message says where the path ends.</exception>
    public Module GetSubmodule(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var module = this;
        if (target.Length == 0)
            return module;
        foreach (var part in target.Split('.'))
        {
            module = module.OwnModules().FirstOrDefault(c => c.Key == part).Value
                ?? throw new KeyNotFoundException($"{module.GetName()} has no child '{part}' (looking for '{target}'). Its children: {Names(module.OwnModules().Select(static c => c.Key))}.");
        }
        return module;
    }

    /// <summary>Replaces the module at a path. Mirrors <c>Module.set_submodule</c>.</summary>
    /// <param name="target">The path, not empty.</param>
    /// <param name="module">The new module.</param>
    /// <exception cref="KeyNotFoundException">There is no module at the path.</exception>
    /// <exception cref="InvalidOperationException">The member there cannot hold a module of this class.</exception>
    public void SetSubmodule(string target, Module module)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        ArgumentNullException.ThrowIfNull(module);
        GetSubmodule(target);
        var dot = target.LastIndexOf('.');
        GetSubmodule(dot < 0 ? "" : target[..dot]).SetMember(target[(dot + 1)..], module);
    }

    /// <summary>The parameter at a path such as <c>layers.0.weight</c>. Mirrors <c>Module.get_parameter</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such parameter.</exception>
    public Parameter GetParameter(string target) => At(target, static m => m.OwnParameters(), "parameter");

    /// <summary>The buffer at a path such as <c>bn.running_mean</c>. Mirrors <c>Module.get_buffer</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such buffer.</exception>
    public Tensor GetBuffer(string target) => At(target, static m => m.OwnBuffers().Select(static b => (b.Key, b.Value)), "buffer");

    private T At<T>(string target, Func<Module, IEnumerable<(string Key, T Value)>> own, string kind) where T : class
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        var dot = target.LastIndexOf('.');
        var module = GetSubmodule(dot < 0 ? "" : target[..dot]);
        var key = target[(dot + 1)..];
        return own(module).FirstOrDefault(e => e.Key == key).Value
            ?? throw new KeyNotFoundException($"{module.GetName()} has no {kind} '{key}' (looking for '{target}'). It has: {Names(own(module).Select(static e => e.Key))}.");
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? list : "none";

    // --- Changing all tensors

    /// <summary>Switches this module and all below it to training or to evaluation. Override to hold some of them back.</summary>
    /// <param name="mode">True: training.</param>
    protected internal virtual void SetTraining(bool mode)
    {
        Training = mode;
        foreach (var child in Children())
            child.SetTraining(mode);
    }

    /// <summary>
    /// Replaces the values of all parameters, their gradients and all buffers of this module and those below. The parameters stay the same
    /// objects, so that an optimizer keeps them.
    /// </summary>
    /// <param name="convert">Gives the new values; may give back its argument.</param>
    /// <param name="recurse">Whether to include the modules below.</param>
    protected internal virtual void ConvertTensors(Func<Tensor, Tensor> convert, bool recurse = true)
    {
        ArgumentNullException.ThrowIfNull(convert);
        if (recurse)
        {
            foreach (var child in Children())
                child.ConvertTensors(convert);
        }
        foreach (var (key, parameter) in OwnParameters().ToArray())
        {
            if (parameter is UninitializedParameter { IsInitialized: false } lazy)
            {
                lazy.Convert(convert);
                continue;
            }
            using (Torch.NoGrad())
            {
                var converted = convert(parameter);
                if (ReferenceEquals(converted, parameter))
                    continue;
                if (CanTakeOver(parameter, converted))
                {
                    var grad = parameter.Grad;
                    // The engine checks a gradient against its tensor: first without.
                    if (grad is not null)
                        parameter.Grad = null;
                    parameter.Data = converted;
                    if (grad is not null)
                    {
                        var newGrad = convert(grad);
                        parameter.Grad = newGrad.Detach().RequiresGrad_(grad.RequiresGrad);
                        if (!ReferenceEquals(newGrad, grad))
                            newGrad.Dispose();
                        grad.Dispose();
                    }
                }
                else
                {
                    SetMember(key, new Parameter(converted, parameter.RequiresGrad));
                }
                converted.Dispose();
            }
        }
        foreach (var (key, buffer, _) in OwnBuffers().ToArray())
        {
            using (Torch.NoGrad())
            {
                var converted = convert(buffer);
                if (ReferenceEquals(converted, buffer))
                    continue;
                if (CanTakeOver(buffer, converted))
                {
                    buffer.Data = converted;
                    converted.Dispose();
                }
                else
                {
                    SetMember(key, buffer is Buffer b ? new Buffer(converted, b.Persistent) : Keep(converted));
                }
            }
        }
    }

    // Whether a tensor object can take the other one's memory: both dense, on devices that have memory.
    private static bool CanTakeOver(Tensor tensor, Tensor other) => tensor.Layout == Layout.Strided && other.Layout == Layout.Strided
        && tensor.IsMeta == other.IsMeta && !tensor.IsInference && !other.IsInference && !tensor.IsNested && !other.IsNested;

    /// <summary>Lets a tensor that a module owns out of the tensor scopes around its making.</summary>
    internal static T Keep<T>(T tensor) where T : Tensor
    {
        TensorScope.Escape(tensor);
        return tensor;
    }

    /// <summary>Forgets the gradients of all parameters. Mirrors <c>Module.zero_grad</c>.</summary>
    /// <param name="setToNone">True: they become null; false: zero. Default: true.</param>
    public void ZeroGrad(bool setToNone = true)
    {
        foreach (var parameter in Parameters())
        {
            using var grad = parameter.Grad;
            if (grad is null)
                continue;
            if (setToNone)
            {
                parameter.Grad = null;
                continue;
            }
            if (grad.GradFn is { } node)
            {
                node.Dispose();
                grad.Detach_();
            }
            else
            {
                grad.RequiresGrad = false;
            }
            grad.Zero_();
        }
    }

    // --- Lifetime

    private bool _disposed;

    /// <summary>
    /// Frees the parameters and buffers of this module and of all below it. Not needed: what is not disposed is collected. Disposing twice
    /// is harmless.
    /// </summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the module owns. Override to free more.</summary>
    /// <param name="disposing">Whether called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (_disposed || !disposing)
            return;
        _disposed = true;
        foreach (var entry in OwnEntries().ToArray())
            (entry.Value as IDisposable)?.Dispose();
    }

    // --- Text

    /// <summary>The name that is printed: the class's. Mirrors <c>_get_name</c>.</summary>
    protected internal virtual string GetName()
    {
        var name = GetType().Name;
        var tick = name.IndexOf('`');
        return tick < 0 ? name : name[..tick];
    }

    /// <summary>What is printed between the parentheses, such as <c>in_features=2, out_features=1</c>. Mirrors <c>extra_repr</c>.</summary>
    protected internal virtual string ExtraRepr() => "";

    /// <summary>The module and all below it, as Python prints them.</summary>
    public override string ToString()
    {
        var extra = ExtraRepr();
        var lines = new List<string>();
        if (extra.Length > 0)
            lines.AddRange(extra.Split('\n'));
        var own = lines.Count;
        foreach (var (key, child) in OwnModules())
            lines.Add($"({key}): {Indent(child?.ToString() ?? "None")}");
        return Assemble(lines, own);
    }

    // Python derives a class for a module with parametrizations.
    private string PrintedName => _overlay?.Added.ContainsKey("parametrizations") == true ? "Parametrized" + GetName() : GetName();

    /// <summary>Puts the lines of a module's text together.</summary>
    internal string Assemble(List<string> lines, int extraLines)
    {
        if (lines.Count == 0)
            return $"{PrintedName}()";
        return lines.Count == 1 && extraLines == 1
            ? $"{PrintedName}({lines[0]})"
            : $"{PrintedName}(\n  {string.Join("\n  ", lines)}\n)";
    }

    /// <summary>Indents all lines but the first.</summary>
    internal static string Indent(string text) => text.Replace("\n", "\n  ", StringComparison.Ordinal);
}
