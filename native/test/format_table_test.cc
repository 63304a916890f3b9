// Holds the tables of docs/on-disk-format.md to the structures of the engine, both ways: a field
// that moves, grows, comes or goes, on either side, fails here.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <source_location>
#include <string>
#include <type_traits>
#include <vector>

#include "core/control_page.h"
#include "core/frame.h"
#include "core/segment_header.h"
#include "core/time_index.h"
#include "test/format_page.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// How the page calls a type.
template <typename T>
struct TypeName {
  static std::string text() {
    return std::string(std::is_signed_v<T> ? "i" : "u").append(std::to_string(sizeof(T) * 8));
  }
};
template <typename T>
struct TypeName<std::atomic<T>> : TypeName<T> {};
template <std::size_t size>
struct TypeName<std::array<char, size>> {
  static std::string text() { return std::string("char[").append(std::to_string(size)) + "]"; }
};
template <std::size_t size>
struct TypeName<std::array<std::byte, size>> {
  static std::string text() { return std::string("u8[").append(std::to_string(size)) + "]"; }
};

// A field of an on-disk structure as its row has it.
struct Field {
  std::string name;
  std::size_t offset;
  std::size_t bytes;
  std::string type;
};

template <typename Structure, typename T>
Field field(std::string name, T Structure::* member) {
  const Structure object{};
  const auto* base = reinterpret_cast<const std::byte*>(&object);
  const auto* at = reinterpret_cast<const std::byte*>(&(object.*member));
  return {std::move(name), static_cast<std::size_t>(at - base), sizeof(T), TypeName<T>::text()};
}

void expect_rows(std::string_view heading, const std::vector<TableRow>& wanted,
                 std::source_location where = std::source_location::current()) {
  const std::vector<TableRow> rows = FormatPage::load().table(heading, where);
  expect_eq(rows.size(), wanted.size(), where);
  for (std::size_t i = 0; i < std::min(rows.size(), wanted.size()); ++i) {
    const Case round("row", i + 1);
    const TableRow compared(
        rows[i].begin(),
        rows[i].begin() + static_cast<std::ptrdiff_t>(std::min(rows[i].size(), wanted[i].size())));
    expect_eq(compared, wanted[i], where);
  }
}

// The page has these fields in this order; and together they are the whole structure, so that none
// is missing here.
template <typename Structure>
void expect_structure(std::string_view heading, const std::vector<Field>& fields,
                      std::source_location where = std::source_location::current()) {
  std::vector<TableRow> wanted;
  std::size_t end = 0;
  for (const Field& f : fields) {
    expect_eq(f.offset, end, where);
    end = f.offset + f.bytes;
    wanted.push_back({std::to_string(f.offset), std::to_string(f.bytes), f.type, f.name});
  }
  expect_eq(end, sizeof(Structure), where);
  expect_rows(heading, wanted, where);
}

// The page has every value that `name_of` has a name for. A switch over the enumeration inside it
// makes the compiler ask for new ones.
template <typename Enumeration>
void expect_values(std::string_view heading,
                   const std::function<std::string(Enumeration)>& name_of) {
  std::vector<TableRow> wanted;
  for (std::uint8_t value = 0; value < 64; ++value) {
    const std::string name = name_of(static_cast<Enumeration>(value));
    if (!name.empty()) wanted.push_back({std::to_string(value), name});
  }
  expect_rows(heading, wanted);
}

std::string name_of_type(FrameType type) {
  switch (type) {
    case FrameType::kData:
      return "data";
    case FrameType::kPad:
      return "pad";
    case FrameType::kGap:
      return "gap";
    case FrameType::kShardEnd:
      return "shard end";
  }
  return {};
}

std::string name_of_reason(SealReason reason) {
  switch (reason) {
    case SealReason::kSize:
      return "size";
    case SealReason::kAge:
      return "age";
    case SealReason::kClose:
      return "close";
    case SealReason::kShardEnd:
      return "shard end";
    case SealReason::kRecovery:
      return "recovery";
  }
  return {};
}

std::string name_of_state(LogState state) {
  switch (state) {
    case LogState::kClosed:
      return "closed";
    case LogState::kOpen:
      return "open";
    case LogState::kPoisoned:
      return "poisoned";
  }
  return {};
}

std::string name_of_stage(PoisonStage stage) {
  switch (stage) {
    case PoisonStage::kNone:
      return "none";
    case PoisonStage::kWrite:
      return "write";
    case PoisonStage::kSyncData:
      return "sync data";
    case PoisonStage::kSyncControl:
      return "sync control";
    case PoisonStage::kSyncDirectory:
      return "sync directory";
    case PoisonStage::kStore:
      return "store";
  }
  return {};
}

const Suite segment_tables("format tables of segments", [](Suite& s) {
  s.test("say where the parts of a segment are", [] {
    const auto part = [](std::size_t at, const std::string& bytes, const std::string& what) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      std::string offset = "0x";
      for (int shift = 12; shift >= 0; shift -= 4) offset.push_back(kDigits[(at >> shift) & 15]);
      return TableRow{offset, bytes, what};
    };
    expect_rows("Segment file",
                {part(0, std::to_string(sizeof(SegmentHeader)), "header, written once"),
                 part(kSealOffset, std::to_string(sizeof(SegmentSeal)),
                      "seal: zeros until the segment is closed"),
                 part(kEpochsOffset, std::to_string(kEpochStartsMax * sizeof(EpochStart)),
                      std::string("epoch list: ")
                          .append(std::to_string(kEpochStartsMax))
                          .append(" entries of ")
                          .append(std::to_string(sizeof(EpochStart)))
                          .append(" bytes")),
                 part(kSummaryOffset, std::to_string(kSummarySlots * sizeof(IndexSlot)),
                      std::string("summary: ")
                          .append(std::to_string(kSummarySlots))
                          .append(" index slots, zeros until the segment is closed")),
                 part(kIndexOffset,
                      std::to_string(sizeof(IndexSlot))
                          .append(" for each ")
                          .append(std::to_string(kGridBytes / kKiB))
                          .append(" KiB of data"),
                      "index")});
  });

  s.test("have every field of the header", [] {
    using H = SegmentHeader;
    expect_structure<H>(
        "Segment header",
        {field("magic", &H::magic), field("version", &H::version), field("crc", &H::crc),
         field("uuid", &H::uuid), field("shard", &H::shard), field("ordinal", &H::ordinal),
         field("base_sequence", &H::base_sequence), field("base_position", &H::base_position),
         field("created_ms", &H::created_ms), field("file_bytes", &H::file_bytes),
         field("data_offset", &H::data_offset), field("grid_bytes", &H::grid_bytes),
         field("index_slots", &H::index_slots), field("reserved", &H::reserved),
         field("previous_sequence", &H::previous_sequence),
         field("previous_arrival_ms", &H::previous_arrival_ms), field("salt", &H::salt),
         field("unused", &H::unused)});
  });

  s.test("have every field of the seal", [] {
    using S = SegmentSeal;
    expect_structure<S>(
        "Seal", {field("magic", &S::magic), field("crc", &S::crc), field("reason", &S::reason),
                 field("first_arrival_ms", &S::first_arrival_ms),
                 field("last_arrival_ms", &S::last_arrival_ms),
                 field("last_sequence", &S::last_sequence), field("data_end", &S::data_end),
                 field("records", &S::records), field("payload_bytes", &S::payload_bytes),
                 field("epoch", &S::epoch), field("index_crc", &S::index_crc),
                 field("reserved", &S::reserved), field("unused", &S::unused)});
  });

  s.test("have every reason of a seal",
         [] { expect_values<SealReason>("Reasons", name_of_reason); });

  s.test("have every field of an entry of the epoch list", [] {
    expect_structure<EpochStart>(
        "Epoch list", {field("epoch", &EpochStart::epoch), field("offset", &EpochStart::offset)});
  });

  s.test("have every field of an index slot", [] {
    expect_structure<IndexSlot>("Index slot", {field("offset", &IndexSlot::offset),
                                               field("sequence_delta", &IndexSlot::sequence_delta),
                                               field("arrival_ms", &IndexSlot::arrival_ms)});
  });
});

const Suite frame_tables("format tables of frames", [](Suite& s) {
  s.test("have every field of the head", [] {
    using F = FrameHeader;
    expect_structure<F>("Frame", {field("length", &F::length), field("crc", &F::crc),
                                  field("sequence", &F::sequence),
                                  field("arrival_ms", &F::arrival_ms), field("epoch", &F::epoch),
                                  field("key_bytes", &F::key_bytes), field("type", &F::type),
                                  field("flags", &F::flags), field("reserved", &F::reserved)});
  });

  s.test("have every type", [] { expect_values<FrameType>("Frame types", name_of_type); });

  s.test("have every flag", [] {
    static_assert((kFlagHashKey | kFlagCompressed | kFlagKms) == kFlagsKnown);
    expect_rows("Frame flags", {{std::to_string(kFlagHashKey), "hash key"},
                                {std::to_string(kFlagCompressed), "compressed"},
                                {std::to_string(kFlagKms), "kms"}});
  });
});

const Suite control_tables("format tables of the control page", [](Suite& s) {
  s.test("have every word", [] {
    using C = ControlPage;
    expect_structure<C>("Control page", {field("magic", &C::magic),
                                         field("version", &C::version),
                                         field("crc", &C::crc),
                                         field("uuid", &C::uuid),
                                         field("shard", &C::shard),
                                         field("unused", &C::unused_0),
                                         field("boot_hash", &C::boot_hash),
                                         field("writer_epoch", &C::writer_epoch),
                                         field("state", &C::state),
                                         field("poison_errno", &C::poison_errno),
                                         field("poison_stage", &C::poison_stage),
                                         field("sealed", &C::sealed),
                                         field("writer_pid", &C::writer_pid),
                                         field("shows", &C::shows),
                                         field("unused", &C::unused_1),
                                         field("committed", &C::committed),
                                         field("unused", &C::unused_2),
                                         field("durable", &C::durable),
                                         field("indexed", &C::indexed),
                                         field("unused", &C::unused_3),
                                         field("unused", &C::unused_4),
                                         field("trim_sequence", &C::trim_sequence),
                                         field("first_segment", &C::first_segment),
                                         field("trim_check", &C::trim_check),
                                         field("unused", &C::unused_5),
                                         field("active_segment", &C::active_segment),
                                         field("unused", &C::unused_6),
                                         field("reserved_sequence", &C::reserved_sequence),
                                         field("unused", &C::unused_7)});
  });

  s.test("have every state", [] { expect_values<LogState>("States", name_of_state); });

  s.test("have every stage of a poisoning",
         [] { expect_values<PoisonStage>("Poison stages", name_of_stage); });

  s.test("have every word of the wake page", [] {
    expect_structure<WakePage>(
        "Wake page", {field("waiters", &WakePage::waiters), field("word", &WakePage::word)});
  });
});

}  // namespace
}  // namespace millrace::test
