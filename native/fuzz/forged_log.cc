#include "fuzz/forged_log.h"

#include <array>
#include <cstring>
#include <utility>

#include "core/boot_hash.h"
#include "core/crc32c.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/store_folder.h"
#include "fuzz/target.h"

namespace millrace::fuzz {

namespace {

constexpr std::uint64_t kReservedAhead = std::uint64_t{1} << 26;
constexpr std::size_t kSegmentsMax = 3;

std::array<std::byte, 16> uuid_of(ForgedRole role) {
  std::array<std::byte, 16> uuid;
  uuid.fill(role == ForgedRole::kMeta ? std::byte{0x5a} : std::byte{7});
  return uuid;
}

void must(const Result<void>& result) {
  claim(result.ok(), "the harness itself: " + (result ? std::string() : result.error().message));
}

void write_text(Env& env, const std::string& path, const std::string& text) {
  FileImage image(text.size());
  image.put(0, std::as_bytes(std::span(text)));
  must(image.write_to(env, path));
}

// The end of one of the last frames, mostly of the very last.
LogPosition some_end(ByteSource& in, const std::vector<ForgedSegment>& segments) {
  std::vector<LogPosition> ends{{segments.front().header.base_position}};
  for (const ForgedSegment& segment : segments) {
    ends.insert(ends.end(), segment.ends.begin(), segment.ends.end());
  }
  return ends[ends.size() - 1 - in.below(256) % ends.size()];
}

// Of how the last writer ended, and of what it had done by then.
void set_words(ByteSource& in, ControlPage& page, std::uint64_t boot_hash,
               const std::vector<ForgedSegment>& segments, const ForgedPlace& end) {
  constexpr auto kOrder = std::memory_order_relaxed;
  const std::size_t last_end = in.below(5);
  const bool closed = last_end == 1;
  const LogPosition all = segments.back().ends.empty()
                              ? LogPosition{segments.back().header.base_position}
                              : segments.back().ends.back();
  const LogPosition committed = closed ? all : some_end(in, segments);
  const LogPosition durable = closed ? all : std::min(committed, some_end(in, segments));
  const LogPosition indexed = closed ? all : std::min(durable, some_end(in, segments));
  page.boot_hash.store(last_end == 2 ? ~boot_hash : boot_hash, kOrder);
  page.writer_epoch.store(end.epoch, kOrder);
  page.writer_pid.store(1, kOrder);
  const LogState state = closed          ? LogState::kClosed
                         : last_end == 3 ? LogState::kPoisoned
                                         : LogState::kOpen;
  page.state.store(static_cast<std::uint32_t>(state), kOrder);
  if (last_end == 3) {
    page.poison_errno.store(5, kOrder);
    page.poison_stage.store(static_cast<std::uint32_t>(PoisonStage::kSyncData), kOrder);
  }
  page.sealed.store(end.ended && committed == all ? 1 : 0, kOrder);
  page.shows.store(in.below(4) == 1 ? kShowsDurable : kShowsCommitted, kOrder);
  page.committed.store(committed.bytes, kOrder);
  page.durable.store(durable.bytes, kOrder);
  page.indexed.store(indexed.bytes, kOrder);
  const std::uint64_t base = segments.front().header.base_sequence;
  const std::size_t trimmed = in.below(16);
  if (trimmed > 0 || segments.front().header.ordinal > 0) {
    page.trim_sequence.store(base + trimmed, kOrder);
    page.trim_check.store(~(base + trimmed), kOrder);
    page.first_segment.store(segments.front().header.ordinal > 0 ? base : 0, kOrder);
  }
  page.active_segment.store(segments.back().header.base_sequence, kOrder);
  page.reserved_sequence.store(end.next.value + kReservedAhead, kOrder);
}

}  // namespace

LogIdentity forged_identity(ForgedRole role) {
  LogIdentity identity;
  identity.uuid = uuid_of(role);
  identity.shard = role == ForgedRole::kMeta ? 0 : 3;
  return identity;
}

std::string forged_folder(ForgedRole role) {
  return role == ForgedRole::kMeta ? "store/meta" : "store/shards/" + to_hex(uuid_of(role));
}

FileImage forge_control_page(ByteSource& in, const LogIdentity& identity, std::uint64_t boot_hash,
                             const std::vector<ForgedSegment>& segments, const ForgedPlace& end) {
  ControlPage page;
  format_control_page(page, identity);
  set_words(in, page, boot_hash, segments, end);
  std::array<std::byte, kControlBytes> bytes{};
  std::memcpy(bytes.data(), static_cast<const void*>(&page), sizeof(page));
  for (std::size_t changes = in.below(5); changes > 0; --changes) {
    std::byte* const word = bytes.data() + in.below(sizeof(page) / 8) * 8;
    store(word, in.altered(load<std::uint64_t>(word)));
  }
  const std::uint8_t option = in.byte();
  if (option != 1) {
    store(bytes.data() + offsetof(ControlPage, crc), std::uint32_t{0});
    store(bytes.data() + offsetof(ControlPage, crc), crc32c(Bytes(bytes).first(64)));
  }
  FileImage image(option == 2 ? in.number<std::uint16_t>() : kControlBytes);
  image.put(0, bytes);
  return image;
}

ForgedLog forge_store(Env& env, ByteSource& in, ForgedRole role) {
  const LogIdentity identity = forged_identity(role);
  const std::string folder = forged_folder(role);
  must(env.make_directory(kForgedRoot));
  must(env.make_directory(join_path(kForgedRoot, "shards")));
  must(env.make_directory(folder));
  write_text(env, join_path(kForgedRoot, "format"), format_text(uuid_of(ForgedRole::kMeta)));

  ForgedPlace place;
  if (in.below(8) == 1) {  // a log that was trimmed
    place = {{4096}, {100}, {99}, {500}, 3, 2, false};
  }
  const std::size_t count = 1 + in.below(kSegmentsMax);
  const std::uint8_t missing = in.byte();  // 1 to 3: the segment; 4: the control page
  ForgedLog log;
  std::vector<ForgedSegment> segments;
  for (std::size_t i = 0; i < count && !place.ended; ++i) {
    const bool closes = i + 1 < count;
    segments.push_back(forge_segment(in, identity, place, closes));
    // A segment that another follows has frames: otherwise both would have one name.
    if (closes && segments.back().ends.empty()) break;
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (missing == i + 1) continue;
    const ForgedSegment& segment = segments[i];
    log.crafted = log.crafted || segment.crafted;
    const std::string path = join_path(folder, segment_name({segment.header.base_sequence}));
    must(segment.image.write_to(env, path));
    ForgedLog::File& file = log.segments.emplace_back(ForgedLog::File{path, segment.header, {}});
    for (const FileImage::Piece& piece : segment.image.pieces()) {
      file.frames_at.push_back(align_down<std::uint64_t>(piece.at, 8));
      if (piece.bytes.size() > 64) continue;
      // A poke may put a frame anywhere around it.
      for (std::uint64_t i8 = 0; i8 < piece.bytes.size(); i8 += 8) {
        file.frames_at.push_back(align_down<std::uint64_t>(piece.at + i8, 8));
      }
    }
  }
  const Result<std::uint64_t> boot = current_boot_hash(env);
  const FileImage control = forge_control_page(in, identity, *boot, segments, place);
  ControlPage named;
  format_control_page(named, identity);
  const Bytes line_0 =
      Bytes(control.pieces().front().bytes).first(offsetof(ControlPage, boot_hash));
  log.crafted = log.crafted || std::memcmp(line_0.data(), &named, line_0.size()) != 0;
  if (missing != 4) must(control.write_to(env, join_path(folder, "ctl")));
  switch (in.byte()) {  // what else lies there
    case 1:
      must(FileImage(in.number<std::uint16_t>()).write_to(env, join_path(folder, "wake")));
      break;
    case 2:
      must(segments.back().image.write_to(env, join_path(folder, "next.tmp")));
      break;
    case 3:
      log.crafted = true;  // a segment under a name that is not its own
      must(segments.back().image.write_to(env, join_path(folder, segment_name({place.next}))));
      break;
    case 4:
      must(env.make_directory(join_path(folder, segment_name({place.next.value + 1}))));
      break;
    case 5:
      must(env.make_directory(join_path(folder, "quarantine")));
      break;
    default:
      break;
  }
  return log;
}

}  // namespace millrace::fuzz
