#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/keyspace/entry.h"
#include "core/types/hash_value.h"
#include "core/types/list_value.h"

namespace replete {

// Limits under which values that come back are built.
struct ValueLimits {
  HashLimits hash{};
  ListLimits list{};
};

// The value of a resident entry as tiers store it and as DUMP begins: the type byte and the body of
// the RDB format. Uncompressed unless it is asked for: a store compresses whole blocks better than
// single values.
std::string EncodeValue(const Entry& entry, bool compress = false);

// A decoded value on its way into an entry. Move-only.
class StoredValue {
 public:
  StoredValue() = default;
  explicit StoredValue(std::unique_ptr<ListValue> list)
      : type_(ValueType::kList), list_(std::move(list)) {}

  // False: the bytes are not what EncodeValue gives; *problem says why.
  bool Decode(std::string_view bytes, const ValueLimits& limits, std::string* problem);

  ValueType type() const { return type_; }
  // Of encoded bytes, without decoding them. False: of none that is known.
  static bool TypeOf(std::string_view bytes, ValueType* type);
  // An entry that holds the value, which leaves this object.
  Entry* MakeEntry(std::string_view key, uint8_t extensions);

 private:
  class Builder;

  ValueType type_ = ValueType::kString;
  std::string string_;
  std::unique_ptr<HashValue> hash_;
  std::unique_ptr<ListValue> list_;
};

}  // namespace replete
