#include "protocol/rdb_value.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "protocol/dump_payload.h"
#include "tests/unit/protocol/rdb_samples.h"

namespace replete {
namespace {

std::string Written(std::string_view text, bool compress = true) {
  std::string bytes;
  RdbWriter(&bytes, compress).String(text);
  return bytes;
}

std::string WrittenLength(uint64_t n) {
  std::string bytes;
  RdbWriter(&bytes).Length(n);
  return ToHex(bytes);
}

// The result of reading a value, without its content.
RdbResult Try(RdbType type, std::string_view body, uint64_t max_string = 1000) {
  RdbReader reader(body, max_string);
  RdbRecorder recorder;
  return reader.ReadValue(type, recorder);
}

RdbResult TryHex(RdbType type, std::string_view hex) { return Try(type, FromHex(hex)); }

struct Body {
  RdbType type;
  std::string bytes;
};

std::vector<Body> SampleBodies() {
  std::vector<Body> bodies;
  for (const DumpSample& sample : DumpSamples()) {
    const std::string payload = FromHex(sample.hex);
    bodies.push_back({static_cast<RdbType>(payload[0]),
                      payload.substr(1, payload.size() - 1 - kDumpFooterBytes)});
  }
  return bodies;
}

TEST(RdbWriter, WritesLengthsInTheShortestWay) {
  EXPECT_EQ(WrittenLength(0), "00");
  EXPECT_EQ(WrittenLength(63), "3f");
  EXPECT_EQ(WrittenLength(64), "4040");
  EXPECT_EQ(WrittenLength(16383), "7fff");
  EXPECT_EQ(WrittenLength(16384), "8000004000");
  EXPECT_EQ(WrittenLength(0xffffffff), "80ffffffff");
  EXPECT_EQ(WrittenLength(0x100000000), "810000000100000000");
  EXPECT_EQ(WrittenLength(0x0123456789abcdef), "810123456789abcdef");
}

TEST(RdbWriter, WritesStringsAsRedisDoes) {
  for (const DumpSample& sample : DumpSamples()) {
    const std::string payload = FromHex(sample.hex);
    if (payload[0] != 0 || sample.content[1].size() > 20) {
      continue;  // where liblzf finds its matches is its own business
    }
    const std::string& text = sample.content[1];
    EXPECT_EQ(ToHex(WriteDump(RdbType::kString, Written(text))), sample.hex);
  }
}

TEST(RdbWriter, WritesIntegersLikeTheirDecimals) {
  for (const int64_t limit : {int64_t{0}, int64_t{INT8_MIN}, int64_t{INT8_MAX}, int64_t{INT16_MIN},
                              int64_t{INT16_MAX}, int64_t{INT32_MIN}, int64_t{INT32_MAX},
                              int64_t{99999999999}, INT64_MIN + 1, INT64_MAX - 1}) {
    for (const int64_t value : {limit - 1, limit, limit + 1}) {
      std::string bytes;
      RdbWriter(&bytes).Integer(value);
      EXPECT_EQ(ToHex(bytes), ToHex(Written(std::to_string(value)))) << value;
    }
  }
}

TEST(RdbWriter, CompressesOnlyWhatGetsSmaller) {
  const std::string repeated(5000, 'r');
  EXPECT_LT(Written(repeated).size(), 150U);
  EXPECT_EQ(Written(repeated)[0], '\xc3');
  EXPECT_EQ(Written(repeated, false), FromHex("5388") + repeated);

  const std::string short_one(20, 'r');
  EXPECT_EQ(Written(short_one), "\x14" + short_one);

  std::string noise;
  std::minstd_rand random(5);
  while (noise.size() < 4000) {
    noise.push_back(static_cast<char>(random() >> 8));
  }
  EXPECT_EQ(Written(noise), FromHex("4fa0") + noise);
}

TEST(RdbWriter, AppendsAndWritesCollections) {
  std::string bytes = "x";
  RdbWriter writer(&bytes, false);
  writer.Type(RdbType::kList);
  writer.BeginList(2);
  writer.String("a");
  writer.Integer(5);
  writer.Type(RdbType::kHash);
  writer.BeginHash(1);
  writer.String("f");
  writer.String("");
  EXPECT_EQ(ToHex(bytes),
            "78"
            "01020161c005"
            "0401016600");
}

TEST(RdbReader, RoundTripsRandomValues) {
  std::mt19937 random(17);
  const size_t sizes[] = {0, 1, 2, 11, 12, 20, 21, 63, 64, 300, 16383, 16384, 70000};
  const auto text = [&] {
    std::string bytes;
    if (random() % 4 == 0) {
      return std::to_string(static_cast<int64_t>(random()) << random() % 31) +
             (random() % 8 == 0 ? "0" : "");
    }
    const size_t size = sizes[random() % (random() % 8 == 0 ? 13 : 10)];
    const unsigned letters = 1 + random() % 256;
    while (bytes.size() < size) {
      bytes.push_back(static_cast<char>(random() % letters));
    }
    return bytes;
  };
  for (int round = 0; round < 600; ++round) {
    const RdbType type = std::array{RdbType::kString, RdbType::kList, RdbType::kHash}[round % 3];
    std::vector<std::string> content = {std::string(RdbTypeName(type))};
    const uint64_t count = type == RdbType::kString ? 1 : 1 + random() % 80;
    std::string bytes;
    RdbWriter writer(&bytes, round % 2 == 0);
    if (type == RdbType::kList) {
      writer.BeginList(count);
    } else if (type == RdbType::kHash) {
      writer.BeginHash(count);
    }
    for (uint64_t i = 0; i < (type == RdbType::kHash ? 2 * count : count); ++i) {
      writer.String(content.emplace_back(text()));
    }
    bytes += "rest";
    RdbReader reader(bytes);
    RdbRecorder recorder;
    ASSERT_EQ(reader.ReadValue(type, recorder), RdbResult::kOk) << round;
    ASSERT_EQ(recorder.content, content) << round;
    ASSERT_EQ(reader.rest(), "rest") << round;
  }
}

TEST(RdbReader, ReadsLengths) {
  for (const uint64_t n :
       {uint64_t{0}, uint64_t{63}, uint64_t{64}, uint64_t{16383}, uint64_t{16384},
        uint64_t{0xffffffff}, uint64_t{0x100000000}, UINT64_MAX}) {
    std::string bytes;
    RdbWriter(&bytes).Length(n);
    uint64_t read = 1;
    RdbReader reader(bytes);
    EXPECT_EQ(reader.ReadLength(&read), RdbResult::kOk);
    EXPECT_EQ(read, n);
    EXPECT_TRUE(reader.AtEnd());
    for (size_t size = 0; size < bytes.size(); ++size) {
      RdbReader cut(std::string_view(bytes).substr(0, size));
      EXPECT_EQ(cut.ReadLength(&read), RdbResult::kTruncated) << n << " " << size;
    }
  }
  for (const char* bad : {"82", "bf", "c0", "c3", "ff"}) {
    uint64_t read;
    const std::string bytes = FromHex(bad) + std::string(16, '\1');
    RdbReader reader(bytes);
    EXPECT_EQ(reader.ReadLength(&read), RdbResult::kMalformed) << bad;
  }
}

TEST(RdbReader, ReadsPlainBytesAndTypes) {
  RdbReader reader(
      "\x04"
      "abcd");
  RdbType type;
  uint8_t byte;
  std::string_view bytes;
  ASSERT_EQ(reader.ReadType(&type), RdbResult::kOk);
  EXPECT_EQ(type, RdbType::kHash);
  ASSERT_EQ(reader.ReadByte(&byte), RdbResult::kOk);
  EXPECT_EQ(byte, 'a');
  EXPECT_EQ(reader.ReadBytes(4, &bytes), RdbResult::kTruncated);
  ASSERT_EQ(reader.ReadBytes(3, &bytes), RdbResult::kOk);
  EXPECT_EQ(bytes, "bcd");
  EXPECT_EQ(reader.ReadByte(&byte), RdbResult::kTruncated);
  EXPECT_EQ(reader.ReadType(&type), RdbResult::kTruncated);
}

TEST(RdbReader, GivesViewsOfRawStrings) {
  const std::string bytes = Written("hello") + Written("12");
  RdbReader reader(bytes);
  std::string scratch = "untouched";
  std::string_view text;
  ASSERT_EQ(reader.ReadString(&scratch, &text), RdbResult::kOk);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(text.data(), bytes.data() + 1);
  EXPECT_EQ(scratch, "untouched");
  ASSERT_EQ(reader.ReadString(&scratch, &text), RdbResult::kOk);
  EXPECT_EQ(text, "12");
  EXPECT_EQ(text.data(), scratch.data());
}

TEST(RdbReader, SaysTruncatedWhereverPlainValuesEnd) {
  for (const Body& body : SampleBodies()) {
    for (size_t size = 0; size < body.bytes.size(); ++size) {
      const std::string cut(body.bytes, 0, size);  // a copy, so that the sanitizer sees its end
      EXPECT_EQ(Try(body.type, cut), RdbResult::kTruncated) << ToHex(body.bytes) << " " << size;
    }
  }
}

TEST(RdbReader, SurvivesFlippedBits) {
  size_t still_fine = 0;
  size_t refused = 0;
  for (const Body& body : SampleBodies()) {
    std::string flipped = body.bytes;
    for (size_t bit = 0; bit < 8 * flipped.size(); ++bit) {
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      for (unsigned type = 0; type < 26; ++type) {
        ++(Try(static_cast<RdbType>(type), flipped) == RdbResult::kOk ? still_fine : refused);
      }
      flipped[bit / 8] = body.bytes[bit / 8];
    }
  }
  EXPECT_GT(still_fine, 100U);
  EXPECT_GT(refused, 1000U);
}

TEST(RdbReader, RefusesHostileLengthsWithoutAllocating) {
  using enum RdbType;
  EXPECT_EQ(TryHex(kString, "81ffffffffffffffff61"), RdbResult::kTooLarge);
  EXPECT_EQ(TryHex(kString, "80000003e961"), RdbResult::kTooLarge);
  EXPECT_EQ(TryHex(kString, "80000003e861"), RdbResult::kTruncated);
  EXPECT_EQ(TryHex(kList, "81ffffffffffffffff0161"), RdbResult::kTruncated);
  EXPECT_EQ(TryHex(kHash, "81800000000000000001610162"), RdbResult::kTruncated);
  EXPECT_EQ(TryHex(kListQuicklist2, "81ffffffffffffffff010161"), RdbResult::kTruncated);

  // LZF of 3 bytes can be 264 bytes at most; the bytes here are not even that.
  std::string scratch;
  std::string_view text;
  const std::string bomb = FromHex("c303801fffffff") + "abc";
  RdbReader bombed(bomb);
  EXPECT_EQ(bombed.ReadString(&scratch, &text), RdbResult::kMalformed);
  EXPECT_LT(scratch.capacity(), 100U);
  RdbReader limited(bomb, 0x1ffffffe);
  EXPECT_EQ(limited.ReadString(&scratch, &text), RdbResult::kTooLarge);
}

TEST(RdbReader, RefusesBrokenCompression) {
  const std::string good = FromHex("c30615016161e00a00");
  EXPECT_EQ(Try(RdbType::kString, good), RdbResult::kOk);
  EXPECT_EQ(Try(RdbType::kString, good, 21), RdbResult::kOk);
  EXPECT_EQ(Try(RdbType::kString, good, 20), RdbResult::kTooLarge);
  for (const char* bad : {
           "c30616016161e00a00",    // one byte more than there is
           "c30614016161e00a00",    // one byte less
           "c30615016161e00a09",    // refers to before the beginning
           "c30515016161e00a",      // ends within a reference
           "c3000500", "c3010000",  // nothing
           "c3c00561", "c301c561",  // lengths that are none
           "c400", "ff00",          // other encodings
       }) {
    EXPECT_EQ(TryHex(RdbType::kString, bad), RdbResult::kMalformed) << bad;
  }
}

TEST(RdbReader, RefusesEmptyCollections) {
  using enum RdbType;
  EXPECT_EQ(TryHex(kList, "00"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kHash, "00"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kListQuicklist, "00"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kListQuicklist2, "00"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kListQuicklist2,
                   "01020707000000"
                   "0000ff"),
            RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kListZiplist, "0b0b0000000a0000000000ff"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kHashZiplist, "0b0b0000000a0000000000ff"), RdbResult::kMalformed);
  EXPECT_EQ(TryHex(kHashListpack, "07070000000000ff"), RdbResult::kMalformed);
}

TEST(RdbReader, ReadsQuicklists) {
  const std::string of_ziplists = FromHex(
      "03"
      "0e0e0000000a0000000100000171ff"
      "0b0b0000000a0000000000ff"
      "0e0e0000000a0000000100000172ff");
  RdbRecorder first;
  EXPECT_EQ(RdbReader(of_ziplists).ReadValue(RdbType::kListQuicklist, first), RdbResult::kOk);
  EXPECT_EQ(first.content, (std::vector<std::string>{"list", "q", "r"}));

  const std::string mixed = FromHex(
      "03"
      "0103616263"
      "02"
      "07070000000000ff"
      "01c005");
  RdbRecorder second;
  EXPECT_EQ(RdbReader(mixed).ReadValue(RdbType::kListQuicklist2, second), RdbResult::kOk);
  EXPECT_EQ(second.content, (std::vector<std::string>{"list", "abc", "5"}));

  EXPECT_EQ(TryHex(RdbType::kListQuicklist2, "010303616263"), RdbResult::kMalformed);
}

TEST(RdbReader, RefusesAHashWithAFieldWithoutAValue) {
  const std::string odd = FromHex(
      "0a0a00000001008166"
      "02ff");
  EXPECT_EQ(Try(RdbType::kHashListpack, odd), RdbResult::kMalformed);
  EXPECT_EQ(Try(RdbType::kListQuicklist2, FromHex("0102") + odd), RdbResult::kOk);
}

TEST(RdbReader, StopsWhenTheVisitorRefuses) {
  for (const DumpSample& sample : DumpSamples()) {
    const std::string payload = FromHex(sample.hex);
    const size_t strings_each = sample.content[0] == "hash" ? 2 : 1;
    const size_t elements = (sample.content.size() - 1) / strings_each;
    for (size_t visits = 0; visits <= elements; ++visits) {
      RdbRecorder recorder;
      recorder.visits_left = visits;
      RdbReader reader(std::string_view(payload).substr(1));
      EXPECT_EQ(reader.ReadValue(static_cast<RdbType>(payload[0]), recorder),
                visits < elements ? RdbResult::kRefused : RdbResult::kOk);
      EXPECT_EQ(recorder.content.size(), visits == 0 ? 0 : 1 + visits * strings_each);
    }
  }
}

TEST(RdbReader, RefusesOtherTypesByName) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto type = static_cast<RdbType>(byte);
    const std::string_view name = RdbTypeName(type);
    const bool read = name == "string" || name == "list" || name == "hash";
    EXPECT_EQ(Try(type, "") == RdbResult::kUnsupported, !read) << byte;
    EXPECT_EQ(IsReadable(type), read) << byte;
  }
  // Dumped by Redis: a set of strings, one of integers, a sorted set and a stream.
  EXPECT_EQ(RdbTypeName(RdbType{0x02}), "set");
  EXPECT_EQ(RdbTypeName(RdbType{0x0b}), "set");
  EXPECT_EQ(RdbTypeName(RdbType{0x11}), "sorted set");
  EXPECT_EQ(RdbTypeName(RdbType{0x13}), "stream");
  EXPECT_EQ(RdbTypeName(RdbType::kModule2), "module");
  EXPECT_EQ(RdbTypeName(RdbType{8}), "unknown type");
}

}  // namespace
}  // namespace replete
