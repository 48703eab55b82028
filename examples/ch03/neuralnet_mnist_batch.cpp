// Section 3.6.3: classify the test images of MNIST in batches of 100.
// Book:    ch03/neuralnet_mnist_batch.py
// Run:     neuralnet_mnist_batch [--data DIR] [--weights FILE] [--batch-size N]
// Expect:  the same accuracy as neuralnet_mnist, sooner
#include <algorithm>
#include <cstdio>

#include "ch03/sample_network.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 3.6.3: classify MNIST in batches",
                                .batch_size = 100,
                                .weights = examples::in_examples("ch03/sample_weight.npz"),
                                .reads_digits = true},
                               [](const examples::Options& options) {
                                 const auto test = examples::load_digits<float>(options).test;
                                 auto network = ch03::sample_network();
                                 load_weights(options.weights, network);

                                 int accuracy_cnt = 0;
                                 for (Index i = 0; i < test.size(); i += options.batch_size) {
                                   const Index end = std::min(i + options.batch_size, test.size());
                                   const auto y = network.predict(test.inputs.rows(i, end));
                                   const auto p = argmax(y, 1);
                                   for (Index j = i; j < end; ++j)
                                     accuracy_cnt += p(j - i) == test.targets(j) ? 1 : 0;
                                 }
                                 const auto count = static_cast<double>(test.size());
                                 std::printf("Accuracy:%s\n",
                                             str_cat(accuracy_cnt / count).c_str());
                               });
}
