#include <napi.h>

#include <cstdint>
#include <memory>

#include "binding/direct_appender.h"
#include "binding/engine_object.h"
#include "binding/environment.h"
#include "binding/folder_check.h"
#include "binding/meta_records_object.h"
#include "binding/router_object.h"
#include "binding/store_reader_object.h"
#include "binding/store_report_object.h"
#include "core/frame.h"

namespace millrace {
namespace {

// Raised whenever an export, an argument or a constant of the boundary changes: the loader refuses
// a binary that was built from other sources than it was (src/native/load.ts).
constexpr std::int32_t kInterfaceVersion = 16;

// Runs once in each environment. The table is what src/native/addon.ts describes.
Napi::Object define_exports(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(std::make_unique<Environment>(env).release());  // freed with the environment
  exports.Set("interfaceVersion", kInterfaceVersion);
  exports.Set("recordBytesMax", static_cast<double>(kRecordBytesMax));
  exports.Set("openFolder", Napi::Function::New<EngineObject::open_folder>(env, "openFolder"));
  exports.Set("openMemory", Napi::Function::New<EngineObject::open_memory>(env, "openMemory"));
  exports.Set("openReader", Napi::Function::New<StoreReaderObject::open_reader>(env, "openReader"));
  exports.Set("createRouter", Napi::Function::New<RouterObject::create>(env, "createRouter"));
  exports.Set("createDirectAppender",
              Napi::Function::New<create_direct_appender>(env, "createDirectAppender"));
  exports.Set("inspectFolder", Napi::Function::New<inspect_folder>(env, "inspectFolder"));
  exports.Set("verifyFolder",
              Napi::Function::New<FolderCheckObject::verify_folder>(env, "verifyFolder"));
  exports.Set("repairFolder",
              Napi::Function::New<FolderCheckObject::repair_folder>(env, "repairFolder"));
  exports.Set("readMetadata", Napi::Function::New<read_metadata>(env, "readMetadata"));
  return exports;
}

}  // namespace
}  // namespace millrace

using millrace::define_exports;  // what Node calls lies outside the namespace by nature
NODE_API_MODULE(millrace, define_exports)
