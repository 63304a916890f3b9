#pragma once

namespace millrace {

// The calling thread gets a core after threads that somebody waits for, where the system lets it:
// a few times less than its share, never nothing. For good.
enum class Haste : unsigned char {
  kSome,    // others will do its work if it is late
  kLittle,  // it is as slow as the disk anyway
};
void give_way(Haste haste) noexcept;

}  // namespace millrace
