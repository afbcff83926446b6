#include "server/store/record.h"

#include <string>
#include <vector>

#include "server/store/size_class.h"

#include <doctest/doctest.h>

using namespace quorate::server::store;

namespace {

std::string ValueOf(const Record& record) {
  IntegerText scratch;
  return std::string(record.StringValue(scratch));
}

RecordPtr New(std::string_view key, std::string_view value, StringForm form = StringForm::kAuto,
              int64_t expire_at_ms = kNoExpiry) {
  return RecordPtr(RecordFactory::NewString(key, value, form, expire_at_ms));
}

// Applies a function that may move the record.
template <typename Function, typename... Args>
void Change(RecordPtr& record, Function function, Args... args) {
  record.reset(function(record.release(), args...));
}

struct Numbers final : Object {
  std::vector<int> numbers;
  std::unique_ptr<Object> Clone() const override { return std::make_unique<Numbers>(*this); }
  const char* EncodingName() const override { return "numbers"; }
  size_t UsedBytes() const override { return sizeof(*this) + numbers.capacity() * sizeof(int); }
};

}  // namespace

TEST_CASE("size class: the allocator's steps") {
  for (const auto& step : std::vector<std::pair<size_t, size_t>>{{1, 8},
                                                                 {8, 8},
                                                                 {9, 16},
                                                                 {16, 16},
                                                                 {17, 32},
                                                                 {94, 96},
                                                                 {128, 128},
                                                                 {129, 160},
                                                                 {160, 160},
                                                                 {257, 320},
                                                                 {512, 512},
                                                                 {513, 640},
                                                                 {1025, 1280},
                                                                 {10240, 10240},
                                                                 {16385, 20480}}) {
    CAPTURE(step.first);
    CHECK(SizeClass(step.first) == step.second);
  }
}

TEST_CASE("record: encodings are named as Redis names them") {
  CHECK(New("k", "123")->EncodingName() == std::string("int"));
  CHECK(New("k", "-9223372036854775808")->is_integer());
  CHECK(New("k", "9223372036854775808")->EncodingName() == std::string("embstr"));
  for (const char* text : {"", "0123", "+1", "-0", " 1", "1.5"}) {
    CAPTURE(text);
    CHECK(New("k", text)->EncodingName() == std::string("embstr"));
  }
  CHECK(New("k", std::string(44, 'x'))->EncodingName() == std::string("embstr"));
  CHECK(New("k", std::string(45, 'x'))->EncodingName() == std::string("raw"));
  CHECK(New("k", std::string(5000, 'x'))->EncodingName() == std::string("raw"));
  CHECK(New("k", "123", StringForm::kPlain)->EncodingName() == std::string("embstr"));
  CHECK(New("k", "123", StringForm::kGrown)->EncodingName() == std::string("raw"));
}

TEST_CASE("record: key, value and expiry survive every change of shape") {
  const std::vector<std::string> values = {"",
                                           "7",
                                           "-12345678901",
                                           std::string(10, 'a'),
                                           std::string(44, 'b'),
                                           std::string(64, 'c'),
                                           std::string(kMaxInlineBytes, 'd'),
                                           std::string(kMaxInlineBytes + 1, 'e'),
                                           std::string(100000, 'f')};
  const std::vector<std::string> keys = {"", "k", std::string(14, 'k'), std::string(3000, 'K')};
  for (const std::string& key : keys)
    for (const std::string& first : values)
      for (const std::string& second : values)
        for (const int64_t old_expiry : {kNoExpiry, int64_t{12345}})
          for (const int64_t new_expiry : {kNoExpiry, int64_t{0}, int64_t{1} << 60}) {
            RecordPtr record = New(key, first, StringForm::kAuto, old_expiry);
            record->set_access(0xabcdef);
            REQUIRE(record->key() == key);
            REQUIRE(ValueOf(*record) == first);
            REQUIRE(record->StringSize() == first.size());
            REQUIRE(record->expire_at_ms() == old_expiry);
            Change(record, RecordFactory::SetExpiry, new_expiry);
            REQUIRE(ValueOf(*record) == first);
            REQUIRE(record->expire_at_ms() == new_expiry);
            Change(record, RecordFactory::SetString, second, StringForm::kAuto, old_expiry);
            REQUIRE(record->key() == key);
            REQUIRE(ValueOf(*record) == second);
            REQUIRE(record->expire_at_ms() == old_expiry);
            REQUIRE(record->access() == 0xabcdef);
            Change(record, RecordFactory::Rekey, "other");
            REQUIRE(record->key() == "other");
            REQUIRE(ValueOf(*record) == second);
            REQUIRE(record->expire_at_ms() == old_expiry);
            const RecordPtr copy(RecordFactory::Copy(*record, "copy", new_expiry));
            REQUIRE(copy->key() == "copy");
            REQUIRE(ValueOf(*copy) == second);
            REQUIRE(copy->EncodingName() == std::string(record->EncodingName()));
          }
}

TEST_CASE("record: a value of the same size class and a new integer stay in place") {
  RecordPtr record = New("key:0000000001", std::string(64, 'x'));
  Record* before = record.get();
  Change(record, RecordFactory::SetString, std::string(60, 'y'), StringForm::kAuto, kNoExpiry);
  CHECK(record.get() == before);
  CHECK(ValueOf(*record) == std::string(60, 'y'));
  record = New("n", "1");
  before = record.get();
  Change(record, RecordFactory::SetInteger, INT64_MIN, kNoExpiry);
  CHECK(record.get() == before);
  CHECK(record->integer() == INT64_MIN);
}

TEST_CASE("record: 14 bytes of key and 64 of value cost 96 bytes") {
  CHECK(New("key:0000000001", std::string(64, 'x'))->UsedBytes() == 96);
}

TEST_CASE("record: growing keeps the bytes, zeroes the rest and is raw") {
  for (const char* start : {"", "42", "text"}) {
    CAPTURE(start);
    RecordPtr record = New("k", start);
    std::string expected = start;
    for (const size_t size : {3, 4, 5, 30, 500, 512, 513, 600, 100, 5000, 70000}) {
      Change(record, RecordFactory::GrowString, size);
      if (size > expected.size()) expected.resize(size, '\0');
      REQUIRE(ValueOf(*record) == expected);
      REQUIRE(record->EncodingName() == std::string("raw"));
      RecordFactory::MutableBytes(record.get())[1] = 'z';
      expected[1] = 'z';
    }
    Change(record, RecordFactory::SetString, "short", StringForm::kAuto, kNoExpiry);
    CHECK(record->EncodingName() == std::string("embstr"));
  }
}

TEST_CASE("record: appending byte by byte reallocates a logarithmic number of times") {
  RecordPtr record = New("k", std::string(600, 'x'), StringForm::kGrown);
  size_t changes = 0;
  size_t used = record->UsedBytes();
  for (size_t size = 601; size < 200000; ++size) {
    Change(record, RecordFactory::GrowString, size);
    if (record->UsedBytes() != used) ++changes;
    used = record->UsedBytes();
  }
  CHECK(changes < 12);
}

TEST_CASE("record: a much smaller text does not keep a big buffer") {
  RecordPtr record = New("k", std::string(1000000, 'x'));
  Change(record, RecordFactory::SetString, std::string(1000, 'y'), StringForm::kAuto, kNoExpiry);
  CHECK(ValueOf(*record) == std::string(1000, 'y'));
  CHECK(record->UsedBytes() < 3000);
}

TEST_CASE("record: a value may come from the record itself") {
  for (const size_t size : {40, 400, 4000}) {
    RecordPtr record = New("k", "abc" + std::string(size, 'x'));
    const std::string_view part = record->text().substr(1, size / 2);
    const std::string expected(part);
    Change(record, RecordFactory::SetString, part, StringForm::kPlain, kNoExpiry);
    CHECK(ValueOf(*record) == expected);
  }
}

TEST_CASE("record: expired only after its millisecond") {
  const RecordPtr record = New("k", "v", StringForm::kAuto, 1000);
  CHECK_FALSE(record->ExpiredAt({999}));
  CHECK_FALSE(record->ExpiredAt({1000}));
  CHECK(record->ExpiredAt({1001}));
  CHECK_FALSE(New("k", "v")->ExpiredAt({INT64_MAX}));
}

TEST_CASE("record: owns an object of another type") {
  auto numbers = std::make_unique<Numbers>();
  numbers->numbers = {1, 2, 3};
  RecordPtr record(RecordFactory::NewObject("k", ValueType::kList, std::move(numbers), 50));
  CHECK(record->type() == ValueType::kList);
  CHECK(TypeName(record->type()) == std::string("list"));
  CHECK(record->EncodingName() == std::string("numbers"));
  const RecordPtr copy(RecordFactory::Copy(*record, "c", kNoExpiry));
  CHECK(copy->object() != record->object());
  CHECK(static_cast<Numbers*>(copy->object())->numbers.size() == 3);
  Change(record, RecordFactory::SetExpiry, kNoExpiry);
  CHECK(static_cast<Numbers*>(record->object())->numbers.size() == 3);
  Change(record, RecordFactory::SetString, "now a string", StringForm::kAuto, kNoExpiry);
  CHECK(record->is_string());
  CHECK(record->EncodingName() == std::string("embstr"));
}
