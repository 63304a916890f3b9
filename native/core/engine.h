#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "core/store_folder.h"

namespace millrace {

// All logs of one open store: the folder, its lock, and what the logs share. One thread at a time.
// Logs must be closed or destroyed before the engine.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(std::shared_ptr<Env> env,
                                              std::shared_ptr<Background> background,
                                              const std::string& root, const LogOptions& options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  // Fresh, unpredictable identities: nothing is created on disk.
  Result<LogIdentity> new_identity(std::uint32_t shard);
  Result<std::unique_ptr<ShardLog>> open_log(const LogIdentity& identity);
  // The metadata log; its identity is derived from the store's. Never rolls by age. kCorrupt when
  // it is empty although there are logs.
  Result<std::unique_ptr<ShardLog>> open_meta();
  // Removes a log's folder with all it holds; the log is not open. A missing folder is fine. The
  // folder is renamed away at once and emptied in the background.
  Result<void> drop(const LogIdentity& identity);
  // Removes the folders of logs that are not listed; what is no log's stays. Answers how many.
  Result<std::size_t> sweep(const std::vector<LogIdentity>& live);
  // Waits for background work, gives the lock back. Idempotent.
  Result<void> close();

 private:
  Engine(std::shared_ptr<Env> env, std::shared_ptr<Background> background, StoreFolder folder,
         const LogOptions& options);
  Result<void> check_metadata(ShardLog& meta);

  std::shared_ptr<Env> env_;
  std::shared_ptr<Background> background_;
  std::shared_ptr<SegmentCache> cache_;
  const std::string root_;
  std::optional<StoreFolder> folder_;  // none once closed: it holds the lock
  LogOptions options_;
};

// "0f3a…": the name of a log's folder, 32 hexadecimal digits.
[[nodiscard]] std::string folder_name(const LogIdentity& identity);

}  // namespace millrace
