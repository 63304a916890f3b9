#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/env.h"
#include "core/result.h"
#include "crash/file_history.h"
#include "crash/sector.h"

namespace millrace::crash {

// One state of a disk: what somebody finds who looks at it after the machine came up again.
struct DiskImage {
  std::map<std::string, FileImage> files;  // by path
  std::set<std::string> directories;
  std::shared_ptr<SectorPool> pool;  // holds the contents

  // Equal for equal states, in all likelihood not for others.
  [[nodiscard]] std::uint64_t hash() const noexcept;
  // Makes these files and directories in `env`, where none of them is: those below `from`, which
  // itself becomes `to`. Two empty texts: all of them, by their own paths. Sparse where an Env can.
  Result<void> put_into(Env& env, const std::string& from, const std::string& to) const;
};

}  // namespace millrace::crash
