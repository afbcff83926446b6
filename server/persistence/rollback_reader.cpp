#include "server/persistence/rollback_reader.h"

#include <fmt/format.h>

#include <utility>

#include "shared/base/numbers.h"

namespace quorate::server::persistence {
namespace {

// No value is longer than a server can hold; memory follows the bytes read in any case.
resp::RequestParser::Limits FileLimits() {
  resp::RequestParser::Limits limits;
  limits.max_bulk_bytes = int64_t{1} << 40;
  limits.max_args = INT32_MAX;
  return limits;
}

}  // namespace

RollbackReader::RollbackReader() : parser_(FileLimits()) {}

base::Result<bool> RollbackReader::Next() {
  if (!error_.empty()) return base::Error{error_};
  input_.Consume(std::exchange(used_, 0));
  if (input_.empty()) return false;
  const auto outcome = parser_.Next(input_.view());
  const size_t consumed = parser_.consumed();
  switch (outcome) {
    case resp::RequestParser::Outcome::kNeedMore:
      input_.Consume(consumed);
      skipped_ += consumed;
      return false;
    case resp::RequestParser::Outcome::kRequest:
      if (parser_.canonical()) {
        used_ = consumed;
        offset_ += consumed + std::exchange(skipped_, 0);
        return true;
      }
      break;
    case resp::RequestParser::Outcome::kError:
      break;
  }
  error_ = fmt::format("no command at byte {}", offset_);
  return base::Error{error_};
}

base::Status RollbackReader::Finish() const {
  if (!error_.empty()) return base::Error{error_};
  if (input_.size() > used_)
    return base::Error{fmt::format("it ends in the command at byte {}", offset_)};
  return {};
}

bool IsFraming(std::string_view name) {
  return base::EqualsIgnoreCase(name, "select") || base::EqualsIgnoreCase(name, "multi") ||
         base::EqualsIgnoreCase(name, "exec");
}

}  // namespace quorate::server::persistence
