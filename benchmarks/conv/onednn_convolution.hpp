#pragma once

#include <memory>
#include <unordered_map>

#if defined(DLFS_HAS_ONEDNN)
#include <dnnl.hpp>
#endif

#include "dlfs/conv/convolution.hpp"

namespace dlfs::bench {

enum class Pass { forward, backward_input, backward_weights };

#if defined(DLFS_HAS_ONEDNN)

/// One pass of a convolution with bias by oneDNN, on one thread, in the layouts that it likes best.
class OnednnConvolution {
 public:
  /// Throws dnnl::error where oneDNN does not have the algorithm for the pass.
  OnednnConvolution(Pass pass, dnnl::algorithm algorithm, const Shape& x, const Shape& weight,
                    const Window2d& window) {
    const Shape y = convolution_shape(x, weight, window, 1);
    const auto any = [](const Shape& shape) {
      return dnnl::memory::desc({shape[0], shape[1], shape[2], shape[3]},
                                dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
    };
    const auto pair = [](Size2d size) { return dnnl::memory::dims{size.height, size.width}; };
    const auto x_desc = any(x), weight_desc = any(weight), y_desc = any(y);
    const dnnl::memory::desc bias_desc({weight[0]}, dnnl::memory::data_type::f32,
                                       dnnl::memory::format_tag::x);
    const auto stride = pair(window.stride), padding = pair(window.padding);
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, x_desc, weight_desc, bias_desc, y_desc,
         stride, padding, padding},
        engine_);
    if (pass == Pass::forward) {
      primitive_ = dnnl::convolution_forward(forward);
      add(DNNL_ARG_SRC, forward.src_desc());
      add(DNNL_ARG_WEIGHTS, forward.weights_desc());
      add(DNNL_ARG_BIAS, forward.bias_desc());
      add(DNNL_ARG_DST, forward.dst_desc());
    } else if (pass == Pass::backward_input) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {algorithm, x_desc, weight_desc, y_desc, stride, padding, padding}, engine_, forward);
      primitive_ = dnnl::convolution_backward_data(backward);
      add(DNNL_ARG_DIFF_SRC, backward.diff_src_desc());
      add(DNNL_ARG_WEIGHTS, backward.weights_desc());
      add(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
    } else {
      const dnnl::convolution_backward_weights::primitive_desc backward(
          {algorithm, x_desc, weight_desc, bias_desc, y_desc, stride, padding, padding}, engine_,
          forward);
      primitive_ = dnnl::convolution_backward_weights(backward);
      add(DNNL_ARG_SRC, backward.src_desc());
      add(DNNL_ARG_DIFF_WEIGHTS, backward.diff_weights_desc());
      add(DNNL_ARG_DIFF_BIAS, backward.diff_bias_desc());
      add(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
    }
  }

  void run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  void add(int argument, const dnnl::memory::desc& desc) {
    const dnnl::memory memory(desc, engine_);
    auto* const data = static_cast<float*>(memory.get_data_handle());
    for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i) {
      data[i] = static_cast<float>(i % 97) / 97 - 0.5f;  // no zeros, no denormals
    }
    arguments_.insert({argument, memory});
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

#endif  // DLFS_HAS_ONEDNN

}  // namespace dlfs::bench
