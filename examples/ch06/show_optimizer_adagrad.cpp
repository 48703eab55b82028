// Section 6.1.5: the path of AdaGrad down a long valley.
// Book:    ch06/show_optimizer_adagrad.py (from (-7, 2), learning rate 1.5)
// Run:     show_optimizer_adagrad [--lr X] [--out DIR]
// Expect:  show_optimizer_adagrad.png: steps get shorter where it is steep
#include "ch06/optimizer_path.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.1.5: the path of AdaGrad",
       .learning_rate = 1.5,
       .writes_files = true},
      [](const examples::Options& options) {
        examples::show(ch06::path_plot("AdaGrad", common::AdaGrad(options.learning_rate)),
                       options.out, "show_optimizer_adagrad");
      });
}
