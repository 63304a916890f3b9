#include "core/control_snapshot.h"

#include <cstddef>
#include <cstring>
#include <optional>

#include "core/chunk_reader.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/mapping.h"
#include "core/paths.h"

namespace millrace {

namespace {

struct Range {
  std::size_t from;
  std::size_t to;
};

// Bytes of the page that no word uses.
constexpr std::array kUnused{
    Range{offsetof(ControlPage, unused_0), offsetof(ControlPage, boot_hash)},
    Range{offsetof(ControlPage, unused_1), offsetof(ControlPage, committed)},
    Range{offsetof(ControlPage, unused_2), offsetof(ControlPage, durable)},
    Range{offsetof(ControlPage, unused_3), offsetof(ControlPage, trim_sequence)},
    Range{offsetof(ControlPage, unused_5), offsetof(ControlPage, active_segment)},
    Range{offsetof(ControlPage, unused_6), offsetof(ControlPage, reserved_sequence)},
    Range{offsetof(ControlPage, unused_7), kControlBytes},
};

// Collects what is wrong with the words of one control page.
class WordsCheck {
 public:
  WordsCheck(const ControlWords& words, bool mixed, const std::string& file, Findings& findings)
      : words_(words), mixed_(mixed), file_(file), findings_(findings) {}

  void run() {
    check_writer();
    check_marks();
  }

 private:
  void damage(std::size_t offset, const char* what) { findings_.damage(file_, offset, what); }

  void check_writer() {
    if (words_.state > LogState::kPoisoned) {
      damage(offsetof(ControlPage, state), "the state is none that a log can have");
    }
    if (words_.poison_stage > PoisonStage::kStore) {
      damage(offsetof(ControlPage, poison_stage), "the stage of failure is none that there is");
    }
    const bool failed = words_.poison_errno != 0 || words_.poison_stage != PoisonStage::kNone;
    if (failed && words_.state != LogState::kPoisoned) {
      findings_.notice(file_, offsetof(ControlPage, poison_errno),
                       "an error of an earlier writer is still noted");
    }
    if (words_.sealed > 1)
      damage(offsetof(ControlPage, sealed), "the seal flag is neither 0 nor 1");
    if (words_.shows != kShowsCommitted && words_.shows != kShowsDurable) {
      damage(offsetof(ControlPage, shows), "what readers are shown is nothing that they could be");
    }
    if (words_.committed.bytes > 0 && words_.writer_epoch == 0 && !mixed_) {
      damage(offsetof(ControlPage, writer_epoch), "there are frames, but no writer");
    }
  }

  void check_marks() {
    if (words_.durable > words_.committed && mixed_) {
      findings_.notice(file_, offsetof(ControlPage, committed),
                       "the commit mark is older than the durable mark, which counts");
    } else if (words_.durable > words_.committed) {
      damage(offsetof(ControlPage, durable), "the durable mark lies above the commit mark");
    }
    if (words_.indexed > words_.durable) {
      damage(offsetof(ControlPage, indexed), "the index mark lies above the durable mark");
    }
    const bool closed = words_.state == LogState::kClosed && !mixed_;
    if (closed && words_.durable < words_.committed) {
      damage(offsetof(ControlPage, durable),
             "the log was closed, but its durable mark lies below the commit mark");
    }
    if (closed && words_.indexed < words_.durable) {
      damage(offsetof(ControlPage, indexed),
             "the log was closed, but its index mark lies below the durable mark");
    }
    // Two zeros are words that a crash of the system lost, and hide nothing.
    const bool trim_agrees = words_.trim_check == ~words_.trim_sequence.value ||
                             (words_.trim_check == 0 && words_.trim_sequence.value == 0);
    if (closed && !trim_agrees) {
      damage(offsetof(ControlPage, trim_sequence), "the trim point and its check differ");
    } else if (!trim_agrees) {
      findings_.notice(file_, offsetof(ControlPage, trim_sequence),
                       "the trim point and its check differ; the next writer takes the lower one");
    }
    if (words_.first_segment > words_.trim_sequence) {
      damage(offsetof(ControlPage, first_segment),
             "the first kept segment begins above the trim point");
    }
    if (words_.reserved_sequence.value > kSequenceLimit) {
      damage(offsetof(ControlPage, reserved_sequence),
             "the reserved sequence number is none that a record can have");
    }
  }

  const ControlWords& words_;
  const bool mixed_;
  const std::string& file_;
  Findings& findings_;
};

}  // namespace

// Acquire throughout, so that no load is moved before the one above it: a mark is loaded after
// those it bounds. Partners are the writer's stores, which control_page.h describes.
ControlWords load_words(const ControlPage& page) noexcept {
  constexpr auto kOrder = std::memory_order_acquire;
  ControlWords words;
  words.state = static_cast<LogState>(page.state.load(kOrder));
  words.boot_hash = page.boot_hash.load(kOrder);
  words.writer_epoch = page.writer_epoch.load(kOrder);
  words.writer_pid = page.writer_pid.load(kOrder);
  words.poison_errno = page.poison_errno.load(kOrder);
  words.poison_stage = static_cast<PoisonStage>(page.poison_stage.load(kOrder));
  words.shows = page.shows.load(kOrder);
  words.first_segment = {page.first_segment.load(kOrder)};
  words.trim_check = page.trim_check.load(kOrder);
  words.trim_sequence = {page.trim_sequence.load(kOrder)};
  words.indexed = {page.indexed.load(kOrder)};
  words.durable = {page.durable.load(kOrder)};
  words.committed = {page.committed.load(kOrder)};
  words.sealed = page.sealed.load(kOrder);
  words.active_segment = {page.active_segment.load(kOrder)};
  words.reserved_sequence = {page.reserved_sequence.load(kOrder)};
  return words;
}

Result<ControlSnapshot> read_control(Env& env, const std::string& directory) {
  Result<File> file = File::open(env, join_path(directory, "ctl"), OpenMode::kRead);
  if (!file) return file.error();
  Result<Mapping> mapping = Mapping::map(*file, FileOffset{0}, kControlBytes, MapMode::kRead);
  if (!mapping) return mapping.error();
  ControlSnapshot control;
  const std::byte* from = mapping->bytes().data();
  const bool read = guarded([&]() noexcept {
    control.words = load_words(*reinterpret_cast<const ControlPage*>(from));
    std::memcpy(control.page.data(), from, kControlBytes);
  });
  if (!read) return Error{.code = Errc::kIo, .message = file->path() + ": unreadable page"};
  return control;
}

Result<LogIdentity> control_identity(const ControlSnapshot& control) {
  LogIdentity identity;
  std::memcpy(identity.uuid.data(), control.page.data() + offsetof(ControlPage, uuid),
              identity.uuid.size());
  identity.shard = load<std::uint32_t>(control.page.data() + offsetof(ControlPage, shard));
  ControlPage page;
  std::memcpy(static_cast<void*>(&page), control.page.data(), sizeof(page));
  switch (check_control_page(page, identity)) {
    case ControlFault::kNone:
      return identity;
    case ControlFault::kNewerFormat:
      return Error{.code = Errc::kNewerFormat, .message = "was written by a later version"};
    case ControlFault::kForeign:
    case ControlFault::kDamaged:
      break;
  }
  return Error{.code = Errc::kCorrupt, .message = "its first line is damaged"};
}

// Closing is synced before anything else is stored. A page of no writer was begun by one that never
// syncs, or lost the line that said so.
bool may_be_mixed(const ControlWords& words, std::uint64_t boot_hash) noexcept {
  if (words.state == LogState::kClosed) return words.writer_epoch == 0;
  return words.boot_hash != boot_hash;
}

void check_words(const ControlWords& words, std::uint64_t boot_hash, const std::string& file,
                 Findings& findings) {
  WordsCheck(words, may_be_mixed(words, boot_hash), file, findings).run();
}

void check_control(const ControlSnapshot& control, std::uint64_t boot_hash, const std::string& file,
                   Findings& findings) {
  check_words(control.words, boot_hash, file, findings);
  for (const Range& range : kUnused) {
    const Bytes bytes = Bytes(control.page).subspan(range.from, range.to - range.from);
    const std::size_t at = first_non_zero(bytes);
    if (at < bytes.size()) {
      findings.damage(file, range.from + at, "bytes that are unused are not zero");
    }
  }
}

}  // namespace millrace
