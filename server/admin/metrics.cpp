#include "server/admin/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/tier/disk_tier.h"
#include "server/admin/metrics_writer.h"
#include "server/command_table.h"
#include "server/cycle_clock.h"
#include "server/info.h"
#include "server/process_memory.h"
#include "server/server.h"
#include "server/version.h"

namespace replete {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";

void WriteProcess(Server& server, MetricsWriter& out) {
  const int64_t uptime_ms = MonotonicMillis() - server.started_ms();
  out.Single("redis_up", kGauge, "Whether the daemon answers: 1.", 1);
  out.Family("redis_instance_info", kGauge, "Versions and kind of the daemon.");
  out.Sample({{"redis_version", kRedisVersion},
              {"replete_version", kRepleteVersion},
              {"redis_mode", "standalone"},
              {"role", "master"},
              {"run_id", server.run_id()}},
             1);
  out.Single("redis_uptime_in_seconds", kGauge, "Seconds since the start.", uptime_ms / 1000);
  out.Single("redis_start_time_seconds", kGauge, "Unix time of the start.",
             (server.clock().NowMs() - uptime_ms) / 1000);
  out.Single("redis_process_id", kGauge, "Process id.", ::getpid());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  out.Single("redis_cpu_sys_seconds_total", kCounter, "CPU time in the kernel.",
             seconds(usage.ru_stime));
  out.Single("redis_cpu_user_seconds_total", kCounter, "CPU time in the daemon.",
             seconds(usage.ru_utime));
}

void WriteMemory(Server& server, MetricsWriter& out) {
  const auto used = std::max<int64_t>(0, server.memory_limit().used());
  const uint64_t resident = ResidentBytes();
  out.Single("redis_memory_used_bytes", kGauge, "Memory that counts towards maxmemory.", used);
  out.Single("redis_memory_used_peak_bytes", kGauge, "The most there was of it.",
             std::max(static_cast<uint64_t>(used), server.memory_limit().Peak()));
  out.Single("redis_memory_used_dataset_bytes", kGauge, "Entries, tables and indexes.",
             std::max<int64_t>(0, server.memory().used()));
  out.Single("redis_memory_used_rss_bytes", kGauge, "Resident memory of the process.", resident);
  out.Single("redis_memory_max_bytes", kGauge, "maxmemory; 0 is no limit.",
             server.settings().Snapshot()->maxmemory);
  out.Single("redis_mem_fragmentation_ratio", kGauge, "Resident over used memory.",
             used == 0 ? 0.0 : static_cast<double>(resident) / static_cast<double>(used));
}

void WriteDisk(Server& server, MetricsWriter& out) {
  const DiskTier* tier = server.disk_tier();
  if (tier == nullptr) return;
  const DiskStore::Figures figures = tier->store().figures();
  const DiskWriter& writer = tier->writer();
  out.Single("replete_disk_used_bytes", kGauge, "Files of the store.", figures.disk_bytes);
  out.Single("replete_disk_memory_bytes", kGauge, "Block cache and write buffers of the store.",
             figures.memory_bytes);
  out.Single("replete_disk_writes_queued", kGauge, "Writes that are not stored yet.",
             writer.queued());
  out.Single("replete_disk_writes_failed_total", kCounter, "Writes that could not be stored.",
             writer.failed());
  out.Single("replete_disk_keys_kept", kGauge,
             "Keys whose last write is in memory alone, for the disk took nothing.", writer.kept());
  const DiskReader::Figures reads = tier->reader().figures();
  out.Single("replete_disk_values_read_at_once_total", kCounter,
             "Values read by the loops, from what the system has in memory.", reads.values_at_once);
  out.Single("replete_disk_values_read_by_readers_total", kCounter,
             "Values that disk-readers were asked for.", reads.values_by_threads);
  out.Single("replete_disk_failing", kGauge, "1: the disk takes no writes.",
             static_cast<uint64_t>(writer.failing()));
  out.Single("replete_disk_full", kGauge, "1: the store lives on what it held back.",
             static_cast<uint64_t>(writer.full()));
  out.Single("replete_disk_compactions_running", kGauge, "Compactions.", figures.compactions);
  out.Single("replete_disk_compaction_pending_bytes", kGauge, "What compactions ought to rewrite.",
             figures.pending_bytes);
  out.Single("replete_disk_writes_stopped", kGauge, "1: until compactions have caught up.",
             static_cast<uint64_t>(figures.writes_stopped));
  out.Single("replete_disk_background_errors_total", kCounter,
             "Flushes and compactions that failed.", figures.background_errors);
}

void WriteClients(Server& server, MetricsWriter& out) {
  const Server::ClientTotals totals = server.SumClients();
  out.Single("redis_connected_clients", kGauge, "Clients.", server.client_count());
  out.Single("redis_blocked_clients", kGauge, "Clients that wait for an element.", totals.blocked);
  out.Single("redis_pubsub_clients", kGauge, "Clients that are subscribed.", totals.subscribed);
  out.Single("redis_config_maxclients", kGauge, "maxclients.",
             server.settings().Snapshot()->maxclients);
  out.Single("replete_client_query_buffer_bytes", kGauge, "Requests that are not served yet.",
             totals.query_buffers);
  out.Single("replete_client_output_buffer_bytes", kGauge, "Replies that are not sent yet.",
             totals.output_buffers);
  out.Single("redis_pubsub_channels", kGauge, "Channels with subscribers.",
             server.pubsub().channel_count());
  out.Single("redis_pubsub_patterns", kGauge, "Patterns with subscribers.",
             server.pubsub().pattern_count());
  out.Single("redis_pubsubshard_channels", kGauge, "Shard channels with subscribers.",
             server.shard_pubsub().channel_count());
}

void WriteTraffic(Server& server, MetricsWriter& out) {
  const ServerStats& stats = server.stats();
  out.Single("redis_commands_processed_total", kCounter, "Commands.", server.commands_processed());
  out.Single("redis_connections_received_total", kCounter, "Connections accepted.",
             stats.connections_received.load());
  out.Single("redis_rejected_connections_total", kCounter, "Connections over maxclients.",
             stats.rejected_connections.load());
  out.Single("redis_net_input_bytes_total", kCounter, "Bytes received.",
             stats.net_input_bytes.load());
  out.Single("redis_net_output_bytes_total", kCounter, "Bytes sent.",
             stats.net_output_bytes.load());
  out.Single("redis_slowlog_length", kGauge, "Entries of SLOWLOG.", server.slow_log().size());
  out.Family("redis_errors_total", kCounter, "Error replies by their code.");
  for (const auto& [code, count] : stats.errors()) out.Sample({{"err", code}}, count);
  out.Single("replete_threads_active", kGauge, "Loops in use.", server.active_threads());
  out.Single("replete_longest_loop_iteration_seconds", kGauge,
             "Longest time a loop was busy with one piece of work, since the last reset.",
             static_cast<double>(stats.longest_loop_iteration_us()) / 1e6);
  out.Single("replete_longest_lock_hold_seconds", kGauge,
             "Longest time upkeep held a lock of a keyspace, since the last reset.",
             static_cast<double>(stats.longest_lock_hold_us()) / 1e6);
}

// --- namespaces ---

struct Figures {
  std::string name;
  const Keyspace* keyspace;
  StatsTotal stats;
};

std::vector<Figures> CollectNamespaces(const NamespaceMap& map) {
  std::vector<Figures> all;
  const auto add = [&all](const std::string& name, const Keyspace& keyspace) {
    all.push_back({name, &keyspace, keyspace.stats()});
  };
  for (const auto& database : map.databases) {
    if (database->numbered()) add(database->name(), *database);
  }
  for (const auto& [name, keyspace] : map.named) add(name, *keyspace);
  // A numbered database that was never used says nothing.
  std::erase_if(all, [](const Figures& one) {
    return one.keyspace->numbered() && one.keyspace->size() == 0 && one.stats.writes == 0 &&
           one.stats.misses == 0;
  });
  return all;
}

struct NamespaceFamily {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  uint64_t (*of)(const Figures&);
};

constexpr NamespaceFamily kNamespaceFamilies[] = {
    {"replete_namespace_entries", kGauge, "Entries.",
     [](const Figures& one) { return uint64_t{one.keyspace->size()}; }},
    {"replete_namespace_entries_expiring", kGauge, "Entries with a deadline.",
     [](const Figures& one) { return uint64_t{one.keyspace->entries_with_deadline()}; }},
    {"replete_namespace_memory_bytes", kGauge, "Memory of entries, tables and indexes.",
     [](const Figures& one) { return uint64_t{one.keyspace->bytes()}; }},
    {"replete_namespace_max_entries", kGauge, "max_entries; 0 is no limit.",
     [](const Figures& one) { return static_cast<uint64_t>(one.keyspace->max_entries()); }},
    {"replete_namespace_max_memory_bytes", kGauge, "max_memory; 0 is no limit.",
     [](const Figures& one) { return static_cast<uint64_t>(one.keyspace->max_memory()); }},
    {"replete_namespace_hot_bytes", kGauge, "Memory of entries that have their values there.",
     [](const Figures& one) { return uint64_t{one.keyspace->hot_bytes()}; }},
    {"replete_namespace_disk_bytes", kGauge, "Keys and values on disk.",
     [](const Figures& one) { return static_cast<uint64_t>(one.keyspace->tier_bytes()); }},
    {"replete_namespace_max_disk_bytes", kGauge, "max_disk; 0 is no limit.",
     [](const Figures& one) { return static_cast<uint64_t>(one.keyspace->max_disk()); }},
    {"replete_namespace_version", kGauge, "Version, see NAMESPACE BUMP.",
     [](const Figures& one) { return one.keyspace->version(); }},
    {"replete_namespace_hits_total", kCounter, "Reads that found their key.",
     [](const Figures& one) { return one.stats.hits; }},
    {"replete_namespace_misses_total", kCounter, "Reads that did not.",
     [](const Figures& one) { return one.stats.misses; }},
    {"replete_namespace_writes_total", kCounter, "Values stored.",
     [](const Figures& one) { return one.stats.writes; }},
    {"replete_namespace_deletes_total", kCounter, "Entries removed by commands.",
     [](const Figures& one) { return one.stats.deletes; }},
    {"replete_namespace_expired_total", kCounter, "Entries whose deadline passed.",
     [](const Figures& one) { return one.stats.expired; }},
    {"replete_namespace_evicted_total", kCounter, "Entries evicted by a limit.",
     [](const Figures& one) { return one.stats.evicted; }},
};

void WriteNamespaces(Server& server, MetricsWriter& out) {
  const auto map = server.namespaces().Current();
  const std::vector<Figures> all = CollectNamespaces(*map);
  StatsTotal total = server.namespaces().departed();
  for (const Figures& one : all) total.Add(one.stats);
  out.Single("redis_keyspace_hits_total", kCounter, "Reads that found their key.", total.hits);
  out.Single("redis_keyspace_misses_total", kCounter, "Reads that did not.", total.misses);
  out.Single("redis_expired_keys_total", kCounter, "Keys whose deadline passed.", total.expired);
  out.Single("redis_evicted_keys_total", kCounter, "Keys evicted by a limit.", total.evicted);
  const auto per_database = [&](std::string_view name, std::string_view help,
                                size_t (*of)(const Keyspace&)) {
    out.Family(name, kGauge, help);
    for (const Figures& one : all) {
      if (!one.keyspace->numbered()) continue;
      out.Sample({{"db", "db" + one.name}}, of(*one.keyspace));
    }
  };
  per_database("redis_db_keys", "Keys of a numbered database.",
               [](const Keyspace& keyspace) { return keyspace.size(); });
  per_database("redis_db_keys_expiring", "Keys of it with a deadline.",
               [](const Keyspace& keyspace) { return keyspace.entries_with_deadline(); });
  for (const NamespaceFamily& family : kNamespaceFamilies) {
    out.Family(family.name, family.type, family.help);
    for (const Figures& one : all) out.Sample({{"namespace", one.name}}, family.of(one));
  }
}

// --- commands ---

struct Used {
  std::string name;
  CommandStats::Total total;
};

double Seconds(uint64_t ticks) { return static_cast<double>(CycleClock::Nanos(ticks)) / 1e9; }

// Powers of two from a microsecond to 8 seconds.
constexpr size_t kBounds = 24;
double Bound(size_t i) { return 1e-6 * static_cast<double>(uint64_t{1} << i); }

void WriteHistogram(const Used& one, MetricsWriter& out) {
  uint64_t below = 0;
  size_t bucket = 0;
  for (size_t i = 0; i < kBounds; ++i) {
    while (bucket < CommandStats::kBuckets &&
           Seconds(CommandStats::BucketEnd(bucket)) <= Bound(i)) {
      below += one.total.times[bucket++];
    }
    out.Sample({{"cmd", one.name}, {"le", fmt::format("{:g}", Bound(i))}}, below, "_bucket");
  }
  const uint64_t all = one.total.timed();
  out.Sample({{"cmd", one.name}, {"le", "+Inf"}}, all, "_bucket");
  out.Sample({{"cmd", one.name}}, Seconds(one.total.ticks), "_sum");
  out.Sample({{"cmd", one.name}}, all, "_count");
}

void WriteCommands(Server& server, MetricsWriter& out) {
  std::vector<Used> used;
  server.ForEachUsedCommand([&](const std::string& name, const CommandStats::Total& total) {
    used.push_back({name, total});
  });
  const auto family = [&](std::string_view name, std::string_view help, auto of) {
    out.Family(name, kCounter, help);
    for (const Used& one : used) out.Sample({{"cmd", one.name}}, of(one.total));
  };
  using Total = CommandStats::Total;
  family("redis_commands_total", "Calls.", [](const Total& total) { return total.calls; });
  family("redis_commands_duration_seconds_total", "Time of the calls, the wait for locks included.",
         [](const Total& total) { return Seconds(total.ticks); });
  family("redis_commands_rejected_calls_total", "Calls that did not run.",
         [](const Total& total) { return total.rejected; });
  family("redis_commands_failed_calls_total", "Calls that ran and answered an error.",
         [](const Total& total) { return total.failed; });
  out.Family("replete_command_duration_seconds", "histogram",
             "Times of the calls since latency-tracking is on.");
  for (const Used& one : used) {
    if (one.total.timed() > 0) WriteHistogram(one, out);
  }
}

}  // namespace

std::string MetricsText(Server& server) {
  MetricsWriter out;
  WriteProcess(server, out);
  WriteMemory(server, out);
  WriteClients(server, out);
  WriteDisk(server, out);
  WriteTraffic(server, out);
  WriteNamespaces(server, out);
  WriteCommands(server, out);
  return out.Take();
}

}  // namespace replete
