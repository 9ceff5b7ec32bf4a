#include "server/command_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "server/command_syntax.h"
#include "tests/unit/server/command_runner.h"

namespace replete {
namespace {

// Calls fn(container or null, row) for every row, of subcommands too.
void ForEachRow(const CommandTable& table,
                const std::function<void(const Command*, const Command&)>& fn) {
  for (const Command* command : table.all()) {
    fn(nullptr, *command);
    for (const Command& sub : command->subcommands) fn(command, sub);
  }
}

int Fewest(const Command& command) { return std::abs(static_cast<int>(command.arity)); }

// Words that a request must have for these arguments.
int FewestOf(const std::vector<Argument>& arguments);
int FewestOf(const Argument& argument) {
  if (argument.optional) return 0;
  const int token = argument.token.empty() || argument.type == ArgumentType::kPureToken ? 0 : 1;
  if (argument.type == ArgumentType::kBlock) return token + FewestOf(argument.arguments);
  if (argument.type == ArgumentType::kOneOf) {
    int fewest = 1000;
    for (const Argument& one : argument.arguments) fewest = std::min(fewest, FewestOf(one));
    return token + fewest;
  }
  return token + 1;
}
int FewestOf(const std::vector<Argument>& arguments) {
  int total = 0;
  for (const Argument& argument : arguments) total += FewestOf(argument);
  return total;
}

bool Varies(const std::vector<Argument>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const Argument& argument) {
    return argument.optional || argument.multiple ||
           (argument.type == ArgumentType::kBlock && Varies(argument.arguments));
  });
}

TEST(CommandTableTest, EveryRowIsWellFormed) {
  const CommandTable table(true);
  ForEachRow(table, [](const Command* container, const Command& command) {
    SCOPED_TRACE(FullName(container, command));
    EXPECT_TRUE(std::none_of(command.name.begin(), command.name.end(),
                             [](unsigned char c) { return std::isupper(c) || std::isspace(c); }));
    EXPECT_NE(command.arity, 0);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.since.empty());
    EXPECT_TRUE(command.handler != nullptr || !command.subcommands.empty());
    EXPECT_EQ(command.reply.empty(), command.handler == nullptr);
    if (container != nullptr) {
      EXPECT_TRUE(command.subcommands.empty());
      EXPECT_GE(Fewest(command), 2);
    }
    using namespace command_flag;
    EXPECT_FALSE((command.flags & kWrite) && (command.flags & kReadonly));
    if (command.flags & kDenyOom) {
      EXPECT_TRUE(command.flags & kWrite) << "denyoom of no write";
    }
    if (command.flags & kBlocking) {
      EXPECT_TRUE(command.flags & kNoScript) << "a script cannot wait";
    }
  });
}

TEST(CommandTableTest, KeySpecificationsFitTheRow) {
  const CommandTable table(true);
  ForEachRow(table, [](const Command* container, const Command& command) {
    SCOPED_TRACE(FullName(container, command));
    const bool channels = command.keys[0].what == "not_key";
    EXPECT_EQ(command.scope == Scope::kKeys, command.keys[0].first != 0 && !channels);
    // One that reads, and keeps what it has computed.
    const bool caches = command.name == "pfcount";
    for (const KeySpec& spec : command.keys) {
      if (!spec.present()) {
        EXPECT_EQ(spec.use, KeyUse::kNone);
        continue;
      }
      EXPECT_EQ(spec.use == KeyUse::kNone, channels);
      if (spec.first == 0) {
        EXPECT_FALSE(spec.notes.empty()) << "why it has no place";
        EXPECT_TRUE(spec.locate != nullptr || command.more_keys != nullptr);
      } else {
        EXPECT_GE(spec.first, container == nullptr ? 1 : 2);
        // A range up to the end may be empty.
        EXPECT_LT(spec.first, Fewest(command) + (spec.last < 0 ? 1 : 0));
        EXPECT_GE(spec.step, 1);
        EXPECT_TRUE(spec.last < 0 || spec.last >= spec.first);
      }
      if (caches || channels) continue;
      if (command.flags & command_flag::kReadonly) {
        EXPECT_EQ(spec.use, KeyUse::kRead);
      }
      if (spec.use != KeyUse::kRead) {
        EXPECT_TRUE(command.flags & command_flag::kWrite);
      }
      for (std::istringstream words{std::string(spec.what)}; !words.eof();) {
        std::string word;
        words >> word;
        static const std::set<std::string> kKnown = {
            "", "access", "update", "insert", "delete", "not_key", "variable_flags", "incomplete"};
        EXPECT_TRUE(kKnown.count(word)) << word;
      }
    }
  });
}

TEST(CommandTableTest, TheSyntaxSaysWhatTheAritySays) {
  // Redis' own tables differ here: COMMAND alone and QUIT take what follows, COMMAND GETKEYS needs
  // a key.
  const std::set<std::string> different = {"command", "command|getkeys", "command|getkeysandflags",
                                           "quit"};
  const CommandTable table(true);
  ForEachRow(table, [&](const Command* container, const Command& command) {
    if (command.handler == nullptr || different.count(FullName(container, command))) return;
    SCOPED_TRACE(FullName(container, command));
    std::vector<Argument> arguments;
    ASSERT_TRUE(ParseSyntax(command.syntax, &arguments)) << command.syntax;
    const int words = container == nullptr ? 1 : 2;
    EXPECT_EQ(Fewest(command), words + FewestOf(arguments)) << command.syntax;
    EXPECT_EQ(command.arity < 0, Varies(arguments)) << command.syntax;
  });
}

// Every name with every byte replaced by every other one.
TEST(CommandTableTest, ANameThatDiffersInOneByteIsAnother) {
  const CommandTable table(false);
  for (const Command* command : table.all()) {
    for (size_t i = 0; i < command->name.size(); ++i) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string name(command->name);
        name[i] = static_cast<char>(byte);
        const Command* found = table.Find(name);
        if (byte >= 'A' && byte <= 'Z') name[i] = static_cast<char>(byte + 32);
        const bool same = found != nullptr && found->name == name;
        ASSERT_TRUE(found == nullptr || same) << command->name << " " << i << " " << byte;
        ASSERT_TRUE(name != command->name || found == command) << name;
      }
    }
  }
}

TEST(CommandTableTest, FindsInAnyCaseAndNothingElse) {
  const CommandTable table(false);
  std::string_view before;
  for (const Command* command : table.all()) {
    EXPECT_LT(before, command->name) << "not in alphabetic order, or twice";
    before = command->name;
    std::string upper(command->name);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_EQ(table.Find(command->name), command);
    EXPECT_EQ(table.Find(upper), command);
    upper[0] = static_cast<char>(upper[0] + 32);
    EXPECT_EQ(table.Find(upper), command);
    EXPECT_EQ(table.Find(std::string(command->name) + "x"), nullptr);
    EXPECT_EQ(table.Find(std::string(command->name) + '\0'), nullptr);
    for (const Command& sub : command->subcommands) {
      EXPECT_EQ(CommandTable::FindSub(*command, sub.name), &sub);
    }
    EXPECT_EQ(CommandTable::FindSub(*command, "nosuch"), nullptr);
  }
  EXPECT_EQ(table.Find(""), nullptr);
  EXPECT_EQ(table.Find("get\r\n"), nullptr);
  // What differs from a name only in the bit that tells cases apart is no name.
  EXPECT_EQ(table.Find("G\x05T"), nullptr);
  EXPECT_EQ(table.Find(std::string("mset") + '\0'), nullptr);
}

TEST(CommandTableTest, TestCommandsExistOnlyUnderTest) {
  EXPECT_EQ(CommandTable(false).Find("testlong"), nullptr);
  EXPECT_NE(CommandTable(true).Find("testlong"), nullptr);
}

// --- through the dispatcher ---

ServerOptions OptionsForTests() {
  ServerOptions options;
  options.config.threads = 1;
  options.with_test_commands = true;
  return options;
}

TEST(CommandArity, TooFewOrTooManyWordsAreRefused) {
  Server server(OptionsForTests());
  CommandRunner runner(server);
  ForEachRow(server.commands(), [&](const Command* container, const Command& command) {
    const std::string name = FullName(container, command);
    // A wrong EXEC is the end of the transaction.
    const std::string before =
        name == "exec" ? "EXECABORT Transaction discarded because of: " : "ERR ";
    const std::string expected = before + "wrong number of arguments for '" + name + "' command";
    std::vector<std::string> words;
    if (container != nullptr) words.emplace_back(container->name);
    words.emplace_back(command.name);
    const size_t given = words.size();
    for (int size = static_cast<int>(given); size < Fewest(command); ++size) {
      words.resize(given);
      words.resize(static_cast<size_t>(size), "1");
      const Reply reply = runner.Run(words);
      EXPECT_TRUE(reply.IsError());
      EXPECT_EQ(reply.text, expected) << size << " words";
    }
    if (command.arity > 0) {
      words.resize(static_cast<size_t>(command.arity) + 1, "1");
      EXPECT_EQ(runner.Run(words).text, expected) << "one word too many";
    }
  });
}

TEST(CommandArity, AWrongCommandSpoilsATransaction) {
  Server server(OptionsForTests());
  CommandRunner runner(server);
  for (const char* wrong : {"GET", "SET a", "NOSUCH", "CONFIG NOSUCH", "GET a b"}) {
    EXPECT_EQ(runner.Run("MULTI").text, "OK");
    EXPECT_EQ(runner.Run("SET key value").text, "QUEUED");
    EXPECT_TRUE(runner.Run(wrong).IsError()) << wrong;
    EXPECT_EQ(runner.Run("EXEC").text,
              "EXECABORT Transaction discarded because of previous errors.");
    EXPECT_EQ(runner.Run("EXISTS key").integer, 0);
  }
}

}  // namespace
}  // namespace replete
