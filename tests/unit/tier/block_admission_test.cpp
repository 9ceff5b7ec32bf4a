#include "core/tier/block_admission.h"

#include <gtest/gtest.h>

namespace replete {
namespace {

class BlockAdmissionTest : public testing::Test {
 protected:
  // Of so many reads, as one thread counts them.
  uint32_t TakenOf(uint32_t reads) const {
    uint32_t taken = 0;
    for (uint32_t i = 1; i <= reads; ++i) taken += admission_.Takes(i) ? 1 : 0;
    return taken;
  }
  void Reads(int n, size_t sought, size_t found) {
    for (int i = 0; i < n; ++i) admission_.Note(sought, found);
  }

  BlockAdmission admission_;
};

TEST_F(BlockAdmissionTest, ACacheWithRoomTakesAll) {
  EXPECT_EQ(TakenOf(1600), 1600u);
  Reads(100'000, 1, 0);
  EXPECT_EQ(TakenOf(1600), 1600u) << "however seldom it hits";
}

TEST_F(BlockAdmissionTest, AFullCacheThatSeldomHitsTakesFew) {
  admission_.SetFull(true);
  EXPECT_EQ(TakenOf(1600), 1600u) << "it is not known yet what it is good for";
  Reads(5000, 1, 0);
  EXPECT_EQ(TakenOf(1600), 1600u / BlockAdmission::kOneOf);
  admission_.SetFull(false);
  EXPECT_EQ(TakenOf(1600), 1600u);
}

TEST_F(BlockAdmissionTest, WhatHitsAgainIsTakenAgain) {
  admission_.SetFull(true);
  Reads(500, 32, 1);
  EXPECT_EQ(TakenOf(1600), 1600u / BlockAdmission::kOneOf);
  Reads(500, 32, 16);
  EXPECT_EQ(TakenOf(1600), 1600u);
  Reads(500, 1000, 100);
  EXPECT_EQ(TakenOf(1600), 1600u / BlockAdmission::kOneOf);
  Reads(500, 0, 0);
  EXPECT_EQ(TakenOf(1600), 1600u / BlockAdmission::kOneOf) << "nothing was sought";
}

}  // namespace
}  // namespace replete
