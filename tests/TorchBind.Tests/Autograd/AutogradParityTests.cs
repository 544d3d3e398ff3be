using TorchBind.Autograd;
using TorchBind.Utils.Hooks;

namespace TorchBind.Tests.Autograd;

/// <summary>Backward passes, hooks and custom functions, line by line as tests/oracle/autograd.py.</summary>
public class AutogradParityTests : CaseTests<AutogradParityTests>, ICaseSuite
{
    public static string Program => "autograd.py";

    public static Dictionary<string, Action<CaseLog>> Cases { get; } = new()
    {
        ["grad_basic"] = GradBasic,
        ["grad_create_graph"] = GradCreateGraph,
        ["grad_outputs"] = GradOutputs,
        ["grad_unused"] = GradUnused,
        ["grad_errors"] = GradErrors,
        ["inplace_errors"] = InplaceErrors,
        ["backward_accumulates"] = BackwardAccumulates,
        ["backward_inputs"] = BackwardInputs,
        ["backward_create_graph"] = BackwardCreateGraph,
        ["retain_grad"] = RetainGrad,
        ["views_and_inplace"] = ViewsAndInplace,
        ["edges"] = Edges,
        ["graph_walk"] = GraphWalk,
        ["tensor_hooks"] = TensorHooks,
        ["hooks_and_inplace"] = HooksAndInplace,
        ["hooks_get_none"] = HooksGetNone,
        ["hook_replaces_wrongly"] = HookReplacesWrongly,
        ["hook_removes_another"] = HookRemovesAnother,
        ["post_accumulate"] = PostAccumulate,
        ["optimizer_in_backward"] = OptimizerInBackward,
        ["node_hooks"] = NodeHooks,
        ["leaf_node_hooks"] = LeafNodeHooks,
        ["multi_grad_hook"] = MultiGradHook,
        ["saved_hooks"] = SavedHooks,
        ["saved_hooks_nested"] = SavedHooksNested,
        ["saved_hooks_wrong"] = SavedHooksWrong,
        ["save_cpu"] = SaveCpu,
        ["disabled_hooks"] = DisabledHooks,
        ["saved_hooks_double_backward"] = SavedHooksDoubleBackward,
        ["function_scale"] = FunctionScale,
        ["function_saves_output"] = FunctionSavesOutput,
        ["function_double_backward"] = FunctionDoubleBackward,
        ["function_many"] = FunctionMany,
        ["function_non_differentiable"] = FunctionNonDifferentiable,
        ["function_materialize"] = FunctionMaterialize,
        ["function_dirty"] = FunctionDirty,
        ["function_mistakes"] = FunctionMistakes,
        ["function_once"] = FunctionOnce,
        ["function_none"] = FunctionNone,
        ["function_saved_changed"] = FunctionSavedChanged,
        ["function_hooks_on_saved"] = FunctionHooksOnSaved,
        ["function_reentrant"] = FunctionReentrant,
        ["function_complex"] = FunctionComplex,
        ["function_forward_mode"] = FunctionForwardMode,
        ["anomaly"] = AnomalyMode,
    };

    private static Tensor Range(long count) => Torch.Arange(count, dtype: DType.Float64);

    // ---- grad and backward

    private static void GradBasic(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var z = (x * y).Sin().Sum();
        log.Add(Torch.Autograd.Grad(z, [x, y]), x.Grad, x.IsLeaf, z.IsLeaf);
    }

    private static void GradCreateGraph(CaseLog log)
    {
        var x = Leaf(4);
        var g = Torch.Autograd.Grad(x.Pow(3).Sum(), x, createGraph: true)[0];
        var h = Torch.Autograd.Grad(g.Sum(), x, createGraph: true)[0];
        var i = Torch.Autograd.Grad(h.Sum(), x)[0];
        log.Add(g, h, i);
    }

    private static void GradOutputs(CaseLog log)
    {
        var x = Leaf(2, 3);
        var y = x.Exp();
        var z = (x * 2).Sum();
        var v = Torch.Randn([2, 3], dtype: DType.Float64);
        log.Add((object)Torch.Autograd.Grad([y, z], [x], [v, null]));
    }

    private static void GradUnused(CaseLog log)
    {
        var (x, y) = (Leaf(2), Leaf(2));
        var z = (x * 3).Sum();
        log.Error(() => Torch.Autograd.Grad(z, [x, y], retainGraph: true), "depends on input 1; with allowUnused");
        log.Add((object)Torch.Autograd.Grad(z, [x, y], retainGraph: true, allowUnused: true));
        log.Add((object)Torch.Autograd.Grad(z, [x, y], retainGraph: true, createGraph: true, materializeGrads: true));
        log.Error(() => Torch.Autograd.Grad(z, [x, y], allowUnused: false, materializeGrads: true));
    }

    private static void GradErrors(CaseLog log)
    {
        var x = Leaf(2, 3);
        var y = x * 2;
        log.Error(() => Torch.Autograd.Grad(y, x));
        log.Error(() => Torch.Autograd.Grad(y, x, Torch.Ones(3, 2)));
        log.Error(() => Torch.Autograd.Grad(y, x, Torch.Ones([2, 3], dtype: DType.Complex64)));
        log.Error(() => Torch.Autograd.Grad(Torch.Ones([]), x), own: "is in no graph");
        log.Error(() => Torch.Autograd.Grad(y.Sum(), Torch.Ones(2)), own: "input 0 requires no gradient");
        var c = Torch.Ones([], dtype: DType.Complex64).RequiresGrad_();
        log.Error(() => (c * 2).Backward());
        var p = (x * x).Sum();
        p.Backward();
        log.Error(() => p.Backward());
        var q = x * x;
        q.Sum().Backward(retainGraph: true);
        q.Sum().Backward();
        log.Add(x.Grad);
        log.Error(() => Torch.Ones(2).RequiresGrad_().View(-1).Add_(1).Sum().Detach().Backward(), own: "is in no graph");
    }

    private static void InplaceErrors(CaseLog log)
    {
        var x = Leaf(3);
        var a = x * x;
        var b = a * a;
        a.Add_(x);
        log.Error(() => b.Sum().Backward(), "modified by an inplace operation: [torch.DoubleTensor [3]], which is output 0 of Add");
        log.Error(() => x.Add_(1));
        var v = x.View(3);
        log.Error(() => v.Mul_(2));
        var t = Ones(3).Clone();
        var w = x * t;
        Torch.Autograd.Graph.IncrementVersion(t);
        log.Error(() => w.Sum().Backward(), "modified by an inplace operation: [torch.DoubleTensor [3]] is at version 1; expected version 0 instead.");
        log.Add(a.Version, t.Version);
    }

    private static void BackwardAccumulates(CaseLog log)
    {
        var x = Leaf(3);
        (x * 2).Sum().Backward();
        (x * x).Sum().Backward();
        log.Add(x.Grad);
        x.Grad = null;
        x.Sin().Backward(Range(3));
        log.Add(x.Grad);
    }

    private static void BackwardInputs(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var z = x * y;
        z.Sum().Backward(inputs: [x], retainGraph: true);
        log.Add(x.Grad, y.Grad);
        Torch.Autograd.Backward([z.Sum(), z.Exp().Sum()], inputs: [y]);
        log.Add(x.Grad, y.Grad);
        var u = x * 2;
        (u * u).Sum().Backward(inputs: [u]);
        log.Add(u.Grad, x.Grad);
    }

    private static void BackwardCreateGraph(CaseLog log)
    {
        var x = Leaf(3);
        x.Pow(3).Sum().Backward(createGraph: true);
        var g = x.Grad!;
        x.Grad = null;
        g.Sum().Backward();
        log.Add(g, x.Grad);
    }

    private static void RetainGrad(CaseLog log)
    {
        var x = Leaf(3);
        var y = x * 2;
        y.RetainGrad();
        log.Add(y.RetainsGrad, x.RetainsGrad);
        y.Sin_().Sum().Backward();
        log.Add(y.Grad, x.Grad);
        log.Error(() => Torch.Ones(2).RetainGrad());
    }

    private static void ViewsAndInplace(CaseLog log)
    {
        var x = Leaf(4, 3);
        var y = x * 1;
        y[1].Mul_(3);
        y[.., 0].Fill_(5.0);
        y.T[2].Add_(y[.., 1].Detach());
        y.Pow(2).Sum().Backward();
        log.Add(x.Grad, y);
    }

    private static void Edges(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var z = x * y;
        var (ex, ez) = (Torch.Autograd.Graph.GetGradientEdge(x), Torch.Autograd.Graph.GetGradientEdge(z));
        log.Add(PythonName(ex.Node!), ex.OutputNr, ez.Node!.Name);
        var loss = z.Exp().Sum();
        log.Add((object)Torch.Autograd.GradOfEdges([loss], [ez, ex], retainGraph: true));
        log.Add((object)Torch.Autograd.GradOfEdges([ez], [x], [Ones(3)], retainGraph: true));
        Torch.Autograd.BackwardOfEdges([loss], inputs: [Torch.Autograd.Graph.GetGradientEdge(y)]);
        log.Add(x.Grad, y.Grad);
        log.Error(() => Torch.Autograd.Graph.GetGradientEdge(Torch.Ones(2)));
    }

    // Python's name() has the namespace of C++ classes, and what Python prints has not.
    private static string PythonName(Node node) => node.Name is "AccumulateGrad" or "CopySlices" ? "torch::autograd::" + node.Name : node.Name;

    private static void GraphWalk(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var z0 = Ones(3);
        var z = ((x * y) + z0).Sum();
        var names = new List<string>();
        for (var node = z.GradFn; node is not null;)
        {
            names.Add(PythonName(node));
            if (node.NextFunctions.Count == 0)
                break;
            names.Add(node.NextFunctions.Count.ToString());
            node = node.NextFunctions[0].Node;
        }
        log.Add(names);
        log.Add(z.GradFn!.NextFunctions[0].Node!.NextFunctions is [_, (null, _)]);
    }

    // ---- hooks

    private static void TensorHooks(CaseLog log)
    {
        var x = Leaf(3);
        var y = x * 2;
        var order = new List<string>();
        var h1 = y.RegisterHook(g => order.Add("1"));
        y.RegisterHook(g =>
        {
            order.Add("2");
            return g * 10;
        });
        var h3 = y.RegisterHook(g =>
        {
            order.Add("3");
            log.Add(g);
        });
        x.RegisterHook(g =>
        {
            order.Add("leaf");
            return g + 1;
        });
        y.Sum().Backward(retainGraph: true);
        log.Add(x.Grad, order);
        h1.Remove();
        h3.Remove();
        h3.Remove();
        order.Clear();
        y.Sum().Backward();
        log.Add(x.Grad, order);
        log.Error(() => Torch.Ones(2).RegisterHook(g => g), own: "never calls a hook");
    }

    private static void HooksAndInplace(CaseLog log)
    {
        var x = Leaf(3);
        var y = x * 2;
        y.RegisterHook(g => log.Add("before", g));
        y.RetainGrad();
        y.Mul_(3);
        y.RegisterHook(g => log.Add("after", g));
        y.Sum().Backward();
        log.Add(x.Grad, y.Grad);
    }

    private static void HooksGetNone(CaseLog log)
    {
        var x = Leaf(3);
        var parts = Torch.Split(x * 2, [1, 2]);
        parts[0].RegisterHook(g => log.Add("u", g));
        parts[1].RegisterHook(g => log.Add("v", g));
        parts[0].Sum().Backward();
        log.Add(x.Grad);
    }

    private static void HookReplacesWrongly(CaseLog log)
    {
        var x = Leaf(3);
        var y = x * 2;
        var h = y.RegisterHook(g => g.To(DType.Float32));
        log.Error(() => y.Sum().Backward(retainGraph: true), "has changed the type of value (was torch.DoubleTensor got torch.FloatTensor)");
        h.Remove();
        y.RegisterHook(g => Ones(5));
        log.Error(() => y.Sum().Backward(), "has changed the size of value");
    }

    private static void HookRemovesAnother(CaseLog log)
    {
        var x = Leaf(3);
        var y = x * 2;
        var handles = new List<RemovableHandle>();
        y.RegisterHook(g => handles[0].Remove());
        handles.Add(y.RegisterHook(g => log.Add("ran")));
        y.Sum().Backward(retainGraph: true);
        log.Add("again");
        y.Sum().Backward();
    }

    private static void PostAccumulate(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var h = x.RegisterPostAccumulateGradHook(p =>
        {
            log.Add("first", p.Grad);
            p.Grad!.Mul_(2);
        });
        x.RegisterPostAccumulateGradHook(p => log.Add("second", ReferenceEquals(p, x), p.Grad));
        (x * y).Sum().Backward();
        log.Add(x.Grad);
        h.Remove();
        (x * y).Sum().Backward();
        log.Add(x.Grad);
        log.Error(() => Torch.Ones(2).RegisterPostAccumulateGradHook(p => { }), own: "never calls a hook");
        log.Error(() => (x * 2).RegisterPostAccumulateGradHook(p => { }), own: "only leaves accumulate");
        log.Add((object)Torch.Autograd.Grad((x * y).Sum(), [x, y]));
    }

    private static void OptimizerInBackward(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var state = new Dictionary<Tensor, double> { [x] = 0.1, [y] = 0.2 };
        foreach (var p in new[] { x, y })
        {
            p.RegisterPostAccumulateGradHook(p =>
            {
                using (Torch.NoGrad())
                    p.Add_(p.Grad!, alpha: -state[p]);
                p.Grad = null;
            });
        }
        for (var i = 0; i < 3; i++)
            ((x * y).Sin() + x).Sum().Backward();
        log.Add(x, y, x.Grad);
    }

    private static void NodeHooks(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var z = x * y;
        var pre = z.GradFn!.RegisterPrehook(go =>
        {
            log.Add("pre", go);
            return [go[0] * 2];
        });
        var post = z.GradFn!.RegisterHook((gi, go) =>
        {
            log.Add("post", gi, go);
            return [gi[0] * 3, null];
        });
        z.Sum().Backward(retainGraph: true);
        log.Add(x.Grad, y.Grad);
        pre.Remove();
        z.Sum().Backward(retainGraph: true);
        post.Remove();
        z.Sum().Backward();
        log.Add(x.Grad, y.Grad);
    }

    private static void LeafNodeHooks(CaseLog log)
    {
        var x = Leaf(3);
        var node = Torch.Autograd.Graph.GetGradientEdge(x).Node!;
        node.RegisterPrehook(go =>
        {
            log.Add("pre", go);
            return [go[0] + 1];
        });
        node.RegisterHook((gi, go) => log.Add("post", gi, go));
        (x * 2).Sum().Backward();
        log.Add(x.Grad);
    }

    private static void MultiGradHook(CaseLog log)
    {
        var (a, b) = (Leaf(2), Leaf(2));
        var (c, d) = (a * b, a * b);
        var h = Torch.Autograd.Graph.RegisterMultiGradHook([a, b, c, d], grads => log.Add(grads.Select(g => g is not null), grads));
        c.Sum().Backward(retainGraph: true);
        c.Sum().Backward(inputs: [a], retainGraph: true);
        d.Sum().Backward(retainGraph: true);
        h.Remove();
        c.Sum().Backward(retainGraph: true);
        h = Torch.Autograd.Graph.RegisterAnyGradHook([a, c, d], g => log.Add("any", g));
        d.Sum().Backward();
        h.Remove();
        c.Sum().Backward();
        log.Add(a.Grad);
    }

    // ---- saved tensors

    private static void SavedHooks(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        Tensor w;
        using (Torch.Autograd.Graph.SavedTensorsHooks(
            t =>
            {
                log.Add("pack", t);
                return (t.Detach() * 2).Clone();
            },
            t =>
            {
                log.Add("unpack", t);
                return t;
            }))
        {
            w = (x * y).Exp();
        }
        (w * w).Sum().Backward();
        log.Add(x.Grad, y.Grad);
    }

    private static void SavedHooksNested(CaseLog log)
    {
        var x = Leaf(3);
        Tensor c;
        using (Torch.Autograd.Graph.SavedTensorsHooks(t => Said("outer", t), t => t))
        {
            var a = x.Sin();
            Tensor b;
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => Said("inner", t), t => t))
                b = a.Exp();
            c = b.Sin();
        }
        c.Sum().Backward();
        log.Add(x.Grad);

        Tensor Said(string which, Tensor tensor)
        {
            log.Add(which);
            return tensor.Detach();
        }
    }

    private static void SavedHooksWrong(CaseLog log)
    {
        var x = Leaf(3);
        log.Error(() =>
        {
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t.Detach().Mul_(2), t => t))
                (x * 1).Sin();
        }, "A saved tensor pack hook is modifying its input in place.");
        Tensor y;
        using (Torch.Autograd.Graph.SavedTensorsHooks(t => t.Detach(), t => (Tensor)null!))
            y = x.Sin();
        log.Error(() => y.Sum().Backward(), "the hook that unpacks a saved tensor gave null");
    }

    private static void SaveCpu(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        Tensor z;
        using (Torch.Autograd.Graph.SaveOnCpu())
            z = (x * y).Exp();
        z.Sum().Backward();
        log.Add(x.Grad, y.Grad);
    }

    private static void DisabledHooks(CaseLog log)
    {
        using (Torch.Autograd.Graph.DisableSavedTensorsHooks("not here"))
        {
            log.Error(Use);
            using (Torch.Autograd.Graph.DisableSavedTensorsHooks("nor here"))
                log.Error(Use);
            log.Error(Use);
        }
        Use();
        log.Error(() =>
        {
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t, t => t))
            using (Torch.Autograd.Graph.DisableSavedTensorsHooks("too late"))
            {
            }
        });

        static void Use()
        {
            using (Torch.Autograd.Graph.SavedTensorsHooks(t => t, t => t))
            {
            }
        }
    }

    private static void SavedHooksDoubleBackward(CaseLog log)
    {
        var x = Leaf(3);
        var count = 0;
        Tensor g, h;
        using (Torch.Autograd.Graph.SavedTensorsHooks(
            t =>
            {
                count++;
                return t.Detach().Clone();
            },
            t => t))
        {
            g = Torch.Autograd.Grad(x.Pow(3).Sum(), x, createGraph: true)[0];
            h = Torch.Autograd.Grad(g.Sum(), x)[0];
        }
        log.Add(g, h, count);
    }

    // ---- custom functions

    private sealed class Scale : Function<Scale, Tensor, double, Tensor>
    {
        private double _factor;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, double factor)
        {
            _factor = factor;
            return x * factor;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * _factor, null];
    }

    private sealed class Exp : Function<Exp, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            var y = x.Exp();
            ctx.SaveForBackward(y);
            return y;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * ctx.SavedTensors[0]];
    }

    private sealed class Muls : Function<Muls, Tensor, Tensor, Tensor, (Tensor, Tensor, Tensor)>
    {
        protected override (Tensor, Tensor, Tensor) Forward(FunctionContext ctx, Tensor a, Tensor b, Tensor c)
        {
            ctx.SaveForBackward(a, b, c);
            return (a * b, b * c, a + c);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            if (ctx.SavedTensors is not [var a, var b, var c] || gradOutputs is not [var g1, var g2, var g3])
                throw new InvalidOperationException();
            return
            [
                ctx.NeedsInputGrad[0] ? g1 * b + g3 : null,
                ctx.NeedsInputGrad[1] ? g1 * a + g2 * c : null,
                ctx.NeedsInputGrad[2] ? g2 * b + g3 : null,
            ];
        }
    }

    private static void FunctionScale(CaseLog log)
    {
        var x = Leaf(3);
        var y = Scale.Apply(x, 2.5);
        log.Add(y, y.GradFn!.Name, y.GradFn!.NextFunctions.Count);
        y.Sum().Backward();
        log.Add(x.Grad);
        using (Torch.NoGrad())
            log.Add(Scale.Apply(x, 3.0));
        log.Add(Scale.Apply(x.Detach(), 3.0));
    }

    private static void FunctionSavesOutput(CaseLog log)
    {
        var x = Leaf(3);
        var y = Exp.Apply(x);
        y.Sum().Backward();
        log.Add(y, x.Grad);
        log.Error(() => y.Sum().Backward());
    }

    private static void FunctionDoubleBackward(CaseLog log)
    {
        var x = Leaf(3);
        var y = Exp.Apply(Exp.Apply(x));
        var g = Torch.Autograd.Grad(y.Sum(), x, createGraph: true)[0];
        var h = Torch.Autograd.Grad(g.Sum(), x, createGraph: true)[0];
        var i = Torch.Autograd.Grad(h.Sum(), x)[0];
        log.Add(g, h, i);
    }

    private static void FunctionMany(CaseLog log)
    {
        var (a, b) = (Leaf(3), Leaf(3));
        var c = Torch.Randn([3], dtype: DType.Float64);
        var (p, q, r) = Muls.Apply(a, b, c);
        log.Add(p, q, r, p.OutputNr, r.OutputNr);
        log.Add((object)Torch.Autograd.Grad(q.Sum(), [a, b], allowUnused: true, retainGraph: true));
        (p * q * r).Sum().Backward();
        log.Add(a.Grad, b.Grad);
    }

    private sealed class SortLike : Function<SortLike, Tensor, CaseLog, (Tensor, Tensor)>
    {
        private CaseLog? _log;

        protected override (Tensor, Tensor) Forward(FunctionContext ctx, Tensor x, CaseLog log)
        {
            _log = log;
            var (values, indices) = x.Sort();
            ctx.MarkNonDifferentiable(indices);
            ctx.SaveForBackward(indices);
            return (values, indices);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            _log!.Add(gradOutputs[0], gradOutputs[1]);
            return [Torch.ZerosLike(gradOutputs[0]).IndexAdd_(0, ctx.SavedTensors[0], gradOutputs[0]), null];
        }
    }

    private static void FunctionNonDifferentiable(CaseLog log)
    {
        var x = Leaf(5);
        var (values, indices) = SortLike.Apply(x, log);
        log.Add(values, indices, indices.RequiresGrad, indices.GradFn is null);
        (values * Range(5)).Sum().Backward();
        log.Add(x.Grad);
    }

    private sealed class TwoOutputs : Function<TwoOutputs, Tensor, bool, CaseLog, (Tensor, Tensor, int)>
    {
        private CaseLog? _log;

        protected override (Tensor, Tensor, int) Forward(FunctionContext ctx, Tensor x, bool materialize, CaseLog log)
        {
            _log = log;
            ctx.SetMaterializeGrads(materialize);
            return (x.Clone(), x.Clone(), 7);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            _log!.Add((object)gradOutputs);
            return [gradOutputs[0], null, null];
        }
    }

    private static void FunctionMaterialize(CaseLog log)
    {
        var x = Leaf(2);
        foreach (var materialize in new[] { true, false })
        {
            var (a, _, c) = TwoOutputs.Apply(x, materialize, log);
            log.Add(c);
            a.Sum().Backward();
        }
        log.Add(x.Grad);
    }

    private sealed class AddInPlace : Function<AddInPlace, Tensor, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x, Tensor y)
        {
            x.Add_(y);
            ctx.MarkDirty(x);
            return x;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0], gradOutputs[0] * 2];
    }

    private static void FunctionDirty(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        var a = x * 1;
        var b = AddInPlace.Apply(a, y);
        log.Add(ReferenceEquals(b, a), a, a.Version, a.GradFn!.Name);
        (a * a).Sum().Backward();
        log.Add(x.Grad, y.Grad);
        log.Error(() => AddInPlace.Apply(x, y));
        var whole = x * 1;
        var view = whole[1..];
        AddInPlace.Apply(view, y[1..]);
        log.Add(whole, PythonName(whole.GradFn!));
        x.Grad = null;
        (whole * whole).Sum().Backward();
        log.Add(x.Grad);
        var old = x * 1;
        var used = old * old;
        AddInPlace.Apply(old, y);
        log.Error(() => used.Sum().Backward(), "modified by an inplace operation: [torch.DoubleTensor [3]], which is output 0 of AddInPlace");
    }

    private sealed class Forgetful : Function<Forgetful, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            ctx.MarkDirty(x);
            return x * 2;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0]];
    }

    private sealed class Wrong : Function<Wrong, Tensor, Func<Tensor, Tensor?[]>, Tensor>
    {
        private Func<Tensor, Tensor?[]>? _gives;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, Func<Tensor, Tensor?[]> gives)
        {
            _gives = gives;
            return x * 2;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => _gives!(gradOutputs[0]);
    }

    private sealed class Returns : Function<Returns, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x) => x;

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * 3];
    }

    private static void FunctionMistakes(CaseLog log)
    {
        var x = Leaf(2);
        log.Error(() => Forgetful.Apply(x * 1));
        foreach (var gives in new Func<Tensor, Tensor?[]>[]
        {
            g => [g],
            g => [g, g],
            g => [g, null, null],
            g => [g, null, g],
            g => [Torch.Ones(7), null],
            g => [null, null],
        })
        {
            var wrong = Wrong.Apply(x, gives);
            log.Error(() => wrong.Sum().Backward());
        }
        log.Add(x.Grad);
        var y = Returns.Apply(x);
        log.Add(ReferenceEquals(y, x), y.GradFn!.Name);
        y.Sum().Backward();
        log.Add(x.Grad);
    }

    private sealed class Once : Function<Once, Tensor, Tensor>
    {
        protected override bool OnceDifferentiable => true;

        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            ctx.SaveForBackward(x);
            return x.Pow(2);
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [2 * ctx.SavedTensors[0] * gradOutputs[0]];
    }

    private static void FunctionOnce(CaseLog log)
    {
        var x = Leaf(3);
        log.Add(Torch.Autograd.Grad(Once.Apply(x).Sum(), x)[0]);
        var y = Once.Apply(x);
        var v = Ones(3).RequiresGrad_();
        var g = Torch.Autograd.Grad(y, x, v, createGraph: true)[0];
        log.Add(g);
        log.Error(() => g.Sum().Backward(), own: "cannot be differentiated again");
    }

    private sealed class SavesNone : Function<SavesNone, Tensor, Tensor?, CaseLog, Tensor>
    {
        private CaseLog? _log;

        protected override Tensor Forward(FunctionContext ctx, Tensor x, Tensor? bias, CaseLog log)
        {
            _log = log;
            ctx.SaveForBackward(x, null, bias);
            return bias is null ? x * 2 : x * 2 + bias;
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            var saved = ctx.SavedTensors;
            _log!.Add(saved[1], saved[2], ctx.NeedsInputGrad.Take(2));
            return [gradOutputs[0] * 2, gradOutputs[0], null];
        }
    }

    private static void FunctionNone(CaseLog log)
    {
        var (x, b) = (Leaf(3), Leaf(3));
        log.Error(() => SavesNone.Apply(x, null, log).Sum().Backward());
        SavesNone.Apply(x, b, log).Sum().Backward();
        log.Add(x.Grad, b.Grad);
    }

    private static void FunctionSavedChanged(CaseLog log)
    {
        var x = Leaf(3);
        var t = Ones(3).Clone();
        var (p, _, _) = Muls.Apply(x, t, t * 2);
        t.Add_(1);
        log.Error(() => p.Sum().Backward());
    }

    private static void FunctionHooksOnSaved(CaseLog log)
    {
        var x = Leaf(3);
        Tensor y;
        using (Torch.Autograd.Graph.SavedTensorsHooks(
            t =>
            {
                log.Add("pack", t.Shape);
                return t.Detach() * 2;
            },
            t =>
            {
                log.Add("unpack");
                return t;
            }))
        {
            y = Exp.Apply(x);
        }
        y.Sum().Backward();
        log.Add(x.Grad);
    }

    private sealed class Reentrant : Function<Reentrant, Tensor, Tensor>
    {
        private Tensor? _x, _y;

        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            using (Torch.EnableGrad())
            {
                _x = x.Detach().RequiresGrad_();
                _y = _x.Pow(3);
            }
            return _y.Detach();
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
        {
            using (Torch.EnableGrad())
                _y!.Backward(gradOutputs[0]);
            return [_x!.Grad];
        }
    }

    private static void FunctionReentrant(CaseLog log)
    {
        var x = Leaf(3);
        var y = x;
        for (var i = 0; i < 3; i++)
            y = Reentrant.Apply(y);
        y.Sum().Backward();
        log.Add(x.Grad);
    }

    private sealed class Complex : Function<Complex, Tensor, Tensor>
    {
        protected override Tensor Forward(FunctionContext ctx, Tensor x)
        {
            ctx.SaveForBackward(x);
            return x * x.Conj();
        }

        protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [(gradOutputs[0] + gradOutputs[0].Conj()) * ctx.SavedTensors[0]];
    }

    private static void FunctionComplex(CaseLog log)
    {
        var x = Torch.Randn([3], dtype: DType.Complex128).RequiresGrad_();
        Complex.Apply(x).Real.Sum().Backward();
        log.Add(x.Grad);
    }

    private sealed class WithJvp : Function<WithJvp, Tensor, Tensor, int, CaseLog, (Tensor, Tensor)>
    {
        private int _k;
        private CaseLog? _log;

        protected override (Tensor, Tensor) Forward(FunctionContext ctx, Tensor x, Tensor y, int k, CaseLog log)
        {
            ctx.SaveForForward(x, y);
            (_k, _log) = (k, log);
            return (x * y * k, x + y);
        }

        protected override Tensor?[] Jvp(FunctionContext ctx, Tensor[] gradInputs)
        {
            var (x, y) = (ctx.SavedTensors[0], ctx.SavedTensors[1]);
            _log!.Add(gradInputs[0], gradInputs[1]);
            return [_k * (gradInputs[0] * y + x * gradInputs[1]), gradInputs[0] + gradInputs[1]];
        }
    }

    private static void FunctionForwardMode(CaseLog log)
    {
        var (x, y) = (Leaf(3), Leaf(3));
        using (Torch.Autograd.ForwardAD.DualLevel())
        {
            var (a, b) = WithJvp.Apply(Torch.Autograd.ForwardAD.MakeDual(x.Detach(), Ones(3)), y.Detach(), 3, log);
            log.Add(Torch.Autograd.ForwardAD.UnpackDual(a), Torch.Autograd.ForwardAD.UnpackDual(b));
            log.Error(() => Exp.Apply(Torch.Autograd.ForwardAD.MakeDual(x.Detach(), Ones(3))));
        }
    }

    private static void AnomalyMode(CaseLog log)
    {
        var x = Torch.Zeros([2], dtype: DType.Float64).RequiresGrad_();
        using (Torch.Autograd.DetectAnomaly())
        {
            log.Add(Torch.IsAnomalyEnabled(), Torch.IsAnomalyCheckNanEnabled());
            var y = (x.Sqrt() * 0).Sum();
            log.Error(() => y.Backward());
        }
        using (Torch.Autograd.DetectAnomaly(checkNan: false))
        {
            var y = (x.Sqrt() * 0).Sum();
            log.Error(() => y.Backward());
        }
        log.Add(Torch.IsAnomalyEnabled(), x.Grad);
    }
}
