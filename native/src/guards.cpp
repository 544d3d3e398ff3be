// Puts the guards in front of libtorch's operators, and what they share.
#include "guards.h"

#include "torchbind/guards.h"

#include <cstdlib>
#include <cstring>
#include <mutex>

namespace tb::guards {

void needs_elements(const char* op, const char* name, const at::Tensor* tensor, int64_t elements,
                    const char* why) {
  TORCH_CHECK_VALUE(tensor == nullptr || tensor->numel() == elements, op, " takes ", elements,
                    " elements of ", name, ", ", why, "; ", name, " has the shape ", tensor->sizes());
}

void needs_shape(const char* op, const char* name, const at::Tensor& tensor, at::IntArrayRef shape) {
  TORCH_CHECK_VALUE(tensor.sizes() == shape, op, " takes ", name, " of the shape ", shape, "; it has ",
                    tensor.sizes());
}

void needs_same_shape(const char* op, const char* name, const at::Tensor& tensor, const char* other_name,
                      const at::Tensor& other) {
  TORCH_CHECK_VALUE(tensor.sizes() == other.sizes(), op, " takes ", name, " of the shape of ", other_name,
                    ", ", other.sizes(), "; it has ", tensor.sizes());
}

void needs_dims(const char* op, const char* name, const at::Tensor& tensor, int64_t least, int64_t most) {
  TORCH_CHECK_VALUE(tensor.dim() >= least && tensor.dim() <= most, op, " takes ", name, " with ",
                    least == most ? "" : "at least ", least, " dimensions; its shape is ", tensor.sizes());
}

void needs_contiguous_out(const char* op, const char* name, const at::Tensor& out, at::IntArrayRef shape) {
  TORCH_CHECK_VALUE(!plain(out) || out.sizes() != shape || out.is_contiguous(), op,
                    " writes its result as one block: ", name, " has the strides ", out.strides(),
                    " for the shape ", shape, "; give a contiguous tensor");
}

void needs_moderate(const char* op, const char* name, std::optional<at::IntArrayRef> values) {
  constexpr int64_t most = INT32_MAX;
  for (const int64_t value : values.value_or(at::IntArrayRef()))
    TORCH_CHECK_VALUE(value >= -most && value <= most, op, " takes ", name, " between -", most, " and ", most,
                      "; it is ", *values);
}

namespace {

class Quiet final : public c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

void install() {
  // Never freed: freeing takes the guards away.
  static auto* front =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::BackendSelect, __FILE__, __LINE__);
  static auto* composite = new torch::Library(
      torch::Library::IMPL, "aten", c10::DispatchKey::CompositeImplicitAutograd, __FILE__, __LINE__);
  // That a kernel takes the place of another one is meant.
  Quiet quiet;
  const c10::WarningUtils::WarningHandlerGuard guard(&quiet);
  Registry registry(*front, *composite);
  guard_layers(registry);
  guard_math(registry);
}

} // namespace

} // namespace tb::guards

tb_status tb_guards_install(void) {
  return tb::guard([] {
    // Tests show with "off" what dies without them.
    const char* setting = std::getenv("TORCHBIND_GUARDS");
    if (setting != nullptr && std::strcmp(setting, "off") == 0)
      return;
    static std::once_flag once;
    std::call_once(once, &tb::guards::install);
  });
}
