#include "test/random.h"

#include <bit>
#include <cstdlib>
#include <random>
#include <string_view>

#include "test/registry.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kDefaultSeed = 20'231'123;

std::uint64_t chosen_seed() {
  const char* text = std::getenv("MILLRACE_SEED");
  if (text == nullptr || *text == '\0') return kDefaultSeed;
  if (std::string_view(text) == "random") return std::random_device{}();
  return std::strtoull(text, nullptr, 0);
}

}  // namespace

Random::Random() {
  const std::uint64_t seed = chosen_seed();
  Registry::instance().note_seed(seed);
  seed_with(seed);
}

Random::Random(std::uint64_t seed) noexcept { seed_with(seed); }

// splitmix64 spreads one word over the state, which must not be all zeros.
void Random::seed_with(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Random::next() noexcept {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// The bias of a remainder is below 2^-40 for the limits tests use.
std::uint64_t Random::below(std::uint64_t limit) noexcept { return next() % limit; }

std::uint64_t Random::between(std::uint64_t low, std::uint64_t high) noexcept {
  const std::uint64_t span = high - low;
  return span == ~std::uint64_t{0} ? next() : low + below(span + 1);
}

void Random::fill(MutableBytes into) noexcept {
  for (std::byte& byte : into) byte = static_cast<std::byte>(next() >> 56);
}

std::vector<std::byte> Random::bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  fill(bytes);
  return bytes;
}

}  // namespace millrace::test
