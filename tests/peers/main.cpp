// peers GROUP DIRECTORY: runs the cases that make_cases.py wrote into the directory, a line for
// each, and fails where one does. peers --kinds: what there are handlers for.
#include <cstdio>
#include <exception>
#include <fstream>
#include <string_view>

#include "dlfs/io/npz.hpp"
#include "peers/groups.hpp"
#include "peers/peers.hpp"

namespace dlfs::peers {

Arrays::Arrays(const std::filesystem::path& directory) : directory_(directory) {
  const auto read = [&]<class T>(std::map<std::string, Tensor<T>>& arrays) {
    const auto path = directory / (type_name<T>() + ".npz");
    if (!std::filesystem::exists(path)) return;
    for (auto& [name, value] : read_npz<T>(path)) arrays.emplace(name, std::move(value));
  };
  std::apply([&](auto&... arrays) { (read(arrays), ...); }, arrays_);
}

Case::Limit Case::limit_of(const std::string& name) {
  const auto& expected = description_.at("expected");
  if (!expected.contains(name)) throw ValueError("the case does not expect ", name);
  checked_.insert(name);
  const auto& limit = expected.at(name);
  return {limit.at("units"), limit.at("scale"), limit.at("signed_zeros")};
}

void Case::run(const Handler& handler) {
  try {
    handler(*this);
    if (is_refused()) check_that(false, "the peer refuses this, dlfs does not");
    for (const auto& [name, limit] : description_.at("expected").items()) {
      if (!checked_.contains(name)) check_that(false, name + " was not compared");
    }
    if (checks_ == 0 && checked_.empty()) check_that(false, "nothing was compared");
  } catch (const Error& error) {
    if (!is_refused()) check_that(false, error.what());
  } catch (const std::exception& error) {
    check_that(false, error.what());
  }
}

namespace {

int run_group(const Handlers& handlers, const std::filesystem::path& directory) {
  const auto cases = nlohmann::json::parse(std::ifstream(directory / "cases.json"));
  const Arrays arrays(directory);
  auto unused = handlers.kinds();
  int failed = 0;
  int number = 0;
  for (const auto& description : cases) {
    const std::string kind = description.at("kind");
    const std::string type = description.at("type");
    unused.erase(kind);
    Case one(description, std::to_string(number++) + ".", arrays);
    if (const Handler* handler = handlers.find(kind, type)) {
      one.run(*handler);
    } else {
      one.check_that(false, "there is no handler for " + kind + " of " + type);
    }
    const bool is_right = one.failures().empty();
    failed += is_right ? 0 : 1;
    std::printf("%s max error %.0e %s%s\n", description.at("name").get<std::string>().c_str(),
                one.error(), is_right ? "ok" : "FAILED", one.failures().c_str());
  }
  for (const std::string& kind : unused) std::printf("%s has no case: FAILED\n", kind.c_str());
  std::printf("%d of %d cases are right\n", number - failed, number);
  return failed == 0 && number > 0 && unused.empty() ? 0 : 1;
}

int run(const std::vector<std::string>& arguments) {
  const auto groups = all_groups();
  if (arguments.size() == 1 && arguments[0] == "--kinds") {
    for (const auto& [name, handlers] : groups) {
      for (const std::string& kind : handlers.kinds()) std::printf("%s\n", kind.c_str());
    }
    return 0;
  }
  if (arguments.size() != 2 || !groups.contains(arguments[0])) {
    std::fprintf(stderr, "usage: peers GROUP DIRECTORY | --kinds\n");
    return 2;
  }
  return run_group(groups.at(arguments[0]), std::filesystem::path(arguments[1]) / arguments[0]);
}

}  // namespace
}  // namespace dlfs::peers

int main(int argc, char** argv) {
  try {
    return dlfs::peers::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peers: %s\n", error.what());
    return 1;
  }
}
