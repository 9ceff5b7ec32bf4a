#include "config/man_page.h"

#include <fmt/format.h>

#include "config/namespace_settings.h"
#include "config/settings_table.h"

namespace replete {
namespace {

// Text that roff takes as it is: no request at the beginning of a line, no escape, no hyphenation.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  if (!escaped.empty() && (escaped[0] == '.' || escaped[0] == '\'')) escaped.insert(0, "\\&");
  return escaped;
}

template <typename Owner>
std::string Entry(const Row<Owner>& row, std::string_view more) {
  return fmt::format(".TP\n.B {}\n{}\nAllowed: {}.{}\n", Roff(row.name), Roff(row.doc),
                     Roff(DescribeAllowed(row)), Roff(more));
}

}  // namespace

std::string ManPage() {
  std::string page = fmt::format(".TH REPLETE\\-SERVER 8 \"\" \"Replete {}\"\n", REPLETE_VERSION);
  page +=
      ".SH NAME\n"
      "replete\\-server \\- cache daemon with namespaces that speaks the protocol of Redis\n"
      ".SH SYNOPSIS\n"
      ".B replete\\-server\n"
      "[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-NAME\\fR \\fIVALUE\\fR ...]\n"
      ".SH DESCRIPTION\n"
      "Replete holds several caches, called namespaces, each with limits, an eviction policy and "
      "a\n"
      "default time to live of its own. Clients are those of Redis. The daemon runs in the\n"
      "foreground.\n"
      ".SH OPTIONS\n"
      ".TP\n.B \\-\\-config \\fIFILE\\fR\nReads settings from a file in TOML.\n"
      ".TP\n.B \\-\\-check\\-config \\fR[\\fIFILE\\fR]\nTells all mistakes and exits.\n"
      ".TP\n.B \\-\\-sample\\-config\nPrints a configuration file with every setting.\n"
      ".TP\n.B \\-\\-commands\nPrints the reference of commands in Markdown.\n"
      ".TP\n.B \\-\\-ping\nAsks the daemon of this configuration whether it answers; exits with 0 "
      "if it does.\n"
      ".TP\n.B \\-\\-version\\fR, \\fB\\-\\-help\nPrint the version, or all settings.\n"
      ".TP\n.B \\-\\-NAME \\fIVALUE\nAny of the settings below; of a namespace\n"
      ".BI \\-\\-namespace. NAME . OPTION \\ VALUE\\fR.\n"
      ".SH SETTINGS\n"
      "In the file each stands in the table of its section.\n";
  std::string_view section;
  for (const Setting& row : SettingsTable()) {
    if (row.section != section) {
      section = row.section;
      page += fmt::format(".SS [{}]\n", section);
    }
    page += Entry(row, fmt::format(" Default: {}.{}", DescribeDefault(row),
                                   row.change == Change::kAtStart ? " Not while it runs." : ""));
  }
  page += ".SS [namespace.NAME]\n";
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (row.available) page += Entry(row, "");
  }
  page +=
      ".SH ENVIRONMENT\n"
      "\\fBREPLETE__SECTION__NAME\\fR and \\fBREPLETE__NAMESPACE__NAME__OPTION\\fR override the\n"
      "file, the command line overrides them. \\fBCACHE_TTL_DEFAULT\\fR, \\fBCACHE_MAX_SIZE\\fR "
      "and\n"
      "\\fBCACHE_BACKEND\\fR are defaults of named namespaces, \\fBCODOMYRMEX_MCP_CACHE_TTL\\fR "
      "is\n"
      "the default TTL of the namespace mcp.\n"
      ".SH SIGNALS\n"
      "SIGTERM and SIGINT stop the daemon, SIGHUP reads the file again, SIGUSR1 opens the log "
      "anew.\n"
      ".SH FILES\n"
      ".I /etc/replete/replete.toml\n"
      ".SH SEE ALSO\n"
      ".BR redis\\-cli (1)\n";
  return page;
}

}  // namespace replete
