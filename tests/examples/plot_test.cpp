#include "support/plot.hpp"

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/core/error.hpp"
#include "dlfs/io/png.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "examples/environment.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs::examples {
namespace {

using test::ScopedVariable;
using test::TemporaryFolder;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Plot accuracy_plot() {
  return {
      .x_label = "epochs",
      .y_label = "accuracy",
      .y_limits = Limits{0, 1},
      .legend = Legend::lower_right,
      .series = {
          {.label = "train", .x = {1, 2}, .y = {0.25, 1}, .marker = Marker::circle},
          {.label = "test", .y = {0.125, 0.5}, .line = Line::dashed, .marker = Marker::square}}};
}

/// Puts a program named gnuplot, which a shell runs, before all others.
class FakeGnuplot {
 public:
  explicit FakeGnuplot(const std::string& script) {
    const auto program = folder_.path() / "gnuplot";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }

 private:
  TemporaryFolder folder_;
  ScopedVariable path_{"PATH", folder_.path().string()};
};

TEST(WritePlot, WritesOneBlockOfDataForEachSeries) {
  const TemporaryFolder folder;
  write_plot(accuracy_plot(), folder.path() / "new" / "folder", "accuracy");
  EXPECT_EQ(contents(folder.path() / "new" / "folder" / "accuracy.dat"),
            "# train\n1 0.25\n2 1\n\n\n# test\n0 0.125\n1 0.5\n");
}

TEST(WritePlot, TheScriptHasTheSeriesLimitsAndLabels) {
  const TemporaryFolder folder;
  write_plot(accuracy_plot(), folder.path(), "accuracy");
  const std::string script = contents(folder.path() / "accuracy.gp");
  EXPECT_NE(script.find("set output 'accuracy.png'\n"), std::string::npos) << script;
  EXPECT_EQ(script.find("multiplot"), std::string::npos) << script;
  EXPECT_NE(script.find("set key on bottom right\n"
                        "set title ''\n"
                        "set xlabel 'epochs'\n"
                        "set ylabel 'accuracy'\n"
                        "set xrange [*:*] noextend\n"
                        "set yrange [0:1]\n"
                        "plot 'accuracy.dat' index 0 using 1:2 with linespoints "
                        "linecolor rgb '#1f77b4' linewidth 2 pointtype 7 pointsize 1.2 "
                        "title 'train', \\\n"
                        "     'accuracy.dat' index 1 using 1:2 with linespoints "
                        "linecolor rgb '#ff7f0e' linewidth 2 dashtype (12, 6) "
                        "pointtype 5 pointsize 1.2 title 'test'\n"),
            std::string::npos)
      << script;
}

TEST(WritePlot, HasMatplotlibsDefaults) {
  const TemporaryFolder folder;
  write_plot({.series = {{.label = "falling", .y = {1, 0}}}}, folder.path(), "plot");
  const std::string script = contents(folder.path() / "plot.gp");
  for (const char* text : {"set key on top right\n", "set key opaque fillcolor rgb '#33ffffff' ",
                           "unset grid\n", "set xtics nomirror 1\nset ytics nomirror\n",
                           "set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\n"}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
  write_plot({.x_ticks = false, .y_ticks = false, .grid = true, .series = {{.y = {1, 0}}}},
             folder.path(), "plot");
  const std::string other = contents(folder.path() / "plot.gp");
  for (const char* text : {"set grid ", "unset xtics\nunset ytics\n"}) {
    EXPECT_NE(other.find(text), std::string::npos) << text << "\n" << other;
  }
}

TEST(WritePlot, HasReadableTicksMarkersAndLimits) {
  const TemporaryFolder folder;
  Series many{.y = Values(1000), .marker = Marker::circle, .marker_every = 100};
  many.y[1] = 1;
  write_plot({.y_limits = Limits{0, 20}, .series = {many}}, folder.path(), "plot");
  const std::string script = contents(folder.path() / "plot.gp");
  for (const char* text :
       {"set xtics nomirror autofreq\n", "set yrange [-0.05:1.05]\n", " pointinterval 100 "}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
}

TEST(WritePlot, ASeriesWithItsOwnColorLeavesTheOthersTheirs) {
  const TemporaryFolder folder;
  write_plot({.series = {{.y = {1, 2}, .color = "red"}, {.y = {2, 1}}}}, folder.path(), "plot");
  const std::string script = contents(folder.path() / "plot.gp");
  for (const char* text : {"linecolor rgb 'red'", "linecolor rgb '#1f77b4'"}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
}

TEST(WritePlot, WithoutLabelsThereIsNoLegend) {
  const TemporaryFolder folder;
  write_plot({.series = {{.y = {1, 2}}}}, folder.path(), "plot");
  const std::string script = contents(folder.path() / "plot.gp");
  EXPECT_NE(script.find("unset key\n"), std::string::npos) << script;
}

TEST(WritePlot, DrawsATensor) {
  const TemporaryFolder folder;
  const auto x = array<double>({{1, 2}, {3, 4}});
  write_plot({.series = {{.x = x, .y = square(x)}}}, folder.path(), "plot");
  EXPECT_EQ(contents(folder.path() / "plot.dat"), "# \n1 1\n2 4\n3 9\n4 16\n");
}

TEST(WritePlot, DrawsAnImageBeneathArrowsBeneathSeries) {
  const TemporaryFolder folder;
  write_plot({.series = {{.y = {1, 2}}},
              .arrows = {{.x = {1}, .y = {2}, .dx = {3}, .dy = {4}}},
              .image = array<double>({{0, 1, 0.5}, {1, 0, 1}})},
             folder.path(), "plot");
  EXPECT_EQ(contents(folder.path() / "plot.dat"),
            "# image\n0 0 0\n1 0 1\n2 0 0.5\n0 1 1\n1 1 0\n2 1 1\n\n\n"
            "# arrows\n1 2 3 4\n\n\n"
            "# \n0 1\n1 2\n");
  const std::string script = contents(folder.path() / "plot.gp");
  for (const char* text :
       {"set xrange [-0.5:3 - 0.5]\nset yrange [2 - 0.5:-0.5]\n",
        "plot 'plot.dat' index 0 using 1:2:3 with image notitle, \\\n",
        "index 1 using 1:2:3:4 with vectors ", "index 2 using 1:2 with lines "}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
}

TEST(WritePlot, PanelsStandInRowsOfOnePicture) {
  const TemporaryFolder folder;
  Plot second = accuracy_plot();
  second.title = "second";
  const std::vector<Plot> panels{accuracy_plot(), second, {.image = array<double>({{0, 1}})}};
  const PlotReport report = write_plot(panels, 2, folder.path(), "panels");
  const std::string script = contents(folder.path() / "panels.gp");
  for (const char* text :
       {" size 1200,960 ", "set multiplot layout 2,2\n", "plot 'panels.dat' index 0 ",
        "set title 'second'\n", "plot 'panels.dat' index 2 ", "plot 'panels.dat' index 4 "}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
  if (report.message.find("gnuplot not found") == 0) GTEST_SKIP() << "gnuplot is not installed";
  EXPECT_TRUE(report.has_picture) << report.message;
}

TEST(Show, SaysOnStdoutWhatWasWritten) {
  const TemporaryFolder folder;
  const ScopedVariable nothing_on_the_path("PATH", "");
  testing::internal::CaptureStdout();
  show(accuracy_plot(), folder.path(), "accuracy");
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_EQ(said, write_plot(accuracy_plot(), folder.path(), "accuracy").message + "\n");
}

TEST(Show, WritesPixels) {
  const TemporaryFolder folder;
  const Tensor<std::uint8_t> pixels({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  testing::internal::CaptureStdout();
  show(pixels, folder.path() / "new", "pixels");
  const auto file = folder.path() / "new" / "pixels.png";
  EXPECT_EQ(testing::internal::GetCapturedStdout(), str_cat("wrote ", file.string(), "\n"));
  EXPECT_TRUE(array_equal(read_png(file), pixels));
}

TEST(WritePlot, DrawsLinesPointsAndColors) {
  const TemporaryFolder folder;
  write_plot(
      {.legend = Legend::upper_left,
       .series = {{.y = {1, 2}, .color = "#000000"},
                  {.label = "points", .y = {1}, .line = Line::none, .marker = Marker::plus}}},
      folder.path(), "plot");
  const std::string script = contents(folder.path() / "plot.gp");
  for (const char* text :
       {"set key on top left\n", "with lines linecolor rgb '#000000' linewidth 2 notitle,",
        "with points linecolor rgb '#1f77b4' linewidth 2 pointtype 1 pointsize 1.2 title"}) {
    EXPECT_NE(script.find(text), std::string::npos) << text << "\n" << script;
  }
}

TEST(WritePlot, TextsCannotBreakOutOfTheScript) {
  const TemporaryFolder folder;
  Plot plot = accuracy_plot();
  plot.title = "it's\nsystem('touch broken')\n";
  plot.series[0].label = "a\n\n\n1 2";
  write_plot(plot, folder.path(), "accuracy");
  EXPECT_NE(
      contents(folder.path() / "accuracy.gp").find("set title 'it''s system(''touch broken'') '\n"),
      std::string::npos);
  EXPECT_EQ(contents(folder.path() / "accuracy.dat").find("# a   1 2\n1 0.25\n"), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "broken"));
}

TEST(WritePlot, GnuplotDrawsThePicture) {
  const TemporaryFolder folder;
  const auto out = folder.path() / "it's a $(folder)";
  Plot plot = accuracy_plot();
  plot.title = "a title with _ ^ { and it's quoted";
  plot.series[0].y[0] = std::nan("");
  const PlotReport report = write_plot(plot, out, "accuracy");
  if (report.message.find("gnuplot not found") == 0) GTEST_SKIP() << "gnuplot is not installed";
  EXPECT_TRUE(report.has_picture);
  EXPECT_EQ(report.message, str_cat("wrote ", (out / "accuracy.png").string(),
                                    " (from accuracy.gp and accuracy.dat beside it)"));
  EXPECT_EQ(contents(out / "accuracy.png").substr(0, 8), "\x89PNG\r\n\x1a\n");
}

TEST(WritePlot, WithoutGnuplotScriptAndDataAreLeft) {
  const TemporaryFolder folder;
  folder.write("accuracy.png", {1, 2, 3});
  const ScopedVariable nothing_on_the_path("PATH", "");
  const PlotReport report = write_plot(accuracy_plot(), folder.path(), "accuracy");
  EXPECT_FALSE(report.has_picture);
  EXPECT_EQ(report.message, str_cat("gnuplot not found: wrote accuracy.gp and accuracy.dat in ",
                                    folder.path().string(),
                                    "; install gnuplot and run 'gnuplot accuracy.gp' there"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "accuracy.gp"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "accuracy.dat"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "accuracy.png")) << "of older data";
}

TEST(WritePlot, ReportsWhyGnuplotFailed) {
  const TemporaryFolder folder;
  const FakeGnuplot gnuplot("echo first; echo '   no terminal  '; echo; exit 3");
  const PlotReport report = write_plot(accuracy_plot(), folder.path(), "accuracy");
  EXPECT_FALSE(report.has_picture);
  EXPECT_EQ(report.message,
            str_cat("gnuplot failed (no terminal): wrote accuracy.gp and ", "accuracy.dat in ",
                    folder.path().string(), "; run 'gnuplot accuracy.gp' there"));
}

TEST(WritePlot, NamesTheFolderOrFileThatItCannotWrite) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", {});
  EXPECT_EQ(test::error_of<IoError>([&] { write_plot(accuracy_plot(), file + "/out", "a"); }),
            str_cat("plot: cannot create the folder ", file, "/out: Not a directory"));

  std::filesystem::create_directory(folder.path() / "a.dat");
  EXPECT_EQ(test::error_of<IoError>([&] { write_plot(accuracy_plot(), folder.path(), "a"); }),
            str_cat("cannot write ", (folder.path() / "a.dat").string(), ": Is a directory"));
}

TEST(WritePlot, RejectsWhatCannotBeDrawn) {
  const TemporaryFolder folder;
  const auto error = [&]<class E>(const Plot& plot, std::string_view name, E*) {
    return test::error_of<E>([&] { write_plot(plot, folder.path(), name); });
  };
  ValueError* value = nullptr;
  ShapeError* shape = nullptr;
  const std::string bad_name = "plot: expected a name of letters, digits, '_' and '-', got ";
  EXPECT_EQ(error(accuracy_plot(), "", value), bad_name + "''");
  EXPECT_EQ(error(accuracy_plot(), "|touch a", value), bad_name + "'|touch a'");
  EXPECT_EQ(error(accuracy_plot(), "../a", value), bad_name + "'../a'");
  EXPECT_EQ(error({}, "a", value), "plot a: there is nothing to draw");
  EXPECT_EQ(test::error_of<ValueError>([&] { write_plot({}, 1, folder.path(), "a"); }),
            "plot a: expected panels and columns, got 0 and 1");
  EXPECT_EQ(error({.image = array<double>({1, 2})}, "a", shape),
            "plot a: expected an image (H, W), got (2,)");
  EXPECT_EQ(error({.arrows = {{.x = {1}, .y = {1, 2}, .dx = {1}, .dy = {}}}}, "a", shape),
            "plot a: arrows have 1 values of x, 2 of y, 1 of dx and 0 of dy");
  EXPECT_EQ(error({.series = {{.label = "s"}}}, "a", value),
            "plot a: the series 's' has no points");
  EXPECT_EQ(error({.series = {{.label = "s", .y = {1}, .line = Line::none}}}, "a", value),
            "plot a: the series 's' has neither line nor marker");
  EXPECT_EQ(error({.series = {{.label = "s", .x = {1, 2}, .y = {1}}}}, "a", shape),
            "plot a: the series 's' has 2 values of x and 1 of y");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace dlfs::examples
