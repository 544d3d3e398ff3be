using System.Numerics;
using TorchBind.Tests.Autograd;

namespace TorchBind.Tests.Tensors;

/// <summary>Operators by name, and operators written in C#.</summary>
public sealed class OpsTests
{
    private static bool Same(Tensor a, Tensor b) => a.Equal(b) && a.DType == b.DType;

    [Test]
    public void AnyOperatorIsCalledByName()
    {
        var (x, y) = (Torch.Arange(6).To(DType.Float32).View(2, 3), Torch.Ones([2, 3]));
        Assert.That(Same(Torch.Ops["aten::add.Tensor"].Call<Tensor>(x, y), x + y));
        Assert.That(Same(Torch.Ops["aten::add.Tensor"].Call<Tensor>(x, y, 3), Torch.Add(x, y, alpha: 3)));
        Assert.That(Same((Tensor)Torch.Ops["aten::add.Tensor"].Call([x, y], new Dictionary<string, object?> { ["alpha"] = 0.5 })!, Torch.Add(x, y, alpha: 0.5)));
        Assert.That(Same(Torch.Ops["aten::add.Scalar"].Call<Tensor>(x, new Complex(1, 2)), x + new Complex(1, 2)));
        Assert.That(Same(Torch.Ops["aten::sum.dim_IntList"].Call<Tensor>(x, new long[] { 1 }, true, DType.Float64), x.Sum([1], true, DType.Float64)));
        Assert.That(Same(Torch.Ops["aten::sum.dim_IntList"].Call<Tensor>(x, 1), x.Sum([1])));
        Assert.That(Same(Torch.Ops["aten::cat"].Call<Tensor>(new[] { x, y }, 1), Torch.Cat([x, y], 1)));
        Assert.That(Same(Torch.Ops["aten::zeros"].Call<Tensor>(new[] { 2, 2 }, DType.Int64, null, Device.Cpu), Torch.Zeros([2, 2], DType.Int64)));
        var pair = (object?[])Torch.Ops["aten::max.dim"].Call(x, 1)!;
        Assert.That(Same((Tensor)pair[0]!, x.Max(1).Values) && Same((Tensor)pair[1]!, x.Max(1).Indices));
        var parts = (Tensor[])Torch.Ops["aten::split.Tensor"].Call(x, 1)!;
        Assert.That(parts, Has.Length.EqualTo(2));
        Assert.That(Torch.Ops["aten::size.int"].Call(x, 1), Is.EqualTo(3L));
        Assert.That(Torch.Ops["aten::gelu"].Call<Tensor>([x, "tanh"]).Shape, Is.EqualTo(x.Shape));
        var generator = new Generator().ManualSeed(3);
        Assert.That(Same(Torch.Ops["aten::rand.generator"].Call<Tensor>(new[] { 4 }, generator), Torch.Rand([4], generator: new Generator().ManualSeed(3))));
    }

    [Test]
    public void WhatIsRecordedByNameHasGradients()
    {
        var x = Torch.Ones([3]).RequiresGrad_();
        Torch.Ops["aten::mul.Tensor"].Call<Tensor>(x, x).Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 2f, 2f, 2f }));
    }

    [Test]
    public void WrongCallsSayWhatIsWrong()
    {
        var x = Torch.Ones([3]);
        Assert.That(() => Torch.Ops["aten::add"], Throws.InstanceOf<ArgumentException>().With.Message.Contains("aten::add.Tensor"));
        Assert.That(() => Torch.Ops["aten::no_such"], Throws.InstanceOf<ArgumentException>());
        Assert.That(() => Torch.Ops["add"], Throws.InstanceOf<ArgumentException>());
        Assert.That(() => Torch.Ops["aten::add.Tensor"].Call(x), Throws.InstanceOf<ArgumentException>().With.Message.Contains("other"));
        Assert.That(() => Torch.Ops["aten::add.Tensor"].Call(x, x, 1, 2), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => Torch.Ops["aten::add.Tensor"].Call(x, "text"), Throws.InstanceOf<Exception>());
        Assert.That(() => Torch.Ops["aten::add.Tensor"].Call([x, x], new Dictionary<string, object?> { ["beta"] = 1 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("beta"));
        Assert.That(() => Torch.Ops["aten::add.Tensor"].Call(x, new object()), Throws.InstanceOf<ArgumentException>());
        x.Dispose();
        Assert.That(() => Torch.Ops["aten::relu"].Call(x), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void AnOperatorInCSharpIsCalledAndDifferentiated()
    {
        using var library = new OperatorLibrary("torchbind_tests");
        library.Define("scaled_square(Tensor x, float scale=1.0) -> Tensor");
        library.Impl("scaled_square", a => (Tensor)a[0]! * (Tensor)a[0]! * (double)a[1]!);
        library.ImplBackward("scaled_square", (gradients, a, results) =>
        {
            Assert.That(results, Has.Length.EqualTo(1));
            return [gradients[0]! * 2 * (Tensor)a[0]! * (double)a[1]!, null];
        });
        var op = Torch.Ops["torchbind_tests::scaled_square"];
        Assert.That(op.Schema, Is.EqualTo("torchbind_tests::scaled_square(Tensor x, float scale=1.) -> Tensor"));
        var x = Torch.Arange(3).To(DType.Float64).RequiresGrad_();
        var y = op.Call<Tensor>(x, 3.0);
        Assert.That(y.Detach().ToArray<double>(), Is.EqualTo(new[] { 0.0, 3, 12 }));
        Assert.That(y.RequiresGrad);
        // Twice: the backward pass is made of recorded operators.
        var first = TorchBind.Autograd.AutogradEngine.Grad([y.Sum()], [x], [], null, createGraph: true, allowUnused: false)[0]!;
        Assert.That(first.Detach().ToArray<double>(), Is.EqualTo(new[] { 0.0, 6, 12 }));
        first.Sum().Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo(new[] { 6.0, 6, 6 }));
        using (Torch.NoGrad())
            Assert.That(op.Call<Tensor>(x).RequiresGrad, Is.False);
    }

    [Test]
    public void ListsAndSeveralResultsGoThrough()
    {
        using var library = new OperatorLibrary("torchbind_tests");
        library.Define("both(Tensor[] xs, int[] sizes, str? name=None) -> (Tensor, Tensor[], int)");
        library.Impl("both", a =>
        {
            var xs = (Tensor[])a[0]!;
            return (xs[0] + xs[1], Array.ConvertAll(xs, x => x * 2), ((long[])a[1]!).Sum() + ((string?)a[2])?.Length ?? 0L);
        });
        library.ImplBackward("both", (gradients, a, _) => [((Tensor[])a[0]!).Select((x, i) => (gradients[0] ?? x * 0) + (gradients[i + 1] ?? x * 0) * 2).ToArray(), null, null]);
        var (p, q) = (Torch.Ones([2]).RequiresGrad_(), Torch.Ones([2]).RequiresGrad_());
        var results = (object?[])Torch.Ops["torchbind_tests::both"].Call(new[] { p, q }, new long[] { 4, 5 }, "abc")!;
        Assert.That(results[2], Is.EqualTo(12L));
        var doubled = (Tensor[])results[1]!;
        (((Tensor)results[0]!).Sum() + doubled[1].Sum()).Backward();
        Assert.That(p.Grad!.ToArray<float>(), Is.EqualTo(new[] { 1f, 1f }));
        Assert.That(q.Grad!.ToArray<float>(), Is.EqualTo(new[] { 3f, 3f }));
    }

    [Test]
    public void WhatAKernelThrowsComesBackAsItIs()
    {
        using var library = new OperatorLibrary("torchbind_tests");
        library.Define("fails(Tensor x, bool late) -> Tensor");
        library.Impl("fails", a => (bool)a[1]! ? ((Tensor)a[0]!).Clone() : throw new TimeoutException("from the kernel"));
        library.ImplBackward("fails", (_, _, _) => throw new TimeZoneNotFoundException("from the backward pass"));
        var op = Torch.Ops["torchbind_tests::fails"];
        var x = Torch.Ones([2]).RequiresGrad_();
        Assert.That(() => op.Call(x, false), Throws.InstanceOf<TimeoutException>().With.Message.EqualTo("from the kernel"));
        Assert.That(() => op.Call<Tensor>(x, true).Sum().Backward(), Throws.InstanceOf<TimeZoneNotFoundException>());
        library.Define("wrong(Tensor x) -> Tensor");
        library.Impl("wrong", _ => "no tensor");
        Assert.That(() => Torch.Ops["torchbind_tests::wrong"].Call<Tensor>(x), Throws.InstanceOf<Exception>());
    }

    [Test]
    public void ALibraryThatIsDisposedTakesItsOperatorsAlong()
    {
        var library = new OperatorLibrary("torchbind_gone");
        library.Define("here(Tensor x) -> Tensor");
        library.Impl("here", a => ((Tensor)a[0]!).Clone());
        var op = Torch.Ops["torchbind_gone::here"];
        Assert.That(op.Call<Tensor>(Torch.Ones([1])).Item<float>(), Is.EqualTo(1));
        library.Dispose();
        Assert.That(Torch.Ops.Contains("torchbind_gone::here"), Is.False);
        Assert.That(() => op.Call(Torch.Ones([1])), Throws.ArgumentException);
        Assert.That(() => library.Define("more() -> ()"), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => new OperatorLibrary("not a name"), Throws.ArgumentException);
    }

    /// <summary>torchvision's library of operators, where Python has one for this libtorch: as tests/oracle/vision_ops.py, line by line.</summary>
    [Test, NonParallelizable]
    public void OperatorsOfAnotherLibrary()
    {
        var include = Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH_INCLUDE");
        if (include is not { Length: > 0 })
            Assert.Ignore("TORCHBIND_LIBTORCH_INCLUDE names no libtorch.");
        var folder = Path.Combine(include, "..", "lib", "python3", "dist-packages", "torchvision");
        var file = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "_C.*.so").FirstOrDefault() : null;
        if (file is null)
            Assert.Ignore("There is no torchvision beside this libtorch.");
        var expected = PythonOracle.RunJson<List<string>>("vision_ops.py");
        Torch.Ops.LoadLibrary(file);
        Assert.That(Torch.Ops.LoadedLibraries, Has.Count.GreaterThanOrEqualTo(1));
        var threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1);
        var log = new CaseLog();
        try
        {
            VisionOperators(log);
        }
        finally
        {
            Torch.SetNumThreads(threads);
        }
        Assert.That(log.Lines, Has.Count.EqualTo(expected.Count));
        Assert.That(Enumerable.Range(0, expected.Count).Where(i => !CaseLog.Agree(log.Lines[i], expected[i])), Is.Empty, "lines that differ from Python's");
    }

    private static void VisionOperators(CaseLog log)
    {
        var (suppress, align) = (Torch.Ops["torchvision::nms"], Torch.Ops["torchvision::roi_align"]);
        var alignBackward = Torch.Ops["torchvision::_roi_align_backward"];
        Tensor Nms(Tensor boxes, Tensor scores, double threshold) => suppress.Call<Tensor>(boxes, scores, threshold);
        Tensor RoiAlign(Tensor x, Tensor rois, double scale, int height, int width, int ratio, bool aligned) =>
            align.Call<Tensor>(x, rois, scale, height, width, ratio, aligned);
        static Tensor Boxes(long count, double size)
        {
            var (corner, extent) = (Torch.Rand(count, 2) * size, Torch.Rand(count, 2) * size / 2 + 0.5);
            return Torch.Cat([corner, corner + extent], 1);
        }

        Torch.ManualSeed(0);
        foreach (var count in new[] { 0, 1, 40, 300 })
        {
            var (boxes, scores) = (Boxes(count, 30), Torch.Rand(count));
            foreach (var threshold in new[] { 0.0, 0.3, 0.7, 1.0 })
                log.Add(Nms(boxes, scores, threshold), Nms(boxes.Double(), scores.Double(), threshold));
            log.Add(Nms(boxes.T.Contiguous().T, scores, 0.5));
        }
        log.Error(() => Nms(Torch.Rand(3, 5), Torch.Rand(3), 0.5), "");
        log.Error(() => Nms(Torch.Rand(3, 4), Torch.Rand(2), 0.5), "");
        log.Error(() => Nms(Torch.Rand(4), Torch.Rand(4), 0.5), "");
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            Tensor? x = null, rois = null;
            foreach (var (ratio, aligned, scale) in new[] { (2, false, 1.0), (-1, true, 0.5), (1, true, 1.0) })
            {
                x = Torch.Randn(2, 3, 12, 10).To(dtype).RequiresGrad_();
                rois = Torch.Cat([Torch.Randint(0, 2, [5, 1]).Float(), Boxes(5, 8)], 1).To(dtype);
                var y = RoiAlign(x, rois, scale, 4, 3, ratio, aligned);
                log.Add(y.Detach());
                var gradient = Torch.Randn(5, 3, 4, 3).To(dtype);
                var direct = alignBackward.Call<Tensor>(gradient, rois, scale, 4, 3, 2, 3, 12, 10, ratio, aligned);
                // Later versions of torchvision record for autograd in Python; the library alone has only the formula.
                y.Backward(gradient);
                Assert.That(x.Grad is null, Is.EqualTo(Torch.Version.StartsWith("2.14", StringComparison.Ordinal)), "recorded by the library");
                log.Add(x.Grad ?? direct, direct);
                log.Add(RoiAlign(x.Detach().Permute(0, 1, 3, 2), rois, scale, 2, 2, ratio, aligned));
            }
            log.Add(RoiAlign(x!.Detach(), rois![..0], 1.0, 2, 2, -1, false));
        }
        log.Error(() => RoiAlign(Torch.Randn(1, 2, 4, 4), Torch.Rand(3, 4), 1.0, 2, 2, -1, false), "");
        log.Error(() => RoiAlign(Torch.Randn(1, 2, 4, 4), Torch.Rand(3, 5).Double(), 1.0, 2, 2, -1, false), "");
    }

    [Test]
    public void TorchScriptCallsAnOperatorWrittenInCSharp()
    {
        using var library = new OperatorLibrary("tb_test_script");
        library.Define("mul_add(Tensor a, Tensor b, float c=1.0) -> Tensor");
        library.Impl("mul_add", static arguments => (Tensor)arguments[0]! * (Tensor)arguments[1]! + (double)arguments[2]!);
        // Without a line's end after the last line, as raw text has it.
        using var unit = Torch.Jit.Compile(
            """
            def twice(x: Tensor) -> Tensor:
                for i in range(2):
                    x = torch.ops.tb_test_script.mul_add(x, x, 0.5)
                return torch.ops.aten.neg(x)
            """);
        Assert.That(((Tensor)unit.Invoke("twice", Torch.Ones(2))).ToArray<float>(), Is.EqualTo(new[] { -2.75f, -2.75f }));
        Assert.That(() => Torch.Jit.Compile("def f(x: Tensor):\n    return torch.ops.tb_test_script.nothing(x)"), Throws.InstanceOf<TorchException>());
    }
}
