namespace TorchBind.Autograd;

// One class for each number of arguments, from one to eight; they differ in nothing else.

/// <summary>A custom function of one argument. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, TResult> : Function where TSelf : Function<TSelf, T1, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1)
    {
        var function = new TSelf();
        return function.Run([arg1], ctx => function.Forward(ctx, function.Input(arg1)));
    }
}

/// <summary>A custom function of two arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, TResult> : Function where TSelf : Function<TSelf, T1, T2, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2)));
    }
}

/// <summary>A custom function of three arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3)));
    }
}

/// <summary>A custom function of four arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="T4">The type of argument 4.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, T4, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, T4, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3, T4 arg4);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3, T4 arg4)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3, arg4], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3), function.Input(arg4)));
    }
}

/// <summary>A custom function of five arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="T4">The type of argument 4.</typeparam>
/// <typeparam name="T5">The type of argument 5.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, T4, T5, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, T4, T5, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3, arg4, arg5], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3), function.Input(arg4), function.Input(arg5)));
    }
}

/// <summary>A custom function of six arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="T4">The type of argument 4.</typeparam>
/// <typeparam name="T5">The type of argument 5.</typeparam>
/// <typeparam name="T6">The type of argument 6.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, T4, T5, T6, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, T4, T5, T6, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3, arg4, arg5, arg6], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3), function.Input(arg4), function.Input(arg5), function.Input(arg6)));
    }
}

/// <summary>A custom function of seven arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="T4">The type of argument 4.</typeparam>
/// <typeparam name="T5">The type of argument 5.</typeparam>
/// <typeparam name="T6">The type of argument 6.</typeparam>
/// <typeparam name="T7">The type of argument 7.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, T4, T5, T6, T7, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, T4, T5, T6, T7, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3, arg4, arg5, arg6, arg7], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3), function.Input(arg4), function.Input(arg5), function.Input(arg6), function.Input(arg7)));
    }
}

/// <summary>A custom function of eight arguments. <inheritdoc cref="Function" path="/summary"/></summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="T1">The type of argument 1.</typeparam>
/// <typeparam name="T2">The type of argument 2.</typeparam>
/// <typeparam name="T3">The type of argument 3.</typeparam>
/// <typeparam name="T4">The type of argument 4.</typeparam>
/// <typeparam name="T5">The type of argument 5.</typeparam>
/// <typeparam name="T6">The type of argument 6.</typeparam>
/// <typeparam name="T7">The type of argument 7.</typeparam>
/// <typeparam name="T8">The type of argument 8.</typeparam>
/// <typeparam name="TResult">The type of the result: a tensor, an array or tuple of them, with other values among them.</typeparam>
public abstract class Function<TSelf, T1, T2, T3, T4, T5, T6, T7, T8, TResult> : Function where TSelf : Function<TSelf, T1, T2, T3, T4, T5, T6, T7, T8, TResult>, new()
{
    /// <summary>Computes the result. Nothing in here is recorded. Mirrors <c>Function.forward</c>.</summary>
    protected abstract TResult Forward(FunctionContext ctx, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8);

    /// <summary>Applies the function. Mirrors <c>Function.apply</c>.</summary>
    public static TResult Apply(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)
    {
        var function = new TSelf();
        return function.Run([arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8], ctx => function.Forward(ctx, function.Input(arg1), function.Input(arg2), function.Input(arg3), function.Input(arg4), function.Input(arg5), function.Input(arg6), function.Input(arg7), function.Input(arg8)));
    }
}
