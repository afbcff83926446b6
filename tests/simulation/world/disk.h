// A simulated disk with two images: what running processes see, and what a power cut leaves.
// Syncing a file moves its content from the first to the second; syncing a directory moves its
// names. After a power cut each directory keeps some first part of its unsynced names, and each
// file any of its unsynced 4 KiB blocks, the last one perhaps torn.
//
// What it does not model: durable directories (making one is durable at once) and attributes.
// Paths are absolute. Error messages are the operating system's, after the path.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/random.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::simulation {

class Disk {
 public:
  struct Inode {
    // One unsynced change: the file is cut to nothing, or a block is written at `offset`.
    struct Change {
      bool truncates = false;
      size_t offset = 0;
      std::string bytes;
    };
    std::string current;
    std::string durable;
    std::vector<Change> unsynced;
  };
  using File = std::shared_ptr<Inode>;

  explicit Disk(base::Random random);

  // ---- for the harness: no faults, durable at once
  void Put(const std::string& path, std::string_view bytes);
  std::optional<std::string> Peek(const std::string& path) const;
  // Another disk is in the machine, an empty one; whatever has a file open goes on with that.
  void Wipe();
  // What a power cut leaves whatever chance does, by path.
  std::map<std::string, std::string> Durable() const;
  // Paths of all files, sorted.
  std::vector<std::string> List() const;
  // The power fails: only what is durable, and chance, remain.
  void PowerCut();

  // ---- faults
  // Writes and new files fail with ENOSPC (after a random part was written) until it is set back.
  void SetFull(bool full) { full_ = full; }
  // The next `n` calls fail with EIO. After a failed sync the next one succeeds, but what the
  // failed one should have saved counts as clean and is lost at a power cut, as on Linux.
  void FailNextSyncs(int n) { failing_syncs_ = n; }
  void FailNextWrites(int n) { failing_writes_ = n; }
  void FailNextReads(int n) { failing_reads_ = n; }
  // Each operation takes `base` plus up to `jitter`.
  void SetLatency(base::Duration base, base::Duration jitter);
  base::Duration DrawLatency();

  // ---- operations of processes
  // Opens for writing and cuts an existing file to nothing.
  base::Result<File> Create(const std::string& path);
  base::Status Append(Inode& file, const std::string& path, std::string_view bytes);
  base::Status Sync(Inode& file, const std::string& path);
  base::Status Sync(const std::string& path);
  base::Status SyncDirectoryOf(const std::string& path);
  base::Status Rename(const std::string& from, const std::string& to);
  base::Status Remove(const std::string& path);
  base::Result<std::string> Read(const std::string& path);
  bool Exists(const std::string& path) const;
  // The names of the files in it, sorted; directories are not listed.
  base::Result<std::vector<std::string>> ListDirectory(const std::string& path) const;
  base::Status MakeDirectory(const std::string& path);

 private:
  using Names = std::map<std::string, File>;
  // Names set (or removed: null) together, in one directory.
  struct NameChange {
    std::string directory;
    std::vector<std::pair<std::string, File>> names;
  };

  static void Apply(const NameChange& change, Names& names);
  void Change(const std::string& path, std::vector<std::pair<std::string, File>> names);
  std::string AfterPowerCut(const Inode& file);

  base::Random random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> directories_{"/"};
  bool full_ = false;
  int failing_syncs_ = 0;
  int failing_writes_ = 0;
  int failing_reads_ = 0;
  base::Duration latency_ = std::chrono::microseconds(100);
  base::Duration latency_jitter_ = std::chrono::microseconds(400);
};

}  // namespace quorate::simulation
