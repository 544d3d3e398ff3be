// Programs that run once: what is asked of them is how long they take and how much memory.
#include "nets.h"

#include "digest.h"
#include "worker.h"

#include <chrono>
#include <fstream>
#include <iostream>
#include <torch/optim.h>

namespace bench {

namespace {

// The most memory that was resident, in bytes.
int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.rfind("VmHWM:", 0) == 0)
      return std::stoll(line.substr(6)) * 1024;
  return 0;
}

void report(std::chrono::steady_clock::time_point start) {
  const auto elapsed = std::chrono::steady_clock::now() - start;
  std::cout << peak_memory() << ' ' << std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count() << std::endl;
}

void first_result() { std::cout << torch::ones({1}).item<float>() << std::endl; }

// Temporaries of a megabyte each.
void temporaries() {
  auto a = pattern({512, 512});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000; ++i)
    auto c = (a * 2).relu().sum();
  report(start);
}

void train() {
  CifarNet net;
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(1e-6).momentum(0.9));
  const auto inputs = pattern({16, 3, 32, 32}), labels = torch::arange(16).remainder(10);
  double sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2'000; ++i) {
    optimizer.zero_grad();
    auto loss = torch::nn::functional::cross_entropy(net(inputs), labels);
    loss.backward();
    optimizer.step();
    sum += loss.item<double>();
  }
  report(start);
}

} // namespace

void add_programs(Programs& programs) {
  programs["first-result"] = first_result;
  programs["temporaries"] = temporaries;
  programs["train"] = train;
}

} // namespace bench
