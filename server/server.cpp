#include "server/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>

#include "core/keyspace/allocator.h"
#include "core/replication/effect.h"
#include "server/disk_engine.h"
#include "server/dispatcher.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/machine.h"
#include "server/service_manager.h"
#include "server/session.h"
#include "server/thread_scaler.h"
#include "server/worker_pool.h"

namespace replete {
namespace {

constexpr size_t kWorkers = 2;
constexpr int kDisposalNice = 5;

std::string MakeRunId() {
  std::random_device device;
  std::string id;
  while (id.size() < 40) id += fmt::format("{:08x}", device());
  return id;
}

// As many descriptors as maxclients needs, where the hard limit allows it.
void RaiseDescriptorLimit(int64_t maxclients) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = static_cast<rlim_t>(maxclients) + kOwnDescriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Server::Server(ServerOptions options)
    : settings_(options.config),
      namespace_defaults_(options.namespace_defaults),
      config_sources_(std::move(options.sources)),
      commands_(options.with_test_commands, options.command_names),
      clock_(options.clock != nullptr ? options.clock : &system_clock_),
      effect_sink_(std::move(options.effect_sink)),
      disk_faults_(std::move(options.disk_faults)),
      disk_engine_(std::make_unique<DiskEngine>(*this, *clock_, disk_faults_)),
      started_ms_(MonotonicNanos() / 1'000'000),
      run_id_(MakeRunId()),
      moves_sessions_(options.moves_sessions),
      always_pauses_(options.always_pauses) {
  const Config& config = options.config;
  if (options.fake_tier) fake_tier_ = std::make_unique<FakeTier>(*this, *options.fake_tier);
  if (Problem problem = disk_engine_->OpenExisting(config)) throw std::runtime_error(*problem);
  MakeNamespaces(config, options);
  MakeRemembered(options);
  if (disk_tier() != nullptr) loading_ = !disk_tier()->catalog().Incomplete().empty();
  if (!loading() && disk_tier() != nullptr) (void)disk_tier()->ReadBack(1);  // nothing
  disk_engine_->NoteStarted();
  memory_limit_.Set(static_cast<int64_t>(config.maxmemory));
  workers_ = std::make_unique<WorkerPool>("worker", kWorkers);
  reports_ = std::make_unique<WorkerPool>("report", 1);
  disposal_ = std::make_unique<WorkerPool>("disposal", 1, kDisposalNice);
  uses_io_uring_ = config.io_uring == UseIoUring::kYes ||
                   (config.io_uring == UseIoUring::kAuto && SocketBatch::Pays());
  longest_pause_nanos_ = WakePacing::MeasureMost();
  const auto loops = static_cast<size_t>(std::max(1, config.threads));
  for (size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(*this, i, loops));
  if (config.elastic_threads && loops > 1) {
    thread_scaler_ = std::make_unique<ThreadScaler>(loops_);
  } else {
    active_threads_ = loops;
  }
  RaiseDescriptorLimit(config.maxclients);
  settings_.OnChange([this](const Config& old, const Config& now) { ApplyConfig(old, now); });
}

// What the sources declare is right by itself and beside each other (Compose), so that the registry
// has nothing to refuse.
void Server::MakeNamespaces(const Config& config, const ServerOptions& options) {
  const NamespaceRegistry::Surroundings surroundings{
      .reclaimer = &reclaimer_,
      .memory = &memory_,
      .wants_effects = effect_sink_ != nullptr,
      .tiers = disk_engine_.get(),
      .tier = fake_tier_.get(),
      .hot_memory = options.fake_tier ? options.fake_tier->hot_memory : 0};
  std::map<int, NamespaceSettings> numbered;
  for (const DeclaredNamespace& one : options.namespaces) {
    if (one.numbered()) numbered[std::stoi(one.name)] = one.settings;
  }
  namespaces_ = std::make_unique<NamespaceRegistry>(config.databases, config.maxmemory_policy,
                                                    surroundings, numbered);
  for (const DeclaredNamespace& one : options.namespaces) {
    if (one.numbered()) continue;
    if (Problem problem = namespaces_->Create(one.name, one.settings)) {
      throw std::runtime_error(fmt::format("namespace '{}': {}", one.name, *problem));
    }
  }
  // One called default always exists.
  if (!namespaces_->Current()->named.contains("default")) {
    (void)namespaces_->Create("default", namespace_defaults_.For("default"));
  }
}

// What the configuration does not name and the store remembers.
void Server::MakeRemembered(const ServerOptions& options) {
  if (disk_tier() == nullptr) return;
  for (const StoredNamespace& one : disk_tier()->catalog().Remembered()) {
    if (namespaces_->Current()->Find(one.name) != nullptr) continue;
    NamespaceSettings settings = options.namespace_defaults.For(one.name);
    std::vector<OptionValue> values;
    for (const auto& [name, value] : one.options) values.push_back({name, value});
    Problem problem = ApplyOptions(&settings, values, ApplyMode::kCreate);
    if (!problem) problem = namespaces_->Create(one.name, settings, /*remember=*/true);
    if (problem) {
      throw std::runtime_error(
          fmt::format("namespace '{}', which the store remembers: {}", one.name, *problem));
    }
  }
  for (const StoredNamespace& one : disk_tier()->catalog().Unattached()) {
    LogWarning("the store holds entries of a namespace '{}' that is not on disk any more",
               one.name);
  }
}

// The tiers answer all that wait before those who wait go.
Server::~Server() {
  workers_->Stop();
  reports_->Stop();
  fake_tier_.reset();
  disk_engine_->Close();
  disposal_->Stop();
  for (auto& loop : loops_) loop->RunWhatIsLeft();
  listener_.reset();
  loops_.clear();
}

Problem Server::Listen() {
  listener_ = std::make_unique<Listener>(*this);
  return listener_->Open(*settings_.Snapshot());
}

DiskTier* Server::disk_tier() const { return disk_engine_->tier(); }

bool Server::Run() {
  if (listener_) listener_->Start();
  serving_ = true;
  if (loading()) workers_->Post([this] { ReadBack(); });
  std::vector<std::thread> threads;
  for (size_t i = 1; i < loops_.size(); ++i) {
    threads.emplace_back([this, i] {
      ::pthread_setname_np(::pthread_self(), fmt::format("loop {}", i).c_str());
      loops_[i]->Run();
    });
  }
  loops_[0]->Run();
  for (std::thread& thread : threads) thread.join();
  LogNotice("stopped");
  workers_->Stop();
  reports_->Stop();
  disposal_->Stop();
  if (disk_tier() != nullptr && !failed_ && !loading()) disk_tier()->SaveRecency();
  return !failed_;
}

// A daemon without all of its keys would answer that they do not exist.
void Server::ReadBack() {
  const int64_t start = MonotonicMillis();
  const Problem problem = disk_tier()->ReadBack(std::max(1u, std::thread::hardware_concurrency()));
  if (problem) {
    if (!serving_) return;  // stopped before it was done
    LogWarning("{}: stopping", *problem);
    failed_ = true;
    return Stop();
  }
  LogNotice("{} keys read back from disk in {} ms", disk_tier()->read_back(),
            MonotonicMillis() - start);
  loading_ = false;
  ServiceManager::Tell("READY=1\nSTATUS=");
  // Limits may have been lowered meanwhile.
  const auto map = namespaces_->Current();
  for (const auto& keyspace : map->databases) {
    if (keyspace->OverLimits()) TrimLater(*keyspace);
  }
  for (const auto& [name, keyspace] : map->named) {
    if (keyspace->OverLimits()) TrimLater(*keyspace);
  }
}

void Server::Stop() {
  serving_ = false;
  if (loading()) disk_tier()->CancelReadBack();
  boost::asio::post(loops_[0]->context(), [this] {
    if (listener_) listener_->Close();
    for (auto& loop : loops_) loop->Stop();
  });
}

void Server::ApplyConfig(const Config& old, const Config& now) {
  memory_limit_.Set(static_cast<int64_t>(now.maxmemory));
  if (now.maxmemory_policy != old.maxmemory_policy) {
    namespaces_->SetNumberedPolicy(now.maxmemory_policy);
  }
  if (now.maxclients != old.maxclients) RaiseDescriptorLimit(now.maxclients);
  Log::Get().Apply(now);
}

std::string Server::HealthProblem() const {
  constexpr int64_t kDead = 5000;
  for (size_t i = 0; i < loops_.size(); ++i) {
    const int64_t silent = loops_[i]->SilentMs();
    if (silent > kDead) return fmt::format("thread {} has been held up for {} ms", i, silent);
  }
  return {};
}

std::string Server::ReadinessProblem() const {
  if (!serving_) return "the daemon is starting or stopping";
  if (!loading()) return {};
  return fmt::format("keys are being read back from disk: {} so far", disk_tier()->read_back());
}

void Server::TickClock() {
  const int64_t moved = clock_->Tick();
  if (moved == 0) return;
  LogWarning("the system's clock was set {} by {} ms: deadlines go by the new time",
             moved > 0 ? "forward" : "back", std::abs(moved));
  if (moved > 0) return;
  workers_->Post([this] {
    const auto map = namespaces_->Current();
    for (const auto& database : map->databases) database->FollowClockBack(clock_->NowMs());
    for (const auto& [name, keyspace] : map->named) keyspace->FollowClockBack(clock_->NowMs());
  });
}

void Server::TickStore() {
  const DiskTier* tier = disk_tier();
  if (tier == nullptr) return;
  memory_limit_.SetStore(static_cast<int64_t>(tier->store().memory_bytes()));
  if (!loading() || MonotonicMillis() < tell_loading_ms_) return;
  constexpr int64_t kTellEveryMs = 2000;
  tell_loading_ms_ = MonotonicMillis() + kTellEveryMs;
  const std::string progress = fmt::format("{} keys read back from disk so far", tier->read_back());
  LogNotice("{}", progress);
  // It waits as long as this goes on.
  ServiceManager::Tell("EXTEND_TIMEOUT_USEC=30000000\nSTATUS=" + progress);
}

int Server::port() const { return listener_ ? listener_->port() : 0; }

uint64_t Server::commands_processed() const {
  uint64_t total = 0;
  for (const auto& loop : loops_) total += loop->commands();
  return total - stats_.commands_before_reset.load(std::memory_order_relaxed);
}

bool Server::RequiresPassword() const { return !settings_.Snapshot()->requirepass.empty(); }

CommandStats::Total Server::CountedOf(const Command& command) const {
  CommandStats::Total total;
  shared_command_stats_.AddTo(command, &total);
  for (const auto& loop : loops_) loop->command_stats().AddTo(command, &total);
  return total;
}

// Most have never been used: their times are not added up.
bool Server::IsUsed(const Command& command) const {
  if (shared_command_stats_.IsUsed(command)) return true;
  return std::any_of(loops_.begin(), loops_.end(), [&command](const auto& loop) {
    return loop->command_stats().IsUsed(command);
  });
}

void Server::ForEachUsedCommand(
    const std::function<void(const std::string&, const CommandStats::Total&)>& fn) const {
  const auto tell = [&](const Command* container, const Command& command) {
    if (!IsUsed(command)) return;
    const CommandStats::Total total = TotalOf(command);
    if (total.calls + total.rejected > 0) fn(FullName(container, command), total);
  };
  for (const Command* command : commands_.all()) {
    tell(nullptr, *command);
    for (const Command& sub : command->subcommands) tell(command, sub);
  }
}

CommandStats::Total Server::TotalOf(const Command& command) const {
  // Counted under the lock: what a reset has taken off is never more.
  std::lock_guard lock(before_reset_mutex_);
  CommandStats::Total total = CountedOf(command);
  const auto before = before_reset_.find(&command);
  if (before != before_reset_.end()) total.Subtract(before->second);
  return total;
}

// The counters go on, each with its one writer; what they had is taken off from now on.
void Server::ResetCommandStats() {
  std::lock_guard lock(before_reset_mutex_);
  const auto reset = [this](const Command& command) {
    CommandStats::Total total = CountedOf(command);
    if (total.calls + total.rejected > 0) before_reset_[&command] = total;
  };
  for (const Command* command : commands_.all()) {
    reset(*command);
    for (const Command& sub : command->subcommands) reset(sub);
  }
}

// Compares all bytes whatever the first difference: the time tells nothing about the password.
bool Server::AuthenticateDefault(std::string_view password) const {
  const auto config = settings_.Snapshot();
  const std::string& expected = config->requirepass;
  size_t difference = password.size() ^ expected.size();
  for (size_t i = 0; i < password.size(); ++i) {
    difference |= static_cast<unsigned char>(password[i] ^
                                             expected[expected.empty() ? 0 : i % expected.size()]);
  }
  return difference == 0;
}

void Server::ResetClient(Client& client) {
  client.in_multi = client.multi_failed = false;
  client.queue.clear();
  const auto subscriber = client.subscriber.lock();
  UnsubscribeAll(client, subscriber.get());
}

void Server::UnsubscribeAll(Client& client, const Subscriber* subscriber) {
  for (const auto& channel : client.channels) pubsub_.Unsubscribe(channel, subscriber);
  for (const auto& pattern : client.patterns) pubsub_.UnsubscribePattern(pattern, subscriber);
  for (const auto& channel : client.shard_channels) shard_pubsub_.Unsubscribe(channel, subscriber);
  client.channels.clear();
  client.patterns.clear();
  client.shard_channels.clear();
  if (client.info->monitors.exchange(false)) monitors_.Remove(subscriber);
}

bool Server::AddClient(std::shared_ptr<const ClientInfo> info) {
  const auto most = static_cast<size_t>(settings_.Snapshot()->maxclients);
  std::lock_guard lock(clients_mutex_);
  if (clients_.size() >= most) return false;
  clients_.emplace(info->id, std::move(info));
  client_count_.store(clients_.size(), std::memory_order_relaxed);
  return true;
}

void Server::RemoveClient(uint64_t id) {
  std::lock_guard lock(clients_mutex_);
  clients_.erase(id);
  client_count_.store(clients_.size(), std::memory_order_relaxed);
}

Server::ClientTotals Server::SumClients() const {
  ClientTotals totals;
  ForEachClient([&totals](const ClientInfo& client) {
    const size_t query = client.query_buffer.load(std::memory_order_relaxed);
    const size_t output = client.output_buffer.load(std::memory_order_relaxed);
    if (client.blocked.load(std::memory_order_relaxed)) ++totals.blocked;
    if (client.subscribes()) ++totals.subscribed;
    totals.query_buffers += query;
    totals.output_buffers += output;
    totals.largest_query_buffer = std::max(totals.largest_query_buffer, query);
    totals.largest_output_buffer = std::max(totals.largest_output_buffer, output);
  });
  return totals;
}

void Server::ForEachClient(const std::function<void(const ClientInfo&)>& fn) const {
  std::lock_guard lock(clients_mutex_);
  for (const auto& [id, info] : clients_) fn(*info);
}

size_t Server::client_count() const { return client_count_.load(std::memory_order_relaxed); }

bool Server::HasMemory(Dispatcher& dispatcher, size_t request_bytes) {
  const int64_t limit = memory_limit_.limit();
  if (limit == 0) return true;  // it may have been lifted since the caller looked
  if (static_cast<int64_t>(request_bytes) > limit) return false;
  if (memory_limit_.CommandsExcess() <= 0) [[likely]]
    return true;
  // A command that comes while much is over the limit does its share and goes on.
  constexpr int64_t kShareNanos = 100'000;
  const int64_t start = ThreadNanos();
  int64_t spent = 0;
  bool relieved = true;
  while (relieved && memory_limit_.CommandsExcess() > 0 && spent < kShareNanos) {
    relieved = dispatcher.RelieveMemory();
    spent = ThreadNanos() - start;
  }
  stats_.NoteRelief(spent);
  if (relieved && memory_limit_.CommandsExcess() > 0) RelieveLater();
  // What the allocator loses is known a tenth of a second late: after a mass eviction nobody may be
  // left although there is room.
  return relieved || memory_.used() + static_cast<int64_t>(request_bytes) <= limit;
}

void Server::RelieveLater() {
  if (relieving_.exchange(true)) return;
  workers_->Post([this] {
    Dispatcher(*this).TrimProcess();
    relieving_ = false;
  });
}

void Server::TrimLater(Keyspace& keyspace) {
  keyspace.NoteTrimming(1);
  workers_->Post([this, keyspace = keyspace.shared_from_this()] {
    Dispatcher(*this).TrimKeyspace(*keyspace, true);
  });
}

void Server::CorrectMemory() {
  if (correcting_memory_.exchange(true)) return;
  workers_->Post([this] {
    memory_limit_.Read();
    EvictClients();
    correcting_memory_ = false;
    if (memory_limit_.Excess() > 0 && !pause_.active()) RelieveLater();
  });
}

// The largest first, until what the others hold is within the limit.
void Server::EvictClients() {
  const auto config = settings_.Snapshot();
  int64_t most = config->maxmemory_clients;
  if (most < 0) most = static_cast<int64_t>(config->maxmemory / 100) * -most;
  int64_t excess = memory_limit_.clients() - most;
  if (most == 0 || excess <= 0) return;
  struct Holder {
    int64_t bytes;
    uint64_t id;
    std::shared_ptr<ClientControl> control;
  };
  std::vector<Holder> holders;
  ForEachClient([&](const ClientInfo& info) {
    const auto bytes = static_cast<int64_t>(info.buffers.load(std::memory_order_relaxed));
    if (bytes == 0 || info.no_evict.load(std::memory_order_relaxed)) return;
    if (auto control = info.control.lock()) {
      holders.push_back({bytes, info.id, std::move(control)});
    }
  });
  std::sort(holders.begin(), holders.end(),
            [](const Holder& a, const Holder& b) { return a.bytes > b.bytes; });
  for (const Holder& holder : holders) {
    if (excess <= 0) return;
    LogNotice("client {} is closed: it holds {} bytes, all clients {}, maxmemory-clients is {}",
              holder.id, holder.bytes, memory_limit_.clients(), most);
    holder.control->Kill();
    ++stats_.evicted_clients;
    excess -= holder.bytes;
  }
}

void Server::SampleRates() {
  rates_.Sample(MonotonicMillis(), {commands_processed(), stats_.net_input_bytes.load(),
                                    stats_.net_output_bytes.load()});
}

void Server::ScaleThreads() {
  if (thread_scaler_) active_threads_.store(thread_scaler_->Tick(), std::memory_order_relaxed);
}

void Server::Undo(const TierBatch& batch) { Dispatcher(*this).Undo(batch); }
void Server::Renew(const TierKeys& keys) { Dispatcher(*this).Renew(keys); }

void Server::AppendEffect(const Effect& effect) {
  std::lock_guard lock(effect_mutex_);
  if (effect_sink_) effect_sink_(effect);
}

}  // namespace replete
