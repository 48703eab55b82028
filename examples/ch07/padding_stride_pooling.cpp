// Sections 7.2 and 7.3: convolution with padding and stride, and pooling, on the book's arrays.
// Book:    sections 7.2 and 7.3 (text and figures)
// Run:     padding_stride_pooling
// Expect:  [[15 16] [ 6 15]] for the book's first convolution; output sizes 4, 3 and (10, 11)
#include <cstdio>

#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static Tensor<double> convolved(const Tensor<double>& x, const Tensor<double>& filter, double bias,
                                const Window2d& window) {
  const Index height = x.extent(0), width = x.extent(1);
  const Size2d out = window.output_size({height, width}, "convolution");
  Tensor<double> y({1, 1, out.height, out.width});
  convolution(x.reshape({1, 1, height, width}), filter.reshape({1, 1, 3, 3}), array<double>({bias}),
              window, 1, y);
  return std::move(y).reshape({out.height, out.width});
}

static Tensor<double> pooled(const Tensor<double>& x) {
  Tensor<double> y({1, 1, 2, 2});
  max_pooling(x.reshape({1, 1, 4, 4}), {.kernel = 2, .stride = 2}, y, nullptr);
  return std::move(y).reshape({2, 2});
}

static void print(const char* name, const Tensor<double>& x) {
  std::printf("%s\n%s\n", name, to_string(cast<int>(x)).c_str());
}

static void print_size(const char* name, Size2d input, const Window2d& window) {
  const Size2d out = window.output_size(input, "convolution");
  std::printf("%s -> (%td, %td)\n", name, out.height, out.width);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, "Sections 7.2 and 7.3: padding, stride, pooling", [](const examples::Options&) {
        const auto x = array<double>({{1, 2, 3, 0}, {0, 1, 2, 3}, {3, 0, 1, 2}, {2, 3, 0, 1}});
        const auto filter = array<double>({{2, 0, 1}, {0, 1, 2}, {1, 0, 2}});
        print("convolution:", convolved(x, filter, 0, {.kernel = 3}));
        print("with bias 3:", convolved(x, filter, 3, {.kernel = 3}));
        print("with padding 1:", convolved(x, filter, 0, {.kernel = 3, .padding = 1}));
        print("with padding 1 and stride 2:",
              convolved(x, filter, 0, {.kernel = 3, .stride = 2, .padding = 1}));
        print("max pooling, 2x2, stride 2:",
              pooled(array<double>({{1, 2, 1, 0}, {0, 1, 2, 3}, {3, 0, 1, 2}, {2, 4, 0, 1}})));
        print_size("(4, 4), padding 1, stride 1, filter 3x3", {4, 4}, {.kernel = 3, .padding = 1});
        print_size("(7, 7), padding 0, stride 2, filter 3x3", {7, 7}, {.kernel = 3, .stride = 2});
        print_size("(28, 31), padding 2, stride 3, filter 5x5", {28, 31},
                   {.kernel = 5, .stride = 3, .padding = 2});
      });
}
