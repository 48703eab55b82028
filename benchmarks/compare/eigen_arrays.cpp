// Array operations by raw Eigen. Run by compare.py.
#include <Eigen/Core>

#include "measure.hpp"

using Array = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;

int main() {
  for (const Extents& e : array_extents) {
    const auto measure = [&](const char* what, auto&& call) { report_array(e, what, call); };
    const Array a = Array::Random(e.rows, e.columns);
    const Array b = Array::Random(e.rows, e.columns);
    const Eigen::Array<float, 1, Eigen::Dynamic> row = a.row(0);
    const Eigen::Array<float, Eigen::Dynamic, 1> column = a.col(0);
    const Array half = a.leftCols(e.columns / 2);
    const Eigen::Array<Index, Eigen::Dynamic, 1> chosen =
        ((column + 1) * 0.4999f * static_cast<float>(e.rows)).cast<Index>();
    Array x = a;

    measure("x[...] = b", [&] { consume(x = b); });
    measure("a + b", [&] { consume(Array(a + b)); });
    measure("x += b", [&] { consume(x += b); });
    measure("a * 2 + b", [&] { consume(Array(a * 2 + b)); });
    measure("a + row", [&] { consume(Array(a.rowwise() + row)); });
    measure("a + column", [&] { consume(Array(a.colwise() + column)); });
    measure("a > b", [&] {
      consume(Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>(a > b));
    });
    measure("maximum(a, 0)", [&] { consume(Array(a.max(0))); });
    measure("x[a <= 0] = 0", [&] { consume(x = (a <= 0).select(0, x)); });
    measure("exp", [&] { consume(Array(a.exp())); });
    measure("tanh", [&] { consume(Array(a.tanh())); });
    measure("sigmoid", [&] { consume(Array(1 / (1 + (-a).exp()))); });
    measure("sum", [&] { consume(a.sum()); });
    measure("sum, axis 0", [&] { consume((a.colwise().sum()).eval()); });
    measure("sum, axis 1", [&] { consume((a.rowwise().sum()).eval()); });
    measure("argmax, axis 1", [&] {
      Eigen::Array<Index, Eigen::Dynamic, 1> best(e.rows);
      for (Index i = 0; i < e.rows; ++i) a.row(i).maxCoeff(&best[i]);
      consume(best);
    });
    measure("transposed copy", [&] { consume(Array(a.transpose())); });
    measure("take rows", [&] {
      Array taken(e.rows, e.columns);
      for (Index i = 0; i < e.rows; ++i) taken.row(i) = a.row(chosen[i]);
      consume(taken);
    });
    measure("x[:, ::2] = half", [&] {
      Eigen::Map<Array, 0, Eigen::Stride<Eigen::Dynamic, 2>>(x.data(), e.rows, e.columns / 2,
                                                             {e.columns, 2}) = half;
      consume(x);
    });
  }
}
