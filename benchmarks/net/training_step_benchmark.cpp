// Whole training steps (forward, loss, backward, update) at batch 100, and predictions, of the
// book's networks. The baseline is the book's way on raw Eigen: im2col of the whole batch, then one
// product. See compare/ for the same steps beside LibTorch and PyTorch.
#include <benchmark/benchmark.h>

#include "networks.hpp"

namespace {

using namespace dlfs;

constexpr Index batch = 100;

template <class Network>
void Step(benchmark::State& state) {
  set_thread_count(static_cast<int>(state.range(0)));
  Rng rng(1);
  auto network = Network::make(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Network::optimizer());
  const auto data = bench::random_batch(batch);
  for (auto _ : state) benchmark::DoNotOptimize(trainer.step(data));
  state.SetItemsProcessed(state.iterations() * batch);
}

template <class Network>
void Predict(benchmark::State& state) {
  set_thread_count(static_cast<int>(state.range(0)));
  Rng rng(1);
  const auto network = Network::make(rng);
  const auto data = bench::random_batch(state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(network.predict(data.inputs));
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

void steps(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
}
void predictions(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"threads", "batch"})->ArgsProduct({{1, 2}, {1, 100}});
  benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(Step<bench::TwoLayerNet>)->Apply(steps);
BENCHMARK(Step<bench::BatchNormNet>)->Apply(steps);
BENCHMARK(Step<bench::SimpleConvNet>)->Apply(steps);
BENCHMARK(Step<bench::DeepConvNet>)->Apply(steps);
BENCHMARK(Predict<bench::TwoLayerNet>)->Apply(predictions);
BENCHMARK(Predict<bench::BatchNormNet>)->Apply(predictions);
BENCHMARK(Predict<bench::SimpleConvNet>)->Apply(predictions);
BENCHMARK(Predict<bench::DeepConvNet>)->Apply(predictions);

/// The book's common/layers.py, line by line, with Eigen in NumPy's place.
class BookStep {
 public:
  using Matrix = RowMajorMatrix<float>;
  using Row = Eigen::RowVectorXf;

  BookStep() {
    Rng rng(1);
    auto network = bench::SimpleConvNet::make(rng);
    const auto parameters = network.parameters();
    W1_ = as_matrix(parameters[0]->value.reshape({30, 25})).transpose();
    W2_ = as_matrix(parameters[2]->value);
    W3_ = as_matrix(parameters[4]->value);
    b1_ = Row::Zero(30), b2_ = Row::Zero(100), b3_ = Row::Zero(10);
  }

  float run(const Dataset<float>& data) {
    const Matrix columns = im2col_batch(data.inputs);
    Matrix conv = (columns * W1_).rowwise() + b1_;
    const Matrix active = conv.cwiseMax(0.0f);
    Matrix pooled(batch, 4320);
    Eigen::Matrix<int, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> winner(batch, 4320);
    for (Index n = 0; n < batch; ++n) {
      for (Index o = 0; o < 4320; ++o) {
        const Index f = o / 144, top = o % 144 / 12 * 2, left = o % 12 * 2;
        float best = -1;
        for (int tap = 0; tap < 4; ++tap) {
          const float value = active((n * 24 + top + tap / 2) * 24 + left + tap % 2, f);
          if (value > best) best = value, winner(n, o) = tap;
        }
        pooled(n, o) = best;
      }
    }
    const Matrix hidden = ((pooled * W2_).rowwise() + b2_).cwiseMax(0.0f);
    const Matrix logits = (hidden * W3_).rowwise() + b3_;
    Matrix dlogits = (logits.colwise() - logits.rowwise().maxCoeff()).array().exp();
    dlogits.array().colwise() /= dlogits.rowwise().sum().array().eval();
    float loss = 0;
    for (Index n = 0; n < batch; ++n) {
      loss -= std::log(dlogits(n, data.targets(n)));
      dlogits(n, data.targets(n)) -= 1;
    }
    dlogits /= float(batch);

    const Matrix dW3 = hidden.transpose() * dlogits;
    const Row db3 = dlogits.colwise().sum();
    const Matrix dhidden =
        (dlogits * W3_.transpose()).cwiseProduct((hidden.array() > 0).cast<float>().matrix());
    const Matrix dW2 = pooled.transpose() * dhidden;
    const Row db2 = dhidden.colwise().sum();
    const Matrix dpooled = dhidden * W2_.transpose();
    Matrix dconv = Matrix::Zero(batch * 576, 30);
    for (Index n = 0; n < batch; ++n) {
      for (Index o = 0; o < 4320; ++o) {
        const Index f = o / 144, top = o % 144 / 12 * 2, left = o % 12 * 2;
        const int tap = winner(n, o);
        const Index pixel = (n * 24 + top + tap / 2) * 24 + left + tap % 2;
        if (conv(pixel, f) > 0) dconv(pixel, f) = dpooled(n, o);
      }
    }
    const Matrix dW1 = columns.transpose() * dconv;
    const Row db1 = dconv.colwise().sum();
    ++steps_;
    adam(W1_, dW1, 0), adam(W2_, dW2, 1), adam(W3_, dW3, 2);
    adam(b1_, db1, 3), adam(b2_, db2, 4), adam(b3_, db3, 5);
    return loss / float(batch);
  }

 private:
  static Matrix im2col_batch(const Tensor<float>& x) {
    Matrix columns(batch * 576, 25);
    for (Index n = 0; n < batch; ++n) {
      for (Index top = 0; top < 24; ++top) {
        for (Index left = 0; left < 24; ++left) {
          for (Index tap = 0; tap < 25; ++tap) {
            columns((n * 24 + top) * 24 + left, tap) =
                x.data()[(n * 28 + top + tap / 5) * 28 + left + tap % 5];
          }
        }
      }
    }
    return columns;
  }

  template <class Weight, class Gradient>
  void adam(Weight& w, const Gradient& gradient, std::size_t slot) {
    Matrix &m = m_[slot], &v = v_[slot];
    if (m.size() == 0) m = v = Matrix::Zero(w.rows(), w.cols());
    m += 0.1f * (gradient - m);
    v += 0.001f * (gradient.cwiseAbs2() - v);
    const float rate =
        0.001f * std::sqrt(1 - std::pow(0.999f, steps_)) / (1 - std::pow(0.9f, steps_));
    w.array() -= rate * m.array() / (v.array().sqrt() + 1e-7f);
  }

  Matrix W1_, W2_, W3_;
  Row b1_, b2_, b3_;
  std::array<Matrix, 6> m_, v_;
  float steps_ = 0;
};

void SimpleConvNetStepOfTheBookOnEigen(benchmark::State& state) {
  BookStep step;
  const auto data = bench::random_batch(batch);
  for (auto _ : state) benchmark::DoNotOptimize(step.run(data));
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(SimpleConvNetStepOfTheBookOnEigen)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
