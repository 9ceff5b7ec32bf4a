#pragma once

#include <rocksdb/compaction_filter.h>
#include <rocksdb/merge_operator.h>

#include <memory>
#include <string>

#include "core/tier/disk_store.h"

namespace replete {

// Leaves out of compactions what the judge calls dead.
class DeadRecordFilter final : public rocksdb::CompactionFilter {
 public:
  explicit DeadRecordFilter(const RecordJudge& judge) : judge_(judge) {}

  const char* Name() const override { return "replete.dead-records"; }
  Decision FilterBlobByKey(int level, const rocksdb::Slice& key, std::string* changed,
                           std::string* skip_until) const override;
  Decision FilterV2(int level, const rocksdb::Slice& key, ValueType type,
                    const rocksdb::Slice& value, std::string* changed,
                    std::string* skip_until) const override;

 private:
  const RecordJudge& judge_;
};

// Sets the deadline of a record that need not be read for it. See disk_record.h.
class DeadlineOperator final : public rocksdb::MergeOperator {
 public:
  const char* Name() const override { return "replete.deadline"; }
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  // The later of two is the one that counts.
  bool PartialMerge(const rocksdb::Slice& key, const rocksdb::Slice& earlier,
                    const rocksdb::Slice& later, std::string* merged,
                    rocksdb::Logger* logger) const override;
};

}  // namespace replete
