"""Custom functions with custom_fwd and custom_bwd, inside and outside of mixed precision: what forward and backward see, results, gradients; JSON."""
import json
import sys

import torch
from torch.amp import autocast, custom_bwd, custom_fwd, is_autocast_available

SEEN = []


def see(where, *tensors):
    SEEN.append([where, torch.is_autocast_enabled("cpu"), str(torch.get_autocast_dtype("cpu")), *[str(t.dtype) for t in tensors]])


def make(cast_inputs):
    class Product(torch.autograd.Function):
        @staticmethod
        @custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
        def forward(ctx, a, rest, factor):
            see("forward", a, *rest)
            ctx.save_for_backward(a, *rest)
            ctx.factor = factor
            return a.mm(rest[0]) * factor + rest[1].sum().to(a.dtype)

        @staticmethod
        @custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            a, b, c = ctx.saved_tensors
            see("backward", grad, a, b, c)
            return grad.mm(b.t()) * ctx.factor, [a.t().mm(grad) * ctx.factor, None][0], None, None

    return Product


def bits(tensor):
    return tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes().hex()


def run(cast_inputs, enabled, dtype):
    SEEN.clear()
    torch.manual_seed(7)
    a, b = (torch.randn(3, 3, requires_grad=True) for _ in range(2))
    c = torch.randn(2, dtype=torch.float64)

    # A function of Python takes no lists of tensors with gradients: b and c come one by one.
    class Flat(make(cast_inputs)):
        @staticmethod
        def forward(ctx, a, b, c, factor):
            return make(cast_inputs).forward(ctx, a, [b, c], factor)

    with autocast("cpu", dtype=dtype, enabled=enabled):
        y = Flat.apply(a, b, c, 2.0)
    y.float().sum().backward()
    return {"seen": list(SEEN), "y": bits(y), "dtype": str(y.dtype), "a": bits(a.grad), "b": bits(b.grad)}


json.dump({
    "available": {k: is_autocast_available(k) for k in ("cpu", "cuda", "meta")},
    "runs": {f"{cast} {enabled} {dtype}": run(cast, enabled, dtype)
             for cast in (None, torch.float32, torch.float16) for enabled in (False, True) for dtype in (torch.bfloat16, torch.float16)},
}, sys.stdout)
