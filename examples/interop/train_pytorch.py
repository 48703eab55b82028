#!/usr/bin/env python3
"""Trains a network on two spirals in PyTorch, for predict_pytorch.cpp: train_pytorch.py [FOLDER]

Writes spirals.pt, the state_dict, and with NumPy points.npy, labels.npy and logits.npy."""
import collections
import pathlib
import sys

import numpy as np
import torch
from torch import nn

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
rng = np.random.default_rng(1)
torch.manual_seed(1)

t = rng.uniform(0.5, 3, 1000)  # turns
labels = rng.integers(0, 2, 1000)
angle = 2 * t + np.pi * labels
points = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1) + rng.normal(0, 0.35, (1000, 2))
points = points.astype(np.float32)

model = nn.Sequential(collections.OrderedDict([
    ("affine1", nn.Linear(2, 32)), ("relu1", nn.ReLU()),
    ("norm1", nn.BatchNorm1d(32)),
    ("affine2", nn.Linear(32, 32)), ("relu2", nn.ReLU()),
    ("affine3", nn.Linear(32, 2))]))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
x, target = torch.from_numpy(points), torch.from_numpy(labels)
for step in range(100):
    loss = nn.functional.cross_entropy(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

model.eval()
with torch.no_grad():
    logits = model(x).numpy()
torch.save(model.state_dict(), folder / "spirals.pt")
np.save(folder / "points.npy", points)
np.save(folder / "labels.npy", labels.astype(np.int32))
np.save(folder / "logits.npy", logits)
print(f"PyTorch: accuracy {np.mean(logits.argmax(1) == labels):.3f}")
