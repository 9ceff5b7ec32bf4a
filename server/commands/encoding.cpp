#include "server/commands/encoding.h"

#include "core/types/hash_value.h"
#include "core/types/number.h"

namespace replete {

std::string_view EncodingOf(const Entry& entry) {
  constexpr size_t kEmbedded = 44;  // up to there Redis keeps a string beside its header
  switch (entry.type()) {
    case ValueType::kHash:
      return entry.hash()->is_packed() ? "listpack" : "hashtable";
    case ValueType::kList:
      return "quicklist";
    case ValueType::kString:
      break;
  }
  int64_t number = 0;
  if (ParseInt64(entry.string(), &number)) return "int";
  return entry.string().size() <= kEmbedded ? "embstr" : "raw";
}

}  // namespace replete
