#pragma once

#include <algorithm>

#include "common/functions.hpp"
#include "common/gradient.hpp"

namespace common {

/// What the trainer and the gradient checks need of a network: x (N, ...), labels t (N).
class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;  // its layers refer to its params
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  /// The scores (N, C) before softmax.
  virtual Array predict(const Array& x, bool train_flg = false) = 0;
  virtual double loss(const Array& x, const Labels& t, bool train_flg = false) = 0;
  virtual Arrays gradient(const Array& x, const Labels& t) = 0;

  /// The share of samples whose largest score is that of their label; 100 samples at a time.
  double accuracy(const Array& x, const Labels& t) {
    Index correct = 0;
    for (Index begin = 0; begin < t.size(); begin += 100) {
      const Index end = std::min<Index>(begin + 100, t.size());
      const auto y = argmax(predict(copy(x.rows(begin, end))), 1);
      for (Index n = begin; n < end; ++n) correct += y(n - begin) == t(n) ? 1 : 0;
    }
    return static_cast<double>(correct) / static_cast<double>(t.size());
  }

  Arrays numerical_gradient(const Array& x, const Labels& t) {
    const auto loss_W = [&](const Array&) { return loss(x, t, true); };
    Arrays grads;
    for (auto& [key, param] : params) grads[key] = common::numerical_gradient(loss_W, param);
    return grads;
  }

  Arrays params;
};

}  // namespace common
