#include "protocol/dump_payload.h"

#include <gtest/gtest.h>

#include "protocol/crc64.h"
#include "tests/unit/protocol/rdb_samples.h"

namespace replete {
namespace {

TEST(Crc64, HasTheCheckValueOfRedis) {
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9ca);
  EXPECT_EQ(Crc64(0, ""), 0U);
  EXPECT_EQ(Crc64(0, std::string_view()), 0U);
}

TEST(Crc64, IsTheSameInPiecesAndBitByBit) {
  std::string bytes;
  uint64_t slow = 0;
  for (unsigned i = 0; i < 100; ++i) {
    ASSERT_EQ(Crc64(0, bytes), slow) << i;
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      const std::string_view all = bytes;
      ASSERT_EQ(Crc64(Crc64(0, all.substr(0, cut)), all.substr(cut)), slow) << i << " " << cut;
    }
    const auto byte = static_cast<unsigned char>(i * 89 + i / 3);
    bytes.push_back(static_cast<char>(byte));
    slow ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      slow = (slow & 1) != 0 ? slow >> 1 ^ 0x95ac9329ac4bc9b5 : slow >> 1;
    }
  }
}

TEST(DumpPayload, OpensAndReadsWhatRedisDumped) {
  for (const DumpSample& sample : DumpSamples()) {
    SCOPED_TRACE(sample.hex);
    const std::string payload = FromHex(sample.hex);
    OpenedDump opened;
    ASSERT_TRUE(OpenDump(payload, &opened));
    EXPECT_EQ(opened.version, kRdbWrittenVersion);
    EXPECT_EQ(opened.type, static_cast<RdbType>(payload[0]));
    EXPECT_EQ(opened.body.size(), payload.size() - 1 - kDumpFooterBytes);
    RdbReader reader(opened.body);
    RdbRecorder recorder;
    ASSERT_EQ(reader.ReadValue(opened.type, recorder), RdbResult::kOk);
    EXPECT_TRUE(reader.AtEnd());
    EXPECT_EQ(recorder.content, sample.content);
  }
}

TEST(DumpPayload, WritesWhatRedisDumps) {
  for (const DumpSample& sample : DumpSamples()) {
    SCOPED_TRACE(sample.hex);
    const std::string payload = FromHex(sample.hex);
    OpenedDump opened;
    ASSERT_TRUE(OpenDump(payload, &opened));
    EXPECT_EQ(ToHex(WriteDump(opened.type, opened.body)), sample.hex);

    std::string in_place = "before";
    in_place.append(payload, 0, payload.size() - kDumpFooterBytes);
    FinishDump(&in_place, 6);
    EXPECT_EQ(ToHex(in_place.substr(6)), sample.hex);
  }
}

TEST(DumpPayload, NoticesEveryFlippedBitAndEveryMissingByte) {
  for (const DumpSample& sample : DumpSamples()) {
    const std::string payload = FromHex(sample.hex);
    OpenedDump opened;
    for (size_t size = 0; size < payload.size(); ++size) {
      EXPECT_FALSE(OpenDump(std::string(payload, 0, size), &opened)) << sample.hex << " " << size;
    }
    std::string flipped = payload;
    for (size_t bit = 0; bit < 8 * payload.size(); ++bit) {
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      EXPECT_FALSE(OpenDump(flipped, &opened)) << sample.hex << " " << bit;
      flipped[bit / 8] = payload[bit / 8];
    }
  }
}

TEST(DumpPayload, RefusesNewerVersionsAndAZeroChecksum) {
  // As Redis wrote or would have written "a" of these versions.
  OpenedDump opened;
  EXPECT_TRUE(OpenDump(FromHex("00016101008bba0ea87dd636e7"), &opened));
  EXPECT_EQ(opened.version, 1);
  EXPECT_TRUE(OpenDump(FromHex("0001610c007488db5b751ce3fd"), &opened));
  EXPECT_EQ(opened.version, 12);
  EXPECT_FALSE(OpenDump(FromHex("0001610a000000000000000000"), &opened));

  std::string newer = FromHex("0001610d00");
  const uint64_t crc = Crc64(0, newer);
  for (int i = 0; i < 8; ++i) {
    newer.push_back(static_cast<char>(crc >> (8 * i)));
  }
  EXPECT_FALSE(OpenDump(newer, &opened));
  EXPECT_EQ(opened.version, 12) << "left alone";
}

}  // namespace
}  // namespace replete
