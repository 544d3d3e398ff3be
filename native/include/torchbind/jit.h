// TorchScript: modules and other objects, compiled functions, tracing.
#ifndef TORCHBIND_JIT_H
#define TORCHBIND_JIT_H

#include "torchbind/values.h"

typedef struct tb_unit_opaque* tb_unit; // heap cell that holds a shared torch::jit::CompilationUnit

// Archives. `device_type` -1: to where the tensors were. `extra_names` are attached files to read; `*extras`
// receives a string for each (none: there is no such file).
TB_API tb_status tb_jit_load(const char* path, int32_t device_type, int32_t device_index,
                             const char* const* extra_names, int64_t extra_count, tb_value** extras,
                             tb_object* result);
TB_API tb_status tb_jit_load_buffer(const uint8_t* data, int64_t length, int32_t device_type,
                                    int32_t device_index, const char* const* extra_names, int64_t extra_count,
                                    tb_value** extras, tb_object* result);
// `extras` holds the contents of the attached files, as strings.
// Where the file cannot be written, `error_number` tells why (errno); 0 otherwise.
TB_API tb_status tb_jit_save(tb_object module, const char* path, const char* const* extra_names,
                             const tb_value* extras, int64_t extra_count, int32_t* error_number);
// The bytes of the archive; free with tb_free.
TB_API tb_status tb_jit_save_buffer(tb_object module, const char* const* extra_names, const tb_value* extras,
                                    int64_t extra_count, uint8_t** data, int64_t* length);

// Functions compiled from source.
TB_API tb_status tb_jit_compile(const char* source, tb_unit* result);
TB_API tb_status tb_unit_define(tb_unit self, const char* source);
TB_API void tb_unit_free(tb_unit self);
// Names, one a line; free with tb_free.
TB_API tb_status tb_unit_functions(tb_unit self, char** names);
TB_API tb_status tb_unit_call(tb_unit self, const char* name, const tb_value* inputs, int64_t count,
                              int64_t positional, const char* const* keywords, int64_t keyword_count,
                              tb_value** result, int64_t* result_count);
// what: 0 signature, 1 code, 2 graph; free with tb_free.
TB_API tb_status tb_unit_text(tb_unit self, const char* name, int32_t what, char** text);

// Objects.
TB_API void tb_object_free(tb_object self);
TB_API tb_status tb_object_type_name(tb_object self, char** name);
// Names, one a line; free with tb_free.
TB_API tb_status tb_object_methods(tb_object self, char** names);
// Positional inputs, then those of `keywords`.
TB_API tb_status tb_object_call(tb_object self, const char* method, const tb_value* inputs, int64_t count,
                                int64_t positional, const char* const* keywords, int64_t keyword_count,
                                tb_value** result, int64_t* result_count);
TB_API tb_status tb_object_text(tb_object self, const char* method, int32_t what, char** text);
// A list of tuples: name, type, what it is (0 attribute, 1 parameter, 2 buffer, 3 module, 4 constant).
TB_API tb_status tb_object_members(tb_object self, tb_value** result, int64_t* result_count);
TB_API tb_status tb_object_get(tb_object self, const char* name, tb_value** result, int64_t* result_count);
TB_API tb_status tb_object_set(tb_object self, const char* name, const tb_value* value, int64_t count);

// Modules. A new one lives with `owner`, where that is not null: what is put into it must.
TB_API tb_status tb_module_new(const char* name, tb_object owner, tb_object* result);
TB_API tb_status tb_module_define(tb_object self, const char* source);
// role: 0 attribute, 1 parameter, 2 buffer, 3 module. `type` is a TorchScript type such as List[int]; null:
// the value's.
TB_API tb_status tb_module_register(tb_object self, const char* name, int32_t role, const char* type,
                                    const tb_value* value, int64_t count);
TB_API tb_status tb_module_set_training(tb_object self, uint8_t training);
TB_API tb_status tb_module_freeze(tb_object self, const char* const* preserved, int64_t count,
                                  uint8_t optimize_numerics, tb_object* result);
TB_API tb_status tb_module_optimize_for_inference(tb_object self, const char* const* methods, int64_t count,
                                                  tb_object* result);
TB_API tb_status tb_module_copy(tb_object self, tb_object* result);

// Tracing: `call` computes with the inputs (their handles are its own) and hands its result to
// tb_trace_return.
typedef tb_status (*tb_traced_call)(void* context, const tb_value* inputs, int64_t count,
                                    int64_t inputs_count, void* sink);
TB_API tb_status tb_trace_return(void* sink, const tb_value* result, int64_t count);
// Adds the method `name` to the module.
TB_API tb_status tb_module_trace(tb_object self, const char* name, const tb_value* inputs, int64_t count,
                                 int64_t inputs_count, const char* const* argument_names, int64_t name_count,
                                 uint8_t strict, tb_traced_call call, void* context);

// Whether graphs are optimised. Returns the previous value.
TB_API tb_status tb_jit_set_optimized(uint8_t value, uint8_t* previous);

#endif
