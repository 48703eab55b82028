// Optimizers, schedules, clipping, averages, initialisers, metrics, and steps of a whole network.
#include <cmath>
#include <string>

#include "peers/groups.hpp"
#include "support/templates.hpp"

namespace dlfs::peers {
namespace {

template <class T>
std::vector<Parameter<T>*> pointers(std::vector<Parameter<T>>& parameters) {
  std::vector<Parameter<T>*> result;
  for (auto& parameter : parameters) result.push_back(&parameter);
  return result;
}

/// Sets the options of an optimizer that the case gives.
template <class Options>
void set(Options& options, const Case& c) {
  const auto read = [&](const char* name, double& value) { value = c.option(name, value); };
  read("learning_rate", options.learning_rate);
  read("weight_decay", options.weight_decay);
  if constexpr (requires { options.momentum; }) read("momentum", options.momentum);
  if constexpr (requires { options.epsilon; }) read("epsilon", options.epsilon);
  if constexpr (requires { options.decay_rate; }) read("decay_rate", options.decay_rate);
  if constexpr (requires { options.beta1; }) {
    read("beta1", options.beta1);
    read("beta2", options.beta2);
  }
}

template <class O>
void run_optimizer(Case& c) {
  using T = typename O::Scalar;
  O optimizer;
  set(optimizer.options(), c);
  std::vector<Parameter<T>> parameters;
  while (c.has<T>("w" + std::to_string(parameters.size()))) {
    const std::size_t i = parameters.size();
    const std::string name = "w" + std::to_string(i);
    parameters.emplace_back(name, c.get<T>(name));
    parameters[i].rate_scale = c.get<double>("rate scales")(static_cast<Index>(i));
    parameters[i].decay_scale = c.get<double>("decay scales")(static_cast<Index>(i));
  }
  const Index steps = c.option<Index>("steps");
  for (Index t = 0; t < steps; ++t) {
    if (steps > 1 && t == (steps + 1) / 2) {
      optimizer.options().learning_rate *= c.option("change of rate", 0.3);
    }
    for (auto& w : parameters) w.gradient = c.get<T>("d" + w.name + " " + std::to_string(t));
    optimizer.step(pointers(parameters));
  }
  for (const auto& w : parameters) c.check(w.name + " after", w.value);
}

template <class T>
void add_optimizers(Handlers& handlers) {
  handlers.add<T>("Sgd", run_optimizer<Sgd<T>>);
  handlers.add<T>("Momentum", run_optimizer<Momentum<T>>);
  handlers.add<T>("Nesterov", run_optimizer<Nesterov<T>>);
  handlers.add<T>("AdaGrad", run_optimizer<AdaGrad<T>>);
  handlers.add<T>("RmsProp", run_optimizer<RmsProp<T>>);
  handlers.add<T>("Adam", run_optimizer<Adam<T>>);
  handlers.add<T>("AdamW", run_optimizer<AdamW<T>>);
}

/// The rates of the first steps, as many as the case expects.
void check_rates(Case& c, const std::function<double(Index)>& schedule) {
  Tensor<double> rates(c.get<double>("rates").shape());
  for (Index t = 0; t < rates.size(); ++t) rates(t) = schedule(t);
  c.check("rates", rates);
}

void add_schedules(Handlers& handlers) {
  handlers.add<double>("StepDecay", [](Case& c) {
    check_rates(c, StepDecay{c.option<double>("rate"), c.option<Index>("every"),
                             c.option<double>("factor")});
  });
  handlers.add<double>("ExponentialDecay", [](Case& c) {
    check_rates(c, ExponentialDecay{c.option<double>("rate"), c.option<double>("factor")});
  });
  handlers.add<double>("CosineDecay", [](Case& c) {
    check_rates(c, CosineDecay{c.option<double>("rate"), c.option<Index>("steps"),
                               c.option<double>("last_rate")});
  });
  handlers.add<double>("WarmUp", [](Case& c) {
    check_rates(c, WarmUp{ExponentialDecay{c.option<double>("rate"), c.option<double>("factor")},
                          c.option<Index>("steps")});
  });
  handlers.add<double>("OneCycle", [](Case& c) {
    const OneCycle usual;
    check_rates(c, OneCycle{.peak = c.option<double>("peak"),
                            .steps = c.option<Index>("steps"),
                            .rising = c.option("rising", usual.rising),
                            .first_divisor = c.option("first_divisor", usual.first_divisor),
                            .last_divisor = c.option("last_divisor", usual.last_divisor)});
  });
  handlers.add<double>("ReduceOnPlateau", [](Case& c) {
    ReduceOnPlateau schedule({.rate = c.option<double>("rate"),
                              .factor = c.option<double>("factor"),
                              .patience = c.option<Index>("patience"),
                              .threshold = c.option<double>("threshold")});
    check_rates(c, [&](Index t) { return schedule(c.get<double>("losses")(t)); });
  });
}

template <class T>
void add_clipping(Handlers& handlers) {
  const auto add = [&](const std::string& kind, const auto& clip) {
    handlers.add<T>(kind, [clip](Case& c) {
      std::vector<Parameter<T>> parameters;
      for (Index i = 0; c.has<T>(str_cat("dw", i)); ++i) {
        parameters.emplace_back(str_cat("dw", i), Tensor<T>());
        parameters.back().gradient = c.get<T>(str_cat("dw", i));
      }
      clip(c, pointers(parameters), c.option<double>("limit"));
      for (const auto& parameter : parameters) {
        c.check(parameter.name + " after", parameter.gradient);
      }
    });
  };
  add("clip_gradient_norm",
      [](Case& c, const std::vector<Parameter<T>*>& parameters, double limit) {
        c.check("norm", clip_gradient_norm<T>(parameters, limit));
      });
  add("clip_gradient_values", [](Case&, const std::vector<Parameter<T>*>& parameters,
                                 double limit) { clip_gradient_values<T>(parameters, limit); });
}

template <class T>
void run_weight_average(Case& c) {
  Rng rng(1);
  Sequential<T> net{{"affine", Affine<T>({.in = 5, .out = 3}, Normal{}, rng)},
                    {"norm", BatchNormalization<T>({.features = 3})}};
  const auto read = [&](Index t) {
    for (Parameter<T>* w : net.parameters()) w->value = c.get<T>(str_cat(w->name, " ", t));
    for (NamedTensor<T>* w : net.buffers()) w->value = c.get<T>(str_cat(w->name, " ", t));
  };
  read(0);
  ExponentialMovingAverage<T> average(net, c.option<double>("decay"));
  for (Index t = 1; t <= c.option<Index>("updates"); ++t) {
    read(t);
    average.update(net);
  }
  for (const auto* w : average.network().parameters()) c.check(w->name + " after", w->value);
  for (const auto* w : average.network().buffers()) c.check(w->name + " after", w->value);
}

template <class I>
void check_initializer(Case& c, const I& initializer) {
  const auto extents = c.option<std::vector<Index>>("shape");
  Tensor<double> weight{Shape(extents)};
  Rng rng(1);
  initializer(weight, Fans{c.option<Index>("in"), c.option<Index>("out")}, rng);
  c.check("deviation", standard_deviation(weight, Ddof{1}));
  if (c.has<double>("bound")) c.check("bound", max(abs(weight)));
}

/// Xavier or He.
template <class I>
I by_fan(const Case& c) {
  const auto fan = c.option<std::string>("fan");
  return {.fan = fan == "in"    ? I::Fan::in
                 : fan == "out" ? I::Fan::out
                                : I::Fan::mean,
          .distribution = c.option<std::string>("distribution") == "normal"
                              ? I::Distribution::normal
                              : I::Distribution::uniform,
          .gain = c.option<double>("gain")};
}

void add_initializers(Handlers& handlers) {
  handlers.add<double>(
      "Normal", [](Case& c) { check_initializer(c, Normal{c.option<double>("deviation")}); });
  handlers.add<double>("Uniform",
                       [](Case& c) { check_initializer(c, Uniform{c.option<double>("bound")}); });
  handlers.add<double>("Xavier", [](Case& c) { check_initializer(c, by_fan<Xavier>(c)); });
  handlers.add<double>("He", [](Case& c) { check_initializer(c, by_fan<He>(c)); });
  handlers.add<double>("Orthogonal", [](Case& c) {
    Tensor<double> weight{Shape(c.option<std::vector<Index>>("shape"))};
    Rng rng(1);
    Orthogonal{c.option<double>("gain")}(weight, {}, rng);
    const auto rows = weight.reshape({weight.extent(0), -1});
    c.check("product", rows.extent(0) <= rows.extent(1) ? matmul(rows, rows.transpose())
                                                        : matmul(rows.transpose(), rows));
  });
}

void add_metrics(Handlers& handlers) {
  handlers.add<double>("accuracy", [](Case& c) {
    c.check("accuracy", accuracy(c.get<double>("logits"), c.get<std::int32_t>("labels")));
  });
  handlers.add<double>("top_k_accuracy", [](Case& c) {
    c.check("accuracy", top_k_accuracy(c.get<double>("logits"), c.get<std::int32_t>("labels"),
                                       c.option<Index>("k")));
  });
  handlers.add<double>("confusion_matrix", [](Case& c) {
    c.check("counts", confusion_matrix(c.get<double>("logits"), c.get<std::int32_t>("labels")));
  });
  handlers.add<double>("precision_recall", [](Case& c) {
    const auto [precision, recall] =
        precision_recall(confusion_matrix(c.get<double>("logits"), c.get<std::int32_t>("labels")));
    c.check("precision", precision);
    c.check("recall", recall);
  });
}

/// The network of training.py.
template <class T>
void run_network(Case& c) {
  Rng rng(1);
  const Normal draw{};
  Sequential<T> net{
      {"conv1", Convolution<T>({.in = 3, .filters = 8, .padding = 1, .bias = false}, draw, rng)},
      {"norm", BatchNormalization<T>({.features = 8})},
      {"relu", Relu<T>()},
      {"pool", MaxPooling<T>({.kernel = 2, .stride = 2})},
      {"residual",
       Residual<T>({{"conv", Convolution<T>({.in = 8, .filters = 8, .padding = 1}, draw, rng)},
                    {"tanh", Tanh<T>()}})},
      {"parallel",
       Parallel<T>{
           {"left", {{"conv", Convolution<T>({.in = 8, .filters = 4, .kernel = 1}, draw, rng)}}},
           {"right",
            {{"conv", Convolution<T>({.in = 8, .filters = 6, .padding = 1}, draw, rng)},
             {"gelu", Gelu<T>()}}}}},
      {"mean", GlobalAveragePooling<T>()},
      {"affine", Affine<T>({.in = 10, .out = 5}, draw, rng)}};
  const auto theirs = [](std::string name) {  // gamma and beta are the weight and bias of PyTorch
    if (name == "norm.gamma") return std::string("norm.weight");
    return name == "norm.beta" ? std::string("norm.bias") : name;
  };
  for (Parameter<T>* w : net.parameters()) w->value = c.get<T>(theirs(w->name));
  Adam<T> adam({.learning_rate = 0.01, .epsilon = 1e-30, .weight_decay = 0.1});
  SoftmaxCrossEntropy<T> loss;
  Tensor<T> losses({c.option<Index>("steps")});
  for (Index t = 0; t < losses.size(); ++t) {
    losses(t) = loss.forward(net.forward(c.get<T>("x")), c.get<std::int32_t>("labels"));
    net.backward(loss.backward());
    if (t == 0) {
      for (const Parameter<T>* w : net.parameters()) {
        c.check(theirs(w->name) + " gradient", w->gradient);
      }
    }
    adam.step(net.parameters());
  }
  c.check("losses", losses);
  c.check("prediction", net.predict(c.get<T>("x")));
}

}  // namespace

Handlers training() {
  Handlers handlers;
  add_optimizers<double>(handlers);
  add_optimizers<float>(handlers);
  add_schedules(handlers);
  add_clipping<double>(handlers);
  add_clipping<float>(handlers);
  handlers.add<double>("ExponentialMovingAverage", run_weight_average<double>);
  handlers.add<float>("ExponentialMovingAverage", run_weight_average<float>);
  add_initializers(handlers);
  add_metrics(handlers);
  handlers.add<double>("Sequential", run_network<double>);
  handlers.add<float>("Sequential", run_network<float>);
  return handlers;
}

}  // namespace dlfs::peers
