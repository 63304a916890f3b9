#pragma once

#include <string>

#include "core/env.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/store_report.h"

namespace millrace {

// Both read a store's folder offline: they take no lock, change nothing, map nothing writable, and
// believe no number they read. The store may be open elsewhere, left by a crash, damaged, or made
// by an enemy. Whatever cannot be read is a finding. They fail only when the folder is no store
// (kNotAStore), one of a later version (kNewerFormat), or cannot be listed.

// What the files say of themselves: control pages, headers, seals, lists. No frames are read.
Result<StoreReport> inspect_store(Env& env, const std::string& root);

// The same, and every byte held against the format and against every other. Memory is bounded by
// the largest record and the number of segments. A stopped scan answers what it has so far.
Result<StoreReport> verify_store(Env& env, const std::string& root, const ScanWatch& watch);

}  // namespace millrace
