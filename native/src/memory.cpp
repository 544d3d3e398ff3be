// The CPU allocator that counts: libtorch's own, with the usable size of each block added and taken away.
#include "memory_fence.h"
#include "shim.h"

#include <atomic>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <cstdlib>
#include <malloc.h>

namespace {

// {live bytes, peak bytes, allocations}; read by the managed side without a call.
std::atomic<int64_t> counters[3];
static_assert(sizeof(counters) == 3 * sizeof(int64_t), "the managed side reads plain integers");

// Small blocks are counted per thread and handed on together: no thread touches a shared line for each of
// them.
constexpr int64_t kHandOn = 64 << 10;

struct Pending {
  int64_t bytes;
  int64_t allocations;
  bool known; // whether what is left goes on when the thread ends
};
thread_local Pending pending; // plain data: blocks may be freed after this thread's destructors ran

void hand_on() {
  const int64_t live = counters[0].fetch_add(pending.bytes, std::memory_order_relaxed) + pending.bytes;
  int64_t peak = counters[1].load(std::memory_order_relaxed);
  while (live > peak && !counters[1].compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
  counters[2].fetch_add(pending.allocations, std::memory_order_relaxed);
  pending.bytes = 0;
  pending.allocations = 0;
}

struct HandOnAtExit {
  ~HandOnAtExit() { hand_on(); }
};

void hand_on_at_exit() {
  thread_local HandOnAtExit at_exit;
  (void)at_exit;
  pending.known = true;
}

void count(int64_t bytes, int64_t allocations) {
  Pending& mine = pending;
  mine.bytes += bytes;
  mine.allocations += allocations;
  if (!mine.known)
    hand_on_at_exit();
  if (mine.bytes > kHandOn || mine.bytes < -kHandOn)
    hand_on();
}

void release_block(void* block) {
  if (block == nullptr)
    return;
  c10::profiledCPUMemoryReporter().Delete(block);
  count(-static_cast<int64_t>(malloc_usable_size(block)), 0);
  c10::free_cpu(block);
}

class CountingAllocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(size_t bytes) override {
    void* block = nullptr;
    try {
      block = c10::alloc_cpu(bytes);
    } catch (c10::Error&) {
      c10::profiledCPUMemoryReporter().OutOfMemory(bytes);
      throw;
    }
    if (block != nullptr) {
      c10::profiledCPUMemoryReporter().New(block, bytes);
      count(static_cast<int64_t>(malloc_usable_size(block)), 1);
    }
    return {block, block, &release_block, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release_block; }

  void copy_data(void* destination, const void* source, size_t bytes) const override {
    default_copy_data(destination, source, bytes);
  }
};

} // namespace

const int64_t* tb_memory_counters(void) { return reinterpret_cast<const int64_t*>(counters); }

tb_status tb_memory_install(void) {
  return tb::guard([] {
    // For tests; the value is the byte that new memory is filled with.
    const char* fence = std::getenv("TORCHBIND_FENCE_MEMORY");
    // Never freed: blocks may be released after static destructors have run.
    static c10::Allocator* allocator =
        fence != nullptr
            ? tb::fenced_allocator(&count, static_cast<unsigned char>(std::strtoul(fence, nullptr, 0)))
            : new CountingAllocator();
    c10::SetCPUAllocator(allocator, 1);
  });
}

void tb_memory_hand_on(void) { hand_on(); }

void tb_memory_reset_peak(void) {
  counters[1].store(counters[0].load(std::memory_order_relaxed), std::memory_order_relaxed);
}
