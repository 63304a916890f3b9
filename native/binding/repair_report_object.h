#pragma once

#include <napi.h>

#include <string>

#include "core/repair_report.h"

namespace millrace {

// A report as `FolderRepair` of src/repair-report.ts; `path` is that of the store's folder.
[[nodiscard]] Napi::Value repair_to_js(Napi::Env env, const std::string& path,
                                       const RepairReport& report);

}  // namespace millrace
