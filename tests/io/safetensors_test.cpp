#include "dlfs/io/safetensors.hpp"

#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "dlfs/tensor/creation.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using namespace std::string_literals;
using test::Bytes;
using test::error_of;
using test::fixture;

/// A file of this header, with as many bytes of elements.
Bytes file_of(const std::string& header, std::size_t element_bytes) {
  Bytes length;
  detail::append_number(length, std::uint64_t{header.size()});
  return test::join({length, test::bytes(header), Bytes(element_bytes)});
}

class SafetensorsFile : public testing::Test {
 protected:
  template <class T>
  std::vector<NamedTensor<T>> read(const Bytes& bytes) const {
    folder_.write("f", bytes);
    return read_safetensors<T>(path_);
  }

  /// The error of reading these bytes, after the path.
  template <class T = float>
  std::string error(const Bytes& bytes) const {
    folder_.write("f", bytes);
    const auto text = error_of<FormatError>([&] { read_safetensors<T>(path_); });
    const std::string prefix = "read_safetensors: " + path_.string() + ": ";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }
  std::string error(const std::string& header, std::size_t element_bytes = 0) const {
    return error(file_of(header, element_bytes));
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "f";
};

TEST_F(SafetensorsFile, ReadsEachTypeThatItsOwnLibraryWrites) {
  const auto arrays = read_safetensors<double>(fixture("types.safetensors"));
  ASSERT_EQ(arrays.size(), 13u);
  for (const auto& [name, value] : arrays) {
    ASSERT_EQ(value.shape(), (Shape{2, 2})) << name;
    const bool is_real = name[0] == 'f' || name == "bfloat16";
    for (Index i = 0; i < 4; ++i) {
      const double number = name == "bool" ? static_cast<double>(i % 2) : static_cast<double>(i);
      EXPECT_EQ(value.data()[i], number + (is_real ? 0.5 : 0)) << name;
    }
  }
  EXPECT_EQ(read_safetensors<float>(fixture("types.safetensors"))[0].name, arrays[0].name);
}

TEST_F(SafetensorsFile, ReadsScalarsEmptyTensorsAndMetadata) {
  const auto arrays = read_safetensors<float>(fixture("shapes.safetensors"));
  ASSERT_EQ(arrays.size(), 3u);
  for (const auto& [name, value] : arrays) {
    if (name == "scalar") {
      EXPECT_EQ(value.shape(), Shape{});
      EXPECT_EQ(*value.data(), 7);
    } else if (name == "empty") {
      EXPECT_EQ(value.shape(), (Shape{0, 3}));
    } else {
      EXPECT_EQ(name, "\xEA\xB0\x80\"\\\n");
      EXPECT_EQ(value.shape(), (Shape{3}));
    }
  }
  EXPECT_EQ(read_safetensors_metadata(fixture("shapes.safetensors")),
            (std::map<std::string, std::string>{{"format", "np"}, {"note", "a \"text\"\t"}}));
}

TEST_F(SafetensorsFile, WritesWhatItReads) {
  const auto x = array<double>({{1, 2, 3}, {4, 5, 6}});
  const std::map<std::string, std::string> metadata{{"a", "\x01\"\\"}, {"b", ""}};
  write_safetensors<double>(path_,
                            {{"x", x},
                             {"\xC3\x85 \"\\\n", x.transpose()},
                             {"scalar", full<double>({}, 7)},
                             {"empty", zeros<double>({2, 0})}},
                            metadata);
  const auto arrays = read_safetensors<double>(path_);
  ASSERT_EQ(arrays.size(), 4u);
  EXPECT_EQ(arrays[0].name, "x");
  test::expect_equal(arrays[0].value, x);
  EXPECT_EQ(arrays[1].name, "\xC3\x85 \"\\\n");
  test::expect_equal(arrays[1].value, copy(x.transpose()));
  EXPECT_EQ(arrays[2].value.shape(), Shape{});
  EXPECT_EQ(arrays[3].value.shape(), (Shape{2, 0}));
  EXPECT_EQ(read_safetensors_metadata(path_), metadata);

  write_safetensors<bool>(path_, {{"b", full<bool>({3}, true)}});
  EXPECT_TRUE(read_safetensors<bool>(path_)[0].value(2));
  write_safetensors<Eigen::half>(path_, {{"h", full<Eigen::half>({3}, Eigen::half(0.5F))}});
  EXPECT_EQ(read_safetensors<float>(path_)[0].value(2), 0.5F);
  write_safetensors<std::uint64_t>(path_, {{"u", full<std::uint64_t>({1}, ~std::uint64_t{0})}});
  EXPECT_EQ(read_safetensors<std::uint64_t>(path_)[0].value(0), ~std::uint64_t{0});
  write_safetensors<float>(path_, {});
  EXPECT_TRUE(read_safetensors<float>(path_).empty());
}

TEST_F(SafetensorsFile, ElementsBeginAtAMultipleOfEightBytes) {
  for (const std::string name : {"a", "ab", "abc", "abcdefg"}) {
    write_safetensors<float>(path_, {{name, zeros<float>({1})}});
    const Bytes bytes = test::read_bytes(path_.string());
    EXPECT_EQ(bytes.size() % 8, 4u);
    EXPECT_EQ(bytes[0] % 8, 0);
  }
}

TEST_F(SafetensorsFile, RefusesNamesThatNoReaderTakes) {
  const auto x = zeros<float>({1});
  const auto error_of_names = [&](const std::vector<NamedView<float>>& tensors) {
    return error_of<ValueError>([&] { write_safetensors(path_, tensors); });
  };
  EXPECT_EQ(error_of_names({{"a", x}, {"a", x}}),
            "write_safetensors: two arrays have the name 'a'");
  EXPECT_EQ(error_of_names({{"__metadata__", x}}),
            "write_safetensors: no array can have the name '__metadata__'");
  EXPECT_EQ(error_of_names({{"\xff", x}}), "write_safetensors: '\xff' is no UTF-8");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SafetensorsFile, ConvertsAsNumpysFilesAre) {
  const Bytes wide = file_of(R"({"a":{"dtype":"I16","shape":[1],"data_offsets":[0,2]}})", 2);
  EXPECT_EQ(read<std::uint8_t>(wide)[0].value(0), 0);
  Bytes large = wide;
  large.back() = 1;
  EXPECT_EQ(error<std::uint8_t>(large), "a: element 0 is 256, which uint8 does not hold");
  EXPECT_EQ(error<bool>(large), "a: element 0 is 256, which bool does not hold");
  const Bytes bfloat = file_of(R"({"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2);
  EXPECT_EQ(error<std::int32_t>(bfloat), "a: expected integers, found bfloat16");
  Bytes bits = bfloat;
  for (const auto& [high, low, value] :
       {std::tuple(0x3f, 0x80, 1.0), {0xff, 0x80, -HUGE_VAL}, {0x00, 0x01, 0x1p-133}}) {
    bits.back() = static_cast<std::uint8_t>(high);
    bits[bits.size() - 2] = static_cast<std::uint8_t>(low);
    EXPECT_EQ(read<double>(bits)[0].value(0), value);
  }
}

TEST_F(SafetensorsFile, RefusesHeadersOfAWrongLength) {
  EXPECT_EQ(error(Bytes(7)), "truncated: expected 8 bytes at 0, found 7");
  EXPECT_EQ(error(Bytes(8)), "expected a header that begins with {");
  EXPECT_EQ(error(test::bytes("\x03\0\0\0\0\0\0\0{}"s)),
            "truncated: expected 3 bytes at 8, found 2");
  EXPECT_EQ(error(test::bytes("\0\0\0\0\0\0\0\x80{}"s)),
            "expected a header of at most 100000000 bytes, found 9223372036854775808");
  EXPECT_EQ(error(test::bytes("\x01\xe1\xf5\x05\0\0\0\0{}"s)),
            "expected a header of at most 100000000 bytes, found 100000001");
  EXPECT_EQ(error(" {}"), "expected a header that begins with {");
  EXPECT_EQ(read<float>(file_of("{} \t\r\n", 0)).size(), 0u);
  EXPECT_EQ(error("{}x"), "the header at 2: expected the end of the header");
}

/// The header of a tensor 'a' of floats.
std::string tensor_entry(const std::string& shape, const std::string& offsets,
                         const std::string& name = "a") {
  return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[" +
         offsets + "]}";
}

TEST_F(SafetensorsFile, RefusesElementsThatDoNotFillTheFile) {
  EXPECT_EQ(error("{" + tensor_entry("1", "0,4") + "}", 8),
            "the tensors have 4 bytes, the file has 8 after the header");
  EXPECT_EQ(error("{" + tensor_entry("2", "0,8") + "}", 4),
            "the tensors have 8 bytes, the file has 4 after the header");
  EXPECT_EQ(error("{" + tensor_entry("1", "4,8") + "}", 8),
            "a: expected elements from 0 on, found the data_offsets 4 and 8");
  EXPECT_EQ(error("{" + tensor_entry("0", "4,0") + "}", 4),
            "a: expected elements from 0 on, found the data_offsets 4 and 0");
  // A gap, and an overlap.
  EXPECT_EQ(error("{" + tensor_entry("1", "0,4") + "," + tensor_entry("1", "8,12", "b") + "}", 12),
            "b: expected elements from 4 on, found the data_offsets 8 and 12");
  EXPECT_EQ(error("{" + tensor_entry("2", "0,8") + "," + tensor_entry("1", "4,8", "b") + "}", 8),
            "b: expected elements from 8 on, found the data_offsets 4 and 8");
  // The order in the header does not matter.
  const auto arrays = read<float>(
      file_of("{" + tensor_entry("1", "4,8") + "," + tensor_entry("1", "0,4", "b") + "}", 8));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "b");
}

TEST_F(SafetensorsFile, RefusesShapesThatDoNotFitTheElements) {
  EXPECT_EQ(error("{" + tensor_entry("2", "0,4") + "}", 4),
            "a: expected 8 bytes of elements, found 4");
  EXPECT_EQ(error("{" + tensor_entry("4611686018427387904", "0,0") + "}"),
            "a: the product of the extents is larger than 64 bits");
  EXPECT_EQ(error("{" + tensor_entry("9223372036854775808,2", "0,0") + "}"),
            "a: the product of the extents is larger than 64 bits");
  EXPECT_EQ(error("{" + tensor_entry("9223372036854775808,0", "0,0") + "}"),
            "a: the product of the extents is larger than 64 bits");
  EXPECT_EQ(error("{" + tensor_entry("0,9223372036854775808", "0,0") + "}"),
            "a: an extent of 9223372036854775808");
  EXPECT_EQ(error("{" + tensor_entry("18446744073709551616", "0,0") + "}"),
            "the header at 49: a number is larger than 64 bits");
  EXPECT_EQ(error("{" + tensor_entry("1,1,1,1,1,1,1,1,1", "0,4") + "}", 4),
            "a: expected at most 8 axes, found 9");
  EXPECT_EQ(error("{" + tensor_entry("", "0") + "}"), "a: expected 2 data_offsets, found 1");
}

TEST_F(SafetensorsFile, RefusesOtherTypesByName) {
  EXPECT_EQ(error(R"({"a":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}})", 1),
            "a: expected elements of type F16, BF16, F32, F64, BOOL, I8 to I64 or U8 to U64, found "
            "'F8_E4M3'");
}

TEST_F(SafetensorsFile, RefusesWhatIsNoHeader) {
  EXPECT_EQ(error("{" + tensor_entry("", "0,4") + "," + tensor_entry("", "4,8") + "}", 8),
            "the header at 56: the name 'a' stands twice");
  EXPECT_EQ(error(R"({"__metadata__":{"a":"b","a":"c"}})"),
            "the header at 28: the name 'a' stands twice");
  EXPECT_EQ(error(R"({"__metadata__":{"a":1}})"), "the header at 21: expected \"");
  EXPECT_EQ(error(R"({"a":{"dtype":"F32","shape":[]}})"),
            "a: expected dtype, shape and data_offsets");
  EXPECT_EQ(error(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}})", 4),
            "a: expected dtype, shape and data_offsets, found 'x'");
  EXPECT_EQ(error(R"({"a":{"dtype":"F32","dtype":"F32","shape":[]}})"),
            "the header at 27: the name 'dtype' stands twice");
  for (const std::string header : {"{",
                                   "{\"a",
                                   "{\"a\"",
                                   "{\"a\":",
                                   "{\"a\":{",
                                   "{\"a\":{}",
                                   "{\"a\":{}}",
                                   "{,}",
                                   "{\"a\":1}",
                                   "{\"a\":null}",
                                   "{\"a\":[]}",
                                   "{'a':{}}",
                                   "{\"\\",
                                   "{\"\\u12",
                                   "{\"\\u00zz\":{}}",
                                   "{\"\\x\":{}}",
                                   "{\"\\ud800\":{}}",
                                   "{\"\\ud800\\u0041\":{}}",
                                   "{\"\\udc00\":{}}",
                                   "{\"\n\":{}}",
                                   "{\"\xff\":{}}",
                                   "{\"\xc0\x80\":{}}",
                                   "{\"\xed\xa0\x80\":{}}",
                                   "{\"\xf4\x90\x80\x80\":{}}",
                                   "{\"\xe0\x80\x80\":{}}"}) {
    EXPECT_NE(error(header), "") << header;
  }
  for (const std::string number : {"-1", "+1", "01", "1.0", "1e0", "x", "", "1 2", "\"1\""}) {
    EXPECT_NE(error("{" + tensor_entry(number + ",1", "0,4") + "}", 4), "") << number;
  }
}

TEST_F(SafetensorsFile, ReadsEscapedNames) {
  const auto arrays = read<float>(file_of(
      "{" +
          tensor_entry("", "0,4", "\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\uac00\\ud83d\\uDE00") +
          "}",
      4));
  EXPECT_EQ(arrays[0].name, "\"\\/\b\f\n\r\tA\xC3\xA9\xEA\xB0\x80\xF0\x9F\x98\x80");
}

}  // namespace
}  // namespace dlfs
