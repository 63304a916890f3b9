#include "crash/materialize.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/env_posix.h"
#include "core/paths.h"
#include "crash/crash_disk.h"
#include "crash/journal_file.h"

namespace millrace::crash {

namespace {

struct Range {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // included
  [[nodiscard]] bool is_single() const noexcept { return from == to; }
};

struct Order {
  std::string journal;
  std::string into;
  std::optional<std::string> root;
  Range cuts{0, std::numeric_limits<std::uint64_t>::max()};
  Range seeds{1, 1};
  std::optional<std::uint64_t> sample;
};

std::optional<Range> parse_range(const std::string& text) {
  Range range;
  const char* const last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(text.data(), last, range.from);
  if (fault != std::errc{}) return std::nullopt;
  range.to = range.from;
  if (end == last) return range;
  if (*end != '-') return std::nullopt;
  const auto [end_of_all, second] = std::from_chars(end + 1, last, range.to);
  if (second != std::errc{} || end_of_all != last || range.to < range.from) return std::nullopt;
  return range;
}

std::optional<Order> parse(std::span<const std::string> arguments) {
  Order order;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) {
      if (!order.journal.empty()) return std::nullopt;
      order.journal = argument;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    const std::optional<Range> range = parse_range(arguments[i]);
    if (argument == "--into") {
      order.into = arguments[i];
    } else if (argument == "--root") {
      order.root = arguments[i];
    } else if (argument == "--cut" && range) {
      order.cuts = *range;
    } else if (argument == "--seed" && range) {
      order.seeds = *range;
    } else if (argument == "--sample" && range && range->is_single() && range->from > 0) {
      order.sample = range->from;
    } else {
      return std::nullopt;
    }
  }
  if (order.journal.empty() || order.into.empty()) return std::nullopt;
  return order;
}

// Paths of images begin at the root of all folders, without a slash.
std::string as_in_images(const std::string& path) {
  const std::size_t begin = path.find_first_not_of('/');
  std::string image_path = begin == std::string::npos ? "" : path.substr(begin);
  while (image_path.ends_with('/')) image_path.pop_back();
  return image_path;
}

// The deepest folder that every path lies in; empty for the root. A folder above the recorded ones
// may be synced, or was there before: it is none of what is to be made.
std::string common_folder(const std::vector<RecordedCall>& calls) {
  std::optional<std::string> common;
  for (const RecordedCall& call : calls) {
    if (call.kind == RecordedCall::Kind::kSyncDirectory) continue;
    const bool is_folder = call.kind == RecordedCall::Kind::kMakeDirectory;
    const std::string path = as_in_images(call.path);
    std::string folder = is_folder ? path : path.substr(0, path.rfind('/') + 1);
    if (folder.ends_with('/')) folder.pop_back();
    if (!common) common = folder;
    while (!common->empty() && folder != *common && !folder.starts_with(*common + '/')) {
      const std::size_t slash = common->rfind('/');
      common->resize(slash == std::string::npos ? 0 : slash);
    }
  }
  return common.value_or("");
}

class Maker {
 public:
  Maker(const Order& order, std::string root, std::FILE* out)
      : order_(order), root_(std::move(root)), out_(out), env_(std::make_shared<EnvPosix>()) {}

  // `journal_bytes`: how long the journal's file was at the cut.
  Result<void> make(const CrashDisk& disk, std::uint64_t seed, std::uint64_t journal_bytes) {
    const std::uint64_t cut = disk.call_count();
    const bool single = order_.cuts.is_single() && order_.seeds.is_single() && !order_.sample;
    std::string folder = order_.into;
    if (!single) {
      if (Result<void> made = env_->make_directory(order_.into); !made) return made;
      folder = join_path(order_.into, std::to_string(cut) + "-" + std::to_string(seed));
    }
    if (Result<bool> taken = env_->exists(folder); !taken || *taken) {
      return Error{.code = Errc::kBusy, .message = folder + ": is there already"};
    }
    Survivors survivors(state_seed(cut, seed), disk.at_risk(), disk.pool());
    if (Result<void> put = disk.surviving(survivors).put_into(*env_, root_, folder); !put) {
      return put;
    }
    const std::string loss(name_of(survivors.loss()));
    std::fprintf(out_, "%llu %llu %llu %s %s\n", static_cast<unsigned long long>(cut),
                 static_cast<unsigned long long>(seed),
                 static_cast<unsigned long long>(journal_bytes), folder.c_str(), loss.c_str());
    return {};
  }

 private:
  const Order& order_;
  const std::string root_;
  std::FILE* const out_;
  const std::shared_ptr<Env> env_;
};

// Which of the cuts from the first to the last are taken: all, or as many as were asked for, evenly
// apart, and from another one on with each seed.
std::function<bool(std::uint64_t)> chosen(const Order& order, std::uint64_t last) {
  if (!order.sample || *order.sample > last - order.cuts.from)
    return [](std::uint64_t) { return true; };
  std::set<std::uint64_t> cuts;
  const std::uint64_t span = last - order.cuts.from + 1;
  const std::uint64_t shift = state_seed(0, order.seeds.from) % span;
  for (std::uint64_t i = 0; i < *order.sample; ++i) {
    cuts.insert(order.cuts.from + (i * span + shift) / *order.sample % span);
  }
  return [cuts](std::uint64_t cut) { return cuts.contains(cut); };
}

Result<void> make_all(const Order& order, const std::vector<RecordedCall>& calls, std::FILE* out) {
  if (order.cuts.from > calls.size()) {
    return Error{.code = Errc::kNotFound,
                 .message = order.journal + ": has " + std::to_string(calls.size()) + " calls"};
  }
  CrashDisk disk;
  Maker maker(order, order.root ? as_in_images(*order.root) : common_folder(calls), out);
  const std::uint64_t last = std::min<std::uint64_t>(order.cuts.to, calls.size());
  const auto is_chosen = chosen(order, last);
  std::uint64_t journal_bytes = kJournalMagic.size();
  for (std::uint64_t cut = 0; cut <= last; ++cut) {
    if (cut > 0) {
      disk.apply(calls[cut - 1]);
      journal_bytes += encoded_bytes(calls[cut - 1]);
    }
    if (cut < order.cuts.from || !is_chosen(cut)) continue;
    for (std::uint64_t seed = order.seeds.from;; ++seed) {
      if (Result<void> made = maker.make(disk, seed, journal_bytes); !made) return made;
      if (seed == order.seeds.to) break;
    }
  }
  return {};
}

}  // namespace

int materialize(std::span<const std::string> arguments, std::FILE* out, std::FILE* complaints) {
  const std::optional<Order> order = parse(arguments);
  if (!order) {
    std::fputs(std::string(kMaterializeUsage).c_str(), complaints);
    return 2;
  }
  Result<std::vector<RecordedCall>> calls = read_journal(order->journal);
  Result<void> made = calls ? make_all(*order, *calls, out) : Result<void>(calls.error());
  if (made) return 0;
  std::fprintf(complaints, "millrace_crash: %s\n", made.error().message.c_str());
  return 1;
}

}  // namespace millrace::crash
