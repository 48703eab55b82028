// Section 6.1.6: the path of Adam down a long valley.
// Book:    ch06/show_optimizer_adam.py (from (-7, 2), learning rate 0.3)
// Run:     show_optimizer_adam [--lr X] [--out DIR]
// Expect:  show_optimizer_adam.png: it rolls, and swings less than Momentum
#include "ch06/optimizer_path.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 6.1.6: the path of Adam",
                                .learning_rate = 0.3,
                                .writes_files = true},
                               [](const examples::Options& options) {
                                 examples::show(
                                     ch06::path_plot("Adam", common::Adam(options.learning_rate)),
                                     options.out, "show_optimizer_adam");
                               });
}
