using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization;

/// <summary>Makes state dicts out of what checkpoints hold: dictionaries of tensors, or whole modules.</summary>
internal static class StateDictReader
{
    private const int MaxModules = 1_000_000;
    private const long MaxNames = 1L << 28;

    // The modules that are gone through at the moment, how many there were in all, and how long their names are together: a file can
    // refer to one module from many places, and a small one from more than can be gone through.
    private sealed class Walk
    {
        private readonly HashSet<PickleObject> _open = new(ReferenceEqualityComparer.Instance);
        private int _modules;
        private long _names;

        public void Enter(PickleObject module, string prefix, int depth)
        {
            if (depth > 500 || !_open.Add(module))
                throw CheckpointException.Corrupt($"The module '{prefix.TrimEnd('.')}' contains itself or is nested without end.");
            _names += prefix.Length;
            if (++_modules > MaxModules || _names > MaxNames)
                throw CheckpointException.Limit("The module has more modules in it than can be gone through.");
        }

        public void Name(int length)
        {
            if ((_names += length) > MaxNames)
                throw CheckpointException.Limit("The names of the module's tensors are longer together than can be kept.");
        }

        public void Leave(PickleObject module) => _open.Remove(module);
    }

    public static StateDict Read(object? value, TensorLoader loader, string path)
    {
        switch (value)
        {
            case PickleDictionary dictionary:
                return FromDictionary(dictionary, loader, path);
            case PickleObject module when module.TryGetAttribute("_parameters", out _) || module.TryGetAttribute("_modules", out _):
                var state = new StateDict();
                FromModule(module, "", loader, state, new Walk(), 0);
                return state;
            case PickleObject { Callable: PickleGlobal } script when loader.ScriptClasses is { } classes:
                state = new StateDict();
                FromScript(script, "", loader, classes, state, new Walk(), 0);
                return state;
            default:
                throw CheckpointException.WrongKind($"{path} is no state dict but a {PythonEquality.KindOf(value)}.");
        }
    }

    private static StateDict FromDictionary(PickleDictionary dictionary, TensorLoader loader, string path)
    {
        if (dictionary.Count > 0 && !dictionary.Any(static pair => pair.Value is TensorEntry))
            throw NoTensors(dictionary, path);
        var state = new StateDict();
        loader.LoadAll(dictionary.Select(static pair => pair.Value).OfType<TensorEntry>());
        foreach ((object? key, object? value) in dictionary)
        {
            if (key is not string name)
                throw CheckpointException.WrongKind($"{path} is no state dict: it has the key {PythonEquality.Describe(key)}, and keys of state dicts are strings.");
            if (value is TensorEntry entry)
            {
                state.Add(name, loader.Load(entry));
                if (entry.IsParameter)
                    state.MarkParameter(name);
            }
            else if (!HoldsTensors(value) || name.EndsWith("_extra_state", StringComparison.Ordinal) || name.EndsWith("_packed_params", StringComparison.Ordinal))
                state.Extra[name] = value;
            else
                throw NoTensors(dictionary, path);
        }
        if (dictionary.Attributes is { } attributes && attributes.TryGetValue("_metadata", out object? metadata) && metadata is PickleDictionary notes)
        {
            foreach ((object? key, object? note) in notes)
            {
                if (key is string module && note is PickleDictionary entries)
                    state.Metadata[module] = Note(entries);
            }
        }
        return state;
    }

    // Whether a value is more likely a part of a checkpoint, next to the state dict, than an entry of one.
    private static bool HoldsTensors(object? value) => value is PickleDictionary or List<object?> { Count: > 0 } or PickleObject;

    private static OrderedDictionary<string, object?> Note(PickleDictionary entries)
    {
        var note = new OrderedDictionary<string, object?>(StringComparer.Ordinal);
        foreach ((object? key, object? value) in entries)
        {
            if (key is string name)
                note[name] = value;
        }
        return note;
    }

    // What Module.state_dict() does: own parameters, buffers, then children, depth first; what is None or not persistent is left out.
    private static void FromModule(PickleObject module, string prefix, TensorLoader loader, StateDict state, Walk walk, int depth)
    {
        walk.Enter(module, prefix, depth);
        state.Known();
        PickleSet? transient = module.TryGetAttribute("_non_persistent_buffers_set", out object? set) ? set as PickleSet : null;
        foreach (string list in (ReadOnlySpan<string>)["_parameters", "_buffers"])
        {
            if (!module.TryGetAttribute(list, out object? members) || members is not PickleDictionary tensors)
                continue;
            foreach ((object? key, object? value) in tensors)
            {
                if (key is string name && value is TensorEntry entry && !(list == "_buffers" && transient is not null && transient.Contains(name)))
                {
                    walk.Name(prefix.Length + name.Length);
                    state.Add(prefix + name, loader.Load(entry));
                    if (list == "_parameters")
                        state.MarkParameter(prefix + name);
                }
            }
        }
        var note = new OrderedDictionary<string, object?>(StringComparer.Ordinal) { ["version"] = module.TryGetAttribute("_version", out object? version) ? version : 1L };
        state.Metadata[prefix.TrimEnd('.')] = note;
        if (module.TryGetAttribute("_modules", out object? children) && children is PickleDictionary modules)
        {
            foreach ((object? key, object? value) in modules)
            {
                if (key is string name && value is PickleObject child)
                    FromModule(child, $"{prefix}{name}.", loader, state, walk, depth + 1);
            }
        }
        walk.Leave(module);
    }

    // The same for a compiled module, whose class says which of its attributes are parameters and buffers.
    private static void FromScript(PickleObject module, string prefix, TensorLoader loader, Forms.ScriptClasses classes, StateDict state, Walk walk, int depth)
    {
        walk.Enter(module, prefix, depth);
        state.Known();
        if (module.State is PickleDictionary attributes && module.Callable is PickleGlobal name)
        {
            Forms.ScriptClasses.Members? members = classes.Find(name);
            foreach (HashSet<string>? list in (ReadOnlySpan<HashSet<string>?>)[members?.Parameters, members?.Buffers])
            {
                foreach ((object? key, object? value) in attributes)
                {
                    if (key is string member && value is TensorEntry entry && list is not null && list.Contains(member))
                    {
                        walk.Name(prefix.Length + member.Length);
                        state.Add(prefix + member, loader.Load(entry));
                        if (list == members!.Parameters)
                            state.MarkParameter(prefix + member);
                    }
                }
            }
            foreach ((object? key, object? value) in attributes)
            {
                if (key is string member && value is PickleObject child && child.TypeName.StartsWith("__torch__.", StringComparison.Ordinal))
                    FromScript(child, $"{prefix}{member}.", loader, classes, state, walk, depth + 1);
            }
        }
        walk.Leave(module);
    }

    private static CheckpointException NoTensors(PickleDictionary dictionary, string path)
    {
        string keys = string.Join(", ", dictionary.Keys.Take(10).Select(PythonEquality.Describe));
        string[] candidates = [.. dictionary.Where(static p => p.Key is string && p.Value is PickleDictionary inner && inner.Any(static i => i.Value is TensorEntry)).Select(static p => (string)p.Key!)];
        string hint = candidates.Length > 0 ? $" A state dict is in {path}[\"{candidates[0]}\"]." : "";
        return CheckpointException.WrongKind($"{path} is no state dict: not all of its values are tensors. Its keys are {keys}{(dictionary.Count > 10 ? ", ..." : "")}.{hint}");
    }
}
