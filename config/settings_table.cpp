#include "config/settings_table.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>

#include "config/event_flags.h"
#include "config/foreign_settings.h"

namespace replete {
namespace {

constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr int64_t kMinInt = std::numeric_limits<int>::min();
constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxBytes = std::numeric_limits<uint64_t>::max();
constexpr int64_t kMiB = 1 << 20;
constexpr size_t kMaxBindAddresses = 16;

constexpr Word kProtectedActions[] = {
    {"no", static_cast<int>(ProtectedActions::kNo)},
    {"yes", static_cast<int>(ProtectedActions::kYes)},
    {"local", static_cast<int>(ProtectedActions::kLocal)},
};

constexpr Word kLogLevels[] = {
    {"debug", static_cast<int>(LogLevel::kDebug)},
    {"verbose", static_cast<int>(LogLevel::kVerbose)},
    {"notice", static_cast<int>(LogLevel::kNotice)},
    {"warning", static_cast<int>(LogLevel::kWarning)},
};

constexpr Word kLogFormats[] = {
    {"text", static_cast<int>(LogFormat::kText)},
    {"json", static_cast<int>(LogFormat::kJson)},
};

constexpr Word kUsesOfIoUring[] = {
    {"no", static_cast<int>(UseIoUring::kNo)},
    {"yes", static_cast<int>(UseIoUring::kYes)},
    {"auto", static_cast<int>(UseIoUring::kAuto)},
};

constexpr Word kCompressions[] = {
    {"none", static_cast<int>(DiskCompression::kNone)},
    {"snappy", static_cast<int>(DiskCompression::kSnappy)},
    {"lz4", static_cast<int>(DiskCompression::kLz4)},
    {"zstd", static_cast<int>(DiskCompression::kZstd)},
};

Problem ParseAddresses(std::string_view text, std::vector<std::string>* out) {
  std::vector<std::string> addresses;
  for (const std::string_view address : SplitAtBlanks(text)) {
    if (!address.empty()) addresses.emplace_back(address);
  }
  if (addresses.size() > kMaxBindAddresses) return "Too many bind addresses specified.";
  *out = std::move(addresses);
  return std::nullopt;
}

Problem SetBind(const Setting&, std::string_view text, Config* config) {
  return ParseAddresses(text, &config->bind);
}

Problem SetAdminBind(const Setting&, std::string_view text, Config* config) {
  return ParseAddresses(text, &config->admin_bind);
}

std::string AbsolutePath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> absolute(realpath(path.c_str(), nullptr), &free);
  return absolute ? std::string(absolute.get()) : path;
}

Problem SetDir(const Setting&, std::string_view text, Config* config) {
  const std::string path(text.substr(0, text.find('\0')));
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return std::system_category().message(errno);
  if (!S_ISDIR(status.st_mode)) return std::system_category().message(ENOTDIR);
  config->dir = AbsolutePath(path);
  return std::nullopt;
}

std::vector<std::string> Lowered(std::string_view text, bool keep_empty) {
  std::vector<std::string> words;
  for (const std::string_view word : SplitAtBlanks(text)) {
    if (keep_empty || !word.empty()) words.push_back(LowerCase(word));
  }
  return words;
}

Problem SetRenamed(const Setting&, std::string_view text, Config* config) {
  std::vector<std::string> words = Lowered(text, true);
  if (words.size() % 2 != 0) return "every command needs a new name";
  config->rename_command = std::move(words);
  return std::nullopt;
}

Problem SetDisabled(const Setting&, std::string_view text, Config* config) {
  config->disabled_commands = Lowered(text, false);
  return std::nullopt;
}

// As Redis writes it: bytes, or a percentage of maxmemory.
Problem SetClientsMemory(const Setting&, std::string_view text, Config* config) {
  if (!text.ends_with('%')) {
    uint64_t bytes = 0;
    if (Problem problem = ParseMemory(text, 0, kMaxLong, &bytes)) return problem;
    config->maxmemory_clients = static_cast<int64_t>(bytes);
    return std::nullopt;
  }
  int64_t percent = 0;
  text.remove_suffix(1);
  if (ParseInteger(text, 0, 100, &percent)) return "argument must be a memory or percent value";
  config->maxmemory_clients = -percent;
  return std::nullopt;
}

std::string GetClientsMemory(const Config& config) {
  const int64_t value = config.maxmemory_clients;
  return value < 0 ? fmt::format("{}%", -value) : std::to_string(value);
}

Problem SetPolicy(const Setting&, std::string_view text, Config* config) {
  // Redis' text and so Redis' words only, though ours are read as well.
  return ParseEvictionPolicy(text,
                             "argument(s) must be one of the following: volatile-lru, "
                             "volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, "
                             "allkeys-lfu, allkeys-random, noeviction",
                             &config->maxmemory_policy);
}

Problem SetOutputLimits(const Setting&, std::string_view text, Config* config) {
  return ParseOutputBufferLimits(text, &config->client_output_buffer_limit);
}

Problem SetEvents(const Setting&, std::string_view text, Config* config) {
  return ParseEventFlags(text, &config->notify_keyspace_events);
}

Problem SetPercentiles(const Setting&, std::string_view text, Config* config) {
  std::vector<double> percentiles;
  for (const std::string_view word : SplitAtBlanks(text)) {
    if (word.empty()) continue;
    const std::string copy(word);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || !(value >= 0 && value <= 100)) {
      return "latency-tracking-info-percentiles has an invalid percentile";
    }
    percentiles.push_back(value);
  }
  config->latency_tracking_info_percentiles = std::move(percentiles);
  return std::nullopt;
}

constexpr Setting kSettings[] = {
    Setting{.name = "bind",
            .section = "server",
            .change = Change::kAtStart,
            .repeatable = true,
            .doc = "Addresses to listen on; one with a - in front may be missing from the machine.",
            .allowed = "up to 16 addresses",
            .kind = ValueKind::kList,
            .set = SetBind,
            .get = [](const Config& config) { return JoinWithBlanks(config.bind); }},
    IntegerRow<&Config::port>(0, 65535,
                              {.name = "port",
                               .section = "server",
                               .change = Change::kAtStart,
                               .doc = "TCP port; 0 = no TCP."}),
    IntegerRow<&Config::tcp_backlog>(0, kMaxInt,
                                     {.name = "tcp-backlog",
                                      .section = "server",
                                      .change = Change::kAtStart,
                                      .doc = "Connections that may wait to be accepted."}),
    TextRow<&Config::unixsocket>({.name = "unixsocket",
                                  .section = "server",
                                  .change = Change::kAtStart,
                                  .doc = "Path of a Unix socket to listen on; empty = none.",
                                  .allowed = "a path"}),
    OctalRow<&Config::unixsocketperm>(
        0, 0777,
        {.name = "unixsocketperm",
         .section = "server",
         .change = Change::kAtStart,
         .doc = "Permission bits of the Unix socket; 0 = as the umask says."}),
    IntegerRow<&Config::threads>(1, 256,
                                 {.name = "threads",
                                  .section = "server",
                                  .change = Change::kAtStart,
                                  .doc = "Event loops, one thread each.",
                                  .default_doc = "the number of cores"}),
    YesNoRow<&Config::elastic_threads>(
        {.name = "elastic-threads",
         .section = "server",
         .change = Change::kAtStart,
         .doc =
             "Use as many of the threads as the load needs, moving connections between them; no: "
             "connections are dealt to all threads in turn and stay."}),
    YesNoRow<&Config::wake_pacing>(
        {.name = "wake-pacing",
         .section = "server",
         .doc =
             "Let requests of many busy connections gather for some microseconds (at most 50, or "
             "up to 200 where sleeping itself takes much of the processor, and a sixth of the time "
             "between two requests of a connection) instead of waking a thread for each."}),
    WordsRow<&Config::io_uring, kUsesOfIoUring>(
        {.name = "io-uring",
         .section = "server",
         .change = Change::kAtStart,
         .doc = "Receive from and send to several connections by one system call; auto = where a "
                "measurement at the start says that it costs less. yes: no start without."}),
    IntegerRow<&Config::databases>(1, 65536,
                                   {.name = "databases",
                                    .section = "server",
                                    .change = Change::kAtStart,
                                    .doc = "Numbered databases, from 0."}),
    Setting{.name = "dir",
            .section = "server",
            .change = Change::kProtected,
            .doc = "Directory for the daemon's files. Engines in memory write none.",
            .allowed = "an existing directory",
            .default_doc = "the working directory",
            .set = SetDir,
            .get = [](const Config& config) { return AbsolutePath(config.dir); }},
    TextRow<&Config::pidfile>({.name = "pidfile",
                               .section = "server",
                               .change = Change::kAtStart,
                               .doc = "File that holds the daemon's process id; empty = none.",
                               .allowed = "a path"}),
    WordsRow<&Config::loglevel, kLogLevels>(
        {.name = "loglevel",
         .section = "server",
         .doc = "How much the log tells: each level tells what those after it tell, too."}),
    TextRow<&Config::logfile>(
        {.name = "logfile",
         .section = "server",
         .change = Change::kAtStart,
         .doc = "File the log is appended to, opened anew by SIGUSR1; empty = standard output.",
         .allowed = "a path"}),
    WordsRow<&Config::log_format, kLogFormats>(
        {.name = "log-format",
         .section = "server",
         .doc = "Lines of text for people, or a JSON object a line."}),
    IntegerRow<&Config::admin_port>(
        0, 65535,
        {.name = "admin-port",
         .section = "server",
         .change = Change::kAtStart,
         .doc = "Port of the HTTP server for /metrics, /healthz and /readyz; 0 = none."}),
    Setting{.name = "admin-bind",
            .section = "server",
            .change = Change::kAtStart,
            .repeatable = true,
            .doc = "Addresses that it listens on.",
            .allowed = "up to 16 addresses",
            .kind = ValueKind::kList,
            .set = SetAdminBind,
            .get = [](const Config& config) { return JoinWithBlanks(config.admin_bind); }},
    TextRow<&Config::admin_password>(
        {.name = "admin-password",
         .section = "server",
         .sensitive = true,
         .doc = "Password for /metrics (Basic authentication, any user); empty = none."}),
    YesNoRow<&Config::auto_create>({.name = "auto-create",
                                    .section = "server",
                                    .doc = "Create a named namespace when it is first used."}),
    IntegerRow<&Config::maxclients>(1, std::numeric_limits<uint32_t>::max(),
                                    {.name = "maxclients",
                                     .section = "server",
                                     .doc = "Connections served at once; one more is refused."}),
    IntegerRow<&Config::timeout_s>(
        0, kMaxInt,
        {.name = "timeout",
         .section = "server",
         .doc = "Close a client that was idle for so many seconds; 0 = never."}),
    IntegerRow<&Config::tcp_keepalive_s>(
        0, kMaxInt,
        {.name = "tcp-keepalive",
         .section = "server",
         .doc = "Seconds between TCP keepalives of idle clients; 0 = none."}),
    MemoryRow<&Config::proto_max_bulk_len>(kMiB, kMaxLong,
                                           {.name = "proto-max-bulk-len",
                                            .section = "server",
                                            .doc = "Longest single argument of a request."}),
    MemoryRow<&Config::client_query_buffer_limit>(
        kMiB, kMaxLong,
        {.name = "client-query-buffer-limit",
         .section = "server",
         .doc = "Unprocessed bytes of one client; above it the client is cut."}),
    Setting{.name = "client-output-buffer-limit",
            .section = "server",
            .repeatable = true,
            .doc =
                "Unread replies of one client per class: hard limit, soft limit, and the seconds "
                "it may stay above the soft one.",
            .allowed = "CLASS HARD SOFT SECONDS, CLASS one of normal, replica, pubsub",
            .kind = ValueKind::kList,
            .set = SetOutputLimits,
            .get =
                [](const Config& config) {
                  return FormatOutputBufferLimits(config.client_output_buffer_limit);
                }},
    TextRow<&Config::requirepass>({.name = "requirepass",
                                   .section = "server",
                                   .sensitive = true,
                                   .doc = "Password of the default user; empty = none."}),
    YesNoRow<&Config::protected_mode>(
        {.name = "protected-mode",
         .section = "server",
         .doc = "Without a password, serve clients of this machine only."}),
    WordsRow<&Config::enable_protected_configs, kProtectedActions>(
        {.name = "enable-protected-configs",
         .section = "server",
         .change = Change::kAtStart,
         .doc = "Whether clients may change what reaches files, programs or other hosts; "
                "local = clients of this machine only."}),
    Setting{.name = "rename-command",
            .section = "server",
            .change = Change::kAtStart,
            .repeatable = true,
            .doc = "Commands that have another name; an empty one disables the command.",
            .allowed = "NAME NEWNAME, repeated for several",
            .kind = ValueKind::kList,
            .set = SetRenamed,
            .get = [](const Config& config) { return JoinWithBlanks(config.rename_command); }},
    Setting{.name = "disabled-commands",
            .section = "server",
            .change = Change::kAtStart,
            .repeatable = true,
            .doc = "Commands that are unknown to all clients.",
            .allowed = "names of commands",
            .kind = ValueKind::kList,
            .set = SetDisabled,
            .get = [](const Config& config) { return JoinWithBlanks(config.disabled_commands); }},
    MemoryRow<&Config::maxmemory>(0, kMaxBytes,
                                  {.name = "maxmemory",
                                   .section = "memory",
                                   .doc = "Memory of the whole process; 0 = no limit.",
                                   .default_doc = "0; three quarters of the control group's limit "
                                                  "where there is one"}),
    Setting{.name = "maxmemory-policy",
            .section = "memory",
            .doc = "What the numbered databases evict when memory is short.",
            .allowed = kAvailablePolicies,
            .kind = ValueKind::kWords,
            .set = SetPolicy,
            .get =
                [](const Config& config) {
                  return std::string(RedisEvictionPolicyWord(config.maxmemory_policy));
                }},
    Setting{.name = "maxmemory-clients",
            .section = "memory",
            .doc =
                "Memory of all clients' buffers; over it, the clients with the largest are closed. "
                "0 = no limit.",
            .allowed = "bytes, with a unit such as 64kb, 512mb, or a percentage of maxmemory: 5%",
            .set = SetClientsMemory,
            .get = GetClientsMemory},
    MemoryRow<&Config::disk_block_cache>(
        kMiB, kMaxLong,
        {.name = "disk-block-cache",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Memory for blocks of the store that were read, its indexes included."}),
    MemoryRow<&Config::disk_write_buffers>(
        kMiB, kMaxLong,
        {.name = "disk-write-buffers",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Memory for what was written and is not in files of the store yet."}),
    WordsRow<&Config::disk_compression, kCompressions>(
        {.name = "disk-compression",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "How blocks of the store are packed."}),
    WordsRow<&Config::disk_bottom_compression, kCompressions>(
        {.name = "disk-bottom-compression",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "The same for its last level, which holds most of it."}),
    MemoryRow<&Config::disk_blobs_from>(
        0, kMaxLong,
        {.name = "disk-blobs-from",
         .section = "disk",
         .change = Change::kAtStart,
         .doc =
             "Values of so many bytes, 4kb at least, lie in files of their own, which compactions "
             "need not write again; 0 = none do."}),
    MemoryRow<&Config::disk_reserve>(
        0, kMaxLong,
        {.name = "disk-reserve",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Room on the disk that the store holds back, so that on a full disk entries can "
                "still be deleted; 0 = none."}),
    IntegerRow<&Config::disk_background_jobs>(
        2, 64,
        {.name = "disk-background-jobs",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Flushes and compactions that run at the same time."}),
    IntegerRow<&Config::disk_background_nice>(
        0, 19,
        {.name = "disk-background-nice",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Nice level of the threads that flush and compact: 19 yields to all others."}),
    MemoryRow<&Config::disk_rate_limit>(
        0, kMaxLong,
        {.name = "disk-rate-limit",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Bytes a second that flushes and compactions write; 0 = no limit."}),
    IntegerRow<&Config::disk_readers>(
        1, 256,
        {.name = "disk-readers",
         .section = "disk",
         .change = Change::kAtStart,
         .doc = "Threads that read values which the system does not have in memory."}),
    Setting{
        .name = "notify-keyspace-events",
        .section = "events",
        .doc = "Keyspace events to publish: K, E or both, and classes; empty = none.",
        .allowed = "letters of Ag$lshzxeKEtmdn",
        .set = SetEvents,
        .get =
            [](const Config& config) { return FormatEventFlags(config.notify_keyspace_events); }},
    IntegerRow<&Config::hash_max_listpack_entries>(
        0, kMaxLong,
        {.name = "hash-max-listpack-entries",
         .alias = "hash-max-ziplist-entries",
         .section = "types",
         .doc = "Hashes up to so many fields are stored compactly."}),
    MemoryRow<&Config::hash_max_listpack_value>(
        0, kMaxLong,
        {.name = "hash-max-listpack-value",
         .alias = "hash-max-ziplist-value",
         .section = "types",
         .doc = "Longest field or value of a compact hash."}),
    IntegerRow<&Config::list_max_listpack_size>(
        kMinInt, kMaxInt,
        {.name = "list-max-listpack-size",
         .alias = "list-max-ziplist-size",
         .section = "types",
         .doc = "Size of a list's nodes: n elements, or -1 to -5 for 4, 8, 16, 32, 64 kb."}),
    MemoryRow<&Config::hll_sparse_max_bytes>(
        0, kMaxLong,
        {.name = "hll-sparse-max-bytes",
         .section = "types",
         .doc = "HyperLogLogs up to so many bytes are stored compactly."}),
    IntegerRow<&Config::slowlog_log_slower_than>(
        -1, kMaxLong,
        {.name = "slowlog-log-slower-than",
         .section = "observation",
         .doc = "Commands that take so many microseconds are kept for SLOWLOG; -1 = none."}),
    IntegerRow<&Config::slowlog_max_len>(0, kMaxLong,
                                         {.name = "slowlog-max-len",
                                          .section = "observation",
                                          .doc = "So many of them are kept, the latest."}),
    IntegerRow<&Config::stall_threshold_ms>(
        0, kMaxInt,
        {.name = "stall-threshold",
         .section = "observation",
         .doc = "Milliseconds after which the log names the command that holds up a thread; 0 = "
                "never."}),
    IntegerRow<&Config::latency_monitor_threshold>(
        0, kMaxLong,
        {.name = "latency-monitor-threshold",
         .section = "observation",
         .doc = "Events that take so many milliseconds are kept for LATENCY; 0 = none."}),
    YesNoRow<&Config::latency_tracking>({.name = "latency-tracking",
                                         .section = "observation",
                                         .doc = "Keep the distribution of each command's times."}),
    Setting{.name = "latency-tracking-info-percentiles",
            .section = "observation",
            .doc = "Percentiles of these times that INFO latencystats shows.",
            .allowed = "numbers from 0 to 100",
            .kind = ValueKind::kList,
            .set = SetPercentiles,
            .get =
                [](const Config& config) {
                  return fmt::format("{}",
                                     fmt::join(config.latency_tracking_info_percentiles, " "));
                }},
};

}  // namespace

int DefaultThreads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 256U));
}

std::span<const Setting> SettingsTable() { return kSettings; }

const Setting* FindSetting(std::string_view name) { return FindRow(SettingsTable(), name); }

std::string DescribeDefault(const Setting& setting) {
  if (!setting.default_doc.empty()) return std::string(setting.default_doc);
  std::string text = setting.get(Config{});
  return text.empty() ? "empty" : text;
}

Problem ApplyValue(const SettingValue& value, Config* config) {
  if (const Setting* setting = FindSetting(value.name)) {
    Problem problem = setting->set(*setting, value.value, config);
    if (!problem) return std::nullopt;
    return fmt::format("{} '{}': {} (allowed: {})", value.origin,
                       setting->sensitive ? "***" : value.value, *problem,
                       DescribeAllowed(*setting));
  }
  if (const ForeignSetting* foreign = FindForeignSetting(value.name)) {
    Problem problem = CheckForeignValue(*foreign, value.value);
    if (!problem) return std::nullopt;
    return fmt::format("{} '{}': {}", value.origin, value.value, *problem);
  }
  return fmt::format("{}: no such setting; --help lists them", value.origin);
}

}  // namespace replete
