#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/rounded.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/io/parse_number.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of read_csv.
struct CsvOptions {
  /// Whether the first line has the names of the columns.
  enum class Header {
    automatic,  ///< it has, unless one of its cells is a number
    present,    ///< it has
    absent,     ///< it has not
  };

  Header header = Header::automatic;  ///< whether the first line has the names of the columns
  /// The names of the columns of a file without a header. Without them they are "1", "2", ...
  std::vector<std::string> names{};
  /// What is between two cells. If it is not given, it is the first of tab, semicolon and comma
  /// that the first line has outside of quotes.
  std::optional<char> separator{};
  /// The number in place of a missing one, such as NaN. A number is missing where the cell is
  /// empty, NA, NaN, nan, null or ?. If it is not given, that is an error. There is none for
  /// integers. A missing text, an empty cell without quotes, is then the empty text.
  std::optional<double> missing{};

  /// @throws ValueError for names beside a header, or a separator that cannot be one.
  void check() const {
    if (!names.empty() && header == Header::present) {
      throw ValueError("read_csv: names are for a file without a header");
    }
    constexpr std::string_view taken("\"\r\n \0", 5);
    if (separator && taken.find(*separator) != std::string_view::npos) {
      throw ValueError("read_csv: the separator cannot be a quote, a space, or a line break");
    }
  }
};

namespace detail {

/// A cell as it stands in a CSV file.
struct CsvCell {
  std::string_view text;  // without the quotes around it
  Index line = 0;         // of its first character, from 1
  bool is_quoted = false;
  bool has_doubled_quotes = false;  // each "" in it means one quote
  bool ends_record = false;

  std::string unquoted() const {
    std::string result(text);
    if (!has_doubled_quotes) return result;
    const auto is_second_quote = [in_pair = false](char c) mutable {
      in_pair = c == '"' && !in_pair;
      return c == '"' && !in_pair;
    };
    result.erase(std::remove_if(result.begin(), result.end(), is_second_quote), result.end());
    return result;
  }
};

/// Reads CSV cell by cell.
class CsvCursor {
 public:
  CsvCursor(std::string_view text, char separator, Index line = 1)
      : text_(text), separator_(separator), line_(line) {}

  /// Whether there is no further record.
  bool at_end() const { return position_ == text_.size(); }
  std::size_t position() const { return position_; }
  Index line() const { return line_; }

  /// The next cell. fail(line, reason) ends the reading.
  template <class Fail>
  CsvCell next(const Fail& fail) {
    CsvCell cell;
    skip_spaces();
    cell.line = line_;
    if (here() == '"') {
      read_quoted(cell, fail);
    } else {
      const std::size_t first = position_;
      while (!ends_cell()) {
        if (here() == '"') fail(line_, "a quote inside of a cell without quotes");
        ++position_;
      }
      cell.text = text_.substr(first, position_ - first);
      cell.text = cell.text.substr(0, cell.text.find_last_not_of(' ') + 1);
    }
    cell.ends_record = at_end() || here() != separator_;
    if (!at_end()) advance();
    return cell;
  }

 private:
  // A character that is neither special nor a separator behind the end.
  char here() const { return at_end() ? '\0' : text_[position_]; }
  bool ends_cell() const {
    const char c = here();
    return at_end() || c == separator_ || c == '\n' || c == '\r';
  }
  void skip_spaces() {
    while (here() == ' ') ++position_;
  }

  /// Skips a character, or a line break of two.
  void advance() {
    const char c = text_[position_++];
    if (c == '\r' && here() == '\n') ++position_;
    if (c == '\r' || c == '\n') ++line_;
  }

  template <class Fail>
  void read_quoted(CsvCell& cell, const Fail& fail) {
    cell.is_quoted = true;
    const std::size_t first = ++position_;
    for (;; advance()) {
      if (at_end()) fail(cell.line, "the quote has no end");
      if (here() != '"') continue;
      if (position_ + 1 == text_.size() || text_[position_ + 1] != '"') break;
      cell.has_doubled_quotes = true;
      ++position_;
    }
    cell.text = text_.substr(first, position_ - first);
    ++position_;
    skip_spaces();
    if (!ends_cell()) fail(line_, "text behind the end of a quote");
  }

  std::string_view text_;
  char separator_;
  Index line_;
  std::size_t position_ = 0;
};

/// The first of tab, semicolon and comma that a line has outside of quotes.
inline char csv_separator(std::string_view text) {
  bool is_quoted = false, has_semicolon = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '\t') return '\t';
    if (c == '\n' || c == '\r') break;
    has_semicolon |= c == ';';
  }
  return has_semicolon ? ';' : ',';
}

inline bool is_missing_number(std::string_view text) {
  return text.empty() || text == "NA" || text == "NaN" || text == "nan" || text == "null" ||
         text == "?";
}

inline bool is_csv_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = number_from_chars(text, value);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

inline constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

inline bool has_utf16_mark(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

/// A cell of a CSV file; in quotes if it needs them.
inline std::string csv_cell(std::string_view text) {
  const bool is_plain = !text.empty() && !text.starts_with(utf8_mark) && !has_utf16_mark(text) &&
                        text.find_first_of(",;\t\"\r\n") == std::string_view::npos &&
                        text.front() != ' ' && text.back() != ' ';
  if (is_plain) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace detail

/// The contents of a CSV file: columns with names. It holds the text of the file, and converts the
/// columns that are asked for.
///
///   const CsvTable table = read_csv("houses.csv");
///   const Tensor<float> x = table.tensor<float>({"rooms", "age"});  // (N, 2)
///   const std::vector<std::string> towns = table.text("town");
class CsvTable {
 public:
  /// The number of rows, N; the header is none.
  Index rows() const { return rows_; }
  ///@{
  /// The names of the columns, in the order of the file.
  const std::vector<std::string>& names() const& { return names_; }
  std::vector<std::string> names() && { return std::move(names_); }
  ///@}

  /// The numbers of some columns, (N, K).
  /// @throws ValueError if there is no such column; FormatError, naming line and column, for a cell
  ///   that is no number, missing, not finite or beyond the range of T. A number that is too small
  ///   for T becomes 0.
  template <class T>
    requires(std::floating_point<T> || (std::integral<T> && !std::same_as<T, bool>))
  Tensor<T> tensor(const std::vector<std::string>& columns)
  const {
    auto result = Tensor<T>::uninitialized({rows_, static_cast<Index>(columns.size())});
    T* row = result.data();
    read(columns, [&](Index place, const detail::CsvCell& cell, std::size_t column) {
      if (place < 0) {
        row += columns.size();
      } else {
        row[place] = number<T>(cell, column);
      }
    });
    return result;
  }
  /// The numbers of one column, (N), such as the Labels `column<std::int32_t>("label")`.
  /// @throws ValueError, FormatError like `tensor`.
  template <class T>
  Tensor<T> column(const std::string& name) const {
    return tensor<T>({name}).reshape({rows_});
  }

  /// The texts of one column.
  /// @throws ValueError if there is no such column; FormatError, naming line and column, for an
  ///   empty cell without quotes, unless CsvOptions::missing is given.
  std::vector<std::string> text(const std::string& name) const {
    std::vector<std::string> result;
    result.reserve(static_cast<std::size_t>(rows_));
    read({name}, [&](Index place, const detail::CsvCell& cell, std::size_t column) {
      if (place < 0) return;
      if (cell.text.empty() && !cell.is_quoted && !missing_) fail(cell.line, column, "is empty");
      result.push_back(cell.unquoted());
    });
    return result;
  }

 private:
  friend CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options);

  CsvTable(detail::Bytes bytes, std::string source, const CsvOptions& options)
      : bytes_(std::move(bytes)), source_(std::move(source)), missing_(options.missing) {
    end_ = as_text(bytes_).find_last_not_of("\r\n") + 1;
    if (as_text(bytes_).starts_with(detail::utf8_mark)) begin_ = detail::utf8_mark.size();
    if (detail::has_utf16_mark(as_text(bytes_))) {
      throw FormatError(source_, ": expected UTF-8, found UTF-16");
    }
    if (end_ <= begin_) throw FormatError(source_, ": the file is empty");
    separator_ = options.separator ? *options.separator : detail::csv_separator(contents());
    read_names(options);
    count_rows();
  }

  static std::string_view as_text(const detail::Bytes& bytes) {
    return detail::as_text({bytes.data(), bytes.size()});
  }
  /// What comes behind the byte order mark or the header.
  std::string_view contents() const { return as_text(bytes_).substr(begin_, end_ - begin_); }
  detail::CsvCursor cursor() const { return {contents(), separator_, first_line_}; }

  // A name takes more memory than a cell of the file.
  static constexpr std::size_t most_columns = std::size_t{1} << 20;

  /// Columns count from 0 here, and from 1 in the message.
  [[noreturn]] void fail(Index line, std::size_t column, std::string_view reason) const {
    const bool has_name = column < names_.size() && names_[column] != str_cat(column + 1);
    throw FormatError(source_, ": line ", line, ", column ", column + 1, has_name ? " (" : "",
                      has_name ? names_[column] : "", has_name ? ")" : "", ": ", reason);
  }

  /// The next cell, which is in this column.
  detail::CsvCell next(detail::CsvCursor& cursor, std::size_t column) const {
    return cursor.next([&](Index line, const char* reason) { fail(line, column, reason); });
  }

  /// Reads the first record and sets `names_` and where the data begins.
  void read_names(const CsvOptions& options) {
    using Header = CsvOptions::Header;
    detail::CsvCursor header = cursor();
    std::vector<std::string> names;
    bool has_numbers = false, has_all = false;
    while (!has_all) {
      const detail::CsvCell cell = next(header, names.size());
      if (names.size() == most_columns) {
        fail(1, names.size(), str_cat("there are more than ", most_columns, " columns"));
      }
      has_numbers |= detail::is_csv_number(cell.text);
      has_all = cell.ends_record;
      names.push_back(cell.text.empty() ? str_cat(names.size() + 1) : cell.unquoted());
    }
    const std::size_t count = names.size();
    const bool is_header =
        options.names.empty() &&
        (options.header == Header::automatic ? !has_numbers : options.header == Header::present);
    if (is_header) {
      begin_ += header.position();
      first_line_ = header.line();
    } else {
      names = options.names;
      while (names.size() < count && options.names.empty()) {
        names.push_back(str_cat(names.size() + 1));
      }
    }
    if (names.size() != count) {
      throw FormatError(source_, ": expected ", names.size(), " columns, found ", count);
    }
    std::set<std::string_view> distinct;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!distinct.insert(names[i]).second) {
        fail(1, i, str_cat("two columns have the name '", names[i], "'"));
      }
    }
    names_ = std::move(names);
  }

  /// @throws FormatError for a record with another number of cells.
  void count_rows() {
    for (detail::CsvCursor data = cursor(); !data.at_end(); ++rows_) {
      for (std::size_t column = 0;; ++column) {
        const detail::CsvCell cell = next(data, column);
        if (column == names_.size()) {
          fail(cell.line, column, str_cat("expected ", names_.size(), " columns, found more"));
        }
        if (!cell.ends_record) continue;
        if (column + 1 == names_.size()) break;
        fail(cell.line, column,
             str_cat("expected ", names_.size(), " columns, found ", column + 1));
      }
    }
  }

  /// Calls visit(i, cell, column) for the cell of `columns[i]` in each row, and visit(-1, ...)
  /// behind each row.
  template <class Visit>
  void read(const std::vector<std::string>& columns, const Visit& visit) const {
    std::map<std::string_view, std::size_t> by_name;
    for (std::size_t column = 0; column < names_.size(); ++column) by_name[names_[column]] = column;
    std::vector<std::pair<std::size_t, Index>> wanted;  // the column, and its place in `columns`
    wanted.reserve(columns.size());
    for (const std::string& name : columns) {
      const auto found = by_name.find(name);
      if (found == by_name.end()) fail_without(name);
      wanted.emplace_back(found->second, std::ssize(wanted));
    }
    std::sort(wanted.begin(), wanted.end());
    detail::CsvCursor data = cursor();
    for (Index row = 0; row < rows_; ++row) {
      auto each = wanted.begin();
      detail::CsvCell cell;
      for (std::size_t column = 0; column < names_.size(); ++column) {
        cell = next(data, column);
        for (; each != wanted.end() && each->first == column; ++each) {
          visit(each->second, cell, column);
        }
      }
      visit(-1, cell, names_.size());
    }
  }

  [[noreturn]] void fail_without(const std::string& name) const {
    std::string listed;
    constexpr std::size_t most = 20;
    for (std::size_t i = 0; i < std::min(most, names_.size()); ++i) {
      listed += str_cat(i > 0 ? ", " : "", names_[i]);
    }
    throw ValueError(source_, ": there is no column '", name, "'; the columns are ", listed,
                     names_.size() > most ? ", ..." : "");
  }

  template <class T>
  T number(const detail::CsvCell& cell, std::size_t column) const {
    const std::string_view text = cell.text;
    if (detail::is_missing_number(text)) {
      if constexpr (std::floating_point<T>) {
        if (missing_) return static_cast<T>(*missing_);
      }
      fail(cell.line, column,
           text.empty() ? std::string("is empty") : str_cat("'", text, "' is no number"));
    }
    const auto refuse = [&](std::string_view reason) {
      constexpr std::size_t most = 40;  // characters
      fail(cell.line, column,
           str_cat("'", text.substr(0, most), text.size() > most ? "..." : "", "' is ", reason));
    };
    T value{};
    const auto [end, error] = detail::number_from_chars(text, value);
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
      const bool is_below = std::unsigned_integral<T> && is_integer(text);
      refuse(is_below ? "out of range" : std::integral<T> ? "no integer" : "no number");
    }
    if constexpr (std::floating_point<T>) {
      if (error == std::errc::result_out_of_range) {
        long double wide = 0;
        const bool is_small =
            detail::number_from_chars(text, wide).ec == std::errc{} && std::abs(wide) < 1;
        if (is_small) return static_cast<T>(wide);
      }
      if (error == std::errc{} && !detail::is_finite(value)) refuse("not finite");
    }
    if (error != std::errc{}) refuse("out of range");
    return value;
  }

  static bool is_integer(std::string_view text) {
    long long value = 0;
    const auto [end, error] = detail::number_from_chars(text, value);
    return error != std::errc::invalid_argument && end == text.data() + text.size();
  }

  detail::Bytes bytes_;
  std::string source_;  // "read_csv: data.csv"
  std::optional<double> missing_;
  std::size_t begin_ = 0;  // of the data in the bytes
  std::size_t end_ = 0;
  Index first_line_ = 1;  // of the data
  char separator_ = ',';
  std::vector<std::string> names_;
  Index rows_ = 0;
};

/// Reads a CSV file in UTF-8: a line for each row, and in it a cell for each column, as RFC 4180
/// describes them. A cell in quotes may hold separators, line breaks and, doubled, quotes. Spaces
/// around a cell do not belong to it. Lines end in LF, CR LF or CR; empty lines at the end are
/// ignored. The memory is that of the file and of its header.
/// @throws FormatError, naming line and column, for a row with more or fewer cells than the first,
///   a quote without an end or inside of a cell without quotes, text behind a quote, more than
///   2^20 columns, and two of one name; for an empty file, UTF-16, or another number of columns
///   than there are CsvOptions::names; ValueError for options that do not fit; IoError if the file
///   cannot be read.
inline CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {}) {
  options.check();
  return CsvTable(detail::read_file(path), str_cat("read_csv: ", path.string()), options);
}

/// Writes a matrix as CSV: a line of names and a line for each row, with numbers in the shortest
/// form that read_csv reads as the same number.
///
///   names (K)   values (N, K)
///
/// @throws ShapeError unless there is a name for each column, and a column; IoError if the file
/// cannot be written.
template <AnyTensor X>
  requires std::is_arithmetic_v<Element<X>>
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& names,
               const X& values) {
  const auto rows = const_view(values);
  if (rows.rank() != 2 || names.empty() || rows.extent(1) != std::ssize(names)) {
    throw ShapeError("write_csv: expected values of shape (N, ", names.size(), ") for ",
                     names.size(), " names, got ", rows.shape());
  }
  std::string text;
  for (std::size_t k = 0; k < names.size(); ++k) {
    text += str_cat(k > 0 ? "," : "", detail::csv_cell(names[k]));
  }
  text += '\n';
  for (Index n = 0; n < rows.extent(0); ++n) {
    for (Index k = 0; k < rows.extent(1); ++k) {
      if (k > 0) text += ',';
      detail::append(text, rows(n, k));
    }
    text += '\n';
  }
  detail::write_file(path, text);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
