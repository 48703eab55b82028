// Section 6.3.2: batch normalisation makes learning independent of the initial weights.
// Book:    ch06/batch_norm_test_multi.py (16 standard deviations from 1 to 1e-4; else as before)
// Run:     batch_norm_test_multi [--hidden-size N] [--data DIR] [--epochs N] [--seed N] [--out DIR]
// Expect:  batch_norm_test_multi.png: two of 16 networks learn well without batch normalisation,
//          all learn with it
#include "ch06/batch_norm_comparison.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.3.2: batch normalisation and initial weights",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size}},
      [](const examples::Options& options) {
        const auto train = slice(examples::load_digits<float>(options).train, 0, 1000);
        std::vector<examples::Plot> panels;
        for (int i = 0; i < 16; ++i) {
          std::printf("============== %d/16 ==============\n", i + 1);
          const double deviation = ch06::weight_scale(i);
          const auto accuracies = ch06::compare_batch_norm(train, deviation, options);
          auto panel = ch06::accuracy_plot("W:" + ch06::python_text(deviation), accuracies);
          panel.legend = examples::Legend::best;  // at the lower right it would hide a curve
          panel.y_ticks = i % 4 == 0;
          panel.x_ticks = i >= 12;
          if (!panel.y_ticks) panel.y_label.clear();
          if (!panel.x_ticks) panel.x_label.clear();
          for (auto& series : panel.series) {
            if (i != 15) series.label.clear();
          }
          panels.push_back(panel);
        }
        examples::show(panels, 4, options.out, "batch_norm_test_multi");
      });
}
