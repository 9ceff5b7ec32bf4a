#include "tests/differential/grammar.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/differential/pieces.h"

namespace replete::test {
namespace {

class GrammarParser {
 public:
  explicit GrammarParser(std::string_view text) : text_(text) {}

  Node Parse() {
    Node node = Sequence();
    if (at_ != text_.size()) Fail("unbalanced bracket");
    return node;
  }

 private:
  [[noreturn]] void Fail(const char* why) {
    std::fprintf(stderr, "grammar '%.*s': %s at %zu\n", static_cast<int>(text_.size()),
                 text_.data(), why, at_);
    std::exit(2);
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Node Sequence() {
    Node node;
    for (;;) {
      while (Peek() == ' ') ++at_;
      const char c = Peek();
      if (c == '\0' || c == '|' || c == ')' || c == '}') return node;
      node.children.push_back(Repeated(Item()));
    }
  }

  Node Item() {
    if (Peek() == '(') return Group(')', Node::Kind::kOneOf);
    if (Peek() == '{') return Group('}', Node::Kind::kOptions);
    Node node;
    while (std::isalnum(static_cast<unsigned char>(Peek())) || Peek() == '-') {
      node.text += text_[at_++];
    }
    if (node.text.empty()) Fail("unexpected character");
    const bool word = std::isupper(static_cast<unsigned char>(node.text[0])) != 0;
    node.kind = word ? Node::Kind::kWord : Node::Kind::kPiece;
    if (!word && !IsPiece(node.text)) Fail("unknown piece before");
    return node;
  }

  Node Group(char close, Node::Kind kind) {
    Node node;
    node.kind = kind;
    do {
      ++at_;
      node.children.push_back(Sequence());
    } while (Peek() == '|');
    if (Peek() != close) Fail("missing bracket");
    ++at_;
    if (kind == Node::Kind::kOneOf && node.children.size() == 1) return node.children[0];
    return node;
  }

  Node Repeated(Node item) {
    const char c = Peek();
    if (c != '+' && c != '*' && c != '?') return item;
    ++at_;
    Node node;
    node.kind = Node::Kind::kRepeat;
    node.min = c == '+' ? 1 : 0;
    node.max = c == '?' ? 1 : 4;
    node.children.push_back(std::move(item));
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Mostly none or one option, sometimes several that cannot go together, or one twice.
void GenerateOptions(const Node& node, Random& random, std::vector<std::string>* args) {
  static constexpr int kCounts[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4};
  std::vector<std::size_t> order(node.children.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int left = random.Pick(kCounts); left > 0 && !order.empty(); --left) {
    const std::size_t at = random.Below(order.size());
    Generate(node.children[order[at]], random, args);
    if (!random.Chance(5)) order.erase(order.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

}  // namespace

Node ParseGrammar(std::string_view text) { return GrammarParser(text).Parse(); }

void Generate(const Node& node, Random& random, std::vector<std::string>* args) {
  switch (node.kind) {
    case Node::Kind::kWord:
      args->push_back(AnyCase(node.text, random));
      return;
    case Node::Kind::kPiece:
      args->push_back(MakePiece(node.text, random));
      return;
    case Node::Kind::kSequence:
      for (const Node& child : node.children) Generate(child, random, args);
      return;
    case Node::Kind::kOneOf:
      Generate(node.children[random.Below(node.children.size())], random, args);
      return;
    case Node::Kind::kOptions:
      GenerateOptions(node, random, args);
      return;
    case Node::Kind::kRepeat: {
      // Few repetitions are likely, the maximum is not.
      int times = node.min;
      while (times < node.max && random.Chance(45)) ++times;
      for (; times > 0; --times) Generate(node.children[0], random, args);
      return;
    }
  }
}

std::string AnyCase(std::string word, Random& random) {
  if (!random.Chance(20)) return word;
  const bool all = random.Chance(50);
  for (char& c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (!all && random.Chance(50)) continue;
    c = static_cast<char>(std::isupper(byte) ? std::tolower(byte) : std::toupper(byte));
  }
  return word;
}

}  // namespace replete::test
