// What a process does besides running main: it forks, ends, and is refused threads. Each case is a
// process of its own, `process_test CASE THREADS`, which ends with 0 where all is right: in time,
// with the values that one thread computes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/dlfs.hpp"

using namespace dlfs;

#if defined(__has_feature)
#define DLFS_HAS_FEATURE(name) __has_feature(name)
#else
#define DLFS_HAS_FEATURE(name) 0
#endif

namespace {

/// The cases whose names begin so are skipped: the sanitizer may wait in the child for ever for a
/// lock of its own that another thread of the parent held. The thread sanitizer does so after any
/// fork (github.com/llvm/llvm-project/pull/96600); the address sanitizer where others allocate at
/// that time, for its allocator's lock.
#if defined(__SANITIZE_THREAD__) || DLFS_HAS_FEATURE(thread_sanitizer)
constexpr std::string_view unsupported = "fork";
#elif defined(__SANITIZE_ADDRESS__) || DLFS_HAS_FEATURE(address_sanitizer)
constexpr std::string_view unsupported = "fork_beside";
#else
constexpr std::string_view unsupported = "none";
#endif
constexpr int skipped = 77;  // known to CMakeLists.txt

}  // namespace

/// The leak sanitizer starts a thread, and in a forked child it takes for lost what threads of the
/// parent held, the C library's own memory too.
static bool is_without_leak_check = false;
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return is_without_leak_check; }

namespace {

[[noreturn]] void fail(std::string_view what) {
  std::fprintf(stderr, "process_test: %.*s\n", static_cast<int>(what.size()), what.data());
  std::_Exit(1);
}

void expect(bool is_right, std::string_view what) {
  if (!is_right) fail(what);
}

Sequential<float> small_network() {
  Rng rng(1);
  return {{"affine1", Affine<float>({.in = 400, .out = 100}, He{}, rng)},
          {"relu", Relu<float>()},
          {"affine2", Affine<float>({.in = 100, .out = 10}, He{}, rng)}};
}

Dataset<float> some_data() {
  Rng rng(2);
  return {random_normal<float>({1000, 400}, rng), Labels({1000})};
}

/// Never destroyed, so that destructors may use them at any time.
struct World {
  Sequential<float> network = small_network();
  Dataset<float> data = some_data();
  Tensor<float> prediction;  // by one thread
  float loss = 0;            // after some steps of training, by one thread
};
World* world = nullptr;

float trained_loss() {
  Sequential<float> network = small_network();
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>({.learning_rate = 0.01}));
  float loss = 0;
  for (int step = 0; step < 5; ++step) loss = trainer.step(world->data);
  return loss;
}

void expect_prediction() {
  const auto y = world->network.predict(world->data.inputs);
  expect(std::equal(y.begin(), y.end(), world->prediction.begin()), "the prediction is another");
}

void expect_training() { expect(trained_loss() == world->loss, "the training is another"); }

void expect_loops() {
  std::vector<int> calls(100);
  parallel_for(100, [&](Index i) {
    std::atomic<int> count{0};
    parallel_for(10, [&](Index) { ++count; });
    calls[static_cast<std::size_t>(i)] = count;
  });
  expect(calls == std::vector<int>(100, 10), "a loop is incomplete");
  try {
    parallel_for(100, [](Index i) {
      if (i == 70) throw ValueError("piece 70");
    });
    fail("the error of a body is lost");
  } catch (const ValueError&) {
  }
}

void expect_everything() {
  expect_prediction();
  expect_training();
  expect_loops();
}

/// 100 samples, each its own number. Calls `before` for every batch.
FunctionSource<float> numbers(std::function<void()> before = [] {}) {
  return {100, [before](std::span<const Index> samples, Dataset<float>& batch) {
            before();
            batch.inputs.resize({std::ssize(samples), 1});
            batch.targets.resize({std::ssize(samples)});
            std::copy(samples.begin(), samples.end(), batch.inputs.begin());
          }};
}

LoaderOptions with_threads() {
  return {
      .batch_size = 5, .sampling = {.sampling = BatchSampler::Sampling::sequential}, .threads = 3};
}

/// Calls `next` for the batches from `first` on.
void expect_batches(Loader<float>& loader, Index first) {
  for (Index i = first; i < loader.batch_count(); ++i) {
    expect(loader.next().inputs(0, 0) == static_cast<float>(5 * i), "the batch is another");
  }
}

/// The same of a loader whose first batch is taken.
void expect_all_batches_but_one(Loader<float>& loader) {
  expect_batches(loader, 1);
  loader.begin_epoch(1, 3);
  expect_batches(loader, 3);
}

int exit_code(pid_t child) {
  int status = 0;
  expect(waitpid(child, &status, 0) == child, "there is no child");
  if (WIFSIGNALED(status)) fail("the child ended by signal " + std::to_string(WTERMSIG(status)));
  return WEXITSTATUS(status);
}

pid_t fork_without_leak_check() {
  const pid_t child = fork();
  if (child == 0) is_without_leak_check = true;
  return child;
}

/// Forks; the child runs `body`, and must end with 0.
void in_child(const std::function<void()>& body) {
  const pid_t child = fork_without_leak_check();
  if (child == 0) {
    alarm(30);
    body();
    _exit(0);
  }
  expect(exit_code(child) == 0, "the child ended with an error");
}

/// Calls the body given to it at the end of its own life.
struct AtEnd {
  std::function<void()> body;
  ~AtEnd() {
    if (body) body();
  }
};
AtEnd static_object;
thread_local AtEnd object_of_thread;

void work_in_a_loop_of_another_thread(std::atomic<bool>& ends) {
  while (!ends) expect_prediction();
}

// In a thread that another one waits for in vain.
void exit_in_body(bool on_worker) {
  const auto caller = std::this_thread::get_id();
  parallel_for(100, [&](Index) {
    if ((std::this_thread::get_id() != caller) == on_worker) std::exit(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  expect(on_worker && thread_count() == 1, "std::exit returned");
}

/// No further threads for this process. Root may always have more.
void forbid_threads() {
  if (geteuid() == 0) expect(setuid(65534) == 0, "setuid");
  is_without_leak_check = true;
  const rlimit none{1, 1};
  expect(setrlimit(RLIMIT_NPROC, &none) == 0, "setrlimit");
}

const std::map<std::string, void (*)(), std::less<>> cases = {
    {"fork", [] { in_child(expect_everything); }},
    {"fork_and_exit",
     [] {
       in_child([] { std::exit(0); });
       in_child([] { expect_everything(), std::exit(0); });
     }},
    {"fork_and_destroy",
     [] {
       static_object.body = expect_everything;
       in_child([] { std::exit(0); });
     }},
    {"fork_in_thread",
     [] {
       std::thread([] { in_child(expect_everything); }).join();
       std::thread([] {
         expect_loops();
         in_child([] { expect_everything(), std::exit(0); });
       }).join();
     }},
    {"fork_twice",
     [] {
       in_child([] {
         in_child(expect_everything);
         expect_everything();
         in_child([] { expect_everything(), std::exit(0); });
       });
       expect_everything();
       in_child(expect_everything);
     }},
    {"fork_beside_a_loop",
     [] {
       std::atomic<bool> ends{false};
       std::thread other([&] { work_in_a_loop_of_another_thread(ends); });
       for (int repetition = 0; repetition < 20; ++repetition) {
         in_child([repetition] {
           if (repetition % 2 == 1) stop_threads();
           expect_everything();
         });
       }
       ends = true;
       other.join();
       expect_everything();
     }},
    {"fork_beside_a_body",
     [] {
       parallel_for(4, [](Index) { in_child(expect_everything); });
       expect_everything();
     }},
    {"fork_with_other_thread_count",
     [] {
       const int before = thread_count();
       in_child([before] {
         expect(thread_count() == before, "the thread count is another");
         set_thread_count(3);
         expect_everything();
       });
       expect(thread_count() == before, "the thread count of the child is the parent's");
     }},
    {"fork_and_stop_threads",
     [] {
       in_child([] {
         stop_threads();
         expect_everything();
         stop_threads();
       });
       stop_threads();
       in_child(expect_everything);
     }},
    {"fork_and_return",
     [] {
       const pid_t child = fork_without_leak_check();
       if (child == 0) return expect_everything();
       expect(exit_code(child) == 0, "the child ended with an error");
     }},
    {"fork_with_a_loader",
     [] {
       const auto source = numbers();
       Loader<float> loader(source, Rng(1), with_threads());
       loader.next();
       in_child([&] { expect_all_batches_but_one(loader); });
       in_child([&] { loader.begin_epoch(1), expect_batches(loader, 0); });
       auto other = std::make_unique<Loader<float>>(source, Rng(1), with_threads());
       other->next();
       in_child([&] { other.reset(), expect_everything(); });
       expect_all_batches_but_one(loader);
     }},
    {"fork_beside_a_source",
     [] {
       const auto source =
           numbers([] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
       Loader<float> loader(source, Rng(1), with_threads());
       for (Index i = 0; i < loader.batch_count() - 1; ++i) {
         loader.next();
         in_child([&] { expect_batches(loader, i + 1); });
       }
     }},
    {"exit_with_a_loader",
     [] {
       static const auto source = numbers();
       static Loader<float> loader(source, Rng(1), with_threads());
       static_object.body = expect_everything;
       loader.next();
       std::exit(0);
     }},
    {"exit_in_source",
     [] {
       static std::atomic<int> batches{0};
       static const auto source = numbers([] {
         if (batches++ > 0) return;
         // Until main waits for this batch: it must not use the loader while that is destroyed.
         std::this_thread::sleep_for(std::chrono::milliseconds(200));
         std::exit(0);
       });
       static Loader<float> loader(source, Rng(1), with_threads());
       static_object.body = expect_everything;
       expect_batches(loader, 0);
       fail("std::exit returned");
     }},
    {"static_destructor", [] { static_object.body = expect_everything; }},
    {"atexit_handler", [] { std::atexit(expect_everything); }},
    {"thread_local_destructor", [] { object_of_thread.body = expect_everything; }},
    {"thread_local_destructor_of_another_thread",
     [] {
       std::thread([] {
         object_of_thread.body = expect_everything;
         expect_prediction();
       }).join();
     }},
    {"thread_local_destructor_after_std_exit",
     [] {
       object_of_thread.body = expect_everything;
       std::exit(0);
     }},
    {"detached_thread_at_exit",
     [] {
       static std::atomic<bool> never{false};
       std::thread([] { work_in_a_loop_of_another_thread(never); }).detach();
       static_object.body = [] {
         expect_everything();
         std::this_thread::sleep_for(std::chrono::milliseconds(100));
       };
     }},
    {"exit_in_body_of_caller",
     [] {
       static_object.body = expect_everything;
       exit_in_body(/*on_worker=*/false);
     }},
    {"exit_in_body_of_worker",
     [] {
       static_object.body = expect_everything;
       object_of_thread.body = expect_everything;
       exit_in_body(/*on_worker=*/true);
     }},
    {"no_further_threads",
     [] {
       const int before = thread_count();
       forbid_threads();
       set_thread_count(8);
       expect_everything();
       expect(thread_count() == before, "thread_count() counts threads that are not there");
     }},
    {"no_threads",
     [] {
       stop_threads();
       forbid_threads();
       expect_everything();
       expect(thread_count() == 1, "thread_count() counts threads that are not there");
     }},
    {"no_threads_for_a_gradient_check",
     [] {
       stop_threads();
       forbid_threads();
       Rng rng(1);
       const auto x = random_normal<double>({3, 4}, rng);
       expect(check_gradients(Tanh<double>(), x).passes(1e-7), "the gradient is another");
     }},
    {"no_threads_for_a_loader",
     [] {
       const auto source = numbers();
       Loader<float> loader(source, Rng(1), with_threads());
       stop_threads();
       forbid_threads();
       loader.next();
       expect_all_batches_but_one(loader);
     }},
    {"stop_threads",
     [] {
       for (int repetition = 0; repetition < 20; ++repetition) {
         stop_threads();
         stop_threads();
         expect_everything();
       }
       parallel_for(thread_count() > 1 ? 10 : 0, [](Index) {
         try {
           stop_threads();
           fail("a body stopped the threads");
         } catch (const ValueError&) {
         }
       });
       expect_everything();
     }},
    {"stop_threads_beside_loops",
     [] {
       std::atomic<bool> ends{false};
       std::thread other([&] { work_in_a_loop_of_another_thread(ends); });
       for (int repetition = 0; repetition < 100; ++repetition) stop_threads();
       ends = true;
       other.join();
     }},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: process_test CASE THREADS");
  const auto chosen = cases.find(argv[1]);
  if (chosen == cases.end()) fail("there is no such case");
  if (chosen->first.starts_with(unsupported)) {
    std::puts("skipped: the sanitizer does not support it");
    return skipped;
  }
  set_thread_count(1);
  world = new World;
  world->prediction = world->network.predict(world->data.inputs);
  world->loss = trained_loss();
  set_thread_count(std::atoi(argv[2]));
  expect_everything();
  chosen->second();
}
