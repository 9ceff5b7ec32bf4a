#include "server/command_syntax.h"

#include <algorithm>
#include <utility>

namespace replete {
namespace {

enum class Mark { kEnd, kOpen, kClose, kOpenGroup, kCloseGroup, kBar, kEllipsis, kWord };

// What stands between blanks, brackets and bars.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { Next(); }

  Mark mark() const { return mark_; }
  std::string_view word() const { return word_; }
  size_t begin() const { return begin_; }
  // Source from `begin` up to the mark last passed.
  std::string_view Since(size_t begin) const { return text_.substr(begin, passed_ - begin); }

  void Next() {
    passed_ = at_;
    at_ = std::min(text_.find_first_not_of(' ', at_), text_.size());
    begin_ = at_;
    if (at_ == text_.size()) {
      mark_ = Mark::kEnd;
      return;
    }
    const size_t special = std::string_view("[]<>|").find(text_[at_]);
    if (special != std::string_view::npos) {
      constexpr Mark kMarks[] = {Mark::kOpen, Mark::kClose, Mark::kOpenGroup, Mark::kCloseGroup,
                                 Mark::kBar};
      mark_ = kMarks[special];
      ++at_;
      return;
    }
    at_ = std::min(text_.find_first_of(" []<>|", at_), text_.size());
    word_ = text_.substr(begin_, at_ - begin_);
    mark_ = word_ == "..." ? Mark::kEllipsis : Mark::kWord;
  }

 private:
  std::string_view text_;
  std::string_view word_;
  size_t at_ = 0;
  size_t begin_ = 0;
  size_t passed_ = 0;
  Mark mark_ = Mark::kEnd;
};

// Part of a sequence before tokens have taken the values behind them.
struct Element {
  Argument argument;
  std::string_view text;  // as written
  bool token = false;     // a token that has taken nothing yet
  bool closed = false;    // has its token: one in front does not take it
};

struct Sequence {
  std::vector<Element> elements;
  bool repeats = false;  // ended with "..." inside brackets
};

bool IsToken(std::string_view word) {
  return std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string Lower(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

ArgumentType TypeOfName(std::string_view name) {
  constexpr std::string_view kIntegers[] = {
      "seconds",        "milliseconds", "count",     "cursor",    "index",     "index1",
      "index2",         "start",        "stop",      "end",       "offset",    "len",
      "rank",           "num-matches",  "numkeys",   "increment", "decrement", "protover",
      "destination-db", "db",           "client-id", "n",         "depth",     "lease_ms",
      "wait_ms",        "bit",          "slot",      "ttl",       "frequency", "numreplicas",
      "numlocal",       "version"};
  if (name == "key" || name == "newkey") return ArgumentType::kKey;
  if (name == "pattern" || name == "glob") return ArgumentType::kPattern;
  if (name == "timeout") return ArgumentType::kDouble;
  if (name.starts_with("unix-time")) return ArgumentType::kUnixTime;
  const bool integer =
      std::find(std::begin(kIntegers), std::end(kIntegers), name) != std::end(kIntegers);
  return integer ? ArgumentType::kInteger : ArgumentType::kString;
}

// Redis has a name for every group; ours are put together from what is inside, as many of Redis'
// are.
Argument Compound(ArgumentType type, std::vector<Argument> parts) {
  Argument compound;
  compound.type = type;
  for (const Argument& part : parts) {
    if (!compound.name.empty()) compound.name += '_';
    compound.name += part.name;
  }
  compound.arguments = std::move(parts);
  return compound;
}

Argument Single(std::vector<Argument> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  return Compound(ArgumentType::kBlock, std::move(parts));
}

// A token with the values it has taken.
Argument WithToken(Argument token, std::vector<Argument> values) {
  if (values.empty()) return token;
  Argument argument = Single(std::move(values));
  if (!argument.token.empty()) {
    std::vector<Argument> parts;
    parts.push_back(std::move(argument));
    argument = Compound(ArgumentType::kBlock, std::move(parts));
  }
  argument.token = std::move(token.token);
  return argument;
}

// Gives tokens the values behind them: up to the last that must be there before the next token.
std::vector<Argument> Grouped(std::vector<Element> elements) {
  std::vector<Argument> grouped;
  for (size_t i = 0; i < elements.size();) {
    Argument argument = std::move(elements[i].argument);
    const bool token = elements[i].token;
    ++i;
    if (token) {
      size_t taken = i;
      for (size_t at = i; at < elements.size() && !elements[at].token && !elements[at].closed;
           ++at) {
        if (!elements[at].argument.optional) taken = at + 1;
      }
      std::vector<Argument> values;
      for (; i < taken; ++i) values.push_back(std::move(elements[i].argument));
      argument = WithToken(std::move(argument), std::move(values));
    }
    grouped.push_back(std::move(argument));
  }
  return grouped;
}

class Parser {
 public:
  explicit Parser(std::string_view syntax) : lexer_(syntax) {}

  bool Run(std::vector<Argument>* arguments) {
    arguments->clear();
    if (lexer_.mark() == Mark::kEnd) return true;
    std::vector<Sequence> alternatives;
    if (!ReadAlternatives(Mark::kEnd, &alternatives)) return false;
    if (alternatives.size() > 1) {
      arguments->push_back(Choice(std::move(alternatives)));
    } else {
      *arguments = Grouped(std::move(alternatives[0].elements));
    }
    return true;
  }

 private:
  static Argument Choice(std::vector<Sequence> alternatives) {
    std::vector<Argument> parts;
    for (Sequence& sequence : alternatives)
      parts.push_back(Single(Grouped(std::move(sequence.elements))));
    return parts.size() == 1 ? std::move(parts[0])
                             : Compound(ArgumentType::kOneOf, std::move(parts));
  }

  // Up to and with `close`; no alternative may be empty.
  bool ReadAlternatives(Mark close, std::vector<Sequence>* alternatives) {
    for (;;) {
      Sequence sequence;
      if (!ReadSequence(close, &sequence) || sequence.elements.empty()) return false;
      alternatives->push_back(std::move(sequence));
      const Mark mark = lexer_.mark();
      if (mark != close && mark != Mark::kBar) return false;
      lexer_.Next();
      if (mark == close) return true;
    }
  }

  bool ReadSequence(Mark close, Sequence* sequence) {
    for (;;) {
      switch (lexer_.mark()) {
        case Mark::kWord:
          ReadWord(&sequence->elements);
          break;
        case Mark::kEllipsis:
          if (sequence->elements.empty()) return false;
          lexer_.Next();
          if (lexer_.mark() == Mark::kClose && close == Mark::kClose) {
            sequence->repeats = true;
          } else {
            sequence->elements.back().argument.multiple = true;
          }
          break;
        case Mark::kOpen:
        case Mark::kOpenGroup:
          if (!ReadBracket(&sequence->elements)) return false;
          break;
        default:
          return true;
      }
    }
  }

  void ReadWord(std::vector<Element>* elements) {
    Element element;
    element.text = lexer_.word();
    element.token = IsToken(element.text);
    element.argument.name = Lower(element.text);
    if (element.token) {
      element.argument.type = ArgumentType::kPureToken;
      element.argument.token = std::string(element.text);
    } else {
      element.argument.type = TypeOfName(element.text);
    }
    elements->push_back(std::move(element));
    lexer_.Next();
  }

  bool ReadBracket(std::vector<Element>* elements) {
    const bool optional = lexer_.mark() == Mark::kOpen;
    const size_t begin = lexer_.begin();
    lexer_.Next();
    std::vector<Sequence> inside;
    if (!ReadAlternatives(optional ? Mark::kClose : Mark::kCloseGroup, &inside)) return false;
    const std::string_view text = lexer_.Since(begin);
    if (inside.size() == 1 && inside[0].repeats) {
      AddRepetition(std::move(inside[0]), text, elements);
      return true;
    }
    Element element;
    element.argument = Choice(std::move(inside));
    element.argument.optional = element.argument.optional || optional;
    element.text = text;
    elements->push_back(std::move(element));
    return true;
  }

  // "[x ...]": behind "x" it says that there may be more of them, else that there may be any
  // number.
  static void AddRepetition(Sequence again, std::string_view text, std::vector<Element>* elements) {
    std::vector<Element>& inside = again.elements;
    const bool follows =
        elements->size() >= inside.size() &&
        std::equal(inside.begin(), inside.end(),
                   elements->end() - static_cast<std::ptrdiff_t>(inside.size()),
                   [](const Element& a, const Element& b) { return a.text == b.text; });
    if (follows) elements->resize(elements->size() - inside.size());
    Element element;
    element.text = text;
    if (!follows && inside.size() > 1 && inside[0].token) {
      // "[ID x ...]": only the value comes again.
      inside.back().argument.multiple = true;
      element.argument = Single(Grouped(std::move(inside)));
    } else {
      element.argument = Single(Grouped(std::move(inside)));
      element.argument.multiple = true;
      element.argument.multiple_token = !element.argument.token.empty();
      element.closed = element.argument.multiple_token;
    }
    element.argument.optional = !follows;
    elements->push_back(std::move(element));
  }

  Lexer lexer_;
};

// Names that mean an integer in some commands only, or a key in all but some.
void Retype(const Command& command, std::vector<Argument>* arguments) {
  const bool of_bits = command.name == "setbit" || command.name.starts_with("bitfield");
  const bool in_millis = command.name.starts_with("wait") || command.name == "pause";
  for (Argument& argument : *arguments) {
    if ((of_bits && argument.name == "value") || (in_millis && argument.name == "timeout")) {
      argument.type = ArgumentType::kInteger;
    } else if (argument.name == "increment" && command.name.ends_with("byfloat")) {
      argument.type = ArgumentType::kDouble;
    } else if (argument.type == ArgumentType::kKey && !command.keys[0].present()) {
      argument.type = ArgumentType::kString;
    }
    Retype(command, &argument.arguments);
  }
}

int KeySpecAt(const Command& command, int position) {
  for (size_t i = 0; i < command.keys.size(); ++i) {
    const KeySpec& spec = command.keys[i];
    if (spec.what == "not_key") continue;  // a channel, which only decides where it is in a cluster
    if (spec.first == 0 || position < spec.first) continue;
    if (spec.last >= 0 && position > spec.last) continue;
    if ((position - spec.first) % spec.step == 0) return static_cast<int>(i);
  }
  return -1;
}

// A choice that takes one place whatever is chosen.
bool IsOneWord(const Argument& choice) {
  return std::all_of(choice.arguments.begin(), choice.arguments.end(),
                     [](const Argument& part) { return part.type == ArgumentType::kPureToken; });
}

// Marks keys from `*position` on. False behind an argument that may be absent or come again: where
// the following ones are is open then.
bool MarkKeys(const Command& command, std::vector<Argument>* arguments, int* position) {
  for (Argument& argument : *arguments) {
    if (!argument.token.empty()) ++*position;
    if (argument.type == ArgumentType::kOneOf) {
      if (!IsOneWord(argument)) return false;
      ++*position;
    } else if (argument.type == ArgumentType::kBlock) {
      if (!MarkKeys(command, &argument.arguments, position)) return false;
    } else if (argument.type != ArgumentType::kPureToken) {
      argument.key_spec = KeySpecAt(command, *position);
      if (argument.key_spec >= 0) argument.type = ArgumentType::kKey;
      ++*position;
    }
    if (argument.optional || argument.multiple) return false;
  }
  return true;
}

// The value of an option that names keys.
void MarkOptionKeys(const Command& command, std::vector<Argument>* arguments) {
  for (Argument& argument : *arguments) {
    for (size_t i = 0; i < command.keys.size() && !argument.token.empty(); ++i) {
      const std::string_view options = command.keys[i].options;
      const size_t at = options.find(argument.token);
      if (at == std::string_view::npos) continue;
      argument.key_spec = static_cast<int>(i);
      if (argument.type != ArgumentType::kPattern) argument.type = ArgumentType::kKey;
    }
  }
}

}  // namespace

bool ParseSyntax(std::string_view syntax, std::vector<Argument>* arguments) {
  return Parser(syntax).Run(arguments);
}

std::vector<Argument> ArgumentsOf(const Command& command, bool subcommand) {
  std::vector<Argument> arguments;
  if (!ParseSyntax(command.syntax, &arguments)) return {};
  int position = subcommand ? 2 : 1;
  MarkKeys(command, &arguments, &position);
  MarkOptionKeys(command, &arguments);
  Retype(command, &arguments);
  return arguments;
}

std::string_view ArgumentTypeName(ArgumentType type) {
  switch (type) {
    case ArgumentType::kString:
      return "string";
    case ArgumentType::kInteger:
      return "integer";
    case ArgumentType::kDouble:
      return "double";
    case ArgumentType::kKey:
      return "key";
    case ArgumentType::kPattern:
      return "pattern";
    case ArgumentType::kUnixTime:
      return "unix-time";
    case ArgumentType::kPureToken:
      return "pure-token";
    case ArgumentType::kOneOf:
      return "oneof";
    case ArgumentType::kBlock:
      return "block";
  }
  return "string";
}

}  // namespace replete
