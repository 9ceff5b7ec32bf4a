// What a session looks at before its turn: the requests that are there, and what they will need.
#include <array>
#include <span>

#include "core/keyspace/hash.h"
#include "core/keyspace/prefetch.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/session.h"

namespace replete {

// Parses the complete requests that are there, up to kAhead, without taking them out of the input.
// What is beside the input (inline arguments, big bulks) is only good until the next Parse and so
// ends the batch.
size_t Session::ParseAhead(ParseResult* result) {
  auto& ahead = loop().ahead();
  const CommandTable& commands = loop().server().commands();
  // Before authentication the limits of the next request depend on this one.
  const size_t ahead_at_most = reads_values_ ? Dispatcher::kReadsInARound : Loop::kAhead;
  const size_t most = client_.authenticated ? ahead_at_most : 1;
  std::string_view rest = input_.view();
  size_t n = 0;
  while (n < most) {
    if (rest.empty()) {
      *result = ParseResult::kIncomplete;
      break;
    }
    Ahead& next = ahead[n];
    *result = parser_.Parse(rest, &next.request);
    if (*result == ParseResult::kIncomplete || *result == ParseResult::kError) break;
    if (*result == ParseResult::kEmpty) {
      next.request.args.Clear();
      next.command = nullptr;
    } else {
      next.command = commands.Find(next.request.args[0]);
    }
    next.hash = 0;
    rest.remove_prefix(next.request.wire_size);
    ++n;
    bool inside = true;
    for (std::string_view arg : next.request.args) {
      inside = inside && arg.data() >= input_.data() && arg.data() <= input_.data() + input_.size();
    }
    if (!inside) break;
  }
  return n;
}

// By the time a request runs, what it needs is in the cache. Wrong guesses (a prefix, a SELECT
// before it) only cost the fetch.
void Session::Prefetch(size_t n) {
  auto& ahead = loop().ahead();
  const Keyspace& keyspace = *client_.keyspace;
  Reclaimer::ReadGuard guard(loop().reader());
  for (size_t i = 0; i < n; ++i) {
    Ahead& next = ahead[i];
    if (next.command == nullptr || next.command->scope != Scope::kKeys) continue;
    const auto key_at = static_cast<size_t>(next.command->keys[0].first);
    if (key_at >= next.request.args.size()) continue;
    next.hash = HashKey(next.request.args[key_at]);
  }
  PrefetchTogether(n, [&](size_t i) -> Sought<EntryTable> {
    const uint64_t hash = ahead[i].hash;
    if (hash == 0) return {nullptr, 0};
    return {&keyspace.ShardOf(hash).data.table, hash};
  });
}

// What the parsed requests from `first` on name in one and the same value, as far as they go on to;
// how many there are, 0 unless several.
size_t Session::MembersAhead(size_t first, size_t n, std::span<std::string_view> members) {
  const auto& ahead = loop().ahead();
  size_t found = 0;
  for (size_t i = first; i < n; ++i) {
    const Ahead& next = ahead[i];
    if (next.command == nullptr || (next.command->flags & command_flag::kNamesMember) == 0) break;
    if (next.hash != ahead[first].hash || next.request.args.size() < 3) break;
    members[found++] = next.request.args[2];
  }
  return found > 1 ? found : 0;
}

}  // namespace replete
