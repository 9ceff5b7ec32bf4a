#include "tests/differential/docs_grammar.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace replete::test {
namespace {

// A map of RESP3, or the flat array of RESP2.
const Reply* Field(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

std::string Text(const Reply& map, std::string_view name) {
  const Reply* field = Field(map, name);
  return field == nullptr ? std::string() : field->text;
}

bool HasFlag(const Reply& argument, std::string_view flag) {
  const Reply* flags = Field(argument, "flags");
  if (flags == nullptr) return false;
  return std::any_of(flags->elements.begin(), flags->elements.end(),
                     [flag](const Reply& element) { return element.text == flag; });
}

// The piece that an argument of this type and name wants. What is in milliseconds, seconds or an
// instant is told by the name only.
std::string PieceFor(const std::string& type, const std::string& name) {
  const auto has = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
  if (type == "key") return "key";
  if (type == "pattern") return "pattern";
  if (type == "double") return has("timeout") ? "timeout" : "float";
  if (type == "unix-time") return has("milli") ? "futurems" : has("sec") ? "future" : "futurems";
  if (type == "integer") {
    if (has("millisecond")) return "millis";
    if (has("second")) return "seconds";
    if (has("cursor")) return "cursor";
    if (has("db") || has("index")) return "db";
    return has("count") ? "count" : "int";
  }
  if (has("field")) return "field";
  if (has("channel")) return "channel";
  if (has("type")) return "type";
  return "value";
}

Node Word(const std::string& text) { return {Node::Kind::kWord, text, 1, 1, {}}; }

Node Arguments(const std::vector<Reply>& arguments);

Node Argument(const Reply& argument) {
  const std::string type = Text(argument, "type");
  const std::string token = Text(argument, "token");
  const Reply* children = Field(argument, "arguments");
  Node node;
  if (type == "pure-token") return Word(token);
  if (type == "oneof" && children != nullptr) {
    node.kind = Node::Kind::kOneOf;
    for (const Reply& child : children->elements) node.children.push_back(Argument(child));
  } else if (type == "block" && children != nullptr) {
    node = Arguments(children->elements);
  } else {
    node = {Node::Kind::kPiece, PieceFor(type, Text(argument, "name")), 1, 1, {}};
  }
  const bool multiple = HasFlag(argument, "multiple");
  const bool token_each = HasFlag(argument, "multiple_token");
  const auto repeat = [](Node item) {
    return Node{Node::Kind::kRepeat, "", 1, 4, {std::move(item)}};
  };
  if (multiple && !token_each) node = repeat(std::move(node));
  if (!token.empty()) node = {Node::Kind::kSequence, "", 1, 1, {Word(token), std::move(node)}};
  if (multiple && token_each) node = repeat(std::move(node));
  return node;
}

// Options that follow each other become one group: any order, and alternatives of one option are
// given together now and then.
Node Arguments(const std::vector<Reply>& arguments) {
  Node sequence;
  for (const Reply& argument : arguments) {
    Node node = Argument(argument);
    if (!HasFlag(argument, "optional")) {
      sequence.children.push_back(std::move(node));
      continue;
    }
    const bool open =
        !sequence.children.empty() && sequence.children.back().kind == Node::Kind::kOptions;
    if (!open) sequence.children.push_back({Node::Kind::kOptions, "", 1, 1, {}});
    std::vector<Node>& options = sequence.children.back().children;
    if (node.kind == Node::Kind::kOneOf) {
      std::move(node.children.begin(), node.children.end(), std::back_inserter(options));
    } else {
      options.push_back(std::move(node));
    }
  }
  return sequence;
}

bool UsedForData(const std::string& name) {
  const auto rows = CommandRows();
  return std::any_of(rows.begin(), rows.end(), [&name](const CommandRow& row) {
    return row.use == Use::kData && InfoName(row) == name;
  });
}

}  // namespace

std::vector<NamedGrammar> GrammarsFromDocs(const Reply& docs) {
  std::vector<NamedGrammar> grammars;
  for (std::size_t i = 0; i + 1 < docs.elements.size(); i += 2) {
    const std::string name = UpperCase(docs.elements[i].text);
    if (!UsedForData(name)) continue;
    const Reply* arguments = Field(docs.elements[i + 1], "arguments");
    Node grammar = arguments == nullptr ? Node{} : Arguments(arguments->elements);
    grammars.push_back({name, 1, std::move(grammar)});
  }
  return grammars;
}

}  // namespace replete::test
