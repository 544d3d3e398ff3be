// What the generated operator wrappers need beside shim.h: arguments from the C boundary to libtorch's types.
#pragma once

#include <ATen/ScalarOps.h>
#include <ATen/core/Generator.h>
#include <ATen/core/IListRef.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/List.h>
#include <ATen/core/ivalue.h>
#include <array>
#include <c10/core/Device.h>
#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>
#include <c10/core/QScheme.h>
#include <c10/core/ScalarType.h>
#include <c10/core/Storage.h>
#include <c10/core/SymInt.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/OptionalArrayRef.h>
#include <c10/util/SmallVector.h>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#if __has_include(<ATen/core/Dimname.h>)
#include <ATen/core/Dimname.h>
#endif

#include "shim.h"

namespace tb {

// An optional tensor looked at without counting.
class BorrowedOptional {
public:
  explicit BorrowedOptional(tb_tensor handle) {
    if (handle != nullptr)
      tensor_.emplace(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
          reinterpret_cast<at::TensorImpl*>(handle)));
  }
  ~BorrowedOptional() {
    if (tensor_)
      (void)tensor_->unsafeReleaseTensorImpl();
  }
  BorrowedOptional(const BorrowedOptional&) = delete;
  BorrowedOptional& operator=(const BorrowedOptional&) = delete;

  const std::optional<at::Tensor>& operator*() const { return tensor_; }

private:
  std::optional<at::Tensor> tensor_;
};

// A list of tensors looked at without counting.
class BorrowedList {
public:
  BorrowedList(const tb_tensor* handles, int64_t length) {
    tensors_.reserve(static_cast<size_t>(length));
    for (int64_t i = 0; i < length; ++i)
      tensors_.emplace_back(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
          reinterpret_cast<at::TensorImpl*>(handles[i])));
  }
  ~BorrowedList() {
    for (at::Tensor& tensor : tensors_)
      (void)tensor.unsafeReleaseTensorImpl();
  }
  BorrowedList(const BorrowedList&) = delete;
  BorrowedList& operator=(const BorrowedList&) = delete;

  at::TensorList operator*() const { return tensors_; }

private:
  c10::SmallVector<at::Tensor, 8> tensors_;
};

inline c10::List<std::optional<at::Tensor>> optional_tensors(const tb_tensor* handles, int64_t length) {
  c10::List<std::optional<at::Tensor>> list;
  list.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i)
    list.push_back(handles[i] == nullptr ? std::optional<at::Tensor>() : retain(handles[i]));
  return list;
}

// A number as a tensor that gives way to the other operand's dtype.
inline at::Tensor number(const tb_scalar* scalar) {
  return at::native::wrapped_scalar_tensor(to_scalar(scalar));
}

inline std::optional<at::Scalar> to_optional_scalar(const tb_scalar* scalar) {
  return scalar == nullptr ? std::nullopt : std::optional<at::Scalar>(to_scalar(scalar));
}

inline std::vector<at::Scalar> to_scalars(const tb_scalar* scalars, int64_t length) {
  std::vector<at::Scalar> result;
  result.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i)
    result.push_back(to_scalar(&scalars[i]));
  return result;
}

template <class T> std::optional<T> optional(T value, uint8_t has) {
  return has != 0 ? std::optional<T>(value) : std::nullopt;
}

inline std::optional<c10::SymInt> optional_sym_int(int64_t value, uint8_t has) {
  return has != 0 ? std::optional<c10::SymInt>(value) : std::nullopt;
}

inline std::optional<bool> optional_bool(int32_t value) {
  return value < 0 ? std::nullopt : std::optional<bool>(value != 0);
}

inline c10::DeviceIndex device_index(int64_t index) { return static_cast<c10::DeviceIndex>(index); }

// A list that is required but was not given (length -1) is an empty one.
inline at::IntArrayRef ints(const int64_t* data, int64_t length) {
  return at::IntArrayRef(data, length < 0 ? 0 : static_cast<size_t>(length));
}

inline at::OptionalIntArrayRef optional_ints(const int64_t* data, int64_t length) {
  return length < 0 ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(ints(data, length));
}

inline c10::SymIntArrayRef sym_ints(const int64_t* data, int64_t length) {
  return c10::fromIntArrayRefSlow(ints(data, length));
}

inline at::OptionalSymIntArrayRef optional_sym_ints(const int64_t* data, int64_t length) {
  return length < 0 ? at::OptionalSymIntArrayRef() : at::OptionalSymIntArrayRef(sym_ints(data, length));
}

inline at::ArrayRef<double> doubles(const double* data, int64_t length) {
  return at::ArrayRef<double>(data, length < 0 ? 0 : static_cast<size_t>(length));
}

inline std::optional<at::ArrayRef<double>> optional_doubles(const double* data, int64_t length) {
  return length < 0 ? std::nullopt : std::optional<at::ArrayRef<double>>(doubles(data, length));
}

template <size_t N> std::array<bool, N> bools(const uint8_t* data, int64_t length) {
  std::array<bool, N> result{};
  for (size_t i = 0; i < N && static_cast<int64_t>(i) < length; ++i)
    result[i] = data[i] != 0;
  return result;
}

// The managed side knows numbers of newer libtorchs, and its enums can hold any number: here they would index
// tables.
template <class T> constexpr int32_t count_of();
template <> constexpr int32_t count_of<at::ScalarType>() {
  return static_cast<int32_t>(at::ScalarType::Undefined);
}
template <> constexpr int32_t count_of<at::Layout>() { return static_cast<int32_t>(at::Layout::NumOptions); }
template <> constexpr int32_t count_of<at::MemoryFormat>() {
  return static_cast<int32_t>(at::MemoryFormat::NumOptions);
}
template <> constexpr int32_t count_of<c10::DeviceType>() {
  return static_cast<int32_t>(c10::DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES);
}

[[noreturn]] __attribute__((cold, noinline)) inline void throw_unknown(const char* what, int32_t value) {
  C10_THROW_ERROR(TypeError, std::string("This libtorch has no ") + what + " with the number " +
                                 std::to_string(value) + ".");
}

template <class T> constexpr const char* name_of() {
  if constexpr (std::is_same_v<T, at::ScalarType>)
    return "dtype";
  else if constexpr (std::is_same_v<T, at::Layout>)
    return "layout";
  else if constexpr (std::is_same_v<T, at::MemoryFormat>)
    return "memory format";
  else
    return "device type";
}

template <class T> T enumeration(int32_t value) {
  if (value < 0 || value >= count_of<T>())
    throw_unknown(name_of<T>(), value);
  return static_cast<T>(value);
}

template <class T> std::optional<T> optional_enumeration(int32_t value) {
  return value == -1 ? std::nullopt : std::optional<T>(enumeration<T>(value));
}

inline c10::Device known_device(int32_t type, int32_t index) {
  (void)enumeration<c10::DeviceType>(type);
  return device(type, index);
}

inline std::optional<c10::Device> optional_device(int32_t type, int32_t index) {
  return type == -1 ? std::nullopt : std::optional<c10::Device>(known_device(type, index));
}

inline std::optional<at::Generator> generator(tb_generator handle) {
  if (handle == nullptr)
    return std::nullopt;
  return at::Generator(
      c10::intrusive_ptr<c10::GeneratorImpl>::reclaim_copy(reinterpret_cast<c10::GeneratorImpl*>(handle)));
}

inline c10::Storage storage(tb_storage handle) {
  return c10::Storage(
      c10::intrusive_ptr<c10::StorageImpl>::reclaim_copy(reinterpret_cast<c10::StorageImpl*>(handle)));
}

// Becomes an optional of whatever string view type this libtorch takes.
struct OptionalText {
  const char* data;
  int64_t length;

  template <class T> operator std::optional<T>() const {
    return length < 0 ? std::nullopt : std::optional<T>(std::in_place, data, static_cast<size_t>(length));
  }
};

#if __has_include(<ATen/core/Dimname.h>)
// A null pointer is the wildcard, Python's None.
inline at::Dimname dimname(const char* name) {
  return name == nullptr ? at::Dimname::wildcard() : at::Dimname::fromSymbol(at::Symbol::dimname(name));
}

inline std::vector<at::Dimname> dimnames(const char* const* names, int64_t length) {
  std::vector<at::Dimname> result;
  for (int64_t i = 0; i < length; ++i)
    result.push_back(dimname(names[i]));
  return result;
}

inline std::optional<at::DimnameList> optional_dimnames(const std::vector<at::Dimname>& names,
                                                        int64_t length) {
  return length < 0 ? std::nullopt : std::optional<at::DimnameList>(names);
}
#endif

inline int64_t to_int(const c10::SymInt& value) { return value.guard_int(__FILE__, __LINE__); }

} // namespace tb
