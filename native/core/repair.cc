#include "core/repair.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/boot_hash.h"
#include "core/control_snapshot.h"
#include "core/directory_lock.h"
#include "core/file.h"
#include "core/findings.h"
#include "core/log_repair.h"
#include "core/mended_header.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/segment_list.h"
#include "core/set_aside.h"
#include "core/store_folder.h"
#include "core/sync_directory.h"
#include "core/unfinished_file.h"

namespace millrace {

namespace {

using Uuid = std::array<std::byte, 16>;
constexpr const char* kFormat = "format";
constexpr const char* kMeta = "meta";
constexpr const char* kShards = "shards";

class StoreRepair {
 public:
  StoreRepair(Env& env, const std::string& root, const RepairOptions& options)
      : env_(env), root_(root), options_(options) {
    report_.dry_run = options.dry_run;
  }

  Result<RepairReport> run(const ScanWatch& watch) {
    if (Result<void> ours = look_at_format(); !ours) return ours.error();
    Result<DirectoryLock> lock = DirectoryLock::acquire(env_, root_);
    if (!lock) return lock.error();
    // Again, holding the lock: it may have been another's until now.
    if (Result<void> ours = look_at_format(); !ours) return ours.error();
    if (Result<void> repaired = repair_root(); !repaired) return repaired.error();
    Result<std::uint64_t> boot = current_boot_hash(env_);
    if (!boot) return boot.error();
    Result<std::vector<LogPlace>> places = list_logs(*boot);
    if (!places) return places.error();
    ScanMeter meter(watch);
    for (const LogPlace& place : *places) meter.expect(segment_bytes(env_, place));
    ChunkBuffer buffer;
    for (const LogPlace& place : *places) {
      Result<LogRepair> log = repair_log(env_, place, options_of(place), buffer, meter);
      if (!log) return log.error();
      report_.logs.push_back(std::move(*log));
    }
    report_.bytes_checked = meter.done();
    return std::move(report_);
  }

 private:
  // The store's uuid, and whether the file that names it is damaged: the metadata log knows it,
  // too.
  Result<void> look_at_format() {
    Result<Uuid> uuid = read_store_format(env_, root_);
    const Result<std::optional<Uuid>> metadata = uuid_of_metadata();
    // No folder at all is no folder whose metadata cannot be read.
    const bool is_no_folder = !metadata && metadata.error().sys_errno == ENOTDIR;
    if (!metadata) return is_no_folder && !uuid ? uuid.error() : metadata.error();
    const std::optional<Uuid>& proved = *metadata;
    if (uuid && (!proved || !is_misspelt(*uuid, *proved))) {
      uuid_ = *uuid;
      Result<bool> exact = is_exact(format_text(*uuid));
      if (!exact) return exact.error();
      format_damaged_ = !*exact;
      return {};
    }
    if (!uuid) {
      const Errc code = uuid.error().code;
      if (code != Errc::kCorrupt && code != Errc::kNotAStore) return uuid.error();
      if (!proved) return uuid.error();
    }
    uuid_ = *proved;
    format_damaged_ = true;
    return {};
  }

  // Of random numbers, two that differ in one digit are one. The file has no checksum.
  static bool is_misspelt(const Uuid& written, const Uuid& proved) {
    const std::string digits = to_hex(written);
    const std::string right = to_hex(proved);
    std::size_t differ = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) differ += digits[i] != right[i] ? 1 : 0;
    return differ == 1;
  }

  Result<bool> is_exact(const std::string& expected) {
    Result<File> file = File::open(env_, join_path(root_, kFormat), OpenMode::kRead);
    if (!file) return file.error();
    std::string text(expected.size() + 1, '\0');
    Result<std::size_t> bytes = file->read_up_to(std::as_writable_bytes(std::span(text)), {0});
    if (!bytes) return bytes.error();
    return std::string_view(text).substr(0, *bytes) == expected;
  }

  // By the checksum of its control page, or else of a segment's header.
  Result<std::optional<Uuid>> uuid_of_metadata() {
    const std::string meta = join_path(root_, kMeta);
    if (Result<ControlSnapshot> control = read_control(env_, meta); control) {
      if (Result<LogIdentity> identity = control_identity(*control); identity) {
        return std::optional(identity->uuid);
      }
    } else if (is_failed_read(control.error())) {
      return control.error();
    }
    Result<std::vector<std::string>> names = list_segment_names(env_, meta);
    if (!names && is_failed_read(names.error())) return names.error();
    if (!names) return std::optional<Uuid>();
    for (const std::string& name : *names) {
      Result<File> file = File::open(env_, join_path(meta, name), OpenMode::kRead);
      if (!file) return file.error();
      std::array<std::byte, sizeof(SegmentHeader)> bytes{};
      Result<std::size_t> read = file->read_up_to(bytes, FileOffset{0});
      if (!read) return read.error();
      if (const auto header = mend_header(bytes)) return std::optional(header->uuid);
    }
    return std::optional<Uuid>();
  }

  Result<void> repair_root() {
    LogRepair& store = report_.store;
    store.identity.uuid = uuid_;
    Result<bool> shards = env_.exists(join_path(root_, kShards));
    if (!shards) return shards.error();
    store.damaged_places = (format_damaged_ ? 1 : 0) + (*shards ? 0 : 1);
    if (store.damaged_places == 0) return {};
    store.outcome = RepairOutcome::kRepaired;
    if (!*shards) {
      store.rewritten.emplace_back(kShards);
      if (!options_.dry_run) {
        if (Result<void> made = env_.make_directory(join_path(root_, kShards)); !made) return made;
      }
    }
    if (format_damaged_) {
      if (Result<void> written = write_format(); !written) return written;
    }
    return options_.dry_run ? Result<void>{} : sync_directory(env_, root_);
  }

  Result<void> write_format() {
    LogRepair& store = report_.store;
    store.rewritten.emplace_back(kFormat);
    const std::string path = join_path(root_, kFormat);
    Result<bool> there = env_.exists(path);
    if (!there) return there.error();
    if (*there) store.set_aside.push_back({.file = kFormat, .kept_as = {}});
    if (options_.dry_run) return {};
    const std::string text = format_text(uuid_);
    UnfinishedFile unfinished(env_, join_path(root_, "format.tmp"));
    {
      Result<File> file = File::create_anew(env_, unfinished.path());
      if (!file) return file.error();
      Result<void> done = file->write_all(std::as_bytes(std::span(text)), FileOffset{0});
      if (done) done = file->sync_data();
      if (!done) return done;
    }
    if (*there) {
      Result<std::string> copied = copy_aside(env_, root_, kFormat);
      if (!copied) return copied.error();
      store.set_aside.back().kept_as = copied->substr(root_.size() + 1);
    }
    return unfinished.name(path);
  }

  Result<std::vector<LogPlace>> list_logs(std::uint64_t boot_hash) {
    std::vector<LogPlace> places;
    Result<bool> meta = env_.exists(join_path(root_, kMeta));
    if (!meta) return meta.error();
    if (*meta) places.push_back({root_, kMeta, uuid_, boot_hash, false});
    Result<bool> shards = env_.exists(join_path(root_, kShards));
    if (!shards) return shards.error();
    if (!*shards) return places;  // a plan only
    Result<std::vector<DirectoryEntry>> entries = env_.list(join_path(root_, kShards));
    if (!entries) return entries.error();
    std::ranges::sort(*entries, {}, &DirectoryEntry::name);
    for (const DirectoryEntry& entry : *entries) {
      const std::optional<Uuid> uuid = from_hex(entry.name);
      if (!entry.is_directory || !uuid || to_hex(*uuid) != entry.name) continue;
      places.push_back({root_, join_path(kShards, entry.name), uuid, boot_hash, false});
    }
    return places;
  }

  [[nodiscard]] LogRepairOptions options_of(const LogPlace& place) const {
    LogRepairOptions options{.dry_run = options_.dry_run, .lossless = false, .begin_at = {}};
    if (place.folder != kMeta) return options;
    options.lossless = options_.lossless_metadata;
    options.begin_at = options_.metadata_begin;
    return options;
  }

  Env& env_;
  const std::string& root_;
  const RepairOptions& options_;
  Uuid uuid_{};
  bool format_damaged_ = false;
  RepairReport report_;
};

}  // namespace

Result<RepairReport> repair_store(Env& env, const std::string& root, const RepairOptions& options,
                                  const ScanWatch& watch) {
  return StoreRepair(env, root, options).run(watch);
}

}  // namespace millrace
