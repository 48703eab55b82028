// Section 1.6.3: read a picture, and show it.
// Book:    ch01/img_show.py (a drawing replaces its photograph: draw_picture.cpp)
// Run:     img_show [--out DIR]
// Expect:  the picture's shape, and a copy, img_show.png, also on a terminal with colours
#include <cstdio>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 1.6.3: show a picture", .writes_files = true},
      [](const examples::Options& options) {
        const auto picture = read_png(examples::in_examples("ch01/evening.png"));
        std::printf("%s\n", to_string(picture.shape()).c_str());
        examples::show(picture, options.out, "img_show");
      });
}
