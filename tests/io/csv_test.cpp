#include "dlfs/io/csv.hpp"

#include <clocale>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/creation.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;
using Texts = std::vector<std::string>;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

CsvTable table_of(std::string_view text, const CsvOptions& options = {}) {
  const test::TemporaryFolder folder;
  return read_csv(folder.write("f.csv", test::bytes(text)), options);
}

/// The text behind the path in the error of what `use` does with a table of this text.
template <class E = FormatError, class Use>
std::string error_of_csv(std::string_view text, const Use& use, const CsvOptions& options = {}) {
  const auto what = error_of<E>([&] { use(table_of(text, options)); });
  const auto name = what.find("f.csv: ");
  return name == std::string::npos ? what : what.substr(name + 7);
}
std::string error_of_csv(std::string_view text, const CsvOptions& options = {}) {
  return error_of_csv(
      text, [](const CsvTable&) {}, options);
}

/// Each cell of a table, one column behind the other.
std::vector<Texts> cells_of(const CsvTable& table) {
  std::vector<Texts> columns;
  for (const auto& name : table.names()) columns.push_back(table.text(name));
  return columns;
}

TEST(Csv, ColumnsAreAskedForByName) {
  const auto table = table_of("town,rooms,age\nOslo,3,-1.5\nRome,2,1e3\n");
  EXPECT_EQ(table.rows(), 2);
  EXPECT_EQ(table.names(), (Texts{"town", "rooms", "age"}));
  EXPECT_EQ(table.text("town"), (Texts{"Oslo", "Rome"}));
  EXPECT_TRUE(array_equal(table.tensor<float>({"age", "rooms", "age"}),
                          array<float>({{-1.5f, 3, -1.5f}, {1000, 2, 1000}})));
  EXPECT_TRUE(array_equal(table.column<std::int32_t>("rooms"), array<std::int32_t>({3, 2})));
  EXPECT_EQ(table.tensor<double>({}).shape(), (Shape{2, 0}));
  EXPECT_EQ(error_of_csv<ValueError>("a,b\n1,2", [](const CsvTable& t) { t.text("c"); }),
            "there is no column 'c'; the columns are a, b");
}

TEST(Csv, TheFirstLineIsAHeaderUnlessACellIsANumber) {
  EXPECT_EQ(table_of("a,b\nc,d").names(), (Texts{"a", "b"}));
  EXPECT_EQ(table_of(",b\n0,1").names(), (Texts{"1", "b"}));
  EXPECT_EQ(table_of("a,1e400\nc,2").names(), (Texts{"1", "2"}));
  EXPECT_EQ(table_of("a,b\nc,d", {.header = CsvOptions::Header::absent}).rows(), 2);
  EXPECT_EQ(table_of("2001,2002\n1,2", {.header = CsvOptions::Header::present}).names(),
            (Texts{"2001", "2002"}));
  EXPECT_EQ(cells_of(table_of("a,b\nc,d", {.names = {"x", "y"}})),
            (std::vector<Texts>{{"a", "c"}, {"b", "d"}}));
  EXPECT_EQ(table_of("a,b").rows(), 0);
  EXPECT_EQ(table_of("a,b\n").tensor<float>({"a", "b"}).shape(), (Shape{0, 2}));
  EXPECT_EQ(error_of_csv("a,b\n", {.names = {"x"}}), "expected 1 columns, found 2");
  EXPECT_EQ(error_of_csv("a,b,a\n"), "line 1, column 3: two columns have the name 'a'");
}

TEST(Csv, TheSeparatorIsSeenInTheFirstLine) {
  const std::vector<Texts> expected{{"1", "3"}, {"2", "4"}};
  for (const std::string separator : {",", ";", "\t"}) {
    std::string text = "a|'b'\n1|2\n3|4\n";
    for (char& c : text) c = c == '|' ? separator[0] : c == '\'' ? '"' : c;
    EXPECT_EQ(cells_of(table_of(text)), expected) << separator;
  }
  EXPECT_EQ(cells_of(table_of("a|b\n1|2\n3|4", {.separator = '|'})), expected);
  EXPECT_EQ(table_of("\"a;\t\",b\n").names(), (Texts{"a;\t", "b"}));
  EXPECT_EQ(cells_of(table_of("a;b\n1,5;2\n"))[0], Texts{"1,5"});
  EXPECT_EQ(cells_of(table_of("a\n1\n2"))[0], (Texts{"1", "2"}));
}

TEST(Csv, QuotesHoldSeparatorsLineBreaksAndDoubledQuotes) {
  const auto table = table_of("a,\"b \"\"x\"\"\"\r\n \"1,\r\n2\" ,\"\"\n\"\"\"\"\"\",  c d  \n");
  EXPECT_EQ(table.names(), (Texts{"a", "b \"x\""}));
  EXPECT_EQ(cells_of(table), (std::vector<Texts>{{"1,\r\n2", "\"\""}, {"", "c d"}}));
  EXPECT_TRUE(
      array_equal(table_of("\"a\"\n\"1\"\n\" 2\"").tensor<float>({}), zeros<float>({2, 0})));
  EXPECT_EQ(table_of("\"a\"\n\"1.5\"\n").column<double>("a")(0), 1.5);
}

TEST(Csv, LinesEndInAnyWayAndAByteOrderMarkIsSkipped) {
  const std::vector<Texts> expected{{"1", "3"}, {"2", "4"}};
  for (const std::string text :
       {"a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "a,b\n1,2\r\n3,4\n\n\r\n\n",
        "\xEF\xBB\xBF"
        "a,b\n1,2\n3,4"}) {
    const auto table = table_of(text);
    EXPECT_EQ(cells_of(table), expected) << text;
    EXPECT_EQ(table.names()[0], "a") << text;
  }
}

TEST(Csv, WhatIsNoRecordIsAnErrorWithLineAndColumn) {
  EXPECT_EQ(error_of_csv("a,b\n1,2\n3\n"), "line 3, column 1 (a): expected 2 columns, found 1");
  EXPECT_EQ(error_of_csv("a,b\n1,2\n3,4,5\n"), "line 3, column 3: expected 2 columns, found more");
  EXPECT_EQ(error_of_csv("a,b\n1,2\n\n3,4\n"), "line 3, column 1 (a): expected 2 columns, found 1");
  EXPECT_EQ(error_of_csv("1,2\n3"), "line 2, column 1: expected 2 columns, found 1");
  EXPECT_EQ(error_of_csv("a,b\n1,\"2\n\n"), "line 2, column 2 (b): the quote has no end");
  EXPECT_EQ(error_of_csv("a,b\n\"\n\n\",5\"\n"),
            "line 4, column 2 (b): a quote inside of a cell without quotes");
  EXPECT_EQ(error_of_csv("a,b\n\"\r\n\r\r\"x,5\n"),
            "line 5, column 1 (a): text behind the end of a quote");
  const std::string many((1 << 20) - 1, ',');
  EXPECT_EQ(error_of_csv(many + ","),
            "line 1, column 1048577: there are more than 1048576 columns");
  for (const std::string empty : {"", "\n\r\n", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n"}) {
    EXPECT_EQ(error_of_csv(empty), "the file is empty");
  }
  EXPECT_EQ(error_of_csv(std::string_view("\xFF\xFE"
                                          "a\0",
                                          4)),
            "expected UTF-8, found UTF-16");
}

TEST(Csv, WhatIsNoNumberIsAnErrorWithLineAndColumn) {
  const auto error = [](const std::string& cell, auto zero) {
    return error_of_csv("a,b\n1,\"\n\"\n2," + cell + "\n", [&](const CsvTable& table) {
      // Only what is asked for is converted.
      table.tensor<decltype(zero)>({"a"});
      auto numbers = table_of("b\n" + cell).tensor<decltype(zero)>({"b"});
      static_cast<void>(numbers);
    });
  };
  const std::string at = "line 2, column 1 (b): ";
  for (const std::string bad : {"x", "1x", "1 2", "1,5", "0x10", "--1", "+-1", "+", "-", ".", "1e",
                                "NA", "nan", "NaN", "null", "?", "nan(1)x", "1.2.3"}) {
    const std::string cell = bad == "1,5" ? "\"1,5\"" : bad;
    EXPECT_EQ(error(cell, 0.0f), at + "'" + bad + "' is no number");
  }
  for (const std::string bad : {"inf", "-inf", "infinity", "nan(1)", "-nan"}) {
    EXPECT_EQ(error(bad, 0.0), at + "'" + bad + "' is not finite");
  }
  EXPECT_EQ(error("\"\"", 0.0f), at + "is empty");
  EXPECT_EQ(error("1e39", 0.0f), at + "'1e39' is out of range");
  EXPECT_EQ(error("-1e400", 0.0), at + "'-1e400' is out of range");
  EXPECT_EQ(error("1e99999", 0.0), at + "'1e99999' is out of range");
  EXPECT_EQ(error("1.0", 0), at + "'1.0' is no integer");
  EXPECT_EQ(error("256", std::uint8_t{}), at + "'256' is out of range");
  EXPECT_EQ(error("-1", std::uint8_t{}), at + "'-1' is out of range");
  EXPECT_EQ(error("-1.5", std::uint8_t{}), at + "'-1.5' is no integer");
  EXPECT_EQ(error(std::string(50, 'y'), 0.0f),
            at + "'" + std::string(40, 'y') + "...' is no number");
  EXPECT_EQ(error_of_csv("a,b\n1,\"\n\"\n2,x\n", [](const CsvTable& t) { t.tensor<float>({"b"}); }),
            "line 2, column 2 (b): '\n' is no number");
}

TEST(Csv, NumbersAreExactOrRoundedToTheNearest) {
  const auto table = table_of("x\n+1\n.5\n5.\n-0\n1E2\n0.1\n16777217\n1e-50\n1e-400\n 7 \n");
  EXPECT_TRUE(array_equal(table.column<float>("x"),
                          array<float>({1, 0.5f, 5, 0, 100, 0.1f, 16777216, 0, 0, 7})));
  EXPECT_TRUE(array_equal(table.column<double>("x"),
                          array<double>({1, 0.5, 5, 0, 100, 0.1, 16777217, 1e-50, 0, 7})));
  EXPECT_TRUE(std::signbit(table.column<double>("x")(3)));
}

TEST(Csv, AMissingValueIsAnErrorUnlessANumberStandsForIt) {
  const std::string text = "a,b,c\n1,,x\n?,NA,\n";
  EXPECT_EQ(error_of_csv(text, [](const CsvTable& t) { t.tensor<float>({"b"}); }),
            "line 2, column 2 (b): is empty");
  EXPECT_EQ(error_of_csv(text, [](const CsvTable& t) { t.text("c"); }),
            "line 3, column 3 (c): is empty");
  const auto table = table_of(text, {.missing = not_a_number});
  const auto numbers = table.tensor<float>({"a", "b"});
  EXPECT_EQ(numbers(0, 0), 1);
  for (const float missing : {numbers(0, 1), numbers(1, 0), numbers(1, 1)}) {
    EXPECT_TRUE(std::isnan(missing));
  }
  EXPECT_EQ(table.text("c"), (Texts{"x", ""}));
  EXPECT_EQ(table_of(text, {.missing = -1}).tensor<double>({"b"})(0, 0), -1);
  EXPECT_EQ(error_of_csv(text, [](const CsvTable& t) { t.column<int>("a"); }, {.missing = 0}),
            "line 3, column 1 (a): '?' is no number");
}

TEST(Csv, TheLocaleDoesNotMatter) {
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    EXPECT_EQ(table_of("x\n1.5\n").column<double>("x")(0), 1.5);
    EXPECT_EQ(table_of("x\n1e-400\n").column<double>("x")(0), 0);
  }
  std::setlocale(LC_ALL, "C");
}

TEST(Csv, OptionsThatDoNotFitAreRefused) {
  const auto error = [](const CsvOptions& options) {
    return error_of<ValueError>([&] { read_csv("", options); });
  };
  EXPECT_EQ(error({.header = CsvOptions::Header::present, .names = {"a"}}),
            "read_csv: names are for a file without a header");
  for (const char bad : {'"', '\n', '\r', ' ', '\0'}) {
    EXPECT_EQ(error({.separator = bad}),
              "read_csv: the separator cannot be a quote, a space, or a line break");
  }
}

TEST(Csv, WhatIsWrittenIsReadAsTheSame) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.csv";
  const Texts names{
      "\xEF\xBB\xBF"
      "a",
      "b;\"c\"",
      " d",
      "e\n\t",
      "",
      "f,"};
  Rng rng(1);
  const auto x = random_normal<double>({50, 6}, rng);
  write_csv(path, names, x);
  const auto table = read_csv(path);
  Texts expected = names;
  expected[4] = "5";
  EXPECT_EQ(table.names(), expected);
  EXPECT_TRUE(array_equal(table.tensor<double>(table.names()), x));

  const auto labels = array<std::int32_t>({{1}, {-2}});
  write_csv(path, {"label"}, labels);
  EXPECT_EQ(test::read_bytes(path), test::bytes("label\n1\n-2\n"));
  EXPECT_TRUE(array_equal(read_csv(path).tensor<std::int32_t>({"label"}), labels));
  EXPECT_EQ(error_of<ShapeError>([&] {
              write_csv(path, {"a", "b"}, labels);
            }),
            "write_csv: expected values of shape (N, 2) for 2 names, got (2, 1)");
}

}  // namespace
}  // namespace dlfs
