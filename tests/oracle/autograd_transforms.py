"""torch.func: what Python's function transforms give."""
import torch
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

from autograd_log import case, main


def rand(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype)


@case
def vmaps(log):
    x, y = rand(4, 3), rand(4, 3)
    log(vmap(torch.dot)(x, y))
    log(vmap(torch.mul, in_dims=(0, 1))(x, y.T.contiguous()))
    log(vmap(torch.mul, in_dims=(0, None))(x, y[0]))
    log(vmap(torch.mul, in_dims=(-2, None), out_dims=1)(x, y[0]))
    log(vmap(lambda x: (x.sum(), x * 2), out_dims=(0, 1))(x))
    log(vmap(lambda x: torch.ones(2))(x))
    log(vmap(vmap(lambda a, b: a * b + 1))(x, y))
    log(vmap(vmap(lambda a, b: a + b, (None, 0)), (0, None))(x[:, 0], y[:, 0]))
    log(vmap(lambda d: d["a"] * d["b"])({"a": x, "b": y}))
    log(vmap(lambda p: p[0] @ p[1].T, in_dims=((0, None),))((x, y)))
    log(vmap(lambda x: x.sum(), chunk_size=3)(x), vmap(lambda x, y: x * y, in_dims=(0, None), chunk_size=1)(x, y))
    w = rand(3, 2)
    log(vmap(lambda x: (x @ w).softmax(0))(x))
    log(vmap(lambda x: torch.nn.functional.mse_loss(x @ w, torch.ones(2, dtype=torch.float64)))(x))
    log(vmap(lambda x: x.sort()[1])(x), vmap(lambda x: x.cumsum(0).flip(0))(x))
    log(vmap(lambda m: torch.linalg.inv(m))(rand(3, 2, 2)))


@case
def vmap_randomness(log):
    x = rand(3, 2)
    log.error(lambda: vmap(lambda x: x + torch.rand(2))(x))
    torch.manual_seed(1)
    log(vmap(lambda x: x + torch.rand(2, dtype=torch.float64), randomness="same")(x))
    torch.manual_seed(1)
    log(vmap(lambda x: x + torch.rand(2, dtype=torch.float64), randomness="different")(x))
    torch.manual_seed(1)
    log(vmap(lambda x: torch.nn.functional.dropout(x, 0.5, True), randomness="different")(x))
    torch.manual_seed(1)
    log(vmap(lambda x: x + torch.rand(2, dtype=torch.float64), randomness="same", chunk_size=2)(x))


@case
def vmap_errors(log):
    x = rand(3, 2)
    log.error(lambda: vmap(torch.mul)(x, rand(4, 2)))
    log.error(lambda: vmap(torch.mul, in_dims=None)(x, x), "")
    log.error(lambda: vmap(torch.mul, in_dims=(None, None))(x, x))
    log.error(lambda: vmap(lambda x: x.item())(x), "vmap: It looks like you're calling .item() on a Tensor.")
    log.error(lambda: vmap(torch.mul, in_dims=(0, 5))(x, x), "expected in_dim to satisfy -2 <= in_dim < 2.")
    log.error(lambda: vmap(torch.mul, in_dims=(0, (0, 0)))(x, x), "in_dims is not compatible with the structure of `inputs`.")
    log.error(lambda: vmap(lambda x: x, out_dims=(0, 0))(x), "out_dims is not compatible with the structure of `outputs`.")
    log.error(lambda: vmap(lambda x: x, out_dims=None)(x), "can not return a BatchedTensor when out_dim is None")
    log.error(lambda: vmap(lambda x: 3)(x), "must only return Tensors, got type")
    log(vmap(lambda x: x)(x))


@case
def grads(log):
    x, y = rand(3), rand(3)
    f = lambda x, y: (x.sin() * y).sum()
    log(grad(f)(x, y), grad(f, argnums=1)(x, y), grad(f, argnums=(0, 1))(x, y))
    log(grad_and_value(f)(x, y))
    log(grad(lambda x: (x.exp().sum(), x * 2), has_aux=True)(x))
    log(grad_and_value(lambda x: (x.exp().sum(), x * 2), has_aux=True)(x))
    s = rand(())
    log(grad(grad(torch.sin))(s), grad(grad(grad(lambda x: x**4)))(s))
    log(vmap(grad(torch.sin))(x), vmap(grad(grad(torch.cos)))(x))
    log(grad(lambda p: (p["w"] * p["b"]).sum())({"w": x, "b": y}))
    log(grad(lambda x: y.sum())(x))
    log(vmap(grad(lambda x, y: (x * y).sum()), in_dims=(0, None))(rand(2, 3), y))


@case
def grad_modes(log):
    x = rand(3)

    def f(x):
        with torch.no_grad():
            c = x**2
        return (x - c).sum()

    log(grad(f)(x))
    with torch.no_grad():
        log(grad(lambda x: (x**2).sum())(x), grad(f)(x))
    w = rand(3).requires_grad_()
    g = grad(lambda x: (x**2 * w).sum())(x)
    log(g)
    g.sum().backward()
    log(w.grad)


@case
def grad_errors(log):
    x = rand(3)
    log.error(lambda: grad(lambda x: x * 2)(x))
    log.error(lambda: grad(lambda x: x.sum(), argnums=2)(x))
    log.error(lambda: grad(lambda x, y: x.sum(), argnums=(0, 0))(x, x), "argnums elements must be unique")
    log.error(lambda: grad(lambda x: x.requires_grad_().sum())(x), "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs)")
    log.error(lambda: grad(lambda x: (x.sum().backward(), x.sum())[1])(x.requires_grad_()))
    def hooked():
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            grad(lambda x: x.sin().sum())(x)

    log.error(hooked, "don't yet support saved tensor hooks")
    def inner():
        def f(x):
            with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                return x.sin().sum()
        return grad(f)(x)

    log.error(inner)
    log(grad(lambda x: x.sum())(x.detach()))


@case
def printing(log):
    x = torch.arange(6, dtype=torch.float64).view(2, 3) / 4
    def show(*values):
        log([repr(v) for v in values])
        return values[0].sum()
    vmap(show)(x)
    vmap(show, in_dims=1)(x)
    grad(show)(x)
    grad(lambda x: vmap(lambda a, b: show(a, b), in_dims=(0, None))(x, torch.ones(2)).sum())(x)
    vmap(vmap(show))(x)


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


@case
def custom_functions(log):
    x = rand(3)
    log.error(lambda: grad(lambda x: Double.apply(x).sum())(x), "functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context staticmethod.")
    log.error(lambda: vmap(Double.apply)(x), "functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context staticmethod.")
    log(Double.apply(x))


@case
def vjps(log):
    x, y, v = rand(3), rand(3), rand(3)
    out, f = vjp(lambda x: x.sin(), x)
    log(out, f(v))
    out, f = vjp(lambda x, y: (x * y, x + y), x, y)
    log(out, f((v, v)))
    out, f, aux = vjp(lambda x: (x.exp(), x * 3), x, has_aux=True)
    log(out, f(v), aux)
    log(vmap(f)(rand(2, 3)))
    w = rand(3).requires_grad_()
    out, f = vjp(lambda x: x.sin(), w)
    (g,) = f(v)
    log(g)
    g.sum().backward()
    log(w.grad)


@case
def jvps(log):
    x, y, v = rand(3), rand(3), rand(3)
    log(jvp(torch.sin, (x,), (v,)))
    log(jvp(lambda x, y: (x * y, x + y), (x, y), (v, v)))
    log(jvp(lambda x: (x.exp(), x * 3), (x,), (v,), has_aux=True))
    log(jvp(lambda x: jvp(torch.sin, (x,), (v,))[1], (x,), (v,)))
    log(jvp(grad(lambda x: (x**3).sum()), (x,), (v,)))
    log(grad(lambda x: jvp(torch.sin, (x,), (v,))[1].sum())(x))
    log(vmap(lambda t: jvp(torch.sin, (x,), (t,))[1])(rand(2, 3)))
    log(jvp(lambda x: y, (x,), (v,)))
    log.error(lambda: jvp(lambda x: y, (x,), (v,), strict=True))


@case
def jacobians(log):
    x, y = rand(3), rand(2, 3)
    f = lambda x, y: (y * x).sin().sum(1)
    for jac in (jacrev, jacfwd):
        log(jac(torch.sin)(x), jac(f)(x, y), jac(f, argnums=1)(x, y), jac(f, argnums=(0, 1))(x, y))
        log(jac(lambda x: (x.exp(), x * 2), has_aux=True)(x))
        log(jac(lambda p: p["a"] * p["b"])({"a": x, "b": x}))
        log(vmap(jac(torch.sin))(y))
        log(jac(jac(lambda x: (x**3).sum()))(x))
    log(jacrev(f, chunk_size=1)(x, y), jacrev(torch.exp, chunk_size=2)(x))
    log(hessian(lambda x: (x**3).sum())(x), vmap(hessian(lambda x: (x**3).sum()))(y))
    log(jacrev(lambda x: x.sum())(x), jacfwd(lambda s: s * x)(rand(())))
    log.error(lambda: jacrev(torch.sin)(rand(2, dtype=torch.complex128)))
    log.error(lambda: jacfwd(torch.sin)(rand(2, dtype=torch.complex128)))


@case
def functional(log):
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    x, t = torch.randn(5, 3), torch.randn(5, 2)
    params = {k: v.detach() for k, v in model.named_parameters()}

    def loss(params, x, t):
        return ((functional_call(model, params, (x,)) - t) ** 2).mean()

    log(functional_call(model, {"0.bias": torch.zeros(4)}, (x,)), model(x))
    log(list(grad(loss)(params, x, t).values()))
    log(list(vmap(grad(loss), in_dims=(None, 0, 0))(params, x, t).values()))
    log(list(jacrev(lambda p: functional_call(model, p, (x,)).sum(0))(params).values()))
    log.error(lambda: functional_call(model, {"nothing": x}, (x,)), "Unexpected key(s): nothing")
    log.error(lambda: functional_call(model, {"0.bias": torch.zeros(4)}, (x,), strict=True), "Missing key(s)")
    models = [torch.nn.Linear(3, 2) for _ in range(3)]
    p, b = stack_module_state(models)
    log(p["weight"], list(b))
    base = torch.nn.Linear(3, 2)
    log(vmap(lambda p, x: functional_call(base, p, (x,)), in_dims=(0, None))(p, x))
    log(base(x))


@case
def losses_under_vmap(log):
    x, t = rand(4, 3), rand(4, 3)
    labels = torch.randint(0, 3, (4,))
    F = torch.nn.functional
    log(vmap(grad(lambda x, t: F.mse_loss(x, t)))(x, t))
    log(vmap(grad(lambda x, t: F.smooth_l1_loss(x, t)))(x, t))
    log(vmap(grad(lambda x, t: F.huber_loss(x, t, delta=0.5)))(x, t))
    log(vmap(grad(lambda x, y: F.cross_entropy(x.unsqueeze(0), y.unsqueeze(0))))(x, labels))
    log(vmap(grad(lambda x, y: F.nll_loss(F.log_softmax(x, 0).unsqueeze(0), y.unsqueeze(0), reduction="sum")))(x, labels))


@case
def forward_decompositions(log):
    x, v = rand(4, 3), rand(4, 3)
    F = torch.nn.functional
    log(jvp(lambda x: F.logsigmoid(x), (x,), (v,)))
    log(jvp(lambda x: torch.trace(x[:3]), (x,), (v,)))
    log(jvp(grad(lambda x: F.softmax(x, 1).pow(2).sum()), (x,), (v,)))
    log(jvp(grad(lambda x: F.log_softmax(x, 1).pow(2).sum()), (x,), (v,)))
    log(jvp(grad(lambda x: F.layer_norm(x, (3,)).pow(3).sum()), (x,), (v,)))
    labels = torch.tensor([0, 2, 1, 1])
    log(jvp(grad(lambda x: F.cross_entropy(x, labels)), (x,), (v,)))
    log(hessian(lambda x: F.cross_entropy(x, labels))(x))


if __name__ == "__main__":
    main()
