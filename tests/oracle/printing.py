"""repr() of tensors, for TorchBind's Tensor.ToString.

Reads a list of descriptions (tests/TorchBind.Tests/Tensors/printing.json) and writes a JSON object: name -> repr.
The C# test builds the same tensors from the same descriptions; `build` below and its C# twin are the description's meaning.
"""
import json
import sys

import torch
from torch._tensor_str import printoptions


def number(value):
    if isinstance(value, str):
        return float(value)
    if isinstance(value, list):
        return complex(number(value[0]), number(value[1]))
    return value


def build(case):
    if "range" in case:
        start, step, count = case["range"]
        data = [start + step * i for i in range(count)]
    else:
        data = [number(v) for v in case["data"]]
    dtype = getattr(torch, case.get("dtype", "float32"))
    is_complex = any(isinstance(v, complex) for v in data)
    wide = torch.complex128 if is_complex else torch.float64
    if dtype == torch.uint64 or all(isinstance(v, (int, bool)) for v in data) and not dtype.is_floating_point:
        wide = torch.int64
    x = torch.tensor(data, dtype=wide).to(dtype).reshape(case.get("shape", [len(data)]))
    for step in case.get("steps", []):
        name, *arguments = step.split()
        x = STEPS[name](x, *arguments)
    return x


def in_inference(x):
    with torch.inference_mode():
        return x.clone()


STEPS = {
    "requires_grad": lambda x: x.requires_grad_(),
    "add": lambda x: x + 1,
    "sum": lambda x: x.sum(),
    "view": lambda x: x.view(-1),
    "clone": lambda x: x.clone(),
    "t": lambda x: x.t(),
    "transpose": lambda x: x.transpose(0, 1),
    "step2": lambda x: x[::2],
    "conj": lambda x: x.conj(),
    "imag": lambda x: x.imag,
    "neg_view": lambda x: x._neg_view(),
    "softmax": lambda x: x.softmax(-1),
    "sqrt": lambda x: x.sqrt(),
    "expand": lambda x, n: x.expand(int(n), -1),
    "sparse": lambda x: x.to_sparse(),
    "sparse1": lambda x: x.to_sparse(1),
    "csr": lambda x: x.to_sparse_csr(),
    "csc": lambda x: x.to_sparse_csc(),
    "bsr": lambda x: x.to_sparse_bsr((2, 2)),
    "bsc": lambda x: x.to_sparse_bsc((2, 2)),
    "mkldnn": lambda x: x.to_mkldnn(),
    "meta": lambda x: x.to("meta"),
    "quantize": lambda x, scale, zero, dtype: torch.quantize_per_tensor(x, float(scale), int(zero), getattr(torch, dtype)),
    "quantize_channels": lambda x, dtype: torch.quantize_per_channel(
        x, torch.arange(1, x.size(0) + 1, dtype=torch.float64) / 10, torch.arange(x.size(0)), 0, getattr(torch, dtype)),
    "quantize_channels_float": lambda x, dtype: torch.quantize_per_channel(
        x, torch.arange(1, x.size(0) + 1, dtype=torch.float32) / 10, torch.arange(x.size(0), dtype=torch.float32) / 4, 0, getattr(torch, dtype)),
    "parameter": lambda x: torch.nn.Parameter(x),
    "names": lambda x, *names: x.refine_names(*(None if n == "_" else n for n in names)),
    "mean": lambda x: x.mean(),
    "unbind": lambda x: x.unbind()[1],
    "detach": lambda x: x.detach(),
    "inference": in_inference,
    "as_nested": lambda x: torch.nested.as_nested_tensor([x, x[:1]]),
    "nested": lambda x: torch.nested.nested_tensor([x, x[:1]]),
}


PROFILES = [
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "default", "sci_mode": True},
    {"profile": "default", "sci_mode": False},
    {"precision": 1, "threshold": 5, "edgeitems": 1, "linewidth": 30},
    {"precision": 8, "threshold": 20, "edgeitems": 4, "linewidth": 120},
]


def main():
    """Each text with the case's own options; with --profiles, in every profile of PROFILES, in a list."""
    profiles = PROFILES if "--profiles" in sys.argv else None
    result = {}
    for case in json.load(sys.stdin):
        if "until" in case and tuple(map(int, torch.__version__.split(".")[:2])) >= tuple(map(int, case["until"].split("."))):
            continue
        if "since" in case and tuple(map(int, torch.__version__.split(".")[:2])) < tuple(map(int, case["since"].split("."))):
            continue
        options = case.get("options", {})
        default = case.get("default_dtype")
        if default:
            torch.set_default_dtype(getattr(torch, default))
        try:
            if profiles is None:
                with printoptions(**options):
                    result[case["name"]] = repr(build(case))
            else:
                x = build(case)
                result[case["name"]] = []
                for profile in profiles:
                    with printoptions(**profile):
                        result[case["name"]].append(repr(x))
        finally:
            torch.set_default_dtype(torch.float32)
    json.dump(result, sys.stdout)


main()
