// The scenarios of Round: those that need connections of their own or a certain order of clients.

#include <algorithm>
#include <set>
#include <utility>

#include "tests/differential/pieces.h"
#include "tests/differential/round.h"

namespace replete::test {
namespace {

// A list of all keys as one reply, without order and repetition.
Reply KeysOf(const std::set<std::string>& keys) {
  Reply reply;
  reply.type = '*';
  for (const std::string& key : keys) reply.elements.push_back({'$', false, key, {}});
  return reply;
}

}  // namespace

// HELLO, AUTH, RESET, QUIT on a fresh connection, half of the time with a password to give.
bool Round::Connections() {
  const bool password = random_.Chance(50);
  if (password && !admin_->Exchange(Request{{"CONFIG", "SET", "requirepass", "secret"}}, random_)) {
    return false;
  }
  SessionPair pair("connection", servers_, judge_);
  const bool same = ConnectionSteps(&pair);
  return (!password || admin_->Exchange(Request{{"CONFIG", "SET", "requirepass", ""}}, random_)) &&
         same;
}

bool Round::ConnectionSteps(SessionPair* pair) {
  for (int steps = random_.Between(1, 12); steps > 0; --steps) {
    Request request =
        random_.Chance(60) ? sources_->session.Make(random_) : sources_->data.Make(random_);
    // A password set here would outlive the scenario.
    if (CommandName(request) == "CONFIG") continue;
    if (!pair->Exchange(request, random_)) return false;
    const std::string& reply = pair->last_reference()[0].text;
    const bool quit = CommandName(request) == "QUIT" && reply == "OK";
    if (quit || reply.starts_with("ERR Protocol error")) return pair->BothClosed(request);
  }
  return true;
}

bool Round::Subscriptions() {
  auto subscriber = NewPair("subscriber");
  auto publisher = NewPair("publisher");
  if (random_.Chance(10)) {
    const Request transaction[] = {{{"MULTI"}}, {{"SUBSCRIBE", "ch1"}}, {{"EXEC"}}};
    if (!subscriber->ExchangeFrames(transaction, random_)) return false;
  }
  for (int steps = random_.Between(3, 14); steps > 0; --steps) {
    const Request request = sources_->pubsub.Make(random_);
    const bool quit = CommandName(request) == "QUIT";
    if (quit) {
      return subscriber->Exchange(request, random_) && subscriber->BothClosed(request);
    }
    if (!subscriber->ExchangeFrames(request, random_)) return false;
    const Request publish{{"PUBLISH", MakePiece("channel", random_), MakePiece("value", random_)}};
    if (random_.Chance(60)) {
      if (!publisher->Exchange(publish, random_)) return false;
      if (!subscriber->ExchangeFrames(publish, random_)) return false;
    }
  }
  const Request last{{"PUBLISH", "ch1", "last"}};
  // After RESET no later PUBLISH can find it, however late the server sees the connection end.
  return publisher->Exchange(last, random_) && subscriber->ExchangeFrames(last, random_) &&
         subscriber->NothingLeft(last) && subscriber->ExchangeFrames(Request{{"RESET"}}, random_);
}

// The PING before it is answered when the BLPOP behind it has been seen.
bool Round::BlockedClient(SessionPair* pair, const Request& request) {
  const Request both[] = {{{"PING"}}, request};
  return pair->Send(both) && pair->ReadOne(both[0]);
}

bool Round::Blocking() {
  const std::string key = MakePiece("key", random_);
  const std::string second = MakePiece("key", random_);
  auto first_waiter = NewPair("waiter 1");
  auto second_waiter = NewPair("waiter 2");
  auto pusher = NewPair("pusher");
  const auto run = [&](std::vector<std::string> args) {
    return pusher->Exchange(Request{std::move(args)}, random_);
  };
  const Request one{{"BLPOP", key, "30"}};
  const Request two = random_.Chance(50) ? one : Request{{"BLPOP", second, key, "30"}};
  if (!run({"DEL", key, second})) return false;
  if (!BlockedClient(first_waiter.get(), one) || !BlockedClient(second_waiter.get(), two)) {
    return false;
  }
  bool same = true;
  switch (random_.Below(6)) {
    case 0:
      same = run({"LPUSH", key, "a", "b", "c"});
      break;
    case 1:
      same = run({"MULTI"}) && run({"LPUSH", key, "a"}) && run({"LPUSH", key, "b", "c"}) &&
             run({"EXEC"});
      break;
    case 2:
      same = run({"MULTI"}) && run({"LPUSH", key, "a"}) && run({"DEL", key}) && run({"EXEC"});
      break;
    case 3:
      same = run({"SET", key, "no list"}) && run({"DEL", key});
      break;
    case 4:
      same = run({"LPUSH", "h:1:2", "x", "y"}) && run({"RENAME", "h:1:2", key});
      break;
    default:
      same =
          run({"DEL", "h"}) && run({"LPUSH", "h", "x", "y"}) && run({"COPY", "h", key, "REPLACE"});
      break;
  }
  // "no list" and what the key universe holds may be in the way; then both waiters are served.
  same = same && run({"DEL", key}) && run({"LPUSH", key, "y", "z"});
  if (!same) return false;
  return first_waiter->ReadOne(one) && second_waiter->ReadOne(two) && run({"RPOP", key, "10"}) &&
         Drain();
}

// What one server dumps the other restores.
bool Round::Dumps() {
  constexpr int kKeys = 4;
  auto pair = NewPair("dump");
  const Request dump{{"DUMP", "key"}};
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = MakePiece("key", random_);
    if (!pair->AskEach(dump.args, key, key)) return judge_->Failed("dump", dump, "no reply"), false;
    const Reply ours = pair->last_ours()[0];
    const Reply reference = pair->last_reference()[0];
    if (ours.null || reference.null) {
      if (!judge_->Compared("dump", dump, ours, reference)) return false;
      continue;
    }
    const std::string ttl = random_.Chance(50) ? "0" : MakePiece("millis", random_);
    const Request restore{{"RESTORE", "restored", ttl, "payload", "REPLACE"}};
    if (!pair->AskEach(restore.args, reference.text, ours.text, 3)) {
      return judge_->Failed("dump", restore, "no reply"), false;
    }
    if (!judge_->Compared("dump", restore, pair->last_ours()[0], pair->last_reference()[0]) ||
        !pair->Exchange(Request{{"PTTL", "restored"}, Match::kMillis}, random_) ||
        !pair->Exchange(Request{{"TYPE", "restored"}}, random_)) {
      return false;
    }
    const Request read = Reader(pair->last_reference()[0].text, "restored");
    if (!pair->Exchange(read, random_)) return false;
  }
  return pair->Exchange(Request{{"DEL", "restored"}}, random_);
}

bool Round::WholeScan() {
  auto pair = NewPair("scan");
  const std::string db = std::to_string(random_.Below(3));
  if (!pair->Exchange(Request{{"SELECT", db}}, random_)) return false;
  std::vector<std::string> options;
  if (random_.Chance(40)) {
    options.insert(options.end(), {"MATCH", MakePiece("pattern", random_)});
  }
  if (random_.Chance(60)) {
    options.insert(options.end(), {"COUNT", std::to_string(random_.Between(1, 40))});
  }
  if (random_.Chance(40)) options.insert(options.end(), {"TYPE", MakePiece("type", random_)});
  return ScanAll(pair.get(), options);
}

bool Round::ScanAll(SessionPair* pair, const std::vector<std::string>& options) {
  Request request{{"SCAN", "0"}, Match::kScan};
  request.args.insert(request.args.end(), options.begin(), options.end());
  const Request whole = request;
  std::set<std::string> ours;
  std::set<std::string> reference;
  std::string our_cursor = "0";
  std::string reference_cursor = "0";
  bool our_end = false;
  bool reference_end = false;
  constexpr int kMaxSteps = 10000;
  for (int step = 0; !our_end || !reference_end; ++step) {
    if (step == kMaxSteps) {
      judge_->Failed("scan", whole, "the scan does not end");
      return false;
    }
    // Each server gets its own cursor; a server that is done scans idly from the start.
    if (!pair->AskEach(request.args, our_end ? "0" : our_cursor,
                       reference_end ? "0" : reference_cursor)) {
      judge_->Failed("scan", whole, "no reply");
      return false;
    }
    const auto take = [](const Reply& reply, std::set<std::string>* keys, std::string* cursor,
                         bool* end) {
      if (*end || reply.elements.size() != 2) {
        *end = true;
        return;
      }
      for (const Reply& key : reply.elements[1].elements) keys->insert(key.text);
      *cursor = reply.elements[0].text;
      *end = *cursor == "0";
    };
    take(pair->last_ours()[0], &ours, &our_cursor, &our_end);
    take(pair->last_reference()[0], &reference, &reference_cursor, &reference_end);
  }
  return judge_->Compared("scan", whole, KeysOf(ours), KeysOf(reference));
}

}  // namespace replete::test
