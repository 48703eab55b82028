#!/usr/bin/env python3
"""Writes the inputs that each fuzz target begins with: OUT/<target>/*. The standard library is enough."""
import gzip
import io
import math
import pathlib
import random
import struct
import sys
import zipfile

out = pathlib.Path(sys.argv[1])
fixtures = pathlib.Path(__file__).parent.parent / "io" / "fixtures"


def seed(target, name, data):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def npy(kind, shape, values):
    """A .npy file; kind is the code of struct and NumPy's type."""
    code, descr = kind
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    magic = b"\x93NUMPY\1\0" + struct.pack("<H", len(header))
    return magic + header + struct.pack(f"<{len(values)}{code}", *values)


F4, F8, I8, U1, U8 = ("f", "<f4"), ("d", "<f8"), ("q", "<i8"), ("B", "|u1"), ("Q", "<u8")


def npz(arrays, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in arrays.items():
            archive.writestr(name + ".npy", data)
    return stream.getvalue()


# The files that the tests read, each as what it is.
for path in sorted(fixtures.iterdir()):
    data = path.read_bytes()
    if path.suffix == ".npy":
        for kind in range(4):  # the first byte is the type to read as
            seed("read_npy", f"{path.stem}{kind}", bytes([kind]) + data)
    elif path.suffix == ".npz":
        seed("read_npz", path.stem, data)
    elif path.suffix == ".safetensors":
        seed("load_weights", path.name, data)
        if path.stem == "network":
            seed("load_network", path.stem, data)
        for kind in range(4):
            seed("read_safetensors", f"{path.stem}{kind}", bytes([kind]) + data)
    elif path.suffix == ".pt":
        seed("read_pytorch", path.stem, data)
        seed("load_weights", path.name, data)
    elif path.suffix == ".pkl":
        seed("read_pickle", path.stem, data)
    elif path.suffix == ".png":
        seed("read_png", path.stem, data)
    elif path.suffix == ".jpg":
        seed("read_jpeg", path.stem, data)

for rank, shape in enumerate([(3,), (2, 3), (2, 2, 2), (1, 2, 2, 2)], start=1):
    size = 1
    for extent in shape:
        size *= extent
    idx = bytes([0, 0, 8, rank]) + struct.pack(f">{rank}I", *shape) + bytes(range(size))
    seed("read_idx", f"plain{rank}", idx)
    seed("read_idx", f"gzip{rank}", gzip.compress(idx, mtime=0))

tables = [
    b"a,b\n1,2.5\n-3e4,+.5\n",
    b'\xef\xbb\xbf"a;";b\r\n"1";"x ""y"""\r\n;\r\n',
    b'1\t"2\n3"\n\t NA \n\n',
    b"a|b|\r1|2|3\r?|nan|1e99\r",
]
for number, table in enumerate(tables):
    for choice in range(12):  # the first byte chooses the options
        seed("read_csv", f"table{number}_{choice}", bytes([choice]) + table)

for code, kind, size in [(8, "B", 1), (9, "b", 1), (11, "h", 2), (12, "i", 4), (13, "f", 4), (14, "d", 8)]:
    seed("read_idx", f"code{code}", bytes([0, 0, code, 1]) + struct.pack(f">I3{kind}", 3, 1, 2, 3))

images = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 1, 2) + bytes(4)
labels = bytes([0, 0, 8, 1]) + struct.pack(">I", 2) + bytes([1, 9])
for number, (first, second) in enumerate([(images, labels), (gzip.compress(images, mtime=0), labels)]):
    seed("load_idx", f"pair{number}", bytes([len(first)]) + first + second)

for choice in range(2):  # CIFAR-10 or CIFAR-100; then the counts of records and the labels of six files
    seed("load_cifar10", f"zeros{choice}", bytes([choice]) + bytes([1, 0, 0, 0, 0, 0]) * 6)

weights = {
    "affine1.weight": npy(F4, (3, 4), range(12)),
    "affine1.bias": npy(F4, (4,), range(4)),
    "batch_norm1.gamma": npy(F4, (4,), range(4)),
    "batch_norm1.beta": npy(F8, (4,), range(4)),
    "batch_norm1.running_mean": npy(F4, (4,), range(4)),
    "batch_norm1.running_var": npy(F4, (4,), range(4)),
}
book = {
    "W1": weights["affine1.weight"],
    "b1": weights["affine1.bias"],
    "gamma1": weights["batch_norm1.gamma"],
    "beta1": weights["batch_norm1.beta"],
}
for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
    seed("load_weights", f"own{method}", npz(weights, method))
    seed("load_weights", f"book{method}", npz(book, method))

tensors = {"affine.weight": npy(F4, (2, 2), range(4)), "affine.bias": npy(F4, (2,), range(2))}
for steps in 0, 1:
    checkpoint = {
        "state.seed": npy(U8, (1,), [1]),
        # batch size, the network's steps, the optimizer's, updates, steps and samples of the epoch,
        # the best epoch
        "state.counts": npy(I8, (7,), [2, steps, steps, steps, 0, 0, steps]),
        "state.numbers": npy(F8, (3,), [0, 0, 0.5]),
        "state.step_losses": npy(F8, (steps,), [0.7] * steps),
        "state.epochs": npy(F8, (steps, 4), [0.7, 0.5, 0.5, 1] * steps),
    }
    for kind in "optimizer", "loss":
        text = {"optimizer": b"adam", "loss": b"softmax cross entropy"}[kind]
        checkpoint[f"state.{kind}_kind"] = npy(U1, (len(text),), text)
    checkpoint |= {f"network.{name}": data for name, data in tensors.items()}
    for moment in range(2 * steps):
        checkpoint |= {f"moment{moment}.{name}": data for name, data in tensors.items()}
    seed("load_checkpoint", f"after{steps}", npz(checkpoint))



def onnx_field(number, value):
    """A field of a message: a number, or bytes."""
    def varint(n):
        out_bytes = b""
        while n >= 0x80:
            out_bytes += bytes([n & 0x7F | 0x80])
            n >>= 7
        return out_bytes + bytes([n])
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx_model(nodes, tensors, sample):
    graph = b""
    for op, inputs, outputs in nodes:
        names = b"".join(onnx_field(1, each.encode()) for each in inputs)
        names += b"".join(onnx_field(2, each.encode()) for each in outputs)
        graph += onnx_field(1, names + onnx_field(4, op.encode()))
    for name, shape in tensors.items():
        values = struct.pack(f"<{math.prod(shape)}f", *range(math.prod(shape)))
        dims = b"".join(onnx_field(1, extent) for extent in shape)
        graph += onnx_field(5, dims + onnx_field(2, 1) + onnx_field(8, name.encode()) + onnx_field(9, values))
    dims = onnx_field(1, b"") + b"".join(onnx_field(1, onnx_field(1, extent)) for extent in sample)
    graph += onnx_field(11, onnx_field(1, b"x") + onnx_field(2, onnx_field(1, onnx_field(1, 1) + onnx_field(2, dims))))
    graph += onnx_field(12, onnx_field(1, b"y"))
    return onnx_field(1, 9) + onnx_field(8, onnx_field(2, 19)) + onnx_field(7, graph)


seed("load_onnx", "images", onnx_model(
    [("Conv", ["x", "w", "b"], ["a"]), ("BatchNormalization", ["a", "b", "b", "b", "b"], ["c"]), ("Relu", ["c"], ["d"]),
     ("GlobalAveragePool", ["d"], ["e"]), ("Flatten", ["e"], ["f"]), ("Gemm", ["f", "g"], ["y"])],
    {"w": (2, 1, 3, 3), "b": (2,), "g": (2, 3)}, (1, 5, 5)))
seed("load_onnx", "steps", onnx_model(
    [("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "b"], ["c"]), ("Transpose", ["c"], ["d"]), ("Softmax", ["c"], ["e"]),
     ("Mul", ["c", "e"], ["f"]), ("Concat", ["f", "e"], ["g"]), ("Sigmoid", ["g"], ["h"]), ("Mul", ["g", "h"], ["y"])],
    {"w": (3, 2), "b": (2,)}, (4, 3)))

# What decides about operations, networks and folders may be any bytes.
for target in "tensors", "networks", "load_mnist":
    for number in range(100):
        seed(target, f"random{number}", random.Random(number).randbytes(300))
