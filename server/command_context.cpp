#include "server/command_context.h"

#include <fmt/format.h>

#include "core/types/number.h"
#include "protocol/request_parser.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

CommandContext::CommandContext(Server& server, Dispatcher& dispatcher, const Clock& clock)
    : server_(server),
      dispatcher_(dispatcher),
      reply_(own_output_, false),
      access_(clock, dispatcher) {}

bool WordIs(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c != word[at]) return false;
  }
  return true;
}

BulkBuffer CommandContext::TakeBulk(size_t arg) {
  // MONITOR shows all of a request when it is done.
  if (parser_ == nullptr || server().monitors().any()) return {};
  std::string beginning(args_[arg].substr(0, kKeptOfTaken));
  BulkBuffer taken = parser_->TakeBulk(arg);
  if (!taken.empty()) {
    taken_argument_ = arg;
    taken_beginning_ = std::move(beginning);
  }
  return taken;
}

bool CommandContext::FindFurther(std::string_view name, Key* key) {
  return dispatcher_.LocateFurther(name, key);
}

void CommandContext::QueueEvent(uint32_t event_class, std::string_view event, const Key& key) {
  if (key.sent.empty()) {
    dispatcher_.OnEvent(key.shard->keyspace(), event_class, event, key.name);
  } else {
    dispatcher_.OnEvent(*client_->keyspace, event_class, event, key.sent);
  }
}

void CommandContext::WrongSubcommand() {
  std::string container(args_[0]);
  for (char& c : container) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const std::string_view word = args_[1].substr(0, args_[1].find('\0'));
  reply_.Error(
      fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                  word.substr(0, 128), container));
}

bool CommandContext::Integer(size_t i, int64_t* value) {
  if (ParseInt64(args_[i], value)) return true;
  reply_.Error("ERR value is not an integer or out of range");
  return false;
}

void CommandContext::RunQueued(const QueuedCommand& queued) { dispatcher_.RunQueued(queued); }

}  // namespace replete
