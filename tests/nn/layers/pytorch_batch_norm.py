"""Writes pytorch_batch_norm.hpp: the running statistics of PyTorch's BatchNorm2d over three batches.

    python3 pytorch_batch_norm.py > pytorch_batch_norm.hpp

Number i of batch k = 1, 2, 3, of shape (4, 3, 2, 2), is sin(i k) + i % 5.
"""
import math

import torch


def batch(k):
    numbers = [math.sin(i * k) + i % 5 for i in range(48)]
    return torch.tensor(numbers, dtype=torch.float64).reshape(4, 3, 2, 2)


def rows(name, values):
    print('inline constexpr double %s[][3] = {' % name)
    print(',\n'.join('    {' + ', '.join(repr(v) for v in row) + '}' for row in values) + '};\n')


layer = torch.nn.BatchNorm2d(3, eps=1e-5, momentum=0.2, dtype=torch.float64)
means, variances = [], []
for k in (1, 2, 3):
    layer(batch(k))
    means.append(layer.running_mean.tolist())
    variances.append(layer.running_var.tolist())
layer.eval()

print('''#pragma once

// Made by pytorch_batch_norm.py with PyTorch %s.

namespace dlfs::test::pytorch {

// After each of three batches, for the three channels.''' % torch.__version__.split('+')[0])
rows('running_means', means)
rows('running_variances', variances)
print('// Evaluation of the first batch afterwards: the first pixel of each sample and channel.')
rows('evaluated', layer(batch(1))[:, :, 0, 0].tolist())
print('}  // namespace dlfs::test::pytorch')
