using TorchBind.Autograd.Transforms;
using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>In which direction a Jacobian is computed. Mirrors the <c>strategy</c> of <c>torch.autograd.functional.jacobian</c>.</summary>
public enum JacobianStrategy
{
    /// <summary>Backwards, a row at a time. Python's <c>"reverse-mode"</c>.</summary>
    ReverseMode,

    /// <summary>Forwards, a column at a time; vectorised only. Python's <c>"forward-mode"</c>.</summary>
    ForwardMode,
}

/// <summary>The functions of <c>torch.autograd.functional</c>, on lists of inputs and outputs.</summary>
internal static class FunctionalCore
{
    /// <summary>A function of a list, and whether its inputs and outputs are lists to the user as well: messages differ.</summary>
    internal readonly record struct ListFunction(Func<Tensor[], Tensor[]> Function, bool ManyInputs, bool ManyOutputs)
    {
        internal Tensor[] Call(Tensor[] inputs)
        {
            var outputs = Function(inputs);
            if (outputs is null || Array.Exists(outputs, static output => output is null))
                throw new TorchTypeException("The function gave null in the place of a tensor.");
            return outputs;
        }
    }

    private enum Stage
    {
        Back,
        BackTrick,
        DoubleBack,
        DoubleBackTrick,
    }

    private static void CheckInputs(Tensor[] inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        foreach (var input in inputs)
            ArgumentNullException.ThrowIfNull(input, nameof(inputs));
    }

    private static Tensor[] Preprocess(Tensor[] inputs, bool createGraph, bool needGraph)
    {
        CheckInputs(inputs);
        var result = new Tensor[inputs.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var input = inputs[i];
            // Always another tensor: what the function captures is not its input.
            if (createGraph && input.RequiresGrad)
                result[i] = input.IsSparse ? input.Clone() : input.ViewAs(input);
            else
                result[i] = input.Detach().RequiresGrad_(needGraph);
        }
        return result;
    }

    private static Tensor[] Postprocess(Tensor[] tensors, bool createGraph) => createGraph ? tensors : Array.ConvertAll(tensors, t => t.Detach());

    private static void ValidateV(Tensor[] v, Tensor[] other, bool many)
    {
        if (other.Length != v.Length)
        {
            throw new TorchException(many
                ? $"v needs {other.Length} tensors and has {v.Length}."
                : $"v needs one tensor and has {v.Length}.");
        }
        for (var i = 0; i < v.Length; i++)
        {
            if (v[i].Shape != other[i].Shape)
            {
                throw new TorchException($"{(many ? $"Entry {i} of v" : "v")} has the shape {v[i].Shape}; it must be {other[i].Shape}.");
            }
        }
    }

    private static void CheckOutputs(Tensor[] outputs, bool strict)
    {
        for (var i = 0; strict && i < outputs.Length; i++)
        {
            if (!outputs[i].RequiresGrad)
            {
                throw new TorchException($"Output {i} is not computed from the input in a way that can be differentiated, which strict forbids.");
            }
        }
    }

    private static void CheckGradients(Tensor[] gradients, bool strict, Func<int, string> message)
    {
        for (var i = 0; strict && i < gradients.Length; i++)
        {
            if (gradients[i] is null)
                throw new TorchException($"The output of the function does not depend on input {i}, which strict forbids.");
            if (!gradients[i].RequiresGrad)
                throw new TorchException(message(i));
        }
    }

    private static string GradInputsMessage(int i) =>
        $"The gradient by input {i} is the same for all inputs, which strict forbids.";

    private static string JacobianMessage(int i) =>
        $"The Jacobian by input {i} is the same for all inputs, as that of a linear function is, so there is no Hessian; strict forbids it.";

    private static string HessianMessage(int i) =>
        $"The Hessian by input {i} is the same for all inputs, so it has no derivative; strict forbids it.";

    private static Tensor[] Grad(
        Tensor[] outputs, Tensor[] inputs, Tensor[]? gradOutputs, bool createGraph = false, bool? retainGraph = null, bool batched = false)
    {
        var differentiable = new List<Tensor>();
        var given = new List<Tensor?>();
        for (var i = 0; i < outputs.Length; i++)
        {
            if (outputs[i] is not { RequiresGrad: true })
                continue;
            differentiable.Add(outputs[i]);
            given.Add(gradOutputs?[i]);
        }
        return differentiable.Count == 0
            ? new Tensor[inputs.Length]
            : Torch.Autograd.Grad([.. differentiable], inputs, [.. given], retainGraph, createGraph, allowUnused: true, isGradsBatched: batched);
    }

    private static Tensor[] FillInZeros(Tensor[] gradients, Tensor[] like, bool strict, bool createGraph, Stage stage)
    {
        var result = new Tensor[gradients.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = gradients[i];
            if (gradients[i] is null)
            {
                if (strict)
                {
                    throw new TorchException(stage switch
                    {
                        Stage.Back => $"The output of the function does not depend on input {i}, which strict forbids.",
                        Stage.BackTrick => $"The gradient does not depend on entry {i} of what it starts from, so the second backward pass cannot give forward mode; strict forbids it.",
                        Stage.DoubleBack => $"The Jacobian does not depend on input {i}, which strict forbids.",
                        _ => $"The Hessian does not depend on entry {i} of what it starts from, so the second backward pass cannot give forward mode; strict forbids it.",
                    });
                }
                result[i] = Torch.ZerosLike(like[i]);
            }
            else if (strict && createGraph && !gradients[i].RequiresGrad)
            {
                var what = stage is Stage.Back or Stage.BackTrick ? "Jacobian" : "Hessian";
                throw new TorchException($"The {what} does not depend on input {i}, which strict with createGraph forbids.");
            }
        }
        return result;
    }

    internal static (Tensor[] Outputs, Tensor[] Result) Vjp(ListFunction func, Tensor[] inputs, Tensor[]? v, bool createGraph, bool strict)
    {
        Tensor[] outputs;
        using (Torch.EnableGrad())
        {
            inputs = Preprocess(inputs, createGraph, needGraph: true);
            outputs = func.Call(inputs);
            CheckOutputs(outputs, strict);
            if (v is not null)
            {
                v = Preprocess(v, createGraph, needGraph: false);
                ValidateV(v, outputs, func.ManyOutputs);
            }
            else if (outputs is not [var single] || single.Numel() != 1)
            {
                throw new TorchException("Without v, the output must be one tensor with one element.");
            }
        }
        using (Torch.SetGradEnabled(createGraph || Torch.IsGradEnabled()))
        {
            var result = FillInZeros(Grad(outputs, inputs, v, createGraph), inputs, strict, createGraph, Stage.Back);
            return (Postprocess(outputs, createGraph), Postprocess(result, createGraph));
        }
    }

    internal static (Tensor[] Outputs, Tensor[] Result) Jvp(ListFunction func, Tensor[] inputs, Tensor[]? v, bool createGraph, bool strict)
    {
        Tensor[] outputs, gradOutputs, gradInputs;
        using (Torch.EnableGrad())
        {
            inputs = Preprocess(inputs, createGraph, needGraph: true);
            v = CheckedV(inputs, v, func.ManyInputs, createGraph, "Without v, the input must be one tensor with one element.");
            outputs = func.Call(inputs);
            CheckOutputs(outputs, strict);
            // The backward is linear in these: their values do not matter.
            gradOutputs = Array.ConvertAll(outputs, output => Torch.ZerosLike(output, requiresGrad: true));
            gradInputs = Grad(outputs, inputs, gradOutputs, createGraph: true);
            CheckGradients(gradInputs, strict, GradInputsMessage);
        }
        using (Torch.SetGradEnabled(createGraph || Torch.IsGradEnabled()))
        {
            var result = FillInZeros(Grad(gradInputs, gradOutputs, v, createGraph), outputs, strict, createGraph, Stage.BackTrick);
            return (Postprocess(outputs, createGraph), Postprocess(result, createGraph));
        }
    }

    private static Tensor[]? CheckedV(Tensor[] inputs, Tensor[]? v, bool many, bool createGraph, string message)
    {
        if (v is not null)
        {
            v = Preprocess(v, createGraph, needGraph: false);
            ValidateV(v, inputs, many);
        }
        else if (inputs is not [var single] || single.Numel() != 1)
        {
            throw new TorchException(message);
        }
        return v;
    }

    private static Tensor Single(ListFunction func, Tensor[] outputs, string name)
    {
        if (func.ManyOutputs || outputs.Length != 1)
            throw new TorchException($"{name} takes a function that gives one tensor.");
        if (outputs[0].Numel() != 1)
            throw new TorchException($"{name} takes a function that gives one number, a tensor with one element.");
        return outputs[0];
    }

    internal static (Tensor[] Outputs, Tensor[] Result) Vhp(ListFunction func, Tensor[] inputs, Tensor[]? v, bool createGraph, bool strict)
    {
        Tensor[] outputs, jacobian;
        using (Torch.EnableGrad())
        {
            inputs = Preprocess(inputs, createGraph, needGraph: true);
            v = CheckedV(inputs, v, func.ManyInputs, createGraph, "Without v, the input must be one tensor with one element.");
            outputs = func.Call(inputs);
            CheckOutputs(outputs, strict);
            Single(func, outputs, "vhp");
            jacobian = Grad(outputs, inputs, null, createGraph: true);
            CheckGradients(jacobian, strict, JacobianMessage);
        }
        using (Torch.SetGradEnabled(createGraph || Torch.IsGradEnabled()))
        {
            var result = FillInZeros(Grad(jacobian, inputs, v, createGraph), inputs, strict, createGraph, Stage.DoubleBack);
            return (Postprocess(outputs, createGraph), Postprocess(result, createGraph));
        }
    }

    internal static (Tensor[] Outputs, Tensor[] Result) Hvp(ListFunction func, Tensor[] inputs, Tensor[]? v, bool createGraph, bool strict)
    {
        Tensor[] outputs, gradJacobian, doubleBack;
        using (Torch.EnableGrad())
        {
            inputs = Preprocess(inputs, createGraph, needGraph: true);
            v = CheckedV(inputs, v, func.ManyInputs, createGraph, "Without v, the input must be one tensor with one element.");
            outputs = func.Call(inputs);
            CheckOutputs(outputs, strict);
            Single(func, outputs, "hvp");
            var jacobian = Grad(outputs, inputs, null, createGraph: true);
            CheckGradients(jacobian, strict, JacobianMessage);
            gradJacobian = Array.ConvertAll(inputs, input => Torch.ZerosLike(input, requiresGrad: true));
            doubleBack = Grad(jacobian, inputs, gradJacobian, createGraph: true);
            CheckGradients(jacobian, strict, HessianMessage);
        }
        using (Torch.SetGradEnabled(createGraph || Torch.IsGradEnabled()))
        {
            var result = FillInZeros(Grad(doubleBack, gradJacobian, v, createGraph), inputs, strict, createGraph, Stage.DoubleBackTrick);
            return (Postprocess(outputs, createGraph), Postprocess(result, createGraph));
        }
    }

    /// <summary>By output, then by input.</summary>
    internal static Tensor[][] Jacobian(
        ListFunction func, Tensor[] inputs, bool createGraph, bool strict, bool vectorize, JacobianStrategy strategy)
    {
        if (strategy == JacobianStrategy.ForwardMode)
        {
            if (createGraph)
            {
                throw new NotSupportedException("Forward mode has no graph yet: leave createGraph off, or choose JacobianStrategy.ReverseMode.");
            }
            return ForwardJacobian(func, inputs, strict, vectorize);
        }
        using var mode = Torch.EnableGrad();
        inputs = Preprocess(inputs, createGraph, needGraph: true);
        var outputs = func.Call(inputs);
        CheckOutputs(outputs, strict);
        var jacobian = vectorize ? VectorizedRows(outputs, inputs, createGraph, strict) : Rows(outputs, inputs, createGraph, strict);
        return Array.ConvertAll(jacobian, row => Postprocess(row, createGraph));
    }

    private static Tensor[][] Rows(Tensor[] outputs, Tensor[] inputs, bool createGraph, bool strict)
    {
        var jacobian = new Tensor[outputs.Length][];
        for (var o = 0; o < outputs.Length; o++)
        {
            var output = outputs[o];
            var rows = Array.ConvertAll(inputs, _ => new List<Tensor>());
            var count = output.Numel();
            for (long j = 0; j < count; j++)
            {
                var row = Grad([output.Reshape(-1)[j]], inputs, null, createGraph, retainGraph: true);
                for (var i = 0; i < inputs.Length; i++)
                {
                    if (row[i] is not null)
                    {
                        if (strict && createGraph && !row[i].RequiresGrad)
                        {
                            throw new TorchException($"The Jacobian does not depend on input {i}, which strict with createGraph forbids.");
                        }
                        rows[i].Add(row[i]);
                    }
                    else
                    {
                        if (strict)
                        {
                            throw new TorchException($"Output {o} does not depend on input {i}, which strict forbids.");
                        }
                        rows[i].Add(Torch.ZerosLike(inputs[i]));
                    }
                }
            }
            jacobian[o] = new Tensor[inputs.Length];
            for (var i = 0; i < inputs.Length; i++)
                jacobian[o][i] = Torch.Stack([.. rows[i]], 0).View([.. output.Shape, .. inputs[i].Shape]);
        }
        return jacobian;
    }

    private static Tensor[][] VectorizedRows(Tensor[] outputs, Tensor[] inputs, bool createGraph, bool strict)
    {
        if (strict)
        {
            throw new TorchException("strict looks at one output after the other, and vectorize takes them at once: leave one of them off.");
        }
        long[] sizes = [.. outputs.Select(o => o.Numel())];
        var total = sizes.Sum();
        var flat = Array.ConvertAll(outputs, output => output.Reshape(-1));
        var basis = Transform.StandardBasis(flat, sizes, null).First();
        var rows = Grad(flat, inputs, basis, createGraph, batched: true);
        var jacobian = Array.ConvertAll(outputs, _ => new Tensor[inputs.Length]);
        for (var i = 0; i < inputs.Length; i++)
        {
            var stacked = rows[i] ?? Torch.ZerosLike(inputs[i]).Expand([total, .. inputs[i].Shape]);
            var parts = stacked.Split(sizes, 0);
            for (var o = 0; o < outputs.Length; o++)
                jacobian[o][i] = parts[o].View([.. outputs[o].Shape, .. inputs[i].Shape]);
        }
        return jacobian;
    }

    private static unsafe Tensor[][] ForwardJacobian(ListFunction func, Tensor[] inputs, bool strict, bool vectorize)
    {
        if (strict)
        {
            throw new TorchException("Forward mode has no strict form yet: leave strict off, or choose JacobianStrategy.ReverseMode.");
        }
        if (!vectorize)
        {
            throw new NotSupportedException("Forward mode computes all columns at once: set vectorize, or choose the reverse mode.");
        }
        CheckInputs(inputs);
        long[] sizes = [.. inputs.Select(i => i.Numel())];
        var total = sizes.Sum();
        var flat = Array.ConvertAll(inputs, input => input.Reshape(-1));
        var basis = Transform.StandardBasis(flat, sizes, null).First();

        long level;
        NativeError.Check(NativeMethods.tb_vmap_mode_enter(&level));
        try
        {
            Tensor[] primals, tangents;
            using (DualLevelScope.EnterShared())
            {
                var duals = new Tensor[inputs.Length];
                for (var i = 0; i < duals.Length; i++)
                {
                    var tangent = Torch.Aten._AddBatchDim(basis[i], 0, level).ViewAs(inputs[i]);
                    duals[i] = Torch.Autograd.ForwardAD.MakeDual(inputs[i], tangent);
                }
                var outputs = func.Call(duals);
                primals = new Tensor[outputs.Length];
                tangents = new Tensor[outputs.Length];
                for (var o = 0; o < outputs.Length; o++)
                {
                    (primals[o], var tangent) = Torch.Autograd.ForwardAD.UnpackDual(outputs[o]);
                    tangents[o] = tangent ?? Torch.ZerosLike(primals[o]);
                }
            }
            var jacobian = new Tensor[primals.Length][];
            for (var o = 0; o < primals.Length; o++)
            {
                var parts = Torch.Aten._RemoveBatchDim(tangents[o], level, total, 0).Split(sizes, 0);
                jacobian[o] = new Tensor[inputs.Length];
                for (var i = 0; i < inputs.Length; i++)
                {
                    // The batch counts the elements of the inputs: they come last.
                    long[] order = [.. Enumerable.Range(1, parts[i].NDim - 1).Select(d => (long)d), 0];
                    jacobian[o][i] = parts[i].Permute(order).Reshape([.. primals[o].Shape, .. inputs[i].Shape]);
                }
            }
            return jacobian;
        }
        finally
        {
            NativeError.Check(NativeMethods.tb_vmap_mode_exit());
        }
    }

    /// <summary>By input, twice.</summary>
    internal static Tensor[][] Hessian(
        ListFunction func, Tensor[] inputs, bool createGraph, bool strict, bool vectorize, JacobianStrategy outerStrategy)
    {
        var single = new ListFunction(given =>
        {
            var outputs = func.Call(given);
            CheckOutputs(outputs, strict);
            return [Single(func, outputs, "hessian").Squeeze()];
        }, func.ManyInputs, false);
        var jacobian = new ListFunction(given =>
        {
            // Otherwise they would be detached.
            if (outerStrategy == JacobianStrategy.ForwardMode)
                given = Array.ConvertAll(given, t => t.RequiresGrad_());
            var row = Jacobian(single, given, createGraph: true, strict: false, vectorize: false, JacobianStrategy.ReverseMode)[0];
            CheckGradients(row, strict, JacobianMessage);
            return row;
        }, func.ManyInputs, true);
        return Jacobian(jacobian, inputs, createGraph, strict, vectorize, outerStrategy);
    }
}
