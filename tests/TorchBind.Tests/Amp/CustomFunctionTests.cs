using System.Text.Json;
using TorchBind.Autograd;

namespace TorchBind.Tests.Amp;

/// <summary>Custom functions in mixed precision: what custom_fwd and custom_bwd do in Python.</summary>
[NonParallelizable]
public class CustomFunctionTests
{
    private sealed record Run(JsonElement[][] seen, string y, string dtype, string a, string b);

    private sealed record Python(Dictionary<string, bool> available, Dictionary<string, Run> runs);

    [ThreadStatic]
    private static DType? t_castInputs;

    private static readonly List<object[]> s_seen = [];

    private static void See(string where, params Tensor[] tensors) =>
        s_seen.Add([where, Torch.IsAutocastEnabled(DeviceType.Cpu), Name(Torch.GetAutocastDType(DeviceType.Cpu)), .. tensors.Select(static t => Name(t.DType))]);

    private static string Name(DType dtype) => "torch." + dtype.Name();

    private sealed class Product : Function<Product, Tensor, Tensor[], double, Tensor>
    {
        private double _factor;

        protected override CustomFwd? CustomFwd { get; } = new(DeviceType.Cpu, t_castInputs);
        protected override DeviceType? CustomBwd => DeviceType.Cpu;

        protected override Tensor Forward(FunctionContext ctx, Tensor a, Tensor[] rest, double factor)
        {
            See("forward", [a, .. rest]);
            ctx.SaveForBackward([a, .. rest]);
            _factor = factor;
            return (a.Mm(rest[0]) * factor) + rest[1].Sum().To(a.DType);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            Tensor a = ctx.SavedTensors[0]!, b = ctx.SavedTensors[1]!, c = ctx.SavedTensors[2]!;
            See("backward", gradOutputs[0], a, b, c);
            return [gradOutputs[0].Mm(b.T) * _factor, a.T.Mm(gradOutputs[0]) * _factor, null, null];
        }
    }

    private sealed class OnlyBackward : Function<OnlyBackward, Tensor, Tensor>
    {
        protected override DeviceType? CustomBwd => DeviceType.Cpu;

        protected override Tensor Forward(FunctionContext ctx, Tensor x) => x * 2;

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * 2];
    }

    [Test]
    public void ForwardAndBackwardSeeWhatTheyDoInPython()
    {
        var expected = PythonOracle.RunJson<Python>("amp_functions.py");
        Assert.That(new[] { DeviceType.Cpu, DeviceType.Cuda, DeviceType.Meta }.Select(Torch.IsAutocastAvailable),
            Is.EqualTo(new[] { expected.available["cpu"], expected.available["cuda"], expected.available["meta"] }));
        Assert.That(expected.runs, Has.Count.EqualTo(12));
        foreach (DType? cast in new DType?[] { null, DType.Float32, DType.Float16 })
        {
            foreach (var enabled in new[] { false, true })
            {
                foreach (var dtype in new[] { DType.BFloat16, DType.Float16 })
                {
                    var name = $"{(cast is { } c ? Name(c) : "None")} {(enabled ? "True" : "False")} {Name(dtype)}";
                    Check(name, expected.runs[name], cast, enabled, dtype);
                }
            }
        }
    }

    private static void Check(string name, Run expected, DType? cast, bool enabled, DType dtype)
    {
        s_seen.Clear();
        t_castInputs = cast;
        Torch.ManualSeed(7);
        Tensor a = Torch.Randn(3, 3).RequiresGrad_(), b = Torch.Randn(3, 3).RequiresGrad_(), c = Torch.Randn([2], dtype: DType.Float64), y;
        using (Torch.Autocast(DeviceType.Cpu, dtype, enabled))
            y = Product.Apply(a, [b, c], 2.0);
        y.Float().Sum().Backward();
        Assert.That(JsonSerializer.Serialize(s_seen), Is.EqualTo(JsonSerializer.Serialize(expected.seen)), name);
        Assert.That(new[] { Hex(y), Name(y.DType), Hex(a.Grad!), Hex(b.Grad!) }, Is.EqualTo(new[] { expected.y, expected.dtype, expected.a, expected.b }), name);
    }

    private static string Hex(Tensor tensor) => Convert.ToHexStringLower(TensorBits.Bytes(tensor));

    [Test]
    public void ABackwardAloneIsRefused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => OnlyBackward.Apply(Torch.Ones(2).RequiresGrad_()))!;
        Assert.That(error.Message, Does.Contain("override CustomFwd too"));
    }
}
