// An allocator for tests: what reads or writes behind a tensor's memory dies there and then.
#pragma once

#include <c10/core/Allocator.h>

namespace tb {

// `count` gets the bytes of each block, and minus them when it goes; `fill` is what a block starts with.
c10::Allocator* fenced_allocator(void (*count)(int64_t bytes, int64_t allocations), unsigned char fill);

} // namespace tb
