#include "core/zeros_ahead.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "core/file.h"

namespace millrace {

namespace {

// What one sync covers: a commit that comes meanwhile waits for it in the device.
constexpr std::uint64_t kZeroedAtOnce = 512 * kKiB;

// Logs that grow alike ask for a piece at different times.
constexpr std::uint64_t kTurns = 8;

// What one call writes: a commit into the same file waits for it.
constexpr std::uint64_t kCallBytes = 128 * kKiB;

}  // namespace

ZerosAhead::ZerosAhead(std::shared_ptr<Env> env, Segment segment,
                       std::weak_ptr<Checkpointer> checkpointer)
    : env_(std::move(env)),
      path_(std::move(segment.path)),
      file_bytes_(segment.file_bytes),
      checkpointer_(std::move(checkpointer)),
      turn_bytes_(std::hash<std::string>()(path_) % kTurns * (kZeroedAtOnce / kTurns)),
      used_(segment.tail.bytes),
      filled_(std::max(segment.filled, segment.shares_flush).bytes),
      shares_flush_(segment.shares_flush.bytes) {}

bool ZerosAhead::claim(FileOffset end) {
  std::unique_lock lock(mutex_);
  used_ = std::max(used_, end.bytes);
  idle_.wait(lock, [&] { return !busy_ || piece_from_ >= end.bytes; });
  return end.bytes <= shares_flush_;
}

void ZerosAhead::keep_ahead(Background& background, FileOffset tail, std::uint64_t ahead_bytes) {
  {
    const std::lock_guard guard(mutex_);
    if (scheduled_ || stopped_) return;
    const std::uint64_t half = ahead_bytes / 2;
    const std::uint64_t lead = filled_ - std::min(filled_, tail.bytes);
    if (lead >= half + std::min(turn_bytes_, half)) return;
    // Normally a piece a time, in turn with other logs, so that zeros come as evenly as frames.
    const std::uint64_t from = std::max(filled_, tail.bytes);
    const std::uint64_t end = lead < half / 2 ? tail.bytes + ahead_bytes : from + 1;
    wanted_ = std::min(align_up<std::uint64_t>(end, kZeroedAtOnce), file_bytes_);
    if (filled_ >= wanted_) return;
    scheduled_ = true;
  }
  post_step(background);
}

void ZerosAhead::stop() noexcept {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  idle_.wait(lock, [&] { return !busy_; });
}

// The next piece behind zeros and frames, if one is wanted.
bool ZerosAhead::take_piece() {
  const std::lock_guard guard(mutex_);
  // Whole pages: the rest of the last one with frames was written with them.
  piece_from_ = std::max(filled_, align_up<std::uint64_t>(used_, kPageBytes));
  piece_to_ = std::min(align_down<std::uint64_t>(piece_from_ + kZeroedAtOnce, kPageBytes), wanted_);
  busy_ = !stopped_ && piece_from_ < piece_to_;
  if (!busy_) scheduled_ = false;
  return busy_;
}

// A piece a task, so that segments of several logs, which tend to run low together, take turns.
void ZerosAhead::post_step(Background& background) {
  background.post(Background::Lane::kPages, [self = shared_from_this(), &background] {
    if (!self->take_piece()) return;
    const Result<void> written = self->write_piece(self->piece_from_, self->piece_to_);
    {
      const std::lock_guard guard(self->mutex_);
      self->busy_ = false;
      // Whoever fails once goes on without: it costs speed, and nothing else.
      if (!written) self->stopped_ = true;
    }
    self->idle_.notify_all();
    self->post_step(background);
  });
}

Result<void> ZerosAhead::write_piece(std::uint64_t from, std::uint64_t to) {
  Result<File> file = File::open(*env_, path_, OpenMode::kReadWrite);
  if (!file) return file.error();
  const std::vector<std::byte> zeros(std::min(kCallBytes, to - from));
  for (std::uint64_t at = from; at < to; at += zeros.size()) {
    const Bytes part = Bytes(zeros).first(std::min<std::uint64_t>(zeros.size(), to - at));
    if (Result<void> written = file->write_all(part, FileOffset{at}); !written) return written;
  }
  const auto sync = [&] { return file->sync_data(); };
  const std::shared_ptr<Checkpointer> checkpointer = checkpointer_.lock();
  Result<void> synced =
      checkpointer ? checkpointer->sync_elsewhere(PoisonStage::kSyncData, sync) : sync();
  if (!synced) return synced;
  const Result<FileOffset> shares = env_->shares_flush_below(file->id());
  const std::lock_guard guard(mutex_);
  filled_ = to;
  // What lies behind may have been written since the sync.
  if (shares) shares_flush_ = std::min(shares->bytes, to);
  return {};
}

}  // namespace millrace
