#include "crash/replay.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace millrace::crash {

namespace {

constexpr std::uint64_t kSecondCrashes = 3;  // of a state that has any

const char* name_of(RecordedCall::Kind kind) noexcept {
  using enum RecordedCall::Kind;
  switch (kind) {
    case kCreate:
      return "create";
    case kTruncate:
      return "cut to nothing";
    case kWrite:
      return "write";
    case kStore:
      return "store";
    case kResize:
      return "resize";
    case kReserve:
      return "reserve";
    case kPunch:
      return "punch";
    case kSyncData:
      return "sync";
    case kMakeDirectory:
      return "mkdir";
    case kRemoveDirectory:
      return "rmdir";
    case kRename:
      return "rename";
    case kUnlink:
      return "unlink";
    case kSyncDirectory:
      return "sync folder";
  }
  return "?";
}

std::string described(const RecordedCall& call) {
  std::string text = std::string(name_of(call.kind)) + " " + call.path;
  if (!call.to_path.empty()) text += " to " + call.to_path;
  const std::uint64_t bytes = call.bytes.empty() ? call.length : call.bytes.size();
  if (bytes > 0) text += " @" + std::to_string(call.at.bytes) + "+" + std::to_string(bytes);
  if (call.sys_errno != 0) text += " FAILED, errno " + std::to_string(call.sys_errno);
  return text;
}

// What a state lacks of the newest content of every file.
std::string lost(const DiskImage& newest, const DiskImage& image) {
  std::string text;
  for (const auto& [path, file] : newest.files) {
    const auto there = image.files.find(path);
    if (there == image.files.end()) {
      text += "  no " + path + "\n";
      continue;
    }
    std::map<std::uint64_t, const Sector*> sectors(there->second.sectors.begin(),
                                                   there->second.sectors.end());
    std::string numbers;
    std::size_t others = 0;
    for (const auto& [number, sector] : file.sectors) {
      const auto found = sectors.find(number);
      const bool same = found != sectors.end() && content(found->second) == content(sector);
      if (!same && ++others <= 12) numbers += " " + std::to_string(number);
    }
    if (others > 0) {
      text += "  " + path + ": " + std::to_string(others) + " of " +
              std::to_string(file.sectors.size()) + " sectors are older:" + numbers + "\n";
    }
    if (there->second.bytes != file.bytes) {
      text += "  " + path + ": " + std::to_string(there->second.bytes) + " bytes long for " +
              std::to_string(file.bytes) + "\n";
    }
  }
  for (const auto& [path, file] : image.files) {
    if (!newest.files.contains(path)) text += "  still " + path + "\n";
  }
  return text.empty() ? "  nothing\n" : text;
}

}  // namespace

// A state with what is needed to check it, and to go on from it.
struct Replay::Made {
  CrashState state;
  std::string loss;
  DiskImage newest;
  CrashDisk disk;       // for a second crash: what it may hold when the state is opened
  bool second = false;  // crash again
  std::uint64_t seed = 0;
};

std::string StateToken::text() const {
  std::string text = workload + ":" + std::to_string(seed) + ":" + std::to_string(cut) + ":" +
                     std::to_string(state);
  if (second) text += ":" + std::to_string(*second);
  return text;
}

std::optional<StateToken> StateToken::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() < 4 || parts.size() > 5) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::uint64_t number = 0;
    const char* const last = parts[i].data() + parts[i].size();
    const auto [end, fault] = std::from_chars(parts[i].data(), last, number);
    if (fault != std::errc{} || end != last) return std::nullopt;
    numbers.push_back(number);
  }
  StateToken token{std::string(parts[0]), numbers[0], numbers[1], numbers[2]};
  if (numbers.size() == 4) token.second = numbers[3];
  return token;
}

void ReplayCounts::add(const ReplayCounts& other) noexcept {
  boundaries += other.boundaries;
  states += other.states;
  distinct += other.distinct;
  recoveries += other.recoveries;
  second_crashes += other.second_crashes;
  failures += other.failures;
}

Replay::Replay(const Workload& workload, std::uint64_t seed)
    : workload_(workload), seed_(seed), recording_(record(workload, seed)) {}

void Replay::advance_to(JournalPlace cut) {
  while (disk_.call_count() < cut) disk_.apply(recording_.calls.at(disk_.call_count()));
}

LogOptions Replay::draw_options(test::Random& random) const {
  const auto mode = workload_.modes[random.below(workload_.modes.size())];
  constexpr std::array kSynced{Durability::kProcess, Durability::kCommit, Durability::kInterval};
  const bool another = mode != Durability::kNone && random.once_in(3);
  return options_of(another ? kSynced[random.below(kSynced.size())] : mode, workload_);
}

Replay::Made Replay::make(std::uint64_t state) const {
  const std::uint64_t seed = state_seed(disk_.call_count(), seed_ * 1'000'003 + state);
  test::Random random(seed);
  Made made;
  made.seed = seed;
  made.newest = disk_.newest();
  made.state.cut = disk_.call_count();
  made.state.ledger = &recording_.ledger;
  made.state.options = draw_options(random);
  made.state.seed = random.next();
  made.second = random.once_in(6);
  if (random.once_in(8)) {
    made.state.end = End::kProcess;
    made.loss = "the process died";
    made.state.image = made.newest;
    made.disk = disk_;
    made.disk.begin_journal();
    return made;
  }
  Survivors survivors(random.next(), disk_.at_risk(), disk_.pool());
  made.loss = crash::name_of(survivors.loss());
  made.state.image = disk_.surviving(survivors);
  made.disk = CrashDisk(made.state.image);
  return made;
}

Replay::Made Replay::make_second(const Made& first, const CheckedState& checked,
                                 std::uint64_t second) const {
  test::Random random(state_seed(first.seed, second));
  Made made;
  made.disk = first.disk;
  const std::size_t calls = random.below(checked.calls.size() + 1);
  for (std::size_t i = 0; i < calls; ++i) made.disk.apply(checked.calls[i]);
  made.newest = made.disk.newest();
  made.state.cut = calls + 1;
  made.state.ledger = &checked.ledger;
  made.state.options = draw_options(random);
  made.state.seed = random.next();
  made.state.boot = checked.boot;
  if (random.once_in(8)) {
    made.state.end = End::kProcess;
    made.loss = "the process died";
    made.state.image = made.newest;
    return made;
  }
  Survivors survivors(random.next(), made.disk.at_risk(), made.disk.pool());
  made.loss = crash::name_of(survivors.loss());
  made.state.image = made.disk.surviving(survivors);
  return made;
}

CheckedState Replay::check(const Made& made, const StateToken& token) {
  begins(token);
  ++counts_.states;
  ++counts_.recoveries;
  if (seen_.insert(made.state.image.hash()).second) ++counts_.distinct;
  CheckedState checked = check_state(made.state);
  if (!checked.wrong.empty()) {
    ++counts_.failures;
    fails({token, checked.wrong});
  }
  return checked;
}

void Replay::check_cut(JournalPlace cut, std::uint64_t first, std::uint64_t count) {
  advance_to(cut);
  ++counts_.boundaries;
  for (std::uint64_t state = first; state < first + count; ++state) {
    StateToken token{std::string(workload_.name), seed_, cut, state};
    const Made made = make(state);
    const CheckedState checked = check(made, token);
    // After a failed sync the page cache may hold what the disk does not (docs/durability.md).
    const bool told_apart = !recording_.poisoned || made.state.end == End::kSystem;
    if (!made.second || !checked.wrong.empty() || !checked.went_on || !told_apart) continue;
    for (std::uint64_t second = 0; second < kSecondCrashes; ++second) {
      token.second = second;
      ++counts_.second_crashes;
      (void)check(make_second(made, checked, second), token);
    }
  }
}

std::string Replay::journal_around(const std::vector<RecordedCall>& calls, std::size_t cut) const {
  constexpr std::size_t kBefore = 30;
  constexpr std::size_t kBehind = 4;
  std::string text;
  for (std::size_t i = cut - std::min(cut, kBefore); i < std::min(cut + kBehind, calls.size());
       ++i) {
    if (i == cut) text += "  ---- power goes here ----\n";
    text += "  " + std::to_string(i) + " " + described(calls[i]) + "\n";
  }
  if (cut == calls.size()) text += "  ---- power goes here ----\n";
  return text;
}

std::vector<std::string> Replay::tell(const StateToken& token, std::string& story) {
  advance_to(token.cut);
  Made made = make(token.state);
  const StateToken first_token{token.workload, token.seed, token.cut, token.state};
  story += "The journal around the cut:\n" + journal_around(recording_.calls, token.cut);
  story += "The loss: " + made.loss + ". Against all that was done, the state lacks:\n" +
           lost(made.newest, made.state.image);
  CheckedState checked = check(made, first_token);
  if (!token.second) return checked.wrong;
  const Made second = make_second(made, checked, *token.second);
  story += "It was opened, and crashed again. The journal since the opening, around the cut:\n" +
           journal_around(checked.calls, second.state.cut - 1);
  story += "The loss: " + second.loss + ". Against all that was done, the state lacks:\n" +
           lost(second.newest, second.state.image);
  return check(second, token).wrong;
}

}  // namespace millrace::crash
