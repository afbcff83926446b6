#include "shared/base/address.h"

#include <arpa/inet.h>

#include <array>
#include <string>

#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate;

namespace {

bool SystemSaysIpv4(const std::string& text) {
  std::array<unsigned char, sizeof(in_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1;
}
bool SystemSaysIpv6(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

}  // namespace

TEST_CASE("address: what is an IP literal and what a name") {
  for (const char* text :
       {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::", "::ffff:10.0.0.1", "1::8", "1:2:3:4:5:6:1.2.3.4", "ABCD:ef01::"})
    CHECK_MESSAGE(base::IsIpLiteral(text), text);
  for (const char* text : {"",
                           "localhost",
                           "1.2.3",
                           "1.2.3.4.5",
                           "256.1.1.1",
                           "1.2.3.04",
                           "1.2.3.",
                           ":",
                           ":::",
                           "1::2::3",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7",
                           "12345::",
                           "g::",
                           "::1.2.3",
                           "1.2.3.4::",
                           "fe80::1%eth0",
                           "[::1]",
                           " ::1",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "db1.example.com"})
    CHECK_MESSAGE(!base::IsIpLiteral(text), text);
}

TEST_CASE("address: agrees with inet_pton") {
  base::Random random(7);
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (uint64_t length = random.Below(14); length > 0; --length)
      text += "0125:::..f"[random.Below(10)];
    CAPTURE(text);
    REQUIRE(base::IsIpv4Literal(text) == SystemSaysIpv4(text));
    REQUIRE(base::IsIpv6Literal(text) == SystemSaysIpv6(text));
  }
}
