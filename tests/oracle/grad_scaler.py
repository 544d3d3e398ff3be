"""A GradScaler on the processor over steps of which some have infinite gradients: factor, growth and parameters after each; JSON."""
import json
import sys

import torch
from torch.amp import GradScaler


def bits(tensor):
    return tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes().hex()


def run(unscale):
    torch.manual_seed(11)
    params = [torch.randn(4, 3, requires_grad=True), torch.randn(5, requires_grad=True)]
    optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9)
    scaler = GradScaler("cpu", init_scale=1024.0, growth_factor=3.0, backoff_factor=0.25, growth_interval=2)
    out = []
    for step in range(12):
        optimizer.zero_grad()
        loss = sum((p * torch.randn(p.shape)).sum() for p in params)
        if step in (3, 4, 9):
            loss = loss * float("inf") if step != 9 else loss * float("nan")
        scaler.scale(loss).backward()
        if unscale:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        out.append([scaler.get_scale().hex(), scaler.state_dict()["_growth_tracker"], [bits(p) for p in params]])
    scaler.update(7.0)
    return {"steps": out, "state": {k: float(v).hex() for k, v in scaler.state_dict().items()}}


def main():
    torch.set_num_threads(1)
    json.dump({"plain": run(False), "unscaled": run(True)}, sys.stdout)


if __name__ == "__main__":
    main()
