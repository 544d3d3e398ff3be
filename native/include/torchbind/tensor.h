// Handles, metadata, raw data and storages of tensors.
#ifndef TORCHBIND_TENSOR_H
#define TORCHBIND_TENSOR_H

#include "torchbind/types.h"

// Lifetime.
TB_API void tb_tensor_free(tb_tensor self);
TB_API void tb_tensor_free_many(const tb_tensor* handles, int64_t length);
// Another owned reference to the same TensorImpl.
TB_API tb_tensor tb_tensor_retain(tb_tensor self);
TB_API int64_t tb_tensor_use_count(tb_tensor self);

// Metadata; none of these throws, allocates or blocks. -1 where the kind of tensor has no answer.
TB_API int64_t tb_tensor_dim(tb_tensor self);
TB_API int64_t tb_tensor_numel(tb_tensor self);
TB_API int32_t tb_tensor_dtype(tb_tensor self);
TB_API int32_t tb_tensor_layout(tb_tensor self);
// device type in the low 32 bits, index in the high ones
TB_API int64_t tb_tensor_device(tb_tensor self);
// Copies up to `capacity` sizes, returns the number of dimensions; -1: ask tb_tensor_sizes_checked.
TB_API int64_t tb_tensor_sizes(tb_tensor self, int64_t* sizes, int64_t capacity);
TB_API int64_t tb_tensor_strides(tb_tensor self, int64_t* strides, int64_t capacity);
// Bits: 1 requires_grad, 2 is_leaf, 4 is contiguous, 8 is conj, 16 is neg, 32 has storage, 64 is inference,
// 128 is quantized, 256 is nested, 512 is a view, 1024 is sparse (COO), 2048 is a meta tensor, 4096 has
// grad_fn.
TB_API int32_t tb_tensor_flags(tb_tensor self);

// The same metadata for every kind of tensor, with libtorch's message where there is none.
TB_API tb_status tb_tensor_sizes_checked(tb_tensor self, int64_t* sizes, int64_t capacity, int64_t* dim);
TB_API tb_status tb_tensor_strides_checked(tb_tensor self, int64_t* strides, int64_t capacity, int64_t* dim);
TB_API tb_status tb_tensor_numel_checked(tb_tensor self, int64_t* numel);
TB_API tb_status tb_tensor_storage_offset(tb_tensor self, int64_t* offset);
// Address of the first element, honouring the storage offset; null for an empty one.
TB_API tb_status tb_tensor_data_ptr(tb_tensor self, void** data);
TB_API tb_status tb_tensor_is_contiguous(tb_tensor self, int32_t memory_format, uint8_t* result);
TB_API tb_status tb_tensor_version(tb_tensor self, int64_t* version);

// Element 0 of a one-element tensor on any device.
TB_API tb_status tb_tensor_item(tb_tensor self, tb_scalar* result);

// Foreign memory. `destroy(context)` is called exactly once, from whatever thread frees the last reference;
// it may be null.
TB_API tb_status tb_tensor_from_blob(void* data, const int64_t* sizes, int64_t dim, const int64_t* strides,
                                     int32_t dtype, int32_t device_type, int32_t device_index,
                                     void (*destroy)(void*), void* context, tb_tensor* result);
// A new contiguous CPU tensor with the bytes of `data` copied in.
TB_API tb_status tb_tensor_from_bytes(const void* data, int64_t bytes, const int64_t* sizes, int64_t dim,
                                      int32_t dtype, tb_tensor* result);
// An uninitialised contiguous CPU tensor and the address of its data.
TB_API tb_status tb_tensor_empty_cpu(const int64_t* sizes, int64_t dim, int32_t dtype, tb_tensor* result,
                                     void** data);
// Copies all elements in row-major order to `data`, converting nothing: `dtype` must be the tensor's own.
// Works for every device, stride, conj and neg bit.
TB_API tb_status tb_tensor_copy_to(tb_tensor self, void* data, int64_t bytes);

// Autograd attributes.
TB_API tb_status tb_tensor_requires_grad_set(tb_tensor self, uint8_t value);
TB_API tb_status tb_tensor_grad(tb_tensor self, tb_tensor* grad);
TB_API tb_status tb_tensor_grad_set(tb_tensor self, tb_tensor grad);
TB_API tb_status tb_tensor_data(tb_tensor self, tb_tensor* result);
TB_API tb_status tb_tensor_data_set(tb_tensor self, tb_tensor data);
TB_API tb_status tb_tensor_output_nr(tb_tensor self, int64_t* result);

// Indexing: a list of entries, one per index given. Kinds: 0 none (new axis), 1 ellipsis, 2 integer, 3
// boolean, 4 slice, 5 tensor. `a` holds integer, boolean or slice start, `b` stop, `c` step; INT64_MIN
// start/stop: not given.
typedef struct tb_index {
  int32_t kind;
  int32_t reserved;
  int64_t a;
  int64_t b;
  int64_t c;
  tb_tensor tensor;
} tb_index;
TB_API tb_status tb_tensor_index(tb_tensor self, const tb_index* indices, int64_t length, tb_tensor* result);
TB_API tb_status tb_tensor_index_put(tb_tensor self, const tb_index* indices, int64_t length,
                                     tb_tensor value);
TB_API tb_status tb_tensor_index_put_scalar(tb_tensor self, const tb_index* indices, int64_t length,
                                            const tb_scalar* value);

// Storages.
TB_API void tb_storage_free(tb_storage self);
TB_API tb_status tb_tensor_storage(tb_tensor self, tb_storage* result);
// Address that identifies the storage, for finding tensors that share one.
TB_API tb_status tb_tensor_storage_id(tb_tensor self, int64_t* id);
TB_API tb_status tb_storage_nbytes(tb_storage self, int64_t* result);
TB_API tb_status tb_storage_data_ptr(tb_storage self, void** data);
TB_API int64_t tb_storage_use_count(tb_storage self);

#endif
