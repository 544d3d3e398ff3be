"""torch.autograd.functional, forward mode, gradcheck: what Python gives."""
import torch
import torch.autograd.forward_ad as fw
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

from autograd_log import case, main


def rand(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype)


@case
def jacobians(log):
    x, y = rand(2, 3), rand(3)
    f = lambda x: x.exp().sum(1)
    log(jacobian(f, x), jacobian(f, x, vectorize=True), jacobian(f, x, vectorize=True, strategy="forward-mode"))
    g = lambda x, y: (x * y, y.sin())
    for options in ({}, {"vectorize": True}, {"vectorize": True, "strategy": "forward-mode"}):
        log(jacobian(g, (x, y), **options))
    log(jacobian(lambda x: (x * 2).sum(), x))
    log(jacobian(lambda x: (x.sin(), x.sum()), x))
    x = rand(3).requires_grad_()
    j = jacobian(lambda x: x**3, x, create_graph=True)
    log(j)
    j.sum().backward()
    log(x.grad)


@case
def hessians(log):
    x, y = rand(2, 2), rand(2)
    f = lambda x: (x**3).sum()
    log(hessian(f, x), hessian(f, x, vectorize=True))
    log(hessian(f, x, vectorize=True, outer_jacobian_strategy="forward-mode"))
    g = lambda x, y: ((x * y) ** 2).sum()
    log(hessian(g, (x, y)), hessian(g, (x, y), vectorize=True))


@case
def products(log):
    x, y = rand(2, 3), rand(3)
    v, u = rand(2), rand(2, 3)
    f = lambda x: x.exp().sum(1)
    log(vjp(f, x, v), jvp(f, x, u))
    g = lambda x, y: (x * y, y.sin())
    log(vjp(g, (x, y), (u, y)), jvp(g, (x, y), (u, y)))
    s = lambda x: (x**3).sum()
    log(vhp(s, x, u), hvp(s, x, u))
    t = lambda x, y: ((x * y) ** 2).sum()
    log(vhp(t, (x, y), (u, y)), hvp(t, (x, y), (u, y)))
    log(vjp(s, x))
    z = rand(2, 3).requires_grad_()
    out, grad = vjp(s, z, create_graph=True)
    log(out, grad)
    grad.sum().backward()
    log(z.grad)


@case
def functional_errors(log):
    x, y = rand(2, 3), rand(3)
    f = lambda x: x.exp().sum(1)
    log.error(lambda: vjp(f, x))
    log.error(lambda: vjp(f, x, rand(5)))
    log.error(lambda: vjp(lambda x, y: (x, y), (x, y), (x, x)))
    log.error(lambda: vjp(lambda x, y: (x, y), (x, y), (x,)))
    log.error(lambda: jvp(f, x))
    log.error(lambda: vhp(f, x, x))
    log.error(lambda: hvp(f, x, x))
    log.error(lambda: hessian(f, x))
    log.error(lambda: vjp(lambda x: y, x, y, strict=True))
    log.error(lambda: jacobian(lambda x: y.clone().requires_grad_() * 1, x, strict=True))
    log.error(lambda: hessian(lambda x: x.sum(), x, strict=True))
    log.error(lambda: vhp(lambda x: x.sum(), x, x, strict=True))
    log.error(lambda: jvp(lambda x: x * 1, x, x, strict=True))
    log.error(lambda: jacobian(f, x, strict=True, vectorize=True))
    log.error(lambda: jacobian(f, x, strategy="forward-mode"))
    log.error(lambda: jacobian(f, x, create_graph=True, vectorize=True, strategy="forward-mode"))
    log(vjp(lambda x, y: x * 2, (x, y), x))


@case
def batched_grads(log):
    x = rand(3).requires_grad_()
    y = x * x
    v = rand(4, 3)
    log(torch.autograd.grad(y, x, v, is_grads_batched=True, retain_graph=True))
    log.error(lambda: torch.autograd.grad(y, x, rand(4, 2), is_grads_batched=True, retain_graph=True))
    z = rand(2).requires_grad_()
    log(torch.autograd.grad(y, [x, z], v, is_grads_batched=True, allow_unused=True))


@case
def forward_mode(log):
    x, t = rand(3), rand(3)
    w = rand(3).requires_grad_()
    with fw.dual_level():
        d = fw.make_dual(x, t)
        y = (d * w).sin()
        log(fw.unpack_dual(y))
        log(fw.unpack_dual(w))
        p, q = fw.unpack_dual(y)
        q.sum().backward()
        log(w.grad)
        log.error(lambda: fw.make_dual(torch.ones(2, dtype=torch.int64), torch.ones(2)))
        log.error(lambda: fw.make_dual(torch.ones(2), torch.ones(2, dtype=torch.int64)))
        with torch.no_grad():
            log(fw.unpack_dual(d * 2))
        m = rand(2, 2)
        e = fw.make_dual(m, rand(2, 2))
        log(fw.unpack_dual(torch.linalg.inv(e)), fw.unpack_dual(e.T), fw.unpack_dual(e[0]))
        e.view(-1)[1:].mul_(2)
        log(fw.unpack_dual(e))
    log(fw.unpack_dual(y))
    log.error(lambda: fw.make_dual(x, t))


@case
def checks(log):
    x, y = rand(2, 3).requires_grad_(), rand(3).requires_grad_()
    f = lambda x, y: ((x * y).sin(), x.exp())
    for fast in (False, True):
        log(gradcheck(f, (x, y), fast_mode=fast))
        log(gradcheck(f, (x, y), fast_mode=fast, check_forward_ad=True, check_batched_grad=True))
        log(gradgradcheck(f, (x, y), fast_mode=fast))
        log(gradgradcheck(f, (x, y), fast_mode=fast, check_fwd_over_rev=True, gen_non_contig_grad_outputs=True))
    c = rand(2, dtype=torch.complex128).requires_grad_()
    g = lambda z: (z * z.conj() * z).sin()
    log(gradcheck(g, c), gradcheck(g, c, fast_mode=True), gradcheck(g, c, check_forward_ad=True))
    log(gradcheck(lambda z: z.abs(), c), gradgradcheck(lambda z: z.abs(), c))
    log(gradcheck(lambda x: x.detach() * 0 + x.float().double() * 0 + 1, x))


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * 2.5


class NotMultiplied(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return torch.ones_like(g) * (g + 1 - g.detach())


@case
def failing_checks(log):
    x = rand(2, 2).requires_grad_()
    log.error(lambda: gradcheck(Wrong.apply, x), "Jacobian mismatch for output 0 with respect to input 0,")
    log.error(lambda: gradcheck(Wrong.apply, x, fast_mode=True), "Jacobian mismatch for output 0 with respect to input 0,")
    log(gradcheck(Wrong.apply, x, raise_exception=False))
    log.error(lambda: gradcheck(lambda x: x, x.detach()), "gradcheck expects at least one input tensor to require gradient")
    log.error(lambda: gradcheck(lambda x: x.sum(), torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()))
    log.error(lambda: gradcheck(lambda x: x.detach() * 2, x))
    log.error(lambda: gradcheck(lambda x: x * torch.rand(2, 2, dtype=torch.float64), x, eps=1e-2), "Jacobian mismatch for output 0 with respect to input 0,")


if __name__ == "__main__":
    main()
