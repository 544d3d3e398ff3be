// Custom functions: nodes of the graph whose formulas are managed.
#include "autograd_support.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>
#include <mutex>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable_info.h>

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::VariableInfo;
using Saved = std::vector<SavedVariable>;

// What the node and the managed context share. The node owns the managed side (through `context`), which
// holds this through a cell: no cycle, because from here the node is only looked at.
struct FunctionState {
  FunctionState(std::string name, const tb_function_calls& calls, void* context)
      : name(std::move(name)), calls(calls), context(context) {}

  std::string name;
  tb_function_calls calls;
  void* context;
  tb::WeakNode node = tb::no_node();
  std::vector<VariableInfo> outputs;
  bool materialize_grads = true;

  // Null once freed. The engine frees while the managed side may read.
  std::shared_ptr<Saved> saved() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return saved_;
  }

  void save(std::shared_ptr<Saved> saved) {
    const std::lock_guard<std::mutex> lock(mutex_);
    saved_.swap(saved);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<Saved> saved_ = std::make_shared<Saved>();
};

template <class T> auto release_base(T& node, int) -> decltype(node.tb::Node::release_resources()) {
  return node.tb::Node::release_resources();
}
template <class T> void release_base(T&, long) {}

struct ManagedNode final : tb::Node {
  explicit ManagedNode(std::shared_ptr<FunctionState> state) : state(std::move(state)) {}
  ~ManagedNode() override { destroy(); }

  // Where nodes are intrusive this overrides: the destructor waits for weak references, this does not.
  void release_resources() {
    release_base(*this, 0);
    destroy();
  }

  tb::variable_list apply(tb::variable_list&& grads) override {
    at::OptionalDeviceGuard guard;
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined() && state->materialize_grads)
        grads[i] = state->outputs[i].zeros(guard);
    }
    const std::vector<tb_tensor> handles = tb::borrow(grads);
    std::vector<tb_tensor> results(num_outputs(), nullptr);
    if (state->calls.backward(state->context, handles.data(), static_cast<int64_t>(handles.size()),
                              results.data(), static_cast<int64_t>(results.size())) != TB_OK)
      tb::throw_callback_error();
    return tb::adopt(results);
  }

  void release_variables() override { state->save(nullptr); }

  std::string name() const override { return state->name; }

  void destroy() {
    if (destroyed)
      return;
    destroyed = true;
    state->save(nullptr);
    if (owned)
      state->calls.destroy(state->context);
  }

  std::shared_ptr<FunctionState> state;
  bool owned = false; // set when tb_function_begin has succeeded
  bool destroyed = false;
};

struct FunctionCell {
  std::shared_ptr<FunctionState> state;
  tb::NodePtr node; // until the forward is over
  tb::variable_list inputs;
  bool recorded;
};

FunctionCell& cell(tb_function handle) { return *reinterpret_cast<FunctionCell*>(handle); }

using Impls = std::unordered_set<at::TensorImpl*>;
using Optionals = std::vector<std::optional<at::Tensor>>;
using Jvp = torch::autograd::_jvp_fn_t;
using ViewAsSelf = torch::autograd::_view_as_self_fn_t;

// The arguments of libtorch's function grew: 2.14 tells the node that became the outputs' history, others
// before it have the flag for pure views only, 2.6 has neither.
template <class Inputs, class N>
auto wrap(const Inputs& inputs, const Impls& fixed, const Impls& dirty, const Optionals& outputs,
          const N& node, const Jvp& jvp, const ViewAsSelf& view, N& attached, int)
    -> decltype(torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view, false,
                                               attached)) {
  return torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view, false, attached);
}
template <class Inputs, class N>
auto wrap(const Inputs& inputs, const Impls& fixed, const Impls& dirty, const Optionals& outputs,
          const N& node, const Jvp& jvp, const ViewAsSelf& view, N&, long)
    -> decltype(torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view, false)) {
  return torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view, false);
}
template <class Inputs, class N>
auto wrap(const Inputs& inputs, const Impls& fixed, const Impls& dirty, const Optionals& outputs,
          const N& node, const Jvp& jvp, const ViewAsSelf& view, N&, ...)
    -> decltype(torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view)) {
  return torch::autograd::_wrap_outputs(inputs, fixed, dirty, outputs, node, jvp, {}, view);
}

Impls impls(const tb_tensor* handles, int64_t length) {
  Impls result;
  for (int64_t i = 0; i < length; ++i)
    result.insert(reinterpret_cast<at::TensorImpl*>(handles[i]));
  return result;
}

} // namespace

tb_status tb_function_begin(const tb_tensor* inputs, int64_t length, const char* name,
                            const tb_function_calls* calls, void* context, tb_function* result,
                            uint8_t* recorded) {
  return tb::guard([&] {
    auto function = std::make_unique<FunctionCell>();
    function->inputs = tb::tensors(inputs, length);
    function->recorded =
        c10::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(function->inputs);
    function->state = std::make_shared<FunctionState>(name, *calls, context);
    auto node = tb::make_node<ManagedNode>(function->state);
    if (function->recorded)
      node->set_next_edges(torch::autograd::collect_next_edges(function->inputs));
    node->clear_input_metadata();
    function->state->node = tb::WeakNode(node);
    function->node = node;
    node->owned = true;
    *recorded = function->recorded ? 1 : 0;
    *result = reinterpret_cast<tb_function>(function.release());
  });
}

tb_status tb_function_finish(tb_function self, const tb_tensor* outputs, int64_t length,
                             const tb_tensor* dirty, int64_t dirty_length,
                             const tb_tensor* non_differentiable, int64_t non_differentiable_length,
                             const tb_tensor* saved, int64_t saved_length, uint8_t materialize_grads,
                             tb_tensor* results) {
  return tb::guard([&] {
    FunctionCell& function = cell(self);
    FunctionState& state = *function.state;
    const tb::NodePtr node = std::move(function.node);
    const tb::variable_list inputs = std::move(function.inputs);
    function.node = tb::NodePtr();
    function.inputs.clear();
    state.materialize_grads = materialize_grads != 0;

    for (int64_t i = 0; i < dirty_length; ++i)
      torch::autograd::impl::bump_version(*tb::Borrowed(dirty[i]));
    Optionals raw;
    raw.reserve(static_cast<size_t>(length));
    for (int64_t i = 0; i < length; ++i)
      raw.push_back(outputs[i] == nullptr ? std::nullopt : std::optional<at::Tensor>(tb::retain(outputs[i])));

    const Jvp jvp = [&state, length](const tb::variable_list& values, const tb::variable_list& tangents) {
      tb::variable_list given = tangents;
      for (size_t i = 0; i < given.size(); ++i) {
        if (!given[i].defined() && state.materialize_grads &&
            torch::autograd::isDifferentiableType(values[i].scalar_type()))
          given[i] = at::_ops::zeros_like::call(values[i], {}, {}, {}, {}, {});
      }
      const std::vector<tb_tensor> handles = tb::borrow(given);
      std::vector<tb_tensor> found(static_cast<size_t>(length), nullptr);
      if (state.calls.jvp(state.context, handles.data(), static_cast<int64_t>(handles.size()), found.data(),
                          length) != TB_OK)
        tb::throw_callback_error();
      return tb::adopt(found);
    };
    const ViewAsSelf view = [](const at::Tensor& tensor) { return tensor.view_as(tensor); };
    const tb::NodePtr none;
    tb::NodePtr attached;
    Optionals wrapped =
        wrap(inputs, impls(non_differentiable, non_differentiable_length), impls(dirty, dirty_length), raw,
             function.recorded ? node : none, jvp, view, attached, 0);
    if (function.recorded) {
      for (const auto& output : wrapped)
        state.outputs.push_back(output ? VariableInfo(*output) : VariableInfo());
      auto kept = std::make_shared<Saved>();
      kept->reserve(static_cast<size_t>(saved_length));
      for (int64_t i = 0; i < saved_length; ++i) {
        if (saved[i] == nullptr) {
          kept->emplace_back();
          continue;
        }
        tb::Borrowed tensor(saved[i]);
        kept->emplace_back(*tensor, /*is_output=*/tensor->grad_fn() == node);
      }
      state.save(std::move(kept));
    }
    for (size_t i = 0; i < wrapped.size(); ++i)
      results[i] = wrapped[i] ? tb::release(std::move(*wrapped[i])) : nullptr;
  });
}

tb_status tb_function_saved(tb_function self, tb_tensor_list* result) {
  return tb::guard([&] {
    FunctionState& state = *cell(self).state;
    const tb::NodePtr node = state.node.lock();
    const auto saved = state.saved();
    TORCH_CHECK(saved && node, torch::autograd::ERR_BACKWARD_TWICE);
    std::vector<at::Tensor> tensors;
    tensors.reserve(saved->size());
    for (const SavedVariable& variable : *saved)
      tensors.push_back(variable.unpack(node));
    *result = tb::release_list(std::move(tensors));
  });
}

tb_status tb_function_node(tb_function self, tb_node* result) {
  return tb::guard([&] { *result = tb::release_node(cell(self).state->node.lock()); });
}

void tb_function_free(tb_function self) { delete reinterpret_cast<FunctionCell*>(self); }
