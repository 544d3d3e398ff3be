using System.Text;

namespace TorchBind.Bindings;

/// <summary>A folder of written files: one whose content is the same keeps its time, one that is no longer written goes.</summary>
internal sealed class Output(string folder)
{
    private readonly HashSet<string> _written = [];

    public int Changed { get; private set; }

    public string Folder => folder;

    public void Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        _written.Add(Path.GetFullPath(path));
        if (WriteFile(path, text))
            Changed++;
    }

    /// <summary>Removes earlier outputs that match the pattern and were not written now.</summary>
    public void RemoveOthers(string pattern)
    {
        foreach (var path in Directory.EnumerateFiles(folder, pattern))
        {
            if (_written.Contains(Path.GetFullPath(path)))
                continue;
            File.Delete(path);
            Changed++;
        }
    }

    public static bool WriteFile(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var bytes = new UTF8Encoding(false).GetBytes(text);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            return false;
        var partial = path + ".partial";
        File.WriteAllBytes(partial, bytes);
        File.Move(partial, path, overwrite: true);
        return true;
    }
}
