#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/env_forwarding.h"

namespace millrace {

// Names one file for the length of a recording: not reused, and the same whatever the file is
// called and however often it is opened. Directories have none; their paths name them.
enum class RecordedFile : std::uint32_t { kNone = 0 };

// One call that changed, or tried to change, what a disk holds, or that bound it to keep a change.
struct RecordedCall {
  enum class Kind : std::uint8_t {
    kCreate,           // path, file: a new, empty file has this name
    kTruncate,         // path, file: opened and cut to nothing
    kWrite,            // file, at, bytes: by a write
    kStore,            // file, at, bytes: through a mapping
    kResize,           // file, length
    kReserve,          // file, at, length
    kPunch,            // file, at, length
    kSyncData,         // file; at and length, where it was a part: 0 is all of it
    kMakeDirectory,    // path
    kRemoveDirectory,  // path
    kRename,           // path, to_path; file: what moved, kNone for a directory
    kUnlink,           // path, file
    kSyncDirectory,    // path
  };

  Kind kind = Kind::kWrite;
  RecordedFile file = RecordedFile::kNone;
  std::string path = {};  // where the call names one; otherwise the file's name at its creation
  std::string to_path = {};
  FileOffset at = {};
  std::uint64_t length = 0;
  // What arrived; when the call failed, what was to be written and may have arrived in part.
  std::vector<std::byte> bytes = {};
  int sys_errno = 0;  // 0: the call succeeded
};

// Keeps a journal of every changing call, in the order in which the calls took effect, from which a
// test can build any state that a crash might leave. Changing calls run one at a time. Files that
// existed before the recording get their number when they are first opened.
//
// A store through a mapping is journaled when Env::stored() tells of it, with the bytes found there
// at that moment. Loads, reads, locks and waits leave no trace.
class EnvRecording : public EnvForwarding {
 public:
  // Who takes the calls instead of the journal, one at a time: it must not call the recording.
  using Listener = std::function<void(const RecordedCall&)>;

  explicit EnvRecording(Env& base, Listener listener = nullptr) noexcept
      : EnvForwarding(base), listener_(std::move(listener)) {}

  // How many calls were journaled: the place in the journal that "now" is.
  [[nodiscard]] std::size_t call_count() const;
  [[nodiscard]] std::vector<RecordedCall> calls() const;
  // Empties the journal; numbers of files go on.
  [[nodiscard]] std::vector<RecordedCall> take_calls();

  Result<FileId> open(const std::string& path, OpenMode mode) override;
  void close(FileId file) noexcept override;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override;
  Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) override;
  Result<void> resize(FileId file, std::uint64_t bytes) override;
  Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> punch(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> sync_data(FileId file) override;
  Result<void> sync_pages(FileId file, FileOffset at, Bytes pages) override;
  Result<void> write_durably(std::span<const DurableWrite> writes) override;

  Result<void> make_directory(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;

  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override;
  void unmap(MutableBytes mapping) noexcept override;
  void stored(Bytes range) noexcept override;

 private:
  struct MappedRange {
    RecordedFile file;
    FileOffset at;
    std::size_t bytes;
  };

  void note(RecordedCall call);
  RecordedFile number_of(const std::string& path);
  [[nodiscard]] RecordedFile number_of(FileId file) const;
  [[nodiscard]] RecordedFile named(const std::string& path) const;
  // A call on an open file, without what is particular to it.
  [[nodiscard]] RecordedCall call_on(RecordedCall::Kind kind, FileId file) const;
  void move_names(const std::string& from, const std::string& to);
  // Journals `call` with the outcome of `result`, and hands that on.
  Result<void> journaled(RecordedCall call, Result<void> result);

  const Listener listener_;
  mutable std::mutex mutex_;  // guards all below, and keeps the journal in the order of effects
  std::vector<RecordedCall> calls_;
  std::vector<std::string> first_names_;       // by RecordedFile, from 1
  std::map<std::string, RecordedFile> names_;  // as of now
  std::unordered_map<FileId, RecordedFile> open_files_;
  std::multimap<const std::byte*, MappedRange> mapped_;  // by first byte
};

}  // namespace millrace
