"""Runs that are stopped and go on elsewhere: model, optimizer, scheduler and random state in one file each; losses as JSON.

    resume.py start FOLDER OPTIMIZER...       runs 15 steps, saves to FOLDER/OPTIMIZER.pth, gives the losses of 10 more
    resume.py continue FOLDER OPTIMIZER...    loads, gives the losses of 10 steps
"""
import json
import os
import sys

import torch
from torch import nn
from torch.optim import lr_scheduler


def make(name):
    torch.manual_seed(21)
    model = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4))
    weights = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": weights, "weight_decay": 0.05}, {"params": others}]
    kinds = {
        "SGD": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
        "Adam": lambda: torch.optim.Adam(groups, lr=0.02, amsgrad=True),
        "AdamW": lambda: torch.optim.AdamW(groups, lr=0.02),
        "NAdam": lambda: torch.optim.NAdam(groups, lr=0.02),
        "RMSprop": lambda: torch.optim.RMSprop(groups, lr=0.01, momentum=0.5, centered=True),
        "Adagrad": lambda: torch.optim.Adagrad(groups, lr=0.05),
        "ASGD": lambda: torch.optim.ASGD(groups, lr=0.05, t0=5),
        "Adafactor": lambda: torch.optim.Adafactor(groups, lr=0.05),
        "LBFGS": lambda: torch.optim.LBFGS(model.parameters(), lr=0.05, max_iter=3, history_size=4),
    }
    schedules = {
        "SGD": lambda o: lr_scheduler.OneCycleLR(o, [0.2, 0.1], total_steps=40),
        "Adam": lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.2, total_iters=6), lr_scheduler.CosineAnnealingLR(o, 30)], [6]),
        "AdamW": lambda o: lr_scheduler.CosineAnnealingLR(o, 40),
        "NAdam": lambda o: lr_scheduler.CyclicLR(o, 0.001, 0.03, 7),
        "RMSprop": lambda o: lr_scheduler.MultiStepLR(o, [3, 17, 17]),
        "Adagrad": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1, threshold=0.1),
        "ASGD": lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(o, 0.5, 18), lr_scheduler.ExponentialLR(o, 0.97)]),
        "Adafactor": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 6, 2),
        "LBFGS": lambda o: lr_scheduler.StepLR(o, 4),
    }
    optimizer = kinds[name]()
    return model, optimizer, schedules[name](optimizer)


def steps(count, model, optimizer, scheduler):
    losses = []
    for _ in range(count):
        x, y = torch.randn(16, 10), torch.randint(4, (16,))

        def closure():
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            return loss

        loss = optimizer.step(closure).item()
        if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        else:
            scheduler.step()
        losses.append(loss)
    return losses


def main():
    torch.set_num_threads(1)
    mode, folder, *names = sys.argv[1:]
    losses = {}
    for name in names:
        model, optimizer, scheduler = make(name)
        path = os.path.join(folder, name + ".pth")
        if mode == "start":
            steps(15, model, optimizer, scheduler)
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
                        "random": torch.get_rng_state()}, path)
        else:
            saved = torch.load(path, weights_only=True)
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            scheduler.load_state_dict(saved["scheduler"])
            torch.set_rng_state(saved["random"])
        losses[name] = [loss.hex() for loss in steps(10, model, optimizer, scheduler)]
    json.dump(losses, sys.stdout)


if __name__ == "__main__":
    main()
