// Handles, metadata, raw data, indexing and storages of tensors.
#define AT_PER_OPERATOR_HEADERS
#include "torchbind/tensor.h"
#include "shim.h"

#include <ATen/EmptyTensor.h>
#include <ATen/TensorIndexing.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/item.h>
#include <c10/core/GradMode.h>
#include <cstring>
#include <limits>
#include <torch/csrc/autograd/variable.h>

namespace {

at::TensorImpl& impl(tb_tensor handle) { return *reinterpret_cast<at::TensorImpl*>(handle); }

int64_t copy_dims(at::IntArrayRef values, int64_t* destination, int64_t capacity) {
  const auto count = static_cast<int64_t>(values.size());
  for (int64_t i = 0; i < count && i < capacity; ++i)
    destination[i] = values[i];
  return count;
}

at::indexing::TensorIndex to_index(const tb_index& index) {
  using namespace at::indexing;
  constexpr int64_t absent = std::numeric_limits<int64_t>::min();
  switch (index.kind) {
  case 0:
    return TensorIndex(std::nullopt);
  case 1:
    return TensorIndex(Ellipsis);
  case 2:
    return TensorIndex(index.a);
  case 3:
    return TensorIndex(index.a != 0);
  case 4: {
    const auto part = [](int64_t value) {
      return value == absent ? std::optional<c10::SymInt>() : std::optional<c10::SymInt>(value);
    };
    TORCH_CHECK_VALUE(index.c > 0, "a slice's step is greater than zero, got ", index.c);
    return TensorIndex(Slice(part(index.a), part(index.b), c10::SymInt(index.c)));
  }
  default:
    return TensorIndex(tb::retain(index.tensor));
  }
}

std::vector<at::indexing::TensorIndex> to_indices(const tb_index* indices, int64_t length) {
  std::vector<at::indexing::TensorIndex> result;
  result.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i)
    result.push_back(to_index(indices[i]));
  return result;
}

class BorrowedStorage {
public:
  explicit BorrowedStorage(tb_storage handle)
      : storage_(c10::intrusive_ptr<c10::StorageImpl>::reclaim(reinterpret_cast<c10::StorageImpl*>(handle))) {
  }
  ~BorrowedStorage() { (void)storage_.unsafeReleaseStorageImpl(); }
  BorrowedStorage(const BorrowedStorage&) = delete;
  BorrowedStorage& operator=(const BorrowedStorage&) = delete;
  c10::Storage* operator->() { return &storage_; }

private:
  c10::Storage storage_;
};

} // namespace

void tb_tensor_free(tb_tensor self) {
  if (self != nullptr)
    c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(&impl(self)).reset();
}

void tb_tensor_free_many(const tb_tensor* handles, int64_t length) {
  for (int64_t i = 0; i < length; ++i)
    tb_tensor_free(handles[i]);
}

tb_tensor tb_tensor_retain(tb_tensor self) { return tb::release(tb::retain(self)); }

int64_t tb_tensor_use_count(tb_tensor self) { return static_cast<int64_t>(tb::Borrowed(self)->use_count()); }

int64_t tb_tensor_dim(tb_tensor self) {
  try {
    return impl(self).dim();
  } catch (...) {
    return -1;
  }
}

int64_t tb_tensor_numel(tb_tensor self) {
  try {
    return impl(self).numel();
  } catch (...) {
    return -1;
  }
}

int32_t tb_tensor_dtype(tb_tensor self) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(impl(self).dtype()));
}

int32_t tb_tensor_layout(tb_tensor self) { return static_cast<int32_t>(tb::Borrowed(self)->layout()); }

int64_t tb_tensor_device(tb_tensor self) { return tb::pack_device(impl(self).device()); }

int64_t tb_tensor_sizes(tb_tensor self, int64_t* sizes, int64_t capacity) {
  try {
    return copy_dims(impl(self).sizes(), sizes, capacity);
  } catch (...) {
    return -1;
  }
}

int64_t tb_tensor_strides(tb_tensor self, int64_t* strides, int64_t capacity) {
  try {
    return copy_dims(impl(self).strides(), strides, capacity);
  } catch (...) {
    return -1;
  }
}

int32_t tb_tensor_flags(tb_tensor self) {
  int32_t flags = 0;
  const auto set = [&](int32_t bit, auto&& test) {
    try {
      if (test())
        flags |= bit;
    } catch (...) { // a kind of tensor that has no answer: the bit stays 0
    }
  };
  tb::Borrowed tensor(self);
  set(1, [&] { return tensor->requires_grad(); });
  set(2, [&] { return tensor->is_leaf(); });
  if (tensor->layout() == at::kStrided && !tensor->is_nested())
    set(4, [&] { return tensor->is_contiguous(); });
  set(8, [&] { return tensor->is_conj(); });
  set(16, [&] { return tensor->is_neg(); });
  set(32, [&] { return tensor->has_storage(); });
  set(64, [&] { return tensor->is_inference(); });
  set(128, [&] { return tensor->is_quantized(); });
  set(256, [&] { return tensor->is_nested(); });
  set(512, [&] { return !tensor->is_inference() && tensor->is_view(); });
  set(1024, [&] { return tensor->is_sparse(); });
  set(2048, [&] { return tensor->is_meta(); });
  set(4096, [&] { return tensor->requires_grad() && !tensor->is_leaf(); });
  return flags;
}

tb_status tb_tensor_sizes_checked(tb_tensor self, int64_t* sizes, int64_t capacity, int64_t* dim) {
  return tb::guard([&] { *dim = copy_dims(impl(self).sizes(), sizes, capacity); });
}

tb_status tb_tensor_strides_checked(tb_tensor self, int64_t* strides, int64_t capacity, int64_t* dim) {
  return tb::guard([&] { *dim = copy_dims(impl(self).strides(), strides, capacity); });
}

tb_status tb_tensor_numel_checked(tb_tensor self, int64_t* numel) {
  return tb::guard([&] { *numel = impl(self).numel(); });
}

tb_status tb_tensor_storage_offset(tb_tensor self, int64_t* offset) {
  return tb::guard([&] { *offset = tb::Borrowed(self)->storage_offset(); });
}

tb_status tb_tensor_data_ptr(tb_tensor self, void** data) {
  return tb::guard([&] { *data = tb::Borrowed(self)->data_ptr(); });
}

tb_status tb_tensor_is_contiguous(tb_tensor self, int32_t memory_format, uint8_t* result) {
  return tb::guard([&] {
    *result = tb::Borrowed(self)->is_contiguous(static_cast<at::MemoryFormat>(memory_format)) ? 1 : 0;
  });
}

tb_status tb_tensor_version(tb_tensor self, int64_t* version) {
  return tb::guard([&] { *version = tb::Borrowed(self)->_version(); });
}

tb_status tb_tensor_item(tb_tensor self, tb_scalar* result) {
  return tb::guard([&] { *result = tb::from_scalar(at::_ops::item::call(*tb::Borrowed(self))); });
}

tb_status tb_tensor_from_blob(void* data, const int64_t* sizes, int64_t dim, const int64_t* strides,
                              int32_t dtype, int32_t device_type, int32_t device_index,
                              void (*destroy)(void*), void* context, tb_tensor* result) {
  return tb::guard([&] {
    const at::IntArrayRef shape(sizes, static_cast<size_t>(dim));
    const c10::Device device = tb::device(device_type, device_index);
    auto maker = at::for_blob(data, shape);
    if (strides != nullptr)
      maker.strides(at::IntArrayRef(strides, static_cast<size_t>(dim)));
    if (destroy != nullptr)
      maker.context(context, destroy);
    *result =
        tb::release(maker.target_device(device)
                        .options(at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device))
                        .make_tensor());
  });
}

tb_status tb_tensor_from_bytes(const void* data, int64_t bytes, const int64_t* sizes, int64_t dim,
                               int32_t dtype, tb_tensor* result) {
  return tb::guard([&] {
    at::Tensor tensor(at::detail::empty_cpu(at::IntArrayRef(sizes, static_cast<size_t>(dim)),
                                            static_cast<at::ScalarType>(dtype)));
    TORCH_CHECK_VALUE(static_cast<int64_t>(tensor.nbytes()) == bytes, "a tensor of shape ", tensor.sizes(),
                      " takes ", tensor.nbytes(), " bytes, got ", bytes);
    if (bytes != 0)
      std::memcpy(tensor.mutable_data_ptr(), data, static_cast<size_t>(bytes));
    *result = tb::release(std::move(tensor));
  });
}

tb_status tb_tensor_empty_cpu(const int64_t* sizes, int64_t dim, int32_t dtype, tb_tensor* result,
                              void** data) {
  return tb::guard([&] {
    at::Tensor tensor(at::detail::empty_cpu(at::IntArrayRef(sizes, static_cast<size_t>(dim)),
                                            static_cast<at::ScalarType>(dtype)));
    *data = tensor.mutable_data_ptr();
    *result = tb::release(std::move(tensor));
  });
}

tb_status tb_tensor_copy_to(tb_tensor self, void* data, int64_t bytes) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    TORCH_CHECK_VALUE(static_cast<int64_t>(tensor->numel() * tensor->element_size()) == bytes,
                      "the tensor holds ", tensor->numel() * tensor->element_size(),
                      " bytes, the destination has ", bytes);
    if (bytes == 0)
      return;
    if (tensor->device().is_cpu() && tensor->layout() == at::kStrided && tensor->is_contiguous() &&
        !tensor->is_conj() && !tensor->is_neg() && !tensor->_is_zerotensor()) {
      std::memcpy(data, tensor->const_data_ptr(), static_cast<size_t>(bytes));
      return;
    }
    at::NoGradGuard no_grad;
    at::Tensor source = tensor->detach();
    if (source.layout() != at::kStrided)
      source = source.to_dense();
    if (source.is_quantized())
      source = source.int_repr();
    // The kernels want elements at multiples of their size; memory of another kind may not have them there.
    if (reinterpret_cast<uintptr_t>(data) % source.element_size() != 0) {
      at::Tensor aligned = at::empty(source.sizes(), source.options().device(at::kCPU));
      aligned.copy_(source);
      std::memcpy(data, aligned.const_data_ptr(), static_cast<size_t>(bytes));
      return;
    }
    at::Tensor destination =
        at::from_blob(data, source.sizes(), at::TensorOptions().dtype(source.scalar_type()).device(at::kCPU));
    destination.copy_(source);
  });
}

tb_status tb_tensor_requires_grad_set(tb_tensor self, uint8_t value) {
  return tb::guard([&] { tb::Borrowed(self)->requires_grad_(value != 0); });
}

tb_status tb_tensor_grad(tb_tensor self, tb_tensor* grad) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    // Straight from the metadata: TensorBase::grad warns for a tensor that is no leaf.
    at::Tensor value = impl(self).grad();
    *grad = tb::release(std::move(value));
  });
}

tb_status tb_tensor_grad_set(tb_tensor self, tb_tensor grad) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    if (grad == nullptr) {
      tensor->mutable_grad().reset();
      return;
    }
    tb::Borrowed value(grad);
    TORCH_CHECK(self != grad, "a tensor cannot be its own gradient");
    TORCH_CHECK_TYPE(value->scalar_type() == tensor->scalar_type(), "the gradient of a tensor of ",
                     tensor->scalar_type(), " has its dtype, got ", value->scalar_type());
    TORCH_CHECK(value->device().type() == tensor->device().type(), "the gradient of a tensor on ",
                tensor->device(), " is on its device, got ", value->device());
    TORCH_CHECK(value->is_nested() || value->sym_sizes().equals(tensor->sym_sizes()),
                "the gradient of a tensor of shape ", tensor->sizes(), " has its shape, got ",
                value->sizes());
    tensor->mutable_grad() = *value;
  });
}

tb_status tb_tensor_data(tb_tensor self, tb_tensor* result) {
  return tb::guard([&] { *result = tb::release(tb::Borrowed(self)->variable_data()); });
}

tb_status tb_tensor_data_set(tb_tensor self, tb_tensor data) {
  return tb::guard([&] { tb::Borrowed(self)->set_data(*tb::Borrowed(data)); });
}

tb_status tb_tensor_output_nr(tb_tensor self, int64_t* result) {
  return tb::guard([&] { *result = tb::Borrowed(self)->output_nr(); });
}

tb_status tb_tensor_index(tb_tensor self, const tb_index* indices, int64_t length, tb_tensor* result) {
  return tb::guard([&] {
    *result = tb::release(at::indexing::get_item(*tb::Borrowed(self), to_indices(indices, length)));
  });
}

tb_status tb_tensor_index_put(tb_tensor self, const tb_index* indices, int64_t length, tb_tensor value) {
  return tb::guard([&] {
    at::indexing::set_item(*tb::Borrowed(self), to_indices(indices, length), *tb::Borrowed(value));
  });
}

tb_status tb_tensor_index_put_scalar(tb_tensor self, const tb_index* indices, int64_t length,
                                     const tb_scalar* value) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    at::indexing::set_item(
        *tensor, to_indices(indices, length),
        at::indexing::scalarToTensor(tb::to_scalar(value), tensor->options(), tensor->device()));
  });
}

void tb_storage_free(tb_storage self) {
  if (self != nullptr)
    c10::intrusive_ptr<c10::StorageImpl>::reclaim(reinterpret_cast<c10::StorageImpl*>(self)).reset();
}

tb_status tb_tensor_storage(tb_tensor self, tb_storage* result) {
  return tb::guard([&] {
    c10::Storage storage = tb::Borrowed(self)->storage();
    *result = reinterpret_cast<tb_storage>(storage.unsafeReleaseStorageImpl());
  });
}

tb_status tb_tensor_storage_id(tb_tensor self, int64_t* id) {
  return tb::guard(
      [&] { *id = reinterpret_cast<int64_t>(tb::Borrowed(self)->storage().unsafeGetStorageImpl()); });
}

tb_status tb_storage_nbytes(tb_storage self, int64_t* result) {
  return tb::guard([&] { *result = static_cast<int64_t>(BorrowedStorage(self)->nbytes()); });
}

tb_status tb_storage_data_ptr(tb_storage self, void** data) {
  return tb::guard([&] { *data = BorrowedStorage(self)->mutable_data(); });
}

int64_t tb_storage_use_count(tb_storage self) {
  return static_cast<int64_t>(BorrowedStorage(self)->use_count());
}
