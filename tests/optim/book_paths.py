"""Writes book_paths.hpp: where the book's optimizers go on their way down f = x^2 / 20 + y^2.

    python3 book_paths.py > book_paths.hpp

From (-7, 2), by the formulas of the book's common/optimizer.py (section 6.1).
"""


def sgd(p, g, state, t):
    for k in range(2):
        p[k] -= 0.95 * g[k]


def momentum(p, g, state, t):
    v = state.setdefault('v', [0.0, 0.0])
    for k in range(2):
        v[k] = 0.9 * v[k] - 0.1 * g[k]
        p[k] += v[k]


def ada_grad(p, g, state, t):
    h = state.setdefault('h', [0.0, 0.0])
    for k in range(2):
        h[k] += g[k] * g[k]
        p[k] -= 1.5 * g[k] / (h[k] ** 0.5 + 1e-7)


def adam(p, g, state, t):
    m = state.setdefault('m', [0.0, 0.0])
    v = state.setdefault('v', [0.0, 0.0])
    rate = 0.3 * (1.0 - 0.999 ** t) ** 0.5 / (1.0 - 0.9 ** t)
    for k in range(2):
        m[k] += (1 - 0.9) * (g[k] - m[k])
        v[k] += (1 - 0.999) * (g[k] ** 2 - v[k])
        p[k] -= rate * m[k] / (v[k] ** 0.5 + 1e-7)


print('''#pragma once

// Made by book_paths.py.

namespace dlfs::test::book {

inline constexpr int recorded_steps[] = {1, 10, 29, 30};
''')
for update in (sgd, momentum, ada_grad, adam):
    p, state, rows = [-7.0, 2.0], {}, []
    for t in range(1, 31):
        update(p, [p[0] / 10.0, p[1] * 2.0], state, t)
        if t in (1, 10, 29, 30):
            rows.append('    {%r, %r}' % tuple(p))
    print('inline constexpr double %s[][2] = {' % update.__name__)
    print(',\n'.join(rows) + '};\n')
print('}  // namespace dlfs::test::book')
