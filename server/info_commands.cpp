// What INFO tells about commands.
#include <iterator>
#include <string>

#include "server/command_table.h"
#include "server/cycle_clock.h"
#include "server/info_lines.h"
#include "server/server.h"

namespace replete {
void WriteCommandStats(Server& server, InfoLines& lines) {
  server.ForEachUsedCommand([&](const std::string& name, const CommandStats::Total& total) {
    const double micros = static_cast<double>(CycleClock::Nanos(total.ticks)) / 1000;
    const double per_call = total.calls == 0 ? 0 : micros / static_cast<double>(total.calls);
    lines.Add(fmt::format("cmdstat_{}", name),
              fmt::format("calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},"
                          "failed_calls={}",
                          total.calls, micros, per_call, total.rejected, total.failed));
  });
}

void WriteErrorStats(Server& server, InfoLines& lines) {
  for (const auto& [code, count] : server.stats().errors()) {
    lines.Add(fmt::format("errorstat_{}", code), fmt::format("count={}", count));
  }
}

void WriteLatencyStats(Server& server, InfoLines& lines) {
  const auto config = server.settings().Snapshot();
  server.ForEachUsedCommand([&](const std::string& name, const CommandStats::Total& total) {
    if (total.timed() == 0) return;
    std::string text;
    for (const double percent : config->latency_tracking_info_percentiles) {
      if (!text.empty()) text += ',';
      const auto nanos = static_cast<double>(CycleClock::Nanos(total.Percentile(percent)));
      fmt::format_to(std::back_inserter(text), "p{}={:.3f}", percent, nanos / 1000);
    }
    lines.Add(fmt::format("latency_percentiles_usec_{}", name), text);
  });
}

}  // namespace replete
