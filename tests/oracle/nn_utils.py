"""torch.nn.init and torch.nn.utils, as digests of bits. The C# side is tests/TorchBind.Tests/NN/NNUtilsParityTests.cs.

Usage: nn_utils.py [threads]; writes JSON to the standard output: name -> list of digests.
"""

import json
import sys
import warnings

import torch
from torch import nn
from torch.nn import init
from torch.nn.utils import parametrizations, parametrize, prune

from nn_parity import digest

warnings.simplefilter("ignore")
RESULTS = {}


def result(name, *tensors):
    assert name not in RESULTS
    RESULTS[name] = [digest(t) for t in tensors]


def inits():
    cases = {
        "uniform_": lambda t: init.uniform_(t, -1.5, 2.5),
        "normal_": lambda t: init.normal_(t, 1.0, 0.3),
        "trunc_normal_": init.trunc_normal_,
        "trunc_normal_ options": lambda t: init.trunc_normal_(t, 0.5, 0.7, -0.2, 1.1),
        "trunc_normal_ tail": lambda t: init.trunc_normal_(t, 0.0, 1.0, 1.0, 3.0),
        "constant_": lambda t: init.constant_(t, 0.25),
        "ones_": init.ones_,
        "zeros_": init.zeros_,
        "eye_": init.eye_,
        "xavier_uniform_": lambda t: init.xavier_uniform_(t, gain=init.calculate_gain("relu")),
        "xavier_normal_": lambda t: init.xavier_normal_(t, gain=init.calculate_gain("tanh")),
        "kaiming_uniform_": lambda t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
        "kaiming_normal_": lambda t: init.kaiming_normal_(t, a=0.2),
        "orthogonal_": lambda t: init.orthogonal_(t, gain=1.3),
        "sparse_": lambda t: init.sparse_(t, 0.3),
    }
    for name, f in cases.items():
        for shape in ((5, 9), (9, 5)):
            torch.manual_seed(1)
            result(f"init.{name} {shape[0]}", f(torch.empty(shape)))
    for shape in ((6, 3, 3), (6, 4, 3, 5), (4, 4, 3, 2, 3)):
        result(f"init.dirac_ {len(shape)}", init.dirac_(torch.empty(shape), groups=2))


def clips():
    for name, f in {
        "clip_grad_norm_": lambda p: nn.utils.clip_grad_norm_(p, 0.5),
        "clip_grad_norm_ inf": lambda p: nn.utils.clip_grad_norm_(p, 0.1, norm_type=float("inf")),
        "clip_grad_norm_ 1": lambda p: nn.utils.clip_grad_norm_(p, 1000.0, norm_type=1),
        "clip_grad_value_": lambda p: nn.utils.clip_grad_value_(p, 0.05),
    }.items():
        torch.manual_seed(2)
        m = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))
        m(torch.randn(6, 5)).pow(2).sum().backward()
        norm = f(m.parameters())
        result(name, *([norm] if norm is not None else []), *[p.grad for p in m.parameters()])


def train(name, m, x, key="weight"):
    """Value, gradients of what it is computed from, state, text."""
    y = m(x)
    y.pow(2).sum().backward()
    result(name, y, getattr(m, key), *[p.grad for p in m.parameters()], *m.state_dict().values())
    RESULTS[name + " keys"] = list(m.state_dict())
    RESULTS[name + " text"] = repr(m)
    m.eval()
    result(name + " evaluated", m(x))


def parametrized():
    def fresh(f, m=None):
        torch.manual_seed(3)
        return f(m() if m else nn.Linear(6, 4)), torch.randn(3, 6)

    for name, f in {
        "weight_norm": parametrizations.weight_norm,
        "weight_norm dim": lambda m: parametrizations.weight_norm(m, dim=None),
        "spectral_norm": parametrizations.spectral_norm,
        "spectral_norm options": lambda m: parametrizations.spectral_norm(m, n_power_iterations=3, dim=1),
        "orthogonal": parametrizations.orthogonal,
        "orthogonal cayley": lambda m: parametrizations.orthogonal(m, orthogonal_map="cayley"),
        "orthogonal matrix_exp": lambda m: parametrizations.orthogonal(m, orthogonal_map="matrix_exp"),
    }.items():
        m, x = fresh(f)
        train(name, m, x)
        parametrize.remove_parametrizations(m, "weight")
        result(name + " removed", m.weight)
    m, x = fresh(parametrizations.orthogonal, lambda: nn.Linear(6, 6))
    train("orthogonal square", m, x)
    for name, f in {"weight_norm": parametrizations.weight_norm, "orthogonal": parametrizations.orthogonal}.items():
        m, x = fresh(f)
        other = parametrize.transfer_parametrizations_and_params(m, nn.Linear(6, 4))
        train(f"{name} transferred", other, x)
        result(f"{name} transferred back", m(x), *[p.grad for p in m.parametrizations.parameters()])
        empty = parametrize.transfer_parametrizations_and_params(m, nn.Identity(), "weight")
        result(f"{name} created", empty.weight)
        RESULTS[f"{name} created keys"] = list(empty.state_dict())


def hooked():
    """The older forms of weight and spectral norm."""
    for name, f, remove in [
        ("weight_norm", nn.utils.weight_norm, nn.utils.remove_weight_norm),
        ("weight_norm dim", lambda m: nn.utils.weight_norm(m, dim=None), nn.utils.remove_weight_norm),
        ("spectral_norm", nn.utils.spectral_norm, nn.utils.remove_spectral_norm),
        ("spectral_norm options", lambda m: nn.utils.spectral_norm(m, n_power_iterations=3, dim=1), nn.utils.remove_spectral_norm),
    ]:
        torch.manual_seed(7)
        m, x = f(nn.Linear(6, 4)), torch.randn(3, 6)
        result(f"hook {name} before", m.weight)
        train("hook " + name, m, x)
        m.train()
        m(x)
        result(f"hook {name} again", m(x), *m.state_dict().values())
        remove(m)
        result(f"hook {name} removed", m.weight)
    torch.manual_seed(8)
    m = nn.utils.spectral_norm(nn.ConvTranspose2d(3, 5, 2))
    result("hook spectral_norm transposed", m(torch.randn(2, 3, 4, 4)), *m.state_dict().values())
    RESULTS["hook spectral_norm metadata"] = {k: dict(v.get("spectral_norm", {})) for k, v in m.state_dict()._metadata.items()}


class EveryOther(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


def prunes():
    torch.manual_seed(9)
    m = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    EveryOther.apply(m[0], "weight")
    EveryOther.apply(m[0], "weight")
    prune.global_unstructured([(m[0], "weight"), (m[1], "weight")], EveryOther)
    result("prune.method", *m.state_dict().values())
    for name, f in {
        "identity": lambda m: prune.identity(m, "weight"),
        "random_unstructured": lambda m: prune.random_unstructured(m, "weight", amount=0.4),
        "l1_unstructured": lambda m: prune.l1_unstructured(m, "weight", amount=7),
        "random_structured": lambda m: prune.random_structured(m, "weight", amount=2, dim=1),
        "ln_structured": lambda m: prune.ln_structured(m, "weight", amount=0.5, n=2, dim=0),
        "twice": lambda m: prune.l1_unstructured(prune.random_unstructured(m, "weight", amount=0.3), "weight", amount=0.5),
        "structured twice": lambda m: prune.ln_structured(prune.ln_structured(m, "weight", amount=1, n=2, dim=0), "weight", amount=1, n=1, dim=0),
        "custom": lambda m: prune.custom_from_mask(m, "bias", torch.tensor([1, 0, 1, 0])),
    }.items():
        torch.manual_seed(4)
        m = f(nn.Linear(6, 4))
        x = torch.randn(3, 6)
        key = "bias" if name == "custom" else "weight"
        train("prune." + name, m, x, key)
        prune.remove(m, key)
        result(f"prune.{name} removed", getattr(m, key))
    torch.manual_seed(5)
    m = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    prune.global_unstructured([(m[0], "weight"), (m[1], "weight"), (m[1], "bias")], pruning_method=prune.L1Unstructured, amount=0.35)
    result("prune.global", *m.state_dict().values())


def others():
    torch.manual_seed(6)
    m = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    vector = nn.utils.parameters_to_vector(m.parameters())
    result("parameters_to_vector", vector)
    nn.utils.vector_to_parameters(vector * 2, m.parameters())
    result("vector_to_parameters", *m.parameters())
    conv, bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    bn(conv(torch.randn(2, 3, 6, 6)))
    fused = nn.utils.fuse_conv_bn_eval(conv.eval(), bn.eval())
    result("fuse_conv_bn_eval", fused.weight, fused.bias)
    linear, bn = nn.Linear(3, 4), nn.BatchNorm1d(4)
    bn(linear(torch.randn(5, 3)))
    fused = nn.utils.fuse_linear_bn_eval(linear.eval(), bn.eval())
    result("fuse_linear_bn_eval", fused.weight, fused.bias)
    sequences = [torch.randn(n, 2) for n in (3, 5, 2)]
    padded = nn.utils.rnn.pad_sequence(sequences, padding_value=0.5)
    packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    unpacked, lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=6)
    result("rnn", padded, packed.data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices, unpacked, lengths,
           *nn.utils.rnn.unpack_sequence(packed))
    m = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    weight = torch.randn(2, 3, requires_grad=True)
    y = torch.func.functional_call(m, {"weight": weight}, (x,))
    y.sum().backward()
    result("functional_call", y, weight.grad, m(x))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        torch.set_num_threads(int(sys.argv[1]))
    for f in (inits, clips, parametrized, hooked, prunes, others):
        f()
    json.dump(RESULTS, sys.stdout)
