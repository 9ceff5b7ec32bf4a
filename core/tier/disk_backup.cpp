#include "core/tier/disk_backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/tier/disk_record.h"

namespace replete {
namespace {

constexpr size_t kCopiedTogether = 1 << 20;  // bytes

std::string MarkOf(const std::string& folder) { return folder + "/NAMESPACE"; }

// Nothing in a backup is dead for sure: whoever reads it back knows the time.
class EverythingLives final : public RecordJudge {
 public:
  bool GenerationIsVoid(uint64_t) const override { return false; }
  bool IsDead(uint64_t, std::string_view, int64_t) const override { return false; }
};

}  // namespace

Problem BackUp(DiskStore& store, const StoredNamespace& which, const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return fmt::format("'{}' is there already", folder);
  const DiskStatus status = store.Checkpoint(folder);
  if (!status.ok()) return "disk: " + status.text;
  std::ofstream mark(MarkOf(folder));
  mark << which.id << '\n';
  mark.close();
  if (!mark) return fmt::format("'{}' cannot be written", MarkOf(folder));
  return {};
}

Problem CopyBackup(const std::string& folder, DiskStore& store, uint64_t generation) {
  std::ifstream mark(MarkOf(folder));
  uint32_t id = 0;
  if (!(mark >> id)) return fmt::format("'{}' is no backup", folder);
  const EverythingLives judge;
  std::unique_ptr<DiskStore> backup;
  DiskOptions options;
  options.directory = folder;
  options.reserve = 0;
  options.read_only = true;
  if (Problem problem = DiskStore::Open(options, judge, &backup)) return problem;
  const auto& all = backup->found();
  const auto from = std::find_if(all.begin(), all.end(),
                                 [id](const StoredNamespace& one) { return one.id == id; });
  if (from == all.end()) return fmt::format("'{}' does not hold its namespace", folder);
  DiskStore::Group group;
  DiskStatus written;
  size_t gathered = 0;
  const auto flush = [&] {
    written = store.Write(&group, DiskStore::Safety::kLogged);
    group.Clear();
    gathered = 0;
    return written.ok();
  };
  for (const uint64_t detached : {uint64_t{0}, kDetachedBit}) {
    const DiskStatus read = backup->Scan(
        DiskKey(from->generation | detached, {}), DiskKey((from->generation + 1) | detached, {}),
        [&](std::string_view key, std::string_view bytes) {
          group.PutRaw(generation | detached, key.substr(kGenerationSize), bytes);
          gathered += bytes.size();
          return gathered < kCopiedTogether || flush();
        });
    if (!read.ok()) return fmt::format("'{}' cannot be read: {}", folder, read.text);
    if (!written.ok()) break;
  }
  if (written.ok() && gathered > 0) flush();
  if (!written.ok()) return "disk: " + written.text;
  return {};
}

}  // namespace replete
