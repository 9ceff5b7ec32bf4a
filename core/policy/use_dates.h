#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace replete {

// When a counter of uses stood where: so that recency, which is counted in uses, can be told in
// seconds. A note a second while there are uses; of older notes ever fewer are kept (the one that
// is nearest to its neighbours, measured by its age, goes), so that a bounded number of them
// reaches back for ever. Before the first note lie years with one use a second, for values that
// bring an idle time along. Under the lock of the shard whose uses are counted. Counters may wrap.
class UseDates {
 public:
  static constexpr uint32_t kLongest = 1 << 28;  // seconds before the first note

  // The second that the last note is of; 0: none yet.
  uint32_t last_second() const { return count_ == 0 ? 0 : notes_[count_ - 1].first_second; }

  // The first use of `second`, which is not before the last one noted, made the counter `clock`.
  void Add(uint32_t clock, uint32_t second) {
    if (count_ == 0) notes_[count_++] = {clock - kLongest, second - kLongest, second - 1};
    if (count_ == notes_.size()) Thin(second);
    notes_[count_++] = {clock, second, second};
  }

  // The second of the use that made the counter `clock`; where notes were let go, as if uses had
  // come evenly. `now`: the counter as it stands.
  uint32_t SecondOf(uint32_t clock, uint32_t now) const {
    const uint32_t age = now - clock;
    size_t i = count_;
    while (i > 0 && now - notes_[i - 1].clock < age) --i;
    if (i == 0) return count_ == 0 ? 0 : notes_[0].first_second;
    const Note& note = notes_[i - 1];
    if (i == count_) return note.first_second;
    const uint64_t uses = notes_[i].clock - note.clock;
    const uint64_t before = clock - note.clock;
    return note.first_second + static_cast<uint32_t>(before * note.seconds() / uses);
  }

  // A note as seen from now, so that it can be told to the dates of another counter.
  struct Point {
    uint32_t uses_ago;
    uint32_t first_seconds_ago;
    uint32_t last_seconds_ago;
  };
  static constexpr size_t kMostPoints = 48;
  std::vector<Point> Points(uint32_t clock, uint32_t second) const {
    std::vector<Point> points;
    for (size_t i = 0; i < count_; ++i) {
      points.push_back({clock - notes_[i].clock, second - notes_[i].first_second,
                        second - notes_[i].last_second});
    }
    return points;
  }
  // At most kMostPoints, the oldest first, as Points has told them when the counter stood at
  // `clock` in `second`. What was noted before is forgotten.
  void Assign(std::span<const Point> points, uint32_t clock, uint32_t second) {
    count_ = 0;
    for (const Point& point : points) {
      notes_[count_++] = {clock - point.uses_ago, second - point.first_seconds_ago,
                          second - point.last_seconds_ago};
    }
  }

  // The counter as it stood in `second`.
  uint32_t ClockOf(uint32_t second) const {
    size_t i = count_;
    while (i > 0 && notes_[i - 1].first_second > second) --i;
    if (i == 0) return count_ == 0 ? 0 : notes_[0].clock;
    const Note& note = notes_[i - 1];
    if (i == count_) return note.clock;
    const uint64_t uses = notes_[i].clock - note.clock;
    const uint64_t before = uint64_t{second - note.first_second} * uses / note.seconds();
    return note.clock + static_cast<uint32_t>(std::min(before, uses - 1));
  }

 private:
  static constexpr size_t kNotes = kMostPoints;

  // The uses from `clock` up to the next note's were in these seconds.
  struct Note {
    uint64_t seconds() const { return last_second - first_second + 1; }

    uint32_t clock;
    uint32_t first_second;
    uint32_t last_second;
  };

  void Thin(uint32_t now) {
    size_t thinned = 1;
    uint64_t least_gap = UINT64_MAX;
    for (size_t i = 1; i + 1 < count_; ++i) {
      const uint64_t gap = notes_[i + 1].first_second - notes_[i - 1].first_second;
      const uint64_t relative = (gap << 24) / (now - notes_[i].first_second + 1);
      if (relative >= least_gap) continue;
      least_gap = relative;
      thinned = i;
    }
    notes_[thinned - 1].last_second = notes_[thinned].last_second;
    Note* const at = notes_.data() + thinned;
    std::copy(at + 1, notes_.data() + count_, at);
    --count_;
  }

  std::array<Note, kNotes> notes_;
  size_t count_ = 0;
};

}  // namespace replete
