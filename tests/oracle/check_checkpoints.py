#!/usr/bin/env python3
"""Loads checkpoints that TorchBind wrote and compares them with what they should hold.

usage: check_checkpoints.py LIST
       check_checkpoints.py --fuzz LIST
       check_checkpoints.py --npz FILE
       check_checkpoints.py --huge FILE

LIST is a JSON file: a list of {"path", "manifest", "entry", "weights_only"}; the file at "path" must hold what the manifest
(of make_checkpoints.py) says of its file "entry". Prints one line of JSON: {"checked": N, "problems": [...]}.
With --fuzz LIST holds {"path", "safetensors", "content"}: what TorchBind read of a damaged file, to be compared with what
weights-only loading reads, if it does. Prints {"same": N, "refused": N, "problems": [...]}.
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
    for mmap in (False, True)[:1 + item.get("mmap", True)]:
        loaded = torch.load(path, weights_only=item["weights_only"], mmap=mmap)
        if normal(make_checkpoints.Describer().describe(loaded)) != normal(entry["content"]):
            yield f"the content differs (mmap={mmap})"


def ordered(node):
    """The same description with the members of sets in one order."""
    if isinstance(node, list):
        return [ordered(x) for x in node]
    if isinstance(node, dict):
        node = {k: ordered(v) for k, v in node.items()}
        if node.get("k") in ("set", "frozenset"):
            node["v"] = sorted(node["v"], key=normal)
    return node


def fuzz(path):
    with open(path) as f:
        items = json.load(f)
    same, refused, problems = 0, 0, []
    for item in items:
        describer = make_checkpoints.Describer()
        try:
            if item["safetensors"]:
                got = {k: describer.describe(v) for k, v in safetensors.torch.load_file(item["path"]).items()}
                wanted = {bytes.fromhex(k["v"]).decode("utf-16-be", "surrogatepass"): v for k, v in item["content"]["v"]}
                for description in (*got.values(), *wanted.values()):
                    description.pop("storage", None)
            else:
                got = describer.describe(torch.load(item["path"], weights_only=True))
                wanted = item["content"]
        except Exception:
            refused += 1
            continue
        if normal(ordered(got)) == normal(ordered(wanted)):
            same += 1
        else:
            a, b = normal(ordered(got)), normal(ordered(wanted))
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            problems.append(f"{item['from']} {item['path']}: Python {a[max(0, at - 100):at + 100]} here {b[max(0, at - 100):at + 100]}")
    print(json.dumps({"same": same, "refused": refused, "problems": problems[:20]}))


def main():
    if sys.argv[1] == "--huge":
        loaded = torch.load(sys.argv[2], weights_only=True, mmap=True)
        print(json.dumps({"last": int(loaded["huge"][-1]), "after": int(loaded["after"].sum())}))
        return
    if sys.argv[1] == "--fuzz":
        fuzz(sys.argv[2])
        return
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
