#include "core/log_files.h"

#include <algorithm>
#include <utility>

#include "core/file.h"
#include "core/log_chain.h"
#include "core/paths.h"
#include "core/segment_list.h"

namespace millrace {

namespace {

// A writer that rolls or trims changes the folder seldom: a few looks always do.
constexpr int kFilesLooksMax = 8;

class LogFolder {
 public:
  LogFolder(Env& env, const LogPlace& place)
      : env_(env), place_(place), path_(join_path(place.root, place.folder)) {}

  LogFiles read() {
    Result<std::vector<DirectoryEntry>> entries = env_.list(path_);
    if (!entries) {
      // Dropped since the store's folders were listed.
      if (entries.error().code == Errc::kNotFound) return std::move(files_);
      files_.findings.unreadable(place_.folder, 0, entries.error(),
                                 "cannot be read: " + entries.error().message);
      return std::move(files_);
    }
    std::ranges::sort(*entries, {}, &DirectoryEntry::name);
    // Names before the control page: whatever is listed was begun when its marks are read.
    read_control_page(*entries);
    for (const DirectoryEntry& entry : *entries) look_at(entry);
    refresh_control_page();
    if (files_.control) check_chain(files_, place_.file("ctl"));
    return std::move(files_);
  }

 private:
  void notice(const std::string& name, std::string what) {
    files_.findings.notice(place_.file(name), 0, std::move(what));
  }

  void read_control_page(const std::vector<DirectoryEntry>& entries) {
    const auto is_segment = [](const DirectoryEntry& e) { return !!parse_segment_name(e.name); };
    const bool any_segments = std::ranges::any_of(entries, is_segment);
    const std::string file = place_.file("ctl");
    files_.identity.uuid = place_.uuid.value_or(files_.identity.uuid);
    Result<ControlSnapshot> control = read_control(env_, path_);
    Result<LogIdentity> identity =
        control ? control_identity(*control) : Result<LogIdentity>(control.error());
    if (identity && place_.uuid && identity->uuid != *place_.uuid) {
      identity = Error{.code = Errc::kCorrupt, .message = "belongs to another log"};
    }
    const bool newer = !identity && identity.error().code == Errc::kNewerFormat;
    if (!identity && !any_segments && !newer) {
      notice("ctl", "there is no control page yet: nothing was ever stored here");
      return;
    }
    if (!identity) {
      const bool missing = identity.error().code == Errc::kNotFound;
      const std::string path = join_path(path_, "ctl");
      files_.findings.unreadable(
          file, 0, identity.error(),
          missing ? "is missing beside segments" : sentence_of(identity.error(), path));
      return;
    }
    files_.identity = *identity;
    has_page_ = true;
    check_control_size(file);
  }

  void check_control_size(const std::string& file) {
    Result<File> opened = File::open(env_, join_path(path_, "ctl"), OpenMode::kRead);
    Result<std::uint64_t> bytes = opened ? opened->bytes() : Result<std::uint64_t>(opened.error());
    if (bytes && *bytes != kControlBytes) {
      files_.findings.damage(file, kControlBytes, "is longer than a control page");
    }
  }

  // The words count as they are after the segments were looked at.
  void refresh_control_page() {
    if (!has_page_) return;
    Result<ControlSnapshot> control = read_control(env_, path_);
    if (!control) {
      const std::string file = place_.file("ctl");
      return files_.findings.unreadable(file, 0, control.error(),
                                        sentence_of(control.error(), join_path(path_, "ctl")));
    }
    if (!control_identity(*control)) return;
    check_control(*control, place_.boot_hash, place_.file("ctl"), files_.findings);
    if (control->words.state > LogState::kPoisoned) return;
    files_.control = control->words;
    files_.last_end = last_end_of(control->words, place_.boot_hash);
    drop_trimmed(control->words.first_segment);
  }

  // Segments below the first kept one go away with the next opening, if the first kept is there.
  void drop_trimmed(Sequence first) {
    const auto begins = [&](const LogFiles::Entry& entry) {
      return *parse_segment_name(std::string(file_name(entry.file)));
    };
    const bool kept = std::ranges::any_of(
        files_.segments, [&](const LogFiles::Entry& entry) { return begins(entry) == first; });
    if (!kept) return;
    std::erase_if(files_.segments, [&](const LogFiles::Entry& entry) {
      if (begins(entry) >= first) return false;
      if (!place_.in_use) {
        files_.findings.notice(entry.file, 0, "was trimmed; the next writer removes it");
      }
      return true;
    });
  }

  void look_at(const DirectoryEntry& entry) {
    if (entry.name == "ctl") return;
    if (entry.name == "wake") return look_at_wake();
    if (parse_segment_name(entry.name)) return look_at_segment(entry.name);
    if (entry.name == "quarantine" && entry.is_directory) return look_at_quarantine();
    if (entry.name == "next.tmp" || entry.name == "roll.tmp") {
      if (!place_.in_use) notice(entry.name, "a segment that was being prepared");
      return;
    }
    if (entry.name == "repair.tmp" || entry.name == "aside.tmp") {
      return notice(entry.name, "was left by a repair that did not finish");
    }
    notice(entry.name, "is no file of a log");
  }

  void look_at_segment(const std::string& name) {
    LogFiles::Entry& entry = files_.segments.emplace_back();
    entry.file = place_.file(name);
    const KnownIdentity known{place_.uuid,
                              has_page_ ? std::optional(files_.identity.shard) : std::nullopt};
    const std::string path = join_path(path_, name);
    Result<SegmentHead> head = read_segment_head(env_, path, known, entry.file, entry.findings);
    if (head) {
      if (!has_page_) files_.identity.shard = head->segment.header.shard;
      entry.head = std::move(*head);
    } else {
      entry.newer = head.error().code == Errc::kNewerFormat;
      entry.findings.unreadable(entry.file, 0, head.error(), sentence_of(head.error(), path));
    }
  }

  void look_at_wake() {
    Result<File> file = File::open(env_, join_path(path_, "wake"), OpenMode::kRead);
    Result<std::uint64_t> bytes = file ? file->bytes() : Result<std::uint64_t>(file.error());
    if (!bytes || *bytes != kWakeBytes) notice("wake", "is no page; the next writer makes it anew");
  }

  void look_at_quarantine() {
    Result<std::vector<DirectoryEntry>> entries = env_.list(join_path(path_, "quarantine"));
    if (!entries) return notice("quarantine", "cannot be read: " + entries.error().message);
    for (const DirectoryEntry& entry : *entries) {
      notice("quarantine/" + entry.name, "was set aside; it is no part of the log");
    }
  }

  Env& env_;
  const LogPlace& place_;
  const std::string path_;
  LogFiles files_;
  bool has_page_ = false;  // the control page's first line is whole
};

}  // namespace

bool LogFiles::any_damage() const noexcept {
  return findings.any_damage() ||
         std::ranges::any_of(segments, [](const Entry& e) { return e.findings.any_damage(); });
}

bool LogFiles::same_as(const LogFiles& other) const {
  return control == other.control &&
         std::ranges::equal(segments, other.segments, {}, &Entry::file, &Entry::file);
}

LogFiles read_log_files(Env& env, const LogPlace& place) { return LogFolder(env, place).read(); }

LogFiles read_steady_log_files(Env& env, const LogPlace& place) {
  LogFiles files = read_log_files(env, place);
  for (int look = 1; look < kFilesLooksMax && files.any_damage(); ++look) {
    LogFiles again = read_log_files(env, place);
    const bool steady = files.same_as(again);
    files = std::move(again);
    if (steady) break;
  }
  return files;
}

std::uint64_t segment_bytes(Env& env, const LogPlace& place) {
  const std::string directory = join_path(place.root, place.folder);
  Result<std::vector<std::string>> names = list_segment_names(env, directory);
  std::uint64_t sum = 0;
  if (!names) return sum;
  for (const std::string& name : *names) {
    Result<File> file = File::open(env, join_path(directory, name), OpenMode::kRead);
    if (!file) continue;
    if (Result<std::uint64_t> bytes = file->bytes(); bytes) sum += *bytes;
  }
  return sum;
}

LogReport report_of(const LogFiles& files, const LogPlace& place) {
  LogReport report;
  report.folder = place.folder;
  report.identity = files.identity;
  report.control = files.control;
  report.this_boot = files.control && files.control->boot_hash == place.boot_hash;
  for (const LogFiles::Entry& entry : files.segments) {
    if (entry.head) report.segments.push_back({entry.file, *entry.head, std::nullopt});
  }
  return report;
}

}  // namespace millrace
