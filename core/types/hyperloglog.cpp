#include "core/types/hyperloglog.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

namespace replete {
namespace {

constexpr unsigned kIndexBits = 14;
constexpr unsigned kCountBits = 64 - kIndexBits;  // of a hash, behind the index
constexpr uint8_t kMostInRun = 32;                // registers above that have no run
constexpr size_t kZeroMax = 64;
constexpr size_t kValueMax = 4;

static_assert(std::endian::native == std::endian::little);

uint64_t Load64(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Eight registers of 6 bits, in 6 bytes, and the same in a byte each: neighbours are moved apart by
// two bits, then pairs by four, then fours by eight, and back.
constexpr size_t kPacked = 6;
constexpr size_t kTogether = 8;

// `bytes` is behind the header, so two more can be read before it: six bytes that were put together
// from loads of four and two would have to pass through the stack and wait there.
uint64_t Unpack(const char* bytes) {
  uint64_t word = Load64(bytes - 2) >> 16;
  word = (word & 0x000000ffffff) | (word & 0xffffff000000) << 8;
  word = (word & 0x00000fff00000fff) | (word & 0x00fff00000fff000) << 4;
  return (word & 0x003f003f003f003f) | (word & 0x0fc00fc00fc00fc0) << 2;
}

void Pack(uint64_t word, char* bytes) {
  word = (word & 0x003f003f003f003f) | (word & 0x3f003f003f003f00) >> 2;
  word = (word & 0x00000fff00000fff) | (word & 0x0fff00000fff0000) >> 4;
  word = (word & 0x0000000000ffffff) | (word & 0x00ffffff00000000) >> 8;
  std::memcpy(bytes, &word, kPacked);
}

// The larger one of each of eight registers: the highest bit of each byte, which is free, tells
// after a subtraction whether it had to borrow.
uint64_t Larger(uint64_t a, uint64_t b) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  const uint64_t not_less = ((a | kHigh) - b) & kHigh;
  const uint64_t mask = not_less | (not_less - (not_less >> 7));
  return (a & mask) | (b & ~mask);
}

// MurmurHash64A (A. Appleby, public domain) with the seed of redis-server.
uint64_t Hash(std::string_view text) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr uint64_t kSeed = 0xadc83b19;
  uint64_t hash = kSeed ^ (text.size() * kMultiplier);
  for (; text.size() >= 8; text.remove_prefix(8)) {
    uint64_t word = Load64(text.data()) * kMultiplier;
    word = (word ^ (word >> 47)) * kMultiplier;
    hash = (hash ^ word) * kMultiplier;
  }
  if (!text.empty()) {
    uint64_t rest = 0;
    for (size_t i = text.size(); i-- > 0;) rest = rest << 8 | static_cast<uint8_t>(text[i]);
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ (hash >> 47)) * kMultiplier;
  return hash ^ (hash >> 47);
}

uint8_t DenseGet(std::string_view bytes, uint32_t index) {
  const size_t bit = size_t{index} * 6;
  const size_t at = HyperLogLog::kHeader + bit / 8;
  unsigned two = static_cast<uint8_t>(bytes[at]);
  if (at + 1 < bytes.size()) two |= static_cast<unsigned>(static_cast<uint8_t>(bytes[at + 1])) << 8;
  return static_cast<uint8_t>(two >> (bit & 7) & 63);
}

void DenseSet(char* bytes, uint32_t index, uint8_t count) {
  const size_t bit = size_t{index} * 6;
  char* at = bytes + HyperLogLog::kHeader + bit / 8;
  const unsigned shift = bit & 7;
  const auto put = [](char* byte, unsigned mask, unsigned value) {
    *byte = static_cast<char>((static_cast<uint8_t>(*byte) & ~mask) | value);
  };
  put(at, 63u << shift & 0xff, static_cast<unsigned>(count) << shift & 0xff);
  if (shift > 2) put(at + 1, 63u >> (8 - shift), static_cast<unsigned>(count) >> (8 - shift));
}

// The series of Ertl's paper, for the registers that are zero and those that are full.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; before != z;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  }
  return z / 3;
}

}  // namespace

// `length` registers from `first` on that are `value`, in `size` bytes at `at`.
struct HyperLogLog::Run {
  size_t at = 0;
  size_t size = 0;
  size_t first = 0;
  size_t length = 0;
  uint8_t value = 0;

  size_t last() const { return first + length - 1; }
};

namespace {

void AppendZeros(std::string* out, size_t length) {
  if (length == 0) return;
  if (length > kZeroMax) {
    out->push_back(static_cast<char>(0x40 | (length - 1) >> 8));
    out->push_back(static_cast<char>((length - 1) & 0xff));
  } else {
    out->push_back(static_cast<char>(length - 1));
  }
}

char ValueRun(uint8_t value, size_t length) {
  return static_cast<char>(0x80u | (value - 1u) << 2 | (length - 1));
}

}  // namespace

// False: nothing whole begins there.
bool HyperLogLog::ReadRun(std::string_view bytes, size_t at, Run* run) {
  if (at >= bytes.size()) return false;
  const auto byte = static_cast<uint8_t>(bytes[at]);
  run->at = at;
  run->size = 1;
  run->value = 0;
  if ((byte & 0x80) != 0) {
    run->value = static_cast<uint8_t>((byte >> 2 & 31) + 1);
    run->length = (byte & 3u) + 1;
  } else if ((byte & 0x40) != 0) {
    if (at + 1 >= bytes.size()) return false;
    run->size = 2;
    run->length = ((byte & 63u) << 8 | static_cast<uint8_t>(bytes[at + 1])) + 1;
  } else {
    run->length = (byte & 63u) + 1;
  }
  return true;
}

HyperLogLog::Mark HyperLogLog::MarkOf(std::string_view element) {
  const uint64_t hash = Hash(element);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kCountBits;
  return {static_cast<uint32_t>(hash & (kRegisters - 1)),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

bool HyperLogLog::Recognizes(std::string_view bytes) {
  if (bytes.size() < kHeader || !bytes.starts_with("HYLL")) return false;
  const auto encoding = static_cast<uint8_t>(bytes[4]);
  return encoding == 1 || (encoding == 0 && bytes.size() == kDenseSize);
}

bool HyperLogLog::IsWhole(std::string_view bytes) {
  if (IsDense(bytes)) return bytes.size() == kDenseSize;
  Run run;
  size_t registers = 0;
  size_t at = kHeader;
  for (; registers <= kRegisters && ReadRun(bytes, at, &run); at += run.size) {
    registers += run.length;
  }
  return at == bytes.size() && registers == kRegisters;
}

std::string HyperLogLog::Empty() {
  std::string bytes("HYLL\1");
  bytes.resize(kHeader);
  AppendZeros(&bytes, kRegisters);
  return bytes;
}

bool HyperLogLog::DenseRaises(std::string_view bytes, Mark mark) {
  return DenseGet(bytes, mark.index) < mark.count;
}

void HyperLogLog::DenseRaise(char* bytes, Mark mark) {
  DenseSet(bytes, mark.index, mark.count);
  bytes[15] = static_cast<char>(bytes[15] | '\x80');
}

void HyperLogLog::DenseMerge(char* target, std::string_view source) {
  if (IsDense(source)) {
    for (size_t at = kHeader; at < kDenseSize; at += kPacked) {
      if (std::memcmp(target + at, source.data() + at, kPacked) == 0) continue;
      Pack(Larger(Unpack(target + at), Unpack(source.data() + at)), target + at);
    }
  } else {
    std::vector<Mark> marks;
    AppendMarks(source, &marks);
    for (const Mark mark : marks) {
      if (DenseRaises({target, kDenseSize}, mark)) DenseRaise(target, mark);
    }
  }
  target[15] = static_cast<char>(target[15] | '\x80');
}

void HyperLogLog::AppendMarks(std::string_view bytes, std::vector<Mark>* marks) {
  Run run;
  for (size_t at = kHeader; ReadRun(bytes, at, &run); at += run.size) {
    for (size_t i = 0; run.value != 0 && i < run.length; ++i) {
      marks->push_back({static_cast<uint32_t>(run.first + i), run.value});
    }
    run.first += run.length;
  }
}

HyperLogLog::Outcome HyperLogLog::Raise(Mark mark) {
  if (!IsDense(bytes_) && mark.count > kMostInRun && !MakeDense()) return Outcome::kCorrupt;
  if (IsDense(bytes_)) {
    if (!DenseRaises(bytes_, mark)) return Outcome::kUnchanged;
    DenseRaise(bytes_.data(), mark);
    return Outcome::kChanged;
  }
  Run run;
  size_t before = kHeader;  // where the run before it begins
  for (size_t at = kHeader; ReadRun(bytes_, at, &run); at += run.size) {
    if (mark.index <= run.last()) {
      if (run.value >= mark.count) return Outcome::kUnchanged;
      const Outcome outcome = Insert(run, mark);
      if (outcome != Outcome::kChanged) return outcome;
      if (!IsDense(bytes_)) JoinRuns(before);
      ForgetCardinality();
      return outcome;
    }
    before = at;
    run.first += run.length;
  }
  return Outcome::kCorrupt;
}

// The run, which covers the register, becomes up to three.
HyperLogLog::Outcome HyperLogLog::Insert(const Run& run, Mark mark) {
  std::string parts;
  const auto append = [&](size_t length) {
    if (length == 0) return;
    if (run.value == 0) {
      AppendZeros(&parts, length);
    } else {
      parts.push_back(ValueRun(run.value, length));
    }
  };
  append(mark.index - run.first);
  parts.push_back(ValueRun(mark.count, 1));
  append(run.last() - mark.index);
  if (parts.size() > run.size && bytes_.size() + parts.size() - run.size > sparse_max_) {
    if (!MakeDense()) return Outcome::kCorrupt;
    DenseSet(bytes_.data(), mark.index, mark.count);
  } else {
    bytes_.replace(run.at, run.size, parts);
  }
  return Outcome::kChanged;
}

// Joins neighbours of one value among the five runs from `at` on, which is where one was split; as
// far as redis-server does, no further.
void HyperLogLog::JoinRuns(size_t at) {
  constexpr int kScanned = 5;
  Run run;
  Run next;
  for (int i = 0; i < kScanned && ReadRun(bytes_, at, &run); ++i) {
    if (run.value != 0 && ReadRun(bytes_, at + 1, &next) && next.value == run.value &&
        run.length + next.length <= kValueMax) {
      bytes_[at + 1] = ValueRun(run.value, run.length + next.length);
      bytes_.erase(at, 1);
      continue;
    }
    at += run.size;
  }
}

bool HyperLogLog::MakeDense() {
  if (IsDense(bytes_)) return true;
  std::string dense(bytes_, 0, kHeader);
  dense[4] = 0;
  dense.resize(kDenseSize);
  Run run;
  size_t first = 0;
  for (size_t at = kHeader; at < bytes_.size(); at += run.size) {
    if (!ReadRun(bytes_, at, &run) || first + run.length > kRegisters) return false;
    for (size_t i = 0; run.value != 0 && i < run.length; ++i) {
      DenseSet(dense.data(), static_cast<uint32_t>(first + i), run.value);
    }
    first += run.length;
  }
  if (first != kRegisters) return false;
  bytes_ = std::move(dense);
  return true;
}

int64_t HyperLogLog::CachedCardinality(std::string_view bytes) {
  if ((bytes[15] & '\x80') != 0) return -1;
  return static_cast<int64_t>(Load64(bytes.data() + 8));
}

void HyperLogLog::CacheCardinality(char* bytes, uint64_t cardinality) {
  for (size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<char>(cardinality >> 8 * i & 0xff);
}

std::string HyperLogLog::Describe(std::string_view bytes) {
  std::string text;
  Run run;
  for (size_t at = kHeader; ReadRun(bytes, at, &run); at += run.size) {
    if (!text.empty()) text += ' ';
    if (run.value != 0) {
      fmt::format_to(std::back_inserter(text), "v:{},{}", run.value, run.length);
    } else {
      fmt::format_to(std::back_inserter(text), "{}:{}", run.size == 2 ? 'Z' : 'z', run.length);
    }
  }
  return text;
}

bool HyperLogLogRegisters::Merge(std::string_view bytes) {
  if (HyperLogLog::IsDense(bytes)) {
    const char* packed = bytes.data() + HyperLogLog::kHeader;
    for (size_t index = 0; index < registers_.size(); index += kTogether, packed += kPacked) {
      uint64_t own = 0;
      std::memcpy(&own, registers_.data() + index, kTogether);
      own = Larger(own, Unpack(packed));
      std::memcpy(registers_.data() + index, &own, kTogether);
    }
    return true;
  }
  HyperLogLog::Run run;
  size_t first = 0;
  for (size_t at = HyperLogLog::kHeader; at < bytes.size(); at += run.size) {
    if (!HyperLogLog::ReadRun(bytes, at, &run)) return false;
    if (first + run.length > HyperLogLog::kRegisters) return false;
    for (size_t i = first; run.value != 0 && i < first + run.length; ++i) {
      registers_[i] = std::max(registers_[i], run.value);
    }
    first += run.length;
  }
  return first == HyperLogLog::kRegisters;
}

uint64_t HyperLogLogRegisters::Cardinality() const {
  constexpr double kAlphaInfinity = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr auto kSize = static_cast<double>(HyperLogLog::kRegisters);
  // Neighbours are often equal, and a count that has just been written cannot be raised at once.
  constexpr size_t kApart = 8;
  std::array<std::array<uint32_t, 64>, kApart> counts{};
  for (size_t i = 0; i < registers_.size(); i += kApart) {
    for (size_t j = 0; j < kApart; ++j) ++counts[j][registers_[i + j]];
  }
  std::array<uint32_t, 64> histogram{};
  for (const auto& some : counts) {
    for (size_t value = 0; value < some.size(); ++value) histogram[value] += some[value];
  }
  double z = kSize * Tau((kSize - histogram[kCountBits + 1]) / kSize);
  for (unsigned value = kCountBits; value >= 1; --value) {
    z += histogram[value];
    z *= 0.5;
  }
  z += kSize * Sigma(histogram[0] / kSize);
  return static_cast<uint64_t>(std::llround(kAlphaInfinity * kSize * kSize / z));
}

}  // namespace replete
