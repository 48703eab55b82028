#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/numpy_array.hpp"
#include "dlfs/io/unpickler.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The arrays of a pickled dict, converted.
template <NumpyElement T>
std::vector<NamedTensor<T>> parse_pickle(const ByteReader& file) {
  Unpickler machine(file, PickleContents::arrays);
  const PickleValue value = machine.run();
  const auto* const* dict = value.get_if<PickleDict*>();
  if (dict == nullptr) file.fail("expected a dict of arrays");
  std::vector<NamedTensor<T>> tensors;
  std::set<std::string_view> names;
  std::size_t elements = 0;
  for (const std::pair<PickleValue, PickleValue>& each : **dict) {
    const auto name = text_of(each.first);
    if (!name) file.fail("expected a text as the name of an array");
    const ByteReader named({}, str_cat(file.source(), ": ", *name));
    if (!names.insert(*name).second) named.fail("two arrays have this name");
    const auto* const* found = each.second.get_if<PickleArray*>();
    if (found == nullptr) file.fail("expected an array in the dict");
    const PickleArray& array = **found;
    if (!array.type) named.fail("the array has no contents");
    elements += array.bytes.bytes.size();
    // Otherwise a few bytes of the file could produce any number of large arrays.
    constexpr std::size_t most_sharing = 16;
    if (elements / most_sharing > file.size()) named.fail("refused: arrays share their elements");
    Bytes decoded;
    if (array.bytes.is_latin1) decoded = decode_latin1(as_text(array.bytes.bytes), named);
    tensors.emplace_back(
        std::string(*name),
        to_tensor<T>({*array.type, array.is_fortran_order, array.shape,
                      array.bytes.is_latin1 ? ByteSpan(decoded) : array.bytes.bytes},
                     named));
  }
  return tensors;
}

}  // namespace detail

/// Reads a dict of NumPy arrays that Python's pickle wrote, in the order of the dict: an ordinary
/// dict or an OrderedDict, of protocols 0 to 5, by Python 2 or 3. The book's weights are stored in
/// this way. Elements are converted to T as described at NumpyElement.
///
/// It executes nothing. A pickle is a program that may call any function; this reader knows the few
/// opcodes and names that construct a dict of arrays, and refuses all others by name.
/// @throws FormatError for an unknown opcode or name, or for an array that read_npy refuses;
///   IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_pickle(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  return detail::parse_pickle<T>({bytes, str_cat("read_pickle: ", path.string())});
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
