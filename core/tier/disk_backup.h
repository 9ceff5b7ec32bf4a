#pragma once

#include <cstdint>
#include <string>

#include "config/problem.h"
#include "core/tier/disk_store.h"

namespace replete {

// A backup is a folder with a copy of the whole store as it was at one instant (files that do not
// change any more are shared with it where the file system can), and a file that names the
// namespace that it was made of. Both may take long.

// Makes the folder, which must not be there.
[[nodiscard]] Problem BackUp(DiskStore& store, const StoredNamespace& which,
                             const std::string& folder);
// Copies the records of the backup's namespace into `store`, under this generation.
[[nodiscard]] Problem CopyBackup(const std::string& folder, DiskStore& store, uint64_t generation);

}  // namespace replete
