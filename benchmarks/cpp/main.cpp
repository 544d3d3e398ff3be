// A worker of the benchmarks. It stays alive and reads lines:
//   list                 the names of its entries, on one line
//   check ENTRY          the result of the entry's work
//   warm ENTRY           lets the work settle
//   run ENTRY COUNT      does the work so many times: nanoseconds on the clock, and of the processor's time
// With an argument it runs the program of that name and ends.
#include "worker.h"

#include <chrono>
#include <ctime>
#include <exception>
#include <iostream>
#include <sstream>

namespace {

int64_t cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::string answer(bench::Entries& makers, std::map<std::string, bench::Entry>& made, std::istream& line) {
  std::string command, name;
  line >> command >> name;
  if (command == "list") {
    std::string names;
    for (const auto& [key, maker] : makers)
      names += key + " ";
    return names;
  }
  auto maker = makers.find(name);
  if (maker == makers.end())
    return "error: no entry " + name;
  auto entry = made.find(name);
  if (entry == made.end())
    entry = made.emplace(name, maker->second()).first;
  if (command == "check")
    return entry->second.check();
  if (command == "warm") {
    for (int i = 0; i < 3; ++i)
      entry->second.run(1);
    return "ok";
  }
  if (command == "run") {
    int64_t count = 0;
    line >> count;
    const int64_t cpu = cpu_time();
    const auto start = std::chrono::steady_clock::now();
    entry->second.run(count);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()) + " " +
           std::to_string(cpu_time() - cpu);
  }
  return "error: no command " + command;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    bench::Programs programs;
    bench::add_programs(programs);
    const auto program = programs.find(argv[1]);
    if (program == programs.end()) {
      std::cerr << "no program " << argv[1] << '\n';
      return 2;
    }
    program->second();
    return 0;
  }

  bench::Entries makers;
  bench::add_calls(makers);
  bench::add_models(makers);
  bench::add_data(makers);
  std::map<std::string, bench::Entry> made;
  std::string line;
  std::cout << "ready" << std::endl;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string text;
    try {
      text = answer(makers, made, words);
    } catch (const std::exception& error) {
      text = std::string("error: ") + error.what();
      text = text.substr(0, text.find('\n'));
    }
    std::cout << text << std::endl;
  }
}
