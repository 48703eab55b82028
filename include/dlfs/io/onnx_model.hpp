#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/io/onnx_format.hpp"
#include "dlfs/io/protobuf.hpp"

// An ONNX file as nodes and tensors, whose texts and elements stay in the file.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

/// The numbers of a repeated field, which stand in one list or each by itself.
template <class Visit>
void for_each_varint(const ProtobufField& field, const ProtobufReader& message,
                     const Visit& visit) {
  if (field.type == WireType::varint) return visit(static_cast<std::int64_t>(field.value));
  if (field.type != WireType::bytes) message.fail("a list of whole numbers is of another type");
  ProtobufReader list(field.bytes, message);
  while (!list.is_at_end()) visit(static_cast<std::int64_t>(list.varint()));
}

inline std::string_view text_of(const ProtobufField& field, const ProtobufReader& message) {
  if (field.type != WireType::bytes) message.fail("expected a text in field ", field.number);
  return as_text(field.bytes);
}

inline std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::float64:
    case DataType::int64:
      return 8;
    case DataType::float32:
    case DataType::int32:
      return 4;
    case DataType::float16:
    case DataType::bfloat16:
      return 2;
    case DataType::uint8:
    case DataType::int8:
    case DataType::boolean:
      return 1;
  }
  return 0;
}

inline bool is_integer(DataType type) {
  return type == DataType::int64 || type == DataType::int32 || type == DataType::int8 ||
         type == DataType::uint8 || type == DataType::boolean;
}

/// A tensor of a file. Its elements stay there, unless they are a list of
/// numbers.
struct StoredTensor {
  std::string name;
  DataType type{};
  std::vector<std::int64_t> extents;
  std::int64_t count = 1;        // of the elements
  ByteSpan elements;             // little-endian
  std::shared_ptr<Bytes> owned;  // the elements of a list

  /// Element i as a number.
  double number(std::size_t i) const {
    const std::uint8_t* const at = elements.data() + i * size_of(type);
    const auto bits = [&]<class U>(U) {
      U value = 0;
      for (std::size_t k = 0; k < sizeof(U); ++k) {
        value = static_cast<U>(value | static_cast<U>(static_cast<U>(at[k]) << 8 * k));
      }
      return value;
    };
    switch (type) {
      case DataType::float32:
        return static_cast<double>(std::bit_cast<float>(bits(std::uint32_t{})));
      case DataType::float64:
        return std::bit_cast<double>(bits(std::uint64_t{}));
      case DataType::float16:
        return static_cast<double>(Eigen::half_impl::half_to_float(
            Eigen::half_impl::raw_uint16_to_half(bits(std::uint16_t{}))));
      case DataType::bfloat16:
        return static_cast<double>(
            std::bit_cast<float>(std::uint32_t{bits(std::uint16_t{})} << 16));
      case DataType::boolean:
      case DataType::int8:
      case DataType::uint8:
      case DataType::int32:
      case DataType::int64:
        break;
    }
    return static_cast<double>(integer(i));
  }
  /// Element i of a tensor of whole numbers.
  std::int64_t integer(std::size_t i) const {
    const std::uint8_t* const at = elements.data() + i * size_of(type);
    std::uint64_t value = 0;
    for (std::size_t k = 0; k < size_of(type); ++k) value |= std::uint64_t{at[k]} << 8 * k;
    if (type == DataType::int32) return static_cast<std::int32_t>(value);
    if (type == DataType::int8) return static_cast<std::int8_t>(value);
    return static_cast<std::int64_t>(value);
  }

  template <std::floating_point T>
  Tensor<T> to_tensor(const Shape& shape) const {
    auto tensor = Tensor<T>::uninitialized(shape);
    const auto size = static_cast<std::size_t>(count);
    if constexpr (std::endian::native == std::endian::little) {
      if (type == data_type<T>()) {
        if (size > 0) std::memcpy(tensor.data(), elements.data(), elements.size());
        return tensor;
      }
    }
    for (std::size_t i = 0; i < size; ++i) tensor.data()[i] = static_cast<T>(number(i));
    return tensor;
  }
};

/// The texts of an external_data entry.
struct ExternalData {
  std::string_view location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

/// Finds the bytes of a tensor that are in another file.
using OpenExternal = std::function<ByteSpan(const ExternalData& data, std::uint64_t bytes)>;

/// @throws FormatError for types and sizes that there cannot be, before memory
/// is taken.
inline StoredTensor parse_tensor(ProtobufReader message, const OpenExternal& open_external) {
  StoredTensor tensor;
  std::int64_t type = 0;
  std::optional<ByteSpan> raw;
  bool is_external = false;
  ExternalData external;
  std::vector<ProtobufField> lists;  // one, or many of one number each
  while (const auto field = message.next()) {
    switch (field->number) {
      case tensor_field::dims:
        for_each_varint(*field, message, [&](std::int64_t extent) {
          tensor.extents.push_back(extent);
          if (tensor.extents.size() > max_rank)
            message.fail("a tensor has more than ", max_rank, " axes");
        });
        break;
      case tensor_field::data_type:
        type = static_cast<std::int64_t>(field->value);
        break;
      case tensor_field::name:
        tensor.name = text_of(*field, message);
        break;
      case tensor_field::raw_data:
        raw = field->bytes;
        break;
      case tensor_field::float_data:
      case tensor_field::int32_data:
      case tensor_field::int64_data:
      case tensor_field::double_data:
        lists.push_back(*field);
        break;
      case tensor_field::data_location:
        is_external = field->value == 1;
        break;
      case tensor_field::external_data: {
        ProtobufReader entry(field->bytes, message);
        std::string_view key, value;
        while (const auto part = entry.next()) {
          if (part->number == entry_field::key) key = text_of(*part, entry);
          if (part->number == entry_field::value) value = text_of(*part, entry);
        }
        const auto number = [&] {
          std::uint64_t parsed = 0;
          const auto end = value.data() + value.size();
          const auto result = std::from_chars(value.data(), end, parsed);
          if (result.ec != std::errc() || result.ptr != end) {
            message.fail("external data of the ", key, " '", value, "'");
          }
          return parsed;
        };
        if (key == "location") external.location = value;
        if (key == "offset") external.offset = number();
        if (key == "length") external.length = number();
        break;
      }
      default:
        break;
    }
  }
  tensor.type = static_cast<DataType>(type);
  const ByteReader named({}, str_cat(message.bytes().source(), ": tensor '", tensor.name, "'"));
  if (type < 1 || type > 16 || size_of(tensor.type) == 0) {
    named.fail("its elements are of the type ", type,
               "; float, double, float16, bfloat16, int8, uint8, int32, int64 "
               "and bool are read");
  }
  auto bytes = static_cast<std::int64_t>(size_of(tensor.type));
  for (const std::int64_t extent : tensor.extents) {
    if (extent < 0 || __builtin_mul_overflow(tensor.count, extent, &tensor.count) ||
        __builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes)) {
      named.fail("it cannot have an axis of ", extent);
    }
  }
  bytes = tensor.count * static_cast<std::int64_t>(size_of(tensor.type));
  if (is_external) {
    tensor.elements = open_external(external, static_cast<std::uint64_t>(bytes));
  } else if (raw) {
    tensor.elements = *raw;
  } else {
    tensor.owned = std::make_shared<Bytes>();
    const auto size = size_of(tensor.type);
    for (const ProtobufField& list : lists) {
      const bool is_float = list.number == tensor_field::float_data;
      if (is_float || list.number == tensor_field::double_data) {
        if (tensor.type != (is_float ? DataType::float32 : DataType::float64)) {
          named.fail("its elements are in a list of another type");
        }
        if (list.type == WireType::bytes) {
          append_bytes(*tensor.owned, list.bytes);
        } else {
          for (std::size_t k = 0; k < size; ++k) {
            tensor.owned->push_back(static_cast<std::uint8_t>(list.value >> 8 * k));
          }
        }
      } else {
        if (!is_integer(tensor.type) && size != 2)
          named.fail("its elements are in a list of another type");
        for_each_varint(list, message, [&](std::int64_t value) {
          for (std::size_t k = 0; k < size; ++k) {
            tensor.owned->push_back(
                static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> 8 * k));
          }
        });
      }
    }
    tensor.elements = *tensor.owned;
  }
  if (tensor.elements.size() != static_cast<std::uint64_t>(bytes)) {
    named.fail("expected ", bytes, " bytes of elements, found ", tensor.elements.size());
  }
  return tensor;
}

/// A node. Its attributes are parsed when they are asked for.
struct Node {
  std::string_view op, name, domain;
  std::vector<std::string_view> inputs, outputs;
  std::vector<ByteSpan> attributes;
};

/// An attribute of a node.
struct AttributeValue {
  std::optional<double> number;
  std::optional<std::int64_t> integer;
  std::optional<std::string_view> text;
  std::optional<ByteSpan> tensor;
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::string_view> texts;
};

inline AttributeValue parse_attribute(ProtobufReader message) {
  AttributeValue value;
  while (const auto field = message.next()) {
    switch (field->number) {
      case attribute_field::f:
        value.number =
            static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(field->value)));
        break;
      case attribute_field::i:
        value.integer = static_cast<std::int64_t>(field->value);
        break;
      case attribute_field::s:
        value.text = text_of(*field, message);
        break;
      case attribute_field::t:
        value.tensor = field->bytes;
        break;
      case attribute_field::ints:
        for_each_varint(*field, message,
                        [&](std::int64_t each) { value.integers.push_back(each); });
        break;
      case attribute_field::floats: {
        if (field->type == WireType::fixed32) {
          value.numbers.push_back(
              static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(field->value))));
          break;
        }
        ProtobufReader list(field->bytes, message);
        while (!list.is_at_end()) {
          value.numbers.push_back(
              static_cast<double>(std::bit_cast<float>(list.fixed<std::uint32_t>())));
        }
        break;
      }
      case attribute_field::strings:
        value.texts.push_back(text_of(*field, message));
        break;
      default:
        break;
    }
  }
  return value;
}

/// An input or output of the graph. An extent is that of the file, or none
/// where it is open.
struct ValueInfo {
  std::string_view name;
  std::vector<std::optional<std::int64_t>> extents;
};

inline ValueInfo parse_value(ProtobufReader message) {
  ValueInfo value;
  while (const auto field = message.next()) {
    if (field->number == value_field::name) value.name = text_of(*field, message);
    if (field->number != value_field::type) continue;
    ProtobufReader type(field->bytes, message);
    while (const auto kind = type.next()) {
      if (kind->number != type_field::tensor_type) continue;
      ProtobufReader tensor(kind->bytes, message);
      while (const auto part = tensor.next()) {
        if (part->number != type_field::shape) continue;
        ProtobufReader shape(part->bytes, message);
        while (const auto axis = shape.next()) {
          if (axis->number != type_field::dim) continue;
          if (value.extents.size() == max_rank) {
            message.fail("'", value.name, "' has more than ", max_rank, " axes");
          }
          auto& extent = value.extents.emplace_back();
          ProtobufReader dim(axis->bytes, message);
          while (const auto given = dim.next()) {
            if (given->number == type_field::dim_value) {
              extent = static_cast<std::int64_t>(given->value);
            }
          }
        }
      }
    }
  }
  return value;
}

/// A graph, whose nodes, texts and elements lie in the file. It takes at most
/// 64 times the size of the file, beside the file itself.
struct Model {
  std::vector<Node> nodes;
  std::deque<StoredTensor> tensors;
  std::vector<ValueInfo> inputs, outputs;
  std::int64_t opset = 0;

  Model(ProtobufReader file, const OpenExternal& open_external) {
    std::optional<ByteSpan> graph;
    while (const auto field = file.next()) {
      if (field->number == model_field::graph) graph = field->bytes;
      if (field->number == model_field::opset_import) read_opset({field->bytes, file});
    }
    if (!graph) file.fail("there is no graph in it");
    read_graph({*graph, file}, open_external);
  }

 private:
  void read_opset(ProtobufReader message) {
    std::string_view domain;
    std::int64_t version = 0;
    while (const auto field = message.next()) {
      if (field->number == opset_field::domain) domain = text_of(*field, message);
      if (field->number == opset_field::version) version = static_cast<std::int64_t>(field->value);
    }
    if (domain.empty() || domain == "ai.onnx") opset = version;
  }

  void read_graph(ProtobufReader graph, const OpenExternal& open_external) {
    while (const auto field = graph.next()) {
      const ProtobufReader message(field->bytes, graph);
      switch (field->number) {
        case graph_field::node:
          nodes.push_back(parse_node(message));
          break;
        case graph_field::initializer:
          tensors.push_back(parse_tensor(message, open_external));
          break;
        case graph_field::input:
          inputs.push_back(parse_value(message));
          break;
        case graph_field::output:
          outputs.push_back(parse_value(message));
          break;
        case graph_field::sparse_initializer:
          graph.fail("sparse tensors are not read");
        default:
          break;
      }
    }
  }

  static Node parse_node(ProtobufReader message) {
    Node node;
    while (const auto field = message.next()) {
      switch (field->number) {
        case node_field::input:
          node.inputs.push_back(text_of(*field, message));
          break;
        case node_field::output:
          node.outputs.push_back(text_of(*field, message));
          break;
        case node_field::name:
          node.name = text_of(*field, message);
          break;
        case node_field::op_type:
          node.op = text_of(*field, message);
          break;
        case node_field::domain:
          node.domain = text_of(*field, message);
          break;
        case node_field::attribute:
          node.attributes.push_back(field->bytes);
          break;
        default:
          break;
      }
    }
    if (node.op.empty() || node.outputs.empty()) {
      message.fail("a node without an operator or an output");
    }
    return node;
  }
};

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
