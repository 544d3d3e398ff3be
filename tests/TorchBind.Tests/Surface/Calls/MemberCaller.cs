using System.Numerics;
using System.Reflection;
using System.Reflection.Emit;

namespace TorchBind.Tests.Surface.Calls;

/// <summary>
/// Calls any public member with plain objects. Reflection alone cannot: spans and other ref structs do not fit into objects. So a small
/// method is emitted for each member that turns objects into what the member takes.
/// </summary>
internal static class MemberCaller
{
    /// <summary>Stands for an argument that is not given and has no constant default.</summary>
    internal static readonly object NotGiven = new();

    private static readonly Dictionary<MethodInfo, Func<object?, object?[], object?>> s_compiled = [];

    private static readonly Dictionary<Type, MethodInfo> s_converters = typeof(Convert)
        .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
        .ToDictionary(m => m.ReturnType);

    /// <summary>Whether every parameter and the result can be handed over.</summary>
    internal static bool CanCall(MethodInfo method) =>
        method.GetParameters().All(p => CanPass(p.ParameterType)) && !method.ReturnType.IsByRefLike && !method.ReturnType.IsPointer
        && !method.ContainsGenericParameters;

    internal static bool CanPass(Type type) => s_converters.ContainsKey(type) || (!type.IsByRefLike && !type.IsPointer && !type.IsByRef);

    /// <summary>Calls a member with one value for each parameter.</summary>
    /// <param name="method">The method, operator or getter.</param>
    /// <param name="target">The instance; null for a static one.</param>
    /// <param name="arguments">The values: tensors, numbers, arrays, null, or <see cref="NotGiven"/>.</param>
    internal static object? Call(MethodInfo method, object? target, object?[] arguments)
    {
        Func<object?, object?[], object?>? compiled;
        lock (s_compiled)
        {
            if (!s_compiled.TryGetValue(method, out compiled))
                s_compiled[method] = compiled = Compile(method);
        }
        return compiled(target, arguments);
    }

    private static Func<object?, object?[], object?> Compile(MethodInfo method)
    {
        var dynamic = new DynamicMethod($"Call{method.Name}", typeof(object), [typeof(object), typeof(object?[])], typeof(MemberCaller).Module, skipVisibility: true);
        var il = dynamic.GetILGenerator();
        if (!method.IsStatic)
        {
            il.Emit(OpCodes.Ldarg_0);
            if (method.DeclaringType!.IsValueType)
                il.Emit(OpCodes.Unbox, method.DeclaringType);
            else
                il.Emit(OpCodes.Castclass, method.DeclaringType);
        }
        var parameters = method.GetParameters();
        for (var i = 0; i < parameters.Length; i++)
        {
            var type = parameters[i].ParameterType;
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldelem_Ref);
            if (s_converters.TryGetValue(type, out var converter))
                il.Emit(OpCodes.Call, converter);
            else
                il.Emit(OpCodes.Unbox_Any, type);
        }
        il.Emit(method.DeclaringType!.IsValueType || method.IsStatic ? OpCodes.Call : OpCodes.Callvirt, method);
        if (method.ReturnType == typeof(void))
            il.Emit(OpCodes.Ldnull);
        else if (method.ReturnType.IsValueType)
            il.Emit(OpCodes.Box, method.ReturnType);
        il.Emit(OpCodes.Ret);
        return dynamic.CreateDelegate<Func<object?, object?[], object?>>();
    }

    /// <summary>The value of a parameter that the caller leaves out.</summary>
    internal static object? DefaultOf(ParameterInfo parameter)
    {
        if (!parameter.HasDefaultValue)
            return parameter.GetCustomAttribute<System.Runtime.CompilerServices.ParamCollectionAttribute>() is not null ? NotGiven : null;
        var value = parameter.RawDefaultValue;
        if (value is null || value is DBNull || value == Missing.Value)
            return Nullable.GetUnderlyingType(parameter.ParameterType) is null && parameter.ParameterType.IsValueType ? NotGiven : null;
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        return type.IsEnum ? Enum.ToObject(type, value) : value;
    }

    /// <summary>From an object to each parameter type. The emitted code finds them by their result.</summary>
    private static class Convert
    {
        internal static bool Bool(object? v) => v != NotGiven && (bool)v!;
        internal static bool? OptionalBool(object? v) => v == NotGiven ? null : (bool?)v;
        internal static long Int64(object? v) => v == NotGiven ? 0 : System.Convert.ToInt64(v);
        internal static long? OptionalInt64(object? v) => v == NotGiven || v is null ? null : System.Convert.ToInt64(v);
        internal static int Int32(object? v) => v == NotGiven ? 0 : System.Convert.ToInt32(v);
        internal static int? OptionalInt32(object? v) => v == NotGiven || v is null ? null : System.Convert.ToInt32(v);
        internal static double Double(object? v) => v == NotGiven ? 0 : System.Convert.ToDouble(v);
        internal static double? OptionalDouble(object? v) => v == NotGiven || v is null ? null : System.Convert.ToDouble(v);
        internal static Scalar Scalar(object? v) => ToScalar(v);
        internal static Scalar? OptionalScalar(object? v) => v == NotGiven || v is null ? null : ToScalar(v);
        internal static string String(object? v) => v == NotGiven ? null! : (string)v!;
        internal static Tensor Tensor(object? v) => v == NotGiven ? null! : (Tensor)v!;
        internal static Tensor[] TensorArray(object? v) => v == NotGiven ? [] : Items<Tensor>(v)!;
        internal static ReadOnlySpan<Tensor> Tensors(object? v) => v == NotGiven || v is null ? default : Items<Tensor>(v);
        internal static IntList Ints(object? v) => v switch
        {
            null => default,
            long[] list => list,
            _ when v == NotGiven => default,
            _ when v is object?[] list => Array.ConvertAll(list, i => System.Convert.ToInt64(i)),
            _ => System.Convert.ToInt64(v),
        };
        internal static ReadOnlySpan<long> Longs(object? v) => v switch
        {
            null => default,
            _ when v == NotGiven => default,
            long[] list => list,
            object?[] list => Array.ConvertAll(list, i => System.Convert.ToInt64(i)),
            _ => new[] { System.Convert.ToInt64(v) },
        };
        internal static long[] LongArray(object? v) => v == NotGiven || v is null ? null! : Longs(v).ToArray();
        internal static ReadOnlySpan<double> Doubles(object? v) =>
            v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, i => System.Convert.ToDouble(i));
        internal static double[] DoubleArray(object? v) =>
            v == NotGiven || v is null ? null! : Array.ConvertAll(Items<object>(v)!, i => System.Convert.ToDouble(i));
        internal static ReadOnlySpan<bool> Bools(object? v) => v == NotGiven || v is null ? default : Items<bool>(v);
        internal static ReadOnlySpan<Scalar> Scalars(object? v) =>
            v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, i => ToScalar(i));
        internal static ReadOnlySpan<TensorIndex> Indices(object? v) => v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, ToIndex);
        internal static ReadOnlySpan<(Tensor, TensorIndex[])> Operands(object? v) => v == NotGiven || v is null ? default : ((Tensor, TensorIndex[])[])v;
        internal static ReadOnlySpan<TorchBind.NN.ScalingType> Recipes(object? v) =>
            v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, i => (TorchBind.NN.ScalingType)System.Convert.ToInt64(i));
        internal static ReadOnlySpan<TorchBind.NN.SwizzleType> Swizzles(object? v) =>
            v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, i => (TorchBind.NN.SwizzleType)System.Convert.ToInt64(i));
        internal static ReadOnlySpan<Shape> Shapes(object? v) => v == NotGiven || v is null ? default : Array.ConvertAll(Items<object>(v)!, s => new Shape(LongArray(s)));
        internal static Shape Shape(object? v) => v == NotGiven ? default : new Shape(LongArray(v));
        internal static DType DType(object? v) => v == NotGiven ? default : (DType)v!;
        internal static DType? OptionalDType(object? v) => v == NotGiven ? null : (DType?)v;
        internal static Device Device(object? v) => v == NotGiven ? default : v is string text ? TorchBind.Device.Parse(text) : (Device)v!;
        internal static Device? OptionalDevice(object? v) => v == NotGiven || v is null ? default(Device?) : Device(v);
        internal static Layout Layout(object? v) => v == NotGiven ? default : (Layout)v!;
        internal static Layout? OptionalLayout(object? v) => v == NotGiven ? null : (Layout?)v;
        internal static MemoryFormat MemoryFormat(object? v) => v == NotGiven ? default : (MemoryFormat)v!;
        internal static MemoryFormat? OptionalMemoryFormat(object? v) => v == NotGiven ? null : (MemoryFormat?)v;
        internal static Reduction Reduction(object? v) => v switch
        {
            Reduction given => given,
            "none" => TorchBind.Reduction.None,
            "mean" => TorchBind.Reduction.Mean,
            "sum" => TorchBind.Reduction.Sum,
            _ when v == NotGiven => default,
            _ => (Reduction)System.Convert.ToInt32(v),
        };
        internal static TorchBind.NN.ConvPadding ConvPadding(object? v) => v switch
        {
            null => default,
            _ when v == NotGiven => default,
            string name => name,
            object?[] list => Array.ConvertAll(list, i => System.Convert.ToInt64(i)),
            _ => System.Convert.ToInt64(v),
        };
        internal static Generator? Generator(object? v) => v == NotGiven ? null : (Generator?)v;
        internal static string?[]? Texts(object? v) => v == NotGiven || v is null ? null : Items<string>(v);

        internal static T[] Items<T>(object? v) => v switch
        {
            T[] same => same,
            object?[] list => Array.ConvertAll(list, i => (T)i!),
            long[] numbers when typeof(T) == typeof(object) => (T[])(object)Array.ConvertAll(numbers, n => (object)n),
            T one => [one],
            _ => throw new InvalidCastException($"{v} is no list of {typeof(T).Name}"),
        };
    }

    internal static Scalar ToScalar(object? v) => v switch
    {
        Scalar s => s,
        bool b => b,
        long l => l,
        int i => i,
        double d => d,
        float f => f,
        Complex c => c,
        _ when v == NotGiven => default,
        _ => throw new InvalidCastException($"{v ?? "null"} is no number"),
    };

    internal static TensorIndex ToIndex(object? v) => v switch
    {
        TensorIndex index => index,
        null => TensorIndex.NewAxis,
        bool b => b,
        long l => l,
        Tensor t => t,
        object?[] { Length: 0 } => Array.Empty<long>(),
        object?[] list when list[0] is bool => Array.ConvertAll(list, i => (bool)i!),
        object?[] list => Array.ConvertAll(list, i => (long)i!),
        _ => throw new InvalidCastException($"{v} is no index"),
    };
}
