"""Ten steps of optimizers on given gradients: the bits of the parameters and of the state.

Reads a JSON list of cases from standard input, each {"case", "optimizer", "options", "dtype", "sparse", "groups", "closure"}, and writes a
JSON object from case to {"params", "state", "groups"}. Tensors are [dtype, shape, bytes in base64].
"""
import base64
import inspect
import json
import sys

import torch

SHAPES = [(3, 4), (4,), (2, 3, 2, 2), (), (17, 9)]
STEPS = 10


def pack(value):
    if isinstance(value, torch.Tensor):
        if value.is_complex():
            value = torch.view_as_real(value)
        data = value.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        return [str(value.dtype), list(value.shape), base64.b64encode(data).decode()]
    if isinstance(value, (list, tuple)):
        return [pack(item) for item in value]
    return value


def make(case):
    dtype = getattr(torch, case.get("dtype", "float32"))
    shapes = [(6, 4), (5, 3)] if case.get("matrices") or case.get("sparse") else SHAPES
    params = [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]
    kind = getattr(torch.optim, case["optimizer"])
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in case["options"].items()}
    if case.get("groups"):
        groups = [{"params": params[:2]}, {"params": params[2:], **case["groups"]}]
        return params, kind(groups, **options)
    return params, kind(params, **options)


def gradients(case, params, step):
    for index, p in enumerate(params):
        if (step + index) % 5 == 4 and not case.get("matrices") and not case.get("closure"):
            p.grad = None  # a parameter that got no gradient is left alone
            torch.randn(p.shape, dtype=p.dtype)
            continue
        grad = torch.randn(p.shape, dtype=p.dtype)
        if case.get("sparse"):
            rows = torch.tensor([[0, 2, step % 5, 2]])
            grad = torch.sparse_coo_tensor(rows, grad[rows[0]], p.shape)
        p.grad = grad


def run(case):
    torch.manual_seed(7)
    params, optimizer = make(case)
    losses = []
    for step in range(STEPS):
        if case.get("closure"):
            target = [torch.sin(torch.arange(p.numel(), dtype=p.dtype)).view(p.shape) for p in params]

            def closure():
                optimizer.zero_grad()
                loss = sum((((p - t) ** 2) * (1 + p**2)).sum() for p, t in zip(params, target))
                loss.backward()
                return loss

            losses.append(optimizer.step(closure).item())
        else:
            gradients(case, params, step)
            optimizer.step()
    state = optimizer.state_dict()
    return {
        "params": [pack(p) for p in params],
        "state": {str(k): {n: pack(v) for n, v in s.items()} for k, s in state["state"].items()},
        "groups": [{n: pack(v) for n, v in g.items()} for g in state["param_groups"]],
        "losses": [loss.hex() for loss in losses],
    }


def main():
    torch.set_num_threads(1)
    cases = json.load(sys.stdin)
    known = [name for name, kind in vars(torch.optim).items()
             if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer]
    results = {case["case"]: run(case) for case in cases if case["optimizer"] in known}
    json.dump({"known": sorted(known), "results": results}, sys.stdout)


if __name__ == "__main__":
    main()
