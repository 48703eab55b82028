#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/recurrent_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Gru.
struct GruOptions {
  Index in = 0;          ///< numbers of x at one step; 0 if a network finds it
  Index hidden = 0;      ///< numbers of y at one step
  bool reverse = false;  ///< whether the steps run from the last time to the first

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("gru", "in", in, detail::at_least(1));
    detail::expect_option("gru", "hidden", hidden, detail::at_least(1));
  }
};

/// Gated recurrent unit: for each step, from the output h of the step before it, which is zero at
/// first,
///
///   r = sigmoid(x W_ir + b_ir + h W_hr + b_hr)   z likewise
///   n = tanh(x W_in + b_in + r (h W_hn + b_hn))
///   h = (1 - z) n + z h   y = h
///
///   x (N, T, D)   y (N, T, H)
///   weight_ih (D, 3H), of r, z and n   weight_hh (H, 3H)   bias_ih, bias_hh (3H)
///
/// The order of the gates is PyTorch's, and r multiplies the product with h, as there. Weights are
/// the transposes of torch.nn.GRU's weight_ih_l0 and weight_hh_l0; the biases are the same.
/// LastStep takes y of the last step. For samples of different lengths see Lstm.
/// Cost: 6NTH (D + H) FLOP forward, twice that backward. Saves: 5H numbers for each step.
/// Source: Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
/// machine translation" (2014).
template <std::floating_point T>
class Gru : public detail::RecurrentLayer<detail::GruCell, T> {
  using Base = detail::RecurrentLayer<detail::GruCell, T>;

 public:
  /// Draws all parameters uniformly from [-1 / sqrt(H), 1 / sqrt(H)), as PyTorch does.
  /// @throws ValueError unless in and hidden are positive.
  Gru(const GruOptions& options, Rng& rng) : Gru(detail::checked(options)) {
    this->initialize({1, 1, options.in}, rng);
  }

  /// The initializer draws both weights, with the fans (D, 3H) and (H, 3H); the biases are 0.
  /// @throws ValueError unless in and hidden are positive.
  Gru(const GruOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Gru(detail::checked(options), initializer) {
    this->initialize({1, 1, options.in}, rng);
  }

  ///@{
  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructors above, but `in` may be 0.
  explicit Gru(const GruOptions& options)
      : Base(detail::GruCell{}, detail::checked_but_in(options).in, options.hidden,
             options.reverse) {}
  Gru(const GruOptions& options, const Initializer<T> auto& initializer)
      : Base(detail::GruCell{}, detail::checked_but_in(options).in, options.hidden, options.reverse,
             initializer) {}
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
