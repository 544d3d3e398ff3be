// Tensors of other libraries (DLPack), memory that processes share, and the names of dimensions.
#ifndef TORCHBIND_BRIDGE_H
#define TORCHBIND_BRIDGE_H

#include "torchbind/types.h"

// A DLManagedTensor, or with `versioned` a DLManagedTensorVersioned (DLPack 1.x), that shares the tensor's
// memory. Whoever consumes it calls its deleter.
TB_API tb_status tb_dlpack_export(tb_tensor self, uint8_t versioned, void** result);
// A tensor over the memory of such a struct. Takes it over when the status is 0: its deleter is called with
// the last reference.
TB_API tb_status tb_dlpack_import(void* managed, uint8_t versioned, tb_tensor* result);
// Calls the deleter of a struct that nobody consumed.
TB_API void tb_dlpack_free(void* managed, uint8_t versioned);

// Moves the memory behind a tensor of the processor to where other processes can map it. Tensors that share
// the memory go on sharing it. Nothing happens where it is there already, or on another device.
TB_API tb_status tb_tensor_share_memory(tb_tensor self);
TB_API tb_status tb_tensor_is_shared(tb_tensor self, uint8_t* result);

// Names of the dimensions: `names[i]` is null for a dimension without one, else a text to be freed with
// tb_free. `*count` is 0 for a tensor without names (and always where libtorch has no named tensors any
// more).
TB_API tb_status tb_tensor_names(tb_tensor self, char** names, int64_t capacity, int64_t* count);

#endif
