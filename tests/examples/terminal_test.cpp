#include "support/terminal.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dlfs/io/png.hpp"
#include "examples/environment.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs::examples {
namespace {

using test::error_of;
using test::ScopedVariable;
using test::TemporaryFolder;

const Tensor<std::uint8_t> picture({3, 2, 3}, {1, 2, 3, 4, 5, 6,     //
                                               7, 8, 9, 10, 11, 12,  //
                                               13, 14, 15, 16, 17, 18});

/// The environment of a terminal, without what the tests' own terminal has set.
class Environment {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  explicit Environment(const Variables& variables) {
    for (const char* name : {"TERM", "TERM_PROGRAM", "COLORTERM", "KITTY_WINDOW_ID", "TMUX", "STY"})
      variables_.push_back(std::make_unique<ScopedVariable>(name, std::nullopt));
    for (const auto& [name, value] : variables)
      variables_.push_back(std::make_unique<ScopedVariable>(name, value));
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    while (!variables_.empty()) variables_.pop_back();  // the latest first
  }

 private:
  std::vector<std::unique_ptr<ScopedVariable>> variables_;
};

Graphics graphics(const Environment::Variables& variables) {
  const Environment environment(variables);
  return graphics_of_environment();
}

TEST(GraphicsOfEnvironment, FollowsWhatTerminalsSet) {
  EXPECT_EQ(graphics({}), Graphics::none);
  EXPECT_EQ(graphics({{"TERM", "dumb"}, {"COLORTERM", "truecolor"}}), Graphics::none);
  EXPECT_EQ(graphics({{"TERM", "xterm-256color"}}), Graphics::none);
  EXPECT_EQ(graphics({{"TERM", "xterm"}, {"COLORTERM", "truecolor"}}), Graphics::blocks);
  EXPECT_EQ(graphics({{"TERM", "xterm"}, {"COLORTERM", "24bit"}}), Graphics::blocks);
  EXPECT_EQ(graphics({{"TERM", "xterm-kitty"}}), Graphics::kitty);
  EXPECT_EQ(graphics({{"TERM", "xterm"}, {"KITTY_WINDOW_ID", "1"}}), Graphics::kitty);
  EXPECT_EQ(graphics({{"TERM", "foot"}}), Graphics::sixel);
  for (const char* program : {"iTerm.app", "mintty", "WezTerm"}) {
    EXPECT_EQ(graphics({{"TERM", "xterm-256color"}, {"TERM_PROGRAM", program}}), Graphics::sixel);
  }
}

TEST(GraphicsOfEnvironment, KnowsThatMultiplexersPassNoPicturesOn) {
  EXPECT_EQ(graphics({{"TERM", "tmux-256color"}, {"TMUX", "/tmp/tmux"}, {"KITTY_WINDOW_ID", "1"}}),
            Graphics::none);
  EXPECT_EQ(graphics({{"TERM", "screen"},
                      {"STY", "1.pts"},
                      {"TERM_PROGRAM", "WezTerm"},
                      {"COLORTERM", "truecolor"}}),
            Graphics::blocks);
}

TEST(BlocksText, PutsTwoRowsOfPixelsIntoALine) {
  EXPECT_EQ(blocks_text(picture, 80),
            "\x1b[38;2;1;2;3m\x1b[48;2;7;8;9m\u2580\x1b[38;2;4;5;6m\x1b[48;2;10;11;12m\u2580"
            "\x1b[0m\n"
            "\x1b[38;2;13;14;15m\u2580\x1b[38;2;16;17;18m\u2580\x1b[0m\n");
}

TEST(BlocksText, AveragesPixelsWhereColumnsAreFew) {
  EXPECT_EQ(blocks_text(picture, 1), "\x1b[38;2;5;6;7m\x1b[48;2;14;15;16m\u2580\x1b[0m\n");
}

TEST(BlocksText, RejectsWhatIsNoPicture) {
  EXPECT_EQ(error_of<ShapeError>([] {
              blocks_text(Tensor<std::uint8_t>({3, 2}), 80);
            }),
            "picture: expected (height, width, 3), got (3, 2)");
  EXPECT_EQ(error_of<ValueError>([] { blocks_text(picture, 0); }),
            "picture: expected columns, got 0");
}

TEST(SixelText, DrawsSixRowsAtATimeColorByColor) {
  // Seven rows of two pixels, white and blue, and a last row of blue alone.
  auto pixels = full<std::uint8_t>({7, 2, 3}, 255);
  for (Index row = 0; row < 7; ++row) {
    for (Index channel = 0; channel < 2; ++channel) {
      pixels(row, 1, channel) = 0;
      if (row == 6) pixels(row, 0, channel) = 0;
    }
  }
  const std::string text = sixel_text(pixels, 80);
  EXPECT_EQ(text,
            "\x1bP0;1;0q\"1;1;2;7#0;2;0;0;100#1;2;100;100;100"
            "#0!1?!1~$#1!1~!1?$-#0!2@$-\x1b\\\n");
}

TEST(SixelText, TakesTheNearestOf256Colors) {
  // 16 x 16 greens and blues, and one pixel of red that is not among the most frequent.
  auto pixels = full<std::uint8_t>({2, 257, 3}, 0);
  for (Index column = 0; column < 256; ++column) {
    for (Index row = 0; row < 2; ++row) {
      pixels(row, column, 1) = static_cast<std::uint8_t>(column / 16 * 17);
      pixels(row, column, 2) = static_cast<std::uint8_t>(column % 16 * 17);
    }
  }
  pixels(0, 256, 0) = pixels(1, 256, 0) = 17;
  pixels(1, 256, 1) = 17;
  const std::string text = sixel_text(pixels, 300);
  EXPECT_EQ(text.find("#256;"), std::string::npos);
  EXPECT_NE(text.find("#0!1B!255?!1@"), std::string::npos) << text;  // black also stands for red
}

TEST(TerminalText, SendsKittyTheFile) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "picture.png";
  write_png(file, picture);
  const std::string text = terminal_text(file, {Graphics::kitty, 80, 640});
  EXPECT_EQ(text.find("\x1b_Ga=T,f=100,q=2,m=0;iVBORw0KGgo"), 0u) << text;
  EXPECT_EQ(text.substr(text.size() - 3), "\x1b\\\n");
  EXPECT_EQ(terminal_text(file, {Graphics::kitty, 80, 1}).find("\x1b_Ga=T,f=100,q=2,c=80,m=0;"),
            0u);
}

TEST(TerminalText, SendsKittyALongFileInPieces) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "picture.png";
  Tensor<std::uint8_t> noise({60, 60, 3});
  std::uint32_t state = 1;
  for (std::uint8_t& value : noise)
    value = static_cast<std::uint8_t>((state = state * 69069 + 1) >> 24);
  write_png(file, noise);
  const std::string text = terminal_text(file, {Graphics::kitty, 80, 640});
  const auto count = [&](const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_GT(count("m=1;"), 1);
  EXPECT_EQ(count("m=0;"), 1);
  EXPECT_EQ(count("\x1b_G"), count("\x1b\\"));
}

TEST(TerminalText, ShowsGreyAndTransparentPictures) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "picture.png";
  write_png(file, Tensor<std::uint8_t>({1, 2, 2}, {100, 255, 100, 0}));
  EXPECT_EQ(terminal_text(file, {Graphics::blocks, 80, 640}),
            "\x1b[38;2;100;100;100m\u2580\x1b[38;2;255;255;255m\u2580\x1b[0m\n");
  EXPECT_EQ(terminal_text(file, {}), "");
}

/// What `body` writes to a terminal of 40 columns that stands for stdout.
template <class Body>
std::string on_a_terminal(const Body& body) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  EXPECT_EQ(grantpt(terminal) | unlockpt(terminal), 0);
  const int program_side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  const winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  ioctl(program_side, TIOCSWINSZ, &size);
  std::fflush(stdout);
  const int before = dup(STDOUT_FILENO);
  dup2(program_side, STDOUT_FILENO);
  body();
  std::fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  fcntl(terminal, F_SETFL, O_NONBLOCK);
  char text[4096];
  const ssize_t length = read(terminal, text, sizeof text);
  close(program_side);
  close(terminal);
  return {text, length < 0 ? 0 : static_cast<std::size_t>(length)};
}

TEST(ShowOnTerminal, ShowsAFileUnlessToldNotTo) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "picture.png";
  write_png(file, full<std::uint8_t>({2, 80, 3}, 7));
  const Environment environment(
      Environment::Variables{{"TERM", "xterm"}, {"COLORTERM", "truecolor"}});
  const std::string text = on_a_terminal([&] { show_on_terminal(file); });
  EXPECT_EQ(text.find("\x1b[38;2;7;7;7m\u2580\x1b[38;2;"), 0u) << text;

  set_shown_on_terminal(false);
  EXPECT_EQ(on_a_terminal([&] { show_on_terminal(file); }), "");
  set_shown_on_terminal(true);
  testing::internal::CaptureStdout();
  show_on_terminal(file);  // stdout is a file now
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(TerminalOnStdout, KnowsItsSize) {
  const Environment environment(Environment::Variables{{"TERM", "foot"}});
  Terminal terminal;
  on_a_terminal([&] { terminal = terminal_on_stdout(); });
  EXPECT_EQ(terminal.graphics, Graphics::sixel);
  EXPECT_EQ(terminal.columns, 40);
  EXPECT_EQ(terminal.width, 320);
}

}  // namespace
}  // namespace dlfs::examples
