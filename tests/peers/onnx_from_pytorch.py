#!/usr/bin/env python3
"""Has PyTorch write networks as ONNX files, by both of its exporters, each with an input and PyTorch's output.

    onnx_from_pytorch.py DIRECTORY"""
import pathlib
import sys
import warnings

import numpy as np
import torch
from torch import nn

from graphs import ResNet18, UNet

torch.set_num_threads(1)


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, -1]


class First(nn.Module):
    """The first of several results."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)[0]


class Classifier(nn.Module):
    """Words, a recurrent layer, and its last state."""

    def __init__(self, recurrent):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.recurrent = recurrent
        self.scores = nn.Linear(12, 4)

    def forward(self, x):
        state = self.recurrent(self.embedding(x))[1]
        return self.scores((state[0] if isinstance(state, tuple) else state)[0])


class View(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), -1)


def networks():
    bn_cnn = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(16), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(16, 10))
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), View(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    mlp = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 16), nn.GELU(), nn.Linear(16, 5), nn.LogSoftmax(1))
    activations = nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1), nn.SiLU(), nn.ELU(0.5), nn.GroupNorm(2, 4), nn.Softplus(), nn.Hardswish(),
        nn.Hardsigmoid(), nn.PReLU(4), nn.Hardtanh(), nn.InstanceNorm1d(4, affine=True), nn.MaxPool1d(2), nn.Flatten(),
        nn.Linear(24, 3), nn.Softmax(1))
    steps = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), First(nn.GRU(8, 12, batch_first=True)), LastStep(),
                          nn.Linear(12, 3))
    enlarged = nn.Sequential(
        nn.ConvTranspose2d(3, 4, 3, 2, 1, output_padding=1), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 1),
        nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode='bilinear'))
    return {
        'mlp': (mlp, torch.randn(3, 20)),
        'bn_cnn': (bn_cnn, torch.randn(3, 3, 16, 16)),
        'resnet18': (ResNet18(4), torch.randn(3, 3, 32, 32)),
        'lstm': (Classifier(nn.LSTM(8, 12, batch_first=True)), torch.randint(20, (3, 7))),
        'lenet': (lenet, torch.randn(3, 1, 28, 28)),
        'gru': (Classifier(nn.GRU(8, 12, batch_first=True)), torch.randint(20, (3, 7))),
        'rnn': (Classifier(nn.RNN(8, 12, batch_first=True)), torch.randint(20, (3, 7))),
        'steps': (steps, torch.randn(3, 5, 6)),
        'unet': (UNet(3, 2), torch.randn(3, 3, 16, 16)),
        'activations': (activations, torch.randn(3, 2, 12)),
        'enlarged': (enlarged, torch.randn(3, 3, 5, 6)),
    }


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    torch.manual_seed(1)
    warnings.filterwarnings('ignore')
    for name, (model, x) in networks().items():
        with torch.no_grad():
            if x.is_floating_point():
                model.train()(x)  # for running statistics of its own
            model.eval()
            y = model(x)
        # The new exporter writes each step of an RNN by itself, which is no layer.
        for exporter in ['old'] if name == 'rnn' else ['new', 'old']:
            for batch in ['open', 'fixed']:
                path = directory / f'{name}_{exporter}_{batch}'
                options = {'dynamo': exporter == 'new', 'input_names': ['x'], 'output_names': ['y']}
                if batch == 'open' and exporter == 'new':
                    options['dynamic_shapes'] = ({0: torch.export.Dim('n', min=1)},)
                elif batch == 'open':
                    options['dynamic_axes'] = {'x': {0: 'n'}, 'y': {0: 'n'}}
                if exporter == 'new':
                    options['verbose'] = False
                torch.onnx.export(model, (x,), f'{path}.onnx', **options)
                np.savez(f'{path}.npz', x0=x.numpy().astype(np.float32), y0=y.numpy())


if __name__ == '__main__':
    main()
