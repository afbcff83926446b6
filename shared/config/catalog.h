// The part of a directive table that does not depend on the settings struct: names, aliases,
// shapes, flags, prose.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quorate::config {

enum class Shape {
  kSingle,    // exactly one argument: port 6379
  kWords,     // a list of arguments: bind 127.0.0.1 ::1 (in YAML a list, or one scalar of words)
  kRepeated,  // may be given several times, each line a list of arguments (in YAML a list of lines)
};

struct DirectiveInfo {
  std::string name;                  // Redis' name
  std::vector<std::string> aliases;  // older words (slave-...)
  std::string group;                 // the map it may be written under in YAML, e.g. "network"
  std::string doc;                   // one sentence for the templates
  std::string values;                // what may be written, e.g. "yes|no", "0-65535"
  Shape shape = Shape::kSingle;
  bool immutable = false;     // not by CONFIG SET
  bool is_protected = false;  // CONFIG SET only as enable-protected-configs allows
  bool hidden = false;        // CONFIG GET only by its exact name
  bool file_only = false;     // unknown to CONFIG GET and CONFIG SET (rename-command)
  bool sensitive = false;     // a secret: never logged
  bool refused_while_loading = false;
  bool quoted = false;      // CONFIG REWRITE always quotes it
  bool yes_no = false;      // YAML's true and false are read as yes and no
  bool inert = false;       // kept and shown, but nothing here acts on it (unhonoured.h)
  bool in_template = true;  // rendered in the commented templates
};

class Catalog {
 public:
  // Every name and alias must be unique (CHECK).
  explicit Catalog(std::vector<DirectiveInfo> infos);

  const std::vector<DirectiveInfo>& infos() const { return infos_; }
  // Position of the row with this name or alias, case-insensitively.
  std::optional<size_t> Find(std::string_view name) const;
  bool IsGroup(std::string_view name) const;

 private:
  std::vector<DirectiveInfo> infos_;
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace quorate::config
