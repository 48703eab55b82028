#pragma once

#include <cmath>

#include "common/functions.hpp"

// The optimizers of section 6.1. Book: common/optimizer.py.

namespace common {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void update(Arrays& params, const Arrays& grads) = 0;
};

/// The array of this name, at first zeros like `param`: the memory of an optimizer.
inline Array& zeros_at_first(Arrays& arrays, const std::string& key, const Array& param) {
  return arrays.try_emplace(key, param.shape()).first->second;
}

class SGD : public Optimizer {
 public:
  explicit SGD(double lr = 0.01) : lr_(lr) {}

  void update(Arrays& params, const Arrays& grads) override {
    for (auto& [key, param] : params) param -= lr_ * grads.at(key);
  }

 private:
  double lr_;
};

class Momentum : public Optimizer {
 public:
  explicit Momentum(double lr = 0.01, double momentum = 0.9) : lr_(lr), momentum_(momentum) {}

  void update(Arrays& params, const Arrays& grads) override {
    for (auto& [key, param] : params) {
      Array& v = zeros_at_first(v_, key, param);
      v = momentum_ * v - lr_ * grads.at(key);
      param += v;
    }
  }

 private:
  double lr_, momentum_;
  Arrays v_;
};

class Nesterov : public Optimizer {
 public:
  explicit Nesterov(double lr = 0.01, double momentum = 0.9) : lr_(lr), momentum_(momentum) {}

  void update(Arrays& params, const Arrays& grads) override {
    for (auto& [key, param] : params) {
      Array& v = zeros_at_first(v_, key, param);
      param += momentum_ * momentum_ * v;
      param -= (1 + momentum_) * lr_ * grads.at(key);
      v = momentum_ * v - lr_ * grads.at(key);
    }
  }

 private:
  double lr_, momentum_;
  Arrays v_;
};

class AdaGrad : public Optimizer {
 public:
  explicit AdaGrad(double lr = 0.01) : lr_(lr) {}

  void update(Arrays& params, const Arrays& grads) override {
    for (auto& [key, param] : params) {
      Array& h = zeros_at_first(h_, key, param);
      h += square(grads.at(key));
      param -= lr_ * grads.at(key) / (sqrt(h) + 1e-7);
    }
  }

 private:
  double lr_;
  Arrays h_;
};

class RMSprop : public Optimizer {
 public:
  explicit RMSprop(double lr = 0.01, double decay_rate = 0.99) : lr_(lr), decay_rate_(decay_rate) {}

  void update(Arrays& params, const Arrays& grads) override {
    for (auto& [key, param] : params) {
      Array& h = zeros_at_first(h_, key, param);
      h *= decay_rate_;
      h += (1 - decay_rate_) * square(grads.at(key));
      param -= lr_ * grads.at(key) / (sqrt(h) + 1e-7);
    }
  }

 private:
  double lr_, decay_rate_;
  Arrays h_;
};

class Adam : public Optimizer {
 public:
  explicit Adam(double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999)
      : lr_(lr), beta1_(beta1), beta2_(beta2) {}

  void update(Arrays& params, const Arrays& grads) override {
    ++iter_;
    const double lr_t =
        lr_ * std::sqrt(1 - std::pow(beta2_, iter_)) / (1 - std::pow(beta1_, iter_));
    for (auto& [key, param] : params) {
      Array& m = zeros_at_first(m_, key, param);
      Array& v = zeros_at_first(v_, key, param);
      m += (1 - beta1_) * (grads.at(key) - m);
      v += (1 - beta2_) * (square(grads.at(key)) - v);
      param -= lr_t * m / (sqrt(v) + 1e-7);
    }
  }

 private:
  double lr_, beta1_, beta2_;
  int iter_ = 0;
  Arrays m_, v_;
};

}  // namespace common
