using System.Numerics;
using TorchBind.NN;
using TorchBind.Tests.Autograd;

namespace TorchBind.Tests.Tensors;

/// <summary>
/// Settings of the program and of a thread, random states, and what tensors and dtypes say of themselves, step by step as tests/oracle/context.py.
/// </summary>
public sealed class ContextParityTests : CaseTests<ContextParityTests>, ICaseSuite
{
    public static string Program => "context.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["grad_modes"] = GradModes,
        ["inference_mode"] = InferenceMode,
        ["default_dtype"] = DefaultDType,
        ["default_device"] = DefaultDevice,
        ["print_options"] = PrintOptionsChange,
        ["deterministic"] = Deterministic,
        ["threads"] = Threads,
        ["autocast"] = Autocast,
        ["flush_denormal"] = FlushDenormal,
        ["matmul_precision"] = MatmulPrecision,
        ["sparse_invariants"] = SparseInvariants,
        ["random"] = RandomStates,
        ["generators"] = Generators,
        ["numbers"] = Numbers,
        ["attributes"] = Attributes,
        ["element_functions"] = ElementFunctions,
        ["buffers"] = Buffers,
        ["shared_memory"] = SharedMemory,
        ["grad_dtype"] = GradDType,
        ["versions"] = Versions,
    };

    private sealed class StopException : Exception;

    private static void OnAThread(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw failure;
    }

    private static void Caught<T>(Action action) where T : Exception
    {
        try
        {
            action();
        }
        catch (T)
        {
            return;
        }
        Assert.Fail($"no {typeof(T).Name}");
    }

    private static Tensor Full(double value) => Torch.Full([2, 2], value);

    private static void GradModes(CaseLog log)
    {
        var x = Torch.Ones([2], requiresGrad: true);
        void See() => log.Add(Torch.IsGradEnabled(), (x * 2).RequiresGrad, x.Detach().RequiresGrad);

        See();
        using (Torch.NoGrad())
        {
            See();
            using (Torch.EnableGrad())
            {
                See();
                using (Torch.SetGradEnabled(false))
                    See();
                See();
            }
            See();
            OnAThread(See);
        }
        See();
        Caught<StopException>(() =>
        {
            using var no = Torch.NoGrad();
            using var yes = Torch.EnableGrad();
            using var again = Torch.NoGrad();
            See();
            throw new StopException();
        });
        See();
        Caught<TorchException>(() =>
        {
            using var yes = Torch.EnableGrad();
            using var no = Torch.NoGrad();
            _ = Torch.Ones(2) + Torch.Ones(3);
        });
        See();
        using (Torch.NoGrad())
        {
            var y = Torch.Ones([2], requiresGrad: true);
            x.Add_(1);
            log.Add(y.RequiresGrad, x);
        }
        log.Error(() => x.Add_(1));
        Tensor view;
        using (Torch.NoGrad())
            view = x[..1];
        log.Error(() => view.Mul_(2));
    }

    private static void InferenceMode(CaseLog log)
    {
        var x = Torch.Ones([2], requiresGrad: true);
        void See()
        {
            var y = x * 2;
            log.Add(Torch.IsInferenceModeEnabled(), Torch.IsGradEnabled(), y.RequiresGrad, y.IsInference, Torch.Ones(1).IsInference);
        }

        See();
        Tensor made;
        using (Torch.InferenceMode())
        {
            See();
            made = Torch.Ones(2);
            using (Torch.InferenceMode(false))
            {
                See();
                using (Torch.NoGrad())
                    See();
            }
            using (Torch.EnableGrad())
                See();
            See();
            OnAThread(See);
        }
        See();
        Caught<StopException>(() =>
        {
            using var mode = Torch.InferenceMode();
            throw new StopException();
        });
        See();
        using (Torch.InferenceMode(false))
            See();
        log.Add(made.IsInference, (made + 1).IsInference, made.Clone().IsInference);
        log.Error(() => made.Add_(1));
        log.Error(() => _ = made * x);
        log.Error(() => _ = made.RequiresGrad_() * 1);
        using (Torch.InferenceMode())
        {
            made.Add_(1);
            log.Add(made);
            log.Error(() => _ = made.Version);
        }
    }

    private static void DefaultDType(CaseLog log)
    {
        void See()
        {
            var dtype = Torch.GetDefaultDType();
            log.Add(dtype.Name());
            foreach (var x in new[]
            {
                Torch.Tensor(1.5), Torch.Tensor([1, 2]), Torch.Tensor(true), Torch.Zeros(2), Torch.Ones(1), Torch.Full([2], 1.5),
                Torch.Full([2], 2), Torch.Arange(3), Torch.Arange(0, 1.5, 0.5), Torch.Linspace(0, 1, 3), Torch.Eye(2), Torch.Tensor([1, 2]) / 2,
                Torch.Tensor([1, 2]).Sqrt(), Torch.Tensor([1, 2]) * 1.5, Torch.Tensor([1, 2]).Mean(dtype: dtype),
                Torch.OnesLike(Torch.Tensor([1])), new Linear(2, 2).Weight.Detach() * 0, Torch.HannWindow(4),
                dtype != DType.BFloat16 ? Torch.Complex(Torch.Ones(1), Torch.Ones(1)) : Torch.Ones(1),
            })
            {
                log.Add(x);
            }
            log.Error(() => log.Add(Torch.Tensor(new Complex(1, 2))), "");
            log.Add(new Finfo().DType.Name());
        }

        var before = Torch.GetDefaultDType();
        See();
        try
        {
            foreach (var dtype in new[] { DType.Float64, DType.Float16, DType.BFloat16 })
            {
                Torch.SetDefaultDType(dtype);
                See();
                OnAThread(() => log.Add(Torch.GetDefaultDType().Name(), Torch.Zeros(1)));
            }
            Torch.SetDefaultDType(DType.Float64);
            foreach (var wrong in new[] { DType.Int64, DType.Bool, DType.Complex64 })
            {
                log.Error(() => Torch.SetDefaultDType(wrong), "");
                log.Add(Torch.GetDefaultDType().Name());
            }
        }
        finally
        {
            Torch.SetDefaultDType(before);
        }
        See();
    }

    private static void DefaultDevice(CaseLog log)
    {
        void See()
        {
            log.Add(Torch.GetDefaultDevice().ToString());
            foreach (var x in new[]
            {
                Torch.Tensor(1.5), Torch.Tensor([1, 2]), Torch.Zeros(2), Torch.Full([2], 2), Torch.Arange(3), Torch.Eye(2), Torch.Rand(2), Torch.Empty(1),
                new Linear(2, 2).Weight, Torch.Zeros([1], device: "cpu"), Torch.OnesLike(Torch.Zeros([1], device: "cpu")),
            })
            {
                log.Add(x.Device.ToString());
            }
        }

        See();
        try
        {
            Torch.SetDefaultDevice("meta");
            See();
            Torch.SetDefaultDevice("cpu");
            See();
            Torch.SetDefaultDevice("meta");
            Torch.SetDefaultDevice(null);
            See();
        }
        finally
        {
            Torch.SetDefaultDevice(null);
        }
        log.Error(() => Torch.SetDefaultDevice("nothing"), "");
        See();
    }

    private static void PrintOptionsChange(CaseLog log)
    {
        var x = Torch.Tensor([[1.0 / 3, 2e5], [-1.0, 1e-5]], DType.Float64);
        var wide = Torch.Arange(2000);
        void See() => log.Add(x.ToString(), wide.ToString(), x.To(DType.Complex64).ToString(), Torch.Tensor(2.0 / 3).ToString());

        See();
        try
        {
            Torch.SetPrintoptions(precision: 2);
            See();
            Torch.SetPrintoptions(sciMode: true, edgeitems: 2);
            See();
            Torch.SetPrintoptions(profile: "short");
            See();
            Torch.SetPrintoptions(profile: "full", linewidth: 60);
            log.Add(x.ToString(), wide[..100].ToString());
            Torch.SetPrintoptions(profile: "default");
            See();
            using (Torch.Printoptions(Torch.GetPrintoptions() with { Precision = 7, SciMode = false }))
            {
                See();
                OnAThread(() => log.Add(x.ToString()));
            }
            See();
            Caught<StopException>(() =>
            {
                using var options = Torch.Printoptions(Torch.GetPrintoptions() with { Threshold = 3, Edgeitems = 1 });
                See();
                throw new StopException();
            });
            See();
        }
        finally
        {
            Torch.SetPrintoptions(profile: "default");
        }
    }

    private static void Deterministic(CaseLog log)
    {
        void Flags() => log.Add(Torch.AreDeterministicAlgorithmsEnabled(), Torch.IsDeterministicAlgorithmsWarnOnlyEnabled(), Torch.GetDeterministicDebugMode());
        void See()
        {
            Flags();
            var x = Torch.Zeros(4);
            log.Error(() => log.Add(x.Put_(Torch.Tensor([1, 2]), Torch.Tensor([5.0, 6.0]))));
            log.Error(() => log.Add(Torch.Zeros(3).IndexPut_([Torch.Tensor([0, 1])], Torch.Tensor([1.0, 2.0]))));
            log.Error(() => log.Add(Torch.Zeros(3).Scatter_(0, Torch.Tensor([0, 1]), Torch.Tensor([1.0, 2.0]))));
        }

        See();
        try
        {
            Torch.UseDeterministicAlgorithms(true);
            See();
            log.Add(Torch.Empty(3), Torch.Empty([2], DType.Int32), Torch.Empty([2], DType.Bool), Torch.Empty([1], DType.Complex64), Torch.Zeros(0).Resize_(2));
            OnAThread(() => log.Add(Torch.AreDeterministicAlgorithmsEnabled(), Torch.Empty(2)));
            Torch.UseDeterministicAlgorithms(true, warnOnly: true);
            See();
            Torch.UseDeterministicAlgorithms(false);
            See();
            foreach (var mode in new[] { 2, 1, 0 })
            {
                Torch.SetDeterministicDebugMode(mode);
                Flags();
            }
            foreach (var mode in new[] { "error", "warn", "default" })
            {
                Torch.SetDeterministicDebugMode(mode);
                Flags();
            }
            log.Error(() => Torch.SetDeterministicDebugMode("other"), "");
            log.Error(() => Torch.SetDeterministicDebugMode(3), "");
            log.Add(Torch.GetDeterministicDebugMode());
        }
        finally
        {
            Torch.UseDeterministicAlgorithms(false);
        }
    }

    private static void Threads(CaseLog log)
    {
        var before = Torch.GetNumThreads();
        try
        {
            foreach (var count in new[] { 1, 3, 2 })
            {
                Torch.SetNumThreads(count);
                log.Add(Torch.GetNumThreads());
                OnAThread(() => log.Add(Torch.GetNumThreads()));
                log.Add(Torch.Ones([100000], DType.Float64).Sum());
            }
            log.Error(() => Torch.SetNumThreads(0), "");
            log.Error(() => Torch.SetNumThreads(-2), "");
            log.Add(Torch.GetNumThreads());
            Torch.InitNumThreads();
            log.Add(Torch.GetNumThreads(), Torch.GetNumInteropThreads() > 0);
        }
        finally
        {
            Torch.SetNumThreads(before);
        }
    }

    private static void Autocast(CaseLog log)
    {
        var (a, b) = (Torch.Ones([2, 2]), Full(1.0 / 3));
        var weight = Full(0.3).RequiresGrad_();
        var convolved = Torch.Ones([1, 1, 3, 3]);
        void See()
        {
            log.Add(Torch.IsAutocastEnabled(DeviceType.Cpu), Torch.GetAutocastDType(DeviceType.Cpu).Name(), Torch.IsAutocastCacheEnabled());
            log.Error(() => log.Add(Functional.Linear(a, weight)));
            log.Add(a.Matmul(b), a + b, Functional.Conv2d(convolved, convolved), a.Matmul(b).Exp(), Torch.Softmax(a.Matmul(b), 0),
                Functional.MseLoss(a.Matmul(b), a), a.Double().Matmul(b.Double()), Torch.Cat([a.Matmul(b), a]));
        }

        See();
        Tensor loss;
        using (Torch.Autocast(DeviceType.Cpu))
        {
            See();
            using (Torch.Autocast(DeviceType.Cpu, enabled: false))
            {
                See();
                using (Torch.Autocast(DeviceType.Cpu, DType.Float16))
                    See();
                See();
            }
            using (Torch.Autocast(DeviceType.Cpu, cacheEnabled: false))
                See();
            See();
            OnAThread(See);
            loss = Functional.Linear(a, weight).Sum();
        }
        loss.Backward();
        log.Add(weight.Grad);
        See();
        Caught<StopException>(() =>
        {
            using var half = Torch.Autocast(DeviceType.Cpu, DType.Float16);
            using var inner = Torch.Autocast(DeviceType.Cpu);
            See();
            throw new StopException();
        });
        See();
        Torch.SetAutocastEnabled(DeviceType.Cpu, true);
        Torch.SetAutocastDType(DeviceType.Cpu, DType.Float16);
        Torch.SetAutocastCacheEnabled(false);
        See();
        OnAThread(See);
        Torch.SetAutocastEnabled(DeviceType.Cpu, false);
        Torch.SetAutocastDType(DeviceType.Cpu, DType.BFloat16);
        Torch.SetAutocastCacheEnabled(true);
        See();
        log.Add(Torch.AutocastIncrementNesting(), Torch.AutocastIncrementNesting(), Torch.AutocastDecrementNesting(), Torch.AutocastDecrementNesting());
        Torch.ClearAutocastCache();
        log.Error(() => Torch.IsAutocastEnabled(DeviceType.Meta), "");
    }

    private static void FlushDenormal(CaseLog log)
    {
        var small = Torch.Tensor([5e-324, 1e-310, 1e-300], DType.Float64);
        var tiny = Torch.Tensor([1e-45, 1e-39, 1e-30]);
        void See() => log.Add(small * 1, small + small, tiny * 1, tiny.Sum(), small / 2, (small[1..] * 0.5).Sum());

        See();
        try
        {
            log.Add(Torch.SetFlushDenormal(true));
            See();
            OnAThread(See);
        }
        finally
        {
            log.Add(Torch.SetFlushDenormal(false));
        }
        See();
    }

    private static void MatmulPrecision(CaseLog log)
    {
        var a = Torch.Randn(8, 8);
        log.Add(Torch.GetFloat32MatmulPrecision());
        try
        {
            foreach (var precision in new[] { "high", "medium", "highest" })
            {
                Torch.SetFloat32MatmulPrecision(precision);
                log.Add(Torch.GetFloat32MatmulPrecision());
                OnAThread(() => log.Add(Torch.GetFloat32MatmulPrecision()));
                if (precision != "medium")
                    log.Add(a.Matmul(a));
            }
        }
        finally
        {
            Torch.SetFloat32MatmulPrecision("highest");
        }
        log.Add(Torch.IsWarnAlwaysEnabled());
        Torch.SetWarnAlways(true);
        log.Add(Torch.IsWarnAlwaysEnabled());
        OnAThread(() => log.Add(Torch.IsWarnAlwaysEnabled()));
        Torch.SetWarnAlways(false);
        log.Add(Torch.IsWarnAlwaysEnabled());
    }

    private static void SparseInvariants(CaseLog log)
    {
        static Tensor Make() => Torch.SparseCooTensor(Torch.Tensor([[0, 9]]), Torch.Tensor([1.0, 2.0]), 3);
        static Tensor MakeCsr() => Torch.SparseCsrTensor(Torch.Tensor([0, 2, 1]), Torch.Tensor([0, 1]), Torch.Tensor([1.0, 2.0]), (2, 2));
        void See()
        {
            log.Add(SparseInvariantsScope.IsEnabled);
            log.Error(() => log.Add(Torch.Aten._Nnz(Make())));
            log.Error(() => log.Add(Torch.Aten._Nnz(MakeCsr())));
        }

        log.Add(SparseInvariantsScope.IsEnabled);
        using (Torch.Sparse.CheckSparseTensorInvariants())
        {
            See();
            using (Torch.Sparse.CheckSparseTensorInvariants(false))
            {
                log.Add(SparseInvariantsScope.IsEnabled);
                log.Add(Torch.Aten._Nnz(MakeCsr()));
            }
            See();
            OnAThread(See);
        }
        log.Add(SparseInvariantsScope.IsEnabled);
        Caught<StopException>(() =>
        {
            using var check = Torch.Sparse.CheckSparseTensorInvariants();
            throw new StopException();
        });
        log.Add(SparseInvariantsScope.IsEnabled);
    }

    private static void RandomStates(CaseLog log)
    {
        log.Add(Torch.ManualSeed(5).InitialSeed(), Torch.InitialSeed(), Torch.Random.InitialSeed());
        log.Add(Torch.Rand(3), Torch.Randn(3), Torch.Randint(0, 100, [3]), Torch.Randperm(5));
        var state = Torch.Random.GetRngState();
        log.Add(state, Torch.Rand(2));
        Torch.Random.SetRngState(state);
        log.Add(Torch.Rand(2));
        Torch.SetRngState(state);
        using (Torch.Random.ForkRng())
        {
            log.Add(Torch.Rand(2));
            Torch.ManualSeed(9);
            log.Add(Torch.Rand(2));
            using (Torch.Random.ForkRng())
                log.Add(Torch.Rand(1));
            log.Add(Torch.Rand(1));
        }
        log.Add(Torch.Rand(2), Torch.InitialSeed());
        using (Torch.Random.ForkRng(enabled: false))
            Torch.ManualSeed(9);
        log.Add(Torch.Rand(2));
        Caught<StopException>(() =>
        {
            using var fork = Torch.Random.ForkRng();
            Torch.ManualSeed(77);
            throw new StopException();
        });
        log.Add(Torch.Rand(2), Torch.InitialSeed());
        Torch.Random.ManualSeed(-3);
        log.Add(Torch.Rand(2), Torch.DefaultGenerator.GetState().Sum());
        OnAThread(() => log.Add(Torch.Rand(1)));
        log.Add(Torch.Rand(1));
        var seed = Torch.Random.Seed();
        log.Add(seed == Torch.InitialSeed(), Torch.Seed() == seed);
        log.Error(() => Torch.SetRngState(Torch.Zeros([3], DType.UInt8)), "");
        log.Error(() => Torch.SetRngState(state.Float()), "");
        log.Add(Torch.Random.ThreadSafeGenerator() is null);
        Torch.ManualSeed(0);
    }

    private static void Generators(CaseLog log)
    {
        var (g, h) = (new Generator(), new Generator());
        log.Add(g.InitialSeed(), g.Device.ToString());
        log.Add(Torch.Rand([2], generator: g), Torch.Rand([2], generator: h));
        g.ManualSeed(3);
        h.ManualSeed(3);
        log.Add(Torch.Rand([2], generator: g), Torch.Randn([2], generator: h), Torch.Rand(2), Torch.Randn([3], generator: g, dtype: DType.Float64));
        var state = g.GetState();
        var x = Torch.Randperm(6, generator: g);
        h.SetState(state);
        log.Add(x, Torch.Randperm(6, generator: h), g.InitialSeed(), h.InitialSeed());
        log.Add(Torch.Zeros(4).Uniform_(generator: g), Torch.Zeros(4).Normal_(2, 3, generator: g), Torch.Zeros(4).Exponential_(generator: g),
            Torch.Zeros(4).Bernoulli_(0.3, generator: g), Torch.Zeros(4).Cauchy_(generator: g), Torch.Zeros(4).LogNormal_(generator: g),
            Torch.Zeros(4).Geometric_(0.4, generator: g), Torch.Zeros([4], DType.Int64).Random_(generator: g), Torch.Zeros(4).Random_(5, generator: g));
        log.Add(Torch.Multinomial(Torch.Ones(5), 3, generator: g), Torch.Bernoulli(Torch.Full([4], 0.5), generator: g), Torch.Normal(0.0, 1.0, [3], generator: g),
            Torch.Poisson(Torch.Full([3], 4.0), generator: g));
        log.Error(() => g.SetState(Torch.Zeros([2], DType.UInt8)), "");
        log.Error(() => Torch.Rand([2], generator: g, device: "meta"), "");
    }

    private static void Numbers(CaseLog log)
    {
        foreach (var dtype in new[]
        {
            DType.UInt8, DType.Int8, DType.Int16, DType.Int32, DType.Int64, DType.UInt16, DType.UInt32, DType.UInt64, DType.Bool, DType.Float16, DType.BFloat16,
            DType.Float32, DType.Float64, DType.Complex32, DType.Complex64, DType.Complex128, DType.Float8E4M3FN, DType.Float8E5M2, DType.Float8E4M3FNUZ,
            DType.Float8E5M2FNUZ, DType.QInt8, DType.QUInt8, DType.QInt32,
        })
        {
            log.Add(dtype.Name(), dtype.IsFloatingPoint(), dtype.IsComplex(), dtype.ItemSize());
            if (dtype.IsFloatingPoint() || dtype.IsComplex())
            {
                var f = new Finfo(dtype);
                log.Add(f.Bits, f.Eps, f.Max, f.Min, f.Tiny, f.SmallestNormal, f.Resolution);
            }
            else if (dtype != DType.Bool)
            {
                var i = new Iinfo(dtype);
                log.Add(i.Bits, i.Max.ToString(), i.Min.ToString());
            }
            else
            {
                log.Error(() => _ = new Iinfo(dtype), "");
            }
        }
        log.Error(() => _ = new Finfo(DType.Int32), "");
        log.Error(() => _ = new Iinfo(DType.Float32), "");
        log.Add(Torch.Pi, Torch.E, Torch.Inf, double.IsNaN(Torch.Nan) ? "nan" : "a number");
    }

    private static readonly (long[] Shape, long[] Stride)[] s_strides =
    [
        ([2, 3, 4], [12, 4, 1]), ([2, 3, 4], [1, 2, 6]), ([2, 3, 4], [4, 8, 1]), ([1, 3, 1, 2], [6, 1, 6, 3]), ([2, 1, 3], [3, 3, 1]), ([2, 1, 3], [3, 100, 1]),
        ([3, 3], [0, 1]), ([3, 3], [1, 0]), ([2, 3, 4, 5], [60, 1, 15, 3]), ([4, 2, 4, 2], [1, 4, 1, 4]), ([0, 2, 3], [6, 1, 2]), ([2, 0, 3], [1, 2, 4]),
        ([2, 2, 2, 2, 2], [1, 0, 8, 2, 4]), ([1, 1, 1], [5, 7, 6]), ([3, 2, 5], [2, 2, 2]), ([5, 2, 3], [2, 2, 2]), ([1, 2, 1, 2], [1, 2, 3, 1]), ([2, 1, 2, 2], [4, 1, 2, 1]),
    ];

    private static void Attributes(CaseLog log)
    {
        var x = Torch.Arange(24, dtype: DType.Float32).View(2, 3, 4);
        var eye = Torch.Eye(3);
        foreach (var t in new[]
        {
            x, x.Permute(2, 0, 1), x[.., 1], x[.., .., TorchBind.TensorIndex.Slice(null, null, 2)], Torch.Tensor(1, DType.Int16), Torch.Zeros([0, 3], DType.Bool),
            x.To(DType.Complex64).Conj(), Torch.Zeros([2], DType.Complex128).Conj().Imag, Torch.Zeros([2], device: "meta"), eye.ToSparse(), eye.ToSparseCsr(),
            eye.Half(), x.To(DType.BFloat16), Torch.QuantizePerTensor(eye, 0.1, 3, DType.QInt8), x.To(memoryFormat: MemoryFormat.Preserve),
            Torch.Zeros(1, 3, 1, 2).To(memoryFormat: MemoryFormat.ChannelsLast),
        })
        {
            log.Add(t.Itemsize, t.Nelement(), t.Numel(), t.Ndimension(), t.Dim(), t.ElementSize(), t.GetDevice(), Torch.GetDevice(t), Torch.Numel(t));
            log.Add(t.IsCpu, t.IsCuda, t.IsMeta, t.IsSparse, t.IsSparseCsr, t.IsQuantized, t.IsConj, t.IsNeg, t.IsMkldnn, t.IsMps, t.IsXpu, t.IsVulkan,
                t.IsNested, t.IsXla, t.IsIpu, t.IsMtia, t.IsComplex(), t.IsFloatingPoint());
            log.Add(t.Device.ToString(), t.DType.Name(), t.Layout switch
            {
                Layout.Sparse => "sparse_coo",
                Layout.SparseCsr => "sparse_csr",
                _ => t.Layout.ToString().ToLowerInvariant(),
            }, Torch.IsTensor(t), Torch.IsStorage(t));
            log.Error(() => log.Add(t.IsSigned()), "");
            if (t.Layout == Layout.Strided)
            {
                log.Add(t.NBytes, t.StorageOffset(), t.Stride().ToArray(), t.IsContiguous(), t.IsView, t.DimOrder(), t.UntypedStorage().NBytes);
            }
            if (t.Layout != Layout.SparseCsr && !t.IsQuantized && !t.IsMeta)
                log.Add(t.Type(), Torch.Typename(t));
        }
        foreach (var (shape, stride) in s_strides)
            log.Add(Torch.EmptyStrided(shape, stride).DimOrder());
        var c = Torch.Zeros([2], DType.Complex64);
        c.Real = Torch.Tensor([1.0, 2.0]);
        c.Imag = Torch.Tensor(3);
        log.Add(c, c.Real, c.Imag);
        log.Error(() => _ = x.Imag, "");
        var y = Torch.Zeros(2);
        y.Real = Torch.Ones(2);
        log.Add(y);
    }

    private static void ElementFunctions(CaseLog log)
    {
        var x = Torch.Arange(6, dtype: DType.Float64).View(2, 3);
        log.Add(x.Clone().Apply_(v => v * v + 1), x.T.Clone().T.Apply_(v => -v), Torch.Tensor(3.0).Apply_(v => v / 2));
        log.Add(Torch.Arange(4).Apply_(v => v + 3), Torch.Zeros(0).Apply_(v => v));
        log.Add(x.Clone().Map_(Torch.Full([2, 3], 2.0, DType.Float64), (a, b) => a * b), x.Clone().Map_(Torch.Arange(3, dtype: DType.Float64), (a, b) => a - b));
        log.Add(x.Clone().Map2_(x, x + 1, (a, b, c) => a + b * c));
        log.Error(() => x.Clone().RequiresGrad_().Apply_(v => v), "");
        log.Error(() => x.Clone().Map_(Torch.Zeros([4], DType.Float64), (a, b) => a), "");
        log.Add(x.NewTensor([1, 2]), Torch.Tensor([1]).NewTensor([1.5, 2.5]), x.NewTensor(new long[,] { { 1, 2 }, { 3, 4 } }, DType.Int32), x.NewTensor([1.0], requiresGrad: true));
        log.Add(x.NewZeros([2]), x.NewOnes([1, 2], DType.Bool), x.NewFull([2], 7), x.NewEmpty([0]));
    }

    private static void Buffers(CaseLog log)
    {
        var data = Enumerable.Range(1, 24).Select(i => (byte)i).ToArray();
        foreach (var dtype in new[] { DType.UInt8, DType.Int16, DType.Float32, DType.Int64, DType.Bool, DType.Complex64 })
            log.Add(Torch.Frombuffer(data, dtype), Torch.Frombuffer(data, dtype, offset: 8), Torch.Frombuffer(data, dtype, count: 1, offset: 8));
        var shared = Torch.Frombuffer(data, DType.UInt8);
        data[0] = 77;
        log.Add(shared[0]);
        shared[1] = Torch.Tensor(66, DType.UInt8);
        log.Add((int)data[1]);
        log.Error(() => Torch.Frombuffer(data, DType.Int64, offset: 3), "");
        log.Error(() => Torch.Frombuffer(data, DType.Int64, count: 4), "");
        log.Error(() => Torch.Frombuffer(data, DType.UInt8, offset: -1), "");
        log.Error(() => Torch.Frombuffer(data, DType.UInt8, offset: 25), "");
        log.Error(() => Torch.Frombuffer(data, DType.UInt8, offset: 24), "");
        log.Error(() => Torch.Frombuffer(data, DType.UInt8, count: 0), "");
        log.Error(() => Torch.Frombuffer([], DType.UInt8), "");
        log.Add(Torch.Frombuffer(data, DType.Float32, requiresGrad: true).RequiresGrad);
        log.Error(() => Torch.Frombuffer(data, DType.Int32, requiresGrad: true), "");
        var numbers = Torch.Tensor([1.0, 2.0], DType.Float64);
        var array = new[] { 1.0, 2.0 };
        log.Add(Torch.AsTensor(numbers).DataPtr() == numbers.DataPtr(), Torch.AsTensor(numbers, DType.Int64));
        var (same, copy) = (Torch.Asarray(array), Torch.Asarray(array, copy: true));
        log.Add(same.DataPtr() == copy.DataPtr());
    }

    private static void SharedMemory(CaseLog log)
    {
        void See(Tensor x) => log.Add(x.IsShared(), x);
        foreach (var x in new[]
        {
            Torch.Arange(6.0).View(2, 3), Torch.Arange(6, dtype: DType.Int16).View(2, 3).T, Torch.Tensor(new Complex(2, 1)), Torch.Zeros(0, 3), Torch.Ones([3], DType.Bool),
            Torch.Arange(10.0)[TorchBind.TensorIndex.Slice(2, 8, 2)], Torch.Ones(1).Expand(3), Torch.Ones([2], DType.BFloat16),
        })
        {
            See(x);
            var (view, address) = (x.IsContiguous() ? x.View(-1) : x[TorchBind.TensorIndex.Ellipsis, ..1], x.DataPtr());
            log.Add(ReferenceEquals(x.ShareMemory_(), x));
            See(x);
            log.Add(view.IsShared(), x.Detach().IsShared(), x.Clone().IsShared(), (x + 0).IsShared(), x.Numel() == 0 || x.DataPtr() != address);
            _ = x.DType.IsComplex() ? x.Fill_(Complex.ImaginaryOne) : x.Zero_();
            log.Add(view, x.Stride().ToArray(), x.StorageOffset(), x.UntypedStorage().NBytes);
            address = x.DataPtr();
            log.Add(x.ShareMemory_().DataPtr() == address, view.ShareMemory_().IsShared());
        }
        var leaf = Torch.Ones([3], requiresGrad: true);
        var y = (leaf * 2).ShareMemory_();
        y.Sum().Backward();
        log.Add(leaf.Grad, y, y.IsShared(), leaf.ShareMemory_().IsShared(), leaf.RequiresGrad, leaf.IsLeaf);
        var module = new Linear(2, 2);
        log.Add(module.Weight.ShareMemory_().IsShared(), module.Bias!.IsShared());
        var big = Torch.Arange(300000).ShareMemory_();
        log.Add(big.Sum(), big[1000..2000].IsShared());
        big.Resize_(2);
        log.Add(big, big.IsShared());
        big.Set_(Torch.Ones([2], DType.Int64));
        See(big);
        log.Error(() => Torch.Eye(2).ToSparse().IsShared(), "");
        log.Error(() => Torch.Eye(2).ToSparse().ShareMemory_(), "");
        log.Add(Torch.Zeros([2], device: "meta").IsShared());
    }

    private static void GradDType(CaseLog log)
    {
        var x = Torch.Ones([2], requiresGrad: true);
        if (!Torch.Version.StartsWith("2.14", StringComparison.Ordinal))
        {
            Assert.That(() => x.GradDType, Throws.InstanceOf<NotSupportedException>());
            log.Add("absent");
            return;
        }
        log.Add(x.GradDType!.Value.Name());
        x.GradDType = DType.Float64;
        log.Add(x.GradDType!.Value.Name());
        (x * 2).Sum().Backward();
        log.Add(x.Grad);
        x.Grad = null;
        x.GradDType = null;
        log.Add(x.GradDType?.Name());
        log.Error(() => (x * 2).GradDType = DType.Float64, "");
    }

    private static void Versions(CaseLog log)
    {
        Tensor like = Torch.Zeros([2], dtype: DType.Float32), leaf = Torch.Ones([2], requiresGrad: true);
        Tensor[] made =
        [
            Torch.Empty(2), Torch.Zeros(2), Torch.Ones(2), Torch.Full([2], 3.0), Torch.Eye(2), Torch.Arange(3), Torch.Arange(0, 1, 0.5),
            Torch.Linspace(0, 1, 3), Torch.Logspace(0, 1, 3), Torch.Rand(2), Torch.Randn(2), Torch.Randint(3, [2]), Torch.Randperm(3),
            Torch.Normal(0.0, 1.0, [2]), Torch.EmptyStrided([2], [1]), Torch.TrilIndices(2, 2), Torch.HannWindow(4), Torch.ScalarTensor(1.0),
            Torch.ZerosLike(like), Torch.OnesLike(like), Torch.FullLike(like, 2), Torch.RandLike(like), Torch.RandnLike(like),
            Torch.RandintLike(like, 3), Torch.EmptyLike(like), Torch.Tensor([1.0, 2.0]), Torch.Tensor(3), leaf, Torch.Zeros([2], requiresGrad: true),
            Torch.Rand([2], requiresGrad: true), Torch.OnesLike(leaf), like.NewZeros(2), like.NewOnes(2), like.NewFull([2], 1), like.NewEmpty(2),
            like.NewTensor(new[] { 1.0 }), Torch.Complex(like, like), Torch.Bernoulli(like), Torch.SparseCooTensor([2, 2]), Torch.FromArray(new float[2]),
        ];
        log.Add([.. made.Select(static x => (object)x.Version)]);
        made[1].Add_(1);
        log.Add(made[1].Version, made[1].Clone().Version, made[1].Detach().Version);
        log.Add(Torch.OnesLike(leaf).RequiresGrad, Torch.OnesLike(leaf, requiresGrad: true).IsLeaf);
        log.Add(Torch.Func.Vmap((Tensor x) => x + Torch.Ones(2) + Torch.ZerosLike(x))(Torch.Arange(6.0).View(3, 2)));
    }
}
