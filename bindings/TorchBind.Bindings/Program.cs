using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;
using TorchBind.Bindings.Shim;

namespace TorchBind.Bindings;

internal static class Program
{
    private const string Help = """
        Writes what is boring in TorchBind out of libtorch's operator schemas and the shim's C headers.

          TorchBind.Bindings schemas --libtorch DIR [--version V] [--root DIR]
              Reads the operator schemas of a libtorch's headers and writes bindings/schemas/<version>.txt.

          TorchBind.Bindings csharp [--root DIR]
              Writes the committed files from the committed schemas and native/include: the P/Invoke declarations in
              managed/TorchBind/Interop/Generated, the operator surface in managed/TorchBind/Tensors/Generated,
              docs/operators.md and bindings/operators.json, the layout tests. Needs castxml; no libtorch.

          TorchBind.Bindings shim --libtorch DIR --output DIR [--version V] [--root DIR]
              Writes the C++ wrappers of all operators for that libtorch. A file whose content is the same is not touched.

          --libtorch DIR   a libtorch with headers: its root, or the folder that holds ATen/ (also --libtorch-include)
          --output DIR     where the C++ files go (also --out)
          --version V      the version, where the headers do not say it
          --root DIR       the repository; found from the current folder upwards when not given

        """;

    private static int Main(string[] args)
    {
        if (args.Length == 0 || args.Any(a => a is "--help" or "-h"))
        {
            Console.Write(Help);
            return args.Length == 0 ? 2 : 0;
        }
        try
        {
            var options = Options.Parse(args.AsSpan(1));
            switch (args[0])
            {
                case "schemas":
                    Schemas(options);
                    return 0;
                case "csharp":
                    CSharp.Writer.Write(options.FindRoot());
                    return 0;
                case "shim":
                    Shim(options);
                    return 0;
                default:
                    throw new UserException($"'{args[0]}' is no verb; there are schemas, csharp and shim (--help).");
            }
        }
        catch (Exception exception) when (exception is UserException or SchemaException or IOException)
        {
            Console.Error.WriteLine("bindings: " + exception.Message);
            return 1;
        }
    }

    private static void Schemas(Options options)
    {
        var include = Libtorch.FindInclude(options.Libtorch);
        var version = options.Version ?? Libtorch.ReadVersion(include);
        var operators = Libtorch.ReadOperators(include);
        var path = Path.Combine(options.FindRoot(), "bindings", "schemas", version + ".txt");
        var changed = Output.WriteFile(path, Reference.Write(version, operators));
        Console.WriteLine($"bindings: {operators.Count} operators of libtorch {version}, {path} {(changed ? "written" : "unchanged")}");
    }

    private static void Shim(Options options)
    {
        var include = Libtorch.FindInclude(options.Libtorch);
        var version = options.Version ?? Libtorch.ReadVersion(include);
        var model = OperatorModel.Merge(Reference.ReadAll(Path.Combine(options.FindRoot(), "bindings", "schemas")));
        var writer = new ShimWriter(model, version, Libtorch.ReadOperators(include));
        var output = new Output(options.Output);
        writer.Write(output);
        Console.WriteLine($"bindings: {writer.Supported} operators for libtorch {version}, {writer.Lacking} that it lacks, "
            + $"{output.Changed} files changed in {options.Output}");
        var unknown = writer.Unknown.ToList();
        if (unknown.Count > 0)
            Console.WriteLine($"bindings: {unknown.Count} operators of this libtorch are in no reference: {string.Join(", ", unknown)}");
    }

    private sealed class Options
    {
        private readonly Dictionary<string, string> _values = [];

        public string Libtorch => Required("--libtorch");

        public string Output => Required("--output");

        public string? Version => _values.GetValueOrDefault("--version");

        public static Options Parse(ReadOnlySpan<string> args)
        {
            var options = new Options();
            for (var i = 0; i < args.Length; i += 2)
            {
                var name = args[i] switch { "--libtorch-include" => "--libtorch", "--out" => "--output", var other => other };
                if (name is not ("--libtorch" or "--output" or "--version" or "--root"))
                    throw new UserException($"'{name}' is no option (--help).");
                if (i + 1 == args.Length)
                    throw new UserException($"{name} needs a value (--help).");
                options._values[name] = args[i + 1];
            }
            return options;
        }

        public string FindRoot()
        {
            if (_values.TryGetValue("--root", out var root))
                return Path.GetFullPath(root);
            for (var folder = new DirectoryInfo("."); folder is not null; folder = folder.Parent)
            {
                if (Directory.Exists(Path.Combine(folder.FullName, "bindings", "schemas")))
                    return folder.FullName;
            }
            throw new UserException("Not inside the repository: use --root.");
        }

        private string Required(string name) =>
            _values.TryGetValue(name, out var value) ? value : throw new UserException($"{name} is needed (--help).");
    }
}
