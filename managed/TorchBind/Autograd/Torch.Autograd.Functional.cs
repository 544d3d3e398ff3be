using TorchBind.Autograd;
using static TorchBind.Autograd.FunctionalCore;

namespace TorchBind;

public static partial class Torch
{
    public static partial class Autograd
    {
        /// <summary>
        /// Jacobians, Hessians and their products with vectors. Mirrors <c>torch.autograd.functional</c>. Functions take one tensor or an array of
        /// tensors, and return one or an array. <see cref="Func"/> does most of this faster.
        /// </summary>
        public static class Functional
        {
            /// <summary>
            /// The Jacobian of a function: the dimensions of the output, then those of the input. Mirrors <c>torch.autograd.functional.jacobian</c>.
            /// </summary>
            /// <param name="func">The function; of the tensors that it is given, not of those outside.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="createGraph">Whether the result can be differentiated. Default: false.</param>
            /// <param name="strict">Whether an output that does not depend on an input is an error; otherwise there are zeros. Default: false.</param>
            /// <param name="vectorize">Whether all rows are computed at once. Default: false.</param>
            /// <param name="strategy">Backwards or forwards; forwards takes <paramref name="vectorize"/>. Default: backwards.</param>
            /// <returns>The Jacobian: the output's dimensions, then the input's.</returns>
            /// <exception cref="TorchException">In strict mode: independence, <paramref name="vectorize"/> or forward mode. An input holds integers.</exception>
            /// <exception cref="NotSupportedException">Forward mode with <paramref name="createGraph"/> or without <paramref name="vectorize"/>.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static Tensor Jacobian(
                Func<Tensor, Tensor> func, Tensor inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy strategy = JacobianStrategy.ReverseMode) =>
                FunctionalCore.Jacobian(One(func), [inputs], createGraph, strict, vectorize, strategy)[0][0];

            /// <inheritdoc cref="Jacobian(Func{Tensor, Tensor}, Tensor, bool, bool, bool, JacobianStrategy)"/>
            /// <returns>One Jacobian for each output: its dimensions, then the input's.</returns>
            public static Tensor[] Jacobian(
                Func<Tensor, Tensor[]> func, Tensor inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy strategy = JacobianStrategy.ReverseMode) =>
                [.. FunctionalCore.Jacobian(OneToMany(func), [inputs], createGraph, strict, vectorize, strategy).Select(row => row[0])];

            /// <inheritdoc cref="Jacobian(Func{Tensor, Tensor}, Tensor, bool, bool, bool, JacobianStrategy)"/>
            /// <returns>One Jacobian for each input: the output's dimensions, then the input's.</returns>
            public static Tensor[] Jacobian(
                Func<Tensor[], Tensor> func, Tensor[] inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy strategy = JacobianStrategy.ReverseMode) =>
                FunctionalCore.Jacobian(ManyToOne(func), inputs, createGraph, strict, vectorize, strategy)[0];

            /// <inheritdoc cref="Jacobian(Func{Tensor, Tensor}, Tensor, bool, bool, bool, JacobianStrategy)"/>
            /// <returns>For each output, one Jacobian for each input.</returns>
            public static Tensor[][] Jacobian(
                Func<Tensor[], Tensor[]> func, Tensor[] inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy strategy = JacobianStrategy.ReverseMode) =>
                FunctionalCore.Jacobian(Many(func), inputs, createGraph, strict, vectorize, strategy);

            /// <summary>
            /// The Hessian of a function to one number: the dimensions of the input, twice. Mirrors <c>torch.autograd.functional.hessian</c>.
            /// </summary>
            /// <param name="func">The function, to a tensor with one element.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="createGraph">Whether the result can be differentiated. Default: false.</param>
            /// <param name="strict">Whether independence of an input is an error; otherwise there are zeros. Default: false.</param>
            /// <param name="vectorize">Whether all rows are computed at once. Default: false.</param>
            /// <param name="outerJacobianStrategy">Whether the second derivative is taken backwards or forwards; forwards takes <paramref name="vectorize"/>. Default: backwards.</param>
            /// <returns>The second derivatives: the input's dimensions, twice.</returns>
            /// <exception cref="TorchException">The function gives more than one number. In strict mode: independence, <paramref name="vectorize"/> or forward mode.</exception>
            /// <exception cref="NotSupportedException">Forward mode with <paramref name="createGraph"/> or without <paramref name="vectorize"/>.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static Tensor Hessian(
                Func<Tensor, Tensor> func, Tensor inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy outerJacobianStrategy = JacobianStrategy.ReverseMode) =>
                FunctionalCore.Hessian(One(func), [inputs], createGraph, strict, vectorize, outerJacobianStrategy)[0][0];

            /// <inheritdoc cref="Hessian(Func{Tensor, Tensor}, Tensor, bool, bool, bool, JacobianStrategy)"/>
            /// <returns>For each input, the second derivatives with respect to it and each input.</returns>
            public static Tensor[][] Hessian(
                Func<Tensor[], Tensor> func, Tensor[] inputs, bool createGraph = false, bool strict = false, bool vectorize = false,
                JacobianStrategy outerJacobianStrategy = JacobianStrategy.ReverseMode) =>
                FunctionalCore.Hessian(ManyToOne(func), inputs, createGraph, strict, vectorize, outerJacobianStrategy);

            /// <summary>
            /// The value and the product of a vector with the Jacobian. Mirrors <c>torch.autograd.functional.vjp</c>.
            /// </summary>
            /// <param name="func">The function.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="v">A vector shaped as the value; may be left out for a value of one number.</param>
            /// <param name="createGraph">Whether the results can be differentiated. Default: false.</param>
            /// <param name="strict">Whether an output that does not depend on an input is an error; otherwise there are zeros. Default: false.</param>
            /// <returns>The value, and the product, shaped as the inputs.</returns>
            /// <exception cref="TorchException"><paramref name="v"/> is shaped otherwise than the value, or missing for one of more than one number; in strict mode: independence.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static (Tensor Output, Tensor Vjp) Vjp(
                Func<Tensor, Tensor> func, Tensor inputs, Tensor? v = null, bool createGraph = false, bool strict = false) =>
                First(FunctionalCore.Vjp(One(func), [inputs], List(v), createGraph, strict));

            /// <inheritdoc cref="Vjp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor Output, Tensor[] Vjp) Vjp(
                Func<Tensor[], Tensor> func, Tensor[] inputs, Tensor? v = null, bool createGraph = false, bool strict = false) =>
                FirstOutput(FunctionalCore.Vjp(ManyToOne(func), inputs, List(v), createGraph, strict));

            /// <inheritdoc cref="Vjp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor[] Outputs, Tensor[] Vjp) Vjp(
                Func<Tensor[], Tensor[]> func, Tensor[] inputs, Tensor[]? v = null, bool createGraph = false, bool strict = false) =>
                FunctionalCore.Vjp(Many(func), inputs, v, createGraph, strict);

            /// <summary>
            /// The value and the product of the Jacobian with a vector. Mirrors <c>torch.autograd.functional.jvp</c>, which differentiates backwards
            /// twice; <see cref="Func.Jvp{T1, TResult}(Func{T1, TResult}, T1, T1, bool)"/> goes forwards.
            /// </summary>
            /// <param name="func">The function.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="v">A vector shaped as the inputs; may be left out for one input of one number.</param>
            /// <param name="createGraph">Whether the results can be differentiated. Default: false.</param>
            /// <param name="strict">Whether an output that does not depend on an input is an error; otherwise there are zeros. Default: false.</param>
            /// <returns>The value, and the product, shaped as the value.</returns>
            /// <exception cref="TorchException"><paramref name="v"/> is shaped otherwise than the inputs, or missing for more than one number; in strict mode: independence.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static (Tensor Output, Tensor Jvp) Jvp(
                Func<Tensor, Tensor> func, Tensor inputs, Tensor? v = null, bool createGraph = false, bool strict = false) =>
                First(FunctionalCore.Jvp(One(func), [inputs], List(v), createGraph, strict));

            /// <inheritdoc cref="Jvp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor Output, Tensor Jvp) Jvp(
                Func<Tensor[], Tensor> func, Tensor[] inputs, Tensor[]? v = null, bool createGraph = false, bool strict = false) =>
                First(FunctionalCore.Jvp(ManyToOne(func), inputs, v, createGraph, strict));

            /// <inheritdoc cref="Jvp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor[] Outputs, Tensor[] Jvp) Jvp(
                Func<Tensor[], Tensor[]> func, Tensor[] inputs, Tensor[]? v = null, bool createGraph = false, bool strict = false) =>
                FunctionalCore.Jvp(Many(func), inputs, v, createGraph, strict);

            /// <summary>
            /// The value and the product of a vector with the Hessian. Mirrors <c>torch.autograd.functional.vhp</c>.
            /// </summary>
            /// <param name="func">The function, to a tensor with one element.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="v">A vector shaped as the inputs; may be left out for one input of one number.</param>
            /// <param name="createGraph">Whether the results can be differentiated. Default: false.</param>
            /// <param name="strict">Whether independence of an input is an error; otherwise there are zeros. Default: false.</param>
            /// <returns>The value, and the product, shaped as the inputs.</returns>
            /// <exception cref="TorchException">The function gives more than one number; <paramref name="v"/> is shaped otherwise than the inputs, or missing for more than one number; in strict mode: independence.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static (Tensor Output, Tensor Vhp) Vhp(
                Func<Tensor, Tensor> func, Tensor inputs, Tensor? v = null, bool createGraph = false, bool strict = false) =>
                First(FunctionalCore.Vhp(One(func), [inputs], List(v), createGraph, strict));

            /// <inheritdoc cref="Vhp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor Output, Tensor[] Vhp) Vhp(
                Func<Tensor[], Tensor> func, Tensor[] inputs, Tensor[]? v = null, bool createGraph = false, bool strict = false) =>
                FirstOutput(FunctionalCore.Vhp(ManyToOne(func), inputs, v, createGraph, strict));

            /// <summary>
            /// The value and the product of the Hessian with a vector, the same as <see cref="Vhp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            /// and slower. Mirrors <c>torch.autograd.functional.hvp</c>.
            /// </summary>
            /// <param name="func">The function, to a tensor with one element.</param>
            /// <param name="inputs">Where, floating-point or complex; their gradients stay as they are.</param>
            /// <param name="v">A vector shaped as the inputs; may be left out for one input of one number.</param>
            /// <param name="createGraph">Whether the results can be differentiated. Default: false.</param>
            /// <param name="strict">Whether independence of an input is an error; otherwise there are zeros. Default: false.</param>
            /// <returns>The value, and the product, shaped as the inputs.</returns>
            /// <exception cref="TorchException">The function gives more than one number; <paramref name="v"/> is shaped otherwise than the inputs, or missing for more than one number; in strict mode: independence.</exception>
            /// <exception cref="TorchTypeException">The function gives null.</exception>
            public static (Tensor Output, Tensor Hvp) Hvp(
                Func<Tensor, Tensor> func, Tensor inputs, Tensor? v = null, bool createGraph = false, bool strict = false) =>
                First(FunctionalCore.Hvp(One(func), [inputs], List(v), createGraph, strict));

            /// <inheritdoc cref="Hvp(Func{Tensor, Tensor}, Tensor, Tensor, bool, bool)"/>
            public static (Tensor Output, Tensor[] Hvp) Hvp(
                Func<Tensor[], Tensor> func, Tensor[] inputs, Tensor[]? v = null, bool createGraph = false, bool strict = false) =>
                FirstOutput(FunctionalCore.Hvp(ManyToOne(func), inputs, v, createGraph, strict));

            private static ListFunction One(Func<Tensor, Tensor> func)
            {
                ArgumentNullException.ThrowIfNull(func);
                return new(inputs => [func(inputs[0])], false, false);
            }

            private static ListFunction OneToMany(Func<Tensor, Tensor[]> func)
            {
                ArgumentNullException.ThrowIfNull(func);
                return new(inputs => func(inputs[0]), false, true);
            }

            private static ListFunction ManyToOne(Func<Tensor[], Tensor> func)
            {
                ArgumentNullException.ThrowIfNull(func);
                return new(inputs => [func(inputs)], true, false);
            }

            private static ListFunction Many(Func<Tensor[], Tensor[]> func)
            {
                ArgumentNullException.ThrowIfNull(func);
                return new(func, true, true);
            }

            private static Tensor[]? List(Tensor? v) => v is null ? null : [v];

            private static (Tensor, Tensor) First((Tensor[] Outputs, Tensor[] Result) both) => (both.Outputs[0], both.Result[0]);

            private static (Tensor, Tensor[]) FirstOutput((Tensor[] Outputs, Tensor[] Result) both) => (both.Outputs[0], both.Result);
        }
    }
}
