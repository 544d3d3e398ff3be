#!/usr/bin/env python3
"""Runs functions of TorchScript on values of the rarer types and prints what comes out, as Python writes it: {name: text}.

usage: script_values.py print | source
"""
import json
import sys

import torch

SOURCE = """
def numbers(d: Dict[int, float]) -> Dict[int, float]:
    d[7] = 0.5
    return d

def reals(d: Dict[float, List[int]]) -> Dict[float, List[int]]:
    d[0.25] = [1, 2]
    return d

def truths(d: Dict[bool, str]) -> Dict[bool, str]:
    d[True] = 'x'
    return d

def maybe_list(x: Optional[List[int]]) -> Optional[List[int]]:
    if x is None:
        return x
    return x + [9]

def maybe_dict(x: Optional[Dict[str, Optional[int]]]) -> Optional[Dict[str, Optional[int]]]:
    if x is not None:
        x['new'] = None
    return x

def holes(x: List[Optional[int]]) -> List[Optional[int]]:
    x.append(None)
    return x

def deep(x: List[Tuple[str, Dict[str, List[Tuple[int, float]]]]]) -> List[Tuple[str, Dict[str, List[Tuple[int, float]]]]]:
    x[0][1]['b'] = [(1, 2.0)]
    return x

def either(x: Union[int, str, List[float]]) -> str:
    if isinstance(x, int):
        return 'int'
    elif isinstance(x, str):
        return 'str'
    else:
        return 'list'

def nothing() -> None:
    return None

def single(x: int) -> Tuple[int]:
    return (x,)

def empty(a: List[str], b: Dict[int, str], c: Tuple[List[int], Optional[float]]) -> Tuple[List[str], Dict[int, str], Tuple[List[int], Optional[float]]]:
    return a, b, c

def given(x: int, y: float = 1.5, s: str = 'std', flag: bool = True) -> Tuple[int, float, str, bool]:
    return x, y, s, flag
"""

CALLS = {
    "numbers": [{3: 2.0}], "reals": [{}], "truths": [{False: "no"}], "maybe_list": [[1]], "maybe_list none": [None], "maybe_dict": [{"a": 1}], "maybe_dict none": [None],
    "holes": [[1, None]], "deep": [[("k", {"a": []})]], "either": [3], "either text": ["t"], "either list": [[0.5]], "nothing": [], "single": [4],
    "empty": [[], {}, ([], None)], "given": [2],
}

if sys.argv[1] == "source":
    print(SOURCE, end="")
else:
    unit = torch.jit.CompilationUnit(SOURCE)
    print(json.dumps({name: repr(getattr(unit, name.split(" ")[0])(*inputs)) for name, inputs in CALLS.items()}))
