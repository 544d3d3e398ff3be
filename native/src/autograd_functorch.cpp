// Function transforms, on libtorch's own machinery: what Python's bindings of it do.
#include "autograd_support.h"
#include "torchbind/functorch.h"

#include <ATen/FuncTorchTLS.h>
#include <ATen/LegacyVmapMode.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>
#include <ATen/functorch/TensorWrapper.h>
#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>

namespace {

namespace ft = at::functorch;

void leave(ft::TransformType expected) {
  const ft::DynamicLayer layer = ft::popDynamicLayerAndDeleteMetadata();
  TORCH_INTERNAL_ASSERT(layer.key() == expected, "levels of function transforms end innermost first");
}

at::Tensor move_dim(const at::Tensor& tensor, int64_t from, int64_t to) {
  const int64_t dims = tensor.dim();
  from = at::maybe_wrap_dim(from, dims);
  to = at::maybe_wrap_dim(to, dims);
  if (from == to)
    return tensor;
  std::vector<int64_t> order;
  order.reserve(static_cast<size_t>(dims));
  for (int64_t dim = 0; dim < dims; ++dim) {
    if (dim != from)
      order.push_back(dim);
  }
  order.insert(order.begin() + to, from);
  return tensor.permute(order);
}

struct SuspendedLevels {
  c10::impl::ExcludeDispatchKeyGuard front{c10::DispatchKey::FuncTorchDynamicLayerFrontMode};
  c10::impl::ExcludeDispatchKeyGuard back{c10::DispatchKey::FuncTorchDynamicLayerBackMode};
};

class InplaceRequiresGrad {
public:
  InplaceRequiresGrad() { ft::setInplaceRequiresGradAllowed(true); }
  ~InplaceRequiresGrad() { ft::setInplaceRequiresGradAllowed(previous_); }
  InplaceRequiresGrad(const InplaceRequiresGrad&) = delete;
  InplaceRequiresGrad& operator=(const InplaceRequiresGrad&) = delete;

private:
  bool previous_ = ft::getInplaceRequiresGradAllowed();
};

} // namespace

tb_status tb_func_grad_enter(int64_t* level) {
  return tb::guard([&] {
    *level = ft::initAndPushDynamicLayer(ft::TransformType::Grad, {}, {}, c10::GradMode::is_enabled());
  });
}

tb_status tb_func_grad_exit(void) {
  return tb::guard([] { leave(ft::TransformType::Grad); });
}

tb_status tb_func_jvp_enter(int64_t* level) {
  return tb::guard([&] {
    const bool forward_mode = c10::AutogradState::get_tls_state().get_fw_grad_mode();
    *level = ft::initAndPushDynamicLayer(ft::TransformType::Jvp, {}, {}, {}, forward_mode);
  });
}

tb_status tb_func_jvp_exit(void) {
  return tb::guard([] { leave(ft::TransformType::Jvp); });
}

tb_status tb_func_vmap_enter(int64_t batch_size, int32_t randomness, int64_t* level) {
  return tb::guard([&] {
    *level = ft::initAndPushDynamicLayer(ft::TransformType::Vmap, c10::SymInt(batch_size),
                                         static_cast<ft::RandomnessType>(randomness));
  });
}

tb_status tb_func_vmap_exit(void) {
  return tb::guard([] { leave(ft::TransformType::Vmap); });
}

tb_status tb_func_top(tb_func_layer* layer) {
  return tb::guard([&] {
    *layer = {};
    const auto top = ft::maybeCurrentDynamicLayer();
    if (!top)
      return;
    layer->level = top->layerId();
    switch (top->key()) {
    case ft::TransformType::Vmap:
      layer->kind = 1;
      layer->randomness = static_cast<int32_t>(top->randomness());
      layer->batch_size = top->batchSize().guard_int(__FILE__, __LINE__);
      break;
    case ft::TransformType::Grad:
      layer->kind = 2;
      break;
    case ft::TransformType::Jvp:
      layer->kind = 3;
      break;
    default:
      layer->kind = 4;
      break;
    }
  });
}

tb_status tb_vmap_mode_enter(int64_t* level) {
  return tb::guard([&] { *level = at::impl::VmapMode::increment_nesting(); });
}

tb_status tb_vmap_mode_exit(void) {
  return tb::guard([] { at::impl::VmapMode::decrement_nesting(); });
}

tb_status tb_func_wrap_for_grad(tb_tensor self, int64_t level, tb_tensor* result) {
  return tb::guard([&] { *result = tb::release(ft::makeTensorWrapper(*tb::Borrowed(self), level)); });
}

tb_status tb_func_unwrap_for_grad(tb_tensor self, int64_t level, tb_tensor* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    const auto* wrapper = ft::maybeGetTensorWrapper(*tensor);
    const bool here = wrapper != nullptr && wrapper->level() == level;
    *result = tb::release(at::Tensor(here ? wrapper->value() : *tensor));
  });
}

tb_status tb_func_check_requires_grad(void) {
  return tb::guard([] {
    if (const auto& state = ft::functorchTLSAccessor())
      state->checkSupportsInplaceRequiresGrad();
  });
}

tb_status tb_func_require_grad(tb_tensor self) {
  return tb::guard([&] {
    const InplaceRequiresGrad allowed;
    tb::Borrowed(self)->requires_grad_(true);
  });
}

tb_status tb_func_add_batch_dim(tb_tensor self, int64_t dim, int64_t level, tb_tensor* result) {
  return tb::guard([&] { *result = tb::release(ft::addBatchDim(*tb::Borrowed(self), dim, level)); });
}

tb_status tb_func_remove_batch_dim(tb_tensor self, int64_t level, int64_t batch_size, int64_t dim,
                                   tb_tensor* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    const auto* batched = ft::maybeGetBatchedImpl(*tensor);
    if (batched == nullptr || batched->level() < level) {
      // It met no tensor of the level: every entry of the batch is the same.
      auto sizes = tensor->sizes().vec();
      sizes.insert(sizes.begin() + at::maybe_wrap_dim(dim, static_cast<int64_t>(sizes.size()) + 1),
                   batch_size);
      *result = tb::release(tensor->expand(sizes));
      return;
    }
    TORCH_INTERNAL_ASSERT(batched->level() == level, "a batched tensor of an inner level has escaped");
    *result = tb::release(move_dim(batched->value(), batched->bdim(), dim));
  });
}

tb_status tb_func_unwrap_batched(tb_tensor self, int64_t level, tb_tensor* result, int64_t* dim) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    const auto* batched = ft::maybeGetBatchedImpl(*tensor);
    const bool here = batched != nullptr && batched->level() == level;
    *dim = here ? batched->bdim() : -1;
    *result = tb::release(at::Tensor(here ? batched->value() : *tensor));
  });
}

tb_status tb_func_kind(tb_tensor self, int32_t* kind) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    *kind = (ft::isBatchedTensor(*tensor) ? 1 : 0) | (ft::maybeGetTensorWrapper(*tensor) != nullptr ? 2 : 0);
  });
}

tb_status tb_func_unwrap(tb_tensor self, int64_t* level, int64_t* batch_dim, tb_tensor* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    *batch_dim = -1;
    *result = nullptr;
    if (const auto* batched = ft::maybeGetBatchedImpl(*tensor)) {
      *level = batched->level();
      *batch_dim = batched->bdim();
      *result = tb::release(at::Tensor(batched->value()));
    } else if (const auto* wrapper = ft::maybeGetTensorWrapper(*tensor)) {
      *level = wrapper->level().value_or(-1);
      *result = tb::release(at::Tensor(wrapper->value()));
    }
  });
}

tb_status tb_func_suspend(void** guard) {
  return tb::guard([&] { *guard = new SuspendedLevels(); });
}

void tb_func_resume(void* guard) { delete static_cast<SuspendedLevels*>(guard); }
