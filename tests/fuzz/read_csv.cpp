// read_csv: an error names the line; what is read, written and read again is the same.
#include "dlfs/io/csv.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

/// Calls act, which returns or throws a FormatError that names line and column.
template <class Act>
static void read_column(const Act& act) {
  try {
    act();
  } catch (const FormatError& error) {
    const std::string_view what = error.what();
    fuzz::expect(what.find(": line ") != what.npos && what.find(", column ") != what.npos);
  }
}

/// The table as text: its names, and each cell of the columns.
static std::string text_of(const CsvTable& table) {
  std::vector<std::vector<std::string>> columns;
  std::string text;
  for (const std::string& name : table.names()) {
    text += str_cat(columns.empty() ? "" : ",", detail::csv_cell(name));
    columns.push_back(table.text(name));
    fuzz::expect(std::ssize(columns.back()) == table.rows());
  }
  text += '\n';
  for (std::size_t row = 0; row < static_cast<std::size_t>(table.rows()); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += str_cat(i > 0 ? "," : "", detail::csv_cell(columns[i][row]));
    }
    text += '\n';
  }
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int choice = data[0];
  CsvOptions options;
  if (choice % 2 != 0) options.missing = 0;
  options.header = static_cast<CsvOptions::Header>(choice / 2 % 3);
  if (choice / 8 % 4 == 1) options.separator = '|';
  fuzz::read_file_of({data + 1, size - 1}, [&](const std::string& path) {
    const CsvTable table = read_csv(path, options);
    constexpr std::size_t most_columns = 8;  // each reads all of the file
    if (table.names().size() > most_columns) return;
    for (const std::string& name : table.names()) {
      read_column([&] {
        for (const float x : table.column<float>(name)) fuzz::expect(detail::is_finite(x));
      });
      read_column([&] { table.column<std::int16_t>(name); });
      read_column([&] { fuzz::expect(std::ssize(table.text(name)) == table.rows()); });
    }
    if (!options.missing) return;
    const std::string text = text_of(table);
    static fuzz::MemoryFile again;
    again.set({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    const CsvTable second =
        read_csv(again.path(), {.header = CsvOptions::Header::present, .separator = ','});
    fuzz::expect(second.rows() == table.rows() && text_of(second) == text);
  });
  return 0;
}
