#pragma once

// The nodes of the computational graphs in section 5.4: numbers go forward, derivatives go back.

namespace ch05 {

/// z = x y; dx = dz y and dy = dz x.
class MulLayer {
 public:
  double forward(double x, double y) {
    x_ = x;
    y_ = y;
    return x * y;
  }

  struct Gradient {
    double dx, dy;
  };
  Gradient backward(double dout) const { return {dout * y_, dout * x_}; }

 private:
  double x_ = 0;
  double y_ = 0;
};

/// z = x + y; both derivatives are dz.
class AddLayer {
 public:
  double forward(double x, double y) const { return x + y; }

  struct Gradient {
    double dx, dy;
  };
  Gradient backward(double dout) const { return {dout, dout}; }
};

}  // namespace ch05
