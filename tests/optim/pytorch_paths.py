"""Writes pytorch_paths.hpp: where PyTorch's optimizers take four weights in 50 steps.

    python3 pytorch_paths.py > pytorch_paths.hpp

The gradient of weight i in step t = 1, 2, ... is (i + 1) w / 4 + sin(t (i + 1)).
"""
import math

import torch

SETTINGS = {
    'sgd': lambda w: torch.optim.SGD(w, lr=0.05, weight_decay=0.1),
    'momentum': lambda w: torch.optim.SGD(w, lr=0.05, momentum=0.8),
    'nesterov': lambda w: torch.optim.SGD(w, lr=0.05, momentum=0.8, nesterov=True),
    'ada_grad': lambda w: torch.optim.Adagrad(w, lr=0.3, eps=1e-7),
    'rms_prop': lambda w: torch.optim.RMSprop(w, lr=0.02, alpha=0.95, eps=1e-7),
    'adam': lambda w: torch.optim.Adam(w, lr=0.1, betas=(0.8, 0.95), eps=1e-30, weight_decay=0.1),
    'adam_w': lambda w: torch.optim.AdamW(w, lr=0.1, betas=(0.8, 0.95), eps=1e-30,
                                          weight_decay=0.1),
}

print('''#pragma once

// Made by pytorch_paths.py with PyTorch %s: four weights after 1, 2, 10 and 50 steps.

namespace dlfs::test::pytorch {

inline constexpr int recorded_steps[] = {1, 2, 10, 50};
''' % torch.__version__.split('+')[0])
for name, make in SETTINGS.items():
    w = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([w])
    rows = []
    for t in range(1, 51):
        with torch.no_grad():
            w.grad = torch.tensor([(i + 1) * w[i].item() / 4 + math.sin(t * (i + 1))
                                   for i in range(4)], dtype=torch.float64)
        optimizer.step()
        if t in (1, 2, 10, 50):
            rows.append('    {' + ', '.join(repr(value) for value in w.tolist()) + '}')
    print(f'inline constexpr double {name}[4][4] = {{\n' + ',\n'.join(rows) + '};')
print('\n}  // namespace dlfs::test::pytorch')
