// The models of weights.py, with layers that have the names of its modules.
#include <string>
#include <vector>

#include "dlfs/dlfs.hpp"
#include "dlfs/io/npy.hpp"
#include "dlfs/io/weights.hpp"
#include "peers/groups.hpp"

namespace dlfs::peers {

namespace {

/// A network, and the rules that make the names in a file of PyTorch its own, and back.
struct Model {
  Graph<float> net;
  std::vector<RenameRule> load{}, save{};
};

Graph<float> in_a_row(const Shape& x, Rng& rng,
                      std::vector<std::pair<std::string, AnyLayer<float>>> layers) {
  Graph<float> net(std::vector<std::string>{"x"});
  std::string last = "x";
  for (auto& [name, layer] : layers) {
    net.add(name, std::move(layer), {last});
    last = name;
  }
  net.initialize(x, rng);
  return net;
}

Model mlp(const Shape& x, Rng& rng) {
  return {in_a_row(x, rng,
                   {{"fc1", Affine<float>({.out = 8}, He{})},
                    {"relu1", Relu<float>()},
                    {"fc2", Affine<float>({.out = 8}, He{})},
                    {"relu2", Relu<float>()},
                    {"fc3", Affine<float>({.out = 5}, He{})}}),
          {{"0.*", "fc1.*"}, {"2.*", "fc2.*"}, {"4.*", "fc3.*"}},
          {{"fc1.*", "0.*"}, {"fc2.*", "2.*"}, {"fc3.*", "4.*"}}};
}

Model batch_normalised(const Shape& x, Rng& rng) {
  return {in_a_row(
      x, rng,
      {{"0", Convolution<float>({.filters = 6, .kernel = 3, .padding = 1, .bias = false}, He{})},
       {"1", BatchNormalization<float>({})},
       {"2", Relu<float>()},
       {"3", MaxPooling<float>({.kernel = 2, .stride = 2})},
       {"4", Convolution<float>({.filters = 8, .kernel = 3}, He{})},
       {"5", BatchNormalization<float>({})},
       {"6", PRelu<float>({.slopes = 8})},
       {"8", Affine<float>({.out = 10}, He{})},
       {"9", BatchNormalization<float>({})}})};
}

Model resnet18(const Shape& image, Rng& rng) {
  constexpr Index width = 4;
  const auto convolution = [](Index filters, Index kernel, Index stride) {
    return Convolution<float>({.filters = filters,
                               .kernel = kernel,
                               .stride = stride,
                               .padding = kernel / 2,
                               .bias = false},
                              He{});
  };
  const auto norm = [] { return BatchNormalization<float>({}); };
  Graph<float> net({"image"}, {{"conv1", convolution(width, 3, 1), {"image"}},
                               {"norm1", norm(), {"conv1"}},
                               {"relu1", Relu<float>(), {"norm1"}}});
  std::string x = "relu1";
  Index channels = width;
  for (Index block = 0; block < 8; ++block) {
    const Index filters = width << block / 2;
    const Index stride = block > 0 && block % 2 == 0 ? 2 : 1;
    const std::string name = str_cat("blocks.", block, '.');
    net.add(name + "conv1", convolution(filters, 3, stride), {x});
    net.add(name + "norm1", norm(), {name + "conv1"});
    net.add(name + "relu1", Relu<float>(), {name + "norm1"});
    net.add(name + "conv2", convolution(filters, 3, 1), {name + "relu1"});
    net.add(name + "norm2", norm(), {name + "conv2"});
    if (stride != 1 || channels != filters) {
      net.add(name + "shortcut.0", convolution(filters, 1, stride), {x});
      net.add(name + "shortcut.1", norm(), {name + "shortcut.0"});
      x = name + "shortcut.1";
    }
    net.add(name + "sum", Add<float>(), {name + "norm2", x});
    x = name + "relu2";
    net.add(x, Relu<float>(), {name + "sum"});
    channels = filters;
  }
  net.add("pool", GlobalAveragePooling<float>(), {x});
  net.add("linear", Affine<float>({.out = 10}, He{}), {"pool"});
  net.initialize(image, rng);
  return {std::move(net)};
}

Model recurrent(const Shape& x, Rng& rng) {
  return {in_a_row(x, rng,
                   {{"embedding", Embedding<float>({.count = 11, .features = 4}, Normal{.std = 1})},
                    {"lstm", Lstm<float>({.hidden = 6})},
                    {"lstm2", Lstm<float>({.hidden = 6})},
                    {"gru", Gru<float>({.hidden = 6})},
                    {"rnn", Rnn<float>({.hidden = 3})},
                    {"last", LastStep<float>()},
                    {"out", Affine<float>({.out = 5}, He{})}}),
          {{"lstm.*_l1", "lstm2.*_l0"}},
          {{"lstm2.*_l0", "lstm.*_l1"}}};
}

Model transformer(const Shape& tokens, Rng& rng) {
  constexpr Index D = 8;
  Graph<float> net({"tokens"}, {{"embedding",
                                 Embedding<float>({.count = 11, .features = D}, Normal{.std = 1}),
                                 {"tokens"}}});
  std::string x = "embedding";
  for (Index block = 0; block < 2; ++block) {
    const std::string name = str_cat("blocks.", block, '.');
    net.add(name + "norm1", LayerNormalization<float>({}), {x});
    net.add(name + "attention", MultiHeadAttention<float>({.heads = 2, .causal = true}),
            {name + "norm1"});
    net.add(name + "sum1", Add<float>(), {x, name + "attention"});
    net.add(name + "norm2", RmsNormalization<float>({}), {name + "sum1"});
    net.add(name + "linear1", Linear<float>({.out = 4 * D}, He{}), {name + "norm2"});
    net.add(name + "gelu", Gelu<float>(), {name + "linear1"});
    net.add(name + "linear2", Linear<float>({.out = D}, He{}), {name + "gelu"});
    x = name + "sum2";
    net.add(x, Add<float>(), {name + "sum1", name + "linear2"});
  }
  net.add("norm", LayerNormalization<float>({}), {x});
  net.add("out", Linear<float>({.out = 11}, He{}), {"norm"});
  net.initialize(tokens, rng);
  return {std::move(net)};
}

Model convolutions(const Shape& x, Rng& rng) {
  return {in_a_row(
      x, rng,
      {{"conv1", Convolution1d<float>({.filters = 6, .kernel = 3, .groups = 2}, He{})},
       {"norm1", GroupNormalization<float>({.groups = 3})},
       {"image", Reshape<float>({1, 6, 6})},
       {"conv2", TransposedConvolution<float>({.filters = 4, .kernel = 2, .stride = 2}, He{})},
       {"norm2", InstanceNormalization<float>({})},
       {"volume", Reshape<float>({1, 4, 12, 12})},
       {"conv3", Convolution3d<float>({.filters = 2, .kernel = 2}, He{})},
       {"out", Affine<float>({.out = 5}, He{})}})};
}

Model model_of(const Case& c) {
  const std::map<std::string, Model (*)(const Shape&, Rng&)> models{
      {"mlp", mlp},
      {"cnn", batch_normalised},
      {"resnet18", resnet18},
      {"recurrent", recurrent},
      {"transformer", transformer},
      {"convolutions", convolutions},
  };
  Rng rng(2);
  return models.at(c.option<std::string>("model"))(c.get<float>("x").shape(), rng);
}

void load(Case& c) {
  Model model = model_of(c);
  auto rules = model.load;
  rules.insert(rules.begin(), {"module.*", "*"});
  load_weights(c.file(c.option<std::string>("file")), model.net,
               {.rename = rules, .from = WeightLayout::pytorch});
  c.check("logits", model.net.predict(c.get<float>("x")));
}

/// check_files.py compares the logits with PyTorch's.
void save(Case& c) {
  Model model = model_of(c);
  Rng rng(3);
  for (Parameter<float>* parameter : model.net.parameters()) {
    parameter->value += random_uniform<float>(parameter->value.shape(), rng) * 0.2F;
  }
  for (NamedTensor<float>* buffer : model.net.buffers()) {
    buffer->value += random_uniform<float>(buffer->value.shape(), rng) * 0.2F;
  }
  const std::string name = "saved_" + c.option<std::string>("model");
  const Tensor<float>& x = c.get<float>("x");
  save_weights(c.file(name + ".safetensors"), model.net,
               {.to = WeightLayout::pytorch, .rename = model.save});
  write_npy(c.file(name + "_x.npy"), x);
  write_npy(c.file(name + "_logits.npy"), model.net.predict(x));
  c.check("saved", array<bool>({true}));
}

}  // namespace

Handlers weights() {
  Handlers handlers;
  handlers.add<float>("load_weights", load);
  handlers.add<float>("save_weights", save);
  return handlers;
}

}  // namespace dlfs::peers
