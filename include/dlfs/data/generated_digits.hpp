#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/data/dataset.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail::digits {

/// x rounded down to a multiple of 1/1024.
///
/// Every number that affects a pixel is rounded this way before it is multiplied. Products and sums
/// are then exact, so the image does not depend on whether the compiler fuses them.
inline double snap(double x) { return std::floor(x * 1024) / 1024; }

struct Point {
  double x = 0;
  double y = 0;
  friend constexpr Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend constexpr Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
  friend constexpr Point operator*(double factor, Point p) { return {factor * p.x, factor * p.y}; }
  friend constexpr double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
  friend constexpr double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
};

/// A line of the pen without lifting it: straight from point to point, or a curve through them.
struct PenStroke {
  static constexpr std::size_t most_points = 12;
  bool is_curve = false;
  std::size_t point_count = 0;
  std::array<Point, most_points> points{};

  constexpr PenStroke() = default;
  constexpr PenStroke(bool curve, std::initializer_list<Point> path) : is_curve(curve) {
    for (Point point : path) points[point_count++] = point;
  }
};

constexpr PenStroke line(std::initializer_list<Point> path) { return {false, path}; }
constexpr PenStroke curve(std::initializer_list<Point> path) { return {true, path}; }

/// One way to write a digit, on paper 12 units wide and 20 high; y points down.
struct Glyph {
  std::int32_t digit;
  std::array<PenStroke, 3> strokes;
};

// clang-format off
inline constexpr Glyph glyphs[] = {
    {0, {curve({{7, 0}, {3, 2}, {0, 10}, {2, 18}, {6, 20}, {10, 18}, {12, 10}, {10, 2}, {6, 0}})}},
    {0, {curve({{9, 1}, {4, 1}, {1, 8}, {1, 16}, {5, 20}, {9, 17}, {11, 10}, {10, 4}, {7, 1}})}},
    {1, {line({{6, 0}, {6, 20}})}},
    {1, {line({{2, 5}, {6, 0}, {6, 20}})}},
    {1, {line({{2, 4}, {6, 0}, {6, 20}}), line({{2, 20}, {10, 20}})}},  // with a foot
    {2, {curve({{1, 5}, {3, 1}, {7, 0}, {11, 3}, {10, 8}, {5, 14}, {0, 20}}),
         line({{0, 20}, {12, 20}})}},
    {2, {curve({{1, 4}, {5, 0}, {10, 2}, {10, 8}, {6, 15},  // with a loop
                {2, 19}, {0, 17}, {3, 15}, {7, 18}, {12, 19}})}},
    {3, {curve({{1, 3}, {5, 0}, {10, 2}, {10, 6}, {4, 9}}),
         curve({{4, 9}, {10, 11}, {12, 15}, {8, 20}, {3, 20}, {0, 17}})}},
    {3, {line({{1, 0}, {11, 0}, {5, 8}}),  // with a flat top
         curve({{5, 8}, {10, 10}, {12, 14}, {8, 20}, {3, 20}, {0, 18}})}},
    {4, {line({{2, 0}, {0, 12}, {12, 12}}), line({{9, 4}, {9, 20}})}},  // with an open top
    {4, {curve({{2, 0}, {1, 7}, {3, 11}, {10, 10}}), line({{11, 0}, {9, 20}})}},
    {4, {line({{9, 20}, {9, 0}, {0, 13}, {12, 13}})}},  // with a closed top
    {5, {line({{11, 0}, {2, 0}, {1, 9}}),
         curve({{1, 9}, {6, 7}, {11, 10}, {11, 16}, {6, 20}, {0, 18}})}},
    {5, {curve({{11, 1}, {6, 0}, {3, 2}, {3, 8}, {9, 10}, {11, 15}, {7, 20}, {0, 18}})}},
    {6, {curve({{9, 0}, {3, 6}, {0, 14}, {4, 20}, {10, 19}, {11, 13}, {6, 10}, {1, 14}})}},
    {6, {curve({{4, 0}, {1, 8}, {1, 16}, {5, 20}, {10, 17}, {9, 12}, {4, 11}, {1, 15}})}},
    {7, {line({{0, 0}, {12, 0}, {4, 20}})}},
    {7, {line({{0, 0}, {12, 0}, {4, 20}}), line({{3, 10}, {11, 10}})}},  // with a bar
    {7, {line({{0, 4}, {1, 0}, {11, 0}}), curve({{11, 0}, {8, 8}, {6, 14}, {6, 20}})}},
    {8, {curve({{11, 3}, {6, 0}, {1, 4}, {5, 9}, {11, 14},
                {7, 20}, {1, 17}, {4, 11}, {9, 7}, {10, 2}})}},
    {8, {curve({{6, 9}, {1, 5}, {6, 0}, {11, 5}, {6, 9}}),  // made of two rings
         curve({{6, 9}, {0, 15}, {6, 20}, {12, 15}, {6, 9}})}},
    {9, {curve({{11, 3}, {6, 0}, {1, 4}, {3, 9}, {9, 8}, {11, 3}}), line({{11, 3}, {9, 20}})}},
    {9, {curve({{11, 3}, {6, 0}, {1, 4}, {3, 9}, {9, 8}, {11, 3}}),
         curve({{11, 3}, {11, 12}, {8, 19}, {2, 19}})}},
};
// clang-format on

/// The style of one sample: all that differs between writers.
struct Handwriting {
  explicit Handwriting(Rng& rng) {
    const auto between = [&](double low, double high) { return snap(rng.uniform(low, high)); };
    const double height = between(0.7, 1.05);
    scale = {snap(height * between(0.7, 1.2)), height};
    slant = between(-0.2, 0.45);
    turn = between(-0.2, 0.2);
    centre = {between(11, 16), between(11, 16)};
    wobble = between(0.3, 1.0);
    pen_radius = between(0.5, 1.6);
    ink = between(0.75, 1.0);
    grain = between(0, 12);
  }

  /// Transforms a point from paper to image. The rotation uses the tangent `turn`, so it stretches
  /// a little.
  Point place(Point paper, Rng& rng) const {
    const Point shaken{paper.x + snap(wobble * rng.normal()),
                       paper.y + snap(wobble * rng.normal())};
    const double y = snap(scale.y * (shaken.y - 10));
    const double x = snap(scale.x * (shaken.x - 6) - slant * y);
    return {snap(centre.x + x - turn * y), snap(centre.y + y + turn * x)};
  }

  Point scale;
  Point centre;
  double slant;
  double turn;
  double wobble;      // standard deviation of the strokes' points
  double pen_radius;  // pixels
  double ink;         // brightness of a full stroke
  double grain;       // standard deviation of the pixels' noise, on the scale of 255
};

/// An image while it is drawn: the distance of each pixel's centre to the nearest stroke.
class Canvas {
 public:
  static constexpr Index extent = 28;

  explicit Canvas(double pen_radius) : reach_(pen_radius + edge / 2) {
    nearest_.fill(reach_ * reach_);
  }

  /// Draws the smooth Catmull-Rom curve through the points, or the line.
  void draw(const PenStroke& stroke, std::span<const Point> points) {
    constexpr int pieces = 4;  // line segments of a curve between two points
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      const Point b = points[i];
      const Point c = points[i + 1];
      if (!stroke.is_curve) {
        draw_segment(b, c);
        continue;
      }
      const Point a = i > 0 ? points[i - 1] : b;
      const Point d = i + 2 < points.size() ? points[i + 2] : c;
      Point from = b;
      for (int piece = 1; piece <= pieces; ++piece) {
        const double t = static_cast<double>(piece) / pieces;
        const Point bend =
            (c - a) + t * ((2 * a - 5 * b) + (4 * c - d)) + (t * t) * (3 * (b - c) + (d - a));
        const Point to = b + (t / 2) * bend;
        draw_segment(from, to);
        from = to;
      }
    }
  }

  /// The ink of a pixel: 1 within the stroke, falling to 0 across its soft edge.
  double coverage(std::size_t pixel) const {
    return std::min(1.0, (reach_ - std::sqrt(nearest_[pixel])) / edge);
  }

 private:
  void draw_segment(Point a, Point b) {
    const auto clamped = [](double x) {
      return static_cast<Index>(std::clamp(x, 0.0, static_cast<double>(extent)));
    };
    const Index left = clamped(std::min(a.x, b.x) - reach_ + 1);
    const Index right = clamped(std::max(a.x, b.x) + reach_ + 1);
    const Index top = clamped(std::min(a.y, b.y) - reach_ + 1);
    const Index bottom = clamped(std::max(a.y, b.y) + reach_ + 1);
    const Point along = b - a;
    const double length2 = dot(along, along);
    for (Index row = top; row < bottom; ++row) {
      for (Index column = left; column < right; ++column) {
        const Point pixel{static_cast<double>(column), static_cast<double>(row)};
        double& nearest = nearest_[static_cast<std::size_t>(row * extent + column)];
        nearest = std::min(nearest, distance2(pixel - a, pixel - b, along, length2));
      }
    }
  }

  /// The squared distance of a pixel to the segment a b, given the vectors from both to the pixel.
  static double distance2(Point from_a, Point from_b, Point along, double length2) {
    if (dot(from_a, along) <= 0) return dot(from_a, from_a);
    if (dot(from_b, along) >= 0) return dot(from_b, from_b);
    const double area = cross(along, from_a);
    return area * area / length2;
  }

  static constexpr double edge = 1.25;  // distance from full ink to no ink, in pixels

  double reach_;  // distance of a stroke's outer edge from its middle
  std::array<double, extent * extent> nearest_;  // squared
};

/// Draws the digit in a random handwriting and writes the pixels, extent x extent, in [0, 1].
template <std::floating_point T>
void draw(std::int32_t digit, Rng rng, T* pixels) {
  const auto is_digit = [&](const Glyph& glyph) { return glyph.digit == digit; };
  const auto variants = std::count_if(std::begin(glyphs), std::end(glyphs), is_digit);
  const auto first = std::find_if(std::begin(glyphs), std::end(glyphs), is_digit);
  const Glyph& glyph = *(first + rng.below(variants));

  const Handwriting hand(rng);
  Canvas canvas(hand.pen_radius);
  for (const PenStroke& stroke : glyph.strokes) {
    std::array<Point, PenStroke::most_points> placed;
    for (std::size_t i = 0; i < stroke.point_count; ++i) {
      placed[i] = hand.place(stroke.points[i], rng);
    }
    canvas.draw(stroke, {placed.data(), stroke.point_count});
  }
  for (std::size_t i = 0; i < Canvas::extent * Canvas::extent; ++i) {
    const int ink = static_cast<int>(255 * hand.ink * canvas.coverage(i));
    const int noise = static_cast<int>(hand.grain * rng.normal());
    pixels[i] = static_cast<T>(std::clamp(ink + noise, 0, 255)) / 255;
  }
}

}  // namespace detail::digits

/// Images of the ten digits, drawn stroke by stroke: a substitute for MNIST. Each is drawn in one
/// of several forms, with random slant, rotation, scale, shift, thickness, wobble and noise.
///
///   inputs (count, 1, 28, 28), pixels k / 255   targets (count), with equal counts of each digit
///
/// The digits depend only on the seed of `rng`, and are the same with every compiler. After
/// training on 60,000, a linear model classifies about 88% of new digits correctly, a small
/// convolutional network over 99%.
/// @throws ValueError if count is negative.
template <std::floating_point T>
Dataset<T> generated_digits(Index count, const Rng& rng) {
  if (count < 0) throw ValueError("generated_digits: the count ", count, " is negative");
  constexpr Index extent = detail::digits::Canvas::extent;
  Dataset<T> digits{Tensor<T>::uninitialized({count, 1, extent, extent}), Labels({count})};
  for (Index i = 0; i < count; ++i) digits.targets(i) = static_cast<std::int32_t>(i % 10);
  std::span<std::int32_t> order(digits.targets.begin(), digits.targets.end());
  rng.stream(0).shuffle(order);

  constexpr Index samples_per_piece = 64;
  const Index pieces = (count + samples_per_piece - 1) / samples_per_piece;
  parallel_for(pieces, [&](Index piece) {
    const Index last = piece_begin(count, pieces, piece + 1);
    for (Index i = piece_begin(count, pieces, piece); i < last; ++i) {
      detail::digits::draw(digits.targets.data()[i], rng.stream(static_cast<std::uint64_t>(i + 1)),
                           digits.inputs.data() + i * extent * extent);
    }
  });
  return digits;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
