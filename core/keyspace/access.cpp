#include "core/keyspace/access.h"

#include <algorithm>
#include <limits>

#include "core/policy/bulk_eviction.h"
#include "core/policy/eviction.h"
#include "core/policy/frequency.h"
#include "core/tier/stored_value.h"

namespace replete {
namespace {

// Freeing a value of more than this would hold the lock too long.
constexpr size_t kCostlyToFree = 256 * 1024;

}  // namespace

Access::Slot Access::Find(const Key& key) {
  Slot slot = key.shard->data.table.Find(key.hash, key.name);
  if (slot && Expired(slot.item())) return Slot();
  return slot;
}

Entry* Access::Peek(const Key& key) { return Standing(Find(key).item()); }

Entry* Access::Inspect(const Key& key) { return Standing(Count(key, Find(key).item())); }

Entry* Access::Read(const Key& key) {
  Entry* entry = Count(key, Find(key).item());
  if (entry != nullptr) TouchUse(*key.shard, entry);
  return Standing(entry);
}

Entry* Access::Count(const Key& key, Entry* entry) {
  ShardStats& stats = key.shard->stats;
  (entry == nullptr ? stats.misses : stats.hits).Add();
  return entry;
}

Entry* Access::Use(const Key& key) {
  Entry* entry = Find(key).item();
  if (entry != nullptr) TouchUse(*key.shard, entry);
  return entry;
}

void Access::CountUse(Shard& shard) {
  ++shard.clock;
  const uint32_t second = clock_.second();
  if (second != shard.dates.last_second()) [[unlikely]]
    shard.dates.Add(shard.clock, second);
}

void Access::TouchUse(Shard& shard, Entry* entry) {
  if (!shard.keyspace().tracks_use() || !counts_uses_) return;
  CountUse(shard);
  if (shard.keyspace().tracks_frequency()) {
    // The counter of uses, mixed, is random enough to decide whether one counts.
    entry->set_clock(Frequency::Used(entry->clock(), now(), shard.clock * 0x9e3779b1u));
    return;
  }
  entry->set_clock(shard.clock);
  if (entry->has(Entry::kOrder)) shard.data.order.MoveToFront(entry);
}

uint8_t Access::ExtensionsFor(const Shard& shard, int64_t deadline) const {
  return static_cast<uint8_t>((deadline != kNoDeadline ? Entry::kDeadline : 0) |
                              (shard.keyspace().exact_order() ? Entry::kOrder : 0) |
                              (shard.keyspace().tier() != nullptr ? Entry::kTiered : 0));
}

int64_t Access::DefaultDeadline(const Key& key) {
  const int64_t ttl = key.shard->keyspace().default_ttl_ms();
  return ttl == 0 ? kNoDeadline : now() + ttl;
}

// --- the one place where entries come, change place and go ---

void Access::Link(Shard& shard, Entry* entry) {
  if (entry->has(Entry::kDeadline)) {
    shard.data.wheel.Add(entry, now());
    shard.NoteWork();
  }
  if (entry->has(Entry::kOrder)) shard.data.order.PushFront(entry);
}

void Access::Unlink(Shard& shard, Entry* entry) {
  if (entry->has(Entry::kDeadline)) shard.data.wheel.Remove(entry);
  if (entry->has(Entry::kOrder)) shard.data.order.Remove(entry);
}

void Access::Insert(const Key& key, Entry* entry) {
  Shard& shard = *key.shard;
  CountUse(shard);
  if (shard.data.table.size() < Shard::kSmall) {
    Keyspace& keyspace = shard.keyspace();
    shard.clock = keyspace.tracks_use() ? keyspace.SyncClock(shard.clock)
                                        : keyspace.AdvanceClock(shard.clock);
  }
  entry->set_clock(shard.keyspace().tracks_frequency() ? Frequency::First(now()) : shard.clock);
  if (!shard.data.table.TryInsert(key.hash, entry)) [[unlikely]] {
    const int64_t start = ThreadNanos();
    shard.data.table.Insert(key.hash, entry);
    shard.stats.NoteGrowth(ThreadNanos() - start);
  }
  Link(shard, entry);
  shard.data.entry_bytes += entry->bytes();
  AddCold(shard, entry);
  shard.keyspace().entry_count().fetch_add(1, std::memory_order_relaxed);
  shard.stats.writes.Add();
}

void Access::Swap(const Key& key, const Slot& slot, Entry* old, Entry* fresh) {
  Shard& shard = *key.shard;
  if (old->has(Entry::kOrder)) {
    Entry* previous = OrderList::Previous(old);
    Entry* next = OrderList::Next(old);
    shard.data.order.Insert(fresh, previous, next);
  }
  if (fresh->has(Entry::kDeadline)) {
    shard.data.wheel.Add(fresh, now());
    shard.NoteWork();
  }
  shard.data.table.Replace(slot, fresh);
}

void Access::Free(Entry* entry, size_t bytes) {
  if (bytes > kCostlyToFree && entry->holding() != Holding::kInline) {
    listener_.Dispose(entry);
  } else {
    Entry::Delete(entry);
  }
}

void Access::RemoveSlot(const Key& key, const Slot& slot, Departure reason) {
  Shard& shard = *key.shard;
  Entry* entry = slot.item();
  const size_t bytes = entry->bytes();
  TakeCold(shard, entry);
  const uint32_t stored = TakeStored(shard, entry);
  Unlink(shard, entry);
  shard.data.table.Erase(slot, key.hash);
  Gone(key, bytes, stored, reason);
  Free(entry, bytes);
}

void Access::Gone(const Key& key, size_t bytes, uint32_t stored, Departure reason) {
  Shard& shard = *key.shard;
  shard.data.entry_bytes -= bytes;
  shard.keyspace().entry_count().fetch_sub(1, std::memory_order_relaxed);
  switch (reason) {
    case Departure::kDeleted:
      shard.stats.deletes.Add();
      break;
    case Departure::kExpired:
      shard.stats.expired.Add();
      break;
    case Departure::kEvicted:
      shard.stats.evicted.Add();
      break;
    case Departure::kInvalidated:
      shard.stats.invalidated.Add();
      break;
  }
  Replaced(key);
  const Tier* tier = shard.keyspace().tier();
  if (tier != nullptr && reason == Departure::kExpired && tier->DropsExpired(stored)) [[unlikely]] {
    Seen(key);
  } else {
    Changed(key, stored);
  }
  Emit(key, Effect::Kind::kDelete);
  if (reason == Departure::kExpired || reason == Departure::kEvicted) {
    listener_.OnDeparture(shard.keyspace(), key.name, reason);
  }
}

bool Access::Remove(const Key& key, Departure reason) {
  Slot slot = key.shard->data.table.Find(key.hash, key.name);
  if (!slot) return false;
  const bool expired = Expired(slot.item());
  RemoveSlot(key, slot, expired ? Departure::kExpired : reason);
  return !expired;
}

void Access::DropExpired(const Key& key) {
  Slot slot = key.shard->data.table.Find(key.hash, key.name);
  if (!slot || !Expired(slot.item())) return;
  RemoveSlot(key, slot, Departure::kExpired);
  key.shard->Publish();
}

// --- strings ---

template <class Make>
void Access::StoreString(const Key& key, std::string_view in_place, int64_t deadline, Make&& make) {
  Shard& shard = *key.shard;
  Slot slot = shard.data.table.Find(key.hash, key.name);
  if (slot && Expired(slot.item())) [[unlikely]] {
    RemoveSlot(key, slot, Departure::kExpired);
    slot = Slot();
  }
  if (!slot) {
    if (deadline == kKeepDeadline) deadline = kNoDeadline;
    Entry* entry = make(ExtensionsFor(shard, deadline));
    if (deadline != kNoDeadline) entry->set_deadline(deadline);
    Insert(key, entry);
  } else {
    Entry* entry = slot.item();
    if (deadline == kKeepDeadline) deadline = entry->deadline();
    const uint8_t extensions = ExtensionsFor(shard, deadline);
    const bool same_extensions = (entry->extensions() & ~Entry::kLongKey) == extensions;
    if (same_extensions && in_place.data() != nullptr && entry->AssignInPlace(in_place))
        [[likely]] {
      if (deadline != entry->deadline()) {
        shard.data.wheel.Remove(entry);
        entry->set_deadline(deadline);
        shard.data.wheel.Add(entry, now());
        shard.NoteWork();
      }
    } else {
      const size_t before = entry->bytes();
      Entry* fresh = make(extensions);
      fresh->set_clock(entry->clock());
      if (deadline != kNoDeadline) fresh->set_deadline(deadline);
      if (entry->has(Entry::kTiered)) [[unlikely]]
        fresh->CopyTier(*entry);
      Replaced(key);
      TakeCold(shard, entry);
      if (entry->has(Entry::kDeadline)) shard.data.wheel.Remove(entry);
      Swap(key, slot, entry, fresh);
      AddBytes(shard, before, fresh->bytes());
      Free(entry, before);
      entry = fresh;
    }
    TouchUse(shard, entry);
    shard.stats.writes.Add();
  }
  Changed(key);
}

void Access::SetString(const Key& key, std::string_view value, int64_t deadline) {
  const bool keep = deadline == kKeepDeadline;
  StoreString(key, value, deadline,
              [&](uint8_t extensions) { return Entry::NewString(key.name, value, extensions); });
  EmitPut(key, value, keep ? kKeepDeadline : deadline);
}

void Access::SetString(const Key& key, BulkBuffer value, int64_t deadline) {
  StoreString(key, {}, deadline, [&](uint8_t extensions) {
    return Entry::NewString(key.name, std::move(value), extensions);
  });
  EmitPut(key, {}, kKeepDeadline);
}

void Access::EmitPut(const Key& key, std::string_view value, int64_t deadline) {
  if (!key.shard->keyspace().wants_effects()) [[likely]]
    return;
  if (deadline == kKeepDeadline) {
    Entry* entry = key.shard->data.table.Find(key.hash, key.name).item();
    value = entry->string();
    deadline = entry->deadline();
  }
  Emit(key, Effect::Kind::kPut, value, {}, deadline);
}

void Access::Emit(const Key& key, Effect::Kind kind, std::string_view value,
                  std::string_view second, int64_t deadline) {
  const Keyspace& keyspace = key.shard->keyspace();
  if (!keyspace.wants_effects()) [[likely]]
    return;
  listener_.OnEffect({kind, &keyspace, key.name, value, second, deadline, nullptr});
}

void Access::EmitCreated(const Key& key) {
  if (created_deadline_ == kNoDeadline) [[likely]]
    return;
  Emit(key, Effect::Kind::kDeadline, {}, {}, created_deadline_);
  created_deadline_ = kNoDeadline;
}

Entry* Access::Resize(const Key& key, Entry* entry, size_t size, char** bytes) {
  Shard& shard = *key.shard;
  const size_t before = entry->bytes();
  *bytes = entry->ResizeInPlace(size);
  if (*bytes == nullptr) {
    Slot slot = shard.data.table.Find(key.hash, key.name);
    // The old allocation is gone after ResizeInto: its links are read first.
    const bool has_deadline = entry->has(Entry::kDeadline);
    const bool has_order = entry->has(Entry::kOrder);
    const auto wheel = has_deadline ? ExpiryWheel::LinksOf(entry) : ExpiryWheel::Links{};
    Entry* previous = has_order ? OrderList::Previous(entry) : nullptr;
    Entry* next = has_order ? OrderList::Next(entry) : nullptr;
    entry = Entry::ResizeInto(entry, size);
    if (has_deadline) shard.data.wheel.Relink(entry, wheel);
    if (has_order) shard.data.order.Insert(entry, previous, next);
    shard.data.table.Replace(slot, entry);
    *bytes = entry->ResizeInPlace(size);
  }
  AddBytes(shard, before, entry->bytes());
  shard.stats.writes.Add();
  Changed(key);
  return entry;
}

void Access::SetDeadline(const Key& key, int64_t deadline) {
  Shard& shard = *key.shard;
  Slot slot = Find(key);
  if (!slot) return;
  Entry* entry = slot.item();
  if (deadline != kNoDeadline && deadline <= now()) {
    RemoveSlot(key, slot, Departure::kDeleted);
    return;
  }
  if (entry->has(Entry::kDeadline) && deadline != kNoDeadline) {
    if (entry->deadline() != deadline) {
      shard.data.wheel.Remove(entry);
      entry->set_deadline(deadline);
      shard.data.wheel.Add(entry, now());
      shard.NoteWork();
    }
  } else if (entry->has(Entry::kDeadline) || deadline != kNoDeadline) {
    const size_t before = entry->bytes();
    const bool has_order = entry->has(Entry::kOrder);
    Entry* previous = has_order ? OrderList::Previous(entry) : nullptr;
    Entry* next = has_order ? OrderList::Next(entry) : nullptr;
    if (entry->has(Entry::kDeadline)) shard.data.wheel.Remove(entry);
    const auto extensions = static_cast<uint8_t>(entry->extensions() ^ Entry::kDeadline);
    TakeCold(shard, entry);
    entry = Entry::Rebuild(entry, key.name, extensions);
    AddCold(shard, entry);
    if (has_order) shard.data.order.Insert(entry, previous, next);
    if (deadline != kNoDeadline) {
      entry->set_deadline(deadline);
      shard.data.wheel.Add(entry, now());
      shard.NoteWork();
    }
    shard.data.table.Replace(slot, entry);
    AddBytes(shard, before, entry->bytes());
  }
  Changed(key);
  Emit(key, Effect::Kind::kDeadline, {}, {}, deadline);
}

void Access::Rename(const Key& from, const Key& to) {
  Slot target = to.shard->data.table.Find(to.hash, to.name);
  if (target) {
    RemoveSlot(to, target, Expired(target.item()) ? Departure::kExpired : Departure::kDeleted);
  }
  Slot source = Find(from);
  Entry* entry = source.item();
  const size_t bytes = entry->bytes();
  const uint32_t stored = TakeStored(*from.shard, entry);
  Unlink(*from.shard, entry);
  from.shard->data.table.Erase(source, from.hash);
  from.shard->data.entry_bytes -= bytes;
  from.shard->keyspace().entry_count().fetch_sub(1, std::memory_order_relaxed);
  Entry* moved = Entry::Rebuild(entry, to.name, ExtensionsFor(*to.shard, entry->deadline()));
  if (moved->has(Entry::kTiered)) moved->set_tier_size(0);  // it has no record under this name yet
  Insert(to, moved);
  Changed(from, stored);
  Changed(to);
  const Keyspace& source_keyspace = from.shard->keyspace();
  if (!source_keyspace.wants_effects()) return;
  listener_.OnEffect(
      {Effect::Kind::kRename, &source_keyspace, from.name, to.name, {}, 0, &to.shard->keyspace()});
}

void Access::Copy(const Key& from, const Key& to) {
  // Removes one that has expired and is not swept yet.
  Slot stale = to.shard->data.table.Find(to.hash, to.name);
  if (stale) RemoveSlot(to, stale, Departure::kExpired);
  Entry* source = Peek(from);
  const int64_t deadline = source->deadline();
  const uint8_t extensions = ExtensionsFor(*to.shard, deadline);
  Entry* copy = nullptr;
  switch (source->type()) {
    case ValueType::kString:
      copy = Entry::NewString(to.name, source->string(), extensions);
      break;
    case ValueType::kHash:
      copy = Entry::NewHash(to.name, source->hash()->Clone(), extensions);
      break;
    case ValueType::kList:
      copy = Entry::NewList(to.name, source->list()->Clone(), extensions);
      break;
  }
  if (deadline != kNoDeadline) copy->set_deadline(deadline);
  Insert(to, copy);
  Changed(to);
  const Keyspace& target = to.shard->keyspace();
  if (!target.wants_effects()) return;
  listener_.OnEffect(
      {Effect::Kind::kCopy, &from.shard->keyspace(), from.name, to.name, {}, deadline, &target});
}

// --- collections ---

HashValue* Access::HashFor(const Key& key, Entry* entry) {
  if (entry != nullptr) return entry->hash();
  Remove(key, Departure::kExpired);
  const int64_t deadline = DefaultDeadline(key);
  auto* hash = new HashValue();
  entry = Entry::NewHash(key.name, hash, ExtensionsFor(*key.shard, deadline));
  if (deadline != kNoDeadline) entry->set_deadline(deadline);
  created_deadline_ = deadline;
  Insert(key, entry);
  return hash;
}

ListValue* Access::ListFor(const Key& key, Entry* entry) {
  if (entry != nullptr) return entry->list();
  Remove(key, Departure::kExpired);
  const int64_t deadline = DefaultDeadline(key);
  auto* list = new ListValue();
  entry = Entry::NewList(key.name, list, ExtensionsFor(*key.shard, deadline));
  if (deadline != kNoDeadline) entry->set_deadline(deadline);
  created_deadline_ = deadline;
  Insert(key, entry);
  return list;
}

bool Access::HashSet(const Key& key, HashValue* hash, std::string_view field,
                     std::string_view value, const HashLimits& limits) {
  const size_t before = hash->bytes();
  const bool created = hash->Set(field, value, limits);
  AddBytes(*key.shard, before, hash->bytes());
  key.shard->stats.writes.Add();
  Changed(key);
  Emit(key, Effect::Kind::kHashSet, field, value);
  EmitCreated(key);
  return created;
}

bool Access::HashErase(const Key& key, HashValue* hash, std::string_view field) {
  const size_t before = hash->bytes();
  if (!hash->Erase(field)) return false;
  AddBytes(*key.shard, before, hash->bytes());
  Changed(key);
  Emit(key, Effect::Kind::kHashDelete, field);
  return true;
}

void Access::Push(const Key& key, ListValue* list, bool front, std::string_view value,
                  const ListLimits& limits) {
  const size_t before = list->bytes();
  if (front) {
    list->PushFront(value, limits);
  } else {
    list->PushBack(value, limits);
  }
  AddBytes(*key.shard, before, list->bytes());
  key.shard->stats.writes.Add();
  Changed(key);
  Emit(key, front ? Effect::Kind::kPushFront : Effect::Kind::kPushBack, value);
  EmitCreated(key);
}

void Access::Finish(const Key& key) {
  Entry* entry = Peek(key);
  if (entry == nullptr || entry->type() == ValueType::kString) return;
  const bool empty =
      entry->type() == ValueType::kHash ? entry->hash()->size() == 0 : entry->list()->size() == 0;
  if (empty) Remove(key, Departure::kDeleted);
}

// --- whole shards ---

void Access::ClearShard(Shard& shard) {
  if (shard.data.table.size() == 0) return;
  shard.watches.TouchAll([&](std::string_view name) {
    return Peek({&shard, name, HashKey(name)}) != nullptr;
  });
  shard.loads.CancelAll();
  auto old =
      std::make_unique<ShardData>(shard.keyspace().shard_bits(), shard.data.table.reclaimer());
  old->Swap(shard.data);
  shard.keyspace().entry_count().fetch_sub(static_cast<int64_t>(old->table.size()),
                                           std::memory_order_relaxed);
  shard.Publish();
  listener_.Dispose(std::move(old));
}

size_t Access::ClearKeyspace(Keyspace& keyspace) {
  size_t cleared = 0;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard(i);
    cleared += shard.data.table.size();
    ClearShard(shard);
  }
  if (keyspace.tier() != nullptr) DropRecords(keyspace);
  if (keyspace.wants_effects()) {
    listener_.OnEffect({Effect::Kind::kClear, &keyspace, {}, {}, {}, 0, nullptr});
  }
  return cleared;
}

void Access::SwapKeyspaces(Keyspace& a, Keyspace& b) {
  for (size_t i = 0; i < a.shards(); ++i) {
    Shard& one = a.shard(i);
    Shard& other = b.shard(i);
    for (Shard* shard : {&one, &other}) {
      shard->watches.TouchAll([&](std::string_view name) {
        const uint64_t hash = HashKey(name);
        return Peek({&one, name, hash}) != nullptr || Peek({&other, name, hash}) != nullptr;
      });
    }
    const auto moved =
        static_cast<int64_t>(one.data.table.size()) - static_cast<int64_t>(other.data.table.size());
    one.data.Swap(other.data);
    std::swap(one.clock, other.clock);
    std::swap(one.dates, other.dates);
    std::swap(one.cooled_from, other.cooled_from);
    a.entry_count().fetch_sub(moved, std::memory_order_relaxed);
    b.entry_count().fetch_add(moved, std::memory_order_relaxed);
    for (Shard* shard : {&one, &other}) {
      shard->loads.CancelAll();
      shard->NoteWork();
      shard->Publish();
    }
  }
  if (a.tier() != nullptr) ExchangeRecords(a, b);
  if (a.wants_effects()) {
    listener_.OnEffect({Effect::Kind::kSwap, &a, {}, {}, {}, 0, &b});
  }
}

// --- room ---

bool Access::Trim(Shard& shard, std::span<const Key> named, size_t* may_go) {
  while (*may_go > 0 && shard.keyspace().OverLimits()) {
    if (!EvictOne(shard, named)) return false;
    --*may_go;
    shard.TellBytes();
  }
  return true;
}

bool Access::EvictOne(Shard& shard, std::span<const Key> named) {
  Entry* victim = PickVictim(shard, now(), named);
  if (victim == nullptr) return false;
  // The name is the entry's own: RemoveSlot reads it until it frees the entry, last of all.
  const Key key{&shard, victim->key(), HashKey(victim->key())};
  RemoveSlot(key, shard.data.table.Find(key.hash, key.name),
             Expired(victim) ? Departure::kExpired : Departure::kEvicted);
  return true;
}

uint64_t Access::EvictChosen(Shard& shard, uint64_t position, const BulkEviction& bulk) {
  return shard.data.table.EraseSome(position, [&](Entry* entry) {
    if (!bulk.Chooses(shard, now(), entry)) return false;
    const std::string_view name = entry->key();
    const Key key{&shard, name, HashKey(name)};
    TakeCold(shard, entry);
    const uint32_t stored = TakeStored(shard, entry);
    Unlink(shard, entry);
    Gone(key, entry->bytes(), stored, Expired(entry) ? Departure::kExpired : Departure::kEvicted);
    evicted_.push_back(entry);
    shard.TellBytes();
    return true;
  });
}

void Access::FreeEvicted() {
  for (Entry* entry : evicted_) Free(entry, entry->bytes());
  evicted_.clear();
}

// --- expiry ---

bool Access::Sweep(Shard& shard, int64_t deadline_nanos) {
  constexpr size_t kBetweenLooks = 16;
  ExpiryWheel& wheel = shard.data.wheel;
  bool more = true;
  while (more && MonotonicNanos() < deadline_nanos) {
    more = wheel.Cascade(now(), kBetweenLooks * 4) > 0;
    for (size_t i = 0; i < kBetweenLooks; ++i) {
      Entry* entry = wheel.Due(now());
      if (entry == nullptr) break;
      more = true;
      const Key key{&shard, entry->key(), HashKey(entry->key())};
      RemoveSlot(key, shard.data.table.Find(key.hash, key.name), Departure::kExpired);
    }
  }
  shard.Publish();
  shard.next_work.store(more ? now() : wheel.NextWork(), std::memory_order_relaxed);
  return more;
}

}  // namespace replete
