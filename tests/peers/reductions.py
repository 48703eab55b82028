"""Reductions, products, and what is made of them, by NumPy, in a wider type where results are rounded; softmax and its
relatives by PyTorch."""
import itertools

import numpy as np
import torch

from cases import Group
from elementwise import ALL, LAYOUTS, REALS, WIDER, Elementwise, special

SHAPES = [(1,), (7,), (0,), (2, 0, 3), (3, 5), (5, 7, 11), (2, 3, 4, 5), (1031,), (131, 17), (2, 4099), (4099, 2)]
TYPES = ['float64', 'float32', 'int64', 'int8', 'uint8']


class Reductions:
    def __init__(self):
        self.group = Group('reductions')
        self.draw = Elementwise().draw

    def axes_of(self, rank):
        yield None
        for axis in range(-1, rank - 1):
            yield (axis,)
        for pair in [(0, 1), (1, -1), (-1, 0), (1, 2)]:
            if rank > max(pair):
                yield pair
        if rank > 2:
            yield (0, -1, 1)

    def inputs(self, dtype):
        for shape in SHAPES:
            for layout in LAYOUTS.get(len(shape), ['dense', 'transposed']):
                x = self.draw(dtype, shape)
                yield layout, '', x
        if dtype in REALS:
            yield 'dense', 'offset', (self.draw(dtype, (500, 3)) + 1e4).astype(dtype)
        few = special(dtype)[:-3] if dtype in REALS else special(dtype)
        yield 'dense', 'special', few.reshape(-1, 1).repeat(2, 1)

    def each(self, dtypes, with_special=True):
        """(options of the case, note, x, axes, keepdims) for all inputs and ways to reduce them."""
        for dtype in dtypes:
            for layout, note, x in self.inputs(dtype):
                if note == 'special' and not with_special:
                    continue
                for axes, keepdims in itertools.product(self.axes_of(x.ndim), [False, True]):
                    if axes is None and keepdims:
                        continue
                    options = {'layout': layout} if layout != 'dense' else {}
                    if axes is not None:
                        options |= {'axes': axes} | ({'keepdims': True} if keepdims else {})
                    yield options, f'{x.shape} {note}', x, axes, keepdims

    def reduce(self, kind, dtypes, f, units=None):
        """`units(x, axes)` gives rounding units and what they are of; None: equal."""
        for options, note, x, axes, keepdims in self.each(dtypes):
            case = self.group.case(kind, x.dtype.name, options, note).input('x', x)
            try:
                y = np.asarray(f(x, axes, keepdims))
            except ValueError:
                case.refuse()
                continue
            allowed, scale = (0, None) if units is None or y.dtype.kind != 'f' else units(x, axes)
            case.expect('y', y, allowed, scale, signed_zeros=False)

    def reductions(self):
        def count(x, axes):
            return max(1, np.prod([x.shape[axis] for axis in (range(x.ndim) if axes is None else axes)]))

        def logarithm(x, axes):  # of sums that are pairwise, over sums of magnitudes
            with np.errstate(all='ignore'):
                magnitudes = np.abs(np.where(np.isfinite(x), x, 0)).astype(np.longdouble).sum(axes)
            return 8 + np.log2(count(x, axes)), min(float(magnitudes.max(initial=0)), 1e308) or 1

        def of_mean(x, axes):
            units, scale = logarithm(x, axes)
            return units, scale / count(x, axes)

        def sums(x, axes, keepdims):
            if x.dtype.name in REALS:
                return x.astype(WIDER[x.dtype.name]).sum(axes, keepdims=keepdims).astype(x.dtype)
            return x.sum(axes, keepdims=keepdims)

        def means(x, axes, keepdims):
            own = x.mean(axes, keepdims=keepdims)
            wide = x.astype(WIDER.get(x.dtype.name, np.longdouble)).mean(axes, keepdims=keepdims)
            return np.where(np.isinf(own), own, wide.astype(own.dtype))  # the sum is infinite before it is divided

        self.reduce('sum', ALL, sums, logarithm)
        self.reduce('mean', ALL, means, of_mean)
        self.reduce('max', TYPES, lambda x, a, k: x.max(a, keepdims=k))
        self.reduce('min', TYPES, lambda x, a, k: x.min(a, keepdims=k))
        self.reduce('count_nonzero', ALL, lambda x, a, k: np.count_nonzero(x, a, keepdims=k))
        self.reduce('any_of', ALL, lambda x, a, k: x.any(a, keepdims=k))
        self.reduce('all_of', ALL, lambda x, a, k: x.all(a, keepdims=k))

    def spread(self):
        """Variances, where they are finite, and norms."""
        def squares(x, axes):
            with np.errstate(all='ignore'):
                y = np.abs(x.astype(np.longdouble) - x.astype(np.longdouble).mean(axes, keepdims=True))
            deviation = float(y.max(initial=0)) or 1
            mean = float(np.abs(x).max(initial=0))
            return 64, deviation * deviation + deviation * mean * np.finfo(x.dtype).eps * 4

        def roots(x, axes):
            return 64, None

        for ddof, (kind, f, units) in itertools.product(
                [0, 1], [('variance', np.var, squares), ('standard_deviation', np.std, roots)]):
            for options, note, x, axes, keepdims in self.each(TYPES, with_special=False):
                case = self.group.case(kind, x.dtype.name, {'ddof': ddof} | options, note).input('x', x)
                try:
                    y = f(x.astype(WIDER.get(x.dtype.name, np.longdouble)), axes, ddof=ddof, keepdims=keepdims)
                except ValueError:  # an axis that is named twice
                    case.refuse()
                    continue
                y = np.asarray(y).astype(x.dtype if x.dtype.name in REALS else np.float64)
                case.expect('y', y, *units(x.astype(y.dtype), axes))
        for order in ['1', '2', 'infinity']:
            for options, note, x, axes, keepdims in self.each(REALS, with_special=False):
                # np.linalg.norm takes two axes for those of a matrix; dlfs takes what it reduces for one vector.
                case = self.group.case('norm', x.dtype.name, {'order': order} | options, note).input('x', x)
                if axes is not None and len({axis % x.ndim for axis in axes}) < len(axes):
                    case.refuse()
                    continue
                wide = np.abs(x.astype(WIDER[x.dtype.name]))
                y = np.asarray({'1': lambda: wide.sum(axes, keepdims=keepdims),
                                '2': lambda: np.sqrt(np.square(wide).sum(axes, keepdims=keepdims)),
                                'infinity': lambda: wide.max(axes, keepdims=keepdims, initial=0)}[order]())
                if (axes is None or len(axes) == 1) and x.size:
                    peer = np.linalg.norm(wide.astype(np.float64) if axes else wide.astype(np.float64).ravel(),
                                          float(order.replace('infinity', 'inf')), axes[0] if axes else None, keepdims)
                    assert np.allclose(peer, y.astype(np.float64), 1e-12)
                case.expect('y', y.astype(x.dtype), 16, 'each')

    def positions(self):
        for dtype in TYPES:
            for layout, note, x in self.inputs(dtype):
                ties = (x % 3).astype(dtype) if dtype != 'bool' and note != 'special' else x
                if dtype in REALS and x.size > 3:
                    ties = np.round(ties)
                    ties.reshape(-1)[x.size // 2] = np.nan
                for axis, keepdims, values in itertools.product(range(-1, x.ndim - 1), [False, True], [x, ties]):
                    options = {'axis': axis, 'keepdims': keepdims} | ({'layout': layout} if layout != 'dense' else {})
                    for kind in ['argmax', 'argmin']:
                        case = self.group.case(kind, dtype, options, f'{x.shape} {note}').input('x', values)
                        try:
                            case.expect('y', getattr(np, kind)(values, axis, keepdims=keepdims))
                        except ValueError:
                            case.refuse()
        for dtype in ALL:
            for layout, note, x in self.inputs(dtype):
                if note == 'special' and dtype in REALS:
                    continue
                for axis in range(-1, x.ndim - 1):
                    options = {'axis': axis} | ({'layout': layout} if layout != 'dense' else {})
                    # One chain, as in dlfs, which keeps it in double: NumPy that of float in float.
                    y = np.cumsum(x.astype(np.float64), axis).astype(dtype) if dtype in REALS else np.cumsum(x, axis)
                    self.group.case('cumsum', dtype, options, f'{x.shape} {note}').input('x', x).expect('y', y)

    def softmax(self):
        kinds = {'softmax': torch.softmax, 'log_softmax': torch.log_softmax, 'log_sum_exp': torch.logsumexp}
        extremes = [[1e30, 0.0], [-1e30, 0.0], [np.inf, 0.0], [-np.inf, 0.0], [np.nan, 0.0], [-np.inf, -np.inf],
                    [1e4, 1e4], [-0.0, 0.0]]
        for (kind, f), dtype in itertools.product(kinds.items(), REALS):
            inputs = [('dense', self.draw(dtype, shape)) for shape in
                      [(1,), (7,), (3, 5), (2, 3, 4), (131, 1), (1, 131), (37, 10), (3, 5003), (0, 3)]]
            inputs += [(layout, self.draw(dtype, (5, 7))) for layout in ['transposed', 'stepped', 'reversed']]
            inputs += [('dense', np.array(extremes, dtype)), ('dense', (self.draw(dtype, (5, 7)) + 1e4).astype(dtype))]
            for layout, x in inputs:
                y = f(torch.tensor(x).double(), -1).numpy().astype(dtype)
                finite = np.abs(x[np.isfinite(x) & (np.abs(x) < 1e29)])
                scale = {'softmax': 1.0}.get(kind, max(1.0, float(finite.max(initial=0))))
                if kind == 'log_softmax':
                    finite = np.abs(y[np.isfinite(y)])
                    scale = max(1.0, float(finite.max(initial=0)))
                # Exponents are rounded as the logits are.
                self.group.case(kind, dtype, {'layout': layout}, f'{x.shape}').input('x', x).expect('y', y, 16, scale)

    def products(self):
        types = ['float64', 'float32', 'int64', 'uint8']

        def add(kind, dtype, options, f, *operands):
            case = self.group.case(kind, dtype, options, ' '.join(str(x.shape) for x in operands))
            for name, x in zip('abc', operands):
                case.input(name, x)
            try:
                if dtype in REALS:
                    wide = [x.astype(WIDER[dtype]) for x in operands]
                    y = np.asarray(f(*wide)).astype(dtype)
                    magnitudes = np.asarray(f(*(np.abs(x) for x in wide)))
                    terms = max(x.shape[-1] if x.ndim else 1 for x in operands) + max(x.shape[0] if x.ndim else 1 for x in operands)
                    case.expect('y', y, 8 + terms, float(magnitudes.max(initial=0)) or 1, signed_zeros=False)
                else:
                    y = np.asarray(f(*operands))
                    # dlfs keeps the type of integers, as NumPy does but for dot's sum, which is one of 64 bits.
                    case.expect('y', y.astype({'uint8': 'uint64'}.get(dtype, dtype)) if kind == 'dot' else y)
            except ValueError:
                case.refuse()

        matrices = [((1, 1), (1, 1)), ((3, 5), (5, 7)), ((17, 131), (131, 9)), ((130, 67), (67, 53)), ((3, 0), (0, 5)),
                    ((0, 3), (3, 5)), ((7,), (7,)), ((7,), (7, 3)), ((3, 7), (7,)), ((2, 3, 5), (5, 7)),
                    ((2, 3, 5), (2, 5, 7)), ((4, 1, 3, 5), (2, 5, 7)), ((2, 3, 5), (5,)), ((3, 5), (4, 5)),
                    ((3,), (4,)), ((), (3,)), ((2, 3, 5), (3, 5, 7)), ((257, 300), (300, 49)), ((1, 1031), (1031, 1))]
        for dtype, (a, b), layout in itertools.product(types, matrices, ['dense', 'transposed', 'stepped', 'reversed']):
            options = {'layout': layout} if layout != 'dense' else {}
            add('matmul', dtype, options, np.matmul, self.draw(dtype, a), self.draw(dtype, b))
        for dtype, value, (m, k, n) in itertools.product(REALS, [np.inf, np.nan], [(3, 5, 7), (17, 70, 50), (130, 67, 53)]):
            a, b = self.draw(dtype, (m, k)), self.draw(dtype, (k, n))
            a[m // 2, k // 2] = b[k - 1, n - 1] = value
            y = a.astype(WIDER[dtype]) @ b.astype(WIDER[dtype])
            self.group.case('matmul', dtype, note=f'{m} {k} {n} {value}').input('a', a).input('b', b).expect(
                'y', y.astype(dtype), 8 + k, signed_zeros=False)
        for dtype in types:
            for n in [0, 1, 7, 1031]:
                add('dot', dtype, {}, lambda a, b: np.multiply(a, b).sum(), self.draw(dtype, (n,)), self.draw(dtype, (n,)))
            for a, b in [((1,), (1,)), ((3,), (7,)), ((2, 3), (5,)), ((0,), (3,))]:
                add('outer', dtype, {}, np.outer, self.draw(dtype, a), self.draw(dtype, b))
            for a, b, n in [((2, 3, 4), (3, 4, 5), 2), ((3, 5), (5, 7), 1), ((2, 3), (4,), 0), ((2, 3), (2, 3), 2),
                            ((2, 3), (4, 5), 1), ((2, 0), (0, 3), 1)]:
                add('tensordot', dtype, {'count': n}, lambda a, b: np.tensordot(a, b, n), self.draw(dtype, a),
                    self.draw(dtype, b))
            for equation, *shapes in [('ij,jk->ik', (3, 5), (5, 7)), ('ii', (5, 5)), ('ii->i', (5, 5)), ('ij->ji', (3, 5)),
                                      ('ij->', (3, 5)), ('ij->j', (3, 5)), ('i,ij,j', (3,), (3, 5), (5,)),
                                      ('bij,bij->b', (2, 3, 5), (2, 3, 5)), ('bij,kj->bik', (2, 3, 5), (7, 5)),
                                      ('ij,jk,kl->il', (3, 5), (5, 7), (7, 2)), ('i,j->ij', (3,), (5,)), ('ab,ba', (3, 5), (5, 3)),
                                      ('ba', (3, 5)), ('ij,jk->ik', (3, 5), (4, 7)), ('iij->j', (3, 3, 5)),
                                      ('ij,ij,ij->ij', (3, 5), (3, 5), (3, 5)), ('ij,jk->ik', (3, 0), (0, 7))]:
                add('einsum', dtype, {'equation': equation}, lambda *x: np.einsum(equation, *x),
                    *(self.draw(dtype, shape) for shape in shapes))
        for dtype, shape in itertools.product(REALS, [(1, 1), (7, 3), (131, 17), (4099, 5), (3, 1031), (0, 3)]):
            x = self.draw(dtype, shape)
            y = x.astype(WIDER[dtype]).sum(0)
            magnitude = float(np.abs(x).sum(0).max(initial=0)) or 1
            self.group.case('sum_rows', dtype, note=f'{shape}').input('x', x).expect(
                'y', y.astype(dtype), 32, magnitude).expect('twice', (2 * y).astype(dtype), 64, magnitude)


def make():
    np.seterr(all='ignore')
    import warnings
    warnings.simplefilter('ignore')  # means of nothing
    reductions = Reductions()
    for part in [reductions.reductions, reductions.spread, reductions.positions, reductions.softmax,
                 reductions.products]:
        part()
    return reductions.group
