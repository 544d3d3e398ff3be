"""Samples of our own for functions that PyTorch's operator database lacks, or covers with plain arguments only; written like op_db.py's.

    more_ops.py [--only REGEX] [--every N]

Each sample is one call of a public function by its name: what Python's function gives is what the C# member of that name has to give. Dtypes beyond
those of the database, empty tensors, tensors without dimensions, memory in any order, gradients where there are any, and arguments that Python
refuses, which C# has to refuse.
"""
import argparse
import math
import re

import op_db
import torch
from op_db import Encoder, Unsupported, fresh, tensors_in, write

INTS = ["uint8", "int8", "int16", "int32", "int64"]
UNSIGNED = ["uint16", "uint32", "uint64"]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
ALL = [*INTS, "bool", *FLOATS, *COMPLEX]
GRADS = ["float32", "float64", "complex128"]

ENTRIES = []


def entry(name, dtypes=ALL):
    def add(function):
        ENTRIES.append((name, dtypes, function))
        return function
    return add


def values(shape, dtype, seed=0, grad=True):
    """Numbers of a dtype; leaves that ask for gradients where they can."""
    generator = torch.Generator().manual_seed(seed + 17)
    dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator).to(dtype)
    if dtype.is_complex:
        return torch.complex(torch.randn(shape, generator=generator, dtype=torch.float64),
                             torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype).requires_grad_(grad)
    if dtype.is_floating_point:
        x = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
        return x.requires_grad_(grad and dtype in (torch.float32, torch.float64))
    return torch.randint(0 if dtype.is_signed is False else -5, 6, shape, generator=generator).to(dtype)


def turned(shape, dtype, seed=0):
    """The same shape with its dimensions in reverse order in memory, and a gap between elements."""
    x = values([*shape[:0:-1], shape[0] * 2] if shape else [], dtype, seed, grad=False)
    if not shape:
        return x
    x = x[..., ::2].permute(*reversed(range(len(shape))))
    grad = x.dtype in (torch.float32, torch.float64, torch.complex64, torch.complex128)
    return x.detach().requires_grad_(grad)


def forms(shape, dtype, seed=0):
    yield values(shape, dtype, seed)
    if len(shape) > 0:
        yield turned(shape, dtype, seed)


class Call:
    def __init__(self, *args, name=None, **kwargs):
        self.args, self.kwargs, self.name = args, kwargs, name


def find(name):
    found = torch
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def run(name, dtype, index, call):
    """Writes the record of one call."""
    name = call.name or name
    base = {"entry": name, "variant": "", "dtype": dtype, "sample": index, "form": "function"}
    function = find(name)
    encoder = Encoder()
    args, kwargs = fresh((call.args, call.kwargs))
    leaves = [t for t in tensors_in((args, kwargs)) if t.requires_grad and t.is_leaf]
    encoded = ([encoder.value(a) for a in args], {k: encoder.value(v) for k, v in kwargs.items()})
    made = {"name": name, "args": encoded[0], "kwargs": encoded[1], "result": None, "asks": False}
    base["seed"] = 1000 + index
    inputs = list(encoder.inputs)
    if name.endswith("_") and any(leaf.requires_grad for leaf in leaves):
        args, kwargs = op_db.without_gradients((args, kwargs))
        leaves = []
        encoder = Encoder()
        encoded = ([encoder.value(a) for a in args], {k: encoder.value(v) for k, v in kwargs.items()})
        made.update(args=encoded[0], kwargs=encoded[1])
        inputs = list(encoder.inputs)
    torch.manual_seed(base["seed"])
    try:
        result = function(*args, **kwargs)
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError, AssertionError) as problem:
        write({**base, "inputs": inputs, "calls": [made], "raises": f"{type(problem).__name__}: {problem}"[:300]}, encoder.blobs)
        return
    made["result"] = plan = encoder.plan(result)
    found = {}
    for t in tensors_in(result):
        found.setdefault(encoder.ids[id(t)], t)
    outputs = {str(k): encoder.describe(t) for k, t in found.items()}
    grad_outputs, grads = {}, {}
    roots = [(k, t) for k, t in found.items() if t.requires_grad and t.layout == torch.strided]
    if roots and leaves:
        generator = torch.Generator().manual_seed(index)
        seeds = [torch.randn(t.shape, generator=generator, dtype=t.dtype) for _, t in roots]
        try:
            gradients = torch.autograd.grad([t for _, t in roots], leaves, seeds, allow_unused=True)
        except (RuntimeError, NotImplementedError):
            gradients = None
        if gradients is not None:
            for (k, _), s in zip(roots, seeds):
                grad_outputs[str(k)] = encoder.describe(s)
            for leaf, g in zip(leaves, gradients):
                grads[str(encoder.ids[id(leaf)])] = None if g is None else encoder.describe(g)
    write({**base, "inputs": inputs, "calls": [made], "plan": plan, "outputs": outputs, "grad_outputs": grad_outputs, "grads": grads,
           "tolerance": [0.0, 0.0]}, encoder.blobs)


# Lists of tensors

@entry("torch.meshgrid")
def _(d):
    for shapes in ([[3], [2]], [[], [4], [1]], [[0], [2]], [[2], [3], [4]]):
        tensors = [values(s, d, i) for i, s in enumerate(shapes)]
        yield Call(tensors, indexing="ij")
        yield Call(tensors, indexing="xy")
    yield Call([turned([3], d), values([2], d)], indexing="ij")
    yield Call([values([2, 2], d)], indexing="ij")
    yield Call([values([2], d), values([2], d)], indexing="zz")
    yield Call([values([2], d), values([2], "int64" if d == "float64" else "float64")], indexing="ij")
    yield Call([], indexing="ij")


@entry("torch.cartesian_prod")
def _(d):
    for shapes in ([[3]], [[3], [2]], [[2], [0]], [[2], [3], [2]]):
        yield Call(*[values(s, d, i) for i, s in enumerate(shapes)])
    yield Call(turned([3], d), turned([4], d, 1))
    yield Call(values([2, 2], d), values([2], d))


@entry("torch.combinations")
def _(d):
    for r in (0, 1, 2, 3):
        yield Call(values([4], d), r=r)
        yield Call(turned([3], d), r=r, with_replacement=True)
    yield Call(values([0], d))
    yield Call(values([2, 2], d))
    yield Call(values([2], d), r=-1)


@entry("torch.block_diag")
def _(d):
    yield Call(values([2, 3], d))
    yield Call(values([2, 3], d), values([3], d, 1), values([], d, 2), turned([3, 2], d, 3))
    yield Call(values([0], d), values([2, 2], d), values([0, 3], d))
    yield Call(values([2, 2], d), values([2], "float32"))
    yield Call(values([2, 2, 2], d))


@entry("torch.broadcast_tensors")
def _(d):
    yield Call(values([2, 1], d), turned([3], d), values([], d))
    yield Call(values([0, 1], d), values([3], d))
    yield Call(values([2], d), values([3], d))


for one in ("torch.atleast_1d", "torch.atleast_2d", "torch.atleast_3d"):
    @entry(one)
    def _(d):
        for shape in ([], [3], [0], [2, 3], [2, 3, 2], [1, 2, 1, 2]):
            for x in forms(shape, d):
                yield Call(x)
        yield Call(values([], d), values([2], d), turned([2, 3], d))
        yield Call([values([], d), values([2, 2], d)])


@entry("torch.split")
def _(d):
    for x in (values([5, 4], d), turned([5, 4], d)):
        yield Call(x, 2)
        yield Call(x, 7)
        yield Call(x, 3, dim=-1)
        yield Call(x, [1, 4])
        yield Call(x, [0, 4, 0], dim=1)
        yield Call(x, [1, 1])
        yield Call(x, -1)
        yield Call(x, 0)
        yield Call(x, [-1, 6])
        yield Call(x, 2, dim=2)
        yield Call(x, 2, name="torch.Tensor.split")
        yield Call(x, [2, 3], name="torch.Tensor.split")
        yield Call(x, (3, 1), 1, name="torch.Tensor.split")
    yield Call(values([0, 2], d), 1)
    yield Call(values([0, 2], d), 0)
    yield Call(values([], d), 1)


for one in ("torch.hsplit", "torch.vsplit", "torch.dsplit"):
    @entry(one, ["float64", "bool", "complex64"])
    def _(d):
        for shape in ([4], [4, 2], [2, 4, 4], [0, 2, 2], []):
            for x in forms(shape, d):
                yield Call(x, 2)
                yield Call(x, [1, 3])
                yield Call(x, 3)


@entry("torch.tensor_split", ["float32", "int16", "bool"])
def _(d):
    for x in (values([5, 4], d), turned([5, 4], d), values([0, 3], d)):
        yield Call(x, 3)
        yield Call(x, [1, -1], dim=1)
        yield Call(x, torch.tensor(2))
        yield Call(x, torch.tensor([1, 3]))
        yield Call(x, 0)
        yield Call(x, 2, dim=5)


# Products

@entry("torch.chain_matmul", [*FLOATS, *COMPLEX, "int64"])
def _(d):
    yield Call(values([2, 3], d))
    yield Call(values([2, 3], d), values([3, 4], d, 1))
    yield Call(values([2, 3], d), turned([3, 4], d, 1), values([4, 2], d, 2), values([2, 5], d, 3))
    yield Call(values([0, 3], d), values([3, 2], d, 1), values([2, 2], d))
    yield Call(values([2, 3], d), values([2, 3], d, 1))
    yield Call(values([3], d), values([3], d, 1))


@entry("torch.tensordot", [*FLOATS, *COMPLEX, "int32", "bool"])
def _(d):
    a, b = values([2, 3, 4], d), turned([3, 4, 5], d, 1)
    yield Call(a, b, dims=2)
    yield Call(a, b, dims=[[1, 2], [0, 1]])
    yield Call(a, values([4, 2], d, 2), dims=1)
    yield Call(a, values([5], d, 2), dims=0)
    yield Call(a, values([4, 3], d, 2), dims=[[1, 2], [1, 0]])
    yield Call(values([0, 2], d), values([2, 0], d), dims=1)
    yield Call(a, b, dims=3)
    yield Call(a, b, dims=-1)
    yield Call(a, b, dims=4)
    yield Call(a, b, dims=[[0], [0]])


@entry("torch.einsum", [*FLOATS, *COMPLEX, "int64", "uint8"])
def _(d):
    a, b, c = values([2, 3], d), turned([3, 4], d, 1), values([4, 2], d, 2)
    for equation, operands in (
            ("ij,jk", [a, b]), ("ij,jk->ik", [a, b]), ("ij,jk,kl->il", [a, b, c]), ("ii", [values([3, 3], d)]), ("ii->i", [values([3, 3], d)]),
            ("ij->ji", [a]), ("...ij,...jk->...ik", [values([2, 1, 2, 3], d), values([5, 3, 2], d, 1)]), ("i,j->ij", [values([2], d), values([3], d, 1)]),
            ("i,i->", [values([4], d), turned([4], d, 1)]), (" i j , j k -> i k", [a, b]), ("ij->", [a]), ("bn,anm,bm->ba", [a, values([5, 3, 4], d), values([2, 4], d)]),
            ("ij,jk->ik", [values([0, 3], d), b]), ("ij,jk->ik", [values([2, 0], d), values([0, 2], d)]), ("->", [values([], d)]),
            ("ij,ij->", [a, b]), ("ij", [values([2, 3, 4], d)]), ("ij->ijk", [a]), ("i,j", [a, b]), ("ij,jk->i$", [a, b]), ("ij,jk", [a]), ("ij->ii", [a]),
            ("i.j->ij", [a]), ("ij->i->j", [a])):
        yield Call(equation, *operands)
        yield Call(equation, operands)
    yield Call(a, [0, 1], b, [1, 2])
    yield Call(a, [0, 1], b, [1, 2], [2, 0])
    yield Call(values([3, 3], d), [7, 7], [7])
    yield Call(a, [0, 51], b, [51, 30], [30, 0])
    yield Call(values([5, 2, 3], d), [Ellipsis, 0, 1], values([3, 2], d), [1, 2], [Ellipsis, 2, 0])
    yield Call(a, [0, 52], b, [52, 1])
    yield Call(a, [0, 1], [0, 3])
    yield Call(a, [0, 1, 2])


@entry("torch.cdist", FLOATS + ["int64", "complex64"])
def _(d):
    a, b = values([4, 3], d), turned([5, 3], d, 1)
    for p in (0.0, 0.5, 1.0, 2.0, 3.0, math.inf):
        yield Call(a, b, p=p)
        yield Call(values([2, 4, 3], d), b, p=p)
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist", "use_mm_for_euclid_dist_if_necessary", "none"):
        yield Call(values([30, 3], d), values([26, 3], d, 1), compute_mode=mode)
    yield Call(values([0, 3], d), b)
    yield Call(values([4, 0], d), values([5, 0], d))
    yield Call(a, values([5, 4], d))
    yield Call(a, b, p=-1.0)
    yield Call(values([3], d), b)


# Norms

@entry("torch.norm", [*FLOATS, *COMPLEX, "int64"])
def _(d):
    for x in (values([3, 4], d), turned([3, 4], d), values([2, 3, 4], d), values([], d), values([0], d), values([0, 3], d), values([4], d)):
        yield Call(x)
        for p in ("fro", "nuc", 0, 1, 2, 3.5, math.inf, -math.inf, -1):
            yield Call(x, p=p)
            yield Call(x, p=p, dim=0)
            yield Call(x, p=p, dim=(0, 1), keepdim=True)
            yield Call(x, p=p, dim=[-1], keepdim=True)
            yield Call(x, p=p, dim=(1, 2))
        yield Call(x, dim=0, dtype=torch.float64)
        yield Call(x, p=2, dtype=torch.complex128)
        yield Call(x, p=1, dim=1, dtype=torch.float32, keepdim=True)
        yield Call(x, p="max")
        yield Call(x, p=2, dim=9)
        yield Call(x, p=2, dim=(0, 0))
        yield Call(x, "fro", 0, True, name="torch.Tensor.norm")
        yield Call(x, 3, [0], name="torch.Tensor.norm")
        yield Call(x, name="torch.Tensor.norm")


# Sets

@entry("torch.unique", [*ALL, *UNSIGNED])
def _(d):
    for x in (values([3, 4], d, grad=False), values([4, 3, 2], d, grad=False)[::2], values([3, 4], d, grad=False).t(), values([], d, grad=False),
              values([0], d, grad=False), values([0, 2], d, grad=False), values([2, 0], d, grad=False)):
        yield Call(x)
        yield Call(x, sorted=False)
        yield Call(x, return_inverse=True)
        yield Call(x, return_counts=True)
        yield Call(x, return_inverse=True, return_counts=True)
        for dim in (0, 1, -1):
            yield Call(x, dim=dim)
            yield Call(x, dim=dim, return_inverse=True, return_counts=True)
            yield Call(x, True, True, False, dim, name="torch.Tensor.unique")
        yield Call(x, dim=7)
        yield Call(x, name="torch.Tensor.unique")
    if d in FLOATS:
        odd = torch.tensor([math.nan, 1.0, -0.0, 0.0, math.inf, math.nan, -math.inf, 1.0]).to(getattr(torch, d))
        yield Call(odd, return_inverse=True, return_counts=True)


@entry("torch.unique_consecutive", [*ALL, *UNSIGNED])
def _(d):
    base = values([2, 5], d, grad=False).repeat_interleave(2, 0).repeat_interleave(2, 1)
    for x in (base, base.t(), base.reshape(-1), values([], d, grad=False), values([0], d, grad=False), values([0, 2], d, grad=False)):
        yield Call(x)
        yield Call(x, return_inverse=True)
        yield Call(x, return_counts=True)
        yield Call(x, return_inverse=True, return_counts=True, dim=0)
        yield Call(x, dim=-1)
        yield Call(x, dim=3)
        yield Call(x, True, True, 0, name="torch.Tensor.unique_consecutive")


@entry("torch.nonzero", ALL)
def _(d):
    for x in (values([3, 4], d, grad=False), turned([3, 4], d).detach(), values([], d, grad=False), values([0, 2], d, grad=False)):
        yield Call(x)
        yield Call(x, as_tuple=True)
        yield Call(x, as_tuple=True, name="torch.Tensor.nonzero")


@entry("torch.unravel_index", ["int64", "int32", "uint8", "float32", "bool"])
def _(d):
    x = torch.tensor([[0, 5], [3, 11]]).to(getattr(torch, d))
    yield Call(x, (3, 4))
    yield Call(x.t(), (2, 3, 2))
    yield Call(x, 12)
    yield Call(torch.tensor(7).to(getattr(torch, d)), (2, 4))
    yield Call(x[:0], (3, 4))
    yield Call(x, (3, -4))


# Windows of signals

@entry("torch.stft", [*FLOATS, *COMPLEX, "int64"])
def _(d):
    for x in (values([40], d), turned([2, 40], d)):
        window = torch.hann_window(8, dtype=torch.float64).to(torch.float32 if d in ("float16", "bfloat16", "float32", "complex64") else torch.float64)
        yield Call(x, 8, return_complex=True)
        yield Call(x, 8, window=window, return_complex=True)
        yield Call(x, 8, 3, 6, window[:6], return_complex=True)
        yield Call(x, 8, hop_length=2, window=window, center=False, normalized=True, onesided=False, return_complex=True)
        yield Call(x, 8, window=window, pad_mode="constant", return_complex=False)
        yield Call(x, 8, window=window, pad_mode="replicate", onesided=True, return_complex=True)
        yield Call(x, 8)
        yield Call(x, 8, window=window)
        yield Call(x, 0, return_complex=True)
        yield Call(x, 100, center=False, return_complex=True)
        yield Call(x, 8, hop_length=0, return_complex=True)
        yield Call(x, 8, win_length=9, return_complex=True)
        yield Call(x, 8, window=window, pad_mode="nothing", return_complex=True)
        yield Call(x, 8, return_complex=True, name="torch.Tensor.stft")
        yield Call(x, 8, 4, 8, window, False, "reflect", True, None, True, name="torch.Tensor.stft")
    yield Call(values([], d), 8, return_complex=True)
    yield Call(values([0], d), 8, return_complex=True)
    yield Call(values([2, 2, 40], d), 8, return_complex=True)


@entry("torch.istft", COMPLEX + ["float32"])
def _(d):
    window = torch.hann_window(8, dtype=torch.float64 if d == "complex128" else torch.float32)
    for shape in ([5, 9], [2, 5, 9]):
        for x in forms(shape, d):
            yield Call(x, 8)
            yield Call(x, 8, window=window)
            yield Call(x, 8, 2, 6, window[:6])
            yield Call(x, 8, window=window, length=13, normalized=True)
            yield Call(x, 8, window=window, center=False)
            yield Call(x, 8, hop_length=9)
            yield Call(x, 6)
            yield Call(x, 8, hop_length=2, name="torch.Tensor.istft")
    full = values([8, 9], d)
    yield Call(full, 8, window=window, onesided=False, return_complex=True)
    yield Call(full, 8, window=window, onesided=False)
    yield Call(values([5, 0], d), 8)


# Factors

@entry("torch.svd_lowrank", ["float32", "float64", "complex64", "complex128", "int64"])
def _(d):
    for x in (values([6, 4], d), turned([4, 7], d), values([2, 5, 3], d)):
        x = x.detach()
        yield Call(x, q=2)
        yield Call(x, q=3, niter=0)
        yield Call(x)
        yield Call(x, q=2, niter=4, M=x.mean(-2, keepdim=True) if x.is_floating_point() or x.is_complex() else x[..., :1, :])
        yield Call(x, q=-1)
        yield Call(x, q=2, niter=-1)
        yield Call(x, q=100)
    yield Call(values([6, 4], d), q=4)
    yield Call(values([0, 4], d).detach(), q=0)
    yield Call(values([4], d).detach(), q=2)
    if d in ("float32", "float64"):
        yield Call(values([6, 4], d).detach().relu().to_sparse(), q=2)
        yield Call(values([3, 4], d).detach().relu().to_sparse(), q=3)


@entry("torch.pca_lowrank", ["float32", "float64", "complex64", "int64"])
def _(d):
    for x in (values([6, 4], d), turned([4, 7], d), values([2, 5, 3], d)):
        x = x.detach()
        yield Call(x)
        yield Call(x, q=2)
        yield Call(x, q=2, center=False)
        yield Call(x, q=2, niter=0)
        yield Call(x, q=9)
        yield Call(x, q=-1)
        yield Call(x, q=2, niter=-1)
    yield Call(values([6, 4], d), q=4)
    if d in ("float32", "float64"):
        sparse = values([6, 4], d).detach().relu().to_sparse()
        yield Call(sparse, q=2)
        yield Call(sparse, q=2, center=False)
        yield Call(values([2, 3, 4], d).detach().relu().to_sparse(), q=2)


@entry("torch.lobpcg", ["float32", "float64", "int64"])
def _(d):
    base = values([12, 12], d).detach()
    a = base @ base.mT + 12 * torch.eye(12, dtype=base.dtype)
    b = torch.diag(torch.arange(1, 13)).to(base.dtype)
    x = values([12, 2], d, 3).detach()
    for method in ("basic", "ortho"):
        yield Call(a, 2, method=method)
        yield Call(a, k=3, largest=False, method=method, niter=7)
        yield Call(a, k=2, B=b, method=method)
        yield Call(a, k=2, X=x, method=method)
        yield Call(a, k=1, iK=torch.diag(1 / a.diagonal()) if d != "int64" else None, method=method, niter=3)
        yield Call(a, k=2, n=3, tol=1e-3, method=method)
        yield Call(torch.stack([a, 2 * a]), k=1, method=method, niter=4)
        if d != "int64":
            yield Call(a.to_sparse(), k=2, method=method)
    yield Call(a, k=5)
    yield Call(a[:5], k=1)
    if d != "int64":
        grad = a.clone().requires_grad_()
        for k in (1, 2, 3):
            for largest in (True, False):
                yield Call(grad, k=k, largest=largest, X=values([12, k], d, 3).detach())
        yield Call(torch.stack([a, 2 * a]).requires_grad_(), k=2, X=torch.stack([x, x]))
        yield Call((a + torch.triu(torch.ones_like(a), 1)).requires_grad_(), k=2, X=x)


@entry("torch.lu", ["float32", "float64", "complex64", "complex128", "float16", "int64"])
def _(d):
    for x in (values([3, 3], d), turned([3, 4], d), values([2, 4, 3], d), values([0, 3], d), values([2, 0, 0], d)):
        yield Call(x)
        yield Call(x, get_infos=True)
        yield Call(x, pivot=False)
        yield Call(x, name="torch.Tensor.lu")
    yield Call(torch.zeros(2, 2).to(getattr(torch, d)))
    yield Call(torch.zeros(2, 2).to(getattr(torch, d)), get_infos=True)
    yield Call(values([3], d))


# Second names

for one in ("torch.spmm", "torch.dsmm", "torch.hsmm"):
    @entry(one, ["float32", "float64", "complex64", "int64"])
    def _(d):
        sparse = (values([3, 4], d) * torch.tensor([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0]]).to(getattr(torch, d))).detach().to_sparse()
        yield Call(sparse, values([4, 2], d))
        yield Call(sparse, turned([4, 2], d))
        yield Call(sparse, values([4, 0], d))
        yield Call(sparse, values([3, 2], d))
        yield Call(values([3, 4], d), values([4, 2], d))


@entry("torch.saddmm", ["float32", "float64"])
def _(d):
    sparse = values([3, 4], d).detach().relu().to_sparse()
    added = values([3, 2], d).detach().relu().to_sparse()
    yield Call(added, sparse, values([4, 2], d).detach())
    yield Call(added, sparse, turned([4, 2], d).detach(), beta=2, alpha=0.5)
    yield Call(added, sparse, values([3, 2], d).detach())


# torch.nn.functional

for one in ("relu_", "elu_", "selu_", "celu_", "leaky_relu_", "hardtanh_"):
    @entry("torch.nn.functional." + one, [*FLOATS, "int64", "bool", "complex64"])
    def _(d):
        for shape in ([3, 4], [], [0]):
            for x in forms(shape, d):
                yield Call(x.detach())


@entry("torch.nn.functional.threshold_", [*FLOATS, *INTS, "bool", "complex64"])
def _(d):
    for shape in ([3, 4], [], [0]):
        for x in forms(shape, d):
            yield Call(x.detach(), 0.5, 2.0)
            yield Call(x.detach(), 1, -3)


@entry("torch.nn.functional.rrelu_", [*FLOATS, "int64"])
def _(d):
    for x in forms([3, 4], d):
        yield Call(x.detach())
        yield Call(x.detach(), training=True)
        yield Call(x.detach(), 0.3, 0.4, True)
        yield Call(x.detach(), 0.5, 0.25, True)


@entry("torch.nn.functional.gumbel_softmax", [*FLOATS, "int64", "complex64"])
def _(d):
    for shape in ([3, 4], [2, 3, 4], [5], [0, 3], []):
        for x in forms(shape, d):
            yield Call(x)
            yield Call(x, tau=0.3, hard=True)
            yield Call(x, tau=2.0, dim=0)
    yield Call(values([3], d), dim=4)


@entry("torch.nn.functional.dropout1d", [*FLOATS, "complex64", "int64"])
def _(d):
    for shape in ([3, 4], [2, 3, 4], [0, 3, 2], [4], [1, 2, 3, 4]):
        for x in forms(shape, d):
            yield Call(x, 0.4)
            yield Call(x, training=False)
            yield Call(x, 1.0)
            yield Call(x, 0.0)
            yield Call(x, 1.5)


@entry("torch.nn.functional.conv_tbc", [*FLOATS, "complex64", "int64"])
def _(d):
    weight, bias = values([3, 4, 2], d, 1), values([2], d, 2)
    for x in (values([6, 2, 4], d), turned([6, 2, 4], d)):
        yield Call(x, weight, bias)
        yield Call(x, weight, bias, 2)
        yield Call(x, weight, values([3], d))
        yield Call(x, weight[:, :3], bias)
    yield Call(values([2, 4], d), weight, bias)


@entry("torch.nn.functional.grouped_mm", ["bfloat16", "float32", "float16"])
def _(d):
    a, b = values([8, 16], d), values([2, 16, 8], d, 1)
    offsets = torch.tensor([3, 8], dtype=torch.int32)
    yield Call(a, b, offs=offsets)
    yield Call(a, values([16, 8], d), offs=torch.tensor([16], dtype=torch.int32))
    yield Call(values([2, 8, 16], d), b)
    yield Call(a, b)
    yield Call(a, b, offs=offsets.long())


@entry("torch.nn.functional.linear_cross_entropy", ["float32", "float64", "int64"])
def _(d):
    x, weight, bias = values([5, 3], d), values([4, 3], d, 1), values([4], d, 2)
    target = torch.tensor([0, 3, 1, 2, 2])
    for reduction in ("mean", "sum", "none"):
        yield Call(x, weight, target, reduction=reduction)
        yield Call(x, weight, target, linear_bias=bias, weight=values([4], d, 3).detach().abs(), label_smoothing=0.1, reduction=reduction)
        yield Call(x, weight, target, ignore_index=2, reduction=reduction)
    yield Call(x[0].detach(), weight, target[0])
    yield Call(x, weight, target[:3])
    yield Call(x, weight, target + 3)


if "float" in str(torch.nn.functional.gaussian_nll_loss.__annotations__["var"]):
    @entry("torch.nn.functional.gaussian_nll_loss", FLOATS)
    def _(d):
        for reduction in ("mean", "sum", "none"):
            for var in (0.5, 0.0, -1.0):
                yield Call(values([4, 3], d), values([4, 3], d, 1), var, reduction=reduction, full=var > 0)


if hasattr(torch.nn, "LinearCrossEntropyOptions"):
    @entry("torch.nn.functional.linear_cross_entropy", FLOATS)
    def _(d):
        options = torch.nn.LinearCrossEntropyOptions
        x, weight, bias = values([7, 3], d), values([9, 3], d, 1), values([9], d, 2)
        target, scale = torch.tensor([0, 8, 1, 2, 2, -100, 5]), values([9], d, 3).detach().abs()
        shares = values([7, 9], d, 4).detach().softmax(1)
        for chosen in (options(), options(acc_policy="accurate"), options(acc_policy="compact"), options(batch_chunk_size=2, allow_retain_graph=True),
                       options(chunking_method="aspect_ratio:2"), options(acc_policy="compact", acc_dtype=torch.float32, batch_chunk_size=3),
                       options(acc_dtype=torch.float64), options(chunking_method="aspect_ratio", batch_chunk_size=5)):
            for reduction in ("mean", "sum", "none"):
                yield Call(x, weight, target, reduction=reduction, options=chosen)
                yield Call(x, weight, target, linear_bias=bias, weight=scale, reduction=reduction, ignore_index=2, options=chosen)
                yield Call(x, weight, shares, linear_bias=bias, weight=scale, reduction=reduction, options=chosen)
            yield Call(x, weight, shares, options=chosen)
            yield Call(x[0], weight, target[0], options=chosen)
            yield Call(x[:0], weight, target[:0], options=chosen)
            yield Call(x, weight, target[:3], options=chosen)
            yield Call(x, weight, target, label_smoothing=0.1, options=chosen)


for dims in (1, 2, 3):
    @entry(f"torch.nn.functional.lp_pool{dims}d", FLOATS + ["int64"])
    def _(d, dims=dims):
        for x in (values([2, 3, *[7] * dims], d), turned([3, *[6] * dims], d)):
            for p in (1.0, 2.0, 3.0, math.inf):
                yield Call(x, p, 2)
                yield Call(x, p, 3, stride=2, ceil_mode=True)
            yield Call(x, 2.0, [2] * dims if dims > 1 else 2, stride=1)
            yield Call(x, 2.0, 0)
            yield Call(x, 2.0, 9)


for dims in (2, 3):
    @entry(f"torch.nn.functional.fractional_max_pool{dims}d_with_indices", ["float32", "float64", "int64"])
    def _(d, dims=dims):
        for x in (values([2, 3, *[7] * dims], d), turned([3, *[7] * dims], d)):
            yield Call(x, 2, output_size=3)
            yield Call(x, [2] * dims, output_size=[3] * dims)
            yield Call(x, 3, output_ratio=[0.5] * dims)
            yield Call(x, 2, output_size=3, _random_samples=torch.full([x.shape[0] if x.dim() == dims + 2 else 1, 3, dims], 0.25, dtype=x.dtype))
            yield Call(x, 2)
            yield Call(x, 2, output_size=9)
            yield Call(x, 2, output_size=3, output_ratio=[0.5] * dims)


@entry("torch.nn.functional.affine_grid", ["float16", "bfloat16", "float32", "float64", "int64"])
def _(d):
    for theta, size in ((values([2, 2, 3], d), [2, 3, 4, 5]), (turned([2, 2, 3], d), [2, 1, 1, 3]), (values([2, 3, 4], d), [2, 1, 2, 3, 4])):
        for corners in (True, False, None):
            yield Call(theta, size, align_corners=corners)
    yield Call(values([2, 2, 3], d), [2, 3, 4])
    yield Call(values([2, 2, 3], d), [2, 3, 0, 4])
    yield Call(values([2, 3, 3], d), [2, 3, 4, 4])
    yield Call(values([3, 2, 3], d), [2, 3, 4, 4])


for one in ("upsample", "upsample_nearest", "upsample_bilinear"):
    @entry("torch.nn.functional." + one, ["float32", "float64", "uint8", "bfloat16"])
    def _(d):
        for x in (values([2, 3, 4, 5], d), turned([1, 2, 3, 4], d)):
            yield Call(x, size=[6, 7])
            yield Call(x, size=6)
            yield Call(x, scale_factor=2)
            yield Call(x, scale_factor=[1.5, 0.5])
            yield Call(x)
            yield Call(x, size=[6, 7], scale_factor=2)
            yield Call(x, size=[0, 3])
        yield Call(values([4], d), size=3)


@entry("torch.native_channel_shuffle")
def _(d):
    for shape in ([2, 6, 3, 3], [1, 4, 2], [0, 4, 2, 2], [2, 4]):
        for x in forms(shape, d):
            yield Call(x, 2)
            yield Call(x, 1)
    yield Call(values([2, 6, 3, 3], d), 4)


@entry("torch.nn.functional.triplet_margin_with_distance_loss", ["float32", "float64", "float16", "int64"])
def _(d):
    a, p, n = values([4, 3], d), turned([4, 3], d, 1), values([4, 3], d, 2)
    for reduction in ("mean", "sum", "none"):
        yield Call(a, p, n, reduction=reduction)
        yield Call(a, p, n, margin=0.5, swap=True, reduction=reduction)
    yield Call(a, p, values([4, 2], d))
    yield Call(a, p, n, margin=-1.0)
    yield Call(a, p, values([3], d))


for dims in (1, 2, 3):
    @entry(f"torch.nn.functional.max_pool{dims}d", [*FLOATS, *INTS, "bool"])
    def _(d, dims=dims):
        for x in (values([2, 3, *[7] * dims], d), turned([3, *[6] * dims], d), values([0, 2, *[4] * dims], d)):
            for indices in (False, True):
                yield Call(x, 2, return_indices=indices)
                yield Call(x, 3, stride=2, padding=1, dilation=1, ceil_mode=True, return_indices=indices)
                yield Call(x, [2] * dims, stride=[1] * dims, dilation=2, return_indices=indices)
                yield Call(x, 2, padding=2, return_indices=indices)
                yield Call(x, 0, return_indices=indices)


@entry("torch.nn.functional.fold", [*FLOATS, "complex64", "bool"])
def _(d):
    for x in (values([2, 12, 6], d), turned([12, 6], d)):
        yield Call(x, [3, 4], 2)
        yield Call(x, [3, 4], [2, 2], padding=0, stride=1)
        yield Call(x, [5, 7], 2, stride=2, padding=0)
        yield Call(x, [3, 3], 2)
    yield Call(values([4], d), [3, 4], 2)


@entry("torch.nn.functional.scaled_mm", ["float8_e4m3fn"])
def _(d):
    a, b = values([16, 32], "float32").detach().to(torch.float8_e4m3fn), values([16, 32], "float32", 1).detach().to(torch.float8_e4m3fn).t()
    one = torch.tensor(0.5)
    row = torch.ones(16, 1)
    by = torch.nn.functional.ScalingType
    yield Call(a, b, [one], [by.TensorWise], [one], [by.TensorWise])
    yield Call(a, b, [row], [by.RowWise], [row.t().contiguous()], [by.RowWise])
    yield Call(a, b, [one], [by.TensorWise], [], [by.TensorWise])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="one dtype of so many, another for each function")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for place, (name, dtypes, samples) in enumerate(ENTRIES):
        if not re.search(options.only, name):
            continue
        if find(name) is None:
            write({"entry": name, "variant": "", "dtype": dtypes[0], "reason": "absent"})
            continue
        for dtype in dtypes[place % min(options.every, len(dtypes))::options.every]:
            index = 0
            try:
                calls = samples(dtype)
                for call in calls:
                    try:
                        run(name, dtype, index, call)
                    except Unsupported as problem:
                        write({"entry": name, "variant": "", "dtype": dtype, "sample": index, "reason": str(problem)})
                    index += 1
            except Exception as problem:  # noqa: BLE001: the samples themselves cannot be made
                write({"entry": name, "variant": "", "dtype": dtype, "sample": index, "reason": f"no samples: {type(problem).__name__}: {problem}"[:200]})
    write({"end": True, "entries": len(ENTRIES)})
    op_db.OUT.flush()


if __name__ == "__main__":
    main()
