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
    "nested": lambda x: torch.nested.nested_tensor([x, x[:1]]),
}


def main():
    result = {}
    for case in json.load(sys.stdin):
        if "since" in case and tuple(map(int, torch.__version__.split(".")[:2])) < tuple(map(int, case["since"].split("."))):
            continue
        options = case.get("options", {})
        default = case.get("default_dtype")
        if default:
            torch.set_default_dtype(getattr(torch, default))
        try:
            with printoptions(**options):
                result[case["name"]] = repr(build(case))
        finally:
            torch.set_default_dtype(torch.float32)
    json.dump(result, sys.stdout)


main()
