#include "tests/differential/options.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace replete::test {

const char kUsage[] =
    "differential [option ...]: the same random requests to two servers, replies compared\n"
    "  --requests N       how many, over all protocols (20000)\n"
    "  --seed S           what makes them random (1)\n"
    "  --round R          only round R of that seed, as printed with a difference\n"
    "  --ours BIN         the server under test (REPLETE_SERVER, then the built daemon)\n"
    "  --reference BIN    what it is held against (redis-server)\n"
    "  --protocol 2|3|both\n"
    "  --threads N        loops of the server under test (2)\n"
    "  --from-docs        requests from the syntax that COMMAND DOCS of ours tells\n"
    "  --list             the commands and their argument grammar\n";

namespace {

bool SetProtocols(std::string_view value, Options* options) {
  if (value == "2") {
    options->protocols = {2};
  } else if (value == "3") {
    options->protocols = {3};
  } else if (value != "both") {
    return false;
  }
  return true;
}

bool SetNumber(const char* value, long long* number) {
  char* end = nullptr;
  *number = std::strtoll(value, &end, 10);
  return end != value && *end == '\0' && *number >= 0;
}

bool SetValue(std::string_view name, const char* value, Options* options) {
  long long number = 0;
  if (name == "--ours") {
    options->ours = value;
  } else if (name == "--reference") {
    options->reference = value;
  } else if (name == "--protocol") {
    return SetProtocols(value, options);
  } else if (!SetNumber(value, &number)) {
    return false;
  } else if (name == "--requests") {
    options->requests = number;
  } else if (name == "--seed") {
    options->seed = static_cast<std::uint64_t>(number);
  } else if (name == "--round") {
    options->round = number;
  } else if (name == "--threads") {
    options->threads = static_cast<int>(number);
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool ParseOptions(int argc, char** argv, Options* options) {
  const char* built = std::getenv("REPLETE_SERVER");
  options->ours = built != nullptr ? built : REPLETE_SERVER;
  const char* redis = std::getenv("REPLETE_REFERENCE");
  options->reference = redis != nullptr ? redis : "redis-server";
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--list") {
      options->list = true;
    } else if (name == "--help") {
      options->help = true;
    } else if (name == "--from-docs") {
      options->from_docs = true;
    } else if (i + 1 >= argc || !SetValue(name, argv[++i], options)) {
      std::fprintf(stderr, "bad option %s\n%s", argv[i], kUsage);
      return false;
    }
  }
  return true;
}

}  // namespace replete::test
