// The architectures of graphs.py, written as graphs.
#include <cstdint>
#include <string>
#include <vector>

#include "dlfs/dlfs.hpp"
#include "peers/groups.hpp"

namespace dlfs::peers {

namespace {

template <class T>
Graph<T> resnet18(const Case& c, Rng& rng, const Shape& image) {
  const auto width = c.option<Index>("width");
  const auto convolution = [](Index filters, Index kernel, Index stride) {
    return Convolution<T>({.filters = filters,
                           .kernel = kernel,
                           .stride = stride,
                           .padding = kernel / 2,
                           .bias = false},
                          He{});
  };
  const auto norm = [] { return BatchNormalization<T>({}); };
  Graph<T> net({"image"}, {{"conv1", convolution(width, 3, 1), {"image"}},
                           {"norm1", norm(), {"conv1"}},
                           {"relu1", Relu<T>(), {"norm1"}}});
  std::string x = "relu1";
  Index channels = width;
  for (Index stage = 0; stage < 4; ++stage) {
    for (Index block = 0; block < 2; ++block) {
      const Index filters = width << stage;
      const Index stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string name = str_cat("block", stage + 1, '_', block + 1, '.');
      net.add(name + "conv1", convolution(filters, 3, stride), {x});
      net.add(name + "norm1", norm(), {name + "conv1"});
      net.add(name + "relu1", Relu<T>(), {name + "norm1"});
      net.add(name + "conv2", convolution(filters, 3, 1), {name + "relu1"});
      net.add(name + "norm2", norm(), {name + "conv2"});
      if (stride != 1 || channels != filters) {
        net.add(name + "shortcut", convolution(filters, 1, stride), {x});
        net.add(name + "shortcut_norm", norm(), {name + "shortcut"});
        x = name + "shortcut_norm";
      }
      net.add(name + "sum", Add<T>(), {name + "norm2", x});
      x = name + "relu2";
      net.add(x, Relu<T>(), {name + "sum"});
      channels = filters;
    }
  }
  net.add("pool", GlobalAveragePooling<T>(), {x});
  net.add("affine", Affine<T>({.out = 10}, He{}), {"pool"});
  net.initialize(image, rng);
  return net;
}

template <class T>
Graph<T> unet(const Case& c, Rng& rng, const Shape& image) {
  const auto width = c.option<Index>("width");
  const auto depth = c.option<Index>("depth");
  Graph<T> net(std::vector<std::string>{"image"});
  const auto two_convolutions = [&](const std::string& name, Index filters, const std::string& x) {
    const auto conv = [&] {
      return Convolution<T>({.filters = filters, .kernel = 3, .padding = 1}, He{});
    };
    net.add(name + ".conv1", conv(), {x});
    net.add(name + ".relu1", Relu<T>(), {name + ".conv1"});
    net.add(name + ".conv2", conv(), {name + ".relu1"});
    net.add(name, Relu<T>(), {name + ".conv2"});
  };
  std::string x = "image";
  for (Index level = 0; level < depth; ++level) {
    const std::string name = str_cat("down", level);
    two_convolutions(name, width << level, x);
    x = str_cat("pool", level);
    net.add(x, MaxPooling<T>({.kernel = 2, .stride = 2}), {name});
  }
  two_convolutions("bottom", width << depth, x);
  x = "bottom";
  for (Index level = depth; level-- > 0;) {
    const Index filters = width << level;
    const std::string name = str_cat("up", level);
    net.add(name + ".enlarge",
            TransposedConvolution<T>({.filters = filters, .kernel = 2, .stride = 2}, He{}), {x});
    net.add(name + ".joined", Concatenate<T>(), {str_cat("down", level), name + ".enlarge"});
    two_convolutions(name, filters, name + ".joined");
    x = name;
  }
  net.add("out", Convolution<T>({.filters = 2, .kernel = 1}, He{}), {x});
  net.initialize(image, rng);
  return net;
}

template <class T>
Graph<T> two_inputs(const Case& c, Rng& rng, const Shape& image) {
  const auto width = c.option<Index>("width");
  return {{{"image", image.axes(1, 4)}, {"numbers", {4}}},
          rng,
          {{"conv", Convolution<T>({.filters = width, .kernel = 3}, He{}), {"image"}},
           {"relu", Relu<T>(), {"conv"}},
           {"mean", GlobalAveragePooling<T>(), {"relu"}},
           {"gate", Affine<T>({.out = width}, He{}), {"numbers"}},
           {"sigmoid", Sigmoid<T>(), {"gate"}},
           {"gated", Multiply<T>(), {"mean", "sigmoid"}},
           {"affine", Affine<T>({.out = width}, He{}), {"numbers"}},
           {"tanh", Tanh<T>(), {"affine"}},
           {"joined", Concatenate<T>(), {"gated", "tanh"}},
           {"out", Affine<T>({.out = 5}, He{}), {"joined"}}}};
}

template <class T>
Graph<T> transformer(const Case& c, Rng& rng, const Shape& tokens) {
  const auto D = c.option<Index>("features");
  Graph<T> net({"tokens"},
               {{"x", Embedding<T>({.count = 11, .features = D}, Normal{.std = 1}), {"tokens"}}});
  std::string x = "x";
  for (Index block = 1; block <= c.option<Index>("layers"); ++block) {
    const std::string name = str_cat("block", block, '.');
    net.add(name + "norm1", LayerNormalization<T>({}), {x});
    net.add(name + "attention",
            MultiHeadAttention<T>({.heads = c.option<Index>("heads"), .causal = true}),
            {name + "norm1"});
    net.add(name + "sum1", Add<T>(), {x, name + "attention"});
    net.add(name + "norm2", LayerNormalization<T>({}), {name + "sum1"});
    net.add(name + "linear1", Linear<T>({.out = 4 * D}, He{}), {name + "norm2"});
    net.add(name + "gelu", Gelu<T>(), {name + "linear1"});
    net.add(name + "linear2", Linear<T>({.out = D}, He{}), {name + "gelu"});
    x = name + "sum2";
    net.add(x, Add<T>(), {name + "sum1", name + "linear2"});
  }
  net.add("norm", LayerNormalization<T>({}), {x});
  net.add("out", Linear<T>({.out = 11}, He{}), {"norm"});
  net.initialize(tokens, rng);
  return net;
}

template <class T>
using Make = Graph<T> (*)(const Case&, Rng&, const Shape&);

template <class T>
void run(Case& c, Make<T> make, const Shape& full_size) {
  Rng rng(1);
  if (c.option<bool>("counts", false)) {
    const Graph<T> net = make(c, rng, full_size);
    std::int64_t count = 0;
    for (const Parameter<T>* w : net.parameters()) count += w->value.size();
    return c.check("parameters", count);
  }
  const Tensor<T>& first = c.get<T>("x0");
  Graph<T> net = make(c, rng, first.shape());
  Index k = 0;
  for (Parameter<T>* w : net.parameters()) {
    if (w->value.shape() != c.get<T>(str_cat("parameter ", k)).shape()) {
      return c.check_that(false, str_cat(w->name, " has another shape"));
    }
    w->value = c.get<T>(str_cat("parameter ", k++));
  }
  const bool has_two = net.input_count() == 2;
  const Tensor<T>& second = has_two ? c.get<T>("x1") : first;
  const Tensor<T> y = has_two ? net.forward({first, second}) : net.forward(first);
  c.check("y", y);
  net.backward(c.get<T>("dy"));
  k = 0;
  for (const Parameter<T>* w : net.parameters()) c.check(str_cat("gradient ", k++), w->gradient);
  c.check("prediction", has_two ? net.predict({first, second}) : net.predict(first));
}

template <class T>
void add(Handlers& handlers) {
  handlers.add<T>("ResNet18", [](Case& c) { run<T>(c, resnet18<T>, {1, 3, 32, 32}); });
  handlers.add<T>("UNet", [](Case& c) { run<T>(c, unet<T>, {1, 3, 64, 64}); });
  handlers.add<T>("TwoInputs", [](Case& c) { run<T>(c, two_inputs<T>, {1, 3, 32, 32}); });
  handlers.add<T>("Transformer", [](Case& c) { run<T>(c, transformer<T>, {1, 16}); });
}

}  // namespace

Handlers graphs() {
  Handlers handlers;
  add<double>(handlers);
  add<float>(handlers);
  return handlers;
}

}  // namespace dlfs::peers
