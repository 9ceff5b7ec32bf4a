#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/grammar.h"
#include "tests/differential/random.h"

namespace replete::test {

// How two replies to the command are held against each other.
enum class Match {
  kExact,
  kSet,          // an array without order
  kPairs,        // key and value in turn (a map in RESP3), without order
  kSeconds,      // a TTL
  kMillis,       // a TTL
  kScan,         // cursor and keys: the cursor means something to its server only
  kCommandInfo,  // name, arity, flags, keys and categories; flags and categories without order
  kHello,        // pairs, the connection's number left out
  kShape,        // only the type, unless it is an error: the content is the server's own
};

// Where the generator uses a command.
enum class Use {
  kData,     // anywhere
  kSession,  // on a connection of its own: it changes or ends the connection
  kPubSub,   // on a subscriber's connection
};

struct CommandRow {
  std::string_view name;
  std::string_view grammar;
  int weight = 1;
  Match match = Match::kExact;
  Use use = Use::kData;
  bool optional = false;  // may be missing in the server under test without being a difference
};

// A new command is one row of the table in commands.cpp.
std::span<const CommandRow> CommandRows();

struct Request {
  std::vector<std::string> args;
  Match match = Match::kExact;
};

struct NamedGrammar {
  std::string name;
  int weight = 1;
  Node grammar;
};

// Random requests, from the table or from what a server tells of itself.
class RequestSource {
 public:
  // Of the rows of one use. Rows named in `missing` (NAME or NAME|SUBCOMMAND) are left out.
  RequestSource(Use use, const std::vector<std::string>& missing);
  explicit RequestSource(std::vector<NamedGrammar> grammars);

  Request Make(Random& random) const;

 private:
  std::vector<NamedGrammar> grammars_;
  std::vector<std::size_t> lots_;  // every grammar as often as its weight
};

// Changes a request into one that is probably wrong: arguments lost, doubled, swapped, replaced.
void Mutate(Request* request, Random& random);

// Takes the danger out of a random request: waits that would last, deadlines that would pass while
// the servers are compared.
void MakeHarmless(Request* request, Random& random);

std::string UpperCase(std::string word);

// The first word in upper case.
std::string CommandName(const Request& request);

// NAME, or NAME|SUBCOMMAND when the row names one: what COMMAND INFO knows it as.
std::string InfoName(const CommandRow& row);

// How the reply to these words is compared, whatever was done to them.
Match MatchFor(const std::vector<std::string>& args);

// What reads a whole value of a type.
Request Reader(const std::string& type, const std::string& key);

}  // namespace replete::test
