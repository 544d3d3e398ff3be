// Function transforms: levels of differentiation and of vectorisation, each of which wraps the tensors inside
// it.
#ifndef TORCHBIND_FUNCTORCH_H
#define TORCHBIND_FUNCTORCH_H

#include "torchbind/types.h"

// Levels of this thread. Each `enter` is paired with its `exit`, innermost first.
TB_API tb_status tb_func_grad_enter(int64_t* level);
TB_API tb_status tb_func_grad_exit(void);
TB_API tb_status tb_func_jvp_enter(int64_t* level);
TB_API tb_status tb_func_jvp_exit(void);
// Randomness: 0 error, 1 same, 2 different.
TB_API tb_status tb_func_vmap_enter(int64_t batch_size, int32_t randomness, int64_t* level);
TB_API tb_status tb_func_vmap_exit(void);

// The innermost level: kind 0 none, 1 vmap, 2 gradient, 3 jvp, 4 another; batch size and randomness of a
// vmap.
typedef struct tb_func_layer {
  int32_t kind;
  int32_t randomness;
  int64_t level;
  int64_t batch_size;
} tb_func_layer;
TB_API tb_status tb_func_top(tb_func_layer* layer);

// Formulas for operators that have none of their own under a transform, as Python adds them when it first
// needs them: for vectorised tensors, and (in TorchScript) for forward-mode differentiation.
TB_API tb_status tb_func_load_vmap_formulas(void);
TB_API tb_status tb_func_load_jvp_formulas(void);

// The older vectorisation, which torch.autograd.grad(is_grads_batched=True) uses.
TB_API tb_status tb_vmap_mode_enter(int64_t* level);
TB_API tb_status tb_vmap_mode_exit(void);

// Tensors.
TB_API tb_status tb_func_wrap_for_grad(tb_tensor self, int64_t level, tb_tensor* result);
TB_API tb_status tb_func_unwrap_for_grad(tb_tensor self, int64_t level, tb_tensor* result);
// Fails inside of a level, where requires_grad_() of the user's is refused.
TB_API tb_status tb_func_check_requires_grad(void);
// requires_grad_() of a tensor that a level wraps.
TB_API tb_status tb_func_require_grad(tb_tensor self);
TB_API tb_status tb_func_add_batch_dim(tb_tensor self, int64_t dim, int64_t level, tb_tensor* result);
TB_API tb_status tb_func_remove_batch_dim(tb_tensor self, int64_t level, int64_t batch_size, int64_t dim,
                                          tb_tensor* result);
// The tensor inside of a batched one and where its batch dimension is; -1: it is not batched at the level.
TB_API tb_status tb_func_unwrap_batched(tb_tensor self, int64_t level, tb_tensor* result, int64_t* dim);
// Bits: 1 batched (at any level), 2 wrapped for a gradient.
TB_API tb_status tb_func_kind(tb_tensor self, int32_t* kind);

// What a wrapped tensor holds: its level, the tensor inside, and where the batch dimension is (-1: none). A
// null result: the tensor is not wrapped.
TB_API tb_status tb_func_unwrap(tb_tensor self, int64_t* level, int64_t* batch_dim, tb_tensor* result);
// Operations of this thread run as if there were no levels until tb_func_resume.
TB_API tb_status tb_func_suspend(void** guard);
TB_API void tb_func_resume(void* guard);

#endif
