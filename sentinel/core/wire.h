// The little the core needs to know of the wire: names for links, requests and clients, and a reply
// as a plain value. The core composes the commands and judges the replies; the runtime only carries
// them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quorate::sentinel::core {

// Names never used twice in one process run. 0 is "none".
enum class LinkId : uint64_t { kNone = 0 };
enum class RequestId : uint64_t { kNone = 0 };
// A client command whose answer comes later; chosen by the caller of Step.
enum class ClientId : uint64_t { kNone = 0 };

// A RESP reply, stripped to what matters here. Maps arrive as flat arrays; doubles, booleans and
// the like as kStatus.
struct WireReply {
  enum class Kind { kStatus, kError, kInteger, kBulk, kNull, kArray };

  Kind kind = Kind::kNull;
  std::string text;                 // kStatus, kError (with its code, without '-'), kBulk
  int64_t integer = 0;              // kInteger
  std::vector<WireReply> elements;  // kArray

  static WireReply Status(std::string text) { return {Kind::kStatus, std::move(text), 0, {}}; }
  static WireReply Error(std::string text) { return {Kind::kError, std::move(text), 0, {}}; }
  static WireReply Integer(int64_t n) { return {Kind::kInteger, {}, n, {}}; }
  static WireReply Bulk(std::string text) { return {Kind::kBulk, std::move(text), 0, {}}; }
  static WireReply Null() { return {}; }
  static WireReply Array(std::vector<WireReply> e) { return {Kind::kArray, {}, 0, std::move(e)}; }

  bool is_error() const { return kind == Kind::kError; }
  bool is_text() const { return kind == Kind::kStatus || kind == Kind::kBulk; }
};

inline constexpr char kHelloChannel[] = "__sentinel__:hello";

}  // namespace quorate::sentinel::core
