// Who a listener says it is: its certificates, picked by the name that a client asks for, and replaced while it runs.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/tls/certificate.hpp"
#include "seedhook/tls/context.hpp"
#include "seedhook/tls/handshake.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::tls {

// PEM files: the certificate with its chain, leaf first, and its key.
struct key_files {
    std::string certificate;
    std::string key;
};

struct server_files {
    std::vector<key_files> pairs; // at least one
    std::string client_ca;        // who signs the certificates that clients must show; empty: none is asked for
};

// TLS 1.2 and 1.3, ECDHE with AEAD ciphers only, no renegotiation, no compression, no resumption; ALPN `http/1.1`, or
// none. A client gets the certificates that are for the name it asks for (exactly, else by a wildcard, RFC 6125), one
// of each kind of key, and of these the one that it can use; one that asks for no name, or another, gets the first. Any
// thread.
class server_identity {
public:
    // Fails with errc::invalid when a file cannot be read or two do not belong together, naming the file.
    static result<std::shared_ptr<server_identity>> load(server_files files);
    static result<std::shared_ptr<server_identity>> load(std::string certificate, std::string key);

    ~server_identity();

    // The context for the next handshake; older connections keep theirs.
    context_ptr current() const noexcept;

    struct news {
        std::string file;            // a certificate's, or `client_ca`
        std::string refused_because; // empty: it was read, and what it holds is in use
    };

    // Reads those files again that have changed since they were read, or could not be read then, and have lain still
    // between this look and the one before. What cannot be used is left alone: the certificate from before stays, and
    // the others are replaced nevertheless. A refusal is told of once. Blocks.
    std::vector<news> refresh();

    // The same for all files, now, telling of each.
    std::vector<news> reload();

    struct certificate {
        std::string file;
        certificate_facts facts;
    };

    // Those in use, in the order of the files.
    std::vector<certificate> certificates() const;

    // The files whose present content is refused, and why.
    std::vector<news> refused() const;

    // Told of every handshake that fails, on the thread of its connection. To be set before the first.
    using observer = std::function<void(std::string_view peer, const handshake_failure&)>;
    void observe_failures(observer by) { observer_ = std::move(by); }
    void tell_failure(std::string_view peer, const handshake_failure& what) const;

private:
    class files_in_use;
    struct snapshot;

    explicit server_identity(std::unique_ptr<files_in_use> files);
    std::vector<news> read_again(bool all);
    result<void> publish();

    std::unique_ptr<files_in_use> files_;
    std::shared_ptr<const snapshot> present_; // swapped with std::atomic_load and std::atomic_store
    observer observer_;
};

} // namespace seedhook::tls
