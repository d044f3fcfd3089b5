// What a test wants of the demo upstream, said where the gateway passes it on:
// behind the model's name ("holt-demo/chunks:500/delay:20") or, when the
// upstream is called directly, in the header "x-demo: chunks:500/delay:20".
// One grammar for both: controls parted by '/', each a name or name:value. The
// letters are those that Holt's ledger accepts in a model's name. README.md of
// this folder lists the controls.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_SCRIPT_H_
#define HOLT_TESTS_DEMO_UPSTREAM_SCRIPT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holt::demo {

struct Script {
  enum class Cut { kNever, kReset, kClose };
  enum class Content { kProse, kMirror, kHeaders };

  // Pieces of the answer, one token each. 0: as many as the text has.
  uint32_t chunks = 0;
  // Bytes of each piece. 0: a word.
  uint32_t chunk_bytes = 0;
  absl::Duration delay = absl::ZeroDuration();       // between pieces
  absl::Duration head_delay = absl::ZeroDuration();  // before the head
  // Another status than 200: the answer is an error in OpenAI's shape.
  int status = 200;
  uint32_t retry_after = 0;  // seconds, with an error; 0: no such header
  // How the connection ends after `cut_after` pieces, instead of the rest.
  Cut cut = Cut::kNever;
  uint32_t cut_after = 1;
  Content content = Content::kProse;
  bool omit_usage = false;  // no usage, whoever asks
  bool usage_each = false;  // running usage in every chunk of a stream
};

// Reads `text` (what follows the model's name, or the header's value) into
// `script`. InvalidArgument names the control that is not known or whose value
// is out of its bounds; the message is made of our own words and that name.
absl::Status ApplyControls(absl::string_view text, Script& script);

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_SCRIPT_H_
