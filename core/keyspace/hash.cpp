#include "core/keyspace/hash.h"

#include <array>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace replete {
namespace {

using Secret = std::array<unsigned char, XXH3_SECRET_SIZE_MIN + 56>;

Secret MakeSecret() {
  std::random_device device;
  std::array<uint32_t, 8> seed;
  for (auto& word : seed) word = device();
  Secret secret;
  XXH3_generateSecret(secret.data(), secret.size(), seed.data(), sizeof(seed));
  return secret;
}

const Secret kSecret = MakeSecret();

}  // namespace

uint64_t HashKey(std::string_view key) {
  return XXH3_64bits_withSecret(key.data(), key.size(), kSecret.data(), kSecret.size());
}

}  // namespace replete
