#include "tests/differential/round.h"

#include <utility>

#include "tests/differential/pieces.h"

namespace replete::test {
namespace {

const std::vector<std::vector<std::string>>& Settings() {
  static const std::vector<std::vector<std::string>> all = {
      {"CONFIG", "SET", "requirepass", ""},
      {"CONFIG", "SET", "maxmemory", "0"},
      {"CONFIG", "SET", "maxmemory-policy", "noeviction"},
      {"CONFIG", "SET", "timeout", "0"},
      {"CONFIG", "SET", "notify-keyspace-events", ""},
      {"FLUSHALL"},
  };
  return all;
}

// redis-server's SORT takes an errno that an earlier command left for a number that is none
// (sort.c asks for ERANGE after strtod, and nothing cleared it before). This clears it: string2ld
// in util.c.
Request ClearErrno() { return {{"INCRBYFLOAT", "k:errno", "x"}}; }

}  // namespace

Round::Round(Servers* servers, Judge* judge, const Sources* sources, int protocol,
             std::uint64_t seed)
    : servers_(servers),
      judge_(judge),
      sources_(sources),
      protocol_(protocol),
      random_(seed),
      listens_(random_.Chance(30)) {}

std::unique_ptr<SessionPair> Round::NewPair(const std::string& name) {
  auto pair = std::make_unique<SessionPair>(name, servers_, judge_);
  pair->Greet(protocol_, random_);
  return pair;
}

bool Round::Restart() {
  admin_ = std::make_unique<SessionPair>("admin", servers_, judge_);
  // A scenario that was broken off may have left its password.
  if (!admin_->AskEach({"AUTH", ""}, "secret", "secret")) return false;
  for (const auto& args : Settings()) {
    if (!admin_->Exchange(Request{args}, random_)) return false;
  }
  main_ = NewPair("main");
  other_ = NewPair("other");
  listener_.reset();
  if (!listens_) return true;
  listener_ = NewPair("listener");
  return admin_->Exchange(Request{{"CONFIG", "SET", "notify-keyspace-events", "KEA"}}, random_) &&
         listener_->ExchangeFrames(Request{{"PSUBSCRIBE", "__keyspace@*", "__keyevent@*"}},
                                   random_);
}

bool Round::Run(long long requests) {
  if (!Restart()) return false;
  const long long end = judge_->passed() + judge_->failed() + requests;
  while (judge_->passed() + judge_->failed() < end) {
    if (!Step() && !Restart()) return false;
  }
  if (!Stored() || (listener_ && !listener_->NothingLeft(Request{{"PSUBSCRIBE"}}))) {
    return Restart();
  }
  return true;
}

bool Round::Step() {
  const int kind = random_.Between(0, 99);
  if (kind < 3) return Connections();
  if (kind < 6) return Subscriptions();
  if (kind < 8) return Blocking();
  if (kind < 10) return WholeScan();
  if (kind < 13) return Dumps() && Drain();
  return Batch() && Drain();
}

bool Round::Batch() {
  SessionPair* pair = random_.Chance(80) ? main_.get() : other_.get();
  std::vector<Request> requests;
  int size = random_.Chance(30) ? 1 : random_.Between(2, 24);
  for (; size > 0; --size) {
    Request request = sources_->data.Make(random_);
    if (CommandName(request).starts_with("SORT")) requests.push_back(ClearErrno());
    requests.push_back(std::move(request));
  }
  // Transactions are to be short enough that some of them succeed.
  if (pair->in_multi() && random_.Chance(50)) requests.push_back({{"EXEC"}});
  return pair->Exchange(requests, random_);
}

bool Round::Drain() {
  return listener_ == nullptr || listener_->ExchangeFrames(std::span<const Request>(), random_);
}

bool Round::Stored() {
  auto reader = NewPair("stored");
  for (const char* db : {"0", "1", "2", "3", "15"}) {
    if (!reader->Exchange(Request{{"SELECT", db}}, random_)) return false;
    if (!reader->Exchange(Request{{"KEYS", "*"}, Match::kSet}, random_)) return false;
    const std::vector<Reply> keys = reader->last_reference()[0].elements;
    std::vector<Request> requests;
    for (const Reply& key : keys) requests.push_back({{"TYPE", key.text}});
    if (!requests.empty() && !reader->Exchange(requests, random_)) return false;
    const std::vector<Reply> types = reader->last_reference();
    requests.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      requests.push_back({{"PTTL", keys[i].text}, Match::kMillis});
      requests.push_back(Reader(types[i].text, keys[i].text));
    }
    if (!requests.empty() && !reader->Exchange(requests, random_)) return false;
  }
  return true;
}

}  // namespace replete::test
