#include "server/admin/metrics_writer.h"

namespace replete {

void MetricsWriter::Family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsWriter::Begin(Labels labels, std::string_view suffix) {
  text_.append(name_).append(suffix);
  char before = '{';
  for (const Label& label : labels) {
    text_.push_back(std::exchange(before, ','));
    text_.append(label.name).append("=\"");
    for (const char c : label.value) {
      if (c == '\\' || c == '"') text_.push_back('\\');
      if (c == '\n') {
        text_.append("\\n");
      } else {
        text_.push_back(c);
      }
    }
    text_.push_back('"');
  }
  if (labels.size() != 0) text_.push_back('}');
}

}  // namespace replete
