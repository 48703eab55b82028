// Section 1.6.3: draws the picture that img_show shows; the book's is a photograph.
// Run:     draw_picture [--out DIR]; for the committed file: draw_picture --out examples/ch01
// Expect:  evening.png, 200 by 150 pixels
#include <algorithm>
#include <cmath>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Color {
  double red, green, blue;
};

/// Goes from a at t = 0 to b at t = 1.
static Color mix(Color a, Color b, double t) {
  t = std::clamp(t, 0.0, 1.0);
  return {std::lerp(a.red, b.red, t), std::lerp(a.green, b.green, t), std::lerp(a.blue, b.blue, t)};
}

/// The color at x from the left and y from the top, both in heights of the picture.
static Color color_at(double x, double y) {
  constexpr double edge = 100;  // sharpness of edges
  Color color = mix({42, 48, 102}, {250, 158, 92}, y / 0.65);
  const double to_sun = std::hypot(x - 0.9, y - 0.48);
  color = mix(color, {255, 214, 130}, 0.5 - 2 * to_sun);
  color = mix(color, {255, 238, 180}, (0.12 - to_sun) * edge);

  const Color ridges[] = {{112, 76, 110}, {70, 52, 92}, {30, 28, 58}};
  for (int i = 0; i < 3; ++i) {  // from the farthest
    const double ridge = 0.56 + 0.14 * i + 0.05 * std::sin((5.0 - i) * x + 2 * i) +
                         0.02 * std::sin((17 - 4 * i) * x);
    color = mix(color, ridges[i], (y - ridge) * edge);
  }
  return color;
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 1.6.3: draws a picture", .writes_files = true},
      [](const examples::Options& options) {
        constexpr Index height = 150;
        Tensor<std::uint8_t> picture({height, 200, 3});
        for (Index row = 0; row < picture.extent(0); ++row) {
          for (Index column = 0; column < picture.extent(1); ++column) {
            const auto [red, green, blue] =
                color_at(static_cast<double>(column) / height, static_cast<double>(row) / height);
            picture(row, column, 0) = static_cast<std::uint8_t>(red);
            picture(row, column, 1) = static_cast<std::uint8_t>(green);
            picture(row, column, 2) = static_cast<std::uint8_t>(blue);
          }
        }
        examples::show(picture, options.out, "evening");
      });
}
