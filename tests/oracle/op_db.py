"""Runs PyTorch's operator database and writes, for each sample, which public functions were called with what, and what came out.

    op_db.py [--only REGEX] [--samples N] [--dtypes float32,int64] [--forms function,method,inplace,out] [--list]

Output: a stream of records, each a line of JSON with its length in front, then the bytes of its tensors (`blobs`). A sample is a small
program: calls of public functions (torch.add, torch.Tensor.view, torch.nn.functional.pad, ...), in order, whose arguments are inputs,
results of earlier calls, or plain values. The C# test makes the same calls through TorchBind's members and compares every output, and
the gradients, bit for bit.

The forms: the function, the method of torch.Tensor, the method that works in place (on a copy of the sample's input), and the function with
`out=`, which is given memory of the right shape, none that fits (it is resized), or memory with strides of its own, in turn.

A record is one of
  {"entry": name, "variant", "dtype", "reason": ...}      the entry is not run, and why
  {"entry", "variant", "dtype", "sample", "form", "seed", "inputs", "calls", "outputs", "grad_outputs", "grads", "tolerance", "blobs"}
  {..., "raises": message}                                the last of the calls fails
  {"end": true, "entries": N}
"""
import argparse
import dataclasses
import enum
import json
import re
import struct
import sys
import warnings

warnings.filterwarnings("ignore")

import torch  # noqa: E402
from torch.overrides import TorchFunctionMode, resolve_name  # noqa: E402
from torch.testing._internal.common_device_type import toleranceOverride  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402
from torch.testing._internal.opinfo.core import DecorateInfo  # noqa: E402

OUT = sys.stdout.buffer
DTYPES = ["float32", "float64", "int64", "bool", "complex64"]
LARGEST = 1 << 26  # elements: what a pipe of blobs may hold; nothing in the database is larger


class Unsupported(Exception):
    pass


class Encoder:
    """Values as JSON; tensors as numbers, their bytes as blobs."""

    def __init__(self):
        self.ids = {}
        self.kept = []  # an id stays with its object while the object lives
        self.inputs = []
        self.blobs = []

    def bytes_of(self, x):
        x = x.detach()
        if x.numel() > LARGEST:
            raise Unsupported("a tensor of more than 67 million elements")
        flat = torch.empty(x.numel(), dtype=x.dtype)
        flat.copy_(x.resolve_conj().resolve_neg().reshape(-1))
        data = bytes(flat.view(torch.uint8).numpy().tobytes()) if flat.numel() else b""
        self.blobs.append(data)
        return len(self.blobs) - 1

    def storage_of(self, x):
        """All of the memory behind an input, where that is more than its elements in order: an operator may look past the view."""
        x = x.detach()
        whole = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())
        if (x.is_contiguous() and whole.numel() == x.numel()) or whole.numel() > LARGEST:
            return {}
        return {"storage": self.bytes_of(whole), "offset": x.storage_offset()}

    def describe(self, x, is_input=False):
        """How to build a tensor, or what to compare one with."""
        name = str(x.dtype)[6:]
        shape = list(x.shape)
        common = {"dtype": name, "shape": shape, "requires_grad": x.requires_grad and x.is_leaf}
        if x.is_nested or x.is_quantized or x.device.type != "cpu":
            raise Unsupported("a nested or quantized tensor, or one of another device")
        if x.layout == torch.sparse_coo:
            y = x.detach()
            return {**common, "layout": "sparse_coo", "coalesced": y.is_coalesced(),
                    "parts": [self.describe(y._indices()), self.describe(y._values())]}
        if x.layout != torch.strided:
            y = x.detach()
            by_row = x.layout in (torch.sparse_csr, torch.sparse_bsr)
            parts = [y.crow_indices(), y.col_indices()] if by_row else [y.ccol_indices(), y.row_indices()]
            return {**common, "layout": str(x.layout)[6:], "parts": [self.describe(p) for p in (*parts, y.values())]}
        return {**common, "layout": "strided", "stride": list(x.stride()), "conj": x.is_conj(), "neg": x.is_neg(),
                "blob": self.bytes_of(x), **(self.storage_of(x) if is_input else {})}

    def tensor(self, x):
        known = self.ids.get(id(x))
        if known is None:
            known = self.new_id(x)
            self.inputs.append({"id": known, **self.describe(x, is_input=True)})
        return known

    def new_id(self, x):
        self.ids[id(x)] = len(self.ids)
        self.kept.append(x)
        return self.ids[id(x)]

    def value(self, v):
        if isinstance(v, torch.Tensor):
            return {"t": self.tensor(v)}
        if v is None or isinstance(v, (bool, str)):
            return v
        if isinstance(v, enum.Enum) or (hasattr(type(v), "__members__") and hasattr(v, "value")):
            return self.value(v.value)
        if isinstance(v, int):
            return int(v)
        if isinstance(v, float):
            return {"f": repr(v)}
        if isinstance(v, complex):
            return {"c": [repr(v.real), repr(v.imag)]}
        if isinstance(v, torch.Size):
            return {"l": [int(i) for i in v]}
        if isinstance(v, tuple) and hasattr(v, "_fields"):
            return {"l": [self.value(i) for i in v]}
        if isinstance(v, (list, tuple)):
            return {"l": [self.value(i) for i in v]}
        if isinstance(v, dict):
            return {"d": {str(k): self.value(i) for k, i in v.items()}}
        if type(v).__name__ == "LinearCrossEntropyOptions":
            return {"linear_cross_entropy": {field.name: self.value(getattr(v, field.name)) for field in dataclasses.fields(v)}}
        if isinstance(v, torch.dtype):
            return {"dtype": str(v)[6:]}
        if isinstance(v, torch.device):
            return {"device": str(v)}
        if isinstance(v, torch.layout):
            return {"layout": str(v)[6:]}
        if isinstance(v, torch.memory_format):
            return {"memory_format": str(v)[6:]}
        if isinstance(v, slice):
            return {"slice": [v.start, v.stop, v.step]}
        if v is Ellipsis:
            return {"ellipsis": True}
        if hasattr(v, "item") and type(v).__module__ == "numpy":
            return self.value(v.item())
        raise Unsupported(f"a value of type {type(v).__name__}")

    def plan(self, v):
        """Results: tensors by number, everything else by value."""
        if isinstance(v, torch.Tensor):
            return {"t": self.ids[id(v)] if id(v) in self.ids else self.new_id(v)}
        if isinstance(v, (list, tuple)) and not isinstance(v, torch.Size):
            return {"l": [self.plan(i) for i in v]}
        return self.value(v)


def tensors_in(v):
    if isinstance(v, torch.Tensor):
        yield v
    elif isinstance(v, (list, tuple)):
        for i in v:
            yield from tensors_in(i)
    elif isinstance(v, dict):
        for i in v.values():
            yield from tensors_in(i)


class Recorder(TorchFunctionMode):
    current = None

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.calls = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = resolve_name(func) or getattr(func, "__qualname__", str(func))
        encoded = None
        try:
            positional = list(args)
            # x[[0, 2]] takes rows, x[0, 2] an element: a tuple is several indices, a list is one.
            if (name.endswith(("__getitem__", "__setitem__")) and isinstance(positional[1], list)
                    and all(isinstance(i, int) for i in positional[1])):
                positional[1] = (positional[1],)
            encoded = ([self.encoder.value(a) for a in positional], {k: self.encoder.value(v) for k, v in kwargs.items()})
        except Unsupported as problem:
            self.calls.append({"name": name, "problem": str(problem)})
        try:
            result = func(*args, **kwargs)
        except Exception:
            if encoded is not None:
                self.calls.append({"name": name, "args": encoded[0], "kwargs": encoded[1], "result": None, "asks": False})
            raise
        if encoded is not None:
            # A question about a tensor (its shape, its dtype) needs no repetition; its answer is in the later arguments.
            asks = not any(True for _ in tensors_in(result)) and not name.endswith("_")
            self.calls.append({"name": name, "args": encoded[0], "kwargs": encoded[1], "result": self.encoder.plan(result), "asks": asks})
        return result


def record_seeds():
    """Some entries of the database seed the generator themselves: that is a call like others."""
    seed = torch.manual_seed

    def manual_seed(value):
        if Recorder.current is not None:
            Recorder.current.calls.append({"name": "torch.manual_seed", "args": [int(value)], "kwargs": {}, "result": None, "asks": False})
        return seed(value)

    torch.manual_seed = manual_seed


def write(record, blobs=()):
    record["blobs"] = [len(b) for b in blobs]
    data = json.dumps(record, allow_nan=False).encode()
    OUT.write(struct.pack("<I", len(data)))
    OUT.write(data)
    for blob in blobs:
        OUT.write(blob)


def differentiable(op, dtype):
    return op.supports_autograd and (dtype.is_floating_point or dtype.is_complex) and dtype in op.supported_backward_dtypes("cpu")


def fresh(v):
    """
    The same values with leaves instead of results: gradients are asked for all inputs that can have one. A view of a leaf that was made where
    nothing is recorded calls itself a leaf and gets no gradient.
    """
    if isinstance(v, torch.Tensor):
        return v.detach().requires_grad_() if v.requires_grad and (not v.is_leaf or v._is_view()) else v
    if type(v) in (list, tuple):
        return type(v)(fresh(i) for i in v)
    if type(v) is dict:
        return {k: fresh(i) for k, i in v.items()}
    return v


def without_gradients(v):
    if isinstance(v, torch.Tensor):
        return v.detach()
    if type(v) in (list, tuple):
        return type(v)(without_gradients(i) for i in v)
    if type(v) is dict:
        return {k: without_gradients(i) for k, i in v.items()}
    return v


def wants_fitting_memory(op):
    """PyTorch's own test of `out=` is not run, or fails: libtorch may write past memory that does not fit already."""
    return any(isinstance(d, DecorateInfo) and d.test_name in ("test_out", "test_out_warning") for d in op.decorators) or op.name in FITTING_ONLY


# What unpacks a factorization writes past the memory of an out that it has to resize, in Python as well.
FITTING_ONLY = {"lu_unpack", "linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex", "linalg.lu_solve"}


def memory_for(result, index):
    """What `out=` is given for a result like this one: memory that fits, none, or memory with other strides."""
    if isinstance(result, torch.Tensor):
        if result.layout != torch.strided:
            raise Unsupported("no memory can be given for a sparse result")
        kind = index % 3
        if kind == 1:
            return torch.empty(0, dtype=result.dtype)
        if kind == 2 and result.dim() > 1:
            return torch.ones(result.shape[::-1], dtype=result.dtype).permute(*reversed(range(result.dim())))
        return torch.ones(result.shape, dtype=result.dtype)
    if isinstance(result, (list, tuple)) and result and all(isinstance(r, torch.Tensor) for r in result):
        return tuple(memory_for(r, index) for r in result)
    raise Unsupported("the result is no tensor")


def tolerance_of(op, dtype):
    """
    Absolute and relative: what the database grants the entry's values on the processor, else what torch.testing grants the dtype. What it
    grants tests of something else (compilation, vmap, references in NumPy) does not count.
    """
    real = {torch.complex64: torch.float32}.get(dtype, dtype)
    least = {torch.float32: (1e-5, 1.3e-6), torch.float64: (1e-7, 1e-7)}.get(real, (0.0, 0.0))
    for decorator in op.decorators:
        if isinstance(decorator, DecorateInfo):
            if decorator.cls_name not in (None, "TestCommon") or decorator.device_type not in (None, "cpu"):
                continue
            if decorator.dtypes is not None and dtype not in decorator.dtypes:
                continue
        for one in (decorator, *getattr(decorator, "decorators", ())):
            if isinstance(one, toleranceOverride) and dtype in one.d:
                least = (max(least[0], one.d[dtype].atol), max(least[1], one.d[dtype].rtol))
    return list(least)


def run_sample(op, function, form, dtype, sample, index, base):
    encoder = Encoder()
    wants_grad = differentiable(op, dtype) and form != "out" and (form != "inplace" or op.supports_inplace_autograd)
    seed = 1000 + index
    values = fresh((sample.input, sample.args, sample.kwargs))
    if not wants_grad and form in ("inplace", "out"):
        values = without_gradients(values)
    sample_input, args, keywords = values
    if form == "inplace":
        change = function
        function = lambda x, *a, **k: change(x.clone(), *a, **k)  # noqa: E731
    if form == "out":
        torch.manual_seed(seed)
        try:
            keywords = {**keywords, "out": memory_for(op(sample_input, *args, **keywords), 0 if wants_fitting_memory(op) else index)}
        except Unsupported as problem:
            write({**base, "reason": str(problem)})
            return
    # The leaves are described before anything can change them.
    leaves = [t for t in tensors_in((sample_input, args, keywords))]
    for leaf in leaves:
        encoder.tensor(leaf)
    recorder = Recorder(encoder)
    torch.manual_seed(seed)
    try:
        with recorder:
            Recorder.current = recorder
            try:
                result = function(sample_input, *args, **keywords)
            finally:
                Recorder.current = None
    except Unsupported as problem:
        write({**base, "reason": str(problem)})
        return
    except (RuntimeError, IndexError, ValueError, NotImplementedError) as problem:
        # What Python's parser of arguments refuses is not written in C# in the first place.
        if form == "function" or not recorder.calls or any("problem" in c for c in recorder.calls) or "match any schema" in str(problem):
            raise
        write({**base, "seed": seed, "inputs": encoder.inputs, "calls": recorder.calls, "raises": f"{type(problem).__name__}: {problem}"[:300]}, encoder.blobs)
        return
    problems = [c["problem"] for c in recorder.calls if "problem" in c]
    if problems:
        write({**base, "reason": problems[0]})
        return
    if not recorder.calls:
        write({**base, "reason": "calls no public function that takes tensors: plain Python"})
        return
    try:
        plan = encoder.plan(result)
        found = {}
        for t in tensors_in(result):
            found.setdefault(encoder.ids[id(t)], t)
        outputs = {str(k): encoder.describe(t) for k, t in found.items()}
    except Unsupported as problem:
        write({**base, "reason": str(problem)})
        return
    grad_outputs, grads = {}, {}
    if wants_grad:
        roots = [(k, t) for k, t in found.items() if t.requires_grad and (t.dtype.is_floating_point or t.dtype.is_complex)]
        targets, seen = [], set()
        for leaf in leaves:
            if leaf.requires_grad and leaf.is_leaf and id(leaf) not in seen:
                seen.add(id(leaf))
                targets.append(leaf)
        if roots and targets:
            generator = torch.Generator().manual_seed(index)
            seeds = []
            for _, t in roots:
                s = torch.randn(t.shape, generator=generator, dtype=t.dtype if t.layout == torch.strided else torch.float32).to(t.dtype)
                seeds.append(s)
            try:
                if any(t.layout != torch.strided for _, t in roots):
                    raise RuntimeError("sparse result")
                gradients = torch.autograd.grad([t for _, t in roots], targets, seeds, allow_unused=True)
                for (k, _), s in zip(roots, seeds):
                    grad_outputs[str(k)] = encoder.describe(s)
                for leaf, g in zip(targets, gradients):
                    grads[str(encoder.ids[id(leaf)])] = None if g is None else encoder.describe(g)
            except (RuntimeError, NotImplementedError, Unsupported):
                grad_outputs, grads = {}, {}
    write({**base, "seed": seed, "inputs": encoder.inputs, "calls": recorder.calls, "plan": plan, "outputs": outputs,
           "grad_outputs": grad_outputs, "grads": grads, "tolerance": tolerance_of(op, dtype)}, encoder.blobs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--samples", type=int, default=10**9)
    parser.add_argument("--dtypes", default=",".join(DTYPES))
    parser.add_argument("--forms", default="function")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    record_seeds()
    pattern = re.compile(options.only)
    forms = options.forms.split(",")
    entries = 0
    for op in op_db:
        full = op.name + ("." + op.variant_test_name if op.variant_test_name else "")
        if not pattern.search(full):
            continue
        entries += 1
        if options.list:
            print(full)
            continue
        for name in options.dtypes.split(","):
            dtype = getattr(torch, name)
            base = {"entry": op.name, "variant": op.variant_test_name, "dtype": name}
            if dtype not in op.supported_dtypes("cpu"):
                continue
            try:
                torch.manual_seed(0)
                samples = list(op.sample_inputs("cpu", dtype, requires_grad=differentiable(op, dtype)))
            except Exception as problem:  # the database itself fails
                write({**base, "reason": f"the database gives no samples: {type(problem).__name__}: {problem}"[:300]})
                continue
            if len(samples) > options.samples:
                # Evenly, not the first: those are often the plainest.
                step = len(samples) / options.samples
                samples = [samples[int(i * step)] for i in range(options.samples)]
            for index, sample in enumerate(samples):
                for form in forms:
                    function = {"function": op, "method": op.method_variant, "inplace": op.inplace_variant, "out": op if op.supports_out else None}[form]
                    if function is None or (form == "inplace" and sample.broadcasts_input):
                        continue
                    record = {**base, "sample": index, "form": form}
                    try:
                        run_sample(op, function, form, dtype, sample, index, record)
                    except Exception as problem:
                        write({**record, "reason": f"Python fails: {type(problem).__name__}: {problem}"[:300]})
    write({"end": True, "entries": entries})
    OUT.flush()


if __name__ == "__main__":
    main()
