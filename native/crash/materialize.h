#pragma once

#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace millrace::crash {

inline constexpr std::string_view kMaterializeUsage =
    "millrace_crash materialize JOURNAL --into DIR [--root PATH] [--cut A[-B]] [--seed A[-B]] "
    "[--sample N]\n"
    "    Makes folders of what a disk may hold if power goes in the middle of a recorded journal.\n"
    "    --cut   how many calls were made before; default: every one, from 0 to all\n"
    "    --seed  which state; default 1\n"
    "    --sample  so many of the cuts only, evenly apart\n"
    "    --root  what becomes DIR; default: the deepest folder that holds every path recorded\n"
    "    One state goes into DIR itself, several into DIR/<cut>-<seed>. Nothing may be there yet.\n"
    "    Prints a line for each: cut, seed, bytes of the journal before the cut, folder, what was "
    "lost.\n";

// The command's arguments behind its name; where its lines and its complaints go. An exit code: 0,
// 1 where something failed, 2 for misuse.
int materialize(std::span<const std::string> arguments, std::FILE* out, std::FILE* complaints);

}  // namespace millrace::crash
