"""Functions and operators, element by element, by NumPy: in a wider type where results are rounded, so that its own
rounding does not count."""
import itertools

import numpy as np

from cases import Group

REALS = ['float64', 'float32']
INTEGERS = ['int64', 'int32', 'int16', 'int8', 'uint64', 'uint8']
NUMBERS = REALS + INTEGERS
ALL = ['float64', 'float32', 'int64', 'int8', 'uint8', 'bool']
SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 0, 3), (5, 7, 11), (1031,)]
LAYOUTS = {0: ['dense'], 1: ['dense', 'stepped', 'reversed'], 2: ['dense', 'transposed', 'stepped', 'reversed'],
           3: ['dense', 'transposed', 'reversed']}
WIDER = {'float64': np.longdouble, 'float32': np.float64}
PAIRS = [((3, 5), (3, 5)), ((), (7,)), ((3, 1), (1, 5)), ((2, 3, 4), (4,)), ((1,), (0,)), ((131, 3), (131, 1)),
         ((1031,), ())]

# Rounding units of each function: what vector_math.hpp promises of its own, and glibc's manual of the C library's.
UNARY = {'exp': (np.exp, 3), 'expm1': (np.expm1, 3), 'sigmoid': (lambda x: 1 / (1 + np.exp(-x)), 3), 'log': (np.log, 2),
         'log2': (np.log2, 2), 'log10': (np.log10, 2), 'log1p': (np.log1p, 2), 'cbrt': (np.cbrt, 4), 'sin': (np.sin, 1),
         'cos': (np.cos, 1), 'tan': (np.tan, 1), 'arcsin': (np.arcsin, 1), 'arccos': (np.arccos, 1),
         'arctan': (np.arctan, 1), 'sinh': (np.sinh, 2), 'cosh': (np.cosh, 2), 'tanh': (np.tanh, 3)}
EXACT = {'sqrt': np.sqrt, 'reciprocal': lambda x: 1 / x, 'floor': np.floor, 'ceil': np.ceil, 'round': np.round,
         'trunc': np.trunc, 'isnan': np.isnan, 'isinf': np.isinf, 'isfinite': np.isfinite, 'vectorize': lambda x: x / 2 + 1}
OF_NUMBERS = {'abs': np.abs, 'sign': np.sign, 'square': np.square, 'operator- of one': np.negative}
BINARY = {'operator+': np.add, 'operator-': np.subtract, 'operator*': np.multiply, 'operator<': np.less,
          'operator<=': np.less_equal, 'operator>': np.greater, 'operator>=': np.greater_equal,
          'maximum': np.maximum, 'minimum': np.minimum, 'floor_divide': np.floor_divide, 'remainder': np.remainder}
IN_PLACE = {'operator+=': np.add, 'operator-=': np.subtract, 'operator*=': np.multiply}


def special(dtype):
    """Zeros, ties, ends of the ranges of functions, and NaNs of several payloads."""
    if dtype == 'bool':
        return np.array([False, True])
    if dtype not in REALS:
        limits = np.iinfo(dtype)
        return np.array([0, 1, 2, 3, 7, 100, limits.max, limits.max - 1, limits.min, limits.min + 1] +
                        [-1, -2, -7] * (limits.min < 0), dtype)
    limits = np.finfo(dtype)
    values = [0.0, 1.0, 0.5, 1.5, 2.5, 0.1, 3.0, np.pi, 1e-10, 88.7, 103.0, 709.7, 745.0, 1e5, 2.0**52 + 0.5, 2.0**23 + 0.5,
              limits.max, limits.tiny, limits.tiny / 3, limits.smallest_subnormal, np.inf]
    payloads = {'float64': [0x7ff8000000000002, 0x7ff00000000007a2, 0xfff8000000000001],
                'float32': [0x7fc00002, 0x7f8007a2, 0xffc00001]}[dtype]
    nans = np.array(payloads, {'float64': np.uint64, 'float32': np.uint32}[dtype]).view(dtype)
    values = np.array(values, dtype)
    return np.concatenate([values, -values, nans])


class Elementwise:
    def __init__(self):
        self.group = Group('elementwise')
        self.random = np.random.default_rng(1)

    def draw(self, dtype, shape):
        if dtype == 'bool':
            return self.random.random(shape) < 0.5
        if dtype in REALS:
            return np.array(self.random.standard_normal(shape) * 3, dtype)
        limits = np.iinfo(dtype)
        few = np.array(self.random.integers(max(limits.min, -9), 10, shape), dtype)
        return few if self.random.random() < 0.5 else np.array(
            self.random.integers(limits.min, limits.max, shape, dtype), dtype)

    def inputs(self, dtype):
        for shape in SHAPES:
            for layout in LAYOUTS[len(shape)]:
                yield layout, self.draw(dtype, shape)
        yield 'dense', special(dtype)

    def pairs(self, dtype):
        for a, b in PAIRS:
            for layout in ['dense', 'transposed', 'stepped']:
                yield layout, self.draw(dtype, a), self.draw(dtype, b)
                yield layout, self.draw(dtype, b), self.draw(dtype, a)
        values = special(dtype)
        yield 'dense', values[:, None], values[None, :]

    def case(self, kind, dtype, layout, note=''):
        return self.group.case(kind, dtype, {} if layout == 'dense' else {'layout': layout}, note)

    def unary(self, kind, dtype, f, units=0):
        for layout, x in self.inputs(dtype):
            y = f(x.astype(WIDER[dtype])).astype(dtype) if units else f(x)
            case = self.case(kind, dtype, layout, str(x.shape))
            case.input('x', x).expect('y', y, units, 'each')

    def binary(self, kind, dtype, f, units=0, signed_zeros=True):
        for layout, a, b in self.pairs(dtype):
            if kind == 'power':  # of a signalling NaN: 1 in NumPy, where C has NaN
                a, b = (np.where(np.isnan(x), np.array(np.nan, dtype), x) for x in (a, b))
            wide = WIDER[dtype] if units else dtype
            y = f(a.astype(wide), b.astype(wide))
            case = self.case(kind, dtype, layout, f'{a.shape} {b.shape}')
            case.input('a', a).input('b', b).expect('y', y.astype(dtype) if units else y, units, 'each', signed_zeros)

    def functions(self):
        for dtype in REALS:
            for kind, (f, units) in UNARY.items():
                self.unary(kind, dtype, f, units)
            for kind, f in EXACT.items():
                self.unary(kind, dtype, f)
            self.binary('operator/', dtype, np.divide)
            self.binary('arctan2', dtype, np.arctan2, 2)
            self.binary('power', dtype, np.power, 2)
        for dtype in NUMBERS:
            for kind, f in OF_NUMBERS.items():
                self.unary(kind, dtype, f)
            for kind, f in BINARY.items():
                # Which of 0 and -0 is the larger NumPy leaves open.
                self.binary(kind, dtype, f, signed_zeros=kind not in ('maximum', 'minimum'))
            if dtype in INTEGERS:
                for a, b in PAIRS:
                    a, b = self.draw(dtype, a), np.array(self.random.integers(0, 9, b), dtype)
                    self.group.case('power', dtype, note=f'{a.shape} {b.shape}').input('a', a).input('b', b).expect(
                        'y', np.power(a, b))
        ones = np.ones(3, np.int32)
        self.group.case('power', 'int32', note='negative').input('a', ones).input('b', -ones).refuse()
        for dtype in ALL:
            self.unary('copy', dtype, np.copy)
            self.binary('equal', dtype, np.equal)
            self.binary('not_equal', dtype, np.not_equal)
        self.unary('logical_not', 'bool', np.logical_not)
        for kind in ['logical_and', 'logical_or', 'logical_xor']:
            self.binary(kind, 'bool', getattr(np, kind))

    def shapes_that_do_not_fit(self):
        for kind in ['operator+', 'operator<', 'maximum', 'power']:
            a, b = self.draw('float64', (2, 3)), self.draw('float64', (2,))
            self.group.case(kind, note='(2,3) (2,)').input('a', a).input('b', b).refuse()

    def mixed(self):
        for a, b in [('uint8', 'int8'), ('int32', 'float32'), ('float32', 'float64'), ('bool', 'float64'),
                     ('int64', 'uint64'), ('uint8', 'float32')]:
            for shapes in PAIRS:
                left, right = self.draw(a, shapes[0]), self.draw(b, shapes[1])
                # A number of dlfs is a tensor of rank 0, with a type like any other, as NumPy's is.
                case = self.group.case('operator*', f'{a} {b}', note=f'{left.shape} {right.shape}')
                case.input('a', left).input('b', right).expect('y', np.multiply(left, right))

    def in_place(self):
        for dtype in NUMBERS:
            kinds = {**IN_PLACE, **({'operator/=': np.divide} if dtype in REALS else {})}
            for kind, f in kinds.items():
                for a, b in [((3, 5), (3, 5)), ((3, 5), (5,)), ((7,), ()), ((2, 3, 4), (3, 1)), ((0, 3), (3,))]:
                    for layout in ['dense', 'transposed', 'stepped']:
                        left, right = self.draw(dtype, a), self.draw(dtype, b)
                        self.case(kind, dtype, layout, f'{a} {b}').input('a', left).input('b', right).expect(
                            'y', f(left, right))
                self.group.case(kind, dtype, note='(3,) (2,3)').input('a', self.draw(dtype, (3,))).input(
                    'b', self.draw(dtype, (2, 3))).refuse()
        for dtype in ALL:
            for a, b in [((3, 5), (3, 5)), ((3, 5), (5,)), ((7,), ()), ((2, 3, 4), (3, 1)), ((0, 3), (3,))]:
                left, right = self.draw(dtype, a), self.draw(dtype, b)
                self.group.case('assign', dtype, note=f'{a} {b}').input('a', left).input('b', right).expect(
                    'y', np.broadcast_to(right, a))

    def choices(self):
        for dtype in ALL:
            for (a, b), c in itertools.product(PAIRS, [(), None]):
                left, right = self.draw(dtype, a), self.draw(dtype, b)
                condition = self.draw('bool', np.broadcast_shapes(a, b) if c is None else c)
                self.group.case('where', dtype, note=f'{condition.shape} {a} {b}').input('condition', condition).input(
                    'a', left).input('b', right).expect('y', np.where(condition, left, right))
        for dtype in NUMBERS:
            for layout, x in self.inputs(dtype):
                for low, high in [(0, 2), (2, 2), (3, 1)]:
                    low, high = np.array(low, dtype), np.array(high, dtype)
                    self.case('clip', dtype, layout, f'{x.shape} {low} {high}').input('x', x).input('low', low).input(
                        'high', high).expect('y', np.clip(x, low, high), signed_zeros=False)

    def closeness(self):
        values = np.array([0.0, -0.0, 1.0, 1 + 1e-6, 1 + 1e-4, np.inf, -np.inf, np.nan, 1e-9, 1e-300])
        for dtype, (i, a), (j, b), nan in itertools.product(REALS, enumerate(values), enumerate(values), [False, True]):
            a, b = np.array([a, 1.0], dtype), np.array([b, 1.0], dtype)
            result = np.allclose(a.astype(np.float64), b.astype(np.float64), 1e-5, 1e-8, nan)
            self.group.case('allclose', dtype, {'relative': 1e-5, 'absolute': 1e-8, 'equal_nan': nan},
                            f'{a[0]} {b[0]}').input('a', a).input('b', b).expect('y', np.array(result))
        for dtype in ALL:
            x = self.draw(dtype, (3, 5))
            other = x.copy()
            other[2, 4] = not other[2, 4] if dtype == 'bool' else other[2, 4] + 1
            for b in [x, other, x[:2], x[None]]:
                self.group.case('array_equal', dtype, note=f'{b.shape}').input('a', x).input('b', b).expect(
                    'y', np.array(np.array_equal(x, b)))
        nan = np.array([np.nan])
        self.group.case('array_equal', note='nan').input('a', nan).input('b', nan).expect('y', np.array(False))

    def casts(self):
        finite = special('float64')
        finite = finite[np.isfinite(finite) & (np.abs(finite) < 2**62)]
        for a, b, more in [('float64', 'float32', special('float64')), ('float32', 'float64', special('float32')),
                           ('float64', 'int64', finite), ('float64', 'bool', special('float64')),
                           ('int64', 'float64', special('int64')), ('int64', 'float32', special('int64')),
                           ('int64', 'uint8', special('int64')), ('uint8', 'int8', special('uint8')),
                           ('bool', 'float32', special('bool'))]:
            for x in [self.draw(a, (3, 5)), self.draw(a, (1031,)), more]:
                for layout in ['dense', 'stepped']:
                    self.case('cast', f'{a} {b}', layout, f'{x.shape}').input('x', x).expect('y', x.astype(b))


def make():
    np.seterr(all='ignore')
    elementwise = Elementwise()
    for part in [elementwise.functions, elementwise.shapes_that_do_not_fit, elementwise.mixed, elementwise.in_place,
                 elementwise.choices, elementwise.closeness, elementwise.casts]:
        part()
    return elementwise.group
