using System.Reflection;
using System.Text.Json;

namespace TorchBind.Tests.Surface;

/// <summary>
/// Every public name of Python's torch has a C# member by the one naming rule, or stands in not-in-dotnet.json with a reason.
/// </summary>
public sealed class NamesTests
{
    private static readonly string s_reasonsFile = Path.Combine(PythonOracle.Root, "tests", "TorchBind.Tests", "Surface", "not-in-dotnet.json");

    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> s_python =
        new(() => PythonOracle.RunJson<Dictionary<string, Dictionary<string, string>>>("names.py"), LazyThreadSafetyMode.None);

    private sealed record Group(string Reason, Dictionary<string, string[]> Names);

    private static readonly Lazy<Group[]> s_groups = new(() => JsonSerializer.Deserialize<Group[]>(
        File.ReadAllText(s_reasonsFile), new JsonSerializerOptions(JsonSerializerDefaults.Web))!);

    /// <summary>log_softmax: LogSoftmax; add_: Add_; UPPER stays for constants that are words: Inf.</summary>
    internal static string CsName(string python)
    {
        var tail = python.EndsWith('_') ? "_" : "";
        return string.Concat(python.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(Word)) + tail;
    }

    private static string Word(string word) => word switch
    {
        "dtype" => "DType",
        "ndim" => "NDim",
        "nbytes" => "NBytes",
        _ => char.ToUpperInvariant(word[0]) + word[1..],
    };

    private static HashSet<string> MembersOf(params Type?[] types) =>
        [.. types.Where(t => t is not null).SelectMany(t => t!.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy))
            .Select(m => m.Name)];

    private static HashSet<string> MembersOf(string module)
    {
        var core = typeof(Torch).Assembly;
        Type? Nested(string name) => typeof(Torch).GetNestedType(name);
        return module switch
        {
            "torch" => [.. MembersOf(typeof(Torch)), .. core.GetExportedTypes().Where(t => !t.IsNested).Select(t => t.Name.Split('`')[0])],
            "torch.Tensor" => [.. MembersOf(typeof(Tensor)), .. MembersOf(typeof(TensorDataExtensions))],
            "torch.linalg" => MembersOf(typeof(Torch.Linalg)),
            "torch.fft" => MembersOf(typeof(Torch.FftFunctions)),
            "torch.special" => MembersOf(typeof(Torch.Special)),
            "torch.sparse" => MembersOf(typeof(Torch.Sparse)),
            "torch.random" => MembersOf(Nested("Random")),
            _ => [.. MembersOf(core.GetType("TorchBind.NN.Functional")), .. core.GetExportedTypes().Where(t => t.Namespace == "TorchBind.NN" && t.IsEnum).Select(t => t.Name)],
        };
    }

    // dtypes, layouts and the like are members of enums.
    private static bool IsEnumMember(string name, string kind)
    {
        var alias = name switch
        {
            "float" => "float32",
            "double" => "float64",
            "half" => "float16",
            "short" => "int16",
            "int" => "int32",
            "long" => "int64",
            "bit" => "uint1",
            "cfloat" => "complex64",
            "cdouble" => "complex128",
            "chalf" => "complex32",
            "sparse_coo" => "sparse",
            "channels_last_3d" => "channelslast3d",
            "legacy_contiguous_format" => "contiguous",
            _ => name,
        };
        string[] names = kind switch
        {
            "dtype" => [.. Enum.GetValues<DType>().Select(d => d.Name())],
            "layout" => Enum.GetNames<Layout>(),
            "memory_format" => Enum.GetNames<MemoryFormat>(),
            _ => Enum.GetNames<QScheme>(),
        };
        var plain = alias.Replace("_", "").Replace("format", "");
        return names.Any(n => n.Replace("_", "").Equals(plain, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<string> Missing(string module)
    {
        var members = MembersOf(module);
        foreach (var (name, kind) in s_python.Value[module])
        {
            var found = kind is "dtype" or "layout" or "memory_format" or "qscheme"
                ? IsEnumMember(name, kind)
                : members.Contains(CsName(name)) || (name == "qscheme" && kind == "class" && members.Contains(nameof(QScheme)));
            if (!found)
                yield return name;
        }
    }

    [TestCase("torch")]
    [TestCase("torch.Tensor")]
    [TestCase("torch.linalg")]
    [TestCase("torch.fft")]
    [TestCase("torch.special")]
    [TestCase("torch.sparse")]
    [TestCase("torch.random")]
    [TestCase("torch.nn.functional")]
    public void EveryNameOfPythonIsHere(string module)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        var excused = s_groups.Value.SelectMany(g => g.Names.GetValueOrDefault(module, [])).ToHashSet();
        var all = s_python.Value[module];
        var missing = Missing(module).ToList();
        var unexcused = missing.Where(n => !excused.Contains(n)).ToList();
        TestContext.Out.WriteLine($"{module}: {all.Count} names in Python, {all.Count - missing.Count} in C#, "
            + $"{missing.Count - unexcused.Count} make no sense in .NET, {unexcused.Count} missing");
        foreach (var name in unexcused)
            TestContext.Out.WriteLine($"  missing: {name} ({all[name]}) as {CsName(name)}");
        Assert.That(unexcused, Is.Empty);
    }

    [Test]
    public void TheListOfExceptionsIsTrue()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python.");
        foreach (var group in s_groups.Value)
        {
            Assert.That(group.Reason, Has.Length.GreaterThan(20));
            foreach (var (module, names) in group.Names)
            {
                var here = names.Where(n => s_python.Value[module].ContainsKey(n) && !Missing(module).Contains(n));
                Assert.That(here, Is.Empty, $"these are in C# and need no excuse: {module}");
                var twice = names.Where(n => s_groups.Value.Count(g => g.Names.GetValueOrDefault(module, []).Contains(n)) > 1);
                Assert.That(twice, Is.Empty, "excused twice");
            }
        }
    }
}
