#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_sources.h"
#include "config/settings.h"
#include "core/keyspace/clock.h"
#include "core/keyspace/namespace_map.h"
#include "core/keyspace/reclaimer.h"
#include "core/tier/fake_tier.h"
#include "server/client.h"
#include "server/client_pause.h"
#include "server/command_stats.h"
#include "server/command_table.h"
#include "server/latency_monitor.h"
#include "server/memory_limit.h"
#include "server/monitors.h"
#include "server/pubsub.h"
#include "server/rates.h"
#include "server/server_stats.h"
#include "server/slow_log.h"

namespace replete {

class DiskEngine;
class DiskTier;
class Dispatcher;
class Listener;
class Loop;
class ThreadScaler;
class WorkerPool;
struct DiskFaults;
struct Effect;

// Receives every effect in order, under the locks of its keys (tests, later the replication log).
using EffectSink = std::function<void(const Effect&)>;

struct ServerOptions {
  Config config;
  NamespaceDefaults namespace_defaults;
  std::vector<DeclaredNamespace> namespaces;
  ConfigSources sources;  // of the above
  CommandTable::Names command_names;
  bool with_test_commands = false;
  EffectSink effect_sink;                    // none: effects are not even made
  Clock* clock = nullptr;                    // null: the system's
  std::optional<FakeTierOptions> fake_tier;  // all keyspaces get it
  std::shared_ptr<DiskFaults> disk_faults;   // of the tests
  bool moves_sessions = false;               // all the time, from loop to loop
  bool always_pauses = false;                // loops, however little there is to do: WakePacing
};

// The daemon: everything that is shared by the loops, made in the order that they depend on each
// other.
class Server final : public TierHost {
 public:
  explicit Server(ServerOptions options);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds the sockets; the problem names the address.
  [[nodiscard]] Problem Listen();
  // Runs the loops until Stop; the calling thread is one of them. False: it stopped because of a
  // failure, which has been logged.
  bool Run();
  // Any thread, and from a signal handler's loop: no new connections, what is answered is sent,
  // loops end.
  void Stop();

  Settings& settings() { return settings_; }
  const Settings& settings() const { return settings_; }
  const CommandTable& commands() const { return commands_; }
  NamespaceRegistry& namespaces() { return *namespaces_; }
  const NamespaceRegistry& namespaces() const { return *namespaces_; }
  const NamespaceDefaults& namespace_defaults() const { return namespace_defaults_; }
  const ConfigSources& config_sources() const { return config_sources_; }
  Reclaimer& reclaimer() { return reclaimer_; }
  MemoryTotal& memory() { return memory_; }
  PubSub& pubsub() { return pubsub_; }
  // Of the channels of SSUBSCRIBE, whose names have nothing to do with the others'.
  PubSub& shard_pubsub() { return shard_pubsub_; }
  WorkerPool& workers() { return *workers_; }
  WorkerPool& reports() { return *reports_; }
  // One thread that frees what was cleared: on more than one core it would be in the way of the
  // loops, and in the queue of the workers in that of clients.
  WorkerPool& disposal() { return *disposal_; }
  Clock& clock() const { return *clock_; }
  // Every 100 ms, on the first loop.
  void TickClock();
  // What the disk engine holds in memory, and how far it is at the start. Loop 0.
  void TickStore();
  ServerStats& stats() { return stats_; }
  ClientPause& pause() { return pause_; }
  Monitors& monitors() { return monitors_; }
  // Whether what has expired is swept; else it goes when it is looked for (DEBUG).
  bool sweeps() const { return sweeps_.load(std::memory_order_relaxed); }
  void set_sweeps(bool sweeps) { sweeps_.store(sweeps, std::memory_order_relaxed); }
  SlowLog& slow_log() { return slow_log_; }
  LatencyMonitor& latencies() { return latencies_; }
  const Rates& rates() const { return rates_; }
  // Every 100 ms.
  void SampleRates();
  // Where whoever is no loop counts.
  CommandStats& shared_command_stats() { return shared_command_stats_; }
  // What all threads have counted of a command since ResetCommandStats.
  CommandStats::Total TotalOf(const Command& command) const;
  // Those that were called or refused, by their full names.
  void ForEachUsedCommand(
      const std::function<void(const std::string&, const CommandStats::Total&)>& fn) const;

  // Why the daemon should be killed and started again; empty: it should not.
  std::string HealthProblem() const;
  // Why clients should not be sent here; empty: they may come.
  std::string ReadinessProblem() const;
  void ResetCommandStats();

  int64_t started_ms() const { return started_ms_; }
  const std::string& run_id() const { return run_id_; }
  int port() const;
  size_t threads() const { return loops_.size(); }
  // Of those, the first so many take connections.
  size_t active_threads() const { return active_threads_.load(std::memory_order_relaxed); }
  Loop& loop(size_t index) { return *loops_[index]; }
  const Loop& loop(size_t index) const { return *loops_[index]; }
  uint64_t commands_processed() const;

  bool AuthenticateDefault(std::string_view password) const;
  bool RequiresPassword() const;
  // Whether a client's Client is what HELLO, RESET and AUTH leave it as; see
  // server/commands/connection.cpp.
  void ResetClient(Client& client);

  uint64_t NextClientId() { return next_client_id_.fetch_add(1) + 1; }
  // Out of all channels and patterns, and of MONITOR.
  void UnsubscribeAll(Client& client, const Subscriber* subscriber);
  // False: maxclients is reached.
  bool AddClient(std::shared_ptr<const ClientInfo> info);
  void RemoveClient(uint64_t id);
  void ForEachClient(const std::function<void(const ClientInfo&)>& fn) const;
  size_t client_count() const;
  // What INFO and the metrics tell of all of them.
  struct ClientTotals {
    size_t blocked = 0;
    size_t subscribed = 0;
    size_t query_buffers = 0;
    size_t output_buffers = 0;
    size_t largest_query_buffer = 0;
    size_t largest_output_buffer = 0;
  };
  ClientTotals SumClients() const;

  // The process may take a request of so many bytes, if need be after `dispatcher` has evicted for
  // it.
  bool HasMemory(Dispatcher& dispatcher, size_t request_bytes);
  MemoryLimit& memory_limit() { return memory_limit_; }
  // A worker evicts what the keyspace has over its limits.
  void TrimLater(Keyspace& keyspace);
  // Reads what the allocator loses, and starts evicting if that is too much. Every 100 ms.
  void CorrectMemory();

  // Takes more or fewer loops into use, as elastic-threads says. Every 100 ms, on the first loop.
  void ScaleThreads();
  bool moves_sessions() const { return moves_sessions_; }
  bool uses_io_uring() const { return uses_io_uring_; }
  int64_t longest_pause_nanos() const { return longest_pause_nanos_; }  // see WakePacing
  bool always_pauses() const { return always_pauses_; }

  void AppendEffect(const Effect& effect);

  // TierHost.
  void Undo(const TierBatch& batch) override;
  void Renew(const TierKeys& keys) override;
  // Whose records are of this generation; null: nobody's any more.
  std::shared_ptr<Keyspace> KeyspaceOf(uint64_t generation) const {
    return namespaces_->Current()->FindByGeneration(generation);
  }
  FakeTier* fake_tier() { return fake_tier_.get(); }
  // Null: no namespace is on disk.
  DiskTier* disk_tier() const;
  DiskEngine& disk_engine() { return *disk_engine_; }
  DiskFaults* disk_faults() const { return disk_faults_.get(); }
  // Whether keys are being read back from disk: clients wait.
  bool loading() const { return loading_.load(std::memory_order_relaxed); }

 private:
  void RelieveLater();
  void EvictClients();
  CommandStats::Total CountedOf(const Command& command) const;
  bool IsUsed(const Command& command) const;
  void MakeNamespaces(const Config& config, const ServerOptions& options);
  void MakeRemembered(const ServerOptions& options);
  void ReadBack();
  void ApplyConfig(const Config& old, const Config& now);

  Settings settings_;
  const NamespaceDefaults namespace_defaults_;
  const ConfigSources config_sources_;
  const CommandTable commands_;
  SystemClock system_clock_;
  Clock* clock_;
  EffectSink effect_sink_;
  std::mutex effect_mutex_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  MemoryLimit memory_limit_{memory_};
  std::unique_ptr<FakeTier> fake_tier_;
  const std::shared_ptr<DiskFaults> disk_faults_;
  std::unique_ptr<DiskEngine> disk_engine_;
  std::atomic<bool> loading_{false};
  int64_t tell_loading_ms_ = 0;  // when next to tell how far it is
  std::atomic<bool> failed_{false};
  std::atomic<bool> correcting_memory_{false};
  std::atomic<bool> relieving_{false};
  std::unique_ptr<NamespaceRegistry> namespaces_;
  PubSub pubsub_;
  PubSub shard_pubsub_{Message::Kind::kSharded};
  ServerStats stats_;
  ClientPause pause_;
  Monitors monitors_;
  std::atomic<bool> sweeps_{true};
  SlowLog slow_log_;
  LatencyMonitor latencies_;
  Rates rates_;
  CommandStats shared_command_stats_{commands_, true};
  mutable std::mutex before_reset_mutex_;
  std::map<const Command*, CommandStats::Total> before_reset_;
  const int64_t started_ms_;
  const std::string run_id_;
  std::atomic<uint64_t> next_client_id_{0};
  std::atomic<size_t> client_count_{0};
  mutable std::mutex clients_mutex_;
  std::map<uint64_t, std::shared_ptr<const ClientInfo>> clients_;
  const bool moves_sessions_;
  bool uses_io_uring_ = false;
  int64_t longest_pause_nanos_ = 0;
  const bool always_pauses_;
  std::atomic<bool> serving_{false};
  std::atomic<size_t> active_threads_{1};
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<WorkerPool> reports_;  // what the daemon tells of itself waits for no worker
  std::unique_ptr<WorkerPool> disposal_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<ThreadScaler> thread_scaler_;  // elastic-threads
  std::unique_ptr<Listener> listener_;
};

}  // namespace replete
