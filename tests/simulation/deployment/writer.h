// A sentinel-aware client that writes: asks the sentinels in turn for the primary, connects, makes
// sure by ROLE that it is one, and sets one new key after another, in one database and then in
// another: the stream of a primary has a SELECT for every change. Every write ends as acknowledged,
// refused or unknown (sent, and no answer); at the end the harness compares that with what the
// surviving primary has.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/store/databases.h"
#include "shared/link/link.h"
#include "tests/simulation/world/world.h"

namespace quorate::simulation {

class Writer {
 public:
  struct Options {
    std::string group = "mymaster";
    std::vector<base::Endpoint> sentinels;
    uint64_t longest_value = 2000;                         // of a transaction
    base::Duration pause = std::chrono::milliseconds(20);  // between two writes
    base::Duration timeout = std::chrono::milliseconds(500);
    bool fleeting_keys = false;  // with some writes another key, which expires
    base::Duration retry = std::chrono::milliseconds(50);  // before asking again
  };

  // Lives on a host of its own, `ip`, and writes keys "<ip>:<n>" from Start on, every few in a
  // transaction, which may begin in one database and end in the other.
  Writer(World& world, const std::string& ip, Options options);

  void Start();
  void Stop() { running_ = false; }
  // A request of it is on its way: what becomes of it may still change.
  bool waits() const { return waits_; }

  // The numbers of writes.
  const std::set<uint64_t>& acknowledged() const { return acknowledged_; }
  const std::set<uint64_t>& unknown() const { return unknown_; }
  // Acknowledged writes that are not in `databases`, each in the database where it was made.
  size_t CountLost(const server::store::Databases& databases) const;
  // Those of `numbers`' keys that are not in `databases`, as "<database>:<key>".
  std::set<std::string> Absent(const std::set<uint64_t>& numbers,
                               const server::store::Databases& databases) const;
  // R6: each transaction of this writer counts itself and sets its key. Why they do not agree in
  // `databases`; nothing: they do.
  std::optional<std::string> TornTransaction(const server::store::Databases& databases) const;
  // The longest time between two acknowledged writes in a row.
  base::Duration longest_gap() const { return longest_gap_; }

 private:
  void Ask();
  void OnAddress(const base::Result<resp::Value>& reply);
  void Connect(const base::Endpoint& primary);
  void OnRole(const base::Result<resp::Value>& reply);
  void Write();
  std::string KeyOf(uint64_t number) const;
  bool IsIn(const server::store::Databases& databases, uint64_t number) const;
  // The write's database becomes the connection's.
  bool SendSelect(uint64_t number);
  // A key "<ip>:soon:<n>" in the same database, which lives for seconds at most.
  bool SendFleeting(uint64_t number);
  bool SendSet(uint64_t number);
  bool SendTransaction(uint64_t number);
  void OnWritten(uint64_t number, const base::Result<resp::Value>& reply);
  void Later(base::Duration delay, void (Writer::*step)());

  const std::string ip_;
  const std::string counter_;  // of its transactions
  const Options options_;
  Process& process_;
  base::Random random_;
  std::unique_ptr<link::Link> sentinel_;
  std::unique_ptr<link::Link> primary_;
  std::unique_ptr<io::Timer> timer_;
  void (Writer::*next_)() = nullptr;
  bool running_ = false;
  bool waits_ = false;
  size_t next_sentinel_ = 0;
  uint64_t next_number_ = 0;
  size_t selected_ = 0;  // by the connection to the primary
  std::set<uint64_t> acknowledged_;
  std::set<uint64_t> unknown_;
  base::Instant last_acknowledged_{};
  base::Duration longest_gap_{};
};

}  // namespace quorate::simulation
