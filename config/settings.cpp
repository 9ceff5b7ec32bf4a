#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/foreign_settings.h"
#include "config/settings_table.h"

namespace replete {
namespace {

// A name as CONFIG knows it: a row of one of the two tables, under its name or its alias. Redis
// holds aliases for settings of their own, so name and alias in one CONFIG SET are no duplicates.
struct Entry {
  const Setting* own = nullptr;
  const ForeignSetting* foreign = nullptr;
  std::string_view name;
};

std::optional<Entry> FindEntry(std::string_view name) {
  if (const Setting* own = FindSetting(name)) {
    return Entry{own, nullptr, SameName(own->name, name) ? own->name : own->alias};
  }
  const ForeignSetting* foreign = FindForeignSetting(name);
  if (foreign == nullptr || foreign->kind == ForeignSetting::Kind::kDirective) return std::nullopt;
  return Entry{nullptr, foreign, SameName(foreign->name, name) ? foreign->name : foreign->alias};
}

std::string Failed(std::string_view name, std::string_view why) {
  return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

// Why CONFIG SET may not touch the entry whatever the value, or an empty text.
std::string_view Forbidden(const Entry& entry, Settings::Access access) {
  const bool immutable = entry.own != nullptr
                             ? entry.own->change == Change::kAtStart
                             : entry.foreign->kind == ForeignSetting::Kind::kImmutable;
  if (immutable) return "can't set immutable config";
  const bool is_protected = entry.own != nullptr && entry.own->change == Change::kProtected;
  if (is_protected && access != Settings::Access::kProtected) return "can't set protected config";
  return "";
}

// The first pass of CONFIG SET: every name must exist, be changeable and come once. Redis reports
// the first offence in this order of tests.
std::optional<std::string> FindEntries(std::span<const Settings::NameValue> pairs,
                                       Settings::Access access, std::vector<Entry>* entries) {
  for (const Settings::NameValue& pair : pairs) {
    const std::optional<Entry> entry = FindEntry(pair.name);
    if (!entry) {
      return fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                         pair.name);
    }
    const std::string_view forbidden = Forbidden(*entry, access);
    if (!forbidden.empty()) return Failed(pair.name, forbidden);
    const bool twice =
        std::any_of(entries->begin(), entries->end(),
                    [&entry](const Entry& earlier) { return earlier.name == entry->name; });
    if (twice) return Failed(pair.name, "duplicate parameter");
    entries->push_back(*entry);
  }
  return std::nullopt;
}

bool IsGlob(std::string_view pattern) {
  return pattern.find_first_of("[*?") != std::string_view::npos;
}

}  // namespace

Settings::Settings(Config initial)
    : snapshot_(std::make_shared<const Config>(std::move(initial))) {}

std::shared_ptr<const Config> Settings::Snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

std::optional<std::string> Settings::Set(std::span<const NameValue> pairs, Access access) {
  std::vector<Entry> entries;
  entries.reserve(pairs.size());
  if (std::optional<std::string> error = FindEntries(pairs, access, &entries)) return error;

  const std::lock_guard set_lock(set_mutex_);
  const std::shared_ptr<const Config> old = Snapshot();
  auto now = std::make_shared<Config>(*old);
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const Problem problem = entry.own != nullptr
                                ? entry.own->set(*entry.own, pairs[i].value, now.get())
                                : CheckForeignValue(*entry.foreign, pairs[i].value);
    if (problem) return Failed(entry.name, *problem);
  }
  if (*now == *old) return std::nullopt;
  for (const Check& check : checks_) {
    if (const std::optional<Refusal> refusal = check(*old, *now)) {
      return Failed(refusal->setting, refusal->text);
    }
  }
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_ = now;
  }
  // After the snapshot, so that whoever sees the new version finds the new values.
  version_.fetch_add(1, std::memory_order_release);
  for (const Callback& callback : callbacks_) callback(*old, *now);
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Settings::Get(
    std::span<const std::string_view> patterns, GlobMatch match) const {
  const std::shared_ptr<const Config> config = Snapshot();
  std::vector<std::pair<std::string, std::string>> found;
  std::vector<std::string_view> names;
  const auto add = [&](const Entry& entry, std::string_view shown) {
    if (entry.own == nullptr && !entry.foreign->fixed) return;
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) return;
    names.push_back(entry.name);
    found.emplace_back(
        shown, entry.own != nullptr ? entry.own->get(*config) : std::string(*entry.foreign->fixed));
  };
  for (const std::string_view pattern : patterns) {
    if (!IsGlob(pattern)) {
      if (const std::optional<Entry> entry = FindEntry(pattern)) add(*entry, pattern);
      continue;
    }
    const std::string lower = LowerCase(pattern);
    const auto add_matching = [&](const auto& row, const Entry& entry) {
      for (const std::string_view name : {row.name, row.alias}) {
        if (name.empty() || !match(lower, name)) continue;
        add({entry.own, entry.foreign, name}, name);
      }
    };
    for (const Setting& row : SettingsTable()) add_matching(row, {&row, nullptr, row.name});
    for (const ForeignSetting& row : ForeignSettings()) {
      if (row.kind == ForeignSetting::Kind::kDirective) continue;
      add_matching(row, {nullptr, &row, row.name});
    }
  }
  return found;
}

void Settings::AddCheck(Check check) {
  const std::lock_guard lock(set_mutex_);
  checks_.push_back(std::move(check));
}

void Settings::OnChange(Callback callback) {
  const std::lock_guard lock(set_mutex_);
  callbacks_.push_back(std::move(callback));
}

}  // namespace replete
