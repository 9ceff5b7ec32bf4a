// The same bytes as a whole and in random pieces must give the same replies and error.
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_reader.h"

namespace {

class Collector {
 public:
  void Feed(std::string_view bytes) {
    while (!bytes.empty() && !failed_) {
      size_t consumed = 0;
      const auto result = reader_.Feed(bytes, &consumed);
      if (consumed > bytes.size()) {
        std::abort();
      }
      bytes.remove_prefix(consumed);
      if (result == replete::ReplyReader::Result::kReply) {
        texts.push_back(ToString(reader_.Take()));
      } else if (result == replete::ReplyReader::Result::kError) {
        texts.push_back("error: " + reader_.error());
        failed_ = true;
      } else if (!bytes.empty()) {
        std::abort();
      }
    }
  }

  std::vector<std::string> texts;

 private:
  replete::ReplyReader reader_;
  bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  Collector whole;
  whole.Feed(stream);

  Collector pieces;
  std::minstd_rand random(data[0]);
  const size_t longest = 1 + data[0] % 16;
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, 1 + random() % longest);
    pieces.Feed(piece);
    stream.remove_prefix(piece.size());
  }
  if (whole.texts != pieces.texts) {
    std::abort();
  }
  return 0;
}
