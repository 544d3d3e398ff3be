using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>Entries into libtorch's autograd engine, shared by <see cref="Tensor.Backward"/> and the functions of this namespace.</summary>
internal static unsafe class AutogradEngine
{
    internal static void Backward(
        ReadOnlySpan<Tensor> tensors, ReadOnlySpan<Tensor?> gradients, bool? retainGraph, bool createGraph, ReadOnlySpan<Tensor> inputs)
    {
        CheckGradients(tensors, gradients, nameof(gradients));
        using var outputs = new BorrowList(tensors, nameof(tensors));
        using var grads = new BorrowList(gradients, nameof(gradients), optional: true);
        using var leaves = new BorrowList(inputs, nameof(inputs));
        NativeError.Check(NativeMethods.tb_autograd_backward(outputs.Handles, grads.Length == 0 ? null : grads.Handles, outputs.Length,
            Byte(retainGraph ?? createGraph), Byte(createGraph), leaves.Handles, leaves.Length));
    }

    internal static Tensor?[] Grad(
        ReadOnlySpan<Tensor> tensors, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> gradients, bool? retainGraph, bool createGraph,
        bool allowUnused)
    {
        CheckGradients(tensors, gradients, nameof(gradients));
        using var outputs = new BorrowList(tensors, nameof(tensors));
        using var grads = new BorrowList(gradients, nameof(gradients), optional: true);
        using var leaves = new BorrowList(inputs, nameof(inputs));
        var handles = new nint[inputs.Length];
        fixed (nint* results = handles)
        {
            NativeError.Check(NativeMethods.tb_autograd_grad(outputs.Handles, grads.Length == 0 ? null : grads.Handles, outputs.Length,
                leaves.Handles, leaves.Length, Byte(retainGraph ?? createGraph), Byte(createGraph), Byte(allowUnused), results));
        }
        return Array.ConvertAll(handles, Tensor.WrapOptional);
    }

    private static void CheckGradients(ReadOnlySpan<Tensor> tensors, ReadOnlySpan<Tensor?> gradients, string name)
    {
        if (gradients.Length != 0 && gradients.Length != tensors.Length)
            throw new ArgumentException($"There are {tensors.Length} tensors and {gradients.Length} gradients; give one for each, or none.", name);
    }

    private static byte Byte(bool value) => value ? (byte)1 : (byte)0;
}
