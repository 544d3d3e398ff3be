using System.Diagnostics;

namespace TorchBind.Tests.Examples;

/// <summary>Runs programs of the solution as users do: a process of their own, on the dotnet that runs this test.</summary>
internal static class ExampleProgram
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="name">The project's name.</param>
    /// <param name="folder">The folder in which it runs.</param>
    /// <param name="arguments">Its arguments.</param>
    public static (int Code, string Output, string Errors) Run(string name, string folder, params IEnumerable<string> arguments)
    {
        // artifacts/bin/TorchBind.Tests/release -> artifacts/bin/<name>/release
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(here.Parent!.Parent!.FullName, name, here.Name, name + ".dll");
        if (!File.Exists(program))
            Assert.Fail($"{program} was not built; build the solution.");
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
