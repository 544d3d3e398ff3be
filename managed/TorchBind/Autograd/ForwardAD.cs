using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind
{
    public static partial class Torch
    {
        public static partial class Autograd
        {
            /// <summary>Differentiation forwards, along with the computation. Mirrors <c>torch.autograd.forward_ad</c>.</summary>
            public static class ForwardAD
            {
                /// <summary>
                /// Until disposed, dual tensors can be made; then their tangents are gone. For the whole process; levels do not nest.
                /// Mirrors <c>torch.autograd.forward_ad.dual_level</c>.
                /// </summary>
                /// <returns>The level; dispose it to leave.</returns>
                /// <exception cref="TorchException">A level is entered already.</exception>
                public static DualLevelScope DualLevel() => DualLevelScope.Enter();

                /// <summary>
                /// A view of the tensor that carries a tangent: what is computed with it carries its own. Mirrors
                /// <c>torch.autograd.forward_ad.make_dual</c>.
                /// </summary>
                /// <param name="tensor">The value, floating-point or complex; without a tangent of this level.</param>
                /// <param name="tangent">Its tangent, of the same shape.</param>
                /// <param name="level">The number of the level. Default: the one that was entered.</param>
                /// <returns>A view of <paramref name="tensor"/>, of its shape and dtype.</returns>
                /// <exception cref="TorchException">No level was entered, or not that one; the shapes differ; or the tensor has a tangent already.</exception>
                /// <exception cref="ArgumentException">A dtype is not floating-point or complex.</exception>
                public static Tensor MakeDual(Tensor tensor, Tensor tangent, long? level = null)
                {
                    ArgumentNullException.ThrowIfNull(tensor);
                    ArgumentNullException.ThrowIfNull(tangent);
                    TorchBind.Autograd.Transforms.Level.LoadJvpFormulas();
                    var at = level ?? DualLevelScope.Current;
                    if (at < 0)
                    {
                        throw new TorchException("There is no level of forward mode to make a dual tensor in: begin one with ForwardAD.DualLevel().");
                    }
                    Check(tensor, "primal", nameof(tensor));
                    Check(tangent, "tangent", nameof(tangent));
                    return Aten._MakeDual(tensor, tangent, at);
                }

                /// <summary>
                /// The value and the tangent, null where there is none, of a dual tensor. Mirrors <c>torch.autograd.forward_ad.unpack_dual</c>.
                /// </summary>
                /// <param name="tensor">The tensor, dual or not.</param>
                /// <param name="level">The number of the level. Default: the one that was entered; without one the tensor has no tangent.</param>
                /// <returns>The value, and the tangent of its shape or null.</returns>
                /// <exception cref="ArgumentNullException">The tensor is null.</exception>
                public static (Tensor Primal, Tensor? Tangent) UnpackDual(Tensor tensor, long? level = null)
                {
                    ArgumentNullException.ThrowIfNull(tensor);
                    var at = level ?? DualLevelScope.Current;
                    return at < 0 ? (tensor, null) : Aten._UnpackDual(tensor, at);
                }

                private static void Check(Tensor tensor, string what, string name)
                {
                    var dtype = tensor.DType;
                    if (!dtype.IsFloatingPoint() && !dtype.IsComplex())
                        throw new ArgumentException($"The {what} must hold real or complex floating-point numbers, not {dtype.Name()}.", name);
                }
            }
        }
    }
}

namespace TorchBind.Autograd
{
    /// <summary>A level of forward-mode differentiation. Made by <see cref="Torch.Autograd.ForwardAD.DualLevel"/>.</summary>
    public sealed class DualLevelScope : IDisposable
    {
        // libtorch has one level for the whole process, as Python has one current level. Transforms on several threads share it.
        private static readonly Lock s_lock = new();
        private static long s_current = -1;
        private static int s_holders;
        private bool _active = true;

        private DualLevelScope(long level) => Level = level;

        /// <summary>The number of the level.</summary>
        public long Level { get; }

        internal static long Current => Volatile.Read(ref s_current);

        /// <summary>The level that <see cref="EnterShared"/> has entered.</summary>
        internal static long Shared => Current;

        internal static DualLevelScope Enter()
        {
            lock (s_lock)
            {
                var level = EnterNative();
                s_holders = 1;
                return new DualLevelScope(level);
            }
        }

        /// <summary>A level of its own, or the one that is there.</summary>
        internal static DualLevelScope EnterShared()
        {
            lock (s_lock)
            {
                var level = s_current >= 0 ? s_current : EnterNative();
                s_holders++;
                return new DualLevelScope(level);
            }
        }

        private static unsafe long EnterNative()
        {
            long level;
            NativeError.Check(NativeMethods.tb_dual_level_enter(&level));
            s_current = level;
            s_holders = 0;
            return level;
        }

        /// <summary>Leaves the level; with its last holder its tangents are forgotten. Disposing twice is harmless.</summary>
        public void Dispose()
        {
            lock (s_lock)
            {
                if (!_active)
                    return;
                _active = false;
                if (--s_holders > 0)
                    return;
                var level = s_current;
                s_current = -1;
                NativeError.Check(NativeMethods.tb_dual_level_exit(level));
            }
        }
    }
}
