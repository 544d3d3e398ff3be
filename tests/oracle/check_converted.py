#!/usr/bin/env python3
"""Reads what torchbind convert wrote, with torch's own readers, and compares it with the source.

usage: check_converted.py LIST

LIST is a JSON file: a list of {"form", "path", "source"}; the form is tar, torchscript or distributed, the source a file that torch reads.
Prints one line of JSON: {"checked": N, "problems": [...]}.
"""

import json
import os
import sys
import tempfile
import warnings

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
        if described(dict(module.state_dict()), True) != described(dict(source), True):
            yield "the state dict differs"
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
    with open(sys.argv[1]) as f:
        items = json.load(f)
    problems = []
    for item in items:
        name = f"{item['form']} of {os.path.basename(item['source'])}"
        try:
            problems += [f"{name}: {d}" for d in differences(item)]
        except Exception as e:
            problems.append(f"{name}: {type(e).__name__}: {e}"[:1500])
    print(json.dumps({"checked": len(items), "problems": problems}))


if __name__ == "__main__":
    main()
