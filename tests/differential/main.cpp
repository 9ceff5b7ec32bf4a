// The same random requests to the server under test and to redis-server, replies compared.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/differences.h"
#include "tests/differential/docs_grammar.h"
#include "tests/differential/judge.h"
#include "tests/differential/options.h"
#include "tests/differential/round.h"
#include "tests/differential/session_pair.h"

namespace replete::test {
namespace {

constexpr long long kRoundSize = 500;
constexpr int kMaxRestarts = 5;

void ListCommands() {
  for (const CommandRow& row : CommandRows()) {
    std::printf("%-12.*s %.*s\n", static_cast<int>(row.name.size()), row.name.data(),
                static_cast<int>(row.grammar.size()), row.grammar.data());
  }
}

// Commands that may be missing (`optional` in the table) and are, at the server under test.
std::vector<std::string> MissingCommands(Servers* servers) {
  std::vector<std::string> missing;
  Connection ours(servers->ours.port());
  for (const CommandRow& row : CommandRows()) {
    if (!row.optional) continue;
    const auto info = ours.Ask({"COMMAND", "INFO", InfoName(row)});
    if (!info || info->elements.size() != 1 || info->elements[0].null) {
      missing.push_back(InfoName(row));
    }
  }
  return missing;
}

class Run {
 public:
  Run(const Options& options, Differences* differences)
      : options_(options),
        servers_{ServerProcess(options.ours, {}, options.threads),
                 ServerProcess(options.reference)},
        judge_(differences) {}

  // False when a server cannot be started.
  bool Start() {
    for (ServerProcess* server : {&servers_.ours, &servers_.reference}) {
      if (server->Start()) continue;
      std::fprintf(stderr, "cannot start %s\n%s\n", server->binary().c_str(),
                   Telling(server->Log()).c_str());
      return false;
    }
    return true;
  }

  // What the requests are made from; nothing when --from-docs finds no documentation.
  std::optional<Sources> MakeSources() {
    const std::vector<std::string> missing = MissingCommands(&servers_);
    for (const std::string& name : missing) std::printf("not there yet: %s\n", name.c_str());
    Sources sources{RequestSource(Use::kData, missing), RequestSource(Use::kSession, missing),
                    RequestSource(Use::kPubSub, missing)};
    if (!options_.from_docs) return sources;
    Connection ours(servers_.ours.port());
    const auto docs = ours.Ask({"COMMAND", "DOCS"});
    std::vector<NamedGrammar> grammars =
        docs ? GrammarsFromDocs(*docs) : std::vector<NamedGrammar>();
    if (grammars.empty()) {
      std::printf("COMMAND DOCS is not answered by %s (%s): nothing to generate from, skipped\n",
                  options_.ours.c_str(), docs ? ToString(*docs).substr(0, 200).c_str() : "closed");
      return std::nullopt;
    }
    std::printf("%zu commands from COMMAND DOCS\n", grammars.size());
    sources.data = RequestSource(std::move(grammars));
    return sources;
  }

  bool Rounds(const Sources& sources) {
    const auto rounds = std::max(1LL, (options_.requests + kRoundSize - 1) / kRoundSize);
    for (long long round = 0; round < rounds; ++round) {
      if (options_.round >= 0) round = options_.round;
      if (!OneRound(sources, round)) return false;
      if (options_.round >= 0) break;
    }
    return true;
  }

  // A server that ends with anything but 0, or leaves a sanitizer's report, has failed as well.
  bool Stop() {
    const int status = servers_.ours.Stop();
    if (status != 0) {
      std::printf("ours ended with status %d:\n%s\n", status, Telling(servers_.ours.Log()).c_str());
    }
    servers_.reference.Stop();
    return status == 0;
  }

  const Judge& judge() const { return judge_; }

 private:
  bool OneRound(const Sources& sources, long long number) {
    const int protocol =
        options_.protocols[static_cast<std::size_t>(number) % options_.protocols.size()];
    judge_.StartRound(number, protocol);
    const auto seed = options_.seed * 1000003U + static_cast<std::uint64_t>(number);
    Round round(&servers_, &judge_, &sources, protocol, seed);
    if (round.Run(kRoundSize)) return true;
    if (servers_.ours.Running() && servers_.reference.Running()) return true;
    std::printf(
        "a server has ended in round %lld; its log:\n%s\n", number,
        Telling(servers_.ours.Running() ? servers_.reference.Log() : servers_.ours.Log()).c_str());
    return ++restarts_ <= kMaxRestarts && Start();
  }

  const Options& options_;
  Servers servers_;
  Judge judge_;
  int restarts_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) return 2;
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (options.list) {
    ListCommands();
    return 0;
  }
  Differences differences;
  if (const auto error =
          differences.Load(REPLETE_SOURCE_DIR "/tests/differential/differences.txt")) {
    std::fprintf(stderr, "%s\n", error->c_str());
    return 2;
  }
  Run run(options, &differences);
  if (!run.Start()) return 2;
  const auto sources = run.MakeSources();
  if (!sources) return 0;
  const bool completed = run.Rounds(*sources);
  const bool stopped = run.Stop();
  const Judge& judge = run.judge();
  std::printf("seed %llu, %s against %s\nintended differences (%lld replies):\n%s",
              static_cast<unsigned long long>(options.seed), options.ours.c_str(),
              options.reference.c_str(), judge.explained(), differences.Report().c_str());
  if (!completed) std::printf("broken off: a server cannot be restarted\n");
  std::printf("%lld passed, %lld failed\n", judge.passed(), judge.failed());
  return completed && stopped && judge.failed() == 0 && judge.passed() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace replete::test

int main(int argc, char** argv) { return replete::test::Main(argc, argv); }
