// What the daemon tells about commands: SLOWLOG, LATENCY, INFO commandstats, errorstats and
// latencystats. The tests hold against redis-server as well.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class ObservationTest : public DaemonTest {
 protected:
  // The number behind "name=" in INFO's line about a command; -1 when there is none.
  static long long OfCommand(Client& client, const std::string& command, const std::string& name) {
    const std::string text = client.Run("INFO", "commandstats").text;
    const std::size_t line = text.find("cmdstat_" + command + ":");
    if (line == std::string::npos) return -1;
    const std::string rest = text.substr(line, text.find('\r', line) - line);
    const std::size_t at = rest.find(name + "=");
    return at == std::string::npos ? -1 : std::atoll(rest.c_str() + at + name.size() + 1);
  }
};

TEST_F(ObservationTest, TheSlowLogKeepsTheLatest) {
  Client client = Connect();
  EXPECT_EQ(client.Run("SLOWLOG", "LEN"), Int(0));
  client.Run("CLIENT", "SETNAME", "me");
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "3");
  client.Run("SET", "k", std::string(200, 'x'));
  client.Run("AUTH", "default", "secret");
  std::vector<std::string> many = {"DEL"};
  for (int i = 0; i < 40; ++i) many.push_back(std::to_string(i));
  client.Run(many);
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "-1");
  // CONFIG SET itself is the last one: it was slow by the limit that held when it ran, or not.
  const Reply log = client.Run("SLOWLOG", "GET", "-1");
  ASSERT_EQ(log.type, '*');
  ASSERT_GE(log.elements.size(), 2u);
  EXPECT_LE(log.elements.size(), 3u);
  const Reply* del = nullptr;
  const Reply* auth = nullptr;
  for (const Reply& record : log.elements) {
    ASSERT_EQ(record.elements.size(), 6u);
    EXPECT_EQ(record.elements[5], Bulk("me"));
    EXPECT_EQ(record.elements[4].text.rfind("127.0.0.1:", 0), 0u);
    EXPECT_GE(record.elements[2].Integer(), 0);
    const std::string name = record.elements[3].elements[0].text;
    if (name == "DEL") del = &record;
    if (name == "AUTH") auth = &record;
  }
  ASSERT_NE(del, nullptr);
  ASSERT_EQ(del->elements[3].elements.size(), 32u);
  EXPECT_EQ(del->elements[3].elements[31], Bulk("... (10 more arguments)"));
  if (auth != nullptr) {
    EXPECT_EQ(auth->elements[3], Array({Bulk("AUTH"), Bulk("(redacted)"), Bulk("(redacted)")}));
  }
  EXPECT_EQ(client.Run("SLOWLOG", "RESET"), Status("OK"));
  EXPECT_EQ(client.Run("SLOWLOG", "GET"), Array({}));
  EXPECT_EQ(client.Run("SLOWLOG", "GET", "-2"),
            Error("ERR count should be greater than or equal to -1"));
}

TEST_F(ObservationTest, SecretsAreNotInTheSlowLog) {
  Client client = Connect();
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "0");
  client.Run("CONFIG", "SET", "RequirePass", "secret");
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "-1");
  bool found = false;
  for (const Reply& record : client.Run("SLOWLOG", "GET", "10").elements) {
    for (const Reply& arg : record.elements[3].elements) {
      EXPECT_NE(arg.text, "secret");
      found = found || arg.text == "(redacted)";
    }
  }
  EXPECT_TRUE(found);
  client.Run("CONFIG", "SET", "requirepass", "");
}

TEST_F(ObservationTest, LongArgumentsAreCutInTheSlowLog) {
  Client client = Connect();
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "0");
  client.Run("SET", "k", std::string(200, 'x'));
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "-1");
  const Reply log = client.Run("SLOWLOG", "GET", "10");
  bool found = false;
  for (const Reply& record : log.elements) {
    const std::vector<Reply>& args = record.elements[3].elements;
    if (args[0].text != "SET") continue;
    found = true;
    EXPECT_EQ(args[2], Bulk(std::string(128, 'x') + "... (72 more bytes)"));
  }
  EXPECT_TRUE(found);
}

TEST_F(ObservationTest, CallsAreCounted) {
  Client client = Connect();
  client.Run("CONFIG", "RESETSTAT");
  for (int i = 0; i < 7; ++i) client.Run("GET", "k");
  client.Run("LPUSH", "list", "x");
  client.Run("INCR", "list");
  client.Run("GET");
  client.Run("GET", "a", "b");
  client.Append({"MULTI"});
  client.Append({"GET", "k"});
  client.Append({"INCR", "list"});
  client.Append({"EXEC"});
  for (int i = 0; i < 4; ++i) client.Next();
  client.Run("NOSUCH");
  EXPECT_EQ(OfCommand(client, "get", "calls"), 8);
  EXPECT_EQ(OfCommand(client, "get", "rejected_calls"), 2);
  EXPECT_EQ(OfCommand(client, "get", "failed_calls"), 0);
  EXPECT_EQ(OfCommand(client, "incr", "calls"), 2);
  EXPECT_EQ(OfCommand(client, "incr", "failed_calls"), 2);
  EXPECT_EQ(OfCommand(client, "exec", "calls"), 1);
  EXPECT_EQ(OfCommand(client, "config|resetstat", "calls"), 1);
  EXPECT_EQ(OfCommand(client, "append", "calls"), -1) << "nobody called it";
  const std::string errors = client.Run("INFO", "errorstats").text;
  EXPECT_NE(errors.find("errorstat_ERR:count=3\r\n"), std::string::npos) << errors;
  EXPECT_NE(errors.find("errorstat_WRONGTYPE:count=2\r\n"), std::string::npos) << errors;
  EXPECT_EQ(InfoNumber(&client, "stats", "total_error_replies"), 5);
  client.Run("CONFIG", "RESETSTAT");
  EXPECT_EQ(OfCommand(client, "get", "calls"), -1);
  EXPECT_EQ(client.Run("INFO", "errorstats").text.find("errorstat_"), std::string::npos);
}

// Another thread puts the long ones together: what is around them in a pipeline keeps its place.
TEST_F(ObservationTest, LongReportsAreAnsweredInTheirOrder) {
  Client client = Connect();
  for (int round = 0; round < 20; ++round) {
    const std::string before = "v" + std::to_string(round);
    client.Append({"SET", "k", before});
    client.Append({"INFO", "everything"});
    client.Append({"GET", "k"});
    client.Append({"INFO", "commandstats", "latencystats"});
    client.Append({"APPEND", "k", "+"});
    client.Append({"LATENCY", "HISTOGRAM"});
    client.Append({"GET", "k"});
    EXPECT_EQ(client.Next(), Status("OK"));
    EXPECT_NE(client.Next().text.find("cmdstat_set:calls=" + std::to_string(round + 1)),
              std::string::npos);
    EXPECT_EQ(client.Next(), Bulk(before));
    EXPECT_NE(client.Next().text.find("latency_percentiles_usec_get:"), std::string::npos);
    EXPECT_EQ(client.Next().type, ':');
    EXPECT_EQ(client.Next().type, '*');
    EXPECT_EQ(client.Next(), Bulk(before + "+"));
  }
  client.Append({"MULTI"});
  client.Append({"INFO", "commandstats"});
  client.Append({"EXEC"});
  EXPECT_EQ(client.Next(), Status("OK"));
  EXPECT_EQ(client.Next(), Status("QUEUED"));
  const Reply replies = client.Next();
  ASSERT_EQ(replies.elements.size(), 1u);
  EXPECT_NE(replies.elements[0].text.find("cmdstat_append:"), std::string::npos);
}

// Commands that hold all workers do not hold up what the daemon tells of itself.
TEST_F(ObservationTest, ReportsWaitForNoLongCommand) {
  REPLETE_ONLY();
  const ScopedVariable commands("REPLETE_TEST_COMMANDS", "yes");
  Start();
  constexpr int kHeld = 4;
  std::vector<Client> holding;
  for (int i = 0; i < kHeld; ++i) {
    holding.push_back(Connect());
    holding.back().Append({"TESTLONG", "3000000", "n" + std::to_string(i)});
  }
  std::atomic<int> answered{0};
  std::vector<std::thread> waiting;
  for (Client& client : holding) {
    waiting.emplace_back([&] {
      client.Next();
      ++answered;
    });
  }
  Client client = Connect();
  for (const char* section : {"everything", "commandstats", "default"}) {
    EXPECT_NE(client.Run("INFO", section).text.find("# "), std::string::npos);
  }
  EXPECT_EQ(client.Run("LATENCY", "HISTOGRAM").type, '*');
  EXPECT_EQ(answered, 0) << "the reports came after the long commands";
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(answered, kHeld);
}

TEST_F(ObservationTest, TimesAreKeptAsTheSettingSays) {
  Client client = Connect();
  client.Run("CONFIG", "RESETSTAT");
  for (int i = 0; i < 5; ++i) client.Run("GET", "k");
  Connection connection = Raw(3);
  const Reply histogram =
      connection.Ask({"LATENCY", "HISTOGRAM", "get", "nosuch"}).value_or(Reply{});
  ASSERT_EQ(histogram.elements.size(), 2u);
  EXPECT_EQ(histogram.elements[0], Bulk("get"));
  EXPECT_EQ(FieldOf(histogram.elements[1], "calls"), Int(5));
  const Reply buckets = FieldOf(histogram.elements[1], "histogram_usec");
  ASSERT_GE(buckets.elements.size(), 2u);
  EXPECT_EQ(buckets.elements.back(), Int(5)) << "they add up";
  EXPECT_EQ(client.Run("CONFIG", "SET", "latency-tracking-info-percentiles", "50 100"),
            Status("OK"));
  const std::string text = client.Run("INFO", "latencystats").text;
  const std::size_t at = text.find("latency_percentiles_usec_get:p50=");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_NE(text.find(",p100=", at), std::string::npos) << text;
  EXPECT_TRUE(client.Run("CONFIG", "SET", "latency-tracking-info-percentiles", "50 101").IsError());
  client.Run("CONFIG", "SET", "latency-tracking", "no");
  client.Run("STRLEN", "k");
  EXPECT_EQ(client.Run("LATENCY", "HISTOGRAM", "strlen"), Array({}));
  EXPECT_EQ(OfCommand(client, "strlen", "calls"), 1);
}

TEST_F(ObservationTest, WhatTakesLongIsAnEvent) {
  Client client = Connect();
  EXPECT_EQ(client.Run("LATENCY", "LATEST"), Array({}));
  client.Run("CONFIG", "SET", "latency-monitor-threshold", "1");
  // Tens of megabytes that have to be zero.
  client.Run("SETRANGE", "k", "100000000", "x");
  const Reply latest = client.Run("LATENCY", "LATEST");
  ASSERT_GE(latest.elements.size(), 1u);
  const Reply& event = latest.elements.back();
  EXPECT_EQ(event.elements[0], Bulk("command"));
  EXPECT_GE(event.elements[2].Integer(), 1);
  EXPECT_EQ(event.elements[2], event.elements[3]);
  const Reply history = client.Run("LATENCY", "HISTORY", "command");
  ASSERT_EQ(history.elements.size(), 1u);
  EXPECT_EQ(history.elements[0].elements[1], event.elements[2]);
  EXPECT_EQ(client.Run("LATENCY", "HISTORY", "nosuch"), Array({}));
  EXPECT_TRUE(client.Run("LATENCY", "GRAPH", "command").text.starts_with("command - high"));
  EXPECT_EQ(client.Run("LATENCY", "GRAPH", "nosuch"),
            Error("ERR No samples available for event 'nosuch'"));
  EXPECT_NE(client.Run("LATENCY", "DOCTOR").text, "");
  EXPECT_EQ(client.Run("LATENCY", "RESET", "command", "nosuch"), Int(1));
  EXPECT_EQ(client.Run("LATENCY", "HISTORY", "command"), Array({}));
}

TEST_F(ObservationTest, InfoTellsRatesAndPeaks) {
  if (HasTier()) GTEST_SKIP() << "values that are away take no memory";
  Client client = Connect();
  client.Run("SET", "big", std::string(8 << 20, 'v'));
  const long long with = InfoNumber(&client, "memory", "used_memory");
  EXPECT_TRUE(
      Eventually([&] { return InfoNumber(&client, "memory", "used_memory_peak") >= with; }));
  client.Run("DEL", "big");
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "memory", "used_memory") < with; }));
  EXPECT_GE(InfoNumber(&client, "memory", "used_memory_peak"), 8 << 20);
  EXPECT_TRUE(Eventually([&] {
    for (int i = 0; i < 100; ++i) client.Run("PING");
    return InfoNumber(&client, "stats", "instantaneous_ops_per_sec") > 0;
  }));
}

// A large value is adopted by its entry, which frees or moves it before the request is told of.
TEST_F(ObservationTest, WhatIsToldOfARequestOutlivesItsLargeValue) {
  Client client = Connect();
  const std::string value = "begins so" + std::string(700'000, 'v');
  client.Run("CONFIG", "SET", "slowlog-log-slower-than", "0");
  client.Run("SLOWLOG", "RESET");
  EXPECT_EQ(client.Run("SET", "k", value), Status("OK"));
  EXPECT_EQ(client.Run("SET", "k", "short"), Status("OK"));
  const Reply log = client.Run("SLOWLOG", "GET", "10");
  bool found = false;
  for (const Reply& record : log.elements) {
    const Reply& args = record.elements.at(3);
    if (args.elements.size() != 3 || args.elements[2].text.size() < 100) continue;
    EXPECT_EQ(args.elements[2].text,
              value.substr(0, 128) + "... (" + std::to_string(value.size() - 128) + " more bytes)");
    found = true;
  }
  EXPECT_TRUE(found);
  Connection monitor = Raw();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), Status("OK"));
  EXPECT_EQ(client.Run("SET", "k", value), Status("OK"));
  const Reply line = monitor.Read().value_or(Reply{});
  EXPECT_NE(line.text.find(value), std::string::npos) << line.text.substr(0, 200);
  EXPECT_EQ(client.Run("GET", "k"), Bulk(value));
}

}  // namespace
}  // namespace replete::test
