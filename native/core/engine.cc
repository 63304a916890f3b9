#include "core/engine.h"

#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "core/paths.h"
#include "core/store_contents.h"

namespace millrace {

namespace {

constexpr std::size_t kMappedSegmentsMax = 64;

// Active segments of logs that are written by calls: processes often may have 1024 descriptors.
constexpr std::size_t kHeldFilesMax = 64;
constexpr std::string_view kTrashSuffix = ".trash";

// Whether a folder in `shards` is a log's, in sight or not. Others are somebody else's business.
bool is_log_folder(const std::string& name) {
  const bool dropped = name.ends_with(kTrashSuffix);
  const std::size_t digits = name.size() - (dropped ? kTrashSuffix.size() : 0);
  return from_hex(std::string_view(name).substr(0, digits)).has_value();
}

// Removes a log's folder: files, then the folders inside, then itself. A crash leaves the rest for
// the next sweep.
void remove_folder(Env& env, const std::string& path) {
  Result<std::vector<DirectoryEntry>> entries = env.list(path);
  if (!entries) return;
  for (const DirectoryEntry& entry : *entries) {
    const std::string child = join_path(path, entry.name);
    if (entry.is_directory) {
      remove_folder(env, child);
    } else {
      (void)env.unlink(child);
    }
  }
  (void)env.remove_directory(path);
}

// A name for a log's folder while it is emptied: its own, or any other if a namesake is still
// there.
Result<std::string> free_trash(Env& env, const std::string& path) {
  std::string trash = path + std::string(kTrashSuffix);
  Result<bool> taken = env.exists(trash);
  if (!taken) return taken.error();
  if (!*taken) return trash;
  std::array<std::byte, 16> uuid;
  if (Result<void> random = env.random_bytes(uuid); !random) return random.error();
  return join_path(std::string(parent_path(path)), to_hex(uuid) + std::string(kTrashSuffix));
}

// Takes a log's folder out of sight at once and empties it in the background. A thread that does
// not know yet that the log is gone may make another one there.
Result<void> discard(const std::shared_ptr<Env>& env, Background& background, SegmentCache& cache,
                     std::string path) {
  cache.forget_folder(path);
  // One that is out of sight already is what a crash left of an earlier time.
  if (!path.ends_with(kTrashSuffix)) {
    Result<std::string> trash = free_trash(*env, path);
    if (!trash) return trash.error();
    if (Result<void> renamed = env->rename(path, *trash); !renamed) return renamed;
    path = std::move(*trash);
  }
  background.post(Background::Lane::kPages, [env, path] { remove_folder(*env, path); });
  return {};
}

}  // namespace

std::string folder_name(const LogIdentity& identity) { return to_hex(identity.uuid); }

Engine::Engine(std::shared_ptr<Env> env, std::shared_ptr<Background> background, StoreFolder folder,
               const LogOptions& options)
    : env_(std::move(env)),
      background_(std::move(background)),
      cache_(std::make_shared<SegmentCache>(*env_, *background_, kMappedSegmentsMax)),
      held_(std::make_shared<HeldFiles>(kHeldFilesMax)),
      beginnings_(std::make_shared<Beginnings>()),
      root_(folder.root()),
      folder_(std::move(folder)),
      options_(options) {}

Engine::~Engine() {
  // Tasks refer to the Env; logs that were not closed may have posted some.
  if (folder_) background_->drain();
}

Result<std::unique_ptr<Engine>> Engine::open(std::shared_ptr<Env> env,
                                             std::shared_ptr<Background> background,
                                             const std::string& root, const LogOptions& options) {
  Result<StoreFolder> folder = StoreFolder::open(*env, root, options.sync);
  if (!folder) return folder.error();
  return std::unique_ptr<Engine>(
      new Engine(std::move(env), std::move(background), std::move(*folder), options));
}

Result<LogIdentity> Engine::new_identity(std::uint32_t shard) {
  LogIdentity identity;
  identity.shard = shard;
  if (Result<void> random = env_->random_bytes(identity.uuid); !random) return random.error();
  return identity;
}

// Joins the log of another thread if there is one. Opening takes the lock throughout, so that two
// threads do not recover one log.
Result<std::unique_ptr<ShardLog>> Engine::open_shared(const LogIdentity& identity,
                                                      const std::string& directory,
                                                      const LogOptions& options) {
  std::weak_ptr<SharedLog>& known = logs_[identity];
  if (const std::shared_ptr<SharedLog> shared = known.lock()) {
    if (std::unique_ptr<ShardLog> joined = ShardLog::join(shared)) return joined;
  }
  const LogContext context{env_, background_.get(), cache_, held_, beginnings_};
  Result<std::unique_ptr<ShardLog>> log = ShardLog::open(context, directory, identity, options);
  if (log) known = (*log)->shared();
  return log;
}

Result<std::unique_ptr<ShardLog>> Engine::open_log(const LogIdentity& identity) {
  const std::lock_guard guard(mutex_);
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  return open_shared(identity, join_path(folder_->shards(), folder_name(identity)), options_);
}

Result<std::unique_ptr<ShardLog>> Engine::open_meta() {
  const std::lock_guard guard(mutex_);
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  LogOptions options = options_;
  options.segment_age_ms = INT64_MAX;
  Result<std::unique_ptr<ShardLog>> log =
      open_shared({folder_->uuid(), 0}, folder_->meta(), options);
  if (!log) return log;
  // What it says is acted upon, so a crash must not take it back: the streams that a process had
  // deleted, but not durably, would be there again, and empty.
  if (Result<void> synced = (*log)->flush(); !synced) return synced.error();
  beginnings_->herald_by((*log)->shared());
  if (Result<void> known = check_metadata(**log); !known) return known.error();
  return log;
}

// No log is made before the metadata names it, so logs beside empty metadata mean that this was
// lost. To go on would sweep them all away.
Result<void> Engine::check_metadata(ShardLog& meta) {
  Result<LogStats> stats = meta.stats();
  if (!stats) return stats.error();
  if (stats->next > kFirstSequence) return {};
  Result<std::vector<DirectoryEntry>> entries = env_->list(folder_->shards());
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    if (!is_log_folder(entry.name) || entry.name.ends_with(kTrashSuffix)) continue;
    return Error{.code = Errc::kCorrupt,
                 .message = folder_->meta() + ": the metadata is missing; " +
                            join_path(folder_->shards(), entry.name) + " is there without it"};
  }
  return {};
}

bool Engine::is_open(const LogIdentity& identity) const {
  const auto known = logs_.find(identity);
  if (known == logs_.end()) return false;
  const std::shared_ptr<SharedLog> shared = known->second.lock();
  return shared != nullptr && shared->is_used();
}

Result<void> Engine::discard_log(const LogIdentity& identity) {
  logs_.erase(identity);
  const std::string path = join_path(folder_->shards(), folder_name(identity));
  Result<bool> there = env_->exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  return discard(env_, *background_, *cache_, path);
}

Result<void> Engine::drop(const LogIdentity& identity) {
  const std::lock_guard guard(mutex_);
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  // A crash before the last thread has closed it leaves the folder to the next sweep.
  if (is_open(identity)) {
    dropped_.insert(identity);
    return {};
  }
  return discard_log(identity);
}

Result<std::shared_ptr<const MemoryImage>> Engine::image(EnvMemory& files) {
  const std::lock_guard guard(mutex_);
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  std::vector<std::shared_ptr<SharedLog>> open;
  for (const auto& [identity, weak] : logs_) {
    if (std::shared_ptr<SharedLog> shared = weak.lock()) open.push_back(std::move(shared));
  }
  std::vector<std::unique_ptr<SharedLog::Appending>> held;
  for (const auto& log : open) held.push_back(std::make_unique<SharedLog::Appending>(*log));
  // Seals, removals and pages made ready; none of which waits for what is held.
  background_->drain();
  FileContents contents;
  Result<void> added = add_log_contents(files, folder_->meta(), contents);
  if (!added) return added.error();
  Result<std::vector<DirectoryEntry>> entries = files.list(folder_->shards());
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    if (!is_log_folder(entry.name)) continue;
    added = add_log_contents(files, join_path(folder_->shards(), entry.name), contents);
    if (!added) return added.error();
  }
  return files.image(contents);
}

void Engine::left(const LogIdentity& identity) {
  const std::lock_guard guard(mutex_);
  if (!folder_ || is_open(identity)) return;
  if (dropped_.erase(identity) > 0) (void)discard_log(identity);
}

Result<std::size_t> Engine::sweep(const std::vector<LogIdentity>& live) {
  const std::lock_guard guard(mutex_);
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  std::set<std::string> names;
  for (const LogIdentity& identity : live) names.insert(folder_name(identity));
  for (const auto& [identity, shared] : logs_) {
    if (is_open(identity)) names.insert(folder_name(identity));
  }
  Result<std::vector<DirectoryEntry>> entries = env_->list(folder_->shards());
  if (!entries) return entries.error();
  std::size_t removed = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory || !is_log_folder(entry.name) || names.contains(entry.name)) continue;
    const std::string path = join_path(folder_->shards(), entry.name);
    if (Result<void> gone = discard(env_, *background_, *cache_, path); !gone) return gone.error();
    ++removed;
  }
  return removed;
}

Result<void> Engine::close() {
  const std::lock_guard guard(mutex_);
  if (!folder_) return {};
  background_->drain();
  folder_.reset();
  return {};
}

}  // namespace millrace
