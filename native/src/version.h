// The one place that knows which libtorch this is.
#pragma once

#include <torch/version.h>

#define TB_TORCH_AT_LEAST(major, minor)                                                                      \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))
