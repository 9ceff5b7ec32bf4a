#include "server/command_syntax.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/command_table.h"

namespace replete {
namespace {

// A tree on one line: name:type, "TOKEN" in front, flags behind, parts in parentheses.
std::string Print(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    if (!text.empty()) text += ' ';
    if (!argument.token.empty()) text += '"' + argument.token + "\" ";
    text += argument.name + ':' + std::string(ArgumentTypeName(argument.type));
    if (argument.key_spec >= 0) text += '#' + std::to_string(argument.key_spec);
    if (argument.optional) text += '?';
    if (argument.multiple) text += argument.multiple_token ? "**" : "*";
    if (!argument.arguments.empty()) text += '(' + Print(argument.arguments) + ')';
  }
  return text;
}

std::string Parsed(std::string_view syntax) {
  std::vector<Argument> arguments;
  return ParseSyntax(syntax, &arguments) ? Print(arguments) : "wrong";
}

TEST(CommandSyntax, NothingIsNoArguments) {
  EXPECT_EQ(Parsed(""), "");
  EXPECT_EQ(Parsed("  "), "");
}

TEST(CommandSyntax, WordsAreValuesWhoseTypeFollowsFromTheName) {
  EXPECT_EQ(Parsed("key value"), "key:key value:string");
  EXPECT_EQ(Parsed("cursor pattern timeout unix-time-seconds"),
            "cursor:integer pattern:pattern timeout:double unix-time-seconds:unix-time");
}

TEST(CommandSyntax, BracketsAreOptional) {
  EXPECT_EQ(Parsed("[username] password"), "username:string? password:string");
  EXPECT_EQ(Parsed("key [count]"), "key:key count:integer?");
}

TEST(CommandSyntax, TokensTakeTheValuesBehindThem) {
  EXPECT_EQ(Parsed("[EX seconds]"), "\"EX\" seconds:integer?");
  EXPECT_EQ(Parsed("[AUTH username password]"),
            "\"AUTH\" username_password:block?(username:string password:string)");
  EXPECT_EQ(Parsed("[GET]"), "\"GET\" get:pure-token?");
  EXPECT_EQ(Parsed("TYPE <NORMAL | PUBSUB>"),
            "\"TYPE\" normal_pubsub:oneof(\"NORMAL\" normal:pure-token \"PUBSUB\" "
            "pubsub:pure-token)");
}

TEST(CommandSyntax, ATokenStopsAtTheNextTokenAndAtOptionsBehindItsLastValue) {
  EXPECT_EQ(Parsed("COUNT count ANY"), "\"COUNT\" count:integer \"ANY\" any:pure-token");
  EXPECT_EQ(Parsed("[COUNT count [ANY]]"),
            "count_any:block?(\"COUNT\" count:integer \"ANY\" any:pure-token?)");
  EXPECT_EQ(Parsed("MAXLEN [= | ~] threshold"),
            "\"MAXLEN\" =_~_threshold:block(=_~:oneof?(\"=\" =:pure-token \"~\" ~:pure-token) "
            "threshold:string)");
}

TEST(CommandSyntax, AGroupThatHasItsTokenIsNotMergedWithTheOneInFront) {
  EXPECT_EQ(Parsed("FILTERBY <MODULE module-name>"),
            "\"FILTERBY\" module-name:block(\"MODULE\" module-name:string)");
}

TEST(CommandSyntax, BarsAreAlternatives) {
  const std::string on_off = "on_off:oneof(\"ON\" on:pure-token \"OFF\" off:pure-token)";
  EXPECT_EQ(Parsed("<ON | OFF>"), on_off);
  EXPECT_EQ(Parsed("<ON|OFF>"), on_off);
  EXPECT_EQ(Parsed("ON | OFF"), on_off);
  EXPECT_EQ(Parsed("[EX seconds | LIMIT offset count | KEEPTTL]"),
            "seconds_offset_count_keepttl:oneof?(\"EX\" seconds:integer \"LIMIT\" "
            "offset_count:block(offset:integer count:integer) \"KEEPTTL\" keepttl:pure-token)");
}

TEST(CommandSyntax, WhatIsSaidTwiceWithDotsComesOnceOrMore) {
  EXPECT_EQ(Parsed("key [key ...]"), "key:key*");
  EXPECT_EQ(Parsed("key [key ...] timeout"), "key:key* timeout:double");
  EXPECT_EQ(Parsed("key field value [field value ...]"),
            "key:key field_value:block*(field:string value:string)");
  EXPECT_EQ(Parsed("key value [key value ...]"), "key_value:block*(key:key value:string)");
}

TEST(CommandSyntax, DotsWithATokenRepeatTheTokenOnlyWhenItIsSaidAgain) {
  EXPECT_EQ(Parsed("[PREFIX prefix [PREFIX prefix ...]]"), "\"PREFIX\" prefix:string?**");
  EXPECT_EQ(Parsed("[ID client-id [client-id ...]]"), "\"ID\" client-id:integer?*");
  EXPECT_EQ(Parsed("[ID client-id ...]"), "\"ID\" client-id:integer?*");
  EXPECT_EQ(Parsed("[TAGS n tag [tag ...]]"), "\"TAGS\" n_tag:block?(n:integer tag:string*)");
}

TEST(CommandSyntax, DotsAlone) {
  EXPECT_EQ(Parsed("[section ...]"), "section:string?*");
  EXPECT_EQ(Parsed("[section [section ...]]"), "section:string?*");
  EXPECT_EQ(Parsed("[option value ...]"), "option_value:block?*(option:string value:string)");
  EXPECT_EQ(Parsed("key tag ..."), "key:key tag:string*");
}

TEST(CommandSyntax, BracketsNest) {
  EXPECT_EQ(Parsed("[protover [AUTH username password] [SETNAME clientname]]"),
            "protover_username_password_clientname:block?(protover:integer \"AUTH\" "
            "username_password:block?(username:string password:string) \"SETNAME\" "
            "clientname:string?)");
}

TEST(CommandSyntax, WrongSyntaxIsToldFromRight) {
  for (std::string_view wrong : {"[key", "key]", "<a | b", "a >", "[key>", "[]", "a |", "| a",
                                 "[a |]", "...", "[...]", "a [b [c] ", "<a ]"}) {
    EXPECT_EQ(Parsed(wrong), "wrong") << wrong;
  }
}

Command WithKeys(std::string_view name, std::string_view syntax, KeySpec first,
                 KeySpec second = {}) {
  return {.name = name,
          .arity = -2,
          .flags = 0,
          .categories = 0,
          .scope = Scope::kKeys,
          .keys = {first, second},
          .since = "1.0.0",
          .summary = "x",
          .syntax = syntax,
          .reply = "",
          .handler = nullptr};
}

TEST(CommandSyntax, KeysAreThoseOfTheKeySpecifications) {
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("rename", "from newkey", {1, 1, 1}, {2, 2, 1}), false)),
            "from:key#0 newkey:key#1");
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("mset", "key value [key value ...]", {1, -1, 2}), false)),
            "key_value:block*(key:key#0 value:string)");
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("blpop", "key [key ...] timeout", {1, -2, 1}), false)),
            "key:key#0* timeout:double");
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("encoding", "name", {2, 2, 1}), true)), "name:key#0");
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("bitop", "<AND | OR> destkey other", {2, 3, 1}), false)),
            "and_or:oneof(\"AND\" and:pure-token \"OR\" or:pure-token) destkey:key#0 other:key#0");
}

TEST(CommandSyntax, IncrementsByFloatAreDoubles) {
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("incrby", "key increment", {1, 1, 1}), false)),
            "key:key#0 increment:integer");
  EXPECT_EQ(Print(ArgumentsOf(WithKeys("incrbyfloat", "key increment", {1, 1, 1}), false)),
            "key:key#0 increment:double");
}

// The number of key specifications that some argument names.
void Collect(const std::vector<Argument>& arguments, std::vector<bool>* named) {
  for (const Argument& argument : arguments) {
    if (argument.key_spec >= 0) (*named)[static_cast<size_t>(argument.key_spec)] = true;
    Collect(argument.arguments, named);
  }
}

void CheckRow(const Command& command, bool subcommand) {
  std::vector<Argument> arguments;
  EXPECT_TRUE(ParseSyntax(command.syntax, &arguments)) << command.name << ": " << command.syntax;
  std::vector<bool> named(command.keys.size());
  Collect(ArgumentsOf(command, subcommand), &named);
  for (size_t i = 0; i < named.size(); ++i) {
    const KeySpec& spec = command.keys[i];
    const bool told = spec.present() && spec.database_argument == 0 && spec.what != "not_key";
    EXPECT_EQ(named[i], told) << command.name << ": " << command.syntax;
  }
  for (const Command& sub : command.subcommands) CheckRow(sub, true);
}

TEST(CommandSyntax, EveryRowOfTheTableIsRightAndDocumentsItsKeys) {
  const CommandTable table(true);
  ASSERT_GT(table.all().size(), 50u);
  for (const Command* command : table.all()) CheckRow(*command, false);
}

}  // namespace
}  // namespace replete
