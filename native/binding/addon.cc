#include <node_api.h>

#include <array>

#include "binding/convert.h"
#include "binding/engine_object.h"
#include "binding/environment.h"
#include "binding/folder_check.h"
#include "binding/meta_records_object.h"
#include "binding/native_object.h"
#include "binding/router_object.h"
#include "binding/store_report_object.h"
#include "core/frame.h"

namespace millrace {
namespace {

// Raised whenever an export, an argument or a constant of the boundary changes: the loader refuses
// a binary that was built from other sources than it was (src/native/load.ts).
constexpr std::int32_t kInterfaceVersion = 3;

napi_property_descriptor constant(const char* name, napi_value value) noexcept {
  napi_property_descriptor descriptor{};
  descriptor.utf8name = name;
  descriptor.value = value;
  descriptor.attributes = napi_enumerable;
  return descriptor;
}

}  // namespace
}  // namespace millrace

// Runs once in each environment. The table is what src/native/addon.ts describes.
NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  using namespace millrace;  // a C function of Node's, outside the namespace by nature
  if (!Environment::set_up(env)) return nullptr;
  const std::array table{
      constant("interfaceVersion", to_js_integer(env, kInterfaceVersion)),
      constant("recordBytesMax", to_js(env, static_cast<double>(kRecordBytesMax))),
      method("openFolder", EngineObject::open_folder),
      method("openMemory", EngineObject::open_memory),
      method("createRouter", RouterObject::create),
      method("inspectFolder", inspect_folder),
      method("verifyFolder", FolderCheckObject::verify_folder),
      method("readMetadata", read_metadata),
  };
  napi_define_properties(env, exports, table.size(), table.data());
  return exports;
}
