"""Compiles a small model with AOTInductor: package, input and outputs go into a folder. Prints `none` where it cannot be compiled here."""
import shutil
import struct
import sys
import zipfile

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 3)

    def forward(self, x, y):
        return torch.relu(self.fc(x)) + y, x.sum()


def without_executable_stack(library):
    """The assembler's data object has no note about its stack; the C library then refuses to load the library."""
    data = bytearray(library)
    if data[:4] != b"\x7fELF":
        return bytes(data)
    offset, size, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 54)[0], struct.unpack_from("<H", data, 56)[0]
    for i in range(count):
        at = offset + i * size
        kind, flags = struct.unpack_from("<II", data, at)
        if kind == 0x6474E551:
            struct.pack_into("<I", data, at + 4, flags & ~1)
    return bytes(data)


def main():
    folder = sys.argv[1]
    if shutil.which("g++") is None:
        print("none")
        return
    torch.manual_seed(0)
    model, x, y = Net().eval(), torch.randn(2, 4), torch.randn(2, 3)
    with torch.no_grad():
        torch._inductor.aoti_compile_and_package(torch.export.export(model, (x, y)), package_path=f"{folder}/raw.pt2")
        with zipfile.ZipFile(f"{folder}/raw.pt2") as source, zipfile.ZipFile(f"{folder}/model.pt2", "w") as target:
            for info in source.infolist():
                target.writestr(info.filename, without_executable_stack(source.read(info)))
        compiled = torch._inductor.aoti_load_package(f"{folder}/model.pt2")
        out = compiled(x, y)
    torch.save({"x": x, "y": y, "out0": out[0], "out1": out[1]}, f"{folder}/expected.pth")
    print("made")


main()
