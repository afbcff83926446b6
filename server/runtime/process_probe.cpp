#include "server/runtime/process_probe.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

// Present if the program is linked with jemalloc.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value,
                       size_t new_size) __attribute__((weak));
// Present in a program built with a sanitizer, whose allocator libc knows nothing of.
extern "C" size_t SanitizerAllocatedBytes() __asm__("__sanitizer_get_current_allocated_bytes")
    __attribute__((weak));
extern "C" void malloc_stats_print(void (*write)(void*, const char*), void* context,
                                   const char* options) __attribute__((weak));

namespace quorate::server::runtime {

namespace {

template <typename T>
bool ReadControl(const char* name, T& value) {
  size_t size = sizeof value;
  return mallctl != nullptr && mallctl(name, &value, &size, nullptr, 0) == 0;
}

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

class RealProbe final : public ProcessProbe {
 public:
  RealProbe() { Refresh(); }

  // With jemalloc: its total as of the last refresh, moved by what this thread has allocated and
  // freed since. Without: libc is asked every time, which costs more but is never stale.
  uint64_t UsedBytes() override {
    if (allocated_ == nullptr || deallocated_ == nullptr) {
      Refresh();
      return base_;
    }
    const auto moved = static_cast<int64_t>(*allocated_ - allocated_at_base_) -
                       static_cast<int64_t>(*deallocated_ - deallocated_at_base_);
    const int64_t used = static_cast<int64_t>(base_) + moved;
    return used < 0 ? 0 : static_cast<uint64_t>(used);
  }

  void Refresh() override {
    if (SanitizerAllocatedBytes != nullptr) {
      base_ = SanitizerAllocatedBytes();
      return;
    }
    if (mallctl == nullptr) {
      const struct mallinfo2 info = mallinfo2();
      base_ = info.uordblks + info.hblkhd;
      return;
    }
    uint64_t epoch = 1;
    size_t epoch_size = sizeof epoch;
    mallctl("epoch", &epoch, &epoch_size, &epoch, sizeof epoch);
    size_t allocated = 0;
    if (ReadControl("stats.allocated", allocated)) base_ = allocated;
    if (allocated_ == nullptr) ReadControl("thread.allocatedp", allocated_);
    if (deallocated_ == nullptr) ReadControl("thread.deallocatedp", deallocated_);
    if (allocated_ != nullptr) allocated_at_base_ = *allocated_;
    if (deallocated_ != nullptr) deallocated_at_base_ = *deallocated_;
  }

  uint64_t ResidentBytes() override {
    unsigned long total = 0;
    unsigned long resident = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
      if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
      std::fclose(file);
    }
    return static_cast<uint64_t>(resident) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }

  uint64_t SystemMemoryBytes() override {
    return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
           static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }

  double CpuSystemSeconds() override { return Seconds(Usage().ru_stime); }
  double CpuUserSeconds() override { return Seconds(Usage().ru_utime); }

  std::string Allocator() override {
    const char* version = nullptr;
    if (!ReadControl("version", version) || version == nullptr) return "libc";
    const std::string text(version);
    return "jemalloc-" + text.substr(0, text.find('-'));
  }

  base::Status ChangeDirectory(const std::string& path) override {
    if (chdir(path.c_str()) == 0) return {};
    return base::Error{std::string("Changing directory: ") + std::strerror(errno)};
  }

  void ReturnFreeMemory() override {
    if (mallctl == nullptr) {
      malloc_trim(0);
    } else {
      mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: all arenas
    }
  }

  std::string AllocatorReport() override {
    if (malloc_stats_print == nullptr) return ProcessProbe::AllocatorReport();
    std::string report;
    malloc_stats_print(
        [](void* text, const char* piece) { static_cast<std::string*>(text)->append(piece); },
        &report, nullptr);
    return report;
  }

  int64_t Pid() override { return getpid(); }

  std::string Executable() override {
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    return length <= 0 ? std::string() : std::string(path.data(), static_cast<size_t>(length));
  }

  std::string OperatingSystem() override {
    utsname name{};
    if (uname(&name) != 0) return ProcessProbe::OperatingSystem();
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
  }

  void Sleep(int64_t nanoseconds) override {
    timespec rest{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    while (nanosleep(&rest, &rest) != 0) {
    }
  }

 private:
  static rusage Usage() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
  }

  uint64_t base_ = 0;
  uint64_t* allocated_ = nullptr;
  uint64_t* deallocated_ = nullptr;
  uint64_t allocated_at_base_ = 0;
  uint64_t deallocated_at_base_ = 0;
};

}  // namespace

std::unique_ptr<ProcessProbe> MakeProcessProbe() { return std::make_unique<RealProbe>(); }

}  // namespace quorate::server::runtime
