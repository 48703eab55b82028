// Section 6.1.7: the paths of four optimizers down a long valley.
// Book:    ch06/optimizer_compare_naive.py (from (-7, 2), rates 0.95, 0.1, 1.5, 0.3)
// Run:     optimizer_compare_naive [--out DIR]
// Expect:  optimizer_compare_naive.png: SGD zigzags, the others do not
#include "ch06/optimizer_path.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 6.1.7: four optimizers compared", .writes_files = true},
      [](const examples::Options& options) {
        examples::show({ch06::path_plot("SGD", common::SGD(0.95)),
                        ch06::path_plot("Momentum", common::Momentum(0.1)),
                        ch06::path_plot("AdaGrad", common::AdaGrad(1.5)),
                        ch06::path_plot("Adam", common::Adam(0.3))},
                       2, options.out, "optimizer_compare_naive");
      });
}
