#include "worker/tls/server_context.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "worker/net/connection.h"
#include "worker/net/testing/handlers.h"
#include "worker/net/testing/sockets.h"
#include "worker/tls/testing/fake_supervisor.h"
#include "worker/tls/testing/test_identity.h"
#include "worker/tls/testing/tls_peer.h"

namespace holt::worker {
namespace {

using absl::StatusCode;

WorkerSettings SettingsFor(std::initializer_list<KeyKind> kinds) {
  WorkerSettings settings{};
  for (const KeyKind kind : kinds) {
    settings.identities[settings.identity_count++] = kind;
  }
  return settings;
}

// One client and the worker's side of its connection.
struct Session {
  std::unique_ptr<TlsPeer> client;
  std::unique_ptr<RecordingHandler> handler;
  std::unique_ptr<Connection> connection;

  [[nodiscard]] bool Closed() const { return handler->closed.has_value(); }
  // Both sides have got as far as they can.
  bool Shaken() { return client->Handshake() && handler->opened; }
};

class TlsServerTest : public testing::Test {
 protected:
  void Use(const TestIdentity& identity) {
    supervisor_.Add(identity);
    client_context_ = MakeClientContext(identity);
    context_ = MakeContext(identity);
  }
  std::unique_ptr<TlsServerContext> MakeContext(const TestIdentity& identity) {
    auto context =
        TlsServerContext::Create(SettingsFor({identity.kind}),
                                 ChainsFile({&identity}), supervisor_.client());
    EXPECT_THAT(context, IsOk());
    return *std::move(context);
  }
  Session Connect(TlsServerContext& context) {
    SocketPair pair = ConnectedPair();
    Session session;
    session.client = std::make_unique<TlsPeer>(
        *client_context_, TlsPeer::Side::kClient, std::move(pair.theirs));
    session.handler = std::make_unique<RecordingHandler>();
    session.connection = Connection::Create(
        *loop_, pool_, *context.MakeTransport(std::move(pair.ours)),
        *session.handler, options_);
    session.handler->connection = session.connection.get();
    session.connection->Start();
    return session;
  }
  Session Connect() { return Connect(*context_); }
  void Shake(Session& session) {
    TurnUntil(*loop_, [&] { return session.Shaken(); });
  }
  void ShakeUntilClosed(Session& session) {
    TurnUntil(*loop_, [&] {
      session.client->Handshake();
      return session.Closed();
    });
  }
  // The client says something, the worker says it back.
  void Echo(Session& session, const std::string& text) {
    ASSERT_EQ(session.client->Write(text), text.size());
    TurnUntil(*loop_, [&] { return session.handler->text == text; });
    session.connection->output().Append(session.handler->text);
    session.connection->Flush();
    TurnUntil(*loop_, [&] {
      session.client->Read();
      return session.client->text() == text;
    });
  }
  // A session that `context` gave out.
  SessionPtr GetSession(TlsServerContext& context) {
    Session session = Connect(context);
    Shake(session);
    Echo(session, "ticket, please");
    return session.client->TakeSession();
  }
  // True when `context` took the session.
  bool Resumes(TlsServerContext& context, SSL_SESSION& ticket) {
    Session session = Connect(context);
    session.client->Resume(ticket);
    Shake(session);
    Echo(session, "again");
    return SSL_session_reused(session.client->ssl()) == 1;
  }

  std::unique_ptr<Loop> loop_ = *Loop::Create();
  BufferPool pool_{size_t{64} << 20};
  ConnectionOptions options_;
  FakeSupervisor supervisor_{*loop_};
  SslContextPtr client_context_;
  std::unique_ptr<TlsServerContext> context_;
};

struct KeyCase {
  const char* name;
  KeyKind kind;
  unsigned rsa_bits;
};

class TlsServerKeyTest : public TlsServerTest,
                         public testing::WithParamInterface<KeyCase> {};

TEST_P(TlsServerKeyTest, ShakesHandsAHundredTimes) {
  const TestIdentity identity =
      MakeTestIdentity(GetParam().kind, GetParam().rsa_bits);
  Use(identity);
  for (int i = 0; i < 100; ++i) {
    Session session = Connect();
    Shake(session);
    ASSERT_NO_FATAL_FAILURE(Echo(session, "hello"));
  }
  EXPECT_EQ(supervisor_.signatures(), 100);
  EXPECT_EQ(context_->statistics().completed, 100u);
  EXPECT_EQ(context_->statistics().failed, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, TlsServerKeyTest,
    testing::Values(KeyCase{"P256", KeyKind::kEcdsaP256, 0},
                    KeyCase{"P384", KeyKind::kEcdsaP384, 0},
                    KeyCase{"Rsa2048", KeyKind::kRsa, 2048},
                    KeyCase{"Rsa3072", KeyKind::kRsa, 3072},
                    KeyCase{"Ed25519", KeyKind::kEd25519, 0}),
    [](const auto& test) { return std::string(test.param.name); });

class TlsServerEcTest : public TlsServerTest {
 protected:
  void SetUp() override { Use(identity_); }
  const TestIdentity identity_ = MakeTestIdentity(KeyKind::kEcdsaP256);
};

TEST_F(TlsServerEcTest, TheClientsAlgorithmsChooseAmongIdentities) {
  const TestIdentity rsa = MakeTestIdentity(KeyKind::kRsa);
  supervisor_.Add(rsa);
  auto both = *TlsServerContext::Create(SettingsFor({identity_.kind, rsa.kind}),
                                        ChainsFile({&identity_, &rsa}),
                                        supervisor_.client());
  client_context_ = MakeClientContext(rsa);
  SSL_CTX_set1_sigalgs_list(client_context_.get(), "RSA-PSS+SHA384");
  Session session = Connect(*both);
  Shake(session);
  EXPECT_EQ(SSL_get_verify_result(session.client->ssl()), X509_V_OK);
}

TEST_F(TlsServerEcTest, TheLoopTurnsWhileSignaturesAreWaitedFor) {
  supervisor_.Hold();
  std::vector<Session> sessions;
  for (int i = 0; i < 20; ++i) sessions.push_back(Connect());
  TurnUntil(*loop_, [&] {
    for (Session& session : sessions) session.client->Handshake();
    return supervisor_.held() == 20;
  });
  int ticks = 0;
  Timer tick(*loop_, [&] { ++ticks; });
  tick.Start(absl::ZeroDuration());
  TurnUntil(*loop_, [&] { return ticks == 1; });
  supervisor_.Release();
  for (Session& session : sessions) {
    Shake(session);
    ASSERT_NO_FATAL_FAILURE(Echo(session, "hello"));
  }
}

TEST_F(TlsServerEcTest, RefusedSignatureFailsTheHandshake) {
  supervisor_.Refuse();
  Session session = Connect();
  ShakeUntilClosed(session);
  EXPECT_EQ(session.handler->closed, CloseReason::kHandshakeFailed);
  EXPECT_EQ(context_->statistics().failed, 1u);
}

TEST_F(TlsServerEcTest, SignatureThatNeverComesFailsTheHandshake) {
  options_.handshake_timeout = absl::Milliseconds(50);
  supervisor_.Hold();
  Session session = Connect();
  ShakeUntilClosed(session);
  EXPECT_EQ(session.handler->closed, CloseReason::kHandshakeTimeout);
  // It does come, too late.
  supervisor_.Release();
  TurnUntilQuiet(*loop_);
}

TEST_F(TlsServerEcTest, ALostSupervisorFailsTheHandshake) {
  supervisor_.Hold();
  Session session = Connect();
  TurnUntil(*loop_, [&] {
    session.client->Handshake();
    return supervisor_.held() == 1;
  });
  supervisor_.Die();
  TurnUntil(*loop_, [&] { return session.Closed(); });
  EXPECT_EQ(session.handler->closed, CloseReason::kHandshakeFailed);
}

TEST_F(TlsServerEcTest, ConnectionMayGoWhileItsSignatureIsWaitedFor) {
  supervisor_.Hold();
  Session session = Connect();
  TurnUntil(*loop_, [&] {
    session.client->Handshake();
    return supervisor_.held() == 1;
  });
  session.client.reset();
  session.connection.reset();
  supervisor_.Release();
  TurnUntilQuiet(*loop_);
}

TEST_F(TlsServerEcTest, ConnectionMayGoBetweenItsSignatureAndTheNextTurn) {
  supervisor_.Hold();
  Session session = Connect();
  TurnUntil(*loop_, [&] {
    session.client->Handshake();
    return supervisor_.held() == 1;
  });
  supervisor_.Release();
  loop_->TurnOnce(/*block=*/true);
  session.connection.reset();
  TurnUntilQuiet(*loop_);
}

TEST_F(TlsServerEcTest, ClientThatLeavesDuringTheHandshakeIsNoticedAfterIt) {
  supervisor_.Hold();
  Session session = Connect();
  TurnUntil(*loop_, [&] {
    session.client->Handshake();
    return supervisor_.held() == 1;
  });
  session.client.reset();
  supervisor_.Release();
  TurnUntil(*loop_, [&] { return session.Closed(); });
  EXPECT_EQ(session.handler->closed, CloseReason::kHandshakeFailed);
}

TEST_F(TlsServerEcTest, BytesThatComeTooEarlyWaitForTheSignature) {
  supervisor_.Hold();
  Session session = Connect();
  TurnUntil(*loop_, [&] {
    session.client->Handshake();
    return supervisor_.held() == 1;
  });
  WriteAvailable(SSL_get_fd(session.client->ssl()), "no TLS record");
  TurnUntilQuiet(*loop_);
  EXPECT_FALSE(session.Closed());
  supervisor_.Release();
  TurnUntil(*loop_, [&] { return session.Closed(); });
  EXPECT_EQ(session.handler->closed, CloseReason::kHandshakeFailed);
}

TEST_F(TlsServerEcTest, NoTicketIsSentBeforeThereAreKeys) {
  EXPECT_EQ(GetSession(*context_), nullptr);
}

TEST_F(TlsServerEcTest, SessionsResumeAtEveryWorkerWithoutASignature) {
  auto other = MakeContext(identity_);
  context_->SetTicketKeys(MakeTicketKeys(1));
  other->SetTicketKeys(MakeTicketKeys(1));
  const SessionPtr ticket = GetSession(*context_);
  ASSERT_NE(ticket, nullptr);
  const int signatures = supervisor_.signatures();
  EXPECT_TRUE(Resumes(*other, *ticket));
  EXPECT_EQ(supervisor_.signatures(), signatures);
  EXPECT_EQ(other->statistics().resumed, 1u);
}

TEST_F(TlsServerEcTest, TicketsOutliveOneRotationOfTheKeysAndNoSecond) {
  context_->SetTicketKeys(MakeTicketKeys(1));
  const SessionPtr ticket = GetSession(*context_);
  ASSERT_NE(ticket, nullptr);
  context_->SetTicketKeys(MakeTicketKeys(2, /*previous=*/1));
  EXPECT_TRUE(Resumes(*context_, *ticket));
  context_->SetTicketKeys(MakeTicketKeys(3, /*previous=*/2));
  EXPECT_FALSE(Resumes(*context_, *ticket));
}

TEST_F(TlsServerEcTest, AResumedConnectionBringsTheNextTicket) {
  context_->SetTicketKeys(MakeTicketKeys(1));
  const SessionPtr first = GetSession(*context_);
  ASSERT_NE(first, nullptr);
  Session session = Connect();
  session.client->Resume(*first);
  Shake(session);
  ASSERT_NO_FATAL_FAILURE(Echo(session, "again"));
  const SessionPtr next = session.client->TakeSession();
  ASSERT_NE(next, nullptr);
  const unsigned char* tickets[2];
  size_t sizes[2];
  SSL_SESSION_get0_ticket(first.get(), &tickets[0], &sizes[0]);
  SSL_SESSION_get0_ticket(next.get(), &tickets[1], &sizes[1]);
  EXPECT_NE(std::string(reinterpret_cast<const char*>(tickets[0]), sizes[0]),
            std::string(reinterpret_cast<const char*>(tickets[1]), sizes[1]));
}

TEST_F(TlsServerEcTest, EarlyDataIsNotOffered) {
  context_->SetTicketKeys(MakeTicketKeys(1));
  const SessionPtr ticket = GetSession(*context_);
  ASSERT_NE(ticket, nullptr);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(ticket.get()), 0u);
}

TEST_F(TlsServerEcTest, SpeaksHttp11AndNothingElse) {
  const unsigned char both[] = "\x02h2\x08http/1.1";
  Session session = Connect();
  SSL_set_alpn_protos(session.client->ssl(), both, sizeof(both) - 1);
  Shake(session);
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session.client->ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size),
            "http/1.1");

  const unsigned char h2[] = "\x02h2";
  Session refused = Connect();
  SSL_set_alpn_protos(refused.client->ssl(), h2, sizeof(h2) - 1);
  ShakeUntilClosed(refused);
}

TEST_F(TlsServerEcTest, OlderVersionsAreRefused) {
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION);
  Session session = Connect();
  ShakeUntilClosed(session);
}

TEST_F(TlsServerEcTest, BytesThatAreNoTlsAreRefused) {
  SocketPair pair = ConnectedPair();
  RecordingHandler handler;
  auto connection = Connection::Create(
      *loop_, pool_, *context_->MakeTransport(std::move(pair.ours)), handler,
      options_);
  handler.connection = connection.get();
  connection->Start();
  WriteAvailable(pair.theirs.get(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  TurnUntil(*loop_, [&] { return handler.closed.has_value(); });
}

TEST_F(TlsServerEcTest, MegabytesArriveWholeInBothDirections) {
  Session session = Connect();
  Shake(session);
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i);
  size_t sent = 0;
  TurnUntil(*loop_, [&] {
    sent += session.client->Write(absl::string_view(text).substr(sent));
    return session.handler->text.size() == text.size();
  });
  EXPECT_TRUE(session.handler->text == text);
  session.connection->output().Append(text);
  session.connection->Flush();
  TurnUntil(*loop_, [&] {
    session.client->Read();
    return session.client->text().size() == text.size();
  });
  EXPECT_TRUE(session.client->text() == text);
}

TEST_F(TlsServerEcTest, RequestThatComesWithTheEndOfTheHandshakeIsRead) {
  Session session = Connect();
  TurnUntil(*loop_, [&] { return session.client->Handshake(); });
  // Finished and the request are now both with the server, unread.
  session.client->Write("hello");
  TurnUntil(*loop_, [&] { return session.handler->text == "hello"; });
}

TEST_F(TlsServerEcTest, PausedReadingGoesOnWithWhatTlsHolds) {
  options_.read_share = 1000;
  Session session = Connect();
  Shake(session);
  session.handler->on_input = [&] {
    session.handler->on_input = nullptr;
    session.connection->PauseReading();
  };
  // One record, of which the first turn takes a part.
  session.client->Write(std::string(10'000, 'x'));
  TurnUntil(*loop_, [&] { return session.handler->inputs == 1; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(session.handler->inputs, 1);
  session.connection->ResumeReading();
  TurnUntil(*loop_, [&] { return session.handler->text.size() == 10'000; });
}

TEST_F(TlsServerEcTest, TheEndIsSaidInBothDirections) {
  Session session = Connect();
  Shake(session);
  session.client->Shutdown();
  TurnUntil(*loop_, [&] { return session.handler->ended; });
  session.connection->output().Append("last");
  session.connection->ShutdownWrite();
  TurnUntil(*loop_, [&] { return session.client->Read(); });
  EXPECT_EQ(session.client->text(), "last");
  EXPECT_FALSE(session.client->failed());
}

TEST_F(TlsServerEcTest, AnEndWithoutAWordIsAFailure) {
  Session session = Connect();
  Shake(session);
  session.client->Cut();
  TurnUntil(*loop_, [&] { return session.Closed(); });
  EXPECT_EQ(session.handler->closed, CloseReason::kPeerGone);
}

TEST_F(TlsServerEcTest, AnAbortCannotBeTakenForAnEnd) {
  Session session = Connect();
  Shake(session);
  session.connection->output().Append("half of it");
  session.connection->Flush();
  session.connection->Abort();
  EXPECT_FALSE(session.client->Read());
  EXPECT_TRUE(session.client->failed());
}

TEST_F(TlsServerEcTest, LeavesNothingInOpenSslsErrorQueue) {
  Session session = Connect();
  Shake(session);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(TlsServerEcTest, ChainsThatDoNotFitAreRefused) {
  const TestIdentity p384 = MakeTestIdentity(KeyKind::kEcdsaP384);
  const std::string chain = ChainsFile({&identity_});
  struct {
    WorkerSettings settings;
    std::string chains;
  } const cases[] = {
      {SettingsFor({}), ""},
      {SettingsFor({KeyKind::kEcdsaP256}), ""},
      {SettingsFor({KeyKind::kEcdsaP256}), chain.substr(0, chain.size() - 40)},
      {SettingsFor({KeyKind::kEcdsaP256}), chain + "more"},
      {SettingsFor({KeyKind::kEcdsaP384}), chain},
      {SettingsFor({KeyKind::kRsa}), chain},
      {SettingsFor({KeyKind::kEcdsaP256, KeyKind::kEcdsaP384}),
       ChainsFile({&identity_, &p384})},
  };
  for (const auto& item : cases) {
    EXPECT_THAT(TlsServerContext::Create(item.settings, item.chains,
                                         supervisor_.client()),
                StatusCodeIs(StatusCode::kInvalidArgument));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

}  // namespace
}  // namespace holt::worker
