// Versions, errors, memory of the shim itself, process-wide settings.
#ifndef TORCHBIND_CORE_H
#define TORCHBIND_CORE_H

#include "torchbind/types.h"

// Raised whenever a signature of the hand-written ABI changes; compared once at load.
#define TB_ABI_VERSION 1

TB_API int32_t tb_abi_version(void);
// Hash of the table of operators that the generator wrote into this shim; compared once at load.
TB_API uint64_t tb_operator_table_hash(void);
// The libtorch version this shim was compiled against, e.g. "2.6.0". Static storage.
TB_API const char* tb_built_for_version(void);

// Message of the last failure on this thread, UTF-8, valid until the next failure on it.
TB_API const char* tb_error_message(void);
// The same with the C++ backtrace where libtorch recorded one.
TB_API const char* tb_error_backtrace(void);
// A managed callback has failed: what it returns to its native caller becomes an exception with this message.
TB_API void tb_error_set(int32_t kind, const char* message);

// Frees a block (string, list) that the shim allocated.
TB_API void tb_free(void* block);

TB_API tb_status tb_core_get_num_threads(int32_t* result);
TB_API tb_status tb_core_set_num_threads(int32_t count);
TB_API tb_status tb_core_get_num_interop_threads(int32_t* result);
TB_API tb_status tb_core_set_num_interop_threads(int32_t count);
TB_API tb_status tb_core_get_default_dtype(int32_t* dtype);
TB_API tb_status tb_core_set_default_dtype(int32_t dtype);
TB_API tb_status tb_core_set_flush_denormal(uint8_t value, uint8_t* supported);
TB_API tb_status tb_core_set_deterministic(uint8_t value, uint8_t warn_only);
TB_API tb_status tb_core_get_deterministic(uint8_t* value, uint8_t* warn_only);
// Texts for `torchbind doctor`; free with tb_free.
TB_API tb_status tb_core_show_config(char** text);
TB_API tb_status tb_core_parallel_info(char** text);
TB_API tb_status tb_core_cpu_capability(char** text);
TB_API tb_status tb_core_device_available(int32_t device_type, uint8_t* available);
TB_API tb_status tb_core_device_count(int32_t device_type, int32_t* count);

// Native memory, counted in the allocator that libtorch itself uses (CPU).
// The address of {live bytes, peak bytes, allocations}: three int64_t, read without a call.
TB_API const int64_t* tb_memory_counters(void);
// Puts the counting allocator in place; called once at load.
TB_API tb_status tb_memory_install(void);
TB_API void tb_memory_reset_peak(void);
// Adds what this thread has counted for itself, so that the counters are exact for what it did.
TB_API void tb_memory_hand_on(void);

#endif
