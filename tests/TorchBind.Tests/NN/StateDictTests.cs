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
}
