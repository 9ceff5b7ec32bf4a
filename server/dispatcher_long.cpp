// Commands that a worker runs while it owns their shards.
#include <thread>

#include "server/command_words.h"
#include "server/dispatcher.h"
#include "server/server.h"
#include "server/worker_pool.h"

namespace replete {
namespace {

// A command that owns its shards is worth a worker only above this many entries.
constexpr size_t kLongFrom = 10000;
// Transactions of more are run by a worker.
constexpr size_t kWideTransaction = 1000;
// Keys of one command above which a worker runs it.
constexpr size_t kWideCommand = 10000;

}  // namespace

// What owns no shard: whether a worker runs it.
bool Dispatcher::IsLong(const Command& command) {
  if (!(command.flags & command_flag::kLong)) return false;
  return command.is_long == nullptr || command.is_long(context_);
}

bool Dispatcher::RunsAway(const Command& command) {
  if (command.scope == Scope::kQueued) return context_.client_->queue.size() > kWideTransaction;
  if (context_.keys_.size() > kWideCommand) return true;
  if (!(command.flags & command_flag::kLong)) return false;
  if (command.is_long != nullptr) {
    const bool is_long = command.is_long(context_);
    if (!is_long || command.scope == Scope::kKeys) return is_long;
  }
  size_t entries = 0;
  for (const Shard* shard : locks_.shards()) entries += shard->size();
  return entries > kLongFrom || (command.flags & command_flag::kTest) != 0;
}

void Dispatcher::RunAway(const Call& call, const Command& command) {
  struct Job {
    std::vector<std::string> args;
    std::shared_ptr<Parkable> session;
    LockSet owned;
    Client* client;
    const Command* command;
  };
  auto job = std::make_shared<Job>();
  for (std::string_view arg : call.args) job->args.emplace_back(arg);
  job->session = call.session;
  job->owned = locks_;
  job->client = &call.client;
  job->command = &command;
  // The session does not touch its client until Complete: the worker may.
  const bool is_report = (command.flags & command_flag::kReport) != 0;
  WorkerPool& pool = is_report ? server_.reports() : server_.workers();
  pool.Post([job, &server = server_, out_of_memory = out_of_memory_, tiered = tiered_,
             container = container_] {
    Dispatcher away(server);
    std::vector<std::string_view> args(job->args.begin(), job->args.end());
    away.reply().set_resp3(job->client->resp3);
    away.container_ = container;
    const Call inner{*job->client, args, nullptr, job->command, 0, job->session};
    away.Begin(inner, *job->command);
    away.out_of_memory_ = out_of_memory;
    away.tiered_ = tiered;
    if (away.Resolve(*job->client, *job->command, args, 0)) {
      if (job->owned.Covers(away.locks_)) {
        away.locks_ = job->owned;
        away.RunOrFail(*job->command);
      } else {
        away.reply().Error(words::kDroppedMeanwhile);
      }
    }
    away.StoreUpkeep();
    job->owned.Disown();
    away.AnswerServed();
    job->client->loads.reset();
    if (away.context_.unwatches_) {
      while (!away.TryUnwatch(*job->client)) std::this_thread::yield();
    }
    away.PublishEvents();
    away.Account(*job->client, *job->command, args, 0);
    job->session->Complete(std::move(away.output()), std::move(away.tokens_));
  });
}

}  // namespace replete
