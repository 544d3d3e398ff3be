// Versions and process-wide settings.
#include "shim.h"
#include "version.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

int32_t tb_abi_version(void) { return TB_ABI_VERSION; }

const char* tb_built_for_version(void) { return TORCH_VERSION; }

tb_status tb_core_get_num_threads(int32_t* result) {
  return tb::guard([&] { *result = at::get_num_threads(); });
}

tb_status tb_core_set_num_threads(int32_t count) {
  return tb::guard([&] { at::set_num_threads(count); });
}

tb_status tb_core_get_num_interop_threads(int32_t* result) {
  return tb::guard([&] { *result = static_cast<int32_t>(at::get_num_interop_threads()); });
}

tb_status tb_core_set_num_interop_threads(int32_t count) {
  return tb::guard([&] { at::set_num_interop_threads(count); });
}

tb_status tb_core_get_default_dtype(int32_t* dtype) {
  return tb::guard([&] { *dtype = static_cast<int32_t>(c10::get_default_dtype_as_scalartype()); });
}

tb_status tb_core_set_default_dtype(int32_t dtype) {
  return tb::guard(
      [&] { c10::set_default_dtype(c10::scalarTypeToTypeMeta(static_cast<c10::ScalarType>(dtype))); });
}

tb_status tb_core_set_flush_denormal(uint8_t value, uint8_t* supported) {
  return tb::guard([&] { *supported = at::globalContext().setFlushDenormal(value != 0) ? 1 : 0; });
}

tb_status tb_core_set_deterministic(uint8_t value, uint8_t warn_only) {
  return tb::guard([&] { at::globalContext().setDeterministicAlgorithms(value != 0, warn_only != 0); });
}

tb_status tb_core_get_deterministic(uint8_t* value, uint8_t* warn_only) {
  return tb::guard([&] {
    *value = at::globalContext().deterministicAlgorithms() ? 1 : 0;
    *warn_only = at::globalContext().deterministicAlgorithmsWarnOnly() ? 1 : 0;
  });
}

tb_status tb_core_show_config(char** text) {
  return tb::guard([&] { *text = tb::copy_string(at::show_config()); });
}

tb_status tb_core_parallel_info(char** text) {
  return tb::guard([&] { *text = tb::copy_string(at::get_parallel_info()); });
}

tb_status tb_core_cpu_capability(char** text) {
  return tb::guard([&] { *text = tb::copy_string(at::get_cpu_capability()); });
}

tb_status tb_core_device_count(int32_t device_type, int32_t* count) {
  return tb::guard([&] {
    const auto type = static_cast<c10::DeviceType>(device_type);
    *count = c10::impl::hasDeviceGuardImpl(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount() : 0;
  });
}

tb_status tb_core_device_available(int32_t device_type, uint8_t* available) {
  int32_t count = 0;
  const tb_status status = tb_core_device_count(device_type, &count);
  *available = count > 0 ? 1 : 0;
  return status;
}
