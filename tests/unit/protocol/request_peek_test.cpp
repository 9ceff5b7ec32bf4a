#include "protocol/request_peek.h"

#include <gtest/gtest.h>

#include <string>

namespace replete {
namespace {

TEST(PeekSecondArgument, FindsTheKey) {
  EXPECT_EQ(PeekSecondArgument("*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n"), "hello");
  EXPECT_EQ(PeekSecondArgument("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n"), "k");
  EXPECT_EQ(PeekSecondArgument("*2\r\n$3\r\nGET\r\n$12\r\na key of \r\n 12"), "a key of \r\n ");
  EXPECT_EQ(PeekSecondArgument("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), "");
}

TEST(PeekSecondArgument, GivesNothingForAnythingElse) {
  const std::string whole = "*2\r\n$3\r\nGET\r\n$5\r\nhello";
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(PeekSecondArgument(whole.substr(0, n)), "");
  for (const char* bytes :
       {"PING\r\n", "*1\r\n$4\r\nPING\r\n", "*0\r\n", "*-1\r\n", "*\r\n", "$3\r\nGET\r\n",
        "*2\r\n$-1\r\n$5\r\nhello\r\n", "*2\r\n$3\r\nGET\r\n$-1\r\nhello\r\n",
        "*2\r\n$3\r\nGET\r\n:5\r\nhello\r\n", "*2\r\n$99999999\r\nGET\r\n$5\r\nhello\r\n",
        "*2\r\n$9999999\r\nGET\r\n$5\r\nhello\r\n", "*2\n$3\nGET\n$5\nhello\n"}) {
    EXPECT_EQ(PeekSecondArgument(bytes), "") << bytes;
  }
}

}  // namespace
}  // namespace replete
