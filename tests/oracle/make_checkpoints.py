#!/usr/bin/env python3
"""Writes the checkpoint fixtures and the manifest that says what is in each.

usage: make_checkpoints.py FOLDER

Every file is written by torch (or, where torch no longer writes the form, by hand after what torch reads) and then loaded
again by torch; the manifest describes what torch.load gave. The same program serves every version of torch.
"""

import collections
import io
import json
import os
import pickle
import re
import struct
import sys
import tarfile
import zipfile

import numpy
import torch
import safetensors.torch

OUT = sys.argv[1] if len(sys.argv) > 1 else "."
ENTRIES = []


class Thing:
    """A class that no reader knows."""

    def __init__(self, value):
        self.value = value
        self.inner = [value, {"again": value}]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.bn = torch.nn.BatchNorm2d(2)
        self.fc = torch.nn.Linear(8, 3)
        self.tied = self.fc
        self.register_buffer("scratch", torch.ones(2), persistent=False)

    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).flatten(1))


class Describer:
    """Turns Python objects into JSON; shared storages get one number, shared containers are described again."""

    def __init__(self):
        self.storages = {}

    def storage(self, tensor):
        pointer = tensor.untyped_storage()._cdata
        return self.storages.setdefault(pointer, len(self.storages))

    def tensor(self, t):
        d = {"k": "tensor", "dtype": str(t.dtype)[6:], "shape": [] if t.is_nested else list(t.shape),
             "requires_grad": t.requires_grad, "parameter": isinstance(t, torch.nn.Parameter)}
        t = t.detach()
        if t.is_nested:
            d["kind"] = "nested"
            d["parts"] = [self.tensor(p.contiguous()) for p in t.unbind()]
        elif t.layout == torch.sparse_coo:
            d["kind"] = "sparse_coo"
            d["parts"] = [self.tensor(t._indices()), self.tensor(t._values())]
        elif t.layout in (torch.sparse_csr, torch.sparse_bsr):
            d["kind"] = str(t.layout)[6:]
            d["parts"] = [self.tensor(t.crow_indices()), self.tensor(t.col_indices()), self.tensor(t.values())]
        elif t.layout in (torch.sparse_csc, torch.sparse_bsc):
            d["kind"] = str(t.layout)[6:]
            d["parts"] = [self.tensor(t.ccol_indices()), self.tensor(t.row_indices()), self.tensor(t.values())]
        elif t.is_meta:
            d["kind"] = "meta"
            d["stride"] = list(t.stride())
        elif t.is_quantized:
            d["kind"] = "quantized"
            d["scheme"] = str(t.qscheme())[6:]
            if t.qscheme() == torch.per_tensor_affine:
                d["scale"] = struct.pack(">d", t.q_scale()).hex()
                d["zero_point"] = t.q_zero_point()
            else:
                d["parts"] = [self.tensor(t.q_per_channel_scales()), self.tensor(t.q_per_channel_zero_points())]
                d["axis"] = t.q_per_channel_axis()
            d["data"] = bytes(t.int_repr().contiguous().flatten().view(torch.uint8).tolist()).hex()
        else:
            d["kind"] = "strided"
            d["stride"] = list(t.stride())
            d["offset"] = t.storage_offset()
            d["storage"] = self.storage(t)
            d["conj"] = t.is_conj()
            d["neg"] = t.is_neg()
            plain = t.resolve_conj().resolve_neg().contiguous().clone()
            count = plain.numel() * plain.element_size()
            data = torch.empty(0, dtype=torch.uint8).set_(plain.untyped_storage(), 0, (count,), (1,))
            d["data"] = bytes(data.tolist()).hex()
        return d

    def describe(self, v):
        if v is None:
            return {"k": "none"}
        if isinstance(v, (bool, numpy.bool_)):
            return {"k": "bool", "v": bool(v)}
        if isinstance(v, (int, numpy.integer)):
            return {"k": "int", "v": str(int(v))}
        if isinstance(v, (float, numpy.floating)):
            return {"k": "float", "v": struct.pack(">d", float(v)).hex()}
        if isinstance(v, (complex, numpy.complexfloating)):
            v = complex(v)
            return {"k": "complex", "v": struct.pack(">dd", v.real, v.imag).hex()}
        if isinstance(v, str):
            return {"k": "str", "v": v.encode("utf-16-be", "surrogatepass").hex()}
        if isinstance(v, bytes):
            return {"k": "bytes", "v": v.hex()}
        if isinstance(v, bytearray):
            return {"k": "bytearray", "v": bytes(v).hex()}
        if isinstance(v, torch.Tensor):
            return self.tensor(v)
        if isinstance(v, torch.Size):
            return {"k": "size", "v": list(v)}
        if isinstance(v, torch.device):
            return {"k": "device", "v": str(v)}
        if isinstance(v, torch.dtype):
            return {"k": "dtype", "v": str(v)[6:]}
        if isinstance(v, list):
            return {"k": "list", "v": [self.describe(x) for x in v]}
        if type(v) is tuple:
            return {"k": "tuple", "v": [self.describe(x) for x in v]}
        if isinstance(v, frozenset):
            return {"k": "frozenset", "v": sorted((self.describe(x) for x in v), key=repr)}
        if isinstance(v, set):
            return {"k": "set", "v": sorted((self.describe(x) for x in v), key=repr)}
        if isinstance(v, dict):
            kind = {collections.OrderedDict: "OrderedDict", collections.defaultdict: "DefaultDict",
                    collections.Counter: "Counter"}.get(type(v), "Dict")
            d = {"k": kind, "v": [[self.describe(a), self.describe(b)] for a, b in v.items()]}
            if kind == "OrderedDict" and getattr(v, "__dict__", None):
                d["attributes"] = self.describe(dict(v.__dict__))
            return d
        if isinstance(v, numpy.ndarray):
            order = "F" if v.flags.f_contiguous and not v.flags.c_contiguous else "C"
            return {"k": "ndarray", "dtype": v.dtype.newbyteorder("<").str, "shape": list(v.shape), "order": order,
                    "data": v.astype(v.dtype.newbyteorder("<")).tobytes(order).hex()}
        return {"k": "opaque", "v": f"{type(v).__module__}.{type(v).__qualname__}",
                "state": self.describe(v.__dict__) if isinstance(v, Thing) else None}


def entry(name, form, value, **extra):
    ENTRIES.append({"file": name, "form": form, "size": os.path.getsize(os.path.join(OUT, name)), **extra,
                    "content": Describer().describe(value)})


def weights_only(path):
    try:
        torch.load(path, weights_only=True)
        return True
    except Exception:
        return False


def load(path):
    return torch.load(path, weights_only=False)


def save(name, value, **options):
    path = os.path.join(OUT, name)
    torch.save(value, path, **options)
    form = "Legacy" if options.get("_use_new_zipfile_serialization") is False else "Zip"
    entry(name, form, load(path), weights_only=weights_only(path))


def report(path, differences, name):
    """For programs that check what was written: goes through the items of a JSON file and prints how many there were and what is wrong."""
    with open(path) as f:
        items = json.load(f)
    problems = []
    for item in items:
        try:
            problems += [f"{name(item)}: {d}" for d in differences(item)]
        except Exception as e:
            problems.append(f"{name(item)}: {type(e).__name__}: {e}"[:1500])
    print(json.dumps({"checked": len(items), "problems": problems}))


def by_dtype():
    tensors = {}
    for name in ("uint8 int8 int16 int32 int64 float16 float32 float64 complex32 complex64 complex128 bool bfloat16 "
                 "float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz uint16 uint32 uint64 float8_e8m0fnu").split():
        dtype = getattr(torch, name, None)
        if dtype is None:
            continue
        size = torch.empty(0, dtype=dtype).element_size()
        raw = torch.arange(6 * size, dtype=torch.int64).mul(37).remainder(251).to(torch.uint8)
        if name == "bool":
            raw = raw.remainder(2)
        tensors[name] = torch.empty(0, dtype=dtype).set_(raw.untyped_storage(), 0, (2, 3), (3, 1))
    return tensors


def strided():
    base = torch.arange(24, dtype=torch.float32)
    return {
        "base": base,
        "row": base.view(4, 6)[1],
        "column": base.view(4, 6)[:, 2],
        "transposed": base.view(4, 6).t(),
        "expanded": base[3:4].expand(5),
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(2.5),
        "channels_last": torch.arange(16, dtype=torch.float32).view(1, 2, 2, 4).contiguous(memory_format=torch.channels_last),
        "five": torch.arange(32).view(2, 2, 2, 2, 2),
        "conj": torch.tensor([1 + 2j, 3 - 4j]).conj(),
        "neg": torch.tensor([1 + 2j, 3 - 4j]).conj().imag,
        "again": base,
    }


def composed():
    q = torch.quantize_per_tensor(torch.tensor([-1.0, 0.0, 1.0, 2.0]), 0.5, 3, torch.quint8)
    c = torch.quantize_per_channel(torch.tensor([[-1.0, 0.0], [1.0, 2.0]]), torch.tensor([0.1, 0.2]), torch.tensor([1, 2]), 0, torch.qint8)
    return {
        "quantized": q,
        "quantized_channels": c,
        "coo": torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)).coalesce(),
        "coo_loose": torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 2.0], (2, 3)),
        "hybrid": torch.sparse_coo_tensor([[0, 2]], [[1.0, 2.0], [3.0, 4.0]], (3, 2)),
        "csr": torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse_csr(),
        "csc": torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse_csc(),
        "bsr": torch.arange(16.0).view(4, 4).to_sparse_bsr((2, 2)),
        "nested": torch.nested.nested_tensor([torch.arange(3.0), torch.arange(4.0)]),
        "meta": torch.empty(3, 4, device="meta", dtype=torch.float16),
        "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "requires_grad": torch.ones(3, requires_grad=True),
    }


def values():
    shared = ["shared"]
    return {
        "none": None, "yes": True, "no": False, "zero": 0, "byte": 200, "short": 40000, "int": -70000, "long": 1 << 40,
        "big": 1 << 100, "negative_big": -(1 << 90) + 7, "pi": 3.141592653589793, "inf": float("inf"), "nan": float("nan"),
        "complex": 1.5 - 2j, "text": "naïve \U0001f600", "surrogate": "a\ud800b", "empty": "", "bytes": b"\x00\xff\x80abc", "no_bytes": b"",
        "bytearray": bytearray(b"\x01\xfe"), "list": [1, [2, [3]]], "tuple": (1, "b", (2.0,)), "unit": (), "set": {1, 2, "c"},
        1: "int key", 2.5: "float key", (1, "x"): "tuple key", None: "none key", b"k": "bytes key",
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), "counter": collections.Counter("aab"),
        "size": torch.Size([2, 3]), "dtype": torch.bfloat16, "device": torch.device("cpu"), "cuda": torch.device("cuda", 1),
        "shared1": shared, "shared2": shared, "long_list": list(range(1200)),
    }


def optimizer_checkpoint():
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2)
    net(torch.ones(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    scheduler.step()
    return {"epoch": 3, "model": net.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
            "loss": 0.25, "args": {"lr": 0.01, "name": "net"}, "rng": torch.get_rng_state()[:16].clone()}


def rewrite(source, name, compress=False, big=False, zip64=False):
    """The same archive, packed another way."""
    path = os.path.join(OUT, name)
    with zipfile.ZipFile(os.path.join(OUT, source)) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if big and info.filename.endswith("/byteorder"):
                data = b"big"
            if big and "/data/" in info.filename:
                data = numpy.frombuffer(data, "<f4").astype(">f4").tobytes()
            fresh = zipfile.ZipInfo(info.filename)
            fresh.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            with new.open(fresh, "w", force_zip64=zip64) as f:
                f.write(data)
    return path


def tar_checkpoint(name):
    """The form of 2016, made after what torch's legacy reader expects of it."""
    a = torch.arange(6, dtype=torch.float32)
    storages, tensors, pickled = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pickle.dump(2, storages, 2)
    pickle.dump((1, "cpu", torch.FloatStorage), storages, 2)
    storages.write(struct.pack("<q", 6) + bytes(a.view(torch.uint8).tolist()))
    pickle.dump((2, "cpu", torch.LongStorage), storages, 2)
    storages.write(struct.pack("<q", 2) + struct.pack("<qq", 7, 8))
    pickle.dump([(3, 1, 2, 3)], storages, 2)
    pickle.dump(3, tensors, 2)
    for key, storage, shape, stride, offset in ((10, 1, (2, 3), (3, 1), 0), (11, 2, (2,), (1,), 0), (12, 3, (3,), (1,), 0)):
        pickle.dump((key, storage, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack("<ii", len(shape), 0) + struct.pack(f"<{len(shape)}q", *shape) + struct.pack(f"<{len(shape)}q", *stride) + struct.pack("<q", offset))

    class Reference:
        def __init__(self, key):
            self.key = key

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.key if isinstance(value, Reference) else None

    Pickler(pickled, 2).dump({"weight": Reference("10"), "count": Reference("11"), "view": Reference("12"), "epoch": 4})
    path = os.path.join(OUT, name)
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as tar:
        for member, content in (("storages", storages), ("tensors", tensors), ("pickle", pickled)):
            info = tarfile.TarInfo(member)
            info.size = len(content.getvalue())
            tar.addfile(info, io.BytesIO(content.getvalue()))
    # torch gives a view of a storage a storage object of its own; here it stays with the whole storage.
    entry(name, "Tar", load(path), weights_only=weights_only(path), views=True)


def without_paths(name):
    """Takes the source positions out of an archive: they name folders of the machine that wrote it."""
    path = os.path.join(OUT, name)
    with zipfile.ZipFile(path) as old:
        records = [(info.filename, info.compress_type, old.read(info)) for info in old.infolist() if not info.filename.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w") as new:
        for record, compression, data in records:
            if record.endswith(".json"):
                data = re.sub(rb'File \\"[^"]*/', b'File \\"', data)
            new.writestr(zipfile.ZipInfo(record), data, compression)


def distributed():
    import warnings
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint import metadata as m
    from torch.distributed.checkpoint.filesystem import _StorageInfo
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    warnings.simplefilter("ignore")
    state = {"model": {"w": torch.arange(12.0).view(3, 4), "b": torch.ones(2, dtype=torch.bfloat16)}, "epoch": 3, "list": [1, "two", torch.zeros(2)]}
    folder = os.path.join(OUT, "distributed")
    dcp.save(state, checkpoint_id=folder)
    with_shards = os.path.join(OUT, "distributed_shards")
    os.makedirs(with_shards, exist_ok=True)
    whole = torch.arange(24, dtype=torch.float32).view(4, 6)
    chunks, places = [], {}
    for rank, (rows, columns) in enumerate(((0, 0), (0, 4), (2, 0), (2, 4))):
        part = whole[rows:rows + 2, columns:columns + (4 if columns == 0 else 2)].contiguous()
        name = f"__{rank % 2}_0.distcp"
        buffer = io.BytesIO()
        torch.save(part, buffer)
        with open(os.path.join(with_shards, name), "ab" if rank > 1 else "wb") as f:
            start = f.tell()
            f.write(buffer.getvalue())
        offset = torch.Size([rows, columns])
        chunks.append(m.ChunkStorageMetadata(offsets=offset, sizes=part.shape))
        places[m.MetadataIndex("w", offset, rank)] = _StorageInfo(name, start, len(buffer.getvalue()))
    properties = m.TensorProperties(dtype=torch.float32, layout=torch.strided, requires_grad=False, memory_format=torch.contiguous_format, pin_memory=False)
    everything = m.Metadata(state_dict_metadata={"w": m.TensorStorageMetadata(properties, whole.shape, chunks)}, planner_data={"w": ("w",)}, storage_data=places)
    with open(os.path.join(with_shards, ".metadata"), "wb") as f:
        pickle.dump(everything, f)
    for name in ("distributed", "distributed_shards"):
        joined = os.path.join(OUT, "joined.pth")
        dcp_to_torch_save(os.path.join(OUT, name), joined)
        entry(name, "Distributed", load(joined), values_only=True)
        os.remove(joined)


def main():
    os.makedirs(OUT, exist_ok=True)
    torch.manual_seed(0)
    state = Net().state_dict()
    save("state_dict.pth", state)
    save("state_dict.legacy.pth", state, _use_new_zipfile_serialization=False)
    save("dtypes.pth", by_dtype())
    save("strided.pth", strided())
    save("strided.legacy.pth", strided(), _use_new_zipfile_serialization=False)
    save("composed.pth", composed())
    for protocol in (2, 3, 4, 5):
        save(f"values.p{protocol}.pth", {**values(), "frozen": frozenset([1, (2, 3)]), "default": collections.defaultdict(list, {"a": [1]})},
             pickle_protocol=protocol)
    save("values.weights_only.pth", {k: v for k, v in values().items() if k != "no_bytes"})
    save("values.legacy.pth", values(), _use_new_zipfile_serialization=False)
    save("checkpoint.pth", optimizer_checkpoint())
    save("checkpoint.legacy.pth", optimizer_checkpoint(), _use_new_zipfile_serialization=False)
    save("numpy.pth", {"float64": numpy.float64(0.1), "float32": numpy.float32(0.1), "int64": numpy.int64(-3), "bool": numpy.bool_(True),
                       "complex": numpy.complex128(1 + 2j), "uint8": numpy.uint8(7), "array": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
                       "fortran": numpy.asfortranarray(numpy.arange(6, dtype=numpy.int16).reshape(2, 3)), "big": numpy.arange(3, dtype=">i4"),
                       "empty": numpy.zeros((0, 2))})
    save("numpy.p5.pth", {"array": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "scalar": numpy.float64(2.5)}, pickle_protocol=5)
    save("opaque.pth", {"thing": Thing(3), "weight": torch.ones(2), "path": __import__("pathlib").PurePosixPath("/a/b"), "kind": Thing})
    save("bare_tensor.pth", torch.arange(5))
    save("list.pth", [torch.zeros(2), torch.ones(1, dtype=torch.int8)])
    save("module.pth", Net())

    simple = {"w": torch.arange(8, dtype=torch.float32).view(2, 4), "b": torch.tensor([0.5])}
    save("simple.pth", simple)
    for name, options in (("deflated.pth", {"compress": True}), ("zip64.pth", {"zip64": True}), ("big_endian.pth", {"big": True})):
        path = rewrite("simple.pth", name, **options)
        entry(name, "Zip", load(path), weights_only=weights_only(path))
    tar_checkpoint("tar.pth")

    tensors = {k: v for k, v in by_dtype().items() if k not in ("complex32", "complex128", "float8_e5m2fnuz", "float8_e4m3fnuz")}
    for name, values_ in list(tensors.items()):
        try:
            safetensors.torch.save({name: values_})
        except Exception:
            del tensors[name]
    safetensors.torch.save_file({k: v.contiguous().clone() for k, v in tensors.items()}, os.path.join(OUT, "dtypes.safetensors"), metadata={"note": "naïve"})
    entry("dtypes.safetensors", "SafeTensors", safetensors.torch.load_file(os.path.join(OUT, "dtypes.safetensors")), unordered=True,
          metadata={"note": "naïve"})
    safetensors.torch.save_file({}, os.path.join(OUT, "empty.safetensors"))
    entry("empty.safetensors", "SafeTensors", {}, unordered=True)

    shards = {"shard-1.safetensors": {"a": torch.ones(2, 2), "b": torch.zeros(3)}, "shard-2.safetensors": {"c": torch.arange(4)}}
    for name, content in shards.items():
        safetensors.torch.save_file(content, os.path.join(OUT, name))
    index = {"metadata": {"total_size": 60}, "weight_map": {k: name for name, content in shards.items() for k in content}}
    with open(os.path.join(OUT, "model.safetensors.index.json"), "w") as f:
        json.dump(index, f, indent=2)
    whole = collections.OrderedDict((k, v) for content in shards.values() for k, v in content.items())
    entry("model.safetensors.index.json", "Sharded", whole)
    for name, content in (("shard-1.bin", shards["shard-1.safetensors"]), ("shard-2.bin", shards["shard-2.safetensors"])):
        torch.save(content, os.path.join(OUT, name))
    index["weight_map"] = {k: v.replace(".safetensors", ".bin") for k, v in index["weight_map"].items()}
    with open(os.path.join(OUT, "pytorch_model.bin.index.json"), "w") as f:
        json.dump(index, f, indent=2)
    entry("pytorch_model.bin.index.json", "Sharded", whole)

    net = Net().eval()
    torch.jit.script(net).save(os.path.join(OUT, "script.pt"))
    without_paths("script.pt")
    entry("script.pt", "TorchScript", None, state=Describer().describe(dict(torch.jit.load(os.path.join(OUT, "script.pt")).state_dict())))
    program = torch.export.export(net, (torch.ones(2, 1, 4, 4),))
    torch.export.save(program, os.path.join(OUT, "export.pt2"))
    without_paths("export.pt2")
    loaded = torch.export.load(os.path.join(OUT, "export.pt2")).state_dict
    entry("export.pt2", "Export", None, state=Describer().describe({k: v.detach() for k, v in loaded.items()}))
    numpy.savez(os.path.join(OUT, "arrays.npz"), a=numpy.arange(6, dtype=numpy.float32).reshape(2, 3), f=numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
                big=numpy.arange(3, dtype=">i4"), scalar=numpy.float64(2.5), yes=numpy.array([True, False]), none=numpy.zeros((0, 4), numpy.int8))
    with numpy.load(os.path.join(OUT, "arrays.npz")) as arrays:
        entry("arrays.npz", "Npz", None, state=Describer().describe({k: torch.from_numpy(v.astype(v.dtype.newbyteorder("="))) for k, v in arrays.items()}), values_only=True)
    numpy.savez_compressed(os.path.join(OUT, "arrays.compressed.npz"), a=numpy.arange(100, dtype=numpy.int64))
    entry("arrays.compressed.npz", "Npz", None, state=Describer().describe({"a": torch.arange(100)}), values_only=True)
    distributed()

    with open(os.path.join(OUT, "manifest.json"), "w") as f:
        json.dump({"torch": torch.__version__.split("+")[0], "files": ENTRIES}, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
