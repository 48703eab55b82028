#!/usr/bin/env python3
"""NumPy's side of math/indexing_benchmark.cpp: microseconds, medians of 101 calls."""
import statistics
import time

import numpy as np

rng = np.random.default_rng(1)
images = np.ones((10_000, 784), np.float32)
chosen = rng.integers(0, 10_000, 1000)
x = np.ones((1000, 1000), np.float32)
columns = rng.integers(0, 1000, 1000)
signs = rng.standard_normal((1000, 1000), np.float32)
mask = signs > 0
values = np.ones((1000, 500), np.float32)


def place():
    signs[mask] = 0


def assign_strided():
    x[:, ::2] = values


for name, call in [("take_rows", lambda: images.take(chosen, 0)),
                   ("take_columns", lambda: x.take(columns, 1)),
                   ("place", place), ("assign_strided", assign_strided)]:
    times = []
    for _ in range(101):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    print(f"{name:16}{statistics.median(times) * 1e6:8.0f}")
