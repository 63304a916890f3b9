#include "binding/meta_records_object.h"

#include <algorithm>
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

// A typed array of its own memory, with room for `count` elements; `data` is that memory.
template <typename T>
napi_value new_array(napi_env env, std::size_t count, T** data) noexcept {
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  void* memory = nullptr;
  if (napi_create_arraybuffer(env, count * sizeof(T), &memory, &buffer) != napi_ok) return nullptr;
  if (napi_create_typedarray(env, typed_array_of<T>(), count, buffer, 0, &array) != napi_ok) {
    return nullptr;
  }
  *data = static_cast<T*>(memory);
  return array;
}

napi_value records_to_js(napi_env env, const MetaRecords& records) noexcept {
  std::byte* payloads = nullptr;
  double* ends = nullptr;
  double* offsets = nullptr;
  const std::size_t count = records.ends.size();
  const napi_value payload_array = new_array(env, records.payloads.size(), &payloads);
  const napi_value end_array = new_array(env, count, &ends);
  const napi_value offset_array = new_array(env, count, &offsets);
  if (payload_array == nullptr || end_array == nullptr || offset_array == nullptr) return nullptr;
  std::ranges::copy(records.payloads, payloads);
  for (std::size_t i = 0; i < count; ++i) {
    ends[i] = static_cast<double>(records.ends[i]);
    offsets[i] = static_cast<double>(records.sequences[i].value);
  }
  napi_value object = nullptr;
  napi_value at_end = nullptr;
  napi_create_object(env, &object);
  napi_get_boolean(env, records.at_end, &at_end);
  napi_set_named_property(env, object, "payloads", payload_array);
  napi_set_named_property(env, object, "ends", end_array);
  napi_set_named_property(env, object, "offsets", offset_array);
  napi_set_named_property(env, object, "next", to_js(env, static_cast<double>(records.next.value)));
  napi_set_named_property(env, object, "atEnd", at_end);
  return object;
}

}  // namespace

napi_value read_metadata(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  const std::optional<std::string> path = folder_path(env, call[0]);
  const auto from = whole_number(env, call[1], kSequenceLimit);
  const auto bytes = whole_number(env, call[2], kPageBytesMax);
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
                             [records](napi_env into) { return records_to_js(into, *records); });
}

}  // namespace millrace
