// Running programs, and skipping steps whose inputs have not changed.
using System.Security.Cryptography;

// Runs a program to its end; its output goes to ours. Returns the exit code.
int Start(string program, IEnumerable<string> arguments, IDictionary<string, string> environment = null,
    string directory = null, Action<string> line = null)
{
    var builder = new ProcessArgumentBuilder();
    foreach (var argument in arguments)
        builder.AppendQuoted(argument);
    var settings = new ProcessSettings
    {
        Arguments = builder,
        WorkingDirectory = directory ?? parameters.Root,
        EnvironmentVariables = environment ?? new Dictionary<string, string>(),
        RedirectStandardOutput = line is not null,
    };
    if (line is not null)
        settings.RedirectedStandardOutputHandler = text => { if (text is not null) line(text); return text; };
    Verbose("> {0} {1}", program, builder.Render());
    return StartProcess(program, settings);
}

void Run(string program, IEnumerable<string> arguments, IDictionary<string, string> environment = null, string directory = null)
{
    var code = Start(program, arguments, environment, directory);
    if (code != 0)
        throw new CakeException($"{System.IO.Path.GetFileName(program)} {string.Join(' ', arguments)}: exit code {code}");
}

// The state of files: paths and contents (of a big one: size and time of change). Folders are searched, without build output.
string KeyOf(IEnumerable<string> paths, params string[] more)
{
    var text = new System.Text.StringBuilder();
    foreach (var path in paths.SelectMany(Expand).Distinct().Order(StringComparer.Ordinal))
    {
        var file = new System.IO.FileInfo(path);
        text.Append(path).Append(' ').Append(file.Length > 8 << 20
            ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}"
            : Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(path)))).Append('\n');
    }
    foreach (var item in more)
        text.Append(item).Append('\n');
    return Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text.ToString())));

    static IEnumerable<string> Expand(string path)
    {
        if (System.IO.File.Exists(path))
            return [path];
        return System.IO.Directory.Exists(path)
            ? System.IO.Directory.EnumerateFiles(path, "*", System.IO.SearchOption.AllDirectories)
                .Where(f => !f.Contains("/bin/") && !f.Contains("/obj/") && !f.Contains("/__pycache__/"))
            : [];
    }
}

// Does `step` unless it was done with the same key. The stamp goes away first and comes back last: a step that was
// interrupted is done again. A key that depends on what the step writes is computed again after it.
void Once(string name, Func<string> key, Func<bool> present, Action step)
{
    var stamp = parameters.Artifacts("stamps", name);
    if (present() && System.IO.File.Exists(stamp) && System.IO.File.ReadAllText(stamp) == key())
    {
        Information("{0}: up to date", name);
        return;
    }
    System.IO.File.Delete(stamp);
    step();
    System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(stamp));
    System.IO.File.WriteAllText(stamp + ".new", key());
    System.IO.File.Move(stamp + ".new", stamp, true);
}

// Makes `target` hold exactly the files of `source` (one level), touching only those that differ, and removes `source`.
void SyncFolder(string source, string target)
{
    System.IO.Directory.CreateDirectory(target);
    var names = System.IO.Directory.GetFiles(source).Select(System.IO.Path.GetFileName).ToHashSet();
    foreach (var old in System.IO.Directory.GetFiles(target).Where(f => !names.Contains(System.IO.Path.GetFileName(f))))
        System.IO.File.Delete(old);
    foreach (var name in names)
    {
        string from = System.IO.Path.Combine(source, name), to = System.IO.Path.Combine(target, name);
        if (System.IO.File.Exists(to) && System.IO.File.ReadAllBytes(from).AsSpan().SequenceEqual(System.IO.File.ReadAllBytes(to)))
            continue;
        System.IO.File.Move(from, to, true);
    }
    System.IO.Directory.Delete(source, true);
}

void DeleteFolder(string path)
{
    if (System.IO.Directory.Exists(path))
        System.IO.Directory.Delete(path, true);
}
