#include <filesystem>

#include <dlfs/io/mnist.hpp>

namespace dlfs {
template Mnist<float> load_mnist(const std::filesystem::path&);
template Mnist<double> load_mnist(const std::filesystem::path&);
}  // namespace dlfs
