// Writer and reader against each other, and the reader against files of redis-server 7.0.15.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "replication/snapshot/reader.h"
#include "replication/snapshot/writer.h"
#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::snapshot;

namespace {

struct Stored {
  int db = 0;
  std::string key;
  std::string value;
  std::optional<WallTime> expires_at;
  std::optional<uint64_t> idle;
  std::optional<uint8_t> frequency;

  friend bool operator==(const Stored&, const Stored&) = default;
};

// Collects what it is given; refuses the key "refuse me".
class Collector : public Sink {
 public:
  Status OnDatabase(const DatabaseRecord& record) override {
    databases.push_back(record);
    db_ = record.index;
    return {};
  }
  Status OnString(const StringRecord& record) override {
    if (record.key == "refuse me") return Error{"refused"};
    records.push_back({db_, std::string(record.key), std::string(record.value), record.expires_at,
                       record.idle_seconds, record.frequency});
    return {};
  }

  std::vector<DatabaseRecord> databases;
  std::vector<Stored> records;

 private:
  int db_ = -1;
};

// The bytes leave the writer whenever at least `piece` are there.
std::string Encode(const std::vector<Stored>& records, size_t piece = 1 << 16,
                   const WriterOptions& options = {}, const Meta& meta = {}) {
  Writer writer(meta, options);
  Buffer out;
  int db = -1;
  for (const Stored& r : records) {
    if (r.db != db) writer.Add(DatabaseRecord{db = r.db, 1000, 10});
    writer.Add(StringRecord{r.key, r.value, r.expires_at, r.idle, r.frequency});
    if (writer.pending() >= piece) writer.Take(out);
  }
  writer.End();
  writer.Take(out);
  return std::string(out.view());
}

std::string ReadFixture(const std::string& name) {
  std::ifstream file(std::string(QUORATE_SOURCE_DIR) + "/tests/support/fixtures/rdb/" + name,
                     std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Decoded {
  Collector sink;
  std::string error;
  Meta meta;
  size_t used = 0;
};

Decoded Decode(std::string_view bytes, size_t piece = SIZE_MAX, const ReaderOptions& options = {}) {
  Decoded decoded;
  Reader reader(decoded.sink, options);
  for (size_t at = 0; at < bytes.size() && decoded.error.empty() && !reader.complete();) {
    const std::string_view next = bytes.substr(at, piece);
    Result<size_t> used = reader.Push(next);
    if (!used.ok()) {
      decoded.error = used.error().message;
    } else {
      decoded.used += *used;
      at += next.size();
    }
  }
  if (Status finished = reader.Finish(); decoded.error.empty() && !finished.ok()) {
    decoded.error = finished.error().message;
  }
  decoded.meta = reader.meta();
  return decoded;
}

const Stored* Find(const Collector& sink, int db, std::string_view key) {
  for (const Stored& r : sink.records)
    if (r.db == db && r.key == key) return &r;
  return nullptr;
}

std::vector<Stored> RandomRecords(uint64_t seed) {
  Random random(seed);
  std::vector<Stored> records;
  for (int db = 0; db < 16; db += static_cast<int>(random.Between(1, 9))) {
    for (uint64_t i = random.Below(40); i > 0; --i) {
      Stored r;
      r.db = db;
      r.key = "key:" + std::to_string(random.Below(1 << 30));
      switch (random.Below(5)) {
        case 0:
          r.value = std::to_string(static_cast<int64_t>(random.Next() >> random.Below(64)) *
                                   (random.Chance(1, 2) ? 1 : -1));
          break;
        case 1:
          r.value = std::string(random.Below(300), 'a');
          break;
        case 2:
          for (uint64_t n = random.Below(300); n > 0; --n) {
            r.value += static_cast<char>(random.Next());
          }
          break;
        case 3:
          r.value = std::string(random.Below(100000), static_cast<char>(random.Next()));
          break;
        default:
          r.key = std::to_string(random.Below(1 << 20));
          r.value = "00" + std::to_string(random.Below(1000));
      }
      if (random.Chance(1, 4)) r.expires_at = WallTime{random.Between(-5, int64_t{1} << 45)};
      if (random.Chance(1, 8)) r.idle = random.Below(1 << 24);
      if (random.Chance(1, 8)) r.frequency = static_cast<uint8_t>(random.Next());
      records.push_back(r);
    }
  }
  return records;
}

}  // namespace

TEST_CASE("snapshot: what was written is read, whatever the slices and the pieces") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Random random(seed * 77);
    const std::vector<Stored> records = RandomRecords(seed);
    const std::string bytes =
        Encode(records, 1 + random.Below(5000), {.compress = random.Chance(1, 2)});
    const Decoded decoded = Decode(bytes, 1 + random.Below(3000));
    REQUIRE(decoded.error == "");
    REQUIRE(decoded.sink.records == records);
    REQUIRE(decoded.used == bytes.size());
  }
}

TEST_CASE("snapshot: the pieces that are taken do not show in the bytes") {
  const std::vector<Stored> records = RandomRecords(3);
  const std::string whole = Encode(records, SIZE_MAX);
  for (const size_t piece : {size_t{0}, size_t{7}, size_t{100}, size_t{10000}}) {
    CHECK(Encode(records, piece) == whole);
  }
}

TEST_CASE("snapshot: long values stay as they are, shorter ones are compressed") {
  std::vector<Stored> records(2);
  records[0].key = "long";
  records[0].value = std::string(Writer::kMaxCompressed + 1, 'x');
  records[1].key = "short";
  records[1].value = std::string(Writer::kMaxCompressed, 'x');
  const std::string bytes = Encode(records);
  CHECK(bytes.size() > Writer::kMaxCompressed);
  CHECK(bytes.size() < Writer::kMaxCompressed + Writer::kMaxCompressed / 10);
  const Decoded decoded = Decode(bytes, 4096);
  REQUIRE(decoded.error == "");
  CHECK(decoded.sink.records == records);
}

TEST_CASE("snapshot: a database may come again") {
  Writer writer({}, {});
  writer.Add(DatabaseRecord{0, 2, 0});
  writer.Add(StringRecord{"a", "1", {}, {}, {}});
  writer.Add(DatabaseRecord{3, 1, 0});
  writer.Add(StringRecord{"b", "2", {}, {}, {}});
  writer.Add(DatabaseRecord{0, 0, 0});
  writer.Add(StringRecord{"c", "3", {}, {}, {}});
  writer.End();
  Buffer out;
  writer.Take(out);
  const Decoded decoded = Decode(out.view());
  REQUIRE(decoded.error == "");
  const std::vector<Stored> expected = {
      {0, "a", "1", {}, {}, {}}, {3, "b", "2", {}, {}, {}}, {0, "c", "3", {}, {}, {}}};
  CHECK(decoded.sink.records == expected);
}

TEST_CASE("snapshot: the history travels in the auxiliary fields") {
  Meta meta;
  meta.stream_db = 7;
  meta.replication_id = ReplicationId::Parse(std::string(40, 'c'));
  meta.replication_offset = Offset(123456789012);
  meta.created_unix_seconds = 1700000000;
  meta.used_memory = 42;
  const Decoded decoded = Decode(Encode({}, 100, {}, meta));
  REQUIRE(decoded.error == "");
  CHECK(decoded.meta.stream_db == 7);
  CHECK(decoded.meta.replication_id == meta.replication_id);
  CHECK(decoded.meta.replication_offset == meta.replication_offset);
  CHECK(decoded.meta.created_unix_seconds == 1700000000);
  CHECK(decoded.meta.used_memory == 42);
  CHECK(decoded.meta.server_version == "7.0.15");
}

TEST_CASE("snapshot: a history that no stream can have reached is refused") {
  Meta meta;
  meta.replication_id = ReplicationId::Parse(std::string(40, 'c'));
  meta.replication_offset = kHighestOffset;
  CHECK(Decode(Encode({}, 100, {}, meta)).error == "");
  meta.replication_offset = kHighestOffset + 1;
  CHECK(Decode(Encode({}, 100, {}, meta))
            .error.starts_with("replication offset 4611686018427387904 is impossible at byte "));
}

TEST_CASE("snapshot: database sizes are announced before the records") {
  const Decoded decoded = Decode(ReadFixture("redis7-strings.rdb"));
  REQUIRE(decoded.error == "");
  REQUIRE(decoded.sink.databases.size() == 3);
  CHECK(decoded.sink.databases[0].index == 0);
  CHECK(decoded.sink.databases[0].keys == 11);
  CHECK(decoded.sink.databases[0].expires == 1);
  CHECK(decoded.sink.databases[1].index == 3);
  CHECK(decoded.sink.databases[2].index == 9);
}

TEST_CASE("snapshot: reads what redis-server 7.0.15 wrote, in pieces of any size") {
  const std::string bytes = ReadFixture("redis7-strings.rdb");
  for (const size_t piece : {size_t{1}, size_t{13}, size_t{1000}, SIZE_MAX}) {
    const Decoded decoded = Decode(bytes, piece);
    REQUIRE(decoded.error == "");
    REQUIRE(decoded.sink.records.size() == 14);
    const std::map<std::string, std::string> expected = {
        {"plain", "hello"},       {"empty", ""},
        {"int8", "-5"},           {"int16", "1234"},
        {"int32", "-2147483648"}, {"int64", "9223372036854775807"},
        {"almost", "007"},        {"nul", std::string("a\0b", 3)},
        {"expiring", "soon"},
    };
    for (const auto& entry : expected) {
      CAPTURE(entry.first);
      const Stored* found = Find(decoded.sink, 0, entry.first);
      REQUIRE(found != nullptr);
      CHECK(found->value == entry.second);
      CHECK(found->expires_at.has_value() == (entry.first == "expiring"));
    }
    CHECK(Find(decoded.sink, 0, "expiring")->expires_at->ms == 4102444800000);
    std::string repeated;
    for (int i = 0; i < 60; ++i) repeated += "abcabcabd";
    CHECK(Find(decoded.sink, 0, "compressible")->value == repeated);
    CHECK(Find(decoded.sink, 0, "long")->value.size() == 20000);
    CHECK(Find(decoded.sink, 3, "plain")->value == "three");
    CHECK(Find(decoded.sink, 9, "42")->value == "answer");
    CHECK(Find(decoded.sink, 9, "")->value == "emptykey");
    CHECK(decoded.meta.server_version == "7.0.15");
  }
}

TEST_CASE("snapshot: eviction hints of redis-server are read") {
  const Decoded lru = Decode(ReadFixture("redis7-lru.rdb"));
  REQUIRE(lru.error == "");
  CHECK(lru.sink.records.at(0).idle.has_value());
  const Decoded lfu = Decode(ReadFixture("redis7-lfu.rdb"));
  REQUIRE(lfu.error == "");
  CHECK(lfu.sink.records.at(0).frequency.has_value());
}

TEST_CASE("snapshot: an unsupported type or function is refused by name and offset") {
  CHECK(Decode(ReadFixture("redis7-list.rdb")).error ==
        "record type 18 (list of listpacks) is not supported at byte 88");
  CHECK(Decode(ReadFixture("redis7-function.rdb"))
            .error.starts_with("functions are not supported at byte "));
  CHECK(Decode(std::string("REDIS0010") + '\x60').error ==
        "record type 96 (unknown) is not supported at byte 10");
}

TEST_CASE("snapshot: every truncation is noticed") {
  const std::string bytes = Encode(RandomRecords(2)).substr(0, 3000);
  const std::string file = Encode({{0, "k", "v", {}, {}, {}}, {1, "n", "12345", {}, {}, {}}});
  for (size_t n = 0; n < file.size(); ++n) {
    CAPTURE(n);
    CHECK(Decode(std::string_view(file).substr(0, n)).error ==
          "the snapshot is truncated at byte " + std::to_string(n));
  }
  CHECK_FALSE(Decode(bytes).error.empty());
}

TEST_CASE("snapshot: every flipped bit is noticed by the checksum or before") {
  const std::string file = Encode({{0, "key", "some value or other", {}, {}, {}}});
  for (size_t bit = 0; bit < (file.size() - 8) * 8; ++bit) {
    std::string bad = file;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    CAPTURE(bit);
    // That is version 1 now, which has no checksum; the records are what they were.
    if (bad.starts_with("REDIS0001")) continue;
    CHECK_FALSE(Decode(bad).error.empty());
  }
}

TEST_CASE("snapshot: a checksum of zero means not computed") {
  const std::string file = Encode({{0, "k", "v", {}, {}, {}}}, 100, {.checksum = false});
  CHECK(file.substr(file.size() - 8) == std::string(8, '\0'));
  CHECK(Decode(file).error == "");
}

TEST_CASE("snapshot: bytes after the end are not taken") {
  const std::string file = Encode({{0, "k", "v", {}, {}, {}}});
  for (const size_t piece : {size_t{1}, size_t{5}, SIZE_MAX}) {
    Collector sink;
    Reader reader(sink, {});
    const std::string more = file + "+PING";
    size_t used = 0;
    for (size_t at = 0; at < more.size(); at += std::min(piece, more.size() - at)) {
      Result<size_t> n = reader.Push(std::string_view(more).substr(at, piece));
      REQUIRE(n.ok());
      used += *n;
    }
    CHECK(used == file.size());
    CHECK(reader.complete());
  }
}

TEST_CASE("snapshot: files that are none of ours") {
  CHECK(Decode("GARBAGE IN, GARBAGE OUT").error == "not an RDB file at byte 9");
  CHECK(Decode("VALKEY080xxxxxxx").error == "a Valkey 9 file, which is not supported at byte 9");
  CHECK(Decode("REDIS00x0").error == "not an RDB file at byte 9");
  CHECK(Decode("REDIS0013").error == "RDB version 13 is not supported (1 to 12 are) at byte 9");
  CHECK(Decode("REDIS0000").error == "RDB version 0 is not supported (1 to 12 are) at byte 9");
  CHECK(Decode("").error == "the snapshot is truncated at byte 0");
}

TEST_CASE("snapshot: hostile lengths are refused before anything is reserved") {
  const std::string head = "REDIS0010";
  // A key of 2^63 bytes.
  CHECK(Decode(head + std::string("\x00\x81\x80\x00\x00\x00\x00\x00\x00\x00", 10))
            .error.starts_with("string of 9223372036854775808 bytes exceeds the limit of"));
  // A compressed key: 4 bytes that claim to hold 2^28.
  CHECK(Decode(head + std::string("\x00\xc3\x04\x80\x10\x00\x00\x00"
                                  "abcd",
                                  12))
            .error == "compressed string of 4 bytes claims to hold 268435456 at byte 17");
  CHECK(Decode(head + std::string("\x00\xc3\x04\x20"
                                  "abcd",
                                  8))
            .error.starts_with("bad compressed string"));
  CHECK(Decode(head + std::string("\xfe\x10", 2)).error ==
        "database 16 does not exist here (databases 16) at byte 11");
  CHECK(Decode(head + std::string("\xfe\xc0", 2))
            .error.starts_with("a string where a length belongs"));
  CHECK(Decode(head + std::string("\x00\x8f", 2)).error.starts_with("bad length byte 143"));
  CHECK(Decode(head + std::string("\x00\xc4", 2)).error.starts_with("unknown string encoding 4"));
}

TEST_CASE("snapshot: the sink's refusal ends the reading, for good") {
  const std::string file = Encode({{0, "ok", "1", {}, {}, {}}, {0, "refuse me", "2", {}, {}, {}}});
  Collector sink;
  Reader reader(sink, {});
  Result<size_t> first = reader.Push(file);
  REQUIRE_FALSE(first.ok());
  CHECK(first.error().message.starts_with("refused at byte "));
  CHECK_FALSE(reader.Push("more").ok());
  CHECK_FALSE(reader.complete());
  CHECK_FALSE(reader.Finish().ok());
}

TEST_CASE("snapshot: a module's auxiliary data is skipped") {
  const std::string aux =
      std::string("REDIS0009") + std::string(
                                     "\xf7\x05\x02\x02"                      // module id, moment
                                     "\x01\x07\x02\x41\x00"                  // signed, unsigned
                                     "\x03\x00\x00\x00\x00"                  // float
                                     "\x04\x00\x00\x00\x00\x00\x00\x00\x00"  // double
                                     "\x05\x03"
                                     "abc\x00"
                                     "\xff\x00\x00\x00\x00\x00\x00\x00\x00",
                                     38);
  for (const size_t piece : {size_t{1}, SIZE_MAX}) CHECK(Decode(aux, piece).error == "");
}
