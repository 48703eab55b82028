"""Layers and losses by PyTorch. Where dlfs has another convention, the call that maps it says so; docs/pytorch.md
lists them all."""
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cases import Group

DTYPES = {'float64': torch.float64, 'float32': torch.float32}


def numpy(tensor):
    return tensor.detach().numpy().copy()


def transposed(weight):
    """dlfs keeps the weights of Linear as (in, out)."""
    return weight.T


def same(tensor):
    return tensor


class Layers:
    def __init__(self):
        self.group = Group('layers')
        self.random = torch.Generator().manual_seed(1)

    def normal(self, *shape, dtype=torch.float64, scale=1.0, offset=0.0):
        return (torch.randn(*shape, generator=self.random, dtype=torch.float64) * scale + offset).to(dtype)

    def layer(self, kind, module, x, options=None, parameters=(), buffers=(), units=4, note='', trains=True, dy=None,
              y_scale=None, dx_scale=None):
        """One case: what `module` makes of x in training and in evaluation, and the gradients. `parameters` are
        (name, tensor, mapping to dlfs); `buffers` (name, function that reads it). `y_scale` and `dx_scale` are
        the magnitudes of what y and dx are sums of, where these cancel."""
        dtype = {value: key for key, value in DTYPES.items()}[x.dtype]
        options = dict(options or {})
        if not trains:
            options['trains'] = False
        case = self.group.case(kind, dtype, options, note or 'x' + str(tuple(x.shape)))
        case.input('x', numpy(x))
        if isinstance(module, nn.Module):
            module.train(trains)
        for name, tensor, mapping in parameters:
            case.input('layer.' + name, numpy(mapping(tensor)))
        for name, read in buffers:
            case.input('layer.' + name, numpy(read()))
        x = x.clone().requires_grad_()
        try:
            y = module(x)
        except RuntimeError:
            case.input('dy', numpy(x))
            return case.refuse()
        dy = self.normal(*y.shape, dtype=x.dtype) if dy is None else dy
        y.backward(dy)
        dx = x.grad
        if kind in ('Elu', 'HardSwish', 'HardTanh'):  # at NaN dlfs hands dy on; what PyTorch does depends on the place in a vector
            dx = torch.where(torch.isnan(x), dy, dx)
        if kind == 'HardSigmoid':  # PyTorch's gradient of double multiplies by the sixth of float
            dx = dx / (6 * float(np.float32(1) / np.float32(6))) if dtype == 'float64' else dx
        case.input('dy', numpy(dy))
        case.expect('y', numpy(y), units, y_scale)
        case.expect('dx', numpy(dx), units, dx_scale)
        for name, tensor, mapping in parameters:
            case.expect(f'layer.{name} gradient', numpy(mapping(tensor.grad)), units)
        for name, read in buffers:
            case.expect(f'layer.{name} after', numpy(read()), units)
        if isinstance(module, nn.Module):
            module.eval()
            case.expect('prediction', numpy(module(x)), units, y_scale)
        return case

    def draw(self, module):
        """Other parameters than a new module has, among them those of normalisations, which are 1 and 0."""
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(self.normal(*parameter.shape))
        return module

    def affine(self):
        sizes = [(1, 1, 1), (3, 7, 5), (17, 131, 9), (130, 67, 53)]
        for (n, d, m), dtype in itertools.product(sizes, DTYPES.values()):
            linear = self.draw(nn.Linear(d, m, dtype=dtype))
            parameters = [('weight', linear.weight, transposed), ('bias', linear.bias, same)]
            self.layer('Affine', linear, self.normal(n, d, dtype=dtype), {'in': d, 'out': m}, parameters,
                       units=8 + max(n, d, m))
        linear = self.draw(nn.Linear(24, 5, dtype=torch.float64))
        self.layer('Affine', nn.Sequential(nn.Flatten(), linear), self.normal(3, 2, 3, 4), {'in': 24, 'out': 5},
                   [('weight', linear.weight, transposed), ('bias', linear.bias, same)], units=32)

    def convolution(self):
        kernels = [(1, 1), (3, 3), (2, 3), (5, 5)]
        for kernel, stride, padding, dilation, groups in itertools.product(
                kernels, [(1, 1), (2, 2), (1, 3)], [(0, 0), (1, 1), (2, 0)], [(1, 1), (2, 1)], [1, 2, 4]):
            self.convolve((2, 4, 11, 13), 8, kernel, stride, padding, dilation, groups)
        for shape, filters, kernel in [((1, 1, 1, 1), 1, (1, 1)), ((3, 1, 7, 5), 3, (7, 5)), ((2, 3, 32, 29), 17, (3, 3)),
                                       ((5, 16, 17, 19), 33, (3, 3)), ((37, 2, 9, 9), 5, (3, 3)),
                                       ((2, 64, 7, 7), 64, (1, 1)), ((2, 31, 16, 16), 37, (3, 3)),
                                       ((1, 3, 64, 67), 7, (7, 7))]:
            for dtype in DTYPES.values():
                self.convolve(shape, filters, kernel, padding=(kernel[0] // 2, kernel[1] // 2), dtype=dtype)
        for value, (kernel, channels), dtype in itertools.product(
                [torch.inf, -torch.inf, torch.nan], [((3, 3), 3), ((3, 3), 33), ((1, 1), 4), ((5, 5), 2)],
                DTYPES.values()):
            self.spread(value, kernel, channels, dtype)
        self.convolve((2, 3, 9, 9), 4, (3, 3), bias=False)
        self.convolve((2, 6, 9, 10), 6, (3, 3), groups=6, padding=(1, 1), dtype=torch.float32)

    def spread(self, value, kernel, channels, dtype):
        """What is not finite stays where windows see it."""
        conv = self.draw(nn.Conv2d(channels, 24, kernel, padding=kernel[0] // 2, dtype=dtype))
        x = self.normal(2, channels, 24, 25, dtype=dtype)
        x[1, 1, 5, 6] = value
        options = {'in': channels, 'filters': 24, 'kernel': kernel, 'padding': (kernel[0] // 2,) * 2}
        case = self.layer('Convolution', conv, x, options, [('weight', conv.weight, same), ('bias', conv.bias, same)],
                          note=f'{value}', units=8 + 24 * 25)
        if kernel == (3, 3) and channels >= 16:  # Winograd's algorithm: what lies up to 3 pixels further sees it, too
            near = torch.zeros(2, 24, 24, 25, dtype=torch.bool)
            near[1, :, 1:10, 2:11] = True
            case.leave_out('y', near.numpy()).leave_out('prediction', near.numpy())
            case.leave_out('layer.weight gradient', ~torch.isfinite(conv.weight.grad).numpy())

    def convolve(self, shape, filters, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, bias=True,
                 dtype=torch.float64):
        conv = self.draw(nn.Conv2d(shape[1], filters, kernel, stride, padding, dilation, groups, bias, dtype=dtype))
        parameters = [('weight', conv.weight, same)] + ([('bias', conv.bias, same)] if bias else [])
        x = self.normal(*shape, dtype=dtype)
        y = conv(x)
        options = {'in': shape[1], 'filters': filters, 'kernel': kernel, 'stride': stride, 'padding': padding,
                   'dilation': dilation, 'groups': groups, 'bias': bias}
        terms = max(conv.weight[0].numel(), shape[0] * y[0, 0].numel(), conv.weight[:, 0].numel())
        self.layer('Convolution', conv, x, options, parameters, units=8 + terms)

    def transposed_convolution(self):
        for kernel, stride, padding, output_padding, dilation, groups in itertools.product(
                [(1, 1), (3, 3), (2, 4)], [(1, 1), (2, 2), (3, 1)], [(0, 0), (1, 1)], [(0, 0), (1, 0)],
                [(1, 1), (2, 2)], [1, 2]):
            if any(more >= step for more, step in zip(output_padding, stride)):
                continue  # PyTorch takes one that is less than the dilation, too
            if any(d * (k - 1) < 2 * p for k, p, d in zip(kernel, padding, dilation)):
                continue
            for dtype in DTYPES.values() if kernel == (3, 3) else [torch.float64]:
                conv = self.draw(nn.ConvTranspose2d(4, 6, kernel, stride, padding, output_padding, groups, True, dilation,
                                                    dtype=dtype))
                options = {'in': 4, 'filters': 6, 'kernel': kernel, 'stride': stride, 'padding': padding,
                           'output_padding': output_padding, 'dilation': dilation, 'groups': groups}
                x = self.normal(3, 4, 5, 7, dtype=dtype)
                self.layer('TransposedConvolution', conv, x, options,
                           [('weight', conv.weight, same), ('bias', conv.bias, same)], units=8 + conv(x)[0, 0].numel() * 3)

    def pooling(self):
        for kernel, stride, padding, dilation in itertools.product(
                [(1, 1), (2, 2), (3, 3), (2, 3)], [(1, 1), (2, 2), (3, 2)], [(0, 0), (1, 1)], [(1, 1), (2, 1)]):
            options = {'kernel': kernel, 'stride': stride, 'padding': padding, 'dilation': dilation}
            for shape, dtype in itertools.product([(2, 3, 9, 11), (1, 1, 5, 5), (3, 2, 34, 35)], DTYPES.values()):
                x = self.normal(*shape, dtype=dtype)
                # The values are x's; the gradient's sums depend on their order.
                self.layer('MaxPooling', nn.MaxPool2d(kernel, stride, padding, dilation), x, options,
                           units=kernel[0] * kernel[1])
                if dilation == (1, 1):
                    del options['dilation']
                    # Padding counts as zeros, as count_include_pad=True has it.
                    self.layer('AveragePooling', nn.AvgPool2d(kernel, stride, padding), x, options,
                               units=4 + kernel[0] * kernel[1])
                    options['dilation'] = dilation
        for dtype in DTYPES.values():
            x = self.normal(2, 3, 6, 7, dtype=dtype)
            # The stride is 1 unless it is given. Both refuse a padding of more than half of a window.
            self.layer('MaxPooling', nn.MaxPool2d(2, 1), x, {'kernel': (2, 2)}, units=4)
            self.layer('AveragePooling', nn.AvgPool2d(2, 1), x, {'kernel': (2, 2)}, units=8)
            wide = {'kernel': (3, 3), 'padding': (2, 2)}
            self.layer('MaxPooling', nn.MaxPool2d(3, 1, 2), x, wide)
            self.layer('AveragePooling', nn.AvgPool2d(3, 1, 2), x, wide)
        for value, kernel, dtype in itertools.product([torch.inf, torch.nan], [2, 3], DTYPES.values()):
            x = self.normal(2, 2, 9, 11, dtype=dtype)
            x[1, 1, 4, 4] = value
            self.layer('AveragePooling', nn.AvgPool2d(kernel, 1), x, {'kernel': (kernel, kernel)}, note=f'{value}',
                       units=16)
        ties = torch.tensor([[1.0, 1.0, 0.0, -0.0], [1.0, 0.0, -0.0, 0.0], [2.0, 3.0, 3.0, 2.0], [3.0, 2.0, 3.0, 3.0]])
        special = torch.tensor([[torch.nan, 1.0, torch.inf, 2.0], [3.0, torch.nan, -torch.inf, -5.0],
                                [5.0, 4.0, -3.0, torch.nan], [-torch.inf, 7.0, -2.0, -1.0]])
        # Of several NaNs in a window dlfs takes the first, as of equals, PyTorch the last: the first of what is turned
        # round. Nothing else is equal here.
        turned = lambda pool: lambda x: pool(x.flip(2, 3)).flip(2, 3)
        for (image, around), (kernel, stride), dtype in itertools.product(
                [(ties, same), (special, turned)], [((2, 2), 1), ((2, 2), 2), ((3, 3), 1)], DTYPES.values()):
            self.layer('MaxPooling', around(nn.MaxPool2d(kernel, stride)), image.reshape(1, 1, 4, 4).to(dtype),
                       {'kernel': kernel, 'stride': (stride, stride)}, note='ties' if image is ties else 'special',
                       units=9)
        for shape, dtype in itertools.product([(2, 3, 7, 5), (1, 1, 1, 1), (3, 70, 13, 13)], DTYPES.values()):
            self.layer('GlobalAveragePooling', nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                       self.normal(*shape, dtype=dtype), units=8 + shape[2] * shape[3])

    def batch_normalization(self):
        shapes = [(2, 1), (7, 5), (131, 17), (2, 3, 1, 2), (5, 4, 7, 3), (3, 33, 16, 17)]
        for shape, dtype, momentum, epsilon in itertools.product(shapes, DTYPES.values(), [0.9, 0.3], [1e-5, 0.1]):
            for trains in [True, False]:
                self.normalize_batch(self.normal(*shape, dtype=dtype), momentum, epsilon, trains)
        for dtype in DTYPES.values():
            self.offset(torch.linspace(2000, 2024, 500, dtype=torch.float64), dtype, 'a column "year"')
            self.offset(torch.full((500,), 100.3, dtype=torch.float64), dtype, 'a constant')

    def offset(self, column, dtype, note):
        """A feature far from 0: as exact as its rounding to `dtype` and that of its mean allow. NumPy computes in a
        wider type; PyTorch adds up in one chain, which is off by more."""
        x = column.to(dtype).reshape(-1, 1)
        wide = x.numpy().astype(np.longdouble)
        mean, variance = wide.mean(), wide.var()
        in_type = lambda value: np.asarray(value).reshape(-1).astype(x.numpy().dtype)
        case = self.group.case('BatchNormalization', str(dtype)[6:], {'features': 1}, note)
        zero, one = torch.zeros(1, dtype=dtype), torch.ones(1, dtype=dtype)
        case.input('x', numpy(x)).input('dy', numpy(torch.zeros_like(x)))
        for name, value in [('gamma', one), ('beta', zero), ('running_mean', zero), ('running_variance', one)]:
            case.input('layer.' + name, numpy(value))
        largest, deviation = column.abs().max().item(), (column.var(correction=0) + 1e-5).sqrt().item()
        case.expect('y', in_type((wide - mean) / np.sqrt(variance + 1e-5)).reshape(-1, 1), 4, largest / deviation)
        case.expect('dx', numpy(torch.zeros_like(x)), 1)
        for name in ['gamma', 'beta']:
            case.expect(f'layer.{name} gradient', numpy(zero), 1)
        case.expect('layer.running_mean after', in_type(0.1 * mean), 4)
        case.expect('layer.running_variance after', in_type(0.9 + 0.1 * wide.var(ddof=1)), 16)

    def normalize_batch(self, x, momentum, epsilon, trains, units=64, note=''):
        features = x.shape[1]
        kind = nn.BatchNorm1d if x.dim() == 2 else nn.BatchNorm2d
        # PyTorch's momentum is the part of the new batch, that of dlfs the part that is left of the old ones.
        norm = self.draw(kind(features, eps=epsilon, momentum=1 - momentum, dtype=x.dtype))
        norm.running_mean.copy_(self.normal(features, dtype=x.dtype))
        norm.running_var.copy_(self.normal(features, dtype=x.dtype).abs() + 0.5)
        n = x.numel() // features
        deviation = float((x.transpose(0, 1).reshape(features, -1).var(1, correction=0) + epsilon).sqrt().min())
        self.layer('BatchNormalization', norm, x, {'features': features, 'momentum': momentum, 'epsilon': epsilon},
                   [('gamma', norm.weight, same), ('beta', norm.bias, same)],
                   [('running_mean', lambda: norm.running_mean), ('running_variance', lambda: norm.running_var)],
                   units=units + n, trains=trains, note=note,
                   dx_scale=3 * norm.weight.abs().max().item() / deviation if trains else None)

    def recurrent(self):
        """PyTorch's weights are the transposes. A reversed layer is one of the reversed times."""
        kinds = {'Lstm': lambda d, h, dtype, _: nn.LSTM(d, h, batch_first=True, dtype=dtype),
                 'Gru': lambda d, h, dtype, _: nn.GRU(d, h, batch_first=True, dtype=dtype),
                 'Rnn': lambda d, h, dtype, f: nn.RNN(d, h, nonlinearity=f, batch_first=True, dtype=dtype)}
        for kind, (n, t, d, h), dtype, reverse in itertools.product(
                kinds, [(1, 1, 1, 1), (3, 5, 2, 7), (17, 9, 13, 33), (2, 30, 65, 64)], DTYPES.values(), [False, True]):
            for activation in ['tanh', 'relu'] if kind == 'Rnn' else ['']:
                module = kinds[kind](d, h, dtype, activation)
                with torch.no_grad():
                    for parameter in module.parameters():
                        parameter.copy_(self.normal(*parameter.shape, scale=0.5 / h**0.5))
                parameters = [(f'{name}', getattr(module, name + '_l0'), transposed if name[0] == 'w' else same)
                              for name in ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']]
                options = {'in': d, 'hidden': h, 'reverse': reverse}
                if activation:
                    options['activation'] = activation
                turn = (lambda x: x.flip(1)) if reverse else same
                self.layer(kind, lambda x: turn(module(turn(x))[0]), self.normal(n, t, d, dtype=dtype), options,
                           parameters, units=16 + max(n * t, d, h) * 2)
        for reverse, dtype in itertools.product([False, True], DTYPES.values()):
            self.layer('LastStep', lambda x: x[:, 0 if reverse else -1], self.normal(3, 5, 7, dtype=dtype),
                       {'reverse': reverse})

    def sequences(self):
        for dtype in DTYPES.values():
            for shape, epsilon in itertools.product([(1, 3), (5, 7), (3, 131), (2, 3, 45)], [1e-6, 0.1]):
                norm = self.draw(nn.RMSNorm(shape[-1], eps=epsilon, dtype=dtype))
                self.layer('RmsNormalization', norm, self.normal(*shape, dtype=dtype),
                           {'features': shape[-1], 'epsilon': epsilon}, [('gamma', norm.weight, same)],
                           units=32 + shape[-1])
            for shape, m in [((3, 7), 5), ((2, 5, 7), 9), ((2, 3, 4, 1), 6)]:
                linear = self.draw(nn.Linear(shape[-1], m, dtype=dtype))
                self.layer('Linear', linear, self.normal(*shape, dtype=dtype), {'in': shape[-1], 'out': m},
                           [('weight', linear.weight, transposed), ('bias', linear.bias, same)], units=48)
            for shape, padding_index in itertools.product([(5,), (3, 7), (2, 3, 40)], [None, 1]):
                table = self.draw(nn.Embedding(6, 5, padding_idx=padding_index, dtype=dtype))
                x = torch.randint(6, shape, generator=self.random).to(dtype)
                # Numbers have no gradient: dlfs gives 0.
                self.layer('Embedding', lambda x: table(x.long()) + 0 * x[..., None], x,
                           {'count': 6, 'features': 5, 'padding_index': -1 if padding_index is None else padding_index},
                           [('weight', table.weight, same)], units=64)
            for shape in [(1, 1, 1), (3, 4, 5)]:
                table = self.draw(nn.Embedding(shape[1] + 2, shape[2], dtype=dtype))
                self.layer('LearnedPositionalEncoding', lambda x: x + table(torch.arange(x.shape[1])),
                           self.normal(*shape, dtype=dtype), {'length': shape[1] + 2, 'features': shape[2]},
                           [('weight', table.weight, same)], units=8)
                t, i = torch.meshgrid(torch.arange(shape[1]), torch.arange(shape[2]), indexing='ij')
                angles = t.double() / 10000 ** ((i // 2 * 2).double() / shape[2])
                waves = torch.where(i % 2 == 0, angles.sin(), angles.cos()).to(dtype)
                self.layer('PositionalEncoding', lambda x: x + waves, self.normal(*shape, dtype=dtype),
                           {'length': shape[1] + 2, 'features': shape[2]}, units=8)
            for (n, t, d, heads), causal in itertools.product(
                    [(1, 1, 1, 1), (3, 5, 6, 3), (2, 70, 8, 2), (2, 130, 32, 1)], [False, True]):
                module = nn.MultiheadAttention(d, heads, batch_first=True, dtype=dtype)
                with torch.no_grad():
                    for parameter in module.parameters():
                        parameter.copy_(self.normal(*parameter.shape, scale=d**-0.5))
                mask = torch.ones(t, t, dtype=torch.bool).triu(1) if causal else None
                parameters = [('in_proj_weight', module.in_proj_weight, transposed),
                              ('in_proj_bias', module.in_proj_bias, same),
                              ('out_proj_weight', module.out_proj.weight, transposed),
                              ('out_proj_bias', module.out_proj.bias, same)]
                self.layer('MultiHeadAttention', lambda x: module(x, x, x, need_weights=False, attn_mask=mask)[0],
                           self.normal(n, t, d, dtype=dtype), {'features': d, 'heads': heads, 'causal': causal},
                           parameters, units=64 + 4 * n * t)

    def layer_normalization(self):
        for shape, axes, dtype, epsilon in itertools.product([(1, 3), (5, 7), (3, 131), (2, 3, 4, 5)], [1, 2],
                                                             DTYPES.values(), [1e-5, 0.1]):
            if axes >= len(shape):
                continue
            features = shape[-axes:]
            norm = self.draw(nn.LayerNorm(features, eps=epsilon, dtype=dtype))
            flat = lambda tensor: tensor.reshape(-1)
            count = int(np.prod(features))
            self.layer('LayerNormalization', norm, self.normal(*shape, dtype=dtype),
                       {'features': count, 'epsilon': epsilon},
                       [('gamma', norm.weight, flat), ('beta', norm.bias, flat)], units=64 + count)

    def activations(self):
        modules = {
            'Relu': ({}, nn.ReLU()), 'LeakyRelu': ({'negative_slope': 0.3}, nn.LeakyReLU(0.3)),
            'Elu': ({'alpha': 1.7}, nn.ELU(1.7)), 'Gelu': ({}, nn.GELU()), 'GeluByTanh': ({}, nn.GELU('tanh')),
            'Sigmoid': ({}, nn.Sigmoid()),
            # PyTorch's Softplus goes over to x at its threshold, 20: far above it there is no difference.
            'Softplus': ({}, nn.Softplus(threshold=1000)), 'Swish': ({}, nn.SiLU()), 'Tanh': ({}, nn.Tanh()),
            'HardSigmoid': ({}, nn.Hardsigmoid()), 'HardSwish': ({}, nn.Hardswish()), 'HardTanh': ({'min': -0.5, 'max': 6.0}, nn.Hardtanh(-0.5, 6.0)),
            'Identity': ({}, nn.Identity())}
        for (kind, (options, module)), dtype in itertools.product(modules.items(), DTYPES.values()):
            for shape in [(1, 1), (3, 7), (2, 3, 5, 7), (131, 67), (0, 3)]:
                x = self.normal(*shape, dtype=dtype, scale=3)
                # Slopes are differences of what is at most 1; so are the probabilities that GELU multiplies x by.
                self.layer(kind, module, x, options, units=16, dx_scale=3,
                           y_scale=x.abs().max().item() if kind.startswith('Gelu') and x.numel() else None)
            tiny = torch.finfo(dtype).tiny
            special = torch.tensor([[0.0, -0.0, 1e-30, -1e-30, tiny, -tiny, tiny / 8, 30.0, -30.0, 80.0, -80.0, 1e30,
                                     -1e30, torch.inf, -torch.inf, torch.nan]], dtype=dtype)
            case = self.layer(kind, module, special, options, units=16, note='special', dy=torch.ones_like(special))
            if kind == 'GeluByTanh':  # PyTorch's gradient is NaN where the square overflows
                case.leave_out('dx', numpy(special.square().isinf()))
            if kind.startswith('Gelu'):  # at infinity it is infinity, as PyTorch's of double; its vectors of float have NaN
                for name in ['y', 'prediction']:
                    case.leave_out(name, numpy(torch.isinf(special) & (dtype == torch.float32)))
        self.layer('LeakyRelu', nn.LeakyReLU(), self.normal(3, 5), note='default', units=4)
        self.layer('Elu', nn.ELU(), self.normal(3, 5), note='default', units=4)
        for dtype in DTYPES.values():
            self.layer('Flatten', nn.Flatten(), self.normal(3, 2, 5, 7, dtype=dtype), units=0)
            self.layer('PadChannels', lambda x: F.pad(x, (0, 0, 0, 0, 0, 4)), self.normal(2, 3, 5, 7, dtype=dtype),
                       {'channels': 7}, units=0)

    def learned_slopes(self):
        for shape, per_channel, dtype in itertools.product([(1, 1), (3, 7), (5, 3, 11), (2, 4, 5, 7), (37, 2, 3)],
                                                           [True, False], DTYPES.values()):
            slopes = shape[1] if per_channel else 1
            prelu = self.draw(nn.PReLU(slopes, dtype=dtype))
            self.layer('PRelu', prelu, self.normal(*shape, dtype=dtype), {'slopes': slopes},
                       [('slope', prelu.weight, same)], units=16 + int(np.prod(shape)))

    def softmaxes(self):
        for shape, dtype in itertools.product([(1, 1), (3, 7), (2, 5, 11), (3, 4, 5, 7), (5, 1003), (0, 3)],
                                              DTYPES.values()):
            for offset in [0, 1000]:
                x = self.normal(*shape, dtype=dtype, scale=3, offset=offset)
                self.layer('Softmax', nn.Softmax(1), x, units=32, dx_scale=1)
                self.layer('LogSoftmax', nn.LogSoftmax(1), x, units=32 + shape[1], dx_scale=3,
                           y_scale=float(x.abs().max()) if x.numel() else None)

    def shapes(self):
        for dtype in DTYPES.values():
            x = self.normal(3, 4, 5, 6, dtype=dtype)
            self.layer('Reshape', nn.Unflatten(1, (6, 20)), self.normal(3, 120, dtype=dtype), {'shape': (6, 20)}, units=0)
            self.layer('Reshape', lambda x: x.reshape(3, 8, 15), x, {'shape': (8, 15)}, units=0)
            self.layer('Reshape', lambda x: x.reshape(3, 7, 15), x, {'shape': (7, 15)})
            self.layer('Permute', lambda x: x.permute(0, 2, 3, 1), x, {'last': True}, units=0)
            self.layer('Permute', lambda x: x.permute(0, 3, 1, 2), x, {'last': False}, units=0)
            self.layer('SliceAxis', lambda x: x[:, 1:3], x, {'axis': 1, 'start': 1, 'stop': 3, 'step': 1}, units=0)
            self.layer('SliceAxis', lambda x: x[..., 1:-1:3], x, {'axis': 3, 'start': 1, 'stop': -1, 'step': 3}, units=0)
            for factor in [1, 2, 3]:
                self.layer('PixelShuffle', nn.PixelShuffle(factor), self.normal(2, 2 * factor ** 2, 3, 5, dtype=dtype),
                           {'factor': factor}, units=0)
            self.layer('PixelShuffle', nn.PixelShuffle(2), self.normal(2, 6, 3, 5, dtype=dtype), {'factor': 2})
            for factor, shape in itertools.product([(1, 1), (2, 2), (3, 2), (1, 5)], [(2, 3, 5, 7), (1, 5, 1, 1), (2, 1, 8, 3)]):
                x = self.normal(*shape, dtype=dtype)
                for bilinear in [False, True]:
                    module = nn.Upsample(scale_factor=factor, mode='bilinear' if bilinear else 'nearest')
                    self.layer('Upsampling', module, x, {'factor': factor, 'bilinear': bilinear}, units=32)

    def adaptive_pooling(self):
        for size, shape, dtype in itertools.product([(1, 1), (3, 2), (7, 7), (4, 9)],
                                                    [(2, 3, 7, 5), (1, 1, 1, 1), (3, 2, 13, 14)], DTYPES.values()):
            self.layer('AdaptiveAveragePooling', nn.AdaptiveAvgPool2d(size), self.normal(*shape, dtype=dtype), {'size': size},
                       units=8 + shape[2] * shape[3])

    def pooling_at_edges(self):
        for (kernel, stride, padding), shape, counts, dtype in itertools.product(
                [((2, 2), (2, 2), (0, 0)), ((3, 3), (2, 2), (1, 1)), ((3, 2), (3, 2), (1, 0)), ((2, 3), (3, 3), (1, 1))],
                [(2, 3, 7, 8), (1, 1, 5, 5), (3, 2, 10, 13)], [True, False], DTYPES.values()):
            for ceil in [True, False]:
                options = {'kernel': kernel, 'stride': stride, 'padding': padding, 'ceil_mode': ceil}
                x = self.normal(*shape, dtype=dtype)
                if counts:
                    self.layer('MaxPooling', nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil), x, options, units=9)
                self.layer('AveragePooling', nn.AvgPool2d(kernel, stride, padding, ceil, counts), x,
                           options | {'count_include_pad': counts}, units=16)

    def group_normalization(self):
        for shape, groups, dtype, epsilon in itertools.product([(7, 6), (2, 6, 5), (3, 6, 4, 7), (5, 12, 13, 11)], [1, 2, 6],
                                                               DTYPES.values(), [1e-5, 0.1]):
            features = shape[1]
            kinds = [('GroupNormalization', nn.GroupNorm(groups, features, eps=epsilon, dtype=dtype))]
            if groups == 6 and len(shape) > 2:
                instances = nn.InstanceNorm1d if len(shape) == 3 else nn.InstanceNorm2d
                kinds.append(('InstanceNormalization', instances(features, eps=epsilon, affine=True, dtype=dtype)))
            x = self.normal(*shape, dtype=dtype)
            if groups == features and len(shape) == 2:
                x = x * 0  # groups of one number have no variance: what is left is beta
            for kind, norm in kinds:
                norm = self.draw(norm)
                options = {'features': features, 'epsilon': epsilon}
                if kind == 'GroupNormalization':
                    options['groups'] = groups
                in_group = x.reshape(shape[0], groups if kind == 'GroupNormalization' else features, -1)
                deviation = float((in_group.var(2, correction=0) + epsilon).sqrt().min())
                self.layer(kind, norm, x, options, [('gamma', norm.weight, same), ('beta', norm.bias, same)],
                           units=64 + x.numel() // features, dx_scale=3 * norm.weight.abs().max().item() / deviation)

    def channels_of_sequences(self):
        for kernel, stride, padding, dilation, dtype in itertools.product([1, 2, 3], [1, 2, 3], [0, 1], [1, 2],
                                                                          DTYPES.values()):
            options = {'kernel': kernel, 'stride': stride, 'padding': padding, 'dilation': dilation}
            x = self.normal(3, 4, 19, dtype=dtype)
            self.layer('MaxPooling1d', nn.MaxPool1d(kernel, stride, padding, dilation), x, options, units=4)
            if dilation == 1:
                self.layer('AveragePooling1d', nn.AvgPool1d(kernel, stride, padding), x, options, units=8)
            for groups, bias in [(1, True), (2, False)]:
                conv = self.draw(nn.Conv1d(4, 6, kernel, stride, padding, dilation, groups, bias, dtype=dtype))
                parameters = [('weight', conv.weight, same)] + ([('bias', conv.bias, same)] if bias else [])
                given = options | {'in': 4, 'filters': 6, 'groups': groups, 'bias': bias}
                self.layer('Convolution1d', conv, x, given, parameters, units=128)
                if padding == 0:  # zeros on the left alone
                    causal = nn.Sequential(nn.ConstantPad1d(((kernel - 1) * dilation, 0), 0), conv)
                    conv.zero_grad()
                    self.layer('Convolution1d', causal, x, given | {'causal': True}, parameters, units=128)

    def volumes(self):
        for kernel, stride, padding, dilation, dtype in itertools.product(
                [(1, 1, 1), (2, 3, 2), (3, 2, 1)], [(1, 1, 1), (2, 1, 2)], [(0, 0, 0), (1, 1, 0)], [(1, 1, 1), (2, 1, 1)],
                DTYPES.values()):
            options = {'kernel': kernel, 'stride': stride, 'padding': padding, 'dilation': dilation}
            x = self.normal(2, 4, 7, 6, 5, dtype=dtype)
            if all(2 * p <= k for p, k in zip(padding, kernel)):
                self.layer('MaxPooling3d', nn.MaxPool3d(kernel, stride, padding, dilation), x, options, units=4)
                if dilation == (1, 1, 1):
                    self.layer('AveragePooling3d', nn.AvgPool3d(kernel, stride, padding), x, options, units=16)
            for groups, bias in [(1, True), (2, False)]:
                conv = self.draw(nn.Conv3d(4, 6, kernel, stride, padding, dilation, groups, bias, dtype=dtype))
                parameters = [('weight', conv.weight, same)] + ([('bias', conv.bias, same)] if bias else [])
                given = options | {'in': 4, 'filters': 6, 'groups': groups, 'bias': bias}
                self.layer('Convolution3d', conv, x, given, parameters, units=256)

    def dropout(self):
        for ratio, in_training, dtype in itertools.product([0.0, 0.3, 0.9], [True, False], DTYPES.values()):
            x = self.normal(101, 53, dtype=dtype) + 10  # no zeros
            dy = self.normal(101, 53, dtype=dtype) + 10
            # Scaled in evaluation, as in the paper and the book: PyTorch's training, times 1 - ratio at both times.
            factor = 1 if in_training else 1 - ratio
            case = self.group.case('Dropout', str(dtype)[6:], {'ratio': ratio, 'in_training': in_training})
            case.input('x', numpy(x)).input('dy', numpy(dy))
            case.expect('prediction', numpy(nn.Dropout(ratio).eval()(x) * factor), 4)
            case.expect('y', numpy(kept_by_dropout(x, ratio) * factor), 4)
            case.expect('dx', numpy(kept_by_dropout(dy, ratio) * factor), 4)

    def losses(self):
        for (n, c), dtype in itertools.product([(1, 1), (1, 2), (7, 3), (131, 10), (2, 1003)], DTYPES.values()):
            for scale, offset in [(1, 0), (30, 0), (1, 1000)]:
                self.cross_entropy(self.normal(n, c, dtype=dtype, scale=scale, offset=offset),
                                   torch.randint(c, (n,), generator=self.random), note=f'*{scale}+{offset}')
            logits = self.normal(n, c, dtype=dtype, scale=5)
            self.cross_entropy(logits, torch.softmax(self.normal(n, c, dtype=dtype), 1), 'distribution')
            self.cross_entropy(logits, self.normal(n, c, dtype=dtype).abs(), 'sums other than 1')
        for logits in [[0.0, 1e30], [1e4, -1e4], [-torch.inf, 0.0], [0.0, -torch.inf], [torch.nan, 0.0],
                       [torch.inf, 0.0], [-torch.inf, -torch.inf]]:
            for label, dtype in itertools.product([0, 1], DTYPES.values()):
                self.cross_entropy(torch.tensor([logits], dtype=dtype), torch.tensor([label]), f'logits={logits} label={label}')
        for shape, dtype in itertools.product([(1,), (3, 7), (131, 5), (2, 3, 4, 5)], DTYPES.values()):
            y = self.normal(*shape, dtype=dtype).requires_grad_()
            t = self.normal(*shape, dtype=dtype)
            loss = F.mse_loss(y, t)
            loss.backward()
            case = self.group.case('MeanSquaredError', str(dtype)[6:], note=str(tuple(shape)))
            case.input('y', numpy(y)).input('t', numpy(t))
            case.expect('loss', numpy(loss), 8 + y.numel()).expect('gradient', numpy(y.grad), 4)
        self.other_losses()

    def other_losses(self):
        for shape, dtype, scale in itertools.product([(1, 1), (3, 7), (131, 5), (2, 3, 4, 5)], DTYPES.values(), [1, 30]):
            y = self.normal(*shape, dtype=dtype, scale=scale)
            numbers = self.normal(*shape, dtype=dtype, scale=scale)
            t = torch.rand(*shape, generator=self.random, dtype=torch.float64).to(dtype)
            weights = (torch.rand(shape[1], generator=self.random, dtype=torch.float64) + 0.5).to(dtype)
            along_axis_1 = weights.reshape(-1, *[1] * (len(shape) - 2))
            labels = torch.randint(shape[1], (shape[0], *shape[2:]), generator=self.random)
            labels.flatten()[1::3] = -1
            self.loss('MeanAbsoluteError', F.l1_loss, y, numbers)
            for delta in 0.3, 1.0:
                self.loss('Huber', lambda y, t: F.huber_loss(y, t, delta=delta), y, numbers, {'delta': delta})
            self.loss('BinaryCrossEntropy', F.binary_cross_entropy_with_logits, y, t)
            self.loss('BinaryCrossEntropy',
                      lambda y, t: F.binary_cross_entropy_with_logits(y, t, pos_weight=along_axis_1), y, t,
                      weights=weights)
            for alpha, gamma in (0.25, 2.0), (-1.0, 1.5):
                self.loss('SigmoidFocal', lambda y, t: sigmoid_focal(y, t, alpha, gamma), y, t.round(),
                          {'alpha': alpha, 'gamma': gamma})
            self.loss('KullbackLeibler',
                      lambda y, t: F.kl_div(F.log_softmax(y, 1), t, reduction='batchmean'), y, t)
            if (labels >= 0).any():
                self.loss('SoftmaxCrossEntropy',
                          lambda y, t: F.cross_entropy(y, t, weights, ignore_index=-1, label_smoothing=0.1), y, labels,
                          {'label_smoothing': 0.1, 'ignore_index': -1}, weights)
            self.loss('SoftmaxCrossEntropy', lambda y, t: F.cross_entropy(y, t, weights, label_smoothing=0.1), y, t,
                      {'label_smoothing': 0.1}, weights)

    def loss(self, kind, function, y, targets, options=None, weights=None):
        y = y.clone().requires_grad_()
        loss = function(y, targets)
        loss.backward()
        case = self.group.case(kind, str(y.dtype)[6:], options, note=str(tuple(y.shape)))
        case.input('logits', numpy(y))
        if targets.dtype == torch.int64:
            case.input('labels', numpy(targets).astype(np.int32))
        else:
            case.input('targets', numpy(targets))
        if weights is not None:
            case.input('weights', numpy(weights))
        largest = max(1.0, float(y.detach().abs().max()))
        case.expect('loss', numpy(loss), 16 + y.numel(), scale=largest * max(1.0, float(loss)))
        # Beside a sigmoid that is nearly 1, PyTorch loses digits of small gradients.
        case.expect('gradient', numpy(y.grad), 16 + 2 * largest, scale=max(1.0, float(y.grad.abs().max())))

    def cross_entropy(self, logits, targets, note=''):
        logits = logits.clone().requires_grad_()
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        case = self.group.case('SoftmaxCrossEntropy', str(logits.dtype)[6:], note=f'{tuple(logits.shape)} {note}')
        case.input('logits', numpy(logits))
        if targets.dtype == torch.int64:
            case.input('labels', numpy(targets).astype(np.int32))
        else:
            case.input('targets', numpy(targets))
        finite = logits.detach()[torch.isfinite(logits)].abs()
        largest = float(finite.max()) if len(finite) else 1.0
        # A loss is a difference of logits, whose rounding it shares.
        case.expect('loss', numpy(loss), 16 + logits.shape[1], scale=max(1.0, largest))
        total = targets.sum(1).max().item() if targets.is_floating_point() else 1.0
        case.expect('gradient', numpy(logits.grad), 16 + logits.shape[1] + 2 * largest, scale=max(1.0, total))


def sigmoid_focal(x, t, alpha, gamma):
    """As torchvision defines it."""
    p = torch.sigmoid(x)
    p_of_target = p * t + (1 - p) * (1 - t)
    loss = F.binary_cross_entropy_with_logits(x, t, reduction='none') * (1 - p_of_target) ** gamma
    return (loss if alpha < 0 else loss * (alpha * t + (1 - alpha) * (1 - t))).mean()


def kept_by_dropout(x, ratio):
    """What PyTorch makes of x where it keeps it, by repeating until each number was kept."""
    result = torch.zeros_like(x)
    while (result == 0).any():
        result = torch.where(result == 0, F.dropout(x, ratio), result)
    return result


def make():
    layers = Layers()
    for part in [layers.affine, layers.convolution, layers.transposed_convolution, layers.pooling,
                 layers.recurrent, layers.sequences, layers.batch_normalization, layers.layer_normalization,
                 layers.activations, layers.learned_slopes, layers.softmaxes, layers.shapes, layers.adaptive_pooling,
                 layers.pooling_at_edges, layers.group_normalization, layers.channels_of_sequences, layers.volumes, layers.dropout,
                 layers.losses]:
        part()
    return layers.group
