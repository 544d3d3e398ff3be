using System.Reflection;
using TorchBind.Tests.Surface.Calls;

namespace TorchBind.Tests.Surface.Hostile;

/// <summary>Every generated member, and what it is called with.</summary>
internal static class HostileCalls
{
    private static readonly Type[] s_containers =
    [
        typeof(Torch), typeof(Torch.Aten), typeof(Torch.Linalg), typeof(Torch.Special), typeof(Torch.Sparse), typeof(Torch.FftFunctions), typeof(Tensor),
    ];

    // These change the program, not tensors: threads, random state, files.
    private static readonly HashSet<string> s_settings =
    [
        "SetNumThreads", "SetNumInteropThreads", "ManualSeed", "Seed", "Load", "Save", "Dispose", "SetDefaultDevice", "SetDefaultDType",
        "UseDeterministicAlgorithms", "SetFlushDenormal", "SetPrintOptions", "FromFile", "LoadSafetensors", "SaveSafetensors",
        "SetAutocastEnabled", "SetAutocastDType", "SetAutocastCacheEnabled", "AutocastIncrementNesting", "AutocastDecrementNesting",
        "SetWarnAlways", "SetFloat32MatmulPrecision", "SetDeterministicDebugMode", "SetRngState", "SetGradEnabled", "FromDlpack", "FromBlob",
    ];

    /// <summary>The members that mirror an operator, in a fixed order.</summary>
    internal static MethodInfo[] Members { get; } = [.. s_containers
        .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(m => !m.IsSpecialName && MemberCaller.CanCall(m) && m.GetParameters().All(p => Sane(p, 1) is not Unknown))
        .Where(m => m.DeclaringType == typeof(Tensor) ? m.GetParameters().Length > 0 || m.ReturnType == typeof(Tensor) : m.GetParameters().Length > 0)
        .Where(m => !s_settings.Contains(m.Name))
        .OrderBy(Label, StringComparer.Ordinal)];

    internal static string Label(MethodInfo m) =>
        $"{m.DeclaringType!.Name}.{m.Name}({string.Join(", ", m.GetParameters().Select(p => p.ParameterType.Name + " " + p.Name))})";

    internal sealed class Unknown
    {
        internal static readonly Unknown Value = new();
    }

    private static object? Sane(ParameterInfo parameter, int rank)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (type == typeof(Tensor)) return Kinds.Sane;
        if (type == typeof(Tensor[]) || type == typeof(ReadOnlySpan<Tensor>)) return Kinds.List;
        if (type == typeof(long) || type == typeof(int)) return 1L;
        if (type == typeof(double)) return 1.0;
        if (type == typeof(bool)) return false;
        if (type == typeof(Scalar)) return 1L;
        if (type == typeof(string)) return "mean";
        if (type == typeof(IntList) || type == typeof(ReadOnlySpan<long>) || type == typeof(long[])) return Enumerable.Repeat(1L, rank).ToArray();
        if (type == typeof(ReadOnlySpan<double>) || type == typeof(double[])) return new object?[] { 1.0 };
        if (type == typeof(ReadOnlySpan<bool>)) return new object?[] { true, true, true };
        if (type == typeof(ReadOnlySpan<Scalar>)) return new object?[] { 1L };
        if (type == typeof(DType)) return DType.Float32;
        if (type == typeof(Device)) return Device.Cpu;
        if (type.IsEnum) return Enum.GetValues(type).GetValue(0);
        if (type == typeof(Generator)) return null;
        if (type == typeof(Shape)) return new long[] { 1 };
        if (type == typeof(string[])) return null;
        return Unknown.Value;
    }

    private enum Kinds { Sane, List }

    /// <summary>What a member is attacked with.</summary>
    internal static IEnumerable<(string Name, Func<object?> Target, Func<object?[]> Arguments)> Attacks(MethodInfo method)
    {
        var parameters = method.GetParameters();
        object?[] Fill(Func<Tensor?> tensor, Func<ParameterInfo, object?>? numbers = null, int rank = 1, int only = -1)
        {
            var values = new object?[parameters.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var sane = Sane(parameters[i], rank);
                var make = only < 0 || only == i ? tensor : () => Torch.Ones([2, 3]);
                values[i] = sane switch
                {
                    Kinds.Sane => make(),
                    Kinds.List => new object?[] { make(), make() },
                    _ => numbers?.Invoke(parameters[i]) ?? sane,
                };
            }
            return values;
        }
        Func<object?> Target(Func<Tensor?> tensor) => () => method.IsStatic ? null : tensor() ?? Torch.Ones([2, 3]);
        static Tensor Plain() => Torch.Ones([2, 3]);
        static Tensor Disposed()
        {
            var x = Torch.Ones([2]);
            x.Dispose();
            return x;
        }
        foreach (var (name, tensor) in new (string, Func<Tensor?>)[]
        {
            ("null", () => null),
            ("disposed", Disposed),
            ("plain", Plain),
            ("rank 0", () => Torch.Ones([])),
            ("rank 5", () => Torch.Ones([1, 2, 1, 2, 1])),
            ("square", () => Torch.Eye(3, dtype: DType.Float64)),
            ("empty", () => Torch.Ones([0, 3])),
            ("empty vector", () => Torch.Ones([0])),
            ("bool", () => Torch.Ones([2, 3], DType.Bool)),
            ("int64", () => Torch.Full([2, 3], -7, DType.Int64)),
            ("index out of range", () => Torch.Full([4], 1L << 40, DType.Int64)),
            ("uint8", () => Torch.Ones([3, 3, 3], DType.UInt8)),
            ("complex64", () => Torch.Ones([2, 3], DType.Complex64)),
            ("float16", () => Torch.Ones([2, 2], DType.Float16)),
            ("float8", () => Torch.Ones([2, 3]).To(DType.Float8E4M3FN)),
            ("not a number", () => Torch.Full([2, 3], double.NaN)),
            ("sparse", () => Torch.Eye(3).ToSparse()),
            ("csr", () => Torch.Eye(3).ToSparseCsr()),
            ("meta", () => Torch.Ones([2, 3], device: DeviceType.Meta)),
            ("quantized", () => Torch.QuantizePerTensor(Torch.Ones([2, 3]), 0.1, 0, DType.QInt8)),
            ("expanded", () => Torch.Ones([1]).Expand(3, 3)),
            ("conjugated", () => Torch.Ones([2, 3], DType.Complex64).Conj()),
        })
        {
            yield return (name, Target(tensor), () => Fill(tensor));
            // The first tensor is as it should be, another is not.
            var others = Enumerable.Range(0, parameters.Length).Where(i => Sane(parameters[i], 1) is Kinds).Skip(method.IsStatic ? 1 : 0).ToArray();
            if (others.Length > 0)
                yield return (name + " later", Target(Plain), () => Fill(tensor, only: others[^1]));
        }
        foreach (var (name, number) in new (string, long)[] { ("largest", long.MaxValue), ("least", long.MinValue), ("huge", 1L << 50), ("minus one", -1), ("zero", 0) })
        {
            object? Numbers(ParameterInfo p)
            {
                var type = Nullable.GetUnderlyingType(p.ParameterType) ?? p.ParameterType;
                if (type == typeof(long) || type == typeof(Scalar)) return number;
                if (type == typeof(int)) return (long)(int)Math.Clamp(number, int.MinValue, int.MaxValue);
                if (type == typeof(double)) return (double)number;
                if (type == typeof(IntList) || type == typeof(ReadOnlySpan<long>) || type == typeof(long[])) return new[] { number, number };
                if (type == typeof(ReadOnlySpan<double>) || type == typeof(double[])) return new object?[] { (double)number };
                if (type == typeof(DType)) return (DType)(int)Math.Clamp(number, -1000, 1000);
                if (type == typeof(Layout)) return (Layout)(int)Math.Clamp(number, -1000, 1000);
                if (type == typeof(MemoryFormat)) return (MemoryFormat)(int)Math.Clamp(number, -1000, 1000);
                if (type == typeof(Device)) return Device.Cpu;
                if (type == typeof(string)) return "";
                return null;
            }
            yield return ("numbers " + name, Target(Plain), () => Fill(Plain, Numbers));
            yield return ("numbers " + name + " rank 4", Target(() => Torch.Ones([2, 3, 4, 4])), () => Fill(() => Torch.Ones([2, 3, 4, 4]), Numbers, 2));
        }
    }
}
