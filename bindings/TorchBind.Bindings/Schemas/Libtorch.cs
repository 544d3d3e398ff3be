using System.Text.RegularExpressions;

namespace TorchBind.Bindings.Schemas;

/// <summary>One operator as a libtorch declares it.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="IsMethod">Whether <c>at::Tensor</c> has it as a method.</param>
/// <param name="IsFunction">Whether it is a function of namespace <c>at</c>.</param>
/// <param name="Struct">The struct in <c>at::_ops</c>; empty when read from a committed reference.</param>
/// <param name="Header">The header that declares the struct, without folder; empty when read from a reference.</param>
internal sealed record DeclaredOperator(Schema Schema, bool IsMethod, bool IsFunction, string Struct = "", string Header = "");

/// <summary>The headers of a libtorch.</summary>
internal static partial class Libtorch
{
    /// <summary>The folder with <c>ATen/</c> in it, below or at what the user named.</summary>
    public static string FindInclude(string folder)
    {
        string[] candidates = [".", "include", "usr/include", "../include", "../../include", "libtorch/include", "torch/include"];
        foreach (var candidate in candidates)
        {
            var path = Path.GetFullPath(Path.Combine(folder, candidate));
            if (Directory.Exists(Path.Combine(path, "ATen", "ops")))
                return path;
        }
        throw new UserException($"{folder}: no libtorch headers there (looked for ATen/ops in {string.Join(", ", candidates)}).");
    }

    /// <summary>The version that the headers state: <c>2.6.0</c>.</summary>
    public static string ReadVersion(string include)
    {
        foreach (var file in new[] { "torch/headeronly/version.h", "torch/version.h", "torch/csrc/api/include/torch/version.h" })
        {
            var path = Path.Combine(include, file);
            if (!File.Exists(path))
                continue;
            var numbers = VersionLine().Matches(File.ReadAllText(path));
            string? Part(string name) => numbers.FirstOrDefault(m => m.Groups[1].Value == name)?.Groups[2].Value;
            if (Part("MAJOR") is { } major && Part("MINOR") is { } minor && Part("PATCH") is { } patch)
                return $"{major}.{minor}.{patch}";
        }
        throw new UserException($"{include}: the headers do not say which version of libtorch this is; use --version.");
    }

    /// <summary>All operators, in the order of their headers' names and, within one, of declaration.</summary>
    public static List<DeclaredOperator> ReadOperators(string include)
    {
        var folder = Path.Combine(include, "ATen", "ops");
        var methods = CalledIn(Path.Combine(include, "ATen", "core", "TensorBody.h"));
        var result = new List<DeclaredOperator>();
        foreach (var path in Directory.EnumerateFiles(folder, "*_ops.h").Order(StringComparer.Ordinal))
        {
            var header = Path.GetFileName(path);
            var functions = CalledIn(Path.Combine(folder, header[..^"_ops.h".Length] + ".h"));
            foreach (Match match in Declaration().Matches(File.ReadAllText(path)))
            {
                var name = match.Groups[1].Value;
                var schema = SchemaParser.Parse(Unescape(match.Groups[2].Value));
                result.Add(new DeclaredOperator(schema, methods.Contains(name), functions.Contains(name), name, header));
            }
        }
        return result.Count > 0 ? result : throw new UserException($"{folder}: no operator schemas in *_ops.h.");
    }

    private static HashSet<string> CalledIn(string path) =>
        File.Exists(path) ? [.. Call().Matches(File.ReadAllText(path)).Select(m => m.Groups[1].Value)] : [];

    // The schema is a C string literal.
    private static string Unescape(string literal) => Escape().Replace(literal, "$1");

    [GeneratedRegex("""struct TORCH_API (\w+) \{.*?schema_str\s*=\s*"((?:[^"\\]|\\.)*)";""", RegexOptions.Singleline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"at::_ops::(\w+)::call\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape();

    [GeneratedRegex(@"#define TORCH_VERSION_(\w+) (\d+)")]
    private static partial Regex VersionLine();
}
