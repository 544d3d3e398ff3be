using TorchBind.NN;
using TorchBind.Serialization;

namespace TorchBind.Tests.NN;

[TestFixture]
public partial class StateDictTests
{
    [Test]
    public void ARoundTripGivesTheSameValues()
    {
        var source = new Sequential(new Linear(3, 4), new BatchNorm1d(4));
        var target = new Sequential(new Linear(3, 4), new BatchNorm1d(4));
        var keys = target.LoadStateDict(source.StateDict());
        Assert.That(keys.ToString(), Is.EqualTo("<All keys matched successfully>"));
        foreach (var (name, tensor) in source.StateDict())
            Assert.That(Torch.Equal(target.StateDict()[name], tensor), name);
    }

    [Test]
    public void TheMetadataHoldsVersions()
    {
        var state = new Sequential(new Linear(3, 4), new BatchNorm1d(4)).StateDict();
        Assert.That(state.Metadata.Keys, Is.EqualTo(new[] { "", "0", "1" }));
        Assert.That(state.Metadata["0"]["version"], Is.EqualTo(1L));
        Assert.That(state.Metadata["1"]["version"], Is.EqualTo(2L));
    }

    [Test]
    public void EntriesShareTheModulesMemory()
    {
        var layer = new Linear(2, 2);
        var state = layer.StateDict();
        using (Torch.NoGrad())
            layer.Weight.Fill_(3);
        Assert.That(state["weight"].ToArray<float>(), Is.All.EqualTo(3f));
        Assert.That(state["weight"].RequiresGrad, Is.False);
        Assert.That(layer.StateDict(keepVars: true)["weight"], Is.SameAs(layer.Weight));
    }

    [Test]
    public void WhatDoesNotFitIsListedAsPythonListsItAndNothingIsChanged()
    {
        var model = new Sequential(new Linear(3, 4), new Linear(4, 2));
        var before = model.Parameters().Select(static p => p.ToArray<float>()).ToArray();
        var state = new Sequential(new Linear(3, 4), new Linear(5, 2)).StateDict();
        state.Remove("0.bias");
        state.Add("2.weight", Torch.Zeros(1));
        state.Add("extra", Torch.Zeros(1));
        var error = Assert.Throws<StateDictException>(() => model.LoadStateDict(state))!;
        Assert.That(error.Message, Is.EqualTo(
            "Error(s) in loading state_dict for Sequential:\n"
            + "\tMissing key(s) in state_dict: \"0.bias\". \n"
            + "\tUnexpected key(s) in state_dict: \"2.weight\", \"extra\". \n"
            + "\tsize mismatch for 1.weight: copying a param with shape torch.Size([2, 5]) from checkpoint, the shape in current model is torch.Size([2, 4])."));
        Assert.That(error.MissingKeys, Is.EqualTo(new[] { "0.bias" }));
        Assert.That(model.Parameters().Select(static p => p.ToArray<float>()), Is.EqualTo(before));
    }

    [Test]
    public void NotStrictStillChecksShapes()
    {
        var model = new Linear(3, 4);
        var state = new StateDict { ["weight"] = Torch.Ones(4, 3), ["other"] = Torch.Ones(1) };
        var keys = model.LoadStateDict(state, strict: false);
        Assert.That(keys.MissingKeys, Is.EqualTo(new[] { "bias" }));
        Assert.That(keys.UnexpectedKeys, Is.EqualTo(new[] { "other" }));
        Assert.That(model.Weight.ToArray<float>(), Is.All.EqualTo(1f));
        state["weight"] = Torch.Ones(4, 4);
        Assert.Throws<StateDictException>(() => model.LoadStateDict(state, strict: false));
    }

    [Test]
    public void TheCopyCastsAndAssignTakesOver()
    {
        var state = new StateDict { ["weight"] = Torch.Ones([2, 3], dtype: DType.Float64), ["bias"] = Torch.Ones([2], dtype: DType.Float64) };
        var model = new Linear(3, 2);
        var weight = model.Weight;
        model.LoadStateDict(state);
        Assert.That(model.Weight.DType, Is.EqualTo(DType.Float32));
        model.LoadStateDict(state, assign: true);
        Assert.That(model.Weight.DType, Is.EqualTo(DType.Float64));
        Assert.That(model.Weight, Is.SameAs(weight));
        Assert.That(model.Weight.RequiresGrad, Is.True);
        state["weight"].Fill_(5);
        Assert.That(model.Weight.ToArray<double>(), Is.All.EqualTo(5.0));
    }

    [Test]
    public void BatchNormOfVersionOneHasNoCount()
    {
        var state = new BatchNorm1d(2).StateDict();
        state.Remove("num_batches_tracked");
        Assert.Throws<StateDictException>(() => new BatchNorm1d(2).LoadStateDict(state));
        state.Metadata.Clear();
        Assert.DoesNotThrow(() => new BatchNorm1d(2).LoadStateDict(state));
    }

    [Test]
    public void AScalarParameterAcceptsOneElement()
    {
        var list = new ParameterList(Torch.Zeros([]));
        list.LoadStateDict(new StateDict { ["0"] = Torch.Full([1], 7.0) });
        Assert.That(list[0].Item<float>(), Is.EqualTo(7));
    }

    [Test]
    public void HooksSeeTheStateDict()
    {
        var model = new Sequential(new Linear(2, 2));
        var seen = new List<string>();
        model[0].RegisterStateDictPostHook((_, state, prefix, _) => state.Remove(prefix + "bias"));
        model.RegisterLoadStateDictPostHook((_, keys) => { seen.AddRange(keys.MissingKeys); keys.MissingKeys.Clear(); });
        var saved = model.StateDict();
        Assert.That(saved.Keys, Is.EqualTo(new[] { "0.weight" }));
        model.LoadStateDict(saved);
        Assert.That(seen, Is.EqualTo(new[] { "0.bias" }));
    }

    private sealed partial class Counting : Module<Tensor, Tensor>
    {
        public long Seen;

        protected override bool HasExtraState => true;

        protected override object? GetExtraState() => Seen;

        protected override void SetExtraState(object? state) => Seen = (long)state!;

        protected override Tensor Forward(Tensor input) => input;
    }

    [Test]
    public void ExtraStateTravels()
    {
        var model = new Sequential(new Counting { Seen = 5 });
        var state = model.StateDict();
        Assert.That(state.Extra["0._extra_state"], Is.EqualTo(5L));
        var other = new Sequential(new Counting());
        other.LoadStateDict(state);
        Assert.That(((Counting)other[0]).Seen, Is.EqualTo(5));
        state.Extra.Clear();
        Assert.That(() => other.LoadStateDict(state), Throws.TypeOf<StateDictException>().With.Message.Contains("0._extra_state"));
    }

    // ---- as Python does it (tests/oracle/load_state_dict.py)

    private sealed partial class Tied : Module<Tensor, Tensor>
    {
        private readonly Linear _a = new(2, 2, bias: false);
        private readonly Linear _b = new(2, 2, bias: false);

        public Tied() => _b.Weight = _a.Weight;

        public Linear A => _a;

        public Linear B => _b;

        protected override Tensor Forward(Tensor input) => _b.Call(_a.Call(input));
    }

    private static Tensor Full(double value = 1, DType dtype = DType.Float32) => Torch.Full([2, 2], value, dtype: dtype);

    private static Dictionary<string, (Func<Module> Make, Dictionary<string, object?> State, bool Strict, bool Assign)> Cases() => new()
    {
        ["tied, both"] = (static () => new Tied(), new() { ["a.weight"] = Full(), ["b.weight"] = Full(2) }, true, false),
        ["tied, one"] = (static () => new Tied(), new() { ["a.weight"] = Full() }, true, false),
        ["tied, one, lax"] = (static () => new Tied(), new() { ["a.weight"] = Full() }, false, false),
        ["tied, both, assigned"] = (static () => new Tied(), new() { ["a.weight"] = Full(), ["b.weight"] = Full(2) }, true, true),
        ["tied, one, lax, assigned"] = (static () => new Tied(), new() { ["b.weight"] = Full(3) }, false, true),
        ["meta"] = (Small, new() { ["weight"] = Torch.Empty([2, 2], device: "meta") }, true, false),
        ["sparse"] = (Small, new() { ["weight"] = Full().ToSparse() }, true, false),
        ["quantized"] = (Small, new() { ["weight"] = Torch.QuantizePerTensor(Full(), 0.5, 1, DType.QUInt8) }, true, false),
        ["integers"] = (Small, new() { ["weight"] = Full(1, DType.Int64) }, true, false),
        ["integers, assigned"] = (Small, new() { ["weight"] = Full(1, DType.Int64) }, true, true),
        ["half, assigned"] = (Small, new() { ["weight"] = Full(0.1, DType.Float16) }, true, true),
        ["half"] = (Small, new() { ["weight"] = Full(0.1, DType.Float16) }, true, false),
        ["double"] = (Small, new() { ["weight"] = Full(0.1, DType.Float64) }, true, false),
        ["number"] = (Small, new() { ["weight"] = 3L }, true, false),
        ["none"] = (Small, new() { ["weight"] = null }, true, false),
        ["text"] = (Small, new() { ["weight"] = "x" }, true, false),
        ["list"] = (Small, new() { ["weight"] = new List<object?> { 1L } }, true, false),
        ["shape"] = (Small, new() { ["weight"] = Torch.Ones([2, 3]) }, false, false),
        ["shape, assigned"] = (Small, new() { ["weight"] = Torch.Ones([4]) }, true, true),
        ["prefix"] = (Small, new() { ["module.weight"] = Full() }, true, false),
        ["good, then bad"] = (static () => new Sequential((Linear)Small(), (Linear)Small()), new() { ["0.weight"] = Full(), ["1.weight"] = Torch.Empty([2, 2], device: "meta") }, true, false),
        ["more below"] = (Small, new() { ["weight"] = Full(), ["weight.more"] = Full(), ["other.weight"] = Full() }, false, false),
    };

    private static Module Small() => new Linear(2, 2, bias: false);

    [Test]
    public void EveryCaseEndsAsInPython()
    {
        var expected = PythonOracle.RunJson<Dictionary<string, System.Text.Json.JsonElement>>("load_state_dict.py");
        var cases = Cases();
        Assert.That(cases.Keys, Is.EquivalentTo(expected.Keys));
        foreach (var (name, (make, values, strict, assign)) in cases)
        {
            var model = make();
            using (Torch.NoGrad())
            {
                foreach (var parameter in model.Parameters())
                    parameter.Fill_(-1);
            }
            var state = new StateDict();
            foreach (var (key, value) in values)
            {
                if (value is Tensor tensor)
                    state.Add(key, tensor);
                else
                    state.Extra[key] = value;
            }
            if (expected[name].ValueKind == System.Text.Json.JsonValueKind.String)
            {
                Assert.That(() => model.LoadStateDict(state, strict, assign), Throws.TypeOf<StateDictException>().With.Message.EqualTo(Native(expected[name].GetString()!)), name);
                // Python has copied what came before; here nothing is changed.
                Assert.That(model.StateDict().Values.All(static v => v.Eq(-1).All().Item<bool>()), name);
                continue;
            }
            var keys = model.LoadStateDict(state, strict, assign);
            Assert.That(keys.MissingKeys, Is.EqualTo(Texts(expected[name].GetProperty("missing"))), name);
            Assert.That(keys.UnexpectedKeys, Is.EqualTo(Texts(expected[name].GetProperty("unexpected"))), name);
            foreach (var (key, tensor) in model.StateDict())
            {
                Assert.That(tensor.DType.Name(), Is.EqualTo(expected[name].GetProperty("types").GetProperty(key).GetString()), name);
                Assert.That(tensor.To(DType.Float64).Flatten().ToArray<double>(), Is.EqualTo(expected[name].GetProperty("values").GetProperty(key).EnumerateArray().Select(static v => v.GetDouble())), $"{name}: {key}");
            }
        }

        // Python puts its own names of types in the place of libtorch's.
        static string Native(string message) => message.Replace("torch.FloatTensor", "CPUFloatType", StringComparison.Ordinal).Replace("torch.sparse.FloatTensor", "SparseCPUFloatType", StringComparison.Ordinal);

        static IEnumerable<string?> Texts(System.Text.Json.JsonElement list) => list.EnumerateArray().Select(static e => e.GetString());
    }

    [Test]
    public void TiedWeightsStayTiedThroughAFile()
    {
        var model = new Tied();
        var stream = new MemoryStream();
        Torch.Save(model.StateDict(), stream);
        using var checkpoint = Checkpoint.Open(stream.ToArray());
        Assert.That(checkpoint.Storages, Has.Count.EqualTo(1));
        var state = checkpoint.ToStateDict();
        Assert.That(state["a.weight"].StorageId(), Is.EqualTo(state["b.weight"].StorageId()));
        foreach (var assign in new[] { false, true })
        {
            var other = new Tied();
            other.LoadStateDict(state, assign: assign);
            Assert.That(other.A.Weight, Is.SameAs(other.B.Weight));
            Assert.That(other.Parameters().Count(), Is.EqualTo(1));
            Assert.That(other.A.Weight.StorageId() == state["a.weight"].StorageId(), Is.EqualTo(assign));
            Assert.That(Torch.Equal(other.A.Weight, model.A.Weight));
        }
    }

    private sealed partial class Failing : Module<Tensor, Tensor>
    {
        public Parameter Weight { get; set; } = new(Torch.Zeros([2]));

        protected override bool HasExtraState => true;

        protected override object? GetExtraState() => 1L;

        protected override void SetExtraState(object? state) => throw new InvalidOperationException("no such state");

        protected override Tensor Forward(Tensor input) => input;
    }

    [Test]
    public void StateThatAModuleRefusesLeavesTheTensorsAlone()
    {
        var model = new Sequential(new Linear(2, 2), new Failing());
        var before = model.StateDict().Select(static p => p.Value.Clone()).ToArray();
        var state = new Sequential(new Linear(2, 2), new Failing { Weight = new Parameter(Torch.Ones([2])) }).StateDict();
        Assert.That(() => model.LoadStateDict(state), Throws.InstanceOf<InvalidOperationException>().With.Message.EqualTo("no such state"));
        Assert.That(model.StateDict().Values.Zip(before).All(static p => Torch.Equal(p.First, p.Second)));
    }

    [Test]
    public void NamesOfParametersTravel()
    {
        var state = new Sequential(new Linear(2, 2), new BatchNorm1d(2)).StateDict();
        Assert.That(state.ParameterNames, Is.EquivalentTo(new[] { "0.weight", "0.bias", "1.weight", "1.bias" }));
        Assert.That(state.AddPrefix("module.").RenameKeys("module", "m").ParameterNames, Is.EquivalentTo(new[] { "m.0.weight", "m.0.bias", "m.1.weight", "m.1.bias" }));
        using var script = Torch.Jit.FromStateDict(state);
        Assert.That(script.NamedParameters().Select(static p => p.Name), Is.EquivalentTo(state.ParameterNames!));
        Assert.That(script.Parameters().All(static p => p.RequiresGrad));
        Assert.That(new StateDict().ParameterNames, Is.Null);
        using var all = Torch.Jit.FromStateDict(state, static (_, tensor) => tensor.DType.IsFloatingPoint());
        Assert.That(all.NamedBuffers().Select(static b => b.Name), Is.EqualTo(new[] { "1.num_batches_tracked" }));
    }
}
