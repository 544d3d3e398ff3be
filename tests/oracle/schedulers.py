"""Learning rates and momenta under the schedulers of torch.optim.lr_scheduler, step by step, and their states; JSON on standard output."""
import inspect
import json
import sys
import warnings

import torch
from torch.optim import SGD, Adam, lr_scheduler
from torch.optim.lr_scheduler import (
    ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR,
    MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, SequentialLR, StepLR)
from torch.optim.swa_utils import SWALR

STEPS = 40


def sgd():
    groups = [{"params": [torch.zeros(1, requires_grad=True)]}, {"params": [torch.zeros(1, requires_grad=True)], "lr": 0.5}]
    return SGD(groups, lr=0.1, momentum=0.9)


def adam():
    return Adam([torch.zeros(1, requires_grad=True)], lr=0.03)


def metric(step):
    return [1.0, 0.9, 0.9, 0.90005, 0.95, 0.8, 0.81, 0.82, 0.83, 0.79995][step % 10] * (1.0 if step < 20 else 0.999)


CASES = {
    "StepLR": lambda o: StepLR(o, 3),
    "StepLR, gamma": lambda o: StepLR(o, step_size=4, gamma=0.7),
    "MultiStepLR": lambda o: MultiStepLR(o, [3, 8, 8, 20], gamma=0.3),
    "ConstantLR": lambda o: ConstantLR(o),
    "ConstantLR, options": lambda o: ConstantLR(o, 0.7, 9),
    "LinearLR": lambda o: LinearLR(o),
    "LinearLR, options": lambda o: LinearLR(o, 0.1, 0.8, 13),
    "ExponentialLR": lambda o: ExponentialLR(o, 0.93),
    "PolynomialLR": lambda o: PolynomialLR(o, 17, 1.7),
    "CosineAnnealingLR": lambda o: CosineAnnealingLR(o, 7, 0.01),
    "CosineAnnealingLR, one": lambda o: CosineAnnealingLR(o, 1),
    "CosineAnnealingWarmRestarts": lambda o: CosineAnnealingWarmRestarts(o, 4),
    "CosineAnnealingWarmRestarts, growing": lambda o: CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "LambdaLR": lambda o: LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "LambdaLR, each": lambda o: LambdaLR(o, [lambda epoch: 0.95 ** epoch, lambda epoch: 1.0]),
    "MultiplicativeLR": lambda o: MultiplicativeLR(o, lambda epoch: 1 - epoch / 100),
    "CyclicLR": lambda o: CyclicLR(o, 0.01, 0.2, 5),
    "CyclicLR, all": lambda o: CyclicLR(o, [0.01, 0.02], [0.2, 0.3], 5, 3, "triangular2", base_momentum=0.7, max_momentum=0.95),
    "CyclicLR, exponential": lambda o: CyclicLR(o, 0.01, 0.2, 5, mode="exp_range", gamma=0.97, cycle_momentum=False),
    "CyclicLR, function": lambda o: CyclicLR(o, 0.01, 0.2, 5, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "OneCycleLR": lambda o: OneCycleLR(o, 0.8, total_steps=STEPS + 1),
    "OneCycleLR, all": lambda o: OneCycleLR(o, [0.8, 0.4], epochs=6, steps_per_epoch=7, pct_start=0.25, anneal_strategy="linear", base_momentum=0.7,
                                            max_momentum=0.97, div_factor=11, final_div_factor=77, three_phase=True),
    "ReduceLROnPlateau": lambda o: ReduceLROnPlateau(o, patience=2),
    "ReduceLROnPlateau, all": lambda o: ReduceLROnPlateau(o, "max", 0.5, 1, 0.01, "abs", 3, [0.02, 0.2], 1e-3),
    "SequentialLR": lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=5), CosineAnnealingLR(o, 30)], [5]),
    "SequentialLR, three": lambda o: SequentialLR(o, [ConstantLR(o, 0.1, 4), ExponentialLR(o, 0.9), StepLR(o, 5)], [4, 20]),
    "SequentialLR, no formula": lambda o: SequentialLR(o, [ExponentialLR(o, 0.9), LambdaLR(o, lambda epoch: 1 / (2 + epoch))], [6]),
    "SequentialLR, restarts": lambda o: SequentialLR(o, [LinearLR(o), CosineAnnealingWarmRestarts(o, 6)], [8]),
    "ChainedScheduler": lambda o: ChainedScheduler([ConstantLR(o, 0.1, 4), ExponentialLR(o, 0.9)]),
    "SequentialLR of ChainedScheduler": lambda o: SequentialLR(
        o, [ChainedScheduler([ConstantLR(o, 0.1, 4), ExponentialLR(o, 0.9)]), StepLR(o, 5)], [11]),
    "SWALR": lambda o: SWALR(o, 0.05, 8),
    "SWALR, linear": lambda o: SWALR(o, [0.05, 0.1], 5, "linear"),
    "SWALR, at once": lambda o: SWALR(o, 0.05, 0),
    "Adam, CyclicLR": lambda o: CyclicLR(o, 0.01, 0.2, 5),
    "Adam, OneCycleLR": lambda o: OneCycleLR(o, 0.8, total_steps=STEPS + 1),
    "Adam, CosineAnnealingLR": lambda o: CosineAnnealingLR(o, 12),
}


def look(optimizer):
    return [[float(g["lr"]).hex(), float(g["betas"][0] if "betas" in g else g["momentum"]).hex()] for g in optimizer.param_groups]


def plain(value):
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if callable(value):
        return None
    return float(value).hex()


def run(name):
    optimizer = adam() if name.startswith("Adam") else sgd()
    scheduler = CASES[name](optimizer)
    seen = [look(optimizer)]
    for step in range(STEPS):
        optimizer.step()
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(metric(step))
        else:
            scheduler.step()
        seen.append(look(optimizer))
    return {"rates": seen, "last": [float(rate).hex() for rate in scheduler.get_last_lr()], "state": plain(scheduler.state_dict())}


def resumed(make, epoch):
    """A scheduler made anew for an optimizer that has run."""
    optimizer = sgd()
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
        group["lr"] *= 0.3
    scheduler = make(optimizer, epoch)
    seen = [look(optimizer)]
    for _ in range(8):
        optimizer.step()
        scheduler.step()
        seen.append(look(optimizer))
    return seen


RESUMED = {
    "StepLR": lambda o, e: StepLR(o, 3, last_epoch=e),
    "MultiStepLR": lambda o, e: MultiStepLR(o, [3, 8], last_epoch=e),
    "ConstantLR": lambda o, e: ConstantLR(o, last_epoch=e),
    "LinearLR": lambda o, e: LinearLR(o, last_epoch=e),
    "ExponentialLR": lambda o, e: ExponentialLR(o, 0.9, last_epoch=e),
    "PolynomialLR": lambda o, e: PolynomialLR(o, 9, last_epoch=e),
    "CosineAnnealingLR": lambda o, e: CosineAnnealingLR(o, 9, last_epoch=e),
    "CosineAnnealingWarmRestarts": lambda o, e: CosineAnnealingWarmRestarts(o, 4, last_epoch=e),
    "LambdaLR": lambda o, e: LambdaLR(o, lambda epoch: 1 / (1 + epoch), last_epoch=e),
    "MultiplicativeLR": lambda o, e: MultiplicativeLR(o, lambda epoch: 0.9, last_epoch=e),
}


def main():
    warnings.simplefilter("ignore")
    known = sorted(name for name, kind in vars(lr_scheduler).items()
                   if inspect.isclass(kind) and issubclass(kind, lr_scheduler.LRScheduler) and not name.endswith("LRScheduler"))
    json.dump({
        "known": known,
        "runs": {name: run(name) for name in CASES},
        "resumed": {name: {str(epoch): resumed(make, epoch) for epoch in (0, 2, 5)} for name, make in RESUMED.items()},
    }, sys.stdout)


if __name__ == "__main__":
    main()
