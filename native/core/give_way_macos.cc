#if defined(__APPLE__)

#include <pthread/qos.h>

#include "core/give_way.h"

namespace millrace {

void give_way(Haste haste) noexcept {
  const qos_class_t quality = haste == Haste::kSome ? QOS_CLASS_DEFAULT : QOS_CLASS_UTILITY;
  (void)pthread_set_qos_class_self_np(quality, 0);
}

}  // namespace millrace

#endif
