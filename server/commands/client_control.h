#pragma once

#include "server/command_context.h"

// Subcommands of CLIENT that act on connections; their rows are with the others in client.cpp.
namespace replete {

enum class ClientKind { kNormal, kMaster, kReplica, kPubSub };

ClientKind KindOf(const ClientInfo& info);
// Argument `i` as a kind of client. False: an error has been replied.
bool ParseClientKind(CommandContext& ctx, size_t i, ClientKind* kind);

void ClientKill(CommandContext& ctx);
void ClientUnblock(CommandContext& ctx);
void ClientPauseAll(CommandContext& ctx);
void ClientUnpause(CommandContext& ctx);
void ClientReply(CommandContext& ctx);
void ClientNoTouch(CommandContext& ctx);

}  // namespace replete
