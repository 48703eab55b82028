// Section 6.1.3: the path of SGD down a long valley.
// Book:    ch06/show_optimizer_sgd.py (from (-7, 2), learning rate 0.95)
// Run:     show_optimizer_sgd [--lr X] [--out DIR]
// Expect:  show_optimizer_sgd.png: zigzags from side to side
#include "ch06/optimizer_path.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 6.1.3: the path of SGD",
                                .learning_rate = 0.95,
                                .writes_files = true},
                               [](const examples::Options& options) {
                                 examples::show(
                                     ch06::path_plot("SGD", common::SGD(options.learning_rate)),
                                     options.out, "show_optimizer_sgd");
                               });
}
