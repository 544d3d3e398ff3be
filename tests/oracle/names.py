"""The public names of Python's torch, for the comparison with TorchBind's members.

Writes a JSON object: module -> {name: kind}. Kinds: function, property, class, constant, dtype, layout, memory_format, qscheme.
"""
import importlib
import json
import sys
import types

import torch

MODULES = ["torch", "torch.Tensor", "torch.linalg", "torch.fft", "torch.special", "torch.sparse", "torch.random", "torch.nn.functional"]


def kind(value):
    for name in ("dtype", "layout", "memory_format", "qscheme"):
        if isinstance(value, getattr(torch, name)):
            return name
    if isinstance(value, type):
        return "class"
    if isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType, property)):
        return "property"
    return "function" if callable(value) else "constant"


def main():
    result = {}
    for name in MODULES:
        module = torch.Tensor if name == "torch.Tensor" else importlib.import_module(name)
        names = {}
        for entry in sorted(dir(module)):
            value = getattr(module, entry, None)
            if entry.startswith("_") or isinstance(value, types.ModuleType):
                continue
            # What a module merely imported is no name of its own.
            owner = getattr(value, "__module__", None)
            if isinstance(owner, str) and not owner.startswith("torch") and name != "torch.Tensor" and kind(value) in ("class", "function"):
                continue
            names[entry] = kind(value)
        result[name] = names
    json.dump(result, sys.stdout)


main()
