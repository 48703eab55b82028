#!/usr/bin/env python3
"""Has PyTorch, by both of its exporters, and Keras write networks as ONNX files, each with an input and their output.

    onnx_exports.py DIRECTORY"""
import os
import pathlib
import sys
import warnings

import numpy as np
import torch
from torch import nn

from graphs import ResNet18, UNet

os.environ['KERAS_BACKEND'] = 'torch'
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


class Transformer(nn.Module):
    """Words and their places, two layers of attention, and a word for each step."""

    def __init__(self, **options):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.places = nn.Parameter(torch.randn(5, 8))
        self.layers = nn.Sequential(*(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options) for _ in range(2)))
        self.scores = nn.Linear(8, 4)

    def forward(self, x):
        return self.scores(self.layers(self.embedding(x) + self.places))


class CausalAttention(nn.Module):
    """One product for queries, keys and values, as small language models have it."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        heads = [each.unflatten(2, (2, 4)).transpose(1, 2) for each in self.qkv(x).split(8, dim=2)]
        y = nn.functional.scaled_dot_product_attention(*heads, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


class Gates(nn.Module):
    """A gate for each channel, of the means of all (squeeze and excitation)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1), nn.Sigmoid())

    def forward(self, x):
        y = self.conv(x)
        return (y * self.gate(y)).mean((2, 3))


class CausalConvolutions(nn.Module):
    """Zeros before the first step only, and the maximum of all steps."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(2, 4, 3, dilation=2)
        self.second = nn.Conv1d(4, 3, 2)

    def forward(self, x):
        y = nn.functional.relu(self.first(nn.functional.pad(x, (4, 0))))
        return self.second(nn.functional.pad(y, (1, 0))).amax(2)


def networks():
    bn_cnn = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(16), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(16, 10))
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), View(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    mlp = nn.Sequential(nn.Linear(20, 32), nn.GELU('tanh'), nn.Linear(32, 16), nn.GELU(), nn.Linear(16, 5), nn.LogSoftmax(1))
    activations = nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1), nn.SiLU(), nn.ELU(0.5), nn.GroupNorm(2, 4), nn.Softplus(), nn.Hardswish(),
        nn.Hardsigmoid(), nn.PReLU(4), nn.Hardtanh(), nn.ReLU6(), nn.InstanceNorm1d(4, affine=True), nn.MaxPool1d(2), nn.Flatten(),
        nn.Linear(24, 3), nn.Softmax(1))
    steps = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), First(nn.GRU(8, 12, batch_first=True)), LastStep(),
                          nn.Linear(12, 3))
    enlarged = nn.Sequential(
        nn.ConvTranspose2d(3, 4, 3, 2, 1, output_padding=1), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 1),
        nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode='bilinear'))
    mobile = nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
        nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 4, 1),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    both_ways = nn.Sequential(First(nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)), nn.Linear(12, 3))
    words = torch.randint(20, (3, 5))
    return {
        'mlp': (mlp, torch.randn(3, 20)),
        'bn_cnn': (bn_cnn, torch.randn(3, 3, 16, 16)),
        'resnet18': (ResNet18(4), torch.randn(3, 3, 32, 32)),
        'lstm': (Classifier(nn.LSTM(8, 12, batch_first=True)), words),
        'transformer': (Transformer(), words),
        'transformer_norm_first': (Transformer(norm_first=True, activation='gelu'), words),
        'causal_attention': (CausalAttention(), torch.randn(3, 5, 8)),
        'lenet': (lenet, torch.randn(3, 1, 28, 28)),
        'rnn': (Classifier(nn.RNN(8, 12, batch_first=True)), words),
        'steps': (steps, torch.randn(3, 5, 6)),
        'both_ways': (both_ways, torch.randn(3, 5, 4)),
        'unet': (UNet(3, 2), torch.randn(3, 3, 16, 16)),
        'gates': (Gates(), torch.randn(3, 3, 6, 6)),
        'activations': (activations, torch.randn(3, 2, 12)),
        'mobile': (mobile, torch.randn(3, 3, 9, 9)),
        'causal_convolutions': (CausalConvolutions(), torch.randn(3, 2, 9)),
        'enlarged': (enlarged, torch.randn(3, 3, 5, 6)),
    }


def exported(directory, name, model, x, exporter, batch, **more):
    with torch.no_grad():
        if x.is_floating_point():
            model.train()(x)  # for running statistics of its own
        model.eval()
        y = model(x)
    path = directory / f'{name}_{exporter}_{batch}'
    options = {'dynamo': exporter == 'new', 'input_names': ['x'], 'output_names': ['y'], **more}
    if batch == 'open' and exporter == 'new':
        options['dynamic_shapes'] = ({0: torch.export.Dim('n', min=1)},)
    elif batch == 'open':
        options['dynamic_axes'] = {'x': {0: 'n'}, 'y': {0: 'n'}}
    if exporter == 'new':
        options['verbose'] = False
    torch.onnx.export(model, (x,), f'{path}.onnx', **options)
    np.savez(f'{path}.npz', x0=x.numpy().astype(np.float32), y0=y.numpy())


def from_keras(directory):
    """Keras' networks, whose channels are the last axis."""
    import keras
    from keras import layers
    keras.utils.set_random_seed(1)

    def with_shortcut():
        x = keras.Input((8, 8, 4))
        y = layers.Add()([x, layers.Conv2D(4, 3, padding='same')(x)])
        return keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))

    def gelu(x):
        return keras.activations.gelu(x, approximate=True)

    models = {
        'mlp': keras.Sequential([keras.Input((20,)), layers.Dense(32, activation='relu'), layers.Dropout(0.2),
                                 layers.Dense(5, activation='softmax')]),
        'lenet': keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(6, 5, activation='tanh'), layers.AveragePooling2D(2),
                                   layers.Flatten(), layers.Dense(10)]),
        'bn_cnn': keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(8, 3, padding='same', use_bias=False),
                                    layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2),
                                    layers.Conv2D(16, 3, strides=2, activation='relu'), layers.GlobalAveragePooling2D(),
                                    layers.Dense(10)]),
        'shortcut': with_shortcut(),
        'causal': keras.Sequential([keras.Input((12, 2)), layers.Conv1D(4, 3, padding='causal', dilation_rate=2),
                                    layers.ELU(), layers.GlobalMaxPooling1D(), layers.Dense(2)]),
        'separable': keras.Sequential([keras.Input((9, 8, 3)), layers.Conv2D(4, 3, strides=2, padding='same'),
                                       layers.SeparableConv2D(5, 3, padding='same'), layers.ReLU(max_value=6),
                                       layers.GlobalAveragePooling2D(), layers.Dense(2)]),
        'words': keras.Sequential([keras.Input((5,)), layers.Embedding(10, 4), layers.GlobalAveragePooling1D(),
                                   layers.Dense(2)]),
        'enlarged': keras.Sequential([keras.Input((4, 5, 3)), layers.UpSampling2D((2, 3)), layers.Conv2D(2, 3),
                                      layers.UpSampling2D(2, interpolation='bilinear'), layers.Activation(gelu)]),
        'lstm': keras.Sequential([keras.Input((5, 3)), layers.LSTM(4), layers.Dense(2)]),
        'lstms': keras.Sequential([keras.Input((4, 3)), layers.LSTM(4, return_sequences=True),
                                   layers.Bidirectional(layers.LSTM(3)), layers.Dense(2)]),
        'gru': keras.Sequential([keras.Input((5, 3)), layers.GRU(4), layers.Dense(2)]),
        'gru_of_volume_2': keras.Sequential([keras.Input((4, 3)), layers.GRU(4, reset_after=False), layers.Dense(2)]),
        'rnn': keras.Sequential([keras.Input((5, 3)), layers.SimpleRNN(4, return_sequences=True), layers.Dense(2)]),
    }
    for name, model in models.items():
        x = torch.randn(3, *model.input_shape[1:])
        if name == 'words':
            x = torch.randint(10, x.shape).float()
        y = model(x, training=False)
        model.export(directory / f'keras_{name}.onnx', format='onnx', verbose=False)
        np.savez(directory / f'keras_{name}.npz', x0=x.numpy(), y0=y.detach().numpy())


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    torch.manual_seed(1)
    warnings.filterwarnings('ignore')
    for name, (model, x) in networks().items():
        exported(directory, name, model, x, 'old', 'open')
        exported(directory, name, model, x, 'new', 'open')
        if name in ('lstm', 'rnn', 'transformer'):
            exported(directory, name, model, x, 'old', 'fixed')
            exported(directory, name, model, x, 'new', 'fixed')
    # GELU has an operator of its own from version 20 on.
    gelu = nn.Sequential(nn.Linear(6, 8), nn.GELU('tanh'), nn.GELU()), torch.randn(3, 6)
    exported(directory, 'gelu', *gelu, 'old', 'open', opset_version=17)
    exported(directory, 'gelu', *gelu, 'new', 'open', opset_version=18)
    from_keras(directory)


if __name__ == '__main__':
    main()
