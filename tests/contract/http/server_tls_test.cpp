// The server over TLS: which handshakes succeed, and certificates replaced under way.
#include "server_fixture.hpp"
#include "test_certificates.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <mutex>
#include <utility>

namespace {

using namespace seedhook;
using namespace seedhook::http;
using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;
using tcp = boost::asio::ip::tcp;

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

std::shared_ptr<tls::server_identity> identity_of(const test_pki& pki) {
    auto loaded = tls::server_identity::load(pki.cert_file, pki.key_file);
    BOOST_REQUIRE(loaded);
    return *loaded;
}

struct secure_server : scratch_folder {
    test_pki pki = make_test_pki(path.string(), {"localhost", "127.0.0.1"}, test_key::rsa);
    std::shared_ptr<tls::server_identity> identity = identity_of(pki);
    std::mutex guard;
    std::string told; // the last fault
    running_server server;
    explicit secure_server(server_limits limits = {}) : server(limits, "127.0.0.1:0", identity) {
        identity->observe_failures([this](std::string_view peer, const tls::handshake_failure& what) {
            const std::lock_guard lock(guard);
            told = peer.starts_with("127.0.0.1") && !what.reason.empty() ? tls::to_string(what.fault) : "incomplete";
        });
    }

    // What the server tells of a handshake that failed.
    std::string fault() {
        for (int i = 0; i < 1000; ++i) {
            std::this_thread::sleep_for(5ms);
            const std::lock_guard lock(guard);
            if (!told.empty()) {
                return std::exchange(told, {});
            }
        }
        return {};
    }
};

struct handshake_choice {
    int least = TLS1_2_VERSION;
    int most = TLS1_3_VERSION;
    const char* ciphers = "ALL:@SECLEVEL=0";
    const char* groups = nullptr;
    std::string alpn; // in wire format
};

class tls_client {
public:
    tls_client(const secure_server& to, handshake_choice choice = {}) : context_(ssl::context::tls_client) {
        SSL_CTX* native = context_.native_handle();
        SSL_CTX_set_min_proto_version(native, choice.least);
        SSL_CTX_set_max_proto_version(native, choice.most);
        SSL_CTX_set_cipher_list(native, choice.ciphers);
        if (choice.groups != nullptr) {
            SSL_CTX_set1_groups_list(native, choice.groups);
        }
        context_.load_verify_file(to.pki.ca_file);
        context_.set_verify_mode(ssl::verify_peer);
        stream_.emplace(io_, context_);
        SSL_set1_host(stream_->native_handle(), "localhost");
        if (!choice.alpn.empty()) {
            SSL_set_alpn_protos(stream_->native_handle(), reinterpret_cast<const unsigned char*>(choice.alpn.data()),
                                static_cast<unsigned>(choice.alpn.size()));
        }
        stream_->lowest_layer().connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), to.server.port()));
        stream_->handshake(ssl::stream_base::client, failure);
    }

    std::string ask(const std::string& bytes) {
        boost::asio::write(*stream_, boost::asio::buffer(bytes), failure);
        std::string answer;
        if (!failure) {
            boost::asio::read_until(*stream_, boost::asio::dynamic_buffer(answer), "hello", failure);
        }
        return answer;
    }

    std::string serial() {
        const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(native()), X509_free);
        const ASN1_INTEGER* number = X509_get0_serialNumber(peer.get());
        return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                static_cast<std::size_t>(ASN1_STRING_length(number))};
    }

    SSL* native() { return stream_->native_handle(); }
    ssl::stream<tcp::socket>& stream() { return *stream_; }
    boost::system::error_code failure;

private:
    boost::asio::io_context io_;
    ssl::context context_;
    std::optional<ssl::stream<tcp::socket>> stream_;
};

handshake_choice only(int version) {
    handshake_choice choice;
    choice.least = version;
    choice.most = version;
    return choice;
}

BOOST_FIXTURE_TEST_CASE(tls_1_2_and_1_3_are_served, secure_server) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_client client(*this, only(version));
        BOOST_REQUIRE_MESSAGE(!client.failure, client.failure.message());
        BOOST_TEST(SSL_version(client.native()) == version);
        BOOST_TEST(status_of(client.ask(get_hello)) == "200");
        BOOST_TEST(status_of(client.ask(get_hello)) == "200");
    }
}

BOOST_FIXTURE_TEST_CASE(older_versions_and_ciphers_without_forward_secrecy_are_refused, secure_server) {
    for (const int version : {TLS1_1_VERSION, TLS1_VERSION}) {
        BOOST_TEST(!!tls_client(*this, only(version)).failure);
        BOOST_TEST(fault() == "version");
    }
    for (const char* ciphers : {"AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-GCM-SHA256",
                                "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA"}) {
        handshake_choice choice = only(TLS1_2_VERSION);
        choice.ciphers = ciphers;
        BOOST_TEST(!!tls_client(*this, choice).failure, ciphers);
        BOOST_TEST(fault() == "parameters");
    }
    handshake_choice finite_field = only(TLS1_3_VERSION);
    finite_field.groups = "ffdhe2048";
    BOOST_TEST(!!tls_client(*this, finite_field).failure);
    BOOST_TEST(!tls_client(*this).failure);
}

BOOST_FIXTURE_TEST_CASE(http_1_1_is_chosen_when_offered_and_nothing_else_is, secure_server) {
    const auto offering = [](const std::string& protocols) {
        handshake_choice choice;
        choice.alpn = protocols;
        return choice;
    };
    const auto chosen = [&](const std::string& offered) {
        tls_client client(*this, offering(offered));
        BOOST_TEST(!client.failure);
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(client.native(), &name, &size);
        return std::string(reinterpret_cast<const char*>(name), size);
    };
    BOOST_TEST(chosen("\x02h2\x08http/1.1") == "http/1.1");
    BOOST_TEST(chosen("") == "");
    for (const char* others : {"\x02h2", "\x08http/1.0", "\x02h2\x08http/1.0"}) {
        const tls_client client(*this, offering(others));
        BOOST_TEST(client.failure.value() != 0);
        BOOST_TEST(ERR_GET_REASON(static_cast<unsigned long>(client.failure.value())) ==
                   SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        BOOST_TEST(fault() == "application_protocol");
    }
}

BOOST_FIXTURE_TEST_CASE(a_client_cannot_renegotiate_or_resume, secure_server) {
    tls_client client(*this, only(TLS1_2_VERSION));
    BOOST_REQUIRE(!client.failure);
    BOOST_TEST(SSL_SESSION_has_ticket(SSL_get0_session(client.native())) == 0);
    SSL_renegotiate(client.native());
    client.ask(get_hello);
    BOOST_TEST(!!client.failure);
}

BOOST_FIXTURE_TEST_CASE(a_new_certificate_serves_new_connections_and_old_ones_live_on, secure_server) {
    tls_client before(*this);
    BOOST_REQUIRE(!before.failure);
    const test_pki old = pki;
    pki = make_test_pki(path.string(), {"localhost"}, test_key::ecdsa);
    BOOST_REQUIRE(identity->reload().front().refused_because.empty());
    tls_client after(*this);
    BOOST_REQUIRE_MESSAGE(!after.failure, after.failure.message());
    BOOST_TEST((before.serial() != after.serial()));
    BOOST_TEST(status_of(before.ask(get_hello)) == "200");
    BOOST_TEST(status_of(after.ask(get_hello)) == "200");
}

BOOST_FIXTURE_TEST_CASE(a_large_response_arrives_whole_over_tls, secure_server) {
    tls_client client(*this);
    boost::asio::write(client.stream(), boost::asio::buffer(std::string("GET /large HTTP/1.0\r\n\r\n")));
    std::string answer;
    boost::system::error_code end;
    boost::asio::read(client.stream(), boost::asio::dynamic_buffer(answer), end);
    BOOST_TEST((end == boost::asio::error::eof), end.message()); // with close_notify, not cut off
    BOOST_TEST((answer.size() - answer.find("\r\n\r\n") - 4 == 3'000'000));
}

BOOST_FIXTURE_TEST_CASE(a_request_that_came_with_the_handshakes_last_bytes_is_served, secure_server) {
    tls_client client(*this, only(TLS1_3_VERSION));
    BOOST_TEST(status_of(client.ask(get_hello + get_hello)) == "200");
    std::string second;
    boost::asio::read_until(client.stream(), boost::asio::dynamic_buffer(second), "hello", client.failure);
    BOOST_TEST(!client.failure);
}

BOOST_FIXTURE_TEST_CASE(plain_text_on_a_tls_port_is_not_served, secure_server) {
    const std::string answer = answer_to(server.name, get_hello);
    BOOST_TEST(status_of(answer) == "");
    BOOST_TEST(server.desk.requests().empty());
    BOOST_TEST(fault() == "not_tls");
}

server_limits short_handshake() {
    server_limits limits;
    limits.header_timeout = 200ms;
    return limits;
}

struct hasty_secure_server : secure_server {
    hasty_secure_server() : secure_server(short_handshake()) {}
};

BOOST_FIXTURE_TEST_CASE(a_handshake_that_stalls_is_cut_off, hasty_secure_server) {
    raw_client client(server.name);
    client.send(std::string("\x16\x03\x01", 3));
    client.read_all();
    BOOST_TEST(client.closes());
    BOOST_TEST(fault() == "timed_out");
}

BOOST_FIXTURE_TEST_CASE(a_client_that_does_not_take_the_certificate_or_goes_away_is_told_of, secure_server) {
    const test_pki mine = pki;
    std::filesystem::create_directories(path / "other");
    pki = make_test_pki((path / "other").string(), {"localhost"});
    BOOST_TEST(!!tls_client(*this).failure);
    BOOST_TEST(fault() == "refused");
    pki = mine;
    { raw_client client(server.name); }
    BOOST_TEST(fault() == "closed");
}

} // namespace
