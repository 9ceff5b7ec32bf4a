// How a session begins, is looked after and ends.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "server/loop.h"
#include "server/server.h"
#include "server/session.h"
#include "server/socket_calls.h"

namespace replete {
namespace {

// "127.0.0.1:6379", "[::1]:6379", or the path of a Unix socket.
std::string AddressText(const sockaddr_storage& address, bool* loopback) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    *loopback = (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    return fmt::format("{}:{}", text, ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    *loopback = IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
    return fmt::format("[{}]:{}", text, ntohs(in.sin6_port));
  }
  *loopback = true;
  return reinterpret_cast<const sockaddr_un&>(address).sun_path;
}

}  // namespace

Session::Session(Loop& loop, int descriptor) : loop_(&loop), descriptor_(descriptor) {
  client_.info->created_ms = MonotonicMillis();
  client_.info->descriptor = descriptor_;
  client_.info->session_bytes = sizeof(Session);
}

Session::~Session() {
  if (!closed_) ::close(descriptor_);
}

bool Session::Start() {
  Server& server = loop().server();
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  ClientInfo& info = *client_.info;
  info.address = AddressText(address, &client_.local);
  size = sizeof address;
  bool unused = false;
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    info.local_address = AddressText(address, &unused);
  }
  if (address.ss_family == AF_UNIX) info.address = info.local_address + ":0";
  Dispatcher& dispatcher = loop().dispatcher();
  dispatcher.Refresh();
  auto refuse = [&](std::string_view line) {
    const std::string reply = fmt::format("-{}\r\n", line);
    (void)!SendNow(descriptor_, reply.data(), reply.size());
    ++server.stats().rejected_connections;
    return false;
  };
  if (dispatcher.config().protected_mode && !client_.local && !server.RequiresPassword()) {
    return refuse(
        "DENIED Replete is running in protected mode because protected mode is enabled and no "
        "password is set. In this mode connections are only accepted from the loopback interface. "
        "Set requirepass, or turn protected-mode off from the loopback interface.");
  }
  client_.id = server.NextClientId();
  client_.authenticated = !server.RequiresPassword();
  parser_.set_authenticated(client_.authenticated);
  SelectKeyspace(client_, dispatcher.namespaces().databases[0], 0);
  info.last_active_ms.store(info.created_ms);
  info.id = client_.id;
  info.control = weak_from_this();
  if (!server.AddClient(client_.info)) return refuse("ERR max number of clients reached");
  ++server.stats().connections_received;
  self_ = shared_from_this();
  client_.subscriber = weak_from_this();
  loop().Add(shared_from_this());
  if (!loop().poller().Add(descriptor_, this)) Close();
  return true;
}

void Session::Close() {
  if (closed_) return;
  closed_ = true;
  // Who sees the connection closed finds its subscriptions gone.
  if (state_ != State::kAway) Leave();
  ::close(descriptor_);
  loop().Remove(this);
}

// Closes the connection of a client that does not read: what the kernel holds for it is dropped,
// and it learns of the end at once instead of behind all that it has not read.
void Session::Cut() {
  if (closed_) return;
  const linger drop{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
  Close();
}

void Session::Kill() {
  loop().server().RemoveClient(client_.id);
  AtHome([this] { Close(); });
}

// Takes the client out of everything that knows it.
void Session::Leave() {
  Server& server = loop().server();
  timeout_.reset();
  if (blocked_) {
    blocked_->Cancel();
    loop().dispatcher().Detach(std::move(blocked_));
  }
  server.RemoveClient(client_.id);
  server.memory_limit().AddClients(-static_cast<int64_t>(client_.info->buffers.exchange(0)));
  client_.loads.reset();
  loop().dispatcher().Unwatch(client_);
  server.UnsubscribeAll(client_, this);
  if (server.pause().Forget(this)) parked_self_.reset();
  self_.reset();
}

// --- moving ---

bool Session::MayMove() const {
  // Whole requests that wait for their turn may go along.
  return !closed_ && !in_transit_ && state_ == State::kReady && !in_line_ && !writes_ &&
         !awaits_tier_ && !executing_ && !finishing_ && (input_.empty() || waits_for_turn_) &&
         !parser_.WantsBulk() && unsent_.empty() && held_.empty() && !client_.in_multi &&
         client_.watched.empty() && !client_.subscribed();
}

// Who stands in line goes as soon as it has sent what it was asked for.
bool Session::MoveTo(Loop& to) {
  moves_to_ = &to == &loop() || MayMove() ? nullptr : &to;
  if (&to == &loop() || moves_to_ != nullptr) return false;
  loop().poller().Remove(descriptor_);
  ++loop().server().stats().connections_moved;
  in_transit_ = true;
  self_.reset();
  loop().Remove(this);
  loop_.store(&to, std::memory_order_release);
  boost::asio::post(to.context(), [self = shared_from_this()] { self->Arrive(); });
  return true;
}

void Session::Arrive() {
  self_ = shared_from_this();
  in_transit_ = false;
  readable_ = hung_up_ = false;  // the new set tells what is there
  loop().Add(shared_from_this());
  if (!loop().poller().Add(descriptor_, this)) Close();
  if (waits_for_turn_ && !closed_) AskForTurn();
}

void Session::MoveFromLine(bool left) {
  if (left) in_line_ = false;
  if (!MoveTo(*moves_to_) && left && !closed_) AskForTurn();
}

// --- ending ---

void Session::Finish() {
  finishing_ = true;
  if (closed_ || !unsent_.empty() || !held_.empty()) return;
  ::shutdown(descriptor_, SHUT_WR);
}

void Session::Inspect(int64_t now_ms) {
  if (closed_) return;
  if (!unsent_.empty()) CheckOutputLimits();
  if (closed_) return;
  moves_to_ = nullptr;  // who could not go since it was asked to stays
  const int64_t idle = now_ms - client_.info->last_active_ms.load(std::memory_order_relaxed);
  const int timeout_s = loop().dispatcher().config().timeout_s;
  if (timeout_s > 0 && idle > timeout_s * int64_t{1000} && state_ != State::kBlocked &&
      state_ != State::kAway && !client_.subscribed() && !client_.info->monitors) {
    Close();
    return;
  }
}

// What waits for the client in memory, and how that changes what all wait for.
void Session::PublishBuffers() {
  if (state_ == State::kAway || closed_) return;
  ClientInfo& info = *client_.info;
  const size_t now = input_.size() + parser_.owned_bytes() + unsent_bytes() +
                     info.queued_bytes.load(std::memory_order_relaxed);
  const size_t told = info.buffers.load(std::memory_order_relaxed);
  if (now == told) return;
  info.buffers.store(now, std::memory_order_relaxed);
  loop().server().memory_limit().AddClients(static_cast<int64_t>(now) - static_cast<int64_t>(told));
}

void Session::PublishInfo() {
  if (state_ == State::kAway) return;
  ClientInfo& info = *client_.info;
  info.last_active_ms.store(MonotonicMillis(), std::memory_order_relaxed);
  info.commands.store(commands_, std::memory_order_relaxed);
  info.query_buffer.store(input_.size(), std::memory_order_relaxed);
  info.query_buffer_free.store(input_.capacity() - input_.size(), std::memory_order_relaxed);
  size_t queued = 0;
  for (const QueuedCommand& one : client_.queue) {
    for (const std::string& arg : one.args) queued += arg.capacity() + sizeof(arg);
  }
  info.queued_bytes.store(queued, std::memory_order_relaxed);
  info.output_buffer.store(unsent_.size(), std::memory_order_relaxed);
  info.queued.store(client_.in_multi ? static_cast<int>(client_.queue.size()) : -1,
                    std::memory_order_relaxed);
  info.subscriptions.store(static_cast<uint32_t>(client_.channels.size()),
                           std::memory_order_relaxed);
  info.patterns.store(static_cast<uint32_t>(client_.patterns.size()), std::memory_order_relaxed);
  info.shard_subscriptions.store(static_cast<uint32_t>(client_.shard_channels.size()),
                                 std::memory_order_relaxed);
  info.watched.store(static_cast<uint32_t>(client_.watched.size()), std::memory_order_relaxed);
  info.resp3.store(client_.resp3, std::memory_order_relaxed);
}

}  // namespace replete
