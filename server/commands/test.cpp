// Commands that exist only while the daemon is under test (REPLETE_TEST_COMMANDS=yes).
#include <chrono>
#include <thread>

#include "core/tier/disk_faults.h"
#include "core/types/number.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/server.h"

namespace replete {
namespace {

using namespace command_flag;

// TESTLONG microseconds key [key ...]: adds one to every counter, slowly, as one indivisible
// command. What others see of a long command that owns its shards.
void TestLong(CommandContext& context) {
  int64_t pause_us = 0;
  if (!context.Integer(1, &pause_us)) return;
  int64_t sum = 0;
  for (const Key& key : context.keys()) {
    Entry* entry = context.access().Use(key);
    if (entry != nullptr && entry->type() != ValueType::kString) {
      context.WrongType();
      return;
    }
    int64_t value = 0;
    if (entry != nullptr && !ParseInt64(entry->string(), &value)) {
      context.reply().Error("ERR value is not an integer or out of range");
      return;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    char digits[kInt64TextSize];
    const size_t size = FormatInt64(value + 1, digits);
    context.access().SetString(key, {digits, size}, Access::kKeepDeadline);
    sum += value + 1;
  }
  context.reply().Integer(sum);
}

// TESTSPIN milliseconds: holds its thread up, as a command with a mistake could.
void TestSpin(CommandContext& context) {
  int64_t millis = 0;
  if (!context.Integer(1, &millis)) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(millis));
  context.reply().Ok();
}

// TESTDISK fault[,fault ...]: what goes wrong on the disk from now on (core/tier/disk_faults.h).
void TestDisk(CommandContext& context) {
  DiskFaults* faults = context.server().disk_faults();
  std::string problem = "the daemon was not started with REPLETE_TEST_DISK";
  if (faults != nullptr && faults->Set(context.arg(1), &problem)) return context.reply().Ok();
  context.reply().Error("ERR " + problem);
}

// clang-format off
constexpr Command kCommands[] = {
    {.name = "testdisk", .arity = 2, .flags = kTest, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "0.1.0", .summary = "Makes the disk fail.", .syntax = "faults",
     .reply = "simple", .handler = TestDisk},
    {.name = "testspin", .arity = 2, .flags = kTest, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "0.1.0", .summary = "Holds its thread up.", .syntax = "milliseconds",
     .reply = "simple", .handler = TestSpin},
    {.name = "testlong", .arity = -3, .flags = kWrite | kLong | kTest,
     .categories = category::kString, .scope = Scope::kKeys,
     .keys = {KeySpec{.first = 2, .last = -1, .step = 1, .use = KeyUse::kReadWrite,
                      .what = "access update"}},
     .since = "0.1.0", .summary = "Increments counters slowly and at once.",
     .syntax = "microseconds key [key ...]", .reply = "integer", .handler = TestLong},
};
// clang-format on

}  // namespace

std::span<const Command> TestCommands() { return kCommands; }

}  // namespace replete
