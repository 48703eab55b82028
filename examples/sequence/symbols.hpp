#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include <dlfs/dlfs.hpp>

namespace sequence {

/// `count` random sequences of `length` symbols from 0 to `symbols` - 1.
struct SymbolOptions {
  dlfs::Index count;
  dlfs::Index length;
  dlfs::Index symbols;
};

/// Inputs are random sequences (N, length), targets the same symbols reversed or, for the task
/// "sort", in order. Each sequence is made when its batch is.
inline dlfs::FunctionSource<float> of_symbols(const SymbolOptions& options, std::string_view task,
                                              const dlfs::Rng& rng) {
  const bool is_sorted = task == "sort";
  return {options.count, [=](std::span<const dlfs::Index> samples, dlfs::Dataset<float>& batch) {
            batch.inputs.resize({std::ssize(samples), options.length});
            batch.targets.resize({std::ssize(samples), options.length});
            float* x = batch.inputs.data();
            std::int32_t* t = batch.targets.data();
            for (const dlfs::Index sample : samples) {
              dlfs::Rng own = rng.stream(static_cast<std::uint64_t>(sample));
              std::generate_n(x, options.length,
                              [&] { return static_cast<float>(own.below(options.symbols)); });
              std::reverse_copy(x, x + options.length, t);
              if (is_sorted) std::sort(t, t + options.length);
              x += options.length;
              t += options.length;
            }
          }};
}

}  // namespace sequence
