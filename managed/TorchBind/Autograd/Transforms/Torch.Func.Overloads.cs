using System.Runtime.CompilerServices;
using TorchBind.Autograd.Transforms;

namespace TorchBind;

// The same for functions of one to four arguments. Those of tensors are there beside the generic ones so that a lambda's arguments need no types.
public static partial class Torch
{
    /// <inheritdoc cref="Func.Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
    public static Func<Tensor, Tensor> Vmap(
        Func<Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error,
        long? chunkSize = null) => Func.Vmap(func, inDims, outDims, randomness, chunkSize);

    /// <inheritdoc cref="Func.Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
    public static Func<Tensor, Tensor, Tensor> Vmap(
        Func<Tensor, Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error,
        long? chunkSize = null) => Func.Vmap(func, inDims, outDims, randomness, chunkSize);

    public static partial class Func
    {
        /// <summary>
        /// A function that runs <paramref name="func"/> on every entry of a batch at once. Mirrors <c>torch.func.vmap</c>.
        /// </summary>
        /// <param name="func">The function of one entry; it sees no batch dimension.</param>
        /// <param name="inDims">The batch dimension of each argument, null for those that all entries share. Default: the first of all.</param>
        /// <param name="outDims">Where the batch dimension comes in the results, null for those that are the same for all entries. Default: first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        /// <param name="chunkSize">So many entries at a time, 1 or more. Default: all at once.</param>
        /// <returns>A function of the arguments with a batch dimension, all of one size; its result holds what <paramref name="func"/> gives, stacked.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="ArgumentException">When it is called: dimensions are not there, not built as the arguments or results are, of several sizes or all null, or <paramref name="chunkSize"/> is below 1.</exception>
        /// <exception cref="TorchException">When it is called: random numbers are drawn under <see cref="VmapRandomness.Error"/>, or a value is asked for, as by <c>Item</c>.</exception>
        public static Func<Tensor, Tensor> Vmap(
            Func<Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) => (Tensor)Transform.Vmap(a => func((Tensor)a[0]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        /// <typeparam name="T1">The type of the first argument.</typeparam>
        /// <typeparam name="TResult">The type of the result.</typeparam>
        public static Func<T1, TResult> Vmap<T1, TResult>(
            Func<T1, TResult> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) => (TResult)Transform.Vmap(a => func((T1)a[0]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        public static Func<Tensor, Tensor, Tensor> Vmap(
            Func<Tensor, Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) => (Tensor)Transform.Vmap(a => func((Tensor)a[0]!, (Tensor)a[1]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        /// <typeparam name="T1">The type of the first argument.</typeparam>
        /// <typeparam name="T2">The type of the second argument.</typeparam>
        /// <typeparam name="TResult">The type of the result.</typeparam>
        public static Func<T1, T2, TResult> Vmap<T1, T2, TResult>(
            Func<T1, T2, TResult> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) => (TResult)Transform.Vmap(a => func((T1)a[0]!, (T2)a[1]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        public static Func<Tensor, Tensor, Tensor, Tensor> Vmap(
            Func<Tensor, Tensor, Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) => (Tensor)Transform.Vmap(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2, x3])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        /// <typeparam name="T1">The type of the first argument.</typeparam>
        /// <typeparam name="T2">The type of the second argument.</typeparam>
        /// <typeparam name="T3">The type of the third argument.</typeparam>
        /// <typeparam name="TResult">The type of the result.</typeparam>
        public static Func<T1, T2, T3, TResult> Vmap<T1, T2, T3, TResult>(
            Func<T1, T2, T3, TResult> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) => (TResult)Transform.Vmap(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2, x3])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor> Vmap(
            Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) => (Tensor)Transform.Vmap(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2, x3, x4])!;
        }

        /// <inheritdoc cref="Vmap(Func{Tensor, Tensor}, Dims, Dims, VmapRandomness, long?)"/>
        /// <typeparam name="T1">The type of the first argument.</typeparam>
        /// <typeparam name="T2">The type of the second argument.</typeparam>
        /// <typeparam name="T3">The type of the third argument.</typeparam>
        /// <typeparam name="T4">The type of the fourth argument.</typeparam>
        /// <typeparam name="TResult">The type of the result.</typeparam>
        public static Func<T1, T2, T3, T4, TResult> Vmap<T1, T2, T3, T4, TResult>(
            Func<T1, T2, T3, T4, TResult> func, Dims inDims = default, Dims outDims = default, VmapRandomness randomness = VmapRandomness.Error, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) => (TResult)Transform.Vmap(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), Transform.NameOf(func), inDims, outDims, randomness, chunkSize,
                [x1, x2, x3, x4])!;
        }

        /// <summary>
        /// A function that computes the gradient of <paramref name="func"/>, which returns a scalar, or a scalar and something else that is passed
        /// through. It can be transformed again. Mirrors <c>torch.func.grad</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">What is differentiated with respect to its first argument, where not told otherwise; gives a tensor without dimensions.</param>
        /// <returns>A function of the same arguments that gives the gradient, shaped as the argument (an array of gradients for an array of numbers), and what else <paramref name="func"/> gives.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="TorchException">When it is called: <paramref name="func"/> does not give one number, an argument does not exist or is named twice, a tensor holds integers, or hooks on saved tensors are in place.</exception>
        /// <exception cref="ArgumentException">When it is called: the argument to differentiate by holds something that is no tensor.</exception>
        public static Func<T1, T1> Grad<T1>(Func<T1, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!), [0], false, [x1]);
                return (T1)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, (T1 Grad, TAux Aux)> Grad<T1, TAux>(Func<T1, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!), [0], true, [x1]);
                return ((T1)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor> Grad(Func<Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!), [argnums], false, [x1]);
                return (Tensor)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor[]> Grad(Func<Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!), argnums, false, [x1]);
                return [.. grads.Cast<Tensor>()];
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, (Tensor Grad, TAux Aux)> Grad<TAux>(Func<Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!), [argnums], true, [x1]);
                return ((Tensor)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, T1> Grad<T1, T2>(Func<T1, T2, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!), [0], false, [x1, x2]);
                return (T1)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, (T1 Grad, TAux Aux)> Grad<T1, T2, TAux>(Func<T1, T2, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!), [0], true, [x1, x2]);
                return ((T1)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor> Grad(Func<Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], false, [x1, x2]);
                return (Tensor)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, Tensor[]> Grad(Func<Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), argnums, false, [x1, x2]);
                return [.. grads.Cast<Tensor>()];
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, (Tensor Grad, TAux Aux)> Grad<TAux>(Func<Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], true, [x1, x2]);
                return ((Tensor)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, T3, T1> Grad<T1, T2, T3>(Func<T1, T2, T3, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [0], false, [x1, x2, x3]);
                return (T1)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, T3, (T1 Grad, TAux Aux)> Grad<T1, T2, T3, TAux>(Func<T1, T2, T3, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [0], true, [x1, x2, x3]);
                return ((T1)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor> Grad(Func<Tensor, Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], false, [x1, x2, x3]);
                return (Tensor)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor[]> Grad(Func<Tensor, Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), argnums, false, [x1, x2, x3]);
                return [.. grads.Cast<Tensor>()];
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor Grad, TAux Aux)> Grad<TAux>(Func<Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], true, [x1, x2, x3]);
                return ((Tensor)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T4">The type of the fourth argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, T3, T4, T1> Grad<T1, T2, T3, T4>(Func<T1, T2, T3, T4, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), [0], false, [x1, x2, x3, x4]);
                return (T1)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T4">The type of the fourth argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, T3, T4, (T1 Grad, TAux Aux)> Grad<T1, T2, T3, T4, TAux>(Func<T1, T2, T3, T4, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), [0], true, [x1, x2, x3, x4]);
                return ((T1)grads[0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor> Grad(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], false, [x1, x2, x3, x4]);
                return (Tensor)grads[0]!;
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor[]> Grad(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), argnums, false, [x1, x2, x3, x4]);
                return [.. grads.Cast<Tensor>()];
            };
        }

        /// <inheritdoc cref="Grad{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor Grad, TAux Aux)> Grad<TAux>(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], true, [x1, x2, x3, x4]);
                return ((Tensor)grads[0]!, (TAux)aux!);
            };
        }

        /// <summary>
        /// The same as <see cref="Grad{T1}(Func{T1, Tensor})"/>, with the value. Mirrors <c>torch.func.grad_and_value</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">What is differentiated with respect to its first argument, where not told otherwise; gives a tensor without dimensions.</param>
        /// <returns>A function of the same arguments that gives the gradient, shaped as the argument (an array of gradients for an array of numbers), then the value, and what else <paramref name="func"/> gives.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="TorchException">When it is called: <paramref name="func"/> does not give one number, an argument does not exist or is named twice, a tensor holds integers, or hooks on saved tensors are in place.</exception>
        /// <exception cref="ArgumentException">When it is called: the argument to differentiate by holds something that is no tensor.</exception>
        public static Func<T1, (T1 Grad, Tensor Value)> GradAndValue<T1>(Func<T1, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!), [0], false, [x1]);
                return ((T1)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, (T1 Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<T1, TAux>(Func<T1, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!), [0], true, [x1]);
                return ((T1)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, (Tensor Grad, Tensor Value)> GradAndValue(Func<Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!), [argnums], false, [x1]);
                return ((Tensor)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, (Tensor[] Grads, Tensor Value)> GradAndValue(Func<Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!), argnums, false, [x1]);
                return ([.. grads.Cast<Tensor>()], value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, (Tensor Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<TAux>(Func<Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!), [argnums], true, [x1]);
                return ((Tensor)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, (T1 Grad, Tensor Value)> GradAndValue<T1, T2>(Func<T1, T2, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!), [0], false, [x1, x2]);
                return ((T1)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, (T1 Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<T1, T2, TAux>(Func<T1, T2, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!), [0], true, [x1, x2]);
                return ((T1)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, (Tensor Grad, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], false, [x1, x2]);
                return ((Tensor)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, (Tensor[] Grads, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), argnums, false, [x1, x2]);
                return ([.. grads.Cast<Tensor>()], value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, (Tensor Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<TAux>(Func<Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], true, [x1, x2]);
                return ((Tensor)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, T3, (T1 Grad, Tensor Value)> GradAndValue<T1, T2, T3>(Func<T1, T2, T3, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [0], false, [x1, x2, x3]);
                return ((T1)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, T3, (T1 Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<T1, T2, T3, TAux>(Func<T1, T2, T3, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [0], true, [x1, x2, x3]);
                return ((T1)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor Grad, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], false, [x1, x2, x3]);
                return ((Tensor)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor[] Grads, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), argnums, false, [x1, x2, x3]);
                return ([.. grads.Cast<Tensor>()], value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<TAux>(Func<Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], true, [x1, x2, x3]);
                return ((Tensor)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T4">The type of the fourth argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T2, T3, T4, (T1 Grad, Tensor Value)> GradAndValue<T1, T2, T3, T4>(Func<T1, T2, T3, T4, Tensor> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), [0], false, [x1, x2, x3, x4]);
                return ((T1)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T4">The type of the fourth argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static Func<T1, T2, T3, T4, (T1 Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<T1, T2, T3, T4, TAux>(Func<T1, T2, T3, T4, (Tensor, TAux)> func)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), [0], true, [x1, x2, x3, x4]);
                return ((T1)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor Grad, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], false, [x1, x2, x3, x4]);
                return ((Tensor)grads[0]!, value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor[] Grads, Tensor Value)> GradAndValue(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int[] argnums)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, _) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), argnums, false, [x1, x2, x3, x4]);
                return ([.. grads.Cast<Tensor>()], value);
            };
        }

        /// <inheritdoc cref="GradAndValue{T1}(Func{T1, Tensor})"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor Grad, (Tensor Value, TAux Aux) Output)> GradAndValue<TAux>(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (grads, value, aux) = Transform.GradAndValue(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], true, [x1, x2, x3, x4]);
                return ((Tensor)grads[0]!, (value, (TAux)aux!));
            };
        }

        /// <summary>
        /// The value of a function and, as a function of cotangents of the value, the gradients of the arguments. Mirrors <c>torch.func.vjp</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">The function, of floating-point or complex tensors to such.</param>
        /// <param name="x1">The first argument.</param>
        /// <returns>The value, and a function from cotangents, built as the value is, to the gradients, built as the arguments are; that can be called several times.</returns>
        /// <exception cref="TorchException">The value holds something else than floating-point tensors, or hooks on saved tensors are in place; from the pullback: cotangents are not built and shaped as the value.</exception>
        /// <exception cref="ArgumentException">An argument holds something that is no tensor.</exception>
        public static (TResult Value, Func<TResult, T1> Pullback) Vjp<T1, TResult>(Func<T1, TResult> func, T1 x1)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, _) = Transform.Vjp(a => func((T1)a[0]!), null, false, [x1]);
            return ((TResult)value!, v => (T1)pullback(v)[0]!);
        }

        /// <summary>
        /// The same for a function that returns something else as well, which is passed through. Mirrors <c>torch.func.vjp</c> with <c>has_aux</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function: the value, of floating-point or complex tensors, and the rest.</param>
        /// <param name="x1">The first argument.</param>
        /// <returns>The value, a function from cotangents, built as the value is, to the gradients, built as the arguments are, and the rest.</returns>
        /// <exception cref="TorchException">The value holds something else than floating-point tensors, or hooks on saved tensors are in place; from the pullback: cotangents are not built and shaped as the value.</exception>
        /// <exception cref="ArgumentException">An argument holds something that is no tensor.</exception>
        public static (TResult Value, Func<TResult, T1> Pullback, TAux Aux) VjpWithAux<T1, TResult, TAux>(Func<T1, (TResult, TAux)> func, T1 x1)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, aux) = Transform.Vjp(a => func((T1)a[0]!), null, true, [x1]);
            return ((TResult)value!, v => (T1)pullback(v)[0]!, (TAux)aux!);
        }

        /// <inheritdoc cref="Vjp{T1, TResult}(Func{T1, TResult}, T1)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">The function, of floating-point or complex tensors to such.</param>
        /// <param name="x1">The first argument.</param>
        /// <param name="x2">The second argument.</param>
        public static (TResult Value, Func<TResult, (T1, T2)> Pullback) Vjp<T1, T2, TResult>(Func<T1, T2, TResult> func, T1 x1, T2 x2)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, _) = Transform.Vjp(a => func((T1)a[0]!, (T2)a[1]!), null, false, [x1, x2]);
            return ((TResult)value!, v =>
            {
                var g = pullback(v);
                return ((T1)g[0]!, (T2)g[1]!);
            }
            );
        }

        /// <inheritdoc cref="VjpWithAux{T1, TResult, TAux}(Func{T1, ValueTuple{TResult, TAux}}, T1)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function: the value, of floating-point or complex tensors, and the rest.</param>
        /// <param name="x1">The first argument.</param>
        /// <param name="x2">The second argument.</param>
        public static (TResult Value, Func<TResult, (T1, T2)> Pullback, TAux Aux) VjpWithAux<T1, T2, TResult, TAux>(Func<T1, T2, (TResult, TAux)> func, T1 x1, T2 x2)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, aux) = Transform.Vjp(a => func((T1)a[0]!, (T2)a[1]!), null, true, [x1, x2]);
            return ((TResult)value!, v =>
            {
                var g = pullback(v);
                return ((T1)g[0]!, (T2)g[1]!);
            }, (TAux)aux!);
        }

        /// <inheritdoc cref="Vjp{T1, TResult}(Func{T1, TResult}, T1)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">The function, of floating-point or complex tensors to such.</param>
        /// <param name="x1">The first argument.</param>
        /// <param name="x2">The second argument.</param>
        /// <param name="x3">The third argument.</param>
        public static (TResult Value, Func<TResult, (T1, T2, T3)> Pullback) Vjp<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> func, T1 x1, T2 x2, T3 x3)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, _) = Transform.Vjp(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), null, false, [x1, x2, x3]);
            return ((TResult)value!, v =>
            {
                var g = pullback(v);
                return ((T1)g[0]!, (T2)g[1]!, (T3)g[2]!);
            }
            );
        }

        /// <inheritdoc cref="VjpWithAux{T1, TResult, TAux}(Func{T1, ValueTuple{TResult, TAux}}, T1)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function: the value, of floating-point or complex tensors, and the rest.</param>
        /// <param name="x1">The first argument.</param>
        /// <param name="x2">The second argument.</param>
        /// <param name="x3">The third argument.</param>
        public static (TResult Value, Func<TResult, (T1, T2, T3)> Pullback, TAux Aux) VjpWithAux<T1, T2, T3, TResult, TAux>(Func<T1, T2, T3, (TResult, TAux)> func, T1 x1, T2 x2, T3 x3)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, pullback, aux) = Transform.Vjp(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), null, true, [x1, x2, x3]);
            return ((TResult)value!, v =>
            {
                var g = pullback(v);
                return ((T1)g[0]!, (T2)g[1]!, (T3)g[2]!);
            }, (TAux)aux!);
        }

        /// <summary>
        /// The value of a function and how it changes along tangents of its arguments. Mirrors <c>torch.func.jvp</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="primals">Its argument, or a tuple of its arguments: floating-point or complex tensors.</param>
        /// <param name="tangents">A direction, built and shaped as <paramref name="primals"/>.</param>
        /// <param name="strict">Whether a value that does not depend on the arguments is an error; otherwise its tangent is zeros. Default: false.</param>
        /// <returns>The value, and its tangent, shaped as it.</returns>
        /// <exception cref="TorchException">The tangents are not built and shaped as the primals, something is no tensor, or, when <paramref name="strict"/>, the value does not depend on them.</exception>
        /// <exception cref="ArgumentException">A tensor holds integers.</exception>
        public static (TResult Value, TResult Tangent) Jvp<T1, TResult>(Func<T1, TResult> func, T1 primals, T1 tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, _) = Transform.Jvp(a => func((T1)a[0]!), [primals], [tangents], null, strict, false);
            return ((TResult)value!, (TResult)tangent!);
        }

        /// <summary>
        /// The same for a function that returns something else as well, which is passed through. Mirrors <c>torch.func.jvp</c> with <c>has_aux</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function: the value and the rest.</param>
        /// <param name="primals">Its argument, or a tuple of its arguments: floating-point or complex tensors.</param>
        /// <param name="tangents">A direction, built and shaped as <paramref name="primals"/>.</param>
        /// <param name="strict">Whether a value that does not depend on the arguments is an error; otherwise its tangent is zeros. Default: false.</param>
        /// <returns>The value, its tangent, shaped as it, and the rest.</returns>
        /// <exception cref="TorchException">The tangents are not built and shaped as the primals, something is no tensor, or, when <paramref name="strict"/>, the value does not depend on them.</exception>
        /// <exception cref="ArgumentException">A tensor holds integers.</exception>
        public static (TResult Value, TResult Tangent, TAux Aux) JvpWithAux<T1, TResult, TAux>(Func<T1, (TResult, TAux)> func, T1 primals, T1 tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, aux) = Transform.Jvp(a => func((T1)a[0]!), [primals], [tangents], null, strict, true);
            return ((TResult)value!, (TResult)tangent!, (TAux)aux!);
        }

        /// <inheritdoc cref="Jvp{T1, TResult}(Func{T1, TResult}, T1, T1, bool)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        public static (TResult Value, TResult Tangent) Jvp<T1, T2, TResult>(Func<T1, T2, TResult> func, (T1, T2) primals, (T1, T2) tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, _) = Transform.Jvp(a => func((T1)a[0]!, (T2)a[1]!), [primals.Item1, primals.Item2], [tangents.Item1, tangents.Item2], null, strict, false);
            return ((TResult)value!, (TResult)tangent!);
        }

        /// <inheritdoc cref="JvpWithAux{T1, TResult, TAux}(Func{T1, ValueTuple{TResult, TAux}}, T1, T1, bool)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static (TResult Value, TResult Tangent, TAux Aux) JvpWithAux<T1, T2, TResult, TAux>(Func<T1, T2, (TResult, TAux)> func, (T1, T2) primals, (T1, T2) tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, aux) = Transform.Jvp(a => func((T1)a[0]!, (T2)a[1]!), [primals.Item1, primals.Item2], [tangents.Item1, tangents.Item2], null, strict, true);
            return ((TResult)value!, (TResult)tangent!, (TAux)aux!);
        }

        /// <inheritdoc cref="Jvp{T1, TResult}(Func{T1, TResult}, T1, T1, bool)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        public static (TResult Value, TResult Tangent) Jvp<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> func, (T1, T2, T3) primals, (T1, T2, T3) tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, _) = Transform.Jvp(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [primals.Item1, primals.Item2, primals.Item3], [tangents.Item1, tangents.Item2, tangents.Item3], null, strict, false);
            return ((TResult)value!, (TResult)tangent!);
        }

        /// <inheritdoc cref="JvpWithAux{T1, TResult, TAux}(Func{T1, ValueTuple{TResult, TAux}}, T1, T1, bool)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T2">The type of the second argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="T3">The type of the third argument: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TResult">The type of the value: a tensor, or what holds tensors.</typeparam>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        public static (TResult Value, TResult Tangent, TAux Aux) JvpWithAux<T1, T2, T3, TResult, TAux>(Func<T1, T2, T3, (TResult, TAux)> func, (T1, T2, T3) primals, (T1, T2, T3) tangents, bool strict = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var (value, tangent, aux) = Transform.Jvp(a => func((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), [primals.Item1, primals.Item2, primals.Item3], [tangents.Item1, tangents.Item2, tangents.Item3], null, strict, true);
            return ((TResult)value!, (TResult)tangent!, (TAux)aux!);
        }

        /// <summary>
        /// A function that computes the Jacobian of <paramref name="func"/>, backwards, a row at a time, all rows at once: dimensions of the result first, those of the
        /// argument after them. Mirrors <c>torch.func.jacrev</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">A function of one value, real; the Jacobian is built as it, with a tensor for each of its tensors.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        /// <returns>A function of the same arguments that gives the Jacobian: the result's dimensions, then the argument's; one for each tensor of the result, each of several arguments, and what else <paramref name="func"/> gives.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="TorchException">When it is called: an argument or a result is complex or holds integers, or an argument does not exist or is named twice.</exception>
        /// <exception cref="ArgumentException">When it is called: <paramref name="chunkSize"/> is below 1.</exception>
        [OverloadResolutionPriority(-1)]
        public static Func<T1, T1> Jacrev<T1>(Func<T1, Tensor> func, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return x1 => (T1)Transform.Jacrev(a => func((T1)a[0]!), [0], false, chunkSize, [x1]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T1[]> Jacrev<T1>(Func<T1, Tensor[]> func, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return x1 => [.. Transform.Jacrev(a => func((T1)a[0]!), [0], false, chunkSize, [x1]).Jacobians.Select(static row => (T1)row[0]!)];
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor> Jacrev(Func<Tensor, Tensor> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) => (Tensor)Transform.Jacrev(a => func((Tensor)a[0]!), [argnums], false, chunkSize, [x1]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor[]> Jacrev(Func<Tensor, Tensor> func, int[] argnums, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1) => [.. Transform.Jacrev(a => func((Tensor)a[0]!), argnums, false, chunkSize, [x1]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, (Tensor Jacobian, TAux Aux)> Jacrev<TAux>(Func<Tensor, (Tensor, TAux)> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (_, jacobians, aux) = Transform.Jacrev(a => func((Tensor)a[0]!), [argnums], true, chunkSize, [x1]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor> Jacrev(Func<Tensor, Tensor, Tensor> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) => (Tensor)Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], false, chunkSize, [x1, x2]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor[]> Jacrev(Func<Tensor, Tensor, Tensor> func, int[] argnums, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2) => [.. Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!), argnums, false, chunkSize, [x1, x2]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacrev<TAux>(Func<Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (_, jacobians, aux) = Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], true, chunkSize, [x1, x2]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor> Jacrev(Func<Tensor, Tensor, Tensor, Tensor> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) => (Tensor)Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], false, chunkSize, [x1, x2, x3]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor[]> Jacrev(Func<Tensor, Tensor, Tensor, Tensor> func, int[] argnums, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3) => [.. Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), argnums, false, chunkSize, [x1, x2, x3]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacrev<TAux>(Func<Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (_, jacobians, aux) = Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], true, chunkSize, [x1, x2, x3]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor> Jacrev(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) => (Tensor)Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], false, chunkSize, [x1, x2, x3, x4]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor[]> Jacrev(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int[] argnums, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3, x4) => [.. Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), argnums, false, chunkSize, [x1, x2, x3, x4]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacrev{T1}(Func{T1, Tensor}, long?)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="chunkSize">So many rows at a time; 1: without vectorisation. Default: all at once.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacrev<TAux>(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, long? chunkSize = null)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (_, jacobians, aux) = Transform.Jacrev(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], true, chunkSize, [x1, x2, x3, x4]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <summary>
        /// A function that computes the Jacobian of <paramref name="func"/>, forwards, a column at a time, all columns at once: dimensions of the result first, those of the
        /// argument after them. Mirrors <c>torch.func.jacfwd</c>.
        /// </summary>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        /// <param name="func">A function of one value, real; the Jacobian is built as it, with a tensor for each of its tensors.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        /// <returns>A function of the same arguments that gives the Jacobian: the result's dimensions, then the argument's; one for each tensor of the result, each of several arguments, and what else <paramref name="func"/> gives.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="TorchException">When it is called: an argument or a result is complex, an argument does not exist or is named twice, or random numbers are drawn under <see cref="VmapRandomness.Error"/>.</exception>
        /// <exception cref="ArgumentException">When it is called: an argument holds integers.</exception>
        [OverloadResolutionPriority(-1)]
        public static Func<T1, T1> Jacfwd<T1>(Func<T1, Tensor> func, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return x1 => (T1)Transform.Jacfwd(a => func((T1)a[0]!), [0], false, randomness, [x1]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <typeparam name="T1">The type of the first argument: a tensor, or what holds tensors.</typeparam>
        public static Func<T1, T1[]> Jacfwd<T1>(Func<T1, Tensor[]> func, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return x1 => [.. Transform.Jacfwd(a => func((T1)a[0]!), [0], false, randomness, [x1]).Jacobians.Select(static row => (T1)row[0]!)];
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor> Jacfwd(Func<Tensor, Tensor> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) => (Tensor)Transform.Jacfwd(a => func((Tensor)a[0]!), [argnums], false, randomness, [x1]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor[]> Jacfwd(Func<Tensor, Tensor> func, int[] argnums, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1) => [.. Transform.Jacfwd(a => func((Tensor)a[0]!), argnums, false, randomness, [x1]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, (Tensor Jacobian, TAux Aux)> Jacfwd<TAux>(Func<Tensor, (Tensor, TAux)> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1) =>
            {
                var (_, jacobians, aux) = Transform.Jacfwd(a => func((Tensor)a[0]!), [argnums], true, randomness, [x1]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor> Jacfwd(Func<Tensor, Tensor, Tensor> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) => (Tensor)Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], false, randomness, [x1, x2]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor[]> Jacfwd(Func<Tensor, Tensor, Tensor> func, int[] argnums, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2) => [.. Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!), argnums, false, randomness, [x1, x2]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacfwd<TAux>(Func<Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2) =>
            {
                var (_, jacobians, aux) = Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!), [argnums], true, randomness, [x1, x2]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor> Jacfwd(Func<Tensor, Tensor, Tensor, Tensor> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) => (Tensor)Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], false, randomness, [x1, x2, x3]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor[]> Jacfwd(Func<Tensor, Tensor, Tensor, Tensor> func, int[] argnums, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3) => [.. Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), argnums, false, randomness, [x1, x2, x3]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacfwd<TAux>(Func<Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3) =>
            {
                var (_, jacobians, aux) = Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!), [argnums], true, randomness, [x1, x2, x3]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor> Jacfwd(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) => (Tensor)Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], false, randomness, [x1, x2, x3, x4]).Jacobians[0][0]!;
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The arguments that are differentiated with respect to, each once; negative numbers count from the end.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor[]> Jacfwd(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int[] argnums, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            ArgumentNullException.ThrowIfNull(argnums);
            return (x1, x2, x3, x4) => [.. Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), argnums, false, randomness, [x1, x2, x3, x4]).Jacobians[0].Cast<Tensor>()];
        }

        /// <inheritdoc cref="Jacfwd{T1}(Func{T1, Tensor}, VmapRandomness)"/>
        /// <typeparam name="TAux">The type of the rest that the function gives.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="argnums">The argument that is differentiated with respect to; negative numbers count from the end. Default: the first.</param>
        /// <param name="randomness">What random operations do. Default: they are refused.</param>
        public static Func<Tensor, Tensor, Tensor, Tensor, (Tensor Jacobian, TAux Aux)> Jacfwd<TAux>(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, TAux)> func, int argnums = 0, VmapRandomness randomness = VmapRandomness.Error)
        {
            ArgumentNullException.ThrowIfNull(func);
            return (x1, x2, x3, x4) =>
            {
                var (_, jacobians, aux) = Transform.Jacfwd(a => func((Tensor)a[0]!, (Tensor)a[1]!, (Tensor)a[2]!, (Tensor)a[3]!), [argnums], true, randomness, [x1, x2, x3, x4]);
                return ((Tensor)jacobians[0][0]!, (TAux)aux!);
            };
        }

        /// <summary>
        /// A function that computes the Hessian of <paramref name="func"/>: forwards over backwards. Mirrors <c>torch.func.hessian</c>.
        /// </summary>
        /// <param name="func">A function of real tensors, most often to a scalar.</param>
        /// <param name="argnums">The argument that is differentiated with respect to, twice. Default: the first.</param>
        /// <returns>A function of the same arguments that gives the second derivatives: the result's dimensions, then the argument's, twice.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="func"/> is null.</exception>
        /// <exception cref="TorchException">When it is called: the argument does not exist, or an argument or the result is complex.</exception>
        /// <exception cref="ArgumentException">When it is called: the argument holds integers.</exception>
        public static Func<Tensor, Tensor> Hessian(Func<Tensor, Tensor> func, int argnums = 0) => Jacfwd(Jacrev(func, argnums), argnums);

        /// <inheritdoc cref="Hessian(Func{Tensor, Tensor}, int)"/>
        public static Func<Tensor, Tensor, Tensor> Hessian(Func<Tensor, Tensor, Tensor> func, int argnums = 0) => Jacfwd(Jacrev(func, argnums), argnums);

        /// <inheritdoc cref="Hessian(Func{Tensor, Tensor}, int)"/>
        public static Func<Tensor, Tensor, Tensor, Tensor> Hessian(Func<Tensor, Tensor, Tensor, Tensor> func, int argnums = 0) => Jacfwd(Jacrev(func, argnums), argnums);

        /// <inheritdoc cref="Hessian(Func{Tensor, Tensor}, int)"/>
        public static Func<Tensor, Tensor, Tensor, Tensor, Tensor> Hessian(Func<Tensor, Tensor, Tensor, Tensor, Tensor> func, int argnums = 0) => Jacfwd(Jacrev(func, argnums), argnums);
    }
}
