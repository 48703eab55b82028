#include "dlfs/io/npz.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "dlfs/tensor/creation.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;
using test::fixture;

/// The error that reading these bytes ends with, after the path.
std::string error_of_npz(const Bytes& bytes) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("x.npz", bytes);
  const auto text = error_of<FormatError>([&] { read_npz<float>(path); });
  const std::string prefix = "read_npz: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// An archive of one array of a thousand zeros, to be broken by a test.
Bytes archive(NpzCompression compression) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "x.npz").string();
  write_npz<float>(path, {{"x", Tensor<float>({1000})}}, compression);
  return test::read_bytes(path);
}

/// Where the directory's entry of an archive of one begins.
std::size_t directory_of(const Bytes& bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())
      .find("PK\x01\x02");
}

/// The error that extracting the first entry ends with.
std::string error_of_entry(const Bytes& bytes) {
  const detail::ZipReader archive(detail::ByteReader(bytes, "f"));
  const auto text = error_of<FormatError>([&] { archive.extract(archive.entries().at(0)); });
  return text.substr(std::string("f: x.npy: ").size());
}

// A view of a tensor that expires keeps it.
static_assert(std::is_constructible_v<NamedView<float>, std::string, const Tensor<float>&> &&
              std::is_constructible_v<NamedView<float>, std::string, Tensor<float>> &&
              !std::is_constructible_v<NamedView<float>, std::string, const Tensor<float>>);
static_assert(std::is_constructible_v<NamedView<float>, NamedTensor<float>> &&
              !std::is_constructible_v<NamedView<float>, const NamedTensor<float>>);

TEST(NamedView, KeepsATensorThatExpires) {
  const auto a = ones<float>({1000});
  std::vector<NamedView<float>> list{{"sum", a + a}, {"a", a}, NamedTensor<float>{"b", a + a + a}};
  const std::vector used(10, full<float>({1000}, 99));  // of the memory that would have been freed
  const auto copy = list;
  list.clear();
  EXPECT_EQ(copy[0].value(999), 2);
  EXPECT_EQ(copy[1].value.data(), a.data());
  EXPECT_EQ(copy[2].value(0), 3);
}

TEST(ReadNpz, ReadsWhatSavezAndSavezCompressedWrite) {
  for (const std::string name : {"stored.npz", "deflated.npz"}) {
    const auto arrays = read_npz<double>(fixture(name));
    ASSERT_EQ(arrays.size(), 3U);
    EXPECT_EQ(arrays[0].name, "W1");
    EXPECT_EQ(arrays[0].value.shape(), (Shape{3, 4}));
    EXPECT_EQ(arrays[0].value(2, 3), 11);
    EXPECT_EQ(arrays[1].name, "b1");
    EXPECT_EQ(arrays[1].value(2), 2);
    EXPECT_EQ(arrays[2].name, "n");
    EXPECT_EQ(arrays[2].value(1), 1);
  }
}

TEST(ReadNpz, ReadsZip64AndComments) {
  EXPECT_EQ(read_npz<float>(fixture("zip64.npz")).at(0).value(2, 3), 11);
  EXPECT_EQ(read_npz<float>(fixture("comment.npz")).at(0).value(2), 2);
}

TEST(ReadNpz, APlaceThatCannotBeCountedIsAFormatError) {
  const Bytes whole = archive(NpzCompression::stored);
  const detail::ByteReader reader(whole, "f");
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(reader.part(whole.size() - 3, 3).size(), 3U);
  for (const auto& [first, count] : {std::pair{largest, std::uint64_t{10}},
                                     {largest - 9, 10},
                                     {10, largest},
                                     {10, largest - 9},
                                     {whole.size() - 2, 3}}) {
    EXPECT_THROW(reader.part(first, count), FormatError) << first << ' ' << count;
  }
}

TEST(ReadNpz, NamesTheArrayThatIsWrong) {
  const auto path = fixture("stored.npz");
  EXPECT_EQ(error_of<FormatError>([&] { read_npz<int>(path); }),
            "read_npz: " + path + ": W1.npy: expected integers, found float32");
}

TEST(ReadNpz, ReadsOneArrayWhateverElseIsInTheFile) {
  const auto path = fixture("mixed.npz");  // text, objects, a file that is no array, and arrays
  const NpzFile file(path);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"words", "objects", "images", "labels"}));
  EXPECT_TRUE(file.contains("labels"));
  EXPECT_FALSE(file.contains("readme.txt"));
  EXPECT_EQ(file.type("images"), "float32");
  EXPECT_EQ(file.shape("images"), (Shape{2, 3}));
  EXPECT_EQ(file.type("labels"), "int64");
  EXPECT_EQ(file.read<std::int64_t>("labels")(1), 7);
  EXPECT_EQ(read_npz<float>(path, "images")(1, 2), 5.5f);
  EXPECT_EQ(error_of<FormatError>([&] { read_npz<float>(path, "words"); }),
            "read_npz: " + path +
                ": words.npy: expected elements of type b1, i1 to i8, u1 to u8 or f2 to f8, found "
                "'<U5'");
  EXPECT_EQ(error_of<FormatError>([&] { read_npz<float>(path, "image"); }),
            "read_npz: " + path +
                ": there is no array 'image', there are: words, objects, images, labels");
}

TEST(ReadNpz, IgnoresWhatIsNoArray) { EXPECT_TRUE(read_npz<float>(fixture("other.npz")).empty()); }

TEST(ReadNpz, IgnoresBytesAfterTheEnd) {
  const test::TemporaryFolder folder;
  for (const std::string name : {"stored.npz", "zip64.npz", "comment.npz"}) {
    for (const int count : {1, 100, 60000}) {
      const auto padded = folder.write(
          name, test::join({test::read_bytes(fixture(name)), Bytes(std::size_t(count))}));
      EXPECT_EQ(read_npz<float>(padded).size(), read_npz<float>(fixture(name)).size());
    }
  }
}

TEST(ReadNpz, ReadsFortranOrderFromEitherKind) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npz";
  // Large enough to be read in parts: one row is more than a block, and one is less.
  for (const Shape& shape :
       {Shape{3, 300'000}, Shape{300'000, 3}, Shape{70, 5, 6000}, Shape{2, 3}}) {
    const auto x = arange(static_cast<std::int32_t>(shape.size())).reshape(shape);
    for (const auto compression : {NpzCompression::stored, NpzCompression::deflated}) {
      write_npz(path, {{"x", x.transpose()}}, compression);
      const auto read = read_npz<std::int64_t>(path, "x");
      test::expect_equal(read, cast<std::int64_t>(x.transpose()));
    }
  }
}

TEST(ReadNpz, AWrongByteIsAFormatErrorInFortranOrderToo) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "x.npz").string();
  const Tensor<float> x({2, 300'000});
  write_npz(path, {{"x", x.transpose()}});
  Bytes bytes = test::read_bytes(path);
  bytes[1'000'000] ^= 1;
  EXPECT_EQ(error_of_npz(bytes), "x.npy: the checksum is wrong");
}

TEST(ReadNpz, AWrongChecksumIsAFormatError) {
  for (const auto compression : {NpzCompression::stored, NpzCompression::deflated}) {
    Bytes bytes = archive(compression);
    bytes[directory_of(bytes) + 16] ^= 1;
    EXPECT_EQ(error_of_npz(bytes), "x.npy: the checksum is wrong");
  }
}

TEST(ReadNpz, AnEncryptedOrOtherwiseCompressedArrayIsAFormatError) {
  Bytes bytes = archive(NpzCompression::stored);
  bytes[directory_of(bytes) + 8] |= 1;
  EXPECT_EQ(error_of_npz(bytes), "x.npy is encrypted");
  bytes = archive(NpzCompression::stored);
  bytes[directory_of(bytes) + 10] = 12;
  EXPECT_EQ(error_of_npz(bytes),
            "x.npy: expected the compression method 0 (stored) or 8 (deflated), found 12");
}

TEST(ReadNpz, SizesThatTheBytesDoNotLiveUpToAreAFormatErrorBeforeMemoryIsTaken) {
  const Bytes deflated = archive(NpzCompression::deflated);
  const std::size_t size = directory_of(deflated) + 24;
  Bytes bytes = deflated;
  bytes[size + 3] = 0x7f;  // 2 GB
  EXPECT_TRUE(error_of_npz(bytes).ends_with("deflated bytes cannot hold the promised 2130710560"))
      << error_of_npz(bytes);
  bytes = deflated;
  bytes[size] ^= 1;  // 4128 becomes 4129
  EXPECT_EQ(error_of_npz(bytes),
            "x.npy: oversized: expected 1000 elements of float32 for the shape (1000,), found 4001 "
            "bytes");
  EXPECT_EQ(error_of_entry(bytes), "truncated: expected 4129 bytes when inflated, found 4128");
  bytes = deflated;
  bytes[size + 1] = 1;  // 288
  EXPECT_EQ(error_of_npz(bytes),
            "x.npy: truncated: expected 1000 elements of float32 for the shape (1000,), found 160 "
            "bytes");
  EXPECT_EQ(error_of_entry(bytes), "oversized: expected 288 bytes when inflated, found more");
  bytes = archive(NpzCompression::stored);
  bytes[directory_of(bytes) + 20] ^= 1;
  EXPECT_EQ(error_of_npz(bytes), "x.npy: stored, yet 4129 bytes are to be 4128");
}

TEST(ReadNpz, APromiseThatTheDeflatedBytesBreakTakesNoMemory) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "x.npz").string();
  constexpr Index promised = 250'000'000;
  const Bytes head = detail::npy_head(detail::numpy_type<float>(), false, {promised});
  Bytes noise(1'000'000);  // deflate makes it no smaller, so that it could be 1 GB
  std::uint32_t bits = 1;
  for (std::uint8_t& byte : noise) {
    bits = bits * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(bits >> 24);
  }
  detail::FileWriter file(path);
  detail::ZipWriter archive(file);
  archive.add("x.npy", head.size() + 4 * promised, NpzCompression::deflated,
              [&](detail::ByteSink& out) {
                out.write(head);
                out.write(noise);
              });
  archive.finish();
  file.commit();

  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = peak_kib();
  EXPECT_EQ(error_of<FormatError>([&] { read_npz<float>(path); }),
            str_cat("read_npz: ", path, ": x.npy: truncated: expected ", head.size() + 4 * promised,
                    " bytes when inflated, found ", head.size() + noise.size()));
  EXPECT_LT(peak_kib() - before, 16 * 1024);
}

TEST(ReadNpz, EntriesThatOverlapAreAFormatError) {
  const Bytes one = archive(NpzCompression::stored);
  const std::size_t directory = directory_of(one);
  const Bytes local(one.begin(), one.begin() + std::ptrdiff_t(directory));
  const Bytes entry(one.begin() + std::ptrdiff_t(directory), one.end() - 22);
  Bytes end(one.end() - 22, one.end());
  end[8] = end[10] = 2;
  end[12] = static_cast<std::uint8_t>(2 * entry.size());
  EXPECT_EQ(error_of_npz(test::join({local, entry, entry, end})),
            "the entries are larger than the archive");
}

TEST(ReadNpz, AnotherCountOfEntriesOrAnotherNameIsAFormatError) {
  Bytes bytes = archive(NpzCompression::stored);
  bytes[bytes.size() - 22 + 10] = 2;
  EXPECT_EQ(error_of_npz(bytes), "expected 2 entries, found 1");
  bytes[bytes.size() - 22 + 10] = 0;
  EXPECT_EQ(error_of_npz(bytes), "expected 0 entries, found 1");
  bytes = archive(NpzCompression::stored);
  bytes[30] = 'y';  // in the local header
  EXPECT_EQ(error_of_npz(bytes), "x.npy: the entry has another name");
}

TEST(ReadNpz, TwoArraysOfOneNameAreAFormatError) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "x.npz").string();
  const Tensor<float> x({3});
  write_npz<float>(path, {{"x", x}, {"y", x}});
  Bytes bytes = test::read_bytes(path);
  for (std::size_t i = 0; i + 5 < bytes.size(); ++i) {
    const Bytes name = test::bytes("y.npy");
    if (std::equal(name.begin(), name.end(), bytes.begin() + std::ptrdiff_t(i))) bytes[i] = 'x';
  }
  EXPECT_EQ(error_of_npz(bytes), "two arrays have the name 'x'");
}

TEST(ReadNpz, WhatIsNoArchiveIsAFormatError) {
  EXPECT_EQ(error_of_npz({}), "expected a zip archive; there is no record of its end");
  EXPECT_EQ(error_of_npz(test::bytes("PK\x03\x04 and no end")),
            "expected a zip archive; there is no record of its end");
}

TEST(WriteNpz, RoundTripsStoredAndDeflated) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npz";
  const auto weight = array<float>({{1, 2, 3}, {4, 5, 6}});
  const Tensor<float> zeros({100, 100});
  for (const auto compression : {NpzCompression::stored, NpzCompression::deflated}) {
    write_npz<float>(path, {{"conv1.weight", weight.transpose()}, {"zeros", zeros}}, compression);
    const auto arrays = read_npz<float>(path);
    ASSERT_EQ(arrays.size(), 2U);
    EXPECT_EQ(arrays[0].name, "conv1.weight");
    EXPECT_EQ(arrays[0].value.shape(), (Shape{3, 2}));
    EXPECT_EQ(arrays[0].value(2, 0), 3);
    EXPECT_EQ(arrays[1].value.shape(), (Shape{100, 100}));
    EXPECT_EQ(std::filesystem::file_size(path) < 1000, compression == NpzCompression::deflated);
  }
  write_npz<float>(path, {});
  EXPECT_TRUE(read_npz<float>(path).empty());
}

TEST(WriteNpz, WritesArraysOfDifferentTypes) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npz";
  const auto images = full<float>({2, 3}, 1.5f);
  write_npz(path, {{"images", images},
                   {"labels", full<std::uint8_t>({2}, 7)},  // expires
                   {"row", images[1]},
                   {"mask", Tensor<bool>({2})}});
  const NpzFile file(path);
  EXPECT_EQ(file.type("images"), "float32");
  EXPECT_EQ(file.type("labels"), "uint8");
  EXPECT_EQ(file.type("mask"), "bool");
  EXPECT_EQ(file.read<std::uint8_t>("labels")(1), 7);
  EXPECT_EQ(file.read<double>("row")(2), 1.5);
  EXPECT_EQ(error_of<ValueError>([&] {
              write_npz(path, {{"x", images}, {"x", images}});
            }),
            "write_npz: two arrays have the name 'x'");
}

TEST(ZipWriter, WritesZip64WhereNumbersAreLarge) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npz";
  const auto x = arange<float>(1000);
  for (const auto compression : {NpzCompression::stored, NpzCompression::deflated}) {
    for (const std::uint64_t limit : {100u, 3000u, 5000u}) {  // all, sizes and places, places
      detail::FileWriter file(path);
      detail::ZipWriter archive(file, limit);
      detail::add_to_archive(archive, {"x", x}, compression);
      detail::add_to_archive(archive, {"y", x}, compression);
      archive.finish();
      file.commit();
      const auto arrays = read_npz<float>(path);
      ASSERT_EQ(arrays.size(), 2U);
      test::expect_equal(arrays[1].value, x);
    }
  }
}

TEST(ZipWriter, ANameThatIsTooLongIsAValueError) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(error_of<ValueError>([&] {
              write_npz(folder.path() / "x", {{std::string(65'535, 'x'), Tensor<float>({1})}});
            }),
            "zip: a name of 65539 bytes, which is more than 65,535");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(WriteNpz, ANameThatIsUsedTwiceIsAValueError) {
  const Tensor<float> x({1});
  EXPECT_EQ(error_of<ValueError>([&] {
              write_npz<float>("unwritten", {{"x", x}, {"x", x}});
            }),
            "write_npz: two arrays have the name 'x'");
}

}  // namespace
}  // namespace dlfs
