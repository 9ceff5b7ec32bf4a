#include "core/tier/disk_compaction.h"

#include "core/tier/disk_record.h"

namespace replete {
namespace {

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

// Else a compaction would read every large value to show it to the filter.
rocksdb::CompactionFilter::Decision DeadRecordFilter::FilterBlobByKey(
    int level, const rocksdb::Slice& key, std::string* changed, std::string* skip_until) const {
  uint64_t generation = 0;
  std::string_view name;
  if (!SplitDiskKey(View(key), &generation, &name) || (generation & kDetachedBit) == 0) {
    return Decision::kUndetermined;
  }
  return FilterV2(level, key, ValueType::kValue, {}, changed, skip_until);
}

rocksdb::CompactionFilter::Decision DeadRecordFilter::FilterV2(
    int /*level*/, const rocksdb::Slice& key, ValueType type, const rocksdb::Slice& value,
    std::string* /*changed*/, std::string* skip_until) const {
  uint64_t generation = 0;
  std::string_view name;
  if (!SplitDiskKey(View(key), &generation, &name) || generation == 0) return Decision::kKeep;
  const uint64_t detached = generation & kDetachedBit;
  generation &= ~kDetachedBit;
  if (judge_.GenerationIsVoid(generation)) {
    // Older versions of these keys may come to light again: they are void just as well.
    AppendGeneration((generation + 1) | detached, skip_until);
    return Decision::kRemoveAndSkipUntil;
  }
  if (detached != 0) return Decision::kKeep;  // it goes with the record of its key
  // An operand builds on a record that may be elsewhere.
  if (type != ValueType::kValue) return Decision::kKeep;
  DiskRecord record;
  if (!record.Decode(View(value))) return Decision::kKeep;  // whoever reads it says so
  if (!record.is_void && record.deadline == kNoDeadline) return Decision::kKeep;
  const int64_t deadline = record.is_void ? 0 : record.deadline;
  return judge_.IsDead(generation, name, deadline) ? Decision::kRemove : Decision::kKeep;
}

bool DeadlineOperator::FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const {
  const std::string_view operand = View(in.operand_list.back());
  out->new_value.clear();
  if (in.existing_value == nullptr) return ApplyDeadlineOperand(nullptr, operand, &out->new_value);
  const std::string_view record = View(*in.existing_value);
  return ApplyDeadlineOperand(&record, operand, &out->new_value);
}

bool DeadlineOperator::PartialMerge(const rocksdb::Slice& /*key*/,
                                    const rocksdb::Slice& /*earlier*/, const rocksdb::Slice& later,
                                    std::string* merged, rocksdb::Logger* /*logger*/) const {
  merged->assign(later.data(), later.size());
  return true;
}

}  // namespace replete
