#!/usr/bin/env python3
"""Loads checkpoints that TorchBind wrote and compares them with what they should hold.

usage: check_checkpoints.py LIST
       check_checkpoints.py --npz FILE

LIST is a JSON file: a list of {"path", "manifest", "entry", "weights_only"}; the file at "path" must hold what the manifest
(of make_checkpoints.py) says of its file "entry". Prints one line of JSON: {"checked": N, "problems": [...]}.
With --npz it prints the arrays of the file, each as the hexadecimal text of its elements.
"""

import json
import sys
import warnings

import numpy
import torch
import safetensors.torch

import make_checkpoints

warnings.simplefilter("ignore")


def normal(description):
    """Describes the same with storages numbered by first use and without what the form cannot keep."""
    return json.dumps(description, sort_keys=True)


def differences(item):
    with open(item["manifest"]) as f:
        entry = next(e for e in json.load(f)["files"] if e["file"] == item["entry"])
    path = item["path"]
    if item.get("form") == "safetensors":
        loaded = safetensors.torch.load_file(path)
        wanted = {bytes.fromhex(k["v"]).decode("utf-16-be"): v["data"] for k, v in entry["content"]["v"]}
        got = {k: make_checkpoints.Describer().describe(v)["data"] for k, v in loaded.items()}
        if got != wanted:
            yield "the tensors differ"
        return
    for mmap in (False, True):
        loaded = torch.load(path, weights_only=item["weights_only"], mmap=mmap)
        if normal(make_checkpoints.Describer().describe(loaded)) != normal(entry["content"]):
            yield f"the content differs (mmap={mmap})"


def main():
    if sys.argv[1] == "--npz":
        with numpy.load(sys.argv[2]) as arrays:
            print(json.dumps({k: v.tobytes("C").hex() for k, v in arrays.items()}))
        return
    with open(sys.argv[1]) as f:
        items = json.load(f)
    problems = []
    for item in items:
        try:
            problems += [f"{item['path']}: {d}" for d in differences(item)]
        except Exception as e:
            problems.append(f"{item['path']}: {type(e).__name__}: {e}"[:500])
    print(json.dumps({"checked": len(items), "problems": problems}))


if __name__ == "__main__":
    main()
