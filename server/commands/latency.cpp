// LATENCY: how long commands take, and when something took too long.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/command_context.h"
#include "server/command_description.h"
#include "server/command_table.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/cycle_clock.h"
#include "server/server.h"

namespace replete {
namespace {

void Latest(CommandContext& ctx) {
  const auto events = ctx.server().latencies().All();
  ctx.reply().Array(events.size());
  for (const LatencyMonitor::Event& event : events) {
    ctx.reply().Array(4);
    ctx.reply().Bulk(event.name);
    ctx.reply().Integer(event.samples.back().time_s);
    ctx.reply().Integer(event.samples.back().millis);
    ctx.reply().Integer(event.longest);
  }
}

void History(CommandContext& ctx) {
  const auto samples = ctx.server().latencies().History(ctx.arg(2));
  ctx.reply().Array(samples.size());
  for (const LatencyMonitor::Sample& sample : samples) {
    ctx.reply().Array(2);
    ctx.reply().Integer(sample.time_s);
    ctx.reply().Integer(sample.millis);
  }
}

void Reset(CommandContext& ctx) {
  LatencyMonitor& latencies = ctx.server().latencies();
  size_t reset = ctx.argc() == 2 ? latencies.ResetAll() : 0;
  for (size_t i = 2; i < ctx.argc(); ++i) reset += latencies.Reset(ctx.arg(i)) ? 1 : 0;
  ctx.reply().Integer(static_cast<int64_t>(reset));
}

// A bar a sample, the newest on the right, with its age below.
void Graph(CommandContext& ctx) {
  const auto samples = ctx.server().latencies().History(ctx.arg(2));
  if (samples.empty()) {
    const std::string_view event = ctx.arg(2).substr(0, ctx.arg(2).find('\0'));
    return ctx.reply().Error(fmt::format("ERR No samples available for event '{}'", event));
  }
  constexpr int64_t kRows = 8;
  int64_t longest = 1;
  for (const auto& sample : samples) longest = std::max(longest, sample.millis);
  std::string text = fmt::format("{} - highest {} ms\n", ctx.arg(2), longest);
  for (int64_t row = kRows; row >= 1; --row) {
    for (const auto& sample : samples) {
      text += sample.millis * kRows >= longest * row ? '#' : ' ';
    }
    text += '\n';
  }
  const int64_t now = ::time(nullptr);
  text += fmt::format("from {} s ago to {} s ago\n", now - samples.front().time_s,
                      now - samples.back().time_s);
  ctx.reply().Verbatim("txt", text);
}

void Doctor(CommandContext& ctx) {
  const int64_t threshold = ctx.config().latency_monitor_threshold;
  if (threshold == 0) {
    return ctx.reply().Verbatim(
        "txt",
        "Nothing is observed: latency-monitor-threshold is 0. CONFIG SET "
        "latency-monitor-threshold <milliseconds> makes every event that takes as long count.\n");
  }
  const auto events = ctx.server().latencies().All();
  std::string text = fmt::format("Events of {} ms and more: {} kinds.\n", threshold, events.size());
  for (const LatencyMonitor::Event& event : events) {
    int64_t sum = 0;
    for (const auto& sample : event.samples) sum += sample.millis;
    text += fmt::format("{}: {} in the seconds kept, {} ms on average, {} ms the longest.\n",
                        event.name, event.samples.size(),
                        sum / static_cast<int64_t>(event.samples.size()), event.longest);
    if (event.name.ends_with("command")) {
      text += "  SLOWLOG GET tells which commands these were.\n";
    }
  }
  if (events.empty()) text += "Nothing took that long.\n";
  ctx.reply().Verbatim("txt", text);
}

// Calls that took up to so many microseconds, in powers of two, as far as there are more.
void WriteHistogram(ReplyWriter& reply, const CommandStats::Total& total) {
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(total.timed()));
  reply.Bulk("histogram_usec");
  const size_t position = reply.Defer();
  size_t written = 0;
  uint64_t told = 0;
  uint64_t sum = 0;
  size_t bucket = 0;
  for (int64_t micros = 1; bucket < CommandStats::kBuckets; micros *= 2) {
    while (bucket < CommandStats::kBuckets &&
           CycleClock::Nanos(CommandStats::BucketEnd(bucket)) <= micros * 1000) {
      sum += total.times[bucket++];
    }
    if (sum == told) continue;
    told = sum;
    reply.Integer(micros);
    reply.Integer(static_cast<int64_t>(sum));
    ++written;
  }
  reply.Finish(position, '%', written);
}

void Histogram(CommandContext& ctx) {
  const size_t position = ctx.reply().Defer();
  size_t written = 0;
  const auto write = [&](const Command* container, const Command& command) {
    if (command.handler == nullptr) return;
    const CommandStats::Total total = ctx.server().TotalOf(command);
    if (total.timed() == 0) return;
    ctx.reply().Bulk(FullName(container, command));
    WriteHistogram(ctx.reply(), total);
    ++written;
  };
  const auto write_all = [&](const Command& command) {
    write(nullptr, command);
    for (const Command& sub : command.subcommands) write(&command, sub);
  };
  const CommandTable& table = ctx.server().commands();
  if (ctx.argc() == 2) {
    for (const Command* command : table.all()) write_all(*command);
  }
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const Command* container = nullptr;
    const Command* command = FindByFullName(table, ctx.arg(i), &container);
    if (command == nullptr) continue;
    container == nullptr ? write_all(*command) : write(container, *command);
  }
  ctx.reply().Finish(position, '%', written);
}

// All commands.
bool TakesLong(CommandContext& ctx) { return ctx.argc() == 2; }

using namespace command_flag;

constexpr uint32_t kAsked = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "latest", .arity = 2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13",
     .summary = "Return the latest latency samples for all events.", .syntax = "",
     .reply = "array", .handler = Latest},
    {.name = "history", .arity = 3, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13",
     .summary = "Return timestamp-latency samples for the event.", .syntax = "event",
     .reply = "array", .handler = History},
    {.name = "reset", .arity = -2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13", .summary = "Reset latency data for one or more events.",
     .syntax = "[event [event ...]]", .reply = "integer", .handler = Reset},
    {.name = "graph", .arity = 3, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13", .summary = "Return a latency graph for the event.",
     .syntax = "event", .reply = "verbatim", .handler = Graph},
    {.name = "doctor", .arity = 2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13",
     .summary = "Return a human readable latency analysis report.", .syntax = "",
     .reply = "verbatim", .handler = Doctor},
    {.name = "histogram", .arity = -2, .flags = kAsked | kLong | kReport, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "7.0.0",
     .summary = "Return the cumulative distribution of latencies of a subset of commands or all.",
     .syntax = "[command [command ...]]", .reply = "map", .handler = Histogram,
     .is_long = TakesLong},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.13",
     .summary = "Show helpful text about the different subcommands.", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "latency", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.13", .summary = "A container for latency diagnostics commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> LatencyCommands() { return kCommands; }

}  // namespace replete
