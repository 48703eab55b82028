#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/recurrent_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Lstm.
struct LstmOptions {
  Index in = 0;          ///< numbers of x at one step; 0 if a network finds it
  Index hidden = 0;      ///< numbers of y at one step
  bool reverse = false;  ///< whether the steps run from the last time to the first

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("lstm", "in", in, detail::at_least(1));
    detail::expect_option("lstm", "hidden", hidden, detail::at_least(1));
  }
};

/// Long short-term memory: for each step, from the output h and the state c of the step before it,
/// which are zero at first,
///
///   (i, f, g, o) = x W_ih + b_ih + h W_hh + b_hh, each (N, H); sigmoid of i, f and o, tanh of g
///   c = f c + i g   h = o tanh(c)   y = h
///
///   x (N, T, D)   y (N, T, H)
///   weight_ih (D, 4H)   weight_hh (H, 4H)   bias_ih, bias_hh (4H)
///
/// The order of the gates is PyTorch's. Weights are the transposes of torch.nn.LSTM's weight_ih_l0
/// and weight_hh_l0; the biases are the same. LastStep takes y of the last step.
///
/// Samples of different lengths are padded at the end: y before it does not depend on the padding.
/// A loss leaves out labels there: see SoftmaxCrossEntropyOptions::ignore_index.
/// Cost: 8NTH (D + H) FLOP forward, twice that backward. Saves: 6H numbers for each step.
/// Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997); Gers et al., "Learning to
/// forget" (2000).
template <std::floating_point T>
class Lstm : public detail::RecurrentLayer<detail::LstmCell, T> {
  using Base = detail::RecurrentLayer<detail::LstmCell, T>;

 public:
  /// Draws all parameters uniformly from [-1 / sqrt(H), 1 / sqrt(H)), as PyTorch does.
  /// @throws ValueError unless in and hidden are positive.
  Lstm(const LstmOptions& options, Rng& rng) : Lstm(detail::checked(options)) {
    this->initialize({1, 1, options.in}, rng);
  }

  /// The initializer draws both weights, with the fans (D, 4H) and (H, 4H); the biases are 0.
  /// @throws ValueError unless in and hidden are positive.
  Lstm(const LstmOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Lstm(detail::checked(options), initializer) {
    this->initialize({1, 1, options.in}, rng);
  }

  ///@{
  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructors above, but `in` may be 0.
  explicit Lstm(const LstmOptions& options)
      : Base(detail::LstmCell{}, detail::checked_but_in(options).in, options.hidden,
             options.reverse) {}
  Lstm(const LstmOptions& options, const Initializer<T> auto& initializer)
      : Base(detail::LstmCell{}, detail::checked_but_in(options).in, options.hidden,
             options.reverse, initializer) {}
  ///@}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("in", this->in());
    visit("hidden", this->hidden());
    visit("reverse", this->is_reverse(), false);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
