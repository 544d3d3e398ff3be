"""Backward passes, hooks, custom functions: what Python's autograd gives."""
import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.autograd.graph import (
    disable_saved_tensors_hooks,
    get_gradient_edge,
    increment_version,
    register_multi_grad_hook,
    save_on_cpu,
    saved_tensors_hooks,
)

from autograd_log import case, main


def leaf(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype).requires_grad_()


# ---- grad and backward


@case
def grad_basic(log):
    x, y = leaf(3), leaf(3)
    z = (x * y).sin().sum()
    log(torch.autograd.grad(z, [x, y]), x.grad, x.is_leaf, z.is_leaf)


@case
def grad_create_graph(log):
    x = leaf(4)
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (i,) = torch.autograd.grad(h.sum(), x)
    log(g, h, i)


@case
def grad_outputs(log):
    x = leaf(2, 3)
    y = x.exp()
    z = (x * 2).sum()
    v = torch.randn(2, 3, dtype=torch.float64)
    log(torch.autograd.grad([y, z], [x], [v, None]))


@case
def grad_unused(log):
    x, y = leaf(2), leaf(2)
    z = (x * 3).sum()
    log.error(lambda: torch.autograd.grad(z, [x, y], retain_graph=True), "appears to not have been used")
    log(torch.autograd.grad(z, [x, y], retain_graph=True, allow_unused=True))
    r = torch.autograd.grad(z, [x, y], retain_graph=True, create_graph=True, materialize_grads=True)
    log(r)
    log.error(lambda: torch.autograd.grad(z, [x, y], allow_unused=False, materialize_grads=True))


@case
def grad_errors(log):
    x = leaf(2, 3)
    y = x * 2
    log.error(lambda: torch.autograd.grad(y, x))
    log.error(lambda: torch.autograd.grad(y, x, torch.ones(3, 2)))
    log.error(lambda: torch.autograd.grad(y, x, torch.ones(2, 3, dtype=torch.complex64)))
    log.error(lambda: torch.autograd.grad(torch.ones(()), x))
    log.error(lambda: torch.autograd.grad(y.sum(), torch.ones(2)))
    c = torch.ones((), dtype=torch.complex64).requires_grad_()
    log.error(lambda: (c * 2).backward())
    p = (x * x).sum()
    p.backward()
    log.error(lambda: p.backward())
    q = x * x
    q.sum().backward(retain_graph=True)
    q.sum().backward()
    log(x.grad)
    log.error(lambda: torch.ones(2).requires_grad_().view(-1).add_(1).sum().detach().backward())


@case
def inplace_errors(log):
    x = leaf(3)
    a = x * x
    b = a * a
    a.add_(x)
    log.error(lambda: b.sum().backward(), "modified by an inplace operation: [torch.DoubleTensor [3]], which is output 0 of Add")
    log.error(lambda: x.add_(1))
    v = x.view(3)
    log.error(lambda: v.mul_(2))
    t = torch.ones(3, dtype=torch.float64).clone()
    w = x * t
    increment_version(t)
    log.error(lambda: w.sum().backward(), "modified by an inplace operation: [torch.DoubleTensor [3]] is at version 1; expected version 0 instead.")
    log(a._version, t._version)


@case
def backward_accumulates(log):
    x = leaf(3)
    (x * 2).sum().backward()
    (x * x).sum().backward()
    log(x.grad)
    x.grad = None
    (x.sin()).backward(torch.arange(3, dtype=torch.float64))
    log(x.grad)


@case
def backward_inputs(log):
    x, y = leaf(3), leaf(3)
    z = x * y
    z.sum().backward(inputs=[x], retain_graph=True)
    log(x.grad, y.grad)
    torch.autograd.backward([z.sum(), z.exp().sum()], inputs=[y])
    log(x.grad, y.grad)
    u = x * 2
    (u * u).sum().backward(inputs=[u])
    log(u.grad, x.grad)


@case
def backward_create_graph(log):
    x = leaf(3)
    (x**3).sum().backward(create_graph=True)
    g = x.grad
    x.grad = None
    g.sum().backward()
    log(g, x.grad)


@case
def retain_grad(log):
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    log(y.retains_grad, x.retains_grad)
    y.sin_().sum().backward()
    log(y.grad, x.grad)
    log.error(lambda: torch.ones(2).retain_grad())


@case
def views_and_inplace(log):
    x = leaf(4, 3)
    y = x * 1
    y[1].mul_(3)
    y[:, 0].fill_(5.0)
    y.t()[2].add_(y[:, 1].detach())
    (y**2).sum().backward()
    log(x.grad, y)


@case
def edges(log):
    x, y = leaf(3), leaf(3)
    z = x * y
    ex, ez = get_gradient_edge(x), get_gradient_edge(z)
    log(ex.node.name(), ex.output_nr, ez.node.name())
    loss = z.exp().sum()
    log(torch.autograd.grad(loss, [ez, ex], retain_graph=True))
    log(torch.autograd.grad([ez], [x], torch.ones(3, dtype=torch.float64), retain_graph=True))
    loss.backward(inputs=[get_gradient_edge(y)])
    log(x.grad, y.grad)
    log.error(lambda: get_gradient_edge(torch.ones(2)))


@case
def graph_walk(log):
    x, y = leaf(3), leaf(3)
    z = ((x * y) + torch.ones(3, dtype=torch.float64)).sum()
    node = z.grad_fn
    names = []
    while node is not None:
        names.append(node.name())
        if node.next_functions == ():
            break
        names.append(str(len(node.next_functions)))
        node = node.next_functions[0][0]
    log(names)
    log(z.grad_fn.next_functions[0][0].next_functions[1][0] is None)


# ---- hooks


@case
def tensor_hooks(log):
    x = leaf(3)
    y = x * 2
    order = []
    h1 = y.register_hook(lambda g: order.append("1"))
    y.register_hook(lambda g: (order.append("2"), g * 10)[1])
    h3 = y.register_hook(lambda g: (order.append("3"), log(g))[0])
    x.register_hook(lambda g: (order.append("leaf"), g + 1)[1])
    y.sum().backward(retain_graph=True)
    log(x.grad, order)
    h1.remove()
    h3.remove()
    h3.remove()
    order.clear()
    y.sum().backward()
    log(x.grad, order)
    log.error(lambda: torch.ones(2).register_hook(lambda g: g))


@case
def hooks_and_inplace(log):
    x = leaf(3)
    y = x * 2
    y.register_hook(lambda g: log("before", g))
    y.retain_grad()
    y.mul_(3)
    y.register_hook(lambda g: log("after", g))
    y.sum().backward()
    log(x.grad, y.grad)


@case
def hooks_get_none(log):
    x = leaf(3)
    u, v = torch.split(x * 2, [1, 2])
    u.register_hook(lambda g: log("u", g))
    v.register_hook(lambda g: log("v", g))
    u.sum().backward()
    log(x.grad)


@case
def hook_replaces_wrongly(log):
    x = leaf(3)
    y = x * 2
    h = y.register_hook(lambda g: g.float())
    log.error(lambda: y.sum().backward(retain_graph=True), "has changed the type of value (was torch.DoubleTensor got torch.FloatTensor)")
    h.remove()
    y.register_hook(lambda g: torch.ones(5, dtype=torch.float64))
    log.error(lambda: y.sum().backward(), "has changed the size of value")


@case
def hook_removes_another(log):
    x = leaf(3)
    y = x * 2
    handles = []
    y.register_hook(lambda g: handles[0].remove())
    handles.append(y.register_hook(lambda g: log("ran")))
    y.sum().backward(retain_graph=True)
    log("again")
    y.sum().backward()


@case
def post_accumulate(log):
    x, y = leaf(3), leaf(3)
    h = x.register_post_accumulate_grad_hook(lambda p: (log("first", p.grad), p.grad.mul_(2))[0])
    x.register_post_accumulate_grad_hook(lambda p: log("second", p is x, p.grad))
    (x * y).sum().backward()
    log(x.grad)
    h.remove()
    (x * y).sum().backward()
    log(x.grad)
    log.error(lambda: torch.ones(2).register_post_accumulate_grad_hook(lambda p: None))
    log.error(lambda: (x * 2).register_post_accumulate_grad_hook(lambda p: None))
    log(torch.autograd.grad((x * y).sum(), [x, y]))


@case
def optimizer_in_backward(log):
    x, y = leaf(3), leaf(3)
    state = {x: 0.1, y: 0.2}

    def step(p):
        with torch.no_grad():
            p.add_(p.grad, alpha=-state[p])
        p.grad = None

    for p in (x, y):
        p.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        ((x * y).sin() + x).sum().backward()
    log(x, y, x.grad)


@case
def node_hooks(log):
    x, y = leaf(3), leaf(3)
    z = x * y
    pre = z.grad_fn.register_prehook(lambda go: (log("pre", go), (go[0] * 2,))[1])
    post = z.grad_fn.register_hook(lambda gi, go: (log("post", gi, go), (gi[0] * 3, None))[1])
    z.sum().backward(retain_graph=True)
    log(x.grad, y.grad)
    pre.remove()
    z.sum().backward(retain_graph=True)
    post.remove()
    z.sum().backward()
    log(x.grad, y.grad)


@case
def leaf_node_hooks(log):
    x = leaf(3)
    node = get_gradient_edge(x).node
    node.register_prehook(lambda go: (log("pre", go), (go[0] + 1,))[1])
    node.register_hook(lambda gi, go: log("post", gi, go))
    (x * 2).sum().backward()
    log(x.grad)


@case
def multi_grad_hook(log):
    a, b = leaf(2), leaf(2)
    c, d = a * b, a * b
    h = register_multi_grad_hook((a, b, c, d), lambda grads: log([g is not None for g in grads], grads))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    d.sum().backward(retain_graph=True)
    h.remove()
    c.sum().backward(retain_graph=True)
    h = register_multi_grad_hook((a, c, d), lambda g: log("any", g), mode="any")
    d.sum().backward()
    h.remove()
    c.sum().backward()
    log(a.grad)


# ---- saved tensors


@case
def saved_hooks(log):
    x, y = leaf(3), leaf(3)

    def pack(t):
        log("pack", t)
        return (t.detach() * 2).clone()

    def unpack(t):
        log("unpack", t)
        return t

    with saved_tensors_hooks(pack, unpack):
        z = x * y
        w = z.exp()
    u = w * w
    u.sum().backward()
    log(x.grad, y.grad)


@case
def saved_hooks_nested(log):
    x = leaf(3)
    with saved_tensors_hooks(lambda t: (log("outer"), t.detach())[1], lambda t: t):
        a = x.sin()
        with saved_tensors_hooks(lambda t: (log("inner"), t.detach())[1], lambda t: t):
            b = a.exp()
        c = b.sin()
    c.sum().backward()
    log(x.grad)


@case
def saved_hooks_wrong(log):
    x = leaf(3)

    def inplace():
        with saved_tensors_hooks(lambda t: t.detach().mul_(2), lambda t: t):
            (x * 1).sin()

    log.error(inplace, "A saved tensor pack hook is modifying its input in place.")
    with saved_tensors_hooks(lambda t: t.detach(), lambda t: None):
        y = x.sin()
    log.error(lambda: y.sum().backward(), "Output of saved tensor unpack_hook expected to be a Tensor")


@case
def save_cpu(log):
    x, y = leaf(3), leaf(3)
    with save_on_cpu():
        z = (x * y).exp()
    z.sum().backward()
    log(x.grad, y.grad)


@case
def disabled_hooks(log):
    def use():
        with saved_tensors_hooks(lambda t: t, lambda t: t):
            pass

    with disable_saved_tensors_hooks("not here"):
        log.error(use)
        with disable_saved_tensors_hooks("nor here"):
            log.error(use)
        log.error(use)
    use()

    def inside():
        with saved_tensors_hooks(lambda t: t, lambda t: t):
            with disable_saved_tensors_hooks("too late"):
                pass

    log.error(inside)


@case
def saved_hooks_double_backward(log):
    x = leaf(3)
    count = []
    with saved_tensors_hooks(lambda t: (count.append(1), t.detach().clone())[1], lambda t: t):
        y = (x**3).sum()
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
    log(g, h, len(count))


# ---- custom functions


class Scale(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, g):
        return g * ctx.factor, None


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Muls(Function):
    @staticmethod
    def forward(ctx, a, b, c):
        ctx.save_for_backward(a, b, c)
        return a * b, b * c, a + c

    @staticmethod
    def backward(ctx, g1, g2, g3):
        a, b, c = ctx.saved_tensors
        ga = gb = gc = None
        if ctx.needs_input_grad[0]:
            ga = g1 * b + g3
        if ctx.needs_input_grad[1]:
            gb = g1 * a + g2 * c
        if ctx.needs_input_grad[2]:
            gc = g2 * b + g3
        return ga, gb, gc


@case
def function_scale(log):
    x = leaf(3)
    y = Scale.apply(x, 2.5)
    log(y, y.grad_fn.name(), len(y.grad_fn.next_functions))
    y.sum().backward()
    log(x.grad)
    with torch.no_grad():
        log(Scale.apply(x, 3.0))
    log(Scale.apply(x.detach(), 3.0))


@case
def function_saves_output(log):
    x = leaf(3)
    y = Exp.apply(x)
    y.sum().backward()
    log(y, x.grad)
    log.error(lambda: y.sum().backward())


@case
def function_double_backward(log):
    x = leaf(3)
    y = Exp.apply(Exp.apply(x))
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (i,) = torch.autograd.grad(h.sum(), x)
    log(g, h, i)


@case
def function_many(log):
    a, b = leaf(3), leaf(3)
    c = torch.randn(3, dtype=torch.float64)
    p, q, r = Muls.apply(a, b, c)
    log(p, q, r, p.output_nr, r.output_nr)
    log(torch.autograd.grad(q.sum(), [a, b], allow_unused=True, retain_graph=True))
    (p * q * r).sum().backward()
    log(a.grad, b.grad)


class SortLike(Function):
    @staticmethod
    def forward(ctx, x):
        values, indices = x.sort()
        ctx.mark_non_differentiable(indices)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx, g, g_indices):
        (indices,) = ctx.saved_tensors
        SortLike.log(g, g_indices)
        return torch.zeros_like(g).index_add_(0, indices, g)


@case
def function_non_differentiable(log):
    SortLike.log = log
    x = leaf(5)
    values, indices = SortLike.apply(x)
    log(values, indices, indices.requires_grad, indices.grad_fn is None)
    (values * torch.arange(5, dtype=torch.float64)).sum().backward()
    log(x.grad)


class TwoOutputs(Function):
    materialize = True

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(TwoOutputs.materialize)
        return x.clone(), x.clone(), 7

    @staticmethod
    def backward(ctx, *grads):
        TwoOutputs.log(grads)
        return grads[0]


@case
def function_materialize(log):
    TwoOutputs.log = log
    x = leaf(2)
    for TwoOutputs.materialize in (True, False):
        a, b, c = TwoOutputs.apply(x)
        log(c)
        a.sum().backward()
    log(x.grad)


class AddInPlace(Function):
    @staticmethod
    def forward(ctx, x, y):
        x.add_(y)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g, g * 2


@case
def function_dirty(log):
    x, y = leaf(3), leaf(3)
    a = x * 1
    b = AddInPlace.apply(a, y)
    log(b is a, a, a._version, a.grad_fn.name())
    (a * a).sum().backward()
    log(x.grad, y.grad)
    log.error(lambda: AddInPlace.apply(x, y))
    base = x * 1
    view = base[1:]
    AddInPlace.apply(view, y[1:])
    log(base, base.grad_fn.name())
    x.grad = None
    (base * base).sum().backward()
    log(x.grad)
    old = x * 1
    used = old * old
    AddInPlace.apply(old, y)
    log.error(lambda: used.sum().backward(), "modified by an inplace operation: [torch.DoubleTensor [3]], which is output 0 of AddInPlace")


class Forgetful(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g


class Wrong(Function):
    gives = None

    @staticmethod
    def forward(ctx, x, k):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return Wrong.gives(g)


class Returns(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3


@case
def function_mistakes(log):
    x = leaf(2)
    log.error(lambda: Forgetful.apply(x * 1))
    for Wrong.gives in (
        lambda g: g,
        lambda g: (g, g),
        lambda g: (g, None, None),
        lambda g: (g, None, g),
        lambda g: (torch.ones(7), None),
        lambda g: (None, None),
    ):
        y = Wrong.apply(x, 3)
        log.error(lambda: y.sum().backward())
    log(x.grad)
    y = Returns.apply(x)
    log(y is x, y.grad_fn.name())
    y.sum().backward()
    log(x.grad)


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


@case
def function_once(log):
    x = leaf(3)
    (g,) = torch.autograd.grad(Once.apply(x).sum(), x)
    log(g)
    y = Once.apply(x)
    v = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(y, x, v, create_graph=True)
    log(g)
    log.error(lambda: g.sum().backward())


class SavesNone(Function):
    @staticmethod
    def forward(ctx, x, bias):
        ctx.save_for_backward(x, None, bias)
        return x * 2 if bias is None else x * 2 + bias

    @staticmethod
    def backward(ctx, g):
        x, none, bias = ctx.saved_tensors
        SavesNone.log(none, bias, ctx.needs_input_grad)
        return g * 2, g


@case
def function_none(log):
    SavesNone.log = log
    x, b = leaf(3), leaf(3)
    log.error(lambda: SavesNone.apply(x, None).sum().backward())
    SavesNone.apply(x, b).sum().backward()
    log(x.grad, b.grad)


@case
def function_saved_changed(log):
    x = leaf(3)
    t = torch.ones(3, dtype=torch.float64).clone()
    p, _, _ = Muls.apply(x, t, t * 2)
    t.add_(1)
    log.error(lambda: p.sum().backward())


@case
def function_hooks_on_saved(log):
    x = leaf(3)
    with saved_tensors_hooks(lambda t: (log("pack", t.shape), t.detach() * 2)[1], lambda t: (log("unpack"), t)[1]):
        y = Exp.apply(x)
    y.sum().backward()
    log(x.grad)


class Reentrant(Function):
    @staticmethod
    def forward(ctx, x):
        with torch.enable_grad():
            ctx.x = x.detach().requires_grad_()
            ctx.y = ctx.x**3
        return ctx.y.detach()

    @staticmethod
    def backward(ctx, g):
        with torch.enable_grad():
            ctx.y.backward(g)
        return ctx.x.grad


@case
def function_reentrant(log):
    x = leaf(3)
    y = x
    for _ in range(3):
        y = Reentrant.apply(y)
    y.sum().backward()
    log(x.grad)


class Complex(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x.conj()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return (g + g.conj()) * x


@case
def function_complex(log):
    x = leaf(3, dtype=torch.complex128)
    Complex.apply(x).real.sum().backward()
    log(x.grad)


class Jvp(Function):
    @staticmethod
    def forward(ctx, x, y, k):
        ctx.save_for_forward(x, y)
        ctx.k = k
        return x * y * k, x + y

    @staticmethod
    def jvp(ctx, x_t, y_t, _):
        x, y = ctx.saved_tensors
        Jvp.log(x_t, y_t)
        return ctx.k * (x_t * y + x * y_t), x_t + y_t


@case
def function_forward_mode(log):
    import torch.autograd.forward_ad as fw

    Jvp.log = log
    x, y = leaf(3), leaf(3)
    with fw.dual_level():
        a, b = Jvp.apply(fw.make_dual(x.detach(), torch.ones(3, dtype=torch.float64)), y.detach(), 3)
        log(fw.unpack_dual(a), fw.unpack_dual(b))
        log.error(lambda: Exp.apply(fw.make_dual(x.detach(), torch.ones(3, dtype=torch.float64))))


@case
def anomaly(log):
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    with torch.autograd.detect_anomaly():
        log(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
        y = (x.sqrt() * 0).sum()
        log.error(lambda: y.backward())
    with torch.autograd.detect_anomaly(check_nan=False):
        y = (x.sqrt() * 0).sum()
        log.error(lambda: y.backward())
    log(torch.is_anomaly_enabled(), x.grad)


if __name__ == "__main__":
    main()
