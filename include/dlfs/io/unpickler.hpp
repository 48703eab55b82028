#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dlfs/io/bytes.hpp"
#include "dlfs/io/numpy_array.hpp"
#include "dlfs/io/parse_number.hpp"
#include "dlfs/io/stored_tensor.hpp"
#include "dlfs/io/utf8.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// What a pickle may consist of.
enum class PickleContents {
  arrays,      // a dict of NumPy's arrays
  state_dict,  // the same of PyTorch's tensors, and what stands beside it in a file of a training
};

/// The functions and types that a pickle may call. None is called; the unpickler does itself what
/// each would do.
enum class PickleGlobal {
  ordered_dict,
  encode,
  bytes,
  bytearray,
  // NumPy's
  reconstruct,
  frombuffer,
  ndarray,
  dtype,
  // PyTorch's
  rebuild_tensor,
  rebuild_typed_tensor,
  rebuild_parameter,
};

/// The storage of a tensor in a file of PyTorch.
struct TorchStorage {
  StoredType type;
  bool is_untyped = false;  // its tensors have their types themselves
  std::string_view key;     // its name in the archive
  std::uint64_t count = 0;  // elements
};

struct TorchTensor {
  const TorchStorage* storage = nullptr;
  StoredType type;
  std::vector<std::uint64_t> extents, strides;
  std::uint64_t offset = 0;  // strides and offset in elements
};

/// A storage type of PyTorch, such as torch.FloatStorage.
struct TorchStorageType {
  StoredType type;
  bool is_untyped = false;
};

/// An element type of PyTorch, such as torch.float32.
struct TorchType {
  StoredType type;
};

struct PickleNone {};
struct PickleText {
  std::string_view text;
};
struct PickleBytes {
  ByteSpan bytes;
  bool is_latin1 = false;  // stored as text in UTF-8, decoded when needed
};
/// An array of NumPy.
struct PickleArray {
  std::optional<NumpyType> type;  // empty until it is built
  Shape shape;
  bool is_fortran_order = false;
  PickleBytes bytes;
};
struct PickleValue;
using PickleTuple = std::vector<PickleValue>;
struct PickleList;
using PickleDict = std::vector<std::pair<PickleValue, PickleValue>>;
using PickleVariant =
    std::variant<PickleNone, bool, std::int64_t, double, PickleText, PickleBytes, PickleGlobal,
                 TorchStorageType, TorchType, PickleTuple*, PickleList*, PickleDict*, PickleArray*,
                 NumpyType*, const TorchStorage*, TorchTensor*>;
/// A value on the stack. Objects belong to the machine; several values may refer to one.
struct PickleValue : PickleVariant {
  using PickleVariant::PickleVariant;

  /// Points to the value if it is of this type.
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(static_cast<const PickleVariant*>(this));
  }
};
struct PickleList {
  std::vector<PickleValue> items;
};

/// The text of a text, or of a string of Python 2.
inline std::optional<std::string_view> text_of(const PickleValue& value) {
  if (const auto* text = value.get_if<PickleText>()) return text->text;
  const auto* bytes = value.get_if<PickleBytes>();
  if (bytes != nullptr && !bytes->is_latin1) return as_text(bytes->bytes);
  return std::nullopt;
}

/// Finds what a pickle calls by a module and a name.
inline std::optional<PickleValue> find_pickle_global(std::string_view module, std::string_view name,
                                                     PickleContents contents) {
  struct Known {
    std::string_view module, name;
    PickleGlobal global;
  };
  static constexpr Known known[] = {
      {"numpy.core.multiarray", "_reconstruct", PickleGlobal::reconstruct},
      {"numpy._core.multiarray", "_reconstruct", PickleGlobal::reconstruct},  // NumPy 2
      {"numpy.core.numeric", "_frombuffer", PickleGlobal::frombuffer},
      {"numpy._core.numeric", "_frombuffer", PickleGlobal::frombuffer},  // NumPy 2
      {"numpy", "ndarray", PickleGlobal::ndarray},
      {"numpy", "dtype", PickleGlobal::dtype},
      {"collections", "OrderedDict", PickleGlobal::ordered_dict},
      {"_codecs", "encode", PickleGlobal::encode},  // bytes up to protocol 2: text in Latin-1
      {"__builtin__", "bytes", PickleGlobal::bytes},
      {"builtins", "bytearray", PickleGlobal::bytearray},
      {"__builtin__", "bytearray", PickleGlobal::bytearray},
      {"torch._utils", "_rebuild_tensor", PickleGlobal::rebuild_tensor},
      {"torch._utils", "_rebuild_tensor_v2", PickleGlobal::rebuild_tensor},
      {"torch._utils", "_rebuild_tensor_v3", PickleGlobal::rebuild_typed_tensor},
      {"torch._utils", "_rebuild_parameter", PickleGlobal::rebuild_parameter},
  };
  const bool is_torch = module == "torch" || module.starts_with("torch.");
  if (is_torch && contents != PickleContents::state_dict) return std::nullopt;
  for (const auto& entry : known) {
    if (entry.module == module && entry.name == name) return entry.global;
  }
  if (name == "UntypedStorage" && (module == "torch.storage" || module == "torch")) {
    return TorchStorageType{{{'u', 1}}, /*is_untyped=*/true};
  }
  struct Type {
    std::string_view storage, name;
    StoredType type;
  };
  static constexpr Type types[] = {
      {"DoubleStorage", "float64", {{'f', 8}}},
      {"FloatStorage", "float32", {{'f', 4}}},
      {"HalfStorage", "float16", {{'f', 2}}},
      {"BFloat16Storage", "bfloat16", {{'f', 2}, /*is_bfloat16=*/true}},
      {"LongStorage", "int64", {{'i', 8}}},
      {"IntStorage", "int32", {{'i', 4}}},
      {"ShortStorage", "int16", {{'i', 2}}},
      {"CharStorage", "int8", {{'i', 1}}},
      {"ByteStorage", "uint8", {{'u', 1}}},
      {"BoolStorage", "bool", {{'b', 1}}},
      {"", "uint16", {{'u', 2}}},
      {"", "uint32", {{'u', 4}}},
      {"", "uint64", {{'u', 8}}},
  };
  if (module != "torch" || name.empty()) return std::nullopt;
  for (const auto& type : types) {
    if (type.storage == name) return TorchStorageType{type.type};
    if (type.name == name) return TorchType{type.type};
  }
  return std::nullopt;
}

/// The opcodes that construct what PickleContents lists. Source: Python's Lib/pickletools.py.
enum class PickleOpcode : std::uint8_t {
  mark = '(',
  stop = '.',
  none = 'N',
  newtrue = 0x88,
  newfalse = 0x89,
  integer = 'I',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  long_integer = 'L',
  long1 = 0x8a,
  real = 'F',
  binfloat = 'G',
  string = 'S',
  binstring = 'T',
  short_binstring = 'U',
  unicode = 'V',
  binunicode = 'X',
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  binbytes = 'B',
  short_binbytes = 'C',
  binbytes8 = 0x8e,
  bytearray8 = 0x96,
  empty_tuple = ')',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  tuple = 't',
  empty_list = ']',
  list = 'l',
  append = 'a',
  appends = 'e',
  empty_dict = '}',
  dict = 'd',
  setitem = 's',
  setitems = 'u',
  put = 'p',
  binput = 'q',
  long_binput = 'r',
  memoize = 0x94,
  get = 'g',
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  stack_global = 0x93,
  binpersid = 'Q',
  reduce = 'R',
  build = 'b',
  proto = 0x80,
  frame = 0x95,
};

/// The name of an opcode that is refused.
inline std::string_view refused_opcode_name(std::uint8_t code) {
  struct Refused {
    std::uint8_t code;
    std::string_view name;
  };
  // clang-format off
  static constexpr Refused refused[] = {
      {'0', "POP"}, {'1', "POP_MARK"}, {'2', "DUP"}, {'P', "PERSID"}, {'Q', "BINPERSID"},
      {'i', "INST"}, {'o', "OBJ"}, {0x80, "PROTO"}, {0x81, "NEWOBJ"}, {0x82, "EXT1"},
      {0x83, "EXT2"}, {0x84, "EXT4"}, {0x8b, "LONG4"}, {0x8f, "EMPTY_SET"}, {0x90, "ADDITEMS"},
      {0x91, "FROZENSET"}, {0x92, "NEWOBJ_EX"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
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

/// The value of `count` hexadecimal digits, or nothing if there are others.
inline std::optional<std::uint32_t> parse_hexadecimal(std::string_view text, std::size_t count) {
  std::uint32_t value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value, 16);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  return value;
}

/// The bytes of a string that Python 2 wrote as in its source code: 'a\n\x00'.
inline std::string decode_string(std::string_view text, const ByteReader& file) {
  constexpr std::string_view escapes = "\\'\"nrt";
  constexpr std::string_view characters = "\\'\"\n\r\t";
  if (text.size() < 2 || text.front() != text.back() ||
      (text.front() != '\'' && text.front() != '"')) {
    file.fail("expected a string in quotes");
  }
  text = text.substr(1, text.size() - 2);
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      decoded += text[i];
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    const auto found = rest.empty() ? std::string_view::npos : escapes.find(rest[0]);
    if (found != std::string_view::npos) {
      decoded += characters[found];
      ++i;
    } else if (const auto byte =
                   parse_hexadecimal(rest.substr(std::min<std::size_t>(1, rest.size())), 2);
               rest.starts_with('x') && byte) {
      decoded += static_cast<char>(*byte);
      i += 3;
    } else {
      file.fail("a string has an escape that Python does not write");
    }
  }
  return decoded;
}

/// The UTF-8 of a text of protocol 0: Latin-1, and \u and \U for other characters.
inline std::string decode_raw_unicode(std::string_view text, const ByteReader& file) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t character = static_cast<std::uint8_t>(text[i]);
    const std::string_view rest = text.substr(i + 1);
    if (character == '\\' && (rest.starts_with('u') || rest.starts_with('U'))) {
      const std::size_t digits = rest[0] == 'u' ? 4 : 8;
      const auto code = parse_hexadecimal(rest.substr(1), digits);
      if (!code || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000)) {
        file.fail("a text has an escape that is no character");
      }
      character = *code;
      i += 1 + digits;
    }
    append_utf8(decoded, character);
  }
  return decoded;
}

/// Python's pickle machine, reduced to what PickleContents lists: a stack of values and a memo, but
/// no code of the file's choice. Values refer to the file's bytes and to objects that the machine
/// owns, so that they may refer to each other in cycles, and several values to one object.
class Unpickler {
 public:
  Unpickler(ByteReader file, PickleContents contents)
      : file_(std::move(file)), contents_(contents) {}

  /// Whether a file may begin with this byte: PROTO, or what a dict begins with in protocols 0
  /// and 1, which have none.
  static bool is_first(std::uint8_t byte) {
    return byte == 0x80 || byte == '(' || byte == '}' || byte == 'c';
  }

  /// Executes the opcodes until STOP; returns the value on top of the stack, which lives as long as
  /// the machine. To be called once.
  PickleValue run() {
    if (file_.left().empty() || !is_first(file_.left().front())) file_.fail("expected a pickle");
    if (file_.left().front() == static_cast<std::uint8_t>(Op::proto)) {
      file_.take(1);
      const auto version = file_.take_number<std::uint8_t>();
      if (version < 2 || version > 5) {
        file_.fail("expected protocol 0 to 5 of pickle, found ", version);
      }
    }
    for (;;) {
      const auto opcode = file_.take_number<std::uint8_t>();
      if (opcode == static_cast<std::uint8_t>(Op::stop)) return pop();
      obey(opcode);
    }
  }

  const ByteReader& file() const { return file_; }

 private:
  using Op = PickleOpcode;
  using Value = PickleValue;

  void obey(std::uint8_t opcode) {
    const auto u8 = [this] { return file_.take_number<std::uint8_t>(); };
    const auto u16 = [this] { return file_.take_number<std::uint16_t>(); };
    const auto u32 = [this] { return file_.take_number<std::uint32_t>(); };
    const auto u64 = [this] { return file_.take_number<std::uint64_t>(); };
    // clang-format off
    switch (static_cast<Op>(opcode)) {
      case Op::none: return push(PickleNone());
      case Op::newtrue: return push(true);
      case Op::newfalse: return push(false);
      case Op::integer: return push_integer_line();
      case Op::binint: return push_integer(static_cast<std::int32_t>(u32()));
      case Op::binint1: return push_integer(u8());
      case Op::binint2: return push_integer(u16());
      case Op::long_integer: return push_integer(parse_integer(take_line(), /*is_long=*/true));
      case Op::long1: return push_integer(take_long(u8()));
      case Op::real: return push(parse_real(take_line()));
      case Op::binfloat: return push(load<double>(file_.take(8).data(), /*is_big_endian=*/true));
      case Op::string: return push_bytes(decode_string(take_line(), file_));
      case Op::binstring: return push(PickleBytes{file_.take(u32())});
      case Op::short_binstring: return push(PickleBytes{file_.take(u8())});
      case Op::unicode:
        return push(PickleText{texts_.emplace_back(decode_raw_unicode(file_.take_line(), file_))});
      case Op::binunicode: return push(PickleText{file_.take_text(u32())});
      case Op::short_binunicode: return push(PickleText{file_.take_text(u8())});
      case Op::binunicode8: return push(PickleText{file_.take_text(u64())});
      case Op::binbytes: return push(PickleBytes{file_.take(u32())});
      case Op::short_binbytes: return push(PickleBytes{file_.take(u8())});
      case Op::binbytes8: case Op::bytearray8: return push(PickleBytes{file_.take(u64())});
      case Op::mark: return marks_.push_back(stack_.size());
      case Op::empty_tuple: return push_tuple(0);
      case Op::tuple1: return push_tuple(1);
      case Op::tuple2: return push_tuple(2);
      case Op::tuple3: return push_tuple(3);
      case Op::tuple: return push_tuple(pop_mark());
      case Op::empty_list: return push_list(0);
      case Op::list: return push_list(pop_mark());
      case Op::append: return append(1);
      case Op::appends: return append(pop_mark());
      case Op::empty_dict: return push_dict(0);
      case Op::dict: return push_dict(pop_mark());
      case Op::setitem: return set_items(2);
      case Op::setitems: return set_items(pop_mark());
      case Op::put: return memorize(take_memo_number());
      case Op::binput: return memorize(u8());
      case Op::long_binput: return memorize(u32());
      case Op::memoize: return memorize(memo_.size());
      case Op::get: return push(recall(take_memo_number()));
      case Op::binget: return push(recall(u8()));
      case Op::long_binget: return push(recall(u32()));
      case Op::global: return push_global();
      case Op::stack_global: return push_stack_global();
      case Op::binpersid:
        if (contents_ == PickleContents::state_dict) return push_storage();
        break;
      case Op::reduce: return reduce();
      case Op::build: return build();
      case Op::frame: u64(); return;  // the number of bytes for a stream to read ahead
      case Op::proto: case Op::stop: default: break;
    }
    // clang-format on
    file_.fail("refused: the opcode ", refused_opcode_name(opcode), " (", opcode,
               ") is no part of ",
               contents_ == PickleContents::arrays ? "a dict of arrays" : "a state_dict");
  }

  /// The value as the given type. @throws FormatError that says what was expected.
  template <class T>
  T expect(const Value& value, std::string_view what) const {
    const T* found = value.get_if<T>();
    if (found == nullptr) file_.fail("expected ", what);
    return *found;
  }

  std::string_view expect_text(const Value& value, std::string_view what) const {
    const auto text = text_of(value);
    if (!text) file_.fail("expected ", what);
    return *text;
  }

  void push(Value value) { stack_.push_back(value); }
  void push_integer(std::int64_t value) { push(value); }
  void push_bytes(std::string bytes) {
    const std::string_view text = texts_.emplace_back(std::move(bytes));
    push(PickleBytes{{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}});
  }

  /// The text up to the next newline; Windows' newline if the file was opened as text there.
  std::string_view take_line() {
    std::string_view line = file_.take_line();
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::int64_t parse_integer(std::string_view text, bool is_long) const {
    if (is_long && text.ends_with('L')) text.remove_suffix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      file_.fail("expected an integer of 64 bits");
    }
    return value;
  }

  double parse_real(std::string_view text) const {
    double value = 0;
    const auto [end, error] = number_from_chars(text, value);
    if (error != std::errc() || end != text.data() + text.size()) {
      file_.fail("expected a real number");
    }
    return value;
  }

  /// Protocols 0 and 1 write False and True as 00 and 01.
  void push_integer_line() {
    const std::string_view text = take_line();
    if (text == "00" || text == "01") return push(text == "01");
    push_integer(parse_integer(text, /*is_long=*/false));
  }

  std::uint64_t take_memo_number() {
    return static_cast<std::uint64_t>(parse_integer(take_line(), /*is_long=*/false));
  }

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
  PickleTuple pop_values(std::size_t count) {
    if (count > reachable()) file_.fail("an opcode needs ", count, " values where there are less");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    PickleTuple values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  void push_tuple(std::size_t size) { push(&tuples_.emplace_back(pop_values(size))); }
  void push_list(std::size_t size) { push(&lists_.emplace_back(PickleList{pop_values(size)})); }

  void append(std::size_t count) {
    const PickleTuple items = pop_values(count);
    auto& list = expect<PickleList*>(top(), "a list to append to")->items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void push_dict(std::size_t count) {
    const PickleTuple items = pop_values(count);
    PickleDict& dict = dicts_.emplace_back();
    add_items(dict, items);
    push(&dict);
  }

  void set_items(std::size_t count) {
    const PickleTuple items = pop_values(count);
    add_items(*expect<PickleDict*>(top(), "a dict to put arrays into"), items);
  }

  void add_items(PickleDict& dict, const PickleTuple& items) const {
    if (items.size() % 2 != 0) file_.fail("a dict has a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void memorize(std::uint64_t number) { memo_[number] = top(); }

  const Value& recall(std::uint64_t number) const {
    const auto found = memo_.find(number);
    if (found == memo_.end()) file_.fail("the memo has no value ", number);
    return found->second;
  }

  void push_global(std::string_view module, std::string_view name) {
    const auto global = find_pickle_global(module, name, contents_);
    if (!global) {
      file_.fail("refused: the global '", module, ".", name, "' is no part of ",
                 contents_ == PickleContents::arrays
                     ? "an array"
                     : "a state_dict, which torch.save(model.state_dict(), path) saves");
    }
    push(*global);
  }

  void push_global() {
    const std::string_view module = take_line();
    push_global(module, take_line());
  }

  void push_stack_global() {
    const PickleTuple names = pop_values(2);
    push_global(expect_text(names[0], "the name of a module"),
                expect_text(names[1], "the name of a global"));
  }

  /// Pushes the storage that a tuple names: ("storage", type, key, device, number of elements).
  void push_storage() {
    const Value id = pop();
    const PickleTuple& fields = *expect<PickleTuple*>(id, "a tuple that names a storage");
    if (fields.size() != 5 || text_of(fields[0]) != "storage") {
      file_.fail("expected a tuple that names a storage");
    }
    const auto type = expect<TorchStorageType>(fields[1], "the type of a storage");
    push(&storages_.emplace_back(TorchStorage{type.type, type.is_untyped,
                                              expect_text(fields[2], "the key of a storage"),
                                              natural(fields[4])}));
  }

  std::uint64_t natural(const Value& value) const {
    const auto number = expect<std::int64_t>(value, "an integer");
    if (number < 0) file_.fail("expected a number of at least 0, found ", number);
    return static_cast<std::uint64_t>(number);
  }

  /// The integers of a tuple, which are extents or strides.
  template <class T>
  std::vector<T> integers(const Value& value) const {
    const PickleTuple& tuple = *expect<PickleTuple*>(value, "a tuple as a shape");
    if (tuple.size() > std::size_t{max_rank}) {
      file_.fail("expected at most ", max_rank, " axes, found ", tuple.size());
    }
    std::vector<T> numbers;
    for (const Value& each : tuple) {
      if constexpr (std::is_signed_v<T>) {
        numbers.push_back(expect<std::int64_t>(each, "an integer as an extent"));
      } else {
        numbers.push_back(natural(each));
      }
    }
    return numbers;
  }

  /// Pushes what a call of a global would return.
  void reduce() {
    const Value arguments_value = pop();
    const PickleTuple& arguments = *expect<PickleTuple*>(arguments_value, "a tuple of arguments");
    const auto argument = [&](std::size_t i) -> const Value& {
      if (i >= arguments.size()) file_.fail("expected more arguments");
      return arguments[i];
    };
    const auto text = [&](std::size_t i) {
      return expect_text(argument(i), "a text as an argument");
    };
    switch (expect<PickleGlobal>(pop(), "a global to call")) {
      case PickleGlobal::reconstruct:  // an array, built later; its arguments are always the same
        return push(&arrays_.emplace_back());
      case PickleGlobal::frombuffer: {  // (elements, dtype, shape, order)
        PickleArray array;
        array.bytes = expect<PickleBytes>(argument(0), "bytes as the elements of an array");
        array.type = *expect<NumpyType*>(argument(1), "a dtype of an array");
        array.shape = parse_shape(integers<Index>(argument(2)), file_);
        if (text(3) != "C" && text(3) != "F") {
          file_.fail("expected the order C or F, found '", text(3), "'");
        }
        array.is_fortran_order = text(3) == "F";
        return push(&arrays_.emplace_back(array));
      }
      case PickleGlobal::dtype:
        return push(&types_.emplace_back(parse_numpy_type(text(0), file_)));
      case PickleGlobal::encode: {
        if (text(1) != "latin1") file_.fail("expected bytes as Latin-1, found '", text(1), "'");
        const std::string_view utf8 = text(0);
        return push(PickleBytes{{reinterpret_cast<const std::uint8_t*>(utf8.data()), utf8.size()},
                                /*is_latin1=*/true});
      }
      case PickleGlobal::bytes:
        if (!arguments.empty()) file_.fail("refused: bytes made from something");
        return push(PickleBytes{});
      case PickleGlobal::bytearray:
        if (arguments.empty()) return push(PickleBytes{});
        return push(expect<PickleBytes>(argument(0), "bytes to make a bytearray of"));
      case PickleGlobal::ordered_dict:
        return push_ordered_dict(arguments);
      case PickleGlobal::rebuild_tensor:  // (storage, offset, shape, strides, ...)
      case PickleGlobal::rebuild_typed_tensor: {
        const auto* storage = expect<const TorchStorage*>(argument(0), "the storage of a tensor");
        TorchTensor tensor{storage, storage->type, integers<std::uint64_t>(argument(2)),
                           integers<std::uint64_t>(argument(3)), natural(argument(1))};
        if (tensor.strides.size() != tensor.extents.size()) {
          file_.fail("expected ", tensor.extents.size(), " strides, found ", tensor.strides.size());
        }
        if (storage->is_untyped) {  // (..., whether it has a gradient, hooks, type)
          tensor.type = expect<TorchType>(argument(6), "the type of a tensor").type;
        }
        return push(&tensors_.emplace_back(std::move(tensor)));
      }
      case PickleGlobal::rebuild_parameter:  // (tensor, ...)
        return push(expect<TorchTensor*>(argument(0), "the tensor of a parameter"));
      case PickleGlobal::ndarray:
        file_.fail("refused: a call of numpy.ndarray");
    }
  }

  /// OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 has it.
  void push_ordered_dict(const PickleTuple& arguments) {
    PickleDict& dict = dicts_.emplace_back();
    if (!arguments.empty()) {
      const auto& pairs = expect<PickleList*>(arguments[0], "a list of pairs")->items;
      // Otherwise one list in the file could become any number of dicts.
      copied_pairs_ += pairs.size();
      if (copied_pairs_ > file_.size()) file_.fail("refused: dicts share their items");
      for (const Value& pair : pairs) {
        const auto* const* list = pair.get_if<PickleList*>();
        const auto* const* tuple = pair.get_if<PickleTuple*>();
        const PickleTuple* items = list != nullptr    ? &(*list)->items
                                   : tuple != nullptr ? *tuple
                                                      : nullptr;
        if (items == nullptr || items->size() != 2) file_.fail("expected a list of pairs");
        dict.emplace_back((*items)[0], (*items)[1]);
      }
    }
    push(&dict);
  }

  /// Applies the state on top of the stack to the object below it, like __setstate__.
  void build() {
    const Value state_value = pop();
    if (top().get_if<PickleDict*>() != nullptr) return;  // attributes, such as PyTorch's versions
    const PickleTuple& state =
        *expect<PickleTuple*>(state_value, "a tuple as the state of an object");
    if (const auto* type = top().get_if<NumpyType*>()) {
      // (version, byte order, and fields that only structures and dates need)
      if (state.size() < 2) file_.fail("expected a byte order in the state of a dtype");
      return set_byte_order(**type, expect_text(state[1], "a text as a byte order"), file_);
    }
    // (version, shape, dtype, whether in Fortran order, elements)
    PickleArray& array = *expect<PickleArray*>(top(), "an array or a dtype to build");
    if (state.size() != 5) file_.fail("expected 5 values in the state of an array");
    array.shape = parse_shape(integers<Index>(state[1]), file_);
    array.type = *expect<NumpyType*>(state[2], "a dtype in the state of an array");
    array.is_fortran_order = expect<bool>(state[3], "the order of an array");
    array.bytes = expect<PickleBytes>(state[4], "bytes as the elements of an array");
  }

  ByteReader file_;
  PickleContents contents_;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;  // stack heights at the marks
  std::unordered_map<std::uint64_t, Value> memo_;
  std::size_t copied_pairs_ = 0;
  // Deques, because their elements keep their addresses.
  std::deque<std::string> texts_;
  std::deque<PickleTuple> tuples_;
  std::deque<PickleList> lists_;
  std::deque<PickleDict> dicts_;
  std::deque<PickleArray> arrays_;
  std::deque<NumpyType> types_;
  std::deque<TorchStorage> storages_;
  std::deque<TorchTensor> tensors_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
