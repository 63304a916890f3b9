#pragma once

#include <node_api.h>

namespace millrace {

// inspectFolder(path, everyByte): a promise of what the files of a store hold, spelt as in
// src/store-report.ts. Opens nothing for writing and takes no lock (core/verify.h).
napi_value inspect_folder(napi_env env, napi_callback_info info);

}  // namespace millrace
