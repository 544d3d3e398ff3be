// Any operator by name, and operators of one's own: through the dispatcher, boxed.
#ifndef TORCHBIND_DISPATCH_H
#define TORCHBIND_DISPATCH_H

#include "torchbind/types.h"

typedef struct tb_library_opaque* tb_library; // heap cell that holds registrations; freeing it ends them

enum tb_boxed_kind {
  TB_BOXED_NONE = 0,
  TB_BOXED_BOOL = 1,       // i
  TB_BOXED_INT = 2,        // i
  TB_BOXED_DOUBLE = 3,     // d
  TB_BOXED_COMPLEX = 4,    // d, imag
  TB_BOXED_STRING = 5,     // p: UTF-8, i: bytes
  TB_BOXED_TENSOR = 6,     // p: tb_tensor
  TB_BOXED_LIST = 7,       // i: items, which follow; type: kind of the items, or -1
  TB_BOXED_TUPLE = 8,      // i: items, which follow
  TB_BOXED_DEVICE = 9,     // i: as tb_tensor_device packs it
  TB_BOXED_GENERATOR = 10, // p: tb_generator
  TB_BOXED_OTHER = 11      // p: text that describes what has no counterpart; i: bytes
};

// One node of a value. A value is a row of nodes in preorder: lists are followed by what is in them. Handles
// that the shim hands out are the receiver's, those that it is given stay the giver's.
typedef struct tb_boxed {
  int32_t kind;
  int32_t type;
  int64_t i;
  double d;
  double imag;
  void* p;
} tb_boxed;

// Frees the texts and the block; handles in it are the receiver's.
TB_API void tb_boxed_free(tb_boxed* values, int64_t count);

// `name` as in aten::add.Tensor. Positional arguments first, then those of `keywords`; what is missing takes
// the schema's default.
TB_API tb_status tb_dispatch_call(const char* name, const tb_boxed* arguments, int64_t count,
                                  int64_t positional, const char* const* keywords, int64_t keyword_count,
                                  tb_boxed** result, int64_t* result_count);
// The schema's text, null where there is no such operator; free with tb_free.
TB_API tb_status tb_dispatch_schema(const char* name, char** text);
// Names of all operators, with their overloads, one a line; free with tb_free.
TB_API tb_status tb_dispatch_names(char** names);

// A kernel: computes with the arguments (their handles are its own) and gives its results to
// tb_kernel_return. A status other than 0 is an exception stored with tb_error_set.
typedef tb_status (*tb_kernel)(void* context, const tb_boxed* arguments, int64_t count, void* sink);
TB_API tb_status tb_kernel_return(void* sink, const tb_boxed* results, int64_t count);

TB_API tb_status tb_library_new(const char* name, tb_library* result);
TB_API void tb_library_free(tb_library self);
// `schema` as in clip(Tensor x, float limit=1.0) -> Tensor.
TB_API tb_status tb_library_define(tb_library self, const char* schema);
// `key` names a dispatch key: CPU, CompositeExplicitAutograd, Meta. `destroy` is called with the context when
// the kernel is gone.
TB_API tb_status tb_library_implement(tb_library self, const char* name, const char* key, tb_kernel kernel,
                                      void (*destroy)(void*), void* context);
// The backward pass of an operator whose other kernels know nothing of autograd. The kernel is given three
// lists: gradients of the tensors among the results, arguments, tensors among the results. It returns one
// value for each argument: a tensor, a list of tensors, or none.
TB_API tb_status tb_library_differentiate(tb_library self, const char* name, tb_kernel backward,
                                          void (*destroy)(void*), void* context);

#endif
