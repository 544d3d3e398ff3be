using TorchBind.Benchmarks.Driver;
using TorchBind.Benchmarks.Worker;

namespace TorchBind.Benchmarks;

internal static class Program
{
    // Each way in is a method of its own: the first result is not to wait for the compilation of what it does not use.
    private static int Main(string[] arguments) => arguments switch
    {
        ["--worker"] => Protocol.Serve(),
        ["--program", "first-result"] => FirstResult(),
        ["--program", var name, .. var rest] => Programs.Run(name, rest),
        _ => Bench.Run(arguments),
    };

    private static int FirstResult()
    {
        Console.WriteLine(Torch.Ones(1).Item<float>());
        return 0;
    }
}
