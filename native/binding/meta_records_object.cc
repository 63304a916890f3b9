#include "binding/meta_records_object.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/promised_work.h"
#include "binding/store_report_object.h"
#include "core/env_posix.h"
#include "core/meta_records.h"

namespace millrace {
namespace {

// One page holds at least a record, whatever was asked for.
constexpr std::uint64_t kPageBytesMax = 1024 * kMiB;

Napi::Value records_to_js(Napi::Env env, const MetaRecords& records) {
  const std::size_t count = records.ends.size();
  auto payloads = Napi::Uint8Array::New(env, records.payloads.size());
  auto ends = Napi::Float64Array::New(env, count);
  auto offsets = Napi::Float64Array::New(env, count);
  if (payloads.IsEmpty() || ends.IsEmpty() || offsets.IsEmpty()) return {};
  std::ranges::transform(records.payloads, payloads.Data(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  for (std::size_t i = 0; i < count; ++i) {
    ends[i] = static_cast<double>(records.ends[i]);
    offsets[i] = static_cast<double>(records.sequences[i].value);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("payloads", payloads);
  object.Set("ends", ends);
  object.Set("offsets", offsets);
  object.Set("next", static_cast<double>(records.next.value));
  object.Set("atEnd", records.at_end);
  return object;
}

}  // namespace

Napi::Value read_metadata(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = folder_path(env, info[0]);
  const auto from = whole_number(env, info[1], kSequenceLimit);
  const auto bytes = whole_number(env, info[2], kPageBytesMax);
  if (!path || !from || !bytes) {
    return throw_invalid_argument(env, "readMetadata takes a path, an offset and a limit");
  }
  auto records = std::make_shared<MetaRecords>();
  auto work = [path = *path, from = *from, bytes = *bytes, records]() -> Result<void> {
    EnvPosix posix;
    auto page = read_meta_records(posix, path, {from}, bytes);
    if (!page) return std::move(page.error());
    *records = std::move(*page);
    return {};
  };
  return PromisedWork::start(env, std::move(work),
                             [records](Napi::Env into) { return records_to_js(into, *records); });
}

}  // namespace millrace
