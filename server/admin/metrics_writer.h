#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace replete {

// Writes metric families in Prometheus' text format.
class MetricsWriter {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;
  };
  using Labels = std::initializer_list<Label>;

  // What follows are samples of this family, until the next one.
  void Family(std::string_view name, std::string_view type, std::string_view help);
  // A sample; `suffix` as "_bucket".
  template <class Number>
  void Sample(Labels labels, Number value, std::string_view suffix = {}) {
    Begin(labels, suffix);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
  // A family of one sample without labels.
  template <class Number>
  void Single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    Family(name, type, help);
    Sample({}, value);
  }

  std::string Take() { return std::move(text_); }

 private:
  void Begin(Labels labels, std::string_view suffix);

  std::string text_;
  std::string_view name_;
};

}  // namespace replete
