using TorchBind.Autograd;
using TorchBind.Autograd.Transforms;
using TorchBind.NN;

namespace TorchBind.Tests.Autograd;

/// <summary>What functions of functions say of arguments and results that they cannot use.</summary>
[TestFixture]
public class TransformArgumentsTests
{
    private static readonly Tensor Vector = Torch.Ones(2);

    private static IEnumerable<TestCaseData> Products()
    {
        yield return Case("Jacobian", f => Torch.Autograd.Functional.Jacobian(f, Vector));
        yield return Case("Jacobian forwards", f => Torch.Autograd.Functional.Jacobian(f, Vector, vectorize: true, strategy: JacobianStrategy.ForwardMode));
        yield return Case("Hessian", f => Torch.Autograd.Functional.Hessian(f, Vector));
        yield return Case("Vjp", f => Torch.Autograd.Functional.Vjp(f, Vector));
        yield return Case("Jvp", f => Torch.Autograd.Functional.Jvp(f, Vector, Vector));
        yield return Case("Vhp", f => Torch.Autograd.Functional.Vhp(f, Vector, Vector));
        yield return Case("Hvp", f => Torch.Autograd.Functional.Hvp(f, Vector, Vector));

        static TestCaseData Case(string name, Action<Func<Tensor, Tensor>> call) => new TestCaseData(call).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Products))]
    public void AFunctionThatGivesNullIsATypeError(Action<Func<Tensor, Tensor>> call) =>
        Assert.That(() => call(_ => null!), Throws.TypeOf<TorchTypeException>());

    [Test]
    public void InputsAreNotNull() => Assert.Multiple(() =>
    {
        Assert.That(() => Torch.Autograd.Functional.Jacobian(inputs => inputs[0], (Tensor[])null!), Throws.ArgumentNullException);
        Assert.That(() => Torch.Autograd.Functional.Jacobian(x => x, (Tensor)null!, vectorize: true, strategy: JacobianStrategy.ForwardMode),
            Throws.ArgumentNullException);
        Assert.That(() => Torch.Func.StackModuleState(null!, new Linear(2, 2)), Throws.ArgumentNullException);
        Assert.That(() => Torch.Jit.Trace((Tensor x) => x, null!), Throws.ArgumentNullException);
        Assert.That(() => Torch.Jit.Trace(new Linear(2, 2), null!), Throws.ArgumentNullException);
    });

    [Test]
    public void WhatForwardModeCannotDoIsNotSupported() => Assert.Multiple(() =>
    {
        Assert.That(() => Torch.Autograd.Functional.Jacobian(x => x, Vector, strategy: JacobianStrategy.ForwardMode), Throws.TypeOf<NotSupportedException>());
        Assert.That(() => Torch.Autograd.Functional.Jacobian(x => x, Vector, createGraph: true, vectorize: true, strategy: JacobianStrategy.ForwardMode),
            Throws.TypeOf<NotSupportedException>());
    });

    [Test]
    public void ARandomnessThatDoesNotExistIsRefused() => Assert.That(
        () => Torch.Func.Vmap((Tensor x) => x + Torch.Rand(1), randomness: (VmapRandomness)8)(Vector), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void ModulesThatAreStackedHaveTheSameParameters() => Assert.That(
        () => Torch.Func.StackModuleState(new Linear(2, 3), new Linear(2, 3, bias: false)), Throws.TypeOf<TorchException>().With.Message.Contains("bias"));

    [Test]
    public void AScriptIsSavedIntoAFolderThatIsThere()
    {
        using var folder = new TemporaryFolder();
        using var script = Torch.Jit.FromStateDict([]);
        var missing = Path.Combine(folder.Path, "missing");
        Assert.Multiple(() =>
        {
            Assert.That(() => Torch.Jit.Save(script, Path.Combine(missing, "a.pt")), Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains(missing));
            Assert.That(Directory.Exists(missing), Is.False);
        });
    }
}
