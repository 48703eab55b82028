// Sections 4.3.3 and 4.4: partial derivatives, and the gradient of x0^2 + x1^2 as a field.
// Book:    ch04/gradient_2d.py (grid from -2 to 2.25 by 0.25); the gradients are those of the text
// Run:     gradient_2d [--out DIR]
// Expect:  [6. 8.], [0. 4.] and [6. 0.]; gradient_2d.png with arrows to the minimum at (0, 0)
#include <cstdio>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static double function_2(const Tensor<double>& x) { return x(0) * x(0) + x(1) * x(1); }

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 4.4: the gradient", .writes_files = true},
      [](const examples::Options& options) {
        for (auto x : {array<double>({3, 4}), array<double>({0, 2}), array<double>({3, 0})}) {
          std::printf("%s\n", to_string(numerical_gradient(function_2, x)).c_str());
        }

        constexpr double scale = 0.03;  // of the arrows, so that they end before the minimum
        const auto grid = arange(-2.0, 2.5, 0.25);
        examples::Arrows field;
        for (const double x1 : grid) {
          for (const double x0 : grid) {
            auto x = array<double>({x0, x1});
            const auto gradient = numerical_gradient(function_2, x);
            field.x.push_back(x0);
            field.y.push_back(x1);
            field.dx.push_back(-scale * gradient(0));
            field.dy.push_back(-scale * gradient(1));
          }
        }
        examples::show({.x_label = "x0",
                        .y_label = "x1",
                        .x_limits = examples::Limits{-2, 2},
                        .y_limits = examples::Limits{-2, 2},
                        .grid = true,
                        .arrows = {field}},
                       options.out, "gradient_2d");
      });
}
