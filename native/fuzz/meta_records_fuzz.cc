// The log of the metadata, read offline.
#include <memory>
#include <string>

#include "core/frame.h"
#include "core/meta_records.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/proven_records.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

void run(Bytes input) {
  ByteSource in(input);
  const std::uint64_t bytes = in.number<std::uint16_t>();
  Sequence from{in.byte()};
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(true);
  const ForgedLog forged = forge_store(*env, in, ForgedRole::kMeta);
  const ProvenRecords proven(*env, forged);
  const std::uint64_t changes = env->changes();
  for (;;) {
    const Result<MetaRecords> records = read_meta_records(*env, kForgedRoot, from, bytes);
    if (!records) break;
    claim(records->ends.size() == records->sequences.size(), "an end without a record");
    std::size_t begin = 0;
    for (std::size_t i = 0; i < records->ends.size(); ++i) {
      const std::size_t end = records->ends[i];
      const Sequence sequence = records->sequences[i];
      claim(end >= begin && end <= records->payloads.size(), "a record lies outside of the bytes");
      claim(sequence >= from, "a record lies before the place that was asked for");
      claim(i == 0 || sequence > records->sequences[i - 1], "sequence numbers do not grow");
      const std::string payload(reinterpret_cast<const char*>(records->payloads.data()) + begin,
                                end - begin);
      claim(proven.holds_payload(sequence, payload), "a record is read that no frame holds");
      begin = end;
    }
    if (records->at_end) break;
    claim(!records->ends.empty(), "a part of the records that is not the last has none");
    claim(records->next > from, "a part of the records does not get on");
    from = records->next;
  }
  claim(env->changes() == changes, "reading the metadata changes it");
}

const Target meta_records("meta_records", run);

}  // namespace
}  // namespace millrace::fuzz
