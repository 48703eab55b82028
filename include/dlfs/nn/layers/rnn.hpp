#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/recurrent_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The activation of Rnn.
enum class RnnActivation { tanh, relu };

/// Options of Rnn.
struct RnnOptions {
  Index in = 0;      ///< numbers of x at one step; 0 if a network finds it
  Index hidden = 0;  ///< numbers of y at one step
  RnnActivation activation = RnnActivation::tanh;  ///< of the sums
  bool reverse = false;  ///< whether the steps run from the last time to the first

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("rnn", "in", in, detail::at_least(1));
    detail::expect_option("rnn", "hidden", hidden, detail::at_least(1));
  }
};

/// Elman's recurrent network: for each step, from the output h of the step before it, which is zero
/// at first,
///
///   h = tanh(x W_ih + b_ih + h W_hh + b_hh), or max(..., 0)   y = h
///
///   x (N, T, D)   y (N, T, H)
///   weight_ih (D, H)   weight_hh (H, H)   bias_ih, bias_hh (H)
///
/// Weights are the transposes of torch.nn.RNN's weight_ih_l0 and weight_hh_l0; the biases are the
/// same. LastStep takes y of the last step. For samples of different lengths see Lstm.
/// Cost: 2NTH (D + H) FLOP forward, twice that backward. Saves: H numbers for each step.
/// Source: Elman, "Finding structure in time" (1990).
template <std::floating_point T>
class Rnn : public detail::RecurrentLayer<detail::RnnCell, T> {
  using Base = detail::RecurrentLayer<detail::RnnCell, T>;

 public:
  /// Draws all parameters uniformly from [-1 / sqrt(H), 1 / sqrt(H)), as PyTorch does.
  /// @throws ValueError unless in and hidden are positive.
  Rnn(const RnnOptions& options, Rng& rng) : Rnn(detail::checked(options)) {
    this->initialize({1, 1, options.in}, rng);
  }

  /// The initializer draws both weights, with the fans (D, H) and (H, H); the biases are 0.
  /// @throws ValueError unless in and hidden are positive.
  Rnn(const RnnOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Rnn(detail::checked(options), initializer) {
    this->initialize({1, 1, options.in}, rng);
  }

  ///@{
  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructors above, but `in` may be 0.
  explicit Rnn(const RnnOptions& options)
      : Base(detail::RnnCell{options.activation == RnnActivation::relu},
             detail::checked_but_in(options).in, options.hidden, options.reverse),
        activation_(options.activation) {}
  Rnn(const RnnOptions& options, const Initializer<T> auto& initializer)
      : Base(detail::RnnCell{options.activation == RnnActivation::relu},
             detail::checked_but_in(options).in, options.hidden, options.reverse, initializer),
        activation_(options.activation) {}
  ///@}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("in", this->in());
    visit("hidden", this->hidden());
    visit("activation",
          activation_ == RnnActivation::relu ? std::string_view("relu") : std::string_view("tanh"),
          "tanh");
    visit("reverse", this->is_reverse(), false);
  }

 private:
  RnnActivation activation_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
