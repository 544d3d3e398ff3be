using System.Text;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization.Forms;

/// <summary>
/// Finds, in the source text that a TorchScript archive carries, which attributes of its classes are parameters and buffers. The text is
/// searched for these two lists; nothing else in it is looked at.
/// </summary>
internal sealed class ScriptClasses
{
    private const int MaxSourceLength = 64 << 20;
    private readonly Dictionary<string, Members?> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    /// <summary>Reads the archive's source texts.</summary>
    public ScriptClasses(ZipReader zip, string root)
    {
        string folder = root + "/code/";
        long total = 0;
        foreach (ZipRecord record in zip.Records)
        {
            if (!record.Name.StartsWith(folder, StringComparison.Ordinal) || !record.Name.EndsWith(".py", StringComparison.Ordinal))
                continue;
            total += record.Length;
            if (total > MaxSourceLength)
                throw CheckpointException.Limit($"The code in {zip.Source.Name} is longer than {MaxSourceLength:N0} bytes.", record.Name);
            _files.Add(record.Name[folder.Length..^3], Encoding.UTF8.GetString(zip.Read(record, MaxSourceLength)));
        }
    }

    /// <summary>The names of a class's parameters and buffers.</summary>
    internal sealed record Members(HashSet<string> Parameters, HashSet<string> Buffers);

    /// <summary>The lists of a class, by its full name (<c>__torch__.torch.nn.modules.linear.Linear</c>); null if there is none.</summary>
    public Members? Find(PickleGlobal name)
    {
        if (!_classes.TryGetValue(name.FullName, out Members? members))
        {
            members = Search(name);
            _classes.Add(name.FullName, members);
        }
        return members;
    }

    private Members? Search(PickleGlobal name)
    {
        if (!_files.TryGetValue(name.Module.Replace('.', '/'), out string? source))
            return null;
        string head = $"class {name.Name}(";
        int start = source.StartsWith(head, StringComparison.Ordinal) ? 0 : source.IndexOf("\n" + head, StringComparison.Ordinal) + 1;
        if (start == 0 && !source.StartsWith(head, StringComparison.Ordinal))
            return null;
        int end = source.IndexOf("\nclass ", start + 1, StringComparison.Ordinal);
        ReadOnlySpan<char> body = end < 0 ? source.AsSpan(start) : source.AsSpan(start, end - start);
        return new Members(Names(body, "\n  __parameters__ = ["), Names(body, "\n  __buffers__ = ["));
    }

    private static HashSet<string> Names(ReadOnlySpan<char> body, string before)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int from = body.IndexOf(before, StringComparison.Ordinal);
        if (from < 0)
            return names;
        body = body[(from + before.Length)..];
        int end = body.IndexOf(']');
        body = end < 0 ? default : body[..end];
        while (body.IndexOf('"') is >= 0 and var open)
        {
            body = body[(open + 1)..];
            int close = body.IndexOf('"');
            if (close < 0)
                break;
            names.Add(body[..close].ToString());
            body = body[(close + 1)..];
        }
        return names;
    }
}
