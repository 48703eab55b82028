// `plugin_test LIBRARY THREADS`: loads, uses and unloads a library that uses dlfs, again and again.
// No thread of it may be left, for its code is gone.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include <dlfcn.h>

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "plugin_test: %s\n", what.c_str());
  std::_Exit(1);
}

template <class Function>
Function* function(void* library, const char* name) {
  void* const address = dlsym(library, name);
  if (address == nullptr) fail(dlerror());
  return reinterpret_cast<Function*>(address);
}

std::ptrdiff_t running_threads() {
  const std::filesystem::path tasks = "/proc/self/task";
  if (!exists(tasks)) return 0;  // not Linux
  return std::distance(std::filesystem::directory_iterator(tasks), {});
}

/// The system may list a thread for a moment after its end.
void expect_threads(std::ptrdiff_t expected) {
  for (int turn = 0; turn < 1000 && running_threads() != expected; ++turn) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (running_threads() != expected) fail("a thread is left");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: plugin_test LIBRARY THREADS");
  double first = 0;
  std::thread([] {}).join();  // a sanitizer starts its own with the first
  const auto threads_before = running_threads();
  for (int repetition = 0; repetition < 10; ++repetition) {
    void* const library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(dlerror());
    double sum = 0;
    // In a thread of its own: a library is not unloaded while thread_local objects of it live.
    std::thread([&] {
      sum = function<double(int)>(library, "predict")(std::atoi(argv[2]));
    }).join();
    if (repetition == 0) first = sum;
    if (!(sum == first)) fail("the prediction is another");
    function<void()>(library, "stop")();
    expect_threads(threads_before);
    dlclose(library);
    if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) != nullptr) fail("the library is still there");
  }
}
