"""The public names of the training stack, and the parameters of its constructors; JSON.

{"names": {module: [name...]}, "parameters": {class: [parameter...]}}
"""
import importlib
import inspect
import json
import sys

import torch

MODULES = [
    "torch.nn", "torch.nn.modules.module", "torch.nn.init", "torch.nn.utils", "torch.nn.utils.rnn", "torch.nn.utils.prune", "torch.nn.utils.parametrize",
    "torch.nn.utils.parametrizations", "torch.nn.utils.stateless", "torch.nn.utils.fusion", "torch.optim", "torch.optim.lr_scheduler",
    "torch.optim.swa_utils", "torch.utils.data", "torch.utils.data.distributed", "torch.amp",
]
CLASSES = {"torch.nn.Module": torch.nn.Module, "torch.optim.Optimizer": torch.optim.Optimizer,
           "torch.optim.lr_scheduler.LRScheduler": torch.optim.lr_scheduler.LRScheduler}


def callables(module):
    names = set(getattr(module, "__all__", ())) | {n for n in dir(module) if getattr(getattr(module, n), "__module__", None) == module.__name__}
    return sorted(n for n in names if not n.startswith("_") and (inspect.isclass(getattr(module, n)) or inspect.isfunction(getattr(module, n))))


def parameters(cls):
    try:
        signature = inspect.signature(cls.__init__)
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in list(signature.parameters.values())[1:] if p.kind in kinds and not p.name.startswith("_")]


def main():
    result = {"names": {}, "parameters": {}}
    for name in MODULES:
        module = importlib.import_module(name)
        result["names"][name] = names = callables(module)
        for entry in names:
            if inspect.isclass(getattr(module, entry)) and name != "torch.nn.modules.module":
                result["parameters"][name + "." + entry] = parameters(getattr(module, entry))
    # What torch.nn has from its submodules, without the submodules' helpers.
    result["names"]["torch.nn"] = sorted(n for n in dir(torch.nn) if inspect.isclass(getattr(torch.nn, n)) and not n.startswith("_"))
    for name in result["names"]["torch.nn"]:
        result["parameters"]["torch.nn." + name] = parameters(getattr(torch.nn, name))
    for name, cls in CLASSES.items():
        result["names"][name] = sorted(n for n in dir(cls) if not n.startswith("_") and callable(getattr(cls, n)))
    json.dump(result, sys.stdout)


main()
