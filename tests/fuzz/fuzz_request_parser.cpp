// The same bytes as a whole and in random pieces must give the same requests, empties and error,
// also when bulks are received into their own memory; and a peek stays inside the bytes.
#include <cstdint>
#include <cstdlib>

#include "protocol/request_peek.h"
#include "tests/unit/protocol/simulated_session.h"

namespace {

// The first two bytes choose limits and cuts; written so that seeds can be typed.
struct Choices {
  size_t big_bulk;
  bool authenticated;
  size_t max_bulk;
  size_t longest_piece;
};

Choices Choose(uint8_t limits, uint8_t cuts) {
  constexpr size_t kBigBulks[] = {1, 3, 16, 200, replete::RequestParser::kBigBulk};
  constexpr size_t kLongestPieces[] = {1, 2, 7, 40, 300};
  return {kBigBulks[limits % 5], limits / 5 % 2 == 0,
          limits / 10 % 2 == 0 ? replete::RequestParser::kDefaultMaxBulk : 100,
          kLongestPieces[cuts % 5]};
}

void Configure(const Choices& choices, replete::SimulatedSession& session) {
  session.parser.set_authenticated(choices.authenticated);
  session.parser.set_max_bulk(choices.max_bulk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) {
    return 0;
  }
  const Choices choices = Choose(data[0], data[1]);
  const std::string_view stream(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string_view key = replete::PeekSecondArgument(stream);
  if (!key.empty() && (key.data() < stream.data() || key.end() > stream.end())) {
    std::abort();
  }

  replete::SimulatedSession whole;
  Configure(choices, whole);
  whole.Deliver(stream);

  replete::SimulatedSession pieces(choices.big_bulk);
  Configure(choices, pieces);
  std::minstd_rand random(data[1]);
  replete::DeliverInPieces(stream, choices.longest_piece, random,
                           [&](std::string_view piece) { pieces.Deliver(piece); });
  if (whole.events != pieces.events) {
    std::abort();
  }
  return 0;
}
