// What keyspaces with a tier need beside: records of what changed, and values that come and go, by
// RESTORE too.
#include <algorithm>
#include <new>
#include <string>
#include <tuple>

#include "core/keyspace/access.h"
#include "core/policy/eviction.h"
#include "core/tier/stored_value.h"

namespace replete {

// --- going down ---

void Access::NoteUnstored(const Key& key, uint32_t replaced) {
  unstored_.push_back({key.shard, key.hash, std::string(key.name), replaced});
}

void Access::DropRecords(Keyspace& keyspace) {
  keyspace.NextGeneration();
  std::erase_if(unstored_,
                [&](const Unstored& item) { return &item.shard->keyspace() == &keyspace; });
  voided_.push_back(keyspace.shared_from_this());
}

// What the same transaction has noted before goes along.
void Access::ExchangeRecords(Keyspace& a, Keyspace& b) {
  a.ExchangeGenerations(b);
  a.tier()->Exchange(a, b);
  for (Unstored& item : unstored_) {
    const Keyspace* const of = &item.shard->keyspace();
    if (of != &a && of != &b) continue;
    item.shard = &(of == &a ? b : a).shard(item.shard->index());
  }
  for (std::shared_ptr<Keyspace>& keyspace : voided_) {
    if (keyspace.get() == &a) {
      keyspace = b.shared_from_this();
    } else if (keyspace.get() == &b) {
      keyspace = a.shared_from_this();
    }
  }
  for (Keyspace* keyspace : {&a, &b}) {
    const auto noted = [keyspace](const auto& other) { return other.get() == keyspace; };
    if (std::none_of(exchanged_.begin(), exchanged_.end(), noted)) {
      exchanged_.push_back(keyspace->shared_from_this());
    }
  }
}

// One of each key.
void Access::MergeUnstored() {
  const auto place = [](const Unstored& item) { return std::tie(item.shard, item.name); };
  std::sort(unstored_.begin(), unstored_.end(),
            [&](const Unstored& a, const Unstored& b) { return place(a) < place(b); });
  size_t kept = 0;
  for (size_t i = 1; i < unstored_.size(); ++i) {
    Unstored& last = unstored_[kept];
    if (place(last) == place(unstored_[i])) {
      last.replaced = std::max(last.replaced, unstored_[i].replaced);
    } else if (++kept != i) {
      unstored_[kept] = std::move(unstored_[i]);
    }
  }
  unstored_.resize(kept + 1);
}

void Access::Commit() {
  if (unstored_.empty() && voided_.empty() && exchanged_.empty()) return;
  if (unstored_.size() > 1) MergeUnstored();
  while (!voided_.empty()) CommitTo(voided_.front()->tier());
  while (!exchanged_.empty()) CommitTo(exchanged_.front()->tier());
  while (!unstored_.empty()) CommitTo(unstored_.front().shard->keyspace().tier());
}

void Access::CommitOrDrop() {
  try {
    return Commit();
  } catch (const std::bad_alloc&) {
  }
  for (size_t i = 0, n = unstored_.size(); i < n; ++i) {
    const std::string name = unstored_[i].name;
    const Key key{unstored_[i].shard, name, unstored_[i].hash};
    if (Slot slot = key.shard->data.table.Find(key.hash, name)) {
      RemoveSlot(key, slot, Departure::kDeleted);
    }
  }
  Commit();
}

void Access::CommitTo(Tier* tier) {
  TierBatch batch;
  std::vector<Entry*> stored;
  const auto take = [&](std::vector<std::shared_ptr<Keyspace>>* keyspaces, TierRecord::Kind kind) {
    std::erase_if(*keyspaces, [&](std::shared_ptr<Keyspace>& keyspace) {
      if (keyspace->tier() != tier) return false;
      TierRecord& record = batch.records.emplace_back(kind, keyspace, keyspace->generation());
      record.version = keyspace->version();
      record.retired = keyspace->retired();
      return true;
    });
  };
  const auto first = std::partition(
      unstored_.begin(), unstored_.end(),
      [tier](const Unstored& item) { return item.shard->keyspace().tier() != tier; });
  const std::span<Unstored> items(first, unstored_.end());
  // Where memory ends here nothing is taken yet.
  batch.records.reserve(items.size() + voided_.size() + exchanged_.size());
  stored.reserve(items.size());
  for (const Unstored& item : items) {
    Entry* entry = item.shard->data.table.Find(item.hash, item.name).item();
    const TierRecord& record = batch.records.emplace_back(RecordOf(item, entry));
    if (entry == nullptr) continue;
    stored.push_back(entry);
    if (record.kind == TierRecord::Kind::kPut) {
      NoteStored(*item.shard, entry, item.name.size() + record.value.size());
    }
  }
  for (size_t i = 0; i < items.size(); ++i) {
    batch.records[i].key = std::move(items[i].name);
  }
  const auto of_keys = static_cast<ptrdiff_t>(items.size());
  unstored_.erase(first, unstored_.end());
  take(&voided_, TierRecord::Kind::kClear);
  take(&exchanged_, TierRecord::Kind::kExchange);
  std::rotate(batch.records.begin(), batch.records.begin() + of_keys, batch.records.end());
  const bool waits = WaitsFor(batch) || tier->IsBehind();
  const uint64_t sequence = tier->Write(std::move(batch));
  for (Entry* entry : stored) entry->set_tier_sequence(sequence);
  if (waits) tokens_.push_back({tier, sequence});
}

bool Access::WaitsFor(const TierBatch& batch) {
  return std::any_of(batch.records.begin(), batch.records.end(), [](const TierRecord& record) {
    return record.keyspace->durability() != Durability::kNone;
  });
}

void Access::NoteStored(Shard& shard, Entry* entry, size_t size) {
  const auto told = static_cast<uint32_t>(std::min<size_t>(size, Entry::kMaxTierSize));
  shard.data.tier_bytes += told - size_t{entry->tier_size()};
  entry->set_tier_size(told);
}

TierRecord Access::RecordOf(const Unstored& item, const Entry* entry) {
  Keyspace& keyspace = item.shard->keyspace();
  TierRecord record{TierRecord::Kind::kDelete, keyspace.shared_from_this(), keyspace.generation()};
  record.replaced = item.replaced;
  if (entry == nullptr) return record;
  record.replaced = std::max(item.replaced, entry->tier_size());
  record.deadline = entry->deadline();
  if (entry->resident()) {
    record.kind = TierRecord::Kind::kPut;
    record.value = EncodeValue(*entry);
  } else {
    record.kind = TierRecord::Kind::kDeadline;
  }
  return record;
}

void Access::Undo(const Key& key, uint64_t sequence) {
  Slot slot = key.shard->data.table.Find(key.hash, key.name);
  // What is stored is what was there before, whatever that was.
  if (!slot) {
    NoteUnstored(key, Entry::kMaxTierSize);
  } else if (slot.item()->tier_sequence() == sequence) {
    RemoveSlot(key, slot, Departure::kDeleted);
    NoteUnstored(key, Entry::kMaxTierSize);
  }
}

void Access::Renew(const Key& key) { NoteUnstored(key, Entry::kMaxTierSize); }

void Access::UndoClear(Keyspace& keyspace) { voided_.push_back(keyspace.shared_from_this()); }

// --- coming up and letting go ---

void Access::Restore(const Key& key, StoredValue* value, int64_t deadline) {
  Remove(key, Departure::kExpired);  // one that is not swept yet
  Entry* entry = value->MakeEntry(key.name, ExtensionsFor(*key.shard, deadline));
  if (deadline != kNoDeadline) entry->set_deadline(deadline);
  Insert(key, entry);
  Changed(key);
  switch (entry->type()) {
    case ValueType::kString:
      return Emit(key, Effect::Kind::kPut, entry->string(), {}, deadline);
    case ValueType::kHash:
      entry->hash()->ForEach([&](std::string_view field, std::string_view text) {
        Emit(key, Effect::Kind::kHashSet, field, text);
      });
      break;
    case ValueType::kList:
      entry->list()->ForEach(
          [&](std::string_view element) { Emit(key, Effect::Kind::kPushBack, element); });
      break;
  }
  if (deadline != kNoDeadline) Emit(key, Effect::Kind::kDeadline, {}, {}, deadline);
}

// Another allocation of the same entry, with or without its value, in the old one's place.
void Access::TakePlace(Shard& shard, const Slot& slot, Entry* fresh) {
  Entry* old = slot.item();
  const size_t before = old->bytes();
  fresh->set_clock(old->clock());
  fresh->CopyTier(*old);
  if (old->has(Entry::kDeadline)) {
    fresh->set_deadline(old->deadline());
    shard.data.wheel.Relink(fresh, ExpiryWheel::LinksOf(old));
  }
  if (old->has(Entry::kOrder)) {
    shard.data.order.Insert(fresh, OrderList::Previous(old), OrderList::Next(old));
  }
  shard.data.table.Replace(slot, fresh);
  AddBytes(shard, before, fresh->bytes());
  TakeCold(shard, old);
  AddCold(shard, fresh);
  Entry::Delete(old);
}

Entry* Access::Recall(const Key& key, ValueType type, int64_t deadline, size_t size) {
  Entry* entry = Entry::NewCold(key.name, type, ExtensionsFor(*key.shard, deadline));
  if (deadline != kNoDeadline) entry->set_deadline(deadline);
  Insert(key, entry);
  NoteStored(*key.shard, entry, size);
  return entry;
}

bool Access::Install(const Key& key, StoredValue* value) {
  Slot slot = key.shard->data.table.Find(key.hash, key.name);
  if (!slot || slot.item()->resident()) return true;
  if (slot.item()->type() != value->type()) return false;
  TakePlace(*key.shard, slot, value->MakeEntry(key.name, slot.item()->extensions()));
  return true;
}

bool Access::WorthKeeping(const Key& key, const Entry* entry) {
  const Shard& shard = *key.shard;
  const Keyspace& keyspace = shard.keyspace();
  const auto share = static_cast<size_t>(keyspace.hot_memory()) / keyspace.shards();
  if (shard.hot_bytes() + entry->tier_size() <= share && !keyspace.OverMemory()) return true;
  return share > 0 && EvictionScore(keyspace.policy(), shard, now(), entry) < shard.cooled_from;
}

void Access::Lend(const Key& key, const Entry* entry, StoredValue* value) {
  Entry* with_value = value->MakeEntry(key.name, entry->extensions());
  with_value->set_clock(entry->clock());
  with_value->CopyTier(*entry);
  if (entry->has(Entry::kDeadline)) with_value->set_deadline(entry->deadline());
  lent_.push_back({entry, with_value});
}

Entry* Access::StandingFor(Entry* entry) const {
  for (const Lent& one : lent_) {
    if (one.away == entry) return one.with_value;
  }
  return entry;
}

void Access::ReturnLent() {
  for (const Lent& one : lent_) Entry::Delete(one.with_value);
  lent_.clear();
}

size_t Access::Cool(Shard& shard, size_t entries, bool all) {
  std::vector<std::pair<uint64_t, Entry*>> found;  // how soon it goes
  const uint64_t settled = shard.keyspace().tier()->commits().settled();
  const EvictionPolicy policy = shard.keyspace().policy();
  shard.cool_position =
      shard.data.table.Scan(shard.cool_position, entries, [&](const Entry* entry) {
        if (!entry->resident() || entry->tier_sequence() > settled) return;
        if (shard.loads.Contains(entry->key())) return;
        found.emplace_back(EvictionScore(policy, shard, now(), entry), const_cast<Entry*>(entry));
      });
  if (shard.cool_position == EntryTable::kScanEnd) shard.cool_position = 0;
  size_t n = found.size();
  if (!all) {
    n = (n + 1) / 2;
    std::nth_element(found.begin(), found.begin() + static_cast<ptrdiff_t>(n), found.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    if (n > 0) shard.cooled_from = n < found.size() ? found[n].first : found[n - 1].first;
  }
  for (size_t i = 0; i < n; ++i) {
    Entry* entry = found[i].second;
    const Slot slot = shard.data.table.Find(HashKey(entry->key()), entry->key());
    TakePlace(shard, slot, Entry::NewCold(*entry));
  }
  return n;
}

}  // namespace replete
