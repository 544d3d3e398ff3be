using System.Globalization;
using TorchBind.Utils;

namespace TorchBind.Autograd;

/// <summary>
/// Compares gradients with finite differences: element by element, or (fast) along one random direction. Complex functions are taken as two real
/// ones, as Python does.
/// </summary>
internal sealed class GradChecker
{
    internal required double Eps { get; init; }
    internal required double Atol { get; init; }
    internal required double Rtol { get; init; }
    internal required double NondetTol { get; init; }
    internal required bool CheckUndefinedGrad { get; init; }
    internal required bool CheckGradDtypes { get; init; }
    internal required bool CheckBatchedGrad { get; init; }
    internal required bool CheckBatchedForwardGrad { get; init; }
    internal required bool CheckForwardAD { get; init; }
    internal required bool CheckBackwardAD { get; init; }
    internal required bool FastMode { get; init; }

    private delegate Tensor[] TensorFunction(Tensor[] inputs);

    /// <summary>What a check was done on, for its message.</summary>
    private readonly record struct Part(int[]? ComplexIndices, bool Imaginary, bool Forward);

    internal bool Run(Func<Tensor[], Tensor[]> func, Tensor[] inputs)
    {
        if (!CheckForwardAD && !CheckBackwardAD)
            throw new ArgumentException("There is nothing to check: set checkForwardAd, checkBackwardAd or both.");
        if (CheckBatchedGrad && !CheckBackwardAD)
            throw new ArgumentException("checkBatchedGrad is about the backward mode: it takes checkBackwardAd.");
        if (CheckBatchedForwardGrad && !CheckForwardAD)
            throw new ArgumentException("checkBatchedForwardGrad is about the forward mode: it takes checkForwardAd.");

        CheckInputs(inputs);
        TensorFunction function = given => func(given);
        var results = function(inputs);
        var outputs = Differentiable(results);
        if (Array.Exists(outputs, o => o.Layout != Layout.Strided))
        {
            throw new ArgumentException("An output is sparse; gradients are checked of strided ones only: let the function end with ToDense.");
        }
        CheckRealAndImaginary(function, results, inputs, outputs);
        if (CheckBatchedForwardGrad)
            BatchedForwardGrad(function, inputs);
        if (!CheckBackwardAD)
            return true;
        for (var i = 0; CheckBatchedGrad && i < outputs.Length; i++)
            BatchedGrad(inputs, outputs[i], i);
        MultipliedByGradOutput(outputs, inputs);
        if (CheckUndefinedGrad)
            UndefinedBackward(function, outputs, inputs);
        return true;
    }

    private static void CheckInputs(Tensor[] inputs)
    {
        var any = false;
        for (var i = 0; i < inputs.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(inputs[i], $"inputs[{i}]");
            if (!inputs[i].RequiresGrad)
                continue;
            if (inputs[i].Layout != Layout.Strided)
                throw new NotSupportedException($"Input {i} is sparse; gradients are checked of strided inputs only.");
            var (sizes, strides) = (inputs[i].Shape, inputs[i].Stride());
            for (var d = 0; d < sizes.Length; d++)
            {
                if (strides[d] <= 0 && sizes[d] > 1)
                {
                    throw new TorchException($"Elements of input {i} share memory, because it has a stride of 0, so they cannot be moved one by one: give its Contiguous copy.");
                }
            }
            any = true;
        }
        if (!any)
            throw new ArgumentException("No input requires a gradient, so there is none to check: call RequiresGrad_ on those to check.");
    }

    private static Tensor[] Differentiable(Tensor[] tensors) => [.. tensors.Where(t => t.RequiresGrad)];

    private static bool IsFloat(Tensor tensor) => tensor.DType is var dtype && (dtype.IsFloatingPoint() || dtype.IsComplex());

    private static bool IsComplex(Tensor tensor) => tensor.DType.IsComplex();

    // ---- complex functions as real ones

    private void CheckRealAndImaginary(TensorFunction func, Tensor[] results, Tensor[] inputs, Tensor[] outputs)
    {
        int[] complexOutputs = [.. Indices(outputs, IsComplex)];
        if (CheckBackwardAD)
        {
            if (Array.Exists(results, IsComplex))
            {
                foreach (var imaginary in new[] { true, false })
                {
                    Tensor[] Component(Tensor[] given) => Array.ConvertAll(func(given), o => IsComplex(o) ? imaginary ? o.Imag : o.Real : o);
                    var found = Component(inputs);
                    CheckOne(Component, found, inputs, Differentiable(found), new Part(complexOutputs, imaginary, false));
                }
            }
            else
            {
                CheckOne(func, results, inputs, outputs, default);
            }
        }
        if (!CheckForwardAD)
            return;

        int[] complexInputs = [.. Indices(inputs, IsComplex)];
        if (complexInputs.Length == 0)
        {
            CheckOne(func, results, inputs, outputs, new Part(null, false, true));
            if (CheckUndefinedGrad)
                UndefinedForward(func, outputs, inputs);
            return;
        }
        foreach (var imaginary in new[] { true, false })
        {
            // A function of one component; the other is as it is.
            Tensor[] OfComponent(Tensor[] given)
            {
                var whole = (Tensor[])given.Clone();
                foreach (var i in complexInputs)
                    whole[i] = imaginary ? inputs[i].Real + Times(given[i], 1) : given[i] + Times(inputs[i].Imag, 1);
                return func(whole);
            }

            var components = Array.ConvertAll(inputs, i => IsComplex(i) ? imaginary ? i.Imag : i.Real : i);
            var found = OfComponent(components);
            CheckOne(OfComponent, found, components, Differentiable(found), new Part(complexInputs, imaginary, true));
            if (CheckUndefinedGrad)
                UndefinedForward(OfComponent, found, components);
        }
    }

    private static Tensor Times(Tensor tensor, double imaginary) => tensor * new System.Numerics.Complex(0, imaginary);

    private static IEnumerable<int> Indices(Tensor[] tensors, Func<Tensor, bool> which)
    {
        for (var i = 0; i < tensors.Length; i++)
        {
            if (which(tensors[i]))
                yield return i;
        }
    }

    private void CheckOne(TensorFunction func, Tensor[] results, Tensor[] inputs, Tensor[] outputs, Part part)
    {
        if (FastMode)
            CheckFast(func, results, inputs, outputs, part);
        else
            CheckSlow(func, results, inputs, outputs, part);
    }

    // ---- element by element

    private void CheckSlow(TensorFunction func, Tensor[] results, Tensor[] inputs, Tensor[] outputs, Part part)
    {
        var numerical = Numerical(func, inputs, results, part.Forward);
        if (outputs.Length == 0)
        {
            if (numerical.Any(row => row.Any(jacobian => (bool)Torch.Ne(jacobian, 0).Any())))
                throw new GradCheckException("No output depends on the inputs by the graph, but the numbers say that one does.");
            return;
        }
        // By output, for those that have a gradient.
        var rows = new List<Tensor[]>();
        var floats = Indices(results, IsFloat).ToArray();
        for (var o = 0; o < floats.Length; o++)
        {
            if (results[floats[o]].RequiresGrad)
                rows.Add([.. numerical.Select(column => column[o])]);
        }

        if (part.Forward)
        {
            var analytical = ForwardJacobian(func, inputs, results, null);
            for (var o = 0; o < rows.Count; o++)
            {
                for (var i = 0; i < rows[o].Length; i++)
                {
                    if (!AllClose(analytical[i][o], rows[o][i], Atol))
                        throw new GradCheckException(Mismatch(analytical[i][o], rows[o][i], o, i, part));
                }
            }
            return;
        }
        for (var o = 0; o < outputs.Length; o++)
        {
            var analytical = BackwardJacobian(inputs, outputs[o], null);
            for (var i = 0; i < analytical.Length; i++)
            {
                if (!AllClose(analytical[i], rows[o][i], Atol))
                    throw new GradCheckException(Mismatch(analytical[i], rows[o][i], o, i, part));
            }
        }
    }

    private bool AllClose(Tensor a, Tensor b, double atol)
    {
        var dtype = Torch.PromoteTypes(a.DType, b.DType);
        return Torch.Allclose(a.To(dtype), b.To(a.Device, dtype), Rtol, atol);
    }

    private static string Mismatch(Tensor analytical, Tensor numerical, int output, int input, Part part)
    {
        var partial = part.ComplexIndices is { } indices && indices.Contains(part.Forward ? input : output);
        var prefix = partial ? $"Of the {(part.Imaginary ? "imaginary" : "real")} part of complex {(part.Forward ? "inputs" : "outputs")}: " : "";
        return $"{prefix}The gradient of output {output} by input {input}{(part.Forward ? ", in forward mode," : "")} is not what small steps give.\n"
            + $"By small steps:\n{numerical}\nBy the graph:\n{analytical}\n";
    }

    /// <summary>For each input that requires a gradient, and each floating-point output: elements of the input by elements of the output.</summary>
    private List<Tensor[]> Numerical(TensorFunction func, Tensor[] inputs, Tensor[] results, bool forward)
    {
        if (!forward && Array.Exists(results, IsComplex))
            throw new ArgumentException("An output is complex, where only real ones are differentiated by small steps.");
        var jacobians = new List<Tensor[]>();
        var floats = Indices(results, IsFloat).ToArray();
        foreach (var input in inputs)
        {
            if (!input.RequiresGrad)
                continue;
            var count = input.Numel();
            var dtype = input.DType;
            var columns = Array.ConvertAll(floats, o => dtype.IsComplex()
                ? results[o].NewZeros([count, results[o].Numel()], dtype: dtype)
                : results[o].NewZeros([count, results[o].Numel()]));
            // The same memory outside of autograd: the function sees the input itself change.
            var flat = Elements(input.Data);
            for (long e = 0; e < count; e++)
            {
                var found = Derivatives(() => func(inputs), flat(e), Torch.ScalarTensor(Eps, dtype: dtype), Eps, dtype.IsComplex());
                for (var o = 0; o < floats.Length; o++)
                    columns[o][e].Copy_(found[floats[o]]);
            }
            jacobians.Add(columns);
        }
        return jacobians;
    }

    /// <summary>Element by number, in row-major order, as a view.</summary>
    private static Func<long, Tensor> Elements(Tensor tensor)
    {
        var shape = tensor.Shape;
        return number =>
        {
            var element = tensor;
            var rest = number;
            for (var d = shape.Length - 1; d >= 0; d--)
            {
                element = element.Select(d, rest % shape[d]);
                rest /= shape[d];
            }
            return element;
        };
    }

    /// <summary>The change of each result along a real direction; for a complex input, with the change along the imaginary one.</summary>
    private Tensor[] Derivatives(Func<Tensor[]> func, Tensor entry, Tensor direction, double norm, bool complex, Tensor? imaginary = null)
    {
        var real = Difference(func, entry, direction, norm);
        if (!complex)
            return real;
        var other = Difference(func, entry, Times(imaginary ?? direction, 1), norm);
        return [.. real.Select((ds, i) => ds + Times(other[i], 1))];
    }

    private Tensor[] Difference(Func<Tensor[]> func, Tensor entry, Tensor direction, double norm)
    {
        var original = entry.Clone();
        entry.Copy_(original - direction);
        var before = Clones(func());
        entry.Copy_(original + direction);
        var after = Clones(func());
        entry.Copy_(original);
        return [.. before.Select((a, i) =>
        {
            var b = after[i];
            if (a.Shape != b.Shape)
            {
                throw new TorchException($"The shape of an output changes from {a.Shape} to {b.Shape} when an input moves by {Number(Eps)}; it must stay.");
            }
            if (a.DType != b.DType)
            {
                throw new TorchException($"The dtype of an output changes from {a.DType.Name()} to {b.DType.Name()} when an input moves by {Number(Eps)}; it must stay.");
            }
            return ((b - a) / (2 * norm)).Detach().Reshape(-1);
        })];

        static Tensor[] Clones(Tensor[] tensors) => Array.ConvertAll(tensors, t => t.Clone());
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>
    /// For each input the Jacobian backwards: elements of the input by elements of the output, or, with a vector, one column. Computed twice: the
    /// pass may not depend on anything else.
    /// </summary>
    private Tensor[] BackwardJacobian(Tensor[] inputs, Tensor output, Tensor? v)
    {
        var differentiable = Differentiable(inputs);
        var (first, sizes, dtypes) = Columns(differentiable, BackwardRows(output, differentiable, v));
        var (second, _, _) = Columns(differentiable, BackwardRows(output, differentiable, v));
        // The order of the two is Python's: a wrong size is found as a wrong dtype where both are checked.
        if (!sizes && CheckGradDtypes)
            throw new GradCheckException("A gradient has another dtype than its input.");
        if (!dtypes)
            throw new GradCheckException("A gradient has another shape than its input.");
        for (var i = 0; i < first.Length; i++)
        {
            if (first[i].Numel() != 0 && (first[i] - second[i]).Abs().Max().Item<double>() > NondetTol)
            {
                throw new GradCheckException($"The same backward pass gave two results that are further apart than nondetTol, {Number(NondetTol)}, allows, although one fits the small steps.");
            }
        }
        return first;
    }

    private static List<Tensor[]> BackwardRows(Tensor output, Tensor[] inputs, Tensor? v)
    {
        var rows = new List<Tensor[]>();
        var sample = output.Clone();
        if (v is not null)
        {
            rows.Add(Pass(v.Reshape(sample.Shape)));
            return rows;
        }
        var gradient = Torch.ZerosLike(sample, memoryFormat: MemoryFormat.Contiguous);
        var flat = gradient.View(-1);
        var count = flat.Numel();
        for (long j = 0; j < count; j++)
        {
            flat.Zero_();
            flat[j].Fill_(1.0);
            rows.Add(Pass(gradient));
        }
        return rows;

        Tensor[] Pass(Tensor grad) => Array.ConvertAll(
            Torch.Autograd.Grad(output, inputs, grad, retainGraph: true, allowUnused: true), g => g is null ? null! : g.Clone());
    }

    private static (Tensor[] Jacobians, bool DtypesOk, bool SizesOk) Columns(Tensor[] inputs, List<Tensor[]> rows)
    {
        var jacobians = Array.ConvertAll(inputs, input => input.NewZeros([input.Numel(), rows.Count]));
        var (sizes, dtypes) = (true, true);
        for (var j = 0; j < rows.Count; j++)
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                if (rows[j][i] is not { } row)
                    continue;
                if (row.Shape != inputs[i].Shape)
                    sizes = false;
                else if (row.DType != inputs[i].DType)
                    dtypes = false;
                var dense = row.Layout == Layout.Strided ? row : row.ToDense();
                jacobians[i].Select(1, j).Copy_(dense.Reshape(-1));
            }
        }
        // Python's function gives these two the other way round than its caller takes them.
        return (jacobians, sizes, dtypes);
    }

    /// <summary>For each input and each floating-point output, forwards; with vectors, one row.</summary>
    private Tensor[][] ForwardJacobian(TensorFunction func, Tensor[] inputs, Tensor[] results, Tensor[]? directions)
    {
        var differentiable = Differentiable(inputs);
        if (Array.Exists(differentiable, IsComplex))
            throw new ArgumentException("An input is complex, where the forward mode takes real ones.");
        Tensor[] floats = [.. results.Where(IsFloat)];
        var jacobians = Array.ConvertAll(differentiable,
            input => Array.ConvertAll(floats, output => output.NewZeros([directions is null ? input.Numel() : 1, output.Numel()])));

        using var level = Torch.Autograd.ForwardAD.DualLevel();
        var duals = (Tensor[])inputs.Clone();
        var tangents = new List<Tensor>();
        for (var i = 0; i < duals.Length; i++)
        {
            if (!inputs[i].RequiresGrad)
                continue;
            duals[i] = Torch.Autograd.ForwardAD.MakeDual(inputs[i].Detach(), Torch.ZerosLike(inputs[i]));
            // The dual's own: it may be a copy of what was given.
            tangents.Add(Torch.Autograd.ForwardAD.UnpackDual(duals[i]).Tangent!);
        }
        for (var i = 0; i < tangents.Count; i++)
        {
            if (directions is not null)
            {
                tangents[i].Copy_(directions[i].ViewAs(tangents[i]));
                Fill(i, 0);
                tangents[i].Zero_();
                for (var o = 0; o < floats.Length; o++)
                    jacobians[i][o] = jacobians[i][o].Squeeze(0);
                continue;
            }
            var element = Elements(tangents[i]);
            var count = tangents[i].Numel();
            for (long e = 0; e < count; e++)
            {
                element(e).Fill_(1.0);
                Fill(i, e);
                element(e).Fill_(0.0);
            }
        }
        return jacobians;

        void Fill(int input, long row)
        {
            var found = func(duals).Where(IsFloat).ToArray();
            for (var o = 0; o < found.Length; o++)
            {
                var (value, tangent) = Torch.Autograd.ForwardAD.UnpackDual(found[o]);
                if (CheckGradDtypes && tangent is not null && IsComplex(value) != IsComplex(tangent))
                    throw new GradCheckException("A tangent has another dtype than its output.");
                if (tangent is null)
                    jacobians[input][o][row].Zero_();
                else
                    jacobians[input][o][row].Copy_(tangent.Reshape(-1));
            }
        }
    }

    // ---- along one direction

    private void CheckFast(TensorFunction func, Tensor[] results, Tensor[] inputs, Tensor[] outputs, Part part)
    {
        // Its own generator: the user's stays where it is.
        using var generator = new Generator();
        var differentiable = Indices(inputs, i => i.RequiresGrad).ToArray();
        var u = new List<(Tensor Real, Tensor? Imaginary)>();
        foreach (var i in differentiable)
            u.Add((Direction(inputs[i], generator, true), IsComplex(inputs[i]) ? Direction(inputs[i], generator, true) : null));
        Tensor[]? v = part.Forward ? null : [.. outputs.Select(o => Direction(o, generator, false))];

        var numerical = new List<Tensor[]>();
        for (var d = 0; d < differentiable.Length; d++)
        {
            var input = inputs[differentiable[d]];
            var entry = input.Data;
            var found = Derivatives(() => func(inputs), entry, Eps * u[d].Real.Reshape(entry.Shape), Eps, IsComplex(input),
                u[d].Imaginary is { } im ? Eps * im.Reshape(entry.Shape) : null);
            Tensor[] floats = [.. found.Where((_, o) => IsFloat(results[o]))];
            if (outputs.Length == 0)
            {
                if (found.Any(ds => ds.Numel() != 0 && ds.Abs().Max().Item<double>() > NondetTol))
                    throw new GradCheckException("No output depends on the inputs by the graph, but the numbers say that one does.");
            }
            numerical.Add(v is null ? floats : [.. v.Zip(floats, (vector, ds) => (vector * ds).Sum())]);
        }
        if (outputs.Length == 0 && !part.Forward)
            return;

        if (part.Forward)
        {
            var analytical = ForwardJacobian(func, inputs, results, [.. u.Select(pair => pair.Real)]);
            for (var i = 0; i < numerical.Count; i++)
            {
                for (var o = 0; o < numerical[i].Length; o++)
                    Compare(analytical[i][o], numerical[i][o], i, o, null);
            }
            return;
        }
        for (var o = 0; o < outputs.Length; o++)
        {
            var rows = BackwardJacobian(inputs, outputs[o], v![o]);
            for (var i = 0; i < rows.Length; i++)
            {
                var row = rows[i].T.Squeeze(0);
                Tensor product;
                if (IsComplex(row))
                {
                    var parts = Torch.ViewAsReal(row.ResolveConj());
                    product = parts.Select(-1, 0).Dot(u[i].Real) + Times(parts.Select(-1, 1).Dot(u[i].Imaginary!), 1);
                }
                else
                {
                    product = row.Dot(u[i].Real);
                }
                Compare(product, numerical[i][o], i, o, v[o]);
            }
        }

        void Compare(Tensor analytical, Tensor given, int input, int output, Tensor? vector)
        {
            // |v (A - B) u| is bounded by the sum of u times that of v where the elements of A - B are by one.
            var atol = Atol * u[input].Real.Sum().Item<double>() * (vector is null ? 1.0 : Magnitude(vector));
            if (AllClose(analytical, given, atol))
                return;
            throw new GradCheckException(Mismatch(analytical, given, output, input, part) + SlowReport(func, inputs, results, outputs, input, output, part));
        }

        static double Magnitude(Tensor vector) => IsComplex(vector) ? vector.Real.Sum().Item<double>() : vector.Sum().Item<double>();
    }

    private string SlowReport(TensorFunction func, Tensor[] inputs, Tensor[] results, Tensor[] outputs, int input, int output, Part part)
    {
        var numerical = Numerical(func, inputs, results, part.Forward)[input][output];
        var analytical = part.Forward
            ? ForwardJacobian(func, inputs, results, null)[input][output]
            : BackwardJacobian(inputs, outputs[output], null)[input];
        var difference = (numerical - analytical).Abs().Max();
        var text = $"\nThat was along one random direction. Element by element:\n\nBy small steps:\n{numerical}\nBy the graph:\n{analytical}\n\n"
            + $"They differ by {difference} at most.\n";
        return AllClose(analytical, numerical, Atol)
            ? text + "That is little, so the check may pass with fastMode: false."
            : text;
    }

    private static Tensor Direction(Tensor like, Generator generator, bool real)
    {
        var dtype = !real ? like.DType : like.DType switch
        {
            DType.Complex128 => DType.Float64,
            DType.Complex64 => DType.Float32,
            var other => other,
        };
        var direction = Torch.Rand([like.Numel()], generator: generator).To(like.Device, dtype);
        return direction.Div_(direction.Norm());
    }

    // ---- what else is expected of a gradient

    private static void MultipliedByGradOutput(Tensor[] outputs, Tensor[] inputs)
    {
        var differentiable = Differentiable(inputs);
        if (outputs.Length == 0)
            return;
        var zeros = Array.ConvertAll(outputs, o => Torch.ZerosLike(o, memoryFormat: MemoryFormat.Contiguous));
        var grads = Torch.Autograd.Grad(outputs, differentiable, zeros, retainGraph: true, allowUnused: true);
        for (var i = 0; i < grads.Length; i++)
        {
            if (grads[i] is not { } grad)
                continue;
            var input = differentiable[i];
            if (grad.Layout != Layout.Strided)
                grad = grad.ToDense();
            if (!(bool)grad.Eq(0).All())
                throw new GradCheckException("A gradient of zero came back as another number: the backward must multiply what it is given.");
            if (grad.DType != input.DType)
                throw new GradCheckException($"A gradient is {grad.DType.Name()}, its input {input.DType.Name()}.");
            if (grad.Device != input.Device)
                throw new GradCheckException($"A gradient is on {grad.Device}, its input on {input.Device}.");
            if (grad.Shape != input.Shape)
                throw new GradCheckException($"A gradient has the shape {grad.Shape}, its input {input.Shape}.");
        }
    }

    /// <summary>Passes the value on, and no gradient back.</summary>
    private sealed class UndefinedGrad : Function<UndefinedGrad, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            ctx.SetMaterializeGrads(false);
            return x.ViewAs(x);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [null];
    }

    private static void UndefinedBackward(TensorFunction func, Tensor[] outputs, Tensor[] inputs)
    {
        var differentiable = Differentiable(inputs);
        Check(Array.ConvertAll(Differentiable(func(inputs)), UndefinedGrad.Apply));
        if (outputs.Length <= 1)
            return;
        for (var i = 0; i < outputs.Length; i++)
        {
            var found = Differentiable(func(inputs));
            found[i] = UndefinedGrad.Apply(found[i]);
            Check(found);
        }

        void Check(Tensor[] toCheck)
        {
            if (toCheck.Length == 0)
                return;
            Tensor[] grads;
            try
            {
                var zeros = Array.ConvertAll(toCheck, o => Torch.ZerosLike(o, memoryFormat: MemoryFormat.Contiguous));
                grads = Torch.Autograd.Grad(toCheck, differentiable, zeros, allowUnused: true);
            }
            catch (Exception exception) when (exception is TorchException or NullReferenceException)
            {
                throw new GradCheckException("The backward failed where the gradient of an output was missing; it must take that for zero.", exception);
            }
            if (grads.Any(grad => grad is not null && !(bool)grad.Eq(0).All()))
            {
                throw new GradCheckException("No output had a gradient, and still an input got one that is not zero.");
            }
        }
    }

    private static void UndefinedForward(TensorFunction func, Tensor[] outputs, Tensor[] inputs)
    {
        using var generator = new Generator();
        using var level = Torch.Autograd.ForwardAD.DualLevel();
        var duals = (Tensor[])inputs.Clone();
        var indices = Indices(inputs, i => i.RequiresGrad).ToArray();
        foreach (var i in indices)
        {
            duals[i] = Torch.Autograd.ForwardAD.MakeDual(inputs[i].Detach(), Torch.ZerosLike(inputs[i]));
            var tangent = Torch.Autograd.ForwardAD.UnpackDual(duals[i]).Tangent!;
            tangent.Copy_(Direction(inputs[i], generator, true).ViewAs(tangent));
        }
        foreach (var i in indices)
        {
            var dual = duals[i];
            duals[i] = Torch.Autograd.ForwardAD.MakeDual(inputs[i].Detach(), Torch.ZerosLike(inputs[i]));
            var materialized = func(duals).Where(IsFloat).ToArray();
            duals[i] = inputs[i].Detach();
            var efficient = func(duals).Where(IsFloat).ToArray();
            duals[i] = dual;
            for (var o = 0; o < materialized.Length; o++)
            {
                var first = Torch.Autograd.ForwardAD.UnpackDual(materialized[o]).Tangent;
                var second = Torch.Autograd.ForwardAD.UnpackDual(efficient[o]).Tangent;
                if (first is not null && second is not null && !Torch.Allclose(first, second))
                {
                    throw new GradCheckException($"Without a tangent of input {i}, output {o} has the tangent {first}; with zeros it has {second}.");
                }
            }
        }
    }

    private const string BatchedAdvice = "The batched pass differs from single ones, or failed. Check with checkBatchedGrad: false if operations in the backward "
        + "have no batched form.";

    private static void BatchedGrad(Tensor[] inputs, Tensor output, int outputIndex)
    {
        var differentiable = Differentiable(inputs);
        var gradOutputs = new[] { Torch.RandnLike(output), Torch.RandnLike(output) };
        var single = Array.ConvertAll(gradOutputs, Pass);
        Tensor[] batched;
        try
        {
            batched = Torch.Autograd.Grad(output, differentiable, Torch.Stack(gradOutputs), retainGraph: true, allowUnused: true, isGradsBatched: true);
        }
        catch (TorchException exception)
        {
            throw new GradCheckException($"The batched pass failed: {exception.Message}\n\n{BatchedAdvice}", exception);
        }
        for (var i = 0; i < differentiable.Length; i++)
        {
            var expected = Torch.Stack([single[0][i], single[1][i]]);
            var found = batched[i] ?? Torch.ZerosLike(expected);
            if (!Torch.Allclose(found, expected))
                throw new GradCheckException($"For output {outputIndex} and input {i}:\n\n{BatchedAdvice}\n\nGot:\n{found}\n\nExpected:\n{expected}");
        }

        Tensor[] Pass(Tensor gradOutput)
        {
            var grads = Torch.Autograd.Grad(output, differentiable, gradOutput, retainGraph: true, allowUnused: true);
            for (var i = 0; i < grads.Length; i++)
                grads[i] ??= Torch.ZerosLike(differentiable[i]);
            return grads;
        }
    }

    private static void BatchedForwardGrad(TensorFunction func, Tensor[] inputs)
    {
        for (var index = 0; index < inputs.Length; index++)
        {
            var current = inputs[index];
            if (!current.RequiresGrad || !IsFloat(current))
                continue;
            var at = index;
            Tensor[] Push(Tensor tangent)
            {
                using var level = Torch.Autograd.ForwardAD.DualLevel();
                var duals = Array.ConvertAll(inputs, input => input.Detach());
                duals[at] = Torch.Autograd.ForwardAD.MakeDual(current.Detach(), tangent);
                return Array.ConvertAll(func(duals), output =>
                {
                    var (primal, found) = Torch.Autograd.ForwardAD.UnpackDual(output);
                    return found ?? Torch.Zeros([], dtype: primal.DType, device: primal.Device).Expand(primal.Shape);
                });
            }

            var tangents = new[] { Torch.RandnLike(current), Torch.RandnLike(current) };
            var single = Array.ConvertAll(tangents, Push);
            Tensor[] batched;
            try
            {
                batched = Torch.Func.Vmap<Tensor, Tensor[]>(Push)(Torch.Stack(tangents));
            }
            catch (TorchException exception)
            {
                throw new GradCheckException($"The batched pass failed: {exception.Message}\n\n{BatchedAdvice}", exception);
            }
            for (var o = 0; o < batched.Length; o++)
            {
                var expected = Torch.Stack([single[0][o], single[1][o]]);
                if (!Torch.Allclose(batched[o], expected))
                    throw new GradCheckException($"For output {o} and input {o}:\n\n{BatchedAdvice}\n\nGot:\n{batched[o]}\n\nExpected:\n{expected}");
            }
        }
    }

    // ---- gradients of gradients

    /// <summary>The gradients as a function of inputs and gradients of outputs, which it is checked with.</summary>
    internal static (Func<Tensor[], Tensor[]> Function, Tensor[] Inputs) Second(
        Func<Tensor[], Tensor[]> func, Tensor[] inputs, Tensor[]? gradOutputs, bool nonContiguous)
    {
        gradOutputs ??= Array.ConvertAll(Differentiable(func(inputs)), output => RandomLike(output, nonContiguous));
        var count = gradOutputs.Length;
        var inputGrad = Array.ConvertAll(inputs, input => input.RequiresGrad);
        var outputGrad = Array.ConvertAll(gradOutputs, grad => grad.RequiresGrad);
        return (Gradients, [.. inputs, .. gradOutputs]);

        Tensor[] Gradients(Tensor[] all)
        {
            // Forward-mode checks detach what they give.
            Tensor[] given = [.. all[..^count].Select((x, i) => inputGrad[i] ? x.RequiresGrad_() : x)];
            var outputs = Differentiable(func(given));
            Tensor[] grads = [.. all[^count..].Select((x, i) => outputGrad[i] ? x.RequiresGrad_() : x)];
            Tensor[] differentiable = [.. given.Where((_, i) => inputGrad[i])];
            return [.. Torch.Autograd.Grad(outputs, differentiable, grads, createGraph: true, allowUnused: true).Where(g => g is not null)];
        }
    }

    private static Tensor RandomLike(Tensor output, bool nonContiguous)
    {
        var dtype = IsFloat(output) ? output.DType : DType.Float64;
        long[] shape = [.. output.Shape];
        var apart = nonContiguous && output.Numel() > 1;
        if (apart)
            shape[^1] *= 2;
        var result = Torch.Empty(shape, dtype: dtype, device: output.Device);
        (dtype.IsComplex() ? Torch.ViewAsReal(result) : result).Uniform_(-1, 1);
        if (apart)
            result = result[Torch.Ellipsis, Torch.Slice(1, null, 2)];
        return result.RequiresGrad_();
    }
}
