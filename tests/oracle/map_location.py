#!/usr/bin/env python3
"""Loads checkpoints with every form of map_location, and says where the tensors are then.

usage: map_location.py FILE...

Prints JSON: {form: {file: {key: [device, dtype, layout, shape]} or null where torch refuses}}.
"""

import json
import os
import sys
import warnings

import torch

warnings.simplefilter("ignore")

FORMS = {
    "nothing": None,
    "text": "cpu",
    "device": torch.device("cpu"),
    "meta": "meta",
    "table": {"cpu": "meta"},
    "table of another": {"cuda:1": "cpu"},
    "function that keeps": lambda storage, location: storage,
    "function that passes": lambda storage, location: None,
    "function by name": lambda storage, location: torch.UntypedStorage(storage.nbytes(), device="meta") if location == "cpu" else None,
    "absent device": "cuda:7",
}


def where(path, form):
    try:
        loaded = torch.load(path, map_location=FORMS[form], weights_only=True)
    except Exception:
        return None
    return {k: [v.device.type, str(v.dtype)[6:], str(v.layout)[6:], None if v.is_nested else list(v.shape)] for k, v in loaded.items() if isinstance(v, torch.Tensor)}


print(json.dumps({form: {os.path.basename(path): where(path, form) for path in sys.argv[1:]} for form in FORMS}))
