// Backward passes, modes per thread, graph nodes, hooks, custom functions, forward-mode differentiation.
#ifndef TORCHBIND_AUTOGRAD_H
#define TORCHBIND_AUTOGRAD_H

#include "torchbind/types.h"

typedef struct tb_hook_opaque* tb_hook;         // heap cell that finds a registered hook, and does not own it
typedef struct tb_function_opaque* tb_function; // heap cell that shares the state of a custom function's node

// Modes of this thread. Setters return the previous value; none of these throws.
TB_API uint8_t tb_autograd_grad_mode(void);
TB_API uint8_t tb_autograd_grad_mode_set(uint8_t enabled);
TB_API uint8_t tb_autograd_forward_mode(void);
TB_API uint8_t tb_autograd_forward_mode_set(uint8_t enabled);
TB_API uint8_t tb_autograd_multithreading(void);
TB_API uint8_t tb_autograd_multithreading_set(uint8_t enabled);
TB_API uint8_t tb_autograd_inference_mode(void);
// Enters inference mode (or leaves it, enabled = 0); the block that restores goes to
// tb_autograd_inference_mode_exit.
TB_API tb_status tb_autograd_inference_mode_enter(uint8_t enabled, void** guard);
TB_API void tb_autograd_inference_mode_exit(void* guard);

// Where a gradient arrives: input `input_nr` of `node`; or, where `node` is null, at `tensor`.
typedef struct tb_gradient_edge {
  tb_tensor tensor;
  tb_node node;
  int64_t input_nr;
} tb_gradient_edge;

// A backward pass from `roots`, whose gradients are `grads` (nulls allowed). With `accumulate` the gradients
// are added to the leaves' (all of them, or `inputs`); without, `results` has room for `input_length`
// gradients, null where an input was not reached, which is an error unless `allow_unused`.
TB_API tb_status tb_autograd_run(const tb_gradient_edge* roots, const tb_tensor* grads, int64_t length,
                                 const tb_gradient_edge* inputs, int64_t input_length, uint8_t retain_graph,
                                 uint8_t create_graph, uint8_t accumulate, uint8_t allow_unused,
                                 tb_tensor* results);
// The number of the backward pass that this thread is in; -1: none.
TB_API int64_t tb_autograd_current_task(void);
// Whether the pass that this thread is in will run the node.
TB_API tb_status tb_autograd_will_execute(tb_node node, uint8_t* result);
// The node that this thread is running; null: none.
TB_API tb_status tb_autograd_current_node(tb_node* result);
TB_API tb_status tb_tensor_increment_version(tb_tensor self);
// Results that fail with `message` when they are differentiated.
TB_API tb_status tb_autograd_delayed_error(const char* message, const tb_tensor* tensors, int64_t length,
                                           tb_tensor* results);

// Nodes of the graph.
TB_API tb_status tb_tensor_grad_fn(tb_tensor self, tb_node* result);
// The node that receives the tensor's gradient: grad_fn, for a leaf its accumulator.
TB_API tb_status tb_tensor_gradient_edge(tb_tensor self, tb_node* result, int64_t* input_nr);
TB_API void tb_node_free(tb_node self);
TB_API tb_status tb_node_name(tb_node self, char** name);
// Number of edges out of the node, and edge `index`: null node where there is none.
TB_API tb_status tb_node_next_count(tb_node self, int64_t* count);
TB_API tb_status tb_node_next(tb_node self, int64_t index, tb_node* result, int64_t* input_nr);
TB_API tb_status tb_node_id(tb_node self, int64_t* id);
TB_API tb_status tb_node_sequence_nr(tb_node self, int64_t* result);
// Of a gradient that arrives: sizes (up to `capacity`; `dim` is their number), dtype, device.
TB_API tb_status tb_node_input_metadata(tb_node self, int64_t input_nr, int64_t* sizes, int64_t capacity,
                                        int64_t* dim, int32_t* dtype, int64_t* device);
// The tensor whose gradient an AccumulateGrad node adds to; null for other nodes.
TB_API tb_status tb_node_variable(tb_node self, tb_tensor* result);

// Hooks. `call` gets borrowed gradients (null: undefined) and may give back owned ones; a status other than 0
// fails the pass. `destroy(context)` is called once the hook is gone; when registration fails, never.
// tb_hook_remove is harmless when the hook or what it hung on is gone.
typedef tb_status (*tb_tensor_hook)(void* context, tb_tensor grad, tb_tensor* replacement);
// `replaced` set to 1: `results` (room for `length`) replaces the gradients.
typedef tb_status (*tb_node_prehook)(void* context, const tb_tensor* grads, int64_t length, uint8_t* replaced,
                                     tb_tensor* results);
typedef tb_status (*tb_node_posthook)(void* context, const tb_tensor* grad_inputs, int64_t input_length,
                                      const tb_tensor* grad_outputs, int64_t output_length, uint8_t* replaced,
                                      tb_tensor* results);
TB_API tb_status tb_tensor_register_hook(tb_tensor self, const char* name, tb_tensor_hook call,
                                         void (*destroy)(void*), void* context, tb_hook* result);
TB_API tb_status tb_tensor_register_post_accumulate_grad_hook(tb_tensor self, tb_tensor_hook call,
                                                              void (*destroy)(void*), void* context,
                                                              tb_hook* result);
TB_API tb_status tb_node_register_prehook(tb_node self, const char* name, tb_node_prehook call,
                                          void (*destroy)(void*), void* context, tb_hook* result);
TB_API tb_status tb_node_register_hook(tb_node self, const char* name, tb_node_posthook call,
                                       void (*destroy)(void*), void* context, tb_hook* result);
TB_API void tb_hook_remove(tb_hook self);
TB_API void tb_hook_free(tb_hook self);

// Hooks on what operations of this thread save for backward. `pack` gets a borrowed tensor and makes a handle
// of its own, `unpack` makes a tensor of it, as often as it is asked for, `drop` frees the handle.
typedef struct tb_saved_tensor_hooks {
  tb_status (*pack)(void* context, tb_tensor tensor, void** packed);
  tb_status (*unpack)(void* context, void* packed, tb_tensor* tensor);
  void (*drop)(void* packed);
  void (*destroy)(void* context);
} tb_saved_tensor_hooks;
TB_API tb_status tb_saved_tensor_hooks_push(const tb_saved_tensor_hooks* calls, void* context);
TB_API tb_status tb_saved_tensor_hooks_pop(void);
// Refuses hooks on this thread with a message; null: allows them. `previous`: the message so far or null,
// free with tb_free.
TB_API tb_status tb_saved_tensor_hooks_disable(const char* message, char** previous);

// Anomaly mode, for the whole process. `capture` describes the managed call stack, `report` is told the text
// of the failing node's (parent = 0) and, after it, of each node that induced it (parent = 1).
typedef struct tb_anomaly_calls {
  void* (*capture)(void);
  void (*report)(void* stack, const char* node, uint8_t parent);
  void (*drop)(void* stack);
} tb_anomaly_calls;
TB_API tb_status tb_anomaly_install(const tb_anomaly_calls* calls);
TB_API tb_status tb_anomaly_set(uint8_t enabled, uint8_t check_nan);
// Bits: 1 enabled, 2 checks for NaN.
TB_API int32_t tb_anomaly_get(void);

// Custom functions. tb_function_begin makes the node and, when something is recorded, connects it to the
// inputs; tb_function_finish wraps what the managed forward returned.
typedef struct tb_function_calls {
  // Borrowed gradients of the outputs (null: undefined), owned ones of the inputs.
  tb_status (*backward)(void* context, const tb_tensor* grads, int64_t length, tb_tensor* results,
                        int64_t result_length);
  // Borrowed tangents of the inputs, owned ones of the outputs.
  tb_status (*jvp)(void* context, const tb_tensor* tangents, int64_t length, tb_tensor* results,
                   int64_t result_length);
  void (*destroy)(void* context);
} tb_function_calls;
TB_API tb_status tb_function_begin(const tb_tensor* inputs, int64_t length, const char* name,
                                   const tb_function_calls* calls, void* context, tb_function* result,
                                   uint8_t* recorded);
// Null outputs are what is no tensor. Results: one for each output.
TB_API tb_status tb_function_finish(tb_function self, const tb_tensor* outputs, int64_t length,
                                    const tb_tensor* dirty, int64_t dirty_length,
                                    const tb_tensor* non_differentiable, int64_t non_differentiable_length,
                                    const tb_tensor* saved, int64_t saved_length, uint8_t materialize_grads,
                                    tb_tensor* results);
TB_API tb_status tb_function_saved(tb_function self, tb_tensor_list* result);
TB_API tb_status tb_function_node(tb_function self, tb_node* result);
TB_API void tb_function_free(tb_function self);

// What checkpointing needs: a tensor saved as an operation would save it (under the thread's hooks), whether
// the pass under way runs the whole graph, the mixed-precision mode of a device on this thread.
TB_API tb_status tb_saved_variable_new(tb_tensor tensor, void** result);
TB_API tb_status tb_saved_variable_unpack(void* self, tb_tensor* result);
TB_API void tb_saved_variable_free(void* self);
TB_API tb_status tb_autograd_is_checkpoint_valid(uint8_t* result);
typedef struct tb_autocast_state {
  int32_t device_type;
  int32_t dtype;
  uint8_t enabled;
  uint8_t cache_enabled;
} tb_autocast_state;
// 0 in `available` for a device that has no such mode.
TB_API tb_status tb_autocast_state_get(int32_t device_type, tb_autocast_state* state, uint8_t* available);
// `enter` is 1 on the way in and 0 on the way out: the cache of casts goes with the outermost scope.
TB_API tb_status tb_autocast_state_set(const tb_autocast_state* state, uint8_t enter);

// Forward-mode differentiation.
TB_API tb_status tb_dual_level_enter(int64_t* level);
TB_API tb_status tb_dual_level_exit(int64_t level);

#endif
