#include "crash/journal_file.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>

#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/file.h"
#include "crash/materialize.h"
#include "test/scratch_directory.h"
#include "test/test.h"

namespace millrace::crash {
namespace {

using namespace millrace::test;

// A folder with a file that was renamed, and one call of every field.
std::vector<RecordedCall> some_journal() {
  EnvMemory memory;
  take(memory.make_directory("/data"));  // was there before
  EnvRecording env(memory);
  take(env.make_directory("/data/store"));
  {
    File file = take(File::open(env, "/data/store/f.tmp", OpenMode::kCreateEmpty));
    take(file.reserve(FileOffset{0}, 3 * 4096));
    take(file.write_all(text_bytes("content"), FileOffset{4096}));
    take(file.sync_data());
  }
  take(env.rename("/data/store/f.tmp", "/data/store/f"));
  take(env.sync_directory("/data/store"));
  take(env.sync_directory("/data"));
  std::vector<RecordedCall> calls = env.take_calls();
  calls.push_back({.kind = RecordedCall::Kind::kSyncData,
                   .file = RecordedFile{1},
                   .path = "/data/store/f.tmp",
                   .at = {512},
                   .length = 1024,
                   .sys_errno = 5});
  return calls;
}

std::string described(const RecordedCall& call) {
  std::string text = std::to_string(static_cast<int>(call.kind)) + " " +
                     std::to_string(static_cast<unsigned>(call.file)) + " " + call.path + " " +
                     call.to_path + " " + std::to_string(call.at.bytes) + " " +
                     std::to_string(call.length) + " " + std::to_string(call.sys_errno) + " ";
  for (const std::byte byte : call.bytes) text.push_back(std::to_integer<char>(byte));
  return text;
}

const Suite journal_file_tests("journal file", [](Suite& s) {
  s.test("gives back every call as it was", [] {
    const ScratchDirectory scratch;
    const std::vector<RecordedCall> calls = some_journal();
    take(write_journal(scratch.path("journal"), calls));
    const std::vector<RecordedCall> read = take(read_journal(scratch.path("journal")));
    expect_eq(read.size(), calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      expect_eq(described(read.at(i)), described(calls.at(i)));
    }
  });
  s.test("refuses a journal that was cut within a call, and takes one that was cut behind it", [] {
    const ScratchDirectory scratch;
    const std::string path = scratch.path("journal");
    const std::vector<RecordedCall> calls = some_journal();
    std::string whole(kJournalMagic);
    std::vector<std::size_t> ends{whole.size()};
    for (const RecordedCall& call : calls) {
      whole += encode_call(call);
      ends.push_back(whole.size());
      expect_eq(ends.back() - ends[ends.size() - 2], encoded_bytes(call));
    }
    for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
      const Case round("bytes", bytes);
      std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, bytes);
      const auto end = std::ranges::find(ends, bytes);
      if (end == ends.end()) {
        expect_error(read_journal(path), Errc::kCorrupt);
      } else {
        expect_eq(take(read_journal(path)).size(), static_cast<std::size_t>(end - ends.begin()));
      }
    }
  });
  s.test("becomes a real folder for each cut and seed", [] {
    const ScratchDirectory scratch;
    const std::string journal = scratch.path("journal");
    const std::vector<RecordedCall> calls = some_journal();
    take(write_journal(journal, calls));
    const std::string end = std::to_string(calls.size());
    const std::vector<std::string> one{journal, "--into", scratch.path("one"), "--cut", end};
    std::FILE* const said = std::fopen(scratch.path("said").c_str(), "w+");
    expect_eq(materialize(one, said, said), 0);
    EnvPosix env;
    File file = take(File::open(env, scratch.path("one/f"), OpenMode::kRead));
    expect_eq(take(file.bytes()), 3u * 4096);
    expect_le(take(env.allocated_bytes(file.id())), 2u * 4096);  // the rest are holes
    std::vector<std::byte> bytes(7);
    take(file.read_exactly(bytes, FileOffset{4096}));
    expect_eq(Bytes(bytes), text_bytes("content"));
    expect_eq(materialize(one, said, said), 1);  // it is there already
    const std::vector<std::string> many{
        journal, "--into", scratch.path("many"), "--cut", "0-" + end, "--seed", "1-3"};
    expect_eq(materialize(many, said, said), 0);
    std::fclose(said);
    // Before anything was synced there may be no folder at all.
    expect_ge(take(env.list(scratch.path("many"))).size(), 3u * 3);
    expect(take(env.exists(scratch.path("many/" + end + "-3/f"))));
  });
});

}  // namespace
}  // namespace millrace::crash
