"""What the oracles of autograd share: each case is a function that writes lines, which the C# case of the same name must write as well."""
import json
import sys
import warnings

import torch

CASES = {}


class Log(list):
    def __call__(self, *values):
        for value in values:
            self.append(show(value))

    def error(self, action, part=None):
        """The exception of an action: its type and the first line of its message, or whether a part is in it (versions differ in the rest)."""
        try:
            action()
        except Exception as e:
            text = str(e).strip()
            if part is not None:
                self.append("true" if part in text else text)
            else:
                self.append(f"{type(e).__name__}: {text.splitlines()[0] if text else ''}")
        else:
            self.append("no error")


def show(value):
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str)):
        return str(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        plain = plain.resolve_conj().resolve_neg()
        dtype = str(plain.dtype)[len("torch."):]
        if plain.is_complex():
            plain = torch.view_as_real(plain)
        data = plain.clone(memory_format=torch.contiguous_format).view(-1).view(torch.uint8).numpy().tobytes().hex()
        grad = " grad" if value.requires_grad else ""
        return f"{dtype}{list(value.shape)}{grad}:{data}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(show(v) for v in value) + ")"
    if isinstance(value, dict):
        return show(list(value.values()))
    raise TypeError(type(value))


def case(function):
    CASES.setdefault(function.__module__, {})[function.__name__] = function
    return function


def run(module):
    """The lines of every case of a module."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    results = {}
    for name, function in CASES[module].items():
        log = Log()
        torch.manual_seed(0)
        function(log)
        results[name] = log
    return results


def main():
    json.dump(run("__main__"), sys.stdout)
