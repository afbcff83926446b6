#include "tests/simulation/world/disk.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace quorate::simulation {

namespace {

constexpr size_t kBlock = 4096;

base::Error DiskError(const std::string& path, int error) {
  return {path + ": " + std::generic_category().message(error)};
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// True once for every call that is to fail.
bool TakeFault(int& remaining) {
  if (remaining == 0) return false;
  --remaining;
  return true;
}

void WriteAt(std::string& content, size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

Disk::Disk(base::Random random) : random_(random) {}

// ---- harness

void Disk::Put(const std::string& path, std::string_view bytes) {
  for (std::string directory = DirectoryOf(path); directory != "/";
       directory = DirectoryOf(directory)) {
    directories_.insert(directory);
  }
  auto file = std::make_shared<Inode>();
  file->current = file->durable = bytes;
  names_[path] = durable_names_[path] = file;
}

std::optional<std::string> Disk::Peek(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return std::nullopt;
  return found->second->current;
}

std::map<std::string, std::string> Disk::Durable() const {
  std::map<std::string, std::string> files;
  for (const auto& [path, file] : durable_names_) files[path] = file->durable;
  return files;
}

std::vector<std::string> Disk::List() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : names_) paths.push_back(path);
  return paths;
}

void Disk::Wipe() {
  names_.clear();
  durable_names_.clear();
  unsynced_names_.clear();
}

void Disk::PowerCut() {
  std::set<std::string> lost_from_here;  // directories whose later changes did not make it
  for (const NameChange& change : std::exchange(unsynced_names_, {})) {
    if (lost_from_here.contains(change.directory)) continue;
    if (random_.Chance(1, 2)) {
      Apply(change, durable_names_);
    } else {
      lost_from_here.insert(change.directory);
    }
  }
  // Fresh inodes: a handle held by a process that died in the cut writes nowhere.
  std::map<File, File> survivors;  // ordered by pointer, used for look-up only
  for (auto& [path, file] : durable_names_) {
    File& survivor = survivors[file];
    if (!survivor) {
      survivor = std::make_shared<Inode>();
      survivor->current = survivor->durable = AfterPowerCut(*file);
    }
    file = survivor;
  }
  names_ = durable_names_;
}

std::string Disk::AfterPowerCut(const Inode& file) {
  std::string content = file.durable;
  for (const Inode::Change& change : file.unsynced) {
    const bool kept = random_.Chance(1, 2);
    if (!kept) continue;
    if (change.truncates) {
      content.clear();
      continue;
    }
    const bool torn = random_.Chance(1, 4);
    const size_t length = torn ? random_.Below(change.bytes.size() + 1) : change.bytes.size();
    WriteAt(content, change.offset, std::string_view(change.bytes).substr(0, length));
  }
  return content;
}

void Disk::SetLatency(base::Duration base, base::Duration jitter) {
  latency_ = base;
  latency_jitter_ = jitter;
}

base::Duration Disk::DrawLatency() {
  return latency_ + base::Duration(random_.Between(0, latency_jitter_.count()));
}

// ---- processes

void Disk::Apply(const NameChange& change, Names& names) {
  for (const auto& [path, file] : change.names) {
    if (file) {
      names[path] = file;
    } else {
      names.erase(path);
    }
  }
}

void Disk::Change(const std::string& path, std::vector<std::pair<std::string, File>> names) {
  unsynced_names_.push_back({DirectoryOf(path), std::move(names)});
  Apply(unsynced_names_.back(), names_);
}

base::Result<Disk::File> Disk::Create(const std::string& path) {
  if (directories_.contains(path)) return DiskError(path, EISDIR);
  if (!directories_.contains(DirectoryOf(path))) return DiskError(path, ENOENT);
  if (const auto found = names_.find(path); found != names_.end()) {
    found->second->current.clear();
    found->second->unsynced.push_back({.truncates = true, .offset = 0, .bytes = {}});
    return found->second;
  }
  if (full_) return DiskError(path, ENOSPC);
  auto file = std::make_shared<Inode>();
  Change(path, {{path, file}});
  return file;
}

base::Status Disk::Append(Inode& file, const std::string& path, std::string_view bytes) {
  if (TakeFault(failing_writes_)) return DiskError(path, EIO);
  const std::string_view written = full_ ? bytes.substr(0, random_.Below(bytes.size() + 1)) : bytes;
  for (size_t at = 0; at < written.size(); at += kBlock) {
    const std::string_view block = written.substr(at, kBlock);
    file.unsynced.push_back(
        {.truncates = false, .offset = file.current.size(), .bytes = std::string(block)});
    file.current += block;
  }
  if (full_) return DiskError(path, ENOSPC);
  return {};
}

base::Status Disk::Sync(Inode& file, const std::string& path) {
  const std::vector<Inode::Change> changes = std::exchange(file.unsynced, {});
  if (TakeFault(failing_syncs_)) return DiskError(path, EIO);
  for (const Inode::Change& change : changes) {
    if (change.truncates) file.durable.clear();
    WriteAt(file.durable, change.offset, change.bytes);
  }
  return {};
}

base::Status Disk::Sync(const std::string& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return DiskError(path, ENOENT);
  return Sync(*found->second, path);
}

base::Status Disk::SyncDirectoryOf(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  if (TakeFault(failing_syncs_)) return DiskError(directory, EIO);
  std::vector<NameChange> others;
  for (NameChange& change : std::exchange(unsynced_names_, {})) {
    if (change.directory == directory) {
      Apply(change, durable_names_);
    } else {
      others.push_back(std::move(change));
    }
  }
  unsynced_names_ = std::move(others);
  return {};
}

base::Status Disk::Rename(const std::string& from, const std::string& to) {
  const auto found = names_.find(from);
  if (found == names_.end()) return DiskError(from, ENOENT);
  if (directories_.contains(to)) return DiskError(to, EISDIR);
  if (!directories_.contains(DirectoryOf(to))) return DiskError(to, ENOENT);
  const File file = found->second;
  Change(to, {{from, nullptr}, {to, file}});
  return {};
}

base::Status Disk::Remove(const std::string& path) {
  if (!names_.contains(path)) return DiskError(path, ENOENT);
  Change(path, {{path, nullptr}});
  return {};
}

base::Result<std::string> Disk::Read(const std::string& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return DiskError(path, directories_.contains(path) ? EISDIR : ENOENT);
  if (TakeFault(failing_reads_)) return DiskError(path, EIO);
  return found->second->current;
}

bool Disk::Exists(const std::string& path) const {
  return names_.contains(path) || directories_.contains(path);
}

base::Result<std::vector<std::string>> Disk::ListDirectory(const std::string& path) const {
  if (!directories_.contains(path)) return DiskError(path, ENOENT);
  const std::string prefix = path == "/" ? path : path + "/";
  std::vector<std::string> names;
  for (const auto& [name, file] : names_)
    if (DirectoryOf(name) == path) names.push_back(name.substr(prefix.size()));
  return names;
}

base::Status Disk::MakeDirectory(const std::string& path) {
  if (directories_.contains(path)) return {};
  if (names_.contains(path)) return DiskError(path, EEXIST);
  if (!directories_.contains(DirectoryOf(path))) return DiskError(path, ENOENT);
  directories_.insert(path);
  return {};
}

}  // namespace quorate::simulation
