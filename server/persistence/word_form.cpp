#include "server/persistence/word_form.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "shared/base/numbers.h"

namespace quorate::server::persistence {
namespace {

using engine::Fencing;

constexpr std::array kRoles = {Fencing::Role::kPrimary, Fencing::Role::kReplica,
                               Fencing::Role::kReleased};

std::string FormatWithoutElectorate(const Fencing::Word& word) {
  return fmt::format("{} {}\n", word.epoch.number(), Fencing::RoleName(word.role));
}

// Cuts the text before the first space, or all of it; the space is gone too.
std::string_view TakeField(std::string_view& text) {
  const size_t end = text.find(' ');
  const std::string_view field = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return field;
}

}  // namespace

std::string FormatWord(const Fencing::Word& word) {
  return fmt::format("{} {} {}\n", word.epoch.number(), Fencing::RoleName(word.role),
                     word.electorate);
}

std::optional<Fencing::Word> ParseWord(std::string_view text) {
  std::string_view rest = text.substr(0, text.find('\n'));
  const std::optional<uint64_t> epoch = base::ParseUint64(TakeField(rest));
  const std::string_view role_name = TakeField(rest);
  const std::optional<uint64_t> electorate = rest.empty() ? uint64_t{0} : base::ParseUint64(rest);
  if (!epoch || !electorate || *electorate > UINT32_MAX) return std::nullopt;
  for (const Fencing::Role role : kRoles) {
    if (Fencing::RoleName(role) != role_name) continue;
    const Fencing::Word word{base::Epoch(*epoch), role, static_cast<uint32_t>(*electorate)};
    if (text == FormatWord(word) || text == FormatWithoutElectorate(word)) return word;
  }
  return std::nullopt;
}

}  // namespace quorate::server::persistence
