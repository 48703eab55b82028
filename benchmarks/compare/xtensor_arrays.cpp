// Array operations by xtensor. Run by compare.py.
#include <xtensor/xarray.hpp>
#include <xtensor/xmasked_view.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xrandom.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "measure.hpp"

using Matrix = xt::xtensor<float, 2>;

int main() {
  for (const Extents& e : array_extents) {
    const auto rows = static_cast<std::size_t>(e.rows);
    const auto columns = static_cast<std::size_t>(e.columns);
    const auto measure = [&](const char* what, auto&& call) { report_array(e, what, call); };
    const Matrix a = xt::random::randn<float>({rows, columns});
    const Matrix b = xt::random::randn<float>({rows, columns});
    const xt::xtensor<float, 1> row = xt::view(a, 0, xt::all());
    const Matrix column = xt::view(a, xt::all(), xt::range(0, 1));
    const Matrix half = xt::view(a, xt::all(), xt::range(0, columns / 2));
    const xt::xtensor<std::size_t, 1> chosen = xt::random::randint<std::size_t>({rows}, 0, rows);
    Matrix x = a;

    measure("x[...] = b", [&] { consume(xt::noalias(x) = b); });
    measure("a + b", [&] { consume(Matrix(a + b)); });
    measure("x += b", [&] { consume(x += b); });
    measure("a * 2 + b", [&] { consume(Matrix(a * 2.0f + b)); });
    measure("a + row", [&] { consume(Matrix(a + row)); });
    measure("a + column", [&] { consume(Matrix(a + column)); });
    measure("a > b", [&] { consume(xt::xtensor<bool, 2>(a > b)); });
    measure("maximum(a, 0)", [&] { consume(Matrix(xt::maximum(a, 0.0f))); });
    measure("x[a <= 0] = 0", [&] { xt::masked_view(x, a <= 0.0f) = 0.0f; });
    measure("exp", [&] { consume(Matrix(xt::exp(a))); });
    measure("tanh", [&] { consume(Matrix(xt::tanh(a))); });
    measure("sigmoid", [&] { consume(Matrix(1.0f / (1.0f + xt::exp(-a)))); });
    measure("sum", [&] { consume(xt::sum(a)()); });
    measure("sum, axis 0", [&] { consume(xt::xtensor<float, 1>(xt::sum(a, {0}))); });
    measure("sum, axis 1", [&] { consume(xt::xtensor<float, 1>(xt::sum(a, {1}))); });
    measure("argmax, axis 1", [&] { consume(xt::xtensor<std::size_t, 1>(xt::argmax(a, 1))); });
    measure("transposed copy", [&] { consume(Matrix(xt::transpose(a))); });
    measure("take rows", [&] { consume(Matrix(xt::view(a, xt::keep(chosen), xt::all()))); });
    measure("x[:, ::2] = half", [&] { xt::view(x, xt::all(), xt::range(0, columns, 2)) = half; });
  }
}
