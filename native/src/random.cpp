// Random number generators.
#include "torchbind/random.h"
#include "shim.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>

namespace {

// Borrows like tb::Borrowed: the handle keeps its reference.
class Generator {
public:
  explicit Generator(tb_generator handle)
      : generator_(
            c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(reinterpret_cast<c10::GeneratorImpl*>(handle))) {}
  ~Generator() { (void)generator_.unsafeReleaseGeneratorImpl(); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  at::Generator* operator->() { return &generator_; }

private:
  at::Generator generator_;
};

tb_generator release(at::Generator generator) {
  return reinterpret_cast<tb_generator>(generator.unsafeReleaseGeneratorImpl());
}

} // namespace

void tb_generator_free(tb_generator self) {
  if (self != nullptr)
    c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(reinterpret_cast<c10::GeneratorImpl*>(self)).reset();
}

tb_status tb_generator_new(int32_t device_type, int32_t device_index, tb_generator* result) {
  return tb::guard([&] {
    const c10::Device device = tb::device(device_type, device_index);
    *result = release(device.is_cpu() ? at::detail::createCPUGenerator()
                                      : at::globalContext()
                                            .getAcceleratorHooksInterface(device.type())
                                            .getNewGenerator(device.index()));
  });
}

tb_status tb_generator_default(int32_t device_type, int32_t device_index, tb_generator* result) {
  return tb::guard([&] {
    *result = release(at::globalContext().defaultGenerator(tb::device(device_type, device_index)));
  });
}

tb_status tb_generator_manual_seed(tb_generator self, uint64_t seed) {
  return tb::guard([&] {
    Generator generator(self);
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_current_seed(seed);
  });
}

tb_status tb_generator_initial_seed(tb_generator self, uint64_t* seed) {
  return tb::guard([&] {
    Generator generator(self);
    *seed = generator->current_seed();
  });
}

tb_status tb_generator_seed(tb_generator self, uint64_t* seed) {
  return tb::guard([&] {
    Generator generator(self);
    std::lock_guard<std::mutex> lock(generator->mutex());
    *seed = generator->seed();
  });
}

tb_status tb_generator_get_state(tb_generator self, tb_tensor* state) {
  return tb::guard([&] {
    Generator generator(self);
    std::lock_guard<std::mutex> lock(generator->mutex());
    *state = tb::release(generator->get_state());
  });
}

tb_status tb_generator_set_state(tb_generator self, tb_tensor state) {
  return tb::guard([&] {
    Generator generator(self);
    tb::Borrowed tensor(state);
    TORCH_CHECK_TYPE(tensor->layout() == at::kStrided && tensor->device().is_cpu() &&
                         tensor->scalar_type() == at::kByte,
                     "the state of a generator is a CPU tensor of uint8, got ", tensor->toString());
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_state(*tensor);
  });
}

tb_status tb_generator_device(tb_generator self, int64_t* device) {
  return tb::guard([&] {
    Generator generator(self);
    *device = tb::pack_device(generator->device());
  });
}

tb_status tb_random_manual_seed(uint64_t seed) {
  return tb::guard([&] { at::manual_seed(seed); });
}
