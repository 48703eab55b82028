#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The axis of the steps of y for a layer that does not say. @throws ValueError unless its traits
/// tell that it runs step by step.
inline int default_step_axis(const LayerTraits& traits, int axis) {
  if (traits.is_monotone || traits.is_elementwise) return axis;
  throw ValueError(traits.kind, ": does not run step by step");
}

}  // namespace detail

/// A stepper of any type (type erasure), with value semantics: a copy continues its own sequence.
/// May be empty.
template <std::floating_point T>
class AnyStepper {
 public:
  AnyStepper() = default;  ///< an empty one
  /// Takes a stepper.
  template <class S>
    requires(!std::same_as<S, AnyStepper> && LayerStepper<S, T>)
  AnyStepper(S stepper) : model_(std::make_unique<Model<S>>(std::move(stepper))) {}
  ///@{
  /// A copy has a state of its own.
  AnyStepper(const AnyStepper& other)
      : model_(other.is_empty() ? nullptr : other.model_->clone()) {}
  AnyStepper(AnyStepper&&) noexcept = default;
  ///@}
  /// Takes the other's stepper.
  AnyStepper& operator=(AnyStepper other) noexcept {
    model_ = std::move(other.model_);
    return *this;
  }
  ~AnyStepper() = default;

  /// Whether there is no stepper.
  bool is_empty() const { return model_ == nullptr; }

  /// One step, from x to y. Unchecked: there must be a stepper.
  void step(const T* x, T* y) { model_->step(x, y); }
  /// Begins a new sequence.
  void reset() {
    if (model_ != nullptr) model_->reset();
  }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = default;
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual void step(const T* x, T* y) = 0;
    virtual void reset() = 0;
  };

  template <class S>
  struct Model final : Interface {
    explicit Model(S&& s) : stepper(std::move(s)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(*this); }
    void step(const T* x, T* y) override { stepper.step(x, y); }
    void reset() override { stepper.reset(); }
    S stepper;
  };

  std::unique_ptr<Interface> model_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
