#include "supervisor/config/upstream_url.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

struct Accepted {
  const char* url;
  bool tls;
  const char* host;
  uint16_t port;
  const char* authority;
  const char* path_prefix;
};

TEST(ParseUpstreamUrl, TakesUrlsApart) {
  const Accepted table[] = {
      {"http://localhost:8081", false, "localhost", 8081, "localhost:8081", ""},
      {"http://localhost", false, "localhost", 80, "localhost", ""},
      {"http://localhost:80/", false, "localhost", 80, "localhost", ""},
      {"https://API.example.org", true, "api.example.org", 443,
       "api.example.org", ""},
      {"https://a.example:8443/v2/", true, "a.example", 8443, "a.example:8443",
       "/v2"},
      {"http://[::1]:9/x/y", false, "::1", 9, "[::1]:9", "/x/y"},
      {"https://[2001:db8::5]", true, "2001:db8::5", 443, "[2001:db8::5]", ""},
      {"http://10.1.2.3", false, "10.1.2.3", 80, "10.1.2.3", ""},
  };
  for (const Accepted& row : table) {
    SCOPED_TRACE(row.url);
    const auto url = ParseUpstreamUrl(row.url);
    ASSERT_THAT(url, IsOk());
    EXPECT_EQ(url->tls, row.tls);
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->authority, row.authority);
    EXPECT_EQ(url->path_prefix, row.path_prefix);
  }
}

struct Refused {
  const char* url;
  const char* because;
};

TEST(ParseUpstreamUrl, RefusesWhatItCannotMean) {
  const Refused table[] = {
      {"", "begins with http://"},
      {"localhost:8081", "begins with http://"},
      {"ftp://host", "begins with http://"},
      {"http://", "the host must be"},
      {"http://user:word@host", "user information"},
      {"http://ho st", "the host must be"},
      {"http://host\r\nX: y", "the host must be"},
      {"http://host?x=1", "query or fragment"},
      {"http://host/#x", "query or fragment"},
      {"http://host:0", "from 1 to 65535"},
      {"http://host:65536", "from 1 to 65535"},
      {"http://host:", "from 1 to 65535"},
      {"http://host:+80", "from 1 to 65535"},
      {"http://[::1", "not closed"},
      {"http://[::1]x", "only :port"},
      {"http://[host]", "must be an IPv6 address"},
      {"http://169.254.169.254/latest", "link-local"},
      {"http://[::ffff:169.254.169.254]", "link-local"},
      {"http://[fe80::1]", "link-local"},
      {"http://2852039166", "four decimal numbers"},
      {"http://0xa9fea9fe", "four decimal numbers"},
      {"http://169.254.43518", "four decimal numbers"},
      {"http://0.0.0.0", "write 127.0.0.1"},
      {"http://[::]", "write [::1]"},
      {"http://host/a/../b", "plain"},
      {"http://host/a b", "plain"},
      {"http://host//a", "plain"},
  };
  for (const Refused& row : table) {
    SCOPED_TRACE(row.url);
    EXPECT_THAT(
        ParseUpstreamUrl(row.url),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.because)));
  }
}

TEST(IsLoopback, KnowsThisMachine) {
  EXPECT_TRUE(IsLoopback(*ParseUpstreamUrl("http://localhost")));
  EXPECT_TRUE(IsLoopback(*ParseUpstreamUrl("http://127.8.0.1")));
  EXPECT_TRUE(IsLoopback(*ParseUpstreamUrl("http://[::1]")));
  EXPECT_FALSE(IsLoopback(*ParseUpstreamUrl("http://10.0.0.1")));
  EXPECT_FALSE(IsLoopback(*ParseUpstreamUrl("http://localhost.example")));
}

}  // namespace
}  // namespace holt::supervisor
