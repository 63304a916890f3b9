#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/env.h"
#include "core/env_memory.h"
#include "core/result.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "core/store_folder.h"
#include "core/sync_times.h"

namespace millrace {

// All logs of one open store: the folder, its lock, and what the logs share. Any thread may call;
// each gets logs of its own, which share what they are of. Logs must be closed or destroyed before
// the engine.
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
  // Removes a log's folder with all it holds; once the last thread has closed it, if some have it
  // open. A missing folder is fine. The folder is renamed away at once and emptied in the
  // background.
  Result<void> drop(const LogIdentity& identity);
  // What the store holds now: metadata and all logs at one moment, appends wait meanwhile. An
  // engine that is opened on a file system made of it, under the same root, goes on from there as
  // after the death of this process. `files` is the Env that this one was opened with.
  Result<std::shared_ptr<const MemoryImage>> image(EnvMemory& files);
  // A thread has closed or destroyed its log: what waits for the last one happens now.
  void left(const LogIdentity& identity);
  // Removes the folders of logs that are neither listed nor open; what is no log's stays. Answers
  // how many.
  Result<std::size_t> sweep(const std::vector<LogIdentity>& live);
  // Syncs of the store's files and folders since before it was opened, whoever asked for them.
  [[nodiscard]] SyncTotals sync_totals() const noexcept { return env_->sync_totals(); }
  // Waits for background work, gives the lock back. Idempotent.
  Result<void> close();

 private:
  Engine(std::shared_ptr<Env> env, std::shared_ptr<Background> background, StoreFolder folder,
         const LogOptions& options);
  Result<void> check_metadata(ShardLog& meta);
  Result<std::unique_ptr<ShardLog>> open_shared(const LogIdentity& identity,
                                                const std::string& directory,
                                                const LogOptions& options);
  // Holding mutex_.
  [[nodiscard]] bool is_open(const LogIdentity& identity) const;
  Result<void> discard_log(const LogIdentity& identity);

  std::shared_ptr<Env> env_;
  std::shared_ptr<Background> background_;
  std::shared_ptr<SegmentCache> cache_;
  std::shared_ptr<HeldFiles> held_;
  std::shared_ptr<Beginnings> beginnings_;
  const std::string root_;
  std::mutex mutex_;                   // guards what follows
  std::optional<StoreFolder> folder_;  // none once closed: it holds the lock
  LogOptions options_;
  std::map<LogIdentity, std::weak_ptr<SharedLog>> logs_;  // that some thread has open, or had
  std::set<LogIdentity> dropped_;  // that go once the last thread has closed them
};

// "0f3a…": the name of a log's folder, 32 hexadecimal digits.
[[nodiscard]] std::string folder_name(const LogIdentity& identity);

}  // namespace millrace
