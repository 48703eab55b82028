#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/dlfs.hpp"

namespace dlfs::test {

// 2,000 pass as well, which takes half a minute.
constexpr unsigned random_graphs = 400;

/// A graph of random layers, each of which reads earlier ones. Its values have the shapes (N, 2, 3)
/// and (N, 6).
template <class T>
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : draw_(seed), rng_(seed) {
    const std::size_t inputs = 1 + below(2);
    for (std::size_t i = 0; i < inputs; ++i) {
      names_.push_back({str_cat("x", i), below(2) == 0});
      input_names_.push_back(names_.back().name);
    }
    net_ = Graph<T>(input_names_);
    const std::size_t layers = 1 + below(9);
    for (std::size_t i = 0; i < layers; ++i) add_layer();
    lead_to_one_output();
  }

  Graph<T>& net() { return net_; }
  std::vector<Tensor<T>> inputs(Index rows) {
    std::vector<Tensor<T>> x;
    for (std::size_t i = 0; i < input_names_.size(); ++i) {
      x.push_back(random_normal<T>(names_[i].is_flat ? Shape{rows, 6} : Shape{rows, 2, 3}, rng_));
    }
    return x;
  }

 private:
  struct Value {
    std::string name;
    bool is_flat;
    bool is_read = false;
  };

  std::size_t below(std::size_t end) { return draw_() % end; }

  Value& any() { return names_[below(names_.size())]; }

  std::string new_name() const { return str_cat("layer", names_.size()); }

  void add(AnyLayer<T> layer, std::vector<std::string> inputs, bool is_flat) {
    const std::string name = new_name();
    net_.add(name, std::move(layer), inputs);
    names_.push_back({name, is_flat});
  }

  /// A value that is read from now on, in the shape that is wanted.
  std::string read(bool is_flat) {
    Value& value = any();
    value.is_read = true;
    if (value.is_flat == is_flat) return value.name;
    const std::string from = value.name;
    if (is_flat) {
      add(Flatten<T>(), {from}, true);
    } else {
      add(Reshape<T>(Shape{2, 3}), {from}, false);
    }
    names_.back().is_read = true;
    return names_.back().name;
  }

  void add_layer() {
    const bool is_flat = below(2) == 0;
    const auto several = [&] {
      std::vector<std::string> inputs;
      const std::size_t count = 1 + below(3);
      while (inputs.size() < count) inputs.push_back(read(is_flat));
      return inputs;
    };
    switch (below(11)) {
      case 0:
        affine_ = new_name_after([&] {
          return add(Affine<T>({.in = 6, .out = 6}, Xavier{}, rng_), {read(true)}, true);
        });
        return;
      case 1: {
        if (affine_.empty()) return;
        const std::string from = read(true);
        const std::string name = new_name();
        net_.add_shared(name, affine_, {from});
        names_.push_back({name, true});
        return;
      }
      case 2:
        return add(Tanh<T>(), {read(is_flat)}, is_flat);
      case 3:
        return add(Sigmoid<T>(), {read(is_flat)}, is_flat);
      case 4:
        return add(Swish<T>(), {read(is_flat)}, is_flat);
      case 5:
        return add(Add<T>(), several(), is_flat);
      case 6:
        return add(Multiply<T>(), several(), is_flat);
      case 7: {
        const std::string a = read(true), b = read(true), joined = new_name();
        add(Concatenate<T>(), {a, b}, true);
        names_.pop_back();
        const std::string name = joined + "_affine";
        net_.add(name, Affine<T>({.in = 12, .out = 6}, Xavier{}, rng_), {joined});
        names_.push_back({name, true});
        return;
      }
      case 8:
        return add(BatchNormalization<T>({.features = is_flat ? 6 : 2, .epsilon = 0.1}),
                   {read(is_flat)}, is_flat);
      case 9:
        return add(Residual<T>({{"linear", Linear<T>({.in = 3, .out = 3}, Xavier{}, rng_)},
                                {"tanh", Tanh<T>()}}),
                   {read(false)}, false);
      default:
        return add(Dropout<T>({.ratio = 0.3}, rng_), {read(is_flat)}, is_flat);
    }
  }

  template <class Call>
  std::string new_name_after(const Call& call) {
    call();
    return names_.back().name;
  }

  void lead_to_one_output() {
    std::vector<std::string> unread;
    const std::size_t count = names_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (names_[i].is_read) continue;
      if (names_[i].is_flat) {
        unread.push_back(names_[i].name);
      } else {
        const std::string from = names_[i].name;
        add(Flatten<T>(), {from}, true);
        unread.push_back(names_.back().name);
      }
    }
    if (unread.size() > 1 || unread.front() == "x0" || unread.front() == "x1") {
      add(Add<T>(), unread, true);
    }
  }

  std::mt19937 draw_;
  Rng rng_;
  std::vector<Value> names_;
  std::vector<std::string> input_names_;
  std::string affine_;
  Graph<T> net_{std::vector<std::string>{"x"}};
};

}  // namespace dlfs::test
