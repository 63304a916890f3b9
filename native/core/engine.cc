#include "core/engine.h"

#include <set>
#include <utility>

#include "core/paths.h"

namespace millrace {

namespace {

constexpr std::size_t kMappedSegmentsMax = 64;
constexpr const char* kTrashSuffix = ".trash";

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

// Takes a log's folder out of sight at once and empties it in the background.
Result<void> discard(const std::shared_ptr<Env>& env, Background& background, std::string path) {
  // One that is out of sight already is what a crash left of an earlier time.
  if (!path.ends_with(kTrashSuffix)) {
    const std::string trash = path + kTrashSuffix;
    if (Result<void> renamed = env->rename(path, trash); !renamed) return renamed;
    path = trash;
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

Result<std::unique_ptr<ShardLog>> Engine::open_log(const LogIdentity& identity) {
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  const LogContext context{env_, background_.get(), cache_};
  return ShardLog::open(context, join_path(folder_->shards(), folder_name(identity)), identity,
                        options_);
}

Result<std::unique_ptr<ShardLog>> Engine::open_meta() {
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  const LogContext context{env_, background_.get(), cache_};
  LogOptions options = options_;
  options.segment_age_ms = INT64_MAX;
  return ShardLog::open(context, folder_->meta(), {folder_->uuid(), 0}, options);
}

Result<void> Engine::drop(const LogIdentity& identity) {
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  const std::string path = join_path(folder_->shards(), folder_name(identity));
  Result<bool> there = env_->exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  return discard(env_, *background_, path);
}

Result<std::size_t> Engine::sweep(const std::vector<LogIdentity>& live) {
  if (!folder_) return Error{.code = Errc::kClosed, .message = root_ + ": used after close"};
  std::set<std::string> names;
  for (const LogIdentity& identity : live) names.insert(folder_name(identity));
  Result<std::vector<DirectoryEntry>> entries = env_->list(folder_->shards());
  if (!entries) return entries.error();
  std::size_t removed = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory || names.contains(entry.name)) continue;
    const std::string path = join_path(folder_->shards(), entry.name);
    if (Result<void> gone = discard(env_, *background_, path); !gone) return gone.error();
    ++removed;
  }
  return removed;
}

Result<void> Engine::close() {
  if (!folder_) return {};
  background_->drain();
  folder_.reset();
  return {};
}

}  // namespace millrace
