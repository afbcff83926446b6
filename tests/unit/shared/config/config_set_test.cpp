#include "shared/config/config_set.h"

#include "tests/unit/shared/config/sample_settings.h"

#include <doctest/doctest.h>

using namespace quorate::config;

namespace {

using Texts = std::vector<std::string_view>;
using Found = std::vector<std::pair<std::string, std::string>>;

Found Get(const Sample& settings, const Texts& patterns) {
  const Table<Sample> table = MakeSampleTable();
  return ConfigGet(table.Bind(settings), patterns);
}

std::string Set(Sample& settings, const Texts& pairs, const SetContext& context = {}) {
  const Table<Sample> table = MakeSampleTable();
  return ConfigSet<Sample>(table, settings, pairs, context, nullptr).error;
}

}  // namespace

TEST_CASE(
    "CONFIG GET: exact names echo the request, patterns match names and aliases, nothing twice") {
  const Sample s;
  CHECK(Get(s, {"PORT", "port"}) == Found{{"PORT", "6379"}});
  CHECK(Get(s, {"*patience"}) == Found{{"replica-patience", "10"}, {"slave-patience", "10"}});
  CHECK(Get(s, {"slave-patience"}) == Found{{"slave-patience", "10"}});
  CHECK(Get(s, {"nosuch", "m?de", "bind"}) == Found{{"mode", "0"}, {"bind", "* -::*"}});
  CHECK(Get(s, {"maxmemory"}) == Found{{"maxmemory", "1024"}});
}

TEST_CASE("CONFIG GET: hidden directives by their exact name only, file-only ones never") {
  const Sample s;
  CHECK(Get(s, {"sec*"}) == Found{});
  CHECK(Get(s, {"secret"}) == Found{{"secret", ""}});
  CHECK(Get(s, {"rul*", "rule"}) == Found{});
}

TEST_CASE("CONFIG SET: several pairs, words split at blanks") {
  Sample s;
  CHECK(Set(s, {"port", "1", "BIND", "a b", "name", "two words"}) == "");
  CHECK(s.port == 1);
  CHECK(s.addresses == Args{"a", "b"});
  CHECK(s.name == "two words");
  CHECK(Set(s, {"bind", ""}) == "");
  CHECK(s.addresses.empty());
}

TEST_CASE("CONFIG SET: nothing changes if anything is wrong, in Redis' words") {
  Sample s;
  CHECK(Set(s, {"port", "1", "nosuch", "2"}) ==
        "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  CHECK(Set(s, {"port", "1", "rule", "a b"}) ==
        "Unknown option or number of arguments for CONFIG SET - 'rule'");
  CHECK(Set(s, {"port", "1", "Mode", "2"}) ==
        "CONFIG SET failed (possibly related to argument 'Mode') - can't set immutable config");
  CHECK(Set(s, {"port", "1", "PORT", "2"}) ==
        "CONFIG SET failed (possibly related to argument 'PORT') - duplicate parameter");
  CHECK(Set(s, {"port", "1", "SLAVE-patience", "abc"}) ==
        "CONFIG SET failed (possibly related to argument 'slave-patience') - argument couldn't be "
        "parsed into an "
        "integer");
  CHECK(Set(s, {"port", "1", "dir", "/"}) ==
        "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config");
  CHECK(Set(s, {"port"}) == "syntax error");
  CHECK(s == Sample{});
}

TEST_CASE("CONFIG SET: protected directives and loading") {
  Sample s;
  CHECK(Set(s, {"dir", "/"}, {.protected_allowed = true}) == "");
  CHECK(s.folder == "/");
  const Table<Sample> table = MakeSampleTable();
  const Staged staged = ConfigSet<Sample>(table, s, Texts{"dir", "/x"},
                                          {.protected_allowed = true, .loading = true}, nullptr);
  CHECK(staged.loading_error);
  CHECK(s.folder == "/");
}

TEST_CASE("CONFIG SET: the daemon applies once, and its refusal leaves the settings as they were") {
  const Table<Sample> table = MakeSampleTable();
  Sample s;
  std::vector<std::string> seen;
  const Staged refused = ConfigSet<Sample>(
      table, s, Texts{"port", "1", "slave-patience", "5"}, {},
      [&](const Sample& before, const Sample& after, const std::vector<std::string>& changed) {
        CHECK(before.port == 6379);
        CHECK(after.port == 1);
        seen = changed;
        return std::optional<ApplyFailure>(
            {"port", "Unable to listen on this port. Check server logs."});
      });
  CHECK(seen == std::vector<std::string>{"port", "replica-patience"});
  CHECK(refused.error ==
        "CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. "
        "Check server logs.");
  CHECK(s == Sample{});
}
