// Section 3.6.2: classify the test images of MNIST, one by one, with trained weights.
// Book:    ch03/neuralnet_mnist.py
// Run:     neuralnet_mnist [--data DIR] [--weights FILE]
// Expect:  Accuracy:0.9562, with the book's sample_weight.pkl Accuracy:0.9352
#include <cstdio>

#include "ch03/sample_network.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 3.6.2: classify MNIST with trained weights",
                                .weights = examples::in_examples("ch03/sample_weight.npz"),
                                .reads_digits = true},
                               [](const examples::Options& options) {
                                 const auto test = examples::load_digits<float>(options).test;
                                 auto network = ch03::sample_network();
                                 load_weights(options.weights, network);

                                 int accuracy_cnt = 0;
                                 for (Index i = 0; i < test.size(); ++i) {
                                   const auto y = network.predict(test.inputs.rows(i, i + 1));
                                   const Index p = argmax(y, 1).item();
                                   if (p == test.targets(i)) ++accuracy_cnt;
                                 }
                                 const auto count = static_cast<double>(test.size());
                                 std::printf("Accuracy:%s\n",
                                             str_cat(accuracy_cnt / count).c_str());
                               });
}
