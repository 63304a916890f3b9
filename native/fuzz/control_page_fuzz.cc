// A control page whose words are anything: what is believed of it, and what follows from that.
#include <memory>
#include <string>
#include <vector>

#include "core/boot_hash.h"
#include "core/control_file.h"
#include "core/control_snapshot.h"
#include "core/control_trust.h"
#include "core/control_view.h"
#include "core/findings.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

void look_as_reader(Env& env, const std::string& folder, const LogIdentity& identity,
                    std::uint64_t boot_hash) {
  const Result<std::shared_ptr<const ControlView>> view =
      ControlView::open(env, folder, identity, boot_hash);
  if (!view) return;
  const ControlPage& page = (*view)->page();
  const std::uint64_t committed = page.committed.load();
  const std::uint64_t durable = page.durable.load();
  const std::uint64_t visible = (*view)->visible().bytes;
  claim(visible == committed || visible == durable, "what is visible is neither of the marks");
  const bool this_boot = page.boot_hash.load() == boot_hash;
  const bool closed = page.state.load() == static_cast<std::uint32_t>(LogState::kClosed);
  claim(this_boot || closed || visible == durable, "a mark of another boot is believed");
  (void)(*view)->announce();
}

// What a writer believes of a page that it accepts.
void look_as_writer(Env& env, const std::string& folder, const LogIdentity& identity,
                    std::uint64_t boot_hash) {
  const Result<std::shared_ptr<ControlFile>> control = ControlFile::open(env, folder, identity);
  if (!control) return;
  ControlPage& page = (*control)->page();
  if (!believe_page(page, boot_hash, folder)) return;
  claim(page.durable.load() <= page.committed.load() || may_be_mixed(load_words(page), boot_hash),
        "durable lies above committed");
  claim(page.indexed.load() <= page.durable.load(), "indexed lies above durable");
  claim(page.reserved_sequence.load() <= kSequenceLimit, "a number that no record can have");
  const std::uint64_t trimmed = page.trim_sequence.load();
  const std::uint64_t checked = ~page.trim_check.load();
  settle_trim(**control);
  const std::uint64_t settled = page.trim_sequence.load();
  claim(settled <= trimmed || settled == page.first_segment.load(), "a trim has grown by itself");
  claim(settled == trimmed || settled <= std::max(checked, page.first_segment.load()),
        "a trim lies above both of its words");
  claim(settled >= page.first_segment.load(), "records of segments that are gone are shown");
  claim(settled == ~page.trim_check.load(), "trim and check still differ");
  settle_trim(**control);
  claim(settled == page.trim_sequence.load(), "settling twice changes something");
}

void run(Bytes input) {
  ByteSource in(input);
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(true);
  const LogIdentity identity = forged_identity(ForgedRole::kShard);
  const std::string folder = "log";
  claim(env->make_directory(folder).ok(), "the harness itself: a folder");
  const Result<std::uint64_t> boot = current_boot_hash(*env);
  if (in.below(8) == 1) {
    const Bytes rest = in.rest();
    FileImage image(rest.size());
    image.put(0, rest);
    claim(image.write_to(*env, join_path(folder, "ctl")).ok(), "the harness itself: writing");
  } else {
    ForgedPlace place;
    std::vector<ForgedSegment> segments;
    segments.push_back(forge_segment(in, identity, place, false));
    const FileImage image = forge_control_page(in, identity, *boot, segments, place);
    claim(image.write_to(*env, join_path(folder, "ctl")).ok(), "the harness itself: writing");
  }
  const std::uint64_t changes = env->changes();
  const Result<ControlSnapshot> snapshot = read_control(*env, folder);
  if (snapshot) {
    Findings findings;
    const Result<LogIdentity> named = control_identity(*snapshot);
    check_control(*snapshot, *boot, "ctl", findings);
    (void)findings.take();
    const Result<std::shared_ptr<const ControlView>> view =
        ControlView::open(*env, folder, identity, *boot);
    claim(named.ok() || !view, "a reader believes a first line that verify does not");
    claim(!named || view.ok() == (*named == identity), "whose page it is, is judged differently");
  }
  look_as_reader(*env, folder, identity, *boot);
  claim(env->changes() == changes, "looking at a control page changes it");
  look_as_writer(*env, folder, identity, *boot);
}

const Target control_page("control_page", run);

}  // namespace
}  // namespace millrace::fuzz
