// Namespaces: their life, how keys find them.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class NamespaceTest : public DaemonTest {
 protected:
  void SetUp() override { REPLETE_ONLY(); }

  // NAMESPACE CREATE name option value ...
  static void Create(Client* client, const std::string& name,
                     const std::vector<std::string>& options = {}) {
    std::vector<std::string> args = {"NAMESPACE", "CREATE", name};
    args.insert(args.end(), options.begin(), options.end());
    ASSERT_EQ(client->Run(args), Status("OK")) << name;
  }
  Client ConnectTo(const std::string& name) {
    Client client = Connect();
    EXPECT_EQ(client.Run("NAMESPACE", "USE", name), Status("OK"));
    return client;
  }
  static std::vector<std::string> List(Client* client) {
    std::vector<std::string> names;
    for (const Reply& name : client->Run("NAMESPACE", "LIST").elements) names.push_back(name.text);
    return names;
  }
  static bool Has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  static int InfoField(Client* client, const std::string& name) {
    const std::string text = "\n" + client->Run("INFO").text;
    const size_t at = text.find("\n" + name + ":");
    EXPECT_NE(at, std::string::npos) << name;
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size() + 2));
  }
  // The error's code, or what came instead.
  static std::string Code(const Reply& reply) {
    return reply.IsError() ? reply.text.substr(0, reply.text.find(' ')) : ToString(reply);
  }
};

TEST_F(NamespaceTest, CreateListInfoDrop) {
  Client client = Connect();
  EXPECT_TRUE(Has(List(&client), "default")) << "one of that name always exists";
  Create(&client, "llm", {"max_entries", "50", "POLICY", "fifo", "Prefix", "llm:"});
  EXPECT_TRUE(Has(List(&client), "llm"));
  EXPECT_TRUE(client.Run("NAMESPACE", "CREATE", "llm").IsError());
  EXPECT_EQ(client.Run("NAMESPACE", "CREATE", "llm", "IFNOTEXISTS", "MAX_ENTRIES", "7"),
            Status("OK"));
  const Reply info = client.Run("NAMESPACE", "INFO", "NS", "llm");
  EXPECT_EQ(FieldOf(info, "max_entries").text, "50");
  EXPECT_EQ(FieldOf(info, "policy").text, "fifo");
  EXPECT_EQ(FieldOf(info, "engine").text, OnDisk() ? "disk" : "memory");
  EXPECT_EQ(Raw(3).Ask({"NAMESPACE", "INFO", "NS", "llm"}).value_or(Reply{}).type, '%');
  EXPECT_EQ(client.Run("NAMESPACE", "DROP", "llm"), Status("OK"));
  EXPECT_FALSE(Has(List(&client), "llm"));
  EXPECT_TRUE(client.Run("NAMESPACE", "DROP", "llm").IsError());
  EXPECT_TRUE(client.Run("NAMESPACE", "INFO", "NS", "llm").IsError());
}

TEST_F(NamespaceTest, OneBadOptionRefusesAll) {
  Client client = Connect();
  const std::vector<std::vector<std::string>> bad = {{"x", "MAX_ENTRIES", "-1"},
                                                     {"x", "MAX_ENTRIES", "many"},
                                                     {"x", "POLICY", "nosuch"},
                                                     {"x", "NOSUCH", "1"},
                                                     {"x", "MAX_ENTRIES"},
                                                     {"x", "ENGINE", "nosuch"},
                                                     {"x", "ENGINE", "disk", "DURABILITY", "x"},
                                                     {"x", "ENGINE", "upstream"},
                                                     {"x", "MAX_MEMORY", "lots"},
                                                     {"x", "DATABASE", "99"},
                                                     {"x", "DEFAULT_TTL", "-5"},
                                                     {"x", "TTL_JITTER", "2"},
                                                     {"1x"},
                                                     {""},
                                                     {"with space"},
                                                     {"a/b"},
                                                     {std::string(65, 'n')},
                                                     {"0"}};
  for (std::vector<std::string> args : bad) {
    args.insert(args.begin(), {"NAMESPACE", "CREATE"});
    args.insert(args.end(), {"PREFIX", "p:"});
    EXPECT_TRUE(client.Run(args).IsError()) << args[2] << " " << args[3];
  }
  EXPECT_EQ(List(&client), std::vector<std::string>({"default"}));
  EXPECT_EQ(client.Run("SET", "p:k", "v"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(1)) << "no prefix was left behind";
  Create(&client, "a", {"MAX_ENTRIES", "10"});
  EXPECT_TRUE(client.Run("NAMESPACE", "ALTER", "a", "MAX_ENTRIES", "5", "POLICY", "x").IsError());
  EXPECT_EQ(FieldOf(client.Run("NAMESPACE", "INFO", "NS", "a"), "max_entries").text, "10");
  EXPECT_TRUE(client.Run("NAMESPACE", "ALTER", "a", "ENGINE", "disk").IsError());
  EXPECT_TRUE(client.Run("NAMESPACE", "ALTER", "a", "DATABASE", "3").IsError());
}

TEST_F(NamespaceTest, ASessionMovesByManyWays) {
  Client client = Connect();
  Create(&client, "llm");
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "0");
  EXPECT_EQ(client.Run("NAMESPACE", "USE", "llm"), Status("OK"));
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "llm");
  EXPECT_EQ(client.Run("SELECT", "3"), Status("OK"));
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "3");
  EXPECT_EQ(client.Run("SELECT", "llm"), Status("OK"));
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "llm");
  EXPECT_TRUE(client.Run("NAMESPACE", "USE", "nosuch").IsError());
  EXPECT_TRUE(client.Run("SELECT", "nosuch").IsError());
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "llm") << "a failed move moves nobody";
  EXPECT_EQ(client.Run("RESET"), Status("RESET"));
  EXPECT_EQ(client.Run("NAMESPACE", "CURRENT").text, "0");
  Connection raw = Raw();
  EXPECT_EQ(raw.Ask({"HELLO", "3", "NAMESPACE", "llm"}).value_or(Reply{}).type, '%');
  EXPECT_EQ(raw.Ask({"NAMESPACE", "CURRENT"}).value_or(Reply{}).text, "llm");
}

TEST_F(NamespaceTest, KeysFindTheirNamespaceByPrefix) {
  Client numbered = Connect();
  Create(&numbered, "llm", {"PREFIX", "llm:"});
  Client inside = ConnectTo("llm");
  EXPECT_EQ(numbered.Run("SET", "llm:query", "v"), Status("OK"));
  EXPECT_EQ(inside.Run("GET", "query"), Bulk("v"));
  EXPECT_EQ(numbered.Run("DBSIZE"), Int(0));
  EXPECT_EQ(inside.Run("DBSIZE"), Int(1));
  EXPECT_EQ(inside.Run("KEYS", "*"), Array({Bulk("query")}));
  EXPECT_EQ(inside.Run("SET", "llm:query", "literal"), Status("OK"));
  EXPECT_EQ(numbered.Run("GET", "llm:query"), Bulk("v")) << "inside, keys are taken literally";
  EXPECT_EQ(numbered.Run("GET", "llm:llm:query"), Bulk("literal"));
  Client other = Connect();
  other.Run("SELECT", "7");
  EXPECT_EQ(other.Run("GET", "llm:query"), Bulk("v")) << "from every numbered database";
  EXPECT_EQ(numbered.Run("SET", "llm:", "empty"), Status("OK"));
  EXPECT_EQ(inside.Run("GET", ""), Bulk("empty"));
}

TEST_F(NamespaceTest, TheLongestPrefixWins) {
  Client client = Connect();
  Create(&client, "short", {"PREFIX", "a:", "PREFIX", "z:"});
  Create(&client, "long", {"PREFIX", "a:b:"});
  client.Run("SET", "a:b:k", "long");
  client.Run("SET", "a:k", "short");
  client.Run("SET", "z:l", "short");
  client.Run("SET", "a", "none");
  EXPECT_EQ(ConnectTo("long").Run("GET", "k"), Bulk("long"));
  EXPECT_EQ(ConnectTo("short").Run("MGET", "k", "l", "b:k"),
            Array({Bulk("short"), Bulk("short"), Nil()}));
  EXPECT_EQ(client.Run("DBSIZE"), Int(1));
  EXPECT_TRUE(client.Run("NAMESPACE", "CREATE", "thief", "PREFIX", "z:").IsError());
}

TEST_F(NamespaceTest, APrefixThatIsInUseIsRefused) {
  Client client = Connect();
  client.Run("SET", "used:k", "v");
  EXPECT_TRUE(client.Run("NAMESPACE", "CREATE", "late", "PREFIX", "used:").IsError());
  EXPECT_FALSE(Has(List(&client), "late"));
  EXPECT_EQ(client.Run("GET", "used:k"), Bulk("v"));
  client.Run("DEL", "used:k");
  Create(&client, "late", {"PREFIX", "used:"});
}

TEST_F(NamespaceTest, SomeCommandsSpanNamespacesAndOthersSayTheyCannot) {
  Client client = Connect();
  Create(&client, "a", {"PREFIX", "a:"});
  Create(&client, "b", {"PREFIX", "b:"});
  EXPECT_EQ(client.Run("MSET", "a:k", "1", "b:k", "2", "k", "3"), Status("OK"));
  EXPECT_EQ(client.Run("MGET", "k", "b:k", "a:k", "a:none"),
            Array({Bulk("3"), Bulk("2"), Bulk("1"), Nil()}));
  EXPECT_EQ(client.Run("EXISTS", "a:k", "b:k", "k", "b:none", "a:k"), Int(4));
  EXPECT_EQ(Code(client.Run("RENAME", "a:k", "b:l")), "CROSSNAMESPACE");
  EXPECT_EQ(Code(client.Run("COPY", "a:k", "k2")), "CROSSNAMESPACE");
  EXPECT_EQ(Code(client.Run("BLPOP", "a:q", "b:q", "0.01")), "CROSSNAMESPACE");
  EXPECT_EQ(client.Run("RENAME", "a:k", "a:l"), Status("OK"));
  EXPECT_EQ(client.Run("DEL", "a:l", "b:k"), Int(2));
  EXPECT_EQ(client.Run("UNLINK", "k", "a:l"), Int(1));
  client.Run("MULTI");
  client.Run("SET", "a:k", "1");
  client.Run("INCR", "b:k");
  client.Run("INCR", "k");
  EXPECT_EQ(client.Run("EXEC"), Array({Status("OK"), Int(1), Int(1)}));
}

TEST_F(NamespaceTest, ADroppedNamespaceTellsItsSessions) {
  Client client = Connect();
  Create(&client, "brief", {"PREFIX", "brief:"});
  Client inside = ConnectTo("brief");
  Connection waiter = Raw();
  waiter.Ask({"NAMESPACE", "USE", "brief"});
  waiter.Send(Encode({"PING"}) + Encode({"BLPOP", "q", "0"}));
  waiter.Read();
  inside.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("NAMESPACE", "DROP", "brief"), Status("OK"));
  EXPECT_EQ(Code(inside.Run("GET", "k")), "NONAMESPACE");
  EXPECT_EQ(Code(waiter.Read().value_or(Reply{})), "NONAMESPACE");
  EXPECT_EQ(inside.Run("PING"), Status("PONG"));
  EXPECT_EQ(inside.Run("SELECT", "0"), Status("OK"));
  EXPECT_EQ(inside.Run("GET", "brief:k"), Nil()) << "the prefix means nothing any more";
  Create(&client, "brief");
  EXPECT_EQ(ConnectTo("brief").Run("DBSIZE"), Int(0));
}

TEST_F(NamespaceTest, ClearAndBumpMakeEverythingInvisible) {
  Client client = Connect();
  Create(&client, "a", {"MAX_ENTRIES", "0"});
  Client inside = ConnectTo("a");
  for (int i = 0; i < 500; ++i) inside.Append({"SET", "k" + std::to_string(i), "v"});
  for (int i = 0; i < 500; ++i) inside.Next();
  EXPECT_EQ(client.Run("NAMESPACE", "CLEAR", "NS", "a"), Int(500));
  EXPECT_EQ(inside.Run("DBSIZE"), Int(0));
  EXPECT_EQ(inside.Run("GET", "k1"), Nil());
  EXPECT_EQ(inside.Run("NAMESPACE", "VERSION"), Int(1));
  inside.Run("SET", "k", "old");
  EXPECT_EQ(inside.Run("NAMESPACE", "BUMP"), Int(2));
  EXPECT_EQ(inside.Run("GET", "k"), Nil());
  EXPECT_EQ(client.Run("NAMESPACE", "VERSION", "NS", "a"), Int(2));
  inside.Run("SET", "k", "new");
  EXPECT_EQ(inside.Run("GET", "k"), Bulk("new"));
  EXPECT_EQ(inside.Run("NAMESPACE", "CLEAR"), Int(1));
}

TEST_F(NamespaceTest, ANameWithoutNsEmptiesNothing) {
  Client client = Connect();
  Create(&client, "a");
  client.Run("SET", "k", "of the session");
  for (const char* subcommand : {"CLEAR", "BUMP"}) {
    EXPECT_EQ(client.Run("NAMESPACE", subcommand, "a"), Error("ERR syntax error"));
    EXPECT_EQ(client.Run("NAMESPACE", subcommand, "a", "b"), Error("ERR syntax error"));
    EXPECT_EQ(client.Run("NAMESPACE", subcommand, "a", "NS", "a"), Error("ERR syntax error"));
  }
  EXPECT_EQ(client.Run("GET", "k"), Bulk("of the session"));
  EXPECT_EQ(client.Run("NAMESPACE", "VERSION", "NS", "a"), Int(1));
}

TEST_F(NamespaceTest, ANumberedDatabaseCanBeANamespace) {
  Client client = Connect();
  Create(&client, "five", {"DATABASE", "5"});
  EXPECT_EQ(client.Run("SELECT", "5"), Status("OK"));
  EXPECT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(ConnectTo("five").Run("GET", "k"), Bulk("v"));
  EXPECT_TRUE(client.Run("NAMESPACE", "CREATE", "again", "DATABASE", "5").IsError());
}

TEST_F(NamespaceTest, FlushallClearsNumberedOnesAndThoseThatAskForIt) {
  Client client = Connect();
  Create(&client, "keeps", {"PREFIX", "keeps:"});
  Create(&client, "goes", {"PREFIX", "goes:", "FLUSHALL", "true"});
  client.Run("MSET", "keeps:k", "1", "goes:k", "1", "k", "1");
  EXPECT_EQ(client.Run("FLUSHALL"), Status("OK"));
  EXPECT_EQ(client.Run("MGET", "keeps:k", "goes:k", "k"), Array({Bulk("1"), Nil(), Nil()}));
  Client inside = ConnectTo("keeps");
  EXPECT_EQ(inside.Run("FLUSHDB"), Status("OK"));
  EXPECT_EQ(inside.Run("DBSIZE"), Int(0));
}

TEST_F(NamespaceTest, EventsUseTheNameTheClientUsed) {
  Client client = Connect();
  Create(&client, "llm", {"PREFIX", "llm:"});
  client.Run("CONFIG", "SET", "notify-keyspace-events", "K$");
  Connection listener = Raw();
  listener.Ask({"PSUBSCRIBE", "__keyspace@*"});
  client.Run("SET", "llm:query", "v");
  const Reply event = listener.Read().value_or(Reply{});
  ASSERT_EQ(event.elements.size(), 4U) << ToString(event);
  EXPECT_EQ(event.elements[2], Bulk("__keyspace@0__:llm:query"));
  EXPECT_EQ(event.elements[3], Bulk("set"));
}

TEST_F(NamespaceTest, APasswordLandsInItAndCannotLeave) {
  Client client = Connect();
  const Reply made = client.Run("NAMESPACE", "CREATE", "vault", "PASSWORD", "secret");
  if (made.text.ends_with("not available in this version")) GTEST_SKIP() << made.text;
  ASSERT_EQ(made, Status("OK"));
  Create(&client, "open", {"PREFIX", "open:"});
  Client guest = Connect();
  EXPECT_TRUE(guest.Run("AUTH", "vault", "wrong").IsError());
  ASSERT_EQ(guest.Run("AUTH", "vault", "secret"), Status("OK"));
  EXPECT_EQ(guest.Run("NAMESPACE", "CURRENT").text, "vault");
  EXPECT_EQ(guest.Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(List(&guest), std::vector<std::string>({"vault"}));
  for (const std::vector<std::string>& way :
       std::vector<std::vector<std::string>>{{"SELECT", "0"},
                                             {"NAMESPACE", "USE", "open"},
                                             {"SELECT", "open"},
                                             {"NAMESPACE", "DROP", "open"},
                                             {"NAMESPACE", "CLEAR", "NS", "open"},
                                             {"NAMESPACE", "INFO", "NS", "open"},
                                             {"NAMESPACE", "CREATE", "mine"},
                                             {"HELLO", "2", "NAMESPACE", "open"},
                                             {"COPY", "k", "k", "DB", "1"},
                                             {"FLUSHALL"},
                                             {"CONFIG", "SET", "maxmemory", "1"}}) {
    EXPECT_TRUE(guest.Run(way).IsError()) << way[0] << " " << way.back();
  }
  EXPECT_EQ(guest.Run("NAMESPACE", "CURRENT").text, "vault");
  client.Run("SET", "open:k", "other");
  EXPECT_EQ(guest.Run("GET", "open:k"), Nil());
}

TEST_F(NamespaceTest, TotalsOfInfoOutliveANamespaceButNotAReset) {
  Client client = Connect();
  Create(&client, "gone");
  {
    Client other = ConnectTo("gone");
    other.Run("SET", "k", "v");
    for (int i = 0; i < 5; ++i) other.Run("GET", "k");
    for (int i = 0; i < 3; ++i) other.Run("GET", "none");
  }
  ASSERT_EQ(client.Run("NAMESPACE", "DROP", "gone"), Status("OK"));
  EXPECT_EQ(InfoField(&client, "keyspace_hits"), 5);
  EXPECT_EQ(InfoField(&client, "keyspace_misses"), 3);
  EXPECT_GT(InfoField(&client, "total_commands_processed"), 10);
  ASSERT_EQ(client.Run("CONFIG", "RESETSTAT"), Status("OK"));
  EXPECT_EQ(InfoField(&client, "keyspace_hits"), 0);
  EXPECT_EQ(InfoField(&client, "keyspace_misses"), 0);
  EXPECT_LT(InfoField(&client, "total_commands_processed"), 10);
}

}  // namespace
}  // namespace replete::test
