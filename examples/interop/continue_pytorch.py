#!/usr/bin/env python3
"""Goes on in PyTorch with what predict_pytorch.cpp has trained: continue_pytorch.py [FOLDER]"""
import collections
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
model = nn.Sequential(collections.OrderedDict([
    ("affine1", nn.Linear(2, 32)), ("relu1", nn.ReLU()),
    ("norm1", nn.BatchNorm1d(32)),
    ("affine2", nn.Linear(32, 32)), ("relu2", nn.ReLU()),
    ("affine3", nn.Linear(32, 2))]))
# BatchNorm's count of batches is PyTorch's alone.
unknown = model.load_state_dict(load_file(folder / "trained_on.safetensors"), strict=False)
assert not unknown.unexpected_keys and unknown.missing_keys in ([], ["norm1.num_batches_tracked"]), unknown

x, target = torch.from_numpy(np.load(folder / "points.npy")), torch.from_numpy(np.load(folder / "labels.npy")).long()
expected = np.load(folder / "trained_on.npy")
model.eval()
with torch.no_grad():
    difference = np.abs(model(x).numpy() - expected).max()
print(f"PyTorch: largest difference of a logit {difference:.1e}")
assert difference < 1e-4

model.train()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
for step in range(100):
    loss = nn.functional.cross_entropy(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
model.eval()
print(f"PyTorch, later: accuracy {(model(x).argmax(1) == target).float().mean():.3f}")
