#include "core/segment_cache.h"

#include <utility>

#include "core/file.h"

namespace millrace {

Result<std::shared_ptr<const Mapping>> SegmentCache::get(const Segment& segment) {
  const std::lock_guard guard(mutex_);
  if (const auto found = by_path_.find(segment.path); found != by_path_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front().mapping;
  }
  Result<File> file = File::open(env_, segment.path, OpenMode::kRead);
  if (!file) return file.error();
  Result<Mapping> mapped =
      Mapping::map(*file, FileOffset{0}, segment.header.file_bytes, MapMode::kRead);
  if (!mapped) return mapped.error();
  recent_.push_front({segment.path, std::make_shared<const Mapping>(std::move(*mapped))});
  by_path_[segment.path] = recent_.begin();
  if (recent_.size() > capacity_) {
    by_path_.erase(recent_.back().path);
    release(std::move(recent_.back().mapping));
    recent_.pop_back();
  }
  return recent_.front().mapping;
}

void SegmentCache::forget(const std::string& path) {
  const std::lock_guard guard(mutex_);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  release(std::move(found->second->mapping));
  recent_.erase(found->second);
  by_path_.erase(found);
}

void SegmentCache::forget_folder(const std::string& path) {
  const std::lock_guard guard(mutex_);
  const std::string inside = path + "/";
  for (auto entry = recent_.begin(); entry != recent_.end();) {
    if (!entry->path.starts_with(inside)) {
      ++entry;
      continue;
    }
    release(std::move(entry->mapping));
    by_path_.erase(entry->path);
    entry = recent_.erase(entry);
  }
}

// Unmapping a large segment takes a millisecond: not on the caller's thread.
void SegmentCache::release(std::shared_ptr<const Mapping> mapping) {
  background_.post(Background::Lane::kPages,
                   [held = std::move(mapping)]() mutable { held.reset(); });
}

}  // namespace millrace
