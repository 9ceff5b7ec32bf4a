#include "tests/differential/compare.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace replete::test {
namespace {

void SortElements(Reply* reply) {
  std::sort(reply->elements.begin(), reply->elements.end(),
            [](const Reply& a, const Reply& b) { return ToString(a) < ToString(b); });
}

// Key and value in turn -> a map in order of its keys, whatever the protocol. The type byte of
// the reply is compared before.
void SortPairs(Reply* reply) {
  if (reply->elements.size() % 2 != 0) return;
  std::vector<std::pair<std::string, std::vector<Reply>>> pairs;
  for (std::size_t i = 0; i < reply->elements.size(); i += 2) {
    std::vector<Reply> pair = {reply->elements[i], reply->elements[i + 1]};
    pairs.emplace_back(ToString(pair[0]) + ToString(pair[1]), std::move(pair));
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  reply->elements.clear();
  for (auto& pair : pairs) {
    reply->elements.insert(reply->elements.end(), pair.second.begin(), pair.second.end());
  }
  reply->type = '%';
}

void TrimCommandInfo(Reply* reply) {
  constexpr std::size_t kFields = 7;  // what came after them in 7.0 is advice
  for (Reply& command : reply->elements) {
    if (command.elements.size() < kFields) continue;
    command.elements.resize(kFields);
    SortElements(&command.elements[2]);
    SortElements(&command.elements[6]);
  }
}

Reply Normal(Match match, Reply reply) {
  if (!reply.IsAggregate() || reply.null) return reply;
  switch (match) {
    case Match::kSet:
      SortElements(&reply);
      break;
    case Match::kPairs:
      SortPairs(&reply);
      break;
    case Match::kHello:
      for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
        if (reply.elements[i].text == "id") reply.elements[i + 1].text = "(id)";
      }
      SortPairs(&reply);
      break;
    case Match::kCommandInfo:
      TrimCommandInfo(&reply);
      break;
    case Match::kScan:
      if (reply.elements.size() == 2) SortElements(&reply.elements[1]);
      break;
    default:
      break;
  }
  return reply;
}

void CompareLeaves(const std::string& path, const Reply& ours, const Reply& reference,
                   std::vector<LeafDifference>* out);

const Reply* ValueOf(const Reply& map, const Reply& key) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i] == key) return &map.elements[i + 1];
  }
  return nullptr;
}

// Key by key, so that one that only one of them has is a difference of its own.
void CompareMaps(const std::string& path, const Reply& ours, const Reply& reference,
                 std::vector<LeafDifference>* out) {
  const std::size_t before = out->size();
  for (std::size_t i = 0; i + 1 < reference.elements.size(); i += 2) {
    const Reply& key = reference.elements[i];
    const Reply* mine = ValueOf(ours, key);
    CompareLeaves(path + "." + key.text, mine == nullptr ? Reply{} : *mine,
                  reference.elements[i + 1], out);
  }
  for (std::size_t i = 0; i + 1 < ours.elements.size(); i += 2) {
    const Reply& key = ours.elements[i];
    if (ValueOf(reference, key) != nullptr) continue;
    out->push_back({path + "." + key.text, ToString(ours.elements[i + 1]), ToString(Reply{})});
  }
  // The same content in another order, or a key twice.
  if (out->size() == before) out->push_back({path, ToString(ours), ToString(reference)});
}

void CompareLeaves(const std::string& path, const Reply& ours, const Reply& reference,
                   std::vector<LeafDifference>* out) {
  if (ours == reference) return;
  if (ours.type == '%' && reference.type == '%') return CompareMaps(path, ours, reference, out);
  const bool same_shape = ours.type == reference.type && ours.IsAggregate() && !ours.null &&
                          !reference.null && ours.elements.size() == reference.elements.size();
  if (!same_shape) {
    out->push_back({path, ToString(ours), ToString(reference)});
    return;
  }
  for (std::size_t i = 0; i < ours.elements.size(); ++i) {
    CompareLeaves(path + "." + std::to_string(i), ours.elements[i], reference.elements[i], out);
  }
}

bool CloseTtls(const Reply& ours, const Reply& reference, Match match,
               std::chrono::milliseconds tolerance) {
  if (ours.type != ':' || reference.type != ':') return false;
  const long long a = ours.Integer();
  const long long b = reference.Integer();
  const long long limit =
      match == Match::kMillis ? tolerance.count() : tolerance.count() / 1000 + 1;
  return a > 0 && b > 0 && std::llabs(a - b) <= limit;
}

// A step of SCAN may end at a different point in each server; whole scans are compared elsewhere.
bool BothScans(const Reply& ours, const Reply& reference) {
  return ours.type == '*' && reference.type == '*' && ours.elements.size() == 2 &&
         reference.elements.size() == 2 && ours.elements[0].type == '$' &&
         reference.elements[0].type == '$' && ours.elements[1].type == '*' &&
         reference.elements[1].type == '*' &&
         (ours.elements[0].text != "0" || reference.elements[0].text != "0");
}

}  // namespace

std::vector<LeafDifference> Compare(Match match, const Reply& ours, const Reply& reference,
                                    std::chrono::milliseconds tolerance) {
  std::vector<LeafDifference> out;
  if (ours == reference) return out;
  if (match == Match::kShape && ours.type == reference.type && !ours.IsError()) return out;
  if (match == Match::kScan && BothScans(ours, reference)) return out;
  if ((match == Match::kSeconds || match == Match::kMillis) &&
      CloseTtls(ours, reference, match, tolerance)) {
    return out;
  }
  if (ours.type != reference.type) {
    out.push_back({"", ToString(ours), ToString(reference)});
    return out;
  }
  CompareLeaves("", Normal(match, ours), Normal(match, reference), &out);
  return out;
}

std::vector<LeafDifference> CompareExec(const std::vector<Request>& queued, const Reply& ours,
                                        const Reply& reference,
                                        std::chrono::milliseconds tolerance) {
  const bool elementwise = ours.type == '*' && reference.type == '*' && !ours.null &&
                           ours.elements.size() == queued.size() &&
                           reference.elements.size() == queued.size();
  if (!elementwise) return Compare(Match::kExact, ours, reference, tolerance);
  std::vector<LeafDifference> out;
  for (std::size_t i = 0; i < queued.size(); ++i) {
    for (LeafDifference& leaf :
         Compare(queued[i].match, ours.elements[i], reference.elements[i], tolerance)) {
      leaf.path = "." + std::to_string(i) + leaf.path;
      out.push_back(std::move(leaf));
    }
  }
  return out;
}

}  // namespace replete::test
