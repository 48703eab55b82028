#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/numpy_array.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {
namespace detail {

/// The names that a pickle may contain: functions and types that construct NumPy's arrays. None is
/// called; the unpickler does itself what each would do.
enum class PickleGlobal { reconstruct, ndarray, dtype, encode, bytes };

inline PickleGlobal find_pickle_global(std::string_view module, std::string_view name,
                                       const ByteReader& file) {
  struct Known {
    std::string_view module, name;
    PickleGlobal global;
  };
  static constexpr Known known[] = {
      {"numpy.core.multiarray", "_reconstruct", PickleGlobal::reconstruct},
      {"numpy._core.multiarray", "_reconstruct", PickleGlobal::reconstruct},  // NumPy 2
      {"numpy", "ndarray", PickleGlobal::ndarray},
      {"numpy", "dtype", PickleGlobal::dtype},
      {"_codecs", "encode", PickleGlobal::encode},  // bytes in protocol 2: text in Latin-1
      {"__builtin__", "bytes", PickleGlobal::bytes},
  };
  for (const auto& entry : known) {
    if (entry.module == module && entry.name == name) return entry.global;
  }
  file.fail("refused: the global '", module, ".", name, "' is no part of an array");
}

/// The opcodes that construct a dict of arrays. Source: Python's Lib/pickletools.py.
enum class PickleOpcode : std::uint8_t {
  mark = '(',
  stop = '.',
  none = 'N',
  newtrue = 0x88,
  newfalse = 0x89,
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  long1 = 0x8a,
  binunicode = 'X',
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  binbytes = 'B',
  short_binbytes = 'C',
  binbytes8 = 0x8e,
  empty_tuple = ')',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  tuple = 't',
  empty_dict = '}',
  setitem = 's',
  setitems = 'u',
  binput = 'q',
  long_binput = 'r',
  memoize = 0x94,
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  stack_global = 0x93,
  reduce = 'R',
  build = 'b',
  proto = 0x80,
  frame = 0x95,
};

/// The name of an opcode that is not in PickleOpcode.
inline std::string_view refused_opcode_name(std::uint8_t code) {
  struct Refused {
    std::uint8_t code;
    std::string_view name;
  };
  // clang-format off
  static constexpr Refused refused[] = {
      {'0', "POP"}, {'1', "POP_MARK"}, {'2', "DUP"}, {'F', "FLOAT"}, {'G', "BINFLOAT"},
      {'I', "INT"}, {'L', "LONG"}, {'P', "PERSID"}, {'Q', "BINPERSID"}, {'S', "STRING"},
      {'T', "BINSTRING"}, {'U', "SHORT_BINSTRING"}, {'V', "UNICODE"}, {']', "EMPTY_LIST"},
      {'a', "APPEND"}, {'d', "DICT"}, {'e', "APPENDS"}, {'g', "GET"}, {'i', "INST"}, {'l', "LIST"},
      {'o', "OBJ"}, {'p', "PUT"}, {0x80, "PROTO"}, {0x81, "NEWOBJ"}, {0x82, "EXT1"}, {0x83, "EXT2"},
      {0x84, "EXT4"}, {0x8b, "LONG4"}, {0x8f, "EMPTY_SET"}, {0x90, "ADDITEMS"}, {0x91, "FROZENSET"},
      {0x92, "NEWOBJ_EX"}, {0x96, "BYTEARRAY8"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
  };
  // clang-format on
  for (const auto& entry : refused) {
    if (entry.code == code) return entry.name;
  }
  return "that does not exist";
}

/// Converts Latin-1 text that is stored as UTF-8 back to its bytes. Protocol 2 has no other
/// characters here.
inline Bytes decode_latin1(std::string_view text, const ByteReader& file) {
  Bytes bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(byte);
      continue;
    }
    const auto next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[++i]) : 0;
    if ((byte != 0xc2 && byte != 0xc3) || (next & 0xc0) != 0x80) {
      file.fail("expected Latin-1 text in the place of bytes");
    }
    bytes.push_back(static_cast<std::uint8_t>((byte & 3) << 6 | (next & 0x3f)));
  }
  return bytes;
}

/// Python's pickle machine, reduced to what a dict of arrays needs: a stack of values and a memo,
/// but no code of the file's choice. Values refer to the file's bytes and to objects that the
/// machine owns, so that they may refer to each other in cycles, and several values to one object.
class Unpickler {
 public:
  explicit Unpickler(ByteReader file) : file_(std::move(file)) {}

  /// The arrays of the dict, converted.
  template <NumpyElement T>
  std::vector<NamedTensor<T>> arrays() {
    const Dict& dict = *expect<Dict*>(run(), "a dict of arrays");
    std::vector<NamedTensor<T>> tensors;
    std::set<std::string_view> names;
    std::size_t elements = 0;
    for (const auto& [key, value] : dict) {
      const std::string_view name = expect<Text>(key, "a text as the name of an array").text;
      const ByteReader named({}, str_cat(file_.source(), ": ", name));
      if (!names.insert(name).second) named.fail("two arrays have this name");
      const Array& array = *expect<Array*>(value, "an array in the dict");
      if (!array.type) named.fail("the array has no contents");
      elements += array.bytes.bytes.size();
      // Otherwise a few bytes of the file could produce any number of large arrays.
      constexpr std::size_t most_sharing = 16;
      if (elements / most_sharing > file_.size())
        named.fail("refused: arrays share their elements");
      Bytes decoded;
      if (array.bytes.is_latin1) decoded = decode_latin1(as_text(array.bytes.bytes), named);
      tensors.emplace_back(
          std::string(name),
          to_tensor<T>({*array.type, array.is_fortran_order, array.shape,
                        array.bytes.is_latin1 ? ByteSpan(decoded) : array.bytes.bytes},
                       named));
    }
    return tensors;
  }

 private:
  using Op = PickleOpcode;
  struct None {};
  struct Text {
    std::string_view text;
  };
  struct ByteString {
    ByteSpan bytes;
    bool is_latin1 = false;  // stored as text in UTF-8, decoded when needed
  };
  struct Array {
    std::optional<NumpyType> type;  // empty until it is built
    Shape shape;
    bool is_fortran_order = false;
    ByteString bytes;
  };
  struct Value;
  using Tuple = std::vector<Value>;
  using Dict = std::vector<std::pair<Value, Value>>;
  using AnyValue = std::variant<None, bool, std::int64_t, Text, ByteString, PickleGlobal, Tuple*,
                                Dict*, Array*, NumpyType*>;
  struct Value : AnyValue {
    using AnyValue::AnyValue;
  };

  /// Executes the opcodes until STOP; returns the value on top of the stack.
  Value run() {
    if (file_.take_number<std::uint8_t>() != static_cast<std::uint8_t>(Op::proto))
      file_.fail("expected a pickle");
    const auto version = file_.take_number<std::uint8_t>();
    if (version < 2 || version > 4) {
      file_.fail("expected protocol 2 to 4 of pickle, found ", version);
    }
    for (;;) {
      const auto opcode = file_.take_number<std::uint8_t>();
      if (opcode == static_cast<std::uint8_t>(Op::stop)) return pop();
      obey(opcode);
    }
  }

  void obey(std::uint8_t opcode) {
    const auto u8 = [this] { return file_.take_number<std::uint8_t>(); };
    const auto u16 = [this] { return file_.take_number<std::uint16_t>(); };
    const auto u32 = [this] { return file_.take_number<std::uint32_t>(); };
    const auto u64 = [this] { return file_.take_number<std::uint64_t>(); };
    // clang-format off
    switch (static_cast<Op>(opcode)) {
      case Op::none: return push(None());
      case Op::newtrue: return push(true);
      case Op::newfalse: return push(false);
      case Op::binint: return push_integer(static_cast<std::int32_t>(u32()));
      case Op::binint1: return push_integer(u8());
      case Op::binint2: return push_integer(u16());
      case Op::long1: return push_integer(take_long(u8()));
      case Op::binunicode: return push(Text{file_.take_text(u32())});
      case Op::short_binunicode: return push(Text{file_.take_text(u8())});
      case Op::binunicode8: return push(Text{file_.take_text(u64())});
      case Op::binbytes: return push(ByteString{file_.take(u32())});
      case Op::short_binbytes: return push(ByteString{file_.take(u8())});
      case Op::binbytes8: return push(ByteString{file_.take(u64())});
      case Op::mark: return marks_.push_back(stack_.size());
      case Op::empty_tuple: return push_tuple(0);
      case Op::tuple1: return push_tuple(1);
      case Op::tuple2: return push_tuple(2);
      case Op::tuple3: return push_tuple(3);
      case Op::tuple: return push_tuple(pop_mark());
      case Op::empty_dict: return push(&dicts_.emplace_back());
      case Op::setitem: return set_items(2);
      case Op::setitems: return set_items(pop_mark());
      case Op::binput: return memorize(u8());
      case Op::long_binput: return memorize(u32());
      case Op::memoize: return memorize(memo_.size());
      case Op::binget: return push(recall(u8()));
      case Op::long_binget: return push(recall(u32()));
      case Op::global: return push_global();
      case Op::stack_global: return push_stack_global();
      case Op::reduce: return reduce();
      case Op::build: return build();
      case Op::frame: u64(); return;  // the number of bytes for a stream to read ahead
      case Op::proto: case Op::stop: default: break;
    }
    // clang-format on
    file_.fail("refused: the opcode ", refused_opcode_name(opcode), " (", opcode,
               ") is no part of a dict of arrays");
  }

  /// The value as the given type. @throws FormatError that says what was expected.
  template <class T>
  T expect(const Value& value, std::string_view what) const {
    const T* found = std::get_if<T>(static_cast<const AnyValue*>(&value));
    if (found == nullptr) file_.fail("expected ", what);
    return *found;
  }

  void push(Value value) { stack_.push_back(value); }
  void push_integer(std::int64_t value) { push(value); }

  /// A signed little-endian integer.
  std::int64_t take_long(std::size_t size) {
    const ByteSpan bytes = file_.take(size);
    if (size > sizeof(std::int64_t)) file_.fail("an integer of ", size, " bytes");
    std::uint64_t bits = size > 0 && bytes.back() >= 0x80 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = size; i-- > 0;) bits = bits << 8 | bytes[i];
    return static_cast<std::int64_t>(bits);
  }

  /// Number of reachable values: those above the last mark. The others are out of reach until the
  /// mark is popped.
  std::size_t reachable() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  const Value& top() const {
    if (reachable() == 0) file_.fail("an opcode needs a value where there is none");
    return stack_.back();
  }

  Value pop() {
    const Value value = top();
    stack_.pop_back();
    return value;
  }

  /// Removes the last mark; returns the number of values above it.
  std::size_t pop_mark() {
    if (marks_.empty()) file_.fail("an opcode needs a mark where there is none");
    const std::size_t count = reachable();
    marks_.pop_back();
    return count;
  }

  /// The `count` values on top of the stack, the topmost last.
  Tuple pop_values(std::size_t count) {
    if (count > reachable()) file_.fail("an opcode needs ", count, " values where there are less");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    Tuple values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  void push_tuple(std::size_t size) { push(&tuples_.emplace_back(pop_values(size))); }

  void set_items(std::size_t count) {
    if (count % 2 != 0) file_.fail("a dict has a key without a value");
    const Tuple items = pop_values(count);
    Dict& dict = *expect<Dict*>(top(), "a dict to put arrays into");
    for (std::size_t i = 0; i < count; i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void memorize(std::uint64_t number) { memo_[number] = top(); }

  const Value& recall(std::uint64_t number) const {
    const auto found = memo_.find(number);
    if (found == memo_.end()) file_.fail("the memo has no value ", number);
    return found->second;
  }

  void push_global() {
    const std::string_view module = file_.take_line();
    push(find_pickle_global(module, file_.take_line(), file_));
  }

  void push_stack_global() {
    const Tuple names = pop_values(2);
    push(find_pickle_global(expect<Text>(names[0], "the name of a module").text,
                            expect<Text>(names[1], "the name of a global").text, file_));
  }

  /// Pushes what a call of a global would return.
  void reduce() {
    const Value arguments_value = pop();
    const Tuple& arguments = *expect<Tuple*>(arguments_value, "a tuple of arguments");
    const auto text = [&](std::size_t i) {
      if (i >= arguments.size()) file_.fail("expected more arguments");
      return expect<Text>(arguments[i], "a text as an argument").text;
    };
    switch (expect<PickleGlobal>(pop(), "a global to call")) {
      case PickleGlobal::reconstruct:  // an array, built later; its arguments are always the same
        return push(&arrays_.emplace_back());
      case PickleGlobal::dtype:
        return push(&types_.emplace_back(parse_numpy_type(text(0), file_)));
      case PickleGlobal::encode: {
        if (text(1) != "latin1") file_.fail("expected bytes as Latin-1, found '", text(1), "'");
        const std::string_view utf8 = text(0);
        return push(ByteString{{reinterpret_cast<const std::uint8_t*>(utf8.data()), utf8.size()},
                               /*is_latin1=*/true});
      }
      case PickleGlobal::bytes:
        if (!arguments.empty()) file_.fail("refused: bytes made from something");
        return push(ByteString{});
      case PickleGlobal::ndarray:
        file_.fail("refused: a call of numpy.ndarray");
    }
  }

  /// Applies the state on top of the stack to the object below it, like __setstate__.
  void build() {
    const Value state_value = pop();
    const Tuple& state = *expect<Tuple*>(state_value, "a tuple as the state of an object");
    if (const auto* type = std::get_if<NumpyType*>(static_cast<const AnyValue*>(&top()))) {
      // (version, byte order, and fields that only structures and dates need)
      if (state.size() < 2) file_.fail("expected a byte order in the state of a dtype");
      return set_byte_order(**type, expect<Text>(state[1], "a text as a byte order").text, file_);
    }
    // (version, shape, dtype, whether in Fortran order, elements)
    Array& array = *expect<Array*>(top(), "an array or a dtype to build");
    if (state.size() != 5) file_.fail("expected 5 values in the state of an array");
    std::vector<Index> extents;
    for (const Value& extent : *expect<Tuple*>(state[1], "a tuple as a shape")) {
      extents.push_back(expect<std::int64_t>(extent, "an integer as an extent"));
    }
    array.shape = parse_shape(extents, file_);
    array.type = *expect<NumpyType*>(state[2], "a dtype in the state of an array");
    array.is_fortran_order = expect<bool>(state[3], "the order of an array");
    array.bytes = expect<ByteString>(state[4], "bytes as the elements of an array");
  }

  ByteReader file_;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;  // stack heights at the marks
  std::unordered_map<std::uint64_t, Value> memo_;
  // Deques, because their elements keep their addresses.
  std::deque<Tuple> tuples_;
  std::deque<Dict> dicts_;
  std::deque<Array> arrays_;
  std::deque<NumpyType> types_;
};

}  // namespace detail

/// Reads a dict of NumPy arrays that Python's pickle wrote, protocols 2 to 4, in the order of the
/// dict. The book's weights are stored in this way. Elements are converted to T as described at
/// NumpyElement.
///
/// It executes nothing. A pickle is a program that may call any function; this reader knows the few
/// opcodes and names that construct a dict of arrays, and refuses all others by name.
/// @throws FormatError for an unknown opcode or name, or for an array that read_npy refuses;
///   IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_pickle(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  return detail::Unpickler({bytes, str_cat("read_pickle: ", path.string())}).template arrays<T>();
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
