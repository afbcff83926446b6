#include "shared/config/default_user.h"

#include <openssl/evp.h>

#include <array>

#include "shared/base/check.h"
#include "shared/base/hex.h"
#include "shared/base/numbers.h"

namespace quorate::config {

namespace {

std::string HexSha256(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  CHECK(EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return base::ToHex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

// What the default user must have, and the words that give it.
constexpr std::array<std::array<std::string_view, 3>, 4> kRights = {
    {{"on", "on", "on"},
     {"~*", "allkeys", "%rw~*"},
     {"&*", "allchannels", "&*"},
     {"+@all", "allcommands", "+@all"}}};

}  // namespace

base::Result<std::string> ReadDefaultUser(const Args& words) {
  const base::Error other{
      "only the default user is supported, with every right: 'user default on nopass ~* &* +@all', "
      "or with the password that requirepass gives"};
  if (words.empty() || words[0] != "default") return other;
  std::array<bool, kRights.size()> has{};
  std::optional<std::string> password;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string word = base::ToLower(words[i]);
    bool known = word == "sanitize-payload" || word == "skip-sanitize-payload";
    if (word == "nopass" || word[0] == '#' || word[0] == '>') {
      if (password) return other;
      password = word == "nopass" ? ""
                 : word[0] == '#' ? word
                                  : "#" + HexSha256(words[i].substr(1));
      known = true;
    }
    for (size_t right = 0; right < kRights.size(); ++right)
      for (const std::string_view name : kRights[right])
        if (word == name) known = has[right] = true;
    if (!known) return other;
  }
  for (const bool right : has)
    if (!right) return other;
  if (!password) return other;
  return std::move(*password);
}

base::Status SettleDefaultUser(KeptValues& kept, std::string_view requirepass) {
  const auto line = kept.find(kUserDirective);
  if (line == kept.end()) return {};
  const std::string password = line->second;
  kept.erase(line);
  if (password == (requirepass.empty() ? "" : "#" + HexSha256(requirepass))) return {};
  return base::Error{
      "The line 'user default ...' and 'requirepass' disagree about the password of the default "
      "user: requirepass is what counts here."};
}

}  // namespace quorate::config
