#include "core/log_survey.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/file.h"
#include "core/log_check.h"
#include "core/mended_header.h"
#include "core/paths.h"
#include "core/segment_head.h"

namespace millrace {

namespace {

using HeadPage = std::array<std::byte, kPageBytes>;

class Surveyor {
 public:
  Surveyor(Env& env, const LogPlace& place, std::vector<Finding> damage)
      : env_(env),
        place_(place),
        path_(join_path(place.root, place.folder)),
        damage_(std::move(damage)) {
    survey_.damaged_places = damage_.size();
    survey_.identity.uuid = place.uuid.value_or(survey_.identity.uuid);
  }

  Result<LogSurvey> run() {
    if (Result<void> read = read_page(); !read) return read.error();
    Result<std::vector<std::string>> names = list_segment_names(env_, path_);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (Result<void> read = read_segment(name); !read) return read.error();
    }
    drop_trimmed();
    if (survey_.page_believed && !survey_.segments.empty()) doubt_page();
    return std::move(survey_);
  }

 private:
  // Whether verify blames a file, at a place inside it if `inside`: findings about a file as a
  // whole may be about its neighbours.
  [[nodiscard]] bool is_blamed(const std::string& name, bool inside) const {
    const std::string file = place_.file(name);
    return std::ranges::any_of(damage_, [&](const Finding& finding) {
      const bool unlisted = finding.file.empty();
      return unlisted || (finding.file == file && (finding.offset > 0 || !inside));
    });
  }

  Result<void> read_page() {
    Result<ControlSnapshot> control = read_control(env_, path_);
    if (!control) {
      const Errc code = control.error().code;
      const bool gone = code == Errc::kNotFound || code == Errc::kCorrupt;
      return gone ? Result<void>{} : control.error();
    }
    Result<LogIdentity> identity = control_identity(*control);
    if (!identity) {
      // The version may be what is damaged, with a checksum that says so.
      ControlPage page;
      std::memcpy(static_cast<void*>(&page), control->page.data(), sizeof(page));
      const bool newer = identity.error().code == Errc::kNewerFormat && is_line_whole(page);
      return newer ? identity.error() : Result<void>{};
    }
    if (place_.uuid && identity->uuid != *place_.uuid) return {};
    survey_.identity = *identity;
    has_page_ = true;
    if (control->words.state > LogState::kPoisoned) return keep_words(control->words, false);
    return keep_words(control->words, !is_blamed("ctl", false));
  }

  Result<void> keep_words(const ControlWords& words, bool believed) {
    survey_.words = words;
    survey_.page_believed = believed;
    survey_.last_end = last_end_of(words, place_.boot_hash);
    return {};
  }

  Result<void> read_segment(const std::string& name) {
    SurveyedSegment segment;
    segment.name = name;
    segment.named_base = *parse_segment_name(name);
    segment.damaged = is_blamed(name, true);
    Result<File> file = File::open(env_, join_path(path_, name), OpenMode::kRead);
    if (!file) return file.error();
    Result<std::uint64_t> bytes = file->bytes();
    if (!bytes) return bytes.error();
    segment.file_bytes = *bytes;
    HeadPage page{};
    if (Result<std::size_t> read = file->read_up_to(page, FileOffset{0}); !read) {
      return read.error();
    }
    if (is_newer_header(page)) {
      return Error{.code = Errc::kNewerFormat,
                   .message = place_.file(name) + ": was written by a later version"};
    }
    read_head(page, segment);
    survey_.segments.push_back(std::move(segment));
    return {};
  }

  void read_head(const HeadPage& page, SurveyedSegment& segment) {
    std::optional<SegmentHeader> header = mend_header(page);
    if (!header || !is_ours(*header, segment)) return;
    if (!has_page_) survey_.identity.shard = header->shard;
    segment.header_mended = !std::ranges::equal(bytes_of(*header), Bytes(page).first(512));
    segment.header = header;
    const Bytes block = Bytes(page).subspan(kSealOffset, sizeof(SegmentSeal));
    segment.seal = parse_seal(block, *header);
    Findings ignored;
    std::vector<EpochStart> writers;
    if (list_writers(Bytes(page), *header, segment.name, writers, ignored)) {
      segment.writers = std::move(writers);
    }
  }

  [[nodiscard]] bool is_ours(const SegmentHeader& header, const SurveyedSegment& segment) const {
    if (header.base_sequence != segment.named_base.value) return false;
    if (place_.uuid && header.uuid != *place_.uuid) return false;
    return !has_page_ || header.shard == survey_.identity.shard;
  }

  // Behind a header that was damaged, verify held no mark to the frames.
  void doubt_page() {
    const SurveyedSegment& last = survey_.segments.back();
    if (!last.header || !last.header_mended) return;
    const SegmentHeader& header = *last.header;
    const std::uint64_t capacity = header.file_bytes - header.data_offset;
    const std::uint64_t durable = survey_.words->durable.bytes;
    const bool fits = durable <= header.base_position || durable - header.base_position <= capacity;
    // What the frames are like behind the durable mark, the next writer finds out.
    survey_.page_believed = survey_.last_end == LastEnd::kSystemDied && fits;
  }

  // A trim is done once the first segment that is kept was named.
  void drop_trimmed() {
    if (!survey_.page_believed) return;
    const Sequence first = survey_.words->first_segment;
    const bool kept = std::ranges::any_of(survey_.segments, [&](const SurveyedSegment& segment) {
      return segment.named_base == first;
    });
    if (!kept) return;
    std::erase_if(survey_.segments,
                  [&](const SurveyedSegment& segment) { return segment.named_base < first; });
  }

  Env& env_;
  const LogPlace& place_;
  const std::string path_;
  const std::vector<Finding> damage_;
  LogSurvey survey_;
  bool has_page_ = false;
};

}  // namespace

Result<LogSurvey> survey_log(Env& env, const LogPlace& place, ChunkBuffer& buffer,
                             ScanMeter& meter) {
  Findings findings;
  check_log(env, place, buffer, meter, findings);
  if (meter.stopped()) return Error{.code = Errc::kClosed, .message = "the scan was stopped"};
  if (findings.failed_read()) return *findings.failed_read();
  std::vector<Finding> damage = findings.take();
  std::erase_if(damage, [](const Finding& f) { return f.severity != Severity::kDamage; });
  if (damage.empty()) return LogSurvey{};
  return Surveyor(env, place, std::move(damage)).run();
}

}  // namespace millrace
