#include "core/segment_list.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "core/file.h"
#include "core/paths.h"

namespace millrace {

namespace {

Error corrupt_list(std::string message) {
  return Error{.code = Errc::kCorrupt, .message = std::move(message)};
}

}  // namespace

Result<Segment> read_segment(Env& env, const std::string& path, const LogIdentity& identity) {
  // By opening or by reading, as the system likes: damage, not a device that fails.
  const auto judged = [&](Error error) {
    return error.sys_errno == EISDIR ? corrupt_list(path + ": is a folder") : error;
  };
  Result<File> file = File::open(env, path, OpenMode::kRead);
  if (!file) return judged(file.error());
  Result<std::uint64_t> file_bytes = file->bytes();
  if (!file_bytes) return file_bytes.error();
  std::array<std::byte, sizeof(SegmentHeader)> bytes;
  if (Result<void> read = file->read_exactly(bytes, FileOffset{0}); !read) {
    return judged(read.error());
  }
  return segment_of(bytes, *file_bytes, path, identity);
}

Result<Segment> segment_of(Bytes head, std::uint64_t file_bytes, const std::string& path,
                           const LogIdentity& identity) {
  Result<SegmentHeader> header = parse_header(head, file_bytes, path);
  if (!header) return header.error();
  if (header->uuid != identity.uuid || header->shard != identity.shard) {
    return corrupt_list(path + ": belongs to another log");
  }
  if (segment_name({header->base_sequence}) != file_name(path)) {
    return corrupt_list(path + ": its header names another first sequence number, " +
                        std::to_string(header->base_sequence));
  }
  return Segment{path, *header};
}

Result<void> SegmentList::check_link(const Segment& before, const Segment& after) {
  if (after.header.ordinal != before.header.ordinal + 1) {
    return corrupt_list(after.path + ": segments between " + before.path + " and it are missing");
  }
  const bool grows = after.header.base_sequence > before.header.base_sequence &&
                     after.header.base_sequence > after.header.previous_sequence &&
                     after.header.previous_sequence >= before.header.base_sequence;
  const std::uint64_t capacity = before.header.file_bytes - before.header.data_offset;
  const bool adjoins = after.header.base_position >= before.header.base_position &&
                       after.header.base_position - before.header.base_position <= capacity;
  if (!grows || !adjoins) {
    return corrupt_list(after.path + ": its header does not follow that of " + before.path);
  }
  return {};
}

Result<SegmentList> SegmentList::from(std::vector<Segment> segments) {
  for (std::size_t i = 1; i < segments.size(); ++i) {
    if (Result<void> link = check_link(segments[i - 1], segments[i]); !link) return link.error();
  }
  SegmentList list;
  list.segments_ = std::move(segments);
  return list;
}

std::size_t SegmentList::index_of(Sequence sequence) const noexcept {
  const auto above = std::upper_bound(
      segments_.begin(), segments_.end(), sequence,
      [](Sequence s, const Segment& segment) { return s < segment.base_sequence(); });
  return above == segments_.begin() ? 0 : static_cast<std::size_t>(above - segments_.begin()) - 1;
}

std::size_t SegmentList::index_of(LogPosition position) const noexcept {
  const auto above = std::upper_bound(
      segments_.begin(), segments_.end(), position,
      [](LogPosition p, const Segment& segment) { return p < segment.base_position(); });
  return above == segments_.begin() ? 0 : static_cast<std::size_t>(above - segments_.begin()) - 1;
}

// A header keeps the arrival of the last record before its segment.
std::size_t SegmentList::index_of(ArrivalTime arrival) const noexcept {
  const auto after = std::find_if(
      std::next(segments_.begin()), segments_.end(),
      [&](const Segment& next) { return next.header.previous_arrival_ms >= arrival.ms; });
  return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

FileOffset SegmentList::end_of(std::size_t index, LogPosition committed) const noexcept {
  const Segment& segment = segments_[index];
  const bool last = index + 1 == segments_.size();
  const LogPosition end =
      last ? committed : std::min(committed, segments_[index + 1].base_position());
  if (end < segment.base_position()) return {segment.header.data_offset};
  const std::uint64_t capacity = segment.header.file_bytes - segment.header.data_offset;
  // Compared before they are added: a mark that is damaged may be any number.
  const std::uint64_t frames = std::min(end.bytes - segment.header.base_position, capacity);
  return {segment.header.data_offset + frames};
}

std::vector<std::string> SegmentList::drop_before(Sequence base) {
  const auto keep = std::find_if(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return segment.base_sequence() >= base;
  });
  std::vector<std::string> paths;
  for (auto it = segments_.begin(); it != keep; ++it) paths.push_back(it->path);
  segments_.erase(segments_.begin(), keep);
  return paths;
}

Result<std::vector<std::string>> list_segment_names(Env& env, const std::string& directory) {
  Result<std::vector<DirectoryEntry>> entries = env.list(directory);
  if (!entries) return entries.error();
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : *entries) {
    if (parse_segment_name(entry.name)) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace millrace
