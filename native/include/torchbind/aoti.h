// Models that Python's AOTInductor compiled ahead of time.
#ifndef TORCHBIND_AOTI_H
#define TORCHBIND_AOTI_H

#include "torchbind/types.h"

typedef struct tb_package_opaque* tb_package; // torch::inductor::AOTIModelPackageLoader

// Loads the compiled library out of a package: its code becomes part of the process.
TB_API tb_status tb_package_load(const char* path, const char* model, tb_package* result);
TB_API void tb_package_free(tb_package self);
TB_API tb_status tb_package_run(tb_package self, const tb_tensor* inputs, int64_t count,
                                tb_tensor_list* result);
// Lines of texts by turns: key, value. Free with tb_free.
TB_API tb_status tb_package_metadata(tb_package self, char** lines);
// Names, one a line. Free with tb_free.
TB_API tb_status tb_package_constants(tb_package self, char** names);

#endif
