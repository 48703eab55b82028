#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace ch06 {

/// Smooths a noisy curve by a Kaiser window of 11 points (beta 2). The ends are mirrored, so that
/// the length stays. Curves of fewer points stay unchanged. Book: common/util.py.
inline std::vector<double> smooth_curve(const std::vector<double>& curve) {
  constexpr int reach = 5;  // of the window to each side, in points
  const int count = static_cast<int>(curve.size());
  if (count <= 2 * reach) return curve;
  double window[2 * reach + 1];
  double total = 0;
  for (int k = -reach; k <= reach; ++k) {
    const double position = static_cast<double>(k) / reach;
    total += window[k + reach] = std::cyl_bessel_i(0, 2 * std::sqrt(1 - position * position));
  }
  std::vector<double> smooth(curve.size());
  for (int i = 0; i < count; ++i) {
    for (int k = -reach; k <= reach; ++k) {
      const int mirrored = std::abs(i + k);
      const int source = mirrored < count ? mirrored : 2 * count - 1 - mirrored;
      smooth[static_cast<std::size_t>(i)] +=
          window[k + reach] / total * curve[static_cast<std::size_t>(source)];
    }
  }
  return smooth;
}

}  // namespace ch06
