using TorchBind.NN;
using TorchBind.Serialization;

namespace TorchBind.Tests.NN;

[TestFixture]
public partial class ModuleTests
{
    private sealed partial class Net : Module<Tensor, Tensor>
    {
        private readonly Linear _fc1 = new(4, 3);

        public Linear Fc2 { get; } = new(3, 2);

        [Name("norm")]
        public BatchNorm1d Normalization { get; set; } = new(3);

        public Parameter? InProjWeight;
        public Parameter? Missing = null;
        public Tensor Plain = Torch.Zeros(2);

        [Buffer]
        private Tensor _steps = Torch.Zeros(1);

        [Buffer(Persistent = false)]
        public Tensor? Cache { get; set; } = Torch.Zeros(1);

        public TorchBind.NN.Buffer Typed = new(Torch.Ones(2));

        [Unregistered]
        public Linear? Elsewhere { get; set; }

        public Module<Tensor, Tensor>? Optional { get; set; }

        public Tensor Steps { get => _steps; set => _steps = value; }

        public Linear First => _fc1;

        protected override Tensor Forward(Tensor input) => Fc2.Call(Normalization.Call(_fc1.Call(input)));
    }

    // Not partial: the same members, by reflection.
    private sealed class Reflected : Module<Tensor, Tensor>
    {
        private readonly Linear _fc1 = new(4, 3);

        public Linear Fc2 { get; } = new(3, 2);

        [Name("norm")]
        public BatchNorm1d Normalization { get; set; } = new(3);

        public Parameter? InProjWeight;
        public Parameter? Missing = null;
        public Tensor Plain = Torch.Zeros(2);

        [Buffer]
        private Tensor _steps = Torch.Zeros(1);

        [Buffer(Persistent = false)]
        public Tensor? Cache { get; set; } = Torch.Zeros(1);

        public TorchBind.NN.Buffer Typed = new(Torch.Ones(2));

        [Unregistered]
        public Linear? Elsewhere { get; set; }

        public Module<Tensor, Tensor>? Optional { get; set; }

        public Tensor Steps { get => _steps; set => _steps = value; }

        public Linear First => _fc1;

        protected override Tensor Forward(Tensor input) => Fc2.Call(Normalization.Call(_fc1.Call(input)));
    }

    private static readonly string[] s_keys =
    [
        "in_proj_weight", "steps", "typed", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "norm.num_batches_tracked",
    ];

    [Test]
    public void MembersAreTheRegistration()
    {
        Module[] nets = [new Net { InProjWeight = new Parameter(Torch.Zeros(2)) }, new Reflected { InProjWeight = new Parameter(Torch.Zeros(2)) }];
        foreach (var net in nets)
        {
            Assert.That(net.StateDict().Keys, Is.EqualTo(s_keys), net.GetType().Name);
            Assert.That(net.NamedBuffers(recurse: false).Select(static b => b.Name), Is.EqualTo(new[] { "steps", "cache", "typed" }));
            Assert.That(net.NamedChildren().Select(static c => c.Name), Is.EqualTo(new[] { "fc1", "fc2", "norm" }));
        }
    }

    [Test]
    public void AssignmentReplacesAChild()
    {
        var net = new Net();
        Assert.That(net.NamedChildren().Select(static c => c.Name), Does.Not.Contain("optional"));
        net.Optional = new Linear(7, 7);
        net.Normalization = new BatchNorm1d(9);
        net.Elsewhere = new Linear(1, 1);
        Assert.That(net.GetParameter("optional.weight").Shape, Is.EqualTo(new Shape(7, 7)));
        Assert.That(net.GetParameter("norm.weight").Shape, Is.EqualTo(new Shape(9)));
        Assert.That(net.NamedParameters().Select(static p => p.Name), Has.None.StartsWith("elsewhere"));
    }

    [Test]
    public void ReadOnlyMembersCanBeReplacedByPath()
    {
        Module[] nets = [new Net(), new Reflected()];
        foreach (var net in nets)
        {
            var fc1 = new Linear(8, 8);
            var fc2 = new Linear(9, 9);
            net.SetSubmodule("fc1", fc1);
            net.SetSubmodule("fc2", fc2);
            Assert.That(net.GetSubmodule("fc1"), Is.SameAs(fc1));
            Assert.That(net.GetSubmodule("fc2"), Is.SameAs(fc2));
            Assert.That(() => net.SetSubmodule("fc1", new ReLU()), Throws.InvalidOperationException.With.Message.Contains("cannot hold a ReLU"));
            Assert.That(() => net.SetSubmodule("fc3", new ReLU()), Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("fc1, fc2, norm"));
        }
    }

    [Test]
    public void TheGeneratedRegistrationUsesNoReflection()
    {
        // What the generator wrote overrides DescribeMembers in the class itself.
        const System.Reflection.BindingFlags Own = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.DeclaredOnly;
        Assert.That(typeof(Net).GetMethod("DescribeMembers", Own), Is.Not.Null);
        Assert.That(typeof(Linear).GetMethod("DescribeMembers", Own), Is.Not.Null);
        Assert.That(typeof(Reflected).GetMethod("DescribeMembers", Own), Is.Null);
    }

    [TestCase("InProjWeight", "in_proj_weight")]
    [TestCase("_inProjWeight", "in_proj_weight")]
    [TestCase("Fc1", "fc1")]
    [TestCase("fc1", "fc1")]
    [TestCase("Conv2d1", "conv2d1")]
    [TestCase("QKVProj", "qkv_proj")]
    [TestCase("LSTM", "lstm")]
    [TestCase("BN1", "bn1")]
    [TestCase("Layer1Norm", "layer1_norm")]
    [TestCase("weight_ih_l0", "weight_ih_l0")]
    [TestCase("__x", "x")]
    [TestCase("A", "a")]
    public void KeysAreSnakeCase(string name, string key) => Assert.That(MemberName.ToKey(name), Is.EqualTo(key));

    private abstract class Base : Module<Tensor, Tensor>
    {
        public Linear Below = new(1, 1);
    }

    private sealed partial class Derived : Base
    {
        public Linear Above = new(1, 1);

        protected override Tensor Forward(Tensor input) => input;
    }

#pragma warning disable TB0003 // the analyzer sees it as well: this is the check at run time
    private sealed class Twice : Module<Tensor, Tensor>
    {
        private readonly Linear _fc = new(1, 1);

        public Linear Fc { get; } = new(1, 1);

        public Linear Other => _fc;

        protected override Tensor Forward(Tensor input) => input;
    }
#pragma warning restore TB0003

    [Test]
    public void BaseClassesComeFirst() =>
        Assert.That(new Derived().NamedChildren().Select(static c => c.Name), Is.EqualTo(new[] { "below", "above" }));

    [Test]
    public void TwoMembersWithOneKeyAreRefused() =>
        Assert.That(() => new Twice().Parameters().Count(), Throws.InvalidOperationException.With.Message.Contains("'fc'"));

    [Test]
    public void SharedParametersCountOnceAndAreSavedTwice()
    {
        var tied = new Linear(3, 3);
        var net = new Sequential(tied, new ReLU(), tied);
        Assert.That(net.Parameters().Count(), Is.EqualTo(2));
        Assert.That(net.NamedParameters(removeDuplicate: false).Count(), Is.EqualTo(4));
        Assert.That(net.StateDict().Keys, Is.EqualTo(new[] { "0.weight", "0.bias", "2.weight", "2.bias" }));
    }

    [Test]
    public void NamedParametersTakeAPrefix() =>
        Assert.That(new Linear(1, 1).NamedParameters("model.fc").Select(static p => p.Name), Is.EqualTo(new[] { "model.fc.weight", "model.fc.bias" }));

    [Test]
    public void TrainAndEvalReachAllModules()
    {
        var net = new Sequential(new Dropout(), new Sequential(new BatchNorm1d(2)));
        Sequential same = net.Eval();
        Assert.That(same, Is.SameAs(net));
        Assert.That(net.Modules().Select(static m => m.Training), Is.All.False);
        net.Train();
        Assert.That(net.Modules().Select(static m => m.Training), Is.All.True);
    }

    [Test]
    public void CastKeepsTheParameterObjectsAndTheirGradients()
    {
        var net = new BatchNorm1d(3);
        net.Call(Torch.Randn(4, 3)).Sum().Backward();
        var weight = net.Weight!;
        net.Double();
        Assert.That(net.Weight, Is.SameAs(weight));
        Assert.That(weight.DType, Is.EqualTo(DType.Float64));
        Assert.That(weight.Grad!.DType, Is.EqualTo(DType.Float64));
        Assert.That(net.RunningMean!.DType, Is.EqualTo(DType.Float64));
        Assert.That(net.NumBatchesTracked!.DType, Is.EqualTo(DType.Int64));
        Assert.That(weight.RequiresGrad, Is.True);
        Assert.That(() => net.To(DType.Int32), Throws.ArgumentException.With.Message.Contains("int32"));
    }

    [Test]
    public void ModulesMoveToTheMetaDeviceAndBack()
    {
        var net = new Linear(3, 2).To("meta");
        Assert.That(net.Parameters().Select(static p => p.IsMeta), Is.All.True);
        net.ToEmpty(Device.Cpu);
        Assert.That(net.Parameters().Select(static p => p.IsMeta), Is.All.False);
        Assert.That(net.Weight.Shape, Is.EqualTo(new Shape(2, 3)));
    }

    [Test]
    public void ParametersOutliveTheScopeOfTheirMaking()
    {
        Linear layer;
        BatchNorm1d norm;
        using (new TensorScope())
        {
            layer = new Linear(3, 2);
            norm = new BatchNorm1d(2);
            layer.Double();
        }
        Assert.That(norm.Double().Call(layer.Call(Torch.Randn([4, 3], dtype: DType.Float64))).Shape, Is.EqualTo(new Shape(4, 2)));
    }

    [Test]
    public void DisposeFreesAllAndMayBeCalledTwice()
    {
        var net = new Net();
        var tensors = net.Parameters().Concat(net.Buffers()).ToArray();
        net.Dispose();
        net.Dispose();
        Assert.That(tensors.Select(static t => t.IsDisposed), Is.All.True);
        Assert.That(() => net.Call(Torch.Randn(2, 4)), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void ZeroGradForgetsOrClears()
    {
        var layer = new Linear(3, 2);
        layer.Call(Torch.Randn(4, 3)).Sum().Backward();
        layer.ZeroGrad(setToNone: false);
        Assert.That(layer.Weight.Grad!.Abs().Sum().Item<float>(), Is.Zero);
        layer.ZeroGrad();
        Assert.That(layer.Weight.Grad, Is.Null);
    }

    [Test]
    public void ApplyVisitsChildrenFirst()
    {
        var seen = new List<string>();
        new Sequential(new Linear(1, 1), new ReLU()).Apply(m => seen.Add(m.GetType().Name));
        Assert.That(seen, Is.EqualTo(new[] { "Linear", "ReLU", "Sequential" }));
    }

    [Test]
    public void ForwardHooksRunInTheirOrderAndCanBeRemoved()
    {
        var layer = new Identity();
        var seen = new List<string>();
        using var before = layer.RegisterForwardPreHook((_, x) => { seen.Add("before"); return x + 1; });
        var after = layer.RegisterForwardHook((_, x, y) => { seen.Add("after"); return y * 2; });
        layer.RegisterForwardHook((Module _, object?[] inputs, object? output) => { seen.Add("last"); return null; });
        layer.RegisterForwardHook((_, _, y) => seen.Add("first"), prepend: true);
        Assert.That(layer.Call(Torch.Ones(1)).Item<float>(), Is.EqualTo(4));
        Assert.That(seen, Is.EqualTo(new[] { "before", "first", "after", "last" }));
        after.Remove();
        after.Remove();
        seen.Clear();
        Assert.That(layer.Call(Torch.Ones(1)).Item<float>(), Is.EqualTo(2));
        Assert.That(seen, Is.EqualTo(new[] { "before", "first", "last" }));
    }

    [Test]
    public void AHookThatIsAlwaysCalledSeesFailures()
    {
        var layer = new Linear(3, 2);
        var calls = 0;
        layer.RegisterForwardHook((Module _, object?[] _, object? output) => { calls += output is null ? 1 : 100; return null; }, alwaysCall: true);
        Assert.That(() => layer.Call(Torch.Ones(5)), Throws.InstanceOf<TorchException>());
        Assert.That(calls, Is.EqualTo(1));
    }

    [Test]
    public void OneModuleServesManyThreads()
    {
        var net = new Sequential(new Conv2d(1, 4, 3), new BatchNorm2d(4), new ReLU(), new Flatten(), new Linear(4 * 36, 5)).Eval();
        var x = Torch.Randn(2, 1, 8, 8);
        float[] expected;
        using (Torch.NoGrad())
            expected = net.Call(x).ToArray<float>();
        Parallel.For(0, 64, _ =>
        {
            using var mode = Torch.NoGrad();
            using var y = net.Call(x);
            Assert.That(y.ToArray<float>(), Is.EqualTo(expected));
        });
    }

    [Test]
    public void ToStringIsPythons()
    {
        var net = new Sequential(("conv", new Conv2d(1, 6, kernelSize: 5, padding: 2)), ("act", new ReLU()), ("inner", new Sequential(new Linear(2, 3))));
        Assert.That(net.ToString(), Is.EqualTo("""
            Sequential(
              (conv): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
              (act): ReLU()
              (inner): Sequential(
                (0): Linear(in_features=2, out_features=3, bias=True)
              )
            )
            """.ReplaceLineEndings("\n")));
        Assert.That(new ModuleList(new Linear(2, 2), new Linear(2, 2), new ReLU()).ToString(), Is.EqualTo("""
            ModuleList(
              (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
              (2): ReLU()
            )
            """.ReplaceLineEndings("\n")));
    }
}
