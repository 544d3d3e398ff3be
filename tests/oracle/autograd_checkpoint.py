"""Activation checkpointing: what Python's torch.utils.checkpoint gives."""
import torch
from torch.utils.checkpoint import checkpoint, checkpoint_sequential, set_checkpoint_early_stop

from autograd_log import case, main


def leaf(*shape):
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


def net(x, w1, w2):
    h = torch.tanh(x @ w1)
    h = torch.nn.functional.dropout(h, 0.4, True)
    return torch.sin(h @ w2)


@case
def values_and_gradients(log):
    x, w1, w2 = leaf(4, 3), leaf(3, 5), leaf(5, 2)
    for reentrant in (False, True):
        torch.manual_seed(3)
        y = checkpoint(lambda x: net(x, w1, w2), x, use_reentrant=reentrant)
        log(y.sum(), torch.rand(2))
        y.sum().backward()
        log(x.grad, w1.grad, w2.grad, torch.rand(2))
        x.grad = w1.grad = w2.grad = None


@case
def without_rng(log):
    x, w1, w2 = leaf(4, 3), leaf(3, 5), leaf(5, 2)
    torch.manual_seed(3)
    y = checkpoint(lambda x: net(x, w1, w2), x, use_reentrant=False, preserve_rng_state=False)
    y.sum().backward()
    log(y, x.grad, torch.rand(2))


@case
def counts(log):
    x = leaf(3)
    calls = []

    def f(x):
        calls.append(1)
        a = x.sin()
        b = a.exp()
        calls.append(2)
        return b

    y = checkpoint(f, x, use_reentrant=False)
    log(calls)
    y.sum().backward()
    log(calls, x.grad)
    calls.clear()
    with set_checkpoint_early_stop(False):
        y = checkpoint(f, x, use_reentrant=False)
    y.sum().backward(retain_graph=True)
    log(calls)
    y.sum().backward()
    log(calls, x.grad)
    calls.clear()
    with torch.no_grad():
        log(checkpoint(f, x, use_reentrant=False))
    log(calls)


@case
def nested(log):
    x = leaf(3)
    order = []

    def inner(x):
        order.append("inner")
        return x.sin().exp()

    def outer(x):
        order.append("outer")
        y = checkpoint(inner, x * 2, use_reentrant=False)
        return checkpoint(inner, y.cos(), use_reentrant=False).tanh()

    y = checkpoint(outer, x, use_reentrant=False)
    y.sum().backward()
    log(order, x.grad)


@case
def grad_and_double_backward(log):
    x = leaf(3)
    f = lambda x: (x.sin() * x).exp()
    y = checkpoint(f, x, use_reentrant=False).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    log(g)
    (h,) = torch.autograd.grad(g.sum(), x)
    log(h)
    y = checkpoint(f, x, use_reentrant=True).sum()
    log.error(lambda: torch.autograd.grad(y, x))


@case
def backward_inside(log):
    x = leaf(3)

    def f(x):
        y = x.sin()
        z = y.cos()
        (g,) = torch.autograd.grad(z.sum(), x, create_graph=True)
        return x.cos() * g

    for early_stop in (True, False):
        with set_checkpoint_early_stop(early_stop):
            y = checkpoint(f, x, use_reentrant=False)
        y.sum().backward()
        log(x.grad)
        x.grad = None


@case
def mismatches(log):
    x = leaf(3)
    state = {"n": 0}

    def more(x):
        state["n"] += 1
        y = x.sin()
        return y.exp() if state["n"] == 1 else y

    y = checkpoint(more, x, use_reentrant=False)
    log.error(lambda: y.sum().backward(), "A different number of tensors was saved during the original forward and recomputation.")

    def other(x):
        state["n"] += 1
        return (x if state["n"] == 3 else x[:2]).sin()

    y = checkpoint(other, x, use_reentrant=False)
    log.error(lambda: y.sum().backward(), "have different metadata than during the forward pass.")


@case
def several(log):
    x, y = leaf(3), leaf(3)

    def f(a, b, k):
        return a * b * k, a + b, k + 1

    for reentrant in (False, True):
        p, q, k = checkpoint(f, x, y, 3, use_reentrant=reentrant)
        log(p, q, k)
        (p * q).sum().backward()
        log(x.grad, y.grad)
        x.grad = y.grad = None


@case
def reentrant_without_grad(log):
    x = torch.randn(3, dtype=torch.float64)
    w = leaf(3)
    y = checkpoint(lambda x: x * w, x, use_reentrant=True)
    log(y.requires_grad)
    y = checkpoint(lambda x: x * w, x, use_reentrant=False)
    y.sum().backward()
    log(w.grad)


@case
def sequential(log):
    weights = [leaf(3, 3) for _ in range(5)]
    x = leaf(2, 3)
    functions = [lambda h, w=w: torch.nn.functional.dropout(torch.tanh(h @ w), 0.3, True) for w in weights]
    for reentrant in (False, True):
        for segments in (1, 2, 3, 5):
            torch.manual_seed(segments)
            y = checkpoint_sequential(functions, segments, x, use_reentrant=reentrant)
            y.sum().backward()
            log(y, x.grad, weights[0].grad, weights[4].grad)
            x.grad = weights[0].grad = weights[4].grad = None


@case
def saved_hooks_around(log):
    x = leaf(3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (log("pack", t.shape), t.detach())[1], lambda t: (log("unpack"), t)[1]):
        y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
    y.sum().backward()
    log(x.grad)


if __name__ == "__main__":
    main()
