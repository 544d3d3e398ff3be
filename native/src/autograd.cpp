// Backward passes, modes per thread, graph nodes, forward-mode levels.
#include "autograd_support.h"

#include <ATen/autocast_mode.h>
#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/csrc/autograd/saved_variable.h>

using tb::variable_list;
using torch::autograd::Edge;
using torch::autograd::edge_list;

uint8_t tb_autograd_grad_mode(void) { return c10::GradMode::is_enabled() ? 1 : 0; }

uint8_t tb_autograd_grad_mode_set(uint8_t enabled) {
  const uint8_t previous = tb_autograd_grad_mode();
  c10::GradMode::set_enabled(enabled != 0);
  return previous;
}

uint8_t tb_autograd_forward_mode(void) {
  return c10::AutogradState::get_tls_state().get_fw_grad_mode() ? 1 : 0;
}

uint8_t tb_autograd_forward_mode_set(uint8_t enabled) {
  const uint8_t previous = tb_autograd_forward_mode();
  c10::AutogradState::get_tls_state().set_fw_grad_mode(enabled != 0);
  return previous;
}

uint8_t tb_autograd_multithreading(void) {
  return c10::AutogradState::get_tls_state().get_multithreading_enabled() ? 1 : 0;
}

uint8_t tb_autograd_multithreading_set(uint8_t enabled) {
  const uint8_t previous = tb_autograd_multithreading();
  c10::AutogradState::get_tls_state().set_multithreading_enabled(enabled != 0);
  return previous;
}

uint8_t tb_autograd_inference_mode(void) { return c10::InferenceMode::is_enabled() ? 1 : 0; }

tb_status tb_autograd_inference_mode_enter(uint8_t enabled, void** guard) {
  return tb::guard([&] { *guard = new c10::InferenceMode(enabled != 0); });
}

void tb_autograd_inference_mode_exit(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

// The checks and their messages are those of Python's entry into the engine.
tb_status tb_autograd_run(const tb_gradient_edge* roots, const tb_tensor* grads, int64_t length,
                          const tb_gradient_edge* inputs, int64_t input_length, uint8_t retain_graph,
                          uint8_t create_graph, uint8_t accumulate, uint8_t allow_unused,
                          tb_tensor* results) {
  return tb::guard([&] {
    edge_list root_edges;
    root_edges.reserve(static_cast<size_t>(length));
    for (int64_t i = 0; i < length; ++i) {
      Edge edge;
      bool requires_grad = true;
      if (roots[i].node != nullptr) {
        edge = Edge(tb::node_pointer(roots[i].node), static_cast<uint32_t>(roots[i].input_nr));
      } else {
        tb::Borrowed tensor(roots[i].tensor);
        edge = torch::autograd::impl::gradient_edge(*tensor);
        requires_grad = tensor->requires_grad();
      }
      TORCH_CHECK(edge.function, "tensor ", i,
                  " is in no graph: neither is it computed from others, nor does it require a gradient");
      TORCH_CHECK(grads[i] != nullptr || !requires_grad, "tensor ", i,
                  " requires a gradient, and none is given for it");
      root_edges.push_back(std::move(edge));
    }
    variable_list gradients = tb::tensors(grads, length);

    edge_list input_edges;
    input_edges.reserve(static_cast<size_t>(input_length));
    for (int64_t i = 0; i < input_length; ++i) {
      if (inputs[i].node != nullptr) {
        input_edges.emplace_back(tb::node_pointer(inputs[i].node), static_cast<uint32_t>(inputs[i].input_nr));
        continue;
      }
      tb::Borrowed tensor(inputs[i].tensor);
      TORCH_CHECK(tensor->requires_grad(), "input ", i, " requires no gradient");
      tb::NodePtr target = tensor->grad_fn();
      const auto output_nr = static_cast<uint32_t>(tensor->output_nr());
      if (!target)
        target = torch::autograd::impl::try_get_grad_accumulator(*tensor);
      if (accumulate != 0)
        tensor->retain_grad();
      // A leaf without an accumulator was never used: a node of its own, that nothing reaches.
      if (target)
        input_edges.emplace_back(std::move(target), output_nr);
      else
        input_edges.emplace_back(tb::make_node<torch::autograd::Identity>(), 0);
    }

    variable_list found = torch::autograd::Engine::get_default_engine().execute(
        root_edges, gradients, retain_graph != 0, create_graph != 0, accumulate != 0, input_edges);
    if (accumulate != 0)
      return;
    for (size_t i = 0; i < found.size(); ++i)
      TORCH_CHECK(allow_unused != 0 || found[i].defined(), "nothing that is differentiated depends on input ",
                  i, "; with allowUnused its gradient would be null");
    for (size_t i = 0; i < found.size(); ++i)
      results[i] = tb::release(std::move(found[i]));
  });
}

int64_t tb_autograd_current_task(void) { return torch::autograd::get_current_graph_task_id(); }

tb_status tb_autograd_will_execute(tb_node node, uint8_t* result) {
  return tb::guard([&] {
    const auto* info = torch::autograd::get_current_graph_task_exec_info();
    TORCH_CHECK(info != nullptr, "which nodes run is known during a backward pass only");
    const auto& nodes = torch::autograd::get_current_graph_task_nodes_in_graph();
    auto* const target = &tb::node(node);
    if (info->empty()) {
      // All nodes of the graph run.
      *result = nodes->find(target) != nodes->end() ? 1 : 0;
      return;
    }
    const auto found = info->find(target);
    const bool runs = found != info->end() && found->second.should_execute();
    TORCH_CHECK(!runs || target->topological_nr() != 0 || !found->second.captures_,
                "whether a leaf's node runs cannot be told while torch.autograd.grad takes its gradient");
    *result = runs ? 1 : 0;
  });
}

tb_status tb_autograd_current_node(tb_node* result) {
  return tb::guard([&] { *result = tb::release_node(torch::autograd::get_current_node()); });
}

tb_status tb_tensor_increment_version(tb_tensor self) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    if (!tensor->is_inference())
      torch::autograd::impl::bump_version(*tensor);
  });
}

tb_status tb_autograd_delayed_error(const char* message, const tb_tensor* tensors, int64_t length,
                                    tb_tensor* results) {
  return tb::guard([&] {
    auto error = tb::make_node<torch::autograd::DelayedError>(std::string(message), length);
    variable_list wrapped = (*error)(tb::tensors(tensors, length));
    for (size_t i = 0; i < wrapped.size(); ++i)
      results[i] = tb::release(std::move(wrapped[i]));
  });
}

tb_status tb_tensor_grad_fn(tb_tensor self, tb_node* result) {
  return tb::guard([&] { *result = tb::release_node(tb::Borrowed(self)->grad_fn()); });
}

tb_status tb_tensor_gradient_edge(tb_tensor self, tb_node* result, int64_t* input_nr) {
  return tb::guard([&] {
    const Edge edge = torch::autograd::impl::gradient_edge(*tb::Borrowed(self));
    *result = tb::release_node(edge.function);
    *input_nr = edge.input_nr;
  });
}

void tb_node_free(tb_node self) { delete reinterpret_cast<tb::NodeCell*>(self); }

tb_status tb_node_name(tb_node self, char** name) {
  return tb::guard([&] { *name = tb::copy_string(tb::node(self).name()); });
}

tb_status tb_node_next_count(tb_node self, int64_t* count) {
  return tb::guard([&] { *count = static_cast<int64_t>(tb::node(self).num_outputs()); });
}

tb_status tb_node_next(tb_node self, int64_t index, tb_node* result, int64_t* input_nr) {
  return tb::guard([&] {
    const auto& edge = tb::node(self).next_edge(static_cast<size_t>(index));
    *result = tb::release_node(edge.function);
    *input_nr = edge.input_nr;
  });
}

tb_status tb_node_id(tb_node self, int64_t* id) {
  return tb::guard([&] { *id = reinterpret_cast<int64_t>(&tb::node(self)); });
}

tb_status tb_node_sequence_nr(tb_node self, int64_t* result) {
  return tb::guard([&] { *result = static_cast<int64_t>(tb::node(self).sequence_nr()); });
}

tb_status tb_node_input_metadata(tb_node self, int64_t input_nr, int64_t* sizes, int64_t capacity,
                                 int64_t* dim, int32_t* dtype, int64_t* device) {
  return tb::guard([&] {
    auto& target = tb::node(self);
    TORCH_CHECK_INDEX(input_nr >= 0 && input_nr < target.num_inputs(), "the node ", target.name(), " has ",
                      target.num_inputs(), " inputs, there is no number ", input_nr);
    const auto& metadata = target.input_metadata(static_cast<size_t>(input_nr));
    TORCH_CHECK(!metadata.is_cpp_nested_tensor(),
                "the gradient edge leads to a nested tensor, which has no shape");
    const auto shape = metadata.shape_as_dim_vector();
    *dim = static_cast<int64_t>(shape.size());
    for (int64_t i = 0; i < *dim && i < capacity; ++i)
      sizes[i] = shape[static_cast<size_t>(i)].guard_int(__FILE__, __LINE__);
    *dtype = static_cast<int32_t>(metadata.dtype().toScalarType());
    *device = tb::pack_device(metadata.device());
  });
}

tb_status tb_node_variable(tb_node self, tb_tensor* result) {
  return tb::guard([&] {
    auto* accumulate = dynamic_cast<torch::autograd::AccumulateGrad*>(&tb::node(self));
    *result = accumulate == nullptr ? nullptr : tb::release(at::Tensor(accumulate->variable));
  });
}

tb_status tb_saved_variable_new(tb_tensor tensor, void** result) {
  return tb::guard(
      [&] { *result = new torch::autograd::SavedVariable(*tb::Borrowed(tensor), /*is_output=*/false); });
}

tb_status tb_saved_variable_unpack(void* self, tb_tensor* result) {
  return tb::guard(
      [&] { *result = tb::release(static_cast<torch::autograd::SavedVariable*>(self)->unpack()); });
}

void tb_saved_variable_free(void* self) { delete static_cast<torch::autograd::SavedVariable*>(self); }

tb_status tb_autograd_is_checkpoint_valid(uint8_t* result) {
  return tb::guard(
      [&] { *result = torch::autograd::Engine::get_default_engine().is_checkpoint_valid() ? 1 : 0; });
}

tb_status tb_autocast_state_get(int32_t device_type, tb_autocast_state* state, uint8_t* available) {
  return tb::guard([&] {
    const auto type = static_cast<c10::DeviceType>(device_type);
    *available = at::autocast::is_autocast_available(type) ? 1 : 0;
    if (*available == 0)
      return;
    state->device_type = device_type;
    state->dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(type));
    state->enabled = at::autocast::is_autocast_enabled(type) ? 1 : 0;
    state->cache_enabled = at::autocast::is_autocast_cache_enabled() ? 1 : 0;
  });
}

tb_status tb_autocast_state_set(const tb_autocast_state* state, uint8_t enter) {
  return tb::guard([&] {
    const auto type = static_cast<c10::DeviceType>(state->device_type);
    if (enter != 0)
      at::autocast::increment_nesting();
    else if (at::autocast::decrement_nesting() == 0)
      at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(type, state->enabled != 0);
    at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(state->dtype));
    at::autocast::set_autocast_cache_enabled(state->cache_enabled != 0);
  });
}

tb_status tb_dual_level_enter(int64_t* level) {
  return tb::guard([&] { *level = static_cast<int64_t>(torch::autograd::forward_ad::enter_dual_level()); });
}

tb_status tb_dual_level_exit(int64_t level) {
  return tb::guard([&] { torch::autograd::forward_ad::exit_dual_level(static_cast<uint64_t>(level)); });
}
