using System.CommandLine;
using System.Globalization;
using System.Text;
using TorchBind.Tool;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

var root = new RootCommand(
    """
    Looks at, converts, checks and compares PyTorch checkpoints of every form, runs TorchScript, and tells which libtorch is found.
    Nothing that a file names is ever run, but by the command run.

    Exit codes: 0 all is well; 1 the command found something (a difference, damage, a problem); 2 it could not do what it was asked.
    """)
{
    InspectCommand.Create(),
    ConvertCommand.Create(),
    VerifyCommand.Create(),
    DiffCommand.Create(),
    RunCommand.Create(),
    DoctorCommand.Create(),
};
var result = root.Parse(args);
if (result.Errors.Count > 0)
{
    foreach (var error in result.Errors)
        Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine("torchbind --help shows what there is.");
    if (args.Contains("--json"))
        Exit.WriteError(string.Join(' ', result.Errors.Select(static error => error.Message)), Exit.Failed);
    return Exit.Failed;
}
return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
