#include "core/leased_segment.h"

#include "core/file.h"

namespace millrace {

Result<LeasedSegment> LeasedSegment::map(std::shared_ptr<Env> env, const Segment& segment,
                                         FileOffset end, Sequence next) {
  Result<File> file = File::open(*env, segment.path, OpenMode::kRead);
  if (!file) return file.error();
  Result<Mapping> mapping = Mapping::map(*file, {0}, end.bytes, MapMode::kPrivate);
  if (!mapping) return mapping.error();
  return LeasedSegment(std::move(env), std::move(*mapping), segment.header, next);
}

}  // namespace millrace
