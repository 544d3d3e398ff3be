// Operators of libtorch that end the process instead of refusing what they are given: checks in front of
// them.
#ifndef TORCHBIND_GUARDS_H
#define TORCHBIND_GUARDS_H

#include "torchbind/types.h"

// Registers the checks with libtorch's dispatcher, once; called at load.
TB_API tb_status tb_guards_install(void);

#endif
