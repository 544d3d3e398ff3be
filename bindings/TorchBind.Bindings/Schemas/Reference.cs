using System.Text;

namespace TorchBind.Bindings.Schemas;

/// <summary>
/// The committed schemas of one libtorch, <c>bindings/schemas/2.6.0.txt</c>: a line per operator, "m" for a method of
/// <c>at::Tensor</c>, "f" for a function in namespace <c>at</c>, then the schema.
/// </summary>
internal sealed record Reference(string Version, IReadOnlyList<DeclaredOperator> Operators)
{
    public string Minor => string.Join('.', Version.Split('.').Take(2));

    public static string Write(string version, IEnumerable<DeclaredOperator> operators)
    {
        var text = new StringBuilder();
        text.Append("# Operator schemas of libtorch ").Append(version)
            .Append(". m: method of at::Tensor, f: function in namespace at. Written by the verb `schemas`.\n");
        foreach (var op in operators)
            text.Append(op.IsMethod ? 'm' : '-').Append(op.IsFunction ? 'f' : '-').Append(' ').Append(op.Schema).Append('\n');
        return text.ToString();
    }

    public static Reference Read(string path)
    {
        var operators = new List<DeclaredOperator>();
        foreach (var line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            operators.Add(new DeclaredOperator(SchemaParser.Parse(line[3..]), line[0] == 'm', line[1] == 'f'));
        }
        return new Reference(Path.GetFileNameWithoutExtension(path), operators);
    }

    /// <summary>Every committed reference, the oldest libtorch first.</summary>
    public static List<Reference> ReadAll(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.txt").Select(Read).OrderBy(r => System.Version.Parse(r.Version))];
}
