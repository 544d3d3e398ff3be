using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.Tests;

/// <summary>Where the files are that the generator reads and writes.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Schemas => Path.Combine(Root, "bindings", "schemas");

    public static IReadOnlyList<Reference> References { get; } = Reference.ReadAll(Schemas);

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("TORCHBIND_ROOT") is { Length: > 0 } root)
            return root;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "bindings", "schemas")))
                return folder.FullName;
        }
        throw new InvalidOperationException("The tests run outside of the repository: set TORCHBIND_ROOT.");
    }
}
