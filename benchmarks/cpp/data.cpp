// Moving a million floats in and out.
#include "digest.h"
#include "worker.h"

#include <cstring>
#include <memory>
#include <vector>

namespace bench {

namespace {

constexpr int64_t million = 1'000'000;

std::vector<float> numbers() {
  const at::Tensor tensor = pattern({million});
  return std::vector<float>(tensor.data_ptr<float>(), tensor.data_ptr<float>() + million);
}

at::Tensor view_of(std::vector<float>& values) { return torch::from_blob(values.data(), {million}); }

// Keeps the compiler from dropping a copy that nobody reads.
void use(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

// What a copy costs at least.
Entry copy() {
  auto source = std::make_shared<std::vector<float>>(numbers());
  auto destination = std::make_shared<std::vector<float>>(million);
  return {[=](int64_t count) {
            for (int64_t i = 0; i < count; ++i) {
              std::memcpy(destination->data(), source->data(), million * sizeof(float));
              use(destination->data());
            }
          },
          [=] { return digest(view_of(*source)); }};
}

Entry read() {
  auto tensor = pattern({million});
  auto destination = std::make_shared<std::vector<float>>(million);
  const auto work = [=] {
    std::memcpy(destination->data(), tensor.data_ptr<float>(), million * sizeof(float));
    use(destination->data());
  };
  return {[=](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              work();
          },
          [=] {
            work();
            return digest(view_of(*destination));
          }};
}

Entry read_new() {
  auto tensor = pattern({million});
  return {[=](int64_t count) {
            for (int64_t i = 0; i < count; ++i) {
              const std::vector<float> values(tensor.data_ptr<float>(), tensor.data_ptr<float>() + million);
              use(values.data());
            }
          },
          [=] {
            std::vector<float> values(tensor.data_ptr<float>(), tensor.data_ptr<float>() + million);
            return digest(view_of(values));
          }};
}

Entry create() {
  auto source = std::make_shared<std::vector<float>>(numbers());
  return {[=](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              view_of(*source).clone();
          },
          [=] { return digest(view_of(*source).clone()); }};
}

} // namespace

void add_data(Entries& entries) {
  entries["read-1M"] = read;
  entries["read-1M@memcpy"] = copy;
  entries["read-1M-new"] = read_new;
  entries["read-1M-new@memcpy"] = copy;
  entries["create-1M"] = create;
  entries["create-1M@memcpy"] = copy;
}

} // namespace bench
