#include "dlfs/io/pickle.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;
using test::fixture;

/// The error that reading a pickle of protocol 4 with these opcodes ends with, after the path.
std::string error_of_pickle(const std::string& opcodes) {
  const test::TemporaryFolder folder;
  const auto path =
      folder.write("x.pkl", test::join({test::bytes("\x80\x04"), test::bytes(opcodes)}));
  const auto text = error_of<FormatError>([&] { read_pickle<float>(path); });
  const std::string prefix = "read_pickle: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// An array of `bytes` elements of uint8, which are at memo 0.
std::string array_of(int bytes) {
  const std::string size(1, static_cast<char>(bytes));
  return "cnumpy.core.multiarray\n_reconstruct\n)R(K\1K" + size +
         "\x85"
         "cnumpy\ndtype\n\x8c\2u1\x85R\x89h" +
         std::string(1, '\0') + "tb";
}

TEST(ReadPickle, ReadsEachProtocolOfNumPy1And2) {
  for (const std::string name :
       {"protocol0.pkl", "protocol1.pkl", "protocol2.pkl", "protocol3.pkl", "protocol4.pkl",
        "protocol5.pkl", "ordered0.pkl", "ordered5.pkl"}) {
    const auto arrays = read_pickle<double>(fixture(name));
    ASSERT_EQ(arrays.size(), 5U) << name;
    EXPECT_EQ(arrays[0].name, "W1");
    EXPECT_EQ(arrays[0].value.shape(), (Shape{3, 4}));
    EXPECT_EQ(arrays[0].value(0, 1), 1);
    EXPECT_EQ(arrays[0].value(2, 3), 11);
    EXPECT_EQ(arrays[1].value(0), -1.5);
    EXPECT_EQ(arrays[1].value(1), 1e300);
    EXPECT_EQ(arrays[2].name, "big");
    EXPECT_EQ(arrays[2].value(2), 2);
    EXPECT_EQ(arrays[3].value.shape(), (Shape{18}));
    EXPECT_EQ(arrays[3].value(17), 255);
    EXPECT_EQ(arrays[4].value.shape(), (Shape{0, 2}));
  }
}

TEST(ReadPickle, ReadsAnArrayThatStandsUnderTwoNames) {
  const auto arrays = read_pickle<float>(fixture("shared.pkl"));
  ASSERT_EQ(arrays.size(), 2U);
  EXPECT_EQ(arrays[0].value(2), 2);
  EXPECT_EQ(arrays[1].value(2), 2);
}

TEST(ReadPickle, ReadsTheStringsOfPython2) {
  for (const std::string name : {"python2_protocol0.pkl", "python2_protocol1.pkl",
                                 "python2_protocol2.pkl", "python2_ordered.pkl"}) {
    const auto arrays = read_pickle<float>(fixture(name));
    ASSERT_EQ(arrays.size(), 2U) << name;
    EXPECT_EQ(arrays[0].name, "W1");
    EXPECT_EQ(arrays[0].value.shape(), (Shape{2, 3}));
    EXPECT_EQ(arrays[0].value(1, 2), 5);
    EXPECT_EQ(arrays[1].value(255), 255);
  }
}

TEST(ReadPickle, RefusesOtherProtocolsByTheirNumber) {
  const test::TemporaryFolder folder;
  for (const int version : {0, 1, 6, 255}) {
    const auto path = folder.write("x.pkl", {0x80, static_cast<std::uint8_t>(version), '}', '.'});
    EXPECT_EQ(error_of<FormatError>([&] { read_pickle<float>(path); }),
              "read_pickle: " + path + ": expected protocol 0 to 5 of pickle, found " +
                  std::to_string(version));
  }
  const auto text = folder.write("x.pkl", test::bytes("text"));
  EXPECT_EQ(error_of<FormatError>([&] { read_pickle<float>(text); }),
            "read_pickle: " + text + ": expected a pickle");
}

TEST(ReadPickle, TextsOfProtocol0AreDecoded) {
  const test::TemporaryFolder folder;
  const auto name_of = [&](const std::string& name) {
    const std::string array =
        "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I1\ntcnumpy\ndtype\n"
        "(S'u1'\ntRI00\nS'\\x07'\ntb";
    const auto path = folder.write("x.pkl", test::bytes("(d" + name + "\n" + array + "s."));
    return read_pickle<float>(path)[0].name;
  };
  EXPECT_EQ(name_of("Va\\u005cn\\uac00\\U0001f600\xe9"),
            "a\\n\xEA\xB0\x80\xF0\x9F\x98\x80\xC3\xA9");
  EXPECT_EQ(name_of(R"(S'a\'"\\\n\r\t\x41')"), "a'\"\\\n\r\tA");
  EXPECT_EQ(name_of(R"(S"a'")"), "a'");
  EXPECT_EQ(name_of("S'a'\r"), "a");
  for (const std::string bad : {"S'a", "S'", "Sa", R"(S'\')", R"(S'\x4')", R"(S'\q')", R"(S'\x-1')",
                                R"(V\u12)", R"(V\ud800)", R"(V\U00110000)", "Ix", "I", "I1 ",
                                "I9223372036854775808", "L1x", "Fx", "F"}) {
    EXPECT_THROW(name_of(bad), FormatError) << bad;
  }
}

TEST(ReadPickle, AListDoesNotBecomeManyDicts) {
  std::string opcodes = "ccollections\nOrderedDict\nq\1](";
  for (int i = 0; i < 100; ++i) opcodes += "NN\x86";
  opcodes += "eq\2";
  for (int i = 0; i < 100; ++i) opcodes += "h\1h\2\x85R";
  EXPECT_EQ(error_of_pickle(opcodes + "."), "refused: dicts share their items");
}

TEST(ReadPickle, RefusesGlobalsByTheirName) {
  EXPECT_EQ(error_of_pickle("cposix\nsystem\n\x8c\7echo hi\x85R."),
            "refused: the global 'posix.system' is no part of an array");
  EXPECT_EQ(error_of_pickle("\x8c\x08"
                            "builtins\x8c\4eval\x93."),
            "refused: the global 'builtins.eval' is no part of an array");
  EXPECT_EQ(error_of_pickle("cposix\n_reconstruct\n)R."),
            "refused: the global 'posix._reconstruct' is no part of an array");
  EXPECT_EQ(error_of_pickle("ctorch\nFloatStorage\n."),
            "refused: the global 'torch.FloatStorage' is no part of an array");
  EXPECT_EQ(error_of_pickle("cnumpy\nndarray\n)R."), "refused: a call of numpy.ndarray");
}

TEST(ReadPickle, RefusesOpcodesByTheirName) {
  EXPECT_EQ(error_of_pickle("\x8f."),
            "refused: the opcode EMPTY_SET (143) is no part of a dict of arrays");
  EXPECT_EQ(error_of_pickle("NQ."),
            "refused: the opcode BINPERSID (81) is no part of a dict of arrays");
  EXPECT_EQ(error_of_pickle("(iposix\nsystem\n."),
            "refused: the opcode INST (105) is no part of a dict of arrays");
  EXPECT_EQ(error_of_pickle("\x81."),
            "refused: the opcode NEWOBJ (129) is no part of a dict of arrays");
  EXPECT_EQ(error_of_pickle("\xff."),
            "refused: the opcode that does not exist (255) is no part of a dict of arrays");
}

TEST(ReadPickle, WhatIsNoDictOfArraysIsAFormatError) {
  EXPECT_EQ(error_of_pickle("K\1."), "expected a dict of arrays");
  EXPECT_EQ(error_of_pickle("}K\1K\2s."), "expected a text as the name of an array");
  EXPECT_EQ(error_of_pickle("}\x8c\1aK\2s."), "expected an array in the dict");
  EXPECT_EQ(error_of_pickle("}\x8c\1a"
                            "cnumpy.core.multiarray\n_reconstruct\n)Rs."),
            "a: the array has no contents");
  EXPECT_EQ(error_of_pickle("C\1xq" + std::string(1, '\0') + "}(\x8c\1a" + array_of(1) + "\x8c\1a" +
                            array_of(1) + "u."),
            "a: two arrays have this name");
}

TEST(ReadPickle, BytesAsOtherTextThanLatin1AreAFormatError) {
  for (const std::string text : {"\xa0", "\xc1", "\xc2", "\xc3(", "\xc3\xc3", "\xc4\xa0"}) {
    const std::string size(1, static_cast<char>(text.size()));
    const auto contents = "c_codecs\nencode\n\x8c" + size + text + "\x8c\6latin1\x86R";
    EXPECT_EQ(
        error_of_pickle(contents + "q" + std::string(1, '\0') + "}\x8c\1a" + array_of(1) + "s."),
        "a: expected Latin-1 text in the place of bytes");
  }
}

TEST(ReadPickle, AStackThatRunsEmptyIsAFormatError) {
  EXPECT_EQ(error_of_pickle("."), "an opcode needs a value where there is none");
  EXPECT_EQ(error_of_pickle("K\1(."), "an opcode needs a value where there is none");
  EXPECT_EQ(error_of_pickle("t."), "an opcode needs a mark where there is none");
  EXPECT_EQ(error_of_pickle("K\1\x86."), "an opcode needs 2 values where there are less");
  EXPECT_EQ(error_of_pickle("h\5."), "the memo has no value 5");
  EXPECT_EQ(error_of_pickle("}(K\1u."), "a dict has a key without a value");
}

TEST(ReadPickle, ObjectsThatHoldThemselvesAreAFormatErrorAndLeakNothing) {
  EXPECT_EQ(error_of_pickle("}q\1\x8c\1ah\1s."), "expected an array in the dict");
  EXPECT_EQ(error_of_pickle("}q\1h\1h\1s."), "expected a text as the name of an array");
  EXPECT_EQ(error_of_pickle("cnumpy\ndtype\n\x8c\2f4\x85Rq\1(h\1h\1tb."),
            "expected a text as a byte order");
}

TEST(ReadPickle, SizesBeyondTheFileAreAFormatErrorBeforeMemoryIsTaken) {
  EXPECT_EQ(error_of_pickle("B\xff\xff\xff\xff"),
            "truncated: expected 4294967295 bytes at 7, found 0");
  EXPECT_EQ(error_of_pickle("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
            "truncated: expected 18446744073709551615 bytes at 11, found 0");
  EXPECT_EQ(error_of_pickle("cnumpy"), "truncated: the line at 3 has no end");
  EXPECT_EQ(error_of_pickle(""), "truncated: expected 1 bytes at 2, found 0");
  EXPECT_EQ(error_of_pickle("C\1xq" + std::string(1, '\0') + "}\x8c\1a" + array_of(2) + "s."),
            "a: truncated: expected 2 elements of uint8 for the shape (2,), found 1 bytes");
}

TEST(ReadPickle, AFewBytesDoNotBecomeManyLargeArrays) {
  const std::string size("\x40\x0d\x03\0", 4);  // 200,000
  std::string opcodes = "B" + size + std::string(200000, 'x') + "q" + std::string(1, '\0') +
                        "cnumpy.core.multiarray\n_reconstruct\n)R(K\1J" + size +
                        "\x85"
                        "cnumpy\ndtype\n\x8c\2u1\x85R\x89h" +
                        std::string(1, '\0') + "tbq\1}(";
  for (char name = 'a'; name <= 'z'; ++name) {
    opcodes += "\x8c\1" + std::string(1, name) + "h\1";
  }
  EXPECT_EQ(error_of_pickle(opcodes + "u."), "q: refused: arrays share their elements");
}

struct Expected {
  std::string name;
  Shape shape;
};

void expect_book_file(const std::string& file, const std::vector<Expected>& expected) {
  const char* folder = std::getenv("DLFS_BOOK");
  if (folder == nullptr) GTEST_SKIP() << "DLFS_BOOK does not name the folder of the book's files";
  const auto arrays = read_pickle<double>(std::filesystem::path(folder) / file);
  EXPECT_EQ(arrays.size(), expected.size());
  for (const Expected& array : expected) {
    const auto found = std::find_if(arrays.begin(), arrays.end(),
                                    [&](const auto& read) { return read.name == array.name; });
    ASSERT_NE(found, arrays.end()) << array.name;
    EXPECT_EQ(found->value.shape(), array.shape) << array.name;
  }
}

TEST(ReadPickle, TheBooksSampleWeightHasItsShapes) {
  expect_book_file("sample_weight.pkl", {{"W1", {784, 50}},
                                         {"b1", {50}},
                                         {"W2", {50, 100}},
                                         {"b2", {100}},
                                         {"W3", {100, 10}},
                                         {"b3", {10}}});
}

TEST(ReadPickle, TheBooksParamsHaveTheirShapes) {
  expect_book_file("params.pkl", {{"W1", {30, 1, 5, 5}},
                                  {"b1", {30}},
                                  {"W2", {4320, 100}},
                                  {"b2", {100}},
                                  {"W3", {100, 10}},
                                  {"b3", {10}}});
}

TEST(ReadPickle, TheBooksDeepConvnetParamsHaveTheirShapes) {
  expect_book_file("deep_convnet_params.pkl", {{"W1", {16, 1, 3, 3}},
                                               {"W2", {16, 16, 3, 3}},
                                               {"W3", {32, 16, 3, 3}},
                                               {"W4", {32, 32, 3, 3}},
                                               {"W5", {64, 32, 3, 3}},
                                               {"W6", {64, 64, 3, 3}},
                                               {"W7", {1024, 50}},
                                               {"W8", {50, 10}},
                                               {"b1", {16}},
                                               {"b2", {16}},
                                               {"b3", {32}},
                                               {"b4", {32}},
                                               {"b5", {64}},
                                               {"b6", {64}},
                                               {"b7", {50}},
                                               {"b8", {10}}});
}

}  // namespace
}  // namespace dlfs
