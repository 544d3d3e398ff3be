// Backward passes, modes per thread, graph nodes, hooks.
#ifndef TORCHBIND_AUTOGRAD_H
#define TORCHBIND_AUTOGRAD_H

#include "torchbind/types.h"

// Modes of this thread. Setters return the previous value; none of these throws.
TB_API uint8_t tb_autograd_grad_mode(void);
TB_API uint8_t tb_autograd_grad_mode_set(uint8_t enabled);
TB_API uint8_t tb_autograd_inference_mode(void);
// Enters inference mode (or leaves it, enabled = 0); the block that restores goes to
// tb_autograd_inference_mode_exit.
TB_API tb_status tb_autograd_inference_mode_enter(uint8_t enabled, void** guard);
TB_API void tb_autograd_inference_mode_exit(void* guard);

// torch.autograd.backward: `grads` may hold nulls, `inputs` may be empty (all leaves).
TB_API tb_status tb_autograd_backward(const tb_tensor* tensors, const tb_tensor* grads, int64_t length,
                                      uint8_t retain_graph, uint8_t create_graph, const tb_tensor* inputs,
                                      int64_t input_length);
// torch.autograd.grad: results has room for `input_length`; null where allow_unused and unused.
TB_API tb_status tb_autograd_grad(const tb_tensor* outputs, const tb_tensor* grads, int64_t length,
                                  const tb_tensor* inputs, int64_t input_length, uint8_t retain_graph,
                                  uint8_t create_graph, uint8_t allow_unused, tb_tensor* results);

// Nodes of the graph.
TB_API tb_status tb_tensor_grad_fn(tb_tensor self, tb_node* result);
TB_API void tb_node_free(tb_node self);
TB_API tb_status tb_node_name(tb_node self, char** name);
// Number of edges out of the node, and edge `index`: null node where there is none.
TB_API tb_status tb_node_next_count(tb_node self, int64_t* count);
TB_API tb_status tb_node_next(tb_node self, int64_t index, tb_node* result, int64_t* input_nr);
TB_API tb_status tb_node_id(tb_node self, int64_t* id);
TB_API tb_status tb_node_sequence_nr(tb_node self, int64_t* result);

// Hooks on tensors. `call(context, grad, &replacement)`: grad is borrowed, replacement owned or null; a
// status other than 0 fails the backward pass. `destroy(context)` once the hook is gone.
typedef tb_status (*tb_tensor_hook)(void* context, tb_tensor grad, tb_tensor* replacement);
TB_API tb_status tb_tensor_register_hook(tb_tensor self, tb_tensor_hook call, void (*destroy)(void*),
                                         void* context, int64_t* key);
TB_API tb_status tb_tensor_remove_hook(tb_tensor self, int64_t key);
TB_API tb_status tb_tensor_register_post_accumulate_grad_hook(tb_tensor self, tb_tensor_hook call,
                                                              void (*destroy)(void*), void* context);

#endif
