#include "config/foreign_settings.h"

#include "config/row.h"

namespace replete {
namespace {

using Kind = ForeignSetting::Kind;

constexpr Kind kLive = Kind::kLive;
constexpr Kind kImmutable = Kind::kImmutable;
constexpr Kind kDirective = Kind::kDirective;
constexpr std::nullopt_t kNever = std::nullopt;  // no value of it is true here

constexpr std::string_view kNoFiles =
    "use engine = \"disk\" for a namespace that must outlive the daemon; namespaces in memory "
    "write "
    "no files";
constexpr std::string_view kNoCluster = "there is no cluster mode; one daemon holds all caches";
constexpr std::string_view kNoReplication = "replication is not available in this version";
constexpr std::string_view kNoTls = "TLS is not available in this version";
constexpr std::string_view kNoAcl = "ACL users are not available in this version";
constexpr std::string_view kNoScripts = "scripts are not available in this version";
constexpr std::string_view kNotYet = "not available in this version";
constexpr std::string_view kForeground =
    "the daemon runs in the foreground; leave that to systemd, a container or the shell";
constexpr std::string_view kThreads = "use threads";
constexpr std::string_view kExactExpiry = "keys go at their deadline here, not by a sampling timer";
constexpr std::string_view kExactEviction = "eviction here goes by exact order, not by samples";
constexpr std::string_view kAllocator = "the allocator needs no help; it reads MALLOC_CONF";
constexpr std::string_view kAffinity = "start the daemon with taskset";
constexpr std::string_view kLog =
    "there is no log in this version; problems at start go to standard error";
constexpr std::string_view kBackground = "large removals are always freed in the background";
constexpr std::string_view kSystem = "the daemon leaves that to the system";
constexpr std::string_view kNoModules = "modules cannot be loaded";
constexpr std::string_view kTable = "tables grow and shrink in small steps by themselves";

constexpr ForeignSetting kForeign[] = {
    // Snapshots and the append-only file.
    {"appendonly", "", kLive, "no", kNoFiles},
    {"save", "", kLive, "", kNoFiles},
    {"appendfilename", "", kImmutable, kNever, kNoFiles},
    {"appenddirname", "", kImmutable, kNever, kNoFiles},
    {"appendfsync", "", kLive, kNever, kNoFiles},
    {"no-appendfsync-on-rewrite", "", kLive, kNever, kNoFiles},
    {"auto-aof-rewrite-percentage", "", kLive, kNever, kNoFiles},
    {"auto-aof-rewrite-min-size", "", kLive, kNever, kNoFiles},
    {"aof-load-truncated", "", kLive, kNever, kNoFiles},
    {"aof-use-rdb-preamble", "", kLive, kNever, kNoFiles},
    {"aof-timestamp-enabled", "", kLive, kNever, kNoFiles},
    {"aof-rewrite-incremental-fsync", "", kLive, kNever, kNoFiles},
    {"aof-disable-auto-gc", "", kLive, kNever, kNoFiles},
    {"dbfilename", "", kLive, kNever, kNoFiles},
    {"rdbcompression", "", kLive, kNever, kNoFiles},
    {"rdbchecksum", "", kImmutable, kNever, kNoFiles},
    {"rdb-save-incremental-fsync", "", kLive, kNever, kNoFiles},
    {"rdb-del-sync-files", "", kLive, kNever, kNoFiles},
    {"sanitize-dump-payload", "", kLive, kNever, kNotYet},
    {"stop-writes-on-bgsave-error", "", kLive, "no", kNoFiles},

    // The process.
    {"daemonize", "", kImmutable, "no", kForeground},
    {"supervised", "", kImmutable, "no", kForeground},
    {"io-threads", "", kImmutable, "1", kThreads},
    {"io-threads-do-reads", "", kImmutable, "no", kThreads},
    {"set-proc-title", "", kImmutable, "no", "the title of the process is its command line"},
    {"proc-title-template", "", kLive, kNever, "the title of the process is its command line"},
    {"always-show-logo", "", kImmutable, "no", "there is no logo"},
    {"syslog-enabled", "", kImmutable, "no", kLog},
    {"syslog-ident", "", kImmutable, kNever, kLog},
    {"syslog-facility", "", kImmutable, kNever, kLog},
    {"crash-log-enabled", "", kLive, "no", kSystem},
    {"crash-memcheck-enabled", "", kLive, "no", kSystem},
    {"disable-thp", "", kImmutable, kNever, kSystem},
    {"oom-score-adj", "", kLive, "no", kSystem},
    {"oom-score-adj-values", "", kLive, kNever, kSystem},
    {"ignore-warnings", "", kLive, "", kSystem},
    {"locale-collate", "", kLive, kNever, kNotYet},
    {"server_cpulist", "", kImmutable, "", kAffinity},
    {"bio_cpulist", "", kImmutable, "", kAffinity},
    {"aof_rewrite_cpulist", "", kImmutable, "", kAffinity},
    {"bgsave_cpulist", "", kImmutable, "", kAffinity},
    {"shutdown-timeout", "", kLive, kNever, kNoReplication},
    {"shutdown-on-sigint", "", kLive, "default",
     "the daemon stops cleanly and has no files to save"},
    {"shutdown-on-sigterm", "", kLive, "default",
     "the daemon stops cleanly and has no files to save"},
    {"bind-source-addr", "", kLive, "", kNotYet},
    {"socket-mark-id", "", kImmutable, "0", kSystem},
    {"hz", "", kLive, "10", kExactExpiry},
    {"dynamic-hz", "", kLive, "yes", kExactExpiry},
    {"enable-debug-command", "", kImmutable, "no", kNotYet},
    {"enable-module-command", "", kImmutable, "no", kNoModules},
    {"loadmodule", "", kDirective, kNever, kNoModules},
    {"include", "", kDirective, kNever, "one file holds the whole configuration"},
    {"user", "", kDirective, kNever, kNoAcl},

    // Memory.
    {"maxmemory-samples", "", kLive, kNever, kExactEviction},
    {"maxmemory-eviction-tenacity", "", kLive, kNever,
     "the work of evicting is bounded per command"},
    {"active-expire-effort", "", kLive, kNever, kExactExpiry},
    {"lfu-log-factor", "", kLive, kNever, "policy 'lfu' is not available in this version"},
    {"lfu-decay-time", "", kLive, kNever, "policy 'lfu' is not available in this version"},
    {"lazyfree-lazy-eviction", "", kLive, kNever, kBackground},
    {"lazyfree-lazy-expire", "", kLive, kNever, kBackground},
    {"lazyfree-lazy-server-del", "", kLive, kNever, kBackground},
    {"lazyfree-lazy-user-del", "", kLive, kNever, kBackground},
    {"lazyfree-lazy-user-flush", "", kLive, "yes", kBackground},
    {"activedefrag", "", kLive, "no", kAllocator},
    {"active-defrag-cycle-max", "", kLive, kNever, kAllocator},
    {"active-defrag-cycle-min", "", kLive, kNever, kAllocator},
    {"active-defrag-ignore-bytes", "", kLive, kNever, kAllocator},
    {"active-defrag-max-scan-fields", "", kLive, kNever, kAllocator},
    {"active-defrag-threshold-lower", "", kLive, kNever, kAllocator},
    {"active-defrag-threshold-upper", "", kLive, kNever, kAllocator},
    {"jemalloc-bg-thread", "", kLive, kNever, kAllocator},
    {"activerehashing", "", kLive, kNever, kTable},

    // Types and commands to come.
    {"list-compress-depth", "", kLive, "0", kNotYet},
    {"set-max-intset-entries", "", kLive, kNever, kNotYet},
    {"set-max-listpack-entries", "", kLive, kNever, kNotYet},
    {"set-max-listpack-value", "", kLive, kNever, kNotYet},
    {"zset-max-listpack-entries", "zset-max-ziplist-entries", kLive, kNever, kNotYet},
    {"zset-max-listpack-value", "zset-max-ziplist-value", kLive, kNever, kNotYet},
    {"stream-node-max-bytes", "", kLive, kNever, kNotYet},
    {"stream-node-max-entries", "", kLive, kNever, kNotYet},
    {"tracking-table-max-keys", "", kLive, kNever,
     "client tracking is not available in this version"},
    {"busy-reply-threshold", "lua-time-limit", kLive, kNever, kNoScripts},

    // Access.
    {"aclfile", "", kImmutable, "", kNoAcl},
    {"acl-pubsub-default", "", kLive, kNever, kNoAcl},
    {"acllog-max-len", "", kLive, kNever, kNoAcl},
    {"tls-port", "", kLive, "0", kNoTls},
    {"tls-cluster", "", kLive, "no", kNoTls},
    {"tls-replication", "", kLive, "no", kNoTls},
    {"tls-auth-clients", "", kLive, kNever, kNoTls},
    {"tls-ca-cert-dir", "", kLive, kNever, kNoTls},
    {"tls-ca-cert-file", "", kLive, kNever, kNoTls},
    {"tls-cert-file", "", kLive, kNever, kNoTls},
    {"tls-key-file", "", kLive, kNever, kNoTls},
    {"tls-key-file-pass", "", kLive, kNever, kNoTls},
    {"tls-client-cert-file", "", kLive, kNever, kNoTls},
    {"tls-client-key-file", "", kLive, kNever, kNoTls},
    {"tls-client-key-file-pass", "", kLive, kNever, kNoTls},
    {"tls-dh-params-file", "", kLive, kNever, kNoTls},
    {"tls-ciphers", "", kLive, kNever, kNoTls},
    {"tls-ciphersuites", "", kLive, kNever, kNoTls},
    {"tls-protocols", "", kLive, kNever, kNoTls},
    {"tls-prefer-server-ciphers", "", kLive, kNever, kNoTls},
    {"tls-session-caching", "", kLive, kNever, kNoTls},
    {"tls-session-cache-size", "", kLive, kNever, kNoTls},
    {"tls-session-cache-timeout", "", kLive, kNever, kNoTls},

    // Replication.
    {"replicaof", "slaveof", kImmutable, "", kNoReplication},
    {"masterauth", "", kLive, kNever, kNoReplication},
    {"masteruser", "", kLive, kNever, kNoReplication},
    {"min-replicas-to-write", "min-slaves-to-write", kLive, "0", kNoReplication},
    {"min-replicas-max-lag", "min-slaves-max-lag", kLive, kNever, kNoReplication},
    {"propagation-error-behavior", "", kLive, kNever, kNoReplication},
    {"repl-backlog-size", "", kLive, kNever, kNoReplication},
    {"repl-backlog-ttl", "", kLive, kNever, kNoReplication},
    {"repl-disable-tcp-nodelay", "", kLive, kNever, kNoReplication},
    {"repl-diskless-load", "", kLive, kNever, kNoReplication},
    {"repl-diskless-sync", "", kLive, kNever, kNoReplication},
    {"repl-diskless-sync-delay", "", kLive, kNever, kNoReplication},
    {"repl-diskless-sync-max-replicas", "", kLive, kNever, kNoReplication},
    {"repl-ping-replica-period", "repl-ping-slave-period", kLive, kNever, kNoReplication},
    {"repl-timeout", "", kLive, kNever, kNoReplication},
    {"replica-announce-ip", "slave-announce-ip", kLive, kNever, kNoReplication},
    {"replica-announce-port", "slave-announce-port", kLive, kNever, kNoReplication},
    {"replica-announced", "", kLive, kNever, kNoReplication},
    {"replica-ignore-disk-write-errors", "", kLive, kNever, kNoReplication},
    {"replica-ignore-maxmemory", "slave-ignore-maxmemory", kLive, kNever, kNoReplication},
    {"replica-lazy-flush", "slave-lazy-flush", kLive, kNever, kNoReplication},
    {"replica-priority", "slave-priority", kLive, kNever, kNoReplication},
    {"replica-read-only", "slave-read-only", kLive, kNever, kNoReplication},
    {"replica-serve-stale-data", "slave-serve-stale-data", kLive, kNever, kNoReplication},

    // Cluster.
    {"cluster-enabled", "", kImmutable, "no", kNoCluster},
    {"cluster-config-file", "", kImmutable, kNever, kNoCluster},
    {"cluster-port", "", kImmutable, "0", kNoCluster},
    {"cluster-node-timeout", "", kLive, kNever, kNoCluster},
    {"cluster-announce-bus-port", "", kLive, kNever, kNoCluster},
    {"cluster-announce-hostname", "", kLive, kNever, kNoCluster},
    {"cluster-announce-human-nodename", "", kLive, kNever, kNoCluster},
    {"cluster-announce-ip", "", kLive, kNever, kNoCluster},
    {"cluster-announce-port", "", kLive, kNever, kNoCluster},
    {"cluster-announce-tls-port", "", kLive, kNever, kNoCluster},
    {"cluster-allow-pubsubshard-when-down", "", kLive, kNever, kNoCluster},
    {"cluster-allow-reads-when-down", "", kLive, kNever, kNoCluster},
    {"cluster-allow-replica-migration", "", kLive, kNever, kNoCluster},
    {"cluster-link-sendbuf-limit", "", kLive, kNever, kNoCluster},
    {"cluster-migration-barrier", "", kLive, kNever, kNoCluster},
    {"cluster-preferred-endpoint-type", "", kLive, kNever, kNoCluster},
    {"cluster-replica-no-failover", "cluster-slave-no-failover", kLive, kNever, kNoCluster},
    {"cluster-replica-validity-factor", "cluster-slave-validity-factor", kLive, kNever, kNoCluster},
    {"cluster-require-full-coverage", "", kLive, kNever, kNoCluster},
};

}  // namespace

std::span<const ForeignSetting> ForeignSettings() { return kForeign; }

const ForeignSetting* FindForeignSetting(std::string_view name) {
  for (const ForeignSetting& setting : kForeign) {
    if (SameName(setting.name, name)) return &setting;
    if (!setting.alias.empty() && SameName(setting.alias, name)) return &setting;
  }
  return nullptr;
}

Problem CheckForeignValue(const ForeignSetting& setting, std::string_view value) {
  if (setting.fixed && SameWord(*setting.fixed, value)) return std::nullopt;
  if (setting.fixed == "yes" || setting.fixed == "no") {
    bool ignored = false;
    // oom-score-adj and supervised have more words than these two.
    const bool is_yes_or_no = setting.name != "oom-score-adj" && setting.name != "supervised";
    if (is_yes_or_no) {
      if (Problem problem = ParseYesNo(value, &ignored)) return problem;
    }
  }
  return std::string(setting.reason);
}

}  // namespace replete
