#include "core/verify.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/boot_hash.h"
#include "core/file.h"
#include "core/log_check.h"
#include "core/log_files.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/store_folder.h"

namespace millrace {

namespace {

constexpr const char* kDroppedSuffix = ".trash";
using StoreUuid = std::array<std::byte, 16>;

class StoreScan {
 public:
  StoreScan(Env& env, const std::string& root) : env_(env), root_(root) {}

  Result<void> begin() {
    Result<std::uint64_t> boot = current_boot_hash(env_);
    if (!boot) return boot.error();
    boot_hash_ = *boot;
    if (Result<void> ours = read_format(); !ours) return ours;
    report_.in_use = is_locked();
    if (Result<void> listed = list_root(); !listed) return listed;
    return {};
  }

  StoreReport inspect() && {
    for (const LogPlace& place : places_) {
      const LogFiles files = read_steady_log_files(env_, place);
      report_.logs.push_back(report_of(files, place));
      findings_.add_all(files.findings);
      for (const LogFiles::Entry& entry : files.segments) findings_.add_all(entry.findings);
    }
    report_.findings = findings_.take();
    return std::move(report_);
  }

  StoreReport verify(const ScanWatch& watch) && {
    ScanMeter meter(watch);
    ChunkBuffer buffer;
    for (const LogPlace& place : places_) meter.expect(segment_bytes(env_, place));
    for (const LogPlace& place : places_) {
      if (meter.stopped()) break;
      report_.logs.push_back(check_log(env_, place, buffer, meter, findings_));
    }
    report_.bytes_checked = meter.done();
    report_.findings = findings_.take();
    return std::move(report_);
  }

 private:
  Result<void> read_format() {
    Result<StoreUuid> uuid = read_store_format(env_, root_);
    if (!uuid) {
      const Errc code = uuid.error().code;
      if (code == Errc::kNotAStore || code == Errc::kNewerFormat) return uuid.error();
      findings_.damage("format", 0, sentence_of(uuid.error(), root_));
      return {};
    }
    store_uuid_ = *uuid;
    const std::string expected = format_text(*uuid);
    std::string text(expected.size() + 1, '\0');
    Result<File> file = File::open(env_, join_path(root_, "format"), OpenMode::kRead);
    Result<std::size_t> bytes = file
                                    ? file->read_up_to(std::as_writable_bytes(std::span(text)), {0})
                                    : Result<std::size_t>(file.error());
    if (!bytes) {
      findings_.damage("format", 0, "cannot be read: " + bytes.error().message);
    } else if (std::string_view(text).substr(0, *bytes) != expected) {
      findings_.damage("format", 0, "is not what a store of this version writes");
    }
    return {};
  }

  bool is_locked() {
    Result<File> lock = File::open(env_, join_path(root_, "lock"), OpenMode::kRead);
    if (!lock) return false;  // a store that came from elsewhere has none
    Result<bool> locked = env_.is_locked(lock->id());
    return locked && *locked;
  }

  Result<void> list_root() {
    Result<std::vector<DirectoryEntry>> entries = env_.list(root_);
    if (!entries) return entries.error();
    std::ranges::sort(*entries, {}, &DirectoryEntry::name);
    bool any_shards = false;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name == "format" || entry.name == "lock") continue;
      // Of a server that signs its own certificate: not ours, and expected here.
      if (entry.name == "tls" && entry.is_directory) continue;
      // What an empty folder may have held before it became a store.
      if (entry.name == "lost+found" && entry.is_directory) continue;
      if (entry.name == ".gitkeep" || entry.name == ".gitignore") continue;
      if (entry.name == "meta") {
        places_.insert(places_.begin(), place("meta", store_uuid_));
      } else if (entry.name == "shards") {
        any_shards = true;
        list_shards();
      } else if (entry.name == "format.tmp") {
        findings_.notice(entry.name, 0, "was left when the store was made or repaired");
      } else if (entry.name == "aside.tmp") {
        findings_.notice(entry.name, 0, "was left by a repair that did not end");
      } else if (entry.name == "quarantine") {
        findings_.notice(entry.name, 0, "keeps what a repair replaced");
      } else {
        findings_.notice(entry.name, 0, "is no part of a store");
      }
    }
    if (!any_shards) findings_.damage("shards", 0, "is missing");
    return {};
  }

  void list_shards() {
    Result<std::vector<DirectoryEntry>> entries = env_.list(join_path(root_, "shards"));
    if (!entries) {
      findings_.damage("shards", 0, "cannot be read: " + entries.error().message);
      return;
    }
    std::ranges::sort(*entries, {}, &DirectoryEntry::name);
    for (const DirectoryEntry& entry : *entries) {
      const std::string folder = "shards/" + entry.name;
      const std::optional<StoreUuid> uuid = from_hex(entry.name);
      if (entry.is_directory && uuid && to_hex(*uuid) == entry.name) {
        places_.push_back(place(folder, uuid));
      } else if (!entry.name.ends_with(kDroppedSuffix)) {
        findings_.notice(folder, 0, "is no part of a store");
      } else if (!report_.in_use) {
        findings_.notice(folder, 0, "was dropped; the next writer removes it");
      }
    }
  }

  [[nodiscard]] LogPlace place(std::string folder, const std::optional<StoreUuid>& uuid) const {
    return {root_, std::move(folder), uuid, boot_hash_, report_.in_use};
  }

  Env& env_;
  const std::string& root_;
  std::uint64_t boot_hash_ = 0;
  std::optional<StoreUuid> store_uuid_;
  std::vector<LogPlace> places_;
  Findings findings_;
  StoreReport report_;
};

}  // namespace

Result<StoreReport> inspect_store(Env& env, const std::string& root) {
  StoreScan scan(env, root);
  if (Result<void> begun = scan.begin(); !begun) return begun.error();
  return std::move(scan).inspect();
}

Result<StoreReport> verify_store(Env& env, const std::string& root, const ScanWatch& watch) {
  StoreScan scan(env, root);
  if (Result<void> begun = scan.begin(); !begun) return begun.error();
  return std::move(scan).verify(watch);
}

}  // namespace millrace
