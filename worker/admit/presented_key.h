// Where a client's API key stands in a request's head. Worker; hostile input,
// and secret: the text is a view into the head, which is wiped.
#ifndef HOLT_WORKER_ADMIT_PRESENTED_KEY_H_
#define HOLT_WORKER_ADMIT_PRESENTED_KEY_H_

#include "absl/strings/string_view.h"
#include "common/ipc/key_table.h"
#include "worker/http/head.h"

namespace holt::worker {

struct PresentedKey {
  absl::string_view text;  // empty: none
  // Authorization and X-API-Key name different keys: refused, since the next
  // hop could pick the other.
  bool contradictory = false;
};

// Authorization: Bearer <key> (the scheme in any case, one or more spaces), or
// X-API-Key: <key>. Never the query, a cookie or the body.
PresentedKey FindPresentedKey(const RequestHead& head);

// SHA-256 of a key's text: what the key table knows.
KeyDigest DigestOf(absl::string_view key);

}  // namespace holt::worker

#endif  // HOLT_WORKER_ADMIT_PRESENTED_KEY_H_
