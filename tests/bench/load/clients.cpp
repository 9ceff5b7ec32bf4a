// idle: connections that are opened, served once and kept. clients: many connections that write
// (or read: values of 0 bytes), either as fast as they are answered or at a given rate whatever the
// answers do.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {

int Idle(const Options& options) {
  const uint64_t count = options.Number("connections", 100);
  constexpr uint64_t kWave = 50;
  std::vector<std::unique_ptr<Connection>> connections;
  connections.reserve(count);
  const uint64_t start = NowNs();
  while (connections.size() < count) {
    const size_t first = connections.size();
    const size_t last = std::min<size_t>(count, first + kWave);
    for (size_t i = first; i < last; ++i) {
      connections.push_back(std::make_unique<Connection>(options.Port(), ""));
      connections.back()->Add({"PING"});
      connections.back()->Flush();
    }
    for (size_t i = first; i < last; ++i) {
      if (connections[i]->Read().IsError()) Fatal("PING: " + connections[i]->first_error());
    }
  }
  std::printf("{\"per_second\":%.1f}\n",
              static_cast<double>(count) / (static_cast<double>(NowNs() - start) / 1e9));
  std::fflush(stdout);
  const std::atomic<bool>& stop = StopRequested();
  while (!stop) SleepUntil(NowNs() + 5'000'000);
  for (const auto& connection : connections) connection->Abort();
  return 0;
}

namespace {

struct Client {
  std::unique_ptr<Connection> connection;
  uint64_t sent_at = 0;  // of the oldest request that is not answered
  uint64_t waiting = 0;
  uint64_t served = 0;
};

// The clients of one thread.
class Crowd {
 public:
  Crowd(const Options& options, uint64_t clients, uint64_t rate, uint64_t seed)
      : keys_(options.Number("keys", 100'000)),
        size_(options.Number("value", 32)),
        pipeline_(options.Number("pipeline", 1)),
        rate_(rate),
        length_(options.Number("milliseconds", 1000) * 1'000'000),
        random_(seed),
        clients_(clients),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].connection = std::make_unique<Connection>(options.Port(), options.Text("setup"));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, clients_[i].connection->fd(), &event);
    }
  }

  void Run() {
    const uint64_t start = NowNs();
    const uint64_t end = start + length_;
    if (rate_ == 0) {
      for (Client& client : clients_) Send(&client, pipeline_);
    }
    while (NowNs() < end) {
      if (rate_ != 0) Offer(start);
      Collect(1, NowNs() < end && rate_ == 0);
    }
    answered_in_time_ = answered_;
    const uint64_t stopped = NowNs();
    while (outstanding_ > 0) {
      if (NowNs() - stopped > 30'000'000'000) break;  // what is missing then is reported
      Collect(10, false);
    }
    drain_ns_ = NowNs() - stopped;
  }

  // Sends what is due by now, a request a client in turn; a client with `pipeline_` requests
  // unanswered is passed over, and what it would have asked is gone (as with a real one).
  void Offer(uint64_t start) {
    const auto due = static_cast<uint64_t>(static_cast<double>(NowNs() - start) / 1e9 *
                                           static_cast<double>(rate_));
    while (offered_ < due) {
      Client& client = clients_[turn_++ % clients_.size()];
      const uint64_t batch = std::min<uint64_t>(kOfferBatch, due - offered_);
      offered_ += batch;
      if (client.waiting + batch > pipeline_) {
        held_back_ += batch;
      } else {
        Send(&client, batch);
      }
    }
  }

  uint64_t answered_in_time() const { return answered_in_time_; }
  uint64_t held_back() const { return held_back_; }
  uint64_t outstanding() const { return outstanding_; }
  uint64_t drain_ns() const { return drain_ns_; }
  const Samples& samples() const { return samples_; }
  const std::vector<Client>& clients() const { return clients_; }

 private:
  static constexpr uint64_t kOfferBatch = 4;

  void Send(Client* client, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t id = random_.Below(keys_);
      if (size_ == 0) {
        client->connection->Add({"GET", key_(id)});
      } else {
        client->connection->Add({"SET", key_(id), value_(id, size_)});
      }
    }
    if (client->waiting == 0) client->sent_at = NowNs();
    client->waiting += count;
    outstanding_ += count;
    client->connection->Flush();
  }

  void Collect(int timeout_ms, bool send_more) {
    epoll_event events[128];
    const int n = epoll_wait(epoll_, events, 128, timeout_ms);
    if (n < 0 && errno != EINTR) Fatal(std::string("epoll_wait: ") + std::strerror(errno));
    for (int i = 0; i < n; ++i) {
      Client& client = clients_[events[i].data.u64];
      if (!client.connection->Receive()) continue;
      Reply reply;
      while (client.connection->Next(&reply)) {
        --client.waiting;
        ++client.served;
        --outstanding_;
        ++answered_;
      }
      if (client.waiting == 0) {
        samples_.Add(NowNs() - client.sent_at);
        if (send_more) Send(&client, pipeline_);
      }
    }
  }

  uint64_t keys_;
  size_t size_;
  uint64_t pipeline_;
  uint64_t rate_;
  uint64_t length_;
  Random random_;
  KeyName key_;
  Value value_;
  std::vector<Client> clients_;
  int epoll_;
  Samples samples_;
  size_t turn_ = 0;
  uint64_t offered_ = 0;
  uint64_t held_back_ = 0;
  uint64_t outstanding_ = 0;
  uint64_t answered_ = 0;
  uint64_t answered_in_time_ = 0;
  uint64_t drain_ns_ = 0;
};

void Report(const std::vector<std::unique_ptr<Crowd>>& crowds, double seconds) {
  Samples samples;
  uint64_t answered = 0, held_back = 0, missing = 0, drain = 0, errors = 0, most = 0;
  uint64_t least = UINT64_MAX;
  std::string first_error;
  for (const auto& crowd : crowds) {
    samples.Merge(crowd->samples());
    answered += crowd->answered_in_time();
    held_back += crowd->held_back();
    missing += crowd->outstanding();
    drain = std::max(drain, crowd->drain_ns());
    for (const Client& client : crowd->clients()) {
      least = std::min(least, client.served);
      most = std::max(most, client.served);
      errors += client.connection->errors();
      if (first_error.empty()) first_error = client.connection->first_error();
    }
  }
  samples.Sort();
  std::printf(
      "{\"per_second\":%.1f,\"least_served\":%lu,\"most_served\":%lu,\"held_back\":%lu,"
      "\"unanswered\":%lu,\"drain_ms\":%.3f,\"errors\":%lu,\"first_error\":\"%s\",%s}\n",
      static_cast<double>(answered) / seconds, least, most, held_back, missing,
      static_cast<double>(drain) / 1e6, errors, first_error.c_str(), samples.Json().c_str());
}

}  // namespace

int Clients(const Options& options) {
  const uint64_t threads = options.Number("threads", 1);
  const uint64_t clients = options.Number("clients", 64);
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (uint64_t i = 0; i < threads; ++i) {
    crowds.push_back(std::make_unique<Crowd>(options, clients / threads,
                                             options.Number("rate", 0) / threads, 100 + i));
  }
  // Told when every client is connected, so that memory and CPU are read from here on.
  std::printf("{\"connected\":%lu}\n", clients);
  std::fflush(stdout);
  std::vector<std::thread> workers;
  for (const auto& crowd : crowds) workers.emplace_back(&Crowd::Run, crowd.get());
  for (std::thread& worker : workers) worker.join();
  Report(crowds, static_cast<double>(options.Number("milliseconds", 1000)) / 1000.0);
  return 0;
}

}  // namespace replete::bench
