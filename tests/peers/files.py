#!/usr/bin/env python3
"""NumPy writes arrays of every type, order and shape, PROGRAM reads them and writes them again, and NumPy reads
what PROGRAM wrote: every bit has to be the same.

    files.py PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

TYPES = '?', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8'
# The last ones are read and written in several parts.
SHAPES = (), (0,), (1,), (7,), (3, 0, 2), (5, 9), (2, 3, 4, 5), (2, 1, 2, 1, 2, 1, 2, 3), (300, 2001), (7, 3, 60001)
failures = []


def draw(rng, dtype, shape):
    """Any bits, NaN but none that is signalling, which a conversion would quieten."""
    size = int(np.prod(shape))
    if dtype == '?':
        return (rng.integers(0, 2, size) == 1).reshape(shape)
    x = np.frombuffer(rng.bytes(size * np.dtype(dtype).itemsize), dtype).reshape(shape).copy()
    if dtype[0] == 'f':
        x[np.isnan(x)] = np.nan
    return x


def check(path, expected, same_order=True):
    x = np.load(path)
    if x.dtype != expected.dtype or x.shape != expected.shape or x.tobytes() != expected.tobytes():
        failures.append(f'{path.name}: {x.dtype}{x.shape} instead of {expected.dtype}{expected.shape}, or other values')
    if same_order:
        with open(path, 'rb') as file, tempfile.TemporaryFile() as numpy_file:
            np.save(numpy_file, expected)
            numpy_file.seek(0)
            if file.read() != numpy_file.read():
                failures.append(f'{path.name}: other bytes than those of numpy.save')


def main():
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        in_, out = pathlib.Path(folder, 'in'), pathlib.Path(folder, 'out')
        in_.mkdir()
        out.mkdir()
        arrays = {}
        for dtype in TYPES:
            for number, shape in enumerate(SHAPES):
                name = f'{np.dtype(dtype).name}-{number}'
                x = arrays[name] = draw(rng, dtype, shape)
                for order, mark in ('<', 'little'), ('>', 'big'):
                    stored = x.astype(x.dtype.newbyteorder(order))
                    np.save(in_ / f'{name}-{mark}-c.npy', stored)
                    np.save(in_ / f'{name}-{mark}-f.npy', np.array(stored, order='F'))
        np.savez(in_ / 'a.npz', **arrays)
        np.savez_compressed(in_ / 'b.npz', **{n: np.array(x, order='F') for n, x in arrays.items() if x.size < 10**6})

        subprocess.run([sys.argv[1], in_, out], check=True)
        count = 0
        for name, x in arrays.items():
            for kind in 'little-c', 'little-f', 'big-c', 'big-f':
                path = out / f'{name}-{kind}'
                check(path.with_suffix('.npy'), x)
                check(path.with_suffix('.T.npy'), x.T)
                if x.ndim > 0:
                    check(path.with_suffix('.steps.npy'), np.ascontiguousarray(x[..., ::-2]))
                if x.dtype.kind == 'f':
                    with np.errstate(over='ignore'):
                        check(path.with_suffix('.float.npy'), x.astype(np.float32))
                else:
                    check(path.with_suffix('.double.npy'), x.astype(np.float64))
                count += 4
        for archive in 'a', 'b':
            for kind in 'stored', 'deflated', 'zip64':
                path = out / f'{archive}-{kind}.npz'
                if zipfile.ZipFile(path).testzip() is not None:
                    failures.append(f'{path.name}: zipfile finds a wrong checksum')
                with np.load(path) as file:
                    expected = np.load(in_ / f'{archive}.npz')
                    if file.files != expected.files:
                        failures.append(f'{path.name}: other names')
                    for name in expected.files:
                        x, y = file[name], expected[name]
                        if x.dtype != y.dtype or x.shape != y.shape or x.tobytes() != y.tobytes():
                            failures.append(f'{path.name}: {name}')
                        count += 1
    print(f'{count} arrays, {len(failures)} wrong')
    print('\n'.join(failures[:20]))
    return bool(failures)


sys.exit(main())
