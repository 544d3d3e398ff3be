using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace TorchBind.Tests;

/// <summary>
/// Runs the programs of tests/oracle with the Python whose torch is the loaded libtorch (TORCHBIND_PYTHON). Without one, the test that asks
/// is reported as skipped.
/// </summary>
internal static class PythonOracle
{
    /// <summary>Whether there is a Python to ask.</summary>
    public static bool IsAvailable => Environment.GetEnvironmentVariable("TORCHBIND_PYTHON") is { Length: > 0 };

    /// <summary>The checkout.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("TORCHBIND_ROOT") is { Length: > 0 } root ? root : FindRoot();

    /// <summary>Runs a program of tests/oracle and returns what it wrote to its standard output.</summary>
    /// <param name="script">The file name, e.g. <c>printing.py</c>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from its standard input.</param>
    public static string Run(string script, IEnumerable<string>? arguments = null, string? input = null)
    {
        if (!IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("TORCHBIND_PYTHON")!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardInputEncoding = new UTF8Encoding(false),
            WorkingDirectory = Path.Combine(Root, "tests", "oracle"),
        };
        start.ArgumentList.Add("-X");
        start.ArgumentList.Add("utf8");
        start.ArgumentList.Add(Path.Combine(Root, "tests", "oracle", script));
        foreach (var argument in arguments ?? [])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (input is not null)
            process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0)
            Assert.Fail($"{script} ended with {process.ExitCode}:\n{errors.Result}");
        return output.Result;
    }

    /// <summary>Starts a program of tests/oracle whose output is read while it runs, as bytes. What it writes to its standard error is shown.</summary>
    /// <param name="script">The file name.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Process Start(string script, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("TORCHBIND_PYTHON")!)
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.Combine(Root, "tests", "oracle"),
        };
        start.ArgumentList.Add("-X");
        start.ArgumentList.Add("utf8");
        start.ArgumentList.Add(Path.Combine(Root, "tests", "oracle", script));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>The same, with the output read as JSON.</summary>
    public static T RunJson<T>(string script, IEnumerable<string>? arguments = null, string? input = null) =>
        JsonSerializer.Deserialize<T>(Run(script, arguments, input))!;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "tests", "oracle")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The checkout with tests/oracle was not found above the test program; set TORCHBIND_ROOT.");
    }
}
