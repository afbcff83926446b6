#include "shared/session/client_commands.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/numbers.h"
#include "shared/command/introspection.h"
#include "shared/resp/errors.h"
#include "shared/session/handshake.h"

namespace quorate::session {

namespace {

namespace errors = resp::errors;
using base::EqualsIgnoreCase;

constexpr std::string_view kDefaultUser = "default";
constexpr int64_t kNoRedirection = -1;

int64_t SecondsSince(base::Instant from, base::Instant now) {
  return std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - from).count());
}

ClientType TypeOf(const ClientDirectory& clients, const Client& client) {
  const ClientType type = clients.FactsOf(client).type;
  return type == ClientType::kNormal && client.is_subscriber() ? ClientType::kPubSub : type;
}

std::optional<ClientType> ParseType(std::string_view name) {
  if (EqualsIgnoreCase(name, "normal")) return ClientType::kNormal;
  if (EqualsIgnoreCase(name, "slave") || EqualsIgnoreCase(name, "replica"))
    return ClientType::kReplica;
  if (EqualsIgnoreCase(name, "pubsub")) return ClientType::kPubSub;
  if (EqualsIgnoreCase(name, "master")) return ClientType::kMaster;
  return std::nullopt;
}

std::string UnknownType(std::string_view name) {
  return "ERR Unknown client type '" + std::string(name) + "'";
}

// In Redis' order of letters.
std::string FlagLetters(const ClientFacts& facts, const Client& client) {
  std::string letters;
  if (facts.monitor) letters += 'O';
  if (facts.type == ClientType::kReplica) letters += 'S';
  if (facts.type == ClientType::kMaster) letters += 'M';
  if (client.is_subscriber()) letters += 'P';
  if (facts.queued_commands >= 0) letters += 'x';
  if (facts.blocked) letters += 'b';
  if (facts.watched_key_changed) letters += 'd';
  if (client.close_after_reply) letters += 'c';
  if (client.close_now) letters += 'A';
  if (client.unix_socket) letters += 'U';
  if (client.no_evict) letters += 'e';
  if (client.no_touch) letters += 'T';
  return letters.empty() ? "N" : letters;
}

class Line {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += ' ';
    text_ += name;
    text_ += '=';
    text_ += value;
  }
  template <typename Number>
  requires std::is_integral_v<Number>
  void Add(std::string_view name, Number value) { Add(name, std::to_string(value)); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// What CLIENT KILL's filters ask for; absent ones match everybody.
struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  bool skip_me = true;

  bool Matches(const ClientRequest& request, const Client& client) const {
    if (skip_me && &client == &request.self) return false;
    if (id && client.id != *id) return false;
    if (type && TypeOf(request.clients, client) != *type) return false;
    if (address && client.peer.ToString() != *address) return false;
    return !local_address || client.local.ToString() == *local_address;
  }
};

// False: the error has been answered.
bool ParseKillOption(const ClientRequest& request, std::string_view option, std::string_view value,
                     KillFilter& filter) {
  resp::Writer& out = request.self.writer;
  if (EqualsIgnoreCase(option, "id")) {
    const std::optional<int64_t> id = base::ParseInt64(value);
    if (!id || *id < 1) return out.Error("ERR client-id should be greater than 0"), false;
    filter.id = static_cast<uint64_t>(*id);
  } else if (EqualsIgnoreCase(option, "type")) {
    filter.type = ParseType(value);
    if (!filter.type) return out.Error(UnknownType(value)), false;
  } else if (EqualsIgnoreCase(option, "addr")) {
    filter.address = value;
  } else if (EqualsIgnoreCase(option, "laddr")) {
    filter.local_address = value;
  } else if (EqualsIgnoreCase(option, "user")) {
    // There is one user, and everybody is it.
    if (value != kDefaultUser)
      return out.Error("ERR No such user '" + std::string(value) + "'"), false;
  } else if (EqualsIgnoreCase(option, "skipme") && EqualsIgnoreCase(value, "yes")) {
    filter.skip_me = true;
  } else if (EqualsIgnoreCase(option, "skipme") && EqualsIgnoreCase(value, "no")) {
    filter.skip_me = false;
  } else {
    return out.Error(errors::kSyntax), false;
  }
  return true;
}

int64_t KillMatching(const ClientRequest& request, const KillFilter& filter) {
  int64_t killed = 0;
  request.clients.ForEachClient([&](Client& client) {
    if (!filter.Matches(request, client)) return;
    ++killed;
    if (&client == &request.self) {
      client.close_after_reply = true;
    } else {
      request.clients.KillClient(client, "killed by CLIENT KILL");
    }
  });
  return killed;
}

// Error answered: nothing.
std::optional<bool> ParseOnOff(const ClientRequest& request) {
  if (EqualsIgnoreCase(request.args[2], "on")) return true;
  if (EqualsIgnoreCase(request.args[2], "off")) return false;
  request.self.writer.Error(errors::kSyntax);
  return std::nullopt;
}

}  // namespace

std::string DescribeClient(const ClientRequest& request, const Client& client) {
  const ClientFacts facts = request.clients.FactsOf(client);
  const base::Instant now = request.clients.ClientClock();
  const bool is_self = &client == &request.self;
  size_t argument_bytes = 0;
  if (is_self)
    for (const std::string_view arg : request.args) argument_bytes += arg.size();
  const size_t output_capacity = client.output.capacity();
  const size_t total_bytes = sizeof(Client) + client.input.capacity() + output_capacity +
                             client.parser.memory_usage() + facts.queued_bytes +
                             client.name.capacity();
  const std::string_view last_command = is_self ? request.command
                                        : client.last_command == nullptr
                                            ? "NULL"
                                            : std::string_view(client.last_command->full_name);

  Line line;
  line.Add("id", client.id);
  line.Add("addr", client.peer.ToString());
  line.Add("laddr", client.local.ToString());
  line.Add("fd", -1);
  line.Add("name", client.name);
  line.Add("age", SecondsSince(client.created, now));
  line.Add("idle", SecondsSince(client.last_interaction, now));
  line.Add("flags", FlagLetters(facts, client));
  line.Add("db", facts.db);
  line.Add("sub", client.channels.size());
  line.Add("psub", client.patterns.size());
  line.Add("ssub", client.shard_channels.size());
  line.Add("multi", facts.queued_commands);
  line.Add("qbuf", client.input.size());
  line.Add("qbuf-free", client.input.capacity() - client.input.size());
  line.Add("argv-mem", argument_bytes);
  line.Add("multi-mem", facts.queued_bytes);
  line.Add("rbs", output_capacity);
  line.Add("rbp", client.output.size());
  line.Add("obl", client.output.size());
  line.Add("oll", 0);
  line.Add("omem", 0);
  line.Add("tot-mem", total_bytes);
  line.Add("events", client.output.empty() || is_self ? "r" : "rw");
  line.Add("cmd", last_command);
  line.Add("user", kDefaultUser);
  line.Add("redir", kNoRedirection);
  line.Add("resp", client.writer.protocol());
  if (!client.library_name.empty()) line.Add("lib-name", client.library_name);
  if (!client.library_version.empty()) line.Add("lib-ver", client.library_version);
  return line.Take();
}

void ClientGetName(const ClientRequest& request) {
  if (request.self.name.empty()) return request.self.writer.Null();
  request.self.writer.Bulk(request.self.name);
}

void ClientGetRedir(const ClientRequest& request) { request.self.writer.Integer(kNoRedirection); }

void ClientHelp(const ClientRequest& request) {
  static constexpr std::string_view kLines[] = {
      "GETREDIR",
      "    Return the client ID we are redirecting to when tracking is enabled.",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "INFO",
      "    Return information about the current client connection.",
      "KILL <ip:port>",
      "    Kill connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Kill connections. Options are:",
      "    * ADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made from the specified address",
      "    * LADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made to specified local address",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Kill connections by type.",
      "    * USER <username>",
      "      Kill connections authenticated by <username>.",
      "    * SKIPME (YES|NO)",
      "      Skip killing current connection (default: yes).",
      "LIST [options ...]",
      "    Return information about client connections. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Return clients of specified type.",
      "UNPAUSE",
      "    Stop the current client pause, resuming traffic.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Suspend all, or just write, clients for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Control the replies sent to the current connection.",
      "SETINFO <option> <value>",
      "    Set the client's library name (LIB-NAME) or version (LIB-VER).",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "UNBLOCK <clientid> [TIMEOUT|ERROR]",
      "    Unblock the specified blocked client.",
      "TRACKINGINFO",
      "    Report tracking status for the current connection.",
      "NO-EVICT (ON|OFF)",
      "    Protect current client connection from eviction.",
  };
  command::ReplyHelp("CLIENT", kLines, request.self.writer);
}

void ClientId(const ClientRequest& request) {
  request.self.writer.Integer(static_cast<int64_t>(request.self.id));
}

void ClientInfo(const ClientRequest& request) {
  request.self.writer.Verbatim(DescribeClient(request, request.self) + "\n");
}

void ClientKill(const ClientRequest& request) {
  resp::Writer& out = request.self.writer;
  KillFilter filter;
  if (request.args.size() == 3) {
    filter.address = request.args[2];
    filter.skip_me = false;
    if (KillMatching(request, filter) == 0) return out.Error("ERR No such client");
    return out.Ok();
  }
  for (size_t i = 2; i < request.args.size(); i += 2) {
    if (i + 1 == request.args.size()) return out.Error(errors::kSyntax);
    if (!ParseKillOption(request, request.args[i], request.args[i + 1], filter)) return;
  }
  out.Integer(KillMatching(request, filter));
}

void ClientList(const ClientRequest& request) {
  const auto& args = request.args;
  resp::Writer& out = request.self.writer;
  std::string lines;
  const auto add = [&](const Client& client) { lines += DescribeClient(request, client) + "\n"; };
  if (args.size() == 2) {
    request.clients.ForEachClient(add);
  } else if (args.size() == 4 && EqualsIgnoreCase(args[2], "type")) {
    const std::optional<ClientType> type = ParseType(args[3]);
    if (!type) return out.Error(UnknownType(args[3]));
    request.clients.ForEachClient([&](Client& client) {
      if (TypeOf(request.clients, client) == *type) add(client);
    });
  } else if (args.size() > 3 && EqualsIgnoreCase(args[2], "id")) {
    for (const std::string_view text : args.subspan(3)) {
      const std::optional<int64_t> id = base::ParseInt64(text);
      if (!id) return out.Error("ERR Invalid client ID");
      if (const Client* client = request.clients.FindClient(static_cast<uint64_t>(*id)))
        add(*client);
    }
  } else {
    return out.Error(errors::kSyntax);
  }
  out.Verbatim(lines);
}

void ClientNoEvict(const ClientRequest& request) {
  if (const std::optional<bool> on = ParseOnOff(request)) {
    request.self.no_evict = *on;
    request.self.writer.Ok();
  }
}

void ClientNoTouch(const ClientRequest& request) {
  if (const std::optional<bool> on = ParseOnOff(request)) {
    request.self.no_touch = *on;
    request.self.writer.Ok();
  }
}

void ClientPause(const ClientRequest& request) {
  resp::Writer& out = request.self.writer;
  PauseScope scope = PauseScope::kAll;
  if (request.args.size() > 4) return out.Error(errors::kSyntax);
  if (request.args.size() == 4) {
    if (EqualsIgnoreCase(request.args[3], "write")) {
      scope = PauseScope::kWrites;
    } else if (!EqualsIgnoreCase(request.args[3], "all")) {
      return out.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const std::optional<int64_t> milliseconds = base::ParseInt64(request.args[2]);
  if (!milliseconds) return out.Error(errors::kTimeoutNotInteger);
  if (*milliseconds < 0) return out.Error(errors::kTimeoutNegative);
  const base::Instant now = request.clients.ClientClock();
  const int64_t longest = base::ToMs(base::Instant::max() - now);
  request.clients.PauseClients(scope, *milliseconds > longest
                                          ? base::Instant::max()
                                          : now + std::chrono::milliseconds(*milliseconds));
  out.Ok();
}

void ClientReply(const ClientRequest& request) {
  Client& self = request.self;
  if (EqualsIgnoreCase(request.args[2], "on")) {
    self.reply_mode = ReplyMode::kOn;
    self.writer.Ok();
  } else if (EqualsIgnoreCase(request.args[2], "off")) {
    self.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(request.args[2], "skip")) {
    if (self.reply_mode != ReplyMode::kOff) self.reply_mode = ReplyMode::kSkipNext;
  } else {
    self.writer.Error(errors::kSyntax);
  }
}

void ClientSetInfo(const ClientRequest& request) {
  Client& self = request.self;
  const std::string_view option = request.args[2];
  const bool is_name = EqualsIgnoreCase(option, "lib-name");
  if (!is_name && !EqualsIgnoreCase(option, "lib-ver"))
    return self.writer.Error("ERR Unrecognized option '" + std::string(option) + "'");
  if (const auto refusal = RefuseClientAttribute(is_name ? "lib-name" : "lib-ver", request.args[3]))
    return self.writer.Error(*refusal);
  (is_name ? self.library_name : self.library_version) = request.args[3];
  self.writer.Ok();
}

void ClientSetName(const ClientRequest& request) {
  if (const auto refusal = RefuseClientAttribute("Client names", request.args[2]))
    return request.self.writer.Error(*refusal);
  request.self.name = request.args[2];
  request.self.writer.Ok();
}

void ClientTrackingInfo(const ClientRequest& request) {
  resp::Writer& out = request.self.writer;
  out.MapHeader(3);
  out.Bulk("flags");
  out.SetHeader(1);
  out.Bulk("off");
  out.Bulk("redirect");
  out.Integer(kNoRedirection);
  out.Bulk("prefixes");
  out.ArrayHeader(0);
}

void ClientUnblock(const ClientRequest& request) {
  resp::Writer& out = request.self.writer;
  bool with_error = false;
  if (request.args.size() > 4) return out.Error(errors::kSyntax);
  if (request.args.size() == 4) {
    with_error = EqualsIgnoreCase(request.args[3], "error");
    if (!with_error && !EqualsIgnoreCase(request.args[3], "timeout"))
      return out.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const std::optional<int64_t> id = base::ParseInt64(request.args[2]);
  if (!id) return out.Error(errors::kNotInteger);
  Client* client = request.clients.FindClient(static_cast<uint64_t>(*id));
  out.Integer(client != nullptr && request.clients.UnblockClient(*client, with_error) ? 1 : 0);
}

void ClientUnpause(const ClientRequest& request) {
  request.clients.UnpauseClients();
  request.self.writer.Ok();
}

}  // namespace quorate::session
