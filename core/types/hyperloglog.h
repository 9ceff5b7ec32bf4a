#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

// HyperLogLog: how many different elements were seen, from 2^14 registers that each keep the
// longest run of zero bits in the hashes that fall to it; the standard error is 0.81 %. The
// cardinality is estimated as in O. Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches", 2017.
//
// The bytes are those of redis-server, to the bit, so that values move between servers: 16 of
// header
// ("HYLL", encoding, the cached cardinality), then either 6 bits a register or, while most of them
// are zero, runs:
//   00xxxxxx            x + 1 registers are 0
//   01xxxxxx yyyyyyyy   xy + 1 registers are 0
//   1vvvvvxx            x + 1 registers are v + 1
// Anybody may have stored bytes that only look like it: kCorrupt.
class HyperLogLog {
 public:
  static constexpr size_t kRegisters = 1 << 14;
  static constexpr size_t kHeader = 16;
  static constexpr size_t kDenseSize = kHeader + kRegisters * 6 / 8;

  enum class Outcome { kUnchanged, kChanged, kCorrupt };

  // A register and what an element wants it to be at least.
  struct Mark {
    uint32_t index;
    uint8_t count;
  };
  static Mark MarkOf(std::string_view element);

  // Whether the bytes may be one: header and size.
  static bool Recognizes(std::string_view bytes);
  static bool IsDense(std::string_view bytes) { return bytes[4] == 0; }
  // Of one that is recognized: whether every register has a value.
  static bool IsWhole(std::string_view bytes);
  // Those of an empty one.
  static std::string Empty();

  // --- one with 6 bits a register, in place ---
  static bool DenseRaises(std::string_view bytes, Mark mark);
  // Forgets the cached cardinality.
  static void DenseRaise(char* bytes, Mark mark);
  // Raises every register to what it is in the source, which is whole and may have any form.
  static void DenseMerge(char* target, std::string_view source);

  // --- one of runs ---
  // Its registers that are not zero, in their order.
  static void AppendMarks(std::string_view bytes, std::vector<Mark>* marks);

  // --- any ---
  // `sparse_max`: with more bytes than this it becomes dense.
  HyperLogLog(std::string_view bytes, size_t sparse_max) : bytes_(bytes), sparse_max_(sparse_max) {}
  Outcome Raise(Mark mark);
  // False: corrupt.
  bool MakeDense();
  void ForgetCardinality() { bytes_[15] = static_cast<char>(bytes_[15] | '\x80'); }
  const std::string& bytes() const { return bytes_; }
  char* data() { return bytes_.data(); }

  // The cardinality if the header has it: -1 when it is stale.
  static int64_t CachedCardinality(std::string_view bytes);
  static void CacheCardinality(char* bytes, uint64_t cardinality);

  // "z:10 v:3,2 Z:100": the runs of one that is not dense.
  static std::string Describe(std::string_view bytes);

 private:
  struct Run;

  static bool ReadRun(std::string_view runs, size_t at, Run* run);
  Outcome Insert(const Run& run, Mark mark);
  void JoinRuns(size_t at);

  friend class HyperLogLogRegisters;

  std::string bytes_;
  size_t sparse_max_;
};

// The registers of one or of the union of several.
class HyperLogLogRegisters {
 public:
  // The larger one of each. False: corrupt.
  bool Merge(std::string_view bytes);
  uint64_t Cardinality() const;
  std::span<const uint8_t> all() const { return registers_; }

 private:
  std::array<uint8_t, HyperLogLog::kRegisters> registers_{};
};

}  // namespace replete
