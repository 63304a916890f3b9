#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "core/store_report.h"

namespace millrace {

// A report as `FolderReport` of src/store-report.ts; `path` is that of the store's folder.
[[nodiscard]] Napi::Value report_to_js(Napi::Env env, const std::string& path,
                                       const StoreReport& report);

// The path of a folder that may exist; nullopt for what no system takes.
[[nodiscard]] std::optional<std::string> folder_path(napi_env env, napi_value value);

// Export of the addon: inspectFolder(path), a promise of what the files of a store say of
// themselves. Opens nothing for writing and takes no lock (core/verify.h).
Napi::Value inspect_folder(const Napi::CallbackInfo& info);

}  // namespace millrace
