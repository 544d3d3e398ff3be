// The entries of this worker: what each does, and what its result is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace bench {

struct Entry {
  std::function<void(int64_t)> run;     // does the work so many times
  std::function<std::string()> check;   // the result of the work, for comparison: shape and weighted sum
};

// Entries are made when they are first asked for.
using Entries = std::map<std::string, std::function<Entry()>>;

void add_calls(Entries& entries);
void add_models(Entries& entries);
void add_data(Entries& entries);

// Programs that run once and say what they needed.
using Programs = std::map<std::string, std::function<void()>>;

void add_programs(Programs& programs);

} // namespace bench
