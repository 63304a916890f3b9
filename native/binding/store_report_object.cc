#include "binding/store_report_object.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/promised_work.h"
#include "core/engine.h"
#include "core/env_posix.h"
#include "core/store_report.h"
#include "core/verify.h"

namespace millrace {
namespace {

// Paths longer than this are refused by every system.
constexpr std::size_t kPathBytesMax = 4096;

// A JavaScript object while its fields are set.
class Fields {
 public:
  explicit Fields(napi_env env) noexcept : env_(env) { napi_create_object(env, &object_); }

  Fields& set(const char* name, napi_value value) noexcept {
    napi_set_named_property(env_, object_, name, value);
    return *this;
  }
  Fields& text(const char* name, std::string_view value) noexcept {
    return set(name, to_js(env_, value));
  }
  // What no sound store reaches, 2^53 and more, may come from a damaged one: it is shown rounded.
  Fields& number(const char* name, double value) noexcept { return set(name, to_js(env_, value)); }
  Fields& number(const char* name, std::uint64_t value) noexcept {
    return number(name, static_cast<double>(value));
  }
  Fields& number(const char* name, std::int64_t value) noexcept {
    return number(name, static_cast<double>(value));
  }
  Fields& flag(const char* name, bool value) noexcept {
    napi_value flag = nullptr;
    napi_get_boolean(env_, value, &flag);
    return set(name, flag);
  }
  [[nodiscard]] napi_value object() const noexcept { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

napi_value null_of(napi_env env) noexcept {
  napi_value value = nullptr;
  napi_get_null(env, &value);
  return value;
}

// `convert` of what is there, null of what is not.
template <typename T>
napi_value optional_of(napi_env env, const std::optional<T>& value,
                       napi_value (*convert)(napi_env, const T&)) noexcept {
  return value ? convert(env, *value) : null_of(env);
}

template <typename Range, typename Item>
napi_value array_of(napi_env env, const Range& items,
                    napi_value (*convert)(napi_env, const Item&)) noexcept {
  napi_value array = nullptr;
  napi_create_array_with_length(env, items.size(), &array);
  std::uint32_t index = 0;
  for (const Item& item : items) napi_set_element(env, array, index++, convert(env, item));
  return array;
}

const char* word_of(LogState state) noexcept {
  switch (state) {
    case LogState::kClosed:
      return "closed";
    case LogState::kOpen:
      return "open";
    case LogState::kPoisoned:
      return "poisoned";
  }
  return "unknown";
}

const char* word_of(PoisonStage stage) noexcept {
  switch (stage) {
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
    case PoisonStage::kNone:
      break;
  }
  return "unknown";
}

const char* word_of(SealReason reason) noexcept {
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
  return "unknown";
}

napi_value finding_of(napi_env env, const Finding& finding) {
  return Fields(env)
      .text("severity", finding.severity == Severity::kDamage ? "damage" : "notice")
      .text("file", finding.file)
      .number("offset", finding.offset)
      .text("what", finding.what)
      .object();
}

napi_value poison_of(napi_env env, const ControlWords& words) {
  if (words.state != LogState::kPoisoned) return null_of(env);
  return Fields(env)
      .text("stage", word_of(words.poison_stage))
      .number("errno", std::uint64_t{words.poison_errno})
      .object();
}

napi_value control_of(napi_env env, const LogReport& log) {
  if (!log.control) return null_of(env);
  const ControlWords& words = *log.control;
  return Fields(env)
      .text("state", word_of(words.state))
      .set("poison", poison_of(env, words))
      .flag("sealed", words.sealed != 0)
      .number("writerEpoch", words.writer_epoch)
      .number("writerPid", words.writer_pid)
      .flag("thisBoot", log.this_boot)
      .number("committed", words.committed.bytes)
      .number("durable", words.durable.bytes)
      .number("indexed", words.indexed.bytes)
      .number("trimSequence", words.trim_sequence.value)
      .number("firstSegment", words.first_segment.value)
      .number("activeSegment", words.active_segment.value)
      .number("reservedSequence", words.reserved_sequence.value)
      .object();
}

napi_value epoch_of(napi_env env, const EpochStart& start) {
  return Fields(env).number("epoch", start.epoch).number("offset", start.offset).object();
}

napi_value seal_of(napi_env env, const SegmentSeal& seal) {
  return Fields(env)
      .text("reason", word_of(static_cast<SealReason>(seal.reason)))
      .number("firstArrivalMs", seal.first_arrival_ms)
      .number("lastArrivalMs", seal.last_arrival_ms)
      .number("lastSequence", seal.last_sequence)
      .number("dataEnd", seal.data_end)
      .number("records", seal.records)
      .number("payloadBytes", seal.payload_bytes)
      .number("epoch", seal.epoch)
      .object();
}

napi_value frames_of(napi_env env, const FramesReport& frames) {
  return Fields(env)
      .number("records", frames.records)
      .number("keyBytes", frames.key_bytes)
      .number("payloadBytes", frames.payload_bytes)
      .number("gaps", frames.gaps)
      .number("end", frames.end.bytes)
      .number("lastSequence", frames.last_sequence.value)
      .number("lastArrivalMs", frames.last_arrival.ms)
      .object();
}

napi_value segment_of(napi_env env, const SegmentReport& segment) {
  const SegmentHead& head = segment.head;
  const SegmentHeader& header = head.segment.header;
  return Fields(env)
      .text("file", segment.file)
      .number("ordinal", std::uint64_t{header.ordinal})
      .number("baseSequence", header.base_sequence)
      .number("basePosition", header.base_position)
      .number("createdMs", header.created_ms)
      .number("fileBytes", header.file_bytes)
      .number("allocatedBytes", head.allocated_bytes)
      .number("dataOffset", std::uint64_t{header.data_offset})
      .number("indexSlots", std::uint64_t{header.index_slots})
      .number("indexSlotsUsed", head.index_slots_used)
      .set("epochs", array_of(env, head.epochs, epoch_of))
      .set("seal", optional_of(env, head.seal, seal_of))
      .set("frames", optional_of(env, segment.frames, frames_of))
      .object();
}

napi_value log_of(napi_env env, const LogReport& log) {
  return Fields(env)
      .text("folder", log.folder)
      .text("uuid", folder_name(log.identity))
      .number("shard", std::uint64_t{log.identity.shard})
      .set("control", control_of(env, log))
      .set("segments", array_of(env, log.segments, segment_of))
      .object();
}

}  // namespace

napi_value report_to_js(napi_env env, const std::string& path, const StoreReport& report) {
  return Fields(env)
      .text("path", path)
      .number("formatVersion", std::uint64_t{report.format_version})
      .flag("inUse", report.in_use)
      .set("logs", array_of(env, report.logs, log_of))
      .set("findings", array_of(env, report.findings, finding_of))
      .number("bytesChecked", report.bytes_checked)
      .object();
}

std::optional<std::string> folder_path(napi_env env, napi_value value) {
  std::optional<std::string> path = text(env, value, kPathBytesMax);
  if (!path || path->empty() || path->find('\0') != std::string::npos) return std::nullopt;
  return path;
}

napi_value inspect_folder(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const std::optional<std::string> path = folder_path(env, call[0]);
  if (!path) return throw_invalid_argument(env, "inspectFolder takes a path");
  auto report = std::make_shared<StoreReport>();
  auto work = [path = *path, report]() -> Result<void> {
    EnvPosix posix;
    auto inspected = inspect_store(posix, path);
    if (!inspected) return std::move(inspected.error());
    *report = std::move(*inspected);
    return {};
  };
  auto outcome = [path = *path, report](napi_env into) {
    return report_to_js(into, path, *report);
  };
  return PromisedWork::start(env, std::move(work), std::move(outcome));
}

}  // namespace millrace
