// Section 1.6.3: read a picture, and show it.
// Book:    ch01/img_show.py (a drawing replaces its photograph: draw_picture.cpp)
// Run:     img_show [--out DIR]
// Expect:  the picture on a terminal with colours, its shape, and a copy, img_show.png
#include <cstdio>

#include "support/program.hpp"
#include "support/terminal.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 1.6.3: show a picture", .writes_files = true},
      [](const examples::Options& options) {
        const auto picture = read_png(examples::in_examples("ch01/evening.png"));
        examples::show_on_terminal(picture);
        std::printf("%s\n", to_string(picture.shape()).c_str());

        std::filesystem::create_directories(options.out);
        const auto file = options.out / "img_show.png";
        write_png(file, picture);
        std::printf("wrote %s\n", file.c_str());
      });
}
