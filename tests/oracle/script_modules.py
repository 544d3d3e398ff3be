"""Writes the TorchScript archives of the tests, with what Python computes with them, into a folder; and runs archives that C# wrote.

    script_modules.py make FOLDER
    script_modules.py run FILE INPUTS OUTPUTS      tensors in both are state dicts, `0`, `1`, ...
"""
import enum
import json
import sys
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import nn


class Color(enum.Enum):
    RED = 1
    BLUE = 3


class Point(NamedTuple):
    x: torch.Tensor
    count: int


@torch.jit.script
class Counter:
    def __init__(self, start: int):
        self.total = start

    def add(self, number: int) -> int:
        self.total += number
        return self.total


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4 * 6 * 6, 5)
        self.register_buffer("scale", torch.tensor(2.0))
        self.names = ["a", "b"]
        self.limits: Dict[str, float] = {"low": 0.5}

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        return self.fc(self.drop(x).flatten(1)) * self.scale

    @torch.jit.export
    def features(self, x, size: int = 2):
        return self.conv(x)[:, :size]


class Values(nn.Module):
    """A method for each kind of value, in and out."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1

    @torch.jit.export
    def numbers(self, b: bool, i: int, f: float, c: complex) -> Tuple[bool, int, float, complex]:
        return not b, i + 1, f / 2, c * 2

    @torch.jit.export
    def text(self, s: str) -> str:
        return s + "é"

    @torch.jit.export
    def optional(self, x: Optional[torch.Tensor], n: Optional[int] = None) -> Optional[int]:
        if x is None:
            return n
        return x.dim()

    @torch.jit.export
    def lists(self, a: List[int], b: List[float], c: List[torch.Tensor], d: List[List[int]], e: List[str], f: List[bool]) -> Tuple[List[int], List[float], torch.Tensor, List[List[int]], List[str], List[bool]]:
        a.append(7)
        return a, [v * 2 for v in b], torch.stack(c).sum(0) if len(c) > 0 else torch.zeros(1), d + [a], e + ["z"], [not v for v in f]

    @torch.jit.export
    def dicts(self, d: Dict[str, torch.Tensor], e: Dict[int, List[float]]) -> Tuple[Dict[str, torch.Tensor], Dict[int, List[float]]]:
        out: Dict[str, torch.Tensor] = {}
        for key, value in d.items():
            out[key + "!"] = value * 2
        e[9] = [1.5]
        return out, e

    @torch.jit.export
    def named(self, p: Point) -> Point:
        return Point(p.x * 2, p.count + 1)

    @torch.jit.export
    def nested(self, p: Tuple[torch.Tensor, Tuple[int, Optional[str]]]) -> Dict[str, Tuple[int, int]]:
        return {"a": (p[0].dim(), p[1][0])}

    @torch.jit.export
    def counter(self, start: int) -> Counter:
        return Counter(start)

    @torch.jit.export
    def count(self, counter: Counter, by: int) -> int:
        return counter.add(by)

    @torch.jit.export
    def color(self, c: Color) -> Tuple[Color, int]:
        return Color.BLUE if c == Color.RED else Color.RED, c.value

    @torch.jit.export
    def first_color(self) -> Color:
        return Color.RED

    @torch.jit.export
    def device(self, d: torch.device) -> torch.device:
        return d

    @torch.jit.export
    def zeros(self, n: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros([n], dtype=dtype)

    @torch.jit.export
    def fails(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("this always fails")


def make(folder):
    torch.manual_seed(0)
    net = torch.jit.script(Net())
    x = torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        net(torch.randn(16, 1, 8, 8))  # running statistics that are not the first ones
    net.eval()
    torch.jit.save(net, f"{folder}/net.pt", _extra_files={"note.txt": "hello", "bytes.bin": b"\x00\xff\x01"})
    out = {"x": x}
    with torch.no_grad():
        out["y"] = net(x)
        out["features"] = net.features(x, 3)
        out["frozen"] = torch.jit.freeze(net)(x)
        out["optimized"] = torch.jit.optimize_for_inference(torch.jit.load(f"{folder}/net.pt").eval())(x)
    # Two steps of training, from the file.
    net = torch.jit.load(f"{folder}/net.pt")
    net.train()
    torch.manual_seed(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        out[f"loss{_}"] = loss.detach()
    for name, tensor in net.state_dict().items():
        out["trained." + name] = tensor
    torch.save(out, f"{folder}/net.expected.pth")
    info = {
        "code": torch.jit.load(f"{folder}/net.pt").code,
        "methods": sorted(m for m in ["forward", "features"] if hasattr(net, m)),
        "schema": str(net.features.schema),
        "parameters": [name for name, _ in net.named_parameters()],
        "buffers": [name for name, _ in net.named_buffers()],
        "state": list(net.state_dict()),
    }
    torch.jit.save(torch.jit.script(Values()), f"{folder}/values.pt")
    print(json.dumps(info))


def run(file, inputs, outputs):
    module = torch.jit.load(file)
    given = torch.load(inputs, weights_only=True)
    result = module(*given.values())
    if isinstance(result, torch.Tensor):
        result = [result]
    elif isinstance(result, dict):
        result = list(result.values())
    saved = {str(i): value for i, value in enumerate(result)}
    for name, value in module.state_dict().items():
        saved["state." + name] = value
    torch.save(saved, outputs)
    print(json.dumps({"code": module.code, "training": module.training}))


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
