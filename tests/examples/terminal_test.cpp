#include "support/terminal.hpp"

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs::examples {
namespace {

using test::error_of;

const Tensor<std::uint8_t> picture({3, 2, 3}, {1, 2, 3, 4, 5, 6,     //
                                               7, 8, 9, 10, 11, 12,  //
                                               13, 14, 15, 16, 17, 18});

TEST(PictureText, PutsTwoRowsOfPixelsIntoALine) {
  EXPECT_EQ(picture_text(picture, 80),
            "\x1b[38;2;1;2;3m\x1b[48;2;7;8;9m\u2580\x1b[38;2;4;5;6m\x1b[48;2;10;11;12m\u2580"
            "\x1b[0m\n"
            "\x1b[38;2;13;14;15m\u2580\x1b[38;2;16;17;18m\u2580\x1b[0m\n");
}

TEST(PictureText, AveragesPixelsWhereColumnsAreFew) {
  EXPECT_EQ(picture_text(picture, 1), "\x1b[38;2;5;6;7m\x1b[48;2;14;15;16m\u2580\x1b[0m\n");
}

TEST(PictureText, RejectsWhatIsNoPicture) {
  EXPECT_EQ(error_of<ShapeError>([] {
              picture_text(Tensor<std::uint8_t>({3, 2}), 80);
            }),
            "picture: expected (height, width, 3), got (3, 2)");
  EXPECT_EQ(error_of<ValueError>([] { picture_text(picture, 0); }),
            "picture: expected columns, got 0");
}

TEST(ShowOnTerminal, IsSilentElsewhere) {
  testing::internal::CaptureStdout();
  show_on_terminal(picture);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace dlfs::examples
