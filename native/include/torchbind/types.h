// The plain types of the C ABI. C only: this header is parsed by CastXML to write the C# side.
#ifndef TORCHBIND_TYPES_H
#define TORCHBIND_TYPES_H

#include <stdint.h>

#if defined(__cplusplus)
#define TB_EXTERN extern "C"
#else
#define TB_EXTERN extern
#endif
#if defined(_WIN32)
#define TB_API TB_EXTERN __declspec(dllexport)
#else
#define TB_API TB_EXTERN __attribute__((visibility("default")))
#endif

// 0 for success, otherwise a tb_error_kind. The message is kept per thread: tb_error_message.
typedef int32_t tb_status;

enum tb_error_kind {
  TB_OK = 0,
  TB_ERROR = 1,             // c10::Error without a finer class
  TB_INDEX_ERROR = 2,       // c10::IndexError
  TB_VALUE_ERROR = 3,       // c10::ValueError
  TB_TYPE_ERROR = 4,        // c10::TypeError
  TB_NOT_IMPLEMENTED = 5,   // c10::NotImplementedError
  TB_OUT_OF_MEMORY = 6,     // c10::OutOfMemoryError, std::bad_alloc
  TB_LINALG_ERROR = 7,      // c10::LinAlgError
  TB_STD_EXCEPTION = 8,     // any other std::exception
  TB_UNKNOWN_EXCEPTION = 9, // anything else that was thrown
  TB_NOT_SUPPORTED = 10,    // this libtorch has no such operator or argument
  TB_CALLBACK_FAILED = 11   // a managed callback stored an exception
};

// Opaque handles. Each is one owned reference of the named libtorch object.
typedef struct tb_tensor_opaque* tb_tensor;       // c10::TensorImpl; null: undefined tensor
typedef struct tb_generator_opaque* tb_generator; // c10::GeneratorImpl; null: none
typedef struct tb_storage_opaque* tb_storage;     // c10::StorageImpl
typedef struct tb_node_opaque* tb_node;           // heap cell that holds an autograd node

enum tb_scalar_kind { TB_SCALAR_BOOL = 0, TB_SCALAR_INT = 1, TB_SCALAR_DOUBLE = 2, TB_SCALAR_COMPLEX = 3 };

// A number as at::Scalar holds it. `i` serves bool and int, `d` and `imag` the others.
typedef struct tb_scalar {
  int64_t kind;
  union {
    int64_t i;
    double d;
  };
  double imag;
} tb_scalar;

// A list of tensors that the shim allocated: every entry is an owned handle; free the block with tb_free.
typedef struct tb_tensor_list {
  tb_tensor* data;
  int64_t length;
} tb_tensor_list;

#endif
