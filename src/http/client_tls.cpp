// OpenSSL between large pieces of plaintext and large reads and writes of the socket.
#include "http/client_tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace seedhook::http {
namespace asio = boost::asio;
namespace {

constexpr std::size_t read_at_once = std::size_t{64} << 10;
constexpr std::size_t written_at_once = std::size_t{64} << 10; // of plaintext
constexpr std::size_t most_gathered = 2 * written_at_once;

bool prepare(SSL* ssl, const std::string& host, const std::optional<asio::ip::address>& address) {
    static constexpr std::array<unsigned char, 9> protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_set_connect_state(ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr); // whatever the context says
    SSL_set_read_ahead(ssl, 1);
    SSL_set_default_read_buffer_len(ssl, read_at_once);
    if (SSL_set_alpn_protos(ssl, protocols.data(), protocols.size()) != 0) {
        return false;
    }
    if (address) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->to_string().c_str()) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, host.c_str()) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str())) == 1;
}

} // namespace

// Records go out together: what OpenSSL writes is kept until it is flushed.
class client_tls::records final : public tls_bytes {
public:
    explicit records(int descriptor) noexcept : descriptor_(descriptor) {}

    ssize_t read(std::span<char> into) override {
        const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
        trouble_ = got < 0 && !would_block(errno) && errno != EINTR ? errno : 0;
        return got;
    }

    // Fails when much has not gone out that nobody has asked for: answers to a peer that does not read them.
    ssize_t write(std::string_view from) override {
        if (out_.size() > most_gathered) {
            errno = ENOBUFS;
            trouble_ = errno;
            return -1;
        }
        out_.append(from);
        return static_cast<ssize_t>(from.size());
    }

    io_progress flush() {
        trouble_ = 0;
        const std::size_t before = sent_;
        while (sent_ < out_.size()) {
            const ssize_t sent = ::send(descriptor_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
            if (sent >= 0) {
                sent_ += static_cast<std::size_t>(sent);
            } else if (would_block(errno)) {
                return {io_state::wants_write, sent_ - before};
            } else if (errno != EINTR) {
                trouble_ = errno;
                return {io_state::failed, sent_ - before};
            }
        }
        const std::size_t all = std::exchange(sent_, 0) - before;
        out_.clear();
        return {io_state::done, all};
    }

    void rest() noexcept { out_.shrink_to_fit(); }

    int trouble() const noexcept { return trouble_; } // of the last operation; 0 when it was none of the socket's

private:
    int descriptor_;
    int trouble_ = 0;
    std::string out_;
    std::size_t sent_ = 0;
};

client_tls::client_tls(int descriptor, tls::context_ptr context)
    : context_(std::move(context)), records_(std::make_unique<records>(descriptor)),
      ssl_(make_ssl(context_->native_handle(), *records_)) {}

client_tls::~client_tls() = default;

result<std::unique_ptr<client_tls>> client_tls::make(int descriptor, tls::context_ptr context, const std::string& host,
                                                     const std::optional<asio::ip::address>& address) {
    ERR_clear_error();
    std::unique_ptr<client_tls> made(new client_tls(descriptor, std::move(context)));
    if (!made->ssl_ || !prepare(made->ssl_.get(), host, address)) {
        return error(errc::tls, "TLS could not be set up for that host");
    }
    return made;
}

// What came of a call of OpenSSL's that moved `size` bytes.
io_progress client_tls::progress(int result, std::size_t size) {
    if (result == 1) {
        return {io_state::done, size};
    }
    const io_state state = state_after(ssl_.get(), result);
    const unsigned long reason = ERR_peek_last_error();
    if (state == io_state::ended) {
        fault_ = asio::error::eof;
    } else if (state == io_state::failed && records_->trouble() != 0) {
        fault_.assign(records_->trouble(), boost::system::system_category());
    } else if (state == io_state::failed &&
               (reason == 0 || ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
        fault_ = asio::ssl::error::stream_truncated;
    } else if (state == io_state::failed) {
        fault_.assign(static_cast<int>(reason), asio::error::get_ssl_category());
    }
    ERR_clear_error();
    return {state, 0};
}

io_progress client_tls::flush() {
    const io_progress sent = records_->flush();
    if (sent.state == io_state::failed) {
        fault_.assign(records_->trouble(), boost::system::system_category());
    }
    return sent;
}

// What OpenSSL has to say goes out first, an alert if it can.
io_progress client_tls::handshake() {
    ERR_clear_error();
    const io_progress shaken = progress(SSL_do_handshake(ssl_.get()), 0);
    if (shaken.state == io_state::failed) {
        records_->flush();
        return shaken;
    }
    const io_progress sent = flush();
    return sent.state == io_state::done ? shaken : sent;
}

io_progress client_tls::read(std::span<char> into) {
    ERR_clear_error();
    std::size_t whole = 0;
    int done = 1;
    while (done == 1 && whole < into.size()) {
        std::size_t size = 0;
        done = SSL_read_ex(ssl_.get(), into.data() + whole, into.size() - whole, &size);
        whole += size;
    }
    io_progress last = progress(done, whole);
    last.size = whole;
    if (whole > 0 && last.state == io_state::wants_read) {
        last.state = io_state::done;
    }
    records_->flush(); // an alert, or an answer of OpenSSL's own: as far as it goes
    return last;
}

io_progress client_tls::write(std::string_view from) {
    ERR_clear_error();
    from = from.substr(0, written_at_once);
    std::size_t whole = 0;
    int done = 1;
    while (done == 1 && whole < from.size()) { // a record at a time
        std::size_t size = 0;
        done = SSL_write_ex(ssl_.get(), from.data() + whole, from.size() - whole, &size);
        whole += size;
    }
    const io_progress last = progress(done, whole);
    const bool waits = last.state == io_state::wants_read || last.state == io_state::wants_write;
    return waits && whole > 0 ? io_progress{io_state::done, whole} : last;
}

error client_tls::handshake_failure() const {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) {
        return {errc::tls, std::string("certificate: ") + X509_verify_cert_error_string(verdict)};
    }
    const bool below = fault_.category() == boost::system::system_category();
    return {below ? errc::network : errc::tls, "TLS handshake: " + fault_.message()};
}

void client_tls::rest() noexcept { records_->rest(); }

} // namespace seedhook::http
