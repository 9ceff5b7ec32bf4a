#include "core/keyspace/expiry_wheel.h"

#include <algorithm>

namespace replete {
namespace {

Entry* ToEntry(uint64_t link) { return reinterpret_cast<Entry*>(link); }
uint64_t ToLink(const Entry* entry) { return reinterpret_cast<uint64_t>(entry); }

}  // namespace

int64_t ExpiryWheel::TickOf(int64_t time, int level) {
  return (std::max<int64_t>(time, 0) / kTickMs) >> (6 * level);
}

void ExpiryWheel::Start(int64_t now) {
  current_[0] = TickOf(now, 0);
  // Level k's slot s may be spread below as soon as its end is within reach there:
  // 64 (s + 1) <= current[k-1] + 128. The first slot for which that does not hold is where k
  // stands.
  for (int k = 1; k < kLevels; ++k) current_[k] = (current_[k - 1] + kSlots) / kRatio;
}

void ExpiryWheel::Push(Entry* entry, int level, int64_t slot) {
  if (!levels_[level]) levels_[level] = std::make_unique<Level>();
  Level& at = *levels_[level];
  uint64_t head = at.heads[slot];
  entry->set_link(Entry::wheel_next(), head);
  entry->set_link(Entry::wheel_previous(), MarkOf(level, slot));
  if (head != 0) ToEntry(head)->set_link(Entry::wheel_previous(), ToLink(entry));
  at.heads[slot] = ToLink(entry);
  at.occupied[slot >> 6] |= uint64_t{1} << (slot & 63);
}

void ExpiryWheel::Add(Entry* entry, int64_t now) {
  if (size_++ == 0) Start(now);
  if (!near_.empty() && entry->deadline() < near_until_) AddNear(entry);
  const int64_t deadline = entry->deadline();
  for (int level = 0; level < kLevels; ++level) {
    int64_t tick = std::max(TickOf(deadline, level), current_[level]);
    if (tick < current_[level] + kSlots) {
      Push(entry, level, tick & (kSlots - 1));
      return;
    }
  }
  // Further than the top level reaches (centuries): the farthest slot, looked at again when its
  // turn comes.
  Push(entry, kLevels - 1, (current_[kLevels - 1] + kSlots - 1) & (kSlots - 1));
}

bool ExpiryWheel::Rewind(int64_t now) {
  if (size_ == 0) MoveRewound(now, 0);  // nobody is left to be moved
  if (rewinding_) return false;
  if (size_ == 0 || TickOf(now, 0) >= current_[0]) return true;
  near_.clear();
  for (int level = 0; level < kLevels; ++level) {
    if (!levels_[level]) continue;
    const int behind = kLevels + level;
    levels_[behind] = std::move(levels_[level]);
    for (int64_t slot = 0; slot < kSlots; ++slot) {
      const uint64_t head = levels_[behind]->heads[slot];
      if (head != 0) ToEntry(head)->set_link(Entry::wheel_previous(), MarkOf(behind, slot));
    }
  }
  rewinding_ = true;
  Start(now);
  return true;
}

size_t ExpiryWheel::MoveRewound(int64_t now, size_t budget) {
  size_t moved = 0;
  for (int level = kLevels; level < 2 * kLevels; ++level) {
    if (!levels_[level]) continue;
    for (uint64_t& head : levels_[level]->heads) {
      while (head != 0) {
        if (moved == budget) return moved;
        ++moved;
        Entry* entry = ToEntry(head);
        Remove(entry);
        Add(entry, now);
      }
    }
    levels_[level].reset();
  }
  rewinding_ = false;
  near_.clear();  // it knew nothing of the others
  return moved;
}

ExpiryWheel::Links ExpiryWheel::LinksOf(const Entry* entry) {
  return {entry->link(Entry::wheel_next()), entry->link(Entry::wheel_previous())};
}

void ExpiryWheel::Relink(Entry* entry, Links links) {
  if (!near_.empty() && entry->deadline() <= near_until_) {
    // What the neighbour still names is the old allocation.
    const auto mark = static_cast<size_t>(links.previous >> 1);
    const uint64_t old = (links.previous & 1) != 0
                             ? levels_[mark >> 7]->heads[mark & (kSlots - 1)]
                             : ToEntry(links.previous)->link(Entry::wheel_next());
    if (auto at = PlaceInNear(ToEntry(old), entry->deadline()); at != near_.end()) {
      at->entry = entry;
    }
  }
  entry->set_link(Entry::wheel_next(), links.next);
  entry->set_link(Entry::wheel_previous(), links.previous);
  if (links.next != 0) ToEntry(links.next)->set_link(Entry::wheel_previous(), ToLink(entry));
  if (links.previous & 1) {
    const auto mark = static_cast<size_t>(links.previous >> 1);
    levels_[mark >> 7]->heads[mark & (kSlots - 1)] = ToLink(entry);
  } else {
    ToEntry(links.previous)->set_link(Entry::wheel_next(), ToLink(entry));
  }
}

void ExpiryWheel::Remove(Entry* entry) {
  if (!near_.empty() && entry->deadline() <= near_until_) RemoveNear(entry);
  const Links links = LinksOf(entry);
  if (links.next != 0) ToEntry(links.next)->set_link(Entry::wheel_previous(), links.previous);
  if (links.previous & 1) {
    const auto mark = static_cast<size_t>(links.previous >> 1);
    Level& level = *levels_[mark >> 7];
    const size_t slot = mark & (kSlots - 1);
    level.heads[slot] = links.next;
    if (links.next == 0) level.occupied[slot >> 6] &= ~(uint64_t{1} << (slot & 63));
  } else {
    ToEntry(links.previous)->set_link(Entry::wheel_next(), links.next);
  }
  --size_;
}

// --- the soonest ---

namespace {

// So many answers are kept from one look through slots.
constexpr size_t kMostNear = 1024;

bool Later(int64_t one, int64_t other) { return one > other; }

}  // namespace

int64_t ExpiryWheel::FirstOccupiedFrom(int level, int64_t position) const {
  if (!levels_[level]) return -1;
  for (; position < current_[level] + kSlots; ++position) {
    const auto slot = static_cast<size_t>(position & (kSlots - 1));
    const uint64_t rest = levels_[level]->occupied[slot >> 6] >> (slot & 63);
    if (rest & 1) return position;
    // To the next bit, or to the next word.
    position += rest != 0 ? __builtin_ctzll(rest) - 1 : 63 - static_cast<int64_t>(slot & 63);
  }
  return -1;
}

bool ExpiryWheel::NextPlace(const std::array<int64_t, kLevels>& from, Place* place) const {
  bool found = false;
  for (int level = 0; level < kLevels; ++level) {
    const int64_t position = FirstOccupiedFrom(level, from[level]);
    if (position < 0) continue;
    // Where a level stands, entries may be that were due before.
    const int64_t start = position == current_[level] ? 0 : (position << (6 * level)) * kTickMs;
    if (found && start >= place->start) continue;
    *place = {level, position, start};
    found = true;
  }
  return found;
}

// Whole slots in the order in which they start, until enough of what is in them is due before the
// next one starts.
void ExpiryWheel::FindNear() {
  std::vector<Near> seen;
  size_t near = 0;  // entries of `seen`, in front, that are due before near_until_
  std::array<int64_t, kLevels> from = current_;
  near_until_ = kNever;
  for (Place place; NextPlace(from, &place);) {
    near_until_ = place.start;
    const auto before =
        std::partition(seen.begin() + static_cast<std::ptrdiff_t>(near), seen.end(),
                       [this](const Near& one) { return one.deadline < near_until_; });
    near = static_cast<size_t>(before - seen.begin());
    if (near > kRefused) break;
    near_until_ = kNever;
    uint64_t link = levels_[place.level]->heads[place.position & (kSlots - 1)];
    for (; link != 0; link = ToEntry(link)->link(Entry::wheel_next())) {
      seen.push_back({ToEntry(link)->deadline(), ToEntry(link)});
    }
    from[place.level] = place.position + 1;
  }
  looked_through_ += seen.size();
  if (near_until_ != kNever) seen.resize(near);
  auto sooner = [](const Near& one, const Near& other) { return one.deadline < other.deadline; };
  if (seen.size() > kMostNear) {
    const auto last = seen.begin() + kMostNear - 1;
    std::nth_element(seen.begin(), last, seen.end(), sooner);
    near_until_ = last->deadline;
    seen.resize(kMostNear);
  }
  std::sort(seen.begin(), seen.end(), [&](const Near& a, const Near& b) { return sooner(b, a); });
  near_.assign(seen.begin(), seen.end());
}

void ExpiryWheel::AddNear(Entry* entry) {
  const int64_t deadline = entry->deadline();
  const auto at =
      std::upper_bound(near_.begin(), near_.end(), deadline,
                       [](int64_t one, const Near& other) { return Later(one, other.deadline); });
  near_.insert(at, {deadline, entry});
  if (near_.size() <= 2 * kMostNear) return;
  near_.erase(near_.begin(), near_.begin() + kMostNear);
  near_until_ = near_.front().deadline;
}

std::vector<ExpiryWheel::Near>::iterator ExpiryWheel::PlaceInNear(const Entry* entry,
                                                                  int64_t deadline) {
  auto at =
      std::lower_bound(near_.begin(), near_.end(), deadline,
                       [](const Near& one, int64_t other) { return Later(one.deadline, other); });
  while (at != near_.end() && at->deadline == deadline && at->entry != entry) ++at;
  return at != near_.end() && at->deadline == deadline ? at : near_.end();
}

void ExpiryWheel::RemoveNear(const Entry* entry) {
  auto at = PlaceInNear(entry, entry->deadline());
  if (at != near_.end()) near_.erase(at);
}

int64_t ExpiryWheel::FirstOccupied(int level) const {
  if (!levels_[level]) return -1;
  const auto& occupied = levels_[level]->occupied;
  const int64_t start = current_[level] & (kSlots - 1);
  // The two words hold a ring of 128: the part from `start` on first, then what wraps around.
  for (int64_t step = 0; step < 3; ++step) {
    const int64_t word = ((start >> 6) + step) & 1;
    uint64_t bits = occupied[static_cast<size_t>(word)];
    if (step == 0) bits &= ~uint64_t{0} << (start & 63);
    if (step == 2) bits &= (uint64_t{1} << (start & 63)) - 1;
    if (bits == 0) continue;
    const int64_t slot = word * 64 + __builtin_ctzll(bits);
    return current_[level] + ((slot - start) & (kSlots - 1));
  }
  return -1;
}

// Moves the positions past slots that are empty. Only level 0 moves with the time; the others
// follow.
void ExpiryWheel::Advance(int64_t now) {
  if (size_ == 0) return;
  const int64_t target = TickOf(now, 0);
  const int64_t first = FirstOccupied(0);
  const int64_t reached = first < 0 ? target : std::min(first, target);
  current_[0] = std::max(current_[0], reached);
  for (int k = 1; k < kLevels; ++k) {
    const int64_t limit = (current_[k - 1] + kSlots) / kRatio;
    const int64_t occupied = FirstOccupied(k);
    current_[k] = std::max(current_[k], occupied < 0 ? limit : std::min(occupied, limit));
  }
}

Entry* ExpiryWheel::Due(int64_t now) {
  Advance(now);
  // Only slots that have passed as a whole: in the running one every entry would have to be looked
  // at.
  const int64_t first = FirstOccupied(0);
  if (first < 0 || first >= TickOf(now, 0)) return nullptr;
  return ToEntry(levels_[0]->heads[first & (kSlots - 1)]);
}

size_t ExpiryWheel::Cascade(int64_t now, size_t budget) {
  size_t moved = rewinding_ ? MoveRewound(now, budget) : 0;
  for (size_t before = moved + 1; before != moved && moved < budget;) {
    before = moved;
    // From the top: what comes down may go on downwards. After a long absence a level has to wait
    // for the one below it, hence the rounds.
    for (int level = kLevels - 1; level > 0; --level)
      moved += CascadeLevel(level, now, budget - moved);
  }
  return moved;
}

size_t ExpiryWheel::CascadeLevel(int level, int64_t now, size_t budget) {
  size_t moved = 0;
  for (;;) {
    Advance(now);
    const int64_t limit = (current_[level - 1] + kSlots) / kRatio;
    const int64_t first = FirstOccupied(level);
    if (first < 0 || first >= limit) return moved;
    // Add never puts an entry back into this slot: the level below reaches to its end, and one
    // beyond the wheel's reach goes to a later slot of the top level.
    while (uint64_t head = levels_[level]->heads[first & (kSlots - 1)]) {
      if (moved == budget) return moved;
      ++moved;
      Remove(ToEntry(head));
      Add(ToEntry(head), now);
    }
  }
}

int64_t ExpiryWheel::NextWork() const {
  if (size_ == 0) return kNever;
  if (rewinding_) return 0;
  int64_t soonest = kNever;
  const int64_t first = FirstOccupied(0);
  if (first >= 0) soonest = (first + 1) * kTickMs;
  for (int level = 1; level < kLevels; ++level) {
    const int64_t slot = FirstOccupied(level);
    if (slot < 0) continue;
    // When 64 (slot + 1) - 128 is reached below.
    const int64_t below = (slot + 1) * kRatio - kSlots;
    soonest = std::min(soonest, (below << (6 * (level - 1))) * kTickMs);
  }
  return soonest;
}

size_t ExpiryWheel::bytes() const {
  size_t total = 0;
  for (const auto& level : levels_) total += level ? sizeof(Level) : 0;
  return total + near_.capacity() * sizeof(Near);
}

}  // namespace replete
