#include "dlfs/io/pytorch.hpp"

#include <map>

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using namespace std::string_literals;
using test::Bytes;
using test::error_of;
using test::fixture;

template <class T>
std::map<std::string, Tensor<T>> read_torch(const std::string& name) {
  std::map<std::string, Tensor<T>> tensors;
  for (auto& [key, value] : read_pytorch<T>(fixture(name))) tensors.emplace(key, std::move(value));
  return tensors;
}

/// An archive of these entries.
Bytes torch_archive_of(const std::vector<std::pair<std::string, Bytes>>& entries,
                       NpzCompression compression = NpzCompression::stored) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "f";
  detail::FileWriter file(path, Sync::later);
  detail::ZipWriter archive(file);
  for (const auto& [name, bytes] : entries) {
    const detail::ByteSpan contents = bytes;
    archive.add(name, contents.size(), compression,
                [&](detail::ByteSink& out) { out.write(contents); });
  }
  archive.finish();
  file.commit();
  return test::read_bytes(path.string());
}

std::string error_of_torch_file(const Bytes& bytes) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f.pt", bytes);
  const auto text = error_of<FormatError>([&] { read_pytorch<float>(path); });
  const std::string prefix = "read_pytorch: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// The error of a fixture, after the path.
std::string error_of_torch_fixture(const std::string& name) {
  return error_of_torch_file(test::read_bytes(fixture(name)));
}

/// The error of an archive with this pickle of protocol 2 and the storage 0 of eight bytes.
std::string error_of_torch_pickle(const std::string& opcodes) {
  return error_of_torch_file(
      torch_archive_of({{"a/data.pkl", test::bytes("\x80\x02" + opcodes + ".")},
                        {"a/byteorder", test::bytes("little")},
                        {"a/data/0", Bytes(8)}}));
}

/// The opcodes of a tensor of floats in the storage 0 of `count` elements.
std::string torch_tensor_of(const std::string& count, const std::string& offset,
                            const std::string& extents, const std::string& strides,
                            const std::string& storage = "ctorch\nFloatStorage\n") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\7storage" + storage + "U\0010U\3cpu" + count +
         "tQ" + offset + "(" + extents + "t(" + strides + "t\x89NtR";
}

std::string torch_dict_of(const std::string& value) { return "}U\1a" + value + "s"; }

TEST(ReadPytorch, ReadsEachType) {
  const auto tensors = read_torch<double>("types.pt");
  ASSERT_EQ(tensors.size(), 13u);
  for (const auto& [name, value] : tensors) {
    ASSERT_EQ(value.shape(), (Shape{2, 2})) << name;
    const bool is_real = name[0] == 'f' || name == "bfloat16";
    for (Index i = 0; i < 4; ++i) {
      const double number = name == "bool" ? static_cast<double>(i % 2) : static_cast<double>(i);
      EXPECT_EQ(value.data()[i], number + (is_real ? 0.5 : 0)) << name;
    }
  }
}

TEST(ReadPytorch, ReadsStridedAndSharedStorages) {
  const auto tensors = read_torch<float>("strided.pt");
  ASSERT_EQ(tensors.size(), 7u);
  EXPECT_EQ(tensors.at("transposed").shape(), (Shape{3, 2}));
  EXPECT_EQ(tensors.at("transposed")(1, 0), 1);
  EXPECT_EQ(tensors.at("transposed")(1, 1), 4);
  EXPECT_EQ(tensors.at("shared").shape(), (Shape{2, 3}));
  EXPECT_EQ(tensors.at("shared")(0, 0), 6);
  EXPECT_EQ(tensors.at("shared")(1, 2), 16);
  EXPECT_EQ(tensors.at("expanded").shape(), (Shape{3, 2}));
  EXPECT_EQ(tensors.at("expanded")(2, 1), 1);
  EXPECT_EQ(tensors.at("offset").shape(), (Shape{4}));
  EXPECT_EQ(tensors.at("offset")(0), 20);
  EXPECT_EQ(tensors.at("scalar").shape(), Shape{});
  EXPECT_EQ(*tensors.at("scalar").data(), 7);
  EXPECT_EQ(tensors.at("empty").shape(), (Shape{0, 3}));
  EXPECT_EQ(tensors.at("parameter")(1), 1);
}

TEST(ReadPytorch, FindsTheStateDictInTheFileOfATraining) {
  const auto expected = read_torch<float>("linear.pt");
  ASSERT_EQ(expected.size(), 2u);
  EXPECT_EQ(expected.at("weight").shape(), (Shape{3, 2}));
  EXPECT_EQ(expected.at("bias").shape(), (Shape{3}));
  for (const std::string name :
       {"wrapped_state_dict.pt", "wrapped_model_state_dict.pt", "wrapped_model.pt"}) {
    const auto tensors = read_torch<float>(name);
    ASSERT_EQ(tensors.size(), 2u) << name;
    for (const auto& [key, value] : expected) {
      EXPECT_TRUE(std::equal(value.begin(), value.end(), tensors.at(key).begin())) << name;
    }
  }
  EXPECT_EQ(error_of_torch_pickle("}(U\5model}U\012state_dict}u"),
            "data.pkl: expected one state_dict, found 'model' and 'state_dict'");
}

TEST(ReadPytorch, RefusesOtherFilesByTheirName) {
  EXPECT_EQ(error_of_torch_fixture("old.pt"),
            "refused: a file of PyTorch before 1.6; load it there by torch.load and save it again "
            "by torch.save");
  EXPECT_EQ(error_of_torch_fixture("complex.pt").substr(0, 67),
            "data.pkl: refused: the global 'torch.ComplexFloatStorage' is no par");
  EXPECT_EQ(error_of_torch_fixture("model.pt"),
            "data.pkl: refused: the global 'torch.nn.modules.linear.Linear' is no part of a "
            "state_dict, which torch.save(model.state_dict(), path) saves");
  EXPECT_EQ(error_of_torch_fixture("stored.npz"),
            "expected an archive of torch.save; it has no data.pkl");
  EXPECT_EQ(error_of_torch_file(torch_archive_of(
                {{"a/data.pkl", test::bytes("\x80\x02}.")}, {"a/byteorder", test::bytes("big")}})),
            "expected little-endian numbers, found the byte order 'big'");
  EXPECT_EQ(error_of_torch_file(torch_archive_of({{"a/data.pkl", {}}, {"a/constants.pkl", {}}})),
            "refused: a TorchScript program; save its weights by torch.save(model.state_dict(), "
            "path)");
  EXPECT_EQ(error_of_torch_file(torch_archive_of({{"a/data.pkl", {}}, {"b/data.pkl", {}}})),
            "expected one data.pkl, found two");
  EXPECT_EQ(error_of_torch_file(torch_archive_of({{"a/data.pkl", {}}, {"a/data.pkl", {}}})),
            "two entries have the name 'a/data.pkl'");
  EXPECT_EQ(error_of_torch_file(torch_archive_of({{"a/data.pkl", test::bytes("\x80\x02}.")}},
                                                 NpzCompression::deflated)),
            "a/data.pkl: expected no compression");
}

TEST(ReadPytorch, CallsNothing) {
  for (const std::string global :
       {"posix\nsystem", "nt\nsystem", "os\nsystem", "subprocess\nPopen", "builtins\neval",
        "__builtin__\nexec", "builtins\ngetattr", "runpy\n_run_code", "torch\nload",
        "torch.hub\nload", "torch._utils\n_rebuild_qtensor", "torch.serialization\nload",
        "numpy\nload", "webbrowser\nopen", "collections\nnamedtuple", "torch\n", "torch\ntensor"}) {
    const auto error = error_of_torch_pickle("c" + global + "\nU\2lsR");
    EXPECT_EQ(error.substr(0, 31), "data.pkl: refused: the global '") << global;
  }
  EXPECT_EQ(error_of_torch_pickle("(ios\nsystem\n").substr(0, 38),
            "data.pkl: refused: the opcode INST (10");
}

TEST(ReadPytorch, TensorsOutsideOfTheirStorageAreAFormatError) {
  const std::string two = "K\2", zero("K\0", 2), one = "K\1";
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, zero, two, one))),
            "not thrown");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, one, two, one))),
            "a: expected at least 2 + 1 elements in the storage, found 2");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, zero, two, two))),
            "a: expected at least 2 + 1 elements in the storage, found 2");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of("K\3", zero, two, one))),
            "a: expected a storage of 12 bytes, found 8");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, zero, two, ""))),
            "data.pkl: expected 1 strides, found 0");
  EXPECT_EQ(
      error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, zero, "J\xff\xff\xff\xff", one))),
      "data.pkl: expected a number of at least 0, found -1");
  const std::string huge("\x8a\x8\0\0\0\0\0\0\0\x40", 10),
      largest("\x8a\x8\xff\xff\xff\xff\xff\xff\xff\x7f");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(two, zero, huge, one))),
            "a: the product of the extents is larger than 64 bits");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(
                torch_tensor_of(two, zero, one + one + "J\xff\xff\xff\x7f", one + one + zero))),
            "a: refused: tensors share their elements");
  EXPECT_EQ(error_of_torch_pickle(
                torch_dict_of(torch_tensor_of(two, largest, "K\3K\3", largest + largest))),
            "a: the strides are larger than 64 bits");
  EXPECT_EQ(error_of_torch_pickle(torch_dict_of(torch_tensor_of(huge, zero, one, one))),
            "a: the product of the extents is larger than 64 bits");
}

TEST(ReadPytorch, WhatIsNoStateDictIsAFormatError) {
  EXPECT_EQ(error_of_torch_pickle("K\1"),
            "data.pkl: expected a state_dict, which torch.save(model.state_dict(), path) saves");
  EXPECT_EQ(error_of_torch_pickle("}U\1aK\1s"), "data.pkl: a: expected a tensor");
  EXPECT_EQ(error_of_torch_pickle("}K\1K\1s"), "data.pkl: expected a text as the name of a tensor");
  const std::string tensor = torch_tensor_of("K\2", "K\1", "K\1", "K\1");
  EXPECT_EQ(error_of_torch_pickle("}(U\1a" + tensor + "U\1a" + tensor + "u"),
            "data.pkl: a: two tensors have this name");
  EXPECT_EQ(error_of_torch_pickle("NQ"), "data.pkl: expected a tuple that names a storage");
  EXPECT_EQ(error_of_torch_pickle(")Q"), "data.pkl: expected a tuple that names a storage");
  EXPECT_EQ(error_of_torch_pickle("ctorch._utils\n_rebuild_tensor_v2\n)R"),
            "data.pkl: expected more arguments");
  EXPECT_EQ(error_of_torch_pickle("ctorch._utils\n_rebuild_parameter\nN\x85R"),
            "data.pkl: expected the tensor of a parameter");
  EXPECT_EQ(error_of_torch_file(torch_archive_of(
                {{"a/data.pkl", test::bytes("\x80\x02" + torch_dict_of(tensor) + ".")}})),
            "there is no entry 'a/data/0'");
}

/// Mutations of the pickle inside, which the archive's checksums hide from hostile_files_test.
TEST(ReadPytorch, DamagedPicklesAreAFormatErrorAtMost) {
  const test::TemporaryFolder folder;
  const Bytes whole = test::read_bytes(fixture("wrapped_model.pt"));
  const detail::ZipReader archive(detail::ByteReader(whole, "archive"));
  std::vector<std::pair<std::string, Bytes>> entries;
  for (const auto& entry : archive.entries()) {
    entries.emplace_back(entry.name, archive.extract(entry));
  }
  Bytes& pickle = entries.front().second;
  ASSERT_TRUE(entries.front().first.ends_with("data.pkl"));
  const Bytes good = pickle;
  const auto attempt = [&] {
    try {
      read_pytorch<float>(folder.write("f.pt", torch_archive_of(entries)));
    } catch (const FormatError&) {
    }
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80}) {
      pickle = good;
      pickle[i] = static_cast<std::uint8_t>(pickle[i] ^ flip);
      attempt();
    }
    pickle.assign(good.begin(), good.begin() + std::ptrdiff_t(i));
    attempt();
  }
}

}  // namespace
}  // namespace dlfs
