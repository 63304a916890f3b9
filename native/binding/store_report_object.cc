#include "binding/store_report_object.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/promised_work.h"
#include "binding/report_fields.h"
#include "core/engine.h"
#include "core/env_posix.h"
#include "core/store_report.h"
#include "core/verify.h"

namespace millrace {
namespace {

// Paths longer than this are refused by every system.
constexpr std::size_t kStorePathBytesMax = 4096;

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

Napi::Value finding_of(Napi::Env env, const Finding& finding) {
  return Fields(env)
      .text("severity", finding.severity == Severity::kDamage ? "damage" : "notice")
      .text("file", finding.file)
      .number("offset", finding.offset)
      .text("what", finding.what)
      .object();
}

Napi::Value poison_of(Napi::Env env, const ControlWords& words) {
  if (words.state != LogState::kPoisoned) return env.Null();
  return Fields(env)
      .text("stage", word_of(words.poison_stage))
      .number("errno", std::uint64_t{words.poison_errno})
      .object();
}

Napi::Value control_of(Napi::Env env, const LogReport& log) {
  if (!log.control) return env.Null();
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

Napi::Value epoch_of(Napi::Env env, const EpochStart& start) {
  return Fields(env).number("epoch", start.epoch).number("offset", start.offset).object();
}

Napi::Value seal_of(Napi::Env env, const SegmentSeal& seal) {
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

Napi::Value frames_of(Napi::Env env, const FramesReport& frames) {
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

Napi::Value segment_of(Napi::Env env, const SegmentReport& segment) {
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

Napi::Value checked_log(Napi::Env env, const LogReport& log) {
  return Fields(env)
      .text("folder", log.folder)
      .text("uuid", folder_name(log.identity))
      .number("shard", std::uint64_t{log.identity.shard})
      .set("control", control_of(env, log))
      .set("segments", array_of(env, log.segments, segment_of))
      .object();
}

}  // namespace

Napi::Value report_to_js(Napi::Env env, const std::string& path, const StoreReport& report) {
  return Fields(env)
      .text("path", path)
      .number("formatVersion", std::uint64_t{report.format_version})
      .flag("inUse", report.in_use)
      .set("logs", array_of(env, report.logs, checked_log))
      .set("findings", array_of(env, report.findings, finding_of))
      .number("bytesChecked", report.bytes_checked)
      .object();
}

std::optional<std::string> folder_path(napi_env env, napi_value value) {
  std::optional<std::string> path = text(env, value, kStorePathBytesMax);
  if (!path || path->empty() || path->find('\0') != std::string::npos) return std::nullopt;
  return path;
}

Napi::Value inspect_folder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = folder_path(env, info[0]);
  if (!path) return throw_invalid_argument(env, "inspectFolder takes a path");
  auto report = std::make_shared<StoreReport>();
  auto work = [path = *path, report]() -> Result<void> {
    EnvPosix posix;
    auto inspected = inspect_store(posix, path);
    if (!inspected) return std::move(inspected.error());
    *report = std::move(*inspected);
    return {};
  };
  auto outcome = [path = *path, report](Napi::Env into) {
    return report_to_js(into, path, *report);
  };
  return PromisedWork::start(env, std::move(work), std::move(outcome));
}

}  // namespace millrace
