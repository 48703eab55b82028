// Section 8.1.1: the digits that the deep network misclassifies.
// Book:    ch08/misclassified_mnist.py
// Run:     misclassified_mnist [--data DIR] [--weights FILE] [--out DIR]
// Expect:  the test accuracy, and the first 20 mistakes as {view: (label, guess)}, drawn in
//          misclassified.png
#include <algorithm>
#include <cstdio>

#include "ch08/deep_convnet.hpp"
#include "ch08/misclassified.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1.1: the digits that the deep network misclassifies",
       .weights = examples::in_examples("ch08/deep_convnet_params.npz"),
       .reads_digits = true,
       .writes_files = true},
      [](const examples::Options& options) {
        const auto test = examples::load_digits<float>(options).test;
        Rng rng(0);
        auto network = deep_convnet<float>(rng);
        load_weights(options.weights, network);

        std::printf("calculating test accuracy ...\n");
        auto mistakes = ch08::mistakes(network, test);
        const auto count = static_cast<double>(test.size());
        const auto wrong = static_cast<double>(mistakes.size());
        std::printf("test accuracy:%s\n", str_cat((count - wrong) / count).c_str());

        mistakes.resize(std::min<std::size_t>(20, mistakes.size()));
        std::printf(
            "======= misclassified result =======\n{view index: (label, inference), ...}\n");
        std::vector<examples::Plot> tiles;
        for (const ch08::Mistake& mistake : mistakes) {
          tiles.push_back({.title = str_cat(mistake.label, " -> ", mistake.guess),
                           .image = -cast<double>(test.inputs[mistake.image][0])});
          std::printf("%s%zu: (%d, %d)", tiles.size() == 1 ? "{" : ", ", tiles.size(),
                      mistake.label, mistake.guess);
        }
        std::printf("}\n");
        if (!tiles.empty()) examples::show(tiles, 5, options.out, "misclassified");
      });
}
