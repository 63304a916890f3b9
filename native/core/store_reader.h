#pragma once

#include <memory>
#include <string>

#include "core/background.h"
#include "core/env.h"
#include "core/log_follower.h"
#include "core/result.h"
#include "core/segment_header.h"

namespace millrace {

// A store as a reader has it: no lock is taken, nothing is created or changed; a writer may come
// and go. What Engine is to those who write. One thread at a time; its logs hold what they need.
class StoreReader {
 public:
  // kNotAStore, also when the folder is missing; kNewerFormat, kPermission, kCorrupt.
  static Result<std::unique_ptr<StoreReader>> open(std::shared_ptr<Env> env,
                                                   std::shared_ptr<Background> background,
                                                   const std::string& root);
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  // After its logs. Waits until what was mapped is unmapped.
  ~StoreReader();

  [[nodiscard]] std::unique_ptr<LogFollower> open_log(const LogIdentity& identity) const;
  [[nodiscard]] std::unique_ptr<LogFollower> open_meta() const;

 private:
  StoreReader(std::shared_ptr<Background> background, FollowerContext context, std::string root,
              const LogIdentity& meta);

  std::shared_ptr<Background> background_;
  FollowerContext context_;
  std::string root_;
  LogIdentity meta_;
};

}  // namespace millrace
