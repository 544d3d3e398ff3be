// Errors: classification of exceptions, the message per thread.
#include "shim.h"

#include <c10/util/Exception.h>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

namespace {

struct LastError {
  int32_t kind = TB_OK;
  std::string message;
  std::string backtrace;
};

LastError& last_error() {
  thread_local LastError error;
  return error;
}

tb_status remember(int32_t kind, const char* message, const char* backtrace = "") noexcept {
  try {
    LastError& error = last_error();
    error.kind = kind;
    error.message = message;
    error.backtrace = backtrace;
  } catch (...) { // out of memory while reporting: the kind alone survives
  }
  return kind;
}

tb_status remember(int32_t kind, const c10::Error& error) noexcept {
  return remember(kind, error.what_without_backtrace(), error.what());
}

// Carries a managed callback's failure through libtorch's own frames.
class CallbackError : public std::runtime_error {
public:
  CallbackError(int32_t kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  int32_t kind;
};

} // namespace

namespace tb {

tb_status fail() noexcept {
  try {
    throw;
  } catch (const CallbackError& error) {
    return remember(error.kind, error.what());
  } catch (const c10::IndexError& error) {
    return remember(TB_INDEX_ERROR, error);
  } catch (const c10::ValueError& error) {
    return remember(TB_VALUE_ERROR, error);
  } catch (const c10::TypeError& error) {
    return remember(TB_TYPE_ERROR, error);
  } catch (const c10::NotImplementedError& error) {
    return remember(TB_NOT_IMPLEMENTED, error);
  } catch (const c10::OutOfMemoryError& error) {
    return remember(TB_OUT_OF_MEMORY, error);
  } catch (const c10::LinAlgError& error) {
    return remember(TB_LINALG_ERROR, error);
  } catch (const c10::Error& error) {
    // The CPU allocator reports exhaustion as a plain error.
    const char* text = error.what_without_backtrace();
    const bool memory = std::strstr(text, "not enough memory") != nullptr ||
                        std::strstr(text, "can't allocate memory") != nullptr;
    return remember(memory ? TB_OUT_OF_MEMORY : TB_ERROR, error);
  } catch (const std::bad_alloc& error) {
    return remember(TB_OUT_OF_MEMORY, error.what());
  } catch (const std::exception& error) {
    return remember(TB_STD_EXCEPTION, error.what());
  } catch (...) {
    return remember(TB_UNKNOWN_EXCEPTION, "libtorch threw something that is not a std::exception");
  }
}

tb_status not_supported(const char* what, const char* versions) noexcept {
  try {
    std::string message = what;
    message += " is not in libtorch ";
    message += tb_built_for_version();
    message += "; it is in ";
    message += versions;
    return remember(TB_NOT_SUPPORTED, message.c_str());
  } catch (...) {
    return remember(TB_NOT_SUPPORTED, what);
  }
}

void throw_callback_error() {
  const LastError& error = last_error();
  throw CallbackError(error.kind == TB_OK ? TB_CALLBACK_FAILED : error.kind, error.message);
}

char* copy_string(const std::string& text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr)
    throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

tb_scalar from_scalar(const at::Scalar& scalar) {
  tb_scalar result{};
  if (scalar.isBoolean()) {
    result.kind = TB_SCALAR_BOOL;
    result.i = scalar.toBool() ? 1 : 0;
  } else if (scalar.isIntegral(false)) {
    result.kind = TB_SCALAR_INT;
    result.i = scalar.type() == at::kUInt64 ? static_cast<int64_t>(scalar.toUInt64()) : scalar.toLong();
  } else if (scalar.isComplex()) {
    const c10::complex<double> value = scalar.toComplexDouble();
    result.kind = TB_SCALAR_COMPLEX;
    result.d = value.real();
    result.imag = value.imag();
  } else {
    result.kind = TB_SCALAR_DOUBLE;
    result.d = scalar.toDouble();
  }
  return result;
}

tb_tensor_list release_list(std::vector<at::Tensor>&& tensors) {
  tb_tensor_list list{nullptr, static_cast<int64_t>(tensors.size())};
  if (tensors.empty())
    return list;
  list.data = static_cast<tb_tensor*>(std::malloc(sizeof(tb_tensor) * tensors.size()));
  if (list.data == nullptr)
    throw std::bad_alloc();
  for (size_t i = 0; i < tensors.size(); ++i)
    list.data[i] = release(std::move(tensors[i]));
  return list;
}

} // namespace tb

const char* tb_error_message(void) { return last_error().message.c_str(); }

const char* tb_error_backtrace(void) { return last_error().backtrace.c_str(); }

void tb_error_set(int32_t kind, const char* message) { remember(kind, message); }

void tb_free(void* block) { std::free(block); }
