// What every file of the shim uses: handles, errors, scalars.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GeneratorImpl.h>
#include <c10/core/Scalar.h>
#include <c10/core/StorageImpl.h>
#include <optional>
#include <utility>
#include <vector>

#include "torchbind/core.h"
#include "torchbind/types.h"

namespace tb {

// Classifies the exception in flight, keeps its message for this thread. Out of line: the wrappers stay
// small.
__attribute__((cold, noinline)) tb_status fail() noexcept;

// An operator, or an argument of one, that this libtorch lacks.
__attribute__((cold, noinline)) tb_status not_supported(const char* what, const char* versions) noexcept;

// A managed callback returned `status`: throws what it stored with tb_error_set.
[[noreturn]] __attribute__((cold, noinline)) void throw_callback_error();

template <class F> inline tb_status guard(F&& body) noexcept {
  try {
    body();
    return TB_OK;
  } catch (...) {
    return fail();
  }
}

// A tensor looked at through its handle, without counting: taken from the handle and given back at the end.
class Borrowed {
public:
  explicit Borrowed(tb_tensor handle)
      : tensor_(handle == nullptr
                    ? at::Tensor()
                    : at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
                          reinterpret_cast<at::TensorImpl*>(handle)))) {}
  ~Borrowed() {
    // The caller still owns this reference. An in-place call that replaced the tensor would be a bug of ours.
    (void)tensor_.unsafeReleaseTensorImpl();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  const at::Tensor& operator*() const { return tensor_; }
  const at::Tensor* operator->() const { return &tensor_; }
  at::Tensor& mut() { return tensor_; }

private:
  at::Tensor tensor_;
};

// Gives the reference to the caller; undefined tensors become null handles.
inline tb_tensor release(at::Tensor&& tensor) {
  return tensor.defined() ? reinterpret_cast<tb_tensor>(tensor.unsafeReleaseTensorImpl()) : nullptr;
}

inline at::Tensor retain(tb_tensor handle) {
  Borrowed borrowed(handle);
  return *borrowed;
}

inline std::vector<at::Tensor> tensors(const tb_tensor* handles, int64_t length) {
  std::vector<at::Tensor> result;
  result.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i)
    result.push_back(retain(handles[i]));
  return result;
}

tb_tensor_list release_list(std::vector<at::Tensor>&& tensors);

inline at::Scalar to_scalar(const tb_scalar* scalar) {
  switch (scalar->kind) {
  case TB_SCALAR_BOOL:
    return at::Scalar(scalar->i != 0);
  case TB_SCALAR_INT:
    return at::Scalar(scalar->i);
  case TB_SCALAR_DOUBLE:
    return at::Scalar(scalar->d);
  default:
    return at::Scalar(c10::complex<double>(scalar->d, scalar->imag));
  }
}

tb_scalar from_scalar(const at::Scalar& scalar);

// A zero-terminated copy that the caller frees with tb_free.
char* copy_string(const std::string& text);

inline c10::Device device(int32_t type, int32_t index) {
  return c10::Device(static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(index));
}

inline int64_t pack_device(c10::Device device) {
  return (static_cast<int64_t>(device.index()) << 32) |
         static_cast<uint32_t>(static_cast<int32_t>(device.type()));
}

} // namespace tb
