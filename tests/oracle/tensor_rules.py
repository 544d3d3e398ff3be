"""Small rules of Python's torch: the order of dimensions in memory, names of kinds of tensors, which numbers a dtype takes.

Writes a JSON object of lists; the C# test reads the inputs from there.
"""
import itertools
import json
import warnings

import torch

warnings.filterwarnings("ignore")


def dim_orders():
    seen = set()
    for shape in [(), (3,), (2, 3), (1, 3), (3, 1), (2, 3, 4), (2, 1, 3), (2, 3, 4, 5), (2, 1, 4, 5), (2, 3, 1, 1), (1, 1, 1, 1), (0, 3), (2, 2, 2)]:
        for permutation in itertools.permutations(range(len(shape))):
            strides = torch.empty([shape[i] for i in permutation]).permute([permutation.index(i) for i in range(len(shape))]).stride()
            for expanded in itertools.product((False, True), repeat=len(shape)):
                case = (shape, tuple(0 if zero else stride for stride, zero in zip(strides, expanded)))
                if case in seen:
                    continue
                seen.add(case)
                tensor = torch.empty(10000).as_strided(*case)
                yield {"shape": case[0], "strides": case[1], "order": tensor.dim_order()}


def type_names():
    dtypes = ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool", "float16", "bfloat16", "float32", "float64",
              "complex64", "complex128", "float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz", "float8_e4m3fnuz", "complex32"]
    for name in dtypes:
        yield {"dtype": name, "kind": "strided", "name": torch.empty(1, dtype=getattr(torch, name)).type()}
        yield {"dtype": name, "kind": "meta", "name": torch.empty(1, dtype=getattr(torch, name), device="meta").type()}
    for name in ["int64", "float32", "complex128"]:
        yield {"dtype": name, "kind": "sparse", "name": torch.zeros(1, dtype=getattr(torch, name)).to_sparse().type()}
    for name in ["quint8", "qint8", "qint32"]:
        yield {"dtype": name, "kind": "quantized", "name": torch.quantize_per_tensor(torch.zeros(1), 1.0, 0, getattr(torch, name)).type()}


def numbers():
    # Without 127.5 for int8 and the like: 2.6 refuses them, 2.14 cuts the fraction off.
    values = [0, 1, -1, 127, 128, 255, 256, -128, -129, -255, -256, -257, 32767, 32768, 65535, 65536, -32769, -65535, -65536, 2**31 - 1, 2**31,
              -2**31, -2**31 - 1, 2**32 - 1, 2**32, -2**32 + 1, -2**32, 2**63 - 1, 0.5, -0.5, -0.0, 127.0, 255.0, -128.5, -128.0, 1.5, -1.5, 65504.0,
              4294967295.0, 4294967296.0, 2147483648.0, 1e10, 1e300, float("nan"), float("inf"), True, False, 1j, 1 + 0j]
    for name in ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "float16", "bfloat16", "float32", "float64", "bool", "complex64"]:
        for value in values:
            kind = type(value).__name__
            number = value.real if kind == "complex" else value
            case = {"dtype": name, "kind": kind, "value": repr(number), "imaginary": value.imag if kind == "complex" else 0}
            try:
                result = torch.tensor([value], dtype=getattr(torch, name))
                case["bytes"] = list(result.view(torch.uint8).tolist())
            except (RuntimeError, TypeError) as error:
                case["error"] = type(error).__name__
            yield case


print(json.dumps({"orders": list(dim_orders()), "names": list(type_names()), "numbers": list(numbers())}))
