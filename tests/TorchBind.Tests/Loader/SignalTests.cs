using System.Runtime.CompilerServices;

namespace TorchBind.Tests.Loader;

/// <summary>
/// .NET learns of a null reference and of a division by zero from the processor, through signals. A library that libtorch brings along
/// (UCX, under Debian's MPI) would take them: the process would end here, not the test fail.
/// </summary>
[TestFixture]
public class SignalTests
{
    [SetUp]
    public void LibtorchIsLoaded() => Torch.Ones(1).Dispose();

    [Test]
    public void NullReferencesAreExceptions() => Assert.Throws<NullReferenceException>(() => Length(null!));

    [Test]
    public void DivisionsByZeroAreExceptions() => Assert.Throws<DivideByZeroException>(() => Divide(1, 0));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Length(string text) => text.Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Divide(int left, int right) => left / right;
}
