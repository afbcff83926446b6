// Directives that a drill needs otherwise than the deployment has them: set by CONFIG SET, and set
// back to what they were at the end of this object at the latest, even if the user interrupts.
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/foreground.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::ops {

class TemporarySettings {
 public:
  explicit TemporarySettings(Foreground& foreground) : foreground_(foreground) {}
  ~TemporarySettings();
  TemporarySettings(const TemporarySettings&) = delete;
  TemporarySettings& operator=(const TemporarySettings&) = delete;

  // Error: the server does not answer, does not know the directive or refuses the value.
  base::Status Set(const base::Endpoint& server, const std::string& directive,
                   const std::string& value);
  // Sets it only where it has the value `off`. A server that does not know it is left as it is.
  enum class Before { kUnknown, kOff, kOn };
  base::Result<Before> TurnOn(const base::Endpoint& server, const std::string& directive,
                              const std::string& off, const std::string& on);
  // Has the servers write what was set to their configuration files, as a restart needs.
  base::Status Rewrite();
  // Back to what it was, the last first; in the files too, which sentinels have rewritten at every
  // change of role. Goes on after an error and returns it.
  base::Status Restore();

 private:
  struct Changed {
    base::Endpoint server;
    std::string directive;
    std::string value;  // before
  };

  base::Status Change(const Changed& before, const std::string& value);
  base::Status RestoreOver(Foreground& foreground);

  Foreground& foreground_;
  std::vector<Changed> changed_;
};

}  // namespace quorate::ops
