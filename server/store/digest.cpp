#include "server/store/digest.h"

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "shared/base/check.h"
#include "shared/base/hex.h"

namespace quorate::server::store {

namespace {

std::string_view Bytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

// Redis' two operations on a digest: Xor does not depend on the order of calls, Mix does.
class Mixer {
 public:
  Mixer() : algorithm_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
    CHECK(algorithm_ != nullptr && context_ != nullptr);
  }

  void Xor(Digest& digest, std::string_view bytes) const {
    const Digest hash = Sha1(bytes);
    for (size_t i = 0; i < hash.bytes.size(); ++i) digest.bytes[i] ^= hash.bytes[i];
  }
  void Mix(Digest& digest, std::string_view bytes) const {
    Xor(digest, bytes);
    digest = Sha1(Bytes(digest));
  }
  // A number as four bytes, big-endian.
  void Mix(Digest& digest, uint32_t number) const {
    const std::array<char, 4> bytes = {static_cast<char>(number >> 24),
                                       static_cast<char>(number >> 16),
                                       static_cast<char>(number >> 8), static_cast<char>(number)};
    Mix(digest, std::string_view(bytes.data(), bytes.size()));
  }

 private:
  Digest Sha1(std::string_view bytes) const {
    Digest digest;
    CHECK(EVP_DigestInit_ex(context_.get(), algorithm_.get(), nullptr) == 1);
    CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    CHECK(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr) == 1);
    return digest;
  }

  struct Deleter {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, Deleter> algorithm_;
  std::unique_ptr<EVP_MD_CTX, Deleter> context_;
};

void MixValue(const Mixer& mixer, Digest& digest, const Record& record) {
  CHECK(record.is_string());
  IntegerText scratch;
  mixer.Mix(digest, static_cast<uint32_t>(record.type()));
  mixer.Mix(digest, record.StringValue(scratch));
  if (record.has_expiry()) mixer.Xor(digest, "!!expire!!");
}

}  // namespace

std::string Digest::ToHex() const {
  return base::ToHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Digest DatasetDigest(const Databases& databases) {
  const Mixer mixer;
  Digest dataset;
  for (size_t i = 0; i < databases.count(); ++i) {
    if (databases[i].size() == 0) continue;
    mixer.Mix(dataset, static_cast<uint32_t>(i));
    databases[i].ForEach([&](const Record* record) {
      Digest entry;
      mixer.Mix(entry, record->key());
      MixValue(mixer, entry, *record);
      mixer.Xor(dataset, Bytes(entry));
    });
  }
  return dataset;
}

Digest ValueDigest(const Record& record) {
  const Mixer mixer;
  Digest digest;
  MixValue(mixer, digest, record);
  return digest;
}

}  // namespace quorate::server::store
