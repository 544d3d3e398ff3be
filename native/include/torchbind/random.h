// Random number generators.
#ifndef TORCHBIND_RANDOM_H
#define TORCHBIND_RANDOM_H

#include "torchbind/types.h"

TB_API void tb_generator_free(tb_generator self);
TB_API tb_status tb_generator_new(int32_t device_type, int32_t device_index, tb_generator* result);
TB_API tb_status tb_generator_default(int32_t device_type, int32_t device_index, tb_generator* result);
TB_API tb_status tb_generator_manual_seed(tb_generator self, uint64_t seed);
TB_API tb_status tb_generator_initial_seed(tb_generator self, uint64_t* seed);
TB_API tb_status tb_generator_seed(tb_generator self, uint64_t* seed);
TB_API tb_status tb_generator_get_state(tb_generator self, tb_tensor* state);
TB_API tb_status tb_generator_set_state(tb_generator self, tb_tensor state);
TB_API tb_status tb_generator_device(tb_generator self, int64_t* device);
// torch.manual_seed: the default generators of every device.
TB_API tb_status tb_random_manual_seed(uint64_t seed);

#endif
