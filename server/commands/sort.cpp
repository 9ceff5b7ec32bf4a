// SORT and SORT_RO.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/tier/stored_value.h"
#include "core/types/number.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

// As C sees a text: only up to a zero byte.
std::string_view CText(std::string_view text) { return text.substr(0, text.find('\0')); }

// A pattern of BY or GET, cut at its first asterisk, for which an element is put.
class Pattern {
 public:
  explicit Pattern(std::string_view text) {
    const size_t star = CText(text).find('*');
    if (star == std::string_view::npos) {
      is_element_ = text == "#";
      return;
    }
    names_key_ = true;
    before_ = text.substr(0, star);
    after_ = text.substr(star + 1);
    const size_t arrow = CText(after_).find("->");
    if (arrow == std::string_view::npos || arrow + 2 == after_.size()) return;
    if (after_[arrow + 2] == '\0') return;
    field_ = after_.substr(arrow + 2);
    after_ = after_.substr(0, arrow);
  }

  // "#": the element itself.
  bool is_element() const { return is_element_; }
  // Without an asterisk it names nothing.
  bool names_key() const { return names_key_; }
  // Of the hash under the key; empty: the key holds a string.
  std::string_view field() const { return field_; }
  std::string NameFor(std::string_view element) const {
    std::string name(before_);
    name.append(element).append(after_);
    return name;
  }

 private:
  bool is_element_ = false;
  bool names_key_ = false;
  std::string_view before_, after_, field_;
};

struct SortOptions {
  std::vector<Pattern> by;  // at most one
  std::vector<Pattern> get;
  int64_t start = 0;
  int64_t count = -1;  // negative: all
  bool descending = false;
  bool alpha = false;
  bool store = false;

  // A BY that names no key asks for the order in which the elements are.
  bool sorts() const { return by.empty() || by[0].names_key(); }
};

// Where the arguments of the option at `i` end; i where there is none of this name here.
size_t EndOfOption(std::span<const std::string_view> args, size_t i, bool may_store) {
  const size_t left = args.size() - i - 1;
  const auto is = [&](std::string_view word) { return WordIs(args[i], word); };
  if (is("asc") || is("desc") || is("alpha")) return i + 1;
  if (is("limit") && left >= 2) return i + 3;
  if ((is("by") || is("get") || (is("store") && may_store)) && left >= 1) return i + 2;
  return i;
}

// False: an error has been replied.
bool ParseOptions(CommandContext& ctx, bool may_store, SortOptions* options) {
  for (size_t i = 2; i < ctx.argc();) {
    const size_t end = EndOfOption(ctx.args(), i, may_store);
    if (end == i) {
      ctx.SyntaxError();
      return false;
    }
    if (ctx.ArgIs(i, "limit")) {
      if (!ctx.Integer(i + 1, &options->start) || !ctx.Integer(i + 2, &options->count))
        return false;
    } else if (ctx.ArgIs(i, "by")) {
      options->by = {Pattern(ctx.arg(i + 1))};
    } else if (ctx.ArgIs(i, "get")) {
      options->get.emplace_back(ctx.arg(i + 1));
    } else if (ctx.ArgIs(i, "store")) {
      options->store = true;
    } else if (ctx.ArgIs(i, "alpha")) {
      options->alpha = true;
    } else {
      options->descending = ctx.ArgIs(i, "desc");
    }
    i = end;
  }
  return true;
}

// --- what the elements are sorted by ---

struct Sortable {
  std::string_view element;
  size_t index;      // where it was
  double score = 0;  // without ALPHA; of what has none
  // With ALPHA.
  std::string_view text{};
  bool has_text = false;
};

// What a pattern's key or the element itself holds. False: there is nothing, or (with *refused) it
// cannot be read now, which has been replied.
bool Look(CommandContext& ctx, const Pattern& pattern, std::string_view element, std::string* name,
          std::string_view* value, bool* refused) {
  *value = element;
  if (pattern.is_element()) return true;
  if (!pattern.names_key()) return false;
  *name = pattern.NameFor(element);
  Key key;
  if (!ctx.FindFurther(*name, &key)) {
    *refused = true;
    return false;
  }
  Entry* entry = ReadKey(ctx, key);
  if (entry == nullptr) return false;
  const bool in_hash = !pattern.field().empty();
  if (entry->type() != (in_hash ? ValueType::kHash : ValueType::kString)) return false;
  if (!entry->resident()) {
    ctx.reply().Error("ERR disk: the value of a key cannot be read: a transaction does not wait");
    *refused = true;
    return false;
  }
  if (in_hash) return entry->hash()->Get(pattern.field(), value);
  *value = entry->string();
  return true;
}

// As C's strtod takes it, up to a zero byte. False: it is no number.
bool ParseScore(std::string_view text, double* score) {
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(copy.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// False: an error has been replied.
bool FindScores(CommandContext& ctx, const SortOptions& options, std::vector<Sortable>* items) {
  std::string name;
  bool all_numbers = true;
  for (Sortable& item : *items) {
    std::string_view by = item.element;
    bool refused = false;
    if (!options.by.empty() && !Look(ctx, options.by[0], item.element, &name, &by, &refused)) {
      if (refused) return false;
      continue;
    }
    item.text = by;
    item.has_text = true;
    if (!options.alpha) all_numbers = ParseScore(by, &item.score) && all_numbers;
  }
  if (!all_numbers) ctx.reply().Error("ERR One or more scores can't be converted into double");
  return all_numbers;
}

// By bytes, which is what Redis' order is in the "C" locale; of what has nothing first. Equal ones
// stay as they were.
struct Before {
  const SortOptions& options;

  int Compare(const Sortable& a, const Sortable& b) const {
    if (options.alpha) {
      if (a.has_text != b.has_text) return a.has_text ? 1 : -1;
      // Redis compares by strcoll what it does not store.
      if (options.store) return a.text.compare(b.text);
      return CText(a.text).compare(CText(b.text));
    }
    if (a.score != b.score) return a.score < b.score ? -1 : 1;
    return a.element.compare(b.element);
  }
  bool operator()(const Sortable& a, const Sortable& b) const {
    const int order = options.descending ? Compare(b, a) : Compare(a, b);
    return order != 0 ? order < 0 : a.index < b.index;
  }
};

// Which of the sorted ones are wanted.
struct Range {
  size_t start;
  size_t end;
};

Range RangeOf(const SortOptions& options, size_t size) {
  const auto most = static_cast<int64_t>(size);
  const int64_t start = std::clamp<int64_t>(options.start, 0, most);
  const int64_t count = options.count < 0 ? most : std::min(options.count, most);
  return {static_cast<size_t>(start), static_cast<size_t>(std::min(most, start + count))};
}

std::vector<Sortable> ElementsOf(const Entry* entry) {
  std::vector<Sortable> items;
  if (entry == nullptr) return items;
  items.reserve(entry->list()->size());
  entry->list()->ForEach([&](std::string_view element) {
    items.push_back({element, items.size()});
  });
  return items;
}

// Leaves those that are wanted, in order. False: an error has been replied.
bool Arrange(CommandContext& ctx, const SortOptions& options, std::vector<Sortable>* items) {
  const Range range = RangeOf(options, items->size());
  const auto at = [&](size_t i) { return items->begin() + static_cast<std::ptrdiff_t>(i); };
  if (!options.sorts()) {
    if (options.descending) std::reverse(items->begin(), items->end());
  } else {
    if (!FindScores(ctx, options, items)) return false;
    if (range.end < items->size()) {
      std::partial_sort(items->begin(), at(range.end), items->end(), Before{options});
    } else {
      std::sort(items->begin(), items->end(), Before{options});
    }
  }
  items->erase(at(range.end), items->end());
  items->erase(items->begin(), at(range.start));
  return true;
}

// --- what comes of it ---

struct Result {
  std::string_view value;
  bool found;
};

// All that is asked for of the elements, before anything is replied or stored: it may be refused
// halfway. False: an error has been replied.
bool FindResults(CommandContext& ctx, const SortOptions& options,
                 const std::vector<Sortable>& items, std::vector<Result>* results) {
  std::string name;
  for (const Sortable& item : items) {
    if (options.get.empty()) results->push_back({item.element, true});
    for (const Pattern& pattern : options.get) {
      Result result{};
      bool refused = false;
      result.found = Look(ctx, pattern, item.element, &name, &result.value, &refused);
      if (refused) return false;
      results->push_back(result);
    }
  }
  return true;
}

void Store(CommandContext& ctx, const std::vector<Result>& results) {
  const Key& target = ctx.key(1);
  const ListLimits limits = ctx.value_limits().list;
  auto list = std::make_unique<ListValue>();
  for (const Result& result : results) {
    list->PushBack(result.found ? result.value : std::string_view(), limits);
  }
  const size_t size = list->size();
  const bool is_new = TellsNew(ctx, target);
  const bool removed = ctx.access().Remove(target, Departure::kDeleted);
  if (size > 0) {
    StoredValue value(std::move(list));
    ctx.access().Restore(target, &value, ctx.access().DefaultDeadline(target));
    if (is_new) ctx.Notify(event_flags::kNew, "new", target);
    ctx.Notify(event_flags::kList, "sortstore", target);
  } else if (removed) {
    ctx.Notify(event_flags::kGeneric, "del", target);
  }
  ctx.reply().Integer(static_cast<int64_t>(size));
}

void Reply(CommandContext& ctx, const std::vector<Result>& results) {
  ctx.reply().Array(results.size());
  for (const Result& result : results) {
    result.found ? ctx.reply().Bulk(result.value) : ctx.reply().Null();
  }
}

void SortKey(CommandContext& ctx, bool may_store) {
  SortOptions options;
  if (!ParseOptions(ctx, may_store, &options)) return;
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry != nullptr && entry->type() != ValueType::kList) return ctx.WrongType();
  std::vector<Sortable> items = ElementsOf(entry);
  std::vector<Result> results;
  if (!Arrange(ctx, options, &items) || !FindResults(ctx, options, items, &results)) return;
  options.store ? Store(ctx, results) : Reply(ctx, results);
}

void Sort(CommandContext& ctx) { SortKey(ctx, true); }

void SortRo(CommandContext& ctx) { SortKey(ctx, false); }

// --- where keys are ---

// Calls fn(pattern) for those of BY and GET, as far as the options are right.
template <class Fn>
void ForEachPattern(std::span<const std::string_view> args, Fn&& fn) {
  for (size_t i = 2; i < args.size();) {
    const size_t end = EndOfOption(args, i, true);
    if (end == i) return;
    if (WordIs(args[i], "by") || WordIs(args[i], "get")) fn(Pattern(args[i + 1]));
    i = end;
  }
}

bool NamesKeys(std::span<const std::string_view> args) {
  bool names = false;
  ForEachPattern(args, [&](const Pattern& pattern) { names = names || pattern.names_key(); });
  return names;
}

void FindKeys(CommandContext& ctx, std::vector<std::string>* names) {
  const Entry* entry = ctx.access().Peek(ctx.key(0));
  if (entry == nullptr || !entry->resident() || entry->type() != ValueType::kList) return;
  ForEachPattern(ctx.args(), [&](const Pattern& pattern) {
    if (!pattern.names_key()) return;
    entry->list()->ForEach(
        [&](std::string_view element) { names->push_back(pattern.NameFor(element)); });
  });
}

// The last of several, wherever there is something wrong.
size_t StoreKey(std::span<const std::string_view> args) {
  size_t found = 0;
  for (size_t i = 2; i < args.size();) {
    const size_t end = EndOfOption(args, i, true);
    if (end > i && WordIs(args[i], "store")) found = i + 1;
    i = std::max(end, i + 1);
  }
  return found;
}

// So many elements, or keys that are looked up for them, are a loop's work.
bool IsLong(CommandContext& ctx) {
  constexpr size_t kMost = 2000;
  const Entry* entry = ctx.access().Peek(ctx.key(0));
  if (entry == nullptr || !entry->resident() || entry->type() != ValueType::kList) return false;
  size_t times = 1;
  ForEachPattern(ctx.args(), [&](const Pattern& pattern) { times += pattern.names_key() ? 1 : 0; });
  return entry->list()->size() * times > kMost;
}

using command_flag::kDenyOom;
using command_flag::kLong;
using command_flag::kReadonly;
using command_flag::kWrite;

constexpr KeySpec kSorted = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kLookedAt = {
    .use = KeyUse::kRead,
    .what = "access",
    .options = "BY GET",
    .notes =
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive "
        "from the content of the key we sort"};
constexpr KeySpec kStored = {
    .use = KeyUse::kOverwrite,
    .what = "update",
    .reads = kNeedsNoValues,
    .options = "STORE",
    .notes =
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear "
        "anywhere in the argument array",
    .locate = StoreKey};
constexpr uint32_t kCategories =
    category::kSet | category::kSortedSet | category::kList | category::kDangerous;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "sort", .arity = -2, .flags = kWrite | kDenyOom | kLong, .categories = kCategories,
     .scope = Scope::kKeys, .keys = {kSorted, kLookedAt, kStored}, .since = "1.0.0",
     .summary = "Sort the elements in a list, set or sorted set",
     .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] "
         "[ALPHA] [STORE destination]",
     .reply = "array|integer", .handler = Sort, .is_long = IsLong, .reads_more = NamesKeys,
     .more_keys = FindKeys,
     .differs = "Lists only: there are no sets yet. ALPHA compares bytes, whatever the "
         "locale. Patterns name keys in the namespace of the sorted key, others are "
         "an error."},
    {.name = "sort_ro", .arity = -2, .flags = kReadonly | kLong, .categories = kCategories,
     .scope = Scope::kKeys, .keys = {kSorted, kLookedAt}, .since = "7.0.0",
     .summary = "Sort the elements in a list, set or sorted set. Read-only variant of SORT.",
     .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] "
         "[ALPHA]",
     .reply = "array", .handler = SortRo, .is_long = IsLong, .reads_more = NamesKeys,
     .more_keys = FindKeys,
     .differs = "As SORT."},
};
// clang-format on

}  // namespace

std::span<const Command> SortCommands() { return kCommands; }

}  // namespace replete
