#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/random.h"

namespace replete::test {

// The shape of a command's arguments. Written in a table row as
//   key value         pieces, by their names in pieces.cpp (lower case)
//   NX                a word of the command (upper case; sent in any case)
//   (field value)+    a group, once or more; * is none or more, ? is one or none
//   (EX seconds|PX millis)   one of
//   {NX|XX|EX seconds}       options: any of them in any order, contradictions included
// or built from the tree of COMMAND DOCS.
struct Node {
  enum class Kind { kWord, kPiece, kSequence, kOneOf, kOptions, kRepeat };
  Kind kind = Kind::kSequence;
  std::string text;  // the word, or the name of the piece
  int min = 1;       // of kRepeat
  int max = 1;
  std::vector<Node> children;
};

// Aborts with a message when a row is wrong: rows are written by hand and checked at start.
Node ParseGrammar(std::string_view text);

// Appends random arguments of that shape.
void Generate(const Node& node, Random& random, std::vector<std::string>* args);

// `word` with some letters in the other case, now and then.
std::string AnyCase(std::string word, Random& random);

}  // namespace replete::test
