using System.Text.RegularExpressions;
using TorchBind.Autograd;
using TorchBind.NN;

namespace TorchBind.Tests.Autograd;

/// <summary>The examples of docs/autograd.md, word for word: <see cref="EveryExampleIsHere"/> compares.</summary>
[NonParallelizable]
public partial class AutogradDocumentationTests
{
    [Test]
    public void EveryExampleIsHere()
    {
        var root = Environment.GetEnvironmentVariable("TORCHBIND_ROOT");
        if (string.IsNullOrEmpty(root))
            Assert.Ignore("TORCHBIND_ROOT names no checkout; ./build.sh --target=Test sets it.");
        var tests = Squeezed(File.ReadAllText(Path.Combine(root, "tests", "TorchBind.Tests", "Autograd", "AutogradDocumentationTests.cs")));
        var examples = Example().Matches(File.ReadAllText(Path.Combine(root, "docs", "autograd.md")));
        Assert.That(examples, Has.Count.GreaterThan(8));
        foreach (Match example in examples)
            Assert.That(tests, Does.Contain(Squeezed(example.Groups[1].Value)));

        static string Squeezed(string text) => Space().Replace(text, " ").Trim();
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("\\s+")]
    private static partial Regex Space();

    [Test]
    public void BackwardAndGrad()
    {
        var x = Torch.Tensor([1.0, 2.0, 3.0]).RequiresGrad_();
        var y = (x * x).Sum();
        y.Backward();                                                     // adds to x.Grad
        var gradient = Torch.Autograd.Grad((x * x).Sum(), x)[0];          // leaves x.Grad alone
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 2f, 4f, 6f }));
        Assert.That(gradient.ToArray<float>(), Is.EqualTo(new[] { 2f, 4f, 6f }));
    }

    [Test]
    public void WalkingTheGraph()
    {
        var x = Torch.Tensor([1.0, 2.0]).RequiresGrad_();
        var y = x.Exp();
        var loss = y.Sum();
        var node = loss.GradFn!;                                          // <SumBackward0>
        var (next, inputNr) = node.NextFunctions[0];                      // <ExpBackward0>, its input 0
        var edge = Torch.Autograd.Graph.GetGradientEdge(y);
        var atY = Torch.Autograd.GradOfEdges([loss], [edge])[0];
        Assert.That((node.ToString(), next!.ToString(), inputNr), Is.EqualTo(("<SumBackward0>", "<ExpBackward0>", 0L)));
        Assert.That(atY.ToArray<float>(), Is.EqualTo(new[] { 1f, 1f }));
    }

    [Test]
    public void ATensorHook()
    {
        var x = Torch.Tensor([1.0, 2.0, 3.0]).RequiresGrad_();
        using (x.RegisterHook(gradient => gradient.Clamp(-1, 1)))
            (x * x).Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Has.All.EqualTo(1f));
    }

    [Test]
    public void AModuleHook()
    {
        var norms = new List<float>();
        var layer = new Linear(3, 2);
        using var hook = layer.RegisterFullBackwardHook((module, gradInput, gradOutput) => norms.Add(gradOutput[0].Norm().Item<float>()));
        layer.Call(Torch.Ones([4, 3], requiresGrad: true)).Sum().Backward();
        Assert.That(norms, Is.EqualTo(new[] { MathF.Sqrt(8) }).Within(1e-6f)); // the norm of eight ones
    }

    private sealed class Cube : Function<Cube, Tensor, double, Tensor>
    {
        private double _scale;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, double scale)
        {
            _scale = scale;                                           // what is no tensor: a field; every call has an object of its own
            ctx.SaveForBackward(x);                                   // tensors: here
            return x * x * x * scale;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) =>
            [gradOutputs[0] * 3 * _scale * ctx.SavedTensors[0].Pow(2), null];   // one for each argument; null: no tensor
    }

    [Test]
    public void ApplyingAFunction()
    {
        var x = Torch.Tensor([1.0, 2.0]).RequiresGrad_();
        var y = Cube.Apply(x, 0.5);
        y.Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 1.5f, 6f }));
    }

    [Test]
    public void Checks()
    {
        var x = Torch.Rand([4], dtype: DType.Float64).RequiresGrad_();
        Torch.Autograd.GradCheck((Tensor x) => Cube.Apply(x, 0.5), x);
        Torch.Autograd.GradGradCheck((Tensor x) => Cube.Apply(x, 0.5), x);
    }

    [Test]
    public void AnomalyMode()
    {
        var x = Torch.Zeros([2], requiresGrad: true);
        using (Torch.Autograd.DetectAnomaly())
        {
            var y = (x.Sqrt() * 0).Sum();
            try
            {
                y.Backward();
            }
            catch (TorchException exception)
            {
                Console.WriteLine(exception.Message);                     // Function 'SqrtBackward0' returned nan values in its 0th output. ...
            }
        }
    }

    [Test]
    public void Checkpoints()
    {
        Func<Tensor, Tensor> block = h => h.Tanh().Exp().Sin();
        var x = Torch.Rand([8, 8], requiresGrad: true);
        var y = Torch.Utils.Checkpoint(block, x);                         // runs block again in the backward
        var z = Torch.Utils.CheckpointSequential([block, block, block, block], segments: 2, y);
        z.Sum().Backward();
        Assert.That(x.Grad, Is.Not.Null);
    }

    [Test]
    public void JacobiansAndForwardMode()
    {
        var x = Torch.Rand([3]);
        Func<Tensor, Tensor> f = x => x.Pow(3).Sum();
        var hessian = Torch.Autograd.Functional.Hessian(f, x);            // also Jacobian, Vjp, Jvp, Vhp, Hvp
        var same = Torch.Func.Hessian(f)(x);

        using (Torch.Autograd.ForwardAD.DualLevel())
        {
            var dual = Torch.Autograd.ForwardAD.MakeDual(x, tangent: Torch.OnesLike(x));
            var (value, tangent) = Torch.Autograd.ForwardAD.UnpackDual(f(dual));
        }
        Assert.That(Torch.Allclose(hessian, same) && Torch.Allclose(hessian, Torch.Diag(6 * x)));
    }

    [Test]
    public void PerSampleGradients()
    {
        var model = new Linear(3, 1);
        var parameters = model.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter.Detach());
        Func<Dictionary<string, Tensor>, Tensor, Tensor, Tensor> loss = (p, x, y) =>
            (Torch.Func.FunctionalCall(model, p, x) - y).Pow(2).Sum();
        var perSample = Torch.Func.Vmap(Torch.Func.Grad(loss), inDims: (null, 0, 0));
        var gradients = perSample(parameters, Torch.Rand([8, 3]), Torch.Rand([8, 1]));   // of each sample: weight [8, 1, 3]
        Assert.That(gradients["weight"].Shape, Is.EqualTo(new Shape(8, 1, 3)));
    }
}
