#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/numpy_array.hpp"
#include "dlfs/io/stored_tensor.hpp"
#include "dlfs/io/unpickler.hpp"
#include "dlfs/io/zip.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// Source: PyTorch, torch/serialization.py and torch/_utils.py. An archive has the entries data.pkl,
// a pickle in which tensors name their storages, data/0, data/1, ..., the storages, and byteorder.

inline constexpr std::string_view torch_pickle_name = "/data.pkl";

/// How a file of PyTorch before 1.6 begins: a pickle of a number.
inline constexpr std::string_view old_torch_beginning =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// A tensor of a state_dict and its name.
struct TorchEntry {
  std::string_view name;
  const TorchTensor* tensor;
};

/// The tensors of a dict. @throws FormatError if there is something else in it, or a name twice.
inline std::vector<TorchEntry> torch_entries(const PickleDict& dict, const ByteReader& file) {
  std::vector<TorchEntry> entries;
  std::set<std::string_view> names;
  for (const auto& [key, value] : dict) {
    const auto name = text_of(key);
    if (!name) file.fail("expected a text as the name of a tensor");
    if (!names.insert(*name).second) file.fail(*name, ": two tensors have this name");
    const auto* const* tensor = value.get_if<TorchTensor*>();
    if (tensor == nullptr) file.fail(*name, ": expected a tensor");
    entries.push_back({*name, *tensor});
  }
  return entries;
}

/// Finds the state_dict in what torch.save was given: the dict itself, or a dict that has it under
/// one of the usual names.
inline const PickleDict& find_state_dict(const PickleValue& value, const ByteReader& file) {
  const auto* const* whole = value.get_if<PickleDict*>();
  if (whole == nullptr) {
    file.fail("expected a state_dict, which torch.save(model.state_dict(), path) saves");
  }
  const PickleDict* found = *whole;
  std::string_view found_name;
  for (const auto& [key, item] : **whole) {
    const auto name = text_of(key);
    const auto* const* dict = item.get_if<PickleDict*>();
    if (!name || dict == nullptr) continue;
    if (*name != "state_dict" && *name != "model_state_dict" && *name != "model") continue;
    if (!found_name.empty()) {
      file.fail("expected one state_dict, found '", found_name, "' and '", *name, "'");
    }
    found = *dict;
    found_name = *name;
  }
  return *found;
}

/// Copies the elements of a strided tensor, `size` bytes each, in order to `out`, which it
/// advances.
inline void gather_elements(const TorchTensor& tensor, std::size_t size, std::size_t axis,
                            const std::uint8_t* from, std::uint8_t*& out) {
  if (axis == tensor.extents.size()) {
    std::memcpy(out, from, size);
    out += size;
    return;
  }
  const auto step = static_cast<std::size_t>(tensor.strides[axis]) * size;
  for (std::uint64_t i = 0; i < tensor.extents[axis]; ++i) {
    gather_elements(tensor, size, axis + 1, from + i * step, out);
  }
}

/// Whether the elements lie one after the other.
inline bool is_contiguous(const TorchTensor& tensor) {
  std::uint64_t step = 1;
  for (std::size_t axis = tensor.extents.size(); axis-- > 0;) {
    if (tensor.extents[axis] != 1 && tensor.strides[axis] != step) return false;
    step *= tensor.extents[axis];
  }
  return true;
}

/// The elements of a tensor in its storage. @throws FormatError if some lie outside of it.
template <NumpyElement T>
Tensor<T> tensor_in_storage(const TorchTensor& tensor, ByteSpan storage, const ByteReader& named) {
  const std::size_t size = tensor.type.numpy.bytes;
  const Shape shape = parse_shape(tensor.extents, named);
  const auto make = [&](ByteSpan elements) {
    return to_tensor<T>(tensor.type, shape, elements, named, [](ByteSpan) {});
  };
  if (shape.size() == 0) return make({});
  std::uint64_t last = tensor.offset;
  for (std::size_t axis = 0; axis < tensor.extents.size(); ++axis) {
    std::uint64_t distance = 0;
    if (__builtin_mul_overflow(tensor.extents[axis] - 1, tensor.strides[axis], &distance) ||
        __builtin_add_overflow(last, distance, &last)) {
      named.fail("the strides are larger than 64 bits");
    }
  }
  if (last >= storage.size() / size) {
    named.fail("expected at least ", last, " + 1 elements in the storage, found ",
               storage.size() / size);
  }
  const auto bytes = static_cast<std::size_t>(shape.size()) * size;
  const std::uint8_t* const first = storage.data() + tensor.offset * size;
  if (is_contiguous(tensor)) return make({first, bytes});
  Bytes gathered(bytes);
  std::uint8_t* out = gathered.data();
  gather_elements(tensor, size, 0, first, out);
  return make(gathered);
}

/// The entries of an archive of PyTorch.
class TorchArchive {
 public:
  explicit TorchArchive(const ByteReader& file) : file_(file), archive_(file) {
    for (const ZipEntry& entry : archive_.entries()) {
      if (!entries_.emplace(entry.name, &entry).second) {
        file_.fail("two entries have the name '", entry.name, "'");
      }
      if (!entry.name.ends_with(torch_pickle_name)) continue;
      if (!folder_.empty()) file_.fail("expected one data.pkl, found two");
      folder_ = entry.name.substr(0, entry.name.size() - torch_pickle_name.size() + 1);
    }
    if (folder_.empty()) file_.fail("expected an archive of torch.save; it has no data.pkl");
    if (entries_.contains(folder_ + "constants.pkl")) {
      file_.fail("refused: a TorchScript program; save its weights by ",
                 "torch.save(model.state_dict(), path)");
    }
    const auto order = entries_.find(folder_ + "byteorder");  // since PyTorch 2.1
    if (order == entries_.end()) return;
    const Bytes text = extract("byteorder");
    if (as_text(text) != "little") {
      file_.fail("expected little-endian numbers, found the byte order '", as_text(text), "'");
    }
  }

  /// Whether the archive has a pickle of torch.save.
  static bool is_at(const ZipReader& archive) {
    return std::any_of(
        archive.entries().begin(), archive.entries().end(),
        [](const ZipEntry& entry) { return entry.name.ends_with(torch_pickle_name); });
  }

  /// The contents of an entry, named within the folder. torch.save does not compress, so that an
  /// archive that is compressed has another origin, and may become much larger than it is.
  Bytes extract(std::string_view name) const {
    const auto found = entries_.find(str_cat(folder_, name));
    if (found == entries_.end()) file_.fail("there is no entry '", folder_, name, "'");
    const ZipEntry& entry = *found->second;
    if (entry.method != zip_stored) file_.fail(entry.name, ": expected no compression");
    return archive_.extract(entry);
  }

 private:
  const ByteReader& file_;
  ZipReader archive_;
  std::map<std::string, const ZipEntry*> entries_;
  std::string folder_;  // ends in a slash
};

template <NumpyElement T>
std::vector<NamedTensor<T>> parse_pytorch(const ByteReader& file) {
  if (as_text(file.left()).starts_with(old_torch_beginning)) {
    file.fail("refused: a file of PyTorch before 1.6; load it there by torch.load and save it ",
              "again by torch.save");
  }
  const TorchArchive archive(file);
  const Bytes pickle = archive.extract("data.pkl");
  Unpickler machine({pickle, str_cat(file.source(), ": data.pkl")}, PickleContents::state_dict);
  const PickleValue value = machine.run();
  const auto entries = torch_entries(find_state_dict(value, machine.file()), machine.file());

  // Storages are extracted one after the other, each for all of its tensors.
  std::map<std::string_view, std::vector<std::size_t>> tensors_of_storages;
  std::vector<std::string_view> keys;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TorchTensor& tensor = *entries[i].tensor;
    const ByteReader named({}, str_cat(file.source(), ": ", entries[i].name));
    const std::uint64_t bytes = bytes_of(tensor.extents, tensor.type.numpy.bytes, named);
    // Otherwise a few bytes of the file could produce any number of large tensors.
    constexpr std::uint64_t most_sharing = 16;
    if (__builtin_add_overflow(total, bytes, &total) || total / most_sharing > file.size()) {
      named.fail("refused: tensors share their elements");
    }
    auto& users = tensors_of_storages[tensor.storage->key];
    if (users.empty()) keys.push_back(tensor.storage->key);
    users.push_back(i);
  }
  std::vector<Tensor<T>> values(entries.size());
  for (const std::string_view key : keys) {
    const Bytes storage = archive.extract(str_cat("data/", key));
    for (const std::size_t i : tensors_of_storages[key]) {
      const TorchTensor& tensor = *entries[i].tensor;
      const ByteReader named({}, str_cat(file.source(), ": ", entries[i].name));
      const std::uint64_t count[] = {tensor.storage->count};
      const std::uint64_t expected = bytes_of(count, tensor.storage->type.numpy.bytes, named);
      if (storage.size() != expected) {
        named.fail("expected a storage of ", expected, " bytes, found ", storage.size());
      }
      values[i] = tensor_in_storage<T>(tensor, storage, named);
    }
  }
  std::vector<NamedTensor<T>> tensors;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    tensors.emplace_back(std::string(entries[i].name), std::move(values[i]));
  }
  return tensors;
}

}  // namespace detail

/// Reads the tensors of a state_dict that torch.save wrote, PyTorch 1.6 or later (.pt, .pth), in
/// the order of the dict. The dict may stand in another one under the name state_dict,
/// model_state_dict or model, as in the files of a training. Elements are converted to T as
/// described at NumpyElement; bfloat16 counts as a real number. Tensors may be strided, and may
/// share a storage.
///
/// It executes nothing. Such a file has a pickle, which is a program that may call any function;
/// this reader knows the few opcodes and names that construct a state_dict, and refuses all others
/// by name.
///
/// The elements of all tensors have at most 16 times the size of the file.
/// @throws FormatError for an unknown opcode or name, such as that of a class of a whole model; for
///   an archive that is damaged or compressed; for one of a big-endian machine, of PyTorch before
///   1.6 or of TorchScript; for tensors of another type than real numbers and integers, or outside
///   of their storage; for elements that T cannot hold. IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_pytorch(const std::filesystem::path& path) {
  const detail::MappedFile mapped(path);
  return detail::parse_pytorch<T>({mapped.bytes(), str_cat("read_pytorch: ", path.string())});
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
