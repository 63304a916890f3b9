#include "crash/crash_disk.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/env_memory.h"
#include "core/env_recording.h"
#include "core/file.h"
#include "core/mapping.h"
#include "core/units.h"
#include "test/test.h"

namespace millrace::crash {
namespace {

using namespace millrace::test;

constexpr std::uint64_t kSeeds = 3'000;

// A sector full of one letter.
std::string sector_of(char letter) { return std::string(kSectorBytes, letter); }

// Calls to a file system, recorded, and the disk that they leave.
class Tape {
 public:
  EnvRecording& env() { return env_; }

  void write(const std::string& path, const std::string& text, std::uint64_t at = 0) {
    File file = take(File::open(env_, path, OpenMode::kCreate));
    take(file.write_all(text_bytes(text), FileOffset{at}));
  }
  void sync(const std::string& path) {
    take(take(File::open(env_, path, OpenMode::kReadWrite)).sync_data());
  }
  void sync_folder(const std::string& path) { take(env_.sync_directory(path)); }
  // A file whose name and content are on the disk.
  void durable(const std::string& path, const std::string& text) {
    write(path, text);
    sync(path);
    sync_folder(std::string(parent(path)));
  }

  // Everything done so far.
  CrashDisk disk() {
    CrashDisk disk;
    for (const RecordedCall& call : env_.calls()) disk.apply(call);
    return disk;
  }

 private:
  static std::string parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
  }

  EnvMemory memory_;
  EnvRecording env_{memory_};
};

// What a file holds in a state: a letter a sector, '.' for zeros, "-" for no file.
std::string letters(const DiskImage& image, const std::string& path) {
  const auto file = image.files.find(path);
  if (file == image.files.end()) return "-";
  std::string text((file->second.bytes + kSectorBytes - 1) / kSectorBytes, '.');
  for (const auto& [number, sector] : file->second.sectors) {
    const char first = std::to_integer<char>(content(sector).front());
    const char last = std::to_integer<char>(content(sector).back());
    text.at(number) = first == last ? (first == 0 ? '.' : first) : '?';
  }
  return text;
}

// What the states of a disk look like to `look`: each look once.
std::set<std::string> looks(const CrashDisk& disk,
                            const std::function<std::string(const DiskImage&)>& look) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Survivors survivors(seed, disk.at_risk(), disk.pool());
    seen.insert(look(disk.surviving(survivors)));
  }
  return seen;
}

std::set<std::string> contents(Tape& tape, const std::string& path) {
  return looks(tape.disk(), [&](const DiskImage& image) { return letters(image, path); });
}

std::set<std::string> names(Tape& tape) {
  return looks(tape.disk(), [](const DiskImage& image) {
    std::string all;
    for (const auto& [path, file] : image.files) all += path + letters(image, path) + " ";
    return all;
  });
}

using Set = std::set<std::string>;

const Suite crash_disk_tests("crash disk", [](Suite& s) {
  s.test("keeps what was synced, in every state", [] {
    Tape tape;
    tape.durable("f", sector_of('a') + sector_of('b'));
    expect_eq(contents(tape, "f"), Set{"ab"});
    tape.write("g", "unsynced");
    expect_eq(contents(tape, "f"), Set{"ab"});
  });
  s.test("may lose every unsynced sector by itself", [] {
    Tape tape;
    tape.durable("f", sector_of('a') + sector_of('a') + sector_of('a'));
    tape.write("f", sector_of('b') + sector_of('b') + sector_of('b'));
    expect_eq(contents(tape, "f"), Set{"aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"});
  });
  s.test("may hold any version of a sector since its last sync, and none from before", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    tape.write("f", sector_of('b'));
    tape.sync("f");
    tape.write("f", sector_of('c'));
    tape.write("f", sector_of('d'));
    expect_eq(contents(tape, "f"), Set{"b", "c", "d"});
  });
  s.test("writes a later sector before an earlier one", [] {
    Tape tape;
    tape.durable("f", sector_of('a') + sector_of('a'));
    tape.write("f", sector_of('b'));
    tape.write("f", sector_of('c'), kSectorBytes);
    expect(contents(tape, "f").contains("ac"));
  });
  s.test("syncs the part that was asked for, and no other", [] {
    Tape tape;
    tape.durable("f", std::string(4 * kPageBytes, 'a'));
    File file = take(File::open(tape.env(), "f", OpenMode::kReadWrite));
    const Mapping pages =
        take(Mapping::map(file, FileOffset{0}, 2 * kPageBytes, MapMode::kReadWrite));
    tape.write("f", sector_of('b') + sector_of('b'));
    tape.write("f", sector_of('b'), kPageBytes);
    take(pages.sync(file, 0, kPageBytes));
    const Set seen = looks(tape.disk(), [](const DiskImage& image) {
      const std::string all = letters(image, "f");
      return all.substr(0, 2) + all.substr(kPageBytes / kSectorBytes, 1);
    });
    expect_eq(seen, Set{"bba", "bbb"});
  });
  s.test("keeps all ranges of a durable write once it returned, and nothing around them", [] {
    Tape tape;
    for (const char* path : {"f", "g"}) tape.durable(path, sector_of('a') + sector_of('a'));
    {
      File f = take(File::open(tape.env(), "f", OpenMode::kReadWrite));
      File g = take(File::open(tape.env(), "g", OpenMode::kReadWrite));
      const std::string text = sector_of('b');
      take(f.write_all(text_bytes(text), FileOffset{kSectorBytes}));
      const std::vector<DurableWrite> writes{
          {.file = f.id(), .at = {0}, .bytes = text_bytes(text)},
          {.file = g.id(), .at = {0}, .bytes = text_bytes(text)}};
      take(tape.env().write_durably(writes));
    }
    expect_eq(names(tape), Set{"fba gba ", "fbb gba "});
    // Before the first sync returned, any of it may be there, the second file's alone too.
    CrashDisk disk;
    const std::vector<RecordedCall> calls = tape.env().calls();
    for (std::size_t i = 0; i + 2 < calls.size(); ++i) disk.apply(calls[i]);
    const Set seen = looks(disk, [](const DiskImage& image) {
      return letters(image, "f").substr(0, 1) + letters(image, "g").substr(0, 1);
    });
    expect_eq(seen, Set{"aa", "ab", "ba", "bb"});
  });
  s.test("may have a new length without the bytes, or the bytes without the length", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    tape.write("f", sector_of('b'), kSectorBytes);
    expect_eq(contents(tape, "f"), Set{"a", "a.", "ab"});
    tape.sync("f");
    expect_eq(contents(tape, "f"), Set{"ab"});
  });
  s.test("reads holes as zeros, and may bring back what was punched out", [] {
    Tape tape;
    tape.durable("f", sector_of('a') + sector_of('b'));
    take(take(File::open(tape.env(), "f", OpenMode::kReadWrite)).punch({0}, 2 * kSectorBytes));
    expect_eq(contents(tape, "f"), Set{"..", ".b", "a.", "ab"});
  });
  s.test("has the old content or the new of a file that was cut to nothing, not both", [] {
    Tape tape;
    tape.durable("f", sector_of('a') + sector_of('a'));
    {
      File file = take(File::open(tape.env(), "f", OpenMode::kCreateEmpty));
      take(file.write_all(text_bytes(sector_of('b')), FileOffset{kSectorBytes}));
    }
    expect_eq(contents(tape, "f"), Set{"", "..", ".b", "aa"});
  });
  s.test("does not trust a sync that failed, nor the ones after it", [] {
    CrashDisk disk;
    RecordedCall call{.kind = RecordedCall::Kind::kCreate, .file = RecordedFile{1}, .path = "f"};
    disk.apply(call);
    disk.apply({.kind = RecordedCall::Kind::kSyncDirectory, .path = "."});
    const std::string text = sector_of('a');
    const Bytes bytes = text_bytes(text);
    call.kind = RecordedCall::Kind::kWrite;
    call.bytes.assign(bytes.begin(), bytes.end());
    disk.apply(call);
    const RecordedCall sync{
        .kind = RecordedCall::Kind::kSyncData, .file = RecordedFile{1}, .path = "f"};
    RecordedCall failed = sync;
    failed.sys_errno = EIO;
    disk.apply(failed);
    disk.apply(sync);
    const auto look = [](const DiskImage& image) { return letters(image, "f"); };
    expect_eq(looks(disk, look), Set{".", "a"});
    disk.apply(call);  // the same bytes again, by which the page is no longer clean
    disk.apply(sync);
    expect_eq(looks(disk, look), Set{"a"});
  });
  s.test("catches a sector while a mapping of it is stored to", [] {
    Tape tape;
    tape.durable("f", std::string(kPageBytes, 'a'));
    File file = take(File::open(tape.env(), "f", OpenMode::kReadWrite));
    Mapping page = take(Mapping::map(file, FileOffset{0}, kPageBytes, MapMode::kReadWrite));
    std::ranges::fill(page.bytes().first(kSectorBytes), std::byte{'b'});
    page.stored(page.bytes().first(kSectorBytes));
    const Set seen =
        looks(tape.disk(), [](const DiskImage& image) { return letters(image, "f").substr(0, 1); });
    expect_eq(seen, Set{"a", "b", "?"});
  });
  s.test("may catch each line of a control page at a moment of its own", [] {
    constexpr std::size_t kLineBytes = 64;
    Tape tape;
    tape.durable("ctl", std::string(kPageBytes, 'a'));
    File file = take(File::open(tape.env(), "ctl", OpenMode::kReadWrite));
    Mapping page = take(Mapping::map(file, FileOffset{0}, kPageBytes, MapMode::kReadWrite));
    for (const std::size_t line : {2u, 3u}) {  // one behind the other, each whole
      const MutableBytes bytes = page.bytes().subspan(line * kLineBytes, kLineBytes);
      std::ranges::fill(bytes, std::byte{'b'});
      page.stored(bytes);
    }
    const auto lines = [](const DiskImage& image) {
      std::string text;
      for (std::size_t line = 0; line < kSectorBytes / kLineBytes; ++line) {
        const Sector& sector = content(image.files.at("ctl").sectors[0].second);
        text += std::to_integer<char>(sector.at(line * kLineBytes));
      }
      return text;
    };
    // The third of these is there at no moment.
    expect_eq(looks(tape.disk(), lines), Set{"aaaaaaaa", "aabaaaaa", "aaabaaaa", "aabbaaaa"});
  });
});

const Suite crash_names_tests("crash disk names", [](Suite& s) {
  s.test("has a new name only once the folder was synced, whatever the file was", [] {
    Tape tape;
    tape.write("f", sector_of('a'));
    tape.sync("f");
    expect_eq(names(tape), Set{"", "fa "});
    tape.sync_folder(".");
    expect_eq(names(tape), Set{"fa "});
  });
  s.test("renames at once: never neither name, never both", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    take(tape.env().rename("f", "g"));
    expect_eq(names(tape), Set{"fa ", "ga "});
    tape.sync_folder(".");
    expect_eq(names(tape), Set{"ga "});
  });
  s.test("may give a file its name before it has its content", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    tape.write("f.tmp", sector_of('b'));
    take(tape.env().rename("f.tmp", "f"));
    const Set seen = names(tape);
    for (const char* state : {"fa ", "fa f.tmp ", "fa f.tmpb ", "f ", "f. ", "fb "}) {
      expect(seen.contains(state), state);
    }
    expect(!seen.contains(""));
  });
  s.test("loses names of one folder in any order", [] {
    Tape tape;
    tape.durable("a", "");
    tape.durable("b", "");
    take(tape.env().unlink("a"));
    take(tape.env().unlink("b"));
    expect_eq(names(tape), Set{"", "a ", "b ", "a b "});
  });
  s.test("keeps changes of one name in their order", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    take(tape.env().rename("f", "g"));
    tape.write("f", sector_of('b'));  // another file, which needs that the name is free
    tape.sync("f");
    expect_eq(names(tape), Set{"fa ", "ga ", "fb ga "});
  });
  s.test("loses a folder with all that was synced in it, until its own name is synced", [] {
    Tape tape;
    take(tape.env().make_directory("d"));
    tape.durable("d/f", sector_of('a'));
    expect_eq(names(tape), Set{"", "d/fa "});
    tape.sync_folder(".");
    expect_eq(names(tape), Set{"d/fa "});
  });
  s.test("does not lose a file by moving it into a folder that may be lost", [] {
    Tape tape;
    tape.durable("f", sector_of('a'));
    take(tape.env().make_directory("d"));
    take(tape.env().rename("f", "d/f"));
    expect_eq(names(tape), Set{"fa ", "d/fa "});
  });
  s.test("removes a folder only when everything in it is removed", [] {
    Tape tape;
    take(tape.env().make_directory("d"));
    tape.durable("d/f", "");
    tape.sync_folder(".");
    take(tape.env().unlink("d/f"));
    take(tape.env().remove_directory("d"));
    const Set seen = looks(tape.disk(), [](const DiskImage& image) {
      return std::string(image.directories.contains("d") ? "d " : "") +
             (image.files.contains("d/f") ? "f" : "");
    });
    expect_eq(seen, Set{"", "d ", "d f"});
  });
  s.test("keeps everything for whoever comes after a process that died", [] {
    Tape tape;
    take(tape.env().make_directory("d"));
    tape.write("d/f", sector_of('a'));
    take(tape.env().rename("d/f", "d/g"));
    const DiskImage image = tape.disk().newest();
    expect_eq(image.files.size(), 1u);
    expect_eq(letters(image, "d/g"), std::string("a"));
  });
  s.test("goes on from a state as from a disk on which all of it is sure", [] {
    Tape tape;
    tape.write("f", sector_of('a') + "tail");
    take(tape.env().make_directory("d"));
    const CrashDisk again(tape.disk().newest());
    const Set seen = looks(again, [](const DiskImage& image) {
      return letters(image, "f") + std::to_string(image.files.at("f").bytes) +
             std::to_string(image.directories.size());
    });
    expect_eq(seen, Set{"a?5161"});
  });
});

}  // namespace
}  // namespace millrace::crash
