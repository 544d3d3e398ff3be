"""What Python's x[...] gives, and what x[...] = value leaves, for every sequence of up to three kinds of index.

Writes a JSON list of {"index": names, "shape", "values", "view", "filled", "written"} or {"index", "error"}.
The C# test makes the same indices from the names in ATOMS.
"""
import itertools
import json
import random
import sys
import warnings

import torch

warnings.filterwarnings("ignore")


def tensor(*values, **options):
    return torch.tensor(*values, **options)


ATOMS = {
    "0": 0,
    "-1": -1,
    "7": 7,
    ":": slice(None),
    "1:3": slice(1, 3),
    "::2": slice(None, None, 2),
    "-2:": slice(-2, None),
    ":-1": slice(None, -1),
    "3:1": slice(3, 1),
    "1:99": slice(1, 99),
    "None": None,
    "...": ...,
    "True": True,
    "False": False,
    "mask4": tensor([True, False, True, True]),
    "mask3": tensor([False, True, True]),
    "mask5": tensor([True, True, False, False, True]),
    "mask43": tensor([[True, False, True], [False, False, True], [True, True, True], [False, False, False]]),
    "mask0": tensor(True),
    "bytes4": tensor([1, 0, 1, 1], dtype=torch.uint8),
    "long2": tensor([0, 2]),
    "long22": tensor([[0, 1], [1, -1]]),
    "long0": tensor(1),
    "long0neg": tensor(-1),
    "int2": tensor([1, 0], dtype=torch.int32),
    "none": tensor([], dtype=torch.int64),
    "far": tensor([0, 9]),
    "float2": tensor([0.0, 1.0]),
    "list": [0, 1],
}


def main():
    shape = json.loads(sys.argv[1])
    limit = int(sys.argv[2])
    # What is refused takes milliseconds each in C++: enough of them, not all.
    refused = limit // 10
    sequences = [(a,) for a in ATOMS] + list(itertools.product(ATOMS, repeat=2)) + list(itertools.product(ATOMS, repeat=3))
    generator = random.Random(5)
    sequences += [tuple(generator.choice(list(ATOMS)) for _ in range(generator.choice([4, 5]))) for _ in range(1000)]
    if limit < len(sequences):
        pairs = len(ATOMS) * (len(ATOMS) + 1)
        kept = pairs if limit > pairs else len(ATOMS)
        sequences = sequences[:kept] + generator.sample(sequences[kept:], limit - kept)
    results = [{"index": []}]
    x = torch.arange(int(torch.tensor(shape).prod())).reshape(shape)
    for names in sequences:
        # A list beside other indices is a tensor, alone too.
        index = tuple(ATOMS[n] for n in names)
        entry = {"index": names}
        try:
            y = x[index]
            entry.update(shape=list(y.shape), values=y.reshape(-1).tolist(),
                         view=y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr() and y.numel() != 0)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            entry["error"] = type(error).__name__
            refused -= 1
            if refused < 0:
                continue
        for key, value in (("filled", 1000), ("written", None)):
            z = x.clone()
            try:
                if value is None:
                    count = y.numel() if "error" not in entry else 1
                    value = (torch.arange(count) + 2000).reshape(y.shape if "error" not in entry else (1,))
                z[index] = value
                entry[key] = z.reshape(-1).tolist()
            except (IndexError, RuntimeError, TypeError, ValueError) as error:
                entry[key + "_error"] = type(error).__name__
        results.append(entry)
    json.dump(results[1:], sys.stdout)


main()
