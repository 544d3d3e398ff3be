"""Backward hooks of modules."""
import torch
from torch import nn

from autograd_log import case, main


def rand(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def tell(log, name):
    return lambda module, grad_input, grad_output: log(name, type(module).__name__, grad_input, grad_output)


@case
def full_hooks(log):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    for m in model:
        m.register_full_backward_hook(tell(log, "hook"))
    x = rand(5, 3).requires_grad_()
    y = model(x)
    log(y, y.grad_fn.name())
    y.pow(2).sum().backward()
    log(x.grad, [p.grad for p in model.parameters()])


@case
def pre_hooks(log):
    m = nn.Linear(3, 2).double()
    m.register_full_backward_pre_hook(lambda m, g: log("pre", g))
    m.register_full_backward_pre_hook(lambda m, g: (g[0] * 2,))
    m.register_full_backward_pre_hook(lambda m, g: log("first", g), prepend=True)
    m.register_full_backward_hook(tell(log, "hook"))
    x = rand(2, 3).requires_grad_()
    m(x).sum().backward()
    log(x.grad, m.weight.grad)


@case
def replaced(log):
    m = nn.Linear(3, 2).double()
    m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
    m.register_full_backward_hook(tell(log, "second"))
    m.register_full_backward_hook(tell(log, "first"), prepend=True)
    x = rand(2, 3).requires_grad_()
    m(x).sum().backward()
    log(x.grad, m.weight.grad)


@case
def no_input_gradient(log):
    m = nn.Linear(3, 2).double()
    h = m.register_full_backward_hook(tell(log, "hook"))
    x = rand(2, 3)
    m(x).sum().backward()
    log(m.weight.grad)
    h.remove()
    h = m.register_full_backward_hook(lambda m, gi, go: (x,))
    log.error(lambda: m(x).sum().backward())
    h.remove()
    h = m.register_full_backward_hook(lambda m, gi, go: (None,))
    m(x).sum().backward()
    log(m.weight.grad)
    h.remove()
    with torch.no_grad():
        m.register_full_backward_hook(tell(log, "never"))
        log(m(x.requires_grad_()))


@case
def wrong_numbers(log):
    m = nn.Linear(3, 2).double()
    x = rand(2, 3).requires_grad_()
    h = m.register_full_backward_hook(lambda m, gi, go: (x, x))
    log.error(lambda: m(x).sum().backward())
    h.remove()
    m.register_full_backward_pre_hook(lambda m, go: (go[0], None, None))
    log.error(lambda: m(x).sum().backward())


class Two(nn.Module):
    def forward(self, a, b):
        return a * b, a + 1


@case
def several(log):
    m = Two()
    m.register_full_backward_hook(tell(log, "hook"))
    m.register_full_backward_pre_hook(lambda m, go: log("pre", go))
    a, b = rand(3).requires_grad_(), rand(3)
    p, q = m(a, b)
    log(p, q, p.grad_fn.name())
    p.sum().backward(retain_graph=True)
    q.sum().backward(retain_graph=True)
    (p * q).sum().backward()
    log(a.grad)


@case
def several_replaced(log):
    m = Two()
    m.register_full_backward_pre_hook(lambda m, go: (go[0] * 2, go[1] * 3))
    m.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1, gi[1] + 2))
    m.register_full_backward_hook(tell(log, "after"))
    a, b = rand(3).requires_grad_(), rand(3).requires_grad_()
    p, q = m(a, b)
    (p + q).sum().backward()
    log(a.grad, b.grad)


@case
def in_place(log):
    m = nn.Linear(3, 2).double()
    m.register_full_backward_hook(tell(log, "hook"))
    y = m(rand(2, 3).requires_grad_())
    log.error(lambda: y.add_(1), "BackwardHookFunctionBackward is a view and is being modified inplace.")
    r = nn.ReLU(inplace=True)
    r.register_full_backward_hook(tell(log, "hook"))
    log.error(lambda: r(rand(2).requires_grad_() * 1), "BackwardHookFunctionBackward is a view and is being modified inplace.")


@case
def with_forward_hooks(log):
    m = nn.Linear(3, 2).double()
    m.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    m.register_forward_hook(lambda m, args, out: log("forward", args[0].grad_fn.name(), out.grad_fn.name()))
    m.register_forward_hook(lambda m, args, out: out * 3)
    m.register_full_backward_hook(tell(log, "hook"))
    x = rand(2, 3).requires_grad_()
    m(x).sum().backward()
    log(x.grad)


@case
def global_hooks(log):
    order = []
    h1 = nn.modules.module.register_module_full_backward_hook(lambda m, gi, go: order.append("global " + type(m).__name__))
    h2 = nn.modules.module.register_module_full_backward_pre_hook(lambda m, go: order.append("global pre " + type(m).__name__))
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh()).double()
    model[0].register_full_backward_hook(lambda m, gi, go: order.append("own"))
    model[0].register_full_backward_pre_hook(lambda m, go: order.append("own pre"))
    x = rand(2, 3).requires_grad_()
    model(x).sum().backward()
    h1.remove()
    h2.remove()
    log(order)
    model(x).sum().backward()
    log(order, x.grad)


@case
def double_backward(log):
    m = nn.Tanh()
    m.register_full_backward_hook(tell(log, "hook"))
    x = rand(3).requires_grad_()
    g, = torch.autograd.grad(m(x).sum(), x, create_graph=True)
    g.sum().backward()
    log(g, x.grad)


@case
def removed_between(log):
    m = nn.Tanh()
    h = m.register_full_backward_hook(tell(log, "hook"))
    x = rand(3).requires_grad_()
    y = m(x)
    h.remove()
    y.sum().backward()
    m(x).sum().backward()
    log(x.grad)


@case
def recurrent(log):
    m = nn.LSTM(3, 2).double()
    m.register_full_backward_hook(lambda m, gi, go: log(len(gi), len(go), gi[0], go[0], go[1]))
    x, h, c = rand(4, 1, 3).requires_grad_(), rand(1, 1, 2), rand(1, 1, 2)
    out, (hn, cn) = m(x, (h, c))
    (out.sum() + hn.sum()).backward()
    log(x.grad)


if __name__ == "__main__":
    main()
