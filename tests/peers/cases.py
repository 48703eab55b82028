"""Where make_cases.py puts its cases: for each group a list of them, cases.json, and their arrays by type."""
import json
import pathlib

import numpy as np


class Case:
    """One thing that dlfs is to do: its inputs, and what PyTorch or NumPy made of them."""

    def __init__(self, group, kind, dtype, name, options):
        self.group = group
        self.number = len(group.cases)
        self.description = {'kind': kind, 'type': dtype, 'name': name, 'options': options, 'expected': {}}
        group.cases.append(self.description)

    def input(self, name, values):
        values = np.asarray(values)
        self.group.arrays.setdefault(values.dtype.name, {})[f'{self.number}.{name}'] = values
        return self

    def expect(self, name, values, units=0, scale=None, signed_zeros=None):
        """`units` of rounding is what a result may be off by: of `scale`, which is the largest magnitude
        in `values` unless it is given; 'each' is that of each element. 0 units: equal. Zeros have the same
        signs where elements are compared one by one."""
        if signed_zeros is None:
            signed_zeros = bool(units == 0 or scale == 'each')
        values = np.asarray(values)
        if scale is None:
            finite = np.abs(values[np.isfinite(values)]) if values.dtype.kind == 'f' else np.zeros(0)
            scale = float(finite.max(initial=0)) or 1
        self.description['expected'][name] = {'units': float(units), 'scale': 0 if scale == 'each' else float(scale),
                                              'signed_zeros': signed_zeros}
        return self.input(name, values)

    def leave_out(self, name, mask):
        """Elements of an expected array that are not compared."""
        return self.input(name + ' left out', mask)

    def refuse(self):
        """PyTorch or NumPy raises an error, and dlfs has to."""
        self.description['refused'] = True
        return self


class Group:
    def __init__(self, name):
        self.name = name
        self.cases = []
        self.arrays = {}
        self.files = {}  # by their names: functions that write one to a path

    def case(self, kind, dtype='float64', options=None, note=''):
        options = options or {}
        words = [f'{self.name}/{kind}', dtype, *(f'{key}={value}' for key, value in options.items()), note]
        name = ' '.join(word for word in words if word).replace(', ', ',')
        return Case(self, kind, dtype, name, options)

    def write(self, directory):
        folder = pathlib.Path(directory) / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        (folder / 'cases.json').write_text(json.dumps(self.cases))
        for dtype, arrays in self.arrays.items():
            np.savez(folder / f'{dtype}.npz', **arrays)
        for name, save in self.files.items():
            save(folder / name)
        print(f'{len(self.cases)} cases of {self.name}')
