// Publish and subscribe, and keyspace notifications.

#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class PubSubTest : public DaemonTest, public ::testing::WithParamInterface<int> {
 protected:
  // A frame to a subscriber: an array in RESP2, a push in RESP3.
  Reply Frame(std::vector<Reply> elements) const {
    return Array(std::move(elements), GetParam() == 2 ? '*' : '>');
  }
  Connection Subscriber() { return Raw(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Resp, PubSubTest, ::testing::Values(2, 3));

TEST_P(PubSubTest, ChannelsAndPatterns) {
  Connection subscriber = Subscriber();
  subscriber.Send(Encode({"SUBSCRIBE", "a", "b", "a"}) + Encode({"PSUBSCRIBE", "[ab]*"}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("subscribe"), Bulk("a"), Int(1)}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("subscribe"), Bulk("b"), Int(2)}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("subscribe"), Bulk("a"), Int(2)}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("psubscribe"), Bulk("[ab]*"), Int(3)}));
  Client client = Connect();
  EXPECT_EQ(client.Run("PUBLISH", "a", "x"), Int(2));
  EXPECT_EQ(client.Run("PUBLISH", "bc", ""), Int(1));
  EXPECT_EQ(client.Run("PUBLISH", "c", "x"), Int(0));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("message"), Bulk("a"), Bulk("x")}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("pmessage"), Bulk("[ab]*"), Bulk("a"), Bulk("x")}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("pmessage"), Bulk("[ab]*"), Bulk("bc"), Bulk("")}));
}

TEST_P(PubSubTest, ShardChannelsAreApartFromTheOthers) {
  Connection subscriber = Subscriber();
  EXPECT_EQ(subscriber.Ask({"SUBSCRIBE", "a"}), Frame({Bulk("subscribe"), Bulk("a"), Int(1)}));
  EXPECT_EQ(subscriber.Ask({"SSUBSCRIBE", "a"}), Frame({Bulk("ssubscribe"), Bulk("a"), Int(1)}));
  EXPECT_EQ(subscriber.Ask({"SSUBSCRIBE", "b"}), Frame({Bulk("ssubscribe"), Bulk("b"), Int(2)}));
  Client client = Connect();
  EXPECT_EQ(client.Run("SPUBLISH", "a", "sharded"), Int(1));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("smessage"), Bulk("a"), Bulk("sharded")}));
  EXPECT_EQ(client.Run("PUBLISH", "a", "plain"), Int(1));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("message"), Bulk("a"), Bulk("plain")}));
  EXPECT_EQ(client.Run("PUBLISH", "b", "plain"), Int(0));
  EXPECT_EQ(client.Run("PUBSUB", "SHARDNUMSUB", "a", "c"),
            Array({Bulk("a"), Int(1), Bulk("c"), Int(0)}));
  EXPECT_EQ(client.Run("PUBSUB", "SHARDCHANNELS", "b*"), Array({Bulk("b")}));
  EXPECT_EQ(client.Run("PUBSUB", "CHANNELS"), Array({Bulk("a")}));
  EXPECT_EQ(subscriber.Ask({"SUNSUBSCRIBE", "a"}),
            Frame({Bulk("sunsubscribe"), Bulk("a"), Int(1)}));
  EXPECT_EQ(subscriber.Ask({"SUNSUBSCRIBE"}), Frame({Bulk("sunsubscribe"), Bulk("b"), Int(0)}));
  EXPECT_EQ(client.Run("SPUBLISH", "a", "x"), Int(0));
}

TEST_P(PubSubTest, TheEmptyNameIsANameToo) {
  Connection subscriber = Subscriber();
  subscriber.Ask({"SUBSCRIBE", ""});
  subscriber.Ask({"PSUBSCRIBE", ""});
  EXPECT_EQ(Connect().Run("PUBLISH", "", "x"), Int(2));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("message"), Bulk(""), Bulk("x")}));
  EXPECT_EQ(subscriber.Read(), Frame({Bulk("pmessage"), Bulk(""), Bulk(""), Bulk("x")}));
}

TEST_P(PubSubTest, UnsubscribeTellsWhatIsLeft) {
  Connection subscriber = Subscriber();
  const Reply none = GetParam() == 2 ? Nil() : Null();
  EXPECT_EQ(subscriber.Ask({"UNSUBSCRIBE"}), Frame({Bulk("unsubscribe"), none, Int(0)}));
  EXPECT_EQ(subscriber.Ask({"PUNSUBSCRIBE"}), Frame({Bulk("punsubscribe"), none, Int(0)}));
  EXPECT_EQ(subscriber.Ask({"UNSUBSCRIBE", "x"}), Frame({Bulk("unsubscribe"), Bulk("x"), Int(0)}));
  subscriber.Ask({"SUBSCRIBE", "a"});
  subscriber.Ask({"PSUBSCRIBE", "p*"});
  EXPECT_EQ(subscriber.Ask({"UNSUBSCRIBE"}), Frame({Bulk("unsubscribe"), Bulk("a"), Int(1)}));
  EXPECT_EQ(subscriber.Ask({"PUNSUBSCRIBE", "p*"}),
            Frame({Bulk("punsubscribe"), Bulk("p*"), Int(0)}));
  EXPECT_EQ(Connect().Run("PUBLISH", "a", "x"), Int(0));
  EXPECT_EQ(subscriber.Ask({"SET", "k", "v"}), Status("OK"));
}

TEST_P(PubSubTest, OnlyResp2IsConfinedWhileSubscribed) {
  Connection subscriber = Subscriber();
  subscriber.Ask({"SUBSCRIBE", "a"});
  if (GetParam() == 2) {
    EXPECT_EQ(subscriber.Ask({"PING"}), Array({Bulk("pong"), Bulk("")}));
    EXPECT_EQ(subscriber.Ask({"PING", "x"}), Array({Bulk("pong"), Bulk("x")}));
    EXPECT_EQ(subscriber.Ask({"GET", "k"}),
              Error("ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                    "QUIT / RESET are allowed in this context"));
  } else {
    EXPECT_EQ(subscriber.Ask({"PING"}), Status("PONG"));
    EXPECT_EQ(subscriber.Ask({"GET", "k"}), Null());
  }
  EXPECT_EQ(subscriber.Ask({"RESET"}), Status("RESET"));
  EXPECT_EQ(subscriber.Ask({"GET", "k"}), Nil()) << "RESET goes back to RESP2";
  EXPECT_EQ(Connect().Run("PUBLISH", "a", "x"), Int(0));
}

TEST_P(PubSubTest, MessagesOfOnePublisherKeepTheirOrder) {
  Connection subscriber = Subscriber();
  subscriber.Ask({"SUBSCRIBE", "a"});
  Client publisher = Connect();
  constexpr int kMessages = 5000;
  for (int i = 0; i < kMessages; ++i) publisher.Append({"PUBLISH", "a", std::to_string(i)});
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(publisher.Next(), Int(1));
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(subscriber.Read(), Frame({Bulk("message"), Bulk("a"), Bulk(std::to_string(i))}));
  }
}

// Whatever loop each of them is on: who has been told that a message is out finds it before the
// reply to what he asks then.
TEST_P(PubSubTest, AMessageComesBeforeTheReplyToWhatIsAskedLater) {
  std::vector<Connection> subscribers;
  for (int i = 0; i < 4; ++i) {
    subscribers.push_back(Subscriber());
    subscribers.back().Ask({"SUBSCRIBE", "a"});
  }
  const Reply pong = GetParam() == 2 ? Array({Bulk("pong"), Bulk("")}) : Status("PONG");
  Client publisher = Connect();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(publisher.Run("PUBLISH", "a", std::to_string(i)), Int(4));
    for (Connection& subscriber : subscribers) {
      subscriber.Send(Encode({"PING"}));
      ASSERT_EQ(subscriber.Read(), Frame({Bulk("message"), Bulk("a"), Bulk(std::to_string(i))}));
      ASSERT_EQ(subscriber.Read(), pong);
    }
  }
}

TEST_P(PubSubTest, ASubscriberThatLeavesIsForgotten) {
  {
    Connection subscriber = Subscriber();
    subscriber.Ask({"SUBSCRIBE", "a"});
  }
  Client client = Connect();
  EXPECT_TRUE(Eventually([&] { return client.Run("PUBLISH", "a", "x") == Int(0); }));
}

class NotificationTest : public DaemonTest {
 protected:
  Connection Listen(const char* events) {
    EXPECT_EQ(Connect().Run("CONFIG", "SET", "notify-keyspace-events", events), Status("OK"));
    Connection listener = Raw();
    listener.Ask({"PSUBSCRIBE", "__key*@*__:*"});
    return listener;
  }
  // "channel payload" of the next message.
  static std::string Next(Connection* listener) {
    const Reply reply = listener->Read().value_or(Reply{});
    if (reply.elements.size() != 4) return ToString(reply);
    return reply.elements[2].text + " " + reply.elements[3].text;
  }
};

TEST_F(NotificationTest, EventsOfEveryGroup) {
  Connection listener = Listen("KEA");
  Client client = Connect();
  client.Run("SELECT", "3");
  client.Run("SET", "k", "v", "EX", "1000");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:k set");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:set k");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:k expire");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:expire k");
  client.Run("RENAME", "k", "l");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:k rename_from");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:rename_from k");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:l rename_to");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:rename_to l");
  client.Run("DEL", "l", "none");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:l del");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:del l");
  client.Run("LPUSH", "q", "x");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:q lpush");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:lpush q");
  client.Run("RPOP", "q");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:q rpop");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:rpop q");
  EXPECT_EQ(Next(&listener), "__keyspace@3__:q del");
  EXPECT_EQ(Next(&listener), "__keyevent@3__:del q");
}

TEST_F(NotificationTest, OnlyWhatWasAskedFor) {
  Connection listener = Listen("E$x");
  Client client = Connect();
  client.Run("LPUSH", "q", "x");
  client.Run("EXPIRE", "q", "1000");
  client.Run("SET", "k", "v", "PX", "1");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:set k");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:expired k");
  client.Run("CONFIG", "SET", "notify-keyspace-events", "");
  client.Run("SET", "k", "v");
  client.Run("CONFIG", "SET", "notify-keyspace-events", "E$");
  client.Run("APPEND", "k", "v");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:append k");
  EXPECT_TRUE(client.Run("CONFIG", "SET", "notify-keyspace-events", "xyz!").IsError());
}

TEST_F(NotificationTest, ASettingHoldsFromTheNextCommandOn) {
  Connection listener = Listen("");
  Connection client = Raw();
  client.Send(Encode({"CONFIG", "SET", "notify-keyspace-events", "E$"}) +
              Encode({"SET", "a", "v"}) + Encode({"CONFIG", "SET", "notify-keyspace-events", ""}) +
              Encode({"SET", "b", "v"}) + Encode({"MULTI"}) +
              Encode({"CONFIG", "SET", "notify-keyspace-events", "E$"}) +
              Encode({"SET", "c", "v"}) + Encode({"EXEC"}));
  EXPECT_EQ(Next(&listener), "__keyevent@0__:set a");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:set c");
}

TEST_F(NotificationTest, MissesAndNewKeysAreToldWhenAskedFor) {
  Connection listener = Listen("Emn");
  Client client = Connect();
  client.Run("GET", "k");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:keymiss k");
  client.Run("SET", "k", "v");
  EXPECT_EQ(Next(&listener), "__keyevent@0__:new k");
}

}  // namespace
}  // namespace replete::test
