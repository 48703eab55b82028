#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "dlfs/core/strict_math.hpp"

// What save_onnx and load_onnx share: the numbers of the fields of ONNX messages.
// Source: github.com/onnx/onnx, onnx/onnx.proto3.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

namespace model_field {
inline constexpr int ir_version = 1, producer_name = 2, graph = 7, opset_import = 8;
}
namespace opset_field {
inline constexpr int domain = 1, version = 2;
}
namespace graph_field {
inline constexpr int node = 1, name = 2, initializer = 5, input = 11, output = 12,
                     sparse_initializer = 15;
}
namespace node_field {
inline constexpr int input = 1, output = 2, name = 3, op_type = 4, attribute = 5, domain = 7;
}
namespace attribute_field {
inline constexpr int name = 1, f = 2, i = 3, s = 4, t = 5, floats = 7, ints = 8, strings = 9,
                     type = 20;
}
namespace tensor_field {
inline constexpr int dims = 1, data_type = 2, float_data = 4, int32_data = 5, int64_data = 7,
                     name = 8, raw_data = 9, double_data = 10, external_data = 13,
                     data_location = 14;
}
namespace value_field {
inline constexpr int name = 1, type = 2;
}
namespace type_field {
inline constexpr int tensor_type = 1, elem_type = 1, shape = 2, dim = 1, dim_value = 1,
                     dim_param = 2;
}
namespace entry_field {
inline constexpr int key = 1, value = 2;
}

/// AttributeProto.AttributeType.
enum class AttributeType { f = 1, i = 2, s = 3, t = 4, floats = 6, ints = 7, strings = 8 };

/// TensorProto.DataType.
enum class DataType {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  bfloat16 = 16
};

template <class T>
constexpr DataType data_type() {
  if constexpr (std::same_as<T, float>) {
    return DataType::float32;
  } else if constexpr (std::same_as<T, double>) {
    return DataType::float64;
  } else if constexpr (std::same_as<T, bool>) {
    return DataType::boolean;
  } else {
    static_assert(std::same_as<T, std::int64_t>);
    return DataType::int64;
  }
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
