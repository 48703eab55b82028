// Array operations by dlfs. Run by compare.py.
#include "measure.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  for (const Extents& e : array_extents) {
    Rng rng(1);
    const auto measure = [&](const char* what, auto&& call) { report_array(e, what, call); };
    auto a = random_normal<float>({e.rows, e.columns}, rng);
    const auto b = random_normal<float>({e.rows, e.columns}, rng);
    const auto row = random_normal<float>({e.columns}, rng);
    const auto column = random_normal<float>({e.rows, 1}, rng);
    const auto half = random_normal<float>({e.rows, e.columns / 2}, rng);
    const auto chosen = random_integers<Index>({e.rows}, rng, 0, e.rows);
    auto x = a;

    measure("x[...] = b", [&] { assign(x, b); });
    measure("a + b", [&] { consume(a + b); });
    measure("x += b", [&] { consume(x += b); });
    measure("a * 2 + b", [&] { consume(a * 2 + b); });
    measure("a + row", [&] { consume(a + row); });
    measure("a + column", [&] { consume(a + column); });
    measure("a > b", [&] { consume(a > b); });
    measure("maximum(a, 0)", [&] { consume(maximum(a, 0)); });
    measure("x[a <= 0] = 0", [&] { index_put(x, a <= 0, 0.0f); });
    measure("exp", [&] { consume(exp(a)); });
    measure("tanh", [&] { consume(tanh(a)); });
    measure("sigmoid", [&] { consume(sigmoid(a)); });
    measure("sum", [&] { consume(sum(a)); });
    measure("sum, axis 0", [&] { consume(sum(a, 0)); });
    measure("sum, axis 1", [&] { consume(sum(a, 1)); });
    measure("argmax, axis 1", [&] { consume(argmax(a, 1)); });
    measure("transposed copy", [&] { consume(copy(a.transpose())); });
    measure("take rows", [&] { consume(take(a, chosen, 0)); });
    measure("x[:, ::2] = half", [&] { assign(x.slice(1, {.step = 2}), half); });
  }
}
