#include "core/policy/candidate_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace replete {
namespace {

std::vector<uint64_t> TakeAll(CandidatePool* pool) {
  std::vector<uint64_t> scores;
  while (!pool->empty()) scores.push_back(pool->Take().score);
  return scores;
}

TEST(CandidatePool, GivesTheHighestFirst) {
  CandidatePool pool;
  for (uint64_t score : {5, 9, 1, 7}) pool.Add({nullptr, 0, score});
  EXPECT_EQ(TakeAll(&pool), (std::vector<uint64_t>{9, 7, 5, 1}));
}

TEST(CandidatePool, KeepsTheBestOfMoreThanItHolds) {
  CandidatePool pool;
  std::vector<uint64_t> best;
  for (uint64_t i = 0; i < 100; ++i) pool.Add({nullptr, 0, i * 37 % 100});
  for (uint64_t i = 0; i < CandidatePool::kCapacity; ++i) best.push_back(99 - i);
  EXPECT_EQ(TakeAll(&pool), best);
}

TEST(CandidatePool, KeepBestLetsTheLowestGo) {
  CandidatePool pool;
  for (uint64_t score : {5, 9, 1, 7}) pool.Add({nullptr, 0, score});
  pool.KeepBest(4);
  pool.KeepBest(2);
  EXPECT_EQ(TakeAll(&pool), (std::vector<uint64_t>{9, 7}));
  pool.KeepBest(1);
  EXPECT_TRUE(pool.empty());
}

}  // namespace
}  // namespace replete
