#include "core/tier/stored_namespace.h"

#include <string>

#include "protocol/rdb_value.h"

namespace replete {
// Names and values by turns: what a later version adds is skipped by this one.
std::string StoredNamespace::Encode() const {
  std::string bytes;
  RdbWriter writer(&bytes, /*compress=*/false);
  const auto add = [&](std::string_view field, std::string_view value) {
    writer.String(field);
    writer.String(value);
  };
  add("name", name);
  for (const auto& [option, value] : options) add("option." + option, value);
  return bytes;
}

bool StoredNamespace::Decode(std::string_view bytes) {
  constexpr std::string_view kOption = "option.";
  RdbReader reader(bytes);
  std::string field_scratch;
  std::string value_scratch;
  while (!reader.AtEnd()) {
    std::string_view field;
    std::string_view value;
    if (reader.ReadString(&field_scratch, &field) != RdbResult::kOk ||
        reader.ReadString(&value_scratch, &value) != RdbResult::kOk) {
      return false;
    }
    if (field == "name") {
      name = value;
    } else if (field.starts_with(kOption)) {
      options.emplace_back(field.substr(kOption.size()), value);
    }
  }
  return !name.empty();
}

}  // namespace replete
