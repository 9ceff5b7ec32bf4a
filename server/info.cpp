#include "server/info.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "config/eviction_policy.h"
#include "config/values.h"
#include "core/keyspace/allocator.h"
#include "core/keyspace/clock.h"
#include "core/tier/disk_tier.h"
#include "server/info_lines.h"
#include "server/process_memory.h"
#include "server/server.h"
#include "server/service_manager.h"
#include "server/version.h"

namespace replete {
namespace {

// Every keyspace once: a named one may stand in a database's place.
std::vector<std::shared_ptr<Keyspace>> AllKeyspaces(const NamespaceMap& map) {
  std::vector<std::shared_ptr<Keyspace>> all;
  for (const auto& keyspace : map.databases) {
    if (keyspace->numbered()) all.push_back(keyspace);
  }
  for (const auto& [name, keyspace] : map.named) all.push_back(keyspace);
  return all;
}

std::string Executable() {
  std::array<char, 4096> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<size_t>(size)) : std::string();
}

int64_t WallMicros() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

void WriteServer(Server& server, InfoLines& lines) {
  utsname system{};
  uname(&system);
  const int64_t uptime = (MonotonicNanos() / 1'000'000 - server.started_ms()) / 1000;
  const int64_t now_us = WallMicros();
  lines.Add("redis_version", kRedisVersion);
  lines.Add("replete_version", kRepleteVersion);
  lines.Add("redis_mode", "standalone");
  lines.Add("os", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  lines.Add("arch_bits", sizeof(void*) * 8);
  lines.Add("multiplexing_api", "epoll");
  lines.Add("process_id", getpid());
  lines.Add("run_id", server.run_id());
  lines.Add("tcp_port", server.port());
  lines.Add("uptime_in_seconds", uptime);
  lines.Add("uptime_in_days", uptime / 86400);
  lines.Add("server_time_usec", now_us);
  // As CONFIG GET answers: upkeep that is not bound to an instant runs every 100 ms.
  lines.Add("hz", 10);
  lines.Add("configured_hz", 10);
  lines.Add("process_supervised", ServiceManager::Present() ? "systemd" : "no");
  lines.Add("config_file", server.config_sources().file);
  lines.Add("executable", Executable());
}

void WriteClients(Server& server, InfoLines& lines) {
  const Server::ClientTotals totals = server.SumClients();
  lines.Add("connected_clients", server.client_count());
  lines.Add("maxclients", server.settings().Snapshot()->maxclients);
  lines.Add("client_recent_max_input_buffer", totals.largest_query_buffer);
  lines.Add("client_recent_max_output_buffer", totals.largest_output_buffer);
  lines.Add("blocked_clients", totals.blocked);
  lines.Add("pubsub_clients", totals.subscribed);
  lines.Add("tracking_clients", 0);
  lines.Add("cluster_connections", 0);
}

#if REPLETE_JEMALLOC
constexpr std::string_view kAllocator = "jemalloc-" JEMALLOC_VERSION;

void WriteAllocator(InfoLines& lines) {
  // jemalloc's figures are those of its current epoch, which MemoryLimit::Read begins twice a
  // second: a new one takes longer than all else that is told here.
  for (const auto& [field, name] : {std::pair("allocator_allocated", "stats.allocated"),
                                    std::pair("allocator_active", "stats.active"),
                                    std::pair("allocator_resident", "stats.resident")}) {
    size_t bytes = 0;
    size_t size = sizeof(bytes);
    if (mallctl(name, &bytes, &size, nullptr, 0) == 0) lines.Add(field, bytes);
  }
}
#else
constexpr std::string_view kAllocator = "libc";

void WriteAllocator(InfoLines&) {}
#endif

std::string Percent(uint64_t part, uint64_t whole) {
  const double percent =
      whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{:.2f}%", percent);
}

void WriteMemory(Server& server, InfoLines& lines) {
  const auto config = server.settings().Snapshot();
  const auto used = static_cast<uint64_t>(std::max<int64_t>(0, server.memory_limit().used()));
  const uint64_t peak = std::max(used, server.memory_limit().Peak());
  const uint64_t resident = ResidentBytes();
  const auto dataset = static_cast<uint64_t>(std::max<int64_t>(0, server.memory().used()));
  lines.AddBytes("used_memory", used);
  lines.AddBytes("used_memory_rss", resident);
  lines.AddBytes("used_memory_peak", peak);
  lines.Add("used_memory_peak_perc", Percent(used, peak));
  lines.Add("used_memory_overhead", used - std::min(used, dataset));
  lines.Add("used_memory_dataset", dataset);
  lines.Add("used_memory_dataset_perc", Percent(dataset, used));
  WriteAllocator(lines);
  lines.AddBytes("total_system_memory", static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                            static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  lines.Add("mem_clients_normal", server.memory_limit().clients());
  lines.AddBytes("maxmemory", config->maxmemory);
  lines.Add("maxmemory_policy", RedisEvictionPolicyWord(config->maxmemory_policy));
  const double ratio = used == 0 ? 0 : static_cast<double>(resident) / static_cast<double>(used);
  lines.Add("mem_fragmentation_ratio", fmt::format("{:.2f}", ratio));
  lines.Add("mem_fragmentation_bytes", static_cast<int64_t>(resident) - static_cast<int64_t>(used));
  lines.Add("mem_allocator", kAllocator);
}

// Libraries wait until `loading` says 0.
void WritePersistence(Server& server, InfoLines& lines) {
  const DiskTier* tier = server.disk_tier();
  lines.Add("loading", server.loading() ? 1 : 0);
  if (server.loading() && tier != nullptr) lines.Add("loading_loaded_keys", tier->read_back());
  lines.Add("aof_enabled", 0);
}

void WriteStats(Server& server, InfoLines& lines) {
  StatsTotal total = server.namespaces().departed();
  for (const auto& keyspace : AllKeyspaces(*server.namespaces().Current())) {
    total.Add(keyspace->stats());
  }
  const ServerStats& stats = server.stats();
  lines.Add("total_connections_received", stats.connections_received.load());
  lines.Add("total_commands_processed", server.commands_processed());
  lines.Add("instantaneous_ops_per_sec", server.rates().Of(Rates::kCommands));
  lines.Add("total_net_input_bytes", stats.net_input_bytes.load());
  lines.Add("total_net_output_bytes", stats.net_output_bytes.load());
  const auto kbps = [&server](Rates::Which which) {
    return fmt::format("{:.2f}", static_cast<double>(server.rates().Of(which)) / 1024);
  };
  lines.Add("instantaneous_input_kbps", kbps(Rates::kInputBytes));
  lines.Add("instantaneous_output_kbps", kbps(Rates::kOutputBytes));
  lines.Add("rejected_connections", stats.rejected_connections.load());
  lines.Add("evicted_clients", stats.evicted_clients.load());
  lines.Add("expired_keys", total.expired);
  lines.Add("evicted_keys", total.evicted);
  lines.Add("keyspace_hits", total.hits);
  lines.Add("keyspace_misses", total.misses);
  uint64_t errors = 0;
  for (const auto& [code, count] : stats.errors()) errors += count;
  lines.Add("total_error_replies", errors);
  lines.Add("pubsub_channels", server.pubsub().channel_count());
  lines.Add("pubsub_patterns", server.pubsub().pattern_count());
  lines.Add("pubsubshard_channels", server.shard_pubsub().channel_count());
}

void WriteReplication(Server& server, InfoLines& lines) {
  lines.Add("role", "master");
  lines.Add("connected_slaves", 0);
  lines.Add("master_replid", server.run_id());
  lines.Add("master_repl_offset", 0);
  lines.Add("repl_backlog_active", 0);
}

void WriteCpu(Server&, InfoLines& lines) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto add = [&lines](std::string_view name, const timeval& time) {
    lines.Add(name, fmt::format("{}.{:06}", time.tv_sec, time.tv_usec));
  };
  add("used_cpu_sys", usage.ru_stime);
  add("used_cpu_user", usage.ru_utime);
}

void WriteCluster(Server&, InfoLines& lines) { lines.Add("cluster_enabled", 0); }

void WriteKeyspace(Server& server, InfoLines& lines) {
  for (const auto& keyspace : server.namespaces().Current()->databases) {
    const size_t keys = keyspace->size();
    if (!keyspace->numbered() || keys == 0) continue;
    lines.Add(fmt::format("db{}", keyspace->database()),
              fmt::format("keys={},expires={},avg_ttl=0", keys, keyspace->entries_with_deadline()));
  }
}

void WriteNamespaces(Server& server, InfoLines& lines) {
  for (const auto& [name, keyspace] : server.namespaces().Current()->named) {
    lines.Add(
        fmt::format("ns_{}", name),
        fmt::format("keys={},expires={},bytes={},version={}", keyspace->size(),
                    keyspace->entries_with_deadline(), keyspace->bytes(), keyspace->version()));
  }
}

void WriteReplete(Server& server, InfoLines& lines) {
  uint64_t acquisitions = 0;
  uint64_t contended = 0;
  int64_t growth = 0;
  for (const auto& keyspace : AllKeyspaces(*server.namespaces().Current())) {
    for (size_t i = 0; i < keyspace->shards(); ++i) {
      acquisitions += keyspace->shard(i).lock_acquisitions.get();
      contended += keyspace->shard(i).mutex.contended();
      growth = std::max(growth, keyspace->shard(i).stats.longest_growth.load());
    }
  }
  const ServerStats& stats = server.stats();
  lines.Add("threads", server.threads());
  lines.Add("threads_active", server.active_threads());
  lines.Add("connections_moved", stats.connections_moved.load());
  lines.Add("io_uring", server.uses_io_uring() ? "yes" : "no");
  lines.Add("longest_wake_pause_us", server.longest_pause_nanos() / 1000);
  lines.Add("wake_pauses", stats.wake_pauses.load());
  lines.Add("longest_loop_iteration_us", stats.longest_loop_iteration_us());
  lines.Add("longest_loop_iteration_cpu_us", stats.longest_loop_iteration_cpu_us());
  lines.Add("longest_lock_hold_us", stats.longest_lock_hold_us());
  lines.Add("longest_lock_hold_cpu_us", stats.longest_lock_hold_cpu_us());
  lines.Add("longest_insert_cpu_us", growth / 1000);
  lines.Add("longest_relief_cpu_us", stats.longest_relief_us());
  lines.Add("lock_acquisitions", acquisitions);
  lines.Add("lock_contended", contended);
}

// When a section is shown to who does not name it.
enum class Shown { kByDefault, kInAll };

struct Section {
  std::string_view name;
  std::string_view title;
  void (*write)(Server&, InfoLines&);
  Shown shown = Shown::kByDefault;
  bool (*takes_long)(const Server&) = nullptr;
};

bool Always(const Server&) { return true; }

// RocksDB's figures are behind its own lock.
bool HasStore(const Server& server) { return server.disk_tier() != nullptr; }

// Of the store of all namespaces on disk.
void WriteDisk(Server& server, InfoLines& lines) {
  const DiskTier* tier = server.disk_tier();
  lines.Add("disk_open", tier != nullptr ? 1 : 0);
  if (tier == nullptr) return;
  const DiskStore::Figures figures = tier->store().figures();
  const DiskWriter& writer = tier->writer();
  lines.AddBytes("disk_used", figures.disk_bytes);
  lines.AddBytes("disk_memory", figures.memory_bytes);
  lines.Add("disk_writes_queued", writer.queued());
  lines.Add("disk_writes_failed", writer.failed());
  lines.Add("disk_keys_kept", writer.kept());
  const DiskReader::Figures reads = tier->reader().figures();
  lines.Add("disk_reads_at_once", reads.calls_at_once);
  lines.Add("disk_values_read_at_once", reads.values_at_once);
  lines.Add("disk_values_read_by_readers", reads.values_by_threads);
  lines.Add("disk_failing", writer.failing() ? 1 : 0);
  lines.Add("disk_full", writer.full() ? 1 : 0);
  lines.Add("disk_compactions_running", figures.compactions);
  lines.Add("disk_compaction_pending_bytes", figures.pending_bytes);
  lines.Add("disk_writes_stopped", figures.writes_stopped ? 1 : 0);
  lines.Add("disk_writes_delayed_to", figures.delayed_rate);
  lines.Add("disk_background_errors", figures.background_errors);
  lines.Add("disk_files_by_level", fmt::format("{}", fmt::join(figures.files, ",")));
}

constexpr Section kSections[] = {
    {"server", "Server", WriteServer},
    {"clients", "Clients", WriteClients},
    {"memory", "Memory", WriteMemory},
    {"persistence", "Persistence", WritePersistence},
    {"stats", "Stats", WriteStats},
    {"replication", "Replication", WriteReplication},
    {"cpu", "CPU", WriteCpu},
    {"commandstats", "Commandstats", WriteCommandStats, Shown::kInAll, Always},
    {"errorstats", "Errorstats", WriteErrorStats},
    {"latencystats", "Latencystats", WriteLatencyStats, Shown::kInAll, Always},
    {"cluster", "Cluster", WriteCluster},
    {"keyspace", "Keyspace", WriteKeyspace},
    {"namespaces", "Namespaces", WriteNamespaces},
    {"disk", "Disk", WriteDisk, Shown::kByDefault, HasStore},
    {"replete", "Replete", WriteReplete},
};

bool Wanted(const Section& section, std::span<const std::string_view> sections) {
  const bool by_default = section.shown == Shown::kByDefault;
  if (sections.empty()) return by_default;
  return std::any_of(sections.begin(), sections.end(), [&](std::string_view asked) {
    return SameWord(asked, section.name) || (SameWord(asked, "default") && by_default) ||
           SameWord(asked, "all") || SameWord(asked, "everything");
  });
}

}  // namespace

std::string InfoText(Server& server, std::span<const std::string_view> sections) {
  std::string text;
  InfoLines lines(&text);
  for (const Section& section : kSections) {
    if (!Wanted(section, sections)) continue;
    if (!text.empty()) text += "\r\n";
    fmt::format_to(std::back_inserter(text), "# {}\r\n", section.title);
    section.write(server, lines);
  }
  return text;
}

bool InfoTakesLong(const Server& server, std::span<const std::string_view> sections) {
  return std::any_of(std::begin(kSections), std::end(kSections), [&](const Section& section) {
    return section.takes_long != nullptr && Wanted(section, sections) && section.takes_long(server);
  });
}

void ResetInfoStatistics(Server& server) {
  for (const auto& keyspace : AllKeyspaces(*server.namespaces().Current())) keyspace->ResetStats();
  server.namespaces().ResetDeparted();
  ServerStats& stats = server.stats();
  stats.commands_before_reset = server.commands_processed() + stats.commands_before_reset;
  stats.connections_received = 0;
  stats.rejected_connections = 0;
  stats.evicted_clients = 0;
  stats.net_input_bytes = 0;
  stats.net_output_bytes = 0;
  stats.ResetMaxima();
  stats.ResetErrors();
  server.ResetCommandStats();
}

}  // namespace replete
