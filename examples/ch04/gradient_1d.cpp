// Section 4.3.2: the derivative of a function of one variable, and its tangents.
// Book:    ch04/gradient_1d.py (0.01 x^2 + 0.1 x, at x = 5 and 10)
// Run:     gradient_1d [--out DIR]
// Expect:  0.1999999999990898 and 0.2999999999986347; gradient_1d.png with the curve alone, and
//          with the tangent at 5 and at 10
#include <cstdio>

#include "ch04/numerical_diff.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static double function_1(double x) { return 0.01 * (x * x) + 0.1 * x; }

/// f(x) + f'(x) (t - x) at every t; prints f'(x).
static Tensor<double> tangent_line(double x, const Tensor<double>& t) {
  const double d = ch04::numerical_diff(function_1, x);
  std::printf("%s\n", str_cat(d).c_str());
  return d * t + (function_1(x) - d * x);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 4.3.2: numerical derivatives", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(0.0, 20.0, 0.1);
        const examples::Series curve{.x = x, .y = vectorize(x, function_1)};
        const examples::Series at_5{.x = x, .y = tangent_line(5, x)};
        const examples::Series at_10{.x = x, .y = tangent_line(10, x)};
        examples::show({{.x_label = "x", .y_label = "f(x)", .series = {curve}},
                        {.x_label = "x", .y_label = "f(x)", .series = {curve, at_5}},
                        {.x_label = "x", .y_label = "f(x)", .series = {curve, at_10}}},
                       3, options.out, "gradient_1d");
      });
}
