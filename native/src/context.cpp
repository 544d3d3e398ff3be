// Settings of the whole process beyond those of core.cpp, and what this libtorch was built with.
#include "torchbind/context.h"
#include "shim.h"
#include "version.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>

tb_status tb_context_float32_matmul_precision(int32_t* result) {
  return tb::guard([&] { *result = static_cast<int32_t>(at::globalContext().float32MatmulPrecision()); });
}

tb_status tb_context_set_float32_matmul_precision(int32_t value) {
  static const char* const names[] = {"highest", "high", "medium"};
  return tb::guard([&] { at::globalContext().setFloat32MatmulPrecision(std::string(names[value])); });
}

tb_status tb_context_warn_always(uint8_t* result) {
  return tb::guard([&] { *result = c10::WarningUtils::get_warnAlways() ? 1 : 0; });
}

tb_status tb_context_set_warn_always(uint8_t value) {
  return tb::guard([&] { c10::WarningUtils::set_warnAlways(value != 0); });
}

tb_status tb_context_check_sparse_invariants(uint8_t* result) {
  // A bool in 2.6, an optional one later: not set means no.
  return tb::guard([&] { *result = at::globalContext().checkSparseTensorInvariants() == true ? 1 : 0; });
}

tb_status tb_context_set_check_sparse_invariants(uint8_t value) {
  return tb::guard([&] { at::globalContext().setCheckSparseTensorInvariants(value != 0); });
}

tb_status tb_context_built_with(int32_t* bits) {
  return tb::guard([&] {
    *bits = (at::hasLAPACK() ? 1 : 0) | (at::hasMKL() ? 2 : 0) | (at::hasOpenMP() ? 4 : 0) |
            (_GLIBCXX_USE_CXX11_ABI ? 8 : 0);
  });
}

tb_status tb_context_autocast(int32_t device_type, uint8_t* available, uint8_t* enabled, int32_t* dtype) {
  return tb::guard([&] {
    const auto type = static_cast<at::DeviceType>(device_type);
    *available = at::autocast::is_autocast_available(type) ? 1 : 0;
    *enabled = *available != 0 && at::autocast::is_autocast_enabled(type) ? 1 : 0;
    *dtype = *available != 0 ? static_cast<int32_t>(at::autocast::get_autocast_dtype(type)) : -1;
  });
}

tb_status tb_context_set_autocast_enabled(int32_t device_type, uint8_t value) {
  return tb::guard(
      [&] { at::autocast::set_autocast_enabled(static_cast<at::DeviceType>(device_type), value != 0); });
}

tb_status tb_context_set_autocast_dtype(int32_t device_type, int32_t dtype) {
  return tb::guard([&] {
    at::autocast::set_autocast_dtype(static_cast<at::DeviceType>(device_type),
                                     static_cast<at::ScalarType>(dtype));
  });
}

tb_status tb_context_autocast_cache_enabled(uint8_t* result) {
  return tb::guard([&] { *result = at::autocast::is_autocast_cache_enabled() ? 1 : 0; });
}

tb_status tb_context_set_autocast_cache_enabled(uint8_t value) {
  return tb::guard([&] { at::autocast::set_autocast_cache_enabled(value != 0); });
}

tb_status tb_context_clear_autocast_cache(void) {
  return tb::guard([&] { at::autocast::clear_cache(); });
}

tb_status tb_context_autocast_nesting(int32_t step, int32_t* depth) {
  return tb::guard(
      [&] { *depth = step > 0 ? at::autocast::increment_nesting() : at::autocast::decrement_nesting(); });
}

#if TB_TORCH_AT_LEAST(2, 14)
tb_status tb_context_grad_dtype(tb_tensor self, int32_t* result) {
  return tb::guard([&] {
    const auto dtype = tb::Borrowed(self)->grad_dtype();
    *result = dtype ? static_cast<int32_t>(*dtype) : -1;
  });
}

tb_status tb_context_set_grad_dtype(tb_tensor self, int32_t dtype) {
  return tb::guard([&] {
    tb::Borrowed(self)->set_grad_dtype(dtype < 0 ? std::nullopt
                                                 : std::make_optional(static_cast<at::ScalarType>(dtype)));
  });
}
#else
tb_status tb_context_grad_dtype(tb_tensor, int32_t*) {
  return tb::not_supported("Tensor.grad_dtype", "2.14");
}
tb_status tb_context_set_grad_dtype(tb_tensor, int32_t) {
  return tb::not_supported("Tensor.grad_dtype", "2.14");
}
#endif
