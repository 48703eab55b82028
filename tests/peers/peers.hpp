#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/core/tensor.hpp"
#include "dlfs/tensor/elementwise.hpp"

// dlfs does what make_cases.py had PyTorch and NumPy do. A case is a kind (a public name of dlfs),
// an element type, options and arrays; the handler of that kind reads them, and checks what dlfs
// makes of them.

namespace dlfs::peers {

/// Arrays of several element types, by their names.
class Arrays {
 public:
  /// Reads float64.npz, int64.npz and so on: those that are there.
  explicit Arrays(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }

  template <class T>
  const Tensor<T>* find(const std::string& name) const {
    const auto& arrays = std::get<std::map<std::string, Tensor<T>>>(arrays_);
    const auto found = arrays.find(name);
    return found == arrays.end() ? nullptr : &found->second;
  }

 private:
  template <class... T>
  using Maps = std::tuple<std::map<std::string, Tensor<T>>...>;

  Maps<double, float, std::int64_t, std::int32_t, std::int16_t, std::int8_t, std::uint64_t,
       std::uint32_t, std::uint16_t, std::uint8_t, bool>
      arrays_;
  std::filesystem::path directory_;
};

class Case {
 public:
  Case(const nlohmann::json& description, std::string prefix, const Arrays& arrays)
      : description_(description), prefix_(std::move(prefix)), arrays_(arrays) {}

  template <class T>
  T option(const char* name) const {
    return description_.at("options").at(name).get<T>();
  }
  template <class T>
  T option(const char* name, T otherwise) const {
    return description_.at("options").value(name, otherwise);
  }
  /// A file that the peer wrote for the group, or is to read.
  std::filesystem::path file(const std::string& name) const { return arrays_.directory() / name; }
  const nlohmann::json& options() const { return description_.at("options"); }
  /// Whether the peer refuses these arguments, as dlfs must then.
  bool is_refused() const { return description_.value("refused", false); }

  template <class T>
  bool has(const std::string& name) const {
    return arrays_.find<T>(prefix_ + name) != nullptr;
  }
  template <class T>
  const Tensor<T>& get(const std::string& name) const {
    const Tensor<T>* array = arrays_.find<T>(prefix_ + name);
    if (array == nullptr) throw ValueError("the case has no array ", name, " of this type");
    return *array;
  }

  /// An array whose elements lie in memory as the option "layout" says: dense, transposed (the
  /// first axis runs fastest), stepped (with gaps) or reversed.
  template <class T>
  TensorView<const T> view(const std::string& name);

  /// Compares a result with the expected array of this name.
  template <AnyTensor X>
  void check(const std::string& name, const X& result);
  template <class T>
    requires(std::is_arithmetic_v<T>)
  void check(const std::string& name, T result) { check(name, full<T>({}, result)); }
  /// For what is no comparison of arrays.
  void check_that(bool holds, const std::string& what) {
    ++checks_;
    if (!holds) failures_ += "\n    " + what;
  }

  /// Runs the handler, and notes what it throws and the expected arrays that it left out.
  void run(const std::function<void(Case&)>& handler);

  /// How far results are off, at most: by parts of the scale that the case gives for each array.
  double error() const { return error_; }
  /// A line for each; empty where all is well.
  const std::string& failures() const { return failures_; }

 private:
  /// What the case says of an expected array.
  struct Limit {
    double units;  // rounding units of the scale; 0: equal
    double scale;  // 0: each element's own magnitude
    bool signed_zeros;
  };
  Limit limit_of(const std::string& name);

  const nlohmann::json& description_;
  std::string prefix_;
  const Arrays& arrays_;
  std::vector<std::shared_ptr<void>> viewed_;
  std::set<std::string> checked_;
  int checks_ = 0;
  double error_ = 0;
  std::string failures_;
};

using Handler = std::function<void(Case&)>;

/// The handlers of a group, by kind and element type.
class Handlers {
 public:
  template <class T>
  void add(const std::string& kind, Handler handler);
  void add(const std::string& kind, const std::string& type, Handler handler) {
    handlers_[{kind, type}] = std::move(handler);
  }
  const Handler* find(const std::string& kind, const std::string& type) const {
    const auto found = handlers_.find({kind, type});
    return found == handlers_.end() ? nullptr : &found->second;
  }
  std::set<std::string> kinds() const {
    std::set<std::string> kinds;
    for (const auto& [key, handler] : handlers_) kinds.insert(key.first);
    return kinds;
  }

 private:
  std::map<std::pair<std::string, std::string>, Handler> handlers_;
};

/// As NumPy calls it.
template <class T>
std::string type_name() {
  if constexpr (std::same_as<T, bool>) return "bool";
  const std::string kind = std::floating_point<T> ? "float" : std::is_signed_v<T> ? "int" : "uint";
  return kind + std::to_string(8 * sizeof(T));
}

template <class T>
void Handlers::add(const std::string& kind, Handler handler) {
  add(kind, type_name<T>(), std::move(handler));
}

template <class... T>
struct Types {};

/// A handler for each of some types: of `f`, a function of a case and a value of the type.
template <class... T, class F>
void add_each(Handlers& handlers, const std::string& kind, Types<T...>, const F& f) {
  (handlers.add<T>(kind, [f](Case& c) { f(c, T{}); }), ...);
}

template <class T>
TensorView<const T> Case::view(const std::string& name) {
  const Tensor<T>& dense = get<T>(name);
  const std::string layout = option<std::string>("layout", "dense");
  if (layout == "dense" || dense.rank() == 0) return dense;
  if (layout == "transposed") {
    const auto other = std::make_shared<Tensor<T>>(copy(dense.transpose()));
    viewed_.push_back(other);
    return other->view().transpose();
  }
  const Index step = layout == "reversed" ? -1 : 3;
  const int last = dense.rank() - 1;
  const auto other = std::make_shared<Tensor<T>>(dense.shape().with(last, 3 * dense.extent(last)));
  viewed_.push_back(other);
  auto part = other->view().slice(last, {.step = step});
  if (step < 0) part = part.slice(last, {0, dense.extent(last)});
  assign(part, dense);
  return part;
}

template <AnyTensor X>
void Case::check(const std::string& name, const X& result) {
  using T = Element<X>;
  const Limit limit = limit_of(name);
  const TensorView<const T> actual = result;
  const Tensor<T>* found = arrays_.find<T>(prefix_ + name);
  if (found == nullptr) return check_that(false, name + " is expected to be of another type");
  const Tensor<T>& expected = *found;
  if (actual.shape() != expected.shape()) {
    return check_that(
        false, str_cat(name, ": expected the shape ", expected.shape(), ", got ", actual.shape()));
  }
  const Tensor<T> dense = copy(actual);
  const Tensor<bool>* const left_out = arrays_.find<bool>(prefix_ + name + " left out");
  Index wrong = 0;
  std::string first;
  for (Index i = 0; i < dense.size(); ++i) {
    if (left_out != nullptr && left_out->data()[i]) continue;
    const T a = dense.data()[i];
    const T b = expected.data()[i];
    bool is_right = a == b;
    if constexpr (std::floating_point<T>) {
      is_right = std::isnan(a) ? std::isnan(b) : a == b;
      if (b == 0 && is_right && limit.signed_zeros) is_right = std::signbit(a) == std::signbit(b);
      if (!is_right && limit.units > 0 && std::isfinite(a) && std::isfinite(b)) {
        const double distance = std::abs(static_cast<double>(a) - static_cast<double>(b));
        const double scale = limit.scale > 0 ? limit.scale : std::abs(static_cast<double>(b));
        const double allowed = limit.units * scale * std::numeric_limits<T>::epsilon();
        const double smallest = limit.units * std::numeric_limits<T>::denorm_min();
        is_right = distance <= std::max(allowed, smallest);
        if (distance > smallest) error_ = std::max(error_, distance / scale);
      }
    }
    if (is_right) continue;
    if (wrong++ == 0) {
      first = str_cat(name, " at ", i, " of ", expected.shape(), ": expected ", b, ", got ", a);
    }
  }
  check_that(wrong == 0, str_cat(first, " (and ", wrong - 1, " others)"));
}

}  // namespace dlfs::peers
