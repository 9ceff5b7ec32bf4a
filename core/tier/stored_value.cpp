#include "core/tier/stored_value.h"

#include "protocol/rdb_value.h"

namespace replete {

std::string EncodeValue(const Entry& entry, bool compress) {
  std::string bytes;
  RdbWriter writer(&bytes, compress);
  switch (entry.type()) {
    case ValueType::kString:
      bytes.reserve(entry.string().size() + 10);
      writer.Type(RdbType::kString);
      writer.String(entry.string());
      break;
    case ValueType::kList:
      writer.Type(RdbType::kList);
      writer.BeginList(entry.list()->size());
      entry.list()->ForEach([&](std::string_view element) { writer.String(element); });
      break;
    case ValueType::kHash:
      writer.Type(RdbType::kHash);
      writer.BeginHash(entry.hash()->size());
      entry.hash()->ForEach([&](std::string_view field, std::string_view value) {
        writer.String(field);
        writer.String(value);
      });
      break;
  }
  return bytes;
}

class StoredValue::Builder final : public RdbVisitor {
 public:
  Builder(StoredValue* value, const ValueLimits& limits) : value_(*value), limits_(limits) {}

  bool String(std::string_view value) override {
    value_.type_ = ValueType::kString;
    value_.string_.assign(value);
    return true;
  }
  bool Item(std::string_view item) override {
    value_.type_ = ValueType::kList;
    if (!value_.list_) value_.list_ = std::make_unique<ListValue>();
    value_.list_->PushBack(item, limits_.list);
    return true;
  }
  bool Field(std::string_view field, std::string_view value) override {
    value_.type_ = ValueType::kHash;
    if (!value_.hash_) value_.hash_ = std::make_unique<HashValue>();
    return value_.hash_->Set(field, value, limits_.hash);
  }

 private:
  StoredValue& value_;
  const ValueLimits& limits_;
};

bool StoredValue::Decode(std::string_view bytes, const ValueLimits& limits, std::string* problem) {
  RdbReader reader(bytes);
  RdbType type;
  Builder builder(this, limits);
  if (reader.ReadType(&type) != RdbResult::kOk ||
      reader.ReadValue(type, builder) != RdbResult::kOk || !reader.AtEnd()) {
    *problem = "the stored value is damaged";
    return false;
  }
  return true;
}

bool StoredValue::TypeOf(std::string_view bytes, ValueType* type) {
  RdbType stored;
  if (RdbReader(bytes).ReadType(&stored) != RdbResult::kOk) return false;
  switch (stored) {
    case RdbType::kString:
      *type = ValueType::kString;
      return true;
    case RdbType::kList:
      *type = ValueType::kList;
      return true;
    case RdbType::kHash:
      *type = ValueType::kHash;
      return true;
    default:
      return false;
  }
}

Entry* StoredValue::MakeEntry(std::string_view key, uint8_t extensions) {
  switch (type_) {
    case ValueType::kList:
      return Entry::NewList(key, list_.release(), extensions);
    case ValueType::kHash:
      return Entry::NewHash(key, hash_.release(), extensions);
    case ValueType::kString:
      break;
  }
  return Entry::NewString(key, string_, extensions);
}

}  // namespace replete
