// Section 6.1.4: the path of Momentum down a long valley.
// Book:    ch06/show_optimizer_momentum.py (from (-7, 2), learning rate 0.1, momentum 0.9)
// Run:     show_optimizer_momentum [--lr X] [--out DIR]
// Expect:  show_optimizer_momentum.png: a ball that rolls through the valley
#include "ch06/optimizer_path.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.1.4: the path of Momentum",
       .learning_rate = 0.1,
       .writes_files = true},
      [](const examples::Options& options) {
        examples::show(ch06::path_plot("Momentum", common::Momentum(options.learning_rate)),
                       options.out, "show_optimizer_momentum");
      });
}
