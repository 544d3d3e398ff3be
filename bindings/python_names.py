"""Lists the public names of Python's torch that can be operators, into bindings/python-names.txt.

    python3 bindings/python_names.py            # with a Python that has torch; once per supported libtorch

Names of earlier runs stay: the file is the union over the versions. The generator reads it to decide whether an
operator stands on Torch, on Tensor or, where Python does not show it, on Torch.Aten.
"""

import pathlib
import types

import torch
import torch.fft
import torch.linalg
import torch.nn.functional
import torch.sparse
import torch.special

MODULES = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.fft": torch.fft,
    "torch.linalg": torch.linalg,
    "torch.nn.functional": torch.nn.functional,
    "torch.sparse": torch.sparse,
    "torch.special": torch.special,
}


def names():
    for prefix, module in MODULES.items():
        for name in dir(module):
            if name.startswith("_") or not name.isidentifier():
                continue
            value = getattr(module, name, None)
            # Classes, modules and constants are no operators; attributes of Tensor are descriptors and stay.
            if isinstance(value, (type, types.ModuleType, torch.dtype, torch.layout, torch.memory_format, torch.qscheme)):
                continue
            if prefix != "torch.Tensor" and not callable(value):
                continue
            yield f"{prefix}.{name}"


def main():
    path = pathlib.Path(__file__).with_name("python-names.txt")
    old = path.read_text().split() if path.exists() else []
    path.write_text("\n".join(sorted(set(old) | set(names()))) + "\n")
    print(f"torch {torch.__version__}: {path.name} updated")


if __name__ == "__main__":
    main()
