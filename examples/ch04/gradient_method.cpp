// Section 4.4.1: gradient descent to the minimum of x0^2 + x1^2, and the effect of the rate.
// Book:    ch04/gradient_method.py (from (-3, 4), learning rate 0.1, 20 steps); the three rates of
//          the text, 100 steps each
// Run:     gradient_method [--lr X] [--steps N] [--out DIR]
// Expect:  nearly (0, 0), huge numbers for the rate 10, no change for 1e-10; gradient_method.png
//          with the path of --lr and --steps
#include <cstdio>

#include "ch04/gradient_descent.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

static double function_2(const Tensor<double>& x) { return x(0) * x(0) + x(1) * x(1); }

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 4.4.1: gradient descent",
       .learning_rate = 0.1,
       .whole = {{.name = "--steps", .help = "Steps of the path", .value = 20}},
       .writes_files = true},
      [](const examples::Options& options) {
        const auto start = array<double>({-3, 4});
        for (const double rate : {0.1, 10.0, 1e-10}) {
          const auto points = ch04::gradient_descent(function_2, start, rate, 100);
          std::printf("learning rate %g: %s\n", rate, to_string(points.back()).c_str());
        }

        examples::Series path{.line = examples::Line::none, .marker = examples::Marker::circle};
        for (const auto& point :
             ch04::gradient_descent(function_2, start, options.learning_rate,
                                    static_cast<int>(options.whole.at("--steps")))) {
          path.x.push_back(point(0));
          path.y.push_back(point(1));
        }
        path.x.pop_back();  // the book marks each point before its step
        path.y.pop_back();
        const auto axis = [](examples::Values x, examples::Values y) {
          return examples::Series{.x = x, .y = y, .line = examples::Line::dashed, .color = "blue"};
        };
        examples::show({.x_label = "X0",
                        .y_label = "X1",
                        .x_limits = examples::Limits{-3.5, 3.5},
                        .y_limits = examples::Limits{-4.5, 4.5},
                        .series = {axis({-5, 5}, {0, 0}), axis({0, 0}, {-5, 5}), path}},
                       options.out, "gradient_method");
      });
}
