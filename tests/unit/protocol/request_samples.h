#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace replete {

inline std::string Multibulk(const std::vector<std::string>& args) {
  std::string wire = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    wire += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return wire;
}

// Streams, good and bad, that between them take every branch of the parser.
inline std::vector<std::string> SampleStreams() {
  using namespace std::string_literals;
  const std::string set = Multibulk({"SET", "key:000000123456", "xxx"});
  std::vector<std::string> many = {"MSET"};
  for (int i = 0; i < 12; ++i) {
    many.push_back("k" + std::to_string(i));
    many.push_back(std::string(static_cast<size_t>(i * i), 'v'));
  }
  return {
      "PING\r\n",
      set,
      set + set + Multibulk({"GET", ""}) + "PING\n" + set,
      Multibulk({std::string("\0\r\n$*", 5), "\r\n\r\n", std::string(1234, 'z')}) + "PING\r\n",
      Multibulk(many) + Multibulk(many),
      "*0\r\n*-1\r\n\r\n\n  \t \r\n*-99\r\nPING\r\n",
      "set \"a b\" 'c d' \"\\x41\\n\" x\"y\"\r\nget 'it\\'s'\r\n" + set,
      "*1\rX$4\rXPINGXXPING\r\n",
      "*1\r\n$4\r\nPINGabPING\r\n",
      set + "*abc\r\n" + set,
      set + "*2\r\n$3\r\nGET\r\n:3\r\n" + set,
      set + "*2\r\n$3\r\nGET\r\n$-1\r\n",
      "*2147483648\r\n",
      "*1\r\n$536870913\r\n",
      "*1\r\n$99999999999999999999\r\n",
      "*3\r\n$03\r\nSET\r\n",
      "*1\r\n\r\n",
      "get \"a\r\n",
      "get 'a'b\r\n",
      "get \"a\"b\r\n",
      "PI\0NG\r\nPING\r\n"s,
      "*1\0\r\n$4\r\nPING\r\n"s,
      "*2\r\n$3\r\nGET\r\n$1\0\r\n"s,
      "*2\r\n$3\r\nGET\r\n$3\r\nab",
  };
}

}  // namespace replete
