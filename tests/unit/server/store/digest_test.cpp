#include "server/store/digest.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

// The expected digests are what redis-server 7.0.15 answered to DEBUG DIGEST and DEBUG DIGEST-VALUE
// for the same data.
namespace {

void Set(Keyspace& keyspace, std::string_view key, std::string_view value,
         ExpiryChange expiry = ExpiryChange::Clear()) {
  keyspace.SetString(keyspace.Prepare(key), value, expiry);
}

}  // namespace

TEST_CASE("digest: of no data is zero") {
  const Hasher hasher(Random(1));
  CHECK(DatasetDigest(Databases(hasher)).ToHex() == std::string(40, '0'));
}

TEST_CASE("digest: equals Redis' for strings, integers, expiries and several databases") {
  const Hasher hasher(Random(1));
  Databases databases(hasher);
  Set(databases[0], "a", "1");
  Set(databases[0], "hello", "world");
  CHECK(DatasetDigest(databases).ToHex() == "9f732bd0b15d7b202e1068beed2485583c4cc904");

  const ExpiryChange later = ExpiryChange::At(WallTime{4102444800000});
  Set(databases[3], "hello", "");
  Set(databases[3], "t", "12345678901234567890", later);
  Set(databases[15], "n", "-42", later);
  Set(databases[0], "long", std::string(1000, 'x'));
  Set(databases[0], std::string_view("b\0\xff\r\n", 5), std::string_view("\0\1\xfe\n", 4));
  CHECK(DatasetDigest(databases).ToHex() == "b1d27602a58d6f4705c4c181a7def62d5b3d20a3");

  const auto value = [&](size_t database, std::string_view key) {
    return ValueDigest(*databases[database].Find(key)).ToHex();
  };
  CHECK(value(0, "a") == "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
  CHECK(value(0, "hello") == "7dd258b3230f13fda3d434d9fc4e7f0a76c06ad0");
  CHECK(value(0, "long") == "216b9744b99adeaadf099d158a318ee3a0e47486");
  CHECK(value(3, "t") == "97758b90ea9fbdc04232da88eb2b707e77fb0fb5");
  CHECK(value(3, "hello") == "8b3447c33a834b810e3e181b6fd6a2ee1020921c");
  CHECK(value(15, "n") == "28f55b98931b64fbff3ac6f9b37fe1aded49d324");
}

TEST_CASE("digest: does not depend on order, history or secret, nor on when a key expires") {
  const Hasher one(Random(1));
  const Hasher other(Random(2));
  Databases a(one);
  Databases b(other);
  for (int i = 0; i < 3000; ++i) {
    Set(a[1], "k" + std::to_string(i), std::to_string(i), ExpiryChange::At(WallTime{1000 + i}));
    Set(b[1], "k" + std::to_string(2999 - i), std::to_string(2999 - i),
        ExpiryChange::At(WallTime{1}));
    Set(b[2], "gone", "x");
  }
  CHECK(DatasetDigest(a) != DatasetDigest(b));
  b[2].Delete(b[2].Prepare("gone"));
  CHECK(DatasetDigest(a) == DatasetDigest(b));
}
