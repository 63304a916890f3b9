#include "fuzz/target.h"

#include <cstdio>

namespace millrace::fuzz {

namespace {

std::vector<const Target*>& targets() {
  static std::vector<const Target*> all;
  return all;
}

}  // namespace

BrokenClaim::BrokenClaim(std::string_view what, std::source_location where)
    : text_(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": " +
            std::string(what)) {}

void claim(bool held, std::string_view what, std::source_location where) {
  if (!held) throw BrokenClaim(what, where);
}

Target::Target(const char* name, Run function) : name_(name), run_(function) {
  targets().push_back(this);
}

const std::vector<const Target*>& Target::all() { return targets(); }

}  // namespace millrace::fuzz
