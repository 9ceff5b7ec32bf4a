#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "config/eviction_policy.h"
#include "config/output_buffer_limits.h"

namespace replete {

// What may be touched over the network although it reaches the file system, a program or another
// host (see the DESIGN's "enable-protected-configs").
enum class ProtectedActions : uint8_t { kNo, kLocal, kYes };

// How much the log tells: each level tells what those after it tell, too.
enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning };
enum class LogFormat : uint8_t { kText, kJson };

// Whether transfers of several connections are handed to the kernel together.
enum class UseIoUring : uint8_t { kNo, kYes, kAuto };

// How blocks of records are packed on disk.
enum class DiskCompression : uint8_t { kNone, kSnappy, kLz4, kZstd };

// One loop per core this process may run on.
int DefaultThreads();

// Every setting of the daemon with its default. Plain values: copied as a whole, published as an
// immutable snapshot by Settings. What each one means, its range and whether it may change while
// the daemon runs is said once, in settings_table.cpp.
struct Config {
  // server
  std::vector<std::string> bind = {"127.0.0.1", "-::1"};
  int port = 6379;
  int tcp_backlog = 511;
  std::string unixsocket;
  int unixsocketperm = 0;
  int threads = DefaultThreads();
  bool elastic_threads = true;
  bool wake_pacing = true;
  UseIoUring io_uring = UseIoUring::kAuto;
  int databases = 16;
  std::string dir = ".";
  std::string pidfile;
  LogLevel loglevel = LogLevel::kNotice;
  std::string logfile;
  LogFormat log_format = LogFormat::kText;
  int admin_port = 0;
  std::vector<std::string> admin_bind = {"127.0.0.1"};
  std::string admin_password;
  bool auto_create = false;
  // clients
  int64_t maxclients = 10000;
  int timeout_s = 0;
  int tcp_keepalive_s = 300;
  uint64_t proto_max_bulk_len = 512ULL << 20;
  uint64_t client_query_buffer_limit = 1ULL << 30;
  OutputBufferLimits client_output_buffer_limit;
  // security
  std::string requirepass;
  bool protected_mode = true;
  ProtectedActions enable_protected_configs = ProtectedActions::kNo;
  std::vector<std::string> rename_command;  // old name, new name, ...; an empty new one: disabled
  std::vector<std::string> disabled_commands;
  // memory
  uint64_t maxmemory = 0;
  EvictionPolicy maxmemory_policy = EvictionPolicy::kNone;
  int64_t maxmemory_clients = 0;  // bytes; negative: a percentage of maxmemory; 0: no limit
  // disk
  uint64_t disk_block_cache = 64ULL << 20;
  uint64_t disk_write_buffers = 64ULL << 20;
  DiskCompression disk_compression = DiskCompression::kLz4;
  DiskCompression disk_bottom_compression = DiskCompression::kLz4;
  uint64_t disk_blobs_from = 4096;
  uint64_t disk_reserve = 64ULL << 20;
  int disk_background_jobs = 2;
  int disk_background_nice = 10;
  uint64_t disk_rate_limit = 0;  // bytes per second; 0: none
  int disk_readers = 4;
  // events
  uint32_t notify_keyspace_events = 0;  // bits of event_flags
  // types
  int64_t hash_max_listpack_entries = 512;
  uint64_t hash_max_listpack_value = 64;
  int list_max_listpack_size = -2;
  uint64_t hll_sparse_max_bytes = 3000;
  // observation
  int64_t slowlog_log_slower_than = 10000;  // microseconds; negative: none
  int64_t slowlog_max_len = 128;
  int64_t stall_threshold_ms = 1000;      // 0: nobody watches
  int64_t latency_monitor_threshold = 0;  // milliseconds; 0: none
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};

  bool operator==(const Config&) const = default;
};

}  // namespace replete
