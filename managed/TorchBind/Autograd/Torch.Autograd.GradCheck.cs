using TorchBind.Autograd;
using TorchBind.Utils;

namespace TorchBind;

public static partial class Torch
{
    public static partial class Autograd
    {
        /// <summary>
        /// Compares the gradients of a function with finite differences. Mirrors <c>torch.autograd.gradcheck</c>.
        /// </summary>
        /// <typeparam name="TIn">The type of the argument.</typeparam>
        /// <typeparam name="TOut">The type of the result: a tensor, or an array, tuple or dictionary of them.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="inputs">
        /// Its argument: a tensor, or an array, tuple or dictionary of them. Those that require a gradient are checked; they should be of
        /// double precision.
        /// </param>
        /// <param name="eps">How far the inputs are moved. Default: 1e-6.</param>
        /// <param name="atol">Absolute tolerance. Default: 1e-5.</param>
        /// <param name="rtol">Relative tolerance. Default: 1e-3.</param>
        /// <param name="raiseException">Whether a failed check is an exception, which says what failed; otherwise false is returned. Default: true.</param>
        /// <param name="nondetTol">How much the same pass may differ from itself. Default: 0.</param>
        /// <param name="checkUndefinedGrad">Whether gradients that do not arrive must count as zeros. Default: true.</param>
        /// <param name="checkGradDtypes">Whether gradients must have the dtype of their inputs. Default: false.</param>
        /// <param name="checkBatchedGrad">Whether several passes at once must give the same. Default: false.</param>
        /// <param name="checkBatchedForwardGrad">The same for forward mode. Default: false.</param>
        /// <param name="checkForwardAd">Whether forward mode is checked. Default: false.</param>
        /// <param name="checkBackwardAd">Whether backward mode is checked. Default: true.</param>
        /// <param name="fastMode">Checks along one random direction instead of every element. Default: false.</param>
        /// <returns>Whether all gradients agree.</returns>
        /// <exception cref="GradCheckException">They do not, and <paramref name="raiseException"/> is true.</exception>
        /// <exception cref="ArgumentException">No input requires a gradient, neither mode is checked, or an output is sparse.</exception>
        /// <exception cref="TorchException">Elements of an input share memory, or an output changes its shape with the values.</exception>
        /// <exception cref="NotSupportedException">An input is sparse.</exception>
        public static bool GradCheck<TIn, TOut>(
            Func<TIn, TOut> func, TIn inputs, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3, bool raiseException = true, double nondetTol = 0,
            bool checkUndefinedGrad = true, bool checkGradDtypes = false, bool checkBatchedGrad = false, bool checkBatchedForwardGrad = false,
            bool checkForwardAd = false, bool checkBackwardAd = true, bool fastMode = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            var leaves = new List<object?>();
            var shape = Tree.Flatten(inputs, leaves);
            return RunGradCheck(OfTensors(func, shape, leaves), [.. leaves.OfType<Tensor>()], eps, atol, rtol, raiseException, nondetTol, checkUndefinedGrad,
                checkGradDtypes, checkBatchedGrad, checkBatchedForwardGrad, checkForwardAd, checkBackwardAd, fastMode);
        }

        /// <inheritdoc cref="GradCheck{TIn, TOut}(Func{TIn, TOut}, TIn, double, double, double, bool, double, bool, bool, bool, bool, bool, bool, bool)"/>
        public static bool GradCheck<TOut>(
            Func<Tensor, TOut> func, Tensor inputs, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3, bool raiseException = true,
            double nondetTol = 0, bool checkUndefinedGrad = true, bool checkGradDtypes = false, bool checkBatchedGrad = false,
            bool checkBatchedForwardGrad = false, bool checkForwardAd = false, bool checkBackwardAd = true, bool fastMode = false) =>
            GradCheck<Tensor, TOut>(func, inputs, eps, atol, rtol, raiseException, nondetTol, checkUndefinedGrad, checkGradDtypes, checkBatchedGrad,
                checkBatchedForwardGrad, checkForwardAd, checkBackwardAd, fastMode);

        /// <inheritdoc cref="GradCheck{TIn, TOut}(Func{TIn, TOut}, TIn, double, double, double, bool, double, bool, bool, bool, bool, bool, bool, bool)"/>
        public static bool GradCheck<TOut>(
            Func<Tensor, Tensor, TOut> func, (Tensor, Tensor) inputs, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3,
            bool raiseException = true, double nondetTol = 0, bool checkUndefinedGrad = true, bool checkGradDtypes = false, bool checkBatchedGrad = false,
            bool checkBatchedForwardGrad = false, bool checkForwardAd = false, bool checkBackwardAd = true, bool fastMode = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            return GradCheck<(Tensor, Tensor), TOut>(both => func(both.Item1, both.Item2), inputs, eps, atol, rtol, raiseException, nondetTol, checkUndefinedGrad,
                checkGradDtypes, checkBatchedGrad, checkBatchedForwardGrad, checkForwardAd, checkBackwardAd, fastMode);
        }

        /// <inheritdoc cref="GradCheck{TIn, TOut}(Func{TIn, TOut}, TIn, double, double, double, bool, double, bool, bool, bool, bool, bool, bool, bool)"/>
        public static bool GradCheck<TOut>(
            Func<Tensor, Tensor, Tensor, TOut> func, (Tensor, Tensor, Tensor) inputs, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3,
            bool raiseException = true, double nondetTol = 0, bool checkUndefinedGrad = true, bool checkGradDtypes = false, bool checkBatchedGrad = false,
            bool checkBatchedForwardGrad = false, bool checkForwardAd = false, bool checkBackwardAd = true, bool fastMode = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            return GradCheck<(Tensor, Tensor, Tensor), TOut>(all => func(all.Item1, all.Item2, all.Item3), inputs, eps, atol, rtol, raiseException, nondetTol,
                checkUndefinedGrad, checkGradDtypes, checkBatchedGrad, checkBatchedForwardGrad, checkForwardAd, checkBackwardAd, fastMode);
        }

        /// <summary>
        /// Compares gradients of the gradients of a function with finite differences. Mirrors <c>torch.autograd.gradgradcheck</c>.
        /// </summary>
        /// <typeparam name="TIn">The type of the argument.</typeparam>
        /// <typeparam name="TOut">The type of the result: a tensor, or an array, tuple or dictionary of them.</typeparam>
        /// <param name="func">The function.</param>
        /// <param name="inputs">Its argument, as in <see cref="GradCheck{TIn, TOut}"/>.</param>
        /// <param name="gradOutputs">The gradients of the outputs that the first pass starts from; default: random ones.</param>
        /// <param name="eps">How far the inputs are moved. Default: 1e-6.</param>
        /// <param name="atol">Absolute tolerance. Default: 1e-5.</param>
        /// <param name="rtol">Relative tolerance. Default: 1e-3.</param>
        /// <param name="genNonContigGradOutputs">Whether the random gradients are not contiguous. Default: false.</param>
        /// <param name="raiseException">Whether a failed check is an exception, which says what failed; otherwise false is returned. Default: true.</param>
        /// <param name="nondetTol">How much the same pass may differ from itself. Default: 0.</param>
        /// <param name="checkUndefinedGrad">Whether gradients that do not arrive must count as zeros. Default: true.</param>
        /// <param name="checkGradDtypes">Whether gradients must have the dtype of their inputs. Default: false.</param>
        /// <param name="checkBatchedGrad">Whether several passes at once must give the same. Default: false.</param>
        /// <param name="checkFwdOverRev">Whether forward mode over backward mode is checked. Default: false.</param>
        /// <param name="checkRevOverRev">Whether backward mode twice is checked. Default: true.</param>
        /// <param name="fastMode">Checks along one random direction instead of every element. Default: false.</param>
        /// <returns>Whether all gradients agree.</returns>
        /// <exception cref="GradCheckException">They do not, and <paramref name="raiseException"/> is true.</exception>
        /// <exception cref="ArgumentException">No input requires a gradient, neither order is checked, or a check of the backward mode is asked for without it.</exception>
        public static bool GradGradCheck<TIn, TOut>(
            Func<TIn, TOut> func, TIn inputs, Tensor[]? gradOutputs = null, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3,
            bool genNonContigGradOutputs = false, bool raiseException = true, double nondetTol = 0, bool checkUndefinedGrad = true,
            bool checkGradDtypes = false, bool checkBatchedGrad = false, bool checkFwdOverRev = false, bool checkRevOverRev = true, bool fastMode = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            if (!checkFwdOverRev && !checkRevOverRev)
                throw new ArgumentException("There is nothing to check: set checkFwdOverRev, checkRevOverRev or both.");
            if (checkUndefinedGrad && !checkRevOverRev)
                throw new ArgumentException("checkUndefinedGrad is about the backward mode: it takes checkRevOverRev.");
            if (checkBatchedGrad && !checkRevOverRev)
                throw new ArgumentException("checkBatchedGrad is about the backward mode: it takes checkRevOverRev.");
            var leaves = new List<object?>();
            var shape = Tree.Flatten(inputs, leaves);
            var (gradients, all) = GradChecker.Second(OfTensors(func, shape, leaves), [.. leaves.OfType<Tensor>()], gradOutputs, genNonContigGradOutputs);
            return RunGradCheck(gradients, all, eps, atol, rtol, raiseException, nondetTol, checkUndefinedGrad, checkGradDtypes, checkBatchedGrad, false,
                checkFwdOverRev, checkRevOverRev, fastMode);
        }

        /// <inheritdoc cref="GradGradCheck{TIn, TOut}(Func{TIn, TOut}, TIn, Tensor[], double, double, double, bool, bool, double, bool, bool, bool, bool, bool, bool)"/>
        public static bool GradGradCheck<TOut>(
            Func<Tensor, TOut> func, Tensor inputs, Tensor[]? gradOutputs = null, double eps = 1e-6, double atol = 1e-5, double rtol = 1e-3,
            bool genNonContigGradOutputs = false, bool raiseException = true, double nondetTol = 0, bool checkUndefinedGrad = true,
            bool checkGradDtypes = false, bool checkBatchedGrad = false, bool checkFwdOverRev = false, bool checkRevOverRev = true, bool fastMode = false) =>
            GradGradCheck<Tensor, TOut>(func, inputs, gradOutputs, eps, atol, rtol, genNonContigGradOutputs, raiseException, nondetTol, checkUndefinedGrad,
                checkGradDtypes, checkBatchedGrad, checkFwdOverRev, checkRevOverRev, fastMode);

        /// <inheritdoc cref="GradGradCheck{TIn, TOut}(Func{TIn, TOut}, TIn, Tensor[], double, double, double, bool, bool, double, bool, bool, bool, bool, bool, bool)"/>
        public static bool GradGradCheck<TOut>(
            Func<Tensor, Tensor, TOut> func, (Tensor, Tensor) inputs, Tensor[]? gradOutputs = null, double eps = 1e-6, double atol = 1e-5,
            double rtol = 1e-3, bool genNonContigGradOutputs = false, bool raiseException = true, double nondetTol = 0, bool checkUndefinedGrad = true,
            bool checkGradDtypes = false, bool checkBatchedGrad = false, bool checkFwdOverRev = false, bool checkRevOverRev = true, bool fastMode = false)
        {
            ArgumentNullException.ThrowIfNull(func);
            return GradGradCheck<(Tensor, Tensor), TOut>(both => func(both.Item1, both.Item2), inputs, gradOutputs, eps, atol, rtol, genNonContigGradOutputs,
                raiseException, nondetTol, checkUndefinedGrad, checkGradDtypes, checkBatchedGrad, checkFwdOverRev, checkRevOverRev, fastMode);
        }

        /// <summary>The function on the tensors among its inputs alone.</summary>
        private static Func<Tensor[], Tensor[]> OfTensors<TIn, TOut>(Func<TIn, TOut> func, TreeShape shape, List<object?> leaves) => tensors =>
        {
            var filled = leaves.ToArray();
            for (int i = 0, next = 0; i < filled.Length; i++)
            {
                if (filled[i] is Tensor)
                    filled[i] = tensors[next++];
            }
            return [.. Tree.Tensors(func(shape.Build<TIn>(filled)))];
        };

        private static bool RunGradCheck(
            Func<Tensor[], Tensor[]> func, Tensor[] inputs, double eps, double atol, double rtol, bool raiseException, double nondetTol,
            bool checkUndefinedGrad, bool checkGradDtypes, bool checkBatchedGrad, bool checkBatchedForwardGrad, bool checkForwardAd, bool checkBackwardAd,
            bool fastMode)
        {
            var checker = new GradChecker
            {
                Eps = eps,
                Atol = atol,
                Rtol = rtol,
                NondetTol = nondetTol,
                CheckUndefinedGrad = checkUndefinedGrad,
                CheckGradDtypes = checkGradDtypes,
                CheckBatchedGrad = checkBatchedGrad,
                CheckBatchedForwardGrad = checkBatchedForwardGrad,
                CheckForwardAD = checkForwardAd,
                CheckBackwardAD = checkBackwardAd,
                FastMode = fastMode,
            };
            try
            {
                return checker.Run(func, inputs);
            }
            catch (GradCheckException) when (!raiseException)
            {
                return false;
            }
        }
    }
}
