// Section 3.6.1: the first training image of MNIST.
// Book:    ch03/mnist_show.py
// Run:     mnist_show [--data DIR] [--out DIR]
// Expect:  5, (784,) and (28, 28), and mnist_show.png (of generated digits where MNIST is missing)
#include <cstdio>

#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 3.6.1: the first training image",
                                .reads_digits = true,
                                .writes_files = true},
                               [](const examples::Options& options) {
                                 const auto train = examples::load_digits<double>(options).train;
                                 std::printf("%d\n", train.targets(0));

                                 const auto flat = train.inputs[0].reshape({784});
                                 std::printf("%s\n", to_string(flat.shape()).c_str());
                                 const auto image = flat.reshape({28, 28});
                                 std::printf("%s\n", to_string(image.shape()).c_str());
                                 examples::show({.image = copy(image)}, options.out, "mnist_show");
                               });
}
