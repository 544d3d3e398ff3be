// The whole C ABI but the operators, which are generated.
#ifndef TORCHBIND_TORCHBIND_H
#define TORCHBIND_TORCHBIND_H

#include "torchbind/aoti.h"
#include "torchbind/autograd.h"
#include "torchbind/core.h"
#include "torchbind/guards.h"
#include "torchbind/jit.h"
#include "torchbind/random.h"
#include "torchbind/tensor.h"
#include "torchbind/types.h"

#endif
