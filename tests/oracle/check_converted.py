#!/usr/bin/env python3
"""Reads what torchbind convert wrote, with torch's own readers, and compares it with the source.

usage: check_converted.py LIST

LIST is a JSON file: a list of {"form", "path", "source"}; the form is tar, torchscript, distributed, safetensors or npz, the source a file that torch reads. For
torchscript, "parameters" are the names that must be parameters; every other tensor must be a buffer.
Prints one line of JSON: {"checked": N, "problems": [...]}.
"""

import json
import os
import sys
import tempfile
import warnings

import numpy
import safetensors.torch
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

import make_checkpoints

warnings.simplefilter("ignore")


def described(value, values_only):
    """The description as text; without storages and attributes of dictionaries where the form does not keep them."""
    def plain(node):
        if isinstance(node, list):
            return [plain(x) for x in node]
        if isinstance(node, dict):
            left_out = ("storage", "offset", "attributes", "stride", "parameter", "requires_grad")
            node = {k: plain(v) for k, v in node.items() if not values_only or k not in left_out}
            if values_only and node.get("k") in ("OrderedDict", "Dict"):
                node["k"] = "Dict"
        return node
    return json.dumps(plain(make_checkpoints.Describer().describe(value)), sort_keys=True)


def with_text_keys(value):
    """A distributed checkpoint turns keys of dictionaries into texts, and drops empty dictionaries."""
    if isinstance(value, dict):
        return {str(k): with_text_keys(v) for k, v in value.items() if not (isinstance(v, dict) and not v)}
    if isinstance(value, list) and any(isinstance(x, (dict, list, torch.Tensor)) for x in value):
        return [with_text_keys(x) for x in value]
    return value


def source_of(path):
    return dict(torch.jit.load(path).state_dict()) if path.endswith(".pt") else torch.load(path, weights_only=False)


def differences(item):
    source = source_of(item["source"])
    if item["form"] == "tar":
        if described(torch.load(item["path"], weights_only=False), False) != described(source, False):
            yield "the content differs"
    elif item["form"] == "torchscript":
        module = torch.jit.load(item["path"])
        # Parameters stand before buffers there, whatever the order was.
        if described(dict(sorted(module.state_dict().items())), True) != described(dict(sorted(source.items())), True):
            yield "the state dict differs"
        if "parameters" in item and sorted(name for name, _ in module.named_parameters()) != sorted(item["parameters"]):
            yield f"the parameters are {[name for name, _ in module.named_parameters()]}"
        if "parameters" in item and not all(p.requires_grad and p.is_leaf for p in module.parameters()):
            yield "a parameter takes no gradient"
    elif item["form"] in ("safetensors", "npz"):
        if item["form"] == "npz":
            with numpy.load(item["path"]) as arrays:
                loaded = {k: torch.from_numpy(v) for k, v in arrays.items()}
        else:
            loaded = safetensors.torch.load_file(item["path"])
        if described(dict(sorted(loaded.items())), True) != described(dict(sorted(source.items())), True):
            yield "the tensors differ"
    else:
        wanted = with_text_keys(source)
        with tempfile.TemporaryDirectory() as folder:
            joined = os.path.join(folder, "joined.pth")
            dcp_to_torch_save(item["path"], joined)
            if described(torch.load(joined, weights_only=False), True) != described(wanted, True):
                yield "dcp_to_torch_save gives something else"

        # And into a state dict that is there already, as a training program loads it.
        def blank(value):
            if isinstance(value, torch.Tensor):
                return torch.full_like(value, 7)
            if isinstance(value, dict):
                return {k: blank(v) for k, v in value.items()}
            if isinstance(value, list) and any(isinstance(x, (dict, list, torch.Tensor)) for x in value):
                return [blank(x) for x in value]
            return "?"

        target = blank(wanted)
        dcp.load(target, checkpoint_id=item["path"])
        if described(target, True) != described(wanted, True):
            yield "dcp.load gives something else"


def main():
    make_checkpoints.report(sys.argv[1], differences, lambda item: f"{item['form']} of {os.path.basename(item['source'])}")


if __name__ == "__main__":
    main()
