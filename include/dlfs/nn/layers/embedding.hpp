#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/embedding.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Embedding.
struct EmbeddingOptions {
  Index count = 0;     ///< rows of the table: inputs are less than this
  Index features = 0;  ///< numbers in a row
  /// The input that stands for padding: its row is 0 at first, and does not learn.
  std::optional<Index> padding_index = std::nullopt;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("embedding", "count", count, detail::at_least(1));
    detail::expect_option("embedding", "features", features, detail::at_least(1));
    if (padding_index) {
      detail::expect_option("embedding", "padding_index", *padding_index,
                            detail::half_open(0, static_cast<double>(count)));
    }
  }
};

/// A row of a table for each input, y = W[x], such as a vector for each word.
///
///   x (N, ...)  whole numbers in [0, K)   y (N, ..., D)
///   W (K, D)    weight
///
/// A network has one element type, so the inputs are numbers of type T: float holds each whole
/// number up to 16,777,216. They have no gradient: dx is 0.
///
/// Gradients: row k of dW is the sum of the rows of dy whose input is k, always in the same order.
/// The layer sees the whole batch, because each tile would need a gradient as large as W.
template <std::floating_point T>
class Embedding {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W, with the fans (K, D). PyTorch's is Normal{.std = 1}.
  /// @throws ValueError unless count and features are positive, and T holds all inputs.
  Embedding(const EmbeddingOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Embedding(options, initializer) {
    initialize({}, rng);
  }

  /// For a network that draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above.
  Embedding(const EmbeddingOptions& options, const Initializer<T> auto& initializer)
      : padding_index_(detail::checked(options).padding_index),
        initializer_(initializer),
        weight_("weight", Tensor<T>::uninitialized({options.count, options.features})) {
    constexpr Index most = Index{1} << std::min(std::numeric_limits<T>::digits, 62);
    if (options.count > most) {
      throw ValueError("embedding: expected count of at most ", most,
                       ", the whole numbers that its element type holds, got ", options.count);
    }
  }

  /// Does not compile; the message says what to write instead.
  template <class First = EmbeddingOptions, class... Other>
    requires detail::NoInitializerAndRng<EmbeddingOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Embedding<float>({.count = 1000, .features = 64}, Normal{.std = 1}, rng)")
  explicit Embedding(const First&, const Other&...);

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("count", weight_.value.extent(0));
    visit("features", weight_.value.extent(1));
    visit("padding_index", padding_index_.value_or(-1), -1);
  }

  /// Draws the weights, unless it has them.
  void initialize(const Shape&, Rng& rng) {
    if (!initializer_) return;
    const Index D = weight_.value.extent(1);
    std::exchange(initializer_, {})(weight_.value, {.in = weight_.value.extent(0), .out = D}, rng);
    if (padding_index_) std::fill_n(weight_.value.data() + *padding_index_ * D, D, T(0));
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "embedding", .keeps_input = true, .whole_batch = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, ...), with room for one more axis.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    const Shape& W = weight_.value.shape();
    if (W.rank() != 2 || x.rank() < 1 || x.rank() == max_rank) {
      throw ShapeError("embedding: expected x of shape (N, ...) for the weight ", W, ", got ", x);
    }
    Shape y = x;
    y.push_back(W[1]);
    return y;
  }

  /// The axis stays where it is.
  int step_axis(const Shape&, int axis) const { return axis; }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, 1}; }

  /// Writes pass.y. @throws ValueError, naming the place, for a number that is no row's.
  void forward(const ForwardPass<T>& pass) const {
    const Index D = weight_.value.extent(1);
    for (Index i = 0; i < pass.x.size(); ++i) {
      const Index row = row_at(pass.x, i, pass.first_sample);
      std::copy_n(weight_.value.data() + row * D, D, pass.y.data() + i * D);
    }
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.needs_dx()) std::fill_n(pass.dx.data(), pass.dx.size(), T(0));
    if (!pass.needs_gradient(0)) return;
    const Index D = weight_.value.extent(1);
    const TensorView<T> gradient = pass.gradients[0];
    const Scratch<T> before(padding_index_ && pass.store == Store::add ? D : 0);
    T* const of_padding = padding_index_ ? gradient.data() + *padding_index_ * D : nullptr;
    if (of_padding != nullptr && pass.store == Store::add) {
      std::copy_n(of_padding, D, before.data());
    }
    const Scratch<Index> rows(pass.x.size());
    for (Index i = 0; i < pass.x.size(); ++i) rows[i] = row_at(pass.x, i, 0);
    detail::add_up_by_number(rows.data(), pass.x.size(), D, pass.dy.data(), gradient.extent(0),
                             gradient.data(), pass.store);
    if (of_padding != nullptr && pass.store == Store::add) {
      std::copy_n(before.data(), D, of_padding);
    } else if (of_padding != nullptr) {
      std::fill_n(of_padding, D, T(0));
    }
  }

  /// What it learns.
  std::array<Parameter<T>*, 1> parameters() & { return {&weight_}; }

 private:
  Index row_at(const TensorView<const T>& x, Index place, Index first) const {
    return detail::row_number(x, place, weight_.value.extent(0), first);
  }

  std::optional<Index> padding_index_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
