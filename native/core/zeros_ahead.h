#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/background.h"
#include "core/checkpointer.h"
#include "core/env.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// How far ahead of its writer a segment is filled with zeros, once the writer has written as much.
inline constexpr std::uint64_t kZerosAheadBytes = 2 * kMiB;

// Keeps a part of the active segment, ahead of its writer, filled with zeros that are on the disk:
// a commit then overwrites blocks that exist and changes no metadata. Nothing but speed hangs on
// it: what it was too slow for is written all the same.
//
// claim(), keep_ahead() and stop() by the writer; a helper thread writes. No frame is ever written
// where zeros are on their way, and no zeros where frames may be.
class ZerosAhead : public std::enable_shared_from_this<ZerosAhead> {
 public:
  struct Segment {
    std::string path;
    std::uint64_t file_bytes = 0;
    FileOffset tail;          // behind the last frame
    FileOffset filled;        // zeros and frames were written below it, as far as is known
    FileOffset shares_flush;  // as Env::shares_flush_below() says of the file
  };

  // A failed sync poisons the log, because it may have been frames that it lost.
  ZerosAhead(std::shared_ptr<Env> env, Segment segment, std::weak_ptr<Checkpointer> checkpointer);

  // Frames will be written up to `end`: waits for zeros that are being written below it. Whether
  // such a write may share a flush.
  [[nodiscard]] bool claim(FileOffset end);

  // Asks the helper for zeros up to `ahead_bytes` behind `tail`. Cheap when there are enough.
  void keep_ahead(Background& background, FileOffset tail, std::uint64_t ahead_bytes);

  // No zeros are written any more once it returns.
  void stop() noexcept;

 private:
  void post_step(Background& background);
  [[nodiscard]] bool take_piece();
  Result<void> write_piece(std::uint64_t from, std::uint64_t to);

  const std::shared_ptr<Env> env_;
  const std::string path_;
  const std::uint64_t file_bytes_;
  const std::weak_ptr<Checkpointer> checkpointer_;
  const std::uint64_t turn_bytes_;  // so much earlier than others it asks for its next piece

  std::mutex mutex_;  // guards all below; held for moments
  std::condition_variable idle_;
  std::uint64_t used_;    // frames may be below it
  std::uint64_t filled_;  // zeros are written from here on
  std::uint64_t shares_flush_;
  std::uint64_t wanted_ = 0;
  std::uint64_t piece_from_ = 0;  // the piece that is being written, while busy_
  std::uint64_t piece_to_ = 0;
  bool busy_ = false;
  bool scheduled_ = false;
  bool stopped_ = false;
};

}  // namespace millrace
