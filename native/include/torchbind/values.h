// Values of every kind, for TorchScript and for operators that are called by name.
#ifndef TORCHBIND_VALUES_H
#define TORCHBIND_VALUES_H

#include "torchbind/types.h"

typedef struct tb_object_opaque*
    tb_object; // c10::ivalue::Object: a script module, or an instance of a script class

enum tb_value_kind {
  TB_VALUE_NONE = 0,
  TB_VALUE_BOOL = 1,    // i
  TB_VALUE_INT = 2,     // i
  TB_VALUE_DOUBLE = 3,  // d
  TB_VALUE_COMPLEX = 4, // d, imag
  TB_VALUE_STRING = 5,  // p: UTF-8, i: bytes
  TB_VALUE_TENSOR = 6,  // p: tb_tensor
  TB_VALUE_LIST = 7,    // i: items, which follow; type: kind of the items, or -1
  TB_VALUE_TUPLE = 8,   // i: items, which follow
  TB_VALUE_DICT = 9,    // i: entries, which follow, key before value
  TB_VALUE_OBJECT = 10, // p: tb_object; type: 1 for a module
  TB_VALUE_DEVICE = 11, // i: as tb_tensor_device packs it
  TB_VALUE_NAMED_TUPLE =
      12,             // i: fields; a string with the class's name follows, then name and value of each field
  TB_VALUE_ENUM = 13, // two strings follow, the class's and the member's name, then its value
  TB_VALUE_GENERATOR = 14, // p: tb_generator
  TB_VALUE_OTHER = 15      // p: text that describes what has no counterpart
};

// One node of a value. A value is a row of nodes in preorder: containers are followed by what is in them.
typedef struct tb_value {
  int32_t kind;
  int32_t type;
  int64_t i;
  double d;
  double imag;
  void* p;
} tb_value;

// Frees what the shim returned: the texts and the block. Handles in it are the caller's.
TB_API void tb_values_free(tb_value* values, int64_t count);

#endif
