#pragma once

#include <concepts>
#include <utility>

#include "dlfs/net/neural_network.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/layers/add.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A residual block: y = body(x) + x, or body(x) + shortcut(x) if the shapes differ.
///
///   Residual<float>({{"conv1", ...}, {"relu1", ...}, {"conv2", ...}})
///
/// It is a graph of the parts "body", "shortcut" and "sum". Its parameters are named
/// "body.conv1.weight" and "shortcut.conv.weight".
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016); Saitoh,
/// "Deep Learning from Scratch" vol. 1, section 8.2.4.
template <std::floating_point T>
class Residual : public NeuralNetwork<T> {
 public:
  ///@{
  /// body(x) + x, or body(x) + shortcut(x).
  explicit Residual(Sequential<T> body) : NeuralNetwork<T>("residual") {
    this->add_input("x");
    this->add_node("body", std::move(body), {0});
    this->add_node("sum", Add<T>(), {1, 0});
  }
  Residual(Sequential<T> body, Sequential<T> shortcut) : NeuralNetwork<T>("residual") {
    this->add_input("x");
    this->add_node("body", std::move(body), {0});
    this->add_node("shortcut", std::move(shortcut), {0});
    this->add_node("sum", Add<T>(), {1, 2});
  }
  ///@}
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
