#include "crash/store_views.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "core/log_follower.h"

namespace millrace::crash {

std::vector<std::size_t> live_logs(std::span<const test::ReadRecord> metadata) {
  std::set<std::size_t> live;
  for (const test::ReadRecord& record : metadata) {
    const std::string& text = record.payload;
    if (text.starts_with("snapshot")) live.clear();
    for (std::size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1)) {
      std::size_t index = 0;
      std::from_chars(text.data() + at + 1, text.data() + text.size(), index);
      if (text.starts_with("delete")) {
        live.erase(index);
      } else {
        live.insert(index);
      }
    }
  }
  return {live.begin(), live.end()};
}

template <typename Log>
Result<LogView> view_of(Log& log) {
  const Result<LogStats> stats = log.stats();
  if (!stats) return stats.error();
  const test::ReadCall read = [&log](Sequence from, const PageLimits& limits,
                                     const PageBuffers& into) {
    return log.read(from, limits, into);
  };
  constexpr std::size_t kPageRecords = 200;
  constexpr std::uint64_t kPagePayloads = 256 * kKiB;
  LogView view;
  view.sealed = stats->sealed;
  for (std::uint64_t from = stats->first.value;;) {
    Page page;
    Result<std::vector<test::ReadRecord>> records =
        test::read_page(read, from, kPageRecords, kPagePayloads, page);
    if (!records) return records.error();
    std::ranges::move(*records, std::back_inserter(view.records));
    from = page.next.value;
    if (page.at_tail) return view;
  }
}

template Result<LogView> view_of(ShardLog& log);
template Result<LogView> view_of(LogFollower& log);

}  // namespace millrace::crash
