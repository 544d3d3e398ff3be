#!/usr/bin/env python3
"""Writes checkpoints of the rarer kinds, each with what torch reads in it, for the tests to read.

usage: hard_checkpoints.py FOLDER

The folder gets the files and a manifest.json like that of make_checkpoints.py, whose functions this program uses.
"""

import collections
import io
import json
import os
import pickle
import struct
import sys
import warnings
import zipfile
import zlib

import numpy
import torch
import safetensors.torch

import make_checkpoints as m

warnings.simplefilter("ignore")


def content(tensors=True):
    shared = torch.arange(12, dtype=torch.float32)
    value = {"none": None, "int": 7, "big": 1 << 80, "float": 0.5, "complex": 1 - 2j, "text": "naïve", "bytes": b"\x00\xff", "list": [1, [2]], "tuple": (1, ("a", 2.0)),
             "set": {1, "b"}, "frozen": frozenset([(1, 2)]), "ordered": collections.OrderedDict(b=1, a=2), "size": torch.Size([2]), 3: {"inner": (None, True)}}
    if tensors:
        value |= {"base": shared, "row": shared.view(3, 4)[1], "scalar": torch.tensor(2.5), "empty": torch.empty(0, 3), "hollow": torch.empty(2, 0, dtype=torch.int8),
                  "expanded": torch.tensor([4.0]).expand(3, 5), "parameter": torch.nn.Parameter(torch.ones(2)), "yes": torch.tensor(True), "conj": torch.tensor([1 + 2j]).conj()}
    return value


def wide():
    """One tensor of every size of element, for the swapping of bytes."""
    return {str(t)[6:]: torch.arange(1, 5).to(t) for t in (torch.uint8, torch.bool, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32,
                                                          torch.float64, torch.complex64, torch.complex128)}


def big_endian(name):
    """wide(), as a big-endian machine writes it."""
    m.save("wide.pth", wide())
    with zipfile.ZipFile(os.path.join(m.OUT, "wide.pth")) as old, zipfile.ZipFile(os.path.join(m.OUT, name), "w") as new:
        sizes = [t.element_size() // (2 if t.is_complex() else 1) for t in wide().values()]
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("/byteorder"):
                data = b"big"
            if "/data/" in info.filename:
                size = sizes[int(info.filename.rsplit("/", 1)[1])]
                data = numpy.frombuffer(data, f"V{size}").tobytes() if size == 1 else numpy.frombuffer(data, f"<u{size}").astype(f">u{size}").tobytes()
            new.writestr(zipfile.ZipInfo(info.filename), data)
    m.entry(name, "Zip", m.load(os.path.join(m.OUT, name)), weights_only=True)


def saved_elsewhere(name):
    """The same as simple.pth, saved from a device that is not here."""
    with zipfile.ZipFile(os.path.join(m.OUT, "simple.pth")) as old, zipfile.ZipFile(os.path.join(m.OUT, name), "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("/data.pkl"):
                data = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:1")
            new.writestr(zipfile.ZipInfo(info.filename), data)


class Part:
    """Pickles as a tensor that torch.save would have written, on a storage that need not be there."""

    def __init__(self, storage, kind, count):
        self.storage, self.kind, self.count = storage, kind, count

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, (self.Storage(self), 0, (self.count,), (1,), False, collections.OrderedDict())

    class Storage:
        def __init__(self, part):
            self.part = part


class PartPickler(pickle.Pickler):
    def persistent_id(self, value):
        return ("storage", value.part.kind, value.part.storage, "cpu", value.part.count) if isinstance(value, Part.Storage) else None


def sparse_file(name, length=5 << 30):
    """An archive with a storage of five gigabytes, all but the last byte of it a hole in the file, and a storage after it."""
    data = io.BytesIO()
    PartPickler(data, 2).dump({"huge": Part("0", torch.ByteStorage, length), "after": Part("1", torch.LongStorage, 5)})
    records = [("huge/data.pkl", data.getvalue()), ("huge/data/0", None), ("huge/data/1", struct.pack("<5q", *range(5))), ("huge/version", b"3\n")]
    central = b""
    with open(os.path.join(m.OUT, name), "wb") as f:
        for path, data in records:
            size = length if data is None else len(data)
            start, path = f.tell(), path.encode()
            field = struct.pack("<HHQQ", 1, 16, size, size)
            f.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(path), len(field)) + path + field)
            if data is None:
                f.seek(length - 1, os.SEEK_CUR)
                data = b"\x07"
            f.write(data)
            crc = 0 if size == length else zlib.crc32(data)
            field = struct.pack("<HHQQQ", 1, 24, size, size, start)
            central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 33, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(path), len(field), 0, 0, 0, 0, 0xFFFFFFFF) + path + field
        start = f.tell()
        f.write(central)
        end = f.tell()
        f.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, len(records), len(records), len(central), start))
        f.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        f.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(records), len(records), 0xFFFFFFFF, 0xFFFFFFFF, 0))
    loaded = torch.load(os.path.join(m.OUT, name), weights_only=True, mmap=True)
    return {"shape": list(loaded["huge"].shape), "last": int(loaded["huge"][-1]), "before": int(loaded["huge"][-2]), "after": loaded["after"].tolist()}


def bombs():
    """Small files that come to 2 ** 60 values for who goes through them from the top."""
    values, pairs, table, tensors = [], (), {}, torch.ones(1)
    for _ in range(60):
        values, pairs, table = [values, values], (pairs, pairs), {"a": table, "b": table}
    for name, value in (("list", values), ("tuple", pairs), ("dict", table), ("mixed", {"w": tensors, "values": values, "pairs": pairs})):
        torch.save(value, os.path.join(m.OUT, f"bomb.{name}.pth"))
    module = torch.nn.Module()
    for _ in range(60):
        module = torch.nn.ModuleList([module, module])
    torch.save(module, os.path.join(m.OUT, "bomb.module.pth"))
    torch.save({"e": torch.ones(1).expand(10 ** 6, 10 ** 6), "o": torch.as_strided(torch.ones(20001), (10000, 10001), (1, 1)),
                "s": torch.sparse_coo_tensor([[0], [0]], [1.0], (10 ** 7, 10 ** 7))}, os.path.join(m.OUT, "bomb.view.pth"))


def main():
    m.OUT = sys.argv[1]
    for protocol in range(6):
        # Protocol 0 knows no persistent ids but texts, so torch cannot save a tensor with it.
        m.save(f"values.p{protocol}.pth", content(protocol > 0), pickle_protocol=protocol)
        m.save(f"values.p{protocol}.legacy.pth", content(protocol > 0), pickle_protocol=protocol, _use_new_zipfile_serialization=False)
        for name, options in (("deflated", {"compress": True}), ("zip64", {"zip64": True})):
            path = m.rewrite(f"values.p{protocol}.pth", f"values.p{protocol}.{name}.pth", **options)
            m.entry(os.path.basename(path), "Zip", m.load(path))
    for name, value in (("dict", {}), ("ordered", collections.OrderedDict()), ("list", []), ("tuple", ()), ("none", None), ("no_elements", torch.empty(0)), ("scalar", torch.tensor(3.0)),
                        ("hollow", {"a": torch.empty(0, 2), "b": torch.tensor(1), "c": torch.empty(3, 0, 2, dtype=torch.bfloat16)})):
        m.save(f"empty.{name}.pth", value)
        m.save(f"empty.{name}.legacy.pth", value, _use_new_zipfile_serialization=False)
    tensors = {"a": torch.empty(0, 2), "b": torch.tensor(1), "c": torch.empty(3, 0, 2)}
    safetensors.torch.save_file(tensors, os.path.join(m.OUT, "empty.safetensors"))
    m.entry("empty.safetensors", "SafeTensors", safetensors.torch.load_file(os.path.join(m.OUT, "empty.safetensors")), unordered=True)
    numpy.savez(os.path.join(m.OUT, "empty.npz"), **{k: v.numpy() for k, v in tensors.items()})
    m.entry("empty.npz", "Npz", None, state=m.Describer().describe(tensors))
    numpy.savez(os.path.join(m.OUT, "nothing.npz"))
    big_endian("big.wide.pth")
    m.save("simple.pth", {"w": torch.arange(4.0), "b": torch.tensor([1, 2])})
    saved_elsewhere("elsewhere.pth")
    bombs()
    huge = sparse_file("huge.pth")
    with open(os.path.join(m.OUT, "manifest.json"), "w") as f:
        json.dump({"files": m.ENTRIES, "huge": huge}, f)


if __name__ == "__main__":
    main()
