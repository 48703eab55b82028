// The steps of dlfs_steps.cpp by LibTorch. Same arguments, same output.
#include <cstdlib>
#include <cstring>
#include <memory>

#include <torch/torch.h>

#include "measure.hpp"

namespace {

namespace nn = torch::nn;

nn::Sequential two_layer_net() {
  return nn::Sequential(nn::Flatten(), nn::Linear(784, 100), nn::ReLU(), nn::Linear(100, 10));
}

nn::Sequential batch_norm_net() {
  nn::Sequential net(nn::Flatten{});
  int in = 784;
  for (int layer = 0; layer < 4; ++layer, in = 100) {
    net->push_back(nn::Linear(in, 100));
    net->push_back(nn::BatchNorm1d(100));
    net->push_back(nn::ReLU());
  }
  net->push_back(nn::Linear(100, 10));
  return net;
}

nn::Sequential simple_convnet() {
  return nn::Sequential(nn::Conv2d(1, 30, 5), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                        nn::Linear(4320, 100), nn::ReLU(), nn::Linear(100, 10));
}

nn::Sequential deep_convnet() {
  nn::Sequential net;
  const auto add_pair = [&](int in, int filters, int second_padding) {
    net->push_back(nn::Conv2d(nn::Conv2dOptions(in, filters, 3).padding(1)));
    net->push_back(nn::ReLU());
    net->push_back(nn::Conv2d(nn::Conv2dOptions(filters, filters, 3).padding(second_padding)));
    net->push_back(nn::ReLU());
    net->push_back(nn::MaxPool2d(2));
  };
  add_pair(1, 16, 1);
  add_pair(16, 32, 2);
  add_pair(32, 64, 1);
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(1024, 50));
  net->push_back(nn::ReLU());
  net->push_back(nn::Dropout(0.5));
  net->push_back(nn::Linear(50, 10));
  net->push_back(nn::Dropout(0.5));
  return net;
}

std::unique_ptr<torch::optim::Optimizer> optimizer(nn::Sequential& net, bool adam) {
  if (adam) return std::make_unique<torch::optim::Adam>(net->parameters(), 1e-3);
  return std::make_unique<torch::optim::SGD>(net->parameters(), 0.1);
}

/// One training step on a random batch.
class Step {
 public:
  Step(nn::Sequential net, bool adam) : net_(net), optimizer_(optimizer(net_, adam)) {}

  void operator()() {
    optimizer_->zero_grad();
    nn::functional::cross_entropy(net_->forward(x_), labels_).backward();
    optimizer_->step();
  }

 private:
  nn::Sequential net_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor x_ = torch::rand({100, 1, 28, 28});
  torch::Tensor labels_ = torch::randint(10, {100}, torch::kLong);
};

void measure(const char* name, nn::Sequential net, bool adam) {
  report(name, "step", median_ms(Step(net, adam)));
  net->eval();
  const torch::InferenceMode guard;
  const auto one = torch::rand({1, 1, 28, 28});
  const auto hundred = torch::rand({100, 1, 28, 28});
  report(name, "predict 1", median_ms([&] { net->forward(one); }));
  report(name, "predict 100", median_ms([&] { net->forward(hundred); }));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  if (std::strcmp(argv[1], "start") == 0) {
    const torch::InferenceMode guard;
    std::printf("%g\n", simple_convnet()->forward(torch::rand({1, 1, 28, 28}))[0][0].item<float>());
    return EXIT_SUCCESS;
  }
  if (std::strcmp(argv[1], "memory") == 0) {
    Step step(deep_convnet(), true);
    for (int i = 0; i < 10; ++i) step();
    return EXIT_SUCCESS;
  }
  torch::set_num_threads(std::atoi(argv[1]));
  measure("TwoLayerNet", two_layer_net(), false);
  measure("BatchNormNet", batch_norm_net(), false);
  measure("SimpleConvNet", simple_convnet(), true);
  measure("DeepConvNet", deep_convnet(), true);
  return EXIT_SUCCESS;
}
