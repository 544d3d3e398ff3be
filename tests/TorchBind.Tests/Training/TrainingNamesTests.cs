using System.Reflection;
using System.Text;
using TorchBind.Data;
using TorchBind.NN.Utils;
using TorchBind.Optim;
using TorchBind.Optim.Schedulers;
using TorchBind.Optim.SwaUtils;
using Module = TorchBind.NN.Module;

namespace TorchBind.Tests.Training;

/// <summary>
/// Every public name of Python's training stack, and every parameter of its constructors, is here, or a reason why it is not.
/// </summary>
[TestFixture]
public class TrainingNamesTests
{
    private sealed record Python(Dictionary<string, string[]> names, Dictionary<string, string[]> parameters);

    private static readonly Lazy<Python> s_python = new(static () => PythonOracle.RunJson<Python>("training_names.py"));

    private const string Deprecated = "Python has it for old programs only, which get a warning";
    private const string DataPipes = "data pipes, which Python has given up";
    private const string Assigned = "fields are the registration: nothing is called when they are assigned";
    private const string Exported = "compiling and exporting Python code has no counterpart";

    private static readonly Dictionary<string, string> s_reasons = new()
    {
        ["torch.nn.Container"] = Deprecated,
        ["torch.nn.utils.clip_grad_norm"] = Deprecated,
        ["torch.nn.modules.module.register_module_backward_hook"] = Deprecated,
        ["torch.nn.Module.register_backward_hook"] = Deprecated,
        ["torch.nn.modules.module.register_module_buffer_registration_hook"] = Assigned,
        ["torch.nn.modules.module.register_module_module_registration_hook"] = Assigned,
        ["torch.nn.modules.module.register_module_parameter_registration_hook"] = Assigned,
        ["torch.nn.Module.compile"] = Exported,
        ["torch.nn.Module.ipu"] = "a device that libtorch of Debian has no code for",
        ["torch.nn.Module.mtia"] = "a device that libtorch of Debian has no code for",
        ["torch.nn.Module.xpu"] = "To(\"xpu\")",
        ["torch.nn.Module.share_memory"] = "for Python's worker processes; threads share all memory",
        ["torch.nn.Module.add_module"] = "RegisterModule, which Python has as well",
        ["torch.optim.Optimizer.profile_hook_step"] = "the profiler's",
        ["torch.optim.swap_in_optimizer_params_and_state"] = "not there yet",
        ["torch.nn.utils.prune.PruningContainer"] = "pruning again combines the masks without an object for it",
        ["torch.nn.utils.prune.CustomFromMask"] = "Prune.CustomFromMask",
        ["torch.nn.utils.prune.Identity"] = "Prune.Identity",
        ["torch.nn.utils.prune.L1Unstructured"] = "Prune.L1Unstructured",
        ["torch.nn.utils.prune.LnStructured"] = "Prune.LnStructured",
        ["torch.nn.utils.prune.RandomStructured"] = "Prune.RandomStructured",
        ["torch.nn.utils.prune.RandomUnstructured"] = "Prune.RandomUnstructured",
        ["torch.nn.utils.prune.BasePruningMethod"] = "PruningMethod",
        ["torch.nn.utils.parametrize.type_before_parametrizations"] = "a parametrized module keeps its class",
        ["torch.amp.autocast"] = "Torch.Autocast",
        ["torch.amp.is_autocast_available"] = "Torch.IsAutocastAvailable",
        ["torch.amp.custom_fwd"] = "Function.CustomFwd",
        ["torch.amp.custom_bwd"] = "Function.CustomBwd",
        ["torch.nn.utils.rnn.PackedSequence_"] = "a helper of Python's own",
        ["torch.nn.utils.rnn.bind"] = "a helper of Python's own",
        ["torch.utils.data.default_convert"] = "not there yet",
        ["torch.utils.data.get_worker_info"] = "WorkerInfo.Current",
        ["torch.nn.Module.forward"] = "every class has a Forward of its own types",
        ["torch.optim.Optimizer.OptimizerPostHook"] = "the name of a type for checkers of Python",
        ["torch.optim.Optimizer.OptimizerPreHook"] = "the name of a type for checkers of Python",
        ["torch.optim.lr_scheduler.LRScheduler.print_lr"] = Deprecated,
    };

    private static readonly string[] s_oldInits =
        ["uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal", "sparse"];

    private static readonly string[] s_pipes =
    [
        "DFIterDataPipe", "DataChunk", "IterDataPipe", "MapDataPipe", "argument_validation", "functional_datapipe", "guaranteed_datapipes_determinism",
        "non_deterministic", "runtime_validation", "runtime_validation_disabled",
    ];

    private static string? Reason(string name)
    {
        if (s_reasons.TryGetValue(name, out var reason))
            return reason;
        var at = name.LastIndexOf('.');
        return (name[..at], name[(at + 1)..]) switch
        {
            ("torch.nn.init", var old) when s_oldInits.Contains(old) => Deprecated,
            ("torch.utils.data", var pipe) when s_pipes.Contains(pipe) => DataPipes,
            _ => null,
        };
    }

    private static readonly Dictionary<string, Type[]> s_homes = new()
    {
        ["torch.nn.modules.module"] = [typeof(Module)],
        ["torch.nn.Module"] = [typeof(Module), typeof(TorchBind.NN.ModuleExtensions)],
        ["torch.optim.Optimizer"] = [typeof(Optimizer)],
        ["torch.optim.lr_scheduler.LRScheduler"] = [typeof(LRScheduler)],
        ["torch.nn.init"] = [typeof(TorchBind.NN.Init)],
        ["torch.nn.utils"] = [typeof(ClipGrad), typeof(ConvertParameters), typeof(Fusion), typeof(NormHooks), typeof(SkipInitialization), typeof(MemoryFormats)],
        ["torch.nn.utils.rnn"] = [typeof(Rnn)],
        ["torch.nn.utils.prune"] = [typeof(Prune)],
        ["torch.nn.utils.parametrize"] = [typeof(Parametrize)],
        ["torch.nn.utils.parametrizations"] = [typeof(Parametrizations)],
        ["torch.nn.utils.stateless"] = [typeof(Stateless)],
        ["torch.nn.utils.fusion"] = [typeof(Fusion)],
        ["torch.optim.swa_utils"] = [typeof(Averaging)],
        ["torch.utils.data"] = [typeof(Dataset), typeof(DataLoader), typeof(WorkerInfo)],
        ["torch.amp"] = [typeof(Torch)],
    };

    private static readonly string[] s_spaces =
        ["TorchBind.NN", "TorchBind.NN.Utils", "TorchBind.Optim", "TorchBind.Optim.Schedulers", "TorchBind.Optim.SwaUtils", "TorchBind.Data", "TorchBind.Amp"];

    private static IEnumerable<Type> TypesNamed(string name) => typeof(Module).Assembly.GetExportedTypes()
        .Where(t => s_spaces.Contains(t.Namespace) && t.Name.Split('`')[0].Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string Pascal(string name)
    {
        var text = new StringBuilder();
        foreach (var part in name.Split('_'))
            text.Append(part.Length == 0 ? "" : char.ToUpperInvariant(part[0]) + part[1..]);
        return text.Append(name.EndsWith('_') ? "_" : "").ToString();
    }

    private static bool IsHere(string module, string name)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy;
        return TypesNamed(name).Any()
            || s_homes.GetValueOrDefault(module, []).Any(t => t.GetMembers(All).Any(
                m => m.Name.Equals(Pascal(name), StringComparison.OrdinalIgnoreCase) && m is not MethodBase { IsPrivate: true } and not MethodBase { IsAssembly: true }));
    }

    [Test]
    public void EveryNameIsHereOrHasAReason()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var missing = new List<string>();
        var needless = new List<string>();
        foreach (var (module, names) in s_python.Value.names)
        {
            var reasons = 0;
            foreach (var name in names)
            {
                var here = IsHere(module, name);
                if (Reason($"{module}.{name}") is { } reason)
                {
                    reasons++;
                    // Some reasons name what does the same; those names may be found by chance.
                    if (here && reason is "not there yet")
                        needless.Add($"{module}.{name}");
                }
                else if (!here)
                {
                    missing.Add($"{module}.{name}");
                }
            }
            TestContext.Out.WriteLine($"{module}: {names.Length} names, {reasons} with a reason");
        }
        Assert.That(string.Join("\n", missing), Is.Empty);
        Assert.That(needless, Is.Empty, "these are here and need no reason");
    }

    private const string OnlyZeros = "zeros are the only mode, in Python too";
    private const string Indices = "ReturnIndices: the method CallWithIndices";

    // Parameters that no constructor here has, and why.
    private static readonly Dictionary<string, string> s_withoutParameter = new()
    {
        ["capturable"] = "for CUDA graphs of the optimizer's step; not there yet",
        ["differentiable"] = "steps through which gradients flow; not there yet",
        ["verbose"] = Deprecated,
        ["size_average"] = Deprecated,
        ["reduce"] = Deprecated,
        ["multiprocessing_context"] = "workers are threads",
        ["pin_memory_device"] = Deprecated,
        ["return_indices"] = Indices,
        ["min_value"] = Deprecated,
        ["max_value"] = Deprecated,
        ["data_source"] = "samplers need the length alone",
        ["process_group"] = "no groups of processes yet: SyncBatchNorm works in one process",
        ["torch.utils.data.DistributedSampler.dataset"] = "samplers need the length alone",
        ["torch.utils.data.distributed.DistributedSampler.dataset"] = "samplers need the length alone",
        ["torch.nn.utils.parametrize.ParametrizationList.modules"] = "Parametrize.RegisterParametrization makes it",
        ["torch.optim.Optimizer.params"] = "an abstract class",
        ["torch.nn.RNNBase.mode"] = "an abstract class",
        ["torch.nn.RNNCellBase.num_chunks"] = "an abstract class",
        ["torch.nn.ConvTranspose1d.padding_mode"] = OnlyZeros,
        ["torch.nn.ConvTranspose2d.padding_mode"] = OnlyZeros,
        ["torch.nn.ConvTranspose3d.padding_mode"] = OnlyZeros,
        ["torch.nn.LazyConvTranspose1d.padding_mode"] = OnlyZeros,
        ["torch.nn.LazyConvTranspose2d.padding_mode"] = OnlyZeros,
        ["torch.nn.LazyConvTranspose3d.padding_mode"] = OnlyZeros,
    };

    private static readonly Dictionary<string, string> s_otherParameter = new()
    {
        ["foreach"] = "forEach",
        ["params"] = "parameters",
        ["lr_lambda"] = "lrLambda",
    };

    [Test]
    public void EveryParameterOfAConstructorIsHereOrHasAReason()
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var missing = new List<string>();
        var count = 0;
        foreach (var (name, parameters) in s_python.Value.parameters)
        {
            if (Reason(name) is not null)
                continue;
            var here = TypesNamed(name[(name.LastIndexOf('.') + 1)..]).SelectMany(static t => t.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
                .SelectMany(static c => c.GetParameters()).Select(static p => p.Name!).ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var parameter in parameters)
            {
                count++;
                var plain = parameter.Replace("_", "", StringComparison.Ordinal);
                if (!here.Contains(plain) && !here.Contains(s_otherParameter.GetValueOrDefault(parameter, plain)) && !s_withoutParameter.ContainsKey(parameter)
                    && !s_withoutParameter.ContainsKey($"{name}.{parameter}"))
                {
                    missing.Add($"{name}.{parameter}");
                }
            }
        }
        TestContext.Out.WriteLine($"{count} parameters of {s_python.Value.parameters.Count} classes");
        Assert.That(string.Join("\n", missing), Is.Empty);
    }

}
