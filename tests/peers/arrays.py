"""Making, reshaping, indexing, joining, sorting and counting by NumPy; windows and images by PyTorch."""
import itertools

import numpy as np
import torch
from torch.nn import functional as F

from cases import Group
from elementwise import REALS, Elementwise, special

TYPES = ['float64', 'int32', 'bool']
NUMBERS = ['float64', 'float32', 'int64', 'uint8']
SHAPES = [(), (1,), (7,), (0,), (3, 5), (2, 0, 3), (2, 3, 5), (1, 3, 1), (2, 3, 4, 5), (67, 131)]
LAYOUTS = ['dense', 'transposed', 'reversed']


def outcome(case, compute):
    """Expects what `compute` gives, or a refusal where NumPy raises an error."""
    try:
        y = compute()
    except (ValueError, IndexError, TypeError):
        return case.refuse()
    return case.expect('y', y)


class Arrays:
    def __init__(self):
        self.group = Group('arrays')
        self.random = np.random.default_rng(2)
        self.draw = Elementwise().draw

    def x(self, kind, dtype, x, options=None, layout='dense', note=''):
        options = dict(options or {})
        if layout != 'dense':
            options['layout'] = layout
        return self.group.case(kind, dtype, options, note or str(x.shape)).input('x', x)

    def each(self, kind, f, ways):
        """f(x, **options) for all inputs, and the options that ways(x) gives."""
        for dtype, shape in itertools.product(TYPES, SHAPES):
            for options, layout in itertools.product(ways(np.zeros(shape)), LAYOUTS):
                x = self.draw(dtype, shape)
                case = self.x(kind, dtype, x, options, layout)
                if kind in ('squeeze', 'repeat') and 'axis' in options and x.ndim == 0:
                    case.refuse()  # NumPy has these name an axis of a number, which has none
                else:
                    outcome(case, lambda: f(x, **options))

    def creation(self):
        for dtype in ['float64', 'float32', 'int32']:
            real = dtype != 'int32'
            ranges = [(0, 5, 1), (5, 0, 1), (5, 0, -1), (-7, 20, 3), (0, 0, 1), (3, 3, -1), (0, 1031, 7)]
            ranges += [(0, 1, 0.25), (0.1, 1, 0.1), (1, 0, -0.3), (-1e9, 1e9, 1e7), (0, 1, 1e-3)] if real else []
            for start, stop, step in ranges:
                start, stop, step = (np.array(value, dtype) for value in (start, stop, step))
                # With numbers of one type NumPy computes in it, as dlfs; it takes the count from its own division.
                case = self.group.case('arange', dtype, note=f'{start} {stop} {step}')
                case.input('start', start).input('stop', stop).input('step', step)
                case.expect('y', np.arange(start[()], stop[()], step[()], dtype))
            zero = np.array(0, dtype)
            self.group.case('arange', dtype, note='step 0').input('start', zero).input('stop', zero + 1).input(
                'step', zero).refuse()
            for rows, columns in [(1, 1), (3, 3), (3, 5), (5, 3), (0, 3)]:
                self.group.case('eye', dtype, {'rows': rows, 'columns': columns}).expect('y', np.eye(rows, columns, dtype=dtype))
            for shape in SHAPES:
                for kind, f in [('zeros', np.zeros), ('ones', np.ones), ('full', lambda s, t: np.full(s, 7, t))]:
                    self.group.case(kind, dtype, {'shape': shape}).expect('y', f(shape, dtype))
        for dtype in REALS:
            for start, stop, count in [(0, 1, 5), (0, 1, 1), (0, 1, 0), (1, -1, 7), (-3, 3, 131), (2, 2, 3), (0, 1, -1)]:
                for kind, f in [('linspace', np.linspace), ('logspace', np.logspace)]:
                    start, stop = np.array(start, dtype), np.array(stop, dtype)
                    case = self.group.case(kind, dtype, {'count': count}, f'{start} {stop}')
                    case.input('start', start).input('stop', stop)
                    if count < 0:
                        case.refuse()
                        continue
                    y = f(start, stop, count, dtype=dtype)
                    # The exponents, up to 3, have rounding errors, which powers of 10 enlarge by log(10).
                    case.expect('y', y, 0 if kind == 'linspace' and dtype == 'float64' else
                                4 if kind == 'linspace' else 16, 'each' if kind == 'logspace' else None)

    def views(self):
        s = slice
        subscripts = [(0,), (-1,), (7,), (s(1, None),), (s(None, -1),), (s(None, None, 2),), (s(None, None, -1),),
                      (s(-2, None),), (s(5, 1, -2),), (s(100, 200),), (s(-100, 2),), (..., 0), (0, ...), (..., -1, s(None)),
                      (None, ...), (..., None), (s(None), 1), (s(None), s(None, None, -2)), (0, s(1, 3)),
                      (s(None), None, s(1, None)), (1, ..., -1), (s(0, 0),), (0, 0, 0, 0), (s(None), s(None), s(None, None, 3))]

        def text(part):
            if part is Ellipsis:
                return '...'
            return 'new' if part is None else [part.start, part.stop, part.step] if isinstance(part, slice) else part

        for parts, shape, layout in itertools.product(subscripts, SHAPES, LAYOUTS):
            if all(isinstance(part, int) for part in parts) and len(parts) >= len(shape):
                continue  # an element, not a part
            x = self.draw('float64', shape)
            outcome(self.x('TensorView', 'float64', x, {'subscripts': [text(part) for part in parts]}, layout),
                    lambda: x[parts])
        for dtype, shape in itertools.product(TYPES, SHAPES):
            for to in [(-1,), (1, -1), (-1, 1), (3, -1), (5, 3), (3, 2, -1), (-1, -1), (7,), (0, -1)]:
                x = self.draw(dtype, shape)
                outcome(self.x('Tensor', dtype, x, {'to': to}), lambda: x.reshape(to))
        for a, b in [((8, 1, 6), (7, 1)), ((), (3,)), ((1,), (0,)), ((2, 3), (3,)), ((2, 3), (2,)), ((3, 1), (1, 5)), ((0, 3), (1, 3))]:
            x = np.array(self.random.standard_normal(a))
            case = self.group.case('broadcast_shapes', 'float64', {'a': a, 'b': b}).input('x', x)
            outcome(case, lambda: np.broadcast_to(x, np.broadcast_shapes(a, b)))
        pairs = lambda x: [(i, j) for i in range(-x.ndim - 1, x.ndim + 1) for j in (0, -1, x.ndim)]
        self.each('swap_axes', lambda x, first, second: np.swapaxes(x, first, second),
                  lambda x: [{'first': i, 'second': j} for i, j in pairs(x)])
        self.each('move_axis', lambda x, **o: np.moveaxis(x, o['from'], o['to']),
                  lambda x: [{'from': i, 'to': j} for i, j in pairs(x)])
        self.each('expand_dims', np.expand_dims, lambda x: [{'axis': i} for i in range(-x.ndim - 2, x.ndim + 2)])
        self.each('squeeze', np.squeeze, lambda x: [{}] + [{'axis': i} for i in range(-x.ndim - 1, x.ndim + 1)])
        self.each('ravel', np.ravel, lambda x: [{}])

    def indexing(self):
        for dtype, shape, layout in itertools.product(TYPES, SHAPES, ['dense', 'transposed']):
            for axis in range(-len(shape), len(shape)):
                extent = shape[axis]
                for index_shape in [(), (1,), (5,), (2, 3), (0,)]:
                    if extent == 0 and index_shape != (0,):
                        continue
                    x = self.draw(dtype, shape)
                    indices = np.array(self.random.integers(-extent, max(extent, 1), index_shape), np.int64)
                    options = {'axis': axis}
                    self.x('take', dtype, x, options, layout, f'{shape} {index_shape}').input('indices', indices).expect(
                        'y', np.take(x, indices, axis))
                    for values in [self.draw(dtype, ()), self.draw(dtype, np.take(x, indices, axis).shape)]:
                        y = x.copy()
                        at = (slice(None),) * (axis % len(shape)) + (indices,)
                        y[at] = values
                        self.x('index_put', dtype, x, options, layout, f'{shape} {index_shape}').input('indices', indices).input(
                            'values', values).expect('y', y)
                if 0 in shape:
                    continue
                for extents in [shape[:axis % len(shape)] + (n,) + shape[axis % len(shape) + 1:] for n in (1, 4)]:
                    x = self.draw(dtype, shape)
                    indices = np.array(self.random.integers(-extent, extent, extents), np.int64)
                    values = self.draw(dtype, extents)
                    case = self.x('take_along_axis', dtype, x, {'axis': axis}, layout).input('indices', indices)
                    case.expect('y', np.take_along_axis(x, indices, axis))
                    y = x.copy()
                    np.put_along_axis(y, indices, values, axis)
                    self.x('put_along_axis', dtype, x, {'axis': axis}, layout).input('indices', indices).input(
                        'values', values).expect('y', y)
            x = self.draw(dtype, shape)
            for rank in range(1, len(shape) + 1):
                mask = self.random.random(shape[:rank]) < 0.4
                self.x('extract', dtype, x, {}, layout, f'{shape} {rank}').input('mask', mask).expect('y', x[mask])
                for values in [self.draw(dtype, ()), self.draw(dtype, x[mask].shape)]:
                    y = x.copy()
                    y[mask] = values
                    self.x('index_put_mask', dtype, x, {}, layout, f'{shape} {rank}').input('mask', mask).input(
                        'values', values).expect('y', y)
        for indices in [[3], [-4]]:
            x, indices = self.draw('float64', (3, 5)), np.array(indices)
            outcome(self.x('take', 'float64', x, {'axis': 0}, note='out of range').input('indices', indices),
                    lambda: np.take(x, indices, 0))

    def joining(self):
        sets = [[(3,)], [(3,), (1,), (0,)], [(2, 3), (5, 3)], [(2, 3), (2, 5)], [(2, 3, 5), (2, 3, 5)], [(0, 3), (2, 3)],
                [(2, 3), (3,)], [()], [(67, 131), (2, 131), (1, 131)]]
        for dtype, shapes in itertools.product(TYPES, sets):
            parts = [self.draw(dtype, shape) for shape in shapes]
            for kind, f in [('concatenate', np.concatenate), ('stack', np.stack)]:
                for axis in range(-len(shapes[0]) - 1, len(shapes[0]) + 2):
                    case = self.group.case(kind, dtype, {'axis': axis}, ' '.join(str(shape) for shape in shapes))
                    for i, part in enumerate(parts):
                        case.input(f'x{i}', part)
                    outcome(case, lambda: f(parts, axis))
            for shape, at, axis in itertools.product([(6,), (6, 3), (3, 6), (0, 6)], [1, 2, 3, 6, 4, [1], [2, 4], [4, 2], [-1, 100]],
                                                     [0, -1, 1]):
                x = self.draw(dtype, shape)
                case = self.x('split', dtype, x, {'at': at, 'axis': axis})
                try:
                    for i, part in enumerate(np.split(x, at, axis)):
                        case.expect(f'y{i}', part)
                except (ValueError, IndexError):
                    case.refuse()
        axes = lambda x: range(-x.ndim - 1, x.ndim + 1)
        self.each('flip', np.flip, lambda x: [{'axis': i} for i in axes(x)])
        self.each('roll', np.roll, lambda x: [{'shift': n, 'axis': i} for i in axes(x) for n in (-1, 2, 100)])
        self.each('repeat', lambda x, count, axis: np.repeat(x, count, axis),
                  lambda x: [{'count': n, 'axis': i} for i in axes(x) for n in (0, 1, 3)])
        self.each('tile', lambda x, counts: np.tile(x, counts), lambda x: [{'counts': n} for n in [(), (2,), (2, 1), (1, 0), (2, 1, 3)]])
        for dtype, shape, mode in itertools.product(TYPES, [(1,), (3,), (3, 5), (0, 3), (2, 1, 3)], ['constant', 'edge', 'reflect']):
            for widths in [[(0, 0)], [(1, 2)], [(7, 5)], [(1, 0), (0, 2)], [(1, 0), (0, 2), (3, 3)], [(0, 0), (1, 1)], [(-1, 0)]]:
                x = self.draw(dtype, shape)
                options = {'widths': widths, 'mode': mode} | ({'value': 1} if mode == 'constant' else {})
                outcome(self.x('pad', dtype, x, options),
                        lambda: np.pad(x, widths, mode, **({'constant_values': 1} if mode == 'constant' else {})))

    def sorting(self):
        for dtype, shape, layout in itertools.product(NUMBERS, SHAPES[1:] + [(1031,)], LAYOUTS):
            x = self.draw(dtype, shape)
            if dtype in REALS and x.size > 3:
                x = np.round(x) + 0.0  # ties, without -0
                x.reshape(-1)[1::5] = np.nan
            for axis in range(-1, x.ndim - 1):
                self.x('sort', dtype, x, {'axis': axis}, layout).expect('y', np.sort(x, axis))
                self.x('argsort', dtype, x, {'axis': axis}, layout).expect('y', np.argsort(x, axis, kind='stable'))
            values, counts = np.unique(x, return_counts=True)
            self.x('unique', dtype, x, {}, layout).expect('values', values).expect('counts', counts)
        for dtype in NUMBERS:
            self.x('sort', dtype, special(dtype)).expect('y', np.sort(special(dtype), kind='stable'), signed_zeros=False)
            self.x('argsort', dtype, special(dtype)).expect('y', np.argsort(special(dtype), kind='stable'))
        for dtype, shape, bins, (low, high) in itertools.product(REALS, [(0,), (7,), (3, 5), (1031,)], [1, 3, 10, 131],
                                                                 [(-1, 1), (0, 0.3), (-100, 100)]):
            x = self.draw(dtype, shape)
            low, high = np.array(low, dtype), np.array(high, dtype)
            x.reshape(-1)[1::7] = low
            x.reshape(-1)[2::7] = high
            x.reshape(-1)[3::7] = np.linspace(low, high, bins + 1, dtype=dtype)[bins // 2]
            counts, edges = np.histogram(x, bins, (low, high))
            case = self.x('histogram', dtype, x, {'bins': bins}, note=f'{x.shape} {low} {high}')
            case.input('low', low).input('high', high)
            # NumPy's edges of float are those of double, rounded; its counts are those between them.
            case.expect('counts', counts).expect('edges', edges.astype(dtype), 4)
        for labels, classes in [([0, 2, 1], 3), ([], 3), ([[0, 1], [1, 1]], 2), ([5], 5), ([-1], 5)]:
            labels = np.array(labels, np.int64)
            case = self.group.case('one_hot', 'float64', {'classes': classes}, str(labels.shape)).input('labels', labels)
            try:
                case.expect('y', F.one_hot(torch.tensor(labels), classes).double().numpy())
            except RuntimeError:
                case.refuse()

    def images(self):
        for dtype, kernel, stride, padding, dilation in itertools.product(
                REALS, [(1, 1), (3, 3), (2, 5)], [(1, 1), (2, 3)], [(0, 0), (1, 2)], [(1, 1), (2, 1)]):
            image = torch.tensor(self.draw(dtype, (3, 9, 11)))
            options = {'kernel': kernel, 'stride': stride, 'padding': padding, 'dilation': dilation}
            columns = F.unfold(image[None], kernel, dilation, padding, stride)
            self.group.case('im2col', dtype, options).input('image', image.numpy()).expect('columns', columns[0].numpy())
            folded = F.fold(columns, (9, 11), kernel, dilation, padding, stride)[0]
            self.group.case('col2im', dtype, options).input('columns', columns[0].numpy()).expect(
                'image', folded.numpy(), 8 + kernel[0] * kernel[1])
        for dtype, (c, h, w), out in itertools.product(REALS, [(1, 1, 2), (3, 7, 5), (2, 28, 28)], [(1, 1), (5, 9)]):
            x = self.draw(dtype, (c, h, w))
            rows = np.array(self.random.uniform(-2, h + 1, out), dtype)
            columns = np.array(self.random.uniform(-2, w + 1, out), dtype)
            rows.reshape(-1)[::4] = np.round(rows.reshape(-1)[::4])  # pixels themselves
            # grid_sample takes x from -1 to 1 from one end to the other; beyond lie zeros. An image one pixel high has no
            # such ends, so it gets a row of zeros.
            padded = torch.tensor(np.pad(x, ((0, 0), (3, 3), (3, 3)))).double()
            at = lambda place, extent: torch.tensor(2 * (place.astype(np.float64) + 3) / (extent + 5) - 1)
            grid = torch.stack([at(columns, w), at(rows, h)], -1)[None]
            y = F.grid_sample(padded[None], grid, padding_mode='zeros', align_corners=True)[0].numpy().astype(dtype)
            case = self.group.case('map_coordinates', dtype, note=f'{x.shape} {out}').input('x', x)
            case.input('rows', rows).input('columns', columns).expect('y', y, 8 * (w + h), signed_zeros=False)
        # From both sides, as much is cut off: the resized image has a whole number of pixels.
        for dtype, (shape, resized, out) in itertools.product(REALS, [
                ((1, 7, 5), (7, 5), (7, 5)), ((3, 28, 20), (7, 5), (7, 5)), ((2, 20, 30), (8, 12), (8, 8)),
                ((1, 9, 6), (24, 16), (18, 16)), ((2, 30, 5), (12, 2), (8, 2)), ((1, 1, 1), (3, 3), (3, 3)),
                ((1, 224, 160), (35, 25), (25, 25))]):
            x = self.draw(dtype, shape)
            y = F.interpolate(torch.tensor(x)[None].double(), resized, mode='bilinear', antialias=True)[0].numpy()
            top, left = (resized[0] - out[0]) // 2, (resized[1] - out[1]) // 2
            y = y[:, top:top + out[0], left:left + out[1]].astype(dtype)
            case = self.group.case('resize_and_crop', dtype, note=f'{x.shape} {out}').input('x', x)
            # A pixel's centre is exact to the last place of the image's extent.
            case.expect('y', np.ascontiguousarray(y), 4 * max(shape), signed_zeros=False)
        for dtype, (shape, axis) in itertools.product(REALS, [((3, 5), 0), ((3, 5), 1), ((7, 2, 3, 3), 0), ((1, 131), -1)]):
            x = self.draw(dtype, shape)
            x.reshape(-1)[0] = 0
            others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
            scales = np.abs(x).max(others) / np.array(127, dtype)
            restored = torch.fake_quantize_per_channel_affine(
                torch.tensor(x).float(), torch.tensor(scales).float(), torch.zeros(len(scales)), axis % x.ndim, -127, 127)
            values = np.round(restored.numpy() / np.expand_dims(scales, others))
            case = self.x('quantize', dtype, x, {'axis': axis})
            case.expect('values', values.astype(np.int8)).expect('scales', scales)
            # PyTorch computes in float.
            case.expect('restored', restored.numpy().astype(dtype), 4 if dtype == 'float32' else 2.0**31)


    def names(self):
        """The rows of docs/pytorch.md on tensors: what PyTorch calls what has NumPy's name in dlfs."""
        x = np.array(self.random.standard_normal((3, 4, 5)))
        t = torch.tensor(x)
        indices, mask = np.array([2, 0]), x > 0
        along = np.argmax(x, 1, keepdims=True)
        pairs = [(torch.cat([t, t], 1), np.concatenate([x, x], 1)), (torch.stack([t, t]), np.stack([x, x])),
                 (t.index_select(1, torch.tensor(indices)), np.take(x, indices, 1)),
                 (t.gather(1, torch.tensor(along)), np.take_along_axis(x, along, 1)),
                 (t.masked_select(torch.tensor(mask)), x[mask]), (t.permute(2, 0, 1), x.transpose(2, 0, 1)),
                 (t.unsqueeze(1), np.expand_dims(x, 1)), (t.movedim(0, -1), np.moveaxis(x, 0, -1)),
                 (t.clamp(-1, 1), np.clip(x, -1, 1)), (t.max(1).values, x.max(1)), (t.max(1).indices, x.argmax(1)),
                 (t.var(1), x.var(1, ddof=1)), (t.std(), x.std(ddof=1)), (t.flatten(), x.ravel()),
                 (t.repeat_interleave(2, 1), np.repeat(x, 2, 1)), (t.repeat(1, 2, 1), np.tile(x, (1, 2, 1))),
                 (t[0] @ t[1].T, x[0] @ x[1].T), (torch.remainder(t, 0.3), x % 0.3)]
        for theirs, ours in pairs:
            np.testing.assert_allclose(theirs.numpy(), ours, 1e-14)


def make():
    np.seterr(all='ignore')
    arrays = Arrays()
    for part in [arrays.creation, arrays.views, arrays.indexing, arrays.joining, arrays.sorting, arrays.images,
                 arrays.names]:
        part()
    return arrays.group
