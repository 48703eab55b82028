#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/dropout.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The place where the numbers are scaled, so that their expected value is the same in training and
/// evaluation.
enum class DropoutScaling {
  in_training,    // the kept numbers, by 1 / (1 - ratio): "inverted dropout", usual today
  in_evaluation,  // all numbers, by 1 - ratio: as in the paper and the book
};

/// Options of Dropout.
struct DropoutOptions {
  double ratio = 0.5;  ///< the fraction of the numbers that a training pass sets to zero
  /// When the numbers that are kept are scaled.
  DropoutScaling scaling = DropoutScaling::in_training;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("dropout", "ratio", ratio, detail::half_open(0, 1)); }
};

/// Sets random numbers to zero in training, so that no unit can rely on a single other unit.
///
///   x, y (N, ...), of the same shape
///
/// The choice depends only on the generator's seed, the step and the sample.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting"
/// (2014); Saitoh, "Deep Learning from Scratch" vol. 1, section 6.4.3.
template <std::floating_point T>
class Dropout {
 public:
  using Scalar = T;  ///< the element type

  /// Takes a seed from the generator, so that each layer draws its own numbers.
  /// @throws ValueError unless the ratio is in [0, 1).
  Dropout(const DropoutOptions& options, Rng& rng)
      : options_(detail::checked(options)), seed_(rng()) {}

  /// With a seed. @throws ValueError unless the ratio is in [0, 1).
  Dropout(const DropoutOptions& options, std::uint64_t seed)
      : options_(detail::checked(options)), seed_(seed) {}

  /// For a network that gives it a seed: see NeuralNetwork::initialize. Until then the seed is 0.
  /// @throws ValueError unless the ratio is in [0, 1).
  explicit Dropout(const DropoutOptions& options)
      : options_(detail::checked(options)), is_deferred_(true) {}

  /// Shows its options, and its seed if it has one.
  void visit_options(OptionVisitor& visit) const {
    visit("ratio", options_.ratio);
    visit("scaling",
          options_.scaling == DropoutScaling::in_training ? std::string_view("in_training")
                                                          : std::string_view("in_evaluation"),
          "in_training");
    if (!is_deferred_) visit.seed(seed_);
  }

  /// Takes a seed from the generator, unless it has one.
  void initialize(const Shape&, Rng& rng) {
    if (std::exchange(is_deferred_, false)) seed_ = rng();
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "dropout", .is_elementwise = true}; }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// A byte for each number: whether it is kept.
  Index saved_bytes(const Shape& x) const { return x.size(); }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.mode == PassMode::evaluate) {
      as_array(pass.y) = as_array(pass.x) * scale(pass.mode);
      return;
    }
    if (pass.x.empty()) return;
    const Scratch<std::byte> unsaved(pass.saved == nullptr ? pass.x.size() : 0);
    std::byte* const kept = pass.saved == nullptr ? unsaved.data() : pass.saved;
    const Rng step = Rng(seed_).stream(pass.step);
    const Index samples = pass.x.extent(0);
    const Index numbers = pass.x.size() / samples;
    for (Index n = 0; n < samples; ++n) {
      const auto sample = static_cast<std::uint64_t>(pass.first_sample + n);
      draw_kept(options_.ratio, step.stream(sample), kept + n * numbers, numbers);
    }
    scale_kept(pass.x, kept, scale(pass.mode), pass.y);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.mode == PassMode::train) {
      scale_kept(pass.dy, pass.saved, scale(pass.mode), pass.dx);
    } else {
      as_array(pass.dx) = as_array(pass.dy) * scale(pass.mode);
    }
  }

 private:
  T scale(PassMode mode) const {
    const bool in_training = options_.scaling == DropoutScaling::in_training;
    if (mode == PassMode::train)
      return in_training ? static_cast<T>(1 / (1 - options_.ratio)) : T(1);
    return in_training ? T(1) : static_cast<T>(1 - options_.ratio);
  }

  DropoutOptions options_;
  std::uint64_t seed_ = 0;
  bool is_deferred_ = false;  // until a network gives it a seed
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
