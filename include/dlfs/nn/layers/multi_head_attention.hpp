#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <span>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/attention.hpp"
#include "dlfs/functional/linear.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/sequence_mask.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of MultiHeadAttention.
struct MultiHeadAttentionOptions {
  /// Numbers of x at one step; a multiple of heads. 0 if a network finds it.
  Index features = 0;
  Index heads = 1;      ///< parts of the features that attend by themselves
  bool causal = false;  ///< whether a step sees only itself and the steps before it

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    constexpr auto kind = "multi-head attention";
    detail::expect_option(kind, "features", features, detail::at_least(1));
    detail::expect_option(kind, "heads", heads, detail::at_least(1));
    if (features % heads != 0) {
      throw ValueError(kind, ": expected heads that divide the ", features, " features, got ",
                       heads);
    }
  }
};

/// Self-attention of several heads: each step gets a mean of all steps' values, weighted by how
/// well its query fits their keys.
///
///   (q, k, v) = x W_in + b_in, each (N, T, D), of which a head has D / heads neighbouring features
///   y = (for each head: softmax(q k^T / sqrt(D / heads)) v) W_out + b_out
///
///   x, y (N, T, D)
///   in_proj_weight (D, 3D)    in_proj_bias (3D)
///   out_proj_weight (D, D)    out_proj_bias (D)
///
/// Weights are the transposes of torch.nn.MultiheadAttention's in_proj_weight and out_proj.weight;
/// the biases are the same. At first they are what PyTorch draws.
///
/// Sequences of different lengths: with `causal`, padding at the end changes no output before it,
/// and the loss leaves it out (SoftmaxCrossEntropyOptions::ignore_index). Without `causal`, in a
/// Graph, a second input is a mask (N, T) with 0 where there is padding, which no step sees. The
/// mask has no gradient: it gets 0.
///
/// The products with weights are of all steps of the batch, so the layer has the trait whole_batch;
/// the heads of all samples run on several threads. No T x T matrix is saved.
/// Cost: 8NTD^2 + 4NT^2 D FLOP forward, about 2.5 times that backward; causal masks save up to half
/// of the second term. Saves: 4D + heads numbers for each step.
/// Source: Vaswani et al., "Attention is all you need" (2017).
template <std::floating_point T>
class MultiHeadAttention {
 public:
  using Scalar = T;  ///< the element type

  /// Draws W_in by Xavier's uniform initialisation, and W_out from [-1 / sqrt(D), 1 / sqrt(D)); the
  /// biases are 0. @throws ValueError unless heads divides features, and both are positive.
  MultiHeadAttention(const MultiHeadAttentionOptions& options, Rng& rng)
      : MultiHeadAttention(detail::checked(options)) {
    const Shape x{1, 1, options.features};
    initialize({&x, 1}, rng);
  }

  /// The initializer draws both weights, with the fans (D, 3D) and (D, D); the biases are 0.
  /// @throws ValueError unless heads divides features, and both are positive.
  MultiHeadAttention(const MultiHeadAttentionOptions& options,
                     const Initializer<T> auto& initializer, Rng& rng)
      : MultiHeadAttention(detail::checked(options), initializer) {
    const Shape x{1, 1, options.features};
    initialize({&x, 1}, rng);
  }

  ///@{
  /// For a network that finds the features and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructors above, but features may be 0.
  explicit MultiHeadAttention(const MultiHeadAttentionOptions& options)
      : MultiHeadAttention(options, [](Tensor<T>& weight, Fans fans, Rng& rng) {
          const auto D = static_cast<double>(fans.in);
          Uniform{fans.out == fans.in ? 1 / std::sqrt(D) : std::sqrt(6 / (4 * D))}(weight, {}, rng);
        }) {}
  MultiHeadAttention(const MultiHeadAttentionOptions& options,
                     const Initializer<T> auto& initializer)
      : options_(options),
        initializer_(initializer),
        in_weight_("in_proj_weight", {}),
        in_bias_("in_proj_bias", {}),
        out_weight_("out_proj_weight", {}),
        out_bias_("out_proj_bias", {}) {
    MultiHeadAttentionOptions known = options;
    if (known.features == 0) known.features = std::max<Index>(known.heads, 1);
    known.check();
    in_bias_.decay_scale = 0;
    out_bias_.decay_scale = 0;
  }
  ///@}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", options_.features);
    visit("heads", options_.heads);
    visit("causal", options_.causal, false);
  }

  /// Finds the features in x (N, T, D), and draws the weights, unless it has them.
  /// @throws ShapeError for another number of features than the options have.
  void initialize(std::span<const Shape> inputs, Rng& rng) {
    if (!initializer_) return;
    const Shape& x = inputs.front();
    detail::expect_rank(traits().kind, x, 3);
    const Index D = detail::found_size(traits().kind, "features", options_.features, x[2]);
    options_.features = D;
    options_.check();
    const Index wide = detail::checked_product(traits().kind, 3, D);
    in_weight_.value = Tensor<T>::uninitialized({D, wide});
    in_bias_.value = Tensor<T>({wide});
    out_weight_.value = Tensor<T>::uninitialized({D, D});
    out_bias_.value = Tensor<T>({D});
    const auto initializer = std::exchange(initializer_, {});
    initializer(in_weight_.value, {.in = D, .out = wide}, rng);
    initializer(out_weight_.value, {.in = D, .out = D}, rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "multi-head attention",
            .keeps_input = true,
            .whole_batch = true,
            .skips_gradients = true};
  }

  ///@{
  /// @throws ShapeError unless x is (N, T, D), and a mask (N, T).
  Shape output_shape(const Shape& x) const { return output_shape(std::span(&x, 1)); }
  Shape output_shape(std::span<const Shape> inputs) const {
    const Shape& x = detail::sequence_of(traits().kind, inputs);
    detail::expect_initialized(traits().kind, bool(initializer_));
    const Index D = options_.features;
    detail::expect_shape<T>(traits().kind, in_weight_, {D, 3 * D});
    detail::expect_shape<T>(traits().kind, in_bias_, {3 * D});
    detail::expect_shape<T>(traits().kind, out_weight_, {D, D});
    detail::expect_shape<T>(traits().kind, out_bias_, {D});
    if (x.rank() != 3 || x[2] != D) {
      throw ShapeError(traits().kind, ": expected x of shape (N, T, ", D, "), got ", x);
    }
    return x;
  }
  ///@}

  /// Floating-point operations of the products of `forward` for a batch of shape x, without those
  /// that a causal mask saves.
  Index flops(std::span<const Shape> inputs) const {
    const Shape& x = inputs.front();
    const auto product = [](Index a, Index b) {
      return detail::checked_product(traits().kind, a, b);
    };
    const Index of_a_step =
        detail::checked_sum(traits().kind, 8 * options_.features, product(4, x[1]));
    return product(product(x[0], x[1]), product(options_.features, of_a_step));
  }

  /// Bytes that `backward` needs besides x.
  Index saved_bytes(std::span<const Shape> inputs) const {
    const Shape& x = inputs.front();
    const Index numbers = 4 * options_.features + options_.heads;
    return detail::checked_product(traits().kind,
                                   detail::checked_product(traits().kind, x[0], x[1]),
                                   numbers * static_cast<Index>(sizeof(T)));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    const Index rows = pass.x.extent(0) * pass.x.extent(1);
    const Scratch<T> unsaved(pass.saved == nullptr ? rows * (4 * features() + options_.heads) : 0);
    const Memory memory(pass.saved == nullptr ? unsaved.data() : detail::elements_at<T>(pass.saved),
                        rows, features());
    detail::linear<T>(rows, in_weight_.value, in_bias_.value, pass.x.data(), memory.qkv);
    for_each_head(pass.x.shape(), [&](Index sample, Index head, const detail::HeadSizes& sizes) {
      const Index first = sample * sizes.steps;
      detail::attend<T>(sizes, head_of<const T>(memory.qkv, first, head),
                        detail::mask_of(pass.inputs, sample),
                        memory.attended + first * features() + head * sizes.features,
                        memory.log_sums + (sample * options_.heads + head) * sizes.steps);
    });
    detail::linear<T>(rows, out_weight_.value, out_bias_.value, memory.attended, pass.y.data());
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    detail::clear_gradient_of_mask(pass);
    const Index rows = pass.x.extent(0) * pass.x.extent(1);
    const Memory memory(detail::elements_at<T>(pass.saved), rows, features());
    const bool ends_here = !pass.needs_gradient(0) && !pass.needs_gradient(1) && !pass.needs_dx();
    const Scratch<T> numbers(ends_here ? 0 : rows * 4 * features());
    T* const d_qkv = numbers.data();
    T* const d_attended = ends_here ? nullptr : d_qkv + rows * 3 * features();
    detail::linear_backward<T>(rows, out_weight_.value, memory.attended, pass.dy.data(),
                               {pass.gradient(2), pass.gradient(3), d_attended}, pass.store);
    if (ends_here) return;

    for_each_head(pass.x.shape(), [&](Index sample, Index head, const detail::HeadSizes& sizes) {
      const Index first = sample * sizes.steps;
      const Index place = first * features() + head * sizes.features;
      detail::attend_backward<T>(sizes, head_of<const T>(memory.qkv, first, head),
                                 memory.attended + place, detail::mask_of(pass.inputs, sample),
                                 memory.log_sums + (sample * options_.heads + head) * sizes.steps,
                                 d_attended + place, head_of<T>(d_qkv, first, head));
    });
    detail::linear_backward<T>(rows, in_weight_.value, pass.x.data(), d_qkv,
                               {pass.gradient(0), pass.gradient(1), pass.dx.data()}, pass.store);
  }

  /// What it learns.
  std::array<Parameter<T>*, 4> parameters() & {
    return {&in_weight_, &in_bias_, &out_weight_, &out_bias_};
  }

 private:
  /// What forward saves for backward.
  struct Memory {
    T* qkv;       // (N, T, 3D)
    T* attended;  // (N, T, D)
    T* log_sums;  // (N, heads, T)

    Memory(T* memory, Index rows, Index D)
        : qkv(memory), attended(qkv + rows * 3 * D), log_sums(attended + rows * D) {}
  };

  Index features() const { return options_.features; }

  /// One head's queries, keys and values, from a row of (N T, 3D) on.
  template <class U>
  detail::HeadRows<U> head_of(U* qkv, Index row, Index head) const {
    U* const q = qkv + row * 3 * features() + head * (features() / options_.heads);
    return {q, q + features(), q + 2 * features()};
  }

  template <class Body>
  void for_each_head(const Shape& x, const Body& body) const {
    const detail::HeadSizes sizes{.steps = x[1],
                                  .features = features() / options_.heads,
                                  .stride = 3 * features(),
                                  .out_stride = features(),
                                  .is_causal = options_.causal};
    if (sizes.steps == 0) return;
    parallel_for(x[0] * options_.heads,
                 [&](Index i) { body(i / options_.heads, i % options_.heads, sizes); });
  }

  MultiHeadAttentionOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> in_weight_;
  Parameter<T> in_bias_;
  Parameter<T> out_weight_;
  Parameter<T> out_bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
