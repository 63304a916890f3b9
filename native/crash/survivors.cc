#include "crash/survivors.h"

#include <algorithm>
#include <array>

namespace millrace::crash {

namespace {

constexpr std::array<std::string_view, kLossCount> kLossNames{
    "nothing lost",
    "all unsynced lost",
    "any subset survived",
    "names in order, any data",
    "up to one moment",
    "all but one sector",
    "one sector alone",
    "one call alone",
    "all but one call",
    "whole files or nothing of them",
    "each file up to a moment of its own",
    "data without names",
    "names without data",
    "marks ahead of data",
    "marks behind data",
    "sectors caught while being stored to",
};

constexpr std::size_t kWordsInLine = 8;
constexpr std::size_t kLinesInSector = 8;
constexpr std::size_t kWordsInSector = 64;
constexpr std::size_t kFewMoments = 4;

// A third of all states are subsets without any shape, which find what nobody thought of.
Loss draw_loss(test::Random& random) {
  if (random.once_in(3)) return Loss::kAnySubset;
  return static_cast<Loss>(random.below(kLossCount));
}

}  // namespace

std::string_view name_of(Loss loss) noexcept { return kLossNames[static_cast<std::size_t>(loss)]; }

std::uint64_t state_seed(std::uint64_t cut, std::uint64_t seed) noexcept {
  return test::Random(cut * 0x9e3779b97f4a7c15 + seed).next();
}

Survivors::Survivors(std::uint64_t seed, const AtRisk& at_risk, SectorPool& pool)
    : Survivors(
          [&] {
            test::Random random(~seed);
            return draw_loss(random);
          }(),
          seed, at_risk, pool) {}

Survivors::Survivors(Loss loss, std::uint64_t seed, const AtRisk& at_risk, SectorPool& pool)
    : loss_(loss), random_(seed), pool_(pool), calls_(at_risk.calls) {
  // Few, many, or about half: a mean of half alone would never leave out a single one.
  constexpr std::array<std::uint64_t, 5> kLikely{1, 4, 8, 12, 15};
  likely_ = kLikely[random_.below(kLikely.size())];
  if (!calls_.empty()) {
    // The first, the last, or any: the edges are where the mistakes are.
    const std::size_t edge = random_.below(4);
    const std::size_t any = random_.below(calls_.size());
    call_ = calls_[edge == 0 ? 0 : edge == 1 ? calls_.size() - 1 : any];
    moment_ = calls_[any];
  }
  sector_ = random_.below(std::max<std::size_t>(1, at_risk.sectors));
}

void Survivors::begin_file(std::string_view first_path) {
  is_control_ = first_path == "ctl" || first_path.ends_with("/ctl");
  file_kept_ = random_.once_in(2);
  if (loss_ == Loss::kMomentByFile && !calls_.empty()) {
    const std::size_t at = random_.below(calls_.size() + 1);
    moment_ = at == calls_.size() ? calls_.back() + 1 : calls_[at];
  }
}

// What a call did, where that is all that decides.
bool Survivors::keeps_call(std::size_t call) noexcept {
  switch (loss_) {
    case Loss::kUpTo:
    case Loss::kMomentByFile:
      return call < moment_;
    case Loss::kOneCall:
      return call == call_;
    case Loss::kAllButOneCall:
      return call != call_;
    case Loss::kByFile:
      return file_kept_;
    case Loss::kMarksAhead:
      return is_control_;
    case Loss::kMarksBehind:
      return !is_control_;
    case Loss::kNothing:
    case Loss::kAllButOneSector:
    case Loss::kDataNoNames:
      return true;
    case Loss::kAllUnsynced:
    case Loss::kOneSector:
    case Loss::kNamesNoData:
      return false;
    case Loss::kAnySubset:
    case Loss::kOrdered:
    case Loss::kCaught:
      return chance();
  }
  return false;
}

// Where names are what survives, or may, so are the lengths and the cuts, which are metadata too.
bool Survivors::keeps(std::size_t call) {
  if (loss_ == Loss::kNamesNoData) return true;
  if (loss_ == Loss::kOneSector) return random_.once_in(2);
  return keeps_call(call);
}

std::uint64_t Survivors::size(std::uint64_t durable, const std::vector<SizeVersion>& since) {
  if (loss_ == Loss::kAnySubset || loss_ == Loss::kOrdered || loss_ == Loss::kCaught) {
    if (!chance()) return durable;
    return since[random_.below(since.size())].bytes;
  }
  for (std::size_t i = since.size(); i > 0; --i) {
    if (keeps(since[i - 1].call)) return since[i - 1].bytes;
  }
  return durable;
}

// How many of the versions have happened to this sector.
std::size_t Survivors::version_of(const std::vector<SectorVersion>& since) {
  const std::size_t all = since.size();
  const std::size_t nth = sectors_++;
  if (loss_ == Loss::kAllButOneSector) return nth == sector_ ? random_.below(all) : all;
  if (loss_ == Loss::kOneSector) return nth == sector_ ? 1 + random_.below(all) : 0;
  if (loss_ == Loss::kAnySubset || loss_ == Loss::kOrdered || loss_ == Loss::kCaught) {
    return chance() ? 1 + random_.below(all) : 0;
  }
  for (std::size_t i = all; i > 0; --i) {
    if (keeps_call(since[i - 1].call)) return i;
  }
  return 0;
}

const Sector* Survivors::sector(const Sector* durable, const std::vector<SectorVersion>& since) {
  const std::size_t version = version_of(since);
  if (version == 0) return durable;
  const SectorVersion& after = since[version - 1];
  if (loss_ != Loss::kCaught || !after.stored || !random_.once_in(2)) return after.bytes;
  if (is_control_) return lines(durable, since, version);
  return caught(version == 1 ? durable : since[version - 2].bytes, after);
}

// The device read the sector while the processor stored to it: the copy of a frame may have got as
// far as any word.
const Sector* Survivors::caught(const Sector* before, const SectorVersion& after) {
  const std::size_t reached = random_.below(kWordsInSector + 1);
  const std::uint64_t old_words = reached == kWordsInSector ? 0 : ~std::uint64_t{0} << reached;
  return pool_.mixed(before, after.bytes, old_words);
}

// A control page is stored to all the time, and the device reads it line by line: each is of a
// moment of its own, of the few or many that passed meanwhile.
const Sector* Survivors::lines(const Sector* durable, const std::vector<SectorVersion>& since,
                               std::size_t version) {
  const std::size_t passed =
      1 + random_.below(random_.once_in(2) ? version : std::min(version, kFewMoments));
  const Sector* mixed = nullptr;
  for (std::size_t line = 0; line < kLinesInSector; ++line) {
    const std::size_t moment = version - random_.below(passed + 1);
    const Sector* const seen = moment == 0 ? durable : since[moment - 1].bytes;
    const std::uint64_t of_line = std::uint64_t{0xff} << (line * kWordsInLine);
    mixed = line == 0 ? seen : pool_.mixed(seen, mixed, of_line);
  }
  return mixed;
}

std::vector<bool> Survivors::names(const std::vector<NameChange>& changes) {
  std::vector<bool> kept(changes.size());
  const std::size_t in_order = random_.below(changes.size() + 1);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    switch (loss_) {
      case Loss::kDataNoNames:
        kept[i] = false;
        break;
      case Loss::kNamesNoData:
      case Loss::kMarksAhead:
      case Loss::kMarksBehind:
        kept[i] = true;
        break;
      case Loss::kOrdered:
      case Loss::kByFile:
      case Loss::kMomentByFile:
      case Loss::kOneSector:
        kept[i] = i < in_order;
        break;
      default:
        kept[i] = keeps_call(changes[i].call);
    }
  }
  return kept;
}

}  // namespace millrace::crash
