// Section 8.3.4: the deep network with weights of fewer bits.
// Book:    ch08/half_float_network.py (float64 and float16; here also bfloat16 and int8)
// Run:     half_float_network [--data DIR] [--weights FILE]
// Expect:  the size of the weights, and the same accuracy in all formats, to 0.1 points
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "ch08/deep_convnet.hpp"
#include "ch08/number_formats.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.3.4: the deep network with weights of fewer bits",
       .weights = examples::in_examples("ch08/deep_convnet_params.npz"),
       .reads_digits = true,
       .has_python_lines = true},
      [](const examples::Options& options) {
        const auto test = examples::load_digits<double>(options).test;
        Rng rng(0);
        auto exact = deep_convnet<double>(rng);
        load_weights(options.weights, exact);

        std::vector<std::string> rows;
        const auto report = [&](std::string_view format, Index bytes,
                                const Sequential<double>& network, const Tensor<double>& images) {
          const double right = accuracy(network.predict(images), test.targets);
          if (options.verbose && (format == "float64" || format == "float16")) {
            std::puts(str_cat("caluculate accuracy (", format, ") ... \n", right).c_str());
          }
          char row[64];
          std::snprintf(row, sizeof row, "%-9s %8td  %.4f", format.data(), bytes, right);
          rows.emplace_back(row);
        };
        const auto report_rounded = [&]<class Stored>(const char* format, Stored) {
          auto network = exact;
          const Index bytes = ch08::round_weights_to<Stored>(network);
          report(format, bytes, network, ch08::rounded_to<Stored>(test.inputs));
        };
        report_rounded("float64", double());
        report_rounded("float32", float());
        report_rounded("float16", Eigen::half());
        report_rounded("bfloat16", Eigen::bfloat16());

        auto network = exact;
        const Index bytes = ch08::quantize_weights(network);
        report("int8", bytes, network, test.inputs);
        std::printf("%-9s %8s  %s\n", "format", "bytes", "accuracy");
        for (const std::string& row : rows) std::puts(row.c_str());
      });
}
