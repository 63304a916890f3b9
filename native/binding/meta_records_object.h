#pragma once

#include <node_api.h>

namespace millrace {

// Export of the addon: readMetadata(path, from, maxBytes), a promise of `NativeMetaRecords`
// (src/native/addon.ts).
napi_value read_metadata(napi_env env, napi_callback_info info);

}  // namespace millrace
