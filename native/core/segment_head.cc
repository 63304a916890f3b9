#include "core/segment_head.h"

#include <array>
#include <utility>

#include "core/bytes.h"
#include "core/chunk_reader.h"
#include "core/file.h"
#include "core/paths.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// The first page of a segment: header, seal, list of writers.
using FirstPage = std::array<std::byte, kPageBytes>;
static_assert(kSummaryOffset == kPageBytes);

Error corrupt_head(std::string what) {
  return Error{.code = Errc::kCorrupt, .message = std::move(what)};
}

Result<void> check_identity(const SegmentHeader& header, const KnownIdentity& known,
                            const std::string& name) {
  const bool ours =
      (!known.uuid || header.uuid == *known.uuid) && (!known.shard || header.shard == *known.shard);
  if (!ours) return corrupt_head("belongs to another log");
  if (segment_name({header.base_sequence}) != name) {
    return corrupt_head("its header names another first sequence number, " +
                        std::to_string(header.base_sequence));
  }
  return {};
}

void read_seal(const FirstPage& page, const std::string& file, SegmentHead& head,
               Findings& findings) {
  const Bytes block = Bytes(page).subspan(kSealOffset, sizeof(SegmentSeal));
  head.seal = parse_seal(block, head.segment.header);
  if (!head.seal && first_non_zero(block) < block.size()) {
    findings.damage(file, kSealOffset, "the seal is damaged");
  }
}

Result<std::uint64_t> count_used_slots(const File& file, const SegmentHeader& header) {
  std::vector<IndexSlot> slots(header.index_slots);
  Result<void> read = file.read_exactly(std::as_writable_bytes(std::span(slots)), {kIndexOffset});
  if (!read) return read.error();
  std::uint64_t used = 0;
  for (const IndexSlot& slot : slots) used += slot.offset != 0 ? 1 : 0;
  return used;
}

}  // namespace

std::string sentence_of(const Error& error, const std::string& path) {
  const std::string prefix = path + ": ";
  if (error.message.starts_with(prefix)) return error.message.substr(prefix.size());
  return error.sys_errno == 0 ? error.message : "cannot be read: " + error.message;
}

// Everything below is about what the list may look like after any crash: epochs never go back;
// places may, because a crash of the system can take away what a writer had begun behind.
bool list_writers(Bytes page, const SegmentHeader& header, const std::string& file,
                  std::vector<EpochStart>& writers, Findings& findings) {
  const auto damage = [&](std::size_t at, const char* what) {
    findings.damage(file, at, what);
    return false;
  };
  std::size_t at = kEpochsOffset;
  for (; at < kSummaryOffset; at += sizeof(EpochStart)) {
    const auto entry = load<EpochStart>(page.data() + at);
    if (entry.epoch == 0) break;
    // The device read it while it was stored to. Its writer has no frame that was synced, and the
    // next one takes it off the list.
    const bool last = at + 2 * sizeof(EpochStart) > kSummaryOffset ||
                      load<EpochStart>(page.data() + at + sizeof(EpochStart)).epoch == 0;
    if (entry.offset == 0 && last) {
      findings.notice(file, at, "a writer is listed in part; it stored nothing that was promised");
      continue;
    }
    writers.push_back(entry);
    if (entry.offset < header.data_offset || entry.offset > header.file_bytes ||
        entry.offset % kFrameAlignment != 0) {
      return damage(at, "a writer is listed that began at no place of the data");
    }
    const std::size_t count = writers.size();
    if (count > 1 && entry.epoch < writers[count - 2].epoch) {
      return damage(at, "a writer is listed behind a later one");
    }
  }
  const Bytes rest = page.first(kSummaryOffset).subspan(at);
  if (const std::size_t odd = first_non_zero(rest); odd < rest.size()) {
    return damage(at + odd, "bytes behind the list of writers are not zero");
  }
  if (writers.empty() || writers.front().offset != header.data_offset) {
    return damage(kEpochsOffset, "the writer that began the segment is not listed");
  }
  return true;
}

std::uint64_t epoch_at(const std::vector<EpochStart>& epochs, FileOffset at) noexcept {
  for (auto entry = epochs.rbegin(); entry != epochs.rend(); ++entry) {
    if (entry->offset <= at.bytes) return entry->epoch;
  }
  return 0;
}

Result<SegmentHead> read_segment_head(Env& env, const std::string& path, const KnownIdentity& known,
                                      const std::string& file, Findings& findings) {
  Result<File> opened = File::open(env, path, OpenMode::kRead);
  if (!opened) return opened.error();
  Result<std::uint64_t> file_bytes = opened->bytes();
  if (!file_bytes) return file_bytes.error();
  FirstPage page;
  if (Result<void> read = opened->read_exactly(page, FileOffset{0}); !read) return read.error();
  Result<SegmentHeader> header = parse_header(page, *file_bytes, path);
  if (!header) return header.error();
  Result<void> ours = check_identity(*header, known, std::string(file_name(path)));
  if (!ours) return Error{.code = ours.error().code, .message = path + ": " + ours.error().message};
  SegmentHead head;
  head.segment = {path, *header};
  Result<std::uint64_t> allocated = env.allocated_bytes(opened->id());
  if (!allocated) return allocated.error();
  head.allocated_bytes = *allocated;
  Result<std::uint64_t> used = count_used_slots(*opened, *header);
  if (!used) return used.error();
  head.index_slots_used = *used;
  head.epochs_sound = list_writers(page, *header, file, head.epochs, findings);
  read_seal(page, file, head, findings);
  return head;
}

}  // namespace millrace
