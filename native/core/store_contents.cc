#include "core/store_contents.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "core/control_page.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/paths.h"
#include "core/segment_list.h"

namespace millrace {

namespace {

constexpr const char* kControlFile = "ctl";
constexpr std::array<const char*, 2> kUnbegun{"next.tmp", "roll.tmp"};

// As FileContents names files.
std::string key_of(const std::string& path) { return path.substr(path.find_first_not_of('/')); }

std::vector<FileStretch> stretches_of(const Segment& segment, FileOffset end, bool is_last) {
  const FileOffset data{segment.header.data_offset};
  // Behind its frames, a finished one has a pad.
  if (!is_last) return {{FileOffset{0}, FileOffset{end.bytes + kFrameHeaderBytes}, true}};
  return {{FileOffset{0}, data, false}, {data, end, true}};
}

}  // namespace

Result<void> add_log_contents(Env& env, const std::string& directory, FileContents& contents) {
  for (const char* name : kUnbegun) contents[key_of(join_path(directory, name))] = {};
  Result<File> control = File::open(env, join_path(directory, kControlFile), OpenMode::kRead);
  if (!control) {
    return control.error().code == Errc::kNotFound ? Result<void>{} : control.error();
  }
  std::array<std::byte, sizeof(ControlPage)> page;
  if (Result<void> read = control->read_exactly(page, FileOffset{0}); !read) return read;
  LogIdentity identity;
  std::memcpy(identity.uuid.data(), page.data() + offsetof(ControlPage, uuid),
              identity.uuid.size());
  identity.shard = load<std::uint32_t>(page.data() + offsetof(ControlPage, shard));
  const LogPosition committed{load<std::uint64_t>(page.data() + offsetof(ControlPage, committed))};
  Result<std::vector<std::string>> names = list_segment_names(env, directory);
  if (!names) return names.error();
  std::vector<Segment> found;
  for (const std::string& name : *names) {
    Result<Segment> segment = read_segment(env, join_path(directory, name), identity);
    if (!segment) return segment.error();
    found.push_back(std::move(*segment));
  }
  Result<SegmentList> segments = SegmentList::from(std::move(found));
  if (!segments) return segments.error();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const Segment& segment = (*segments)[i];
    contents[key_of(segment.path)] =
        stretches_of(segment, segments->end_of(i, committed), i + 1 == segments->size());
  }
  return {};
}

}  // namespace millrace
