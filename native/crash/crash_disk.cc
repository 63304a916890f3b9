#include "crash/crash_disk.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/paths.h"

namespace millrace::crash {

namespace {

using Kind = RecordedCall::Kind;

bool is_about_names(Kind kind) noexcept {
  switch (kind) {
    case Kind::kCreate:
    case Kind::kMakeDirectory:
    case Kind::kRemoveDirectory:
    case Kind::kRename:
    case Kind::kUnlink:
    case Kind::kSyncDirectory:
      return true;
    default:
      return false;
  }
}

}  // namespace

CrashDisk::CrashDisk() : pool_(std::make_shared<SectorPool>()) {}

CrashDisk::CrashDisk(const DiskImage& image) : pool_(image.pool) {
  for (const std::string& directory : image.directories) names_.adopt(directory, true);
  for (const auto& [path, file] : image.files) {
    Stored& stored = files_[names_.adopt(path, false).id];
    stored.first_path = path;
    stored.history.reserve(0, file.bytes);
    for (const auto& [number, sector] : file.sectors) {
      stored.history.write(0, {number * kSectorBytes}, content(sector), false, *pool_);
    }
    // The last sector of a file need not be whole.
    stored.history.resize(0, file.bytes, *pool_);
    stored.history.sync({}, 0);
  }
}

void CrashDisk::apply(const RecordedCall& call) {
  // A write that failed may have arrived in part; every part is a version that may be lost.
  const bool may_have_done =
      call.sys_errno == 0 || call.kind == Kind::kWrite || call.kind == Kind::kSyncData;
  if (may_have_done) {
    if (is_about_names(call.kind)) {
      apply_to_names(call);
    } else {
      apply_to_file(call);
    }
  }
  ++calls_;
}

FileHistory& CrashDisk::history_of(const RecordedCall& call) {
  const auto known = nodes_.find(call.file);
  if (known != nodes_.end()) return files_[known->second].history;
  std::optional<Node> node = names_.find(call.path);
  if (!node) node = names_.adopt(call.path, false);  // there before the recording
  nodes_[call.file] = node->id;
  Stored& stored = files_[node->id];
  if (stored.first_path.empty()) stored.first_path = call.path;
  return stored.history;
}

void CrashDisk::apply_to_names(const RecordedCall& call) {
  switch (call.kind) {
    case Kind::kCreate: {
      const Node node = names_.create(calls_, call.path, false);
      nodes_[call.file] = node.id;
      files_[node.id].first_path = call.path;
      break;
    }
    case Kind::kMakeDirectory:
      names_.create(calls_, call.path, true);
      break;
    case Kind::kRename:
      if (call.file != RecordedFile::kNone) (void)history_of(call);  // by its name as yet
      names_.rename(calls_, call.path, call.to_path);
      break;
    case Kind::kSyncDirectory:
      names_.sync(call.path);
      forget_nameless();
      break;
    default:
      names_.remove(calls_, call.path);
  }
}

// What has lost its last name, durably, is in no state any more.
void CrashDisk::forget_nameless() {
  const std::set<NodeId> reachable = names_.reachable_files();
  std::erase_if(files_, [&](const auto& file) { return !reachable.contains(file.first); });
}

void CrashDisk::apply_to_file(const RecordedCall& call) {
  FileHistory& history = history_of(call);
  switch (call.kind) {
    case Kind::kTruncate:
      history.cut(calls_);
      break;
    case Kind::kResize:
      history.resize(calls_, call.length, *pool_);
      break;
    case Kind::kReserve:
      history.reserve(calls_, call.at.bytes + call.length);
      break;
    case Kind::kPunch:
      history.punch(calls_, call.at, call.length, *pool_);
      break;
    case Kind::kSyncData:
      if (call.sys_errno == 0) {
        history.sync(call.at, call.length);
      } else {
        history.fail_sync(call.at, call.length);
      }
      break;
    default:
      history.write(calls_, call.at, call.bytes, call.kind == Kind::kStore, *pool_);
  }
}

AtRisk CrashDisk::at_risk() const {
  AtRisk at_risk;
  for (const auto& [node, stored] : files_) {
    at_risk.sectors += stored.history.unsure_sectors();
    stored.history.collect_calls(at_risk.calls);
  }
  for (const NameChange& change : names_.unsure()) at_risk.calls.push_back(change.call);
  std::ranges::sort(at_risk.calls);
  const auto repeated = std::ranges::unique(at_risk.calls);
  at_risk.calls.erase(repeated.begin(), repeated.end());
  return at_risk;
}

template <typename ImageOf>
DiskImage CrashDisk::image(const Names::Tree& tree, ImageOf image_of) const {
  DiskImage image{.files = {}, .directories = {}, .pool = pool_};
  std::map<NodeId, std::string> paths;
  const std::function<void(NodeId, const std::string&)> visit = [&](NodeId directory,
                                                                    const std::string& path) {
    const auto entries = tree.find(directory);
    if (entries == tree.end()) return;
    for (const auto& [name, node] : entries->second) {
      const std::string child = path.empty() ? name : join_path(path, name);
      if (node.is_directory) {
        image.directories.insert(child);
        visit(node.id, child);
      } else {
        paths[node.id] = child;
      }
    }
  };
  visit(NodeId::kRoot, "");
  // In the order of the files, not of their names: what is drawn for one hangs on no other's name.
  for (const auto& [node, stored] : files_) {
    FileImage file = image_of(stored);
    const auto path = paths.find(node);
    if (path != paths.end()) image.files.emplace(path->second, std::move(file));
  }
  return image;
}

DiskImage CrashDisk::surviving(Survivors& survivors) const {
  const Names::Tree tree = names_.surviving(survivors.names(names_.unsure()));
  return image(tree, [&](const Stored& stored) {
    survivors.begin_file(stored.first_path);
    return stored.history.surviving(survivors);
  });
}

DiskImage CrashDisk::newest() const {
  return image(names_.newest(), [](const Stored& stored) { return stored.history.newest(); });
}

}  // namespace millrace::crash
