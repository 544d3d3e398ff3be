// What the autograd files of the shim share: nodes, whose ownership moved from std::shared_ptr to
// c10::intrusive_ptr between libtorch's versions, and managed callbacks.
#pragma once

#include "shim.h"

#include <memory>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>
#include <type_traits>

#include "torchbind/autograd.h"

namespace tb {

using torch::autograd::Node;
using torch::autograd::variable_list;

// std::shared_ptr in 2.6, c10::intrusive_ptr later.
using NodePtr = std::decay_t<decltype(std::declval<const at::TensorBase&>().grad_fn())>;
inline constexpr bool nodes_are_shared = std::is_same_v<NodePtr, std::shared_ptr<Node>>;
using WeakNode = std::conditional_t<nodes_are_shared, std::weak_ptr<Node>, c10::weak_intrusive_ptr<Node>>;

// Templates, so that only the branch of this libtorch's pointer is compiled.
template <class T, class Ptr = NodePtr, class... Args> auto make_node(Args&&... args) {
  if constexpr (std::is_same_v<Ptr, std::shared_ptr<Node>>)
    return std::shared_ptr<T>(new T(std::forward<Args>(args)...), [](auto* node) { deleteNode(node); });
  else
    return c10::make_intrusive<T>(std::forward<Args>(args)...);
}

template <class Ptr = WeakNode> Ptr no_node() {
  if constexpr (std::is_same_v<Ptr, std::weak_ptr<Node>>)
    return Ptr();
  else
    return Ptr(NodePtr());
}

struct NodeCell {
  NodePtr node;
};

inline tb_node release_node(const NodePtr& node) {
  return node ? reinterpret_cast<tb_node>(new NodeCell{node}) : nullptr;
}

inline const NodePtr& node_pointer(tb_node handle) { return reinterpret_cast<NodeCell*>(handle)->node; }

inline Node& node(tb_node handle) { return *node_pointer(handle); }

// The handle of a tensor that the callee only looks at; null for an undefined one.
inline tb_tensor borrow(const at::TensorBase& tensor) {
  return tensor.defined() ? reinterpret_cast<tb_tensor>(tensor.unsafeGetTensorImpl()) : nullptr;
}

inline std::vector<tb_tensor> borrow(const variable_list& tensors) {
  std::vector<tb_tensor> handles;
  handles.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors)
    handles.push_back(borrow(tensor));
  return handles;
}

// Takes over an owned handle.
inline at::Tensor adopt(tb_tensor handle) {
  return handle == nullptr ? at::Tensor()
                           : at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
                                 reinterpret_cast<at::TensorImpl*>(handle)));
}

inline variable_list adopt(const std::vector<tb_tensor>& handles) {
  variable_list tensors;
  tensors.reserve(handles.size());
  for (tb_tensor handle : handles)
    tensors.push_back(adopt(handle));
  return tensors;
}

// A managed delegate behind a native function pointer. The last copy tells the managed side that it is gone.
template <class Call> struct Callback {
  Callback(Call call, void* context, std::string name = {})
      : call(call), context(context), name(std::move(name)) {}
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() {
    if (destroy != nullptr)
      destroy(context);
  }

  Call call;
  void* context;
  std::string name;
  // Set when registration has succeeded: only then is the context ours to free.
  void (*destroy)(void*) = nullptr;
};

} // namespace tb
