#pragma once

#include <string_view>

#include "dlfs/core/strict_math.hpp"

// The functions of the C++ files that write_cpp writes. A file has those that it calls. They are
// C++17 without exceptions or memory of their own: plain loops that a reader can check.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// A function of the written file, by name, and those that it needs, which stand before it.
struct CppFunction {
  std::string_view name;
  std::string_view text;
  std::string_view needs{};
};

inline constexpr CppFunction cpp_functions[] = {
    {"relu", R"(inline real relu(real x) { return x <= 0 ? real(0) : x; }
)"},
    {"leaky_relu", R"(inline real leaky_relu(real x, real slope) { return x <= 0 ? slope * x : x; }
)"},
    {"elu", R"(inline real elu(real x, real alpha) { return x <= 0 ? alpha * std::expm1(x) : x; }
)"},
    {"gelu", R"(inline real gelu(real x) {
  return x * real(0.5) * std::erfc(-x * real(0.70710678118654752440));
}
)"},
    {"sigmoid", R"(inline real sigmoid(real x) {
  const real e = std::exp(x <= 0 ? x : -x);
  return (x <= 0 ? e : real(1)) / (1 + e);
}
)"},
    {"gelu_tanh", R"(inline real gelu_tanh(real x) {
  return x * sigmoid(real(1.5957691216057307117) * x * (1 + real(0.044715) * x * x));
}
)",
     "sigmoid"},
    {"swish", R"(inline real swish(real x) { return x * sigmoid(x); }
)",
     "sigmoid"},
    {"softplus", R"(inline real softplus(real x) {
  return (x <= 0 ? real(0) : x) + std::log1p(std::exp(x <= 0 ? x : -x));
}
)"},
    {"hard_sigmoid", R"(inline real hard_sigmoid(real x) {
  const real sum = x + 3;
  return (sum <= 0 ? real(0) : sum >= 6 ? real(6) : sum) / 6;
}
)"},
    {"hard_swish", R"(inline real hard_swish(real x) { return x * hard_sigmoid(x); }
)",
     "hard_sigmoid"},
    {"hard_tanh",
     R"(inline real hard_tanh(real x, real low, real high) {
  return x <= low ? low : x >= high ? high : x;
}
)"},
    {"linear",
     R"(#if defined(__AVX512F__)
typedef real Vector __attribute__((vector_size(64)));  // neighbours that one instruction computes
#elif defined(__AVX__)
typedef real Vector __attribute__((vector_size(32)));
#elif defined(__GNUC__)
typedef real Vector __attribute__((vector_size(16)));
#else
using Vector = real;
#endif

/// Some columns of linear for one row, with the sums in `count` registers.
template <class Register, int count>
inline void linear_columns(const real* x, const real* W, const real* b, real* y, int in, int out) {
  constexpr int lanes = sizeof(Register) / sizeof(real);
  Register sums[count], w;
  for (int k = 0; k < count; ++k) std::memcpy(&sums[k], b + k * lanes, sizeof(w));
  for (int i = 0; i < in; ++i) {
    for (int k = 0; k < count; ++k) {
      std::memcpy(&w, W + i * out + k * lanes, sizeof(w));
      sums[k] += x[i] * w;
    }
  }
  for (int k = 0; k < count; ++k) std::memcpy(y + k * lanes, &sums[k], sizeof(w));
}

/// y (rows, out) = x (rows, in) W (in, out) + b (out). For one row b may be y.
inline void linear(const real* x, const real* W, const real* b, real* y, int rows, int in,
                   int out) {
  constexpr int lanes = sizeof(Vector) / sizeof(real);
  for (int row = 0; row < rows; ++row, x += in, y += out) {
    int j = 0;
    for (; j + 8 * lanes <= out; j += 8 * lanes) {
      linear_columns<Vector, 8>(x, W + j, b + j, y + j, in, out);
    }
    for (; j + 2 * lanes <= out; j += 2 * lanes) {
      linear_columns<Vector, 2>(x, W + j, b + j, y + j, in, out);
    }
    for (; j + lanes <= out; j += lanes) {
      linear_columns<Vector, 1>(x, W + j, b + j, y + j, in, out);
    }
    for (; j + 2 <= out; j += 2) linear_columns<real, 2>(x, W + j, b + j, y + j, in, out);
    for (; j < out; ++j) linear_columns<real, 1>(x, W + j, b + j, y + j, in, out);
  }
}
)"},
    {"sizes", R"(struct Image {
  int channels, height, width;
};
struct Window {
  int kernel[2], stride[2], padding[2], dilation[2];
};
)"},
    {"columns",
     R"(/// Columns [first, last) of the output for which a tap of the window is inside of the input.
struct Columns {
  int first, last;
};
inline Columns columns(int tap, int in, int out, int stride) {
  const int first = tap >= 0 ? 0 : (-tap + stride - 1) / stride;
  const int last = in - 1 - tap < 0 ? 0 : (in - 1 - tap) / stride + 1;
  return {first, last < out ? last : out};
}
)"},
    {"convolution", R"(/// y = x * W + b with W (filters, channels / groups, kernel); b may be null.
inline void convolution(const real* x, Image in, const real* W, const real* b, Window window,
                        int groups, real* y, Image out) {
  const int channels = in.channels / groups, filters = out.channels / groups;
  for (int f = 0; f < out.channels; ++f) {
    real* const image = y + f * out.height * out.width;
    for (int i = 0; i < out.height * out.width; ++i) image[i] = b ? b[f] : real(0);
    for (int c = 0; c < channels; ++c) {
      const real* const plane = x + (f / filters * channels + c) * in.height * in.width;
      for (int kh = 0; kh < window.kernel[0]; ++kh) {
        for (int kw = 0; kw < window.kernel[1]; ++kw) {
          const real w = *W++;
          const int tap = kw * window.dilation[1] - window.padding[1], step = window.stride[1];
          const Columns range = columns(tap, in.width, out.width, step);
          for (int oh = 0; oh < out.height; ++oh) {
            const int ih = oh * window.stride[0] + kh * window.dilation[0] - window.padding[0];
            if (ih < 0 || ih >= in.height) continue;
            const real* const row = plane + ih * in.width;
            real* const sums = image + oh * out.width;
            for (int ow = range.first; ow < range.last; ++ow) sums[ow] += w * row[ow * step + tap];
          }
        }
      }
    }
  }
}
)",
     "sizes columns"},
    {"wide_convolution",
     R"(/// y = x * W + b for many filters, with W (groups, channels / groups, kernel, filters / groups); b
/// may be null. memory has the numbers of a window, and the filters of a group.
inline void wide_convolution(const real* x, Image in, const real* W, const real* b, Window window,
                             int groups, real* y, Image out, real* memory) {
  const int channels = in.channels / groups, filters = out.channels / groups;
  const int taps = channels * window.kernel[0] * window.kernel[1];
  real* const sums = memory + taps;
  for (int g = 0; g < groups; ++g) {
    for (int oh = 0; oh < out.height; ++oh) {
      for (int ow = 0; ow < out.width; ++ow) {
        real* tap = memory;
        for (int c = 0; c < channels; ++c) {
          const real* const plane = x + (g * channels + c) * in.height * in.width;
          for (int kh = 0; kh < window.kernel[0]; ++kh) {
            const int ih = oh * window.stride[0] + kh * window.dilation[0] - window.padding[0];
            for (int kw = 0; kw < window.kernel[1]; ++kw) {
              const int iw = ow * window.stride[1] + kw * window.dilation[1] - window.padding[1];
              const bool is_inside = ih >= 0 && ih < in.height && iw >= 0 && iw < in.width;
              *tap++ = is_inside ? plane[ih * in.width + iw] : real(0);
            }
          }
        }
        for (int f = 0; f < filters; ++f) sums[f] = b ? b[g * filters + f] : real(0);
        linear(memory, W + g * taps * filters, sums, sums, 1, taps, filters);
        for (int f = 0; f < filters; ++f) {
          y[((g * filters + f) * out.height + oh) * out.width + ow] = sums[f];
        }
      }
    }
  }
}
)",
     "sizes linear"},
    {"transposed_convolution",
     R"(/// The adjoint of a convolution, + b: W (channels, filters / groups, kernel).
inline void transposed_convolution(const real* x, Image in, const real* W, const real* b,
                                   Window window, int groups, real* y, Image out) {
  const int channels = in.channels / groups, filters = out.channels / groups;
  for (int f = 0; f < out.channels; ++f) {
    for (int i = 0; i < out.height * out.width; ++i) y[f * out.height * out.width + i] = b[f];
  }
  for (int c = 0; c < in.channels; ++c) {
    const real* const plane = x + c * in.height * in.width;
    for (int f = 0; f < filters; ++f) {
      real* const image = y + (c / channels * filters + f) * out.height * out.width;
      for (int kh = 0; kh < window.kernel[0]; ++kh) {
        for (int kw = 0; kw < window.kernel[1]; ++kw) {
          const real w = *W++;
          for (int ih = 0; ih < in.height; ++ih) {
            const int oh = ih * window.stride[0] + kh * window.dilation[0] - window.padding[0];
            if (oh < 0 || oh >= out.height) continue;
            for (int iw = 0; iw < in.width; ++iw) {
              const int ow = iw * window.stride[1] + kw * window.dilation[1] - window.padding[1];
              if (ow < 0 || ow >= out.width) continue;
              image[oh * out.width + ow] += w * plane[ih * in.width + iw];
            }
          }
        }
      }
    }
  }
}
)",
     "sizes"},
    {"max_pooling",
     R"(inline void max_pooling(const real* x, Image in, Window window, real* y, Image out) {
  for (int c = 0; c < in.channels; ++c, x += in.height * in.width) {
    for (int oh = 0; oh < out.height; ++oh) {
      for (int ow = 0; ow < out.width; ++ow) {
        real largest = -std::numeric_limits<real>::infinity();
        for (int kh = 0; kh < window.kernel[0]; ++kh) {
          const int ih = oh * window.stride[0] + kh * window.dilation[0] - window.padding[0];
          if (ih < 0 || ih >= in.height) continue;
          for (int kw = 0; kw < window.kernel[1]; ++kw) {
            const int iw = ow * window.stride[1] + kw * window.dilation[1] - window.padding[1];
            if (iw < 0 || iw >= in.width) continue;
            const real value = x[ih * in.width + iw];
            if (!(value <= largest)) largest = value;
          }
        }
        *y++ = largest;
      }
    }
  }
}
)",
     "sizes"},
    {"average_pooling",
     R"(inline void average_pooling(const real* x, Image in, Window window, bool counts_padding, real* y,
                            Image out) {
  for (int c = 0; c < in.channels; ++c, x += in.height * in.width) {
    for (int oh = 0; oh < out.height; ++oh) {
      for (int ow = 0; ow < out.width; ++ow) {
        real sum = 0;
        int inside = 0, all = 0;
        for (int kh = 0; kh < window.kernel[0]; ++kh) {
          const int ih = oh * window.stride[0] + kh * window.dilation[0] - window.padding[0];
          if (ih >= in.height + window.padding[0]) continue;
          for (int kw = 0; kw < window.kernel[1]; ++kw) {
            const int iw = ow * window.stride[1] + kw * window.dilation[1] - window.padding[1];
            if (iw >= in.width + window.padding[1]) continue;
            ++all;
            if (ih < 0 || ih >= in.height || iw < 0 || iw >= in.width) continue;
            ++inside;
            sum += x[ih * in.width + iw];
          }
        }
        *y++ = sum / real(counts_padding ? all : inside);
      }
    }
  }
}
)",
     "sizes"},
    {"adaptive_pooling",
     R"(/// The means of windows that divide the image into the output's parts.
inline void adaptive_pooling(const real* x, Image in, real* y, Image out) {
  for (int c = 0; c < in.channels; ++c, x += in.height * in.width) {
    for (int oh = 0; oh < out.height; ++oh) {
      const int top = oh * in.height / out.height;
      const int bottom = ((oh + 1) * in.height + out.height - 1) / out.height;
      for (int ow = 0; ow < out.width; ++ow) {
        const int left = ow * in.width / out.width;
        const int right = ((ow + 1) * in.width + out.width - 1) / out.width;
        real sum = 0;
        for (int ih = top; ih < bottom; ++ih) {
          for (int iw = left; iw < right; ++iw) sum += x[ih * in.width + iw];
        }
        *y++ = sum / real((bottom - top) * (right - left));
      }
    }
  }
}
)",
     "sizes"},
    {"upsampling_bilinear",
     R"(inline void upsampling_bilinear(const real* x, Image in, real* y, Image out) {
  for (int c = 0; c < in.channels; ++c, x += in.height * in.width) {
    for (int oh = 0; oh < out.height; ++oh) {
      real h = (real(oh) + real(0.5)) * real(in.height) / real(out.height) - real(0.5);
      if (h < 0) h = 0;
      const int top = int(h), bottom = top + 1 < in.height ? top + 1 : top;
      for (int ow = 0; ow < out.width; ++ow) {
        real w = (real(ow) + real(0.5)) * real(in.width) / real(out.width) - real(0.5);
        if (w < 0) w = 0;
        const int left = int(w), right = left + 1 < in.width ? left + 1 : left;
        const real down = h - real(top), across = w - real(left);
        const real* const above = x + top * in.width;
        const real* const below = x + bottom * in.width;
        *y++ = (1 - down) * ((1 - across) * above[left] + across * above[right]) +
               down * ((1 - across) * below[left] + across * below[right]);
      }
    }
  }
}
)",
     "sizes"},
    {"scale_channels",
     R"(/// (x - mean) scale + shift, for each channel of x (channels, size).
inline void scale_channels(const real* x, const real* mean, const real* scale, const real* shift,
                           real* y, int channels, int size) {
  for (int c = 0; c < channels; ++c) {
    for (int i = 0; i < size; ++i) *y++ = (*x++ - mean[c]) * scale[c] + shift[c];
  }
}
)"},
    {"normalize",
     R"(/// Normalises each group of `channels` times `size` numbers. gamma and beta are those of the
/// channels of all groups, or of one group for all; beta is null for the root mean square alone.
inline void normalize(const real* x, const real* gamma, const real* beta, real* y, int groups,
                      int channels, int size, bool shares_gamma, real epsilon) {
  const int count = channels * size;
  for (int g = 0; g < groups; ++g, x += count, y += count) {
    real mean = 0, variance = 0;
    if (beta) {
      for (int i = 0; i < count; ++i) mean += x[i];
      mean /= real(count);
    }
    for (int i = 0; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const real scale = 1 / std::sqrt(variance / real(count) + epsilon);
    for (int i = 0; i < count; ++i) {
      const int channel = i / size + (shares_gamma ? 0 : g * channels);
      y[i] = gamma[channel] * (x[i] - mean) * scale + (beta ? beta[channel] : real(0));
    }
  }
}
)"},
    {"softmax", R"(/// Softmax, or its logarithm, over the classes of x (classes, size).
inline void softmax(const real* x, real* y, int classes, int size, bool logarithm) {
  for (int i = 0; i < size; ++i) {
    real largest = x[i], sum = 0;
    for (int c = 1; c < classes; ++c) {
      if (x[c * size + i] > largest) largest = x[c * size + i];
    }
    for (int c = 0; c < classes; ++c) sum += std::exp(x[c * size + i] - largest);
    const real log_sum = std::log(sum);
    for (int c = 0; c < classes; ++c) {
      const real difference = x[c * size + i] - largest;
      y[c * size + i] = logarithm ? difference - log_sum : std::exp(difference) / sum;
    }
  }
}
)"},
    {"recurrent", "", "sigmoid linear"},
    {"lstm", R"(/// memory has 5 H numbers.
inline void lstm(const real* x, const real* W, const real* R, const real* b_ih, const real* b_hh,
                 real* y, int steps, int D, int H, bool reverse, real* memory) {
  real* const sums = memory;
  real* const c = memory + 4 * H;
  for (int j = 0; j < H; ++j) c[j] = 0;
  const real* h = nullptr;
  for (int s = 0; s < steps; ++s) {
    const int t = reverse ? steps - 1 - s : s;
    for (int j = 0; j < 4 * H; ++j) sums[j] = b_ih[j] + b_hh[j];
    linear(x + t * D, W, sums, sums, 1, D, 4 * H);
    if (h) linear(h, R, sums, sums, 1, H, 4 * H);
    real* const out = y + t * H;
    for (int j = 0; j < H; ++j) {
      c[j] = sigmoid(sums[H + j]) * c[j] + sigmoid(sums[j]) * std::tanh(sums[2 * H + j]);
      out[j] = sigmoid(sums[3 * H + j]) * std::tanh(c[j]);
    }
    h = out;
  }
}
)",
     "recurrent"},
    {"gru", R"(/// memory has 6 H numbers.
inline void gru(const real* x, const real* W, const real* R, const real* b_ih, const real* b_hh,
                real* y, int steps, int D, int H, bool reverse, real* memory) {
  real* const of_x = memory;
  real* const of_h = memory + 3 * H;
  const real* h = nullptr;
  for (int s = 0; s < steps; ++s) {
    const int t = reverse ? steps - 1 - s : s;
    for (int j = 0; j < 3 * H; ++j) of_h[j] = b_hh[j];
    linear(x + t * D, W, b_ih, of_x, 1, D, 3 * H);
    if (h) linear(h, R, of_h, of_h, 1, H, 3 * H);
    real* const out = y + t * H;
    for (int j = 0; j < H; ++j) {
      const real r = sigmoid(of_x[j] + of_h[j]), z = sigmoid(of_x[H + j] + of_h[H + j]);
      const real n = std::tanh(of_x[2 * H + j] + r * of_h[2 * H + j]);
      out[j] = (1 - z) * n + z * (h ? h[j] : real(0));
    }
    h = out;
  }
}
)",
     "recurrent"},
    {"rnn",
     R"(inline void rnn(const real* x, const real* W, const real* R, const real* b_ih, const real* b_hh,
                real* y, int steps, int D, int H, bool reverse, bool is_relu) {
  const real* h = nullptr;
  for (int s = 0; s < steps; ++s) {
    const int t = reverse ? steps - 1 - s : s;
    real* const out = y + t * H;
    for (int j = 0; j < H; ++j) out[j] = b_ih[j] + b_hh[j];
    linear(x + t * D, W, out, out, 1, D, H);
    if (h) linear(h, R, out, out, 1, H, H);
    for (int j = 0; j < H; ++j) {
      out[j] = is_relu ? (out[j] <= 0 ? real(0) : out[j]) : std::tanh(out[j]);
    }
    h = out;
  }
}
)",
     "linear"},
    {"attention", R"(/// memory has steps (4 features + 1) numbers.
inline void attention(const real* x, const real* W_in, const real* b_in, const real* W_out,
                      const real* b_out, real* y, int steps, int features, int heads, bool causal,
                      real* memory) {
  real* const qkv = memory;
  real* const attended = qkv + 3 * steps * features;
  real* const scores = attended + steps * features;
  linear(x, W_in, b_in, qkv, steps, features, 3 * features);
  const int size = features / heads;
  const real scale = 1 / std::sqrt(real(size));
  for (int head = 0; head < heads; ++head) {
    for (int t = 0; t < steps; ++t) {
      const real* const q = qkv + 3 * t * features + head * size;
      const int seen = causal ? t + 1 : steps;
      for (int s = 0; s < seen; ++s) {
        const real* const k = qkv + (3 * s + 1) * features + head * size;
        real sum = 0;
        for (int i = 0; i < size; ++i) sum += q[i] * k[i];
        scores[s] = sum * scale;
      }
      softmax(scores, scores, seen, 1, false);
      real* const out = attended + t * features + head * size;
      for (int i = 0; i < size; ++i) out[i] = 0;
      for (int s = 0; s < seen; ++s) {
        const real* const v = qkv + (3 * s + 2) * features + head * size;
        for (int i = 0; i < size; ++i) out[i] += scores[s] * v[i];
      }
    }
  }
  linear(attended, W_out, b_out, y, steps, features, features);
}
)",
     "linear softmax"},
    {"copy_strided",
     R"(/// Copies numbers at any distances into y, which is dense and has these extents.
inline void copy_strided(const real* x, real* y, const int (&extents)[6], const int (&strides)[6]) {
  for (int a = 0; a < extents[0]; ++a)
    for (int b = 0; b < extents[1]; ++b)
      for (int c = 0; c < extents[2]; ++c)
        for (int d = 0; d < extents[3]; ++d)
          for (int e = 0; e < extents[4]; ++e)
            for (int f = 0; f < extents[5]; ++f) {
              *y++ = x[a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3] +
                       e * strides[4] + f * strides[5]];
            }
}
)"},
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
