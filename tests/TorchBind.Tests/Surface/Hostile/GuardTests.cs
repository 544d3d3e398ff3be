namespace TorchBind.Tests.Surface.Hostile;

/// <summary>The checks in front of operators that would end the process (docs/guards.md): on every way to them, in words, and nothing more.</summary>
public sealed class GuardTests
{
    private static readonly Tensor s_image = Torch.Ones([1, 4, 2, 2]);

    [Test]
    public void AGuardSaysWhatWasGivenAndWhatIsNeeded()
    {
        var error = Assert.Throws<ArgumentException>(() => Torch.NativeChannelShuffle(s_image, 0))!;
        Assert.That(error.Message, Does.StartWith("native_channel_shuffle takes at least 1 group; groups is 0"));
        Assert.That(Assert.Throws<ArgumentException>(() => Torch.PixelShuffle(s_image, 1L << 50))!.Message, Does.Contain("between 1 and 2147483647"));
        Assert.That(Torch.PixelShuffle(s_image, 2).Shape, Is.EqualTo(new Shape(1, 1, 4, 4)));
    }

    [Test]
    public void ItWorksByNameAndWithoutNumbers()
    {
        Assert.Throws<ArgumentException>(() => Torch.Ops["aten::native_channel_shuffle"].Call(s_image, 0L));
        Assert.Throws<ArgumentException>(() => Torch.Ops["aten::pixel_shuffle"].Call(s_image, 1L << 50));
        using var meta = Torch.Ones([1, 4, 2, 2], device: DeviceType.Meta);
        Assert.Throws<ArgumentException>(() => Torch.NativeChannelShuffle(meta, 0));
        Assert.That(Torch.NativeChannelShuffle(meta, 2).Shape, Is.EqualTo(new Shape(1, 4, 2, 2)));
    }

    [Test]
    public void ItWorksInsideOfOtherOperators()
    {
        // _foreach_copy calls copy for each of the tensors; _neg_view_copy copies what _neg_view made.
        using var compressed = Torch.Eye(3).ToSparseCsr();
        Assert.Throws<TorchNotImplementedException>(() => Torch.Aten._ForeachCopy([compressed], [compressed]));
        using var quantized = Torch.QuantizePerTensor(Torch.Ones([2, 3]), 0.1, 0, DType.QInt8);
        Assert.Throws<TorchNotImplementedException>(() => Torch.Aten._NegViewCopy(quantized));
    }

    [Test]
    public void ItWorksInABackwardPass()
    {
        using var x = Torch.Ones([0, 3], requiresGrad: true);
        using var distances = Torch.Pdist(x);
        Assert.Throws<ArgumentException>(() => distances.Backward(Torch.Ones([0])));
    }

    [Test]
    public void RecurrentLayersNeedAllOfTheirGates()
    {
        Tensor x = Torch.Ones([1, 2, 3]), w = Torch.Ones([2, 3]);
        Assert.Throws<ArgumentException>(() => Torch.Gru(x, x, [w, w], false, 1, 0, false, false, false));
        Assert.Throws<ArgumentException>(() => Torch.Lstm(x, [x, x], [w, w], false, 1, 0, false, false, false));
        Tensor right = Torch.Ones([12, 3]);
        Assert.That(Torch.Lstm(x, [x, x], [right, right], false, 1, 0, false, false, false).Item1.Shape, Is.EqualTo(new Shape(1, 2, 3)));
    }

    [Test]
    public void TheGradientOfAGuardedOperatorIsRecorded()
    {
        using var x = Torch.Randn([2, 3], requiresGrad: true);
        Torch.Softmax(x, 1).Square().Sum().Backward();
        using var y = Torch.Randn([1, 4, 2, 2], requiresGrad: true);
        Torch.PixelShuffle(y, 2).Sum().Backward();
        Assert.That(y.Grad!.Equal(Torch.OnesLike(y)));
        Assert.That(x.Grad!.Sum().Abs().Item<float>(), Is.LessThan(1e-6f));
    }

    [Test]
    public void AViewStaysInItsMemory()
    {
        using var x = Torch.Arange(12f);
        Assert.That(Assert.Throws<ArgumentException>(() => Torch.Aten._ReshapeAlias(x, [4, 4], [4, 1]))!.Message, Does.Contain("beyond the 48 bytes"));
        Assert.Throws<ArgumentException>(() => Torch.Aten._ReshapeAlias(x, [2, 2], [1L << 62, 1]));
        Assert.Throws<ArgumentException>(() => Torch.Aten._ReshapeAlias(x, [2], [-1]));
        Assert.Throws<ArgumentException>(() => Torch.Ops["aten::_reshape_alias"].Call(x, new long[] { 13 }, new long[] { 1 }));
        Assert.That(Torch.Aten._ReshapeAlias(x, [3, 4], [4, 1]).Equal(x.Reshape(3, 4)));
        Assert.That(Torch.Aten._ReshapeAlias(x[1..], [3, 3], [3, 1])[2, 2].Item<float>(), Is.EqualTo(9f));
        // Two elements to a byte, and memory that was taken away: what reaches beyond the memory before may do so after.
        using var nibbles = Torch.QuantizePerChannel(Torch.Ones([4, 6]), Torch.Ones([4]), Torch.Zeros([4]), 0, DType.QUInt4x2);
        Assert.That(Torch.Aten._ReshapeAlias(nibbles, [24], [1]).Shape, Is.EqualTo(new Shape(24)));
        using var empty = Torch.Ones([0, 3]);
        Assert.That(empty.Reshape(3, 0).Shape, Is.EqualTo(new Shape(3, 0)));
    }

    // Without the guards these calls end the process, and the sweep says so.
    [TestCase("Torch.Aten", "_TransformBiasRescaleQkv", "numbers zero rank 4"), TestCase("Torch.Aten", "_FftC2r", "numbers huge")]
    public void WithoutGuardsTheProcessDies(string type, string member, string attack)
    {
        var label = $"{type[(type.IndexOf('.') + 1)..]}.{member}(";
        var hostile = HostileChild.All().First(c => c.Label.StartsWith(label, StringComparison.Ordinal) && c.Name == attack);
        Assert.That(HostileChild.Run([hostile], guards: false).Died, Is.EqualTo(hostile));
        Assert.That(HostileChild.Run([hostile]).Died, Is.Null);
    }

    private const string ScriptLogVariable = "TORCHBIND_GUARDED_SCRIPTS_LOG";

    // Functions that call guarded operators with what they are guarded against, and what the exception says.
    private static readonly (string Name, string Code, string Message)[] s_scripts =
    [
        ("shuffle", "def shuffle(x: Tensor):\n    return torch.native_channel_shuffle(x, 0)\n", "takes at least 1 group"),
        ("enlarge", "def enlarge(x: Tensor):\n    return torch.pixel_shuffle(x + 1, 1125899906842624)\n", "between 1 and 2147483647"),
        ("gated", "def gated(x: Tensor):\n    w = x[0, 0]\n    return torch.gru(x[0], x[0], [w, w], False, 1, 0.0, False, False, False)\n", "gru"),
        ("heads", "def heads(x: Tensor):\n    y = torch.zeros([1, 2, 6])\n    return torch.ops.aten._transform_bias_rescale_qkv(y, torch.zeros([6]), 0)\n", "takes at least 1 head"),
        ("transform", "def transform(x: Tensor):\n    return torch.ops.aten._fft_c2r(torch.complex(x, x), [0], 0, 4611686018427387904)\n", "fft_c2r"),
        ("called", "def called(x: Tensor):\n    for i in range(3):\n        x = torch.native_channel_shuffle(x, 2 - i)\n    return x\n", "takes at least 1 group"),
    ];

    /// <summary>Guards stand in front of operators that TorchScript calls as well: an exception, and the process lives on.</summary>
    [Test]
    public void ItWorksInScripts()
    {
        var log = Path.GetTempFileName();
        try
        {
            Assert.That(RunScripts(log, guards: true), Is.Zero);
            var lines = File.ReadAllLines(log);
            Assert.That(lines, Has.Length.EqualTo(s_scripts.Length));
            Assert.Multiple(() =>
            {
                foreach (var (line, script) in lines.Zip(s_scripts))
                    Assert.That(line, Does.StartWith(script.Name + ": ").And.Contain("Exception: ").And.Contain(script.Message));
            });
            Assert.That(RunScripts(log, guards: false), Is.Not.Zero, "without guards one of the calls ends the process");
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static int RunScripts(string log, bool guards)
    {
        var start = new System.Diagnostics.ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(GuardTests).Assembly.Location);
        foreach (var argument in new[] { "--no-ansi", "--filter", $"FullyQualifiedName~{nameof(CallsGuardedScripts)}" })
            start.ArgumentList.Add(argument);
        start.Environment[ScriptLogVariable] = log;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (!guards)
            start.Environment["TORCHBIND_GUARDS"] = "off";
        using var process = System.Diagnostics.Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.WaitForExit();
        TestContext.Out.WriteLine(errors.Result + output.Result);
        return process.ExitCode;
    }

    /// <summary>In the child process: calls the scripts, and writes down what each throws.</summary>
    [Test, Explicit("runs in a process of its own, for ItWorksInScripts")]
    public void CallsGuardedScripts()
    {
        var log = Environment.GetEnvironmentVariable(ScriptLogVariable);
        if (log is not { Length: > 0 })
            Assert.Ignore($"{ScriptLogVariable} is not set.");
        var lines = new List<string>();
        using var unit = Torch.Jit.Compile(string.Concat(s_scripts.Select(s => s.Code)));
        foreach (var (name, _, _) in s_scripts)
        {
            try
            {
                unit.Invoke(name, s_image);
                lines.Add(name + ": no exception");
            }
            catch (Exception exception)
            {
                lines.Add($"{name}: {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
            }
        }
        File.WriteAllLines(log, lines);
    }
}
