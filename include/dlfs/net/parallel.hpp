#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <vector>

#include "dlfs/net/neural_network.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/layers/concatenate.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A branch in the list that constructs a Parallel.
template <std::floating_point T>
struct NamedBranch {
  std::string name;      ///< stands before the names of its parameters
  Sequential<T> layers;  ///< what the branch computes
};

/// Networks side by side, all on x; their outputs are concatenated along the channels.
///
///   Parallel<float>{{"conv1x1", {{"conv", ...}}}, {"conv3x3", {{"conv", ...}, {"relu", ...}}}}
///
///   x (N, ...) -> y (N, C1 + C2 + ..., ...) from (N, C1, ...), (N, C2, ...), ...
///
/// It is a graph of the branches and "concatenation". Its parameters are named
/// "conv1x1.conv.weight".
/// Source: Szegedy et al., "Going deeper with convolutions" (2015); Saitoh, "Deep Learning from
/// Scratch" vol. 1, section 8.2.3.
template <std::floating_point T>
class Parallel : public NeuralNetwork<T> {
 public:
  /// @throws ValueError without a branch, or for a name that is empty or used twice.
  Parallel(std::initializer_list<NamedBranch<T>> branches) : NeuralNetwork<T>("parallel") {
    if (branches.size() == 0) throw ValueError("parallel: expected at least one branch");
    this->add_input("x");
    std::vector<Index> values;
    for (const auto& [name, layers] : branches) {
      this->add_node(name, layers, {0});
      values.push_back(this->layer_count());
    }
    this->add_node("concatenation", Concatenate<T>(), std::move(values));
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
