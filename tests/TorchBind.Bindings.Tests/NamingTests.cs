using TorchBind.Bindings.CSharp;

namespace TorchBind.Bindings.Tests;

public class NamingTests
{
    [TestCase("log_softmax", "LogSoftmax")]
    [TestCase("add_", "Add_")]
    [TestCase("conv2d", "Conv2d")]
    [TestCase("_fused_adam_", "_FusedAdam_")]
    [TestCase("__and__", "__And__")]
    [TestCase("matrix_H", "MatrixH")]
    [TestCase("_foreach_add", "_ForeachAdd")]
    public void Members(string python, string cs) => Assert.That(Naming.Pascal(python), Is.EqualTo(cs));

    [TestCase("half_to_float", "halfToFloat")]
    [TestCase("dim0", "dim0")]
    [TestCase("UPLO", "uplo")]
    [TestCase("A", "a")]
    [TestCase("qGroupSize", "qGroupSize")]
    [TestCase("mat2", "mat2")]
    public void Parameters(string python, string cs) => Assert.That(Naming.Camel(python), Is.EqualTo(cs));

    [Test]
    public void Keywords_are_escaped() => Assert.That(Naming.Escape("out"), Is.EqualTo("@out"));
}
