// Settings of the whole process beyond those of core.h, and what this libtorch was built with.
#ifndef TORCHBIND_CONTEXT_H
#define TORCHBIND_CONTEXT_H

#include "torchbind/types.h"

// 0 highest, 1 high, 2 medium.
TB_API tb_status tb_context_float32_matmul_precision(int32_t* result);
TB_API tb_status tb_context_set_float32_matmul_precision(int32_t value);
// Whether a warning is written every time, not once.
TB_API tb_status tb_context_warn_always(uint8_t* result);
TB_API tb_status tb_context_set_warn_always(uint8_t value);
TB_API tb_status tb_context_check_sparse_invariants(uint8_t* result);
TB_API tb_status tb_context_set_check_sparse_invariants(uint8_t value);
// Bits: 1 LAPACK, 2 MKL, 4 OpenMP, 8 the newer ABI of the C++ library.
TB_API tb_status tb_context_built_with(int32_t* bits);

// Mixed precision on this thread, for a type of device.
TB_API tb_status tb_context_autocast(int32_t device_type, uint8_t* available, uint8_t* enabled,
                                     int32_t* dtype);
TB_API tb_status tb_context_set_autocast_enabled(int32_t device_type, uint8_t value);
TB_API tb_status tb_context_set_autocast_dtype(int32_t device_type, int32_t dtype);
TB_API tb_status tb_context_autocast_cache_enabled(uint8_t* result);
TB_API tb_status tb_context_set_autocast_cache_enabled(uint8_t value);
TB_API tb_status tb_context_clear_autocast_cache(void);
// Adds 1 or -1 to the depth of nested scopes; the new depth.
TB_API tb_status tb_context_autocast_nesting(int32_t step, int32_t* depth);

// The dtype that gradients of a leaf have to have, -1: any. TB_NOT_SUPPORTED before libtorch 2.10.
TB_API tb_status tb_context_grad_dtype(tb_tensor self, int32_t* result);
TB_API tb_status tb_context_set_grad_dtype(tb_tensor self, int32_t dtype);

#endif
