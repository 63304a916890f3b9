#include "core/commit.h"

#include <utility>

namespace millrace {

void Commit::add(LogAppender& log) {
  if (std::optional<StagedWrite> staged = log.staged()) {
    parts_.push_back({.log = &log, .write = std::move(*staged), .file = log.file()});
  }
}

void Commit::begin(LogAppender& log) {
  const std::size_t before = parts_.size();
  add(log);
  if (parts_.size() == before) return;
  Part& part = parts_.back();
  // Everything else is written and synced by one call.
  if (!sync_ || !part.write.shares_flush) return;
  Result<void> written = part.file->write_all(part.write.frames, part.write.at);
  if (!written) return lose(part, PoisonStage::kWrite, written.error());
  part.begun = true;
  env_.begin_durable(durable_write(part));
}

void Commit::lose(Part& part, PoisonStage stage, const Error& cause) {
  const Error poisoned = part.log->lost(stage, cause);
  part.file.reset();
  part.lost = true;
  if (outcome_) outcome_ = poisoned;
}

DurableWrite Commit::durable_write(const Part& part) {
  return {.file = part.file->id(),
          .at = part.write.at,
          .bytes = part.write.frames,
          .shares_flush = part.write.shares_flush,
          .begun = part.begun};
}

// Before the mark moves, so that whoever sees a frame finds it by its index. Not durable: recovery
// builds the slots of frames again that no checkpoint has covered.
Result<void> Commit::write_slots(Part& part) {
  if (part.write.slots.empty()) return {};
  return part.file->write_all(part.write.slots, part.write.slots_at);
}

void Commit::write_frames() {
  for (Part& part : parts_) {
    if (part.lost) continue;
    Result<void> written;
    if (!part.begun) written = part.file->write_all(part.write.frames, part.write.at);
    if (!written) {
      lose(part, PoisonStage::kWrite, written.error());
    } else if (sync_) {
      part.log->written();
    } else {
      part.log->landed();
    }
  }
}

void Commit::sync_frames() {
  std::vector<DurableWrite> writes;
  std::vector<SyncsElsewhere::Turn> turns;
  for (const Part& part : parts_) {
    if (part.lost) continue;
    writes.push_back(durable_write(part));
    turns.push_back(part.log->checkpointer()->syncs_elsewhere().begin());
  }
  Result<void> synced = env_.write_durably(writes);
  for (Part& part : parts_) {
    if (part.lost) continue;
    // Nobody can tell which of the ranges a failed flush has covered.
    if (!synced) {
      lose(part, PoisonStage::kSyncData, synced.error());
    } else {
      part.log->landed();
    }
  }
}

Result<void> Commit::run() {
  bool shown_early = false;
  for (Part& part : parts_) {
    if (part.lost) continue;
    Result<void> written = write_slots(part);
    if (!written) lose(part, PoisonStage::kWrite, written.error());
    shown_early = shown_early || part.log->shows_early();
  }
  if (!sync_ || shown_early) write_frames();
  if (sync_) sync_frames();
  return outcome_;
}

}  // namespace millrace
