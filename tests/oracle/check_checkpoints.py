#!/usr/bin/env python3
"""Loads checkpoints that TorchBind wrote and compares them with what they should hold.

usage: check_checkpoints.py LIST
       check_checkpoints.py --fuzz LIST
       check_checkpoints.py --npz FILE
       check_checkpoints.py --huge FILE

LIST is a JSON file: a list of {"path", "manifest", "entry", "weights_only"}; the file at "path" must hold what the manifest
(of make_checkpoints.py) says of its file "entry". Prints one line of JSON: {"checked": N, "problems": [...]}.
With --fuzz LIST holds {"path", "from", "seed", "safetensors", "content", "names", "inert"}: what TorchBind read of a
damaged file, to be compared with what weights-only loading reads. Where that refuses, there must be one of the reasons of wider()
and the reading named there must give the same. Content that is null holds objects that stay inert, which Python must refuse.
Prints {"same": N, "reasons": {reason: N}, "unexplained": [...], "problems": [...]}.
With --npz it prints the arrays of the file, each as the hexadecimal text of its elements.
"""

import collections
import json
import pickle
import re
import sys
import warnings

import numpy
import torch
import safetensors.torch
from torch._utils import IMPORT_MAPPING, NAME_MAPPING
from torch._weights_only_unpickler import _get_allowed_globals

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


class Inert:
    """Stands for a class that is not looked up: it takes whatever a pickle does to it."""

    def __init__(self, *_, **__):
        pass

    def __setstate__(self, _):
        pass

    def append(self, _):
        pass

    def __setitem__(self, _, __):
        pass


class PlainUnpickler(pickle._Unpickler):
    """Python's own unpickler, with all of its opcodes, but with the names of weights-only loading; every other name is inert.

    The one written in Python: the other one keeps its memo in a list, and wants 16 GiB for a single entry numbered 2**31."""

    def find_class(self, module, name):
        if (module, name) in NAME_MAPPING:
            module, name = NAME_MAPPING[module, name]
        module = IMPORT_MAPPING.get(module, module)
        allowed = _get_allowed_globals()
        if f"{module}.{name}" in allowed:
            return allowed[f"{module}.{name}"]
        if (module, name) in (("builtins", "frozenset"), ("collections", "defaultdict")):
            return getattr(sys.modules[module], name)
        return Inert


class Plain:
    """What torch.load takes for the pickle module."""

    Unpickler = PlainUnpickler

    @staticmethod
    def load(file, **options):
        return PlainUnpickler(file, **options).load()


# The opcodes of pickle that weights-only loading does not know, in any version: other ways to write the same values.
OTHER_OPCODES = frozenset(b"012FILSTVdgilopBC\x8b\x8c\x8d\x8e\x90\x91\x92\x93\x94\x95\x96")


NO_DEVICE = re.compile("don't know how to restore data location of .*tagged with|Attempting to deserialize object on", re.S)


def as_bytes(node):
    """The same description, with bytes where a text was decoded with escapes for what is not UTF-8."""
    if isinstance(node, list):
        return [as_bytes(x) for x in node]
    if isinstance(node, dict):
        if node.get("k") == "str":
            raw = bytes.fromhex(node["v"]).decode("utf-16-be", "surrogatepass")
            if any("\udc80" <= x <= "\udcff" for x in raw):
                return {"k": "bytes", "v": raw.encode("utf-8", "surrogateescape").hex()}
        return {k: as_bytes(v) for k, v in node.items()}
    return node


def wider(error, item):
    """Why TorchBind reads on purpose what weights-only loading refuses, and what reads it in Python; None if there is no such reason.

    TorchBind's reading must equal what that gives."""
    message = str(error)
    operand = re.search(r"Unsupported operand (\d+)", message)
    if operand and int(operand[1]) in OTHER_OPCODES:
        return "an opcode of pickle that weights-only loading lacks", {"weights_only": False, "pickle_module": Plain}
    if isinstance(error, RuntimeError) and NO_DEVICE.search(message):
        return "a device that is not there: read to the CPU, as with map_location='cpu'", {"weights_only": True, "map_location": "cpu"}
    name = re.search(r"Unsupported global: GLOBAL (.*) was not an allowed global", message, re.S)
    if name and name[1] in item["names"]:
        return "a name that no value of the content uses, and that stays inert", {"weights_only": False, "pickle_module": Plain}
    if isinstance(error, UnicodeDecodeError):
        return "a byte string of Python 2 that is no text, kept as bytes", {"weights_only": False, "pickle_module": Plain, "errors": "surrogateescape"}
    return None


def words(error):
    """An exception's message, without what weights-only loading says before and after each."""
    text = str(error)
    at = text.find("WeightsUnpickler error: ")
    return f"{type(error).__name__}: {text[max(0, at):].split('Check the documentation')[0].strip()[:250]}"


def fuzz(path):
    with open(path) as f:
        items = json.load(f)
    same, problems, unexplained = 0, [], []
    reasons = collections.Counter()
    for item in items:
        def described(**options):
            describer = make_checkpoints.Describer()
            if not item["safetensors"]:
                return describer.describe(torch.load(item["path"], **options))
            tensors = {k: describer.describe(v) for k, v in safetensors.torch.load_file(item["path"]).items()}
            for description in tensors.values():
                description.pop("storage", None)
            return tensors

        where, wanted = f"{item['from']}, seed {item['seed']}", item["content"]
        if item["safetensors"]:
            wanted = {bytes.fromhex(k["v"]).decode("utf-16-be", "surrogatepass"): v for k, v in wanted["v"]}
            for description in wanted.values():
                description.pop("storage", None)
        reason = None
        try:
            got = described(weights_only=True)
        except Exception as error:
            if wanted is None:
                reasons["an object that stays inert, refused by Python"] += 1
                continue
            reason, options = wider(error, item) or (None, None)
            if reason is None:
                unexplained.append(f"{where}: {words(error)}")
                continue
            try:
                try:
                    got = as_bytes(described(**options))
                except RuntimeError as second:
                    if "map_location" in options or not NO_DEVICE.search(str(second)):
                        raise
                    got = as_bytes(described(**options, map_location="cpu"))
            except Exception as second:
                unexplained.append(f"{where}: {words(error)} -- and {reason}: {words(second)}")
                continue
        if wanted is None:
            problems.append(f"{where}: Python reads what holds an inert object here: {item['inert']}")
            continue
        a, b = normal(ordered(got)), normal(ordered(wanted))
        if a == b:
            if reason is None:
                same += 1
            else:
                reasons[reason] += 1
        else:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            problems.append(f"{where}{f' ({reason})' if reason else ''}: Python {a[max(0, at - 100):at + 100]} here {b[max(0, at - 100):at + 100]}")
    print(json.dumps({"same": same, "reasons": reasons, "unexplained": unexplained, "problems": problems[:20]}))


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
    make_checkpoints.report(sys.argv[1], differences, lambda item: item["path"])


if __name__ == "__main__":
    main()
