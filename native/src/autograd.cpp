// Backward passes, modes per thread, graph nodes, hooks.
#include "torchbind/autograd.h"
#include "shim.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <memory>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace {

// std::shared_ptr in 2.6, c10::intrusive_ptr later.
using NodePtr = std::decay_t<decltype(std::declval<const at::TensorBase&>().grad_fn())>;

struct NodeCell {
  NodePtr node;
};

tb_node release(const NodePtr& node) {
  return node ? reinterpret_cast<tb_node>(new NodeCell{node}) : nullptr;
}

torch::autograd::Node& node(tb_node handle) { return *reinterpret_cast<NodeCell*>(handle)->node; }

// A managed delegate behind a native hook. Copies of the std::function share it; the last one tells the
// managed side.
struct Callback {
  tb_tensor_hook call;
  void (*destroy)(void*);
  void* context;
  ~Callback() {
    if (destroy != nullptr)
      destroy(context);
  }
  at::Tensor operator()(const at::TensorBase& grad) const {
    tb_tensor replacement = nullptr;
    const auto borrowed = reinterpret_cast<tb_tensor>(grad.unsafeGetTensorImpl());
    if (call(context, grad.defined() ? borrowed : nullptr, &replacement) != TB_OK)
      tb::throw_callback_error();
    if (replacement == nullptr)
      return at::Tensor();
    return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
        reinterpret_cast<at::TensorImpl*>(replacement)));
  }
};

struct PostAccumulateHook : torch::autograd::PostAccumulateGradHook {
  explicit PostAccumulateHook(std::shared_ptr<Callback> callback) : callback(std::move(callback)) {}
  void operator()(const at::Tensor& tensor) override { (*callback)(tensor); }
  std::shared_ptr<Callback> callback;
};

} // namespace

uint8_t tb_autograd_grad_mode(void) { return c10::GradMode::is_enabled() ? 1 : 0; }

uint8_t tb_autograd_grad_mode_set(uint8_t enabled) {
  const uint8_t previous = tb_autograd_grad_mode();
  c10::GradMode::set_enabled(enabled != 0);
  return previous;
}

uint8_t tb_autograd_inference_mode(void) { return c10::InferenceMode::is_enabled() ? 1 : 0; }

tb_status tb_autograd_inference_mode_enter(uint8_t enabled, void** guard) {
  return tb::guard([&] { *guard = new c10::InferenceMode(enabled != 0); });
}

void tb_autograd_inference_mode_exit(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

tb_status tb_autograd_backward(const tb_tensor* tensors, const tb_tensor* grads, int64_t length,
                               uint8_t retain_graph, uint8_t create_graph, const tb_tensor* inputs,
                               int64_t input_length) {
  return tb::guard([&] {
    torch::autograd::backward(tb::tensors(tensors, length), tb::tensors(grads, grads == nullptr ? 0 : length),
                              retain_graph != 0, create_graph != 0, tb::tensors(inputs, input_length));
  });
}

tb_status tb_autograd_grad(const tb_tensor* outputs, const tb_tensor* grads, int64_t length,
                           const tb_tensor* inputs, int64_t input_length, uint8_t retain_graph,
                           uint8_t create_graph, uint8_t allow_unused, tb_tensor* results) {
  return tb::guard([&] {
    auto gradients = torch::autograd::grad(tb::tensors(outputs, length), tb::tensors(inputs, input_length),
                                           tb::tensors(grads, grads == nullptr ? 0 : length),
                                           retain_graph != 0, create_graph != 0, allow_unused != 0);
    for (size_t i = 0; i < gradients.size(); ++i)
      results[i] = tb::release(std::move(gradients[i]));
  });
}

tb_status tb_tensor_grad_fn(tb_tensor self, tb_node* result) {
  return tb::guard([&] { *result = release(tb::Borrowed(self)->grad_fn()); });
}

void tb_node_free(tb_node self) { delete reinterpret_cast<NodeCell*>(self); }

tb_status tb_node_name(tb_node self, char** name) {
  return tb::guard([&] { *name = tb::copy_string(node(self).name()); });
}

tb_status tb_node_next_count(tb_node self, int64_t* count) {
  return tb::guard([&] { *count = static_cast<int64_t>(node(self).num_outputs()); });
}

tb_status tb_node_next(tb_node self, int64_t index, tb_node* result, int64_t* input_nr) {
  return tb::guard([&] {
    const auto& edge = node(self).next_edge(static_cast<size_t>(index));
    *result = release(edge.function);
    *input_nr = edge.input_nr;
  });
}

tb_status tb_node_id(tb_node self, int64_t* id) {
  return tb::guard([&] { *id = reinterpret_cast<int64_t>(&node(self)); });
}

tb_status tb_node_sequence_nr(tb_node self, int64_t* result) {
  return tb::guard([&] { *result = static_cast<int64_t>(node(self).sequence_nr()); });
}

tb_status tb_tensor_register_hook(tb_tensor self, tb_tensor_hook call, void (*destroy)(void*), void* context,
                                  int64_t* key) {
  auto callback = std::make_shared<Callback>(Callback{call, nullptr, context});
  return tb::guard([&] {
    *key =
        tb::Borrowed(self)->register_hook([callback](const at::Tensor& grad) { return (*callback)(grad); });
    callback->destroy = destroy; // only now is it ours to call
  });
}

tb_status tb_tensor_remove_hook(tb_tensor self, int64_t key) {
  return tb::guard([&] { tb::Borrowed(self)->remove_hook(static_cast<unsigned>(key)); });
}

tb_status tb_tensor_register_post_accumulate_grad_hook(tb_tensor self, tb_tensor_hook call,
                                                       void (*destroy)(void*), void* context) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    TORCH_CHECK(tensor->requires_grad() && tensor->is_leaf(),
                "a post-accumulate hook goes on a leaf tensor that requires a gradient");
    auto callback = std::make_shared<Callback>(Callback{call, nullptr, context});
    torch::autograd::impl::set_post_acc_grad_hooks(*tensor, std::make_unique<PostAccumulateHook>(callback));
    callback->destroy = destroy;
  });
}
