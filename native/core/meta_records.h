#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// Some of the records of a store's metadata log, in order.
struct MetaRecords {
  std::vector<std::byte> payloads;  // one behind the other
  std::vector<std::size_t> ends;    // of each in `payloads`
  std::vector<Sequence> sequences;  // of each
  Sequence next;                    // where to go on
  bool at_end = false;              // nothing readable follows
};

// Reads the metadata offline, as verify.h does: no lock, no mapping, nothing believed. From `from`
// on, or from the first record that was not trimmed; at least one record, and no more once they
// hold `bytes`. Ends at the first damaged frame that is not before `from`, at the latest where the
// log ends; a store whose metadata has no files has no records.
Result<MetaRecords> read_meta_records(Env& env, const std::string& root, Sequence from,
                                      std::uint64_t bytes);

}  // namespace millrace
