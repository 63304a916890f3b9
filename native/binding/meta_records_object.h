#pragma once

#include <napi.h>

namespace millrace {

// Export of the addon: readMetadata(path, from, maxBytes), a promise of `NativeMetaRecords`
// (src/native/addon.ts).
Napi::Value read_metadata(const Napi::CallbackInfo& info);

}  // namespace millrace
