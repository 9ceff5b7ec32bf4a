#include "core/keyspace/equal_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace replete {
namespace {

TEST(EqualBytesTest, SeesEveryByteOfEverySize) {
  for (size_t size = 0; size <= 100; ++size) {
    const std::string text(size, 'k');
    EXPECT_TRUE(EqualBytes(text, std::string(size, 'k'))) << size;
    EXPECT_FALSE(EqualBytes(text, text + "k")) << size;
    for (size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'x';
      EXPECT_FALSE(EqualBytes(text, other)) << size << " at " << at;
    }
  }
}

TEST(EqualBytesTest, EmptyViewsAreEqual) { EXPECT_TRUE(EqualBytes({}, std::string_view())); }

}  // namespace
}  // namespace replete
