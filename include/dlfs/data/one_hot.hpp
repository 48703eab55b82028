#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/nn/labels.hpp"
#include "dlfs/tensor/sorting.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Numbers in place of texts: each distinct text is a category, category k is the label k, and the
/// vector of zeros with a one at k.
///
///   const OneHot species = OneHot::fit(train.text("species"));
///   const Tensor<float> x = species.apply<float>(test.text("species"));  // (N, K)
///   const Labels labels = species.labels(test.text("species"));          // (N)
///
/// save_weights and load_weights keep it with a network.
class OneHot {
 public:
  /// No category.
  OneHot() = default;
  /// With these categories, in this order. @throws ValueError for one that is there twice.
  explicit OneHot(std::vector<std::string> categories) : categories_(std::move(categories)) {
    for (std::size_t k = 0; k < categories_.size(); ++k) {
      if (!labels_.emplace(categories_[k], static_cast<std::int32_t>(k)).second) {
        throw ValueError("one hot: two categories are '", categories_[k], "'");
      }
    }
  }

  /// The distinct texts, sorted by their bytes.
  static OneHot fit(const std::vector<std::string>& texts) {
    const std::set<std::string> distinct(texts.begin(), texts.end());
    return OneHot({distinct.begin(), distinct.end()});
  }

  ///@{
  /// The texts of the categories; label k is the k-th.
  const std::vector<std::string>& categories() const& { return categories_; }
  std::vector<std::string> categories() && { return std::move(categories_); }
  ///@}

  /// The category of each text, (N). @throws ValueError for a text that is no category.
  Labels labels(const std::vector<std::string>& texts) const {
    Labels result({std::ssize(texts)});
    for (std::size_t n = 0; n < texts.size(); ++n) {
      const auto found = labels_.find(texts[n]);
      if (found == labels_.end()) {
        throw ValueError("one hot: '", texts[n], "' of sample ", n, " is none of the ",
                         categories_.size(), " categories");
      }
      result.data()[n] = found->second;
    }
    return result;
  }

  /// A row for each text, with a one in the column of its category: (N, K).
  /// @throws ValueError for a text that is no category.
  template <class T>
  Tensor<T> apply(const std::vector<std::string>& texts) const {
    return one_hot<T>(labels(texts), std::ssize(categories_));
  }

 private:
  std::vector<std::string> categories_;
  std::map<std::string, std::int32_t> labels_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
