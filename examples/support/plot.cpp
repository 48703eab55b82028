#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dlfs/io/png.hpp"
#include "support/axes.hpp"
#include "support/legend.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/terminal.hpp"

extern "C" char** environ;  // NOLINT(readability-redundant-declaration): not in every unistd.h

namespace dlfs::examples {

namespace {

// The colours of matplotlib, in its order.
constexpr std::array colors{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
                            "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"};

constexpr std::string_view not_found = "gnuplot not found";

constexpr std::string_view axes_look = R"(set border linewidth 1 linecolor rgb '#404040'
set tics out nomirror scale 0.5
set key opaque fillcolor rgb '#33ffffff' box linecolor rgb '#cccccc'
set key font ',10' reverse Left samplen 2.5 spacing 1.1 height 0.3 width 2
set size noratio
set clip two
)";

constexpr std::string_view image_look = R"(unset border
unset tics
unset grid
unset colorbox
set palette gray
set size ratio -1
)";

/// One element of a gnuplot command: a block of data, and the use of its columns.
struct Element {
  std::string label;  // a comment in the data file
  std::string data;
  std::string style;  // "using 1:2 with lines ..."
};

/// The text without line breaks, since a line break in a script begins a command.
std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text;
}

/// A gnuplot string that stands for exactly this text.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (char c : on_one_line(text)) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

void check_name(std::string_view name) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain)) {
    throw ValueError("plot: expected a name of letters, digits, '_' and '-', got '", name, "'");
  }
}

void check(const Plot& plot, std::string_view name) {
  if (plot.series.empty() && plot.arrows.empty() && !plot.image) {
    throw ValueError("plot ", name, ": there is nothing to draw");
  }
  if (plot.image && (plot.image->rank() != 2 || plot.image->empty())) {
    throw ShapeError("plot ", name, ": expected an image (H, W), got ", plot.image->shape());
  }
  for (const Arrows& arrows : plot.arrows) {
    const std::size_t count = arrows.x.size();
    if (arrows.y.size() == count && arrows.dx.size() == count && arrows.dy.size() == count)
      continue;
    throw ShapeError("plot ", name, ": arrows have ", count, " values of x, ", arrows.y.size(),
                     " of y, ", arrows.dx.size(), " of dx and ", arrows.dy.size(), " of dy");
  }
  for (const Series& series : plot.series) {
    if (series.y.empty()) {
      throw ValueError("plot ", name, ": the series '", series.label, "' has no points");
    }
    if (series.line == Line::none && series.marker == Marker::none) {
      throw ValueError("plot ", name, ": the series '", series.label,
                       "' has neither line nor marker");
    }
    if (!series.x.empty() && series.x.size() != series.y.size()) {
      throw ShapeError("plot ", name, ": the series '", series.label, "' has ", series.x.size(),
                       " values of x and ", series.y.size(), " of y");
    }
  }
}

std::string range(std::optional<Limits> limits) {
  return limits ? str_cat("[", limits->low, ":", limits->high, "]") : "[*:*] noextend";
}

const char* place(Legend legend) {
  switch (legend) {
    case Legend::best:
    case Legend::upper_right:
      return "top right";
    case Legend::upper_left:
      return "top left";
    case Legend::lower_left:
      return "bottom left";
    case Legend::lower_right:
      return "bottom right";
    case Legend::center_right:
      return "center right";
    case Legend::center_left:
      return "center left";
    case Legend::lower_center:
      return "bottom center";
    case Legend::upper_center:
      return "top center";
    case Legend::center:
      return "center center";
  }
  return "";
}

/// gnuplot's number of a point type.
int point_type(Marker marker) {
  switch (marker) {
    case Marker::none:
      return 0;
    case Marker::circle:
      return 7;
    case Marker::square:
      return 5;
    case Marker::diamond:
      return 13;
    case Marker::cross:
      return 2;
    case Marker::plus:
      return 1;
  }
  return 0;
}

Element element(const Series& series, const std::string& color) {
  std::string data;
  for (std::size_t i = 0; i < series.y.size(); ++i) {
    const double x = series.x.empty() ? static_cast<double>(i) : series.x[i];
    data += str_cat(x, " ", series.y[i], "\n");
  }

  const bool has_line = series.line != Line::none;
  const bool has_points = series.marker != Marker::none;
  std::string style = str_cat("using 1:2 with ",
                              series.line == Line::bars ? "boxes fillstyle solid noborder"
                              : has_line && has_points  ? "linespoints"
                              : has_line                ? "lines"
                                                        : "points",
                              " linecolor rgb ", quoted(color), " linewidth 2");
  if (series.line == Line::dashed) style += " dashtype (12, 6)";
  if (has_points) {
    style += str_cat(" pointtype ", point_type(series.marker), " pointsize 1.2");
    const Index distance = marker_distance(series);
    if (distance > 1) style += str_cat(" pointinterval ", distance);
  }
  style += series.label.empty() ? " notitle" : str_cat(" title ", quoted(series.label));
  return {series.label, std::move(data), std::move(style)};
}

Element element(const Arrows& arrows) {
  std::string data;
  for (std::size_t i = 0; i < arrows.x.size(); ++i) {
    data += str_cat(arrows.x[i], " ", arrows.y[i], " ", arrows.dx[i], " ", arrows.dy[i], "\n");
  }
  return {"arrows", std::move(data),
          str_cat("using 1:2:3:4 with vectors filled head size graph 0.012, 20 linecolor rgb ",
                  quoted(arrows.color), " linewidth 1.5 notitle")};
}

Element element(const Tensor<double>& image) {
  std::string data;
  for (Index row = 0; row < image.extent(0); ++row) {
    for (Index column = 0; column < image.extent(1); ++column) {
      data += str_cat(column, " ", row, " ", image(row, column), "\n");
    }
  }
  return {"image", std::move(data), "using 1:2:3 with image notitle"};
}

/// The elements from the lowest to the topmost.
std::vector<Element> elements(const Plot& plot) {
  std::vector<Element> all;
  if (plot.image) all.push_back(element(*plot.image));
  for (const Arrows& arrows : plot.arrows) all.push_back(element(arrows));
  std::size_t next_color = 0;
  for (const Series& series : plot.series) {
    all.push_back(element(
        series, series.color.empty() ? colors[next_color++ % colors.size()] : series.color));
  }
  return all;
}

/// All settings of one pair of axes, since a panel inherits those of the panel before.
std::string axes_text(const Plot& plot, const AxesSize& size) {
  std::string text(plot.image ? image_look : axes_look);
  if (!plot.image) {
    const std::string margin = str_cat("graph ", axes_margin);
    text += str_cat("set offsets ", margin, ", ", margin, ", ", margin, ", ", margin, "\n");
    text +=
        plot.grid ? "set grid linetype 1 linewidth 1 linecolor rgb '#b0b0b0'\n" : "unset grid\n";
    text += !plot.x_ticks           ? "unset xtics\n"
            : has_whole_ticks(plot) ? "set xtics nomirror 1\n"
                                    : "set xtics nomirror autofreq\n";
    text += plot.y_ticks ? "set ytics nomirror\n" : "unset ytics\n";
  }
  const bool has_legend = std::any_of(plot.series.begin(), plot.series.end(),
                                      [](const Series& series) { return !series.label.empty(); });
  const Legend legend = plot.legend == Legend::best ? free_place(plot, size) : plot.legend;
  text += has_legend ? str_cat("set key on ", place(legend), "\n") : "unset key\n";
  text += str_cat("set title ", quoted(plot.title), "\n");
  text += str_cat("set xlabel ", quoted(plot.x_label), "\n");
  text += str_cat("set ylabel ", quoted(plot.y_label), "\n");
  if (plot.image) {
    const Index height = plot.image->extent(0);
    const Index width = plot.image->extent(1);
    return text + str_cat("set xrange [-0.5:", width, " - 0.5]\nset yrange [", height,
                          " - 0.5:-0.5]\n");  // the first row at the top
  }
  return text +
         str_cat("set xrange ", range(plot.x_limits), "\nset yrange ", range(plot.y_limits), "\n");
}

/// A script, and the data that it draws. The data have one block for each element; two empty lines
/// separate blocks.
struct Sources {
  std::string script;
  std::string data;
};

Sources sources(const std::vector<Plot>& panels, std::size_t columns, std::string_view name) {
  const bool is_grid = panels.size() > 1;
  if (!is_grid) columns = 1;
  const std::size_t rows = (panels.size() + columns - 1) / columns;
  const std::size_t width = is_grid ? std::min<std::size_t>(600, 1600 / columns) : 640;
  const std::size_t height = is_grid ? width * 4 / 5 : 480;
  const int font = is_grid ? 10 : 12;
  Sources result;
  result.script =
      str_cat("# gnuplot ", name, ".gp draws ", name, ".png\n",
              "set terminal pngcairo noenhanced size ", columns * width, ",", rows * height,
              " font 'Sans,", font, "'\n", "set output '", name, ".png'\n");
  // The numbers and labels beside the axes take about eight letters of each side.
  const AxesSize axes{static_cast<double>(width) - 9.5 * font,
                      static_cast<double>(height) - 8.0 * font};
  if (is_grid) result.script += str_cat("set multiplot layout ", rows, ",", columns, "\n");
  std::size_t block = 0;
  for (const Plot& plot : panels) {
    result.script += axes_text(plot, axes);
    std::string command = "plot ";
    for (const Element& part : elements(plot)) {
      if (block > 0) result.data += "\n\n";
      result.data += str_cat("# ", on_one_line(part.label), "\n", part.data);
      result.script += str_cat(command, "'", name, ".dat' index ", block++, " ", part.style);
      command = ", \\\n     ";
    }
    result.script += "\n";
  }
  return result;
}

void create_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw IoError("plot: cannot create the folder ", folder.string(), ": ", error.message());
  }
}

/// Removes an older picture, which does not show these data. A link stays.
void remove_picture(const std::filesystem::path& picture) {
  std::error_code error;
  const auto file = std::filesystem::canonical(picture, error);
  if (!error && std::filesystem::is_regular_file(file, error)) {
    std::filesystem::remove(file, error);
  }
}

/// The last line of a file that is not empty, without leading and trailing spaces.
std::string last_line(std::FILE* file) {
  std::string last;
  char line[512];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::string_view text(line);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
      text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
      text.remove_suffix(1);
    }
    if (!text.empty()) last = text;
  }
  return last;
}

/// Runs `gnuplot script` in the folder. Returns an error message, or an empty text for success.
std::string run_gnuplot(const std::filesystem::path& folder, std::string script) {
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const File complaints(std::tmpfile(), std::fclose);
  if (complaints == nullptr) return str_cat("gnuplot not run: ", std::strerror(errno));

  std::string program = "gnuplot";
  std::string no_user_settings = "--default-settings";
  char* arguments[] = {program.data(), no_user_settings.data(), script.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_adddup2(&actions, fileno(complaints.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(complaints.get()), STDERR_FILENO);
  pid_t process = 0;
  const int error = posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) return std::string(not_found);
  if (error != 0) return str_cat("gnuplot not run: ", std::strerror(error));

  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  std::rewind(complaints.get());
  return str_cat("gnuplot failed (", last_line(complaints.get()), ")");
}

}  // namespace

PlotReport write_plot(const std::vector<Plot>& panels, std::size_t columns,
                      const std::filesystem::path& folder, std::string_view name) {
  check_name(name);
  if (panels.empty() || columns < 1) {
    throw ValueError("plot ", name, ": expected panels and columns, got ", panels.size(), " and ",
                     columns);
  }
  for (const Plot& plot : panels) check(plot, name);
  const std::string data_name = str_cat(name, ".dat");
  const std::string script_name = str_cat(name, ".gp");
  const std::filesystem::path picture = folder / str_cat(name, ".png");

  create_folder(folder);
  const auto [script, data] = sources(with_readable_limits(panels), columns, name);
  write_text(folder / data_name, data);
  write_text(folder / script_name, script);

  const std::string problem = run_gnuplot(folder, script_name);
  if (problem.empty()) {
    return {true, str_cat("wrote ", picture.string(), " (from ", script_name, " and ", data_name,
                          " beside it)")};
  }
  remove_picture(picture);
  const char* advice = problem == not_found ? "install gnuplot and run" : "run";
  return {false, str_cat(problem, ": wrote ", script_name, " and ", data_name, " in ",
                         folder.string(), "; ", advice, " 'gnuplot ", script_name, "' there")};
}

PlotReport write_plot(const Plot& plot, const std::filesystem::path& folder,
                      std::string_view name) {
  return write_plot(std::vector{plot}, 1, folder, name);
}

void show(const Plot& plot, const std::filesystem::path& folder, std::string_view name) {
  show(std::vector{plot}, 1, folder, name);
}

void show(const std::vector<Plot>& panels, std::size_t columns, const std::filesystem::path& folder,
          std::string_view name) {
  const PlotReport report = write_plot(panels, columns, folder, name);
  std::printf("%s\n", report.message.c_str());
  if (report.has_picture) show_on_terminal(folder / str_cat(name, ".png"));
}

void show(TensorArg<std::uint8_t> pixels, const std::filesystem::path& folder,
          std::string_view name) {
  create_folder(folder);
  const auto file = folder / str_cat(name, ".png");
  write_png(file, pixels);
  std::printf("wrote %s\n", file.c_str());
  show_on_terminal(file);
}

}  // namespace dlfs::examples
