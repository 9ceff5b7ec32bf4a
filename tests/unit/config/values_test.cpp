#include "config/values.h"

#include <gtest/gtest.h>

#include <limits>

#include "config/event_flags.h"
#include "config/eviction_policy.h"
#include "config/output_buffer_limits.h"

namespace replete {
namespace {

constexpr uint64_t kAnySize = std::numeric_limits<uint64_t>::max();

TEST(ConfigValues, IntegersAreReadStrictly) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t value = 77;
  for (const char* text : {"", "x", " 1", "1 ", "+1", "01", "-0", "-", "0x10", "1.0", "--1", "1k",
                           "9223372036854775808", "-9223372036854775809"}) {
    EXPECT_EQ(ParseInteger(text, kMin, kMax, &value), "argument couldn't be parsed into an integer")
        << text;
  }
  EXPECT_EQ(value, 77);
  EXPECT_EQ(ParseInteger("9223372036854775807", kMin, kMax, &value), std::nullopt);
  EXPECT_EQ(value, kMax);
  EXPECT_EQ(ParseInteger("-9223372036854775808", kMin, kMax, &value), std::nullopt);
  EXPECT_EQ(value, kMin);
  EXPECT_EQ(ParseInteger("0", 0, 9, &value), std::nullopt);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(ParseInteger("10", 0, 9, &value), "argument must be between 0 and 9 inclusive");
  EXPECT_EQ(ParseInteger("-1", 0, 9, &value), "argument must be between 0 and 9 inclusive");
  EXPECT_EQ(value, 0);
}

TEST(ConfigValues, OctalNumbers) {
  int64_t value = 0;
  EXPECT_EQ(ParseOctal("700", 0, 0777, &value), std::nullopt);
  EXPECT_EQ(value, 0700);
  EXPECT_EQ(FormatOctal(value), "700");
  EXPECT_EQ(ParseOctal("999", 0, 0777, &value), "argument couldn't be parsed as an octal number");
  EXPECT_EQ(ParseOctal("", 0, 0777, &value), "argument couldn't be parsed as an octal number");
  EXPECT_EQ(ParseOctal("1000", 0, 0777, &value), "argument must be between 0 and 777 inclusive");
  EXPECT_EQ(value, 0700);
}

TEST(ConfigValues, MemoryUnits) {
  const std::pair<const char*, uint64_t> cases[] = {
      {"0", 0},
      {"100", 100},
      {"100b", 100},
      {"5B", 5},
      {"1k", 1000},
      {"1kb", 1024},
      {"5kB", 5120},
      {"2m", 2000000},
      {"2MB", 2097152},
      {"5g", 5000000000},
      {"1gb", 1073741824},
      {"010", 10},
      {"", 0},
      {"kb", 0},
      {"18446744073709551615", std::numeric_limits<uint64_t>::max()},
  };
  for (const auto& [text, bytes] : cases) {
    uint64_t value = 77;
    EXPECT_EQ(ParseMemory(text, 0, kAnySize, &value), std::nullopt) << text;
    EXPECT_EQ(value, bytes) << text;
  }
  uint64_t value = 77;
  for (const char* text : {"abc", "-1", "1.5gb", "10%", "1tb", " 1", "1 ", "1 kb", "+1",
                           "18446744073709551616", "17179869184gb"}) {
    EXPECT_EQ(ParseMemory(text, 0, kAnySize, &value), "argument must be a memory value") << text;
  }
  EXPECT_EQ(ParseMemory("1", 1048576, 9223372036854775807U, &value),
            "argument must be between 1048576 and 9223372036854775807 inclusive");
  EXPECT_EQ(value, 77U);
}

TEST(ConfigValues, YesNoAndShare) {
  bool on = false;
  EXPECT_EQ(ParseYesNo("YES", &on), std::nullopt);
  EXPECT_TRUE(on);
  EXPECT_EQ(ParseYesNo("no", &on), std::nullopt);
  EXPECT_FALSE(on);
  for (const char* text : {"", "1", "true", "maybe", "yes "}) {
    EXPECT_EQ(ParseYesNo(text, &on), "argument must be 'yes' or 'no'") << text;
  }
  double share = 0;
  EXPECT_EQ(ParseShare("0.25", &share), std::nullopt);
  EXPECT_EQ(share, 0.25);
  for (const char* text : {"", "x", "1.1", "-0.1", "nan", "inf", "0.1x"}) {
    EXPECT_EQ(ParseShare(text, &share), "argument must be a number between 0 and 1 inclusive")
        << text;
  }
  EXPECT_EQ(share, 0.25);
}

TEST(ConfigValues, NamesMatchInBothSpellings) {
  EXPECT_TRUE(SameName("max_memory-policy", "MAX-MEMORY_POLICY"));
  EXPECT_FALSE(SameName("maxmemory", "maxmemory-policy"));
  EXPECT_FALSE(SameWord("a_b", "a-b"));
  EXPECT_EQ(LowerCase("MaX_[A-Z]*"), "max_[a-z]*");
}

TEST(ConfigValues, SplitKeepsEmptyParts) {
  EXPECT_EQ(SplitAtBlanks(""), std::vector<std::string_view>());
  EXPECT_EQ(SplitAtBlanks("a  b "), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(JoinWithBlanks({"a", "b"}), "a b");
}

TEST(ConfigEventFlags, FormatIsInTheOrderOfRedis) {
  // Pairs of CONFIG SET and CONFIG GET taken from redis-server 7.0.15.
  const std::pair<const char*, const char*> cases[] = {
      {"KEA", "AKE"},
      {"AKE", "AKE"},
      {"x", "x"},
      {"", ""},
      {"g$lshzxet", "g$lshzxet"},
      {"K$", "$K"},
      {"Ex", "xE"},
      {"KEg$lshzxetd", "AKE"},
      {"KEAmn", "AKEm"},
      {"n", "n"},
      {"Kmd", "dKm"},
      {"AKEn", "AKE"},
      {"Kg$lshzxetd", "AK"},
      {"Kn", "nK"},
      {"mK", "Km"},
      {"tE", "tE"},
  };
  for (const auto& [text, expected] : cases) {
    uint32_t flags = ~0U;
    EXPECT_EQ(ParseEventFlags(text, &flags), std::nullopt) << text;
    EXPECT_EQ(FormatEventFlags(flags), expected) << text;
  }
}

TEST(ConfigEventFlags, UnknownLettersAreRefused) {
  uint32_t flags = 5;
  for (const std::string& text : {std::string("q"), std::string("KEa"), std::string("K\0", 2)}) {
    EXPECT_EQ(ParseEventFlags(text, &flags),
              "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  }
  EXPECT_EQ(flags, 5U);
}

TEST(ConfigEvictionPolicy, WordsOfBothVocabularies) {
  EXPECT_EQ(FindEvictionPolicy("LRU"), EvictionPolicy::kLru);
  EXPECT_EQ(FindEvictionPolicy("allkeys-lru"), EvictionPolicy::kLru);
  EXPECT_EQ(FindEvictionPolicy("noeviction"), EvictionPolicy::kNone);
  EXPECT_EQ(FindEvictionPolicy("none"), EvictionPolicy::kNone);
  EXPECT_EQ(FindEvictionPolicy("ttl"), EvictionPolicy::kTtl);
  EXPECT_EQ(FindEvictionPolicy("volatile-ttl"), EvictionPolicy::kVolatileTtl);
  EXPECT_EQ(FindEvictionPolicy("allkeys-random"), EvictionPolicy::kRandom);
  EXPECT_EQ(FindEvictionPolicy("mru"), std::nullopt);
  EXPECT_EQ(FindEvictionPolicy(""), std::nullopt);
  EXPECT_EQ(EvictionPolicyWord(EvictionPolicy::kNone), "none");
  EXPECT_EQ(RedisEvictionPolicyWord(EvictionPolicy::kNone), "noeviction");
  EXPECT_EQ(RedisEvictionPolicyWord(EvictionPolicy::kFifo), "fifo");
  EXPECT_EQ(RedisEvictionPolicyWord(EvictionPolicy::kVolatileRandom), "volatile-random");
}

TEST(ConfigEvictionPolicy, WhatIsAvailable) {
  EvictionPolicy policy = EvictionPolicy::kNone;
  for (const char* word :
       {"none", "noeviction", "lru", "allkeys-lru", "fifo", "ttl", "volatile-ttl", "random",
        "allkeys-random", "volatile-random", "volatile-lru"}) {
    EXPECT_EQ(ParseEvictionPolicy(word, "unknown", &policy), std::nullopt) << word;
    EXPECT_TRUE(IsAvailable(policy)) << word;
  }
  for (const std::string word : {"s3fifo", "tinylfu"}) {
    EXPECT_EQ(ParseEvictionPolicy(word, "unknown", &policy),
              "policy '" + word + "' is not available in this version");
  }
  // Every word of the text is available, and every available policy is in the text.
  std::string words =
      std::string(kAvailablePolicies).substr(std::string_view("one of ").size()) + ", ";
  int listed = 0;
  for (size_t comma; (comma = words.find(", ")) != std::string::npos; words.erase(0, comma + 2)) {
    EXPECT_EQ(ParseEvictionPolicy(words.substr(0, comma), "unknown", &policy), std::nullopt)
        << words;
    ++listed;
  }
  EXPECT_EQ(listed, 14);
  EXPECT_EQ(ParseEvictionPolicy("mru", "unknown", &policy), "unknown");
  EXPECT_EQ(policy, EvictionPolicy::kVolatileRandom);
}

TEST(ConfigOutputBufferLimits, OnlyNamedClassesChange) {
  OutputBufferLimits limits;
  EXPECT_EQ(FormatOutputBufferLimits(limits),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  EXPECT_EQ(ParseOutputBufferLimits("replica 1 2 3 PUBSUB 1k 1KB 5", &limits), std::nullopt);
  EXPECT_EQ(FormatOutputBufferLimits(limits), "normal 0 0 0 slave 1 2 3 pubsub 1000 1024 5");
  EXPECT_EQ(ParseOutputBufferLimits("normal 0 0 0 normal 5 6 7", &limits), std::nullopt);
  EXPECT_EQ(ParseOutputBufferLimits("", &limits), std::nullopt);
  EXPECT_EQ(limits.of(ClientClass::kNormal), (OutputBufferLimit{5, 6, 7}));
  EXPECT_EQ(limits.of(ClientClass::kReplica), (OutputBufferLimit{1, 2, 3}));
}

TEST(ConfigOutputBufferLimits, Problems) {
  constexpr char kCount[] = "Wrong number of arguments in buffer limit configuration.";
  constexpr char kClass[] = "Invalid client class specified in buffer limit configuration.";
  constexpr char kNumber[] =
      "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
  const std::pair<const char*, const char*> cases[] = {
      {"normal 1 2", kCount},
      {"normal  0   0 0", kCount},
      {"foo 1 2 3", kClass},
      {"master 1 2 3", kClass},
      {"normal x 2 3", kNumber},
      {"normal 1 -2 3", kNumber},
      {"normal 1 2 x", kNumber},
      {"normal 1 2 -3", kNumber},
      {"normal 0 0 99999999999999", kNumber},
      {"normal 1 2 3 pubsub 1 2 x", kNumber},
  };
  OutputBufferLimits limits;
  for (const auto& [text, problem] : cases) {
    EXPECT_EQ(ParseOutputBufferLimits(text, &limits), problem) << text;
  }
  EXPECT_EQ(limits, OutputBufferLimits());
}

}  // namespace
}  // namespace replete
