using System.Globalization;
using System.Text.Json;
using TorchBind.NN;
using TorchBind.NN.Utils;

namespace TorchBind.Tests.NN;

/// <summary>Init and Utils against Python, bit by bit; tests/oracle/nn_utils.py does the same.</summary>
[TestFixture]
public class NNUtilsParityTests
{
    private static readonly Lazy<JsonElement> s_python = new(static () => JsonDocument.Parse(PythonOracle.Run(
        "nn_utils.py", [Torch.GetNumThreads().ToString(CultureInfo.InvariantCulture)])).RootElement);

    private static void Same(string name, params Tensor?[] actual)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        Assert.That(actual.Select(NNParityTests.Digest), Is.EqualTo(s_python.Value.GetProperty(name).EnumerateArray().Select(NNParityTests.Digest)), name);
    }

    [TestCase(5, 9)]
    [TestCase(9, 5)]
    public void Inits(long rows, long columns)
    {
        var cases = new Dictionary<string, Func<Tensor, Tensor>>
        {
            ["uniform_"] = t => Init.Uniform_(t, -1.5, 2.5),
            ["normal_"] = t => Init.Normal_(t, 1.0, 0.3),
            ["trunc_normal_"] = t => Init.TruncNormal_(t),
            ["trunc_normal_ options"] = t => Init.TruncNormal_(t, 0.5, 0.7, -0.2, 1.1),
            ["trunc_normal_ tail"] = t => Init.TruncNormal_(t, 0.0, 1.0, 1.0, 3.0),
            ["constant_"] = t => Init.Constant_(t, 0.25),
            ["ones_"] = Init.Ones_,
            ["zeros_"] = Init.Zeros_,
            ["eye_"] = Init.Eye_,
            ["xavier_uniform_"] = t => Init.XavierUniform_(t, gain: Init.CalculateGain(Nonlinearity.ReLU)),
            ["xavier_normal_"] = t => Init.XavierNormal_(t, gain: Init.CalculateGain(Nonlinearity.Tanh)),
            ["kaiming_uniform_"] = t => Init.KaimingUniform_(t, mode: FanMode.FanOut, nonlinearity: Nonlinearity.ReLU),
            ["kaiming_normal_"] = t => Init.KaimingNormal_(t, a: 0.2),
            ["orthogonal_"] = t => Init.Orthogonal_(t, gain: 1.3),
            ["sparse_"] = t => Init.Sparse_(t, 0.3),
        };
        foreach (var (name, fill) in cases)
        {
            Torch.ManualSeed(1);
            Same($"init.{name} {rows}", fill(Torch.Empty(rows, columns)));
        }
    }

    [Test]
    public void Dirac()
    {
        foreach (var shape in new long[][] { [6, 3, 3], [6, 4, 3, 5], [4, 4, 3, 2, 3] })
            Same($"init.dirac_ {shape.Length}", Init.Dirac_(Torch.Empty(shape), groups: 2));
    }

    [Test]
    public void Clips()
    {
        var cases = new Dictionary<string, Func<IEnumerable<Parameter>, Tensor?>>
        {
            ["clip_grad_norm_"] = p => ClipGrad.ClipGradNorm_(p, 0.5),
            ["clip_grad_norm_ inf"] = p => ClipGrad.ClipGradNorm_(p, 0.1, normType: double.PositiveInfinity),
            ["clip_grad_norm_ 1"] = p => ClipGrad.ClipGradNorm_(p, 1000.0, normType: 1),
            ["clip_grad_value_"] = p =>
            {
                ClipGrad.ClipGradValue_(p, 0.05);
                return null;
            },
        };
        foreach (var (name, clip) in cases)
        {
            Torch.ManualSeed(2);
            var m = new Sequential(new Linear(5, 4), new Linear(4, 3));
            m.Call(Torch.Randn(6, 5)).Pow(2).Sum().Backward();
            var norm = clip(m.Parameters());
            Same(name, [.. norm is null ? Array.Empty<Tensor>() : [norm], .. m.Parameters().Select(static p => p.Grad)]);
        }
        var bad = new Linear(1, 1);
        bad.Call(Torch.Full((1, 1), double.PositiveInfinity)).Sum().Backward();
        Assert.That(() => ClipGrad.ClipGradNorm_(bad.Parameters(), 1, errorIfNonfinite: true), Throws.TypeOf<TorchException>().With.Message.Contains("infinite or NaN"));
    }

    private static void Train(string name, Linear m, Tensor x, bool bias = false)
    {
        var y = m.Call(x);
        y.Pow(2).Sum().Backward();
        Same(name, [y, bias ? m.Bias : m.Weight, .. m.Parameters().Select(static p => p.Grad), .. m.StateDict().Values]);
        Assert.That(m.StateDict().Keys, Is.EqualTo(s_python.Value.GetProperty(name + " keys").EnumerateArray().Select(static k => k.GetString())));
        Assert.That(m.ToString(), Is.EqualTo(s_python.Value.GetProperty(name + " text").GetString()));
        m.Eval();
        Same(name + " evaluated", m.Call(x));
    }

    [Test]
    public void ParametrizationsOfAWeight()
    {
        var cases = new Dictionary<string, Func<Linear, Linear>>
        {
            ["weight_norm"] = m => Parametrizations.WeightNorm(m),
            ["weight_norm dim"] = m => Parametrizations.WeightNorm(m, dim: null),
            ["spectral_norm"] = m => Parametrizations.SpectralNorm(m),
            ["spectral_norm options"] = m => Parametrizations.SpectralNorm(m, nPowerIterations: 3, dim: 1),
            ["orthogonal"] = m => Parametrizations.Orthogonal(m),
            ["orthogonal cayley"] = m => Parametrizations.Orthogonal(m, orthogonalMap: OrthogonalMap.Cayley),
            ["orthogonal matrix_exp"] = m => Parametrizations.Orthogonal(m, orthogonalMap: OrthogonalMap.MatrixExp),
        };
        foreach (var (name, put) in cases)
        {
            Torch.ManualSeed(3);
            var m = put(new Linear(6, 4));
            Train(name, m, Torch.Randn(3, 6));
            Assert.That(Parametrize.IsParametrized(m, nameof(Linear.Weight)), Is.True);
            Parametrize.RemoveParametrizations(m, "weight");
            Assert.That(Parametrize.IsParametrized(m), Is.False);
            Same(name + " removed", m.Weight);
        }
        Torch.ManualSeed(3);
        Train("orthogonal square", Parametrizations.Orthogonal(new Linear(6, 6)), Torch.Randn(3, 6));
    }

    [TestCase("weight_norm"), TestCase("orthogonal")]
    public void ParametrizationsGoOverToAnotherModule(string name)
    {
        Torch.ManualSeed(3);
        var m = name == "orthogonal" ? Parametrizations.Orthogonal(new Linear(6, 4)) : Parametrizations.WeightNorm(new Linear(6, 4));
        var x = Torch.Randn(3, 6);
        var other = Parametrize.TransferParametrizationsAndParams(m, new Linear(6, 4));
        Train(name + " transferred", other, x);
        var list = Parametrize.Parametrizations(m, "weight");
        Same(name + " transferred back", [m.Call(x), .. list.Parameters().Select(static p => p.Grad)]);
        Assert.That(Parametrize.Parametrizations(other, "weight").Originals, Is.EqualTo(list.Originals).Using<Tensor>(ReferenceEquals));
        var empty = Parametrize.TransferParametrizationsAndParams(m, new Identity(), nameof(Linear.Weight));
        Same(name + " created", Parametrize.Parametrizations(empty, "weight").Compute());
        Assert.That(empty.StateDict().Keys, Is.EqualTo(s_python.Value.GetProperty(name + " created keys").EnumerateArray().Select(static k => k.GetString())));
        Assert.Throws<ArgumentException>(() => Parametrize.TransferParametrizationsAndParams(m, new Identity(), "bias"));
        Assert.That(Parametrize.IsParametrized(Parametrize.TransferParametrizationsAndParams(new Linear(2, 2), new Identity())), Is.False);
    }

    [Test]
    public void TheOlderFormsOfWeightAndSpectralNorm()
    {
        var cases = new Dictionary<string, (Func<Linear, Linear> Put, Func<Linear, Linear> Remove)>
        {
            ["weight_norm"] = (static m => NormHooks.WeightNorm(m), static m => NormHooks.RemoveWeightNorm(m)),
            ["weight_norm dim"] = (static m => NormHooks.WeightNorm(m, dim: null), static m => NormHooks.RemoveWeightNorm(m)),
            ["spectral_norm"] = (static m => NormHooks.SpectralNorm(m), static m => NormHooks.RemoveSpectralNorm(m)),
            ["spectral_norm options"] = (static m => NormHooks.SpectralNorm(m, nPowerIterations: 3, dim: 1), static m => NormHooks.RemoveSpectralNorm(m)),
        };
        foreach (var (name, (put, remove)) in cases)
        {
            Torch.ManualSeed(7);
            var m = put(new Linear(6, 4));
            var x = Torch.Randn(3, 6);
            Same($"hook {name} before", m.Weight);
            Train("hook " + name, m, x);
            m.Train();
            m.Call(x);
            var again = m.Call(x);
            Same($"hook {name} again", [again, .. m.StateDict().Values]);
            Assert.That(() => put(m), Throws.InvalidOperationException.With.Message.Contains("already"));
            remove(m);
            Same($"hook {name} removed", m.Weight);
            Assert.That(m.NamedParameters().Select(static p => p.Name), Is.EquivalentTo(new[] { "weight", "bias" }));
            Assert.That(() => remove(m), Throws.ArgumentException.With.Message.Contains("of Linear has no"));
        }
        Torch.ManualSeed(8);
        var transposed = NormHooks.SpectralNorm(new ConvTranspose2d(3, 5, 2));
        var y = transposed.Call(Torch.Randn(2, 3, 4, 4));
        var state = transposed.StateDict();
        Same("hook spectral_norm transposed", [y, .. state.Values]);
        Assert.That(JsonSerializer.Serialize(state.Metadata.ToDictionary(static m => m.Key, static m => m.Value["spectral_norm"])),
            Is.EqualTo(JsonSerializer.Serialize(s_python.Value.GetProperty("hook spectral_norm metadata"))));
    }

    private sealed partial class FieldNet : Module<Tensor, Tensor>
    {
        public Parameter Weight = new(Torch.Ones(2, 2));

        protected override Tensor Forward(Tensor input) => input.Matmul(Weight);
    }

    [Test]
    public void HooksServePlainFieldsToo()
    {
        var m = NormHooks.WeightNorm(new FieldNet());
        using (Torch.NoGrad())
            m.GetParameter("weight_g").Mul_(2);
        // Rows of length sqrt(2) become twice as long: each element is 2.
        Assert.That(m.Call(Torch.Ones(1, 2)).ToArray<float>(), Is.All.EqualTo(4f).Within(1e-6f));
    }

    private sealed class EveryOther : PruningMethod
    {
        protected internal override Tensor ComputeMask(Tensor t, Tensor defaultMask)
        {
            var mask = defaultMask.Clone();
            mask.View(-1)[Torch.Slice(0, null, 2)].Fill_(0);
            return mask;
        }
    }

    [Test]
    public void PruningInAWayOfOnesOwn()
    {
        Torch.ManualSeed(9);
        var (first, second) = (new Linear(6, 5), new Linear(5, 4));
        var both = new Sequential(first, second);
        Prune.Apply(first, "weight", new EveryOther());
        Prune.Apply(first, "weight", new EveryOther());
        Prune.GlobalUnstructured([(first, "weight"), (second, "weight")], new EveryOther());
        Same("prune.method", [.. both.StateDict().Values]);
    }

    [Test]
    public void Pruning()
    {
        var cases = new Dictionary<string, Func<Linear, Linear>>
        {
            ["identity"] = m => Prune.Identity(m, "weight"),
            ["random_unstructured"] = m => Prune.RandomUnstructured(m, "weight", 0.4),
            ["l1_unstructured"] = m => Prune.L1Unstructured(m, "weight", 7),
            ["random_structured"] = m => Prune.RandomStructured(m, "weight", 2, dim: 1),
            ["ln_structured"] = m => Prune.LnStructured(m, "weight", 0.5, n: 2, dim: 0),
            ["twice"] = m => Prune.L1Unstructured(Prune.RandomUnstructured(m, "weight", 0.3), "weight", 0.5),
            ["structured twice"] = m => Prune.LnStructured(Prune.LnStructured(m, "weight", 1, n: 2, dim: 0), "weight", 1, n: 1, dim: 0),
            ["custom"] = m => Prune.CustomFromMask(m, "bias", Torch.Tensor(new long[] { 1, 0, 1, 0 })),
        };
        foreach (var (name, put) in cases)
        {
            Torch.ManualSeed(4);
            var m = put(new Linear(6, 4));
            Train("prune." + name, m, Torch.Randn(3, 6), bias: name == "custom");
            Assert.That(Prune.IsPruned(m), Is.True);
            Prune.Remove(m, name == "custom" ? "bias" : "weight");
            Assert.That(Prune.IsPruned(m), Is.False);
            Same($"prune.{name} removed", name == "custom" ? m.Bias : m.Weight);
        }
        Torch.ManualSeed(5);
        var (first, second) = (new Linear(6, 5), new Linear(5, 4));
        var both = new Sequential(first, second);
        Prune.GlobalL1Unstructured([(first, "weight"), (second, "weight"), (second, "bias")], 0.35);
        Same("prune.global", [.. both.StateDict().Values]);
    }

    [Test]
    public void Others()
    {
        Torch.ManualSeed(6);
        var m = new Sequential(new Linear(3, 2), new Linear(2, 2));
        var vector = ConvertParameters.ParametersToVector(m.Parameters());
        Same("parameters_to_vector", vector);
        ConvertParameters.VectorToParameters(vector * 2, m.Parameters());
        Same("vector_to_parameters", [.. m.Parameters()]);
        var (conv, bn2) = (new Conv2d(3, 4, 3), new BatchNorm2d(4));
        bn2.Call(conv.Call(Torch.Randn(2, 3, 6, 6)));
        var fusedConv = Fusion.FuseConvBnEval(conv.Eval(), bn2.Eval());
        Same("fuse_conv_bn_eval", fusedConv.Weight, fusedConv.Bias);
        var (linear, bn1) = (new Linear(3, 4), new BatchNorm1d(4));
        bn1.Call(linear.Call(Torch.Randn(5, 3)));
        var fusedLinear = Fusion.FuseLinearBnEval(linear.Eval(), bn1.Eval());
        Same("fuse_linear_bn_eval", fusedLinear.Weight, fusedLinear.Bias);
        Tensor[] sequences = [Torch.Randn(3, 2), Torch.Randn(5, 2), Torch.Randn(2, 2)];
        var padded = Rnn.PadSequence(sequences, paddingValue: 0.5);
        var packed = Rnn.PackSequence(sequences, enforceSorted: false);
        var (unpacked, lengths) = Rnn.PadPackedSequence(packed, batchFirst: true, totalLength: 6);
        Same("rnn", [padded, packed.Data, packed.BatchSizes, packed.SortedIndices, packed.UnsortedIndices, unpacked, lengths, .. Rnn.UnpackSequence(packed)]);
        var layer = new Linear(3, 2);
        var x = Torch.Randn(4, 3);
        var weight = Torch.Randn(2, 3).RequiresGrad_();
        var y = Stateless.FunctionalCall(layer, [KeyValuePair.Create("weight", weight)], x);
        y.Sum().Backward();
        Same("functional_call", y, weight.Grad, layer.Call(x));
    }

    private sealed class Field : Module<Tensor, Tensor>
    {
        public Parameter Weight = new(Torch.Ones(2, 2));

        protected override Tensor Forward(Tensor input) => input.Matmul(Weight);
    }

    private sealed partial class Doubled : Module<Tensor, Tensor>
    {
        protected override Tensor Forward(Tensor input) => input * 2;
    }

    [Test]
    public void MembersThatArePlainFieldsReceiveTheValueWithEachCall()
    {
        var m = Parametrize.RegisterParametrization(new Field(), "Weight", new Doubled());
        Assert.That(m.NamedParameters().Select(static p => p.Name), Is.EqualTo(new[] { "parametrizations.weight.original" }));
        m.Call(Torch.Ones(1, 2)).Sum().Backward();
        var original = m.GetParameter("parametrizations.weight.original");
        Assert.That(original.Grad!.ToArray<float>(), Is.All.EqualTo(2f));
        using (Torch.NoGrad())
            original.Fill_(5);
        Assert.That(m.Call(Torch.Ones(1, 2)).ToArray<float>(), Is.All.EqualTo(20f));
    }

    [Test]
    public void ACloneHasParametersOfItsOwn()
    {
        var layer = new Linear(2, 2);
        var net = new Sequential(layer, new BatchNorm1d(2), layer);
        var copy = net.Clone();
        Assert.That(copy.StateDict().Keys, Is.EqualTo(net.StateDict().Keys));
        Assert.That(copy[0], Is.SameAs(copy[2]).And.Not.SameAs(layer));
        using (Torch.NoGrad())
            layer.Weight.Fill_(7);
        Assert.That(((Linear)copy[0]).Weight.ToArray<float>(), Has.None.EqualTo(7f));
        var lstm = new LSTM(2, 3);
        Assert.That(lstm.Clone().Parameters().Zip(lstm.Parameters(), ReferenceEquals), Is.All.False);
    }
}
