#include "core/tier/disk_catalog.h"

#include <algorithm>
#include <mutex>

#include "core/keyspace/keyspace.h"
#include "core/tier/tier.h"

namespace replete {
namespace {

uint32_t IdOf(uint64_t generation) { return static_cast<uint32_t>(generation >> 32); }

}  // namespace

void DiskCatalog::Adopt(const std::vector<StoredNamespace>& found, uint32_t last_id) {
  std::unique_lock lock(mutex_);
  for (const StoredNamespace& one : found) known_[one.id] = {one};
  last_id_ = last_id;
  adopted_ = true;
}

std::vector<StoredNamespace> DiskCatalog::Remembered() const {
  std::shared_lock lock(mutex_);
  std::vector<StoredNamespace> remembered;
  for (const auto& [id, known] : known_) {
    if (known.stored.remembered()) remembered.push_back(known.stored);
  }
  return remembered;
}

std::vector<StoredNamespace> DiskCatalog::Unattached() const {
  std::shared_lock lock(mutex_);
  std::vector<StoredNamespace> unattached;
  for (const auto& [id, known] : known_) {
    if (known.keyspace.expired()) unattached.push_back(known.stored);
  }
  return unattached;
}

StoredNamespace DiskCatalog::Attach(const std::shared_ptr<Keyspace>& keyspace,
                                    const StoredOptions& options, bool* changed) {
  std::unique_lock lock(mutex_);
  // Of two of a name, one was dropped before a crash and could not be forgotten: the older one.
  auto found = std::find_if(known_.rbegin(), known_.rend(), [&](const auto& item) {
    return item.second.stored.name == keyspace->name() && item.second.keyspace.expired() &&
           !item.second.filling;
  });
  const bool is_new = found == known_.rend();
  Known* known = is_new ? &Make(keyspace->name()) : &found->second;
  *changed = is_new || known->stored.options != options;
  known->stored.options = options;
  known->keyspace = keyspace;
  // What was there before is read back anew: nobody knows what happened to it meanwhile.
  known->complete = is_new;
  return known->stored;
}

DiskCatalog::Known& DiskCatalog::Make(const std::string& name) {
  const uint32_t id = ++last_id_;
  Known& known = known_[id];
  known.stored.id = id;
  known.stored.name = name;
  known.stored.generation = uint64_t{id} << 32;
  return known;
}

StoredNamespace DiskCatalog::Add(const std::string& name) {
  std::unique_lock lock(mutex_);
  Known& known = Make(name);
  known.filling = true;
  return known.stored;
}

void DiskCatalog::NoteFilled(uint32_t id) {
  std::unique_lock lock(mutex_);
  const auto found = known_.find(id);
  if (found != known_.end()) found->second.filling = false;
}

StoredNamespace DiskCatalog::Of(const Keyspace& keyspace) const {
  return OfGeneration(keyspace.generation());
}

StoredNamespace DiskCatalog::OfGeneration(uint64_t generation) const {
  std::shared_lock lock(mutex_);
  const auto found = known_.find(IdOf(generation));
  return found == known_.end() ? StoredNamespace() : found->second.stored;
}

void DiskCatalog::Exchange(const Keyspace& a, const Keyspace& b) {
  std::unique_lock lock(mutex_);
  const auto one = known_.find(IdOf(a.generation()));
  const auto other = known_.find(IdOf(b.generation()));
  if (one == known_.end() || other == known_.end()) return;
  std::swap(one->second.stored.name, other->second.stored.name);
  std::swap(one->second.stored.options, other->second.stored.options);
  std::swap(one->second.keyspace, other->second.keyspace);
}

void DiskCatalog::Drop(uint32_t id) {
  std::unique_lock lock(mutex_);
  known_.erase(id);
}

bool DiskCatalog::IsComplete(uint32_t id) const {
  std::shared_lock lock(mutex_);
  const auto found = known_.find(id);
  return found != known_.end() && found->second.complete;
}

bool DiskCatalog::Alter(const Keyspace& keyspace, const StoredOptions& options,
                        StoredNamespace* altered) {
  std::unique_lock lock(mutex_);
  const auto found = known_.find(IdOf(keyspace.generation()));
  if (found == known_.end() || !found->second.stored.remembered()) return false;
  found->second.stored.options = options;
  *altered = found->second.stored;
  return true;
}

void DiskCatalog::NoteComplete(const Keyspace& keyspace) {
  std::unique_lock lock(mutex_);
  const auto found = known_.find(IdOf(keyspace.generation()));
  if (found != known_.end()) found->second.complete = true;
}

std::vector<DiskCatalog::Attached> DiskCatalog::Select(bool complete) const {
  std::shared_lock lock(mutex_);
  std::vector<Attached> attached;
  for (const auto& [id, known] : known_) {
    if (known.complete != complete) continue;
    if (auto keyspace = known.keyspace.lock()) attached.push_back({known.stored, keyspace});
  }
  return attached;
}

StoredNamespace DiskCatalog::Cleared(const TierRecord& clear) const {
  std::shared_lock lock(mutex_);
  StoredNamespace cleared;
  const auto found = known_.find(IdOf(clear.generation));
  if (found != known_.end()) cleared = found->second.stored;
  cleared.generation = clear.generation;
  cleared.version = clear.version;
  return cleared;
}

void DiskCatalog::NoteCleared(const StoredNamespace& cleared) {
  std::unique_lock lock(mutex_);
  const auto found = known_.find(cleared.id);
  if (found == known_.end()) return;
  found->second.stored.generation = cleared.generation;
  found->second.stored.version = cleared.version;
}

bool DiskCatalog::GenerationIsVoid(uint64_t generation) const {
  std::shared_lock lock(mutex_);
  // The store compacts from the moment it is opened, which is before anybody knows what it holds.
  if (!adopted_) return false;
  const auto found = known_.find(IdOf(generation));
  return found == known_.end() || generation < found->second.stored.generation;
}

// Memory has the key of every record that counts. One that is gone there is gone: whatever is
// written of it later begins with a whole record. So also where the deadline was put off by an
// operand that a compaction does not see.
bool DiskCatalog::IsDead(uint64_t generation, std::string_view key, int64_t deadline) const {
  if (deadline > clock_.NowMs()) return false;
  std::shared_ptr<Keyspace> keyspace;
  {
    std::shared_lock lock(mutex_);
    const auto found = known_.find(IdOf(generation));
    if (found == known_.end() || !found->second.complete) return false;
    keyspace = found->second.keyspace.lock();
  }
  if (!keyspace) return false;
  const uint64_t hash = HashKey(key);
  Shard& shard = keyspace->ShardOf(hash);
  std::lock_guard lock(shard.mutex);
  return keyspace->generation() == generation && !shard.gate.owned() &&
         !shard.data.table.Find(hash, key);
}

}  // namespace replete
