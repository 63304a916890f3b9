#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "core/env_recording.h"
#include "crash/disk_image.h"
#include "crash/file_history.h"
#include "crash/names.h"
#include "crash/survivors.h"

namespace millrace::crash {

// A disk that a journal of calls is played to, and every state that it could be in if power went
// between two of them. See README.md for what a state may be, and why.
//
// A copy is another disk with the same past; both share the contents of sectors.
class CrashDisk {
 public:
  CrashDisk();
  // A disk on which all of `image` is, and surely.
  explicit CrashDisk(const DiskImage& image);

  // The next call of the journal. One that failed counts as far as it may have got.
  void apply(const RecordedCall& call);
  // The journal goes on in another one, which numbers files anew.
  void begin_journal() { nodes_.clear(); }
  [[nodiscard]] std::size_t call_count() const noexcept { return calls_; }

  [[nodiscard]] AtRisk at_risk() const;
  // A state after a loss of power, of the kind that `survivors` decides.
  [[nodiscard]] DiskImage surviving(Survivors& survivors) const;
  // The state that the end of a process leaves: the page cache is whole.
  [[nodiscard]] DiskImage newest() const;

  [[nodiscard]] SectorPool& pool() const noexcept { return *pool_; }

 private:
  struct Stored {
    std::string first_path;
    FileHistory history;
  };

  // The history of the file that a call is about.
  FileHistory& history_of(const RecordedCall& call);
  void apply_to_names(const RecordedCall& call);
  void apply_to_file(const RecordedCall& call);
  void forget_nameless();
  template <typename ImageOf>
  DiskImage image(const Names::Tree& tree, ImageOf image_of) const;

  std::shared_ptr<SectorPool> pool_;
  std::size_t calls_ = 0;
  Names names_;
  std::map<NodeId, Stored> files_;
  std::map<RecordedFile, NodeId> nodes_;  // of files that calls were about
};

}  // namespace millrace::crash
