// Tensors of other libraries (DLPack), memory that processes share, and the names of dimensions.
#include "torchbind/bridge.h"
#include "shim.h"
#include "version.h"

#include <ATen/DLConvertor.h>
#include <ATen/MapAllocator.h>
#include <ATen/StorageUtils.h>

#if __has_include(<ATen/NamedTensorUtils.h>)
#include <ATen/NamedTensorUtils.h>
#define TB_HAS_NAMES 1
#endif

namespace {

// The structs of DLPack 1.x, spelled out: the headers of the older libtorch versions have only those of 0.x.
struct PackVersion {
  uint32_t major;
  uint32_t minor;
};

struct VersionedTensor {
  PackVersion version;
  void* manager_ctx;
  void (*deleter)(VersionedTensor*);
  uint64_t flags;
  DLTensor dl_tensor;
};

constexpr uint32_t kPackMajor = 1;

// libtorch before 2.8 knows the struct of 0.x alone: one is wrapped in the other.
void delete_wrapped(VersionedTensor* self) {
  auto* inner = static_cast<DLManagedTensor*>(self->manager_ctx);
  if (inner->deleter != nullptr)
    inner->deleter(inner);
  delete self;
}

VersionedTensor* wrap(DLManagedTensor* inner) {
  return new VersionedTensor{{kPackMajor, 0}, inner, delete_wrapped, 0, inner->dl_tensor};
}

void delete_unwrapped(DLManagedTensor* self) {
  auto* outer = static_cast<VersionedTensor*>(self->manager_ctx);
  if (outer->deleter != nullptr)
    outer->deleter(outer);
  delete self;
}

void check_exportable(const at::Tensor& tensor) {
  TORCH_CHECK(!tensor.requires_grad(), "a tensor that requires a gradient cannot be exported; use Detach()");
  TORCH_CHECK(!tensor.is_conj(), "a tensor with a pending conjugation cannot be exported; use ResolveConj()");
  TORCH_CHECK(!tensor.is_neg(), "a tensor with a pending negation cannot be exported; use ResolveNeg()");
  TORCH_CHECK(tensor.layout() == at::kStrided, "a tensor of layout ", tensor.layout(),
              " cannot be exported; use ToDense()");
}

} // namespace

tb_status tb_dlpack_export(tb_tensor self, uint8_t versioned, void** result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    check_exportable(*tensor);
    DLManagedTensor* managed = at::toDLPack(*tensor);
    *result = versioned != 0 ? static_cast<void*>(wrap(managed)) : managed;
  });
}

tb_status tb_dlpack_import(void* managed, uint8_t versioned, tb_tensor* result) {
  return tb::guard([&] {
    if (versioned == 0) {
      *result = tb::release(at::fromDLPack(static_cast<DLManagedTensor*>(managed)));
      return;
    }
    auto* outer = static_cast<VersionedTensor*>(managed);
    TORCH_CHECK_VALUE(outer->version.major <= kPackMajor, "the tensor comes in DLPack ", outer->version.major,
                      ".", outer->version.minor, "; versions up to ", kPackMajor, " are known");
    auto* inner = new DLManagedTensor{outer->dl_tensor, outer, delete_unwrapped};
    try {
      *result = tb::release(at::fromDLPack(inner));
    } catch (...) {
      delete inner; // the caller keeps what it gave
      throw;
    }
  });
}

void tb_dlpack_free(void* managed, uint8_t versioned) {
  if (managed == nullptr)
    return;
  if (versioned != 0) {
    auto* tensor = static_cast<VersionedTensor*>(managed);
    if (tensor->deleter != nullptr)
      tensor->deleter(tensor);
  } else {
    auto* tensor = static_cast<DLManagedTensor*>(managed);
    if (tensor->deleter != nullptr)
      tensor->deleter(tensor);
  }
}

tb_status tb_tensor_share_memory(tb_tensor self) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    at::share_memory_(const_cast<at::Tensor&>(*tensor));
  });
}

tb_status tb_tensor_is_shared(tb_tensor self, uint8_t* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    // Memory of a GPU counts as shared, as in Python.
    *result =
        tensor->is_cuda() || at::MapAllocator::fromDataPtr(tensor->storage().data_ptr()) != nullptr ? 1 : 0;
  });
}

tb_status tb_tensor_names(tb_tensor self, char** names, int64_t capacity, int64_t* count) {
  return tb::guard([&] {
    *count = 0;
#ifdef TB_HAS_NAMES
    tb::Borrowed tensor(self);
    if (!tensor->has_names())
      return;
    const auto dimnames = tensor->names();
    for (size_t i = 0; i < dimnames.size() && static_cast<int64_t>(i) < capacity; ++i)
      names[i] = dimnames[i].isWildcard() ? nullptr : tb::copy_string(dimnames[i].symbol().toUnqualString());
    *count = static_cast<int64_t>(dimnames.size());
#else
    (void)self;
    (void)names;
    (void)capacity;
#endif
  });
}
