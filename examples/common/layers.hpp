#pragma once

#include <utility>

#include "common/functions.hpp"
#include "common/util.hpp"

// The layers of chapters 5 to 7 by hand. Book: common/layers.py.

namespace common {

/// `forward` computes the output, and keeps what `backward` needs. `backward` takes the derivative
/// of the loss by the output, and returns that by the input.
class Layer {
 public:
  virtual ~Layer() = default;
  virtual Array forward(const Array& x) = 0;
  virtual Array backward(const Array& dout) = 0;

  bool train_flg = true;  // dropout and batch normalisation are different in training
};

/// A layer with weights, which belong to the network. `backward` sets their gradients.
class LayerWithWeights : public Layer {
 public:
  LayerWithWeights(Array& W, Array& b) : W_(W), b_(b) {}

  Array dW, db;

 protected:
  Array& W_;
  Array& b_;
};

class Relu : public Layer {
 public:
  Array forward(const Array& x) override {
    mask_ = x <= 0;
    return where(mask_, 0.0, x);
  }

  Array backward(const Array& dout) override { return where(mask_, 0.0, dout); }

 private:
  Tensor<bool> mask_;
};

class Sigmoid : public Layer {
 public:
  Array forward(const Array& x) override {
    out_ = common::sigmoid(x);
    return out_;
  }

  Array backward(const Array& dout) override { return dout * (1.0 - out_) * out_; }

 private:
  Array out_;
};

/// x (N, ...) is flattened to (N, D); W (D, M), b (M), out (N, M)
class Affine : public LayerWithWeights {
 public:
  using LayerWithWeights::LayerWithWeights;

  Array forward(const Array& x) override {
    original_x_shape_ = x.shape();
    x_ = copy(x.reshape({x.extent(0), -1}));
    return matmul(x_, W_) + b_;
  }

  Array backward(const Array& dout) override {
    dW = matmul(x_.transpose(), dout);
    db = sum(dout, 0);
    return matmul(dout, W_.transpose()).reshape(original_x_shape_);
  }

 private:
  Shape original_x_shape_;
  Array x_;
};

/// The last layer: x (N, C), labels t (N).
class SoftmaxWithLoss {
 public:
  double forward(const Array& x, const Labels& t) {
    t_ = t;
    y_ = common::softmax(x);
    return cross_entropy_error(y_, t_);
  }

  Array backward() const {
    Array dx = y_;
    for (Index n = 0; n < t_.size(); ++n) dx(n, t_(n)) -= 1;
    return dx / static_cast<double>(t_.size());
  }

 private:
  Array y_;
  Labels t_;
};

class Dropout : public Layer {
 public:
  Dropout(double dropout_ratio, Rng& rng) : dropout_ratio_(dropout_ratio), rng_(rng()) {}

  Array forward(const Array& x) override {
    if (!train_flg) return x * (1.0 - dropout_ratio_);
    mask_ = random_uniform<double>(x.shape(), rng_) > dropout_ratio_;
    return where(mask_, x, 0.0);
  }

  Array backward(const Array& dout) override { return where(mask_, dout, 0.0); }

 private:
  double dropout_ratio_;
  Rng rng_;
  Tensor<bool> mask_;
};

/// Every number of a sample is a feature: x (N, ...) is flattened to (N, D); gamma (D), beta (D).
class BatchNormalization : public Layer {
 public:
  BatchNormalization(Array& gamma, Array& beta, double momentum = 0.9)
      : gamma_(gamma), beta_(beta), momentum_(momentum) {}

  Array forward(const Array& x) override {
    const auto flat = x.reshape({x.extent(0), -1});
    if (running_mean.empty()) running_mean = running_var = zeros<double>({flat.extent(1)});
    if (!train_flg) {
      const Array xn = (flat - running_mean) / sqrt(running_var + 10e-7);
      return (gamma_ * xn + beta_).reshape(x.shape());
    }
    const Array mu = mean(flat, 0);
    xc_ = flat - mu;
    const Array var = mean(square(xc_), 0);
    std_ = sqrt(var + 10e-7);
    xn_ = xc_ / std_;
    running_mean = momentum_ * running_mean + (1 - momentum_) * mu;
    running_var = momentum_ * running_var + (1 - momentum_) * var;
    return (gamma_ * xn_ + beta_).reshape(x.shape());
  }

  Array backward(const Array& dout) override {
    const auto flat = dout.reshape({dout.extent(0), -1});
    const auto batch_size = static_cast<double>(dout.extent(0));
    dbeta = sum(flat, 0);
    dgamma = sum(xn_ * flat, 0);
    const Array dxn = gamma_ * flat;
    const Array dstd = -sum(dxn * xc_ / square(std_), 0);
    const Array dvar = 0.5 * dstd / std_;
    const Array dxc = dxn / std_ + (2.0 / batch_size) * xc_ * dvar;
    const Array dmu = sum(dxc, 0);
    return (dxc - dmu / batch_size).reshape(dout.shape());
  }

  Array dgamma, dbeta, running_mean, running_var;

 private:
  Array& gamma_;
  Array& beta_;
  double momentum_;
  Array xc_, xn_, std_;
};

/// x (N, C, H, W), W (FN, C, FH, FW), b (FN), out (N, FN, OH, OW)
class Convolution : public LayerWithWeights {
 public:
  Convolution(Array& W, Array& b, Index stride = 1, Index pad = 0)
      : LayerWithWeights(W, b), stride_(stride), pad_(pad) {}

  Array forward(const Array& x) override {
    const Index FN = W_.extent(0), FH = W_.extent(2), FW = W_.extent(3);
    const Index out_h = conv_output_size(x.extent(2), FH, stride_, pad_);
    const Index out_w = conv_output_size(x.extent(3), FW, stride_, pad_);
    x_shape_ = x.shape();
    col_ = im2col(x, FH, FW, stride_, pad_);
    const Array out = matmul(col_, W_.reshape({FN, -1}).transpose()) + b_;
    return copy(out.reshape({x.extent(0), out_h, out_w, FN}).transpose({0, 3, 1, 2}));
  }

  Array backward(const Array& dout) override {
    const Index FN = W_.extent(0), FH = W_.extent(2), FW = W_.extent(3);
    const Array rows = copy(dout.transpose({0, 2, 3, 1})).reshape({-1, FN});
    db = sum(rows, 0);
    dW = matmul(rows.transpose(), col_).reshape(W_.shape());
    const Array dcol = matmul(rows, W_.reshape({FN, -1}));
    return col2im(dcol, x_shape_, FH, FW, stride_, pad_);
  }

 private:
  Index stride_, pad_;
  Shape x_shape_;
  Array col_;
};

/// The largest number of each window: x (N, C, H, W), out (N, C, OH, OW)
class Pooling : public Layer {
 public:
  Pooling(Index pool_h, Index pool_w, Index stride = 1, Index pad = 0)
      : pool_h_(pool_h), pool_w_(pool_w), stride_(stride), pad_(pad) {}

  Array forward(const Array& x) override {
    const Index out_h = conv_output_size(x.extent(2), pool_h_, stride_, pad_);
    const Index out_w = conv_output_size(x.extent(3), pool_w_, stride_, pad_);
    x_shape_ = x.shape();
    const Array col = im2col(x, pool_h_, pool_w_, stride_, pad_).reshape({-1, pool_h_ * pool_w_});
    arg_max_ = argmax(col, 1, KeepDims::yes);
    const Array out = take_along_axis(col, arg_max_, 1);
    return copy(out.reshape({x.extent(0), out_h, out_w, x.extent(1)}).transpose({0, 3, 1, 2}));
  }

  Array backward(const Array& dout) override {
    const Array column = copy(dout.transpose({0, 2, 3, 1})).reshape({-1, 1});
    Array dmax({column.size(), pool_h_ * pool_w_});
    put_along_axis(dmax, arg_max_, column, 1);
    return col2im(dmax, x_shape_, pool_h_, pool_w_, stride_, pad_);
  }

 private:
  Index pool_h_, pool_w_, stride_, pad_;
  Shape x_shape_;
  Tensor<Index> arg_max_;
};

}  // namespace common
