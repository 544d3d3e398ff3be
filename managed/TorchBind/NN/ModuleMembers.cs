using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace TorchBind.NN;

/// <summary>What a member of a module is registered as.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum MemberKind
{
    /// <summary>What it holds at the moment decides: a parameter, a <see cref="Buffer"/>, a module. A plain tensor is not registered.</summary>
    Value,
    /// <summary>A tensor marked <c>[Buffer]</c>.</summary>
    Buffer,
    /// <summary>A tensor marked <c>[Buffer(Persistent = false)]</c>.</summary>
    TransientBuffer,
}

/// <summary>
/// The members of a class of modules. Filled once per class, by the code that the source generator writes, by an override of
/// <see cref="Module.DescribeMembers"/>, or by reflection.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ModuleMembers
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly ConcurrentDictionary<Type, ModuleMember[]> s_known = new();

    private readonly Dictionary<Type, List<ModuleMember>> _described = [];
    private List<ModuleMember>? _current;
    private Type? _owner;

    internal ModuleMembers()
    {
    }

    /// <summary>Begins the members that <paramref name="type"/> itself declares.</summary>
    public void Begin(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        _described[type] = _current = [];
        _owner = type;
    }

    /// <summary>Adds a member.</summary>
    /// <param name="key">Its key in the state dict.</param>
    /// <param name="name">Its name in C#.</param>
    /// <param name="kind">What it is registered as.</param>
    /// <param name="get">Reads it.</param>
    /// <param name="set">Replaces it; null: it cannot be replaced.</param>
    /// <exception cref="InvalidOperationException"><see cref="Begin"/> was not called.</exception>
    public void Add(string key, string name, MemberKind kind, Func<Module, object?> get, Action<Module, object?>? set)
    {
        if (_current is null)
            throw new InvalidOperationException("Begin names the class before its members are added.");
        _current.Add(new ModuleMember(key, name, kind, get, set) { Owner = _owner });
    }

    /// <summary>The members of a module's class, those of its base classes first.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "Module asks the trimmer to keep the fields and properties of every class derived from it.")]
    internal static ModuleMember[] Of(Module module)
    {
        var type = module.GetType();
        if (s_known.TryGetValue(type, out var known))
            return known;
        var described = new ModuleMembers();
        module.Describe(described);
        var classes = new Stack<Type>();
        for (var t = type; t is not null && t != typeof(Module); t = t.BaseType)
            classes.Push(t);
        var all = new List<ModuleMember>();
        foreach (var t in classes)
            all.AddRange(described._described.TryGetValue(t, out var members) ? members : Reflect(t));
        var byKey = new Dictionary<string, ModuleMember>(StringComparer.Ordinal);
        foreach (var member in all)
        {
            if (!MemberName.IsValid(member.Key))
                throw new InvalidOperationException($"{type.Name}.{member.Name} has the key '{member.Key}': a key must not be empty and must have no dot.");
            if (!byKey.TryAdd(member.Key, member))
            {
                throw new InvalidOperationException(
                    $"{type.Name} has two members with the key '{member.Key}', {byKey[member.Key].Name} and {member.Name}: rename one, or give it a [Name].");
            }
            member.Computed = member.Owner?.Assembly == typeof(Module).Assembly;
        }
        return s_known.GetOrAdd(type, [.. all]);
    }

    /// <summary>The members that one class declares, by reflection: for scripts, notebooks and classes that are not partial.</summary>
    private static List<ModuleMember> Reflect(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields
            | DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.NonPublicProperties)] Type type)
    {
        var fields = type.GetFields(Declared);
        // Metadata keeps the order of the source.
        Array.Sort(fields, static (x, y) => x.MetadataToken.CompareTo(y.MetadataToken));
        var members = new List<ModuleMember>();
        foreach (var field in fields)
        {
            MemberInfo member = field;
            if (field.Name.StartsWith('<'))
            {
                const string Suffix = ">k__BackingField";
                if (!field.Name.EndsWith(Suffix, StringComparison.Ordinal) || type.GetProperty(field.Name[1..^Suffix.Length], Declared) is not { } property)
                    continue;
                member = property;
            }
            if (!CanHold(field.FieldType) || member.IsDefined(typeof(UnregisteredAttribute), false))
                continue;
            var kind = member.GetCustomAttribute<BufferAttribute>() is { } buffer ? buffer.Persistent ? MemberKind.Buffer : MemberKind.TransientBuffer
                : MemberKind.Value;
            var key = member.GetCustomAttribute<NameAttribute>()?.Name ?? MemberName.ToKey(member.Name);
            members.Add(new ModuleMember(key, member.Name, kind, field.GetValue, field.SetValue) { Owner = type });
        }
        return members;
    }

    // The rule of the source generator's Symbols.CanHold.
    private static bool CanHold(Type type) => typeof(Module).IsAssignableFrom(type) || typeof(Tensor).IsAssignableFrom(type)
        || (type.IsInterface && type.Namespace is var space && space is not ("System" or "Microsoft")
            && space?.StartsWith("System.", StringComparison.Ordinal) != true && space?.StartsWith("Microsoft.", StringComparison.Ordinal) != true);
}

/// <summary>One registered field or property of a class of modules.</summary>
internal sealed class ModuleMember(string key, string name, MemberKind kind, Func<Module, object?> get, Action<Module, object?>? set)
{
    public string Key { get; } = key;

    public string Name { get; } = name;

    public MemberKind Kind { get; } = kind;

    public Type? Owner { get; init; }

    /// <summary>Whether its getter asks for a computed value (<see cref="Module.Effective{T}"/>), as those of this library do.</summary>
    public bool Computed { get; set; }

    public bool CanSet => set is not null;

    public object? Get(Module module) => get(module);

    public void Set(Module module, object? value)
    {
        if (set is null)
            throw new InvalidOperationException($"{module.GetType().Name}.{Name} cannot be replaced: give it a setter.");
        try
        {
            set(module, value);
        }
        catch (Exception e) when (e is InvalidCastException or ArgumentException)
        {
            throw new InvalidOperationException($"{module.GetType().Name}.{Name} cannot hold a {value?.GetType().Name ?? "null"}.", e);
        }
    }
}
