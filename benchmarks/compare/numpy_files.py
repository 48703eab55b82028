"""One operation on a file by NumPy or safetensors; its seconds and those of the processor are printed. Run by files.py.

    numpy_files.py OPERATION PATH MIB
"""
import os
import sys
import time

import numpy as np
from safetensors.numpy import load_file, save_file

ROWS = 1024


def numbers(mib):
    """Whole numbers of 8 random bits as float32, (1024, ...), made without a second array."""
    x = np.empty((ROWS, mib * 1024 * 1024 // 4 // ROWS), np.float32)
    index = np.arange(x.shape[1], dtype=np.uint32)
    for n, row in enumerate(x):
        row[:] = ((index + np.uint32(n * x.shape[1])) * np.uint32(2654435761)) >> np.uint32(24)
    return x


def sync(path):
    with open(path, 'rb+') as file:
        os.fsync(file.fileno())


READ = {
    'read': np.load,
    'read, one array': lambda path: np.load(path)['x'],
    'read safetensors': lambda path: load_file(path)['x'],
    'read, as float': lambda path: np.load(path).astype(np.float32, copy=False),
    'read, as C order': lambda path: np.ascontiguousarray(np.load(path)),
}


def save_synced(path, x):
    np.save(path, x)
    sync(path)


def savez_synced(path, x):
    np.savez(path, x=x)
    sync(path)


def save_file_synced(path, x):
    save_file({'x': x}, path)
    sync(path)


WRITE = {
    'write npy': np.save,
    'write npy, synced': save_synced,
    'write npz': lambda path, x: np.savez(path, x=x),
    'write npz, synced': savez_synced,
    'write npz, deflated': lambda path, x: np.savez_compressed(path, x=x),
    'write safetensors': lambda path, x: save_file({'x': x}, path),
    'write safetensors, synced': save_file_synced,
    'write npy, steps': lambda path, x: np.save(path, x[:, ::2]),
}


def make(path, mib):
    """The files that are read."""
    x = numbers(mib)
    np.save(f'{path}.npy', x)
    np.save(f'{path}-big.npy', x.astype('>f4'))
    np.save(f'{path}-double.npy', x[: ROWS // 2].astype(np.float64))
    np.save(f'{path}-int.npy', x.astype(np.int32))
    np.save(f'{path}-half.npy', x.astype(np.float16))
    np.save(f'{path}-fortran.npy', np.asfortranarray(x))
    np.savez(f'{path}.npz', x=x)
    save_file({'x': x}, f'{path}.safetensors')
    if mib <= 256:
        np.savez_compressed(f'{path}-deflated.npz', x=x)


def now():
    return time.perf_counter(), time.process_time()


def main():
    operation, path, mib = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if operation == 'make':
        return make(path, mib)
    if operation in READ:
        begin = now()
        result = READ[operation](path)
        end = now()
        assert result.flags.c_contiguous
    else:
        x = numbers(mib)
        begin = now()
        WRITE[operation](path, x)
        end = now()
    print(end[0] - begin[0], end[1] - begin[1])


main()
