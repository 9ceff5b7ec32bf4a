#pragma once

#include <string>

#include "config/problem.h"

namespace replete {

// A file that holds the process id while this lives. An empty path means none.
class PidFile {
 public:
  explicit PidFile(std::string path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  const Problem& problem() const { return problem_; }

 private:
  std::string path_;
  Problem problem_;
};

}  // namespace replete
