#!/usr/bin/env python3
"""What Module.load_state_dict does in cases that are easily got wrong: prints {case: outcome}.

An outcome is the message of the exception, or the missing and unexpected keys with the values that the model has then.
"""

import json
import warnings

import torch
from torch import nn

warnings.simplefilter("ignore")


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2, bias=False)
        self.b = nn.Linear(2, 2, bias=False)
        self.b.weight = self.a.weight


def ones(value=1.0, **options):
    return torch.full((2, 2), value, **options)


def linear():
    return nn.Linear(2, 2, bias=False)


CASES = {
    "tied, both": (Tied, {"a.weight": ones(), "b.weight": ones(2.0)}, {}),
    "tied, one": (Tied, {"a.weight": ones()}, {}),
    "tied, one, lax": (Tied, {"a.weight": ones()}, {"strict": False}),
    "tied, both, assigned": (Tied, {"a.weight": ones(), "b.weight": ones(2.0)}, {"assign": True}),
    "tied, one, lax, assigned": (Tied, {"b.weight": ones(3.0)}, {"strict": False, "assign": True}),
    "meta": (linear, {"weight": torch.empty(2, 2, device="meta")}, {}),
    "sparse": (linear, {"weight": ones().to_sparse()}, {}),
    "quantized": (linear, {"weight": torch.quantize_per_tensor(ones(), 0.5, 1, torch.quint8)}, {}),
    "integers": (linear, {"weight": ones(dtype=torch.int64)}, {}),
    "integers, assigned": (linear, {"weight": ones(dtype=torch.int64)}, {"assign": True}),
    "half, assigned": (linear, {"weight": ones(0.1, dtype=torch.float16)}, {"assign": True}),
    "half": (linear, {"weight": ones(0.1, dtype=torch.float16)}, {}),
    "double": (linear, {"weight": ones(0.1, dtype=torch.float64)}, {}),
    "number": (linear, {"weight": 3}, {}),
    "none": (linear, {"weight": None}, {}),
    "text": (linear, {"weight": "x"}, {}),
    "list": (linear, {"weight": [1]}, {}),
    "shape": (linear, {"weight": torch.ones(2, 3)}, {"strict": False}),
    "shape, assigned": (linear, {"weight": torch.ones(4)}, {"assign": True}),
    "prefix": (linear, {"module.weight": ones()}, {}),
    "good, then bad": (lambda: nn.Sequential(linear(), linear()), {"0.weight": ones(), "1.weight": torch.empty(2, 2, device="meta")}, {}),
    "more below": (linear, {"weight": ones(), "weight.more": ones(), "other.weight": ones()}, {"strict": False}),
}


def outcome(make, state, options):
    model = make()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(-1)
    try:
        keys = model.load_state_dict(state, **options)
    except Exception as e:
        return str(e)
    return {"missing": keys.missing_keys, "unexpected": keys.unexpected_keys,
            "values": {k: v.double().flatten().tolist() for k, v in model.state_dict().items()}, "types": {k: str(v.dtype)[6:] for k, v in model.state_dict().items()}}


print(json.dumps({name: outcome(*case) for name, case in CASES.items()}))
