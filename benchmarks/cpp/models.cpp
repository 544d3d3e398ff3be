// Training steps and inference.
#include "nets.h"

#include "digest.h"
#include "worker.h"

#include <thread>
#include <torch/optim.h>
#include <vector>

namespace bench {

namespace {

namespace F = torch::nn::functional;

std::shared_ptr<torch::optim::Optimizer> optimizer_of(bool adam, const std::vector<torch::Tensor>& parameters, double lr) {
  if (adam)
    return std::make_shared<torch::optim::Adam>(parameters, torch::optim::AdamOptions(lr));
  return std::make_shared<torch::optim::SGD>(parameters, torch::optim::SGDOptions(lr).momentum(0.9));
}

// A rate that changes nothing that shows, for the timing, and one that shows, for the check.
double rate(bool adam, bool check) { return check ? (adam ? 0.01 : 0.1) : (adam ? 1e-7 : 1e-6); }

struct Training {
  Training(int64_t batch, bool adam, double lr)
      : optimizer(optimizer_of(adam, net->parameters(), lr)), inputs(pattern({batch, 3, 32, 32})),
        labels(torch::arange(batch).remainder(10)) {}

  double step() {
    optimizer->zero_grad();
    auto loss = F::cross_entropy(net(inputs), labels);
    loss.backward();
    optimizer->step();
    return loss.item<double>();
  }

  CifarNet net;
  std::shared_ptr<torch::optim::Optimizer> optimizer;
  torch::Tensor inputs, labels;
};

Entry training(int64_t batch, bool adam) {
  auto state = std::make_shared<Training>(batch, adam, rate(adam, false));
  return {[state](int64_t count) {
            double sum = 0;
            for (int64_t i = 0; i < count; ++i)
              sum += state->step();
          },
          [=] {
            Training fresh(batch, adam, rate(adam, true));
            double sum = 0;
            for (int i = 0; i < 3; ++i)
              sum += fresh.step();
            return digest(fresh.net->fc2->weight * sum);
          }};
}

Entry optimizer_step(bool adam) {
  auto state = std::make_shared<Training>(4, adam, rate(adam, false));
  state->step();
  return {[state](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              state->optimizer->step();
          },
          [=] {
            Training fresh(4, adam, rate(adam, true));
            fresh.step();
            fresh.optimizer->step();
            return digest(fresh.net->fc2->weight);
          }};
}

// So many parameters of 8 x 8 numbers, whose gradients stay.
Entry step_of(int64_t tensors, bool adam) {
  const auto make = [=](bool check) {
    std::vector<torch::Tensor> parameters;
    for (int64_t i = 0; i < tensors; ++i) {
      parameters.push_back((pattern({8, 8}) + i).requires_grad_());
      parameters.back().mutable_grad() = pattern({8, 8}) * 0.5;
    }
    auto optimizer = optimizer_of(adam, parameters, rate(adam, check));
    return std::make_pair(parameters, optimizer);
  };
  auto optimizer = make(false).second;
  return {[optimizer](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              optimizer->step();
          },
          [make] {
            const auto [parameters, fresh] = make(true);
            for (int i = 0; i < 3; ++i)
              fresh->step();
            return digest(torch::cat(parameters));
          }};
}

template <class Net> Entry inference(Net net, torch::Tensor input) {
  net->eval();
  return {[=](int64_t count) mutable {
            torch::NoGradGuard guard;
            for (int64_t i = 0; i < count; ++i)
              net->forward(input);
          },
          [=]() mutable {
            torch::NoGradGuard guard;
            return digest(net->forward(input));
          }};
}

Entry lstm_step() {
  torch::nn::LSTMCell cell(64, 128);
  fill(*cell);
  const auto input = pattern({1, 64});
  auto steps = [=](int64_t count) mutable {
    torch::NoGradGuard guard;
    auto state = std::make_tuple(torch::zeros({1, 128}), torch::zeros({1, 128}));
    for (int64_t i = 0; i < count; ++i)
      state = cell(input, state);
    return state;
  };
  return {[steps](int64_t count) mutable { steps(count); },
          [steps]() mutable {
            const auto [h, c] = steps(3);
            return digest(torch::cat({h, c}));
          }};
}

// One module, several threads. The time is per call, over all threads.
Entry threads(int64_t count_of_threads) {
  CifarNet net;
  const auto input = pattern({1, 3, 32, 32});
  return {[=](int64_t count) mutable {
            std::vector<std::thread> workers;
            for (int64_t t = 0; t < count_of_threads; ++t) {
              workers.emplace_back([&] {
                torch::NoGradGuard guard;
                for (int64_t i = 0; i < count / count_of_threads; ++i)
                  net(input);
              });
            }
            for (auto& worker : workers)
              worker.join();
          },
          [=]() mutable { return digest(net(input)); }};
}

} // namespace

void add_models(Entries& entries) {
  for (const bool adam : {false, true}) {
    const std::string suffix = adam ? "-adam" : "-sgd";
    for (const int64_t batch : {4, 64})
      entries["cifar-b" + std::to_string(batch) + suffix] = [=] { return training(batch, adam); };
    entries["optimizer-step" + suffix] = [=] { return optimizer_step(adam); };
    for (const int64_t tensors : {1, 100, 1000})
      entries["optimizer-step-" + std::to_string(tensors) + suffix] = [=] { return step_of(tensors, adam); };
  }
  entries["perceptron-b1"] = [] { return inference(Perceptron(), pattern({1, 784})); };
  for (const int64_t batch : {1, 16})
    entries["resnet18-b" + std::to_string(batch)] = [=] { return inference(ResNet18(), pattern({batch, 3, 224, 224})); };
  entries["lstm-step"] = lstm_step;
  entries["transformer-layer"] = [] { return inference(TransformerLayer(), pattern({1, 16, 64})); };
  for (const int64_t count : {1, 2, 4})
    entries["threads-" + std::to_string(count)] = [=] { return threads(count); };
}

} // namespace bench
