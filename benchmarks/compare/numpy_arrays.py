"""Array operations by NumPy. Run by compare.py."""
import statistics
import time

import numpy as np


def median_ms(call):
    def ms_of(calls):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begin) * 1e3
    ms_of(3)
    calls = max(1, int(20 / ms_of(1)))
    return statistics.median(ms_of(calls) / calls for _ in range(9))


def main():
    for rows, columns in ((32, 64), (256, 256), (4096, 4096)):
        rng = np.random.default_rng(1)
        a = rng.standard_normal((rows, columns), np.float32)
        b = rng.standard_normal((rows, columns), np.float32)
        row, column, half = a[0].copy(), a[:, :1].copy(), a[:, :columns // 2].copy()
        chosen = rng.integers(0, rows, rows)
        x = a.copy()

        def add_in_place():
            nonlocal x
            x += b

        def copy():
            x[...] = b

        def place():
            x[a <= 0] = 0

        def assign_strided():
            x[:, ::2] = half

        for what, call in {
                'x[...] = b': copy,
                'a + b': lambda: a + b,
                'x += b': add_in_place,
                'a * 2 + b': lambda: a * 2 + b,
                'a + row': lambda: a + row,
                'a + column': lambda: a + column,
                'a > b': lambda: a > b,
                'maximum(a, 0)': lambda: np.maximum(a, 0),
                'x[a <= 0] = 0': place,
                'exp': lambda: np.exp(a),
                'tanh': lambda: np.tanh(a),
                'sigmoid': lambda: 1 / (1 + np.exp(-a)),
                'sum': a.sum,
                'sum, axis 0': lambda: a.sum(0),
                'sum, axis 1': lambda: a.sum(1),
                'argmax, axis 1': lambda: a.argmax(1),
                'transposed copy': lambda: a.T.copy(),
                'take rows': lambda: a.take(chosen, 0),
                'x[:, ::2] = half': assign_strided}.items():
            print(f'{rows}x{columns}\t{what}\t{median_ms(call):.6f}', flush=True)


main()
