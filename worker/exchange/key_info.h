// What the holder of a key may learn about it (GET /auth/key-info, five fields
// as the earlier proxy had them). Worker.
#ifndef HOLT_WORKER_EXCHANGE_KEY_INFO_H_
#define HOLT_WORKER_EXCHANGE_KEY_INFO_H_

#include <string>

#include "common/ipc/key_table.h"

namespace holt::worker {

std::string KeyInfoJson(const KeyPolicy& key);

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_KEY_INFO_H_
