// Any operator by name, and operators of one's own: through the dispatcher, boxed.
#ifndef TORCHBIND_DISPATCH_H
#define TORCHBIND_DISPATCH_H

#include "torchbind/values.h"

typedef struct tb_library_opaque* tb_library; // heap cell that holds registrations; freeing it ends them

// `name` as in aten::add.Tensor. Positional arguments first, then those of `keywords`; what is missing takes
// the schema's default.
TB_API tb_status tb_dispatch_call(const char* name, const tb_value* arguments, int64_t count,
                                  int64_t positional, const char* const* keywords, int64_t keyword_count,
                                  tb_value** result, int64_t* result_count);
// The schema's text, null where there is no such operator; free with tb_free.
TB_API tb_status tb_dispatch_schema(const char* name, char** text);
// Names of all operators, with their overloads, one a line; free with tb_free.
TB_API tb_status tb_dispatch_names(char** names);

// A kernel: computes with the arguments (their handles are its own) and gives its results to
// tb_kernel_return. A status other than 0 is an exception stored with tb_error_set.
typedef tb_status (*tb_kernel)(void* context, const tb_value* arguments, int64_t count, void* sink);
TB_API tb_status tb_kernel_return(void* sink, const tb_value* results, int64_t count);

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
