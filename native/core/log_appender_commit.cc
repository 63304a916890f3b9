// The appender of a log that is written by calls: the file that a commit goes into, what is staged
// for it, and what becomes of that.
#include <cerrno>
#include <utility>

#include "core/commit.h"
#include "core/file.h"
#include "core/held_files.h"
#include "core/log_appender.h"
#include "core/sync_directory.h"
#include "core/system_error.h"

namespace millrace {

// Before anybody else writes to the segment, or may.
void LogAppender::let_go_of_segment() noexcept {
  if (zeros_) zeros_->stop();
  zeros_.reset();
  if (const std::shared_ptr<File> file = file_.lock()) context_.held->let_go(file);
  file_.reset();
}

std::optional<StagedWrite> LogAppender::staged() const {
  if (!writer_ || (stage_.empty(writer_->tail()) && pad_bytes_ == 0)) return std::nullopt;
  const Bytes frames = stage_.frames({writer_->tail().bytes + pad_bytes_});
  const FileOffset end{stage_.start().bytes + frames.size()};
  return StagedWrite{.path = writer_->segment().path,
                     .at = stage_.start(),
                     .frames = frames,
                     .slots_at = stage_.slots_at(),
                     .slots = stage_.slots(),
                     .shares_flush = zeros_ && zeros_->claim(end)};
}

// Before the first frame of a commit is staged: where there is no descriptor for it, that
// commit is refused, which nothing was stored of yet, and may be made again.
Result<void> LogAppender::take_file() {
  if (!options_.written || staging_file_) return {};
  Result<std::shared_ptr<File>> file = open_file();
  // Memory, too: it was only to be opened.
  const bool again = !file && (wants_descriptor(file.error()) || file.error().sys_errno == ENOMEM);
  if (again) return file.error();
  if (!file) {
    checkpointer_->poison(PoisonStage::kWrite, file.error());
    return checkpointer_->poison_error();
  }
  if (Result<void> synced = sync_fresh(**file); !synced) return synced;
  staging_file_ = std::move(*file);
  return {};
}

// A range that a commit syncs covers neither the header of its segment nor its name.
Result<void> LogAppender::sync_fresh(File& file) {
  if (!is_fresh_) return {};
  Result<void> synced =
      checkpointer_->sync_elsewhere(PoisonStage::kSyncData, [&] { return file.sync_data(); });
  if (synced) {
    synced = checkpointer_->sync_elsewhere(
        PoisonStage::kSyncDirectory, [&] { return sync_directory(*context_.env, directory_); });
  }
  if (!synced && checkpointer_->poisoned()) return checkpointer_->poison_error();
  if (synced) is_fresh_ = false;
  return synced;
}

Result<std::shared_ptr<File>> LogAppender::open_file() {
  Env& env = *context_.env;
  const std::string& path = writer_->segment().path;
  if (context_.held == nullptr) {
    Result<File> file = File::open(env, path, OpenMode::kReadWrite);
    if (!file) return file.error();
    return std::make_shared<File>(std::move(*file));
  }
  if (std::shared_ptr<File> file = file_.lock()) {
    // One that was moved or deleted with its store still takes writes, but nobody would find them.
    Result<bool> there = env.exists(path);
    if (!there) return there.error();
    if (*there) {
      context_.held->used(file);
      return file;
    }
    context_.held->let_go(file);
  }
  Result<std::shared_ptr<File>> file = context_.held->open(env, path);
  if (file) file_ = *file;
  return file;
}

void LogAppender::written() {
  if (options_.show_committed) publish();
}

void LogAppender::landed() {
  stage_.clear();
  pad_bytes_ = 0;
  staging_file_.reset();
  publish(options_.sync_commits);
}

Error LogAppender::lost(PoisonStage stage, const Error& cause) {
  let_go_of_segment();
  stage_.clear();
  pad_bytes_ = 0;
  staging_file_.reset();
  has_lost_ = true;
  checkpointer_->poison(stage, cause);
  return checkpointer_->poison_error();
}

// Writes what this log alone has staged, before it does something that must come behind it.
Result<void> LogAppender::settle() {
  if (!options_.written) return {};
  Commit commit(*context_.env, options_.sync_commits);
  commit.add(*this);
  return commit.run();
}

}  // namespace millrace
